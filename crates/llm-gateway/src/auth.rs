//! Who asks: from the headers alone.

use std::borrow::Cow;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use http::{HeaderMap, HeaderName, header};
use llm_provider_core::{Secret, header_text};
use llm_types::{ApiError, ErrorKind, Layer};
use percent_encoding::percent_decode_str;
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
    master: Option<Secret>,
    /// Names by which this machine may be called beside its own, where that is looked at.
    hosts: Option<Vec<String>>,
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator").field("needs_key", &self.needs_key()).finish_non_exhaustive()
    }
}

impl Authenticator {
    /// Checks against a master key; without one, everybody is let in.
    pub fn new(master: Option<&Secret>) -> Self {
        Self { master: master.cloned(), hosts: None }
    }

    /// The same for a socket that only this machine can reach. Without a master key, requests to names that are not this
    /// machine's are refused then, but for these.
    ///
    /// A page of anybody's may bind its own name to a loopback address and so become of the same site as the gateway. Its
    /// requests still name that name. Nobody is let in for a name: it is only a reason to refuse.
    #[must_use]
    pub fn on_loopback(self, hosts: &[String]) -> Self {
        let hosts = self.master.is_none().then(|| hosts.to_vec());
        Self { hosts, ..self }
    }

    /// Whether a key is needed.
    pub const fn needs_key(&self) -> bool {
        self.master.is_some()
    }

    /// Who owns the gateway: the holder of the master key, where there is one.
    pub const fn owner(&self) -> Principal {
        if self.needs_key() { Principal::Master } else { Principal::Anonymous }
    }

    /// Who sent these headers, and this query.
    ///
    /// # Errors
    /// An authentication error if a key is needed and the one given is missing or wrong.
    pub fn authenticate(&self, headers: &HeaderMap, query: Option<&str>) -> Result<Principal, ApiError> {
        let Some(master) = &self.master else {
            // Whoever needs no key must at least not be a web page of somebody else's.
            self.refuse_pages(headers)?;
            return Ok(Principal::Anonymous);
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
        if is_same(&key, master.expose()) {
            Ok(Principal::Master)
        } else {
            Err(refuse("the key is not known here", "invalid_api_key"))
        }
    }
}

impl Authenticator {
    /// Refuses web pages of other sites, also those that pretend to be of this one.
    fn refuse_pages(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        let refuse = |message: String, code: &str| {
            Err(ApiError::new(ErrorKind::PermissionDenied, Layer::Auth, message).with_code(code))
        };
        if headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site") {
            return refuse(
                "without a master key, pages of other sites are not let in".to_owned(),
                "cross_site",
            );
        }
        let Some(allowed) = &self.hosts else { return Ok(()) };
        for host in headers.get_all(header::HOST) {
            let host = host.to_str().unwrap_or_default();
            if !is_of_this_machine(host, allowed) {
                let shown: String = host.chars().take(100).collect();
                let message = format!(
                    "without a master key, only requests to `localhost` or an IP address are let in, not to {shown:?}; \
                     set general_settings.master_key, or list the name in llm_gateway.server.allowed_hosts"
                );
                return refuse(message, "unknown_host");
            }
        }
        Ok(())
    }
}

/// Whether a `Host` means this machine: an IP address, `localhost`, a name below it, or one that is allowed.
fn is_of_this_machine(host: &str, allowed: &[String]) -> bool {
    let (name, port) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) => return address.parse::<Ipv6Addr>().is_ok() && is_port(port),
        None => host.find(':').map_or((host, ""), |colon| host.split_at(colon)),
    };
    let name = name.strip_suffix('.').unwrap_or(name);
    let below = name.len().checked_sub(".localhost".len()).and_then(|at| name.get(at..));
    is_port(port)
        && (name.parse::<Ipv4Addr>().is_ok()
            || name.eq_ignore_ascii_case("localhost")
            || below.is_some_and(|end| end.eq_ignore_ascii_case(".localhost"))
            || allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(name)))
}

/// Whether a text is nothing, or a colon and a port.
fn is_port(text: &str) -> bool {
    text.is_empty()
        || text.strip_prefix(':').is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
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
    static NAMES: [HeaderName; 5] = [
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

/// Whether a key is the right one, in a time that only the length of the one presented decides.
fn is_same(presented: &str, right: &str) -> bool {
    let is_as_long = presented.len() == right.len();
    // A key of another length is compared with itself, which takes as long.
    let other = if is_as_long { right } else { presented };
    bool::from(presented.as_bytes().ct_eq(other.as_bytes())) && is_as_long
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

    #[test]
    fn only_this_machines_names_are_let_in_on_loopback() {
        let open = Authenticator::new(None).on_loopback(&["gateway.internal".to_owned()]);
        for host in [
            "localhost",
            "LocalHost:4000",
            "localhost.",
            "127.0.0.1",
            "127.0.0.1:4000",
            "[::1]:4000",
            "[::1]",
            "192.168.1.7:80",
            "app.localhost:4000",
            "gateway.internal:4000",
            "Gateway.Internal",
        ] {
            assert!(open.authenticate(&headers("host", host), None).is_ok(), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "evillocalhost",
            "gateway.internal.evil",
            "[evil]",
            "[::1]evil",
            "localhost:4000:x",
            "",
            "user@localhost",
            "::1",
        ] {
            let error = open.authenticate(&headers("host", host), None).unwrap_err();
            assert_eq!(
                (error.kind, error.code.as_deref()),
                (ErrorKind::PermissionDenied, Some("unknown_host")),
                "{host}"
            );
        }
        assert!(open.authenticate(&HeaderMap::new(), None).is_ok(), "no browser leaves it out");
        // With a key the name is not looked at, nor where others can reach the socket anyway.
        let keyed = Authenticator::new(Some(&Secret::new("sk-master"))).on_loopback(&[]);
        let mut map = headers("host", "evil.example");
        map.insert("x-api-key", "sk-master".parse().unwrap());
        assert_eq!(keyed.authenticate(&map, None), Ok(Principal::Master));
        assert!(Authenticator::new(None).authenticate(&headers("host", "evil.example"), None).is_ok());
    }
}
