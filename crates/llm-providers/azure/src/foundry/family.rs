//! Which wire a deployment of Foundry is behind, and at which address.
//!
//! Source: Microsoft Learn, "Endpoints for Microsoft Foundry Models", "Azure AI Model Inference REST API reference",
//! "Deploy and use Claude models in Microsoft Foundry", "How to deploy Cohere Rerank models", read 2026-11.

use http::Uri;
use llm_provider_core::{Call, EncodeError};

use crate::address::{Parts, given, place};
use crate::prepared::{KeyIn, Prepared, deployment, set_default};

/// The version of the model inference API.
const MODELS_VERSION: &str = "2024-05-01-preview";

/// A wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// The model inference API: OpenAI chat, with additions.
    Models,
    /// Azure OpenAI.
    OpenAi,
    /// Anthropic's Messages.
    Claude,
}

/// A deployment, reached.
pub(crate) struct Reached<'a> {
    pub(crate) family: Family,
    pub(crate) prepared: Prepared<'a>,
}

/// The wire and the address of a call.
pub(crate) fn reach<'a>(call: &Call<'a>) -> Result<Reached<'a>, EncodeError> {
    let base = given(call, "AZURE_AI_API_BASE")?;
    let (name, model) = deployment(call);
    let family = family(base, model);
    let (base, key_in) = match family {
        Family::Models => (models(base, call), key_in(base)),
        Family::OpenAi => (place(call, base, name).base, KeyIn::ApiKey),
        Family::Claude => (claude(base), KeyIn::XApiKey),
    };
    let mut prepared = Prepared::new(call, base, key_in)?;
    if family == Family::Models {
        // What the API does not know, it hands on to the model; without this it refuses the request.
        set_default(&mut prepared.headers, "extra-parameters", "pass-through");
    }
    Ok(Reached { family, prepared })
}

fn family(base: &str, model: &str) -> Family {
    let path = Parts::of(base).path;
    let host = host(base);
    if path.ends_with("/anthropic") || path.contains("/anthropic/") || is_claude(model) {
        Family::Claude
    } else if path.contains("/openai/")
        || path.ends_with("/openai")
        || host.ends_with(".openai.azure.com")
        || host.ends_with(".cognitiveservices.azure.com")
    {
        Family::OpenAi
    } else {
        Family::Models
    }
}

/// Whether a name is one of Claude's.
pub(crate) fn is_claude(model: &str) -> bool {
    model.rsplit('/').next().unwrap_or(model).starts_with("claude")
}

fn host(base: &str) -> String {
    base.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_ascii_lowercase)).unwrap_or_default()
}

fn is_foundry(base: &str) -> bool {
    host(base).ends_with(".services.ai.azure.com")
}

/// Resources take their keys in a header of their own, endpoints of one model as bearer tokens.
fn key_in(base: &str) -> KeyIn {
    if is_foundry(base) { KeyIn::ApiKey } else { KeyIn::Bearer }
}

/// The address before `/chat/completions` or `/embeddings`.
fn models(base: &str, call: &Call<'_>) -> String {
    let parts = Parts::of(base);
    let ends = ["/chat/completions", "/embeddings"];
    let path = ends.iter().find_map(|end| parts.path.strip_suffix(end)).unwrap_or(parts.path);
    if is_foundry(base) || path.ends_with("/models") {
        let root = path.strip_suffix("/models").unwrap_or(path);
        let version = parts.version(call).unwrap_or(MODELS_VERSION);
        return parts.join(&format!("{root}/models"), Some(version));
    }
    parts.join(path, parts.version(call))
}

/// The address before `/v1/messages`.
fn claude(base: &str) -> String {
    let path = Parts::of(base).path;
    let root = match path.split_once("/anthropic") {
        Some((root, _)) => root,
        None => {
            ["/models", "/openai/v1", "/openai"].iter().find_map(|end| path.strip_suffix(end)).unwrap_or(path)
        }
    };
    format!("{root}/anthropic")
}

