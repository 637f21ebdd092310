//! How answers go wrong: the steps around the bytes.

use crate::common::{body, given, play, request, scripted, transcript};
use llm_provider_mock::{Ordinals, Plan, Prepared, Script, Step, Wire};
use serde_json::{Value, json};

/// The steps, each chunk reduced to its text.
fn outline(plan: Plan) -> String {
    let steps = plan.steps.take(60).map(|step| match step {
        Step::Bytes(bytes) => {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            let content = text.split("\"content\":\"").nth(1).and_then(|rest| rest.split('"').next());
            match content {
                Some(content) if !content.is_empty() => format!("[{content}]"),
                _ if text.contains("\"error\":") => "error".to_owned(),
                _ if text.contains("\"role\"") => "open".to_owned(),
                _ if text.contains("[DONE]") => "close".to_owned(),
                _ => text,
            }
        }
        Step::Wait(ms) => format!("{ms}ms"),
        other => format!("{other:?}"),
    });
    steps.collect::<Vec<_>>().join(" ")
}

fn streamed(mut script: Value) -> String {
    script["text"] = json!("a b c");
    outline(scripted(Wire::OpenAi, true, &script))
}

#[test]
fn pace() {
    assert_eq!(streamed(json!({})), "open [a] [ b] [ c] close End");
    assert_eq!(
        streamed(json!({"first_chunk_ms": 9, "chunk_ms": 2})),
        "9ms open [a] 2ms [ b] 2ms [ c] close End"
    );
    assert_eq!(streamed(json!({"chunks": 2})), "open [a ] [b c] close End");
    assert_eq!(streamed(json!({"chunk_size": 4})), "open [a b ] [c] close End");
    assert_eq!(scripted(Wire::OpenAi, true, &json!({"delay_ms": 5, "first_chunk_ms": 3})).delay_ms, 5);
    assert_eq!(scripted(Wire::OpenAi, false, &json!({"delay_ms": 5, "first_chunk_ms": 3})).delay_ms, 8);
}

#[test]
fn stalls() {
    assert_eq!(streamed(json!({"stall_after_chunks": 0})), "Stall");
    assert_eq!(streamed(json!({"stall_after_chunks": 2})), "open [a] [ b] Stall");
    assert_eq!(streamed(json!({"stall_after_chunks": 3})), "open [a] [ b] [ c] Stall");
    assert_eq!(streamed(json!({"stall_after_chunks": 4})), "open [a] [ b] [ c] close End");
    assert_eq!(streamed(json!({"stall_after_chunks": 1, "stall_ms": 7})), "open [a] 7ms [ b] [ c] close End");
}

#[test]
fn cuts_and_errors_in_the_stream() {
    assert_eq!(streamed(json!({"cut_after_chunks": 0})), "Cut");
    assert_eq!(streamed(json!({"cut_after_chunks": 1, "chunk_ms": 2})), "open [a] Cut");
    assert_eq!(streamed(json!({"error_in_stream_after_chunks": 2})), "open [a] [ b] error End");
    assert_eq!(streamed(json!({"error_in_stream_after_chunks": 0})), "error End");
    let script = json!({"text": "a b", "error_in_stream_after_chunks": 1, "error": {"status": 529}});
    for (wire, vendor) in [(Wire::OpenAi, "openai"), (Wire::Anthropic, "anthropic")] {
        insta::assert_snapshot!(
            format!("error_in_stream.{vendor}"),
            transcript(scripted(wire, true, &script))
        );
    }
}

#[test]
fn faults_of_an_unstreamed_answer_come_in_its_middle() {
    let whole = body(scripted(Wire::Anthropic, false, &json!({"text": "a b c"})));
    let steps = |script: Value| {
        let plan = scripted(Wire::Anthropic, false, &script);
        (plan.content_length, plan.steps.collect::<Vec<_>>())
    };
    let (announced, cut) = steps(json!({"text": "a b c", "cut_after_chunks": 1}));
    let [Step::Bytes(half), Step::Cut] = cut.as_slice() else { panic!("{cut:?}") };
    assert_eq!(announced, Some(whole.len() as u64));
    // Ids differ, since the requests do; lengths do not.
    assert_eq!(half.len(), whole.len() / 2);
    let (_, nothing) = steps(json!({"text": "a b c", "stall_after_chunks": 0}));
    assert_eq!(nothing, [Step::Bytes(Default::default()), Step::Stall]);
    let (_, late) = steps(json!({"text": "a b c", "stall_after_chunks": 1, "stall_ms": 4}));
    let [Step::Bytes(first), Step::Wait(4), Step::Bytes(rest), Step::End] = late.as_slice() else {
        panic!("{late:?}")
    };
    assert_eq!(first.len() + rest.len(), whole.len());
}

