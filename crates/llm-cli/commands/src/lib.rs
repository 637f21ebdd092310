#![doc = include_str!("../README.md")]

mod args;
mod commands;
mod log;
mod manage;
mod translate;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::Parser as _;
use owo_colors::{OwoColorize as _, Stream};

use crate::args::{Cli, Command};

/// What a command found: its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// All is well.
    Well,
    /// The command ran, and what it looked at is not well.
    Unwell,
}

/// Reads the process's arguments, does what they say and tells what went wrong on standard error.
///
/// Exit codes: 0 all is well; 1 the command ran, and what it looked at is not well, or the gateway refused what was asked;
/// 2 the command could not do its work. Arguments that cannot be read end the process with 2, and `--help` with 0.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let command = cli.command.unwrap_or(Command::Serve(cli.serve));
    let result = match command {
        Command::Serve(args) => commands::serve::run(&args),
        Command::Check(args) => commands::check::run(&args),
        Command::Explain(args) => commands::explain::run(&args),
        Command::Chat(args) => commands::chat::run(&args),
        Command::Translate(args) => translate::run(&args),
        Command::Mock(args) => commands::mock::run(&args),
        Command::Schema => commands::schema::run(),
        Command::Models(args) => commands::models::run(&args),
        Command::Keys(args) => manage::keys::run(&args),
        Command::Teams(args) => manage::teams::run(&args),
        Command::Users(args) => manage::users::run(&args),
        Command::Spend(args) => manage::spend::run(&args),
        Command::Completions { shell } => {
            commands::completions(shell).map(|()| Found::Well).map_err(Into::into)
        }
        #[cfg(feature = "schemars")]
        Command::Docs { dir } => commands::docs::write(&dir),
    };
    match result {
        Ok(Found::Well) => ExitCode::SUCCESS,
        Ok(Found::Unwell) => ExitCode::FAILURE,
        // A reader that has gone away, such as `head`, is no error.
        Err(error) if is_unheard(&error) => ExitCode::SUCCESS,
        Err(error) => {
            tell_error(&error);
            ExitCode::from(2)
        }
    }
}

#[expect(clippy::print_stderr, reason = "the error of a command belongs on standard error")]
fn tell_error(error: &anyhow::Error) {
    eprintln!("{} {error:#}", "error:".if_supports_color(Stream::Stderr, |text| text.red()));
}

/// Whether nobody reads any more what a command prints. A vendor's connection that broke is told by another error, of
/// which this one is only the cause.
fn is_unheard(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}

/// Whether standard output is a person's terminal.
fn on_terminal() -> bool {
    std::io::stdout().is_terminal()
}
