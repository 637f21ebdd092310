//! The grid that every vendor is held against.

use std::path::Path;

use llm_testkit::conformance::{Vendor, run};

use crate::CLAUDE;
use crate::spoken::Spoken;

#[test]
fn the_grid() {
    let report = run(&Vendor {
        provider: &Spoken,
        fixtures: &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/conformance"),
        model: CLAUDE,
        // The padding of the last event but one.
        terminal: "\"p\":\"stop\"}",
        junk: &[
            "event: weather\ndata: {\"sky\":{\"blue\":true}}\n\n",
            "event: contentBlockDelta\ndata: {\"contentBlockIndex\":0,\"delta\":{\"smell\":{\"of\":\"roses\"}}}\n\n",
            "event: contentBlockStart\ndata: {\"contentBlockIndex\":99,\"start\":{\"smell\":{}}}\n\n",
        ],
        skips: &[],
    });
    assert!(report.skipped.is_empty(), "{report}");
}
