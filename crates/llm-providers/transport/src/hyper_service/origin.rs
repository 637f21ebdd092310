//! One host to which connections are held.

use std::hash::{Hash, Hasher};

use http::uri::{Authority, Scheme};
use http::{HeaderValue, Uri};
use rustls_pki_types::ServerName;
use tokio::time::Instant;

use super::http1::IdleConnections;
use super::http2::Links;
use crate::error::{TransportError, TransportErrorKind};
use crate::options::TransportOptions;

/// What makes connections interchangeable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OriginKey {
    pub(super) https: bool,
    pub(super) authority: Authority,
}

/// As an authority is hashed, whose letters count the same in either case, but many bytes at a time.
impl Hash for OriginKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.https.hash(state);
        for piece in self.authority.as_str().as_bytes().chunks(32) {
            let mut lower = [0; 32];
            lower[..piece.len()].copy_from_slice(piece);
            lower.make_ascii_lowercase();
            state.write(&lower);
        }
    }
}

/// An origin with its connections of either protocol.
pub(super) struct Origin {
    pub(super) target: Target,
    /// The `Host` header's value.
    pub(super) host: HeaderValue,
    pub(super) http1: IdleConnections,
    pub(super) http2: Links,
}

/// Where to connect to.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) uri: Uri,
    /// Whose certificate to expect; `None` for `http://`.
    pub(super) server_name: Option<ServerName<'static>>,
}

impl OriginKey {
    pub(super) fn of(uri: &Uri) -> Result<Self, TransportError> {
        let https = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP => false,
            _ => return Err(invalid("the URL must begin with http:// or https://")),
        };
        let authority = uri.authority().ok_or_else(|| invalid("the URL has no host"))?;
        if authority.as_str().contains('@') {
            // Never sent, and it would show up in logs: the credential belongs into a header.
            return Err(invalid("the URL holds credentials"));
        }
        Ok(Self { https, authority: authority.clone() })
    }
}

impl Origin {
    pub(super) fn new(key: OriginKey, options: &TransportOptions) -> Result<Self, TransportError> {
        let OriginKey { https, authority } = key;
        let name = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let default_port = if https { 443 } else { 80 };
        let host = match authority.port_u16() {
            Some(port) if port != default_port => format!("{}:{port}", authority.host()),
            _ => authority.host().to_owned(),
        };
        let host = HeaderValue::from_maybe_shared(bytes::Bytes::from(host)).map_err(invalid)?;
        let server_name = if https { Some(ServerName::try_from(name).map_err(invalid)?) } else { None };
        let scheme = if https { Scheme::HTTPS } else { Scheme::HTTP };
        let uri = Uri::builder()
            .scheme(scheme)
            .authority(authority)
            .path_and_query("/")
            .build()
            .map_err(invalid)?;
        Ok(Self {
            target: Target { uri, server_name },
            host,
            http1: IdleConnections::new(options),
            http2: Links::new(options),
        })
    }

    /// Closes what has been idle for too long.
    pub(super) fn sweep(&self, now: Instant) {
        self.http1.sweep(now);
        self.http2.sweep(now);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.http1.is_empty() && self.http2.is_empty()
    }
}

pub(super) fn invalid(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> TransportError {
    TransportError::unsent(TransportErrorKind::InvalidRequest).with_source(source)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(uri: &'static str) -> Result<Origin, TransportError> {
        Origin::new(OriginKey::of(&Uri::from_static(uri))?, &TransportOptions::default())
    }

    #[test]
    fn the_host_header_omits_the_default_port() {
        for (uri, host) in [
            ("https://a.example/x", "a.example"),
            ("https://a.example:443/x", "a.example"),
            ("https://a.example:80/x", "a.example:80"),
            ("http://a.example:80/", "a.example"),
            ("http://[::1]:8080/", "[::1]:8080"),
        ] {
            assert_eq!(origin(uri).unwrap().host, host, "{uri}");
        }
    }

    #[test]
    fn an_address_has_a_server_name_too() {
        let name = origin("https://[::1]:8443/").unwrap().target.server_name.unwrap();
        assert!(matches!(name, ServerName::IpAddress(_)), "{name:?}");
    }

    #[test]
    fn urls_that_cannot_be_asked_are_refused() {
        for uri in ["/path", "ftp://a.example/", "https://user:pass@a.example/"] {
            let error = origin(uri).err().unwrap();
            assert_eq!((error.kind(), error.sent()), (TransportErrorKind::InvalidRequest, false), "{uri}");
        }
    }

    #[test]
    fn hosts_are_one_whatever_their_case() {
        let [lower, upper] =
            ["http://a.example", "http://A.EXAMPLE"].map(|uri| OriginKey::of(&Uri::from_static(uri)));
        assert_eq!(lower.unwrap(), upper.unwrap());
    }
}
