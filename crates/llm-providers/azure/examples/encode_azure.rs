//! What is sent to a deployment: `cargo run -p llm-provider-azure --example encode_azure`.

use llm_provider_azure::Azure;
use llm_provider_core::{Call, Credential, Payload, Provider as _, Secret};
use llm_types::{ChatRequest, Message};

#[expect(clippy::print_stdout, reason = "an example")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let azure = Azure::new();
    let chat = azure.chat().ok_or("no chat")?;
    let token = Credential::Token(Secret::new("a token of Entra ID"));
    let headers = http::HeaderMap::new();
    let call = Call {
        base_url: Some("https://mine.openai.azure.com/openai/v1"),
        credential: Some(&token),
        ..Call::new("gpt-5", &headers)
    };
    let mut request = ChatRequest::new("gpt-5", vec![Message::user("Hello")]);
    request.max_tokens = 100.into();
    let encoded = chat.encode(&request, &call)?;
    println!("{} {}", encoded.request.method(), encoded.request.uri());
    if let Payload::Bytes(body) = encoded.request.body() {
        println!("{}", String::from_utf8_lossy(body));
    }
    Ok(())
}
