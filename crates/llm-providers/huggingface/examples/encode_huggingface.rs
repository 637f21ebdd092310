//! Writes a request as Hugging Face takes it and reads an answer back, without any network:
//! `cargo run -p llm-provider-huggingface --example encode_huggingface`.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use http::{HeaderMap, Response};
use llm_provider_core::{Call, Credential, Decoded, Payload, Provider, Secret};
use llm_provider_huggingface::HuggingFace;
use llm_types::{ChatRequest, Message, Nullable, ReasoningEffort};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut request = ChatRequest::new("any", vec![Message::user("What is the capital of France?")]);
    request.reasoning_effort = Nullable::Value(ReasoningEffort::Low);
    request.user = Nullable::Value("someone".to_owned());

    let headers = HeaderMap::new();
    let key = Credential::Key(Secret::new("example"));
    let call = Call { credential: Some(&key), ..Call::new("org/name", &headers) };
    let vendor = HuggingFace::new();
    let chat = vendor.chat().ok_or("Hugging Face chats")?;
    let encoded = chat.encode(&request, &call)?;

    println!("{} {}", encoded.request.method(), encoded.request.uri());
    if let Payload::Bytes(body) = encoded.request.body() {
        println!("{}", String::from_utf8_lossy(body));
    }
    for note in &encoded.notes {
        println!("note: {note}");
    }

    let answer = br#"{"id":"1","object":"chat.completion","created":1,"model":"org/name","choices":[{"index":0,
        "finish_reason":"stop","message":{"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text",
        "text":"France."}]},{"type":"text","text":"Paris."}]}}],"usage":{"prompt_tokens":21,"completion_tokens":4,"total_tokens":25}}"#;
    if let Decoded::Answer(answer) = chat.decode(Response::new(answer.as_slice()))? {
        println!("{}", serde_json::to_string_pretty(&answer)?);
    }
    Ok(())
}
