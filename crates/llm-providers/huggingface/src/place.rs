//! Where a request goes: the router, or a server of one's own, told by the address.

use std::borrow::Cow;

use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method, Request, Uri, request};
use llm_provider_core::{Call, EncodeError};

/// The router.
pub(crate) const BASE_URL: &str = "https://router.huggingface.co/v1";

const ROUTER: &str = "https://router.huggingface.co";

/// The setting that names the organisation that pays.
pub(crate) const BILL_TO: &str = "huggingface_bill_to";

const BILL_TO_HEADER: &str = "x-hf-bill-to";

/// The model's name at the router. `<provider>/<org>/<name>`, as LiteLLM has it, is `<org>/<name>:<provider>` there: a name
/// of Hugging Face's has one slash.
///
/// Source: Hugging Face docs, "Inference Providers", "Client-side provider selection", read 2026-11.
pub(crate) fn model<'m>(call: &Call<'m>) -> Cow<'m, str> {
    if !is_router(call) {
        return call.model.into();
    }
    let mut parts = call.model.splitn(3, '/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(provider), Some(org), Some(name)) if !name.contains(':') => {
            format!("{org}/{name}:{provider}").into()
        }
        _ => call.model.into(),
    }
}

/// Whether the router is asked, and no server of one's own.
fn is_router(call: &Call<'_>) -> bool {
    let base = call.base_url_or(BASE_URL);
    base.strip_prefix(ROUTER).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
}

/// How a server is asked to chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ChatPlace {
    /// OpenAI's form, with what precedes `/chat/completions`.
    OpenAi(String),
    /// TGI's own, with what precedes `/generate`.
    Tgi(String),
}

/// A bare host speaks OpenAI under `/v1`; an address that ends in `/generate` is TGI's own.
pub(crate) fn chat(call: &Call<'_>) -> ChatPlace {
    let (path, query) = split(call);
    for suffix in ["/generate", "/generate_stream"] {
        if let Some(root) = path.strip_suffix(suffix) {
            return ChatPlace::Tgi(format!("{root}{query}"));
        }
    }
    let root = path.strip_suffix("/chat/completions").unwrap_or(path);
    let version = if is_host(root) { "/v1" } else { "" };
    ChatPlace::OpenAi(format!("{root}{version}{query}"))
}

/// The address of vectors: the router's `feature-extraction`, a server's `/embed`, or OpenAI's form under `/v1`.
pub(crate) fn embed(call: &Call<'_>) -> String {
    let (path, query) = split(call);
    if is_router(call) {
        if path.ends_with("/feature-extraction") {
            return format!("{path}{query}");
        }
        // Vectors come from Hugging Face's own provider.
        let model = call.model;
        let name = model.strip_prefix("hf-inference/").unwrap_or(model);
        let name = name.strip_suffix(":hf-inference").unwrap_or(name);
        return format!("{ROUTER}/hf-inference/models/{name}/pipeline/feature-extraction{query}");
    }
    if ["/embed", "/embeddings", "/feature-extraction"].iter().any(|end| path.ends_with(end)) {
        format!("{path}{query}")
    } else if path.ends_with("/v1") {
        format!("{path}/embeddings{query}")
    } else {
        format!("{path}/embed{query}")
    }
}

/// The address of rankings, which only servers of one's own have.
pub(crate) fn rerank(call: &Call<'_>) -> Result<String, EncodeError> {
    if is_router(call) {
        let reason = "the router ranks nothing: set `api_base` to a TEI server";
        return Err(EncodeError::Setup(reason.to_owned()));
    }
    let (path, query) = split(call);
    let root = path.strip_suffix("/rerank").unwrap_or(path);
    Ok(format!("{root}/rerank{query}"))
}

/// The address without a slash at its end, and its query.
fn split<'c>(call: &Call<'c>) -> (&'c str, String) {
    let base = call.base_url_or(BASE_URL);
    match base.split_once('?') {
        Some((path, query)) => (path.trim_end_matches('/'), format!("?{query}")),
        None => (base, String::new()),
    }
}

/// Whether an address has no path.
fn is_host(address: &str) -> bool {
    address.split_once("://").map_or(address, |(_, rest)| rest).find('/').is_none()
}

