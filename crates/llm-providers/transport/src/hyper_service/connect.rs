//! From a name to a connection: DNS, TCP, TLS, each failing under its own kind.

use std::error::Error;
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use rustls_pki_types::CertificateDer;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tower_service::Service;

use super::origin::Target;
use crate::error::{TransportError, TransportErrorKind, chain, is_tls};
use crate::options::Protocol;
use crate::reach::{Reach, Resolve};
use crate::tls::Tls;

/// Silent peers behind firewalls are found, and mappings in routers kept alive, by probes from this time on.
const KEEPALIVE: Duration = Duration::from_secs(60);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);
const KEEPALIVE_RETRIES: u32 = 4;

/// Opens connections.
pub(super) struct Connector {
    tcp: HttpConnector<Resolver>,
    reach: Arc<Reach>,
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
    pub(super) fn new(roots: Vec<CertificateDer<'static>>, reach: Reach, resolve: Resolve) -> Self {
        let reach = Arc::new(reach);
        let resolver = Resolver { resolve, reach: Arc::clone(&reach) };
        let mut tcp = HttpConnector::new_with_resolver(resolver);
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(KEEPALIVE));
        tcp.set_keepalive_interval(Some(KEEPALIVE_INTERVAL));
        tcp.set_keepalive_retries(Some(KEEPALIVE_RETRIES));
        Self { tcp, reach, roots, tls: OnceLock::new() }
    }

    fn tls(&self) -> Result<&Tls, TransportError> {
        let made = || {
            Tls::new(self.roots.clone())
                .map_err(|error| TransportError::unsent(TransportErrorKind::Tls).with_source(error))
        };
        self.tls.get_or_init(made).as_ref().map_err(Clone::clone)
    }

    /// That a host may be connected to which is an address: nobody resolves it.
    fn check_address(&self, target: &Target) -> Result<(), TransportError> {
        let host = target.uri.host().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        match bare.parse::<IpAddr>() {
            Ok(address) if !self.reach.admits(host, [address]) => {
                Err(TransportError::unsent(TransportErrorKind::NotPublic))
            }
            _ => Ok(()),
        }
    }

    /// Connects to `target`. The caller bounds the whole; `limit` only lets each of several addresses have its share.
    pub(super) async fn connect(
        &self,
        target: &Target,
        protocol: Protocol,
        limit: Option<Duration>,
    ) -> Result<Io, TransportError> {
        self.check_address(target)?;
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
    let unresolved = chain(&error).find_map(|error| error.downcast_ref::<Unresolved>());
    let kind = if let Some(unresolved) = unresolved {
        match unresolved {
            Unresolved::NoAddress(_) => TransportErrorKind::Dns,
            Unresolved::NotPublic => return TransportError::unsent(TransportErrorKind::NotPublic),
        }
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

/// Resolves names, and refuses those that lead where nobody may go. The connection goes to one of the very addresses that
/// were checked, so that a name cannot mean something else in between.
#[derive(Clone)]
struct Resolver {
    resolve: Resolve,
    reach: Arc<Reach>,
}

/// Why a name was not resolved, as an error that can be told from others.
#[derive(Debug, thiserror::Error)]
enum Unresolved {
    #[error(transparent)]
    NoAddress(#[from] io::Error),
    #[error("the name is not public")]
    NotPublic,
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = Unresolved;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Unresolved>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Unresolved>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        // The port is the connector's to set.
        let addresses = (self.resolve)(name.as_str().to_owned(), 0);
        let reach = Arc::clone(&self.reach);
        Box::pin(async move {
            let addresses = addresses.await?;
            match reach.admits(name.as_str(), addresses.iter().map(SocketAddr::ip)) {
                true => Ok(addresses.into_iter()),
                false => Err(Unresolved::NotPublic),
            }
        })
    }
}
