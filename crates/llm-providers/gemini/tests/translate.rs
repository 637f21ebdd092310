//! Every direction, case by case: fixtures in `tests/fixtures`, what becomes of them in `tests/snapshots`, and
//! the laws that hold for all.
//!
//! The fixtures follow Google's documentation of the Gemini API, version v1beta, read 2026-11; none is a recording.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fmt::Write as _;

use http::{HeaderMap, Response};
use llm_provider_core::{
    Call, Chat, CountTokens, Credential, Decoded, Decoder, EncodeError, Encoded, OnUnsupported, Payload,
    Provider, Secret, StreamError, Translator,
};
use llm_provider_gemini::{Gemini, wire};
use llm_testkit::corpus::{case, corpus};
use llm_testkit::laws::{self, Equivalence};
use llm_types::{ChatRequest, ChatResponse, ErrorKind, Message, Nullable};
use serde_json::{Value, json};

const MODEL: &str = "gemini-2.5-flash";

fn chat() -> &'static dyn Translator<Chat> {
    static GEMINI: Gemini = Gemini;
    GEMINI.chat().unwrap()
}

fn decoder() -> Box<dyn Decoder<Chat>> {
    chat().decoder()
}

/// What is sent and noted, for eyes.
fn sent(encoded: Result<Encoded, EncodeError>) -> String {
    let encoded = match encoded {
        Ok(encoded) => encoded,
        Err(error) => return format!("refused: {error}\n"),
    };
    let (parts, body) = encoded.request.into_parts();
    let mut out = format!("{} {}\n", parts.method, parts.uri);
    for (name, value) in parts.headers.iter().filter(|(name, _)| *name != "content-type") {
        writeln!(out, "{name}: {}", value.to_str().unwrap()).unwrap();
    }
    let Payload::Bytes(body) = body else { panic!("no bytes") };
    let body: Value = serde_json::from_slice(&body).unwrap();
    writeln!(out, "\n{}\n", serde_json::to_string_pretty(&body).unwrap()).unwrap();
    for note in encoded.notes {
        writeln!(out, "{note}").unwrap();
    }
    out
}

fn encode(request: &ChatRequest, model: &str) -> Result<Encoded, EncodeError> {
    let headers = HeaderMap::new();
    chat().encode(request, &Call::new(model, &headers))
}

macro_rules! requests {
    ($($name:ident)+) => { $(
        #[test]
        fn $name() {
            let json = include_str!(concat!("fixtures/request/", stringify!($name), ".json"));
            laws::json_identity::<ChatRequest>(json);
            let request: ChatRequest = llm_types::from_slice(json.as_bytes()).unwrap();
            insta::assert_snapshot!(stringify!($name), sent(encode(&request, &request.model)));
            laws_of(&request, &request.model);
        }
    )+ };
}

mod request {
    use super::*;

    requests! {
        changed_parts effort_budget effort_level effort_none_flash effort_none_pro effort_none_third foreign_history
        google_tools kept_parts media older_schema only_instructions own_words pictures_of_the_model
        signature_in_the_name signed_calls signed_text_and_thoughts speech thinking_adaptive thinking_disabled
        thinking_too_much
    }
}

mod corpus_of_all_vendors {
    use super::*;

    #[test]
    fn every_case() {
        for case in corpus() {
            let request = case.request();
            insta::assert_snapshot!(case.name, sent(encode(&request, MODEL)));
            for model in [MODEL, "gemini-1.5-pro", "gemini-2.5-pro", "gemini-3-pro-preview", "invented"] {
                laws_of(&request, model);
            }
        }
    }
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
    Equivalence::of("messages[*].content[*].image_url.detail", "auto", ""),
    Equivalence::of("messages[*].tool_calls[*].id", "gcall_abc_1", ""),
    Equivalence::of("messages[*].tool_call_id", "gcall_abc_1", ""),
    Equivalence::any("messages[*].name", "\"functionResponse\""),
    Equivalence::any("messages[*].is_error", "{\"error\":"),
    Equivalence::any("messages[*].images[*].index", "\"inlineData\""),
    Equivalence::any("messages[*].thinking_blocks[*].format", "\"thoughtSignature\""),
    Equivalence::any("modalities", "\"responseModalities\""),
    Equivalence::of("audio.format", "pcm16", ""),
    Equivalence::of("messages[*].content", "{\"degrees\":21}", "\"response\":{\"degrees\":21}"),
    // What stands in both ways is sent once.
    Equivalence::of("temperature", "0.5", "\"temperature\":0.7"),
    Equivalence::any("messages[*].provider_specific_fields.parts", "\"executableCode\""),
    Equivalence::of("messages[*].content", "I compute.42.", "\"text\":\"I compute.\""),
    Equivalence::of(
        "messages[*].tool_calls[*].id",
        "call_9__thought__c2lnbmF0dXJl",
        "\"thoughtSignature\":\"c2lnbmF0dXJl\"",
    ),
    Equivalence::of("messages[*].tool_call_id", "call_9__thought__c2lnbmF0dXJl", "\"id\":\"call_9\""),
];

