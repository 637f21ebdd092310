//! Log lines: for people on a terminal, JSON elsewhere.

mod batch;
mod json;

use std::io::IsTerminal as _;

use anyhow::Context as _;
use tracing_subscriber::{EnvFilter, fmt};

use crate::args::LogFormat;
pub(crate) use batch::Flush;

/// Sets logging up for the process. Dropping what is returned writes the lines that still wait.
pub(crate) fn init(filter: &str, format: Option<LogFormat>) -> anyhow::Result<Flush> {
    let filter = EnvFilter::try_new(filter).with_context(|| format!("--log {filter:?} is no filter"))?;
    let terminal = std::io::stderr().is_terminal();
    let format = format.unwrap_or(if terminal { LogFormat::Human } else { LogFormat::Json });
    let (writer, flush) = batch::start(std::io::stderr()).context("no thread for the log")?;
    let lines = fmt().with_env_filter(filter).with_writer(writer);
    match format {
        LogFormat::Human => lines.with_ansi(terminal).with_target(false).compact().init(),
        LogFormat::Json => lines.event_format(json::JsonLines).init(),
    }
    Ok(flush)
}
