//! [`MockService`]: the mock behind the transport's seam, without a socket.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Request, Response};
use llm_transport::{
    Body, BoxFuture, CallOptions, HttpService, Timeouts, TransportError, TransportErrorKind,
};
use tokio::time::{Instant, sleep, timeout};

use crate::{Cut, Ordinals, PlanBody, Prepared, Script, Wire};

/// Tells Unix time in seconds.
pub type Seconds = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Answers requests in process, each by its script, on tokio's clock.
///
/// Timeouts of the call hold for it as for any vendor: a scripted delay or stall runs into them.
#[derive(Clone)]
pub struct MockService {
    script: Option<Arc<Script>>,
    ordinals: Arc<Mutex<Ordinals>>,
    created_s: Seconds,
}

impl fmt::Debug for MockService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockService").field("script", &self.script).finish_non_exhaustive()
    }
}

impl Default for MockService {
    /// A service without a script of its own, whose answers were all made at the epoch.
    fn default() -> Self {
        Self::new(None, Arc::new(|| 0))
    }
}

impl MockService {
    /// A service whose requests follow `script` unless they bring their own.
    pub fn new(script: Option<Script>, created_s: Seconds) -> Self {
        Self { script: script.map(Arc::new), ordinals: Arc::default(), created_s }
    }

    async fn answer(self, request: Request<Bytes>) -> Response<Body> {
        let path = request.uri().path();
        let wire = if path.contains("/messages") { Wire::Anthropic } else { Wire::OpenAi };
        let prepared = Prepared::new(wire, path, request.body(), self.script.as_deref());
        let ordinal = prepared
            .ordinal_key()
            .map_or(0, |key| self.ordinals.lock().unwrap_or_else(PoisonError::into_inner).next(key));
        let plan = prepared.plan(ordinal, (self.created_s)());
        if plan.delay_ms > 0 {
            sleep(Duration::from_millis(plan.delay_ms)).await;
        }
        let mut response = Response::new(Body::wrap(PlanBody::new(plan.steps, plan.content_length)));
        *response.status_mut() = plan.status;
        *response.headers_mut() = plan.headers;
        response.headers_mut().insert(CONTENT_TYPE, plan.content_type);
        response
    }
}

impl HttpService for MockService {
    fn call(
        &self,
        request: Request<Bytes>,
        options: CallOptions,
    ) -> BoxFuture<'_, Result<Response<Body>, TransportError>> {
        let answer = self.clone().answer(request);
        Box::pin(async move {
            let timeouts = options.timeouts;
            let called = Instant::now();
            let (limit, kind) = match (timeouts.first_byte, timeouts.total) {
                (Some(first_byte), Some(total)) if total < first_byte => {
                    (Some(total), TransportErrorKind::TotalTimeout)
                }
                (None, total) => (total, TransportErrorKind::TotalTimeout),
                (first_byte, _) => (first_byte, TransportErrorKind::FirstByteTimeout),
            };
            let response = match limit {
                None => answer.await,
                Some(limit) => timeout(limit, answer).await.map_err(|_| TransportError::new(kind, true))?,
            };
            let total = timeouts.total.map(|total| total.saturating_sub(called.elapsed()));
            Ok(response.map(|body| body.limited(Timeouts { total, ..timeouts })))
        })
    }
}

impl From<Cut> for TransportError {
    fn from(cut: Cut) -> Self {
        Self::new(TransportErrorKind::Closed, true).with_source(cut)
    }
}
