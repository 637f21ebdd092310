//! InvokeModel: each family of models in its own words.
//!
//! Source: Amazon Bedrock User Guide, "Inference request parameters and response fields for foundation models"
//! (docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html), and API Reference, "InvokeModel", read 2026-11.

mod claude;
mod open;
mod prompt;
pub(crate) mod stream;
mod text;

use http::{HeaderMap, HeaderName, HeaderValue, Response};
use llm_provider_core::{Call, EncodeError, Encoded, Note, NoteKind, UpstreamError, header_text};
use llm_types::{ChatRequest, ChatResponse, Nullable, ServiceTier, Usage};
use serde_json::{Map, Value};

use crate::converse::encode;
use crate::error;
use crate::head::{self, Endpoint};
use crate::model::{Family, Model};

/// A body in a model's words, and what could not be carried into it.
struct Said {
    body: Vec<u8>,
    notes: Vec<Note>,
}

pub(crate) fn encode(
    request: &ChatRequest,
    model: Model<'_>,
    call: &Call<'_>,
) -> Result<Encoded, EncodeError> {
    let mut asked = request.clone();
    let mut notes = Vec::new();
    let headers = headers(&mut asked, &mut notes)?;
    let said = body(&asked, model, call)?;
    notes.extend(said.notes);
    let endpoint = if request.streams() { Endpoint::InvokeStream } else { Endpoint::Invoke };
    let request = head::request(endpoint, &model, call, &headers, said.body)?;
    Ok(Encoded { request, notes })
}

/// The body by itself, as CountTokens wants it.
pub(crate) fn body_of(
    request: &ChatRequest,
    model: Model<'_>,
    call: &Call<'_>,
) -> Result<(Vec<u8>, Vec<Note>), EncodeError> {
    body(request, model, call).map(|said| (said.body, said.notes))
}

fn body(request: &ChatRequest, model: Model<'_>, call: &Call<'_>) -> Result<Said, EncodeError> {
    match model.family {
        Family::Claude => claude::encode(request, model, call),
        Family::Nova | Family::Nova2 => nova(request, model, call),
        Family::TitanText | Family::Llama | Family::MistralPrompt | Family::DeepSeekR1 | Family::Cohere => {
            prompt::encode(request, model, call)
        }
        Family::Mistral
        | Family::Jamba
        | Family::DeepSeek
        | Family::GptOss
        | Family::Gpt
        | Family::Open
        | Family::Unknown => open::encode(request, model, call),
    }
}

/// Nova speaks Converse's words here too, and names their version.
fn nova(request: &ChatRequest, model: Model<'_>, call: &Call<'_>) -> Result<Said, EncodeError> {
    let mut encoded = encode::encode(request, model, call)?;
    let own = encoded.wire.additional_model_request_fields.take().unwrap_or_default();
    let mut body = Map::new();
    body.insert("schemaVersion".to_owned(), "messages-v1".into());
    if let Ok(Value::Object(wire)) = serde_json::to_value(&encoded.wire) {
        body.extend(wire);
    }
    for (name, value) in own {
        match (body.get_mut(&name), value) {
            (Some(Value::Object(there)), Value::Object(more)) => there.extend(more),
            (_, value) => {
                body.insert(name, value);
            }
        }
    }
    Ok(Said { body: encode::to_bytes(&body)?, notes: encoded.notes })
}

