//! Every direction, case by case: fixtures in `tests/fixtures`, what becomes of them in `tests/snapshots`, and
//! the laws that hold for all.
//!
//! The fixtures follow Google's documentation of the Gemini API, version v1beta, read 2026-11; none is a recording.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use http::{HeaderMap, Response};
use llm_provider_core::{
    Call, Chat, CountTokens, Credential, Decoded, Decoder, Provider, Secret, StreamError, Translator,
};
use llm_provider_gemini::{Gemini, wire};
use llm_testkit::corpus::case;
use llm_testkit::laws::{self, Equivalence};
use llm_testkit::suite::{Cases, Suite, Wire, body, in_lines};
use llm_testkit::tests_of_cases;
use llm_types::{ChatRequest, ErrorKind, Message, Nullable};
use serde_json::{Value, json};

const MODEL: &str = "gemini-2.5-flash";

static GEMINI: Gemini = Gemini;

fn chat() -> &'static dyn Translator<Chat> {
    GEMINI.chat().unwrap()
}

fn decoder() -> Box<dyn Decoder<Chat>> {
    chat().decoder()
}

/// Claims that are true of Gemini: it says the same in other words, or needs no word for it.
const EQUIVALENCES: &[Equivalence] = &[
    Equivalence::any("stream", ""),
    Equivalence::any("stream_options", ""),
    Equivalence::of("store", "false", ""),
    Equivalence::of("parallel_tool_calls", "true", ""),
    Equivalence::of("presence_penalty", "0", ""),
    Equivalence::of("frequency_penalty", "0", ""),
    Equivalence::of("presence_penalty", "0.0", ""),
    Equivalence::of("frequency_penalty", "0.0", ""),
    Equivalence::of("tool_choice", "auto", "\"mode\":\"AUTO\""),
    Equivalence::of("tool_choice", "none", "\"mode\":\"NONE\""),
    Equivalence::of("tool_choice", "required", "\"mode\":\"ANY\""),
    Equivalence::of("tool_choice.allowed_tools.mode", "required", "\"mode\":\"ANY\""),
    Equivalence::of("reasoning_effort", "none", "\"thinkingBudget\":0"),
    Equivalence::of("thinking.type", "disabled", "\"thinkingBudget\":0"),
    Equivalence::any("response_format.json_schema.strict", "\"responseMimeType\":\"application/json\""),
    Equivalence::any("response_format.json_schema.name", "\"responseSchema\""),
    Equivalence::of("tools[*].function.strict", "false", ""),
    // Parameters are always an object.
    Equivalence::of("tools[*].function.parameters.type", "object", ""),
    Equivalence::of("messages[*].content[*].image_url.detail", "auto", ""),
    Equivalence::of("messages[*].tool_calls[*].id", "gcall_*", ""),
    Equivalence::of("messages[*].tool_call_id", "gcall_*", ""),
    Equivalence::any("messages[*].name", "\"functionResponse\""),
    Equivalence::any("messages[*].is_error", "{\"error\":"),
    Equivalence::any("messages[*].images[*].index", "\"inlineData\""),
    Equivalence::any("messages[*].thinking_blocks[*].format", "\"thoughtSignature\""),
    Equivalence::any("modalities", "\"responseModalities\""),
    Equivalence::of("audio.format", "pcm16", ""),
    Equivalence::of("messages[*].content", "{\"degrees\":21}", "\"response\":{\"degrees\":21}"),
    Equivalence::any("messages[*].provider_specific_fields.parts", "\"executableCode\""),
    Equivalence::of("messages[*].content", "I compute.42.", "\"text\":\"I compute.\""),
];

/// The names of models, each of another kind.
const MODELS: &[&str] = &[MODEL, "gemini-1.5-pro", "gemini-2.5-pro", "gemini-3-pro-preview", "invented"];

fn cases() -> Cases<'static> {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    let suite = Suite::new(&GEMINI, fixtures, MODEL, EQUIVALENCES);
    let wire = Wire {
        request: laws::json_identity::<wire::GenerateContentRequest>,
        response: laws::json_identity::<wire::GenerateContentResponse>,
    };
    Cases {
        own_models: true,
        wire,
        stream: stream_laws,
        essence,
        unlike: &["audio"],
        ..Cases::new(suite, MODELS)
    }
}

