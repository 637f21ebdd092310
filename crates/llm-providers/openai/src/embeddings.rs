//! Vectors for texts in OpenAI's form, both ways.
//!
//! Source: OpenAI API reference, "Embeddings" (platform.openai.com/docs/api-reference/embeddings), read 2026-11.

use std::sync::Arc;

use http::Request;
use llm_provider_core::{
    Call, Decoded, Decoder, Embeddings, EncodeError, Encoded, Incoming, IngressError, NeverStreams, Note,
    NoteKind, OnUnsupported, Outgoing, Payload, Reply, StreamDecoder, Translator, UpstreamError,
    WholeIngress, vectors,
};
use llm_types::{EmbeddingInput, EmbeddingRequest, EmbeddingResponse, EncodingFormat, Nullable};

use crate::{WireOptions, error, head};

/// In what a vendor's vectors differ from OpenAI's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddingOptions {
    /// Whether `encoding_format: base64` is known; else numbers are asked for.
    pub base64: bool,
    /// Whether texts may be given as tokens.
    pub tokens: bool,
    /// Whether `input_type` is known.
    pub input_type: bool,
    /// Whether `dimensions` is known, and under which name.
    pub dimensions: Option<&'static str>,
    /// Inputs of one request, at most.
    pub max_inputs: usize,
}

impl Default for EmbeddingOptions {
    /// OpenAI's: 2,048 inputs a request.
    fn default() -> Self {
        Self {
            base64: true,
            tokens: true,
            input_type: false,
            dimensions: Some("dimensions"),
            max_inputs: 2048,
        }
    }
}

/// Vectors over one OpenAI-like wire.
#[derive(Debug, Clone)]
pub struct EmbeddingWire {
    wire: Arc<WireOptions>,
    options: EmbeddingOptions,
}

impl EmbeddingWire {
    /// A translator for a wire.
    pub fn new(wire: WireOptions, options: EmbeddingOptions) -> Self {
        Self { wire: Arc::new(wire), options }
    }

    /// In what it differs from OpenAI's own.
    pub const fn options(&self) -> &EmbeddingOptions {
        &self.options
    }

    /// The body, and what it cannot carry.
    fn body(
        &self,
        request: &EmbeddingRequest,
        call: &Call<'_>,
    ) -> Result<(EmbeddingRequest, Vec<Note>), EncodeError> {
        let options = &self.options;
        let mut body = EmbeddingRequest { model: call.model.to_owned(), ..request.clone() };
        let mut notes = Vec::new();
        let kept = |name: &str| call.forward.iter().any(|forwarded| forwarded == name);
        let mut lacks = |name: &str| {
            if call.unsupported == OnUnsupported::Reject {
                return Err(EncodeError::unsupported(name, "this vendor's vectors have no such parameter"));
            }
            notes.push(Note::dropped(name, "this vendor's vectors have no such parameter"));
            Ok(())
        };
        if body.input_type.is_value() && !options.input_type && !kept("input_type") {
            lacks("input_type")?;
            body.input_type = Nullable::Absent;
        }
        match options.dimensions {
            None if body.dimensions.is_value() && !kept("dimensions") => {
                lacks("dimensions")?;
                body.dimensions = Nullable::Absent;
            }
            Some(name) if name != "dimensions" => {
                if let Some(dimensions) = body.dimensions.take() {
                    body.extra.insert(name.to_owned(), dimensions.into());
                    notes.push(Note::new(NoteKind::Renamed, "dimensions", name));
                }
            }
            _ => {}
        }
        if !options.base64 && body.encoding_format.get() == Some(&EncodingFormat::Base64) {
            // What comes back in numbers is written in base64 by the dialect that the client speaks.
            body.encoding_format = Nullable::Absent;
        }
        if !options.tokens && matches!(body.input, EmbeddingInput::Tokens(_) | EmbeddingInput::TokenArrays(_))
        {
            return Err(EncodeError::unsupported("input", "this vendor takes texts, and no tokens"));
        }
        for name in &self.wire.request.drop {
            if body.extra.shift_remove(name).is_some() {
                notes.push(Note::dropped(name, "this vendor refuses it"));
            }
        }
        Ok((body, notes))
    }
}

impl Translator<Embeddings> for EmbeddingWire {
    fn encode(&self, request: &EmbeddingRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let (body, notes) = self.body(request, call)?;
        let parts = head::post("/embeddings", &self.wire, call)?;
        let body = serde_json::to_vec(&body).map_err(|error| EncodeError::Setup(error.to_string()))?;
        Ok(Encoded { request: Request::from_parts(parts, Payload::from(body)), notes })
    }

    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<EmbeddingResponse>, UpstreamError> {
        if !response.status().is_success() {
            return Err(error::read(&response, &self.wire.answer.error_codes));
        }
        let answer = llm_types::from_slice(response.body())
            .map_err(|why| UpstreamError::unreadable(response.status(), response.body(), why))?;
        Ok(Decoded::Answer(answer))
    }

