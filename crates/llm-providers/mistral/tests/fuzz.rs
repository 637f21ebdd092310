//! Hostile input: seeded mutations of requests, answers and streams. `LLM_FUZZ_ITERATIONS` makes it long.

use llm_provider_core::{Call, Dialect, Peek, Provider};
use llm_provider_mistral::Mistral;
use llm_testkit::corpus::corpus;
use llm_testkit::fuzz::{self, SEED, iterations, run};

const STREAMS: &[&[u8]] = &[
    include_bytes!("fixtures/stream/signed_thinking_and_references.sse"),
    include_bytes!("fixtures/stream/calls.sse"),
    include_bytes!("fixtures/conformance/stream_error.stream.sse"),
];

#[test]
fn requests() {
    let mistral = Mistral::new();
    let chat = mistral.chat().unwrap();
    let relay = mistral.relay(Dialect::OpenAiChat).unwrap();
    let mut all: Vec<&[u8]> = corpus().iter().map(|case| case.json.as_bytes()).collect();
    all.push(include_bytes!("fixtures/request/conversation.json"));
    let headers = http::HeaderMap::new();
    let call = Call::new("m", &headers);
    let body = |data: &[u8]| {
        if let Ok(peek) = Peek::new(data) {
            drop(relay.edits(&peek, &call));
        }
        if let Ok(request) = llm_types::from_slice(data)
            && let Err(error) = chat.encode(&request, &call)
        {
            assert!(!error.to_string().is_empty(), "a refusal has a reason");
        }
    };
    run(body, &all, SEED, iterations(3_000));
}

#[test]
fn streams_and_listeners() {
    let mistral = Mistral::new();
    let chat = mistral.chat().unwrap();
    run(|data| fuzz::stream(|| chat.decoder(), data), STREAMS, SEED, iterations(1_000));
    let relay = mistral.relay(Dialect::OpenAiChat).unwrap();
    run(|data| fuzz::listener(relay, data), STREAMS, SEED, iterations(2_000));
}
