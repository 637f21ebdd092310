//! Conversations that the vendor would refuse, put right before they are sent: `modify_params`.
//!
//! What there is to do is the vendor's [`Demands`]; each change is told in a note.
//!
//! Source: LiteLLM documentation, "Message Sanitization for Tool Calling", "Reliability" (`modify_params`) and "Bedrock",
//! read 2026-11.

use std::collections::HashMap;

use llm_provider_core::{Demands, Note, NoteKind};
use llm_types::{ChatRequest, ContentPart, Message, MessageContent, Nullable, Role};
use serde_json::Value;

use crate::deployment::Window;

/// What somebody says where somebody has to say something.
const GO_ON: &str = "Please continue.";

/// Bytes of a prompt that one token stands for: nothing is counted on the way of a request.
const BYTES_PER_TOKEN: u64 = 4;

/// Tokens kept free, at least, beside an estimated prompt.
const SPARE_TOKENS: u64 = 10;

/// Puts a request right; a note for each change.
pub(super) fn mend(request: &mut ChatRequest, demands: &Demands) -> Vec<Note> {
    let mut notes = Vec::new();
    if let Some(stand_in) = demands.instead_of_blank {
        fill_blanks(&mut request.messages, stand_in, &mut notes);
    }
    if demands.paired_calls {
        pair_calls(&mut request.messages, &mut notes);
    }
    if demands.turns {
        part_turns(&mut request.messages, &mut notes);
    }
    ends(&mut request.messages, demands, &mut notes);
    if demands.thinking_before_calls && thinking_is_lost(&request.messages) {
        let mut leave_out = |name: &str, is_said: bool| {
            if is_said {
                notes
                    .push(note(name, "left out: the turn that called tools comes back without its thinking"));
            }
        };
        leave_out("thinking", request.thinking.is_value());
        leave_out("reasoning_effort", request.reasoning_effort.is_value());
        request.thinking = Nullable::Absent;
        request.reasoning_effort = Nullable::Absent;
    }
    if demands.cache_brings_all
        && ["cached_content", "cachedContent"].iter().any(|name| is_said(request, name))
    {
        leave_to_cache(request, &mut notes);
    }
    notes
}

/// The limit that a request may have of the one that it asks for; `None` if that may stay.
///
/// `prompt_bytes` stand in for the tokens of the prompt, which matter where prompt and answer share one window.
pub(super) fn fitting_limit(asked: u64, window: Window, prompt_bytes: u64) -> Option<u64> {
    let most = window.max_output_tokens?;
    if window.max_input_tokens != Some(most) {
        return (asked > most).then_some(most);
    }
    let prompt = prompt_bytes.div_ceil(BYTES_PER_TOKEN);
    let prompt = prompt + (prompt / 10).max(SPARE_TOKENS);
    // A prompt that does not fit by itself is the vendor's to refuse.
    (prompt < most && asked + prompt > most).then(|| most - prompt)
}

/// The note on a limit that was put right.
pub(super) fn limit_note(name: &str, limit: u64) -> Note {
    note(name, format!("to {limit}, as much as the model writes"))
}

fn note(path: impl Into<String>, detail: impl Into<String>) -> Note {
    Note::new(NoteKind::Configured, path, format!("{}, for `modify_params`", detail.into()))
}

fn is_said(request: &ChatRequest, name: &str) -> bool {
    request.extra.get(name).is_some_and(|value| !value.is_null())
}

