//! Chat by the grid and the corpus; both methods, vectors and streams case by case: what becomes of them stands in
//! `tests/snapshots`.
//!
//! The fixtures follow NVIDIA's "Generate extension" and the documentation of the TensorRT-LLM and vLLM backends, read
//! 2026-11; none is a recording.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

use http::{HeaderMap, Response};
use llm_provider_core::{Call, Chat, Decoded, Decoder, EncodeError, Encoded, Payload, Provider, StreamError};
use llm_provider_triton::Triton;
use llm_testkit::conformance::{Scenario, Vendor, run, run_corpus};
use llm_testkit::laws::{self, Equivalence};
use llm_types::{ChatRequest, ErrorKind, FinishReason, from_value};
use serde_json::{Value, json};

/// What is sent and noted, for eyes.
fn sent(encoded: Result<Encoded, EncodeError>) -> Value {
    let encoded = match encoded {
        Ok(encoded) => encoded,
        Err(error) => return json!({ "refused": error.to_string() }),
    };
    let notes: Vec<_> = encoded.notes.iter().map(ToString::to_string).collect();
    let uri = encoded.request.uri().to_string();
    let Payload::Bytes(body) = encoded.request.into_body() else { panic!("bytes") };
    json!({ "uri": uri, "body": serde_json::from_slice::<Value>(&body).unwrap(), "notes": notes })
}

fn decoder() -> Box<dyn Decoder<Chat>> {
    Triton::new().chat().unwrap().decoder()
}

/// No text is no text.
const EQUIVALENCES: &[Equivalence] = &[Equivalence::of("messages[*].content", "", "")];

#[test]
fn the_grid() {
    let triton = Triton::new();
    let skips: Vec<(Scenario, &str)> = Scenario::ALL
        .into_iter()
        .filter(|scenario| {
            scenario.is_possible(&triton.info().capabilities) == Some(false)
                || matches!(
                    scenario,
                    Scenario::ParallelToolsStream | Scenario::ContentPolicy | Scenario::UsageCached
                )
        })
        .map(|scenario| (scenario, "a text in, a text out"))
        .collect();
    let report = run(&Vendor {
        provider: &triton,
        fixtures: &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/conformance"),
        model: "model-1",
        terminal: "\"text_output\":\"the capital of France.\"}",
        junk: &["data: {\"new\":{\"a\":1}}\n\n"],
        skips: &skips,
    });
    assert_eq!(report.passed.len() + report.skipped.len(), Scenario::ALL.len(), "{report}");
    assert!(run_corpus(&triton, "an-invented-model", EQUIVALENCES).is_empty());
}

fn conversation(more: &Value) -> ChatRequest {
    let mut request = json!({"model": "m", "messages": [{"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello"}]});
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    from_value(request).unwrap()
}

#[test]
fn requests() {
    let triton = Triton::new();
    let headers = HeaderMap::new();
    let full = json!({"temperature": 0.5, "max_completion_tokens": 10, "stop": "END", "seed": 7, "top_k": 3,
        "bad_words": ["x"], "exclude_input_in_output": true, "stream": true});
    for (name, base, more) in [
        ("plain", "http://triton:8000", json!({})),
        ("full", "http://triton:8000/v2/models/ensemble/generate", full.clone()),
        ("infer", "http://triton:8000/v2/models/own/infer?a=b", full),
        ("no_address", "", json!({})),
    ] {
        let call = Call { base_url: Some(base), ..Call::new("llama", &headers) };
        let encoded = triton.chat().unwrap().encode(&conversation(&more), &call);
        insta::assert_json_snapshot!(format!("request.{name}"), sent(encoded));
    }
}

#[test]
fn addresses() {
    let triton = Triton::new();
    let headers = HeaderMap::new();
    let uri = |base: &str, model: &str, stream: bool| {
        let call = Call { base_url: Some(base), ..Call::new(model, &headers) };
        let encoded = triton.chat().unwrap().encode(&conversation(&json!({"stream": stream})), &call);
        encoded.map(|encoded| encoded.request.uri().to_string())
    };
    for (base, model, stream, expected) in [
        ("http://h/v2/", "a", false, "http://h/v2/models/a/generate"),
        ("http://h", "a/versions/2", true, "http://h/v2/models/a/versions/2/generate_stream"),
        ("http://h/v2/models/b/generate_stream", "a", false, "http://h/v2/models/b/generate"),
        ("http://h/v2/models/b/generate", "a", true, "http://h/v2/models/b/generate_stream"),
        ("http://h/v2/models/b/infer", "a", true, "http://h/v2/models/b/infer"),
    ] {
        assert_eq!(uri(base, model, stream).unwrap(), expected);
    }
    assert!(matches!(uri("http://h", "../a", false), Err(EncodeError::Invalid { .. })));
}

