//! What is sent to Cortex: `cargo run -p llm-provider-snowflake --example encode_snowflake`.

use llm_provider_core::{Call, Credential, Parameters, Payload, Provider as _, Secret};
use llm_provider_snowflake::Snowflake;
use llm_types::{ChatRequest, Message};

#[expect(clippy::print_stdout, reason = "an example")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let vendor = Snowflake::new();
    let key = Credential::Key(Secret::new("pat/secret"));
    let account: Parameters = [("account_id", "org-account")].into_iter().collect();
    let headers = http::HeaderMap::new();
    let call = Call { credential: Some(&key), parameters: &account, ..Call::new("mistral-large2", &headers) };
    let request = ChatRequest::new("mistral-large2", vec![Message::user("Hello")]);
    let encoded = vendor.chat().ok_or("no chat")?.encode(&request, &call)?;
    println!("{} {}", encoded.request.method(), encoded.request.uri());
    if let Payload::Bytes(body) = encoded.request.body() {
        println!("{}", String::from_utf8_lossy(body));
    }
    Ok(())
}
