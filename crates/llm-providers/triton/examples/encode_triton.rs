//! Writes a request as Triton takes it and reads an answer, without any network:
//! `cargo run -p llm-provider-triton --example encode_triton`.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use http::{HeaderMap, Response};
use llm_provider_core::{Call, Decoded, Payload, Provider};
use llm_provider_triton::Triton;
use llm_types::{ChatRequest, Message};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let request = ChatRequest::new("any", vec![Message::system("Be brief."), Message::user("Hello")]);
    let headers = HeaderMap::new();
    let call = Call { base_url: Some("http://localhost:8000"), ..Call::new("llama", &headers) };
    let triton = Triton::new();
    let chat = triton.chat().ok_or("Triton chats")?;
    let encoded = chat.encode(&request, &call)?;
    println!("{} {}", encoded.request.method(), encoded.request.uri());
    if let Payload::Bytes(body) = encoded.request.body() {
        println!("{}", String::from_utf8_lossy(body));
    }
    for note in &encoded.notes {
        println!("note: {note}");
    }
    let answer = br#"{"model_name":"llama","model_version":"1","text_output":"Hi."}"#;
    if let Decoded::Answer(answer) = chat.decode(Response::new(answer.as_slice()))? {
        println!("{}", serde_json::to_string_pretty(&answer)?);
    }
    Ok(())
}
