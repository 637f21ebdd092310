//! Rankings, at two addresses: that of a hosted model, and that of a server.
//!
//! Source: NVIDIA "NeMo Retriever Text Reranking NIM" API reference
//! (docs.nvidia.com/nim/nemo-retriever/text-reranking/latest/reference.html) and NVIDIA API catalogue
//! (docs.api.nvidia.com/nim/reference/retrieval-apis), read 2026-11.

use http::Request;
use llm_provider_core::{
    Call, Decoded, Decoder, EncodeError, Encoded, NeverStreams, NoteKind, Payload, Rerank, StreamDecoder,
    Translator, UpstreamError,
};
use llm_provider_openai::{Changes, WireOptions, read_error, request_head};
use llm_provider_openai_compat::{InputPiece, input_pieces, read_ranking};
use llm_types::{Extra, RerankRequest, RerankResponse};
use serde_json::{Value, json};

use crate::NvidiaNim;
use crate::wire::WIRE;

/// Where hosted models rank; chat and vectors are at another host.
const RETRIEVAL_URL: &str = "https://ai.api.nvidia.com/v1/retrieval";

/// What stands before the name of a model that is to be asked at `/v1/ranking`, as LiteLLM has it.
const RANKING_PREFIX: &str = "ranking/";

impl Translator<Rerank> for NvidiaNim {
    fn encode(&self, request: &RerankRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let mut changes = Changes::new(call);
        let target = Target::of(call);
        let mut body = Extra::new();
        body.insert("model".to_owned(), json!(target.model));
        body.insert("query".to_owned(), json!({ "text": request.query }));
        let passages = request.documents.iter().enumerate().map(|(index, document)| passage(document, index));
        body.insert("passages".to_owned(), Value::Array(passages.collect::<Result<_, _>>()?));
        match request.top_n.get() {
            Some(count) if target.is_hosted => {
                changes.note(NoteKind::Renamed, "top_n", "top_k");
                body.insert("top_k".to_owned(), json!(count));
            }
            Some(_) => changes.note(NoteKind::Converted, "top_n", "the server ranks all documents"),
            None => {}
        }
        if request.return_documents.get() == Some(&true) {
            let why = "NVIDIA gives no documents back; the client has them";
            changes.note(NoteKind::Dropped, "return_documents", why);
        }
        let lost = [
            ("rank_fields", request.rank_fields.is_value()),
            ("max_chunks_per_doc", request.max_chunks_per_doc.is_value()),
            ("max_tokens_per_doc", request.max_tokens_per_doc.is_value()),
        ];
        for (name, _) in lost.into_iter().filter(|(_, is_there)| *is_there) {
            changes.lost(NoteKind::Dropped, name, "NVIDIA's rankings have no such parameter");
        }
        body.extend(request.extra.clone());
        let parts = request_head(
            "",
            &WireOptions { path_prefix: target.path.to_owned(), ..WIRE.clone() },
            &Call { base_url: Some(&target.address), ..call.clone() },
        )?;
        let body = serde_json::to_vec(&body).map_err(|error| EncodeError::invalid("", error.to_string()))?;
        Ok(Encoded { request: Request::from_parts(parts, Payload::from(body)), notes: changes.finish()? })
    }

    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<RerankResponse>, UpstreamError> {
        if !response.status().is_success() {
            return Err(read_error(&response, &WIRE));
        }
        ranked(response.body())
            .map(Decoded::Answer)
            .map_err(|why| UpstreamError::unreadable(response.status(), response.body(), why))
    }

    fn decoder(&self) -> Box<dyn Decoder<Rerank>> {
        Box::new(StreamDecoder::sse(NeverStreams::default()))
    }
}

/// Where a ranking is asked for, and the model's name there.
struct Target {
    address: String,
    /// What stands after the address, unless it ends in it.
    path: &'static str,
    model: String,
    is_hosted: bool,
}

impl Target {
    fn of(call: &Call<'_>) -> Self {
        let (model, is_forced) = match call.model.strip_prefix(RANKING_PREFIX) {
            Some(model) => (model, true),
            None => (call.model, false),
        };
        let given = call.base_url.map(|base| base.trim_end_matches('/'));
        let is_hosts = given.is_none_or(|base| {
            base.starts_with("https://integrate.api.nvidia.com")
                || base.starts_with("https://ai.api.nvidia.com")
        });
        // The name of a hosted model has dots in the body, and underscores in the address.
        let hosted =
            |address: String, path| Self { address, path, model: model.replace('_', "."), is_hosted: true };
        match given {
            Some(base) if base.contains("/retrieval/") => hosted(base.to_owned(), ""),
            _ if is_hosts && !is_forced => {
                hosted(format!("{RETRIEVAL_URL}/{}", model.replace('.', "_")), "/reranking")
            }
            _ => {
                let base = given.filter(|_| !is_hosts).unwrap_or("https://ai.api.nvidia.com/v1");
                let address = base.strip_suffix("/ranking").unwrap_or(base);
                let address = address.strip_suffix("/v1").unwrap_or(address).to_owned();
                Self { address, path: "/v1/ranking", model: model.to_owned(), is_hosted: false }
            }
        }
    }
}

/// A text, an image, or both.
fn passage(document: &Value, index: usize) -> Result<Value, EncodeError> {
    let mut passage = Extra::new();
    for piece in input_pieces(document) {
        let (name, value) = match piece {
            InputPiece::Text(text) => ("text", text),
            InputPiece::Image(image) => ("image", image),
            InputPiece::Other(_) => {
                let path = format!("documents[{index}]");
                return Err(EncodeError::invalid(path, "has neither text nor image"));
            }
        };
        passage.insert(name.to_owned(), json!(value));
    }
    Ok(Value::Object(passage))
}

/// Reads `rankings` with `logit`, which has no bounds: it is given on as it is.
fn ranked(body: &[u8]) -> Result<RerankResponse, String> {
    let mut tree: Extra = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if let Some(Value::Array(mut rankings)) = tree.shift_remove("rankings") {
        for ranking in rankings.iter_mut().filter_map(Value::as_object_mut) {
            if let Some(logit) = ranking.shift_remove("logit") {
                ranking.insert("score".to_owned(), logit);
            }
        }
        tree.insert("results".to_owned(), Value::Array(rankings));
    }
    let body = serde_json::to_vec(&tree).map_err(|error| error.to_string())?;
    read_ranking(&body)
}
