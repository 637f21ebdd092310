//! Translating without a network: `cargo run -p llm-providers --example translate --features anthropic`.

use llm_providers::core::{Call, Payload};
use llm_providers::types::{ChatRequest, Message, Tool};

#[expect(clippy::print_stdout, reason = "an example")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let vendor = llm_providers::find("anthropic").ok_or("built without Anthropic")?;
    let chat = vendor.chat().ok_or("no chat")?;
    let mut request = ChatRequest::new(
        "claude-sonnet-4-5",
        vec![Message::system("Answer in one word."), Message::user("What is the weather in Oslo?")],
    );
    let parameters = serde_json::json!({"type": "object", "properties": {"city": {"type": "string"}}});
    request.tools = vec![Tool::function("weather", "The weather in a city", parameters)].into();
    request.seed = 7.into();

    let headers = http::HeaderMap::new();
    let encoded = chat.encode(&request, &Call::new("claude-sonnet-4-5", &headers))?;
    println!("{} {}", encoded.request.method(), encoded.request.uri());
    if let Payload::Bytes(body) = encoded.request.body() {
        println!("{}", String::from_utf8_lossy(body));
    }
    for note in &encoded.notes {
        println!("note: {note}");
    }
    Ok(())
}
