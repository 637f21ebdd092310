//! The grid passes a sound vendor and fails the others, each for its own fault.

use std::path::PathBuf;

use super::*;
use crate::laws::Equivalence;
use crate::plain::{Fault, Plain};

fn folder() -> PathBuf {
    concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures").into()
}

fn grid(plain: &Plain, skips: &[(Scenario, &str)], fixtures: &Path) -> Result<Report, String> {
    let junk = ["event: new\ndata: {\"object\":\"new\"}\n\n"];
    let vendor =
        Vendor { provider: plain, fixtures, model: "plain-1", terminal: "data: [DONE]", junk: &junk, skips };
    caught(|| run(&vendor))
}

#[test]
fn a_sound_vendor_passes_all() {
    let report = grid(&Plain::new(Fault::None), &[], &folder()).unwrap();
    assert_eq!(report.passed, Scenario::ALL);
    assert_eq!(report.to_string(), "plain: 21 passed, 0 skipped");
}

#[test]
fn faults_are_found() {
    for (fault, scenario, message) in [
        (Fault::IndexZero, "parallel_tools_stream", "a later piece of call 0 has an id or a name again"),
        (Fault::NoTruncation, "truncated_stream", "the stream must end in `Truncated`"),
        (Fault::StrictEvents, "unknown_events", "changes the stream"),
        (Fault::ByPush, "text_stream", "the stream reads otherwise"),
        (Fault::UsageEverywhere, "text_stream", "usage is told in chunks"),
    ] {
        let failures = grid(&Plain::new(fault), &[], &folder()).expect_err(&format!("{fault:?}"));
        let failure = failures.split_once(&format!("\n\n{scenario}: ")).map(|(_, failure)| failure);
        assert!(failure.is_some_and(|failure| failure.contains(message)), "{fault:?}: {failures}");
    }
}

#[test]
fn skips_must_match_the_capabilities() {
    let mut plain = Plain::new(Fault::None);
    let failures = grid(&plain, &[(Scenario::Images, "none")], &folder()).unwrap_err();
    assert!(failures.contains("images: skipped, but the capabilities claim it"), "{failures}");
    let failures = grid(&plain, &[(Scenario::RateLimit, "none")], &folder()).unwrap_err();
    assert!(failures.contains("rate_limit: skipped, but every vendor has it"), "{failures}");
    let failures = grid(&plain, &[(Scenario::ContentPolicy, "none")], &folder()).unwrap_err();
    assert!(failures.contains("content_policy: skipped, but there is a fixture for it"), "{failures}");

    plain.info.capabilities.images = false;
    let failures = grid(&plain, &[], &folder()).unwrap_err();
    assert!(failures.contains("images: neither among the capabilities nor skipped"), "{failures}");
    let failures = grid(&plain, &[(Scenario::Images, "")], &folder()).unwrap_err();
    assert!(failures.contains("images: skipped without a reason"), "{failures}");
    let report = grid(&plain, &[(Scenario::Images, "it is blind")], &folder()).unwrap();
    assert_eq!(report.skipped, [(Scenario::Images, "it is blind".to_owned())]);
    assert_eq!(report.to_string(), "plain: 20 passed, 1 skipped\n  images skipped: it is blind");
}

#[test]
fn fixtures_are_all_there_and_all_used() {
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(self::folder()).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
    }
    std::fs::remove_file(folder.path().join("auth.error.json")).unwrap();
    let failures = grid(&Plain::new(Fault::None), &[], folder.path()).unwrap_err();
    assert!(failures.contains("auth: there is no fixture `auth.error.`"), "{failures}");
    std::fs::write(folder.path().join("texts.response.json"), "{}").unwrap();
    let failures = grid(&Plain::new(Fault::None), &[], folder.path()).unwrap_err();
    assert!(failures.contains("fixture texts.response.json belongs to no scenario"), "{failures}");
}

#[test]
fn the_corpus_passes_a_sound_vendor() {
    assert!(run_corpus(&Plain::new(Fault::None), "plain-1", &[]).is_empty());
    assert!(run_corpus(&Plain::new(Fault::NotedSeed), "plain-1", &[]).is_empty());
}

#[test]
fn the_corpus_finds_what_is_lost_or_unstable() {
    let failures = caught(|| run_corpus(&Plain::new(Fault::SilentSeed), "plain-1", &[])).unwrap_err();
    assert!(
        failures.starts_with("1 of ") && failures.contains("sampling_all: lost in silence:\n  seed = "),
        "{failures}"
    );
    let failures = caught(|| run_corpus(&Plain::new(Fault::Unstable), "plain-1", &[])).unwrap_err();
    assert!(
        failures
            .contains("\n\nplain: assertion `left == right` failed: the same request is written in two ways"),
        "{failures}"
    );
    // A claim that does not hold is no excuse.
    for (claim, holds) in
        [(Equivalence::any("seed", "\"top_k\":40"), true), (Equivalence::any("seed", "\"x\":40"), false)]
    {
        assert_eq!(caught(|| run_corpus(&Plain::new(Fault::SilentSeed), "plain-1", &[claim])).is_ok(), holds);
    }
}
