//! Writes the same question as three agent servers take it, without any network:
//! `cargo run -p llm-provider-agents --example encode_agents`.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use http::HeaderMap;
use llm_provider_agents::{Dify, LangGraph, Langflow};
use llm_provider_core::{Call, Payload, Provider};
use llm_types::{ChatRequest, Message};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let request = ChatRequest::new("any", vec![Message::system("Be brief."), Message::user("Hello")]);
    let headers = HeaderMap::new();
    let (dify, langflow, langgraph) = (Dify::new(), Langflow::new(), LangGraph::new());
    for vendor in [&dify as &dyn Provider, &langflow, &langgraph] {
        let encoded = vendor.chat().ok_or("agents chat")?.encode(&request, &Call::new("agent", &headers))?;
        println!("{} {}", encoded.request.method(), encoded.request.uri());
        if let Payload::Bytes(body) = encoded.request.body() {
            println!("{}", String::from_utf8_lossy(body));
        }
    }
    Ok(())
}
