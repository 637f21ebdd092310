//! Who asks: from the headers alone.

use std::borrow::Cow;
use std::fmt;

use http::{HeaderMap, HeaderName, header};
use llm_provider_core::{Secret, header_text};
use llm_types::{ApiError, ErrorKind, Layer};
use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// The holder of the master key.
    Master,
    /// Anybody: no master key is set, and only this machine can reach the gateway.
    Anonymous,
}

impl Principal {
    /// A name for logs.
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Master => "master",
            Self::Anonymous => "anonymous",
        }
    }
}

/// Checks keys.
#[derive(Clone)]
pub struct Authenticator {
    master: Option<[u8; 32]>,
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the digest either: it tells a guessed key from a wrong one.
        f.debug_struct("Authenticator").field("needs_key", &self.needs_key()).finish_non_exhaustive()
    }
}

impl Authenticator {
    /// Checks against a master key; without one, everybody is let in.
    pub fn new(master: Option<&Secret>) -> Self {
        Self { master: master.map(|key| digest(key.expose())) }
    }

    /// Whether a key is needed.
    pub const fn needs_key(&self) -> bool {
        self.master.is_some()
    }

    /// Who sent these headers, and this query.
    ///
    /// # Errors
    /// An authentication error if a key is needed and the one given is missing or wrong.
    pub fn authenticate(&self, headers: &HeaderMap, query: Option<&str>) -> Result<Principal, ApiError> {
        let Some(master) = &self.master else {
            // Whoever needs no key must at least not be a web page of somebody else's.
            return match headers.get("sec-fetch-site") {
                Some(site) if site == "cross-site" => {
                    let message = "without a master key, pages of other sites are not let in";
                    Err(ApiError::new(ErrorKind::PermissionDenied, Layer::Auth, message)
                        .with_code("cross_site"))
                }
                _ => Ok(Principal::Anonymous),
            };
        };
        let refuse = |message: &str, code: &str| {
            ApiError::new(ErrorKind::Authentication, Layer::Auth, message).with_code(code)
        };
        let key =
            presented_key(headers).map(Cow::Borrowed).or_else(|| query_key(query?)).ok_or_else(|| {
                refuse(
                    "no key: send `Authorization: Bearer <key>`, or the key in `x-api-key`, `api-key`, \
                 `x-goog-api-key` or `x-litellm-api-key`",
                    "missing_api_key",
                )
            })?;
        // Digests are compared, so that neither content nor length of the key shows in the time taken.
        if bool::from(digest(&key).ct_eq(master)) {
            Ok(Principal::Master)
        } else {
            Err(refuse("the key is not known here", "invalid_api_key"))
        }
    }
}

/// The key in a request's headers, wherever clients of the supported dialects put it.
pub fn presented_key(headers: &HeaderMap) -> Option<&str> {
    let bearer = |name: &HeaderName| {
        let text = header_text(headers, name)?.trim();
        let key = match text.split_at_checked(7) {
            Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer ") => key.trim(),
            // Amazon's clients sign requests. The id of the key that signs is the key here; the signature is not
            // checked.
            Some(("AWS4-HM", rest)) => rest.split_once("Credential=")?.1.split(['/', ',']).next()?,
            _ => text,
        };
        (!key.is_empty() && !key.eq_ignore_ascii_case("bearer")).then_some(key)
    };
    const NAMES: [HeaderName; 5] = [
        HeaderName::from_static("x-litellm-api-key"),
        header::AUTHORIZATION,
        HeaderName::from_static("x-api-key"),
        HeaderName::from_static("api-key"),
        HeaderName::from_static("x-goog-api-key"),
    ];
    NAMES.iter().find_map(bearer)
}

/// The key in a query, where Gemini's clients may put it.
fn query_key(query: &str) -> Option<Cow<'_, str>> {
    let key = query.split('&').find_map(|pair| pair.strip_prefix("key=")).filter(|key| !key.is_empty())?;
    percent_decode_str(key).decode_utf8().ok()
}

fn digest(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(HeaderName::from_static(name), value.parse().unwrap())])
    }

    #[test]
    fn every_place_for_a_key() {
        let auth = Authenticator::new(Some(&Secret::new("sk-master")));
        for (name, value) in [
            ("authorization", "Bearer sk-master"),
            ("authorization", "bearer sk-master"),
            ("authorization", "sk-master"),
            ("x-api-key", "sk-master"),
            ("api-key", "sk-master"),
            ("x-litellm-api-key", "Bearer sk-master"),
            ("x-goog-api-key", "sk-master"),
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=sk-master/20261121/us-east-1/bedrock/aws4_request, SignedHeaders=host, Signature=0",
            ),
        ] {
            assert_eq!(
                auth.authenticate(&headers(name, value), None),
                Ok(Principal::Master),
                "{name}: {value}"
            );
        }
    }

    #[test]
    fn a_key_in_the_query() {
        let auth = Authenticator::new(Some(&Secret::new("sk-master")));
        let none = HeaderMap::new();
        assert_eq!(auth.authenticate(&none, Some("alt=sse&key=sk-master")), Ok(Principal::Master));
        assert!(auth.authenticate(&none, Some("alt=sse&key=")).is_err());
        let odd = Authenticator::new(Some(&Secret::new("sk-a+b/c=")));
        for query in ["key=sk-a%2Bb%2Fc%3D", "key=sk-a+b/c="] {
            assert_eq!(odd.authenticate(&none, Some(query)), Ok(Principal::Master), "{query}");
        }
        assert!(odd.authenticate(&none, Some("key=%ff")).is_err());
        let wrong = headers("x-goog-api-key", "other");
        assert!(auth.authenticate(&wrong, Some("key=sk-master")).is_err(), "the header is what counts");
    }

    #[test]
    fn wrong_and_missing_keys_are_told_apart() {
        let auth = Authenticator::new(Some(&Secret::new("sk-master")));
        for (given, code) in [
            (headers("authorization", "Bearer sk-maste"), "invalid_api_key"),
            (headers("authorization", "Bearer sk-master2"), "invalid_api_key"),
            (headers("authorization", "Bearer "), "missing_api_key"),
            (HeaderMap::new(), "missing_api_key"),
        ] {
            let error = auth.authenticate(&given, None).unwrap_err();
            assert_eq!((error.kind, error.code.as_deref()), (ErrorKind::Authentication, Some(code)));
        }
    }

    #[test]
    fn without_a_master_key_all_are_let_in() {
        let auth = Authenticator::new(None);
        assert_eq!(auth.authenticate(&HeaderMap::new(), None), Ok(Principal::Anonymous));
        assert_eq!(auth.authenticate(&headers("authorization", "Bearer x"), None), Ok(Principal::Anonymous));
        assert!(auth.authenticate(&headers("sec-fetch-site", "same-origin"), None).is_ok());
        let error = auth.authenticate(&headers("sec-fetch-site", "cross-site"), None).unwrap_err();
        assert_eq!(error.code.as_deref(), Some("cross_site"));
    }
}
