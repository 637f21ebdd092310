//! Address and headers of a request.

use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Request, Uri, request};
use llm_provider_core::{Call, EncodeError};

use crate::{Auth, WireOptions};

/// Method, address and headers of a chat request.
pub(crate) fn chat(options: &WireOptions, call: &Call<'_>) -> Result<request::Parts, EncodeError> {
    post("/chat/completions", options, call)
}

/// Method, address and headers of a request to `path`, which begins with a slash and stands after the base address.
///
/// # Errors
/// [`EncodeError::Setup`] if the address or a header is none.
pub fn post(path: &str, options: &WireOptions, call: &Call<'_>) -> Result<request::Parts, EncodeError> {
    let (mut parts, ()) = Request::new(()).into_parts();
    parts.method = Method::POST;
    parts.uri = address(path, options, call)?;
    parts.headers = headers(options, call)?;
    Ok(parts)
}

fn address(path: &str, options: &WireOptions, call: &Call<'_>) -> Result<Uri, EncodeError> {
    let base = call.base_url_or(&options.base_url);
    if base.is_empty() {
        return Err(EncodeError::Setup("the vendor has no usual address: set `api_base`".to_owned()));
    }
    if let Some(name) = placeholder(base) {
        return Err(EncodeError::Setup(format!("the address needs a value for `{name}`: {base}")));
    }
    let (base, query) = base.split_once('?').map_or((base, None), |(base, query)| (base, Some(query)));
    let mut address = String::with_capacity(base.len() + options.path_prefix.len() + path.len() + 32);
    address.push_str(base.trim_end_matches('/'));
    if !address.ends_with(&options.path_prefix) {
        address.push_str(&options.path_prefix);
    }
    address.push_str(path);
    if options.trailing_slash {
        address.push('/');
    }
    let key = match (&options.auth, call.key()) {
        (Auth::Query(name), Some(key)) => Some(format!("{name}={}", percent_encoded(key.expose()))),
        _ => None,
    };
    for (index, part) in query.into_iter().chain(key.as_deref()).enumerate() {
        address.push(if index == 0 { '?' } else { '&' });
        address.push_str(part);
    }
    // The address may hold the key, so the message tells the base only.
    address.parse().map_err(|error| EncodeError::Setup(format!("`{base}` is no address: {error}")))
}

/// The first `{NAME}` of an address.
fn placeholder(address: &str) -> Option<&str> {
    let (_, rest) = address.split_once('{')?;
    Some(rest.split_once('}')?.0)
}

/// What is not safe in a query, as `%XX`.
fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn headers(options: &WireOptions, call: &Call<'_>) -> Result<HeaderMap, EncodeError> {
    let mut headers = options.headers.clone();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(key) = call.key() {
        let secret = |text: &str| {
            let mut value = HeaderValue::from_str(text)
                .map_err(|_| EncodeError::Setup("the key holds what a header cannot".to_owned()))?;
            value.set_sensitive(true);
            Ok(value)
        };
        match &options.auth {
            Auth::Bearer => {
                headers.insert(AUTHORIZATION, secret(&format!("Bearer {}", key.expose()))?);
            }
            Auth::Header(name) => {
                let name: HeaderName =
                    name.parse().map_err(|_| EncodeError::Setup(format!("`{name}` is no header")))?;
                headers.insert(name, secret(key.expose())?);
            }
            Auth::Query(_) | Auth::None => {}
        }
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

    fn parts(
        options: &WireOptions,
        base: Option<&str>,
        headers: &HeaderMap,
    ) -> Result<request::Parts, EncodeError> {
        let key = Credential::Key(Secret::new("k/1"));
        chat(options, &Call { base_url: base, credential: Some(&key), ..Call::new("m", headers) })
    }

    #[test]
    fn the_address_is_what_precedes_the_path() {
        let none = HeaderMap::new();
        let options = WireOptions::default();
        let uri = |base| parts(&options, base, &none).unwrap().uri.to_string();
        assert_eq!(uri(None), "https://api.openai.com/v1/chat/completions");
        assert_eq!(uri(Some("http://h/v1/")), "http://h/v1/chat/completions");
        assert_eq!(uri(Some("http://h/v1?a=b")), "http://h/v1/chat/completions?a=b");
        let prefixed =
            WireOptions { path_prefix: "/v1".to_owned(), trailing_slash: true, ..WireOptions::default() };
        for base in ["http://h", "http://h/", "http://h/v1", "http://h/v1/"] {
            let uri = parts(&prefixed, Some(base), &none).unwrap().uri;
            assert_eq!(uri, "http://h/v1/chat/completions/", "{base}");
        }
        let query = WireOptions { auth: Auth::Query("key".to_owned()), ..WireOptions::default() };
        assert_eq!(
            parts(&query, Some("http://h/v1?a=b"), &none).unwrap().uri,
            "http://h/v1/chat/completions?a=b&key=k%2F1"
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        let none = HeaderMap::new();
        let options = WireOptions { base_url: "https://h/{ACCOUNT}/v1".to_owned(), ..WireOptions::default() };
        let error = parts(&options, None, &none).unwrap_err().to_string();
        assert!(error.contains("`ACCOUNT`"), "{error}");
        let options = WireOptions { base_url: String::new(), ..WireOptions::default() };
        assert!(matches!(parts(&options, None, &none), Err(EncodeError::Setup(_))));
        assert!(matches!(parts(&options, Some("no address"), &none), Err(EncodeError::Setup(_))));
    }

    #[test]
    fn the_callers_headers_win() {
        let mut given = HeaderMap::new();
        given.insert("openai-organization", HeaderValue::from_static("org-1"));
        given.append("x-many", HeaderValue::from_static("a"));
        given.append("x-many", HeaderValue::from_static("b"));
        let headers = parts(&WireOptions::default(), None, &given).unwrap().headers;
        assert_eq!(headers["authorization"], "Bearer k/1");
        assert!(headers["authorization"].is_sensitive());
        assert_eq!(headers["openai-organization"], "org-1");
        assert_eq!(headers.get_all("x-many").iter().count(), 2);
        given.insert("authorization", HeaderValue::from_static("Bearer other"));
        assert_eq!(
            parts(&WireOptions::default(), None, &given).unwrap().headers["authorization"],
            "Bearer other"
        );
        let own = WireOptions { auth: Auth::Header("api-key".to_owned()), ..WireOptions::default() };
        assert_eq!(parts(&own, None, &HeaderMap::new()).unwrap().headers["api-key"], "k/1");
    }
}
