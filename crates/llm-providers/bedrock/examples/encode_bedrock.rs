//! Prints the request that Bedrock would be sent, signed, and what could not be carried into it. Needs no network.

#![expect(clippy::print_stdout, reason = "an example prints")]

use http::HeaderMap;
use llm_provider_bedrock::Bedrock;
use llm_provider_core::{AwsKeys, Call, Credential, Payload, Provider, Secret};
use llm_types::{ChatRequest, Message, Nullable, ReasoningEffort, UnixMs};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut request = ChatRequest::new("claude", vec![Message::user("How many primes are below 100?")]);
    request.reasoning_effort = Nullable::Value(ReasoningEffort::High);
    request.seed = Nullable::Value(7);

    let keys = Credential::Aws(AwsKeys {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret_access_key: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        session_token: None,
    });
    let headers = HeaderMap::new();
    let now = UnixMs(1_440_938_160_000);
    let call = Call { credential: Some(&keys), now, ..Call::new("us.anthropic.claude-sonnet-4-6", &headers) };
    let encoded = Bedrock.chat().ok_or("no chat")?.encode(&request, &call)?;

    println!("{} {}", encoded.request.method(), encoded.request.uri());
    for (name, value) in encoded.request.headers() {
        println!("{name}: {}", value.to_str()?);
    }
    if let Payload::Bytes(body) = encoded.request.body() {
        println!("\n{}", std::str::from_utf8(body)?);
    }
    for note in &encoded.notes {
        println!("note: {note}");
    }
    Ok(())
}
