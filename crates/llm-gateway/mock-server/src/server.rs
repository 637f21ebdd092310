//! [`MockServer`]: the listener, its connections, and the handle that owns both.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use llm_provider_mock::Script;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::exchanges::{Exchange, ExchangeError, Replay};
use crate::record::{Record, Records};
use crate::routes;
use crate::stage::Stage;

/// How long the listener rests after a failed `accept`, which mostly means too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// The server; see [`MockServer::start`].
#[derive(Clone, Copy, Debug)]
pub struct MockServer;

/// Settings of a server.
#[derive(Clone, Debug)]
pub struct Options {
    /// Address to listen on. Default: `127.0.0.1`.
    pub host: IpAddr,
    /// Port to listen on; 0 takes a free one. Default: 0.
    pub port: u16,
    /// Script of requests that bring none. Default: a greeting.
    pub script: Option<Script>,
    /// Requests kept in the record, the oldest forgotten first; 0 records nothing. Default: 1,000.
    pub max_records: usize,
    /// Keep the bodies of requests too, at most 64 MiB in all. Default: true.
    pub record_bodies: bool,
    /// Longest request body, in bytes; longer ones are refused with a 413. Default: 64 MiB.
    pub max_body_bytes: usize,
    /// Streams a client may have open on one HTTP/2 connection. Default: hyper's, 200.
    pub h2_max_concurrent_streams: Option<u32>,
    /// How long [`Handle::stop`] lets open answers go on, in milliseconds. Default: 1,000.
    pub drain_ms: u64,
    /// Unix time in milliseconds. Default: the system's clock.
    pub clock: fn() -> i64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            host: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            script: None,
            max_records: 1_000,
            record_bodies: true,
            max_body_bytes: 64 << 20,
            h2_max_concurrent_streams: None,
            drain_ms: 1_000,
            clock: system_ms,
        }
    }
}

/// A running server. Dropped, it stops at once and breaks every connection; [`Self::stop`] is kinder.
#[derive(Debug)]
pub struct Handle {
    addr: SocketAddr,
    stage: Arc<Stage>,
    stop: oneshot::Sender<()>,
    tasks: JoinSet<()>,
}

impl MockServer {
    /// Starts a server on the current tokio runtime. It speaks HTTP/1.1 and, without TLS, HTTP/2.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start(options: Options) -> io::Result<Handle> {
        let listener = TcpListener::bind((options.host, options.port)).await?;
        let addr = listener.local_addr()?;
        let records = Arc::new(Records::new(options.max_records, options.record_bodies));
        let stage = Arc::new(Stage::new(records, options.script, options.max_body_bytes, options.clock));

        let mut connections = auto::Builder::new(TokioExecutor::new());
        if let Some(streams) = options.h2_max_concurrent_streams {
            connections.http2().max_concurrent_streams(streams);
        }
        let drain = Duration::from_millis(options.drain_ms);
        let (stop, stopped) = oneshot::channel();
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, connections, Arc::clone(&stage), stopped, drain));
        Ok(Handle { addr, stage, stop, tasks })
    }
}

impl Handle {
    /// Where the server listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://` and the address, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The record, oldest first.
    pub fn records(&self) -> Vec<Record> {
        self.stage.records.list()
    }

    /// The record, as soon as `ready` says that it holds what is waited for. Set a deadline around it.
    pub async fn records_when(&self, ready: impl Fn(&[Record]) -> bool) -> Vec<Record> {
        self.stage.records.list_when(ready).await
    }

    /// Requests since the start or the last clearing, those no longer in the record included.
    pub fn total(&self) -> u64 {
        self.stage.records.total()
    }

    /// Empties the record.
    pub fn clear_records(&self) {
        self.stage.records.clear();
    }

    /// Replaces the script of requests that bring none, empties the queue and begins counting requests anew. `None`
    /// greets.
    pub fn set_script(&self, script: Option<Script>) {
        self.stage.set_script(script);
    }

    /// Gives each of the next requests a script of its own; then the default one serves again.
    pub fn set_queue(&self, scripts: Vec<Script>) {
        self.stage.set_queue(scripts);
    }

    /// Answers from these exchanges alone from now on, each once and in order; an empty list ends that.
    ///
    /// # Errors
    /// [`ExchangeError`] when one of them makes no answer; nothing changes then.
    pub fn set_exchanges(&self, exchanges: Vec<Exchange>) -> Result<(), ExchangeError> {
        self.stage.set_replay(Replay::new(exchanges)?);
        Ok(())
    }

    /// Exchanges not yet served.
    pub fn exchanges_left(&self) -> usize {
        self.stage.exchanges_left()
    }

    /// Stops listening, lets open answers go on for [`Options::drain_ms`], then breaks what is left. Returns the record.
    pub async fn stop(mut self) -> Vec<Record> {
        // Where nobody listens any more, the accept loop has ended already.
        let _ = self.stop.send(());
        while self.tasks.join_next().await.is_some() {}
        self.stage.records.list()
    }
}

/// Takes connections until it is told to stop or the handle is gone, then sees them out.
async fn accept(
    listener: TcpListener,
    builder: auto::Builder<TokioExecutor>,
    stage: Arc<Stage>,
    mut stopped: oneshot::Receiver<()>,
    drain: Duration,
) {
    let mut connections = JoinSet::new();
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = &mut stopped => break,
            Some(_) = connections.join_next() => continue,
        };
        match accepted {
            Ok((stream, _)) => {
                connections.spawn(connection(
                    stream,
                    builder.clone(),
                    Arc::clone(&stage),
                    graceful.watcher(),
                ));
            }
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
    drop(listener);
    // What is still open after the time allowed is broken by the shutdown below.
    let _ = tokio::time::timeout(drain, graceful.shutdown()).await;
    connections.shutdown().await;
}

async fn connection(
    stream: TcpStream,
    builder: auto::Builder<TokioExecutor>,
    stage: Arc<Stage>,
    watcher: hyper_util::server::graceful::Watcher,
) {
    // Without it each event of a stream would wait for the last one's acknowledgement. A socket that refuses is closed.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let service = service_fn(|request| routes::serve(Arc::clone(&stage), request));
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    // Clients that hang up and answers that are cut end in errors; the record has both.
    let _ = watcher.watch(connection).await;
}

#[expect(clippy::disallowed_methods, reason = "the one place where this server meets the system's clock")]
fn system_ms() -> i64 {
    let now = std::time::SystemTime::now();
    now.duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|age| i64::try_from(age.as_millis()).ok())
        .unwrap_or_default()
}
