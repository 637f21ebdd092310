//! Rankings, by Vertex AI Search's ranking API.
//!
//! Source: Google Cloud docs, "Rank and rerank documents" and `rankingConfigs.rank`
//! (docs.cloud.google.com/generative-ai-app-builder), read 2026-11.

use http::header::{HeaderName, HeaderValue};
use http::{Request, Response};
use llm_provider_core::{
    Call, Decoded, Decoder, EncodeError, Encoded, NeverStreams, Note, OnUnsupported, Rerank, StreamDecoder,
    Translator, UpstreamError,
};
use llm_types::{Extra, Nullable, RerankRequest, RerankResponse, RerankResult};
use serde::Deserialize;
use serde_json::{Map, Number, Value, json};

use crate::chat::to_payload;
use crate::{Vertex, error, place, setup};

/// Whose quota is used.
const USER_PROJECT: HeaderName = HeaderName::from_static("x-goog-user-project");

/// The model's name here may stand behind `google/`, as elsewhere.
fn model_name(model: &str) -> &str {
    model.rsplit('/').next().unwrap_or(model)
}

impl Translator<Rerank> for Vertex {
    fn encode(&self, request: &RerankRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let mut notes = Vec::new();
        let mut records = Vec::with_capacity(request.documents.len());
        for (index, document) in request.documents.iter().enumerate() {
            records.push(record(index, document, &mut notes)?);
        }
        let mut body = Map::new();
        body.insert("model".to_owned(), model_name(call.model).into());
        body.insert("query".to_owned(), request.query.as_str().into());
        body.insert("records".to_owned(), records.into());
        if let Some(top) = request.top_n.get() {
            body.insert("topN".to_owned(), (*top).into());
        }
        let wants_documents = request.return_documents.get() == Some(&true);
        body.insert("ignoreRecordDetailsInResponse".to_owned(), (!wants_documents).into());
        for (name, is_said) in [
            ("rank_fields", request.rank_fields.is_value()),
            ("max_chunks_per_doc", request.max_chunks_per_doc.is_value()),
            ("max_tokens_per_doc", request.max_tokens_per_doc.is_value()),
        ] {
            if is_said && call.unsupported == OnUnsupported::Reject {
                return Err(EncodeError::unsupported(name, "the ranking API has no such parameter"));
            }
            if is_said {
                notes.push(Note::dropped(name, "the ranking API has no such parameter"));
            }
        }
        body.extend(request.extra.clone());
        let mut parts = place::head(place::of_rankings(call)?, call)?;
        if let Some(Ok(project)) = setup::project(call.parameters).map(HeaderValue::try_from) {
            parts.headers.entry(USER_PROJECT).or_insert(project);
        }
        Ok(Encoded { request: Request::from_parts(parts, to_payload(&body)?), notes })
    }

    fn decode(&self, response: Response<&[u8]>) -> Result<Decoded<RerankResponse>, UpstreamError> {
        if !response.status().is_success() {
            return Err(error::read(&response));
        }
        let ranking: Ranking = llm_types::from_slice(response.body())
            .map_err(|why| UpstreamError::unreadable(response.status(), response.body(), why))?;
        let results = ranking.records.into_iter().map(result);
        let results = results
            .collect::<Result<Vec<_>, _>>()
            .map_err(|why| UpstreamError::unreadable(response.status(), response.body(), why))?;
        Ok(Decoded::Answer(RerankResponse::new(results)))
    }

    fn decoder(&self) -> Box<dyn Decoder<Rerank>> {
        Box::new(StreamDecoder::sse(NeverStreams::default()))
    }
}

#[derive(Deserialize)]
struct Ranking {
    #[serde(default)]
    records: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    id: String,
    #[serde(default = "zero")]
    score: Number,
    title: Option<String>,
    content: Option<String>,
}

/// A zero is left out in Google's JSON.
fn zero() -> Number {
    0.into()
}

