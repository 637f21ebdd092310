//! What whole and streamed answers have in common.
//!
//! Source: OpenAI API reference, "The response object", and the types of the official Python package 3.52, which say
//! what must be there, read 2026-11.

use llm_provider_core::{Beside, Kept, is_usual_member};
use llm_types::{ErrorKind, Extra, FinishReason, Nullable, ThinkingBlock, Usage};
use serde_json::{Number, Value, json};

use crate::responses::kept;
use crate::responses::names::ToolName;
use crate::responses::wire::{
    Annotation, Content, CustomToolCall, FunctionCall, ImageGenerationCall, IncompleteDetails, Item,
    MessageItem, Part, Reasoning, ReasoningItem, RefusalPart, Response, ResponseError, Status, TextConfig,
    TextFormat,
};
use crate::responses::{IMAGES, OUTPUT_ITEMS, usage};

/// What every telling of an answer says of it.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) id: String,
    pub(super) model: String,
    pub(super) created: Number,
    pub(super) tier: Option<String>,
}

impl Head {
    /// The answer as it stands. What only the request tells is told as this API's default.
    pub(super) fn response(&self, status: Status, output: Vec<Item>) -> Response {
        Response {
            id: Nullable::Value(self.id.clone()),
            object: Nullable::Value("response".to_owned()),
            created_at: Nullable::Value(self.created.clone()),
            status: Nullable::Value(status),
            background: Nullable::Value(false),
            error: Nullable::Null,
            incomplete_details: Nullable::Null,
            instructions: Nullable::Null,
            max_output_tokens: Nullable::Null,
            max_tool_calls: Nullable::Null,
            model: Nullable::Value(self.model.clone()),
            output: Nullable::Value(output),
            parallel_tool_calls: Nullable::Value(true),
            previous_response_id: Nullable::Null,
            prompt_cache_key: Nullable::Null,
            reasoning: Nullable::Value(Reasoning {
                effort: Nullable::Null,
                summary: Nullable::Null,
                ..Reasoning::default()
            }),
            safety_identifier: Nullable::Null,
            service_tier: self.tier.clone().map_or(Nullable::Null, Nullable::Value),
            store: Nullable::Value(false),
            temperature: Nullable::Null,
            text: Nullable::Value(TextConfig {
                format: Nullable::Value(TextFormat::Text(Extra::new())),
                ..TextConfig::default()
            }),
            tool_choice: Nullable::Value("auto".into()),
            tools: Nullable::Value(Vec::new()),
            top_logprobs: Nullable::Value(0.into()),
            top_p: Nullable::Null,
            truncation: Nullable::Value("disabled".to_owned()),
            usage: Nullable::Null,
            user: Nullable::Null,
            metadata: Nullable::Value(Extra::new()),
            ..Response::default()
        }
    }
}

/// How an answer ended, and why so early.
pub(super) fn ending(finish: Option<&FinishReason>) -> (Status, Option<&'static str>) {
    match finish {
        Some(FinishReason::Length) => (Status::Incomplete, Some("max_output_tokens")),
        Some(FinishReason::ContentFilter) => (Status::Incomplete, Some("content_filter")),
        _ => (Status::Completed, None),
    }
}

/// Puts the end of an answer in.
pub(super) fn finish(
    response: &mut Response,
    reason: Option<&str>,
    told: Option<&Usage>,
    mut beside: Beside,
) {
    if let Some(reason) = reason {
        response.incomplete_details = Nullable::Value(IncompleteDetails {
            reason: Nullable::Value(reason.to_owned()),
            extra: Extra::new(),
        });
    }
    // Clients add these numbers up unseen, so they are there even if nobody counted.
    response.usage = Nullable::Value(told.map_or_else(|| usage::to_wire(&Usage::default()), usage::to_wire));
    beside.count(told, usage::says);
    // They stand with the texts, whole.
    beside.forget_sources();
    beside.write(&mut response.extra);
}

/// What an answer that failed says of why, in this API's words.
pub(super) const fn failure_code(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::RateLimit | ErrorKind::QuotaExceeded => "rate_limit_exceeded",
        ErrorKind::ContextWindow => "context_length_exceeded",
        ErrorKind::InvalidRequest | ErrorKind::ContentPolicy | ErrorKind::Unsupported => "invalid_prompt",
        _ => "server_error",
    }
}

