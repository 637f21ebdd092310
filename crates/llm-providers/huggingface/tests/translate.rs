//! Every direction, case by case: fixtures in `tests/fixtures`, what becomes of them in `tests/snapshots`, and
//! the laws that hold for all.
//!
//! The fixtures follow Hugging Face's documentation ("Inference Providers", "Text Generation Inference", "Text
//! Embeddings Inference"), read 2026-11; none is a recording.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::LazyLock;

use http::{HeaderMap, Response};
use llm_provider_core::{
    Call, Capabilities, Chat, Decoded, Decoder, Dialect, Provider, StreamError, Translator,
};
use llm_provider_huggingface::{HuggingFace, wire};
use llm_testkit::conformance::{Scenario, Vendor, run, run_corpus};
use llm_testkit::corpus::corpus;
use llm_testkit::laws::{self, Equivalence};
use llm_testkit::suite::{Cases, Suite, body, notes, read};
use llm_types::{ChatRequest, FinishReason, Message, Nullable};
use serde_json::json;

const MODEL: &str = "org/name";

static HUGGING_FACE: LazyLock<HuggingFace> = LazyLock::new(HuggingFace::new);

fn chat() -> &'static dyn Translator<Chat> {
    HUGGING_FACE.chat().unwrap()
}

fn decoder() -> Box<dyn Decoder<Chat>> {
    chat().decoder()
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

/// The router of providers.
fn cases() -> Cases<'static> {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    let models = &[MODEL, "an-invented-model", "together/org/name"];
    Cases {
        junk: JUNK,
        stream: stream_laws,
        ..Cases::new(Suite::new(&*HUGGING_FACE, fixtures, MODEL, &[]), models)
    }
}

/// A server in TGI's own form.
fn tgi() -> Cases<'static> {
    let mut cases = cases();
    (cases.suite.base_url, cases.suite.equivalences) = (Some(TGI), EQUIVALENCES);
    cases
}

#[test]
fn corpus_of_all_vendors() {
    let own = tgi().corpus().into_iter().map(|(name, sent)| (name.replacen("corpus", "tgi", 1), sent));
    for (name, sent) in cases().corpus().into_iter().chain(own) {
        insta::assert_snapshot!(name, sent);
    }
}

#[test]
fn streams() {
    for (name, chunks) in cases().streams() {
        insta::assert_snapshot!(name, chunks);
    }
}

mod request {
    use super::*;

    #[test]
    fn the_whole_corpus_is_sent() {
        let refused = run_corpus(&*HUGGING_FACE, MODEL, &[]);
        assert!(refused.is_empty(), "{refused:?}");
    }

    #[test]
    fn what_tgi_lacks_is_refused_or_forwarded() {
        let body = tgi().refused_or_forwarded("user", &json!("u"), "TGI's own form has no such thing");
        assert_eq!(body["parameters"]["user"], "u");
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
        let notes = notes(&encoded);
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

const JUNK: &[&str] = &["data: {\"new\":1}\n\n", "event: new\ndata: {\"object\":\"new\"}\n\n"];

/// TGI's own streams end in the event with the whole text.
fn stream_laws(stream: &[u8]) {
    laws::truncation(decoder, stream, stream.trim_ascii_end().len());
    for line in std::str::from_utf8(stream).unwrap().lines().filter_map(|line| line.strip_prefix("data:")) {
        laws::json_identity::<wire::StreamResponse>(line);
    }
}

mod tgi {
    use super::*;

    #[test]
    fn a_stream() {
        let whole = cases().streamed("tgi");
        assert_eq!(whole.choices[0].message.content, Nullable::Value("Paris is it".into()));
        let counts = whole.usage.get().unwrap().counts();
        assert_eq!((counts.input, counts.output), (9, 4));
        assert!(cases().streamed("tgi_without_details").usage.is_absent());
    }

    #[test]
    fn whole_answers() {
        let details = json!({ "finish_reason": "length", "generated_tokens": 3, "prefill": [{ "id": 1 }, { "id": 2 }] });
        for body in [
            json!({ "generated_text": "Paris", "details": details }),
            json!([{ "generated_text": "Paris", "details": details }]),
        ] {
            let answer = cases().answer(&body.to_string());
            assert_eq!(answer.choices[0].finish_reason.get(), Some(&FinishReason::Length));
            assert_eq!(answer.choices[0].message.content, Nullable::Value("Paris".into()));
            assert_eq!(answer.usage.get().unwrap().counts().input, 2);
        }
        let stopped = cases().answer(
            r#"{"generated_text":"x","details":{"finish_reason":"stop_sequence","generated_tokens":1}}"#,
        );
        let choice = &stopped.choices[0];
        assert_eq!(choice.extra["provider_specific_fields"]["native_finish_reason"], "stop_sequence");
        assert!(stopped.usage.get().unwrap().prompt_tokens.is_absent());
    }

    #[test]
    fn a_failure_in_mid_stream() {
        let stream = b"data:{\"index\":1,\"token\":{\"text\":\"Pa\"}}\n\ndata:{\"error\":\"out of memory\",\"error_type\":\"generation\"}\n\n";
        let items = cases().items(stream);
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
        fixtures: &cases().suite.fixtures.join("conformance"),
        model: MODEL,
        terminal: "data: [DONE]",
        junk: JUNK,
        skips: &[(Scenario::Documents, "no file is part of what the router documents")],
    });
    assert_eq!(report.skipped.len(), 1, "{report}");
}

#[test]
fn mixtures_of_the_corpus() {
    cases().mixtures(14);
    tgi().mixtures(14);
}

#[test]
fn every_case_has_its_snapshot_and_the_other_way_round() {
    let own: Vec<_> = corpus().iter().map(|case| format!("tgi.{}", case.name)).collect();
    cases().every_snapshot_has_its_case("translate__", &own);
}
