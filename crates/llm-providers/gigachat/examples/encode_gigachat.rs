//! What would be sent for a question. Needs no network.

use http::HeaderMap;
use llm_provider_core::{Call, Payload, Provider as _};
use llm_provider_gigachat::GigaChat;
use llm_types::{ChatRequest, Message};

#[expect(clippy::print_stdout, reason = "an example shows what it made")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let vendor = GigaChat::new();
    let chat = vendor.chat().ok_or("no chat")?;
    let headers = HeaderMap::new();
    let call = Call::new("GigaChat-2", &headers);
    let encoded = chat.encode(&ChatRequest::new("any", vec![Message::user("Hello")]), &call)?;
    println!("{} {}", encoded.request.method(), encoded.request.uri());
    if let Payload::Bytes(body) = encoded.request.body() {
        println!("{}", String::from_utf8_lossy(body));
    }
    Ok(())
}
