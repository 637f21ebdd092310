//! The seam to the network: one method.

use std::sync::Arc;

use bytes::Bytes;
use futures_core::future::BoxFuture;
use http::header::{ACCEPT_ENCODING, USER_AGENT};
use http::{HeaderMap, HeaderValue, Request, Response};

use crate::body::Body;
use crate::error::TransportError;
use crate::hyper_service::HyperService;
use crate::options::{CallOptions, TransportOptions};
use crate::reach::Reach;

/// Sends one request and returns the answer's head with its body still to come.
///
/// Implementations follow no redirect, keep no cookie, undo no compression, and never send a request whose bytes may
/// have reached the upstream a second time. Dropping the future, or the body, ends the exchange at once.
pub trait HttpService: Send + Sync + 'static {
    /// Sends `request`, whose URI is absolute.
    ///
    /// # Errors
    /// [`TransportError`] when no response head arrived. Every head that arrived is `Ok`, whatever its status.
    fn call(
        &self,
        request: Request<Bytes>,
        options: CallOptions,
    ) -> BoxFuture<'_, Result<Response<Body>, TransportError>>;
}

impl<S: HttpService + ?Sized> HttpService for Arc<S> {
    fn call(
        &self,
        request: Request<Bytes>,
        options: CallOptions,
    ) -> BoxFuture<'_, Result<Response<Body>, TransportError>> {
        (**self).call(request, options)
    }
}

/// The transport that `options` ask for: `ReqwestService` when a proxy is named and any host may be asked, else
/// [`HyperService`].
///
/// # Errors
/// [`TransportErrorKind::Config`](crate::TransportErrorKind::Config) when a certificate or a proxy URL is malformed,
/// or a proxy is named and the feature `reqwest` is off.
pub fn connect(options: TransportOptions) -> Result<Arc<dyn HttpService>, TransportError> {
    if options.proxies.is_empty() || options.reach != Reach::Anywhere {
        return Ok(Arc::new(HyperService::new(options)?));
    }
    #[cfg(feature = "reqwest")]
    return Ok(Arc::new(crate::reqwest_service::ReqwestService::new(&options)?));
    #[cfg(not(feature = "reqwest"))]
    return Err(TransportError::unsent(crate::TransportErrorKind::Config)
        .with_source("a proxy needs the feature `reqwest`"));
}

/// Sets what every upstream request carries. Compressed answers would have to be held back and undone, so none are
/// asked for.
pub(crate) fn complete_headers(headers: &mut HeaderMap, user_agent: &HeaderValue) {
    headers.entry(ACCEPT_ENCODING).or_insert(HeaderValue::from_static("identity"));
    headers.entry(USER_AGENT).or_insert_with(|| user_agent.clone());
}
