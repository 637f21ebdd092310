//! Rankings of a TEI server.
//!
//! Source: Hugging Face docs, "Text Embeddings Inference", API reference (`/rerank`), read 2026-11.

use http::Request;
use llm_provider_core::{
    Call, Decoded, Decoder, EncodeError, Encoded, NeverStreams, Note, NoteKind, Payload, Rerank,
    StreamDecoder, Translator, UpstreamError,
};
use llm_types::{
    BilledUnits, Nullable, RerankMeta, RerankRequest, RerankResponse, RerankResult, RerankTokens,
};
use serde_json::json;

use crate::{HuggingFace, embed, error, place, wire};

impl Translator<Rerank> for HuggingFace {
    fn encode(&self, request: &RerankRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let mut notes = Vec::new();
        let mut texts = Vec::with_capacity(request.documents.len());
        for (index, document) in request.documents.iter().enumerate() {
            texts.push(match RerankRequest::text(document) {
                Some(text) => text.to_owned(),
                None => {
                    notes.push(Note::new(NoteKind::Converted, format!("documents[{index}]"), "to JSON text"));
                    document.to_string()
                }
            });
        }
        let wire = wire::RerankRequest {
            query: request.query.clone(),
            texts,
            raw_scores: Nullable::Absent,
            return_text: request.return_documents.get().copied().into(),
            truncate: Nullable::Absent,
            extra: request.extra.clone(),
        };
        if request.top_n.is_value() {
            notes.push(Note::new(NoteKind::Moved, "top_n", "the list is cut when the answer is written"));
        }
        for (name, said) in [
            ("rank_fields", request.rank_fields.is_value()),
            ("max_chunks_per_doc", request.max_chunks_per_doc.is_value()),
            ("max_tokens_per_doc", request.max_tokens_per_doc.is_value()),
        ] {
            if said {
                notes.push(Note::dropped(name, "TEI has no such parameter"));
            }
        }
        let parts = place::head(&place::rerank(call)?, call)?;
        let body = serde_json::to_vec(&wire).map_err(|why| EncodeError::invalid("", why.to_string()))?;
        Ok(Encoded { request: Request::from_parts(parts, Payload::from(body)), notes })
    }

    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<RerankResponse>, UpstreamError> {
        if !response.status().is_success() {
            return Err(error::read(&response, &self.options));
        }
        let ranks: Vec<wire::Rank> = llm_types::from_slice(response.body())
            .map_err(|why| UpstreamError::unreadable(response.status(), response.body(), why))?;
        let mut results: Vec<RerankResult> = ranks
            .into_iter()
            .map(|rank| {
                let mut result = RerankResult::new(rank.index, rank.score);
                result.document = rank.text.into_option().map(|text| json!({ "text": text })).into();
                result
            })
            .collect();
        let score = |result: &RerankResult| result.relevance_score.as_f64().unwrap_or(f64::MIN);
        results.sort_by(|one, other| score(other).total_cmp(&score(one)));
        let mut answer = RerankResponse::new(results);
        let tokens = embed::usage(response.headers()).map(|usage| usage.counts().input_total());
        if let Some(tokens) = tokens {
            answer.meta = Nullable::Value(RerankMeta {
                billed_units: Nullable::Value(BilledUnits {
                    total_tokens: Nullable::Value(tokens.into()),
                    ..BilledUnits::default()
                }),
                tokens: Nullable::Value(RerankTokens {
                    input_tokens: Nullable::Value(tokens.into()),
                    ..RerankTokens::default()
                }),
                ..RerankMeta::default()
            });
        }
        Ok(Decoded::Answer(answer))
    }

    fn decoder(&self) -> Box<dyn Decoder<Rerank>> {
        Box::new(StreamDecoder::sse(NeverStreams::default()))
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Response};
    use serde_json::Value;

    use super::*;

    #[test]
    fn requests() {
        let request: RerankRequest = llm_types::from_value(
            json!({"model": "x", "query": "q", "documents": ["a", {"text": "b"}, {"c": 1}],
            "top_n": 1, "return_documents": true, "rank_fields": ["c"], "truncate": true}),
        )
        .unwrap();
        let headers = HeaderMap::new();
        let call = Call { base_url: Some("http://h"), ..Call::new("m", &headers) };
        let encoded = Translator::<Rerank>::encode(&HuggingFace::new(), &request, &call).unwrap();
        assert_eq!(encoded.request.uri(), "http://h/rerank");
        let Payload::Bytes(body) = encoded.request.body() else { panic!("bytes") };
        assert_eq!(
            serde_json::from_slice::<Value>(body).unwrap(),
            json!({"query": "q", "texts": ["a", "b", "{\"c\":1}"], "return_text": true, "truncate": true})
        );
        let notes: Vec<_> = encoded.notes.iter().map(|note| note.path.as_str()).collect();
        assert_eq!(notes, ["documents[2]", "top_n", "rank_fields"]);
        assert!(
            Translator::<Rerank>::encode(&HuggingFace::new(), &request, &Call::new("m", &headers)).is_err()
        );
    }

    #[test]
    fn answers() {
        let body = br#"[{"index":0,"score":0.1,"text":"a"},{"index":1,"score":0.9}]"#;
        let response = Response::builder().header("x-compute-tokens", "5").body(body.as_slice()).unwrap();
        let Decoded::Answer(answer) = Translator::<Rerank>::decode(&HuggingFace::new(), response).unwrap()
        else {
            panic!("an answer")
        };
        assert_eq!(answer.results.iter().map(|result| result.index).collect::<Vec<_>>(), [1, 0]);
        assert_eq!(answer.results[1].document.get(), Some(&json!({"text": "a"})));
        assert_eq!(answer.meta.get().unwrap().tokens.get().unwrap().input_tokens, Nullable::Value(5.into()));
        let error = Response::builder().status(413).body(
            br#"{"error":"batch size 99 > maximum allowed batch size 32","error_type":"Validation"}"#
                .as_slice(),
        );
        let error = Translator::<Rerank>::decode(&HuggingFace::new(), error.unwrap()).unwrap_err();
        assert_eq!(error.kind, llm_types::ErrorKind::PayloadTooLarge);
    }
}
