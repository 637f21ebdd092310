//! Every direction, case by case: fixtures in `tests/fixtures`, what becomes of them in `tests/snapshots`, and
//! the laws that hold for all.
//!
//! The fixtures follow Hugging Face's documentation ("Inference Providers", "Text Generation Inference", "Text
//! Embeddings Inference"), read 2026-11; none is a recording.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::LazyLock;

use http::{HeaderMap, Response};
use llm_provider_core::{
    Call, Capabilities, Chat, Decoded, Decoder, Dialect, EncodeError, Encoded, OnUnsupported, Payload,
    Provider, StreamError, Translator,
};
use llm_provider_huggingface::{HuggingFace, wire};
use llm_testkit::Random;
use llm_testkit::conformance::{Scenario, Vendor, run, run_corpus};
use llm_testkit::corpus::corpus;
use llm_testkit::laws::{self, Equivalence};
use llm_types::{ChatRequest, ChatResponse, FinishReason, Message, Nullable};
use serde_json::{Value, json};

const MODEL: &str = "org/name";

static HUGGING_FACE: LazyLock<HuggingFace> = LazyLock::new(HuggingFace::new);

fn chat() -> &'static dyn Translator<Chat> {
    HUGGING_FACE.chat().unwrap()
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
    let Payload::Bytes(body) = body else { panic!("no bytes") };
    let body: Value = serde_json::from_slice(&body).unwrap();
    writeln!(out, "\n{}\n", serde_json::to_string_pretty(&body).unwrap()).unwrap();
    for note in encoded.notes {
        writeln!(out, "{note}").unwrap();
    }
    out
}

fn encode(request: &ChatRequest) -> Result<Encoded, EncodeError> {
    let headers = HeaderMap::new();
    chat().encode(request, &Call::new(MODEL, &headers))
}

fn body(encoded: &Encoded) -> Value {
    let Payload::Bytes(body) = encoded.request.body() else { panic!("no bytes") };
    serde_json::from_slice(body).unwrap()
}

fn read(json: Value) -> ChatRequest {
    llm_types::from_value(json).unwrap()
}

/// Claims that are true of TGI's own form: it says the same in other words, or needs no word for it.
const EQUIVALENCES: &[Equivalence] = &[
    Equivalence::any("stream", ""),
    Equivalence::any("stream_options", ""),
    Equivalence::of("n", "1", ""),
    Equivalence::of("store", "false", ""),
    Equivalence::of("logprobs", "false", ""),
    Equivalence::of("top_logprobs", "0", ""),
    Equivalence::of("presence_penalty", "0", ""),
    Equivalence::of("modalities", "text", ""),
    Equivalence::of("service_tier", "auto", ""),
    Equivalence::of("service_tier", "default", ""),
    Equivalence::of("parallel_tool_calls", "true", ""),
];

/// The address of a server in TGI's own form.
const TGI: &str = "http://localhost:8080/generate";

fn laws_of(request: &ChatRequest) {
    let headers = HeaderMap::new();
    for (base, equivalences) in [(None, &[][..]), (Some(TGI), EQUIVALENCES)] {
        for model in [MODEL, "an-invented-model", "together/org/name"] {
            let call = Call { base_url: base, ..Call::new(model, &headers) };
            laws::encode_is_stable(chat(), request, &call);
            laws::no_silent_loss(chat(), request, &call, equivalences);
            let rejecting = Call { unsupported: OnUnsupported::Reject, ..call.clone() };
            laws::no_silent_loss(chat(), request, &rejecting, equivalences);
        }
    }
}

mod request {
    use super::*;

    #[test]
    fn corpus_of_all_vendors() {
        let headers = HeaderMap::new();
        for case in corpus() {
            let request = case.request();
            laws_of(&request);
            let own = chat().encode(&request, &Call { base_url: Some(TGI), ..Call::new(MODEL, &headers) });
            insta::assert_snapshot!(format!("corpus.{}", case.name), sent(encode(&request)));
            insta::assert_snapshot!(format!("tgi.{}", case.name), sent(own));
        }
    }

    #[test]
    fn the_whole_corpus_is_sent() {
        let refused = run_corpus(&*HUGGING_FACE, MODEL, &[]);
        assert!(refused.is_empty(), "{refused:?}");
    }