tests_of_cases!(cases());

mod response {
    use super::*;

    #[test]
    fn an_answer_goes_back_as_it_came() {
        for json in [
            include_str!("fixtures/response/code_execution.json"),
            include_str!("fixtures/response/image.json"),
            include_str!("fixtures/response/parallel_tools.json"),
            include_str!("fixtures/response/text.json"),
            include_str!("fixtures/response/thinking.json"),
            include_str!("fixtures/response/unknown.json"),
        ] {
            let wire: Value = serde_json::from_str(json).unwrap();
            let message = cases().answer(json).choices.remove(0).message;
            let request = ChatRequest::new("m", vec![Message::user("?"), message, Message::user("Go on.")]);
            let body = body(&cases().encode_for(&request, "gemini-3-pro-preview").unwrap());
            let mut wanted = wire["candidates"][0]["content"]["parts"].clone();
            for part in wanted.as_array_mut().unwrap() {
                // Gemini 3 wants the first call signed; this one came without.
                if part["functionCall"]["mood"] == "good" {
                    part["thoughtSignature"] = "skip_thought_signature_validator".into();
                }
            }
            assert_eq!(body["contents"][1]["parts"], wanted);
        }
    }

    #[test]
    fn unsigned_thoughts_stay_here() {
        let message =
            cases().answer(include_str!("fixtures/response/signed_text.json")).choices.remove(0).message;
        let encoded = cases().encode(&ChatRequest::new("m", vec![Message::user("?"), message])).unwrap();
        assert_eq!(
            body(&encoded)["contents"][1]["parts"],
            json!([{"text": "Hello there.", "thoughtSignature": "c2lnbmF0dXJl"}])
        );
    }

    #[test]
    fn what_cannot_be_read() {
        for (body, words) in [
            (r#"{"candidates":1}"#, "candidates: invalid type"),
            ("{}", "neither candidates"),
            ("[]", "invalid"),
        ] {
            let error = chat().decode(Response::new(body.as_bytes())).unwrap_err();
            assert_eq!(error.kind, ErrorKind::BadGateway);
            assert!(error.message.contains(words), "{}", error.message);
        }
    }
}

/// The kind of each refusal among the fixtures.
const KINDS: &[(&str, ErrorKind)] = &[
    ("error.400", ErrorKind::InvalidRequest),
    ("error.400_context", ErrorKind::ContextWindow),
    ("error.400_key", ErrorKind::Authentication),
    ("error.404", ErrorKind::NotFound),
    ("error.429", ErrorKind::RateLimit),
    ("error.503", ErrorKind::Unavailable),
];

#[test]
fn errors() {
    let refusals = cases().refusals(&[]);
    let kinds: Vec<_> = refusals.iter().map(|(name, error)| (name.as_str(), error.kind)).collect();
    assert_eq!(kinds, KINDS);
    for (_, body) in cases().suite.fixtures("error") {
        laws::json_identity::<wire::ErrorResponse>(std::str::from_utf8(&body).unwrap());
    }
    for (name, error) in refusals {
        insta::assert_debug_snapshot!(name, error);
    }
}

/// Takes away pieces of what stands whole beside them.
fn essence(answer: &mut Value) {
    for choice in answer["choices"].as_array_mut().unwrap() {
        let message = choice["message"].as_object_mut().unwrap();
        if let Some(specifics) = message.get_mut("provider_specific_fields").and_then(Value::as_object_mut) {
            specifics.retain(|name, _| name != "part" && name != "thought_signature");
            if specifics.is_empty() {
                message.remove("provider_specific_fields");
            }
        }
    }
}

const JUNK: &[&str] = &["event: ping\ndata: {}\n\n", "data: {\"usageMetadata\":null}\r\n\r\n"];

fn stream_laws(stream: &[u8]) {
    for line in std::str::from_utf8(stream).unwrap().lines().filter(|line| !line.is_empty()) {
        laws::json_identity::<wire::GenerateContentResponse>(line.strip_prefix("data: ").unwrap());
    }
}

mod stream {
    use super::*;

