//! `mock`: the scriptable vendor as a server.

use std::io::Write as _;

use anyhow::Context as _;

use crate::Found;
use crate::args::MockArgs;

pub(crate) fn run(args: &MockArgs) -> anyhow::Result<Found> {
    let script = args.script.as_deref().map(read_script).transpose()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut options =
            llm_mock_server::Options { port: args.port, max_records: args.max_records, ..Default::default() };
        if let Some(script) = script {
            options.script = Some(script);
        }
        let server = llm_mock_server::MockServer::start(options)
            .await
            .with_context(|| format!("cannot listen on port {}", args.port))?;
        let address = server.addr();
        let mut out = std::io::stdout().lock();
        writeln!(out, "mock vendor on http://{address}")?;
        writeln!(out, "  OpenAI's wire:    base URL http://{address}/v1")?;
        writeln!(out, "  Anthropic's wire: base URL http://{address}")?;
        writeln!(out, "  what it served:   GET http://{address}/_mock/requests")?;
        out.flush()?;
        drop(out);
        tokio::signal::ctrl_c().await?;
        let _records = server.stop().await;
        Ok(Found::Well)
    })
}

/// A script, given as JSON or as the name of a file.
fn read_script(text: &str) -> anyhow::Result<llm_mock_server::Script> {
    let json = if text.trim_start().starts_with('{') {
        text.to_owned()
    } else {
        std::fs::read_to_string(text).with_context(|| format!("cannot read {text}"))?
    };
    llm_mock_server::Script::from_json(json.as_bytes()).context("--script is no script")
}
