//! A server under measurement: started, awaited, and ended by its own handle.

use std::{
    io::{BufRead as _, BufReader},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    process::{Child, Stdio},
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};

use crate::{clock, shell::Cmd};

/// A server listens after at most this long, or has failed.
const START_WITHIN: Duration = Duration::from_secs(15);

/// A running server. Dropping it kills it and waits for its end.
#[derive(Debug)]
pub(super) struct Service {
    child: Child,
    pub(super) address: SocketAddr,
}

impl Service {
    /// Starts a program that prints `listening on ADDRESS` as its first line.
    pub(super) fn announced(cmd: &Cmd) -> anyhow::Result<Self> {
        let child = cmd.command().stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let child = child.with_context(|| format!("cannot run `{cmd}`"))?;
        let mut service = Self { child, address: (Ipv4Addr::LOCALHOST, 0).into() };
        let stdout = service.child.stdout.take().context("standard output was asked for")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line.trim().strip_prefix("listening on ").and_then(|address| address.parse().ok());
        service.address = address.with_context(|| format!("`{cmd}` began with {line:?}"))?;
        Ok(service)
    }

    /// Starts a program on a port that it was given, its output thrown away.
    pub(super) fn spawned(cmd: &Cmd, port: u16) -> anyhow::Result<Self> {
        let quiet = cmd.command().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = quiet.with_context(|| format!("cannot run `{cmd}`"))?;
        Ok(Self { child, address: (Ipv4Addr::LOCALHOST, port).into() })
    }

    /// As [`Self::spawned`], and waits until it takes connections.
    pub(super) fn listening(cmd: &Cmd, port: u16) -> anyhow::Result<Self> {
        let mut service = Self::spawned(cmd, port)?;
        let address = service.address;
        service.wait_for(|| TcpStream::connect(address).is_ok()).with_context(|| format!("`{cmd}`"))?;
        Ok(service)
    }

    /// Asks again until the answer is yes, the program has ended, or its time is up.
    pub(super) fn wait_for(&mut self, mut ready: impl FnMut() -> bool) -> anyhow::Result<()> {
        let began = clock::now();
        while !ready() {
            if let Some(status) = self.child.try_wait()? {
                bail!("ended at once ({status}); run it by hand to see why");
            }
            if began.elapsed() > START_WITHIN {
                bail!("did not answer within {START_WITHIN:?}");
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Asks it to end, and waits until it has.
    pub(super) fn end(mut self) -> anyhow::Result<()> {
        Cmd::new("kill").args(["-TERM", &self.pid().to_string()]).output()?;
        let status = self.child.wait()?;
        ensure!(status.success(), "ended with {status}");
        Ok(())
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself, and then there is nothing left to end.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A port that is free now.
pub(super) fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_ends_or_says_something_else_is_an_error() {
        let version = Cmd::cargo("--version");
        let error = Service::announced(&version).expect_err("cargo announces no address");
        assert!(format!("{error:#}").contains("began with"), "{error:#}");
        let error =
            Service::listening(&version, free_port().expect("a port")).expect_err("cargo does not listen");
        assert!(format!("{error:#}").contains("ended at once"), "{error:#}");
    }
}
