//! What would be sent to an endpoint. Needs no network.

use http::HeaderMap;
use llm_provider_core::{Call, Payload, Provider};
use llm_provider_sagemaker::SageMaker;
use llm_types::{ChatRequest, Message};

#[expect(clippy::print_stdout, reason = "an example shows what it made")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let vendor = SageMaker::chat();
    let chat = Provider::chat(&vendor).ok_or("no chat")?;
    let headers = HeaderMap::new();
    let call = Call::new("my-endpoint", &headers);
    let encoded = chat.encode(&ChatRequest::new("any", vec![Message::user("Hello")]), &call)?;
    println!("{} {}", encoded.request.method(), encoded.request.uri());
    if let Payload::Bytes(body) = encoded.request.body() {
        println!("{}", String::from_utf8_lossy(body));
    }
    Ok(())
}
