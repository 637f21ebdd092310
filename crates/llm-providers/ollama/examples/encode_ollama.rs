//! Writes a request as Ollama takes it and reads an answer back, without any network:
//! `cargo run -p llm-provider-ollama --example encode_ollama`.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use http::{HeaderMap, Response};
use llm_provider_core::{Call, Credential, Decoded, Payload, Provider, Secret};
use llm_provider_ollama::Ollama;
use llm_types::{ChatRequest, Message, Nullable, ReasoningEffort};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut request = ChatRequest::new("any", vec![Message::user("What is the capital of France?")]);
    request.reasoning_effort = Nullable::Value(ReasoningEffort::Low);
    request.user = Nullable::Value("someone".to_owned());

    let headers = HeaderMap::new();
    let key = Credential::Key(Secret::new("example"));
    let call = Call { credential: Some(&key), ..Call::new("qwen3:4b", &headers) };
    let chat = Ollama.chat().ok_or("Ollama chats")?;
    let encoded = chat.encode(&request, &call)?;

    println!("{} {}", encoded.request.method(), encoded.request.uri());
    if let Payload::Bytes(body) = encoded.request.body() {
        println!("{}", String::from_utf8_lossy(body));
    }
    for note in &encoded.notes {
        println!("note: {note}");
    }

    let answer =
        br#"{"model":"qwen3:4b","created_at":"2026-08-04T19:59:11.820116Z","message":{"role":"assistant",
        "content":"Paris."},"done":true,"done_reason":"stop","prompt_eval_count":21,"eval_count":4}"#;
    if let Decoded::Answer(answer) = chat.decode(Response::new(answer.as_slice()))? {
        println!("{}", serde_json::to_string_pretty(&answer)?);
    }
    Ok(())
}
