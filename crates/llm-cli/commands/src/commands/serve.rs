//! `serve`: the gateway itself.

use std::io::Write as _;
use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;

use anyhow::Context as _;
use llm_gateway::boot::{Gateway, Overrides, Source, boot, load};
use llm_gateway::config::{self, SingleModel};
use llm_gateway::edge::Lanes;
use llm_gateway::runtime::Runtime;
use llm_gateway::telemetry::access_log::Lines;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use crate::Found;
use crate::args::{LogFormat, ServeArgs};

pub(crate) fn run(args: &ServeArgs) -> anyhow::Result<Found> {
    let (source, runtime) = (source(args), Runtime::system());
    // Logs and threads are set up once, before anything else, as the configuration says.
    let settings = load(&source, &runtime)?.settings;
    let format = args.log_format.or(match settings.access_log.format {
        config::LogFormat::Auto => None,
        config::LogFormat::Human => Some(LogFormat::Human),
        config::LogFormat::Json => Some(LogFormat::Json),
    });
    let log = crate::log::init(&args.log, format)?;
    let workers = args.workers.or(settings.server.worker_threads.map(NonZero::get));
    let workers = workers.or_else(|| available_parallelism().map(NonZero::get).ok()).unwrap_or(1);
    // What is no request - the ledger's batches, what is shared, what is watched - shall not hold up those that are.
    let background = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("llm-gateway-background")
        .worker_threads(workers.div_ceil(REQUESTS_TO_BACKGROUND))
        .build()
        .context("no threads")?;
    let lanes = Lanes::start(workers).context("no threads")?;
    background.block_on(serve(args, source, runtime, &lanes, log.lines.clone()))
}

/// Threads that serve requests to one thread of the background.
const REQUESTS_TO_BACKGROUND: usize = 4;

async fn serve(
    args: &ServeArgs,
    source: Source,
    runtime: Runtime,
    lanes: &Lanes,
    lines: Option<Arc<dyn Lines>>,
) -> anyhow::Result<Found> {
    let overrides = Overrides {
        host: args.host,
        port: args.port,
        allow_public_without_key: args.allow_public_without_key,
        lines,
    };
    outlive_full_files();
    let gateway = boot(source, &overrides, runtime).await?;
    // Whoever reads that it listens may tell it to stop.
    let stop_asked_for = stop_asked_for();
    tell_start(&gateway)?;
    let stop = CancellationToken::new();
    let asked = stop.clone();
    let wait = async move {
        stop_asked_for.await;
        asked.cancel();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = gateway.run(lanes, stop) => {}
        () = wait => {}
    }
    Ok(Found::Well)
}

fn source(args: &ServeArgs) -> Source {
    if let Some(file) = &args.config {
        return Source::File(file.clone());
    }
    let Some(model) = &args.model else { return Source::Embedded };
    let api_base = args.api_base.iter().map(|base| ("api_base".to_owned(), Value::from(base.as_str())));
    let params: Map<String, Value> = api_base.collect();
    Source::Single(SingleModel { model: model.clone(), alias: None, params })
}

/// Where it listens, what it serves, and a line to try it with.
fn tell_start(gateway: &Gateway) -> anyhow::Result<()> {
    let serving = gateway.app.serving();
    let scheme = if gateway.is_tls() { "https" } else { "http" };
    let base = format!("{scheme}://{}", gateway.address());
    let mut out = std::io::stdout().lock();
    writeln!(out, "llm-gateway {} listening on {base}", env!("CARGO_PKG_VERSION"))?;
    const SHOWN: usize = 12;
    let names: Vec<&str> = serving.listed.iter().map(|model| &*model.name).collect();
    let more = names.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    writeln!(out, "models: {}{more}", names[..names.len().min(SHOWN)].join(", "))?;
    let model = names.iter().find(|name| !name.contains('*')).unwrap_or(&"mock");
    let key = if serving.authenticator.needs_key() { " -H 'authorization: Bearer <master key>'" } else { "" };
    writeln!(out, "try:")?;
    writeln!(
        out,
        "  curl {base}/v1/chat/completions{key} -H 'content-type: application/json' \
         -d '{{\"model\":\"{model}\",\"messages\":[{{\"role\":\"user\",\"content\":\"Hello\"}}]}}'"
    )?;
    out.flush()?;
    Ok(())
}

/// A write past the limit on the size of files fails from now on, as one to a full disk does, and does not end the process.
fn outlive_full_files() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        // That somebody listens is enough, and holds for good.
        let kind = SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw());
        if let Err(error) = signal(kind) {
            tracing::warn!(%error, "a limit on the size of files would end this process");
        }
    }
}

/// SIGTERM or Ctrl-C, from the moment on that this is called, and not only once somebody waits for it.
#[cfg(unix)]
fn stop_asked_for() -> impl Future<Output = ()> {
    use tokio::signal::unix::{Signal, SignalKind, signal};
    let heard = |kind| {
        let told =
            |error: &std::io::Error| tracing::warn!(%error, "a signal to stop ends this process at once");
        signal(kind).inspect_err(told).ok()
    };
    let (mut terminate, mut interrupt) = (heard(SignalKind::terminate()), heard(SignalKind::interrupt()));
    async move {
        let came = async |signal: &mut Option<Signal>| match signal {
            Some(signal) => drop(signal.recv().await),
            None => std::future::pending().await,
        };
        tokio::select! {
            () = came(&mut terminate) => {}
            () = came(&mut interrupt) => {}
        }
    }
}

/// Ctrl-C.
#[cfg(not(unix))]
async fn stop_asked_for() {
    let _ = tokio::signal::ctrl_c().await;
}
