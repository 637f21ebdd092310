//! Writes a request for vectors as Jina takes it and reads an answer, without any network:
//! `cargo run -p llm-provider-jina --example encode_jina`.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use http::{HeaderMap, Response};
use llm_provider_core::{Call, Decoded, Payload, Provider};
use llm_provider_jina::Jina;
use llm_types::{EmbeddingInput, EmbeddingRequest};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let texts = ["Paris is the capital of France.", "It has two million people."].map(str::to_owned).to_vec();
    let mut request = EmbeddingRequest::new("any", EmbeddingInput::Texts(texts));
    request.extra.insert("late_chunking".to_owned(), true.into());
    let headers = HeaderMap::new();
    let jina = Jina::new();
    let embeddings = jina.embeddings().ok_or("Jina makes vectors")?;
    let encoded = embeddings.encode(&request, &Call::new("jina-embeddings-v3", &headers))?;
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
