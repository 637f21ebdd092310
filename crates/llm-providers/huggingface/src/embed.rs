//! Vectors: TEI's `/embed` and the router's `feature-extraction`, or OpenAI's form where the address says so.
//!
//! Source: Hugging Face docs, "Inference Providers", "Feature extraction", and "Text Embeddings Inference", API
//! reference, read 2026-11.

use http::{HeaderMap, Request};
use llm_provider_core::{
    Call, Decoded, Decoder, Embeddings, EncodeError, Encoded, NeverStreams, Note, OnUnsupported, Payload,
    StreamDecoder, Translator, UpstreamError, header_text,
};
use llm_types::{
    Embedding, EmbeddingInput, EmbeddingRequest, EmbeddingResponse, EmbeddingVector, Nullable, Usage,
};
use serde_json::{Map, Value, json};

use crate::{HuggingFace, error, place};

impl Translator<Embeddings> for HuggingFace {
    fn encode(&self, request: &EmbeddingRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let address = place::embed(call);
        let path = address.split('?').next().unwrap_or_default();
        let mut notes = Vec::new();
        let body = if path.ends_with("/embeddings") {
            let body = EmbeddingRequest { model: call.model.to_owned(), ..request.clone() };
            serde_json::to_vec(&body).map_err(|why| EncodeError::invalid("", why.to_string()))?
        } else {
            Value::Object(own(request, call, &mut notes)?).to_string().into_bytes()
        };
        let parts = place::head(&address, call)?;
        Ok(Encoded { request: Request::from_parts(parts, Payload::from(body)), notes })
    }

    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<EmbeddingResponse>, UpstreamError> {
        if !response.status().is_success() {
            return Err(error::read(&response, &self.options));
        }
        let unreadable = |why: String| UpstreamError::unreadable(response.status(), response.body(), why);
        let value: Value =
            serde_json::from_slice(response.body()).map_err(|why| unreadable(why.to_string()))?;
        let answer = match value {
            Value::Array(vectors) => {
                let mut answer = of(vectors).map_err(unreadable)?;
                answer.usage = usage(response.headers()).into();
                answer
            }
            other => llm_types::from_value(other).map_err(|why| unreadable(why.to_string()))?,
        };
        Ok(Decoded::Answer(answer))
    }

    fn decoder(&self) -> Box<dyn Decoder<Embeddings>> {
        Box::new(StreamDecoder::sse(NeverStreams::default()))
    }
}

/// The body in Hugging Face's own form.
fn own(
    request: &EmbeddingRequest,
    call: &Call<'_>,
    notes: &mut Vec<Note>,
) -> Result<Map<String, Value>, EncodeError> {
    let mut body = Map::new();
    let inputs = match &request.input {
        EmbeddingInput::Text(text) => json!([text]),
        EmbeddingInput::Texts(texts) => json!(texts),
        EmbeddingInput::Tokens(tokens) => json!([tokens]),
        EmbeddingInput::TokenArrays(arrays) => json!(arrays),
        EmbeddingInput::Parts(_) => {
            return Err(EncodeError::unsupported("input", "takes texts and tokens, and nothing else"));
        }
    };
    body.insert("inputs".to_owned(), inputs);
    if let Some(dimensions) = request.dimensions.get() {
        body.insert("dimensions".to_owned(), (*dimensions).into());
    }
    body.extend(request.extra.clone());
    for (name, said) in [("user", request.user.is_value()), ("input_type", request.input_type.is_value())] {
        if said {
            let reason = "there is no such parameter; `prompt_name` chooses a prompt of the model's";
            if call.unsupported == OnUnsupported::Reject {
                return Err(EncodeError::unsupported(name, reason));
            }
            notes.push(Note::dropped(name, reason));
        }
    }
    Ok(body)
}