    #[test]
    fn what_tgi_lacks_is_refused_or_forwarded() {
        let mut request = ChatRequest::new("m", vec![Message::user("?")]);
        request.user = Nullable::Value("u".to_owned());
        let headers = HeaderMap::new();
        let call =
            Call { unsupported: OnUnsupported::Reject, base_url: Some(TGI), ..Call::new(MODEL, &headers) };
        let refusal = EncodeError::unsupported("user", "TGI's own form has no such thing");
        assert_eq!(chat().encode(&request, &call).unwrap_err(), refusal);
        let forward = ["user".to_owned()];
        let call = Call { forward: &forward, ..call };
        assert_eq!(body(&chat().encode(&request, &call).unwrap())["parameters"]["user"], "u");
    }

    #[test]
    fn own_words_of_tgi() {
        let request = read(
            json!({ "model": "m", "messages": [{ "role": "user", "content": "Hello" }], "max_tokens": 9, "temperature": 0,
            "top_k": 5, "stop": "END", "repetition_penalty": 1.1, "stream": true,
            "response_format": { "type": "json_schema", "json_schema": { "name": "a", "schema": { "type": "object" } } } }),
        );
        let headers = HeaderMap::new();
        let encoded =
            chat().encode(&request, &Call { base_url: Some(TGI), ..Call::new("tgi", &headers) }).unwrap();
        assert_eq!(encoded.request.uri(), "http://localhost:8080/generate_stream");
        assert_eq!(
            body(&encoded),
            json!({ "inputs": "Hello", "parameters": { "top_k": 5, "repetition_penalty": 1.1, "max_new_tokens": 9, "stop": ["END"], "details": true, "return_full_text": false, "do_sample": false,
                "grammar": { "type": "json", "value": { "type": "object" } } } })
        );
        let notes: Vec<_> = encoded.notes.iter().map(ToString::to_string).collect();
        assert_eq!(
            notes,
            ["converted temperature: do_sample: false", "converted response_format: to a grammar"]
        );
    }
}

/// Providers behind the router tell thinking by either name, and clients get it by one: so nothing passes as bytes.
#[test]
fn thinking_has_one_name() {
    assert!(HUGGING_FACE.relay(Dialect::OpenAiChat).is_none());
    for (name, plain) in [("reasoning", true), ("reasoning_content", false)] {
        let answer = json!({"id": "a", "object": "chat.completion", "created": 1, "model": "m", "choices": [
            {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "4", name: "2+2"}}]});
        let Decoded::Answer(answer) = chat().decode(Response::new(answer.to_string().as_bytes())).unwrap()
        else {
            panic!("no answer")
        };
        let message = &answer.choices[0].message;
        assert_eq!(message.reasoning_content.as_deref(), Some("2+2"), "{name}");
        assert_eq!(message.extra.contains_key("reasoning"), plain, "what the vendor said stays beside it");
        let mut decoder = decoder();
        let piece = json!({"id": "a", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [
            {"index": 0, "finish_reason": null, "delta": {"role": "assistant", name: "2+2"}}]});
        let chunks: Vec<_> = decoder.push(format!("data: {piece}\n\n").into()).collect();
        let choice = &chunks[0].as_ref().unwrap().choices.get().unwrap()[0];
        let thought = choice.delta.get().unwrap().reasoning_content.as_deref();
        assert_eq!(thought, Some("2+2"), "{name}");
    }
}

#[test]
fn who_pays_and_which_provider_answers() {
    let headers = HeaderMap::new();
    let parameters = [("huggingface_bill_to", "acme")].into_iter().collect();
    let with = |model, base| Call { base_url: base, parameters: &parameters, ..Call::new(model, &headers) };
    let request = ChatRequest::new("m", vec![Message::user("?")]);
    let encoded = chat().encode(&request, &with("together/org/name", None)).unwrap();
    assert_eq!(
        (&body(&encoded)["model"], &encoded.request.headers()["x-hf-bill-to"]),
        (&json!("org/name:together"), &"acme".parse().unwrap())
    );
}

fn answer(json: &str) -> ChatResponse {
    match chat().decode(Response::new(json.as_bytes())).unwrap() {
        Decoded::Answer(answer) => answer,
        Decoded::Again { .. } => panic!("no answer"),
    }
}

const JUNK: &[&str] = &["data: {\"new\":1}\n\n", "event: new\ndata: {\"object\":\"new\"}\n\n"];

/// TGI's own streams end in the event with the whole text.
fn tgi_stream(name: &str, stream: &str) -> ChatResponse {
    let bytes = stream.as_bytes();
    let chunks = laws::chunks(decoder, bytes);
    let lines: Vec<_> = chunks.iter().map(|chunk| serde_json::to_string(chunk).unwrap()).collect();
    insta::assert_snapshot!(name, lines.join("\n"));
    laws::cut_anywhere(decoder, bytes);
    laws::truncation(decoder, bytes, stream.trim_end().len());
    laws::unknown_events_harmless(decoder, bytes, JUNK);
    laws::unknown_events_harmless(decoder, bytes, laws::COMMENTS);
    laws::stream_laws(&chunks);
    for line in stream.lines().filter_map(|line| line.strip_prefix("data:")) {
        laws::json_identity::<wire::StreamResponse>(line);
    }
    llm_testkit::assemble(&chunks)
}

