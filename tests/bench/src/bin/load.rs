//! A load generator: some connections, each asking again as soon as it has its answer, for some seconds
//! or some requests. Prints one JSON object.
//!
//! Every answer is checked (status, end of the stream), so that a fast failure does not look like speed.
#![expect(clippy::print_stdout, reason = "the JSON on standard output is the interface")]

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use clap::Parser;
use http::{Method, Request, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use llm_bench::{Dialect, EventCounter, Percentiles};
use serde::Serialize;
use serde_json::json;
use tokio::{net::TcpStream, task::JoinSet, time::timeout};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Asks a server on loopback for chat answers and measures it.
#[derive(Parser)]
struct Args {
    /// Address and port of the server.
    #[arg(long)]
    target: SocketAddr,
    /// Whose wire the client speaks.
    #[arg(long, value_enum, default_value_t = Dialect::Openai)]
    dialect: Dialect,
    /// The model asked for.
    #[arg(long)]
    model: String,
    /// The client's key.
    #[arg(long, default_value = "sk-bench")]
    key: String,
    /// Connections, each with one request at a time.
    #[arg(long, default_value_t = 1)]
    connections: usize,
    /// No request begins after this many seconds.
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// No more requests than this.
    #[arg(long, default_value_t = 1_000_000)]
    max_requests: u64,
    /// Bytes of the user's message.
    #[arg(long, default_value_t = 512)]
    prompt_bytes: usize,
    /// Ask for a stream.
    #[arg(long)]
    stream: bool,
}

/// One answer takes at most this long.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

#[derive(Serialize)]
struct Report {
    requests: u64,
    errors: u64,
    first_error: Option<String>,
    elapsed_s: f64,
    events: u64,
    answer_bytes: u64,
    latency: Option<Percentiles>,
    first_event: Option<Percentiles>,
}

#[derive(Default)]
struct Tally {
    latency_ns: Vec<u64>,
    first_event_ns: Vec<u64>,
    events: u64,
    answer_bytes: u64,
    errors: u64,
    first_error: Option<String>,
}

/// What every connection shares.
struct Plan {
    target: SocketAddr,
    head: Request<()>,
    body: Bytes,
    stream: bool,
    until: Instant,
    tickets: AtomicU64,
    max_requests: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let began = now();
    let plan = Arc::new(Plan {
        target: args.target,
        head: head(&args)?,
        body: Bytes::from(body(&args)),
        stream: args.stream,
        until: began + Duration::from_secs_f64(args.seconds),
        tickets: AtomicU64::new(0),
        max_requests: args.max_requests,
    });
    let mut connections = JoinSet::new();
    for _ in 0..args.connections {
        connections.spawn(run(Arc::clone(&plan)));
    }
    let mut sum = Tally::default();
    while let Some(tally) = connections.join_next().await {
        sum.add(tally?);
    }
    let report = Report {
        requests: sum.latency_ns.len() as u64,
        errors: sum.errors,
        first_error: sum.first_error,
        elapsed_s: began.elapsed().as_secs_f64(),
        events: sum.events,
        answer_bytes: sum.answer_bytes,
        latency: Percentiles::of(&mut sum.latency_ns),
        first_event: Percentiles::of(&mut sum.first_event_ns),
    };
    println!("{}", serde_json::to_string(&report)?);
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "measuring time is what this program is for")]
fn now() -> Instant {
    Instant::now()
}

fn head(args: &Args) -> anyhow::Result<Request<()>> {
    let request = Request::builder()
        .method(Method::POST)
        .header(header::HOST, args.target.to_string())
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, "bench-load");
    let request = match args.dialect {
        Dialect::Openai => {
            request.uri("/v1/chat/completions").header(header::AUTHORIZATION, format!("Bearer {}", args.key))
        }
        Dialect::Anthropic => request
            .uri("/v1/messages")
            .header("x-api-key", &args.key)
            .header("anthropic-version", "2023-06-01"),
    };
    Ok(request.body(())?)
}

fn body(args: &Args) -> String {
    let prompt: String = "Lorem ipsum dolor sit amet. ".chars().cycle().take(args.prompt_bytes).collect();
    json!({
        "model": args.model,
        "messages": [{ "role": "user", "content": prompt }],
        "max_tokens": 1024,
        "temperature": 0.5,
        "stream": args.stream
    })
    .to_string()
}

async fn run(plan: Arc<Plan>) -> Tally {
    let mut tally = Tally::default();
    let mut sender = None;
    while now() < plan.until && plan.tickets.fetch_add(1, Ordering::Relaxed) < plan.max_requests {
        let answer = timeout(ANSWER_WITHIN, ask(&plan, &mut sender, &mut tally)).await;
        if let Err(error) = answer.context("no whole answer in time").flatten() {
            sender = None;
            tally.errors += 1;
            tally.first_error.get_or_insert_with(|| format!("{error:#}"));
            // A server that refuses at once shall not be asked in a busy loop.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    tally
}

type Sender = SendRequest<Full<Bytes>>;

async fn ask(plan: &Plan, kept: &mut Option<Sender>, tally: &mut Tally) -> anyhow::Result<()> {
    let sender = match kept {
        Some(sender) => sender,
        None => kept.insert(connect(plan.target).await?),
    };
    sender.ready().await?;
    let began = now();
    let request = plan.head.clone().map(|()| Full::new(plan.body.clone()));
    let response = sender.send_request(request).await?;
    let status = response.status();
    let mut body = response.into_body();
    let mut counter = EventCounter::default();
    let mut bytes = 0;
    let mut first_event = None;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        bytes += data.len() as u64;
        if plan.stream && counter.push(&data) > 0 && first_event.is_none() {
            first_event = Some(began.elapsed());
        } else if !status.is_success() {
            bail!("status {status}: {}", String::from_utf8_lossy(&data[..data.len().min(300)]));
        }
    }
    if !status.is_success() || bytes == 0 {
        bail!("status {status} with {bytes} bytes");
    }
    if plan.stream && !counter.is_whole() {
        bail!("a stream of {} events has no end", counter.events());
    }
    tally.latency_ns.push(nanos(began.elapsed()));
    tally.first_event_ns.extend(first_event.map(nanos));
    tally.events += counter.events();
    tally.answer_bytes += bytes;
    Ok(())
}

async fn connect(target: SocketAddr) -> anyhow::Result<Sender> {
    let stream = TcpStream::connect(target).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    spawn(async move {
        // Its failures reach the request that was under way.
        drop(connection.await);
    });
    Ok(sender)
}

#[expect(clippy::disallowed_methods, reason = "a connection ends with its sender")]
fn spawn(connection: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(connection);
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.latency_ns.extend(other.latency_ns);
        self.first_event_ns.extend(other.first_event_ns);
        self.events += other.events;
        self.answer_bytes += other.answer_bytes;
        self.errors += other.errors;
        self.first_error = self.first_error.take().or(other.first_error);
    }
}
