//! A whole answer in canonical form; and what a streamed one has in common with it.

use http::Response as Http;
use llm_provider_core::{Unheard, UpstreamError};
use llm_types::{
    ChatResponse, Choice, CustomCall, Extra, FinishReason, Message, MessageContent, Nullable, Role,
    ServiceTier, ToolCall, from_value,
};
use serde_json::{Value, json};

use super::unknown::{self, ITEM_MEMBERS};
use super::{failed, finish_reason, native_reason};
use crate::error;
use crate::responses::names::ToolName;
use crate::responses::options::ResponsesOptions;
use crate::responses::wire::{
    Annotation, Content, CustomToolCall, FunctionCall, ImageGenerationCall, IncompleteDetails, Item,
    MessageItem, Part, Response, Status,
};
use crate::responses::{IMAGES, OUTPUT_ITEMS, kept, usage};

pub(super) fn decode(http: &Http<&[u8]>, options: &ResponsesOptions) -> Result<ChatResponse, UpstreamError> {
    let codes = &options.wire.answer.error_codes;
    if !http.status().is_success() {
        return Err(error::read(http, codes));
    }
    let body = error::without_mark(http.body());
    let unreadable = |why: String| UpstreamError::unreadable(http.status(), body, why);
    let value: Value = serde_json::from_slice(body).map_err(|why| unreadable(why.to_string()))?;
    let is_failed = value.get("error").is_some_and(|error| !error.is_null())
        || value.get("status").is_some_and(|status| status == "failed" || status == "cancelled");
    if is_failed {
        return Err(failed(&value, body, codes));
    }
    if !value.get("output").is_some_and(Value::is_array) {
        return Err(if error::is_error(&value) {
            error::read(http, codes)
        } else {
            unreadable("there is no output".to_owned())
        });
    }
    Ok(canonical(lenient(value).map_err(unreadable)?, &options.vendor))
}

/// Reads an answer; an item that does not fit is kept whole, as one that nobody knows.
pub(super) fn lenient(mut value: Value) -> Result<Response, String> {
    let output = match value.get_mut("output").map(Value::take) {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    };
    if let Some(members) = value.as_object_mut() {
        members.shift_remove("output");
    }
    let mut response: Response = from_value(value).map_err(|error| error.to_string())?;
    response.output = Nullable::Value(output.iter().filter_map(item).collect());
    Ok(response)
}

/// Reads an item. Faults that several vendors have in common are mended; one that still does not fit is one that
/// nobody knows.
pub(super) fn item(value: &Value) -> Option<Item> {
    let members = match from_value(value.clone()) {
        Ok(item) => return Some(item),
        Err(_) => value.as_object()?.clone(),
    };
    let mended = from_value(Value::Object(mend(members.clone())));
    Some(mended.unwrap_or(Item::Unknown(members)))
}

fn mend(mut members: Extra) -> Extra {
    members.retain(|_, value| !value.is_null());
    let kind = members.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    let id = members.get("id").cloned();
    match kind.as_str() {
        "function_call" | "custom_tool_call" => {
            if let Some(id) = id {
                members.entry("call_id").or_insert(id);
            }
            let input = if kind == "function_call" { "arguments" } else { "input" };
            let input = members.entry(input).or_insert_with(|| "".into());
            // Arguments as an object instead of as JSON text.
            if !input.is_string() {
                *input = Value::String(input.to_string());
            }
        }
        "message" => {
            members.entry("role").or_insert_with(|| "assistant".into());
            members.entry("content").or_insert_with(|| Value::Array(Vec::new()));
        }
        _ => {}
    }
    members
}