    fn decoder(&self) -> Box<dyn Decoder<Embeddings>> {
        Box::new(StreamDecoder::sse(NeverStreams::default()))
    }
}

/// The client's side: `POST /v1/embeddings`.
#[derive(Debug, Clone, Copy)]
pub struct EmbeddingIngress;

impl WholeIngress<Embeddings> for EmbeddingIngress {
    fn read(&self, body: &[u8]) -> Result<Incoming<EmbeddingRequest>, IngressError> {
        let request: EmbeddingRequest = llm_types::from_slice(body)?;
        if request.input.is_empty() {
            let message = "is empty: there is nothing to make a vector of".to_owned();
            return Err(IngressError { path: "input".to_owned(), message });
        }
        Ok(Incoming { request, notes: Vec::new() })
    }

    fn write(&self, request: &EmbeddingRequest, response: &EmbeddingResponse, reply: &Reply) -> Outgoing {
        let mut response = response.clone();
        let base64 = request.encoding_format.get() == Some(&EncodingFormat::Base64);
        for embedding in &mut response.data {
            vectors::write_as(&mut embedding.embedding, base64);
            if !embedding.object.is_value() {
                embedding.object = Nullable::Value("embedding".to_owned());
            }
        }
        if !response.object.is_value() {
            response.object = Nullable::Value("list".to_owned());
        }
        if !response.model.is_value() {
            response.model = Nullable::Value(reply.model.clone());
        }
        if !response.usage.is_value() {
            // The official clients demand the member.
            response.usage = Nullable::Value(llm_types::Usage::new(0, 0));
        }
        Outgoing { body: serde_json::to_vec(&response).unwrap_or_default().into(), notes: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use serde_json::{Value, json};

    use super::*;

    fn encoded(options: EmbeddingOptions, request: Value) -> Result<(Value, Vec<String>), EncodeError> {
        let request: EmbeddingRequest = llm_types::from_value(request).unwrap();
        let headers = HeaderMap::new();
        let wire = EmbeddingWire::new(WireOptions::default(), options);
        let encoded = wire.encode(&request, &Call::new("m-1", &headers))?;
        assert_eq!(encoded.request.uri(), "https://api.openai.com/v1/embeddings");
        let Payload::Bytes(body) = encoded.request.body() else { panic!("bytes") };
        let notes = encoded.notes.iter().map(ToString::to_string).collect();
        Ok((serde_json::from_slice(body).unwrap(), notes))
    }

    #[test]
    fn openai_gets_the_request_as_it_is() {
        let request = json!({"model": "x", "input": [[1, 2]], "encoding_format": "base64", "dimensions": 2, "user": "u"});
        let (body, notes) = encoded(EmbeddingOptions::default(), request.clone()).unwrap();
        let mut expected = request;
        expected["model"] = json!("m-1");
        assert_eq!((body, notes.len()), (expected, 0));
    }

    #[test]
    fn what_a_vendor_lacks_is_told() {
        let few = EmbeddingOptions {
            base64: false,
            tokens: false,
            dimensions: Some("output_dimension"),
            ..EmbeddingOptions::default()
        };
        let (body, notes) = encoded(
            few.clone(),
            json!({"model": "x", "input": "a", "encoding_format": "base64", "dimensions": 2, "input_type": "query"}),
        )
        .unwrap();
        assert_eq!(body, json!({"model": "m-1", "input": "a", "output_dimension": 2}));
        assert!(notes[0].starts_with("dropped input_type"), "{notes:?}");
        assert!(notes[1].starts_with("renamed dimensions"), "{notes:?}");
        let none = EmbeddingOptions { dimensions: None, ..few.clone() };
        let (body, notes) = encoded(none, json!({"model": "x", "input": "a", "dimensions": 2})).unwrap();
        assert_eq!((body, notes.len()), (json!({"model": "m-1", "input": "a"}), 1));
        assert!(encoded(few, json!({"model": "x", "input": [1]})).is_err());
    }

    #[test]
    fn answers_are_written_as_they_were_asked_for() {
        let answer: EmbeddingResponse = llm_types::from_value(json!({
            "data": [{"index": 0, "embedding": [1.0, -0.5]}, {"index": 1, "embedding": "AACAPw=="}],
        }))
        .unwrap();
        let reply = Reply { model: "mine".to_owned(), ..Reply::default() };
        let write = |format: &str| -> Value {
            let request = json!({"model": "x", "input": "a", "encoding_format": format});
            let request = llm_types::from_value(request).unwrap();
            serde_json::from_slice(&EmbeddingIngress.write(&request, &answer, &reply).body).unwrap()
        };
        let floats = write("float");
        assert_eq!(floats["data"][0]["embedding"], json!([1.0, -0.5]));
        assert_eq!(floats["data"][1]["embedding"], json!([1.0]));
        assert_eq!((&floats["object"], &floats["model"]), (&json!("list"), &json!("mine")));
        let base64 = write("base64");
        assert_eq!(base64["data"][0]["embedding"], "AACAPwAAAL8=");
        assert_eq!(base64["data"][1]["embedding"], "AACAPw==");
    }
}
