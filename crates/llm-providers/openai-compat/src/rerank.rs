//! Rankings in the form that vendors on OpenAI's wire have taken over from Cohere: `POST …/rerank`.
//!
//! Source: Together AI and DeepInfra API references, "Rerank" (docs.together.ai/reference/rerank-1,
//! deepinfra.com/docs/rerank), read 2026-11.

use std::sync::Arc;

use http::Request;
use llm_provider_core::{
    Call, Decoded, Decoder, EncodeError, Encoded, NeverStreams, Payload, Rerank, StreamDecoder, Translator,
    UpstreamError,
};
use llm_provider_openai::{WireOptions, read_error, request_head};
use llm_types::{Extra, Nullable, RerankMeta, RerankRequest, RerankResponse, RerankResult, RerankTokens};
use serde_json::{Number, Value};

/// Rankings over one OpenAI-like wire.
#[derive(Debug, Clone)]
pub(crate) struct RerankWire {
    options: Arc<WireOptions>,
}

impl RerankWire {
    pub(crate) fn new(options: WireOptions) -> Self {
        Self { options: Arc::new(options) }
    }
}

impl Translator<Rerank> for RerankWire {
    fn encode(&self, request: &RerankRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let parts = request_head("/rerank", &self.options, call)?;
        let body = RerankRequest { model: call.model.to_owned(), ..request.clone() };
        let body = serde_json::to_vec(&body).map_err(|error| EncodeError::Setup(error.to_string()))?;
        Ok(Encoded { request: Request::from_parts(parts, Payload::from(body)), notes: Vec::new() })
    }

    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<RerankResponse>, UpstreamError> {
        if !response.status().is_success() {
            return Err(read_error(&response, &self.options));
        }
        read(response.body())
            .map(Decoded::Answer)
            .map_err(|why| UpstreamError::unreadable(response.status(), response.body(), why))
    }

    fn decoder(&self) -> Box<dyn Decoder<Rerank>> {
        Box::new(StreamDecoder::sse(NeverStreams::default()))
    }
}

/// Reads `results` (or `data`), `relevance_score` (or `score`), and whatever tells of tokens.
fn read(body: &[u8]) -> Result<RerankResponse, String> {
    let mut tree: Extra = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let list = tree.shift_remove("results").or_else(|| tree.shift_remove("data"));
    let Some(Value::Array(list)) = list else { return Err("results: an array is missing".to_owned()) };
    let mut results = Vec::with_capacity(list.len());
    for (at, mut item) in list.into_iter().enumerate() {
        if let Some(members) = item.as_object_mut()
            && !members.contains_key("relevance_score")
            && let Some(score) = members.shift_remove("score")
        {
            members.insert("relevance_score".to_owned(), score);
        }
        let result: RerankResult =
            llm_types::from_value(item).map_err(|error| format!("results[{at}].{error}"))?;
        results.push(result);
    }
    let text = |tree: &mut Extra, name: &str| match tree.shift_remove(name) {
        Some(Value::String(text)) => Nullable::Value(text),
        _ => Nullable::Absent,
    };
    let mut answer = RerankResponse {
        id: text(&mut tree, "id"),
        model: text(&mut tree, "model"),
        ..RerankResponse::new(results)
    };
    answer.meta = match tree.shift_remove("meta").map(llm_types::from_value::<RerankMeta>) {
        Some(Ok(meta)) => Nullable::Value(meta),
        _ => tokens(tree.get("usage"))
            .map(|input| RerankMeta {
                tokens: Nullable::Value(RerankTokens {
                    input_tokens: Nullable::Value(input),
                    ..RerankTokens::default()
                }),
                ..RerankMeta::default()
            })
            .into(),
    };
    answer.extra = tree;
    Ok(answer)
}

fn tokens(usage: Option<&Value>) -> Option<Number> {
    let usage = usage?;
    ["prompt_tokens", "input_tokens", "total_tokens"].into_iter().find_map(|name| match &usage[name] {
        Value::Number(number) => Some(number.clone()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_form_is_read() {
        let together = br#"{"object":"rerank","id":"r","model":"m","results":[{"index":1,"relevance_score":0.9,"document":{"text":"b"}}],"usage":{"prompt_tokens":7,"total_tokens":7}}"#;
        let answer = read(together).unwrap();
        assert_eq!(answer.results[0].relevance_score.as_f64(), Some(0.9));
        assert_eq!(answer.meta.get().unwrap().tokens.get().unwrap().input_tokens.get(), Some(&7.into()));
        assert_eq!(answer.extra["object"], "rerank");
        let other = read(br#"{"data":[{"index":0,"score":0.5}],"meta":{"billed_units":{"search_units":1}}}"#)
            .unwrap();
        assert_eq!(other.results[0].relevance_score.as_f64(), Some(0.5));
        assert!(other.meta.get().unwrap().billed_units.is_value());
        assert!(read(br#"{"ok":true}"#).is_err());
        assert!(read(br#"{"results":[{"index":0}]}"#).unwrap_err().starts_with("results[0]"));
    }
}
