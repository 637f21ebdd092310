//! Writes a request for vectors as Voyage takes it and reads an answer, without any network:
//! `cargo run -p llm-provider-voyage --example encode_voyage`.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use http::{HeaderMap, Response};
use llm_provider_core::{Call, Credential, Decoded, Payload, Provider, Secret};
use llm_provider_voyage::Voyage;
use llm_types::{EmbeddingInput, EmbeddingRequest};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let texts = ["Paris is the capital of France.", "Voyagers travel."].map(str::to_owned).to_vec();
    let request = EmbeddingRequest::new("any", EmbeddingInput::Texts(texts));
    let headers = HeaderMap::new();
    let key = Credential::Key(Secret::new("pa-example"));
    let call = Call { credential: Some(&key), ..Call::new("voyage-3.5", &headers) };
    let embeddings = Voyage.embeddings().ok_or("Voyage makes vectors")?;
    let encoded = embeddings.encode(&request, &call)?;
    println!("{} {}", encoded.request.method(), encoded.request.uri());
    if let Payload::Bytes(body) = encoded.request.body() {
        println!("{}", String::from_utf8_lossy(body));
    }
    let answer = br#"{"data":[{"embedding":[0.5,-0.25],"index":0}],"usage":{"total_tokens":7}}"#;
    if let Decoded::Answer(answer) = embeddings.decode(Response::new(answer.as_slice()))? {
        println!("{}", serde_json::to_string_pretty(&answer)?);
    }
    Ok(())
}
