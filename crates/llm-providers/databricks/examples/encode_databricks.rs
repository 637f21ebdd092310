//! What is sent to a workspace: `cargo run -p llm-provider-databricks --example encode_databricks`.

use llm_provider_core::{Call, Payload, Provider as _};
use llm_provider_databricks::Databricks;
use llm_types::{ChatRequest, Message, ReasoningEffort};

#[expect(clippy::print_stdout, reason = "an example")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let vendor = Databricks::new();
    let model = "databricks-claude-sonnet-4-5";
    let mut request = ChatRequest::new(model, vec![Message::user("Why is the sky blue?")]);
    request.reasoning_effort = ReasoningEffort::High.into();
    let headers = http::HeaderMap::new();
    let call = Call { base_url: Some("https://mine.cloud.databricks.com"), ..Call::new(model, &headers) };
    let encoded = vendor.chat().ok_or("no chat")?.encode(&request, &call)?;
    println!("{} {}", encoded.request.method(), encoded.request.uri());
    if let Payload::Bytes(body) = encoded.request.body() {
        println!("{}", String::from_utf8_lossy(body));
    }
    for note in &encoded.notes {
        println!("note: {note}");
    }
    Ok(())
}
