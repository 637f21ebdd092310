//! Documents in order of their relevance.
//!
//! Source: Oracle Cloud Infrastructure API, "RerankTextDetails" and "RerankTextResult", version 20231130, read 2026-11.

use http::{Request, Response};
use llm_provider_core::{
    Call, Decoded, Decoder, EncodeError, Encoded, NeverStreams, NoteKind, Rerank, StreamDecoder, Translator,
    UpstreamError,
};
use llm_provider_openai::Changes;
use llm_types::{Extra, RerankRequest, RerankResponse, RerankResult};
use serde_json::{Value, json};

use crate::{error, head};

/// `actions/rerankText`.
#[derive(Debug)]
pub(crate) struct Ranking;

impl Translator<Rerank> for Ranking {
    fn encode(&self, request: &RerankRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let mut changes = Changes::new(call);
        let texts = request.documents.iter().enumerate().map(|(index, document)| {
            RerankRequest::text(document)
                .ok_or_else(|| EncodeError::invalid(format!("documents[{index}]"), "has no text"))
        });
        let mut members = Extra::new();
        members.insert("input".to_owned(), json!(request.query));
        members.insert("documents".to_owned(), json!(texts.collect::<Result<Vec<_>, _>>()?));
        for (name, value) in [
            ("topN", request.top_n.get().map(|top| json!(top))),
            ("isEcho", request.return_documents.get().map(|wanted| json!(wanted))),
            ("maxChunksPerDocument", request.max_chunks_per_doc.get().map(|count| json!(count))),
            ("maxTokensPerDocument", request.max_tokens_per_doc.get().map(|count| json!(count))),
        ] {
            members.extend(value.map(|value| (name.to_owned(), value)));
        }
        if request.rank_fields.is_value() {
            changes.lost(NoteKind::Dropped, "rank_fields", "the vendor ranks texts");
        }
        members.extend(request.extra.clone());
        let (parts, body) = head::signed("rerankText", &head::owned(call, members).into(), call)?;
        Ok(Encoded { request: Request::from_parts(parts, body.into()), notes: changes.finish()? })
    }

    fn decode(&self, response: Response<&[u8]>) -> Result<Decoded<RerankResponse>, UpstreamError> {
        if let Some(refusal) = error::refusal(&response) {
            return Err(refusal);
        }
        let unreadable = |why: &str| UpstreamError::unreadable(response.status(), response.body(), why);
        let body: Value =
            serde_json::from_slice(response.body()).map_err(|why| unreadable(&why.to_string()))?;
        let ranks =
            body["documentRanks"].as_array().ok_or_else(|| unreadable("there are no `documentRanks`"))?;
        let ranked = |rank: &Value| {
            let score = rank["relevanceScore"].as_number()?.clone();
            let mut ranked = RerankResult::new(rank["index"].as_u64()?, score);
            ranked.document = Some(rank["document"].clone()).filter(|document| !document.is_null()).into();
            Some(ranked)
        };
        let results: Option<Vec<_>> = ranks.iter().map(ranked).collect();
        let mut answer =
            RerankResponse::new(results.ok_or_else(|| unreadable("a rank has no index or no score"))?);
        answer.id = body["id"].as_str().map(str::to_owned).into();
        answer.model = body["modelId"].as_str().map(str::to_owned).into();
        Ok(Decoded::Answer(answer))
    }

    fn decoder(&self) -> Box<dyn Decoder<Rerank>> {
        Box::new(StreamDecoder::sse(NeverStreams::default()))
    }
}
