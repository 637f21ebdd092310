//! Running the load generator and reading what it prints.

use std::{net::SocketAddr, path::Path};

use anyhow::Context as _;
use serde::Deserialize;

use super::scenario::Scenario;
use crate::shell::Cmd;

/// What one run of the load generator measured.
#[derive(Debug, Deserialize)]
pub(super) struct Measured {
    pub(super) requests: u64,
    pub(super) errors: u64,
    pub(super) first_error: Option<String>,
    pub(super) elapsed_s: f64,
    pub(super) events: u64,
    pub(super) latency: Option<Percentiles>,
    pub(super) first_event: Option<Percentiles>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Percentiles {
    pub(super) p50_us: f64,
    pub(super) p99_us: f64,
}

/// Loads a server for some seconds. The generator bounds itself, whatever the server does.
pub(super) fn run(
    program: &Path,
    target: SocketAddr,
    scenario: &Scenario,
    (model, key): (&str, &str),
    seconds: f64,
) -> anyhow::Result<Measured> {
    let mut cmd = Cmd::new(program)
        .args(["--target", &target.to_string()])
        .args(["--dialect", scenario.client.name()])
        .args(["--model", model])
        .args(["--key", key])
        .args(["--connections", &scenario.connections.to_string()])
        .args(["--prompt-bytes", &scenario.prompt_bytes.to_string()])
        .args(["--seconds", &seconds.to_string()]);
    if scenario.stream {
        cmd = cmd.arg("--stream");
    }
    serde_json::from_str(&cmd.output()?)
        .context("the load generator's report has another shape than expected")
}
