//! Every direction, case by case: fixtures in `tests/fixtures`, what becomes of them in `tests/snapshots`, and
//! the laws that hold for all.
//!
//! The fixtures follow Mistral AI's documentation ("Chat Completion", "Function calling", "Reasoning", "Citations",
//! "Errors"), read 2026-11; none is a recording.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::LazyLock;

use http::{HeaderMap, Response};
use llm_provider_core::{
    Call, Capabilities, Chat, Decoded, Decoder, Dialect, OnUnsupported, Peek, Provider, StreamError,
    Translator,
};
use llm_provider_mistral::Mistral;
use llm_testkit::conformance::{Vendor, run, run_corpus};
use llm_testkit::corpus::corpus;
use llm_testkit::laws::{self, Equivalence};
use llm_testkit::suite::{Cases, Suite, body, notes, read};
use llm_testkit::tests_of_cases;
use llm_types::{ChatRequest, ErrorKind, Message};
use serde_json::{Value, json};

const MODEL: &str = "mistral-small-latest";

static MISTRAL: LazyLock<Mistral> = LazyLock::new(Mistral::new);

fn chat() -> &'static dyn Translator<Chat> {
    MISTRAL.chat().unwrap()
}

fn decoder() -> Box<dyn Decoder<Chat>> {
    chat().decoder()
}

/// Claims that are true of Mistral: it says the same in other words, or needs no word for it.
const EQUIVALENCES: &[Equivalence] = &[
    Equivalence::of("tool_choice", "required", "\"tool_choice\":\"any\""),
    Equivalence::of("tools[*].function.strict", "false", ""),
    Equivalence::of("messages[*].content", "", ""),
];

fn cases() -> Cases<'static> {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    let suite = Suite::new(&*MISTRAL, fixtures, MODEL, EQUIVALENCES);
    Cases { junk: JUNK, stream: stream_laws, essence, ..Cases::new(suite, &[MODEL, "an-invented-model"]) }
}

tests_of_cases!(cases());

mod request {
    use super::*;

    #[test]
    fn the_whole_corpus_is_sent() {
        let refused = run_corpus(&*MISTRAL, MODEL, EQUIVALENCES);
        assert!(refused.is_empty(), "{refused:?}");
    }

    #[test]
    fn unsupported_members_are_refused_or_forwarded() {
        let body = cases().refused_or_forwarded("user", &json!("u"), "the vendor does not take it");
        assert_eq!(body["user"], "u");
    }

    #[test]
    fn ids_are_mapped_in_pairs() {
        let request = read(json!({ "model": "m", "messages": [
            { "role": "assistant", "tool_calls": [{ "id": "call_1", "type": "function", "function": { "name": "f", "arguments": "{}" } },
                { "id": "a1B2c3D4e", "type": "function", "function": { "name": "f", "arguments": "{}" } }] },
            { "role": "tool", "tool_call_id": "a1B2c3D4e", "content": "1" },
            { "role": "tool", "tool_call_id": "call_1", "content": "2" }
        ] }));
        let encoded = cases().encode(&request).unwrap();
        let body = body(&encoded);
        let calls = &body["messages"][0]["tool_calls"];
        assert_eq!(
            (&calls[1]["id"], &body["messages"][1]["tool_call_id"]),
            (&json!("a1B2c3D4e"), &json!("a1B2c3D4e"))
        );
        assert_eq!(calls[0]["id"], body["messages"][2]["tool_call_id"]);
        assert_eq!(calls[0]["id"].as_str().unwrap().len(), 9);
        let renamed: Vec<_> = encoded.notes.iter().map(|note| note.path.as_str()).collect();
        assert_eq!(renamed, ["messages[0].tool_calls[0].id", "messages[2].tool_call_id"]);
    }

    #[test]
    fn hosts() {
        let headers = HeaderMap::new();
        let request = ChatRequest::new("m", vec![Message::user("?")]);
        let codestral = Mistral::codestral();
        assert_eq!(codestral.info().id, "codestral");
        let uri = |vendor: &Mistral, base| {
            let call = Call { base_url: base, ..Call::new("m", &headers) };
            vendor.chat().unwrap().encode(&request, &call).unwrap().request.uri().to_string()
        };
        assert_eq!(uri(&codestral, None), "https://codestral.mistral.ai/v1/chat/completions");
        assert_eq!(
            uri(&MISTRAL, Some("https://api.eu.mistral.ai")),
            "https://api.eu.mistral.ai/v1/chat/completions"
        );
        assert_eq!(
            uri(&MISTRAL, Some("https://api.eu.mistral.ai/v1/")),
            "https://api.eu.mistral.ai/v1/chat/completions"
        );
    }
}