/// A list of vectors, or one vector by itself. Vectors for each token of a text stay a list of their own.
fn of(vectors: Vec<Value>) -> Result<EmbeddingResponse, String> {
    let vectors =
        if vectors.first().is_some_and(Value::is_number) { vec![Value::Array(vectors)] } else { vectors };
    let mut data = Vec::with_capacity(vectors.len());
    for (index, vector) in vectors.into_iter().enumerate() {
        if !vector.is_array() {
            return Err(format!("[{index}] is no vector"));
        }
        let vector: EmbeddingVector = llm_types::from_value(vector).map_err(|why| why.to_string())?;
        data.push(Embedding::new(index as u64, vector));
    }
    let mut answer = EmbeddingResponse::new(String::new(), data);
    answer.model = Nullable::Absent;
    Ok(answer)
}

/// TEI counts tokens in a header.
pub(crate) fn usage(headers: &HeaderMap) -> Option<Usage> {
    let tokens = header_text(headers, "x-compute-tokens")?.trim().parse().ok()?;
    Some(Usage { completion_tokens: Nullable::Absent, ..Usage::new(tokens, 0) })
}

#[cfg(test)]
mod tests {
    use http::Response;

    use super::*;

    fn encoded(base: Option<&str>, request: &Value) -> Result<(String, Value, usize), EncodeError> {
        let request: EmbeddingRequest = llm_types::from_value(request.clone()).unwrap();
        let headers = HeaderMap::new();
        let call = Call { base_url: base, ..Call::new("org/name", &headers) };
        let encoded = Translator::<Embeddings>::encode(&HuggingFace::new(), &request, &call)?;
        let Payload::Bytes(body) = encoded.request.body() else { panic!("bytes") };
        Ok((encoded.request.uri().to_string(), serde_json::from_slice(body).unwrap(), encoded.notes.len()))
    }

    #[test]
    fn requests() {
        let request = json!({"model": "x", "input": "a", "truncate": true, "normalize": false, "dimensions": 3, "user": "u", "encoding_format": "base64"});
        let (uri, body, notes) = encoded(None, &request).unwrap();
        assert_eq!(
            uri,
            "https://router.huggingface.co/hf-inference/models/org/name/pipeline/feature-extraction"
        );
        assert_eq!(body, json!({"inputs": ["a"], "truncate": true, "normalize": false, "dimensions": 3}));
        assert_eq!(notes, 1);
        let (uri, body, _) =
            encoded(Some("http://h"), &json!({"model": "x", "input": [[1, 2], [3]]})).unwrap();
        assert_eq!((uri.as_str(), body), ("http://h/embed", json!({"inputs": [[1, 2], [3]]})));
        let (uri, body, notes) = encoded(Some("http://h/v1"), &request).unwrap();
        assert_eq!((uri.as_str(), notes), ("http://h/v1/embeddings", 0));
        assert_eq!((&body["model"], &body["user"]), (&json!("org/name"), &json!("u")));
        assert!(encoded(None, &json!({"model": "x", "input": [{"image": "x"}]})).is_err());
    }

    fn decoded(body: &str) -> Result<EmbeddingResponse, UpstreamError> {
        let response = Response::builder().header("x-compute-tokens", "7").body(body.as_bytes()).unwrap();
        Translator::<Embeddings>::decode(&HuggingFace::new(), response).map(|decoded| match decoded {
            Decoded::Answer(answer) => answer,
            Decoded::Again { .. } => panic!("an answer"),
        })
    }

    #[test]
    fn answers() {
        let answer = decoded("[[0.5, 1], [2]]").unwrap();
        assert_eq!((answer.data.len(), answer.usage.get().unwrap().counts().input), (2, 7));
        assert_eq!(decoded("[0.5, 1]").unwrap().data.len(), 1);
        let tokens = decoded("[[[0.5], [1]]]").unwrap();
        assert!(matches!(tokens.data[0].embedding, EmbeddingVector::Other(_)));
        let open = decoded(
            r#"{"object":"list","data":[{"index":0,"embedding":[1]}],"usage":{"prompt_tokens":2,"total_tokens":2}}"#,
        );
        assert_eq!(open.unwrap().usage.get().unwrap().counts().input, 2);
        for odd in ["no", "[[2], 1]", "[\"a\"]", "{}"] {
            assert_eq!(decoded(odd).unwrap_err().kind, llm_types::ErrorKind::BadGateway, "{odd}");
        }
    }
}
