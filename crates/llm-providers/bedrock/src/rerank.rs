//! Ranking: an operation of the agents' runtime.
//!
//! Source: Amazon Bedrock API Reference, "Rerank" (Agents for Amazon Bedrock Runtime), read 2026-11.

use http::HeaderMap;
use llm_provider_core::{
    Call, Decoded, Decoder, EncodeError, Encoded, NeverStreams, Note, OnUnsupported, Rerank, StreamDecoder,
    Translator, UpstreamError,
};
use llm_types::{BilledUnits, Extra, Nullable, RerankMeta, RerankRequest, RerankResponse, RerankResult};
use serde::Deserialize;
use serde_json::{Number, Value, json};

use crate::converse::encode::to_bytes;
use crate::head::{self, Endpoint};
use crate::model::Model;
use crate::{Bedrock, error};

/// Documents in one request at most.
const MOST: usize = 1000;

#[derive(Deserialize)]
struct Ranking {
    results: Vec<Ranked>,
    #[serde(default, rename = "nextToken")]
    next_token: Option<String>,
}

#[derive(Deserialize)]
struct Ranked {
    index: u64,
    #[serde(rename = "relevanceScore")]
    relevance_score: Number,
    #[serde(default)]
    document: Option<Value>,
}

impl Translator<Rerank> for Bedrock {
    fn encode(&self, request: &RerankRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let model = Model::of(call.model);
        let mut notes = Vec::new();
        if request.documents.is_empty() || request.documents.len() > MOST {
            return Err(EncodeError::invalid("documents", format!("Bedrock ranks 1 to {MOST}")));
        }
        let sources: Vec<Value> = request.documents.iter().map(source).collect();
        let mut config = json!({ "modelConfiguration": { "modelArn": arn(&model, call)? } });
        if let Some(top_n) = request.top_n.get() {
            config["numberOfResults"] = (*top_n).into();
        }
        let mut own = Extra::new();
        let mut lacking = Vec::new();
        if let Some(tokens) = request.max_tokens_per_doc.get() {
            own.insert("max_tokens_per_doc".to_owned(), (*tokens).into());
        }
        lacking.extend(request.max_chunks_per_doc.get().map(|_| "max_chunks_per_doc"));
        lacking.extend(request.rank_fields.get().filter(|fields| !fields.is_empty()).map(|_| "rank_fields"));
        for name in lacking {
            if call.unsupported == OnUnsupported::Reject {
                return Err(EncodeError::unsupported(name, "Bedrock ranks whole documents"));
            }
            notes.push(Note::dropped(name, "Bedrock ranks whole documents"));
        }
        own.extend(request.extra.clone());
        if !own.is_empty() {
            config["modelConfiguration"]["additionalModelRequestFields"] = Value::Object(own);
        }
        let body = json!({
            "queries": [{ "type": "TEXT", "textQuery": { "text": request.query } }],
            "sources": sources,
            "rerankingConfiguration": { "type": "BEDROCK_RERANKING_MODEL", "bedrockRerankingConfiguration": config },
        });
        let request = head::request(Endpoint::Rerank, &model, call, &HeaderMap::new(), to_bytes(&body)?)?;
        Ok(Encoded { request, notes })
    }

    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<RerankResponse>, UpstreamError> {
        if !response.status().is_success() {
            return Err(error::read(&response));
        }
        let ranking: Ranking = llm_types::from_slice(response.body())
            .map_err(|why| UpstreamError::unreadable(response.status(), response.body(), why))?;
        let results = ranking.results.into_iter().map(|ranked| RerankResult {
            document: ranked.document.as_ref().and_then(document).into(),
            ..RerankResult::new(ranked.index, ranked.relevance_score)
        });
        let mut answer = RerankResponse::new(results.collect());
        answer.id = error::request_id(response.headers()).into();
        // One question is one unit for up to 100 documents; Bedrock does not count them itself.
        let units = BilledUnits { search_units: Nullable::Value(1.into()), ..BilledUnits::default() };
        answer.meta =
            Nullable::Value(RerankMeta { billed_units: Nullable::Value(units), ..RerankMeta::default() });
        if let Some(token) = ranking.next_token {
            answer.extra.insert("nextToken".to_owned(), token.into());
        }
        Ok(Decoded::Answer(answer))
    }

    fn decoder(&self) -> Box<dyn Decoder<Rerank>> {
        Box::new(StreamDecoder::sse(NeverStreams::default()))
    }
}

/// A document: a text, an object with nothing but a text, or any other object as JSON.
fn source(document: &Value) -> Value {
    let is_text = document.as_object().is_none_or(|members| members.len() == 1);
    let inline = match RerankRequest::text(document).filter(|_| is_text) {
        Some(text) => json!({ "type": "TEXT", "textDocument": { "text": text } }),
        None => json!({ "type": "JSON", "jsonDocument": document }),
    };
    json!({ "type": "INLINE", "inlineDocumentSource": inline })
}

fn document(inline: &Value) -> Option<Value> {
    match inline.pointer("/textDocument/text") {
        Some(text) => Some(json!({ "text": text })),
        None => inline.get("jsonDocument").cloned(),
    }
}

/// The model by its ARN, as this operation wants it.
fn arn(model: &Model<'_>, call: &Call<'_>) -> Result<String, EncodeError> {
    if model.id.starts_with("arn:") {
        return Ok(model.id.to_owned());
    }
    let region = head::region(model, call.parameters)?;
    let partition = match region {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        region if region.starts_with("eusc-") => "aws-eusc",
        _ => "aws",
    };
    Ok(format!("arn:{partition}:bedrock:{region}::foundation-model/{}", model.id))
}
