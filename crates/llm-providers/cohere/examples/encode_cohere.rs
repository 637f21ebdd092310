//! Writes a request as Cohere takes it and reads an answer back, without any network:
//! `cargo run -p llm-provider-cohere --example encode_cohere`.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use http::{HeaderMap, Response};
use llm_provider_cohere::Cohere;
use llm_provider_core::{Call, Credential, Decoded, Payload, Provider, Secret};
use llm_types::{ChatRequest, Message, Nullable, ReasoningEffort};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut request = ChatRequest::new("any", vec![Message::user("What is the capital of France?")]);
    request.reasoning_effort = Nullable::Value(ReasoningEffort::Low);
    request.user = Nullable::Value("someone".to_owned());

    let headers = HeaderMap::new();
    let key = Credential::Key(Secret::new("example"));
    let call = Call { credential: Some(&key), ..Call::new("command-a-reasoning-08-2025", &headers) };
    let chat = Cohere.chat().ok_or("Cohere chats")?;
    let encoded = chat.encode(&request, &call)?;

    println!("{} {}", encoded.request.method(), encoded.request.uri());
    if let Payload::Bytes(body) = encoded.request.body() {
        println!("{}", String::from_utf8_lossy(body));
    }
    for note in &encoded.notes {
        println!("note: {note}");
    }

    let answer = br#"{"id":"1","finish_reason":"COMPLETE","message":{"role":"assistant",
        "content":[{"type":"text","text":"Paris."}]},"usage":{"tokens":{"input_tokens":21,"output_tokens":4}}}"#;
    if let Decoded::Answer(answer) = chat.decode(Response::new(answer.as_slice()))? {
        println!("{}", serde_json::to_string_pretty(&answer)?);
    }
    Ok(())
}
