//! Documents in order of relevance.
//!
//! Source: Cohere API reference, "Rerank API (v2)", read 2026-11: documents are texts; those with members are best
//! written as YAML.

use http::Request;
use llm_provider_core::{
    Call, Decoded, Decoder, EncodeError, Encoded, NeverStreams, Note, NoteKind, OnUnsupported, Payload,
    Rerank, StreamDecoder, Translator, UpstreamError,
};
use llm_types::{Nullable, RerankRequest, RerankResponse};
use serde_json::{Map, Value};

use crate::head::{Endpoint, head};
use crate::{Cohere, error};

impl Translator<Rerank> for Cohere {
    fn encode(&self, request: &RerankRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let mut notes = Vec::new();
        let mut wire = RerankRequest { model: call.model.to_owned(), ..request.clone() };
        let fields = wire.rank_fields.take();
        for (index, document) in wire.documents.iter_mut().enumerate() {
            let path = format!("documents[{index}]");
            match document {
                Value::String(_) => {}
                Value::Object(members) => {
                    notes.push(Note::new(NoteKind::Converted, path, "to text"));
                    *document = Value::String(text(members, fields.as_deref()));
                }
                _ => return Err(EncodeError::invalid(path, "is neither a text nor an object")),
            }
        }
        if fields.is_some() {
            notes.push(Note::new(
                NoteKind::Converted,
                "rank_fields",
                "the documents hold these members only",
            ));
        }
        if wire.return_documents.take() == Some(true) {
            notes.push(Note::new(NoteKind::Moved, "return_documents", "put in when the answer is written"));
        }
        if wire.max_chunks_per_doc.take().is_some() {
            let reason = "Cohere counts tokens: `max_tokens_per_doc`";
            if call.unsupported == OnUnsupported::Reject {
                return Err(EncodeError::unsupported("max_chunks_per_doc", reason));
            }
            notes.push(Note::dropped("max_chunks_per_doc", reason));
        }
        let body = serde_json::to_vec(&wire).map_err(|why| EncodeError::invalid("", why.to_string()))?;
        let parts = head(Endpoint::Rerank, call)?;
        Ok(Encoded { request: Request::from_parts(parts, Payload::from(body)), notes })
    }

    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<RerankResponse>, UpstreamError> {
        if !response.status().is_success() {
            return Err(error::read(&response));
        }
        let mut answer: RerankResponse = llm_types::from_slice(response.body())
            .map_err(|why| UpstreamError::unreadable(response.status(), response.body(), why))?;
        if matches!(answer.id, Nullable::Null) {
            answer.id = Nullable::Absent;
        }
        Ok(Decoded::Answer(answer))
    }

    fn decoder(&self) -> Box<dyn Decoder<Rerank>> {
        Box::new(StreamDecoder::sse(NeverStreams::default()))
    }
}

/// A document with members as text: its `text` if it has nothing else, otherwise one line for each member. JSON's
/// values are YAML's.
fn text(members: &Map<String, Value>, fields: Option<&[String]>) -> String {
    let wanted = |name: &String| fields.is_none_or(|fields| fields.contains(name));
    let chosen: Vec<(&String, &Value)> = members.iter().filter(|(name, _)| wanted(name)).collect();
    if let [(name, Value::String(text))] = chosen.as_slice()
        && *name == "text"
    {
        return text.clone();
    }
    chosen.iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Response};
    use serde_json::json;

    use super::*;

    fn encoded(request: Value, unsupported: OnUnsupported) -> Result<(Value, Vec<String>), EncodeError> {
        let request: RerankRequest = llm_types::from_value(request).unwrap();
        let headers = HeaderMap::new();
        let call = Call { unsupported, ..Call::new("rerank-v4.0", &headers) };
        let encoded = Translator::<Rerank>::encode(&Cohere, &request, &call)?;
        assert_eq!(encoded.request.uri(), "https://api.cohere.com/v2/rerank");
        let Payload::Bytes(body) = encoded.request.body() else { panic!("bytes") };
        let notes = encoded.notes.iter().map(ToString::to_string).collect();
        Ok((serde_json::from_slice(body).unwrap(), notes))
    }

    #[test]
    fn documents_become_texts() {
        let request = json!({"model": "x", "query": "q", "documents": ["a", {"text": "b"}, {"text": "c", "year": 3, "no": 1}],
            "rank_fields": ["text", "year"], "top_n": 2, "max_tokens_per_doc": 100, "priority": 1});
        let (body, notes) = encoded(request, OnUnsupported::Drop).unwrap();
        assert_eq!(
            body,
            json!({"model": "rerank-v4.0", "query": "q", "documents": ["a", "b", "text: \"c\"\nyear: 3\n"],
                "top_n": 2, "max_tokens_per_doc": 100, "priority": 1})
        );
        assert_eq!(notes.len(), 3, "{notes:?}");
    }

    #[test]
    fn what_the_second_version_lacks_is_told() {
        let request = json!({"model": "x", "query": "q", "documents": ["a"], "return_documents": true, "max_chunks_per_doc": 3});
        let (body, notes) = encoded(request.clone(), OnUnsupported::Drop).unwrap();
        assert_eq!(body, json!({"model": "rerank-v4.0", "query": "q", "documents": ["a"]}));
        assert!(
            notes[0].starts_with("moved return_documents") && notes[1].starts_with("dropped max_chunks"),
            "{notes:?}"
        );
        assert!(encoded(request, OnUnsupported::Reject).is_err());
        assert!(encoded(json!({"model": "x", "query": "q", "documents": [1]}), OnUnsupported::Drop).is_err());
    }

    #[test]
    fn answers() {
        let body = br#"{"id":"i","results":[{"index":1,"relevance_score":0.9}],"meta":{"api_version":{"version":"2"},"billed_units":{"search_units":1}}}"#;
        let answer = match Translator::<Rerank>::decode(&Cohere, Response::new(body.as_slice())).unwrap() {
            Decoded::Answer(answer) => answer,
            Decoded::Again { .. } => panic!("an answer"),
        };
        assert_eq!((answer.results[0].index, answer.id.as_deref()), (1, Some("i")));
        assert!(answer.meta.get().unwrap().billed_units.get().unwrap().search_units.is_value());
    }
}
