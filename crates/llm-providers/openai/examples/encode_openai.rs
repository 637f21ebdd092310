//! A request for OpenAI, without any network: `cargo run -p llm-provider-openai --example encode_openai`.

use std::error::Error;
use std::io::Write;

use http::HeaderMap;
use llm_provider_core::{Call, Credential, Payload, Provider, Secret};
use llm_provider_openai::OpenAi;
use llm_types::{ChatRequest, Message, Tool};
use serde_json::json;

fn main() -> Result<(), Box<dyn Error>> {
    let mut request = ChatRequest::new("my-alias", vec![Message::user("What is the weather in Oslo?")]);
    request.max_tokens = 500.into();
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    request.tools = vec![Tool::function("weather", "Tells the weather.", schema)].into();

    let vendor = OpenAi::new();
    let headers = HeaderMap::new();
    let key = Credential::Key(Secret::new("not a real key"));
    let call = Call { credential: Some(&key), ..Call::new("gpt-5.1", &headers) };
    let encoded = vendor.chat().ok_or("no chat")?.encode(&request, &call)?;

    let mut out = std::io::stdout();
    writeln!(out, "{} {}", encoded.request.method(), encoded.request.uri())?;
    if let Payload::Bytes(body) = encoded.request.body() {
        writeln!(out, "{}", String::from_utf8_lossy(body))?;
    }
    for note in encoded.notes {
        writeln!(out, "note: {note}")?;
    }
    Ok(())
}