fn laws_of(request: &ChatRequest, model: &str) {
    let headers = HeaderMap::new();
    let call = Call::new(model, &headers);
    laws::encode_is_stable(chat(), request, &call);
    laws::no_silent_loss(chat(), request, &call, EQUIVALENCES);
    let rejecting = Call { unsupported: OnUnsupported::Reject, ..call.clone() };
    laws::no_silent_loss(chat(), request, &rejecting, EQUIVALENCES);
    if let Ok(encoded) = chat().encode(request, &call) {
        laws::json_identity::<wire::GenerateContentRequest>(&body(&encoded).to_string());
    }
}

fn body(encoded: &Encoded) -> Value {
    let Payload::Bytes(body) = encoded.request.body() else { panic!("no bytes") };
    serde_json::from_slice(body).unwrap()
}

fn answer(json: &str) -> ChatResponse {
    match chat().decode(Response::new(json.as_bytes())).unwrap() {
        Decoded::Answer(answer) => answer,
        Decoded::Again { .. } => panic!("no answer"),
    }
}

macro_rules! responses {
    ($($name:ident)+) => { $(
        #[test]
        fn $name() {
            let json = include_str!(concat!("fixtures/response/", stringify!($name), ".json"));
            laws::json_identity::<wire::GenerateContentResponse>(json);
            insta::assert_json_snapshot!(stringify!($name), answer(json));
        }
    )+ };
}

mod response {
    use super::*;

    responses! {
        audio blocked code_execution grounding image logprobs malformed_call only_thoughts parallel_tools signed_text
        text thinking two_candidates unknown
    }

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
            let message = answer(json).choices.remove(0).message;
            let request = ChatRequest::new("m", vec![Message::user("?"), message, Message::user("Go on.")]);
            let body = body(&encode(&request, "gemini-3-pro-preview").unwrap());
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
        let message = answer(include_str!("fixtures/response/signed_text.json")).choices.remove(0).message;
        let encoded = encode(&ChatRequest::new("m", vec![Message::user("?"), message]), MODEL).unwrap();
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

macro_rules! errors {
    ($($name:literal $status:literal $kind:ident)+) => {
        #[test]
        fn errors() {
            $({
                let json = include_str!(concat!("fixtures/error/", $name, ".json"));
                laws::json_identity::<wire::ErrorResponse>(json);
                let response = Response::builder().status($status);
                let error = chat().decode(response.body(json.as_bytes()).unwrap()).unwrap_err();
                assert_eq!(error.kind, ErrorKind::$kind, $name);
                insta::assert_debug_snapshot!(concat!("error_", $name), error);
            })+
        }
    };
}

errors! {
    "400" 400 InvalidRequest
    "400_context" 400 ContextWindow
    "400_key" 400 Authentication
    "404" 404 NotFound
    "429" 429 RateLimit
    "503" 503 Unavailable
}

/// An answer without what differs between a whole and a streamed one by nature.
fn essence(answer: &ChatResponse) -> Value {
    let mut value = serde_json::to_value(answer).unwrap();
    for choice in value["choices"].as_array_mut().unwrap() {
        let message = choice["message"].as_object_mut().unwrap();
        message.retain(|_, member| !member.is_null());
        // Pieces of what stands whole beside them.
        if let Some(specifics) = message.get_mut("provider_specific_fields").and_then(Value::as_object_mut) {
            specifics.retain(|name, _| name != "part" && name != "thought_signature");
            if specifics.is_empty() {
                message.remove("provider_specific_fields");
            }
        }
        for call in message.get_mut("tool_calls").and_then(Value::as_array_mut).into_iter().flatten() {
            call.as_object_mut().unwrap().remove("index");
        }
    }
    value
}

const JUNK: &[&str] = &["event: ping\ndata: {}\n\n", "data: {\"usageMetadata\":null}\r\n\r\n"];

macro_rules! streams {
    ($($name:ident $(= $whole:ident)?)+) => { $(
        #[test]
        fn $name() {
            let stream = include_str!(concat!("fixtures/stream/", stringify!($name), ".sse")).as_bytes();
            let chunks = laws::chunks(decoder, stream);
            let lines: Vec<_> = chunks.iter().map(|chunk| serde_json::to_string(chunk).unwrap()).collect();
            insta::assert_snapshot!(stringify!($name), lines.join("\n"));
            stream_laws(stream);
            $(
                let whole = include_str!(concat!("fixtures/response/", stringify!($whole), ".json"));
                assert_eq!(essence(&llm_testkit::assemble(&chunks)), essence(&answer(whole)));
            )?
        }
    )+ };
}

fn stream_laws(stream: &[u8]) {
    laws::cut_anywhere(decoder, stream);
    laws::unknown_events_harmless(decoder, stream, laws::COMMENTS);
    let chunks = laws::chunks(decoder, stream);
    laws::usage_once(&chunks);
    laws::one_finish_per_choice(&chunks);
    laws::tool_indices(&chunks);
    for line in std::str::from_utf8(stream).unwrap().lines().filter(|line| !line.is_empty()) {
        laws::json_identity::<wire::GenerateContentResponse>(line.strip_prefix("data: ").unwrap());
    }
}

mod stream {
    use super::*;

