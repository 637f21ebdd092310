//! A chat request as Gemini takes it, and Gemini's answer as OpenAI's clients take it. No network.

use http::{HeaderMap, Response};
use llm_provider_core::{Call, Decoded, Payload, Provider};
use llm_provider_gemini::Gemini;
use llm_types::{ChatRequest, Message, Nullable, ReasoningEffort};

#[expect(clippy::print_stdout, reason = "an example shows something")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut request = ChatRequest::new("gemini", vec![Message::user("What is the capital of France?")]);
    request.reasoning_effort = Nullable::Value(ReasoningEffort::Low);
    let headers = HeaderMap::new();
    let chat = Gemini.chat().ok_or("no chat")?;
    let encoded = chat.encode(&request, &Call::new("gemini-3-flash-preview", &headers))?;
    if let Payload::Bytes(body) = encoded.request.body() {
        println!("POST {}\n{}", encoded.request.uri(), String::from_utf8_lossy(body));
    }
    let answer = br#"{"candidates":[{"content":{"parts":[{"text":"Paris."}]},"finishReason":"STOP"}]}"#;
    if let Decoded::Answer(answer) = chat.decode(Response::new(answer.as_slice()))? {
        println!("{}", serde_json::to_string_pretty(&answer)?);
    }
    Ok(())
}