/// The address of rankings.
pub(crate) fn ranking<'a>(call: &Call<'a>) -> Result<Prepared<'a>, EncodeError> {
    let base = given(call, "AZURE_AI_API_BASE")?;
    let parts = Parts::of(base);
    let path = if parts.path.ends_with("/rerank") {
        parts.path.to_owned()
    } else if is_foundry(base) {
        let root = parts.path.strip_suffix("/models").unwrap_or(parts.path);
        format!("{root}/providers/cohere/v2/rerank")
    } else {
        let root = parts.path.strip_suffix("/v1").unwrap_or(parts.path);
        format!("{root}/v1/rerank")
    };
    Prepared::new(call, parts.join(&path, parts.version(call)), key_in(base))
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use llm_provider_core::{Credential, Secret};

    use super::*;

    fn asked(base: &str, model: &str) -> (Family, String, Vec<String>) {
        let headers = HeaderMap::new();
        let key = Credential::Key(Secret::new("k"));
        let call = Call { base_url: Some(base), credential: Some(&key), ..Call::new(model, &headers) };
        let Reached { family, prepared } = reach(&call).unwrap();
        let mut names: Vec<_> = prepared.headers.keys().map(ToString::to_string).collect();
        names.sort();
        (family, prepared.base, names)
    }

    #[test]
    fn every_form_of_the_address() {
        use Family::{Claude, Models, OpenAi};
        const ROOT: &str = "https://r.services.ai.azure.com";
        let models = format!("{ROOT}/models?api-version=2024-05-01-preview");
        let rest = ["api-key", "extra-parameters"].map(str::to_owned).to_vec();
        for end in ["", "/", "/models", "/models/chat/completions", "?api-version=2024-05-01-preview"] {
            assert_eq!(
                asked(&format!("{ROOT}{end}"), "Phi-4"),
                (Models, models.clone(), rest.clone()),
                "{end}"
            );
        }
        let other = asked("https://m.eastus2.models.ai.azure.com/v1/chat/completions", "m");
        let bearer = ["authorization", "extra-parameters"].map(str::to_owned).to_vec();
        assert_eq!(other, (Models, "https://m.eastus2.models.ai.azure.com/v1".to_owned(), bearer));
        for end in ["", "/anthropic", "/anthropic/v1/messages", "/models", "/openai/v1"] {
            let expected = (Claude, format!("{ROOT}/anthropic"), vec!["x-api-key".to_owned()]);
            assert_eq!(asked(&format!("{ROOT}{end}"), "claude-sonnet-4-5"), expected, "{end}");
        }
        assert_eq!(asked(&format!("{ROOT}/anthropic"), "mine").0, Claude);
        let openai = asked(&format!("{ROOT}/openai/v1"), "gpt-5");
        assert_eq!(openai, (OpenAi, format!("{ROOT}/openai/v1"), vec!["api-key".to_owned()]));
        assert_eq!(asked("https://r.openai.azure.com", "gpt-5").0, OpenAi);
        assert_eq!(asked("http://127.0.0.1:9", "m").1, "http://127.0.0.1:9");
    }

    #[test]
    fn rankings_have_addresses_of_their_own() {
        for (base, expected) in [
            ("https://r.services.ai.azure.com", "https://r.services.ai.azure.com/providers/cohere/v2/rerank"),
            ("https://m.eastus.models.ai.azure.com", "https://m.eastus.models.ai.azure.com/v1/rerank"),
            ("https://m.eastus.models.ai.azure.com/v1", "https://m.eastus.models.ai.azure.com/v1/rerank"),
            ("http://h/v2/rerank?a=b", "http://h/v2/rerank?a=b"),
        ] {
            let headers = HeaderMap::new();
            let call = Call { base_url: Some(base), ..Call::new("m", &headers) };
            assert_eq!(ranking(&call).unwrap().base, expected);
        }
    }
}
