//! Hostile input: seeded mutations of requests, answers and streams. `LLM_FUZZ_ITERATIONS` makes it long.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use llm_provider_core::{
    Chat, CountTokens, Decoder, Dialect, Embeddings, Ingress, Provider, Translator, WholeIngress,
};
use llm_provider_gemini::{
    BatchEmbedContentsIngress, EmbedContentIngress, Gemini, GeminiArrayIngress, GeminiIngress,
};
use llm_testkit::fuzz::{self, SEED, iterations, run};

const STREAMS: &[&[u8]] = &[
    include_bytes!("fixtures/stream/thinking.sse"),
    include_bytes!("fixtures/stream/parallel_tools.sse"),
    include_bytes!("fixtures/stream/grounding.sse"),
    include_bytes!("fixtures/stream/code_execution.sse"),
    include_bytes!("fixtures/stream/streamed_arguments.sse"),
    include_bytes!("fixtures/stream/two_candidates.sse"),
    include_bytes!("fixtures/stream/blocked.sse"),
    include_bytes!("fixtures/stream_error/error.sse"),
];

const ANSWERS: &[&[u8]] = &[
    include_bytes!("fixtures/response/thinking.json"),
    include_bytes!("fixtures/response/grounding.json"),
    include_bytes!("fixtures/response/image.json"),
    include_bytes!("fixtures/response/unknown.json"),
    include_bytes!("fixtures/error/429.json"),
];

const REQUESTS: &[&[u8]] = &[
    br#"{"contents":[{"role":"user","parts":[{"text":"a"},{"inlineData":{"mimeType":"image/png","data":"AA"}}]},{"role":"model","parts":[{"functionCall":{"name":"f","args":{"a":1}},"thoughtSignature":"c2ln"}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"output":"x"}}}]}],"systemInstruction":{"parts":[{"text":"s"}]}}"#,
    br#"{"contents":[{"parts":[{"file_data":{"file_uri":"gs://b/o"}}]}],"tools":[{"function_declarations":[{"name":"f","parameters":{"type":"OBJECT","properties":{"a":{"type":"STRING","nullable":true,"anyOf":[{"type":"NUMBER"}]}}}}]},{"googleSearch":{}},{"codeExecution":{}}],"toolConfig":{"functionCallingConfig":{"mode":"VALIDATED"}},"generationConfig":{"thinkingConfig":{"thinkingBudget":-1},"responseMimeType":"application/json","responseSchema":{"type":"ARRAY"},"stopSequences":["x"],"topK":3}}"#,
];

static GEMINI: Gemini = Gemini;

fn chat() -> &'static dyn Translator<Chat> {
    GEMINI.chat().unwrap()
}

fn decoder() -> Box<dyn Decoder<Chat>> {
    chat().decoder()
}

#[test]
fn requests() {
    run(|data| fuzz::request(&GeminiIngress, &[chat()], data), REQUESTS, SEED, iterations(3_000));
    let counts = |data: &[u8]| drop(WholeIngress::<CountTokens>::read(&GeminiIngress, data));
    run(counts, REQUESTS, SEED, iterations(1_000));
}

#[test]
fn canonical_requests() {
    let models = ["gemini-1.5-pro", "gemini-2.5-pro", "gemini-3-pro-preview"];
    let body = |data: &[u8]| fuzz::canonical_request(chat(), &models, data);
    run(body, &fuzz::canonical_requests(), SEED, iterations(3_000));
}

#[test]
fn streams() {
    run(|data| fuzz::stream(decoder, data), STREAMS, SEED, iterations(1_000));
}

#[test]
fn streams_for_clients_of_gemini() {
    run(|data| fuzz::cross(decoder, &GeminiIngress, decoder, data), STREAMS, SEED, iterations(2_000));
}

/// Whatever comes, the client of an array gets one.
#[test]
fn arrays_are_whole() {
    let body = |data: &[u8]| {
        let mut decoder = decoder();
        let mut writer = GeminiArrayIngress.writer(&llm_provider_core::Reply::default());
        let mut out = bytes::BytesMut::new();
        let mut failure = None;
        let mut items: Vec<_> = decoder.push(data.to_vec().into()).collect();
        items.extend(decoder.finish());
        for item in items {
            match item {
                Ok(chunk) if failure.is_none() => writer.chunk(&chunk, &mut out),
                Ok(_) => {}
                Err(error) => failure = failure.or(Some(error.into())),
            }
        }
        match &failure {
            Some(error) => writer.error(error, &mut out),
            None => writer.end(&mut out),
        }
        let pieces: Vec<serde_json::Value> = serde_json::from_slice(&out).unwrap();
        assert!(!pieces.is_empty());
    };
    run(body, STREAMS, SEED, iterations(1_000));
}

#[test]
fn answers_and_errors() {
    let body = |data: &[u8]| {
        fuzz::answer(chat(), data);
        fuzz::answer(GEMINI.embeddings().unwrap(), data);
    };
    run(body, ANSWERS, SEED, iterations(2_000));
}

#[test]
fn listeners() {
    let relay = GEMINI.relay(Dialect::Gemini).unwrap();
    run(|data| fuzz::listener(relay, data), STREAMS, SEED, iterations(2_000));
    run(|data| fuzz::listener(relay, data), ANSWERS, SEED, iterations(1_000));
}

#[test]
fn vectors() {
    let bodies: &[&[u8]] = &[
        br#"{"content":{"parts":[{"text":"a"}]},"taskType":"CLUSTERING","outputDimensionality":4,"title":"t"}"#,
        br#"{"requests":[{"model":"models/m","content":{"parts":[{"text":"a"},{"inlineData":{"mimeType":"image/png","data":"AA"}}]}},{"content":{"parts":[]}}]}"#,
    ];
    let headers = http::HeaderMap::new();
    let call = llm_provider_core::Call::new("m", &headers);
    let ingresses: [&dyn WholeIngress<Embeddings>; 2] = [&EmbedContentIngress, &BatchEmbedContentsIngress];
    let body = |data: &[u8]| {
        for ingress in ingresses {
            if let Ok(incoming) = ingress.read(data) {
                drop(GEMINI.embeddings().unwrap().encode(&incoming.request, &call));
            }
        }
    };
    run(body, bodies, SEED, iterations(3_000));
}