/// A document, named by its number.
fn record(index: usize, document: &Value, notes: &mut Vec<Note>) -> Result<Value, EncodeError> {
    let path = format!("documents[{index}]");
    let text = RerankRequest::text(document).or_else(|| document.get("content")?.as_str());
    let title = document.get("title").and_then(Value::as_str);
    if text.is_none() && title.is_none() {
        return Err(EncodeError::invalid(path, "has neither a text nor a title"));
    }
    let mut record = Map::from_iter([("id".to_owned(), Value::from(index.to_string()))]);
    for (name, value) in [("title", title), ("content", text)] {
        if let Some(value) = value {
            record.insert(name.to_owned(), value.into());
        }
    }
    for name in document.as_object().into_iter().flat_map(|members| members.keys()) {
        if !matches!(name.as_str(), "text" | "title" | "content") {
            notes.push(Note::dropped(format!("{path}.{name}"), "the ranking API reads titles and contents"));
        }
    }
    Ok(record.into())
}

fn result(record: Record) -> Result<RerankResult, String> {
    let index = record.id.parse().map_err(|_| format!("`{}` is no document that was sent", record.id))?;
    let mut result = RerankResult::new(index, record.score);
    if record.content.is_some() || record.title.is_some() {
        let mut document = Extra::new();
        document.insert("text".to_owned(), json!(record.content.unwrap_or_default()));
        if let Some(title) = record.title {
            document.insert("title".to_owned(), title.into());
        }
        result.document = Nullable::Value(document.into());
    }
    Ok(result)
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use llm_provider_core::{Parameters, Payload};

    use super::*;

    #[test]
    fn a_ranking() {
        let request: RerankRequest = llm_types::from_value(json!({
            "model": "m", "query": "q", "top_n": 1, "return_documents": true, "max_tokens_per_doc": 9,
            "documents": ["a", {"text": "b", "title": "B", "more": 1}],
        }))
        .unwrap();
        let headers = HeaderMap::new();
        let parameters: Parameters = [("vertex_project", "p")].into_iter().collect();
        let call = Call { parameters: &parameters, ..Call::new("semantic-ranker-fast-004", &headers) };
        let encoded = Translator::<Rerank>::encode(&Vertex, &request, &call).unwrap();
        assert_eq!(
            encoded.request.uri(),
            "https://discoveryengine.googleapis.com/v1/projects/p/locations/global/rankingConfigs/default_ranking_config:rank"
        );
        assert_eq!(encoded.request.headers()["x-goog-user-project"], "p");
        let Payload::Bytes(body) = encoded.request.body() else { panic!("no bytes") };
        assert_eq!(
            serde_json::from_slice::<Value>(body).unwrap(),
            json!({
                "model": "semantic-ranker-fast-004", "query": "q", "topN": 1, "ignoreRecordDetailsInResponse": false,
                "records": [{"id": "0", "content": "a"}, {"id": "1", "title": "B", "content": "b"}],
            })
        );
        let notes: Vec<_> = encoded.notes.iter().map(ToString::to_string).collect();
        assert_eq!(
            notes,
            [
                "dropped documents[1].more: the ranking API reads titles and contents",
                "dropped max_tokens_per_doc: the ranking API has no such parameter",
            ]
        );
        let rejecting = Call { unsupported: OnUnsupported::Reject, ..call.clone() };
        assert!(Translator::<Rerank>::encode(&Vertex, &request, &rejecting).is_err());
        let none = Call { parameters: Parameters::NONE, ..call };
        assert!(matches!(Translator::<Rerank>::encode(&Vertex, &request, &none), Err(EncodeError::Setup(_))));

        let answer = br#"{"records":[{"id":"1","score":0.98,"title":"B","content":"b"},{"id":"0"}]}"#;
        let Decoded::Answer(read) =
            Translator::<Rerank>::decode(&Vertex, Response::new(answer.as_slice())).unwrap()
        else {
            panic!("no answer")
        };
        assert_eq!(
            serde_json::to_value(read).unwrap(),
            json!({"results": [
                {"index": 1, "relevance_score": 0.98, "document": {"text": "b", "title": "B"}},
                {"index": 0, "relevance_score": 0},
            ]})
        );
        let foreign = br#"{"records":[{"id":"x"}]}"#;
        assert!(Translator::<Rerank>::decode(&Vertex, Response::new(foreign.as_slice())).is_err());
    }
}
