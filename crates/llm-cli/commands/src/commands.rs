//! One file a command.

pub(crate) mod chat;
pub(crate) mod check;
#[cfg(feature = "schemars")]
pub(crate) mod docs;
pub(crate) mod explain;
pub(crate) mod mock;
pub(crate) mod models;
#[cfg(feature = "schemars")]
mod reference;
pub(crate) mod schema;
pub(crate) mod serve;

/// Prints a completion script.
pub(crate) fn completions(shell: clap_complete::Shell) -> std::io::Result<()> {
    use clap::CommandFactory as _;
    use std::io::Write as _;
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut crate::args::Cli::command(), "llm-gateway", &mut script);
    std::io::stdout().write_all(&script)
}