/// An answer that failed.
pub(super) fn failed(mut response: Response, code: &str, message: &str) -> Response {
    response.status = Nullable::Value(Status::Failed);
    response.error = Nullable::Value(ResponseError {
        code: Nullable::Value(code.to_owned()),
        message: Nullable::Value(message.to_owned()),
        extra: Extra::new(),
    });
    response
}

/// A message by the model.
pub(super) fn message(id: String, status: &Status, parts: Vec<Part>) -> Item {
    Item::Message(MessageItem {
        id: Nullable::Value(id),
        status: Nullable::Value(status.as_str().to_owned()),
        ..MessageItem::new("assistant", Content::Parts(parts))
    })
}

/// Words of refusal.
pub(super) fn refusal(words: impl Into<String>) -> Part {
    Part::Refusal(RefusalPart { refusal: words.into(), extra: Extra::new() })
}

/// An item of thinking around a block. A block that its vendor must have back is in it, sealed; an empty seal says of
/// any other that no vendor of this API made it, which would look it up.
pub(super) fn reasoning(id: String, block: &ThinkingBlock) -> Item {
    let mut item = kept::item_of(block).unwrap_or_else(|| {
        let words = block.thinking.as_deref().filter(|words| !words.is_empty());
        ReasoningItem {
            summary: Nullable::Value(words.map(Part::summary).into_iter().collect()),
            ..ReasoningItem::default()
        }
    });
    item.id = Nullable::Value(id);
    if !item.summary.is_value() {
        item.summary = Nullable::Value(Vec::new());
    }
    let goes_back = block.signature.is_value()
        || block.data.is_value()
        || !block.extra.is_empty()
        || block.r#type != "thinking";
    let kept = Kept { thinking: goes_back.then(|| block.clone()), ..Kept::default() };
    item.encrypted_content = Nullable::Value(kept.seal());
    Item::Reasoning(item)
}

/// An item of thinking that holds nothing but what must come back.
pub(super) fn carrier(id: String, kept: &Kept) -> Item {
    Item::Reasoning(ReasoningItem {
        id: Nullable::Value(id),
        summary: Nullable::Value(Vec::new()),
        encrypted_content: Nullable::Value(kept.seal()),
        ..ReasoningItem::default()
    })
}

/// A call of a tool of the client's.
#[derive(Debug, Clone, Default)]
pub(super) struct Call {
    pub(super) call_id: String,
    /// The name as the canonical form has it.
    pub(super) name: String,
    /// Arguments, or the input of a custom tool.
    pub(super) arguments: String,
    /// Whether it is a call of a custom tool in the canonical form already.
    pub(super) is_custom: bool,
    /// Members that only its vendor knows.
    pub(super) extra: Extra,
}

impl Call {
    /// Whether the client asked for a custom tool.
    pub(super) fn wants_custom(&self) -> bool {
        self.is_custom || ToolName::parse(&self.name).is_custom
    }

    /// The input of a custom tool.
    pub(super) fn input(&self) -> String {
        if self.is_custom {
            return self.arguments.clone();
        }
        match serde_json::from_str::<Value>(&self.arguments) {
            Ok(Value::Object(members)) => match members.get("input") {
                Some(Value::String(input)) => input.clone(),
                _ => self.arguments.clone(),
            },
            // What the model got wrong the client's tool can say better than we.
            _ => self.arguments.clone(),
        }
    }

    /// What the name of its item begins with.
    pub(super) fn prefix(&self) -> &'static str {
        if self.wants_custom() { "ctc" } else { "fc" }
    }

    /// As an item.
    pub(super) fn item(&self, id: String, status: &Status, has_arguments: bool) -> Item {
        let status = Nullable::Value(status.as_str().to_owned());
        let tool = if self.is_custom {
            ToolName { namespace: None, name: &self.name, is_custom: true }
        } else {
            ToolName::parse(&self.name)
        };
        let namespace = Nullable::from(tool.namespace.map(str::to_owned));
        let name = tool.name.to_owned();
        if tool.is_custom {
            return Item::CustomToolCall(CustomToolCall {
                call_id: self.call_id.clone(),
                name,
                input: if has_arguments { self.input() } else { String::new() },
                id: Nullable::Value(id),
                namespace,
                status,
                caller: Nullable::Absent,
                extra: Extra::new(),
            });
        }
        Item::FunctionCall(FunctionCall {
            call_id: self.call_id.clone(),
            name,
            arguments: if has_arguments { self.arguments.clone() } else { String::new() },
            id: Nullable::Value(id),
            namespace,
            status,
            caller: Nullable::Absent,
            extra: Extra::new(),
        })
    }
}