#[test]
fn a_backend_that_says_nothing_at_the_end() {
    let piece = |text: &str| {
        format!(
            "data: {{\"model_name\":\"ensemble\",\"model_version\":\"1\",\"sequence_end\":false,\"text_output\":\"{text}\"}}\n\n"
        )
    };
    let stream = piece("Par") + &piece("is.");
    laws::cut_anywhere(decoder, stream.as_bytes());
    laws::unknown_events_harmless(decoder, stream.as_bytes(), laws::COMMENTS);
    let chunks = laws::chunks(decoder, stream.as_bytes());
    laws::stream_laws(&chunks);
    let whole = llm_testkit::assemble(&chunks);
    assert_eq!(whole.choices[0].message.content.get().unwrap().text(), "Paris.");
    assert_eq!(whole.choices[0].finish_reason.get(), Some(&FinishReason::Stop));
    for cut in ["", "data: {\"text_out", "data: {\"model_name\":\"m\"}\n\n"] {
        let items = laws::read(decoder, cut.as_bytes());
        assert!(matches!(items.as_slice(), [Err(StreamError::Truncated)]), "{cut}: {items:?}");
    }
    let cut = stream.len() - 7;
    let items = laws::read(decoder, &stream.as_bytes()[..cut]);
    assert!(matches!(items.last(), Some(Err(StreamError::Truncated))), "{items:?}");
}

#[test]
fn answers() {
    let triton = Triton::new();
    let tensors = json!({"model_name": "own", "model_version": "1", "outputs": [
        {"name": "logits", "datatype": "FP32", "shape": [1], "data": [0.5]},
        {"name": "text_output", "datatype": "BYTES", "shape": [1], "data": ["Hi."]}]});
    for (name, body) in [
        (
            "generate",
            json!({"model_name": "ensemble", "model_version": "1", "text_output": "Hi.", "cum_log_probs": 0.0}),
        ),
        ("infer", tensors.clone()),
    ] {
        let body = body.to_string();
        let Decoded::Answer(answer) = triton.chat().unwrap().decode(Response::new(body.as_bytes())).unwrap()
        else {
            panic!("an answer")
        };
        insta::assert_json_snapshot!(format!("response.{name}"), answer);
    }
    let chunks = laws::chunks(decoder, tensors.to_string().as_bytes());
    laws::stream_laws(&chunks);
    assert_eq!(llm_testkit::assemble(&chunks).choices[0].message.content.get().unwrap().text(), "Hi.");
    let error =
        triton.chat().unwrap().decode(Response::new(br#"{"error":"no such input"}"#.as_slice())).unwrap_err();
    assert_eq!(error.message, "no such input");
}

#[test]
fn vectors() {
    let triton = Triton::new();
    let headers = HeaderMap::new();
    let call = Call { base_url: Some("http://h/v2/models/embed/infer"), ..Call::new("m", &headers) };
    let request =
        from_value(json!({"model": "m", "input": ["a", "b"], "dimensions": 3, "parameters": {"p": 1}}))
            .unwrap();
    insta::assert_json_snapshot!(
        "request.vectors",
        sent(triton.embeddings().unwrap().encode(&request, &call))
    );
    let read = |body: Value| {
        let body = body.to_string();
        match triton.embeddings().unwrap().decode(Response::new(body.as_bytes())) {
            Ok(Decoded::Answer(answer)) => Ok(serde_json::to_value(&answer.data).unwrap()),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.kind),
        }
    };
    let tensor = |shape: Value, data: Value| {
        json!({"model_name": "embed", "outputs": [
        {"name": "mask", "shape": [2], "data": [1, 1]}, {"name": "embeddings", "datatype": "FP32", "shape": shape, "data": data}]})
    };
    let flat = read(tensor(json!([2, 2]), json!([0.1, 0.2, 0.3, 0.4]))).unwrap();
    assert_eq!((&flat[0]["embedding"], &flat[1]["embedding"]), (&json!([0.1, 0.2]), &json!([0.3, 0.4])));
    assert_eq!(read(tensor(json!([2, 2]), json!([[0.1, 0.2], [0.3, 0.4]]))).unwrap(), flat);
    for wrong in [
        json!({}),
        tensor(json!([2]), json!([1])),
        tensor(json!([2, 0]), json!([])),
        tensor(json!([2, 2]), json!([1, 2, 3])),
        tensor(json!([1, 1]), json!(["a"])),
    ] {
        assert_eq!(read(wrong.clone()), Err(ErrorKind::BadGateway), "{wrong}");
    }
}
