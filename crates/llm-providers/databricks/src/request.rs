//! A canonical request in the form that Databricks wants before OpenAI's wire has its turn.

use std::borrow::Cow;

use llm_provider_core::{Call, NoteKind};
use llm_provider_openai::Changes;
use llm_types::{
    ChatRequest, ContentPart, Extra, Message, MessageContent, Nullable, ReasoningEffort, ThinkingBlock,
};
use serde_json::json;

/// The least budget of thinking that Claude takes.
///
/// Source: Anthropic API reference, "Messages", `thinking.budget_tokens`, read 2026-11.
const LEAST_BUDGET: u64 = 1024;

/// The request, changed where it has to be.
pub(crate) fn adapt<'r>(
    request: &'r ChatRequest,
    call: &Call<'_>,
    changes: &mut Changes<'_>,
) -> Cow<'r, ChatRequest> {
    let mut request = Cow::Borrowed(request);
    if request.messages.iter().any(|message| message.thinking_blocks.is_value()) {
        for (index, message) in request.to_mut().messages.iter_mut().enumerate() {
            replay(message, index, changes);
        }
    }
    if is_claude(call.model)
        && let Some(effort) = request.reasoning_effort.get().cloned()
    {
        think(request.to_mut(), &effort, call, changes);
    }
    request
}

/// Whether a model is Claude, as far as its name tells.
pub(crate) fn is_claude(model: &str) -> bool {
    model.contains("claude")
}

/// Signed thinking goes back as parts of the content, as it came; what is not signed is left to the wire.
fn replay(message: &mut Message, index: usize, changes: &mut Changes<'_>) {
    let Some(blocks) = message.thinking_blocks.take() else { return };
    let mut parts = Vec::new();
    for (at, block) in blocks.iter().enumerate() {
        match part(block) {
            Some(part) => {
                for name in beside(block) {
                    let path = format!("messages[{index}].thinking_blocks[{at}].{name}");
                    changes.note(NoteKind::Dropped, path, "the vendor's thinking has no such member");
                }
                parts.push(part);
            }
            None => changes.note(
                NoteKind::Dropped,
                format!("messages[{index}].thinking_blocks[{at}]"),
                "the vendor takes thinking as text alone",
            ),
        }
    }
    if parts.is_empty() {
        return;
    }
    let told = message.reasoning_content.take();
    let has_words = blocks.iter().any(|block| block.thinking.get().is_some_and(|text| !text.is_empty()));
    if !has_words && told.is_some_and(|told| !told.is_empty()) {
        let path = format!("messages[{index}].reasoning_content");
        changes.note(NoteKind::Dropped, path, "the signed blocks go back as they came, without words");
    }
    for at in 0..parts.len() {
        changes.put_in(format!("messages[{index}].content"), at);
    }
    match message.content.take() {
        Some(MessageContent::Text(text)) if text.is_empty() => {}
        Some(MessageContent::Text(text)) => parts.push(ContentPart::text(text)),
        Some(MessageContent::Parts(rest)) => parts.extend(rest),
        None => {}
    }
    message.content = MessageContent::Parts(parts).into();
}

/// A block as a part of type `reasoning`.
fn part(block: &ThinkingBlock) -> Option<ContentPart> {
    let text = block.thinking.as_deref()?;
    let mut summary = Extra::new();
    summary.insert("type".to_owned(), "summary_text".into());
    summary.insert("text".to_owned(), text.into());
    if let Some(signature) = block.signature.as_deref() {
        summary.insert("signature".to_owned(), signature.into());
    }
    let mut part = Extra::new();
    part.insert("type".to_owned(), "reasoning".into());
    part.insert("summary".to_owned(), json!([summary]));
    Some(ContentPart::Unknown(part))
}

/// Members of a block that such a part has no place for. Whose it is goes to nobody, and clients number blocks to put pieces
/// together.
fn beside(block: &ThinkingBlock) -> Vec<&str> {
    let own = [("data", block.data.is_value()), ("cache_control", block.cache_control.is_value())];
    let own = own.into_iter().filter(|(_, is_there)| *is_there).map(|(name, _)| name);
    let is_usual = |name: &str| matches!(name, "format" | "index");
    let others = block.extra.iter().filter(|(name, value)| !is_usual(name) && !value.is_null());
    own.chain(others.map(|(name, _)| name.as_str())).collect()
}

/// Claude's knob for thinking, in the place of an effort.
fn think(request: &mut ChatRequest, effort: &ReasoningEffort, call: &Call<'_>, changes: &mut Changes<'_>) {
    request.reasoning_effort = Nullable::Absent;
    if request.thinking.is_value() {
        changes.note(NoteKind::Converted, "reasoning_effort", "said by `thinking`");
        return;
    }
    match call.effort_budgets.tokens(effort) {
        Some(budget) => {
            let budget = budget.max(LEAST_BUDGET);
            request.thinking = json!({ "type": "enabled", "budget_tokens": budget }).into();
            changes.note(NoteKind::Converted, "reasoning_effort", format!("thinking of {budget} tokens"));
        }
        None if *effort == ReasoningEffort::None => {
            changes.note(NoteKind::Converted, "reasoning_effort", "the model thinks only if it is told to");
        }
        None => changes.lost(NoteKind::Dropped, "reasoning_effort", "nobody knows what this effort is worth"),
    }
}
