//! Address and headers of a request.

use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method, Request, Uri, request};
use llm_provider_core::{Call, EncodeError};

/// The usual address.
pub(crate) const BASE_URL: &str = "http://localhost:11434";

/// Which endpoint is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Chat,
    Generate,
    Embed,
}

impl Endpoint {
    const fn path(self) -> &'static str {
        match self {
            Self::Chat => "/api/chat",
            Self::Generate => "/api/generate",
            Self::Embed => "/api/embed",
        }
    }
}

/// Method, address and headers.
pub(crate) fn head(endpoint: Endpoint, call: &Call<'_>) -> Result<request::Parts, EncodeError> {
    let (mut parts, ()) = Request::new(()).into_parts();
    parts.method = Method::POST;
    parts.uri = address(endpoint, call)?;
    parts.headers = headers(call)?;
    Ok(parts)
}

/// The base may be the root, or end in `/api`, in the path of any endpoint, or in `/v1`, where Ollama speaks OpenAI; a
/// query stays.
fn address(endpoint: Endpoint, call: &Call<'_>) -> Result<Uri, EncodeError> {
    let base = call.base_url_or(BASE_URL);
    let (path, query) = base.split_once('?').map_or((base, None), |(path, query)| (path, Some(query)));
    let mut root = path.trim_end_matches('/');
    for suffix in ["/api/chat", "/api/generate", "/api/embed", "/api/embeddings", "/api", "/v1"] {
        if let Some(rest) = root.strip_suffix(suffix) {
            root = rest;
            break;
        }
    }
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{root}{}{query}", endpoint.path())
        .parse()
        .map_err(|error| EncodeError::Setup(format!("`{base}` is no address: {error}")))
}

fn headers(call: &Call<'_>) -> Result<HeaderMap, EncodeError> {
    let mut headers = HeaderMap::with_capacity(call.headers.len() + 2);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(key) = call.key() {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", key.expose()))
            .map_err(|_| EncodeError::Setup("the key holds what a header cannot".to_owned()))?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    for name in call.headers.keys() {
        headers.remove(name);
    }
    headers.extend(call.headers.iter().map(|(name, value)| (name.clone(), value.clone())));
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use llm_provider_core::{Credential, Secret};

    use super::*;

    #[test]
    fn addresses_of_every_form() {
        let none = HeaderMap::new();
        let uri = |base, endpoint| {
            address(endpoint, &Call { base_url: base, ..Call::new("m", &none) }).unwrap().to_string()
        };
        assert_eq!(uri(None, Endpoint::Chat), "http://localhost:11434/api/chat");
        for base in
            ["http://h:1", "http://h:1/", "http://h:1/api", "http://h:1/api/generate", "http://h:1/v1/"]
        {
            assert_eq!(uri(Some(base), Endpoint::Chat), "http://h:1/api/chat", "{base}");
            assert_eq!(uri(Some(base), Endpoint::Embed), "http://h:1/api/embed", "{base}");
        }
        assert_eq!(uri(Some("http://h/proxy?a=b"), Endpoint::Generate), "http://h/proxy/api/generate?a=b");
        let call = Call { base_url: Some("no address"), ..Call::new("m", &none) };
        assert!(matches!(address(Endpoint::Chat, &call), Err(EncodeError::Setup(_))));
    }

    #[test]
    fn a_key_is_sent_where_there_is_one() {
        let mut given = HeaderMap::new();
        assert!(!headers(&Call::new("m", &given)).unwrap().contains_key("authorization"));
        let key = Credential::Key(Secret::new("k"));
        let sent = headers(&Call { credential: Some(&key), ..Call::new("m", &given) }).unwrap();
        assert_eq!(sent["authorization"], "Bearer k");
        assert!(sent["authorization"].is_sensitive());
        given.insert("authorization", HeaderValue::from_static("Basic x"));
        let sent = headers(&Call { credential: Some(&key), ..Call::new("m", &given) }).unwrap();
        assert_eq!(sent["authorization"], "Basic x");
    }
}
