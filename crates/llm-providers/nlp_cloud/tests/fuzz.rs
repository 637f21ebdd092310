//! Hostile input: seeded mutations of requests, answers and streams. `LLM_FUZZ_ITERATIONS` makes it long.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use http::{HeaderMap, Response};
use llm_provider_core::{Call, Chat, Decoder, Provider};
use llm_provider_nlp_cloud::NlpCloud;
use llm_testkit::corpus::corpus;
use llm_testkit::fuzz::{self, SEED, iterations, run};

const STREAMS: &[&[u8]] = &[include_bytes!("fixtures/conformance/text.response.json")];

const ANSWERS: &[&[u8]] = &[include_bytes!("fixtures/conformance/text.response.json")];

fn decoder() -> Box<dyn Decoder<Chat>> {
    NlpCloud::new().chat().unwrap().decoder()
}

#[test]
fn requests() {
    let all: Vec<&[u8]> = corpus().iter().map(|case| case.json.as_bytes()).collect();
    let vendor = NlpCloud::new();
    let headers = HeaderMap::new();
    let call = Call { base_url: Some("http://h"), ..Call::new("m", &headers) };
    let body = |data: &[u8]| {
        if let Ok(request) = llm_types::from_slice(data)
            && let Err(error) = vendor.chat().unwrap().encode(&request, &call)
        {
            assert!(!error.to_string().is_empty(), "a refusal has a reason");
        }
    };
    run(body, &all, SEED, iterations(2_000));
}

#[test]
fn streams() {
    run(|data| fuzz::stream(decoder, data), STREAMS, SEED, iterations(1_000));
}

#[test]
fn answers_and_errors() {
    let vendor = NlpCloud::new();
    let body = |data: &[u8]| {
        for status in [400, 500] {
            let response = Response::builder().status(status).body(data).unwrap();
            assert!(vendor.chat().unwrap().decode(response).is_err());
        }
        drop(vendor.chat().unwrap().decode(Response::new(data)));
    };
    run(body, ANSWERS, SEED, iterations(2_000));
}
