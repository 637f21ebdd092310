//! Writes a request for vectors as Nomic takes it, without any network:
//! `cargo run -p llm-provider-nomic --example encode_nomic`.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use http::HeaderMap;
use llm_provider_core::{Call, Payload, Provider};
use llm_provider_nomic::Nomic;
use llm_types::{EmbeddingInput, EmbeddingRequest};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let request = EmbeddingRequest::new("any", EmbeddingInput::Text("Paris is in France.".to_owned()));
    let headers = HeaderMap::new();
    let embeddings = Nomic.embeddings().ok_or("Nomic makes vectors")?;
    let encoded = embeddings.encode(&request, &Call::new("nomic-embed-text-v1.5", &headers))?;
    println!("{} {}", encoded.request.method(), encoded.request.uri());
    if let Payload::Bytes(body) = encoded.request.body() {
        println!("{}", String::from_utf8_lossy(body));
    }
    Ok(())
}