fn canonical(mut wire: Response, vendor: &str) -> ChatResponse {
    let items = wire.output.take().unwrap_or_default();
    let said = Said::of(&items, vendor);
    let status = wire.status.get().cloned().unwrap_or(Status::Completed);
    let details = wire.incomplete_details.get();
    let finish = finish_reason(&status, details, !said.calls.is_empty());
    let native = native_reason(&status, details);
    let mut message = Message::empty(Role::Assistant);
    message.content = match said.has_text {
        true => Nullable::Value(MessageContent::Text(said.text)),
        false => Nullable::Null,
    };
    message.refusal = some(said.refusal);
    message.reasoning_content = some(said.reasoning);
    message.thinking_blocks = list(said.thinking);
    message.tool_calls = list(said.calls);
    message.annotations = list(said.annotations);
    if !said.images.is_empty() {
        message.extra.insert(IMAGES.to_owned(), said.images.into());
    }
    let is_plain = is_plain(&items);
    let mut unknown = Unheard::default();
    if is_plain {
        for members in items.iter().filter_map(unknown::of_item) {
            unknown.put(ITEM_MEMBERS, members);
        }
    }
    if !is_plain && let Ok(items) = serde_json::to_value(&items) {
        message.provider_specific_fields =
            Nullable::Value(Extra::from_iter([(OUTPUT_ITEMS.to_owned(), items)]));
    }
    let mut choice = Choice::new(message, finish);
    keep_native(&native, &mut choice.extra);
    if !said.logprobs.is_empty() {
        choice.logprobs = Nullable::Value(json!({ "content": said.logprobs }));
    }
    let text = |member: &Nullable<String>| member.get().cloned().unwrap_or_default();
    let mut response = ChatResponse::new(text(&wire.id), 0, text(&wire.model), choice);
    response.created = wire.created_at.get().map(whole).into();
    response.usage = wire.usage.get().map(usage::canonical).into();
    response.service_tier = wire.service_tier.as_deref().map(ServiceTier::from).into();
    unknown.keep(wire.extra);
    keep_details(&mut unknown, details);
    response.provider_specific_fields = unknown.take();
    response
}

/// Some vendors count seconds in fractions.
pub(super) fn whole(number: &serde_json::Number) -> serde_json::Number {
    match number.as_f64() {
        Some(seconds) if number.as_i64().is_none() => (seconds as i64).into(),
        _ => number.clone(),
    }
}

/// The vendor's own word for why it stopped.
pub(super) fn keep_native(native: &str, extra: &mut Extra) {
    if !native.is_empty() {
        extra.insert("provider_specific_fields".to_owned(), json!({ "native_finish_reason": native }));
    }
}

/// Keeps what an answer says of why it was broken off beside the reason.
pub(super) fn keep_details(unknown: &mut Unheard, details: Option<&IncompleteDetails>) {
    if let Some(details) = details.filter(|details| !details.extra.is_empty()) {
        unknown.put("incomplete_details", Value::Object(details.extra.clone()));
    }
}

/// Whether thinking, one text and calls, in this order, say everything that the items say.
pub(in crate::responses) fn is_plain(items: &[Item]) -> bool {
    let mut rank = 0;
    items.iter().all(|item| {
        let next = match item {
            Item::Reasoning(_) => 1,
            Item::Message(message) | Item::EasyMessage(message) if message.phase.is_absent() => 2,
            Item::FunctionCall(_) | Item::CustomToolCall(_) => 3,
            _ => return false,
        };
        let in_order = next > rank || next == rank && next != 2;
        rank = next;
        in_order
    })
}

/// What the items of an answer say.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) text: String,
    has_text: bool,
    letters: u64,
    pub(super) refusal: String,
    pub(super) reasoning: String,
    thinking: Vec<llm_types::ThinkingBlock>,
    calls: Vec<ToolCall>,
    pub(super) annotations: Vec<llm_types::Annotation>,
    logprobs: Vec<Value>,
    images: Vec<Value>,
}

impl Said {
    /// Hears the items of an answer by `vendor`.
    pub(super) fn of(items: &[Item], vendor: &str) -> Self {
        let mut said = Self::default();
        items.iter().for_each(|item| said.item(item, vendor));
        said
    }

    fn item(&mut self, item: &Item, vendor: &str) {
        match item {
            Item::Message(message) | Item::EasyMessage(message) => self.message(message),
            Item::Reasoning(item) => {
                let block = kept::block_of(item, Some(vendor));
                let words = block.thinking.as_deref().unwrap_or_default();
                if !self.reasoning.is_empty() && !words.is_empty() {
                    self.reasoning.push_str(crate::responses::BETWEEN);
                }
                self.reasoning.push_str(words);
                self.thinking.push(block);
            }
            Item::FunctionCall(call) => self.calls.push(function(call)),
            Item::CustomToolCall(call) => self.calls.push(custom(call)),
            Item::ImageGenerationCall(call) => self.images.extend(image(call, self.images.len())),
            _ => {}
        }
    }

