//! Every direction, case by case: fixtures in `tests/fixtures`, what becomes of them in `tests/snapshots`, and
//! the laws that hold for all.
//!
//! The fixtures follow Cohere's documentation of its v2 API ("Chat", "Streaming", "Tool use", "Citations",
//! "Reasoning", "Errors"), read 2026-11; none is a recording.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use http::Response;
use llm_provider_cohere::{Cohere, wire};
use llm_provider_core::{
    Call, Capabilities, Chat, Decoded, Decoder, EncodeError, Encoded, Provider, StreamError, Translator,
    UpstreamError, VendorInfo,
};
use llm_testkit::conformance::{Vendor, run, run_corpus};
use llm_testkit::laws::{self, Equivalence};
use llm_testkit::suite::{Cases, Suite, Wire, body, read};
use llm_testkit::tests_of_cases;
use llm_types::{ChatRequest, ChatResponse, ErrorKind, Message, Nullable};
use serde_json::{Value, json};

const MODEL: &str = "command-a-03-2025";

static COHERE: Cohere = Cohere;

fn chat() -> &'static dyn Translator<Chat> {
    COHERE.chat().unwrap()
}

fn decoder() -> Box<dyn Decoder<Chat>> {
    chat().decoder()
}

/// Claims that are true of Cohere: it says the same in other words, or needs no word for it.
const EQUIVALENCES: &[Equivalence] = &[
    Equivalence::any("stream_options.include_usage", ""),
    Equivalence::any("stream_options.include_obfuscation", ""),
    Equivalence::of("n", "1", ""),
    Equivalence::of("store", "false", ""),
    Equivalence::of("logprobs", "false", ""),
    Equivalence::of("top_logprobs", "0", ""),
    Equivalence::of("modalities", "text", ""),
    Equivalence::of("service_tier", "auto", ""),
    Equivalence::of("service_tier", "default", ""),
    Equivalence::of("parallel_tool_calls", "true", ""),
    Equivalence::of("tool_choice", "required", "\"tool_choice\":\"REQUIRED\""),
    Equivalence::of("tool_choice", "none", "\"tool_choice\":\"NONE\""),
    Equivalence::of("tool_choice", "auto", ""),
    Equivalence::of("function_call", "auto", ""),
    Equivalence::of("function_call", "none", "\"tool_choice\":\"NONE\""),
    Equivalence::any("response_format.json_schema.strict", "\"json_schema\":{"),
    Equivalence::of("tools[*].function.strict", "false", ""),
    Equivalence::of("tools[*].function.strict", "true", "\"strict_tools\":true"),
    Equivalence::any("messages[*].function_call.name", "\"tool_calls\""),
    Equivalence::any("messages[*].name", "\"role\":\"tool\""),
    Equivalence::of("messages[*].content", "", ""),
    Equivalence::any("messages[*].provider_specific_fields.documents", "\"document\""),
];

fn cases() -> Cases<'static> {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    let suite = Suite::new(&COHERE, fixtures, MODEL, EQUIVALENCES);
    let wire = Wire {
        request: laws::json_identity::<wire::ChatRequest>,
        response: laws::json_identity::<wire::ChatResponse>,
    };
    Cases {
        wire,
        junk: JUNK,
        stream: stream_laws,
        essence,
        unlike: &["unknown"],
        ..Cases::new(suite, &[MODEL, "an-invented-model"])
    }
}

tests_of_cases!(cases());

mod request {
    use super::*;

    #[test]
    fn the_whole_corpus_is_sent() {
        let refused = run_corpus(&COHERE, MODEL, EQUIVALENCES);
        assert!(refused.is_empty(), "{refused:?}");
    }

    #[test]
    fn unsupported_members_are_refused_or_forwarded() {
        let body = cases().refused_or_forwarded("n", &json!(2), "Cohere has no such parameter");
        assert_eq!(body["n"], 2);
    }

    #[test]
    fn results_and_calls_without_names_are_refused() {
        for (message, path) in [
            (json!({ "role": "tool", "content": "x" }), "messages[0].tool_call_id"),
            (json!({ "role": "function", "name": "f", "content": "x" }), "messages[0]"),
            (
                json!({ "role": "assistant", "tool_calls": [{ "function": { "name": "f" } }] }),
                "messages[0].tool_calls[0].id",
            ),
            (
                json!({ "role": "assistant", "tool_calls": [{ "id": "c" }] }),
                "messages[0].tool_calls[0].function",
            ),
        ] {
            let error = cases().encode(&read(json!({ "model": "m", "messages": [message] }))).unwrap_err();
            assert!(matches!(&error, EncodeError::Invalid { path: at, .. } if at == path), "{error}");
        }
    }

    #[test]
    fn own_words_of_the_wrong_form_are_refused() {
        for (name, value) in [("k", json!("x")), ("documents", json!(1)), ("stop_sequences", json!([1]))] {
            let mut request = ChatRequest::new("m", vec![Message::user("?")]);
            request.extra.insert(name.to_owned(), value);
            let error = cases().encode(&request).unwrap_err().to_string();
            assert!(error.starts_with(name), "{error}");
        }
    }

    #[test]
    fn efforts() {
        for (effort, thinking) in [
            ("none", json!({ "type": "disabled" })),
            ("minimal", json!({ "type": "enabled", "token_budget": 128 })),
            ("high", json!({ "type": "enabled", "token_budget": 4096 })),
        ] {
            let request = read(
                json!({ "model": "m", "messages": [{ "role": "user", "content": "?" }], "reasoning_effort": effort }),
            );
            assert_eq!(body(&cases().encode(&request).unwrap())["thinking"], thinking);
        }
    }
}

