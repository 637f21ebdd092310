//! Address and headers of a request.

use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method, Request, Uri, request};
use llm_provider_core::{Call, EncodeError};

/// The usual address.
pub(crate) const BASE_URL: &str = "https://api.cohere.com";

/// Which endpoint is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Endpoint {
    Chat,
    Embed,
    Rerank,
}

impl Endpoint {
    const fn path(self) -> &'static str {
        match self {
            Self::Chat => "/v2/chat",
            Self::Embed => "/v2/embed",
            Self::Rerank => "/v2/rerank",
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

/// The base may be the root, end in the version, or be the whole path of any endpoint; a query stays.
fn address(endpoint: Endpoint, call: &Call<'_>) -> Result<Uri, EncodeError> {
    let base = call.base_url_or(BASE_URL);
    let (path, query) = base.split_once('?').map_or((base, None), |(path, query)| (path, Some(query)));
    let mut root = path.trim_end_matches('/');
    for suffix in ["/chat", "/embed", "/rerank"] {
        if let Some(rest) = root.strip_suffix(suffix)
            && (rest.ends_with("/v2") || rest.ends_with("/v1"))
        {
            root = rest;
        }
    }
    let root = root.strip_suffix("/v2").or_else(|| root.strip_suffix("/v1")).unwrap_or(root);
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
        assert_eq!(uri(None, Endpoint::Chat), "https://api.cohere.com/v2/chat");
        for base in
            ["http://h", "http://h/", "http://h/v2", "http://h/v1/", "http://h/v2/chat", "http://h/v1/rerank"]
        {
            assert_eq!(uri(Some(base), Endpoint::Chat), "http://h/v2/chat", "{base}");
            assert_eq!(uri(Some(base), Endpoint::Rerank), "http://h/v2/rerank", "{base}");
        }
        assert_eq!(uri(Some("http://h/chat"), Endpoint::Embed), "http://h/chat/v2/embed");
        assert_eq!(uri(Some("http://h/v2/embed?a=b"), Endpoint::Embed), "http://h/v2/embed?a=b");
        let call = Call { base_url: Some("no address"), ..Call::new("m", &none) };
        assert!(matches!(address(Endpoint::Chat, &call), Err(EncodeError::Setup(_))));
    }

    #[test]
    fn the_key_is_a_bearer_token_and_the_callers_headers_win() {
        let mut given = HeaderMap::new();
        let key = Credential::Key(Secret::new("k"));
        let call = Call { credential: Some(&key), ..Call::new("m", &given) };
        let sent = headers(&call).unwrap();
        assert_eq!(sent["authorization"], "Bearer k");
        assert!(sent["authorization"].is_sensitive());
        given.insert("authorization", HeaderValue::from_static("Bearer other"));
        given.insert("x-client-name", HeaderValue::from_static("me"));
        let call = Call { credential: Some(&key), ..Call::new("m", &given) };
        let sent = headers(&call).unwrap();
        assert_eq!(
            (&sent["authorization"], &sent["x-client-name"]),
            (&"Bearer other".parse().unwrap(), &"me".parse().unwrap())
        );
        let bad = Credential::Key(Secret::new("k\n"));
        assert!(headers(&Call { credential: Some(&bad), ..Call::new("m", &HeaderMap::new()) }).is_err());
    }
}