    #[test]
    fn a_reason_to_stop_in_every_event() {
        cases().makes("finish_in_every_event", "text");
    }

    /// Where the reason to stop comes once, at the end, nothing before it is an end.
    #[test]
    fn streams_cut_short() {
        for stream in [
            &include_bytes!("fixtures/stream/text.sse")[..],
            include_bytes!("fixtures/stream/parallel_tools.sse"),
            include_bytes!("fixtures/stream/two_candidates.sse"),
            include_bytes!("fixtures/stream/blocked.sse"),
        ] {
            laws::truncation(decoder, stream, laws::after_last(stream, "\"responseId\":\"resp-1\"}"));
            laws::unknown_events_harmless(decoder, stream, JUNK);
            laws::unknown_members_harmless(decoder, stream);
        }
    }

    #[test]
    fn a_failure_in_mid_stream() {
        let error = cases().failure(include_bytes!("fixtures/stream_error/error.sse"));
        assert_eq!((error.kind, error.status), (ErrorKind::Unavailable, 503));
    }

    #[test]
    fn what_is_no_json_is_corrupt() {
        let items = cases().items(b"data: {\"candidates\":7}\n\ndata: {}\n\n");
        assert!(matches!(items.as_slice(), [Err(StreamError::Corrupt(_))]), "{items:?}");
    }

    #[test]
    fn signatures_go_back_as_they_came() {
        for (stream, wanted) in [
            (
                &include_bytes!("fixtures/stream/signed_end.sse")[..],
                json!([{"text": "Hello"}, {"text": "", "thoughtSignature": "c2lnbmF0dXJl"}]),
            ),
            (
                include_bytes!("fixtures/stream/streamed_arguments.sse"),
                json!([
                    {"functionCall": {"id": "c1", "name": "get_weather", "args": {"city": "Paris"}}, "thoughtSignature": "c2ln"},
                    {"functionCall": {"id": "c2", "name": "get_time", "args": {"zone": "UTC"}}},
                ]),
            ),
        ] {
            let mut message = llm_testkit::assemble(&laws::chunks(decoder, stream)).choices.remove(0).message;
            for call in message.tool_calls.get_mut().into_iter().flatten() {
                call.index = Nullable::Absent;
            }
            let request = ChatRequest::new("m", vec![Message::user("?"), message]);
            assert_eq!(body(&cases().encode(&request).unwrap())["contents"][1]["parts"], wanted);
        }
    }
}

#[test]
fn unsupported_members_are_refused_or_forwarded() {
    let body = cases().refused_or_forwarded("verbosity", &json!("low"), "Gemini has no such parameter");
    assert_eq!(body["verbosity"], "low");
}

#[test]
fn tokens_are_counted() {
    let count: &dyn Translator<CountTokens> = GEMINI.count_tokens().unwrap();
    let request = case("tools").request();
    let headers = HeaderMap::new();
    let key = Credential::Key(Secret::new("k"));
    let call = Call { credential: Some(&key), ..Call::new(MODEL, &headers) };
    insta::assert_snapshot!("count_tokens", in_lines(count.encode(&request, &call)));
    for (body, tokens) in [(r#"{"totalTokens":31,"promptTokensDetails":[]}"#, 31), ("{}", 0)] {
        let Decoded::Answer(counted) = count.decode(Response::new(body.as_bytes())).unwrap() else {
            panic!("no answer")
        };
        assert_eq!(counted.input_tokens, tokens);
    }
    let error = count.decode(Response::builder().status(429).body(b"{}".as_slice()).unwrap()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::RateLimit);
}

#[test]
fn a_stream_is_asked_for_elsewhere() {
    let mut request = case("plain").request();
    request.stream = Nullable::Value(true);
    let encoded = cases().encode(&request).unwrap();
    assert_eq!(encoded.request.uri().path(), "/v1beta/models/gemini-2.5-flash:streamGenerateContent");
    assert_eq!(encoded.request.uri().query(), Some("alt=sse"));
}

#[test]
fn every_case_has_its_snapshot_and_the_other_way_round() {
    cases().every_snapshot_has_its_case("translate__", &["count_tokens".to_owned()]);
}
