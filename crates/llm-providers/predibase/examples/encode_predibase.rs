//! Writes a request as Predibase takes it, without any network:
//! `cargo run -p llm-provider-predibase --example encode_predibase`.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use http::HeaderMap;
use llm_provider_core::{Call, Parameters, Payload, Provider};
use llm_provider_predibase::Predibase;
use llm_types::{ChatRequest, Message};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut request = ChatRequest::new("any", vec![Message::user("What is the capital of France?")]);
    request.extra.insert("adapter_id".to_owned(), "my-adapters/1".into());
    let headers = HeaderMap::new();
    let parameters: Parameters = [("tenant_id", "t-1")].into_iter().collect();
    let call = Call { parameters: &parameters, ..Call::new("qwen3-8b", &headers) };
    let predibase = Predibase::new();
    let encoded = predibase.chat().ok_or("Predibase chats")?.encode(&request, &call)?;
    println!("{} {}", encoded.request.method(), encoded.request.uri());
    if let Payload::Bytes(body) = encoded.request.body() {
        println!("{}", String::from_utf8_lossy(body));
    }
    for note in &encoded.notes {
        println!("note: {note}");
    }
    Ok(())
}
