//! Hostile input through the vendors' translators: seeded mutations of requests and streams.
//!
//! `LLM_FUZZ_ITERATIONS` makes it long.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

use llm_providers::anthropic::Anthropic;
use llm_providers::core::{Chat, Decoder, Dialect, Ingress, Provider, Translator};
use llm_providers::ingress;
use llm_providers::openai::OpenAi;
use llm_testkit::corpus::corpus;
use llm_testkit::fuzz::{self, SEED, iterations, run};

const OPENAI_STREAMS: &[&[u8]] = &[
    b"data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n\
      data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Paris \"},\"finish_reason\":null}]}\n\n\
      data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"reasoning_content\":\"why\"},\"finish_reason\":null}]}\n\n\
      data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n\
      data: {\"id\":\"c1\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\"total_tokens\":5}}\n\n\
      data: [DONE]\n\n",
    b"data: {\"id\":\"c2\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"index\":0,\"id\":\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"get_weather\",\"arguments\":\"\"}}]}}]}\n\n\
      data: {\"id\":\"c2\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\\\"city\\\":\"}}]}}]}\n\n\
      data: {\"id\":\"c2\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"\\\"Paris\\\"}\"}},{\"index\":1,\"id\":\"call_2\",\"type\":\"function\",\"function\":{\"name\":\"get_time\",\"arguments\":\"{}\"}}]}}]}\n\n\
      data: {\"id\":\"c2\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\n\
      data: [DONE]\n\n",
    b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Pa\"}}]}\r\n\r\n: wait\r\n\r\n\
      data: {\"error\":{\"message\":\"The server is overloaded.\",\"type\":\"server_error\",\"code\":503}}\r\n\r\n",
];

const ANTHROPIC_STREAMS: &[&[u8]] = &[
    b"event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":12,\"cache_read_input_tokens\":3,\"output_tokens\":1}}}\n\n\
      event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}}\n\n\
      event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"Hm.\"}}\n\n\
      event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"signature_delta\",\"signature\":\"c2ln\"}}\n\n\
      event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n\
      event: ping\ndata: {\"type\":\"ping\"}\n\n\
      event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n\
      event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"text_delta\",\"text\":\"Paris.\"}}\n\n\
      event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":1}\n\n\
      event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":2,\"content_block\":{\"type\":\"tool_use\",\"id\":\"toolu_1\",\"name\":\"get_weather\",\"input\":{}}}\n\n\
      event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":2,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"city\\\":\\\"Paris\\\"}\"}}\n\n\
      event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":2}\n\n\
      event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":9}}\n\n\
      event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    b"event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_2\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[],\"usage\":{\"input_tokens\":1}}}\n\n\
      event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n",
];

const ANTHROPIC_REQUESTS: &[&[u8]] = &[
    br#"{"model":"m","max_tokens":64,"system":"Be brief.","messages":[{"role":"user","content":"Hi"}],"stream":true,"stop_sequences":["x"],"temperature":0.5,"metadata":{"user_id":"u"}}"#,
    br#"{"model":"m","max_tokens":64,"system":[{"type":"text","text":"Long.","cache_control":{"type":"ephemeral","ttl":"1h"}}],"messages":[
        {"role":"user","content":[{"type":"text","text":"Look."},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}},{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBERi0="}}]},
        {"role":"assistant","content":[{"type":"thinking","thinking":"","signature":"c2ln"},{"type":"redacted_thinking","data":"ZGF0YQ=="},{"type":"tool_use","id":"toolu_1","name":"f","input":{"a":[1,null]}}]},
        {"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","is_error":true,"content":[{"type":"text","text":"no"},{"type":"image","source":{"type":"url","url":"https://a.example/b.png"}}]}]}],
        "tools":[{"name":"f","description":"d","input_schema":{"type":"object","properties":{"a":{"type":"array"}}}},{"type":"web_search_20250305","name":"web_search","max_uses":2}],
        "tool_choice":{"type":"tool","name":"f","disable_parallel_tool_use":true},"thinking":{"type":"enabled","budget_tokens":1024},"top_k":5,"service_tier":"auto"}"#,
];

fn openai() -> OpenAi {
    OpenAi::new()
}

fn decoder(provider: &dyn Provider) -> Box<dyn Decoder<Chat>> {
    provider.chat().expect("the vendor has chat").decoder()
}

fn requests() -> Vec<&'static [u8]> {
    corpus().iter().map(|case| case.json.as_bytes()).collect()
}

fn request(dialect: Dialect) -> impl Fn(&[u8]) {
    let openai = openai();
    let ingress: &dyn Ingress = ingress(dialect);
    move |data| {
        let translators: [&dyn Translator<Chat>; 2] = [openai.chat().unwrap(), Anthropic.chat().unwrap()];
        fuzz::request(ingress, &translators, data);
    }
}

#[test]
fn openai_request() {
    run(request(Dialect::OpenAiChat), &requests(), SEED, iterations(5_000));
}

#[test]
fn anthropic_request() {
    run(request(Dialect::AnthropicMessages), ANTHROPIC_REQUESTS, SEED, iterations(5_000));
}

#[test]
fn openai_stream() {
    let openai = openai();
    run(|data| fuzz::stream(|| decoder(&openai), data), OPENAI_STREAMS, SEED, iterations(2_000));
}

#[test]
fn anthropic_stream() {
    run(|data| fuzz::stream(|| decoder(&Anthropic), data), ANTHROPIC_STREAMS, SEED, iterations(2_000));
}

#[test]
fn openai_stream_for_a_client_of_anthropic() {
    let openai = openai();
    let client = ingress(Dialect::AnthropicMessages);
    let body = |data: &[u8]| fuzz::cross(|| decoder(&openai), client, || decoder(&Anthropic), data);
    run(body, OPENAI_STREAMS, SEED, iterations(5_000));
}

#[test]
fn anthropic_stream_for_a_client_of_openai() {
    let openai = openai();
    let client = ingress(Dialect::OpenAiChat);
    let body = |data: &[u8]| fuzz::cross(|| decoder(&Anthropic), client, || decoder(&openai), data);
    run(body, ANTHROPIC_STREAMS, SEED, iterations(5_000));
}

#[test]
fn listeners() {
    let openai = openai();
    let relay = openai.relay(Dialect::OpenAiChat).unwrap();
    run(|data| fuzz::listener(relay, data), OPENAI_STREAMS, SEED, iterations(5_000));
    let relay = Anthropic.relay(Dialect::AnthropicMessages).unwrap();
    run(|data| fuzz::listener(relay, data), ANTHROPIC_STREAMS, SEED, iterations(5_000));
}