/// What passes through as bytes and what is translated mean the same to the vendor.
#[test]
fn passing_through_and_translating_agree() {
    let headers = HeaderMap::new();
    let call = Call::new(MODEL, &headers);
    let mut passed = 0;
    for case in corpus() {
        let bytes = bytes::Bytes::from(case.json);
        let peek = Peek::new(&bytes).unwrap();
        let Some(edits) = MISTRAL.relay(Dialect::OpenAiChat).unwrap().edits(&peek, &call) else { continue };
        passed += 1;
        let mut relayed: Value =
            serde_json::from_slice(&llm_provider_core::apply(&bytes, &peek, &edits)).unwrap();
        relayed["model"] = MODEL.into();
        let mut translated = body(&cases().encode(&case.request()).unwrap());
        for body in [&mut relayed, &mut translated] {
            normalise(body);
        }
        assert_eq!(relayed, translated, "{}", case.name);
    }
    assert!(passed > 25, "{passed} passed through");
}

/// Mistral tells thinking in parts of the content, where clients of OpenAI's dialect expect a text. The request passes
/// through, whoever is asked and for whatever; the answer is read where it is so.
#[test]
fn answers_that_think_are_read() {
    let relay = MISTRAL.relay(Dialect::OpenAiChat).unwrap();
    let headers = HeaderMap::new();
    for (model, more) in [
        ("mistral-small-latest", ""),
        ("mistral-small-latest", ",\"reasoning_effort\":\"high\""),
        ("magistral-medium-latest", ",\"prompt_mode\":\"reasoning\""),
        ("an-invented-name", ""),
    ] {
        let bytes =
            format!("{{\"model\":\"m\",\"messages\":[{{\"role\":\"user\",\"content\":\"Hi\"}}]{more}}}");
        let peek = Peek::new(bytes.as_bytes()).unwrap();
        assert_eq!(relay.edits(&peek, &Call::new(model, &headers)), Some(Vec::new()), "{model} {more}");
    }
    let body = |content: Value| {
        json!({ "id": "1", "model": "m", "choices": [{ "index": 0, "finish_reason": "stop", "message": {
            "role": "assistant", "content": content, "tool_calls": null } }] })
        .to_string()
    };
    let thinks = body(json!([
        { "type": "thinking", "thinking": [{ "type": "text", "text": "Easy." }], "closed": true },
        { "type": "text", "text": "4" }
    ]));
    for (answer, is_foreign) in [(&thinks, true), (&body(json!("4")), false)] {
        let mut listener = relay.listener();
        listener.body(answer.as_bytes());
        assert_eq!((listener.is_foreign(), listener.seen().complete), (is_foreign, true));
    }
    let answer = MISTRAL.chat().unwrap().decode(Response::new(thinks.as_bytes())).unwrap();
    let Decoded::Answer(answer) = answer else { panic!("not done") };
    let message = &answer.choices[0].message;
    assert_eq!(message.content.get().unwrap().text(), "4");
    assert_eq!(message.reasoning_content.as_deref(), Some("Easy."));
}

/// Both ways of writing an image's address mean the same.
fn normalise(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if let Some(url @ Value::String(_)) = members.get("image_url").cloned() {
                members.insert("image_url".to_owned(), json!({ "url": url }));
            }
            members.values_mut().for_each(normalise);
        }
        Value::Array(items) => items.iter_mut().for_each(normalise),
        _ => {}
    }
}

