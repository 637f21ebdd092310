//! Marks of the prompt cache that the configuration or the request wants put in: `cache_control_injection_points`.
//!
//! Source: LiteLLM documentation, "Auto-Inject Prompt Caching Checkpoints", and Anthropic API docs, "Prompt caching"
//! (four marks at most), read 2026-11.

use std::borrow::Cow;

use llm_provider_core::{Dialect, Edit, Note, NoteKind, Peek};
use llm_types::{
    ApiError, CacheControl, ChatRequest, ContentPart, Extra, Message, MessageContent, Nullable, Tool,
};
use serde_json::{Map, Value, json};

use super::Request;
use crate::config::{CacheLocation, CachePoint};
use crate::deployment::Deployment;

/// Marks that one request may hold.
const MOST: usize = 4;

const NAME: &str = "cache_control";

/// The points that hold for a request: its own list, else the deployment's.
pub(super) fn points<'a>(
    request: &Request<'_>,
    deployment: &'a Deployment,
) -> Result<Cow<'a, [CachePoint]>, ApiError> {
    let own: Option<Vec<CachePoint>> = request.peek.get("cache_control_injection_points")?;
    Ok(own.map_or(Cow::Borrowed(&deployment.cache_points), Cow::Owned))
}

/// Puts marks into a request; a note for each.
pub(super) fn mark(request: &mut ChatRequest, points: &[CachePoint]) -> Vec<Note> {
    let mut notes = Vec::new();
    let tools = request.tools.get().map_or(&[][..], Vec::as_slice);
    let marked_tools = tools.iter().filter(|tool| is_marked(tool)).count();
    let mut left = Budget::new(
        points,
        marked_tools > 0,
        request.messages.iter().map(marks_of).sum::<usize>()
            + marked_tools
            + usize::from(request.extra.contains_key(NAME)),
    );
    for point in points.iter().filter(|point| point.location == CacheLocation::Message) {
        let roles = request.messages.iter().map(|message| message.role.as_str());
        for index in targets(point, roles) {
            let message = &mut request.messages[index];
            if left.messages == 0 || marks_of(message) > 0 {
                continue;
            }
            if let Some(place) = mark_message(message, control(point)) {
                left.messages -= 1;
                notes.push(note(format!("messages[{index}]{place}.{NAME}")));
            }
        }
    }
    if let Some(point) = left.tools
        && let Some(tools) = request.tools.get_mut()
        && let Some((index, members)) =
            tools.iter_mut().enumerate().rev().find_map(|(index, tool)| Some((index, members_of(tool)?)))
    {
        members.insert(NAME.to_owned(), value_of(control(point)));
        notes.push(note(format!("tools[{index}].{NAME}")));
    }
    notes
}

/// The same for a body in Anthropic's own dialect, which passes through as bytes.
pub(super) fn edits(peek: &Peek<'_>, points: &[CachePoint]) -> Result<Vec<Edit>, ApiError> {
    let mut messages: Vec<Map<String, Value>> = peek.get("messages")?.unwrap_or_default();
    let mut system: Option<Value> = peek.get("system")?;
    let mut tools: Vec<Map<String, Value>> = peek.get("tools")?.unwrap_or_default();
    let in_system = system.as_ref().map_or(0, marks_in);
    let in_tools = tools.iter().filter(|tool| tool.contains_key(NAME)).count();
    let in_messages =
        messages.iter().filter_map(|message| message.get("content")).map(marks_in).sum::<usize>();
    let mut left =
        Budget::new(points, in_tools > 0, in_system + in_tools + in_messages + usize::from(peek.has(NAME)));
    let mut edits = Vec::new();
    let mut set = |name: &'static str, value: Value| {
        edits.push(Edit::Set { name: name.into(), json: value.to_string() });
    };
    let of_messages = || points.iter().filter(|point| point.location == CacheLocation::Message);
    if left.messages > 0
        && in_system == 0
        && let Some(point) = of_messages().find(|point| point.role.as_deref() == Some("system"))
        && let Some(content) = &mut system
        && mark_content(content, control(point))
    {
        left.messages -= 1;
        set("system", content.clone());
    }
    let mut touched = false;
    for point in of_messages().filter(|point| point.role.as_deref() != Some("system")) {
        let roles =
            messages.iter().map(|message| message.get("role").and_then(Value::as_str).unwrap_or_default());
        for index in targets(point, roles) {
            if let Some(content) = messages[index].get_mut("content")
                && left.messages > 0
                && marks_in(content) == 0
                && mark_content(content, control(point))
            {
                left.messages -= 1;
                touched = true;
            }
        }
    }
    if touched {
        set("messages", messages.into_iter().map(Value::Object).collect());
    }
    if let Some(point) = left.tools
        && let Some(tool) = tools.iter_mut().rev().find(|tool| !is_search(tool))
    {
        tool.insert(NAME.to_owned(), value_of(control(point)));
        set("tools", tools.into_iter().map(Value::Object).collect());
    }
    Ok(edits)
}

/// Whether bodies of this dialect are marked as they are, and need no translation for it.
pub(super) const fn marks_bytes(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::AnthropicMessages)
}

/// How many marks may still be put in.
struct Budget<'a> {
    messages: usize,
    /// The point that marks the tools, if there is room for it.
    tools: Option<&'a CachePoint>,
}

