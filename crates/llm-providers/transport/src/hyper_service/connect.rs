//! From a name to a connection: DNS, TCP, TLS, each failing under its own kind.

use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiAddrs, GaiResolver, Name};
use rustls_pki_types::CertificateDer;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tower_service::Service;

use super::origin::Target;
use crate::error::{TransportError, TransportErrorKind, chain, is_tls};
use crate::options::Protocol;
use crate::tls::Tls;

/// Silent peers behind firewalls are found, and mappings in routers kept alive, by probes from this time on.
const KEEPALIVE: Duration = Duration::from_secs(60);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);
const KEEPALIVE_RETRIES: u32 = 4;

/// Opens connections.
pub(super) struct Connector {
    tcp: HttpConnector<Resolver>,
    /// Certificates to trust beside the operating system's.
    roots: Vec<CertificateDer<'static>>,
    /// Made when the first `https://` address is connected to: reading the operating system's certificates takes time and
    /// memory. Without any root certificate only such requests fail.
    tls: OnceLock<Result<Tls, TransportError>>,
}

/// A connection before any HTTP was spoken on it.
pub(super) enum Io {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Connector {
    pub(super) fn new(roots: Vec<CertificateDer<'static>>) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(Resolver(GaiResolver::new()));
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(KEEPALIVE));
        tcp.set_keepalive_interval(Some(KEEPALIVE_INTERVAL));
        tcp.set_keepalive_retries(Some(KEEPALIVE_RETRIES));
        Self { tcp, roots, tls: OnceLock::new() }
    }

    fn tls(&self) -> Result<&Tls, TransportError> {
        let made = || {
            Tls::new(self.roots.clone())
                .map_err(|error| TransportError::unsent(TransportErrorKind::Tls).with_source(error))
        };
        self.tls.get_or_init(made).as_ref().map_err(Clone::clone)
    }

    /// Connects to `target`. The caller bounds the whole; `limit` only lets each of several addresses have its share.
    pub(super) async fn connect(
        &self,
        target: &Target,
        protocol: Protocol,
        limit: Option<Duration>,
    ) -> Result<Io, TransportError> {
        let mut tcp = self.tcp.clone();
        tcp.set_connect_timeout(limit);
        let refused = |error| unsent_connect(error);
        poll_fn(|cx| tcp.poll_ready(cx)).await.map_err(refused)?;
        let stream = tcp.call(target.uri.clone()).await.map_err(refused)?.into_inner();
        let Some(name) = &target.server_name else { return Ok(Io::Plain(stream)) };

        let tls = self.tls()?;
        let config = match protocol {
            Protocol::Http1 => &tls.http1,
            Protocol::Http2 => &tls.http2,
        };
        let stream =
            TlsConnector::from(Arc::clone(config)).connect(name.clone(), stream).await.map_err(|error| {
                let kind = if is_tls(&error) { TransportErrorKind::Tls } else { TransportErrorKind::Connect };
                TransportError::unsent(kind).with_source(error)
            })?;
        if protocol == Protocol::Http2 && stream.get_ref().1.alpn_protocol() != Some(b"h2") {
            return Err(TransportError::unsent(TransportErrorKind::Tls)
                .with_source("the upstream does not offer HTTP/2"));
        }
        Ok(Io::Tls(Box::new(stream)))
    }
}

fn unsent_connect(error: impl Error + Send + Sync + 'static) -> TransportError {
    let kind = if chain(&error).any(<dyn Error>::is::<DnsError>) {
        TransportErrorKind::Dns
    } else if chain(&error)
        .filter_map(|error| error.downcast_ref::<io::Error>())
        .any(|error| error.kind() == io::ErrorKind::TimedOut)
    {
        TransportErrorKind::ConnectTimeout
    } else {
        TransportErrorKind::Connect
    };
    TransportError::unsent(kind).with_source(error)
}

/// The operating system's resolver, with an error that can be told from others.
#[derive(Clone)]
struct Resolver(GaiResolver);

#[derive(Debug)]
struct DnsError(io::Error);

impl fmt::Display for DnsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Error for DnsError {}

impl Service<Name> for Resolver {
    type Response = GaiAddrs;
    type Error = DnsError;
    type Future = Pin<Box<dyn Future<Output = Result<GaiAddrs, DnsError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), DnsError>> {
        self.0.poll_ready(cx).map_err(DnsError)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let addresses = self.0.call(name);
        Box::pin(async move { addresses.await.map_err(DnsError) })
    }
}
