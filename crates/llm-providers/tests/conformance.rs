//! One grid over every vendor: the same scenarios, told in the vendor's own wire.
//!
//! Fixtures written from the vendors' documentation (OpenAI "Chat Completions" and "Error codes", Anthropic
//! "Messages", "Streaming" and "Errors"), read 2026-11.

use std::path::{Path, PathBuf};

use llm_testkit::conformance::{Report, Scenario, Vendor, run};

fn fixtures(dialect: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/conformance").join(dialect)
}

fn vendor(id: &str, dialect: &str, terminal: &str, junk: &str, skips: &[(Scenario, &str)]) -> Report {
    let provider = llm_providers::find(id).unwrap();
    run(&Vendor {
        provider: &*provider,
        fixtures: &fixtures(dialect),
        model: "model-1",
        terminal,
        junk: &[junk],
        skips,
    })
}

#[test]
fn openai() {
    let report =
        vendor("openai", "openai", "data: [DONE]", "event: new\ndata: {\"object\":\"new\"}\n\n", &[]);
    assert!(report.skipped.is_empty(), "{report}");
}

#[test]
fn anthropic() {
    let report = vendor(
        "anthropic",
        "anthropic",
        "data: {\"type\":\"message_stop\"}",
        "event: new\ndata: {\"type\":\"new\"}\n\n",
        &[],
    );
    assert!(report.skipped.is_empty(), "{report}");
}
