//! Hostile input: seeded mutations of requests, answers and streams. `LLM_FUZZ_ITERATIONS` makes it long.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use llm_provider_core::{Chat, Decoder, Provider};
use llm_provider_triton::Triton;
use llm_testkit::fuzz::{self, SEED, iterations, run};

const STREAMS: &[&[u8]] = &[
    include_bytes!("fixtures/conformance/text_stream.stream.sse"),
    include_bytes!("fixtures/conformance/stream_error.stream.sse"),
    include_bytes!("fixtures/conformance/text.response.json"),
];

const ANSWERS: &[&[u8]] = &[include_bytes!("fixtures/conformance/text.response.json")];

fn decoder() -> Box<dyn Decoder<Chat>> {
    Triton::new().chat().unwrap().decoder()
}

#[test]
fn requests() {
    let vendor = Triton::new();
    let body = |data: &[u8]| fuzz::canonical_request(vendor.chat().unwrap(), &["m"], data);
    run(body, &fuzz::canonical_requests(), SEED, iterations(2_000));
}

#[test]
fn streams() {
    run(|data| fuzz::stream(decoder, data), STREAMS, SEED, iterations(1_000));
}

#[test]
fn answers_and_errors() {
    let vendor = Triton::new();
    let body = |data: &[u8]| {
        fuzz::answer(vendor.chat().unwrap(), data);
        fuzz::answer(vendor.embeddings().unwrap(), data);
    };
    run(body, ANSWERS, SEED, iterations(2_000));
}
