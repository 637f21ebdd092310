//! Every direction, case by case: fixtures in `tests/fixtures`, what becomes of them in `tests/snapshots`, and
//! the laws that hold for all.
//!
//! The fixtures follow Ollama's documentation ("Generate a chat message", "Streaming", "Thinking", "Tool calling",
//! "Errors"), read 2026-11; none is a recording.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use http::{HeaderMap, Response};
use llm_provider_core::{Call, Capabilities, Chat, Decoder, EncodeError, Provider, StreamError, Translator};
use llm_provider_ollama::{Ollama, wire};
use llm_testkit::conformance::{Scenario, Vendor, run, run_corpus};
use llm_testkit::laws::{self, Equivalence};
use llm_testkit::suite::{Cases, Suite, Wire, body, notes, read};
use llm_testkit::tests_of_cases;
use llm_types::{ChatRequest, ErrorKind, Message};
use serde_json::{Value, json};

const MODEL: &str = "qwen3:4b";

static OLLAMA: Ollama = Ollama;

fn chat() -> &'static dyn Translator<Chat> {
    OLLAMA.chat().unwrap()
}

fn decoder() -> Box<dyn Decoder<Chat>> {
    chat().decoder()
}

/// Claims that are true of Ollama: it says the same in other words, or needs no word for it.
const EQUIVALENCES: &[Equivalence] = &[
    Equivalence::any("stream_options.include_usage", ""),
    Equivalence::any("stream_options.include_obfuscation", ""),
    Equivalence::of("n", "1", ""),
    Equivalence::of("store", "false", ""),
    Equivalence::of("modalities", "text", ""),
    Equivalence::of("service_tier", "auto", ""),
    Equivalence::of("service_tier", "default", ""),
    Equivalence::of("parallel_tool_calls", "true", ""),
    Equivalence::of("tool_choice", "auto", ""),
    Equivalence::of("function_call", "auto", ""),
    Equivalence::any("response_format.json_schema.strict", "\"format\":{"),
    Equivalence::of("tools[*].function.strict", "false", ""),
    Equivalence::any("messages[*].function_call.name", "\"tool_calls\""),
    Equivalence::of("messages[*].content[*].image_url.detail", "auto", ""),
    Equivalence::of("options.seed", "1", "\"seed\":7"),
];

fn cases() -> Cases<'static> {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    let suite = Suite::new(&OLLAMA, fixtures, MODEL, EQUIVALENCES);
    let wire = Wire {
        request: laws::json_identity::<wire::ChatRequest>,
        response: laws::json_identity::<wire::ChatResponse>,
    };
    Cases {
        wire,
        stream: stream_laws,
        essence,
        ..Cases::new(suite, &[MODEL, "an-invented-model", "gpt-oss:20b"])
    }
}

tests_of_cases!(cases());

mod request {
    use super::*;

    /// Images by address are fetched before, so here they are refused.
    #[test]
    fn the_whole_corpus_is_sent_but_for_images_by_address() {
        let refused = run_corpus(&OLLAMA, MODEL, EQUIVALENCES);
        assert_eq!(refused.into_iter().collect::<Vec<_>>(), ["images_bare_url", "images_url"]);
        assert!(
            OLLAMA.wants_fetched("https://example.com/a.png")
                && !OLLAMA.wants_fetched("data:image/png;base64,AA==")
        );
    }

    #[test]
    fn unsupported_members_are_refused_or_forwarded() {
        let body = cases().refused_or_forwarded("n", &json!(2), "Ollama has no such parameter");
        assert_eq!(body["n"], 2);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (message, path) in [
            (json!({ "role": "tool", "content": "x" }), "messages[0].tool_call_id"),
            (
                json!({ "role": "assistant", "tool_calls": [{ "id": "c" }] }),
                "messages[0].tool_calls[0].function",
            ),
            (
                json!({ "role": "assistant", "tool_calls": [{ "function": {} }] }),
                "messages[0].tool_calls[0].function.name",
            ),
            (
                json!({ "role": "user", "content": [{ "type": "image_url", "image_url": { "url": "https://x" } }] }),
                "messages[0].content[0].image_url.url",
            ),
        ] {
            let error = cases().encode(&read(json!({ "model": "m", "messages": [message] }))).unwrap_err();
            assert!(matches!(&error, EncodeError::Invalid { path: at, .. } if at == path), "{error}");
        }
        let mut request = ChatRequest::new("m", vec![Message::user("?")]);
        request.extra.insert("options".to_owned(), json!([1]));
        assert!(cases().encode(&request).unwrap_err().to_string().starts_with("options"));
    }

    #[test]
    fn efforts() {
        for (model, said, think) in [
            ("qwen3", json!({ "reasoning_effort": "none" }), json!(false)),
            ("qwen3", json!({ "reasoning_effort": "low" }), json!(true)),
            (
                "qwen3",
                json!({ "thinking": { "type": "disabled" }, "reasoning_effort": "high" }),
                json!(false),
            ),
            ("library/gpt-oss:120b", json!({ "reasoning_effort": "none" }), json!("low")),
            ("gpt-oss", json!({ "reasoning_effort": "medium" }), json!("medium")),
            ("gpt-oss", json!({ "reasoning_effort": "max" }), json!("high")),
            ("gpt-oss", json!({ "thinking": { "type": "enabled", "budget_tokens": 1024 } }), json!("low")),
            ("gpt-oss", json!({ "thinking": { "type": "enabled", "budget_tokens": 9999 } }), json!("high")),
        ] {
            let mut request = json!({ "model": "m", "messages": [{ "role": "user", "content": "?" }] });
            request.as_object_mut().unwrap().extend(said.as_object().unwrap().clone());
            let headers = HeaderMap::new();
            let encoded = chat().encode(&read(request), &Call::new(model, &headers)).unwrap();
            assert_eq!(body(&encoded)["think"], think, "{model} {said}");
        }
    }

