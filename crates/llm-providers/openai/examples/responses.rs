//! A request of the Responses API, asked of a model that has chat completions only, and its answer, without any network:
//! `cargo run -p llm-provider-openai --example responses`.

use std::error::Error;
use std::io::Write;

use http::HeaderMap;
use llm_provider_core::{Call, Decoded, Ingress, Payload, Provider, Reply};
use llm_provider_openai::{OpenAi, ResponsesIngress};

const REQUEST: &[u8] = br#"{"model": "any", "instructions": "Be brief.", "input": "The capital of France?",
    "reasoning": {"effort": "low"}, "max_output_tokens": 100}"#;

const ANSWER: &[u8] = br#"{"id": "chatcmpl-1", "model": "gpt-4o", "choices": [{"index": 0, "finish_reason": "stop",
    "message": {"role": "assistant", "content": "Paris."}}], "usage": {"prompt_tokens": 20, "completion_tokens": 2}}"#;

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout();
    let vendor = OpenAi::new();
    let chat = vendor.chat().ok_or("OpenAI has chat")?;
    let headers = HeaderMap::new();

    let incoming = ResponsesIngress.read(REQUEST)?;
    let encoded = chat.encode(&incoming.request, &Call::new("gpt-4o", &headers))?;
    writeln!(out, "{} {}", encoded.request.method(), encoded.request.uri())?;
    if let Payload::Bytes(body) = encoded.request.body() {
        writeln!(out, "{}", String::from_utf8_lossy(body))?;
    }

    let Decoded::Answer(answer) = chat.decode(http::Response::new(ANSWER))? else {
        return Err("the vendor wants to be asked again".into());
    };
    let outgoing = ResponsesIngress.write(&answer, &Reply::default());
    writeln!(out, "{}", String::from_utf8_lossy(&outgoing.body))?;
    Ok(())
}