/// What Converse says in the body and InvokeModel in headers.
fn headers(request: &mut ChatRequest, notes: &mut Vec<Note>) -> Result<HeaderMap, EncodeError> {
    let mut headers = HeaderMap::new();
    let mut put = |name: &'static str, value: Option<&str>, path: &str| {
        let Some(value) = value else { return Ok(()) };
        let value = HeaderValue::from_str(value)
            .map_err(|_| EncodeError::invalid(path, "holds what a header cannot"))?;
        headers.insert(HeaderName::from_static(name), value);
        Ok::<_, EncodeError>(())
    };
    if let Some(guardrail) = request.extra.shift_remove("guardrailConfig") {
        let text = |name: &str| guardrail.get(name).and_then(Value::as_str);
        put(
            "x-amzn-bedrock-guardrailidentifier",
            text("guardrailIdentifier"),
            "guardrailConfig.guardrailIdentifier",
        )?;
        put("x-amzn-bedrock-guardrailversion", text("guardrailVersion"), "guardrailConfig.guardrailVersion")?;
        let trace = text("trace").map(str::to_ascii_uppercase);
        put("x-amzn-bedrock-trace", trace.as_deref(), "guardrailConfig.trace")?;
        if guardrail.get("streamProcessingMode").is_some() {
            notes.push(Note::dropped(
                "guardrailConfig.streamProcessingMode",
                "InvokeModel has no word for it",
            ));
        }
    }
    if let Some(performance) = request.extra.shift_remove("performanceConfig") {
        let latency = performance.get("latency").and_then(Value::as_str);
        put("x-amzn-bedrock-performanceconfig-latency", latency, "performanceConfig.latency")?;
    }
    let mut labels = match request.extra.shift_remove("requestMetadata") {
        Some(Value::Object(labels)) => labels,
        _ => Map::new(),
    };
    encode::add_labels(request.metadata.take().as_ref(), &mut labels, notes);
    if !labels.is_empty() {
        put("x-amzn-bedrock-request-metadata", Some(&Value::Object(labels).to_string()), "metadata")?;
    }
    let own = request.extra.shift_remove("serviceTier");
    let own = own.as_ref().and_then(|tier| tier.as_str().or_else(|| tier.get("type")?.as_str()));
    let tier = request.service_tier.take();
    if tier == Some(ServiceTier::Auto) {
        notes.push(Note::new(NoteKind::Converted, "service_tier", "to `default`"));
    }
    let tier = tier.as_ref().and_then(|tier| match tier {
        ServiceTier::Auto => Some("default"),
        ServiceTier::Default | ServiceTier::Flex | ServiceTier::Priority => Some(tier.as_str()),
        ServiceTier::Other(own) if own == "reserved" => Some("reserved"),
        other => {
            notes.push(Note::dropped("service_tier", format!("Bedrock has no tier `{other}`")));
            None
        }
    });
    put("x-amzn-bedrock-service-tier", own.or(tier), "service_tier")?;
    for name in request.extra.keys().filter(|name| encode::is_own_word(name)).cloned().collect::<Vec<_>>() {
        match (name.as_str(), request.extra.shift_remove(&name)) {
            ("additionalModelRequestFields", Some(Value::Object(fields))) => request.extra.extend(fields),
            _ => notes.push(Note::dropped(name, "InvokeModel has no word for it")),
        }
    }
    Ok(headers)
}

/// In whose words an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Words {
    Claude,
    Open,
    Text,
}

impl Words {
    /// The words of a whole answer by the members that only they have; `None` for Converse's.
    pub(crate) fn of(body: &[u8]) -> Option<Self> {
        #[derive(serde::Deserialize)]
        struct Glance {
            #[serde(default)]
            output: Option<serde::de::IgnoredAny>,
            #[serde(default)]
            choices: Option<serde::de::IgnoredAny>,
            #[serde(default)]
            content: Option<serde::de::IgnoredAny>,
            #[serde(default)]
            stop_reason: Option<serde::de::IgnoredAny>,
        }
        let glance: Glance = serde_json::from_slice(body).ok()?;
        if glance.output.is_some() {
            None
        } else if glance.choices.is_some() {
            Some(if text::is_answer(body) { Self::Text } else { Self::Open })
        } else if glance.content.is_some() {
            Some(Self::Claude)
        } else {
            (text::is_answer(body) || glance.stop_reason.is_some()).then_some(Self::Text)
        }
    }
}

pub(crate) fn decode(words: Words, response: &Response<&[u8]>) -> Result<ChatResponse, UpstreamError> {
    let mut answer = match words {
        Words::Claude => claude::decode(response)?,
        Words::Open => open::decode(response)?,
        Words::Text => text::decode(response)?,
    };
    if !answer.id.is_value() {
        answer.id = error::request_id(response.headers()).into();
    }
    if !answer.usage.is_value() {
        let count = |name: &str| header_text(response.headers(), name)?.parse().ok();
        let read = count("x-amzn-bedrock-input-token-count");
        let written = count("x-amzn-bedrock-output-token-count");
        answer.usage = read.zip(written).map(|(read, written)| Usage::new(read, written)).into();
    }
    Ok(answer)
}

/// Usage as it stands in the last chunk of every stream.
fn metrics(chunk: &Value) -> Option<Usage> {
    let metrics = chunk.get("amazon-bedrock-invocationMetrics")?;
    let count = |name: &str| metrics.get(name)?.as_u64();
    let mut usage = Usage::new(count("inputTokenCount")?, count("outputTokenCount")?);
    if let Some(cached) = count("cacheReadInputTokenCount").filter(|cached| *cached > 0) {
        let written = count("cacheWriteInputTokenCount");
        let wire = crate::wire::TokenUsage {
            input_tokens: Nullable::Value(count("inputTokenCount")?.into()),
            output_tokens: Nullable::Value(count("outputTokenCount")?.into()),
            cache_read_input_tokens: Nullable::Value(cached.into()),
            cache_write_input_tokens: written.map(serde_json::Number::from).into(),
            ..crate::wire::TokenUsage::default()
        };
        usage = crate::usage::canonical(&wire, None);
    }
    Some(usage)
}