    #[test]
    fn choices() {
        let tools = json!([{ "type": "function", "function": { "name": "f" } }, { "type": "function", "function": { "name": "g" } }]);
        for (choice, sent, note) in [
            (json!("auto"), 2, None),
            (json!("none"), 0, Some("converted tool_choice")),
            (json!("required"), 2, Some("dropped tool_choice")),
            (json!({ "type": "function", "function": { "name": "g" } }), 1, Some("dropped tool_choice")),
        ] {
            let request =
                read(json!({ "model": "m", "messages": [], "tools": tools, "tool_choice": choice }));
            let encoded = cases().encode(&request).unwrap();
            assert_eq!(body(&encoded)["tools"].as_array().map_or(0, Vec::len), sent, "{choice}");
            let notes = notes(&encoded);
            assert!(
                note.is_none_or(|note| notes.iter().any(|one| one.starts_with(note))),
                "{choice}: {notes:?}"
            );
        }
    }
}

/// Takes away what differs between a whole answer and a streamed one by nature.
fn essence(answer: &mut Value) {
    answer["choices"][0]["logprobs"].as_object_mut().map(|logprobs| logprobs.remove("refusal"));
}

/// What proxies put between lines; the testkit cuts at blank lines, so each is one.
const JUNK: &[&str] = &["\n", ": keep-alive\n", "\r\n", "\"text\"\n", "{\"status\":\"loading\"}\n"];

fn stream_laws(stream: &[u8]) {
    let after = laws::after_last(stream, "\"done\":true");
    let end = after + stream[after..].iter().position(|&byte| byte == b'\n').unwrap();
    laws::truncation(decoder, stream, end);
    let text = std::str::from_utf8(stream).unwrap();
    let whole = cases().items(stream);
    for junk in JUNK {
        let lines: String = text.split_inclusive('\n').map(|line| format!("{junk}{line}")).collect();
        assert_eq!(cases().items(lines.as_bytes()), whole, "{junk}");
    }
    for line in text.lines().filter(|line| line.starts_with('{')) {
        laws::json_identity::<wire::ChatResponse>(line);
    }
}

mod answered {
    use super::*;

    #[test]
    fn an_answer_goes_back_as_it_came() {
        let json = include_str!("fixtures/response/thinking_and_calls.json");
        let given: Value = serde_json::from_str(json).unwrap();
        let message = cases().answer(json).choices.remove(0).message;
        let ids: Vec<_> = message.tool_calls.get().unwrap().iter().map(|call| call.id.clone()).collect();
        assert_ne!(ids[0], ids[1]);
        assert_eq!(
            ids,
            cases().answer(json).choices[0]
                .message
                .tool_calls
                .get()
                .unwrap()
                .iter()
                .map(|call| call.id.clone())
                .collect::<Vec<_>>()
        );
        let request = ChatRequest::new("m", vec![Message::user("?"), message]);
        let mut back = body(&cases().encode(&request).unwrap())["messages"][1].take();
        for call in back["tool_calls"].as_array_mut().unwrap() {
            call.as_object_mut().unwrap().remove("id");
        }
        assert_eq!(back, given["message"]);
    }

    #[test]
    fn a_failure_of_status_200() {
        let error = chat().decode(Response::new(br#"{"error":"out of memory"}"#.as_slice())).unwrap_err();
        assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Internal, "out of memory"));
        let lines = include_bytes!("fixtures/conformance/stream_error.stream.ndjson");
        let items = cases().items(lines);
        let Some(Err(StreamError::Upstream(error))) = items.last() else { panic!("{items:?}") };
        assert_eq!(error.message, "Come back later.");
    }

    #[test]
    fn what_cannot_be_read() {
        for body in ["{}", "[]", "no", r#"{"message":{"role":1}}"#] {
            let error = chat().decode(Response::new(body.as_bytes())).unwrap_err();
            assert_eq!(error.kind, ErrorKind::BadGateway, "{body}");
        }
        for line in ["{\"message\":\n", "{\"message\":1}\n"] {
            let items = cases().items(line.as_bytes());
            assert!(matches!(items.as_slice(), [Err(StreamError::Corrupt(_))]), "{items:?}");
        }
    }
}

#[test]
fn conformance() {
    let lacks = Capabilities { documents: false, count_tokens: false, ..OLLAMA.info().capabilities };
    assert_eq!(OLLAMA.info().capabilities, lacks);
    let report = run(&Vendor {
        provider: &OLLAMA,
        fixtures: &cases().suite.fixtures.join("conformance"),
        model: MODEL,
        terminal: "\"eval_duration\":250000000}",
        junk: &[": keep-alive\n\n"],
        skips: &[
            (Scenario::Documents, "Ollama reads no files"),
            (Scenario::ContentPolicy, "Ollama withholds nothing"),
            (Scenario::UsageCached, "Ollama tells no cached tokens"),
        ],
    });
    assert_eq!(report.skipped.len(), 3, "{report}");
}

#[test]
fn mixtures_of_the_corpus() {
    cases().mixtures(12);
}

#[test]
fn every_case_has_its_snapshot_and_the_other_way_round() {
    cases().every_snapshot_has_its_case("translate__", &[]);
}