impl<'a> Budget<'a> {
    /// Room for a mark on the tools is kept first: they stand before all messages.
    fn new(points: &'a [CachePoint], has_marked_tool: bool, used: usize) -> Self {
        let free = MOST.saturating_sub(used);
        let tools = points
            .iter()
            .find(|point| point.location == CacheLocation::ToolConfig)
            .filter(|_| free > 0 && !has_marked_tool);
        Self { messages: free - usize::from(tools.is_some()), tools }
    }
}

/// The messages that a point means.
fn targets<'a>(point: &CachePoint, roles: impl ExactSizeIterator<Item = &'a str>) -> Vec<usize> {
    let count = roles.len();
    match (point.index, &point.role) {
        (Some(index), _) => {
            let from_start = if index < 0 { index.saturating_add_unsigned(count as u64) } else { index };
            usize::try_from(from_start).ok().filter(|index| *index < count).into_iter().collect()
        }
        (None, Some(wanted)) => {
            roles.enumerate().filter(|(_, role)| role == wanted).map(|(index, _)| index).collect()
        }
        (None, None) => Vec::new(),
    }
}

fn control(point: &CachePoint) -> CacheControl {
    let usual =
        || CacheControl { r#type: "ephemeral".to_owned(), ttl: Nullable::Absent, extra: Extra::new() };
    point.control.clone().unwrap_or_else(usual)
}

fn value_of(control: CacheControl) -> Value {
    serde_json::to_value(control).unwrap_or_default()
}

/// The note on one mark.
pub(super) fn note(path: String) -> Note {
    Note::new(NoteKind::Configured, path, "put in for `cache_control_injection_points`")
}

fn marks_of(message: &Message) -> usize {
    let in_parts = match message.content.get() {
        Some(MessageContent::Parts(parts)) => parts
            .iter()
            .filter(|part| match part {
                ContentPart::Unknown(members) => members.contains_key(NAME),
                part => part.cache_control().is_some(),
            })
            .count(),
        _ => 0,
    };
    in_parts + usize::from(message.cache_control.is_value())
}

/// Marks a message of plain text as a whole, and another at its last part; says where.
fn mark_message(message: &mut Message, control: CacheControl) -> Option<String> {
    match message.content.get_mut()? {
        MessageContent::Text(_) => {
            message.cache_control = Nullable::Value(control);
            Some(String::new())
        }
        MessageContent::Parts(parts) => {
            let (index, part) =
                parts.iter_mut().enumerate().rev().find(|(_, part)| !is_thinking(part.kind()))?;
            match part {
                ContentPart::Text(part) => part.cache_control = Nullable::Value(control),
                ContentPart::ImageUrl(part) => part.cache_control = Nullable::Value(control),
                ContentPart::InputAudio(part) => part.cache_control = Nullable::Value(control),
                ContentPart::File(part) => part.cache_control = Nullable::Value(control),
                ContentPart::Refusal(part) => {
                    part.extra.insert(NAME.to_owned(), value_of(control));
                }
                ContentPart::Unknown(members) => {
                    members.insert(NAME.to_owned(), value_of(control));
                }
            }
            Some(format!(".content[{index}]"))
        }
    }
}

fn is_thinking(kind: &str) -> bool {
    matches!(kind, "thinking" | "redacted_thinking")
}

fn is_marked(tool: &Tool) -> bool {
    match tool {
        Tool::Function(tool) => tool.extra.contains_key(NAME) || tool.function.extra.contains_key(NAME),
        Tool::Custom(tool) => tool.extra.contains_key(NAME) || tool.custom.extra.contains_key(NAME),
        Tool::Unknown(members) => members.contains_key(NAME),
    }
}

/// Where a tool's mark stands; `None` for a tool that takes none.
fn members_of(tool: &mut Tool) -> Option<&mut Extra> {
    match tool {
        Tool::Function(tool) => Some(&mut tool.extra),
        Tool::Custom(tool) => Some(&mut tool.extra),
        Tool::Unknown(members) => (!is_search(members)).then_some(members),
    }
}

/// Whether a tool is Anthropic's search for tools, whose marks go unheard.
fn is_search(tool: &Map<String, Value>) -> bool {
    tool.get("type").and_then(Value::as_str).is_some_and(|kind| kind.starts_with("tool_search_tool"))
}

/// Marks in a content of Anthropic's.
fn marks_in(content: &Value) -> usize {
    content.as_array().map_or(0, |blocks| blocks.iter().filter(|block| block.get(NAME).is_some()).count())
}

/// Marks a content of Anthropic's at its last block; plain text becomes one.
fn mark_content(content: &mut Value, control: CacheControl) -> bool {
    if let Value::String(text) = content {
        *content = json!([{"type": "text", "text": text}]);
    }
    let kind = |block: &Value| block.get("type").and_then(Value::as_str).map(ToOwned::to_owned);
    let blocks = content.as_array_mut().map_or(&mut [][..], Vec::as_mut_slice);
    let last = blocks.iter_mut().rev().find(|block| kind(block).is_some_and(|kind| !is_thinking(&kind)));
    match last.and_then(Value::as_object_mut) {
        Some(block) => {
            block.insert(NAME.to_owned(), value_of(control));
            true
        }
        None => false,
    }
}

#[cfg(test)]
mod tests;
