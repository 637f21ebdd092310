//! Log lines: for people on a terminal, JSON elsewhere. Lines are written by a thread of their own, so that no request
//! waits for whoever reads them.

mod json;

use std::io::{BufWriter, IsTerminal as _};

use anyhow::Context as _;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::{EnvFilter, fmt};

use crate::args::LogFormat;

/// Lines that may wait for the reader; past this they are dropped, and counted by nobody but the reader's gap.
const WAITING_LINES: usize = 8_192;

/// Sets logging up for the process. Dropping what is returned writes the lines that still wait.
pub(crate) fn init(filter: &str, format: Option<LogFormat>) -> anyhow::Result<WorkerGuard> {
    let filter = EnvFilter::try_new(filter).with_context(|| format!("--log {filter:?} is no filter"))?;
    let terminal = std::io::stderr().is_terminal();
    let format = format.unwrap_or(if terminal { LogFormat::Human } else { LogFormat::Json });
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(WAITING_LINES)
        .thread_name("llm-gateway-log")
        .finish(BufWriter::with_capacity(64 << 10, std::io::stderr()));
    let lines = fmt().with_env_filter(filter).with_writer(writer);
    match format {
        LogFormat::Human => lines.with_ansi(terminal).with_target(false).compact().init(),
        LogFormat::Json => lines.event_format(json::JsonLines).init(),
    }
    Ok(guard)
}