    streams! {
        audio
        blocked = blocked
        code_execution = code_execution
        finish_in_every_event = text
        grounding = grounding
        image = image
        logprobs = logprobs
        parallel_tools = parallel_tools
        signed_end
        streamed_arguments
        text = text
        thinking = thinking
        two_candidates = two_candidates
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
        let stream = include_bytes!("fixtures/stream/error.sse");
        let items = laws::read(decoder, stream);
        let Some(Err(StreamError::Upstream(error))) = items.last() else { panic!("{items:?}") };
        assert_eq!((error.kind, error.status), (ErrorKind::Unavailable, 503));
        assert_eq!(items.iter().filter(|item| item.is_err()).count(), 1);
        laws::cut_anywhere(decoder, stream);
    }

    #[test]
    fn what_is_no_json_is_corrupt() {
        let items = laws::read(decoder, b"data: {\"candidates\":7}\n\ndata: {}\n\n");
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
            assert_eq!(body(&encode(&request, MODEL).unwrap())["contents"][1]["parts"], wanted);
        }
    }
}

#[test]
fn unsupported_members_are_refused_or_forwarded() {
    let mut request = ChatRequest::new("m", vec![Message::user("?")]);
    request.verbosity = Nullable::Value(llm_types::Verbosity::Low);
    let headers = HeaderMap::new();
    let call = Call { unsupported: OnUnsupported::Reject, ..Call::new(MODEL, &headers) };
    assert_eq!(
        chat().encode(&request, &call).unwrap_err(),
        EncodeError::unsupported("verbosity", "Gemini has no such parameter")
    );
    let forward = ["verbosity".to_owned()];
    let call = Call { forward: &forward, ..call };
    assert_eq!(body(&chat().encode(&request, &call).unwrap())["verbosity"], "low");
}

#[test]
fn tokens_are_counted() {
    static GEMINI: Gemini = Gemini;
    let count: &dyn Translator<CountTokens> = GEMINI.count_tokens().unwrap();
    let request = case("tools").request();
    let headers = HeaderMap::new();
    let key = Credential::Key(Secret::new("k"));
    let call = Call { credential: Some(&key), ..Call::new(MODEL, &headers) };
    insta::assert_snapshot!("count_tokens", sent(count.encode(&request, &call)));
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
    let encoded = encode(&request, MODEL).unwrap();
    assert_eq!(encoded.request.uri().path(), "/v1beta/models/gemini-2.5-flash:streamGenerateContent");
    assert_eq!(encoded.request.uri().query(), Some("alt=sse"));
}

#[test]
fn every_fixture_has_its_snapshot_and_the_other_way_round() {
    let names = |folder: &str| {
        let entries = std::fs::read_dir(format!("{}/tests/{folder}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.map(|name| name.rsplit_once('.').unwrap().0.to_owned()).collect::<BTreeSet<_>>()
    };
    let mut wanted: BTreeSet<String> = ["request", "response", "stream"]
        .into_iter()
        .flat_map(|folder| {
            names(&format!("fixtures/{folder}")).into_iter().map(move |name| format!("{folder}__{name}"))
        })
        .collect();
    // It fails by design, which a snapshot of chunks cannot show.
    wanted.remove("stream__error");
    wanted.extend(names("fixtures/error").into_iter().map(|name| format!("error_{name}")));
    wanted.extend(corpus().iter().map(|case| format!("corpus_of_all_vendors__{}", case.name)));
    wanted.insert("count_tokens".to_owned());
    let wanted: BTreeSet<_> = wanted.into_iter().map(|name| format!("translate__{name}")).collect();
    assert_eq!(names("snapshots"), wanted);
}
