//! Writes a request for a ranking as NVIDIA takes it and reads an answer, without any network:
//! `cargo run -p llm-provider-nvidia-nim --example encode_nvidia_nim`.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use http::{HeaderMap, Response};
use llm_provider_core::{Call, Decoded, Payload, Provider};
use llm_provider_nvidia_nim::NvidiaNim;
use llm_types::RerankRequest;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let documents = vec!["Paris is in France.".into(), "Rome is in Italy.".into()];
    let request = RerankRequest::new("any", "Where is Rome?", documents);
    let headers = HeaderMap::new();
    let call = Call::new("nvidia/llama-3.2-nv-rerankqa-1b-v2", &headers);
    let rerank = NvidiaNim.rerank().ok_or("NVIDIA ranks")?;
    let encoded = rerank.encode(&request, &call)?;
    println!("{} {}", encoded.request.method(), encoded.request.uri());
    if let Payload::Bytes(body) = encoded.request.body() {
        println!("{}", String::from_utf8_lossy(body));
    }
    let answer = br#"{"rankings":[{"index":1,"logit":6.5},{"index":0,"logit":-4.0}]}"#;
    if let Decoded::Answer(answer) = rerank.decode(Response::new(answer.as_slice()))? {
        println!("{}", serde_json::to_string_pretty(&answer)?);
    }
    Ok(())
}
