//! A sound vendor passes, and each fault is found.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::conformance::caught;
use crate::plain::{Fault, Plain};

const MODELS: &[&str] = &["plain-1", "plain-2"];

/// A folder of tests with fixtures of each kind, told by the kit's own.
fn tests() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let error: Value =
        serde_json::from_slice(&fs::read(own.join("fixtures/rate_limit.error.json")).unwrap()).unwrap();
    for (name, bytes) in [
        ("request/tools.json", fs::read(own.join("corpus/request/tools.json")).unwrap()),
        ("response/text.json", fs::read(own.join("fixtures/text.response.json")).unwrap()),
        ("stream/text.sse", fs::read(own.join("fixtures/text_stream.stream.sse")).unwrap()),
        ("error/429.json", error["body"].to_string().into_bytes()),
    ] {
        let path = folder.path().join("fixtures").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

fn cases<'a>(plain: &'a Plain, tests: &TempDir) -> Cases<'a> {
    Cases::new(Suite::new(plain, tests.path().join("fixtures"), "plain-1", &[]), MODELS)
}

/// Puts a word of the whole answer's text into another place.
fn change(tests: &TempDir) {
    let path = tests.path().join("fixtures/response/text.json");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("Paris is"));
    fs::write(path, text.replace("Paris is", "Is Paris")).unwrap();
}

#[test]
fn a_sound_vendor_passes_all() {
    let (plain, tests) = (Plain::new(Fault::None), tests());
    let cases = cases(&plain, &tests);
    let sent = cases.corpus();
    assert_eq!(sent.len(), corpus().len());
    assert!(sent[0].0.starts_with("corpus.") && sent[0].1.starts_with("POST "), "{sent:?}");
    cases.mixtures(1);
    assert_eq!(cases.requests()[0].0, "request.tools");
    assert_eq!(cases.answers()[0].0, "response.text");
    let streams = cases.streams();
    assert_eq!(streams[0].0, "stream.text");
    assert!(streams[0].1.lines().count() > 1);
    cases.makes("text", "text");
    let refusals = cases.refusals(&[("retry-after", "7")]);
    assert_eq!((refusals[0].0.as_str(), refusals[0].1.status), ("error.429", 429));
    assert_eq!(refusals[0].1.retry_after_ms, Some(7000));
}

#[test]
fn what_is_lost_is_found() {
    let (plain, tests) = (Plain::new(Fault::SilentSeed), tests());
    let cases = cases(&plain, &tests);
    for tried in [caught(|| drop(cases.corpus())), caught(|| cases.mixtures(1))] {
        let failure = tried.unwrap_err();
        assert!(failure.contains("lost in silence"), "{failure}");
    }
}

#[test]
fn laws_of_the_wire_are_kept() {
    let (plain, tests) = (Plain::new(Fault::None), tests());
    let wire = Wire { request: |body| assert!(!body.contains("get_weather")), ..Wire::UNKNOWN };
    assert!(caught(|| Cases { wire, ..cases(&plain, &tests) }.requests()).is_err());
    let wire = Wire { response: |body| assert!(!body.contains("Paris")), ..Wire::UNKNOWN };
    assert!(caught(|| Cases { wire, ..cases(&plain, &tests) }.answers()).is_err());
    let stream = |_: &[u8]| panic!("the vendor's own law");
    assert_eq!(
        caught(|| Cases { stream, ..cases(&plain, &tests) }.streams()).unwrap_err(),
        "the vendor's own law"
    );
    let junk = &["data: {\"choices\":7}\n\n"];
    assert!(caught(|| Cases { junk, ..cases(&plain, &tests) }.streams()).is_err());
}

#[test]
fn streams_make_whole_answers_or_are_named() {
    let (plain, tests) = (Plain::new(Fault::None), tests());
    let unlike = &["text"];
    let failure = caught(|| Cases { unlike, ..cases(&plain, &tests) }.streams()).unwrap_err();
    assert_eq!(failure, "`text` is like its whole answer");
    change(&tests);
    let failure = caught(|| cases(&plain, &tests).streams()).unwrap_err();
    assert!(failure.starts_with("stream `text` makes another answer than `text`"), "{failure}");
    assert!(caught(|| cases(&plain, &tests).makes("text", "text")).is_err());
    assert_eq!(Cases { unlike, ..cases(&plain, &tests) }.streams().len(), 1);
    let essence = |answer: &mut Value| answer["choices"] = Value::Null;
    assert_eq!(Cases { essence, ..cases(&plain, &tests) }.streams().len(), 1);
}

#[test]
fn snapshots_and_cases_match() {
    let (plain, tests) = (Plain::new(Fault::None), tests());
    let cases = cases(&plain, &tests);
    let folder = tests.path().join("snapshots");
    fs::create_dir(&folder).unwrap();
    let own = ["request.tools", "response.text", "stream.text", "error.429", "other"].map(str::to_owned);
    for name in own.into_iter().chain(corpus().iter().map(|case| format!("corpus.{}", case.name))) {
        fs::write(folder.join(format!("translate__{name}.snap")), "").unwrap();
    }
    cases.every_snapshot_has_its_case("translate__", &["other".to_owned()]);
    assert!(caught(|| cases.every_snapshot_has_its_case("translate__", &[])).is_err(), "`other` has no case");
    fs::remove_file(folder.join("translate__stream.text.snap")).unwrap();
    let others = ["other".to_owned()];
    assert!(caught(|| cases.every_snapshot_has_its_case("translate__", &others)).is_err(), "one is missing");
}

#[test]
fn a_stream_ends_in_one_failure() {
    let (plain, tests) = (Plain::new(Fault::None), tests());
    let cases = cases(&plain, &tests);
    let failing = include_bytes!("../../../fixtures/stream_error.stream.sse");
    assert!(cases.failure(failing).kind.retryable());
    let sound = fs::read(tests.path().join("fixtures/stream/text.sse")).unwrap();
    assert!(caught(|| cases.failure(&sound)).is_err());
}
