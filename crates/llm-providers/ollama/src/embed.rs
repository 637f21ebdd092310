//! Vectors for texts.
//!
//! Source: Ollama docs, "Generate embeddings" (docs.ollama.com/api/embed), read 2026-11.

use http::Request;
use llm_provider_core::{
    Call, Decoded, Decoder, Embeddings, EncodeError, Encoded, NeverStreams, Note, OnUnsupported, Payload,
    StreamDecoder, Translator, UpstreamError,
};
use llm_types::{
    Embedding, EmbeddingInput, EmbeddingRequest, EmbeddingResponse, EmbeddingVector, Extra, Nullable,
};
use serde_json::{Value, json};

use crate::chat::options;
use crate::head::{Endpoint, head};
use crate::wire::{EmbedRequest, EmbedResponse};
use crate::{Ollama, error, usage};

impl Translator<Embeddings> for Ollama {
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
        let body = *response.body();
        let answer: EmbedResponse = llm_types::from_slice(body)
            .map_err(|why| UpstreamError::unreadable(response.status(), body, why))?;
        let vectors = answer.embeddings.into_iter().enumerate();
        let data =
            vectors.map(|(index, vector)| Embedding::new(index as u64, EmbeddingVector::Numbers(vector)));
        let mut out = EmbeddingResponse::new(String::new(), data.collect());
        out.model = answer.model;
        out.usage = usage::canonical(&answer.prompt_eval_count, &Nullable::Value(0.into()))
            .filter(|_| answer.prompt_eval_count.is_value())
            .into();
        let mut specifics = usage::durations([
            &answer.total_duration,
            &answer.load_duration,
            &Nullable::Absent,
            &Nullable::Absent,
        ]);
        specifics.extend(answer.extra);
        if !specifics.is_empty() {
            out.provider_specific_fields = Nullable::Value(specifics);
        }
        Ok(Decoded::Answer(out))
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
    let input = match &request.input {
        EmbeddingInput::Text(text) => json!(text),
        EmbeddingInput::Texts(texts) => json!(texts),
        EmbeddingInput::Tokens(_) | EmbeddingInput::TokenArrays(_) => {
            return Err(EncodeError::unsupported("input", "Ollama takes texts, and no tokens"));
        }
        EmbeddingInput::Parts(_) => {
            return Err(EncodeError::unsupported("input", "Ollama takes texts, and nothing else"));
        }
    };
    let mut wire = EmbedRequest {
        model: call.model.to_owned(),
        input,
        truncate: Nullable::Absent,
        dimensions: request.dimensions.get().copied().into(),
        keep_alive: Nullable::Absent,
        options: Nullable::Absent,
        extra: Extra::new(),
    };
    let mut own = match request.extra.get("options") {
        Some(Value::Object(given)) => given.clone(),
        None | Some(Value::Null) => Extra::new(),
        Some(_) => return Err(EncodeError::invalid("options", "is no object")),
    };
    for (name, value) in &request.extra {
        if options::OWN.contains(&name.as_str()) {
            own.insert(name.clone(), value.clone());
        } else if name != "options" {
            wire.extra.insert(name.clone(), value.clone());
        }
    }
    if !own.is_empty() {
        wire.options = Nullable::Value(own);
    }
    for (name, said) in [("user", request.user.is_value()), ("input_type", request.input_type.is_value())] {
        if said && !call.forward.iter().any(|forward| forward == name) {
            if call.unsupported == OnUnsupported::Reject {
                return Err(EncodeError::unsupported(name, "Ollama has no such parameter"));
            }
            notes.push(Note::dropped(name, "Ollama has no such parameter"));
        }
    }
    // Numbers are all that Ollama gives; whoever wants base64 writes them so.
    Ok(wire)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Response};

    use super::*;

    fn encoded(request: &Value) -> Result<(Value, usize), EncodeError> {
        let request: EmbeddingRequest = llm_types::from_value(request.clone()).unwrap();
        let headers = HeaderMap::new();
        let encoded = Translator::<Embeddings>::encode(&Ollama, &request, &Call::new("nomic", &headers))?;
        assert_eq!(encoded.request.uri(), "http://localhost:11434/api/embed");
        let Payload::Bytes(body) = encoded.request.body() else { panic!("bytes") };
        Ok((serde_json::from_slice(body).unwrap(), encoded.notes.len()))
    }

    #[test]
    fn requests() {
        let (body, notes) =
            encoded(&json!({"model": "x", "input": ["a", "b"], "dimensions": 4, "encoding_format": "base64",
            "num_ctx": 9, "options": {"seed": 1}, "truncate": false, "keep_alive": "5m", "user": "u"}))
            .unwrap();
        assert_eq!(
            body,
            json!({"model": "nomic", "input": ["a", "b"], "dimensions": 4, "options": {"seed": 1, "num_ctx": 9}, "truncate": false, "keep_alive": "5m"})
        );
        assert_eq!(notes, 1);
        assert!(encoded(&json!({"model": "x", "input": [1]})).is_err());
        assert!(encoded(&json!({"model": "x", "input": [{"image": "x"}]})).is_err());
        assert!(encoded(&json!({"model": "x", "input": "a", "options": 1})).is_err());
    }

    #[test]
    fn answers() {
        let body =
            br#"{"model":"nomic","embeddings":[[0.5,1],[2]],"total_duration":9,"prompt_eval_count":3}"#;
        let answer = match Translator::<Embeddings>::decode(&Ollama, Response::new(body.as_slice())).unwrap()
        {
            Decoded::Answer(answer) => answer,
            Decoded::Again { .. } => panic!("an answer"),
        };
        assert_eq!(serde_json::to_value(&answer.data[0].embedding).unwrap(), json!([0.5, 1]));
        assert_eq!((answer.data.len(), answer.usage.get().unwrap().counts().input), (2, 3));
        assert_eq!(answer.provider_specific_fields.get().unwrap()["total_duration"], 9);
        let error =
            Response::builder().status(404).body(br#"{"error":"model 'x' not found"}"#.as_slice()).unwrap();
        let error = Translator::<Embeddings>::decode(&Ollama, error).unwrap_err();
        assert_eq!(error.kind, llm_types::ErrorKind::NotFound);
    }
}