/// Method, address and headers of a request in Hugging Face's own forms.
pub(crate) fn head(address: &str, call: &Call<'_>) -> Result<request::Parts, EncodeError> {
    let (mut parts, ()) = Request::new(()).into_parts();
    parts.method = Method::POST;
    parts.uri = address
        .parse::<Uri>()
        .map_err(|error| EncodeError::Setup(format!("`{address}` is no address: {error}")))?;
    let headers = &mut parts.headers;
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(key) = call.key() {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", key.expose()))
            .map_err(|_| EncodeError::Setup("the key holds what a header cannot".to_owned()))?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    bill_to(call, headers)?;
    for name in call.headers.keys() {
        headers.remove(name);
    }
    headers.extend(call.headers.iter().map(|(name, value)| (name.clone(), value.clone())));
    Ok(parts)
}

/// Says who pays, where that is set and the caller does not say it.
pub(crate) fn bill_to(call: &Call<'_>, headers: &mut HeaderMap) -> Result<(), EncodeError> {
    if let Some(who) = call.parameter(BILL_TO)
        && !headers.contains_key(BILL_TO_HEADER)
    {
        let value = HeaderValue::from_str(who)
            .map_err(|_| EncodeError::Setup(format!("`{BILL_TO}` holds what a header cannot")))?;
        headers.insert(BILL_TO_HEADER, value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use llm_provider_core::Parameters;

    use super::*;

    fn with<T>(model: &str, base: Option<&str>, then: impl FnOnce(&Call<'_>) -> T) -> T {
        let headers = HeaderMap::new();
        then(&Call { base_url: base, ..Call::new(model, &headers) })
    }

    #[test]
    fn models() {
        for (base, given, sent) in [
            (None, "org/name", "org/name"),
            (None, "org/name:groq", "org/name:groq"),
            (None, "together/org/name", "org/name:together"),
            (None, "together/org/name:fastest", "together/org/name:fastest"),
            (None, "tgi", "tgi"),
            (Some("https://router.huggingface.co"), "novita/org/name", "org/name:novita"),
            (Some("https://router.huggingface.com/v1"), "novita/org/name", "novita/org/name"),
            (Some("http://localhost:8080"), "a/b/c", "a/b/c"),
        ] {
            assert_eq!(with(given, base, |call| model(call).into_owned()), sent, "{given}");
        }
    }

    #[test]
    fn places_of_chat() {
        let open = |text: &str| ChatPlace::OpenAi(text.to_owned());
        for (base, place) in [
            (None, open("https://router.huggingface.co/v1")),
            (Some("https://x.endpoints.huggingface.cloud"), open("https://x.endpoints.huggingface.cloud/v1")),
            (Some("https://x.cloud/v1/"), open("https://x.cloud/v1")),
            (Some("https://x.cloud/v1/chat/completions"), open("https://x.cloud/v1")),
            (
                Some("https://router.huggingface.co/novita/v3/openai"),
                open("https://router.huggingface.co/novita/v3/openai"),
            ),
            (Some("http://h:80/generate"), ChatPlace::Tgi("http://h:80".to_owned())),
            (Some("http://h/x/generate_stream?a=b"), ChatPlace::Tgi("http://h/x?a=b".to_owned())),
        ] {
            assert_eq!(with("m", base, chat), place, "{base:?}");
        }
    }

    #[test]
    fn places_of_vectors_and_rankings() {
        let own = "https://router.huggingface.co/hf-inference/models/org/name/pipeline/feature-extraction";
        for model in ["org/name", "hf-inference/org/name", "org/name:hf-inference"] {
            assert_eq!(with(model, None, embed), own);
        }
        assert_eq!(with("m", Some(own), embed), own);
        for (base, address) in [
            ("http://h:80", "http://h:80/embed"),
            ("http://h/embed", "http://h/embed"),
            ("http://h/v1", "http://h/v1/embeddings"),
        ] {
            assert_eq!(with("m", Some(base), embed), address);
        }
        assert_eq!(with("m", Some("http://h?a=b"), rerank).unwrap(), "http://h/rerank?a=b");
        assert_eq!(with("m", Some("http://h/rerank"), rerank).unwrap(), "http://h/rerank");
        assert!(matches!(with("m", None, rerank), Err(EncodeError::Setup(_))));
    }

    #[test]
    fn heads() {
        let parameters: Parameters = [(BILL_TO, "acme")].into_iter().collect();
        let mut given = HeaderMap::new();
        let sent =
            head("http://h/embed", &Call { parameters: &parameters, ..Call::new("m", &given) }).unwrap();
        assert_eq!(sent.headers["x-hf-bill-to"], "acme");
        assert!(!sent.headers.contains_key("authorization"));
        given.insert("x-hf-bill-to", HeaderValue::from_static("other"));
        let sent =
            head("http://h/embed", &Call { parameters: &parameters, ..Call::new("m", &given) }).unwrap();
        assert_eq!(sent.headers["x-hf-bill-to"], "other");
        assert!(head("no address", &Call::new("m", &given)).is_err());
    }
}
