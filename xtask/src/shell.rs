//! Running other programs: with their output shown, taken, or both.

use std::{
    ffi::{OsStr, OsString},
    fmt,
    io::{BufRead as _, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Mutex,
};

use anyhow::{Context as _, bail};

use crate::clock;

/// A command line, with what has to be set for it.
#[derive(Debug, Clone)]
pub(crate) struct Cmd {
    program: OsString,
    args: Vec<OsString>,
    env: Vec<(&'static str, OsString)>,
}

/// What [`Cmd::tee`] brings back.
#[derive(Debug)]
pub(crate) struct Teed {
    pub(crate) success: bool,
    /// Standard output and standard error, line by line as they came.
    pub(crate) text: String,
}

impl Cmd {
    pub(crate) fn new(program: impl Into<OsString>) -> Self {
        Self { program: program.into(), args: Vec::new(), env: Vec::new() }
    }

    /// The cargo that runs this program, with the words of `line` as its arguments.
    pub(crate) fn cargo(line: &str) -> Self {
        Self::new(clock::env("CARGO").unwrap_or_else(|| "cargo".into())).args(line.split_whitespace())
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    pub(crate) fn args(self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        args.into_iter().fold(self, Self::arg)
    }

    pub(crate) fn env(mut self, name: &'static str, value: impl AsRef<OsStr>) -> Self {
        self.env.push((name, value.as_ref().to_owned()));
        self
    }

    /// The standard library's command, for callers that keep the child.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args).envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Prints the command and runs it with its output shown. Fails when it fails.
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        println!("$ {self}");
        let status = self.command().status().with_context(|| format!("cannot run `{self}`"))?;
        if !status.success() {
            bail!("`{self}` failed ({status})");
        }
        Ok(())
    }

    /// Runs quietly and returns standard output. Fails, with standard error, when the command fails.
    pub(crate) fn output(&self) -> anyhow::Result<String> {
        let output = self.command().output().with_context(|| format!("cannot run `{self}`"))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("`{self}` failed ({}): {}", output.status, said.trim());
        }
        String::from_utf8(output.stdout)
            .with_context(|| format!("`{self}` wrote something that is not UTF-8"))
    }

    /// Whether the program is there and the command succeeds; shows nothing.
    pub(crate) fn succeeds(&self) -> bool {
        self.command()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }

    /// Prints the command, runs it with its output shown, and keeps the output.
    pub(crate) fn tee(&self) -> anyhow::Result<Teed> {
        println!("$ {self}");
        let mut child = self
            .command()
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run `{self}`"))?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let kept = Mutex::new(String::new());
        std::thread::scope(|scope| {
            scope.spawn(|| copy_lines(stdout, std::io::stdout(), &kept));
            scope.spawn(|| copy_lines(stderr, std::io::stderr(), &kept));
        });
        let status = child.wait()?;
        Ok(Teed { success: status.success(), text: kept.into_inner().unwrap_or_default() })
    }
}

fn copy_lines(from: Option<impl Read>, mut to: impl Write, kept: &Mutex<String>) {
    let Some(from) = from else { return };
    let mut reader = BufReader::new(from);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        // A closed terminal does not stop the tests.
        drop(to.write_all(&line));
        if let Ok(mut kept) = kept.lock() {
            kept.push_str(&String::from_utf8_lossy(&line));
        }
        line.clear();
    }
}

impl fmt::Display for Cmd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.env {
            write!(f, "{name}={:?} ", value.to_string_lossy())?;
        }
        let program = Path::new(&self.program).file_name().unwrap_or(&self.program);
        f.write_str(&program.to_string_lossy())?;
        self.args.iter().try_for_each(|arg| write!(f, " {}", arg.to_string_lossy()))
    }
}

/// Where a program is found on the search path.
pub(crate) fn which(program: &str) -> Option<PathBuf> {
    let path = clock::env("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_command_says_what_it_wrote() {
        let error = Cmd::cargo("no-such-command").output().expect_err("cargo has no such command");
        assert!(format!("{error:#}").contains("no-such-command"), "{error:#}");
    }

    #[test]
    fn output_is_shown_and_kept() {
        let teed = Cmd::cargo("--version").tee().expect("cargo runs the tests");
        assert!(teed.success && teed.text.starts_with("cargo "), "{teed:?}");
        let teed = Cmd::cargo("no-such-command").tee().expect("cargo itself is there");
        assert!(!teed.success && teed.text.contains("no-such-command"), "{teed:?}");
    }
}
