//! Documents in order of their relevance.
//!
//! Source: IBM Cloud API docs, "IBM watsonx.ai", "Generate rerank", read 2026-11.

use http::{Request, Response};
use llm_provider_core::{
    Call, Decoded, Decoder, EncodeError, Encoded, NeverStreams, NoteKind, Rerank, StreamDecoder, Translator,
    UpstreamError,
};
use llm_provider_openai::Changes;
use llm_types::{Extra, RerankMeta, RerankRequest, RerankResponse, RerankResult, RerankTokens};
use serde_json::{Value, json};

use crate::{error, head};

/// `text/rerank`.
#[derive(Debug)]
pub(crate) struct Ranking;

impl Translator<Rerank> for Ranking {
    fn encode(&self, request: &RerankRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let mut changes = Changes::new(call);
        let inputs = request.documents.iter().enumerate().map(|(index, document)| match document {
            Value::String(text) => Ok(json!({ "text": text })),
            Value::Object(_) if RerankRequest::text(document).is_some() => Ok(document.clone()),
            _ => Err(EncodeError::invalid(format!("documents[{index}]"), "has no text")),
        });
        let inputs = inputs.collect::<Result<Vec<_>, _>>()?;
        let mut returned = Extra::new();
        if let Some(top) = request.top_n.get() {
            returned.insert("top_n".to_owned(), json!(top));
        }
        if let Some(documents) = request.return_documents.get() {
            returned.insert("inputs".to_owned(), json!(documents));
        }
        let mut parameters = Extra::new();
        if !returned.is_empty() {
            parameters.insert("return_options".to_owned(), returned.into());
        }
        if let Some(tokens) = request.max_tokens_per_doc.get() {
            parameters.insert("truncate_input_tokens".to_owned(), json!(tokens));
        }
        for (name, is_there) in [
            ("rank_fields", request.rank_fields.is_value()),
            ("max_chunks_per_doc", request.max_chunks_per_doc.is_value()),
        ] {
            if is_there {
                changes.lost(NoteKind::Dropped, name, "the vendor's rankings have no such parameter");
            }
        }
        let mut body = Extra::new();
        body.insert("query".to_owned(), json!(request.query));
        body.insert("inputs".to_owned(), inputs.into());
        if !parameters.is_empty() {
            body.insert("parameters".to_owned(), parameters.into());
        }
        body.extend(request.extra.clone());
        head::owner(&mut body, call);
        let parts = head::parts("text/rerank", call)?;
        let body = Value::Object(body).to_string().into_bytes();
        Ok(Encoded { request: Request::from_parts(parts, body.into()), notes: changes.finish()? })
    }

    fn decode(&self, response: Response<&[u8]>) -> Result<Decoded<RerankResponse>, UpstreamError> {
        if let Some(refusal) = error::refusal(&response) {
            return Err(refusal);
        }
        let unreadable = |why: &str| UpstreamError::unreadable(response.status(), response.body(), why);
        let body: Value =
            serde_json::from_slice(response.body()).map_err(|why| unreadable(&why.to_string()))?;
        let results = body["results"].as_array().ok_or_else(|| unreadable("there are no `results`"))?;
        let result = |result: &Value| {
            let score = result["score"].as_number()?.clone();
            let mut ranked = RerankResult::new(result["index"].as_u64()?, score);
            ranked.document = match &result["input"] {
                Value::Null => None,
                Value::String(text) => Some(json!({ "text": text })),
                other => Some(other.clone()),
            }
            .into();
            Some(ranked)
        };
        let results: Option<Vec<_>> = results.iter().map(result).collect();
        let mut answer =
            RerankResponse::new(results.ok_or_else(|| unreadable("a result has no index or no score"))?);
        answer.model = body["model_id"].as_str().map(str::to_owned).into();
        answer.id = body["id"].as_str().map(str::to_owned).into();
        if let Some(tokens) = body["input_token_count"].as_number() {
            let tokens = RerankTokens { input_tokens: tokens.clone().into(), ..RerankTokens::default() };
            answer.meta = RerankMeta { tokens: tokens.into(), ..RerankMeta::default() }.into();
        }
        Ok(Decoded::Answer(answer))
    }

    fn decoder(&self) -> Box<dyn Decoder<Rerank>> {
        Box::new(StreamDecoder::sse(NeverStreams::default()))
    }
}
