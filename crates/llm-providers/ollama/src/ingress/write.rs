//! A whole answer as Ollama's.

use llm_provider_core::{Beside, Kept, Note, NoteKind, Outgoing, Reply, lost_signatures};
use llm_types::{
    ChatResponse, Extra, FinishReason, Message, MessageContent, Nullable, ToolCall, UnixMs, Usage,
};
use serde_json::{Number, Value, json};

use super::{Form, to_bytes};
use crate::usage;
use crate::wire::{self, ChatMessage, ToolFunction};

/// The answer, and what it has no place for.
pub(super) fn write(form: Form, response: &ChatResponse, reply: &Reply) -> Outgoing {
    let mut notes = Vec::new();
    let choice = response.choices.first();
    if response.choices.len() > 1 {
        notes.push(Note::dropped("choices[1..]", "an answer of Ollama's is one"));
    }
    let mut message =
        choice.map_or_else(|| ChatMessage::new("assistant"), |choice| said(&choice.message, &mut notes));
    if message.content.is_absent() {
        message.content = Nullable::Value(String::new());
    }
    if form == Form::Generate && message.tool_calls.take().is_some() {
        notes.push(Note::dropped("choices[0].message.tool_calls", "what is generated calls no tools"));
    }
    let images = message.images.take();
    if form == Form::Generate && images.is_some() {
        notes.push(Note::dropped("choices[0].message.images", "what is generated is text"));
    }
    let reason = choice.and_then(|choice| choice.finish_reason.get());
    if reason == Some(&FinishReason::ContentFilter) {
        notes.push(Note::new(NoteKind::Converted, "choices[0].finish_reason", WITHHELD));
    }
    let created =
        response.created.get().and_then(Number::as_i64).filter(|at| *at > 0).unwrap_or(reply.created_s);
    let model = response.model.as_deref().filter(|model| !model.is_empty()).unwrap_or(&reply.model);
    let mut line = wire::ChatResponse {
        model: Nullable::Value(model.to_owned()),
        created_at: Nullable::Value(UnixMs(created.saturating_mul(1000)).rfc3339()),
        message: Nullable::Value(message),
        ..wire::ChatResponse::default()
    };
    if form == Form::Chat {
        beside(&mut line, images.unwrap_or_default());
    }
    end(&mut line, reason, response.usage.get(), response.provider_specific_fields.get());
    if let Some(logprobs) = choice.and_then(|choice| choice.logprobs.get()) {
        line.logprobs = tokens(logprobs).into();
    }
    let mut beside = Beside::of(response);
    if let Some(logprobs) = choice.and_then(|choice| choice.logprobs.get()).filter(|told| !is_simple(told)) {
        beside.put("logprobs", logprobs.clone());
    }
    if let Some(tier) = response.service_tier.get() {
        beside.put("service_tier", tier.as_str());
    }
    rest(&mut line, beside, response.usage.get());
    let body = match form {
        Form::Chat => to_bytes(&line),
        Form::Generate => to_bytes(&generated(line)),
    };
    Outgoing { body, notes }
}

/// Whether Ollama's form says all of these log probabilities.
fn is_simple(logprobs: &Value) -> bool {
    logprobs.get("refusal").and_then(Value::as_array).is_none_or(Vec::is_empty)
}

/// What is said beside the answer, in members that Ollama's own do not have.
pub(super) fn rest(line: &mut wire::ChatResponse, mut beside: Beside, told: Option<&Usage>) {
    for name in usage::DURATIONS {
        // What is no duration is another vendor's, whatever its name.
        if let Some(other) = beside.answer().get(name).filter(|told| !told.is_number()).cloned() {
            beside.put(name, other);
        }
    }
    beside.forget_reason(line.done_reason.as_deref().unwrap_or_default());
    beside.take_answer(|name| usage::DURATIONS.contains(&name));
    beside.count(told, |_| false);
    line.extra.extend(beside.take_answer(|name| !KNOWN.contains(&name)));
    beside.write(&mut line.extra);
}

/// Members of an answer, which another vendor's word may not stand in for.
const KNOWN: &[&str] = &[
    "model",
    "created_at",
    "message",
    "response",
    "thinking",
    "done",
    "done_reason",
    "prompt_eval_count",
    "eval_count",
    "logprobs",
    "error",
];

/// The members that only the last line has.
pub(super) fn end(
    line: &mut wire::ChatResponse,
    reason: Option<&FinishReason>,
    told: Option<&Usage>,
    specifics: Option<&Extra>,
) {
    let counts = told.map(Usage::counts).unwrap_or_default();
    line.done = Nullable::Value(true);
    line.done_reason = Nullable::Value(done_reason(reason).to_owned());
    line.total_duration = usage::duration(specifics, "total_duration");
    line.load_duration = usage::duration(specifics, "load_duration");
    line.prompt_eval_count = Nullable::Value(counts.input_total().into());
    line.prompt_eval_duration = usage::duration(specifics, "prompt_eval_duration");
    line.eval_count = Nullable::Value(counts.output_total().into());
    line.eval_duration = usage::duration(specifics, "eval_duration");
}

/// What becomes of content that was withheld: Ollama has no word for it.
pub(super) const WITHHELD: &str = "withheld, as `stop`";

/// Ollama tells an end from a cut; calls are an end.
fn done_reason(reason: Option<&FinishReason>) -> &str {
    match reason {
        Some(FinishReason::Length) => "length",
        _ => "stop",
    }
}

/// Log probabilities of the tokens, as OpenAI's list them.
pub(super) fn tokens(logprobs: &Value) -> Option<Vec<Value>> {
    logprobs.get("content")?.as_array().filter(|tokens| !tokens.is_empty()).cloned()
}