/// Takes away what differs between a whole answer and a streamed one by nature.
fn essence(answer: &mut Value) {
    // Log probabilities in Cohere's form come with the whole only.
    answer.as_object_mut().unwrap().remove("provider_specific_fields");
    let choice = &mut answer["choices"][0];
    choice["logprobs"].as_object_mut().map(|logprobs| logprobs.remove("refusal"));
    if let Some(specifics) =
        choice["message"].get_mut("provider_specific_fields").and_then(Value::as_object_mut)
    {
        specifics.retain(|name, _| name != "citation");
    }
}

const JUNK: &[&str] = &[
    "event: weather\ndata: {\"type\":\"weather\",\"sky\":{\"type\":\"blue\"}}\n\n",
    "data: {\"new\":1}\n\n",
    "event: content-delta\ndata: {\"type\":\"content-delta\",\"index\":99,\"delta\":{\"message\":{\"content\":{\"smell\":\"x\"}}}}\n\n",
];

fn stream_laws(stream: &[u8]) {
    let after = laws::after_last(stream, "\"message-end\"");
    let end = after + stream[after..].iter().position(|&byte| byte == b'\n').unwrap();
    laws::truncation(decoder, stream, end);
    for line in std::str::from_utf8(stream).unwrap().lines() {
        if let Some(json) = line.strip_prefix("data: {") {
            laws::json_identity::<wire::StreamEvent>(&format!("{{{json}"));
        }
    }
}

mod answered {
    use super::*;

    #[test]
    fn an_answer_goes_back_as_it_came() {
        for json in [
            include_str!("fixtures/response/citations.json"),
            include_str!("fixtures/response/thinking_and_plan.json"),
            include_str!("fixtures/response/plan_and_calls.json"),
        ] {
            let mut given: Value = serde_json::from_str(json).unwrap();
            let message = cases().answer(json).choices.remove(0).message;
            let request = ChatRequest::new("m", vec![Message::user("?"), message]);
            let mut back = body(&cases().encode(&request).unwrap())["messages"][1].take();
            // Text by itself is a string here, and no arguments are an empty object.
            if let Some(text) = back["content"].as_str() {
                back["content"] = json!([{ "type": "text", "text": text }]);
            }
            let calls = given["message"].get_mut("tool_calls").and_then(Value::as_array_mut);
            for call in calls.into_iter().flatten() {
                if call["function"]["arguments"] == "" {
                    call["function"]["arguments"] = "{}".into();
                }
            }
            assert_eq!(back, given["message"]);
        }
    }

    #[test]
    fn a_failure_of_status_200() {
        for (reason, kind) in [("ERROR", ErrorKind::Unavailable), ("TIMEOUT", ErrorKind::GatewayTimeout)] {
            let json = json!({ "id": "i", "finish_reason": reason, "message": { "role": "assistant", "content": [] } });
            let error = chat().decode(Response::new(json.to_string().as_bytes())).unwrap_err();
            assert_eq!((error.kind, error.code.as_deref()), (kind, Some(reason)));
        }
    }

    #[test]
    fn what_cannot_be_read() {
        let error = chat().decode(Response::new(br#"{"message":1}"#.as_slice())).unwrap_err();
        assert_eq!(error.kind, ErrorKind::BadGateway);
        let items = cases().items(b"data: {\"type\":\"content-delta\",\"index\":\"x\"}\n\n");
        assert!(matches!(items.as_slice(), [Err(StreamError::Corrupt(_))]), "{items:?}");
        let items = cases().items(b"data: {\"message\":\"too many tokens: 9\",\"id\":\"e\"}\n\n");
        let [Err(StreamError::Upstream(error))] = items.as_slice() else { panic!("{items:?}") };
        assert_eq!((error.kind, error.request_id.as_deref()), (ErrorKind::ContextWindow, Some("e")));
    }
}

/// Cohere names no model in its answers; whoever asked knows it, and puts it in as the gateway does.
struct Named;

impl Provider for Named {
    fn info(&self) -> &VendorInfo {
        COHERE.info()
    }

    fn chat(&self) -> Option<&dyn Translator<Chat>> {
        Some(self)
    }
}

impl Translator<Chat> for Named {
    fn encode(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        chat().encode(request, call)
    }

    fn decode(&self, response: Response<&[u8]>) -> Result<Decoded<ChatResponse>, UpstreamError> {
        chat().decode(response).map(|decoded| match decoded {
            Decoded::Answer(mut answer) => {
                assert!(answer.model.is_absent());
                answer.model = Nullable::Value(MODEL.to_owned());
                Decoded::Answer(answer)
            }
            again @ Decoded::Again { .. } => again,
        })
    }

    fn decoder(&self) -> Box<dyn Decoder<Chat>> {
        chat().decoder()
    }
}

#[test]
fn conformance() {
    let lacks = Capabilities { documents: false, count_tokens: false, ..COHERE.info().capabilities };
    assert_eq!(COHERE.info().capabilities, lacks);
    let report = run(&Vendor {
        provider: &Named,
        fixtures: &cases().suite.fixtures.join("conformance"),
        model: MODEL,
        terminal: "\"output_tokens\":8}}}}",
        junk: JUNK,
        skips: &[(llm_testkit::conformance::Scenario::Documents, "Cohere reads no files")],
    });
    assert_eq!(report.skipped.len(), 1, "{report}");
}

#[test]
fn mixtures_of_the_corpus() {
    cases().mixtures(11);
}

#[test]
fn every_case_has_its_snapshot_and_the_other_way_round() {
    cases().every_snapshot_has_its_case("translate__", &[]);
}
