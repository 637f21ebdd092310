//! Address and headers of a request.

use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Request, Uri, request};
use llm_provider_core::{Call, Credential, EncodeError};

/// The usual address.
pub(crate) const BASE_URL: &str = "https://generativelanguage.googleapis.com/v1beta";

const KEY: HeaderName = HeaderName::from_static("x-goog-api-key");

/// What is done with a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Answer, whole.
    Generate,
    /// Answer, in pieces.
    Stream,
    /// Count.
    CountTokens,
    /// A vector.
    Embed,
    /// Vectors.
    BatchEmbed,
}

impl Action {
    /// What stands after the model in the address.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Generate => ":generateContent",
            Self::Stream => ":streamGenerateContent?alt=sse",
            Self::CountTokens => ":countTokens",
            Self::Embed => ":embedContent",
            Self::BatchEmbed => ":batchEmbedContents",
        }
    }
}

/// Method, address and headers.
pub(crate) fn head(action: Action, call: &Call<'_>) -> Result<request::Parts, EncodeError> {
    let (mut parts, ()) = Request::new(()).into_parts();
    parts.method = Method::POST;
    parts.uri = address(action, call)?;
    parts.headers = headers(call)?;
    Ok(parts)
}

/// The model as a resource: `models/…`, unless it names another collection, such as `tunedModels/…`.
pub(crate) fn resource(model: &str) -> Result<String, EncodeError> {
    let resource = if model.contains('/') { model.to_owned() } else { format!("models/{model}") };
    let is_safe = resource.split('/').all(|segment| !matches!(segment, "" | "." | ".."));
    if !is_safe {
        return Err(EncodeError::invalid("model", format!("`{model}` is no name of a model")));
    }
    Ok(resource)
}

/// The base may end before the version, after it, or in the model.
fn address(action: Action, call: &Call<'_>) -> Result<Uri, EncodeError> {
    let base = call.base_url_or(BASE_URL);
    let (path, query) = base.split_once('?').map_or((base, None), |(path, query)| (path, Some(query)));
    let mut root = path.trim_end_matches('/').to_owned();
    let last_two = root.rsplit('/').take(2).collect::<Vec<_>>();
    if last_two.get(1) != Some(&"models") {
        let root_end = root.strip_suffix("/models").unwrap_or(&root).len();
        root.truncate(root_end);
        if !is_version(root.rsplit('/').next().unwrap_or_default()) {
            root.push_str("/v1beta");
        }
        root.push('/');
        root.push_str(&escaped(&resource(call.model)?));
    }
    let mut address = root + action.suffix();
    if let Some(query) = query {
        address.push(if address.contains('?') { '&' } else { '?' });
        address.push_str(query);
    }
    address.parse().map_err(|error| EncodeError::Setup(format!("`{base}` is no address: {error}")))
}

/// `v1`, `v1beta`, `v1alpha`, `v1beta1` …
fn is_version(segment: &str) -> bool {
    segment.strip_prefix('v').is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()))
}

/// A path in which nothing but names and slashes means anything.
pub(crate) fn escaped(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~@:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn headers(call: &Call<'_>) -> Result<HeaderMap, EncodeError> {
    let mut headers = HeaderMap::with_capacity(call.headers.len() + 2);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    match call.credential {
        Some(Credential::Token(token)) if !token.expose().is_empty() => {
            headers.insert(AUTHORIZATION, secret(&format!("Bearer {}", token.expose()))?);
        }
        Some(Credential::Key(key)) if !key.expose().is_empty() => {
            headers.insert(KEY, secret(key.expose())?);
        }
        _ => {}
    }
    for name in call.headers.keys() {
        headers.remove(name);
    }
    headers.extend(call.headers.iter().map(|(name, value)| (name.clone(), value.clone())));
    Ok(headers)
}

fn secret(text: &str) -> Result<HeaderValue, EncodeError> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| EncodeError::Setup("the key holds what a header cannot".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use llm_provider_core::Secret;

    use super::*;

    #[test]
    fn every_form_of_the_address() {
        let none = HeaderMap::new();
        let usual = "https://generativelanguage.googleapis.com/v1beta/models/m:generateContent";
        for (base, model, wanted) in [
            (None, "m", usual),
            (None, "models/m", usual),
            (
                None,
                "tunedModels/m",
                "https://generativelanguage.googleapis.com/v1beta/tunedModels/m:generateContent",
            ),
            (Some("http://h"), "m", "http://h/v1beta/models/m:generateContent"),
            (Some("http://h/"), "m", "http://h/v1beta/models/m:generateContent"),
            (Some("http://h/v1"), "m", "http://h/v1/models/m:generateContent"),
            (Some("http://h/gemini/v1alpha/models"), "m", "http://h/gemini/v1alpha/models/m:generateContent"),
            (Some("http://h/v1/models/other"), "m", "http://h/v1/models/other:generateContent"),
            (Some("http://h/v1?a=b"), "m", "http://h/v1/models/m:generateContent?a=b"),
            (
                None,
                "m?key=x#y",
                "https://generativelanguage.googleapis.com/v1beta/models/m%3Fkey=x%23y:generateContent",
            ),
        ] {
            let call = Call { base_url: base, ..Call::new(model, &none) };
            let wanted = wanted.replace("key=x", "key%3Dx");
            assert_eq!(address(Action::Generate, &call).unwrap(), *wanted, "{base:?} {model}");
        }
        let call = Call { base_url: Some("http://h/v1?a=b"), ..Call::new("m", &none) };
        assert_eq!(
            address(Action::Stream, &call).unwrap(),
            "http://h/v1/models/m:streamGenerateContent?alt=sse&a=b"
        );
        for model in ["../x", "models/../x", "a//b", "a/"] {
            let refused = address(Action::Generate, &Call::new(model, &none));
            assert!(matches!(refused, Err(EncodeError::Invalid { .. })), "{model}");
        }
    }

    #[test]
    fn keys_and_tokens() {
        let none = HeaderMap::new();
        let key = Credential::Key(Secret::new("k"));
        let with_key = headers(&Call { credential: Some(&key), ..Call::new("m", &none) }).unwrap();
        assert_eq!(with_key["x-goog-api-key"], "k");
        assert!(with_key["x-goog-api-key"].is_sensitive() && !with_key.contains_key("authorization"));
        let token = Credential::Token(Secret::new("t"));
        let with_token = headers(&Call { credential: Some(&token), ..Call::new("m", &none) }).unwrap();
        assert_eq!(with_token["authorization"], "Bearer t");
        let mut given = HeaderMap::new();
        given.insert("x-goog-api-key", HeaderValue::from_static("other"));
        let given = headers(&Call { credential: Some(&key), ..Call::new("m", &given) }).unwrap();
        assert_eq!(given.get_all("x-goog-api-key").iter().collect::<Vec<_>>(), ["other"]);
    }
}
