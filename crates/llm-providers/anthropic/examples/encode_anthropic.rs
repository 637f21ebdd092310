//! Writes a request as Anthropic takes it and reads an answer back, without any network:
//! `cargo run -p llm-provider-anthropic --example encode_anthropic`.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use http::{HeaderMap, Response};
use llm_provider_anthropic::Anthropic;
use llm_provider_core::{Call, Credential, Decoded, Payload, Provider, Secret};
use llm_types::{ChatRequest, Message, Nullable, ReasoningEffort};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut request = ChatRequest::new(
        "any",
        vec![Message::system("Be brief."), Message::user("What is the capital of France?")],
    );
    request.reasoning_effort = Nullable::Value(ReasoningEffort::Low);
    request.seed = Nullable::Value(7);

    let headers = HeaderMap::new();
    let key = Credential::Key(Secret::new("sk-ant-example"));
    let call = Call { credential: Some(&key), ..Call::new("claude-opus-4-6", &headers) };
    let chat = Anthropic.chat().ok_or("Anthropic chats")?;
    let encoded = chat.encode(&request, &call)?;

    println!("{} {}", encoded.request.method(), encoded.request.uri());
    if let Payload::Bytes(body) = encoded.request.body() {
        println!("{}", String::from_utf8_lossy(body));
    }
    for note in &encoded.notes {
        println!("note: {note}");
    }

    let answer = br#"{"id":"msg_1","type":"message","role":"assistant","model":"claude-opus-4-6",
        "content":[{"type":"text","text":"Paris."}],"stop_reason":"end_turn",
        "usage":{"input_tokens":21,"output_tokens":4}}"#;
    if let Decoded::Answer(answer) = chat.decode(Response::new(answer.as_slice()))? {
        println!("{}", serde_json::to_string_pretty(&answer)?);
    }
    Ok(())
}