/// What must come back beside blocks of thinking: of calls, and what is `kept` of the message.
pub(super) fn to_keep<'a>(calls: impl Iterator<Item = &'a Call>, kept: Kept) -> Kept {
    let calls = calls.filter_map(|call| {
        let members = call.extra.iter().filter(|(name, value)| !is_usual_member(name, value));
        let members: Extra = members.map(|(name, value)| (name.clone(), value.clone())).collect();
        (!members.is_empty()).then(|| (call.call_id.clone(), Value::Object(members)))
    });
    Kept { calls: calls.collect(), ..kept }
}

/// Members of a message's `provider_specific_fields` that items say.
pub(super) const OWN_FIELDS: &[&str] = &[OUTPUT_ITEMS];

/// The images that a model made, as base64. Chat has no place for them; vendors put them where LiteLLM does, in a member
/// `images` beside the text.
pub(super) fn images(extra: &Extra) -> impl Iterator<Item = &str> {
    let images = extra.get(IMAGES).and_then(Value::as_array).into_iter().flatten();
    images.filter_map(|image| {
        let url = image.pointer("/image_url/url")?.as_str()?;
        url.strip_prefix("data:")?.split_once(";base64,").map(|(_, data)| data)
    })
}

/// Why an image is left out.
pub(super) const NO_REMOTE_IMAGES: &str = "answers of this API hold images by value";

/// Whether the model made images that are told by their address only.
pub(super) fn has_remote_images(extra: &Extra) -> bool {
    let told = extra.get(IMAGES).and_then(Value::as_array).map_or(0, Vec::len);
    images(extra).count() < told
}

/// An image that the model made.
pub(super) fn image(id: String, result: &str) -> Item {
    Item::ImageGenerationCall(ImageGenerationCall {
        id: Nullable::Value(id),
        result: Nullable::Value(result.to_owned()),
        status: Nullable::Value(Status::Completed.as_str().to_owned()),
        extra: Extra::new(),
    })
}

/// Where in the answer's text the words begin that a source is for.
pub(super) fn start_index(source: &llm_types::Annotation) -> Option<u64> {
    let inner = source.url_citation.get().and_then(|inner| inner.get("start_index"));
    inner.or_else(|| source.extra.get("start_index"))?.as_u64()
}

/// A source, without the inner object of the canonical form and with all that clients expect to be there. Its places are
/// counted from the beginning of a text that has so many letters of the answer before it.
pub(super) fn annotation(source: &llm_types::Annotation, before: u64) -> Annotation {
    // Where chunks are put together, `index` is a place in the list; of files, their own number.
    let is_url = source.r#type == "url_citation";
    let mut members = Extra::from_iter([("type".to_owned(), Value::from(source.r#type.as_str()))]);
    if let Some(Value::Object(inner)) = source.url_citation.get() {
        members.extend(inner.clone());
    }
    members.extend(
        source
            .extra
            .iter()
            .filter(|(name, _)| !is_url || *name != "index")
            .map(|(n, v)| (n.clone(), v.clone())),
    );
    for name in ["start_index", "end_index"] {
        if let Some(index) = members.get_mut(name)
            && let Some(moved) = index.as_u64().map(|index| index.saturating_sub(before))
        {
            *index = moved.into();
        }
    }
    if is_url {
        let url = members.get("url").cloned().unwrap_or_else(|| "".into());
        for (name, usual) in
            [("start_index", json!(0)), ("end_index", json!(0)), ("url", json!("")), ("title", url)]
        {
            if members.get(name).is_none_or(Value::is_null) {
                members.insert(name.to_owned(), usual);
            }
        }
    }
    llm_types::from_value(Value::Object(members.clone())).unwrap_or(Annotation::Unknown(members))
}

/// Log probabilities of a choice.
pub(super) fn logprobs(told: Option<&Value>) -> Vec<Value> {
    let list = told.and_then(|told| told.get("content")).and_then(Value::as_array);
    list.cloned().unwrap_or_default()
}
