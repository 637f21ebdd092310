//! The `llm-gateway` binary: arguments, exit codes, log set-up. Everything else is in the libraries.

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

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What a command found: its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// All is well.
    Well,
    /// The command ran, and what it looked at is not well.
    Unwell,
}

fn main() -> ExitCode {
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
            commands::completions(shell);
            Ok(Found::Well)
        }
        #[cfg(feature = "schemars")]
        Command::Docs { dir } => commands::docs::write(&dir),
    };
    match result {
        Ok(Found::Well) => ExitCode::SUCCESS,
        Ok(Found::Unwell) => ExitCode::FAILURE,
        Err(error) => {
            tell_error(&error);
            ExitCode::from(2)
        }
    }
}

#[expect(clippy::print_stderr, reason = "the error of a command belongs on standard error")]
fn tell_error(error: &anyhow::Error) {
    // A reader that has gone away, such as `head`, is no error.
    let broken_pipe = error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe);
    if !broken_pipe {
        eprintln!("{} {error:#}", "error:".if_supports_color(Stream::Stderr, |text| text.red()));
    }
}

/// Whether standard output is a person's terminal.
fn on_terminal() -> bool {
    std::io::stdout().is_terminal()
}
