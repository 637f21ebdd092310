//! Address and headers of a request.

use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Request, Uri, request};
use llm_provider_core::{Call, EncodeError};

/// The usual address.
pub(crate) const BASE_URL: &str = "https://api.anthropic.com";

const VERSION: HeaderName = HeaderName::from_static("anthropic-version");
const BETA: HeaderName = HeaderName::from_static("anthropic-beta");
const KEY: HeaderName = HeaderName::from_static("x-api-key");

/// How keys begin that were given out by OAuth; they go as bearer tokens, under a beta of their own.
const OAUTH_PREFIX: &str = "sk-ant-oat";
const OAUTH_BETA: &str = "oauth-2025-04-20";

/// Which endpoint is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Endpoint {
    Messages,
    CountTokens,
}

/// Method, address and headers; `betas` are added to those that the caller asks for.
pub(crate) fn head(
    endpoint: Endpoint,
    call: &Call<'_>,
    betas: &[String],
) -> Result<request::Parts, EncodeError> {
    let (mut parts, ()) = Request::new(()).into_parts();
    parts.method = Method::POST;
    parts.uri = address(endpoint, call)?;
    parts.headers = headers(call, betas)?;
    Ok(parts)
}

/// The base may end before `/v1`, after it, or in the whole path; a query stays.
fn address(endpoint: Endpoint, call: &Call<'_>) -> Result<Uri, EncodeError> {
    let base = call.base_url_or(BASE_URL);
    let (path, query) = base.split_once('?').map_or((base, None), |(path, query)| (path, Some(query)));
    let mut root = path.trim_end_matches('/');
    for suffix in ["/count_tokens", "/messages", "/v1"] {
        root = root.strip_suffix(suffix).unwrap_or(root).trim_end_matches('/');
    }
    let end = match endpoint {
        Endpoint::Messages => "/v1/messages",
        Endpoint::CountTokens => "/v1/messages/count_tokens",
    };
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{root}{end}{query}")
        .parse()
        .map_err(|error| EncodeError::Setup(format!("`{base}` is no address: {error}")))
}

fn headers(call: &Call<'_>, betas: &[String]) -> Result<HeaderMap, EncodeError> {
    let mut headers = HeaderMap::with_capacity(call.headers.len() + 4);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(VERSION, HeaderValue::from_static("2023-06-01"));
    let key = call.key().map_or("", |key| key.expose());
    let is_oauth = key.starts_with(OAUTH_PREFIX);
    if is_oauth {
        headers.insert(AUTHORIZATION, secret(&format!("Bearer {key}"))?);
    } else if !key.is_empty() {
        headers.insert(KEY, secret(key)?);
    }
    for name in call.headers.keys() {
        headers.remove(name);
    }
    headers.extend(call.headers.iter().map(|(name, value)| (name.clone(), value.clone())));

    let asked = call.headers.get_all(&BETA).iter().filter_map(|value| value.to_str().ok());
    let mut all: Vec<&str> = Vec::new();
    let own = is_oauth.then_some(OAUTH_BETA);
    for beta in asked.flat_map(|list| list.split(',')).chain(own).chain(betas.iter().map(String::as_str)) {
        let beta = beta.trim();
        if !beta.is_empty() && !all.contains(&beta) {
            all.push(beta);
        }
    }
    if !all.is_empty() {
        let value = HeaderValue::from_str(&all.join(","))
            .map_err(|_| EncodeError::invalid("betas", "a beta holds what a header cannot"))?;
        headers.insert(BETA, value);
    }
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
    use llm_provider_core::{Credential, Secret};

    use super::*;

    #[test]
    fn every_form_of_the_address() {
        let none = HeaderMap::new();
        for (base, wanted) in [
            (None, "https://api.anthropic.com/v1/messages"),
            (Some("http://h"), "http://h/v1/messages"),
            (Some("http://h/"), "http://h/v1/messages"),
            (Some("http://h/v1"), "http://h/v1/messages"),
            (Some("http://h/v1/messages/"), "http://h/v1/messages"),
            (Some("http://h/anthropic/v1/messages"), "http://h/anthropic/v1/messages"),
            (Some("http://h/v1?beta=true"), "http://h/v1/messages?beta=true"),
        ] {
            let call = Call { base_url: base, ..Call::new("m", &none) };
            assert_eq!(address(Endpoint::Messages, &call).unwrap(), wanted);
        }
        let call = Call { base_url: Some("http://h/v1/messages"), ..Call::new("m", &none) };
        assert_eq!(address(Endpoint::CountTokens, &call).unwrap(), "http://h/v1/messages/count_tokens");
        let call = Call { base_url: Some("no address"), ..Call::new("m", &none) };
        assert!(matches!(address(Endpoint::Messages, &call), Err(EncodeError::Setup(_))));
    }

    #[test]
    fn keys_of_both_kinds() {
        let none = HeaderMap::new();
        let key = Credential::Key(Secret::new("sk-ant-api03-x"));
        let with_key = headers(&Call { credential: Some(&key), ..Call::new("m", &none) }, &[]).unwrap();
        assert_eq!(with_key["x-api-key"], "sk-ant-api03-x");
        assert!(with_key["x-api-key"].is_sensitive());
        assert_eq!(with_key["anthropic-version"], "2023-06-01");
        assert!(!with_key.contains_key("anthropic-beta"));

        let token = Credential::Key(Secret::new("sk-ant-oat01-x"));
        let with_token = headers(&Call { credential: Some(&token), ..Call::new("m", &none) }, &[]).unwrap();
        assert_eq!(with_token["authorization"], "Bearer sk-ant-oat01-x");
        assert_eq!(with_token["anthropic-beta"], "oauth-2025-04-20");
        assert!(!with_token.contains_key("x-api-key"));
    }

    #[test]
    fn betas_are_joined_and_the_callers_headers_win() {
        let mut given = HeaderMap::new();
        given.insert("anthropic-beta", HeaderValue::from_static("a, b"));
        given.append("anthropic-beta", HeaderValue::from_static("c"));
        given.insert("anthropic-version", HeaderValue::from_static("2030-01-01"));
        let all = headers(&Call::new("m", &given), &["b".to_owned(), "d".to_owned()]).unwrap();
        assert_eq!(all["anthropic-beta"], "a,b,c,d");
        assert_eq!(all.get_all("anthropic-beta").iter().count(), 1);
        assert_eq!(all["anthropic-version"], "2030-01-01");
    }
}
