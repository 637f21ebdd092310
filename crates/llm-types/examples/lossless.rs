//! Reads a request with things that no version knows, changes one member, and writes the rest back as it came.
//!
//! `cargo run -p llm-types --example lossless`

use llm_types::{ChatRequest, ContentPart, MessageContent, Nullable, ParseError, from_slice};

const REQUEST: &str = r#"{
  "model": "gpt-4o",
  "messages": [{"role": "user", "content": [
    {"type": "text", "text": "What is this?"},
    {"type": "hologram", "hologram": {"depth": 3}}
  ]}],
  "temperature": null,
  "x_vendor": {"mode": "fast"}
}"#;

#[expect(clippy::print_stdout, reason = "an example shows what it does")]
fn main() -> Result<(), ParseError> {
    let mut request: ChatRequest = from_slice(REQUEST.as_bytes())?;
    request.model = "gpt-5".to_owned();

    if let Some(MessageContent::Parts(parts)) = request.messages[0].content.get() {
        let kinds: Vec<_> = parts.iter().map(ContentPart::kind).collect();
        println!("parts: {kinds:?}");
    }
    println!("temperature is null, not absent: {}", request.temperature == Nullable::Null);
    println!("unknown members: {:?}", request.extra.keys().collect::<Vec<_>>());
    println!("{}", serde_json::json!(request));

    if let Err(error) = from_slice::<ChatRequest>(
        br#"{"model":"m","messages":[{"role":"user","content":[{"type":"text"}]}]}"#,
    ) {
        println!("{error}");
    }
    Ok(())
}
