//! Vectors for texts and images.
//!
//! Source: Cohere API reference, "Embed API (v2)", read 2026-11.

use http::Request;
use llm_provider_core::{
    Call, Decoded, Decoder, Embeddings, EncodeError, Encoded, NeverStreams, Note, NoteKind, OnUnsupported,
    Payload, StreamDecoder, Translator, UpstreamError,
};
use llm_types::{
    Embedding, EmbeddingInput, EmbeddingRequest, EmbeddingResponse, EmbeddingVector, EncodingFormat, Extra,
    Nullable, Usage, from_value,
};
use serde_json::{Value, json};

use crate::head::{Endpoint, head};
use crate::usage::whole;
use crate::wire::{ApiMeta, EmbedRequest, EmbedResponse};
use crate::{Cohere, error};

/// What texts are embedded for, where nobody says: as LiteLLM has it.
const DEFAULT_INPUT_TYPE: &str = "search_document";

impl Translator<Embeddings> for Cohere {
    fn encode(&self, request: &EmbeddingRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let mut notes = Vec::new();
        let wire = wire(request, call, &mut notes)?;
        let body = serde_json::to_vec(&wire).map_err(|why| EncodeError::invalid("", why.to_string()))?;
        let parts = head(Endpoint::Embed, call)?;
        Ok(Encoded { request: Request::from_parts(parts, Payload::from(body)), notes })
    }

    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<EmbeddingResponse>, UpstreamError> {
        if !response.status().is_success() {
            return Err(error::read(&response));
        }
        let unreadable = |why: String| UpstreamError::unreadable(response.status(), response.body(), why);
        let answer: EmbedResponse =
            llm_types::from_slice(response.body()).map_err(|why| unreadable(why.to_string()))?;
        read(answer).map(Decoded::Answer).map_err(unreadable)
    }

    fn decoder(&self) -> Box<dyn Decoder<Embeddings>> {
        Box::new(StreamDecoder::sse(NeverStreams::default()))
    }
}

fn wire(
    request: &EmbeddingRequest,
    call: &Call<'_>,
    notes: &mut Vec<Note>,
) -> Result<EmbedRequest, EncodeError> {
    let mut wire = EmbedRequest {
        model: call.model.to_owned(),
        input_type: request.input_type.clone(),
        texts: Nullable::Absent,
        images: Nullable::Absent,
        inputs: Nullable::Absent,
        embedding_types: Nullable::Absent,
        output_dimension: request.dimensions.get().copied().into(),
        max_tokens: Nullable::Absent,
        truncate: Nullable::Absent,
        extra: request.extra.clone(),
    };
    match &request.input {
        EmbeddingInput::Text(text) => wire.texts = Nullable::Value(vec![text.clone()]),
        EmbeddingInput::Texts(texts) => wire.texts = Nullable::Value(texts.clone()),
        EmbeddingInput::Tokens(_) | EmbeddingInput::TokenArrays(_) => {
            return Err(EncodeError::unsupported("input", "Cohere takes texts, and no tokens"));
        }
        EmbeddingInput::Parts(parts) => {
            let inputs = parts.iter().enumerate().map(|(index, part)| input(part, index));
            wire.inputs = Nullable::Value(inputs.collect::<Result<_, _>>()?);
        }
    }
    if !wire.input_type.is_value() {
        wire.input_type = Nullable::Value(DEFAULT_INPUT_TYPE.to_owned());
        notes.push(Note::new(NoteKind::Defaulted, "input_type", DEFAULT_INPUT_TYPE));
    }
    if !wire.extra.contains_key("embedding_types") {
        let kind = match request.encoding_format.get() {
            Some(EncodingFormat::Base64) => "base64",
            Some(EncodingFormat::Other(kind)) => kind,
            Some(EncodingFormat::Float) | None => "float",
        };
        wire.embedding_types = Nullable::Value(vec![kind.to_owned()]);
    }
    if request.dimensions.is_value() {
        notes.push(Note::new(NoteKind::Renamed, "dimensions", "output_dimension"));
    }
    if request.user.is_value() && !call.forward.iter().any(|name| name == "user") {
        if call.unsupported == OnUnsupported::Reject {
            return Err(EncodeError::unsupported("user", "Cohere has no such parameter"));
        }
        notes.push(Note::dropped("user", "Cohere has no such parameter"));
    }
    Ok(wire)
}

