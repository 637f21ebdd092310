//! A vendor that wants OpenAI's chat under `input`: what would be sent. Needs no network.

use http::{HeaderMap, Uri};
use llm_provider_core::{Call, EncodeError, Payload, Translator as _};
use llm_provider_envelope::{Envelope, EnvelopeWire, address};
use llm_provider_openai::WireOptions;
use llm_types::{ChatRequest, Extra, Message};

#[derive(Debug)]
struct Boxed;

impl Envelope for Boxed {
    fn address(&self, _: &ChatRequest, call: &Call<'_>) -> Result<Uri, EncodeError> {
        address(call.base_url_or("https://vendor.example"), "/run")
    }

    fn wrap(&self, body: Extra, _: &ChatRequest, _: &Call<'_>) -> Result<Extra, EncodeError> {
        Ok([("input".to_owned(), body.into())].into_iter().collect())
    }
}

#[expect(clippy::print_stdout, reason = "an example shows what it made")]
fn main() -> Result<(), EncodeError> {
    let wire = EnvelopeWire::new(Boxed, WireOptions::default());
    let headers = HeaderMap::new();
    let request = ChatRequest::new("m", vec![Message::user("Hello")]);
    let encoded = wire.encode(&request, &Call::new("m", &headers))?;
    println!("{} {}", encoded.request.method(), encoded.request.uri());
    if let Payload::Bytes(body) = encoded.request.body() {
        println!("{}", String::from_utf8_lossy(body));
    }
    Ok(())
}
