//! Vectors.
//!
//! Source: Nomic API reference, "Embed text" (docs.nomic.ai/reference/api/embed-text-v-1-embedding-text-post), read
//! 2026-11.

use std::sync::LazyLock;

use http::{Request, Response};
use llm_provider_core::{
    Call, Decoded, Decoder, Embeddings, EncodeError, Encoded, NoteKind, Payload, Translator, UpstreamError,
};
use llm_provider_envelope::vectors;
use llm_provider_openai::{Changes, WireOptions, read_error, request_head};
use llm_provider_openai_compat::InputPurpose;
use llm_types::{EmbeddingRequest, EmbeddingResponse, Extra};
use serde_json::{Value, json};

use crate::Nomic;

/// The usual address.
pub(crate) const BASE_URL: &str = "https://api-atlas.nomic.ai/v1";

static WIRE: LazyLock<WireOptions> =
    LazyLock::new(|| WireOptions { base_url: BASE_URL.to_owned(), ..WireOptions::default() });

impl Translator<Embeddings> for Nomic {
    fn encode(&self, request: &EmbeddingRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let mut changes = Changes::new(call);
        let mut body = Extra::new();
        body.insert("texts".to_owned(), json!(vectors::texts(request)?));
        body.insert("model".to_owned(), json!(call.model));
        if let Some(given) = request.input_type.get()
            && !request.extra.contains_key("task_type")
        {
            let task = match InputPurpose::of(given) {
                Some(InputPurpose::Query) => "search_query",
                Some(InputPurpose::Document) => "search_document",
                None => given,
            };
            changes.note(NoteKind::Renamed, "input_type", format!("task_type: {task}"));
            body.insert("task_type".to_owned(), json!(task));
        } else if request.input_type.is_value() {
            changes.note(NoteKind::Dropped, "input_type", "`task_type` says what the vectors are for");
        }
        if let Some(dimensions) = request.dimensions.get() {
            changes.note(NoteKind::Renamed, "dimensions", "dimensionality");
            body.insert("dimensionality".to_owned(), json!(dimensions));
        }
        vectors::leave_out(request, &["user"], &mut changes);
        body.extend(request.extra.clone());
        let parts = request_head("/embedding/text", &WIRE, call)?;
        let body = serde_json::to_vec(&body).map_err(|error| EncodeError::invalid("", error.to_string()))?;
        Ok(Encoded { request: Request::from_parts(parts, Payload::from(body)), notes: changes.finish()? })
    }

    fn decode(&self, response: Response<&[u8]>) -> Result<Decoded<EmbeddingResponse>, UpstreamError> {
        if !response.status().is_success() {
            return Err(read_error(&response, &WIRE));
        }
        read(response.body())
            .map(Decoded::Answer)
            .map_err(|why| UpstreamError::unreadable(response.status(), response.body(), why))
    }

    fn decoder(&self) -> Box<dyn Decoder<Embeddings>> {
        vectors::never_streams()
    }
}

fn read(body: &[u8]) -> Result<EmbeddingResponse, String> {
    let mut tree: Extra = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let Some(Value::Array(list)) = tree.shift_remove("embeddings") else {
        return Err("embeddings: an array is missing".to_owned());
    };
    let usage = tree.shift_remove("usage").unwrap_or_default();
    let tokens = usage["prompt_tokens"].as_u64().or_else(|| usage["total_tokens"].as_u64());
    let model = tree.shift_remove("model");
    let model = model.as_ref().and_then(Value::as_str);
    let mut answer = vectors::answer(model, &list, tokens).ok_or("embeddings: not all of it are vectors")?;
    answer.extra = tree;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use llm_types::{ErrorKind, from_value};

    use super::*;

    fn sent(request: Value) -> Result<(String, Value, Vec<String>), EncodeError> {
        let request = from_value(request).unwrap();
        let headers = HeaderMap::new();
        let encoded = Nomic.encode(&request, &Call::new("nomic-embed-text-v1.5", &headers))?;
        let notes = encoded.notes.iter().map(ToString::to_string).collect();
        let uri = encoded.request.uri().to_string();
        let Payload::Bytes(body) = encoded.request.into_body() else { panic!("bytes") };
        Ok((uri, serde_json::from_slice(&body).unwrap(), notes))
    }

    #[test]
    fn requests() {
        let (uri, body, notes) =
            sent(json!({"model": "x", "input": "a", "input_type": "query", "dimensions": 64,
            "encoding_format": "base64", "user": "u", "long_text_mode": "truncate"}))
            .unwrap();
        assert_eq!(uri, "https://api-atlas.nomic.ai/v1/embedding/text");
        assert_eq!(
            body,
            json!({"texts": ["a"], "model": "nomic-embed-text-v1.5", "task_type": "search_query", "dimensionality": 64,
                "long_text_mode": "truncate"})
        );
        assert_eq!(notes.len(), 3, "{notes:?}");
        let own =
            json!({"model": "x", "input": ["a", "b"], "task_type": "clustering", "input_type": "query"});
        let (_, body, notes) = sent(own).unwrap();
        assert_eq!((&body["task_type"], &body["texts"]), (&json!("clustering"), &json!(["a", "b"])));
        assert!(notes[0].starts_with("dropped input_type"), "{notes:?}");
        assert!(sent(json!({"model": "x", "input": [1, 2]})).is_err());
    }

    #[test]
    fn answers() {
        let decoded = |status: u16, body: &str| {
            let response = Response::builder().status(status).body(body.as_bytes()).unwrap();
            match Nomic.decode(response) {
                Ok(Decoded::Answer(answer)) => Ok(serde_json::to_value(answer).unwrap()),
                Ok(other) => panic!("{other:?}"),
                Err(error) => Err((error.kind, error.message)),
            }
        };
        let body = r#"{"embeddings":[[0.5,-1],[2,3]],"usage":{"prompt_tokens":4,"total_tokens":4},"model":"nomic-embed-text-v1.5","inference_mode":"remote"}"#;
        let answer = decoded(200, body).unwrap();
        assert_eq!(answer["data"][1], json!({"object": "embedding", "index": 1, "embedding": [2, 3]}));
        assert_eq!(
            (&answer["usage"]["prompt_tokens"], &answer["inference_mode"]),
            (&json!(4), &json!("remote"))
        );
        for wrong in ["{", "{}", r#"{"embeddings":["a"]}"#] {
            assert_eq!(decoded(200, wrong).unwrap_err().0, ErrorKind::BadGateway, "{wrong}");
        }
        let invalid = r#"{"detail":[{"loc":["body","texts"],"msg":"field required"}]}"#;
        assert_eq!(
            decoded(422, invalid).unwrap_err(),
            (ErrorKind::Unprocessable, "body.texts: field required".to_owned())
        );
        assert_eq!(decoded(401, r#"{"detail":"no"}"#).unwrap_err().0, ErrorKind::Authentication);
    }
}