/// A text, a part in OpenAI's words, or an input in Cohere's.
fn input(part: &Value, index: usize) -> Result<Value, EncodeError> {
    let content = match part {
        Value::String(text) => json!([{ "type": "text", "text": text }]),
        part if part.get("content").is_some() => return Ok(part.clone()),
        part if part.get("type").is_some() => {
            let mut part = part.clone();
            if let Some(Value::String(url)) = part.get("image_url").cloned() {
                part["image_url"] = json!({ "url": url });
            }
            json!([part])
        }
        part => match (part["text"].as_str(), part["image"].as_str()) {
            (Some(text), None) => json!([{ "type": "text", "text": text }]),
            (None, Some(image)) => json!([{ "type": "image_url", "image_url": { "url": image } }]),
            (Some(text), Some(image)) => json!([
                { "type": "text", "text": text }, { "type": "image_url", "image_url": { "url": image } }
            ]),
            (None, None) => {
                return Err(EncodeError::invalid(format!("input[{index}]"), "has neither text nor image"));
            }
        },
    };
    Ok(json!({ "content": content }))
}

fn read(answer: EmbedResponse) -> Result<EmbeddingResponse, String> {
    let kinds: Vec<(&String, &Vec<Value>)> = answer
        .embeddings
        .iter()
        .filter_map(|(kind, vectors)| vectors.as_array().map(|vectors| (kind, vectors)))
        .filter(|(_, vectors)| !vectors.is_empty())
        .collect();
    let count = kinds.iter().map(|(_, vectors)| vectors.len()).max().unwrap_or(0);
    let mut data = Vec::with_capacity(count);
    for index in 0..count {
        let vector = match kinds.as_slice() {
            [(_, vectors)] => {
                from_value::<EmbeddingVector>(vectors[index].clone()).map_err(|why| why.to_string())?
            }
            several => {
                let of_kinds = several
                    .iter()
                    .filter_map(|(kind, vectors)| Some(((*kind).clone(), vectors.get(index)?.clone())));
                EmbeddingVector::Other(Value::Object(of_kinds.collect()))
            }
        };
        data.push(Embedding::new(index as u64, vector));
    }
    let mut out = EmbeddingResponse::new(String::new(), data);
    out.model = Nullable::Absent;
    out.id = answer.id;
    out.usage = answer.meta.get().map(usage).into();
    let mut specifics = answer.extra;
    if let Some(Ok(meta)) = answer.meta.get().map(serde_json::to_value) {
        specifics.insert("meta".to_owned(), meta);
    }
    if let Some(images) = answer.images.get().filter(|images| !images.is_empty()) {
        specifics.insert("images".to_owned(), json!(images));
    }
    if !specifics.is_empty() {
        out.provider_specific_fields = Nullable::Value(specifics);
    }
    Ok(out)
}

