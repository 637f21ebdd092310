//! Claude by Anthropic's Messages: the same body without the model, with a version of Vertex AI's own.
//!
//! Source: Vertex AI docs, "Use Claude models", and Anthropic docs, "Claude on Vertex AI", read 2026-11.

use bytes::Bytes;
use http::header::HeaderName;
use http::{Request, Response, Uri};
use llm_provider_anthropic::Anthropic;
use llm_provider_core::{
    Call, Chat, CountTokens, Decoded, Edit, EncodeError, Encoded, LeftOut, Note, Payload, Peek, ToolPurpose,
    Translator, UpstreamError, apply,
};
use llm_types::{ChatRequest, ChatResponse};

use crate::model::Model;
use crate::place::{self, Verb};

const VERSION: &str = "vertex-2023-10-16";
const BETA: HeaderName = HeaderName::from_static("anthropic-beta");

pub(super) fn encode(
    request: &ChatRequest,
    model: Model<'_>,
    call: &Call<'_>,
) -> Result<Encoded, EncodeError> {
    let (sent, notes) = anthropics::<Chat>(request, model, call)?;
    let verb = if request.streams() { Verb::StreamRawPredict } else { Verb::RawPredict };
    let uri = place::of_model(place::STABLE, model, verb, call)?;
    finish(&sent, &[without_model()], uri, notes, call)
}

/// A count is asked for at an address of its own; there the model stands in the body.
pub(crate) fn count_body(
    request: &ChatRequest,
    model: Model<'_>,
    call: &Call<'_>,
) -> Result<Encoded, EncodeError> {
    let (sent, notes) = anthropics::<CountTokens>(request, model, call)?;
    finish(&sent, &[], count_address(model, call)?, notes, call)
}

/// Where tokens are counted.
fn count_address(model: Model<'_>, call: &Call<'_>) -> Result<Uri, EncodeError> {
    place::of_model(place::STABLE, Model { name: "count-tokens", ..model }, Verb::RawPredict, call)
}

/// What a Messages request of a client's needs for Vertex AI.
pub(crate) fn body_edits(peek: &Peek<'_>) -> Vec<Edit> {
    let mut edits = vec![without_model()];
    edits.extend(version(peek));
    edits
}

fn without_model() -> Edit {
    Edit::Remove { name: "model".into(), reason: "stands in the address".into() }
}

fn version(peek: &Peek<'_>) -> Option<Edit> {
    (!peek.has("anthropic_version")).then(|| Edit::set_text("anthropic_version", VERSION))
}

/// A member of Messages requests that Vertex AI lacks: Claude talks to no servers of tools there.
///
/// Source: Anthropic docs, "MCP connector", section on limitations, read 2026-11.
pub(crate) const SERVERS: &str = "mcp_servers";

/// The request as Anthropic itself would take it.
fn anthropics<O>(
    request: &ChatRequest,
    model: Model<'_>,
    call: &Call<'_>,
) -> Result<(Request<Payload>, Vec<Note>), EncodeError>
where
    O: llm_provider_core::Operation<Request = ChatRequest>,
    Anthropic: Translator<O>,
{
    let call = Call { model: model.name, base_url: None, credential: None, ..call.clone() };
    let mut asked = LeftOut::new(request, &call, |tool| tool.purpose == ToolPurpose::Mcp)?;
    asked.without(SERVERS, &call, "Claude talks to servers of tools at Anthropic only")?;
    let Encoded { request, notes } = Translator::<O>::encode(&Anthropic, &asked.request, &call)?;
    Ok((request, asked.notes(notes)))
}

fn finish(
    sent: &Request<Payload>,
    edits: &[Edit],
    uri: Uri,
    notes: Vec<Note>,
    call: &Call<'_>,
) -> Result<Encoded, EncodeError> {
    let Payload::Bytes(body) = sent.body() else {
        return Err(EncodeError::Setup("a Messages request is one piece".to_owned()));
    };
    let mut parts = place::head(uri, call)?;
    // Betas travel as they do to Anthropic.
    parts.headers.remove(&BETA);
    parts.headers.extend(sent.headers().get_all(&BETA).iter().map(|value| (BETA, value.clone())));
    let body = rewrite(body, edits)?;
    Ok(Encoded { request: Request::from_parts(parts, body.into()), notes })
}

fn rewrite(body: &Bytes, edits: &[Edit]) -> Result<Bytes, EncodeError> {
    let peek = Peek::new(body).map_err(|error| EncodeError::invalid(error.path, error.message))?;
    let edits: Vec<Edit> = edits.iter().cloned().chain(version(&peek)).collect();
    Ok(apply(body, &peek, &edits))
}

pub(super) fn decode(response: Response<&[u8]>) -> Result<Decoded<ChatResponse>, UpstreamError> {
    Translator::<Chat>::decode(&Anthropic, response)
}
