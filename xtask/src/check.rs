//! What CI checks, in one command.

use std::{process::Child, time::Duration};

use clap::ValueEnum;

use crate::{bench, clock, features, generate, layers, shell::Cmd, suites, workspace::EVERYTHING};

/// The steps, in the order in which they run: what fails fast comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Step {
    /// rustfmt
    Fmt,
    /// The dependency graph
    Layers,
    /// Lints, warnings denied
    Clippy,
    /// Tests, documentation examples, SDK suites
    Test,
    /// The files in docs/generated
    Generated,
    /// rustdoc, warnings denied
    Doc,
    /// Each library alone, feature by feature
    Features,
    /// cargo-deny, where it is installed
    Deny,
    /// A short benchmark that fails only when something is very wrong
    Bench,
}

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only these steps.
    #[arg(long, value_delimiter = ',', value_name = "STEPS")]
    only: Vec<Step>,
    /// All but these steps.
    #[arg(long, value_delimiter = ',', value_name = "STEPS")]
    skip: Vec<Step>,
    /// Go on after a step that failed.
    #[arg(long)]
    keep_going: bool,
}

enum Outcome {
    Passed,
    Failed(String),
    /// With the reason.
    Skipped(&'static str),
}

/// Runs the chosen steps and prints how each ended; true when none failed.
pub(crate) fn run(args: &Args) -> anyhow::Result<bool> {
    let steps = args.steps();
    // Other steps leave a core to it now and then. What comes of it is told by the step itself, which builds it again.
    let is_measured = steps.contains(&Step::Bench) && bench::is_supported();
    let mut build = is_measured.then(bench::begin_to_build).transpose()?.map(Background);
    let mut ended = Vec::new();
    let mut failed = false;
    for step in steps {
        if failed && !args.keep_going {
            ended.push((step, Outcome::Skipped("an earlier step failed"), Duration::ZERO));
            continue;
        }
        println!("\n== {} ==", name(step));
        let began = clock::now();
        if step == Step::Bench
            && let Some(build) = &mut build
        {
            build.0.wait()?;
        }
        let outcome = step.run();
        if let Outcome::Failed(why) = &outcome {
            failed = true;
            println!("{} failed: {why}", name(step));
        }
        ended.push((step, outcome, began.elapsed()));
    }
    println!();
    for (step, outcome, took) in &ended {
        let word = match outcome {
            Outcome::Passed => "ok".to_owned(),
            Outcome::Failed(_) => format!("FAILED (again: cargo xtask check --only {})", name(*step)),
            Outcome::Skipped(why) => format!("skipped: {why}"),
        };
        println!("{:<10} {:>7.1} s  {word}", name(*step), took.as_secs_f64());
    }
    Ok(!failed)
}

/// A command that runs beside the steps, and ends with them.
struct Background(Child);

impl Drop for Background {
    fn drop(&mut self) {
        // It fails where the command has ended, which is the usual case.
        let _ended = self.0.kill();
        let _waited = self.0.wait();
    }
}

fn name(step: Step) -> String {
    step.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

impl Args {
    fn steps(&self) -> Vec<Step> {
        let wanted = |step: &Step| self.only.is_empty() || self.only.contains(step);
        Step::value_variants()
            .iter()
            .copied()
            .filter(|step| wanted(step) && !self.skip.contains(step))
            .collect()
    }
}

impl Step {
    fn run(self) -> Outcome {
        let done = match self {
            Self::Fmt => Cmd::cargo("fmt --all --check").run().map(|()| true),
            Self::Layers => layers::run(),
            Self::Clippy => {
                let clippy = Cmd::cargo("clippy --all-targets").args(EVERYTHING);
                clippy.args(["--", "--deny", "warnings"]).run().map(|()| true)
            }
            Self::Test => suites::run(),
            Self::Generated => generate::run(&generate::Args { check: true }),
            Self::Doc => {
                let doc = Cmd::cargo("doc --no-deps").args(EVERYTHING);
                doc.env("RUSTDOCFLAGS", "--deny warnings").run().map(|()| true)
            }
            Self::Features => features::run().map(|()| true),
            Self::Deny if !Cmd::cargo("deny --version").succeeds() => {
                return Outcome::Skipped(
                    "cargo-deny is not installed; the step layers checks the same rules",
                );
            }
            // Not `advisories`: that check needs the network.
            Self::Deny => Cmd::cargo("deny check bans licenses sources").run().map(|()| true),
            Self::Bench if !bench::is_supported() => {
                return Outcome::Skipped("processor time is read from /proc, which this system lacks");
            }
            Self::Bench => bench::run(&bench::Args::quick()),
        };
        match done {
            Ok(true) => Outcome::Passed,
            Ok(false) => Outcome::Failed("see above".to_owned()),
            Err(error) => Outcome::Failed(format!("{error:#}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(only: &[Step], skip: &[Step]) -> Vec<Step> {
        Args { only: only.to_vec(), skip: skip.to_vec(), keep_going: false }.steps()
    }

    #[test]
    fn steps_are_chosen_in_their_own_order() {
        assert_eq!(chosen(&[], &[]), Step::value_variants());
        assert_eq!(chosen(&[Step::Doc, Step::Fmt], &[]), [Step::Fmt, Step::Doc]);
        assert_eq!(chosen(&[Step::Doc, Step::Fmt], &[Step::Fmt]), [Step::Doc]);
        assert!(!chosen(&[], &[Step::Bench]).contains(&Step::Bench));
    }
}