#[test]
fn a_listener_hears_usage_in_every_spelling() {
    for spelling in ["prompt_token_details", "prompt_tokens_details"] {
        let mut listener = MISTRAL.relay(Dialect::OpenAiChat).unwrap().listener();
        let body = json!({ "model": "m", "choices": [{ "finish_reason": "stop", "message": { "content": "x" } }],
            "usage": { "prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11, spelling: { "cached_tokens": 4 } } });
        listener.body(body.to_string().as_bytes());
        assert_eq!(listener.seen().usage.as_ref().unwrap().counts().input_cached, 4);
        assert!(listener.seen().complete);
    }
    let mut listener = MISTRAL.relay(Dialect::OpenAiChat).unwrap().listener();
    let frame =
        b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"},\"finish_reason\":\"error\"}]}\n\n";
    assert_eq!(listener.frame(frame), llm_provider_core::Heard::Failure);
    assert!(listener.failure().is_some());
}

#[test]
fn vectors() {
    let embeddings = MISTRAL.embeddings().unwrap();
    let headers = HeaderMap::new();
    let request: llm_types::EmbeddingRequest =
        llm_types::from_value(json!({ "model": "x", "input": ["a"], "dimensions": 256,
        "output_dtype": "int8", "encoding_format": "float", "user": "u" }))
        .unwrap();
    let call = Call::new("codestral-embed", &headers);
    let encoded = embeddings.encode(&request, &call).unwrap();
    assert_eq!(encoded.request.uri(), "https://api.mistral.ai/v1/embeddings");
    assert_eq!(
        body(&encoded),
        json!({ "model": "codestral-embed", "input": ["a"], "output_dimension": 256, "output_dtype": "int8", "encoding_format": "float" })
    );
    let notes = notes(&encoded);
    assert_eq!(
        notes,
        ["renamed dimensions: output_dimension", "dropped user: Mistral has no such parameter"]
    );
    let strict = Call { unsupported: OnUnsupported::Reject, ..call };
    assert!(embeddings.encode(&request, &strict).is_err());
    let answer = br#"{"id":"i","object":"list","model":"m","data":[{"object":"embedding","index":0,"embedding":[0.5]}],"usage":{"prompt_tokens":2,"total_tokens":2}}"#;
    let Decoded::Answer(answer) = embeddings.decode(Response::new(answer.as_slice())).unwrap() else {
        panic!("an answer")
    };
    assert_eq!(answer.usage.get().unwrap().counts().input, 2);
}

/// Takes away what differs between a whole answer and a streamed one by nature.
fn essence(answer: &mut Value) {
    answer.as_object_mut().unwrap().remove("usage");
}

const JUNK: &[&str] = &["data: {\"new\":1}\n\n", "event: new\ndata: {\"object\":\"new\"}\n\n"];

fn stream_laws(stream: &[u8]) {
    laws::truncation(decoder, stream, laws::after_last(stream, "data: [DONE]"));
    laws::unknown_members_harmless(decoder, stream);
}

mod answered {
    use super::*;

    #[test]
    fn signed_thinking_goes_back_as_it_came() {
        let json = include_str!("fixtures/response/signed_thinking_and_references.json");
        let given: Value = serde_json::from_str(json).unwrap();
        let message = cases().answer(json).choices.remove(0).message;
        let request = ChatRequest::new("m", vec![Message::user("?"), message, Message::user("Go on.")]);
        let back = body(&cases().encode(&request).unwrap())["messages"][1].take();
        assert_eq!(back["content"][0], given["choices"][0]["message"]["content"][0]);
        assert_eq!(back["content"][1], json!({ "type": "text", "text": "Paris." }));
    }

    #[test]
    fn cached_tokens_in_every_spelling() {
        for spelling in ["prompt_token_details", "prompt_tokens_details"] {
            let json = json!({ "choices": [], "usage": { "prompt_tokens": 10, "completion_tokens": 1, spelling: { "cached_tokens": 4 } } });
            assert_eq!(cases().answer(&json.to_string()).usage.get().unwrap().counts().input_cached, 4);
        }
    }

    #[test]
    fn an_error_in_mid_answer() {
        let stream = b"data: {\"id\":\"a\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"},\"finish_reason\":\"error\"}]}\n\n";
        let items = cases().items(stream);
        let Some(Err(StreamError::Upstream(error))) = items.last() else { panic!("{items:?}") };
        assert_eq!(error.kind, ErrorKind::Unavailable);
    }
}

#[test]
fn conformance() {
    let lacks = Capabilities { count_tokens: false, ..MISTRAL.info().capabilities };
    assert_eq!(MISTRAL.info().capabilities, lacks);
    let report = run(&Vendor {
        provider: &*MISTRAL,
        fixtures: &cases().suite.fixtures.join("conformance"),
        model: MODEL,
        terminal: "data: [DONE]",
        junk: JUNK,
        skips: &[],
    });
    assert!(report.skipped.is_empty(), "{report}");
}

#[test]
fn mixtures_of_the_corpus() {
    cases().mixtures(13);
}

#[test]
fn every_case_has_its_snapshot_and_the_other_way_round() {
    cases().every_snapshot_has_its_case("translate__", &[]);
}
