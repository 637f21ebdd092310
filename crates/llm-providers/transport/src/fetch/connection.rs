//! One connection for one answer, to an address that was checked before.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::rt::Executor as _;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Url;

use super::FetchOptions;
use crate::error::{TransportError, TransportErrorKind};
use crate::tls::{self, Tls};

/// Bytes of an answer's head at most.
const MAX_HEAD: usize = 64 * 1024;

/// Opens connections. Roots are read when they are first needed.
pub(super) struct Connector {
    ca_pem: Option<Bytes>,
    tls: OnceLock<Result<Tls, TransportError>>,
}

impl Connector {
    pub(super) const fn new(ca_pem: Option<Bytes>) -> Self {
        Self { ca_pem, tls: OnceLock::new() }
    }

    /// Asks for `url` at the first of `addresses` that listens.
    pub(super) async fn get(
        &self,
        url: &Url,
        https: bool,
        addresses: &[SocketAddr],
        options: &FetchOptions,
    ) -> Result<Response<Incoming>, TransportError> {
        let request = request(url, options)?;
        let stream = self.connect(addresses, options).await?;
        if !https {
            return exchange(stream, request).await;
        }
        let name = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let name =
            ServerName::try_from(name.to_owned()).map_err(unsent(TransportErrorKind::InvalidRequest))?;
        let config = Arc::clone(&self.tls()?.http1);
        let stream = TlsConnector::from(config)
            .connect(name, stream)
            .await
            .map_err(unsent(TransportErrorKind::Tls))?;
        exchange(stream, request).await
    }

    /// Each address has its share of the time, so that one that is silent does not keep from the next.
    async fn connect(
        &self,
        addresses: &[SocketAddr],
        options: &FetchOptions,
    ) -> Result<TcpStream, TransportError> {
        let share = options.timeout / u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
        let mut last = no_address(io::Error::other("the name has no address"));
        for address in addresses {
            match tokio::time::timeout(share, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => last = unsent(TransportErrorKind::Connect)(error),
                Err(_) => last = TransportError::unsent(TransportErrorKind::ConnectTimeout),
            }
        }
        Err(last)
    }

    fn tls(&self) -> Result<&Tls, TransportError> {
        let tls = self.tls.get_or_init(|| {
            let roots = tls::roots(self.ca_pem.as_deref())?;
            Tls::new(roots).map_err(unsent(TransportErrorKind::Tls))
        });
        tls.as_ref().map_err(Clone::clone)
    }
}

/// The host's name could not be resolved.
pub(super) fn no_address(error: io::Error) -> TransportError {
    TransportError::unsent(TransportErrorKind::Dns).with_source(error)
}

fn unsent<E>(kind: TransportErrorKind) -> impl Fn(E) -> TransportError
where
    E: std::error::Error + Send + Sync + 'static,
{
    move |error| TransportError::unsent(kind).with_source(error)
}

fn request(url: &Url, options: &FetchOptions) -> Result<Request<Empty<Bytes>>, TransportError> {
    let host = match url.port() {
        Some(port) => format!("{}:{port}", url.host_str().unwrap_or_default()),
        None => url.host_str().unwrap_or_default().to_owned(),
    };
    let target = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    Request::get(target)
        .header(header::HOST, host)
        .header(header::ACCEPT, "*/*")
        .header(header::ACCEPT_ENCODING, "identity")
        .header(header::USER_AGENT, &options.user_agent)
        .body(Empty::new())
        .map_err(unsent(TransportErrorKind::InvalidRequest))
}

/// Sends one request. The connection ends with the answer's body, read or dropped.
async fn exchange<S>(stream: S, request: Request<Empty<Bytes>>) -> Result<Response<Incoming>, TransportError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(MAX_HEAD)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(TransportError::from_hyper)?;
    TokioExecutor::new().execute(async move {
        // What breaks a connection is told to the one who waits for its answer.
        let _told_elsewhere = connection.await;
    });
    sender.send_request(request).await.map_err(TransportError::from_hyper)
}
