//! Writing requests and reading streams: `cargo bench -p llm-provider-anthropic`.

#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use bytes::Bytes;
use divan::{Bencher, black_box};
use http::HeaderMap;
use llm_provider_anthropic::Anthropic;
use llm_provider_core::{Call, Provider};
use llm_types::{ChatRequest, Message, Nullable, Tool};
use serde_json::json;

fn main() {
    divan::main();
}

/// A conversation whose prompt has `size` bytes, with three tools.
fn request(size: usize) -> ChatRequest {
    let mut request =
        ChatRequest::new("m", vec![Message::system("Be brief."), Message::user("abcdefg ".repeat(size / 8))]);
    let parameters =
        json!({ "type": "object", "properties": { "city": { "type": "string" } }, "required": ["city"] });
    let tools =
        ["weather", "news", "time"].map(|name| Tool::function(name, "Looks it up.", parameters.clone()));
    request.tools = Nullable::Value(tools.to_vec());
    request.max_tokens = Nullable::Value(1000);
    request
}

#[divan::bench(args = [512, 1 << 20])]
fn encode(bencher: Bencher<'_, '_>, size: usize) {
    let request = request(size);
    let headers = HeaderMap::new();
    let call = Call::new("claude-sonnet-4-6", &headers);
    let anthropic = Anthropic;
    let chat = anthropic.chat().unwrap();
    bencher.bench_local(|| chat.encode(black_box(&request), black_box(&call)).unwrap());
}

fn stream(deltas: usize) -> Bytes {
    let mut stream = String::from(
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\
         \"role\":\"assistant\",\"model\":\"claude-sonnet-4-6\",\"content\":[],\"stop_reason\":null,\
         \"usage\":{\"input_tokens\":25,\"output_tokens\":1}}}\n\n\
         event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\
         \"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
    );
    for _ in 0..deltas {
        stream.push_str(
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\
             \"delta\":{\"type\":\"text_delta\",\"text\":\" and so on\"}}\n\n",
        );
    }
    stream.push_str(
        "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n\
         event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\
         \"usage\":{\"output_tokens\":300}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    );
    stream.into()
}

#[divan::bench(args = [100])]
fn decode_stream(bencher: Bencher<'_, '_>, deltas: usize) {
    let stream = stream(deltas);
    let anthropic = Anthropic;
    let chat = anthropic.chat().unwrap();
    bencher.bench_local(|| {
        let mut decoder = chat.decoder();
        let chunks = decoder.push(black_box(stream.clone())).count();
        chunks + decoder.finish().count()
    });
}

#[divan::bench(args = [100])]
fn listen(bencher: Bencher<'_, '_>, deltas: usize) {
    let stream = stream(deltas);
    let anthropic = Anthropic;
    let relay = anthropic.relay(llm_provider_core::Dialect::AnthropicMessages).unwrap();
    bencher.bench_local(|| {
        let mut listener = relay.listener();
        for frame in llm_provider_core::Frames::new(black_box(&stream)) {
            listener.frame(frame);
        }
        listener.seen().clone()
    });
}
