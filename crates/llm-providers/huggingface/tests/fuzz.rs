//! Hostile input: seeded mutations of requests, answers and streams. `LLM_FUZZ_ITERATIONS` makes it long.

use llm_provider_core::{Call, Provider};
use llm_provider_huggingface::HuggingFace;
use llm_testkit::corpus::corpus;
use llm_testkit::fuzz::{self, SEED, iterations, run};

const STREAMS: &[&[u8]] = &[
    include_bytes!("fixtures/stream/tgi.sse"),
    include_bytes!("fixtures/stream/tgi_without_details.sse"),
    include_bytes!("fixtures/conformance/text_stream.stream.sse"),
    include_bytes!("fixtures/conformance/stream_error.stream.sse"),
];

#[test]
fn requests() {
    let vendor = HuggingFace::new();
    let chat = vendor.chat().unwrap();
    let all: Vec<&[u8]> = corpus().iter().map(|case| case.json.as_bytes()).collect();
    let headers = http::HeaderMap::new();
    let body = |data: &[u8]| {
        for base_url in [None, Some("http://h/generate")] {
            let call = Call { base_url, ..Call::new("a/b/c", &headers) };
            if let Ok(request) = llm_types::from_slice(data)
                && let Err(error) = chat.encode(&request, &call)
            {
                assert!(!error.to_string().is_empty(), "a refusal has a reason");
            }
        }
    };
    run(body, &all, SEED, iterations(2_000));
}

#[test]
fn streams_and_answers() {
    let vendor = HuggingFace::new();
    let chat = vendor.chat().unwrap();
    run(|data| fuzz::stream(|| chat.decoder(), data), STREAMS, SEED, iterations(1_000));
    let answers: &[&[u8]] = &[
        br#"{"generated_text":"a","details":{"finish_reason":"length","generated_tokens":1,"prefill":[]}}"#,
        br#"[[0.5,1],[2]]"#,
        br#"[{"index":0,"score":0.1,"text":"a"}]"#,
        br#"{"error":"x","error_type":"overloaded","estimated_time":3}"#,
    ];
    let body = |data: &[u8]| {
        for status in [200, 503] {
            let response = || http::Response::builder().status(status).body(data).unwrap();
            drop(chat.decode(response()));
            drop(vendor.embeddings().unwrap().decode(response()));
            drop(vendor.rerank().unwrap().decode(response()));
        }
    };
    run(body, answers, SEED, iterations(2_000));
}
