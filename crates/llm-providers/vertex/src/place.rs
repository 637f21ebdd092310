//! Where a model stands: host, project, location; and what a request there carries.
//!
//! Source: Vertex AI docs, "Locations", "Global endpoint", "Express mode" (docs.cloud.google.com/vertex-ai), read
//! 2026-11: regional hosts begin with the region, the multi-regions `us` and `eu` have hosts under `rep.googleapis.com`.

use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Request, Uri, request};
use llm_provider_core::{Call, Credential, EncodeError};

use crate::model::Model;
use crate::setup;

const KEY: HeaderName = HeaderName::from_static("x-goog-api-key");

/// The version of the API for Google's own models: what is new stands here first.
pub(crate) const BETA: &str = "v1beta1";

/// The version of the API for partners' models.
pub(crate) const STABLE: &str = "v1";

/// What is done with a model, as it stands behind its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Generate,
    Stream,
    CountTokens,
    Predict,
    Embed,
    RawPredict,
    StreamRawPredict,
}

impl Verb {
    const fn suffix(self) -> &'static str {
        match self {
            Self::Generate => ":generateContent",
            Self::Stream => ":streamGenerateContent?alt=sse",
            Self::CountTokens => ":countTokens",
            Self::Predict => ":predict",
            Self::Embed => ":embedContent",
            Self::RawPredict => ":rawPredict",
            Self::StreamRawPredict => ":streamRawPredict",
        }
    }
}

/// The address of a model, with what is done there.
pub(crate) fn of_model(
    version: &str,
    model: Model<'_>,
    verb: Verb,
    call: &Call<'_>,
) -> Result<Uri, EncodeError> {
    let base = call.base_url.unwrap_or_default().trim_end_matches('/');
    let names_model = base.rsplit('/').nth(1).is_some_and(|part| part == "models" || part == "endpoints");
    if names_model {
        return parse(&format!("{base}{}", verb.suffix()));
    }
    let path = if model.is_endpoint {
        format!("endpoints/{}", segment(model.name)?)
    } else {
        format!("publishers/{}/models/{}", model.publisher(), segment(model.name)?)
    };
    parse(&format!("{}/{path}{}", root(version, model, call)?, verb.suffix()))
}

/// The address for all models that speak OpenAI's chat, or of one's own endpoint: what precedes `/chat/completions`.
pub(crate) fn of_open(model: Model<'_>, call: &Call<'_>) -> Result<String, EncodeError> {
    let end = if model.is_endpoint { segment(model.name)? } else { "openapi".to_owned() };
    let version = if model.is_endpoint { BETA } else { STABLE };
    Ok(format!("{}/endpoints/{end}", root(version, model, call)?))
}

/// The address of the project's rankings.
pub(crate) fn of_rankings(call: &Call<'_>) -> Result<Uri, EncodeError> {
    let project = setup::project(call.parameters).ok_or_else(no_project)?;
    let base = call.base_url_or("https://discoveryengine.googleapis.com");
    let base = base.strip_suffix("/v1").unwrap_or(base);
    let config = "locations/global/rankingConfigs/default_ranking_config:rank";
    parse(&format!("{base}/v1/projects/{}/{config}", segment(&project)?))
}

/// Host, version, project and location. A key needs neither project nor location: that is the express mode.
fn root(version: &str, model: Model<'_>, call: &Call<'_>) -> Result<String, EncodeError> {
    let location = setup::get(call.parameters, "vertex_location").unwrap_or_else(|| model.usual_location());
    let project = setup::project(call.parameters);
    let is_express = project.is_none() && matches!(call.credential, Some(Credential::Key(_)));
    let host = match location {
        _ if is_express => "https://aiplatform.googleapis.com".to_owned(),
        "global" => "https://aiplatform.googleapis.com".to_owned(),
        multi if !multi.contains('-') => format!("https://aiplatform.{multi}.rep.googleapis.com"),
        region => format!("https://{region}-aiplatform.googleapis.com"),
    };
    let is_safe = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !is_safe(location) {
        return Err(EncodeError::Setup(format!("`{location}` is no location")));
    }
    let base = call.base_url_or(&host);
    let is_version = |segment: &str| segment.starts_with("v1");
    let versioned = match base.rsplit('/').next() {
        Some(last) if is_version(last) => base.to_owned(),
        _ => format!("{base}/{version}"),
    };
    match project {
        Some(_) if base.contains("/projects/") => Ok(base.to_owned()),
        Some(project) => Ok(format!("{versioned}/projects/{}/locations/{location}", segment(&project)?)),
        None if is_express => Ok(versioned),
        None => Err(no_project()),
    }
}

fn no_project() -> EncodeError {
    EncodeError::Setup("Vertex AI needs a project: set `vertex_project` or `VERTEXAI_PROJECT`".to_owned())
}

/// A name in an address: nothing in it means anything.
fn segment(name: &str) -> Result<String, EncodeError> {
    if matches!(name, "" | "." | "..") {
        return Err(EncodeError::invalid("model", format!("`{name}` is no name of a model")));
    }
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~@:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    Ok(out)
}

fn parse(address: &str) -> Result<Uri, EncodeError> {
    address.parse().map_err(|error| EncodeError::Setup(format!("`{address}` is no address: {error}")))
}

