//! The direct way: hyper for HTTP/1.1, h2 for HTTP/2, rustls below both, and pools that know what was written.

mod connect;
mod http1;
mod http2;
mod keep_alive;
mod origin;

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};
use std::time::Duration;

use bytes::Bytes;
use futures_core::future::BoxFuture;
use http::{Request, Response};
use hyper::rt::Executor as _;
use hyper_util::rt::TokioExecutor;
use tokio::time::Instant;

use self::connect::Connector;
pub(crate) use self::http1::Http1Body;
pub(crate) use self::http2::Http2Body;
#[cfg(feature = "reqwest")]
pub(crate) use self::http2::SMALL_FRAME_FACTOR;
use self::origin::{Origin, OriginKey};
use crate::body::Body;
use crate::error::TransportError;
use crate::options::{CallOptions, Protocol, TransportOptions};
use crate::reach::{Resolve, system_resolver};
use crate::service::{HttpService, complete_headers};
use crate::timer::Timer;
use crate::tls;

/// Sends requests straight to their hosts.
///
/// HTTP/1.1 connections are kept per origin, and the youngest is used first. One that was made in a runtime is used again in
/// that runtime alone. A kept connection may be closed by its
/// peer just as it is used: then, and only if no byte of the request was written, the request goes out once more on a
/// new connection. HTTP/2 connections are shared by as many requests as the peer allows, and a further one is
/// opened before they run out.
///
/// `TCP_NODELAY` is always set. An HTTP/1.1 connection makes headway while its answer is awaited; small pieces of a body
/// that have arrived together come together. HTTP/2 connections are driven by tasks of the runtime in which
/// [`HttpService::call`] is first awaited; they end with the service.
pub struct HyperService {
    inner: Arc<Inner>,
}

struct Inner {
    options: TransportOptions,
    connector: Arc<Connector>,
    origins: RwLock<HashMap<OriginKey, Arc<Origin>>>,
    sweeping: AtomicBool,
}

impl HyperService {
    /// A service with empty pools. [`TransportOptions::proxies`] is not looked at.
    ///
    /// Reads the operating system's certificates once, for the first `https://` request. If there are none, `http://` works and every `https://`
    /// request fails with [`TransportErrorKind::Tls`](crate::TransportErrorKind::Tls).
    ///
    /// # Errors
    /// [`TransportErrorKind::Config`](crate::TransportErrorKind::Config) when `ca_pem` is malformed.
    pub fn new(options: TransportOptions) -> Result<Self, TransportError> {
        Self::with_resolver(options, system_resolver())
    }

    fn with_resolver(options: TransportOptions, resolve: Resolve) -> Result<Self, TransportError> {
        let roots = tls::roots(options.ca_pem.as_deref())?;
        let connector = Arc::new(Connector::new(roots, options.reach.clone(), resolve));
        let inner =
            Inner { options, connector, origins: RwLock::default(), sweeping: AtomicBool::new(false) };
        Ok(Self { inner: Arc::new(inner) })
    }
}

impl HttpService for HyperService {
    fn call(
        &self,
        request: Request<Bytes>,
        options: CallOptions,
    ) -> BoxFuture<'_, Result<Response<Body>, TransportError>> {
        let (mut parts, body) = request.into_parts();
        complete_headers(&mut parts.headers, &self.inner.options.user_agent);
        let origin = self.inner.origin(&parts.uri);
        // Made in its place, and not copied there.
        let place = Box::new_uninit();
        let sending = async move {
            let mut timer = Timer::start(options.timeouts.total);
            let origin = origin?;
            self.inner.sweep_from_now_on();
            let connector = &self.inner.connector;
            let response = match options.protocol {
                Protocol::Http1 => {
                    http1::send(&origin, connector, parts, body, &mut timer, &options.timeouts).await?
                }
                Protocol::Http2 => {
                    let timeouts = &options.timeouts;
                    let sending = http2::send(&origin, connector, parts, body, &mut timer, timeouts);
                    // Boxed, so that the way of most requests stays small in memory.
                    Box::pin(sending).await?
                }
            };
            Ok(response.map(|body| body.timed(timer, options.timeouts.idle)))
        };
        let sending: Pin<Box<_>> = Box::into_pin(Box::write(place, sending));
        sending
    }
}

impl Inner {
    fn origin(&self, uri: &http::Uri) -> Result<Arc<Origin>, TransportError> {
        let key = OriginKey::of(uri)?;
        if let Some(origin) = self.origins.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(Arc::clone(origin));
        }
        let made = Arc::new(Origin::new(key.clone(), &self.options)?);
        let mut origins = self.origins.write().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(origins.entry(key).or_insert(made)))
    }

    /// Starts the one background task, which closes connections that nobody uses.
    fn sweep_from_now_on(self: &Arc<Self>) {
        if self.sweeping.load(Ordering::Relaxed) || self.sweeping.swap(true, Ordering::Relaxed) {
            return;
        }
        let period = (self.options.idle_timeout / 4).max(Duration::from_millis(10));
        TokioExecutor::new().execute(sweep_until_dropped(Arc::downgrade(self), period));
    }

    fn sweep(&self) {
        let now = Instant::now();
        let mut origins = self.origins.write().unwrap_or_else(PoisonError::into_inner);
        origins.retain(|_, origin| {
            origin.sweep(now);
            !origin.is_empty() || Arc::strong_count(origin) > 1
        });
    }
}

async fn sweep_until_dropped(inner: Weak<Inner>, period: Duration) {
    loop {
        tokio::time::sleep(period).await;
        let Some(inner) = inner.upgrade() else { return };
        inner.sweep();
    }
}

impl std::fmt::Debug for HyperService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HyperService").field("options", &self.inner.options).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

/// Locks; a panic elsewhere has not broken data that every holder leaves whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
