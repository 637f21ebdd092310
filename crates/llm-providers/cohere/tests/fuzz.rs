//! Hostile input: seeded mutations of requests, answers and streams. `LLM_FUZZ_ITERATIONS` makes it long.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use llm_provider_cohere::{Cohere, CohereEmbedIngress, CohereIngress, CohereRerankIngress};
use llm_provider_core::{Chat, Decoder, Dialect, Provider, Translator, WholeIngress};
use llm_testkit::fuzz::{self, SEED, iterations, run};

const STREAMS: &[&[u8]] = &[
    include_bytes!("fixtures/stream/plan_and_calls.sse"),
    include_bytes!("fixtures/stream/citations.sse"),
    include_bytes!("fixtures/stream/thinking_and_plan.sse"),
    include_bytes!("fixtures/stream/logprobs_limit.sse"),
    include_bytes!("fixtures/stream/unknown.sse"),
    include_bytes!("fixtures/conformance/stream_error.stream.sse"),
];

const ANSWERS: &[&[u8]] = &[
    include_bytes!("fixtures/response/plan_and_calls.json"),
    include_bytes!("fixtures/response/citations.json"),
    include_bytes!("fixtures/response/unknown.json"),
];

const REQUESTS: &[&[u8]] = &[
    br#"{"model":"m","stream":true,"messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"t"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}]}],"documents":["a",{"id":"b","data":{"c":1}}],"thinking":{"type":"enabled","token_budget":9},"k":1,"p":0.5}"#,
    br#"{"model":"m","messages":[{"role":"assistant","tool_plan":"p","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}],"citations":[{"start":0}]},{"role":"tool","tool_call_id":"c","content":[{"type":"document","document":{"data":{"a":1},"id":"d"}}]}],"tools":[{"type":"function","function":{"name":"f"}}],"strict_tools":true,"tool_choice":"REQUIRED","response_format":{"type":"json_object","json_schema":{"type":"object"}}}"#,
];

static COHERE: Cohere = Cohere;

fn chat() -> &'static dyn Translator<Chat> {
    COHERE.chat().unwrap()
}

fn decoder() -> Box<dyn Decoder<Chat>> {
    chat().decoder()
}

#[test]
fn requests() {
    run(|data| fuzz::request(&CohereIngress, &[chat()], data), REQUESTS, SEED, iterations(3_000));
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
fn streams_for_clients_of_cohere() {
    run(|data| fuzz::cross(decoder, &CohereIngress, decoder, data), STREAMS, SEED, iterations(2_000));
}

#[test]
fn answers_and_errors() {
    run(|data| fuzz::answer(chat(), data), ANSWERS, SEED, iterations(2_000));
}

#[test]
fn listeners() {
    let relay = COHERE.relay(Dialect::CohereChat).unwrap();
    run(|data| fuzz::listener(relay, data), STREAMS, SEED, iterations(2_000));
    run(|data| fuzz::listener(relay, data), ANSWERS, SEED, iterations(1_000));
}

#[test]
fn vectors_and_rankings() {
    let bodies: &[&[u8]] = &[
        br#"{"model":"m","texts":["a"],"embedding_types":["float","int8"],"input_type":"search_query","output_dimension":4}"#,
        br#"{"model":"m","images":["data:image/png;base64,AA=="],"truncate":"END"}"#,
        br#"{"model":"m","query":"q","documents":["a",{"text":"b","n":[1,null]}],"top_n":1,"rank_fields":["n"]}"#,
    ];
    let headers = http::HeaderMap::new();
    let call = llm_provider_core::Call::new("m", &headers);
    let body = |data: &[u8]| {
        if let Ok(incoming) = CohereEmbedIngress.read(data) {
            drop(COHERE.embeddings().unwrap().encode(&incoming.request, &call));
        }
        if let Ok(incoming) = CohereRerankIngress.read(data) {
            drop(COHERE.rerank().unwrap().encode(&incoming.request, &call));
        }
    };
    run(body, bodies, SEED, iterations(3_000));
}
