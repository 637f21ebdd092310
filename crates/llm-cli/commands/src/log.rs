//! Log lines: for people on a terminal, JSON elsewhere.

mod batch;
mod json;

use std::io::IsTerminal as _;
use std::sync::Arc;

use anyhow::Context as _;
use llm_gateway::telemetry::access_log::Lines;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{fmt, registry};

use crate::args::LogFormat;
use batch::Flush;

/// The log of the process. Dropping it writes the lines that still wait.
pub(crate) struct Log {
    /// Takes the lines of requests, if lines are JSON.
    pub(crate) lines: Option<Arc<dyn Lines>>,
    _flush: Flush,
}

/// Sets logging up for the process.
pub(crate) fn init(filter: &str, format: Option<LogFormat>) -> anyhow::Result<Log> {
    let filter: Targets = filter.parse().with_context(|| format!("--log {filter:?} is no filter"))?;
    let terminal = std::io::stderr().is_terminal();
    let format = format.unwrap_or(if terminal { LogFormat::Human } else { LogFormat::Json });
    let (writer, flush) = batch::start(std::io::stderr()).context("no thread for the log")?;
    let lines = fmt::layer().with_writer(writer.clone());
    let subscriber = registry().with(filter);
    let own: Option<Arc<dyn Lines>> = match format {
        LogFormat::Human => {
            subscriber.with(lines.with_ansi(terminal).with_target(false).compact()).init();
            None
        }
        LogFormat::Json => {
            subscriber.with(lines.event_format(json::JsonLines)).init();
            Some(Arc::new(writer))
        }
    };
    Ok(Log { lines: own, _flush: flush })
}
