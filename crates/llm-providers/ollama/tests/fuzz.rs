//! Hostile input: seeded mutations of requests, answers and streams. `LLM_FUZZ_ITERATIONS` makes it long.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use llm_provider_core::{Chat, Decoder, Dialect, Heard, Ingress, Provider, Translator, WholeIngress};
use llm_provider_ollama::{
    Ollama, OllamaChatIngress, OllamaEmbedIngress, OllamaEmbeddingsIngress, OllamaGenerateIngress,
};
use llm_testkit::fuzz::{self, SEED, iterations, run};

const STREAMS: &[&[u8]] = &[
    include_bytes!("fixtures/stream/thinking_and_calls.ndjson"),
    include_bytes!("fixtures/stream/tags.ndjson"),
    include_bytes!("fixtures/stream/logprobs.ndjson"),
    include_bytes!("fixtures/stream/unknown.ndjson"),
    include_bytes!("fixtures/conformance/stream_error.stream.ndjson"),
];

const ANSWERS: &[&[u8]] = &[
    include_bytes!("fixtures/response/thinking_and_calls.json"),
    include_bytes!("fixtures/response/unknown.json"),
    include_bytes!("fixtures/response/tags.json"),
];

const REQUESTS: &[&[u8]] = &[
    br#"{"model":"m","messages":[{"role":"user","content":"t","images":["iVBORw0KGgo="]},{"role":"assistant","thinking":"h","content":"","tool_calls":[{"function":{"name":"f","arguments":{"a":[1,null]}}}]},{"role":"tool","tool_name":"f","content":"r"}],"tools":[{"type":"function","function":{"name":"f"}}],"think":"low","format":{"type":"object"},"options":{"num_predict":-1,"seed":3,"stop":["x"],"num_ctx":9},"keep_alive":"5m"}"#,
    br#"{"model":"m","prompt":"p","suffix":"s","system":"y","images":["/9j/"],"raw":true,"context":[1],"format":"json","think":false,"stream":false,"options":{"temperature":0.5}}"#,
    br#"{"model":"m","input":["a","b"],"prompt":"p","truncate":false,"dimensions":3,"options":{"num_ctx":1}}"#,
];

static OLLAMA: Ollama = Ollama;

fn chat() -> &'static dyn Translator<Chat> {
    OLLAMA.chat().unwrap()
}

fn decoder() -> Box<dyn Decoder<Chat>> {
    chat().decoder()
}

#[test]
fn requests() {
    for ingress in [&OllamaChatIngress as &dyn Ingress, &OllamaGenerateIngress] {
        run(|data| fuzz::request(ingress, &[chat()], data), REQUESTS, SEED, iterations(3_000));
    }
}

#[test]
fn canonical_requests() {
    let body = |data: &[u8]| fuzz::canonical_request(chat(), &["m"], data);
    run(body, &fuzz::canonical_requests(), SEED, iterations(3_000));
}

#[test]
fn streams() {
    run(|data| fuzz::stream(decoder, data), STREAMS, SEED, iterations(1_000));
}

#[test]
fn streams_for_clients_of_ollama() {
    run(|data| fuzz::cross(decoder, &OllamaChatIngress, decoder, data), STREAMS, SEED, iterations(2_000));
}

#[test]
fn answers_and_errors() {
    run(|data| fuzz::answer(chat(), data), ANSWERS, SEED, iterations(2_000));
}

#[test]
fn listeners() {
    for dialect in [Dialect::OllamaChat, Dialect::OllamaGenerate] {
        let relay = OLLAMA.relay(dialect).unwrap();
        let body = |data: &[u8]| {
            let mut listener = relay.listener();
            for line in data.split_inclusive(|&byte| byte == b'\n') {
                let failed = listener.frame(line) == Heard::Failure;
                assert_eq!(failed, listener.failure().is_some(), "a failure is told once, and only then");
            }
            assert!(listener.seen().content_bytes <= data.len() as u64, "more was heard than was said");
        };
        run(body, STREAMS, SEED, iterations(2_000));
    }
}

#[test]
fn vectors() {
    let headers = http::HeaderMap::new();
    let call = llm_provider_core::Call::new("m", &headers);
    let body = |data: &[u8]| {
        for read in [OllamaEmbedIngress.read(data), OllamaEmbeddingsIngress.read(data)].into_iter().flatten()
        {
            drop(OLLAMA.embeddings().unwrap().encode(&read.request, &call));
        }
    };
    run(body, REQUESTS, SEED, iterations(3_000));
}
