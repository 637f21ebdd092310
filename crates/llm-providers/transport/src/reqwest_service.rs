//! The way through proxies: reqwest behind the same seam.

use std::error::Error;
use std::sync::Arc;

use bytes::Bytes;
use futures_core::future::BoxFuture;
use http::{HeaderValue, Request, Response};
use http_body_util::BodyExt as _;
use reqwest::{Client, ClientBuilder, NoProxy, Proxy, redirect};

use crate::body::Body;
use crate::error::{TransportError, TransportErrorKind, chain, is_tls};
use crate::hyper_service::SMALL_FRAME_FACTOR;
use crate::options::{CallOptions, Protocol, Timeouts, TransportOptions};
use crate::proxy::Proxies;
use crate::service::{HttpService, complete_headers};
use crate::timer::Timer;
use crate::tls::{self, Tls};

/// Sends requests through HTTP(S) and SOCKS5 proxies, and straight where `no_proxy` says so.
///
/// Differs from [`HyperService`](crate::HyperService) in this: [`Timeouts::connect`] of a call is not looked at, the
/// default of 10 s holds for every connection; `http://` URLs never use HTTP/2; and one HTTP/2 connection per origin
/// is shared by all its requests.
#[derive(Debug)]
pub struct ReqwestService {
    http1: Client,
    http2: Client,
    user_agent: HeaderValue,
}

impl ReqwestService {
    /// A service that goes through `options.proxies`. The environment is not looked at.
    ///
    /// # Errors
    /// [`TransportErrorKind::Config`] when a proxy URL or a certificate is malformed, [`TransportErrorKind::Tls`]
    /// when the operating system has no root certificates.
    pub fn new(options: &TransportOptions) -> Result<Self, TransportError> {
        let roots = tls::roots(options.ca_pem.as_deref())?;
        let tls = Tls::new(roots)
            .map_err(|error| TransportError::unsent(TransportErrorKind::Tls).with_source(error))?;
        let config = |error: reqwest::Error| {
            TransportError::unsent(TransportErrorKind::Config).with_source(error.without_url())
        };
        let proxies = proxies(&options.proxies).map_err(config)?;
        let builder = |tls: Arc<rustls::ClientConfig>| {
            let builder = Client::builder().no_proxy(); // neither the environment's nor the system's
            proxies
                .iter()
                .fold(builder, |builder, proxy| builder.proxy(proxy.clone()))
                .tls_backend_preconfigured(Arc::unwrap_or_clone(tls))
        };
        let http1 = common(builder(tls.http1), options).http1_only().build().map_err(config)?;
        let http2 = common(builder(tls.http2), options).build().map_err(config)?;
        Ok(Self { http1, http2, user_agent: options.user_agent.clone() })
    }
}

fn common(builder: ClientBuilder, options: &TransportOptions) -> ClientBuilder {
    let window = u32::try_from(options.buffer_bytes()).unwrap_or(u32::MAX);
    let streams = u32::try_from(options.http2.max_streams.max(1)).unwrap_or(u32::MAX);
    // Twice the factor: h2 takes half of the connection's window as its bound for small frames.
    let whole_window = window.saturating_mul(streams).saturating_mul(2 * SMALL_FRAME_FACTOR);
    let mut builder = builder
        .redirect(redirect::Policy::none())
        .referer(false)
        .tcp_nodelay(true)
        .pool_idle_timeout(options.idle_timeout)
        .pool_max_idle_per_host(options.max_idle_per_origin)
        .http2_initial_stream_window_size(window)
        .http2_initial_connection_window_size(whole_window.min(i32::MAX as u32))
        .http2_keep_alive_interval(options.http2.ping_interval)
        .http2_keep_alive_timeout(options.http2.ping_timeout);
    if let Some(limit) = Timeouts::default().connect {
        builder = builder.connect_timeout(limit);
    }
    builder
}

/// Metadata servers, which answer on the machine's own link: a proxy would ask those of its own machine.
const OWN_LINK: &str = "169.254.0.0/16,fd00:ec2::254,metadata.google.internal";

/// The scheme's own proxy comes before the one for all.
fn proxies(proxies: &Proxies) -> Result<Vec<Proxy>, reqwest::Error> {
    let except = proxies.no_proxy.as_deref().unwrap_or_default();
    let except = NoProxy::from_string(&format!("{OWN_LINK},{except}"));
    let http = proxies.http.as_deref().map(Proxy::http);
    let https = proxies.https.as_deref().map(Proxy::https);
    let all = proxies.all.as_deref().map(Proxy::all);
    [http, https, all]
        .into_iter()
        .flatten()
        .map(|proxy| proxy.map(|proxy| proxy.no_proxy(except.clone())))
        .collect()
}

impl HttpService for ReqwestService {
    fn call(
        &self,
        request: Request<Bytes>,
        options: CallOptions,
    ) -> BoxFuture<'_, Result<Response<Body>, TransportError>> {
        Box::pin(async move {
            let mut timer = Timer::start(options.timeouts.total);
            let (mut parts, body) = request.into_parts();
            complete_headers(&mut parts.headers, &self.user_agent);
            let client = match options.protocol {
                Protocol::Http1 => &self.http1,
                Protocol::Http2 => &self.http2,
            };
            let request = reqwest::Request::try_from(Request::from_parts(parts, body)).map_err(sort)?;
            let response = timer
                .within(
                    options.timeouts.first_byte,
                    TransportErrorKind::FirstByteTimeout,
                    client.execute(request),
                )
                .await
                .map_err(TransportError::after_send)?
                .map_err(sort)?;
            let response = Response::<reqwest::Body>::from(response);
            Ok(response.map(|body| Body::wrap(body.map_err(sort)).timed(timer, options.timeouts.idle)))
        })
    }
}

fn sort(error: reqwest::Error) -> TransportError {
    let error = error.without_url(); // some vendors take their key in the query
    if error.is_builder() {
        return TransportError::unsent(TransportErrorKind::InvalidRequest).with_source(error);
    }
    if error.is_connect() {
        let kind = if error.is_dns() {
            TransportErrorKind::Dns
        } else if is_tls(&error) {
            TransportErrorKind::Tls
        } else if error.is_timeout() {
            TransportErrorKind::ConnectTimeout
        } else {
            TransportErrorKind::Connect
        };
        return TransportError::unsent(kind).with_source(error);
    }
    let malformed =
        chain(&error).filter_map(<dyn Error>::downcast_ref::<hyper::Error>).any(hyper::Error::is_parse);
    let kind = if malformed { TransportErrorKind::Protocol } else { TransportErrorKind::Closed };
    TransportError::after_send(kind).with_source(error)
}