#[test]
fn endless_answers_cost_no_memory_and_do_not_end() {
    for (wire, stream) in [(Wire::OpenAi, true), (Wire::OpenAi, false), (Wire::Anthropic, true)] {
        let plan = play(wire, "mock/endless", &json!({"stream": stream}));
        let frames = plan.steps.take(100_000).filter(|step| matches!(step, Step::Bytes(_))).count();
        assert_eq!(frames, 100_000);
    }
}

#[test]
fn chunks_and_bytes_are_as_many_as_asked_for() {
    let forty = outline(play(Wire::OpenAi, "mock/stream-40", &json!({"stream": true})));
    assert_eq!(forty.matches('[').count(), 40);
    assert!(forty.starts_with("open [the] [ quick] [ mock]"), "{forty}");
    let padded = outline(scripted(Wire::OpenAi, true, &json!({"chunks": 4, "body_bytes": 90})));
    assert_eq!(padded.matches('[').count(), 4);
    let big = body(play(Wire::OpenAi, "mock/big-1048576", &json!({})));
    assert!((1_048_576..1_050_000).contains(&big.len()), "{}", big.len());
}

#[test]
fn a_script_that_was_not_checked_still_ends() {
    let script = Script { chunk_size: Some(0), ..Script::saying("abc") };
    let body = request("m", &json!({"stream": true}));
    assert_eq!(outline(given(&script, Wire::OpenAi, &body, 0)), "open [a] [b] [c] close End");
}

#[test]
fn raw_bodies_are_sent_as_they_are() {
    let script = json!({"raw": {"status": 202, "content_type": "text/plain", "body": "<html>\n"}, "chunk_size": 4,
        "chunk_ms": 3, "cut_after_chunks": 2});
    insta::assert_snapshot!(transcript(scripted(Wire::OpenAi, false, &script)), @r"
    202 Accepted
    content-type: text/plain
    x-request-id: req_mock9a77712bdea9c6f2

    <htm
    (Wait(3))
    l>
    (Cut)
    ");
}

#[test]
fn the_first_requests_fail_as_often_as_the_script_says() {
    let script = Script { fail_first: Some(2), ..Script::saying("At last.") };
    let body = request("m", &json!({}));
    let statuses: Vec<_> =
        (0..4).map(|ordinal| given(&script, Wire::OpenAi, &body, ordinal).status.as_u16()).collect();
    assert_eq!(statuses, [500, 500, 200, 200]);
}

#[test]
fn a_share_of_the_requests_fails_by_the_seed() {
    let script = |seed| Script { fail_share: Some(0.1), seed, ..Script::refusing(529) };
    let body = request("m", &json!({}));
    let statuses = |script: &Script| -> Vec<u16> {
        (0..1_000).map(|ordinal| given(script, Wire::OpenAi, &body, ordinal).status.as_u16()).collect()
    };
    let one = statuses(&script(1));
    let failed = one.iter().filter(|status| **status == 529).count();
    assert!((70..=130).contains(&failed), "{failed}");
    assert!(one.iter().all(|status| [200, 529].contains(status)));
    assert_eq!(one, statuses(&script(1)));
    assert_ne!(one, statuses(&script(2)));
    let both = statuses(&Script { fail_first: Some(3), ..script(1) });
    assert_eq!(both[..3], [529; 3]);
    assert_eq!(both[3..], one[3..]);
    let wrong = Script::from_json(br#"{"fail_share": 1.5}"#).unwrap_err();
    assert_eq!(wrong.to_string(), "mock: fail_share: must be 0 to 1");
}

#[test]
fn requests_are_counted_by_body_or_by_the_given_script() {
    let mut ordinals = Ordinals::default();
    let mut status = |body: &[u8], script: Option<&Script>| {
        let prepared = Prepared::new(Wire::OpenAi, "/chat/completions", body, script);
        let ordinal = prepared.ordinal_key().map_or(0, |key| ordinals.next(key));
        prepared.plan(ordinal, 0).status.as_u16()
    };
    let (one, two) = (request("mock/flaky-1", &json!({})), request("mock/flaky-1", &json!({"seed": 2})));
    assert_eq!(
        [status(&one, None), status(&two, None), status(&one, None), status(&two, None)],
        [500, 500, 200, 200]
    );
    let script = Script { fail_first: Some(1), ..Script::refusing(503) };
    let (one, two) = (request("m", &json!({})), request("m", &json!({"seed": 2})));
    assert_eq!([status(&one, Some(&script)), status(&two, Some(&script))], [503, 200]);
}
