//! Writes a request as NLP Cloud takes it and reads an answer, without any network:
//! `cargo run -p llm-provider-nlp-cloud --example encode_nlp_cloud`.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use http::{HeaderMap, Response};
use llm_provider_core::{Call, Decoded, Payload, Provider};
use llm_provider_nlp_cloud::NlpCloud;
use llm_types::{ChatRequest, Message};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let request = ChatRequest::new("any", vec![Message::system("Be brief."), Message::user("Hello")]);
    let headers = HeaderMap::new();
    let nlp_cloud = NlpCloud::new();
    let chat = nlp_cloud.chat().ok_or("NLP Cloud chats")?;
    let encoded = chat.encode(&request, &Call::new("chatdolphin", &headers))?;
    println!("{} {}", encoded.request.method(), encoded.request.uri());
    if let Payload::Bytes(body) = encoded.request.body() {
        println!("{}", String::from_utf8_lossy(body));
    }
    if let Decoded::Answer(answer) = chat.decode(Response::new(br#"{"response":"Hi."}"#.as_slice()))? {
        println!("{}", serde_json::to_string_pretty(&answer)?);
    }
    Ok(())
}