    fn message(&mut self, message: &MessageItem) {
        let parts = match &message.content {
            Content::Text(text) => {
                self.add(text);
                return;
            }
            Content::Parts(parts) => parts,
        };
        for part in parts {
            match part {
                Part::OutputText(part) => {
                    let offset = self.letters;
                    self.add(&part.text);
                    let annotations = part.annotations.get().into_iter().flatten();
                    self.annotations.extend(annotations.map(|one| annotation(one, offset)));
                    self.logprobs.extend(part.logprobs.get().into_iter().flatten().cloned());
                }
                Part::Refusal(part) => self.refusal.push_str(&part.refusal),
                other => {
                    if let Some(words) = other.words() {
                        self.add(words);
                    }
                }
            }
        }
    }

    fn add(&mut self, text: &str) {
        self.has_text = true;
        self.letters += text.chars().count() as u64;
        self.text.push_str(text);
    }
}

fn some(text: String) -> Nullable<String> {
    if text.is_empty() { Nullable::Absent } else { Nullable::Value(text) }
}

fn list<T>(list: Vec<T>) -> Nullable<Vec<T>> {
    if list.is_empty() { Nullable::Absent } else { Nullable::Value(list) }
}

/// A call of a function; arguments that were left out are those of a function that has none.
pub(super) fn function(call: &FunctionCall) -> ToolCall {
    let name = ToolName { namespace: call.namespace.as_deref(), name: &call.name, is_custom: false };
    let arguments = if call.arguments.is_empty() { "{}" } else { &call.arguments };
    ToolCall::function(call.call_id.as_str(), name.function(), arguments)
}

/// A call of a custom tool.
pub(super) fn custom(call: &CustomToolCall) -> ToolCall {
    ToolCall {
        r#type: Nullable::Value("custom".to_owned()),
        function: Nullable::Absent,
        custom: Nullable::Value(CustomCall {
            name: Nullable::Value(call.name.clone()),
            input: Nullable::Value(call.input.clone()),
            extra: Extra::new(),
        }),
        ..ToolCall::function(call.call_id.as_str(), "", "")
    }
}

/// An image that the model made, in the form in which chat has them; `None` if it made none.
///
/// Source: OpenAI API reference, "Image generation": PNG unless `output_format` says another, read 2026-11.
pub(super) fn image(call: &ImageGenerationCall, index: usize) -> Option<Value> {
    let data = call.result.as_deref().filter(|data| !data.is_empty())?;
    let format = call.extra.get("output_format").and_then(Value::as_str).unwrap_or("png");
    let url = format!("data:image/{format};base64,{data}");
    Some(json!({ "type": "image_url", "image_url": { "url": url }, "index": index }))
}

/// A source, whose span lies `offset` letters further in the whole text.
pub(in crate::responses) fn annotation(annotation: &Annotation, offset: u64) -> llm_types::Annotation {
    let mut members = match serde_json::to_value(annotation) {
        Ok(Value::Object(members)) => members,
        _ => Extra::new(),
    };
    members.shift_remove("type");
    for name in ["start_index", "end_index"] {
        if let Some(index) = members.get_mut(name)
            && let Some(moved) = index.as_u64().map(|index| index.saturating_add(offset))
        {
            *index = moved.into();
        }
    }
    let is_url = matches!(annotation, Annotation::Url(_));
    llm_types::Annotation {
        r#type: annotation.kind().to_owned(),
        url_citation: if is_url { Nullable::Value(Value::Object(members.clone())) } else { Nullable::Absent },
        extra: if is_url { Extra::new() } else { members },
    }
}

/// Why an answer that ended so is told to have ended.
pub(super) fn ending(response: &Response, called: bool) -> (FinishReason, String) {
    let status = response.status.get().cloned().unwrap_or(Status::Completed);
    let details = response.incomplete_details.get();
    (finish_reason(&status, details, called), native_reason(&status, details))
}
