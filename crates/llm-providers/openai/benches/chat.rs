//! What a request, an answer, a stream and listening to one cost: `cargo bench -p llm-provider-openai`.

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark")]

use divan::{Bencher, counter::BytesCount};
use http::{HeaderMap, Response};
use llm_provider_core::{Call, Dialect, Frames, Peek, Provider};
use llm_provider_openai::OpenAi;
use llm_types::{ChatRequest, Message};

fn main() {
    divan::main();
}

const SIZES: [usize; 2] = [1 << 10, 1 << 20];

fn request(size: usize) -> ChatRequest {
    ChatRequest::new("alias", vec![Message::system("Be brief."), Message::user("word ".repeat(size / 5))])
}

fn stream() -> Vec<u8> {
    let place =
        r#""id":"chatcmpl-B1","object":"chat.completion.chunk","created":1763000000,"model":"gpt-5.1""#;
    let mut stream = Vec::new();
    for index in 0..100 {
        stream.extend_from_slice(
            format!(
                "data: {{{place},\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\" word{index}\"}},\"logprobs\":null,\"finish_reason\":null}}],\"usage\":null}}\n\n"
            )
            .as_bytes(),
        );
    }
    stream.extend_from_slice(
        format!("data: {{{place},\"choices\":[{{\"index\":0,\"delta\":{{}},\"finish_reason\":\"stop\"}}],\"usage\":null}}\n\ndata: {{{place},\"choices\":[],\"usage\":{{\"prompt_tokens\":9,\"completion_tokens\":100,\"total_tokens\":109}}}}\n\ndata: [DONE]\n\n").as_bytes(),
    );
    stream
}

#[divan::bench(args = SIZES)]
fn encode(bencher: Bencher<'_, '_>, size: usize) {
    let (vendor, headers, request) = (OpenAi::new(), HeaderMap::new(), request(size));
    let call = Call::new("gpt-5.1", &headers);
    bencher.counter(BytesCount::new(size)).bench(|| vendor.chat().unwrap().encode(&request, &call).unwrap());
}

#[divan::bench(args = SIZES)]
fn edits(bencher: Bencher<'_, '_>, size: usize) {
    let (vendor, headers) = (OpenAi::new(), HeaderMap::new());
    let body = serde_json::to_vec(&request(size)).unwrap();
    let peek = Peek::new(&body).unwrap();
    let call = Call::new("gpt-5.1", &headers);
    let relay = vendor.relay(Dialect::OpenAiChat).unwrap();
    bencher.counter(BytesCount::new(size)).bench(|| relay.edits(&peek, &call).unwrap());
}

#[divan::bench]
fn decode(bencher: Bencher<'_, '_>) {
    let body = include_bytes!("../tests/fixtures/response/plain.json");
    let vendor = OpenAi::new();
    bencher
        .counter(BytesCount::new(body.len()))
        .bench(|| vendor.chat().unwrap().decode(Response::new(body.as_slice())).unwrap());
}

#[divan::bench]
fn decode_stream_of_100(bencher: Bencher<'_, '_>) {
    let (vendor, stream) = (OpenAi::new(), bytes::Bytes::from(stream()));
    bencher.counter(BytesCount::new(stream.len())).bench(|| {
        let mut decoder = vendor.chat().unwrap().decoder();
        decoder.push(stream.clone()).count() + decoder.finish().count()
    });
}

#[divan::bench]
fn listen_to_stream_of_100(bencher: Bencher<'_, '_>) {
    let (vendor, stream) = (OpenAi::new(), stream());
    bencher.counter(BytesCount::new(stream.len())).bench(|| {
        let mut listener = vendor.relay(Dialect::OpenAiChat).unwrap().listener();
        Frames::new(&stream).for_each(|frame| {
            listener.frame(frame);
        });
        listener.seen().complete
    });
}
