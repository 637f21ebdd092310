//! A conversation as the input of a model that takes one text.

use llm_provider_core::NoteKind;
use llm_provider_openai::Changes;
use llm_types::{ChatRequest, ContentPart, Extra, ImageSource, Message, MessageContent, Nullable, Role};
use serde_json::{Value, json};

/// Takes images out of the messages: the first is the input's own, and there is room for no other.
pub(crate) fn first_image(request: &mut ChatRequest, changes: &mut Changes<'_>) -> Option<String> {
    let mut first = None;
    for (at, message) in request.messages.iter_mut().enumerate() {
        let Some(MessageContent::Parts(parts)) = message.content.get_mut() else { continue };
        let mut index = 0;
        parts.retain_mut(|part| {
            let path = format!("messages[{at}].content[{index}]");
            let ContentPart::ImageUrl(image) = part else {
                index += 1;
                return true;
            };
            if let ImageSource::Url(image) = &image.image_url
                && image.detail.get().is_some_and(|detail| detail != "auto")
            {
                let path = format!("{path}.image_url.detail");
                changes.note(NoteKind::Dropped, path, "the vendor's images have no such member");
            }
            if first.is_none() {
                first = Some(image.image_url.url().to_owned());
                changes.note(NoteKind::Moved, path, "into the input's `image`");
            } else {
                changes.lost(NoteKind::Dropped, path, "the vendor's input has one `image`");
            }
            changes.taken_out(format!("messages[{at}].content"), index);
            false
        });
    }
    first
}

/// Instructions, and a prompt that is one message, name nobody.
pub(crate) fn names(request: &mut ChatRequest, changes: &mut Changes<'_>) {
    let instructions = request.messages.iter().take_while(|message| is_instruction(message)).count();
    let is_single = request.messages.len() == instructions + 1;
    let nameless = if is_single { instructions + 1 } else { instructions };
    for (at, message) in request.messages.iter_mut().enumerate().take(nameless) {
        if message.name.take().is_some() {
            changes.note(NoteKind::Dropped, format!("messages[{at}].name"), "a prompt names nobody");
        }
    }
}

fn is_instruction(message: &Message) -> bool {
    matches!(message.role, Role::System | Role::Developer)
}

/// Writes `prompt` and `system_prompt`.
pub(crate) fn conversation(messages: &[Message], input: &mut Extra) {
    let instructions: Vec<_> =
        messages.iter().take_while(|message| is_instruction(message)).map(text).collect();
    let rest = &messages[instructions.len()..];
    let prompt = match rest {
        [only] if only.role == Role::User => text(only),
        turns => transcript(turns),
    };
    input.insert("prompt".to_owned(), prompt.into());
    if !instructions.is_empty() {
        input.insert("system_prompt".to_owned(), instructions.join("\n\n").into());
    }
}

fn text(message: &Message) -> String {
    message.content.get().map(|content| content.text().into_owned()).unwrap_or_default()
}

/// Turns, each begun by who speaks; the model goes on where the last one ends.
fn transcript(turns: &[Message]) -> String {
    let mut out = String::new();
    for turn in turns {
        let speaker = match turn.role {
            Role::Assistant => "Assistant",
            Role::Tool | Role::Function => "Tool",
            Role::System | Role::Developer => "System",
            _ => "User",
        };
        let name = turn.name.get().map(|name| format!(" ({name})")).unwrap_or_default();
        out.push_str(&format!("{speaker}{name}: {}\n\n", text(turn)));
    }
    out.push_str("Assistant:");
    out
}

/// Writes what the model called, and the calls that results belong to, as text.
pub(crate) fn calls_as_text(request: &mut ChatRequest, changes: &mut Changes<'_>) {
    for (at, message) in request.messages.iter_mut().enumerate() {
        if let Some(id) = message.tool_call_id.take() {
            let words = format!("[result of {id}] {}", text(message));
            message.content = MessageContent::Text(words).into();
            let path = format!("messages[{at}].tool_call_id");
            changes.note(NoteKind::Converted, path, "into the text");
        }
        let calls = message.tool_calls.take().unwrap_or_default();
        if calls.is_empty() {
            continue;
        }
        let mut words = text(message);
        for call in &calls {
            let id = call.id.as_deref().unwrap_or_default();
            let function = call.function.get();
            let name = function.and_then(|function| function.name.as_deref()).unwrap_or_default();
            let arguments = function.and_then(|function| function.arguments.as_deref()).unwrap_or("{}");
            let separator = if words.is_empty() { "" } else { "\n" };
            words.push_str(&format!("{separator}[call {id} of {name}] {arguments}"));
        }
        message.content = MessageContent::Text(words).into();
        message.tool_calls = Nullable::Absent;
        changes.note(NoteKind::Converted, format!("messages[{at}].tool_calls"), "into the text");
    }
}

/// Renames what models there name otherwise.
pub(crate) fn members(model: &str, input: &mut Extra) {
    let limits = ["max_completion_tokens", "max_tokens"].map(|name| input.shift_remove(name));
    if let Some(limit) = limits.into_iter().flatten().find(|limit| !limit.is_null()) {
        input.insert(limit_name(model).to_owned(), limit);
    }
    if let Some(stop) = input.shift_remove("stop") {
        let stop = match stop {
            Value::Array(list) => {
                let texts: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
                json!(texts.join(","))
            }
            other => other,
        };
        if stop != "" {
            input.insert("stop_sequences".to_owned(), stop);
        }
    }
}

/// What a model calls its limit of tokens. Source: the models' pages on replicate.com, read 2026-11.
fn limit_name(model: &str) -> &'static str {
    if model.starts_with("openai/") {
        "max_completion_tokens"
    } else if model.contains("llama-2") {
        "max_new_tokens"
    } else if model.contains("vicuna") || model.contains("flan") {
        "max_length"
    } else {
        "max_tokens"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_by_model() {
        for (model, name) in [
            ("openai/gpt-5", "max_completion_tokens"),
            ("meta/llama-2-70b-chat", "max_new_tokens"),
            ("replicate/vicuna-13b", "max_length"),
            ("meta/meta-llama-3-8b-instruct", "max_tokens"),
            ("an-invented-model", "max_tokens"),
        ] {
            assert_eq!(limit_name(model), name);
        }
    }

    #[test]
    fn a_transcript() {
        let mut input = Extra::new();
        let turns = [Message::system("s"), Message::user("a"), Message::assistant("b"), Message::user("c")];
        conversation(&turns, &mut input);
        assert_eq!(input["system_prompt"], "s");
        assert_eq!(input["prompt"], "User: a\n\nAssistant: b\n\nUser: c\n\nAssistant:");
    }
}
