//! Vectors, in Snowflake's own form.
//!
//! Source: Snowflake documentation, "Cortex REST API", "Embed", read 2026-11.

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response};
use llm_provider_core::{
    Call, Decoded, Decoder, Embeddings, EncodeError, Encoded, NeverStreams, Note, OnUnsupported, Payload,
    StreamDecoder, Translator, UpstreamError,
};
use llm_provider_openai::read_error;
use llm_types::{
    Embedding, EmbeddingRequest, EmbeddingResponse, EmbeddingVector, EncodingFormat, Extra, Usage,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::prepared::Prepared;
use crate::snowflake::{Snowflake, wire};

#[derive(Deserialize)]
struct Answer {
    data: Vec<Row>,
    model: Option<String>,
    usage: Option<Value>,
    #[serde(flatten)]
    extra: Extra,
}

#[derive(Deserialize)]
struct Row {
    /// One vector, in a list of its own.
    embedding: Vec<EmbeddingVector>,
    index: Option<u64>,
}

impl Translator<Embeddings> for Snowflake {
    fn encode(&self, request: &EmbeddingRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let Some(texts) = request.input.texts() else {
            return Err(EncodeError::unsupported("input", "this vendor takes texts, and nothing else"));
        };
        let mut body = Extra::new();
        body.insert("model".to_owned(), call.model.into());
        body.insert("text".to_owned(), json!(texts));
        body.extend(request.extra.clone());
        let mut notes = Vec::new();
        let lacks = [
            ("dimensions", request.dimensions.is_value()),
            ("input_type", request.input_type.is_value()),
            ("user", request.user.is_value()),
        ];
        for (name, _) in lacks.into_iter().filter(|(_, given)| *given) {
            if call.unsupported == OnUnsupported::Reject && name != "user" {
                return Err(EncodeError::unsupported(name, "this vendor's vectors have no such parameter"));
            }
            notes.push(Note::dropped(name, "this vendor's vectors have no such parameter"));
        }
        if matches!(request.encoding_format.get(), Some(EncodingFormat::Other(_))) {
            notes.push(Note::dropped("encoding_format", "this vendor's vectors come in numbers"));
        }
        let prepared = Prepared::new(call)?;
        let address = prepared.embed();
        let mut sent = Request::post(&address)
            .body(Payload::from(Value::Object(body).to_string().into_bytes()))
            .map_err(|error| EncodeError::Setup(format!("`{address}` is no address: {error}")))?;
        *sent.headers_mut() = prepared.headers;
        sent.headers_mut().entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
        Ok(Encoded { request: sent, notes })
    }

    fn decode(&self, response: Response<&[u8]>) -> Result<Decoded<EmbeddingResponse>, UpstreamError> {
        if !response.status().is_success() {
            return Err(read_error(&response, &wire()));
        }
        let unreadable = |why| UpstreamError::unreadable(response.status(), response.body(), why);
        let answer: Answer = serde_json::from_slice(response.body()).map_err(unreadable)?;
        let rows = (0..).zip(answer.data);
        let data = rows
            .filter_map(|(at, row)| {
                Some(Embedding::new(row.index.unwrap_or(at), row.embedding.into_iter().next()?))
            })
            .collect();
        let mut whole = EmbeddingResponse::new(answer.model.unwrap_or_default(), data);
        if whole.model.as_deref() == Some("") {
            whole.model = llm_types::Nullable::Absent;
        }
        if let Some(read) = answer.usage.as_ref().and_then(|usage| usage["total_tokens"].as_u64()) {
            whole.usage = Usage::new(read, 0).into();
        }
        whole.extra = answer.extra;
        Ok(Decoded::Answer(whole))
    }

    fn decoder(&self) -> Box<dyn Decoder<Embeddings>> {
        Box::new(StreamDecoder::sse(NeverStreams::default()))
    }
}
