//! One HTTP/1.1 connection, driven by whoever has a request on it.
//!
//! The usual way gives each connection a task of its own, and hands requests, answers and every piece of a body from
//! task to task. Each handing over is a wake-up, often on another core, and a piece that comes alone is written
//! alone. Here the task that waits for the answer reads the socket itself.

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime;
use tokio::time::Sleep;

use crate::error::{TransportError, TransportErrorKind};
use crate::hyper_service::lock;

/// A connection and the way to put requests on it.
pub(super) struct Link {
    sender: SendRequest<Full<Bytes>>,
    /// `None` once it has closed.
    connection: Option<Connection>,
    turn: Arc<Turn>,
    waker: Waker,
    /// The one that looks out for the socket.
    pub(super) runtime: Option<runtime::Id>,
    /// A timer's sleep that goes from one request to the next, so that not each of them arms one.
    pub(super) sleep: Option<Pin<Box<Sleep>>>,
}

type Connection = Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>;

impl Link {
    /// Begins to speak HTTP/1.1 on `stream`.
    pub(super) async fn start<T>(stream: T, buffer_bytes: usize) -> Result<Self, TransportError>
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (sender, connection) = Builder::new()
            .max_buf_size(buffer_bytes)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| TransportError::unsent(TransportErrorKind::Connect).with_source(error))?;
        let turn = Arc::<Turn>::default();
        let waker = Waker::from(Arc::clone(&turn));
        Ok(Self {
            sender,
            connection: Some(Box::pin(connection)),
            turn,
            waker,
            runtime: current_runtime(),
            sleep: None,
        })
    }

    /// Puts a request on the connection. The answer comes while the connection is [driven](Self::drive).
    pub(super) fn ask(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> impl Future<Output = Result<Response<Incoming>, TrySendError<Request<Full<Bytes>>>>> + use<> {
        self.sender.try_send_request(request)
    }

    /// Polls what the connection brings: as it is, and if it has not come yet, after the connection has moved on.
    pub(super) fn drive<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        // Both ends wake each other while they are polled here in turn; past this the runtime has a say.
        const ROUNDS: usize = 4;
        let mut ours = Context::from_waker(&self.waker);
        self.turn.begin(cx.waker());
        for _ in 0..ROUNDS {
            let mut polled = poll(&mut ours);
            if polled.is_pending() {
                if let Some(connection) = &mut self.connection
                    && connection.as_mut().poll(&mut ours).is_ready()
                {
                    // Only once it is dropped do its other ends learn of it.
                    self.connection = None;
                }
                polled = poll(&mut ours);
            }
            if !self.turn.goes_on(polled.is_pending()) {
                return polled;
            }
        }
        self.turn.goes_on(false);
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// After an answer: whether the connection can take another request. From now on it wakes nobody.
    pub(super) fn rest(&mut self) -> bool {
        self.turn.rest();
        self.sender.is_ready() || self.is_alive() && self.sender.is_ready()
    }

    /// Looks whether the peer has closed the connection.
    pub(super) fn is_alive(&mut self) -> bool {
        let mut cx = Context::from_waker(&self.waker);
        if let Some(connection) = &mut self.connection
            && connection.as_mut().poll(&mut cx).is_ready()
        {
            self.connection = None;
        }
        self.connection.is_some()
    }
}

/// The runtime of whoever asks; `None` outside of any.
pub(super) fn current_runtime() -> Option<runtime::Id> {
    runtime::Handle::try_current().ok().map(|handle| handle.id())
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("open", &self.connection.is_some()).finish_non_exhaustive()
    }
}

/// Whom a connection wakes: the task that waits for it, unless that task is just polling it.
#[derive(Default)]
struct Turn(Mutex<State>);

#[derive(Default)]
struct State {
    task: Option<Waker>,
    polling: bool,
    woken: bool,
}

impl Turn {
    /// The task begins to poll.
    fn begin(&self, task: &Waker) {
        let mut state = lock(&self.0);
        state.polling = true;
        state.woken = false;
        if !state.task.as_ref().is_some_and(|known| known.will_wake(task)) {
            state.task = Some(task.clone());
        }
    }

    /// The task has polled: whether it is to do so again, as it still waits and was woken meanwhile.
    fn goes_on(&self, waits: bool) -> bool {
        let mut state = lock(&self.0);
        state.polling = waits && mem::take(&mut state.woken);
        state.polling
    }

    /// Nobody waits.
    fn rest(&self) {
        lock(&self.0).task = None;
    }
}

impl Wake for Turn {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let task = {
            let mut state = lock(&self.0);
            if state.polling {
                state.woken = true;
                return;
            }
            state.task.take()
        };
        if let Some(task) = task {
            task.wake();
        }
    }
}
