//! What would be sent to an orchestration deployment. Needs no network.

use http::HeaderMap;
use llm_provider_core::{Call, Payload, Provider as _};
use llm_provider_sap::Sap;
use llm_types::{ChatRequest, Message};

#[expect(clippy::print_stdout, reason = "an example shows what it made")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let vendor = Sap::new();
    let chat = vendor.chat().ok_or("no chat")?;
    let headers = HeaderMap::new();
    let mut call = Call::new("gpt-4o", &headers);
    call.base_url = Some("https://api.ai.example/v2/inference/deployments/d1");
    let encoded = chat.encode(&ChatRequest::new("any", vec![Message::user("Hello")]), &call)?;
    println!("{} {}", encoded.request.method(), encoded.request.uri());
    if let Payload::Bytes(body) = encoded.request.body() {
        println!("{}", String::from_utf8_lossy(body));
    }
    Ok(())
}
