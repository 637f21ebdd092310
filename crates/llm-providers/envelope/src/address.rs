//! Addresses and heads of requests that go somewhere else than OpenAI's do.

use http::{Uri, request};
use llm_provider_core::{Call, EncodeError};
use llm_provider_openai::{WireOptions, request_head};

/// Stands in for the address while a head is made; never sent.
const NOWHERE: &str = "https://nowhere.invalid";

/// What a path adds to an address. A query of the address stays, before one of the path.
///
/// # Errors
/// [`EncodeError::Setup`] if there is no address, or it is none.
pub fn address(base: &str, path: &str) -> Result<Uri, EncodeError> {
    if base.is_empty() {
        return Err(EncodeError::Setup("the vendor has no usual address: set `api_base`".to_owned()));
    }
    let (base, base_query) = base.split_once('?').map_or((base, ""), |(base, query)| (base, query));
    let (path, path_query) = path.split_once('?').map_or((path, ""), |(path, query)| (path, query));
    let mut text = base.trim_end_matches('/').to_owned();
    text.push_str(path);
    for (index, query) in [base_query, path_query].into_iter().filter(|query| !query.is_empty()).enumerate() {
        text.push(if index == 0 { '?' } else { '&' });
        text.push_str(query);
    }
    text.parse().map_err(|error| EncodeError::Setup(format!("`{base}` is no address: {error}")))
}

/// Method, address and headers of a request to `uri`: `POST`, JSON, the credential as the wire has it, and the
/// caller's own headers, which win.
///
/// # Errors
/// [`EncodeError::Setup`] if a header is none.
pub fn head(uri: Uri, wire: &WireOptions, call: &Call<'_>) -> Result<request::Parts, EncodeError> {
    let mut parts = request_head("", wire, &elsewhere(call))?;
    parts.uri = uri;
    Ok(parts)
}

/// The call without its own address.
pub(crate) fn elsewhere<'a>(call: &Call<'a>) -> Call<'a> {
    Call { base_url: Some(NOWHERE), ..call.clone() }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use llm_provider_core::{Credential, Secret};

    use super::*;

    #[test]
    fn paths_and_queries_are_joined() {
        let join = |base, path| address(base, path).unwrap().to_string();
        assert_eq!(join("http://h", "/a"), "http://h/a");
        assert_eq!(join("http://h/x/", "/a?v=1"), "http://h/x/a?v=1");
        assert_eq!(join("http://h/x?k=2", "/a?v=1"), "http://h/x/a?k=2&v=1");
        assert!(matches!(address("", "/a"), Err(EncodeError::Setup(_))));
        assert!(matches!(address("no address", "/a"), Err(EncodeError::Setup(_))));
    }

    #[test]
    fn a_head_has_the_credential_and_the_callers_headers() {
        let mut headers = HeaderMap::new();
        headers.insert("x-own", "1".parse().unwrap());
        let key = Credential::Key(Secret::new("k"));
        let call = Call { credential: Some(&key), base_url: Some("://"), ..Call::new("m", &headers) };
        let parts = head("http://h/a".parse().unwrap(), &WireOptions::default(), &call).unwrap();
        assert_eq!((parts.uri.to_string().as_str(), parts.method.as_str()), ("http://h/a", "POST"));
        assert_eq!(parts.headers["authorization"], "Bearer k");
        assert_eq!(parts.headers["x-own"], "1");
    }
}
