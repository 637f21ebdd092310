//! Claude by Anthropic's Messages: the same body without model and stream, with a version of Bedrock's own.
//!
//! Source: Amazon Bedrock User Guide, "Anthropic Claude Messages API", read 2026-11.

use bytes::Bytes;
use http::Response;
use http::header::HeaderName;
use llm_provider_anthropic::Anthropic;
use llm_provider_core::{
    Call, Chat, Decoded, Edit, EncodeError, Encoded, Payload, Peek, Translator, UpstreamError, apply,
};
use llm_types::{ChatRequest, ChatResponse, Extra};

use super::Said;
use crate::claude_tools::claudes;
use crate::converse::encode::add_betas;
use crate::model::{Door, Model};

const VERSION: &str = "bedrock-2023-05-31";
const BETA: HeaderName = HeaderName::from_static("anthropic-beta");

pub(super) fn encode(request: &ChatRequest, model: Model<'_>, call: &Call<'_>) -> Result<Said, EncodeError> {
    let call = Call { model: model.id, base_url: None, credential: None, ..call.clone() };
    let mut asked = claudes(request, &call)?;
    let Encoded { request: sent, notes } = Translator::<Chat>::encode(&Anthropic, &asked.request, &call)?;
    let mut notes = asked.notes(notes);
    let Payload::Bytes(body) = sent.body() else {
        return Err(EncodeError::Setup("a Messages request is one piece".to_owned()));
    };
    let mut own = Extra::new();
    let betas = sent.headers().get_all(&BETA).iter().filter_map(|value| value.to_str().ok());
    add_betas(betas.flat_map(|list| list.split(',')), Door::Invoke, &mut own, &mut notes);
    let body = rewrite(body, own.get("anthropic_beta"))?;
    Ok(Said { body: body.into(), notes })
}

fn rewrite(body: &Bytes, betas: Option<&serde_json::Value>) -> Result<Bytes, EncodeError> {
    let peek = Peek::new(body).map_err(|error| EncodeError::invalid(error.path, error.message))?;
    let remove =
        |name: &'static str| Edit::Remove { name: name.into(), reason: "stands in the address".into() };
    let mut edits = vec![remove("model"), remove("stream")];
    if !peek.has("anthropic_version") {
        edits.push(Edit::set_text("anthropic_version", VERSION));
    }
    if let Some(betas) = betas {
        edits.push(Edit::Set { name: "anthropic_beta".into(), json: betas.to_string() });
    }
    Ok(apply(body, &peek, &edits))
}

pub(super) fn decode(response: &Response<&[u8]>) -> Result<ChatResponse, UpstreamError> {
    match Translator::<Chat>::decode(&Anthropic, response.clone())? {
        Decoded::Answer(answer) => Ok(answer),
        Decoded::Again { .. } => {
            Err(UpstreamError::unreadable(response.status(), response.body(), "no answer"))
        }
    }
}
