//! A whole answer.

use http::Response;
use llm_provider_core::UpstreamError;
use llm_types::{ChatResponse, Choice, Message, MessageContent, Nullable, ToolCall};
use serde_json::{Value, json};

use super::finish::{self, Verdict};
use super::think::ThinkTags;
use super::{parts, repair};
use crate::{AnswerOptions, error, usage};

/// Reads a whole answer of any status.
pub(super) fn decode(
    response: &Response<&[u8]>,
    options: &AnswerOptions,
) -> Result<ChatResponse, UpstreamError> {
    if !response.status().is_success() {
        return Err(error::read(response, &options.error_codes));
    }
    let mut answer = match serde_json::from_slice::<ChatResponse>(error::without_mark(response.body())) {
        Ok(answer) if !error::is_suspect(&answer.extra) => answer,
        _ => lenient(response, options)?,
    };
    let id = answer.id.as_deref().unwrap_or("0").to_owned();
    for (index, choice) in answer.choices.iter_mut().enumerate() {
        settle(choice, index, &id, options)?;
    }
    if !answer.usage.is_value() {
        answer.usage = usage::elsewhere(&answer.extra, &options.usage).map_or(answer.usage, Nullable::Value);
    }
    if let Some(usage) = answer.usage.get_mut() {
        usage::mend(usage, &options.usage);
    }
    Ok(answer)
}

/// Reads an answer that is a failure in spite of its status, or nearly right.
fn lenient(response: &Response<&[u8]>, options: &AnswerOptions) -> Result<ChatResponse, UpstreamError> {
    let body = *response.body();
    let mut value: Value = serde_json::from_slice(error::without_mark(body))
        .map_err(|error| UpstreamError::unreadable(response.status(), body, error))?;
    if error::is_error(&value) {
        return Err(error::read(response, &options.error_codes));
    }
    for choice in value.get_mut("choices").and_then(Value::as_array_mut).into_iter().flatten() {
        unsaid(choice);
    }
    repair::read(value).map_err(|error| UpstreamError::unreadable(response.status(), body, error))
}

/// Gives a choice that ended and says nothing an empty message: Azure leaves it out where its filter withheld the
/// words.
///
/// Source: Microsoft Learn, Azure OpenAI, "Content filtering", scenario details, read 2026-11.
fn unsaid(choice: &mut Value) {
    let ended = choice["finish_reason"].is_string();
    if let Some(members) = choice.as_object_mut()
        && ended
        && !members.contains_key("delta")
        && members.get("message").is_none_or(Value::is_null)
    {
        members.insert("message".to_owned(), json!({ "role": "assistant", "content": null }));
    }
}

/// Brings one choice into the canonical form.
fn settle(choice: &mut Choice, index: usize, id: &str, options: &AnswerOptions) -> Result<(), UpstreamError> {
    if !choice.index.is_value() {
        choice.index = u32::try_from(index).unwrap_or(u32::MAX).into();
    }
    let message = &mut choice.message;
    content(message, options);
    parts::lift(&message.extra, &mut message.reasoning_content, &mut message.thinking_blocks);
    let mut called = false;
    for (call_index, call) in message.tool_calls.get_mut().into_iter().flatten().enumerate() {
        called = true;
        whole_call(call, || format!("call_{id}_{index}_{call_index}"));
    }
    if let Some(native) = choice.finish_reason.get().cloned() {
        let ours = match Verdict::of(&native, called) {
            Verdict::Ended(reason) => reason,
            // The answer is whole, so it did end.
            Verdict::Empty if called => llm_types::FinishReason::ToolCalls,
            Verdict::Empty => llm_types::FinishReason::Stop,
            Verdict::Failed => return Err(finish::failure(&native, &choice.extra, &options.error_codes)),
        };
        finish::keep_native(&native, &ours, &mut choice.extra);
        choice.finish_reason = ours.into();
    }
    Ok(())
}

/// Tells thinking from text.
fn content(message: &mut Message, options: &AnswerOptions) {
    match message.content.take() {
        Some(MessageContent::Parts(list)) => {
            let split = parts::split(list);
            if let Some(text) = split.reasoning() {
                message.reasoning_content = text.into();
                message.thinking_blocks = split.thinking.into();
            }
            if !split.others.is_empty() {
                message
                    .provider_specific_fields
                    .get_or_insert_with(Default::default)
                    .insert("content_parts".to_owned(), json!(split.others));
            }
            message.content = MessageContent::Text(split.text).into();
        }
        Some(MessageContent::Text(text)) if options.think_tags && !message.reasoning_content.is_value() => {
            let mut tags = ThinkTags::default();
            let mut pieces = tags.push(&text);
            let rest = tags.finish();
            pieces.thinking.push_str(&rest.thinking);
            pieces.text.push_str(&rest.text);
            if !pieces.thinking.is_empty() {
                message.reasoning_content = pieces.thinking.into();
            }
            message.content = MessageContent::Text(pieces.text).into();
        }
        Some(text) => message.content = text.into(),
        None => message.content = Nullable::Null,
    }
}

/// Gives a call the id and the type that every client counts on.
fn whole_call(call: &mut ToolCall, id: impl FnOnce() -> String) {
    if call.id.as_deref().unwrap_or_default().is_empty() {
        call.id = id().into();
    }
    if !call.r#type.is_value() {
        call.r#type = if call.custom.is_value() { "custom" } else { "function" }.to_owned().into();
    }
    if let Some(function) = call.function.get_mut()
        && !function.arguments.is_value()
    {
        function.arguments = "{}".to_owned().into();
    }
}
