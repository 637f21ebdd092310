//! Hostile input: seeded mutations of requests, answers and streams. `LLM_FUZZ_ITERATIONS` makes it long.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use llm_provider_core::{Chat, Decoder, Provider};
use llm_provider_jina::Jina;
use llm_testkit::fuzz::{self, SEED, iterations, run};

const STREAMS: &[&[u8]] = &[
    include_bytes!("fixtures/conformance/thinking_stream.stream.sse"),
    include_bytes!("fixtures/conformance/stream_error.stream.sse"),
];

const ANSWERS: &[&[u8]] = &[
    include_bytes!("fixtures/conformance/text.response.json"),
    include_bytes!("fixtures/conformance/thinking.response.json"),
];

fn decoder() -> Box<dyn Decoder<Chat>> {
    Jina::new().chat().unwrap().decoder()
}

#[test]
fn requests() {
    let vendor = Jina::new();
    let body = |data: &[u8]| fuzz::canonical_request(vendor.chat().unwrap(), &["m"], data);
    run(body, &fuzz::canonical_requests(), SEED, iterations(2_000));
}

#[test]
fn streams() {
    run(|data| fuzz::stream(decoder, data), STREAMS, SEED, iterations(1_000));
}

#[test]
fn answers_and_errors() {
    let vendor = Jina::new();
    let body = |data: &[u8]| {
        fuzz::answer(vendor.chat().unwrap(), data);
        fuzz::answer(vendor.embeddings().unwrap(), data);
        fuzz::answer(vendor.rerank().unwrap(), data);
    };
    run(body, ANSWERS, SEED, iterations(2_000));
}
