//! The grid of scenarios that every vendor is held against, told in Gemini's wire.
//!
//! Fixtures written from Google's documentation of the Gemini API, version v1beta, read 2026-11.

use std::path::Path;

use llm_provider_gemini::Gemini;
use llm_testkit::conformance::{Scenario, Vendor, run};

#[test]
fn gemini() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/conformance");
    let report = run(&Vendor {
        provider: &Gemini,
        fixtures: &folder,
        model: "gemini-2.5-flash",
        terminal: "\"responseId\":\"resp-1\"}",
        junk: &["event: new\ndata: {}\n\n"],
        skips: &[(Scenario::ContentPolicy, "a blocked prompt or answer is an answer, with a reason to stop")],
    });
    assert_eq!(report.passed.len(), Scenario::ALL.len() - 1, "{report}");
}