/// Method, address and headers.
pub(crate) fn head(uri: Uri, call: &Call<'_>) -> Result<request::Parts, EncodeError> {
    let (mut parts, ()) = Request::new(()).into_parts();
    parts.method = Method::POST;
    parts.uri = uri;
    parts.headers = headers(call)?;
    Ok(parts)
}

fn headers(call: &Call<'_>) -> Result<HeaderMap, EncodeError> {
    let mut headers = HeaderMap::with_capacity(call.headers.len() + 2);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    match call.credential {
        Some(Credential::Token(token)) => {
            headers.insert(AUTHORIZATION, secret(&format!("Bearer {}", token.expose()))?);
        }
        Some(Credential::Key(key)) => {
            headers.insert(KEY, secret(key.expose())?);
        }
        Some(Credential::Aws(_)) | None => {}
    }
    for name in call.headers.keys() {
        headers.remove(name);
    }
    headers.extend(call.headers.iter().map(|(name, value)| (name.clone(), value.clone())));
    Ok(headers)
}

fn secret(text: &str) -> Result<HeaderValue, EncodeError> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| EncodeError::Setup("the credential holds what a header cannot".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use llm_provider_core::{Parameters, Secret};

    use super::*;

    fn address(model: &str, base: Option<&str>, settings: &[(&str, &str)]) -> Result<String, EncodeError> {
        let none = HeaderMap::new();
        let parameters: Parameters = settings.iter().copied().collect();
        let call = Call { base_url: base, parameters: &parameters, ..Call::new(model, &none) };
        of_model(BETA, Model::of(model), Verb::Generate, &call).map(|uri| uri.to_string())
    }

    #[test]
    fn hosts_of_every_kind() {
        let project = ("vertex_project", "p");
        for (model, location, base, wanted) in [
            (
                "gemini-2.5-pro",
                None,
                None,
                "https://us-central1-aiplatform.googleapis.com/v1beta1/projects/p/locations/us-central1/publishers/google/models/gemini-2.5-pro:generateContent",
            ),
            (
                "gemini-3-pro-preview",
                None,
                None,
                "https://aiplatform.googleapis.com/v1beta1/projects/p/locations/global/publishers/google/models/gemini-3-pro-preview:generateContent",
            ),
            (
                "gemini-2.5-pro",
                Some("europe-west4"),
                None,
                "https://europe-west4-aiplatform.googleapis.com/v1beta1/projects/p/locations/europe-west4/publishers/google/models/gemini-2.5-pro:generateContent",
            ),
            (
                "gemini-2.5-pro",
                Some("eu"),
                None,
                "https://aiplatform.eu.rep.googleapis.com/v1beta1/projects/p/locations/eu/publishers/google/models/gemini-2.5-pro:generateContent",
            ),
            (
                "123",
                Some("us-west1"),
                None,
                "https://us-west1-aiplatform.googleapis.com/v1beta1/projects/p/locations/us-west1/endpoints/123:generateContent",
            ),
            (
                "gemini-x",
                Some("global"),
                Some("http://h:1/"),
                "http://h:1/v1beta1/projects/p/locations/global/publishers/google/models/gemini-x:generateContent",
            ),
            (
                "gemini-x",
                Some("global"),
                Some("http://h/v1"),
                "http://h/v1/projects/p/locations/global/publishers/google/models/gemini-x:generateContent",
            ),
            (
                "gemini-x",
                None,
                Some("http://h/v1/projects/q/locations/l"),
                "http://h/v1/projects/q/locations/l/publishers/google/models/gemini-x:generateContent",
            ),
            (
                "gemini-x",
                None,
                Some("http://h/v1/projects/q/locations/l/endpoints/7"),
                "http://h/v1/projects/q/locations/l/endpoints/7:generateContent",
            ),
        ] {
            let mut settings = vec![project];
            settings.extend(location.map(|location| ("vertex_location", location)));
            assert_eq!(address(model, base, &settings).unwrap(), wanted);
        }
        let own = address("gemini-x", None, &[("vertex_credentials", r#" {"project_id":"mine"}"#)]).unwrap();
        assert!(own.contains("/projects/mine/"), "{own}");
        let other =
            address("gemini-x", None, &[("vertex_ai_project", "o"), ("vertex_ai_location", "eu")]).unwrap();
        assert!(other.contains("projects/o/locations/eu"), "{other}");
        for (settings, model) in [
            (&[][..], "gemini-x"),
            (&[("vertex_project", "p"), ("vertex_location", "evil.example/x")], "gemini-x"),
            (&[("vertex_project", "p")], ".."),
        ] {
            assert!(address(model, None, settings).is_err(), "{settings:?} {model}");
        }
    }

    #[test]
    fn express_mode_needs_a_key_alone() {
        let none = HeaderMap::new();
        let key = Credential::Key(Secret::new("k"));
        let call = Call { credential: Some(&key), ..Call::new("gemini-2.5-pro", &none) };
        let uri = of_model(BETA, Model::of("gemini-2.5-pro"), Verb::Stream, &call).unwrap();
        let wanted = "https://aiplatform.googleapis.com/v1beta1/publishers/google/models/gemini-2.5-pro:streamGenerateContent?alt=sse";
        assert_eq!(uri, *wanted);
        let parts = head(uri, &call).unwrap();
        assert_eq!(parts.headers["x-goog-api-key"], "k");
        let token = Credential::Token(Secret::new("t"));
        let call = Call { credential: Some(&token), ..Call::new("m", &none) };
        assert_eq!(headers(&call).unwrap()["authorization"], "Bearer t");
    }
}