/// Tokens read; images count by their own tokens, where Cohere tells them.
fn usage(meta: &ApiMeta) -> Usage {
    let billed = meta.billed_units.get();
    let tokens = meta.tokens.get().and_then(|tokens| tokens.input_tokens.get());
    let text = tokens.or_else(|| billed?.input_tokens.get()).map_or(0, whole);
    let images = match tokens {
        Some(_) => 0,
        None => billed.and_then(|billed| billed.image_tokens.get()).map_or(0, whole),
    };
    let mut usage = Usage::new(text.saturating_add(images), 0);
    usage.completion_tokens = Nullable::Absent;
    if let Some(Ok(billed)) = billed.map(serde_json::to_value) {
        usage.extra = Extra::from_iter([("billed_units".to_owned(), billed)]);
    }
    usage
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Response};

    use super::*;

    fn encoded(request: Value) -> Result<(Value, Vec<String>), EncodeError> {
        let request: EmbeddingRequest = from_value(request).unwrap();
        let headers = HeaderMap::new();
        let encoded =
            Translator::<Embeddings>::encode(&Cohere, &request, &Call::new("embed-v4.0", &headers))?;
        assert_eq!(encoded.request.uri(), "https://api.cohere.com/v2/embed");
        let Payload::Bytes(body) = encoded.request.body() else { panic!("bytes") };
        let notes = encoded.notes.iter().map(ToString::to_string).collect();
        Ok((serde_json::from_slice(body).unwrap(), notes))
    }

    #[test]
    fn texts() {
        let (body, notes) = encoded(json!({"model": "x", "input": "a"})).unwrap();
        let expected = json!({"model": "embed-v4.0", "input_type": "search_document", "texts": ["a"], "embedding_types": ["float"]});
        assert_eq!(body, expected);
        assert_eq!(notes, ["defaulted input_type: search_document"]);
        let (body, notes) = encoded(
            json!({"model": "x", "input": ["a", "b"], "input_type": "search_query", "dimensions": 256,
            "encoding_format": "base64", "truncate": "END", "user": "u"}),
        )
        .unwrap();
        assert_eq!(
            body,
            json!({"model": "embed-v4.0", "input_type": "search_query", "texts": ["a", "b"], "embedding_types": ["base64"],
                "output_dimension": 256, "truncate": "END"})
        );
        assert_eq!(
            notes,
            ["renamed dimensions: output_dimension", "dropped user: Cohere has no such parameter"]
        );
        let (body, _) =
            encoded(json!({"model": "x", "input": "a", "embedding_types": ["int8", "float"]})).unwrap();
        assert_eq!(body["embedding_types"], json!(["int8", "float"]));
        assert!(encoded(json!({"model": "x", "input": [1, 2]})).is_err());
    }

    #[test]
    fn images_and_mixtures() {
        let image = "data:image/png;base64,AA==";
        let (body, _) = encoded(json!({"model": "x", "input": ["a", {"text": "b", "image": image},
            {"type": "image_url", "image_url": image}, {"content": [{"type": "text", "text": "c"}]}]}))
        .unwrap();
        let text = |text: &str| json!({"type": "text", "text": text});
        let picture = json!({"type": "image_url", "image_url": {"url": image}});
        assert_eq!(
            body["inputs"],
            json!([{"content": [text("a")]}, {"content": [text("b"), picture]}, {"content": [picture]}, {"content": [text("c")]}])
        );
        assert!(encoded(json!({"model": "x", "input": [{"sound": "b"}]})).is_err());
    }

    fn decoded(answer: &Value) -> EmbeddingResponse {
        let body = answer.to_string();
        match Translator::<Embeddings>::decode(&Cohere, Response::new(body.as_bytes())).unwrap() {
            Decoded::Answer(answer) => answer,
            Decoded::Again { .. } => panic!("an answer"),
        }
    }

    #[test]
    fn vectors_of_one_kind_and_of_several() {
        let answer = decoded(
            &json!({"id": "i", "embeddings": {"float": [[0.5, 1], [2, 3]]}, "texts": ["a", "b"],
            "meta": {"api_version": {"version": "2"}, "billed_units": {"input_tokens": 3}}, "response_type": "embeddings_by_type"}),
        );
        let numbers = |at: usize| serde_json::to_value(&answer.data[at].embedding).unwrap();
        assert_eq!((numbers(0), numbers(1)), (json!([0.5, 1]), json!([2, 3])));
        assert_eq!(answer.usage.get().unwrap().counts().input, 3);
        assert_eq!(answer.id.as_deref(), Some("i"));
        let answer = decoded(&json!({"embeddings": {"base64": ["AACAPw=="], "float": null}}));
        assert_eq!(answer.data[0].embedding, EmbeddingVector::Base64("AACAPw==".to_owned()));
        let answer = decoded(&json!({"embeddings": {"int8": [[1]], "ubinary": [[2]]}}));
        assert_eq!(answer.data[0].embedding, EmbeddingVector::Other(json!({"int8": [1], "ubinary": [2]})));
    }

    #[test]
    fn images_count_by_their_tokens() {
        let answer = decoded(&json!({"embeddings": {"float": [[1]]}, "images": [{"width": 1}],
            "meta": {"billed_units": {"images": 1, "image_tokens": 66}}}));
        assert_eq!(answer.usage.get().unwrap().counts().input, 66);
        assert_eq!(answer.provider_specific_fields.get().unwrap()["images"][0]["width"], 1);
    }

    #[test]
    fn errors_and_what_cannot_be_read() {
        let decode = |status: u16, body: &'static str| {
            let response = Response::builder().status(status).body(body.as_bytes()).unwrap();
            Translator::<Embeddings>::decode(&Cohere, response).unwrap_err().kind
        };
        assert_eq!(decode(429, r#"{"message":"slow down"}"#), llm_types::ErrorKind::RateLimit);
        assert_eq!(decode(200, r#"{"embeddings":[]}"#), llm_types::ErrorKind::BadGateway);
    }
}