fn said(message: &Message, notes: &mut Vec<Note>) -> ChatMessage {
    let mut out = ChatMessage::new("assistant");
    let mut text = message.content.get().map(MessageContent::text).unwrap_or_default().into_owned();
    text.push_str(message.refusal.as_deref().unwrap_or_default());
    if text.is_empty()
        && let Some(words) = message.audio.get().and_then(|audio| audio.transcript.as_deref())
    {
        text.push_str(words);
    }
    out.content = Nullable::Value(text);
    let blocks = message.thinking_blocks.get().map(Vec::as_slice).unwrap_or_default();
    let thought = match message.reasoning_content.as_deref() {
        Some(thought) => thought.to_owned(),
        None => blocks.iter().filter_map(|block| block.thinking.as_deref()).collect(),
    };
    if !thought.is_empty() {
        out.thinking = Nullable::Value(thought);
    }
    let signed_calls = message.tool_calls.as_deref().unwrap_or_default();
    let kept = Kept::of_message(message.provider_specific_fields.get(), &message.extra, &[]);
    notes.extend(lost_signatures(blocks, signed_calls, &kept, "choices[0].message.", "Ollama's"));
    if message.audio.is_value() {
        notes.push(Note::dropped("choices[0].message.audio", "Ollama's answers have no sound"));
    }
    if message.annotations.get().is_some_and(|annotations| !annotations.is_empty()) {
        notes.push(Note::dropped("choices[0].message.annotations", "Ollama's answers have no sources"));
    }
    let images = images(&message.extra, "choices[0].message.images", notes);
    if !images.is_empty() {
        out.images = Nullable::Value(images);
    }
    let mut calls: Vec<wire::ToolCall> = Vec::new();
    for call in message.tool_calls.get().into_iter().flatten() {
        calls.extend(whole_call(call, calls.len(), notes));
    }
    if let Some(function) = message.function_call.get() {
        let mut call = ToolCall::function("call_0", "", "");
        call.function = Nullable::Value(function.clone());
        calls.extend(whole_call(&call, calls.len(), notes));
    }
    if !calls.is_empty() {
        out.tool_calls = Nullable::Value(calls);
    }
    out
}

/// The images that a model made, as base64: vendors put them where LiteLLM does, in a member `images` beside the text.
pub(super) fn images(extra: &Extra, path: &str, notes: &mut Vec<Note>) -> Vec<String> {
    let mut out = Vec::new();
    for image in extra.get("images").and_then(Value::as_array).into_iter().flatten() {
        let url = image.pointer("/image_url/url").and_then(Value::as_str);
        match url.and_then(|url| url.strip_prefix("data:")?.split_once(";base64,")) {
            Some((_, data)) => out.push(data.to_owned()),
            None if notes.iter().any(|note| note.path == path) => {}
            None => notes.push(Note::dropped(path, "Ollama's answers hold images by value")),
        }
    }
    out
}

/// Puts images beside the message. Ollama's own Python client fails on answers that hold base64 text inside of it: its
/// type of an image reads only what it wrote itself.
///
/// Source: ollama-python 0.6.3, `ollama/_types.py`, `Image`, read 2026-11.
pub(super) fn beside(line: &mut wire::ChatResponse, images: Vec<String>) {
    if !images.is_empty() {
        line.extra.insert("images".to_owned(), images.into());
    }
}

/// A call with an object for arguments.
pub(super) fn whole_call(call: &ToolCall, index: usize, notes: &mut Vec<Note>) -> Option<wire::ToolCall> {
    let (name, arguments) = match (call.function.get(), call.custom.get()) {
        (Some(function), _) => {
            let text = function.arguments.as_deref().unwrap_or_default();
            let arguments = match serde_json::from_str(text) {
                Ok(arguments @ Value::Object(_)) => arguments,
                Err(_) if text.trim().is_empty() => json!({}),
                Ok(_) | Err(_) => {
                    let path = format!("choices[0].message.tool_calls[{index}].function.arguments");
                    let detail = "no JSON object; kept as the text `arguments` of one";
                    notes.push(Note::new(NoteKind::Converted, path, detail));
                    json!({ "arguments": text })
                }
            };
            (function.name.as_deref().unwrap_or_default(), arguments)
        }
        (None, Some(custom)) => {
            let input = json!({ "input": custom.input.as_deref().unwrap_or_default() });
            (custom.name.as_deref().unwrap_or_default(), input)
        }
        (None, None) => return None,
    };
    Some(wire::ToolCall {
        function: ToolFunction {
            name: name.to_owned(),
            index: Nullable::Value((index as u64).into()),
            arguments: Nullable::Value(arguments),
            extra: Extra::new(),
        },
        id: call.id.clone(),
        extra: Extra::new(),
    })
}

/// A line of chat as a line of `/api/generate`.
pub(super) fn generated(line: wire::ChatResponse) -> wire::GenerateResponse {
    let message = line.message.into_option();
    let (content, thinking) = message
        .map_or((None, None), |message| (message.content.into_option(), message.thinking.into_option()));
    wire::GenerateResponse {
        model: line.model,
        created_at: line.created_at,
        response: Nullable::Value(content.unwrap_or_default()),
        thinking: thinking.into(),
        done: line.done,
        done_reason: line.done_reason,
        total_duration: line.total_duration,
        load_duration: line.load_duration,
        prompt_eval_count: line.prompt_eval_count,
        prompt_eval_duration: line.prompt_eval_duration,
        eval_count: line.eval_count,
        eval_duration: line.eval_duration,
        logprobs: line.logprobs,
        extra: line.extra,
    }
}
