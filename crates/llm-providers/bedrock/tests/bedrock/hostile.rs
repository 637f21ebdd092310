//! Hostile input: seeded mutations of requests and streams. `LLM_FUZZ_ITERATIONS` makes it long.

use http::HeaderMap;
use llm_provider_bedrock::ConverseIngress;
use llm_provider_core::{Call, Framing, Listener, Provider};
use llm_testkit::corpus::corpus;
use llm_testkit::fuzz::{self, SEED, iterations, run};
use llm_types::ChatRequest;

use crate::corpus::EQUIVALENCES;
use crate::spoken::{Spoken, frames, spoken};
use crate::{BEDROCK, CLAUDE, GPT_OSS, LLAMA, NOVA, PROFILE, chat, decoder, read};

const STREAMS: &[&str] = &[
    include_str!("../fixtures/stream/cached.sse"),
    include_str!("../fixtures/stream/citations.sse"),
    include_str!("../fixtures/stream/empty_blocks.sse"),
    include_str!("../fixtures/stream/form_tool.sse"),
    include_str!("../fixtures/stream/parallel_tools.sse"),
    include_str!("../fixtures/stream/server_tool.sse"),
    include_str!("../fixtures/stream/thinking_between_calls.sse"),
    include_str!("../fixtures/conformance/stream_error.stream.sse"),
];

const REQUESTS: &[&[u8]] = &[
    include_bytes!("../fixtures/ingress/conversation.json"),
    include_bytes!("../fixtures/ingress/form.json"),
    include_bytes!("../fixtures/ingress/media.json"),
    include_bytes!("../fixtures/ingress/own_words.json"),
    include_bytes!("../fixtures/ingress/tools.json"),
];

const ANSWERS: &[&[u8]] = &[
    include_bytes!("../fixtures/response/cached.json"),
    include_bytes!("../fixtures/response/citations.json"),
    include_bytes!("../fixtures/response/server_tool.json"),
    include_bytes!("../fixtures/response/thinking_between_calls.json"),
];

fn texts() -> Vec<&'static [u8]> {
    STREAMS.iter().map(|text| text.as_bytes()).collect()
}

#[test]
fn events() {
    run(|data| fuzz::stream(spoken, data), &texts(), SEED, iterations(2_000));
}

#[test]
fn spoilt_frames() {
    let frames: Vec<Vec<u8>> = STREAMS.iter().map(|text| frames(text)).collect();
    let frames: Vec<&[u8]> = frames.iter().map(Vec::as_slice).collect();
    run(|data| fuzz::stream(decoder, data), &frames, SEED, iterations(2_000));
    run(
        |data| {
            let mut listener: Box<dyn Listener> =
                BEDROCK.relay(llm_provider_core::Dialect::BedrockConverse).unwrap().listener();
            let mut block = data;
            while let Some(frame) = Framing::EventStream.next(&mut block) {
                listener.frame(frame);
            }
            listener.body(data);
        },
        &frames,
        SEED,
        iterations(2_000),
    );
}

#[test]
fn streams_for_a_client_of_converse() {
    let body = |data: &[u8]| fuzz::cross(spoken, &ConverseIngress, decoder, data);
    run(body, &texts(), SEED, iterations(2_000));
}

#[test]
fn requests_of_clients() {
    run(|data| fuzz::request(&ConverseIngress, &[chat()], data), REQUESTS, SEED, iterations(3_000));
}

#[test]
fn requests_for_every_family() {
    let corpus: Vec<&[u8]> = corpus().iter().map(|case| case.json.as_bytes()).collect();
    let headers = HeaderMap::new();
    let body = |data: &[u8]| {
        let Ok(request) = llm_types::from_slice::<ChatRequest>(data) else { return };
        for model in
            [CLAUDE, NOVA, PROFILE, "invoke/meta.llama3-1-8b-instruct-v1:0", "invoke/amazon.nova-pro-v1:0"]
        {
            if let Err(error) = chat().encode(&request, &Call::new(model, &headers)) {
                assert!(!error.to_string().is_empty(), "a refusal has a reason");
            }
        }
    };
    run(body, &corpus, SEED, iterations(2_000));
}

/// Whatever a request says is said to Bedrock, or a note says that it is not.
#[test]
fn nothing_is_lost_in_silence() {
    let corpus: Vec<&[u8]> = corpus().iter().map(|case| case.json.as_bytes()).collect();
    let headers = HeaderMap::new();
    let body = |data: &[u8]| {
        let Ok(request) = llm_types::from_slice::<ChatRequest>(data) else { return };
        for model in [CLAUDE, NOVA, GPT_OSS, LLAMA, PROFILE] {
            fuzz::lossless(&Spoken, &request, &Call::new(model, &headers), EQUIVALENCES);
        }
    };
    run(body, &corpus, SEED, iterations(4_000));
}

#[test]
fn answers() {
    let body = |data: &[u8]| {
        let Ok(text) = std::str::from_utf8(data) else { return };
        if let Ok(answer) = read(text) {
            let reply = llm_provider_core::Reply::default();
            let written = llm_provider_core::Ingress::write(&ConverseIngress, &answer, &reply).body;
            read(std::str::from_utf8(&written).unwrap()).unwrap();
        }
    };
    run(body, ANSWERS, SEED, iterations(3_000));
}
