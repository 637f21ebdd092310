//! The grid of scenarios that every vendor goes through, told by a Responses API.

use std::path::Path;

use llm_provider_openai::OpenAi;
use llm_testkit::conformance::{Vendor, run, run_corpus};

/// The model's name chooses the API.
const MODEL: &str = "responses/model-1";

#[test]
fn every_scenario() {
    let report = run(&Vendor {
        provider: &OpenAi::new(),
        fixtures: &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/responses/conformance"),
        model: MODEL,
        terminal: r#""type":"response.completed"}"#,
        junk: &["event: response.new\ndata: {\"type\":\"response.new\"}\n\n"],
        skips: &[],
    });
    assert!(report.skipped.is_empty(), "{report}");
}

#[test]
fn the_whole_corpus() {
    let refused = run_corpus(&OpenAi::new(), MODEL, &[]);
    assert!(refused.is_empty(), "{refused:?}");
}