/// Blank words of the user and the model: left out where the model called tools or said something else, replaced
/// elsewhere.
fn fill_blanks(messages: &mut [Message], stand_in: &str, notes: &mut Vec<Note>) {
    for (index, message) in messages.iter_mut().enumerate() {
        let is_model = message.role == Role::Assistant;
        if !is_model && message.role != Role::User {
            continue;
        }
        let calls = message.tool_calls.get().is_some_and(|calls| !calls.is_empty())
            || message.function_call.is_value()
            || message.thinking_blocks.get().is_some_and(|blocks| !blocks.is_empty());
        let path = format!("messages[{index}].content");
        match message.content.get_mut() {
            Some(MessageContent::Text(text)) if text.trim().is_empty() => {
                if is_model && calls {
                    message.content = Nullable::Null;
                    notes.push(note(path, "blank text left out"));
                } else {
                    stand_in.clone_into(text);
                    notes.push(note(path, "words in the place of blank ones"));
                }
            }
            Some(MessageContent::Parts(parts)) => {
                let is_blank = |part: &ContentPart| matches!(part, ContentPart::Text(part) if part.text.trim().is_empty());
                let says_more = calls || parts.iter().any(|part| !matches!(part, ContentPart::Text(_)));
                if parts.is_empty() && !is_model {
                    parts.push(ContentPart::text(stand_in));
                    notes.push(note(path, "words in the place of none"));
                } else if !parts.iter().any(is_blank) {
                } else if is_model && says_more {
                    parts.retain(|part| !is_blank(part));
                    notes.push(note(path, "blank text left out"));
                } else {
                    for part in parts.iter_mut() {
                        if let ContentPart::Text(part) = part
                            && part.text.trim().is_empty()
                        {
                            stand_in.clone_into(&mut part.text);
                        }
                    }
                    notes.push(note(path, "words in the place of blank ones"));
                }
            }
            None if !is_model => {
                message.content = Nullable::Value(stand_in.into());
                notes.push(note(path, "words in the place of none"));
            }
            Some(MessageContent::Text(_)) | None => {}
        }
    }
}

/// Each call gets one result, right after the calls: made up where there is none, the last where there are several. A
/// result without a call goes.
fn pair_calls(messages: &mut Vec<Message>, notes: &mut Vec<Note>) {
    let given: Vec<(usize, Message)> = std::mem::take(messages).into_iter().enumerate().collect();
    // From one turn of the model to the next.
    for part in split_before(given, |message| message.role == Role::Assistant) {
        let calls = part.first().map_or_else(Vec::new, |(_, message)| calls_of(message));
        let mut results: HashMap<String, Message> = HashMap::new();
        let mut order = Vec::new();
        let mut others = Vec::new();
        for (index, message) in part {
            let Some(id) = result_id(&message).map(ToOwned::to_owned) else {
                others.push((index, message));
                continue;
            };
            if !calls.iter().any(|(called, _)| *called == id) {
                notes.push(note(format!("messages[{index}]"), "a result left out whose call is not there"));
                continue;
            }
            if !others.iter().skip(1).all(|(_, other)| is_result(other)) {
                notes.push(note(format!("messages[{index}]"), "a result moved to its call"));
            }
            match results.insert(id.clone(), message) {
                None => order.push(id),
                Some(_) => {
                    let what = format!("the last of several results of `{id}`; the others are left out");
                    notes.push(note(format!("messages[{index}]"), what));
                }
            }
        }
        let mut others = others.into_iter().map(|(_, message)| message);
        if !calls.is_empty() {
            messages.extend(others.next());
        }
        messages.extend(order.iter().filter_map(|id| results.remove(id)));
        for (id, name) in calls.iter().filter(|(id, _)| !order.contains(id)) {
            let text = format!(
                "[System: Tool execution skipped/interrupted by user. No result provided for tool '{name}'.]"
            );
            notes.push(note("messages", format!("a result made up for the call `{id}`, which has none")));
            messages.push(Message::tool(id.clone(), text));
        }
        messages.extend(others);
    }
}

/// The items in parts, each but perhaps the first beginning with one that `begins`.
fn split_before(
    items: Vec<(usize, Message)>,
    begins: impl Fn(&Message) -> bool,
) -> Vec<Vec<(usize, Message)>> {
    let mut parts: Vec<Vec<(usize, Message)>> = Vec::new();
    for item in items {
        match parts.last_mut() {
            Some(part) if !begins(&item.1) => part.push(item),
            _ => parts.push(vec![item]),
        }
    }
    parts
}

