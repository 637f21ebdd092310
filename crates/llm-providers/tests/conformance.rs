//! One grid over every vendor: the same scenarios, told in the vendor's own wire.
//!
//! Fixtures written from the vendors' documentation (OpenAI "Chat Completions" and "Error codes", Anthropic
//! "Messages", "Streaming" and "Errors"), read 2026-11.
#![expect(clippy::unwrap_used, reason = "a test may panic where a fixture is missing")]

use std::path::{Path, PathBuf};

use http::Response;
use llm_providers::core::Decoded;
use llm_providers::openai::DoneMarker;
use llm_providers::types::FinishReason;
use llm_testkit::conformance::{Report, Scenario, Vendor, run};
use serde_json::json;

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

/// Whether a vendor ends its streams without OpenAI's marker: where they may be cut is then another question, which the
/// table's own laws answer.
fn ends_without_marker(id: &str) -> bool {
    llm_providers::openai_compat::find(id).is_some_and(|row| row.done == DoneMarker::Optional)
}

/// In what a vendor on OpenAI's wire is unlike the others, as text; `None` for a vendor on another wire. Vendors that
/// differ in name and address alone are one story.
fn peculiarities(id: &str) -> Option<String> {
    let Some(row) = llm_providers::openai_compat::find(id) else {
        return ["openai", "mock"].contains(&id).then(|| id.to_owned());
    };
    let mut row = serde_json::to_value(row).unwrap();
    let members = row.as_object_mut().unwrap();
    for name in ["id", "name", "base_url", "keys", "base_urls", "docs", "notes", "operations", "aliases"] {
        members.remove(name);
    }
    Some(row.to_string())
}

/// Every vendor on OpenAI's wire hears the same story in the same words; what a vendor lacks is skipped, and must then
/// be said to be lost.
#[test]
fn every_vendor_on_openais_wire() {
    let story = fixtures("openai");
    let mut told = std::collections::HashSet::new();
    let mut seen = 0;
    for provider in llm_providers::providers() {
        let info = provider.info();
        let Some(story_of) = peculiarities(&info.id).filter(|_| provider.chat().is_some()) else { continue };
        // An address with a part to be filled in is no address; those vendors' rows have tests of their own.
        if info.base_url.contains('{') || ends_without_marker(&info.id) || !told.insert(story_of) {
            continue;
        }
        let lacks: Vec<(Scenario, &str)> = Scenario::ALL
            .into_iter()
            .filter(|scenario| scenario.is_possible(&info.capabilities) == Some(false))
            .map(|scenario| (scenario, "the vendor's wire has no place for it"))
            .collect();
        let folder = tempfile::tempdir().unwrap();
        for file in std::fs::read_dir(&story).unwrap().map(Result::unwrap) {
            let name = file.file_name().into_string().unwrap();
            let scenario = name.split('.').next().unwrap();
            if !lacks.iter().any(|(lack, _)| lack.name() == scenario) {
                std::fs::copy(file.path(), folder.path().join(&name)).unwrap();
            }
        }
        let report = run(&Vendor {
            provider: &**provider,
            fixtures: folder.path(),
            model: "model-1",
            terminal: "data: [DONE]",
            junk: &[],
            skips: &lacks,
        });
        assert_eq!(report.passed.len() + lacks.len(), Scenario::ALL.len(), "{report}");
        seen += 1;
    }
    assert!(seen >= 20, "{seen} vendors");
}

/// Words that OpenAI's own enums lack, or none where one should be: every vendor on its wire is read all the same.
#[test]
fn words_that_no_enum_has() {
    let mut read = 0;
    for vendor in llm_providers::providers() {
        if peculiarities(&vendor.info().id).is_none() || vendor.chat().is_none() {
            continue;
        }
        for (said, wanted) in
            [("eos", FinishReason::Stop), ("", FinishReason::Stop), ("max_tokens", FinishReason::Length)]
        {
            let body = json!({"id": "a", "object": "new.object", "created": 1, "model": "m", "service_tier": "moonlight",
                "system_fingerprint": null, "choices": [{"index": 0, "finish_reason": said, "logprobs": null,
                    "message": {"role": "model", "content": "Hello.", "refusal": null, "mood": "fine"}}]});
            let bytes = body.to_string();
            let decoded = vendor.chat().unwrap().decode(Response::new(bytes.as_bytes())).unwrap();
            let Decoded::Answer(answer) = decoded else { panic!("{}: no answer", vendor.info().id) };
            assert_eq!(
                answer.choices[0].finish_reason.get(),
                Some(&wanted),
                "{}: {said:?}",
                vendor.info().id
            );
            assert_eq!(answer.service_tier.get().map(ToString::to_string).as_deref(), Some("moonlight"));
            read += 1;
        }
    }
    assert!(read > 100, "{read}");
}