mod tgi {
    use super::*;

    #[test]
    fn a_stream() {
        let whole = tgi_stream("tgi_stream", include_str!("fixtures/stream/tgi.sse"));
        assert_eq!(whole.choices[0].message.content, Nullable::Value("Paris is it".into()));
        let counts = whole.usage.get().unwrap().counts();
        assert_eq!((counts.input, counts.output), (9, 4));
        let bare =
            tgi_stream("tgi_stream_without_details", include_str!("fixtures/stream/tgi_without_details.sse"));
        assert!(bare.usage.is_absent());
    }

    #[test]
    fn whole_answers() {
        let details = json!({ "finish_reason": "length", "generated_tokens": 3, "prefill": [{ "id": 1 }, { "id": 2 }] });
        for body in [
            json!({ "generated_text": "Paris", "details": details }),
            json!([{ "generated_text": "Paris", "details": details }]),
        ] {
            let answer = answer(&body.to_string());
            assert_eq!(answer.choices[0].finish_reason.get(), Some(&FinishReason::Length));
            assert_eq!(answer.choices[0].message.content, Nullable::Value("Paris".into()));
            assert_eq!(answer.usage.get().unwrap().counts().input, 2);
        }
        let stopped = answer(
            r#"{"generated_text":"x","details":{"finish_reason":"stop_sequence","generated_tokens":1}}"#,
        );
        let choice = &stopped.choices[0];
        assert_eq!(choice.extra["provider_specific_fields"]["native_finish_reason"], "stop_sequence");
        assert!(stopped.usage.get().unwrap().prompt_tokens.is_absent());
    }

    #[test]
    fn a_failure_in_mid_stream() {
        let stream = b"data:{\"index\":1,\"token\":{\"text\":\"Pa\"}}\n\ndata:{\"error\":\"out of memory\",\"error_type\":\"generation\"}\n\n";
        let items = laws::read(decoder, stream);
        let Some(Err(StreamError::Upstream(error))) = items.last() else { panic!("{items:?}") };
        assert_eq!(error.message, "out of memory");
    }
}

#[test]
fn conformance() {
    let lacks = Capabilities { documents: false, count_tokens: false, ..HUGGING_FACE.info().capabilities };
    assert_eq!(HUGGING_FACE.info().capabilities, lacks);
    let report = run(&Vendor {
        provider: &*HUGGING_FACE,
        fixtures: &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/conformance"),
        model: MODEL,
        terminal: "data: [DONE]",
        junk: JUNK,
        skips: &[(Scenario::Documents, "no file is part of what the router documents")],
    });
    assert_eq!(report.skipped.len(), 1, "{report}");
}

/// Members of several requests in one, and their messages after each other: whatever is said together, nothing is lost in
/// silence.
#[test]
fn mixtures_of_the_corpus() {
    let mut random = Random::new(14);
    for _ in 0..400 {
        let mut mixture = serde_json::Map::new();
        let mut messages = Vec::new();
        for _ in 0..3 {
            let case: Value = serde_json::from_str(random.pick(corpus()).json).unwrap();
            for (name, value) in case.as_object().unwrap() {
                match value.as_array() {
                    Some(list) if name == "messages" => messages.extend(list.iter().cloned()),
                    _ if random.below(4) > 0 => {
                        mixture.insert(name.clone(), value.clone());
                    }
                    _ => {}
                }
            }
        }
        mixture.insert("model".to_owned(), MODEL.into());
        mixture.insert("messages".to_owned(), messages.into());
        laws_of(&read(Value::Object(mixture)));
    }
}

#[test]
fn every_fixture_has_its_snapshot_and_the_other_way_round() {
    let names = |folder: &str| {
        let entries = std::fs::read_dir(format!("{}/tests/{folder}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.map(|name| name.rsplit_once('.').unwrap().0.to_owned()).collect::<BTreeSet<_>>()
    };
    let mut wanted: BTreeSet<String> = BTreeSet::new();
    for case in corpus() {
        wanted.insert(format!("translate__request__corpus.{}", case.name));
        wanted.insert(format!("translate__request__tgi.{}", case.name));
    }
    for name in names("fixtures/stream") {
        wanted.insert(format!("translate__{}", name.replacen("tgi", "tgi_stream", 1)));
    }
    assert_eq!(names("snapshots"), wanted);
}