fn is_result(message: &Message) -> bool {
    matches!(message.role, Role::Tool | Role::Function)
}

/// The call that a message is the result of.
fn result_id(message: &Message) -> Option<&str> {
    if is_result(message) { message.tool_call_id.as_deref() } else { None }
}

/// Ids and tools' names of a message's calls.
fn calls_of(message: &Message) -> Vec<(String, String)> {
    let calls = message.tool_calls.get().map_or(&[][..], Vec::as_slice);
    calls
        .iter()
        .filter_map(|call| {
            let function = call.function.get().and_then(|function| function.name.as_deref());
            let custom = call.custom.get().and_then(|custom| custom.name.as_deref());
            let name = function.or(custom).unwrap_or("unknown_tool");
            Some((call.id.as_deref()?.to_owned(), name.to_owned()))
        })
        .collect()
}

/// Puts words of the model between results of tools and words of the user.
fn part_turns(messages: &mut Vec<Message>, notes: &mut Vec<Note>) {
    let mut at = 1;
    while at < messages.len() {
        let (before, after) = (&messages[at - 1], &messages[at]);
        let apart =
            is_result(before) && after.role == Role::User || before.role == Role::User && is_result(after);
        if apart {
            notes.push(note(format!("messages[{at}]"), "after words of the model that were put in"));
            messages.insert(at, Message::assistant(GO_ON));
        }
        at += 1;
    }
}

/// Lets somebody speak, and the user first and last, where the vendor demands it.
fn ends(messages: &mut Vec<Message>, demands: &Demands, notes: &mut Vec<Note>) {
    let instructs = |message: &Message| matches!(message.role, Role::System | Role::Developer);
    let go_on = || Message::user(GO_ON);
    let Some(first) = messages.iter().position(|message| !instructs(message)) else {
        if demands.a_message {
            messages.push(go_on());
            notes.push(note("messages", "a message of the user put in, as there was none"));
        }
        return;
    };
    let is_prefix = |message: &Message| message.extra.get("prefix").and_then(Value::as_bool) == Some(true);
    if demands.user_first && messages[first].role == Role::Assistant && !is_prefix(&messages[first]) {
        messages.insert(first, go_on());
        notes.push(note("messages", "begin with words of the user that were put in"));
    }
    let last = messages.iter().rev().find(|message| !instructs(message));
    if demands.user_last && last.is_some_and(|last| last.role == Role::Assistant && !is_prefix(last)) {
        messages.push(go_on());
        notes.push(note("messages", "end with words of the user that were put in"));
    }
}

/// Whether the last turn that called tools comes back without its thinking, and no other turn brings any.
fn thinking_is_lost(messages: &[Message]) -> bool {
    let thought = |message: &Message| message.thinking_blocks.get().is_some_and(|blocks| !blocks.is_empty());
    let mut turns = messages.iter().filter(|message| message.role == Role::Assistant);
    let calls = messages.iter().any(|message| {
        message.role == Role::Assistant && message.tool_calls.get().is_some_and(|c| !c.is_empty())
    });
    calls && !turns.any(thought)
}

/// Leaves out what the cached prompt brings itself.
fn leave_to_cache(request: &mut ChatRequest, notes: &mut Vec<Note>) {
    let why = "left out: the cached prompt has its own";
    let instructs = |message: &Message| matches!(message.role, Role::System | Role::Developer);
    if request.messages.iter().any(instructs) {
        request.messages.retain(|message| !instructs(message));
        notes.push(note("messages", format!("instructions {why}")));
    }
    for (name, is_said) in [
        ("tools", request.tools.is_value()),
        ("functions", request.functions.is_value()),
        ("tool_choice", request.tool_choice.is_value()),
    ] {
        if is_said {
            notes.push(note(name, why));
        }
    }
    request.tools = Nullable::Absent;
    request.functions = Nullable::Absent;
    request.tool_choice = Nullable::Absent;
}

#[cfg(test)]
mod tests;
