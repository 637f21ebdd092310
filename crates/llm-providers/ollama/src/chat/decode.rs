//! A whole answer.

use http::Response;
use llm_provider_core::UpstreamError;
use llm_types::{
    ChatResponse, Choice, Extra, FinishReason, Message, MessageContent, Nullable, Role, ToolCall, UnixMs,
};
use serde_json::{Value, json};

use crate::media::media_type;
use crate::think::ThinkTags;
use crate::wire::{self, ChatMessage};
use crate::{error, usage};

/// Reads a whole answer of status 200.
pub(super) fn decode(response: &Response<&[u8]>) -> Result<ChatResponse, UpstreamError> {
    let body = *response.body();
    let unreadable = |why: String| UpstreamError::unreadable(response.status(), body, why);
    let value: Value = serde_json::from_slice(body).map_err(|why| unreadable(why.to_string()))?;
    if let Some(words) = error::said(&value) {
        return Err(error::in_answer(&words, body));
    }
    let answer: wire::ChatResponse =
        llm_types::from_value(value).map_err(|why| unreadable(why.to_string()))?;
    let Nullable::Value(said) = &answer.message else {
        return Err(unreadable("message: is missing".to_owned()));
    };
    let id = answer_id(&answer);
    let mut choice = Choice::new(message(said, &id), FinishReason::Stop);
    let called = choice.message.tool_calls.is_value();
    let native = answer.done_reason.as_deref().unwrap_or_default();
    let reason = finish_reason(native, called);
    keep_native(native, &reason, &mut choice.extra);
    choice.finish_reason = Nullable::Value(reason);
    if let Some(logprobs) = answer.logprobs.get() {
        choice.logprobs = Nullable::Value(json!({ "content": logprobs, "refusal": null }));
    }
    let mut out = ChatResponse::new(id, 0, String::new(), choice);
    out.created = created(&answer);
    out.model = answer.model.clone();
    out.usage = usage::canonical(&answer.prompt_eval_count, &answer.eval_count).into();
    let specifics = specifics(&answer);
    if !specifics.is_empty() {
        out.provider_specific_fields = Nullable::Value(specifics);
    }
    Ok(out)
}

fn message(said: &ChatMessage, id: &str) -> Message {
    let mut message = Message::empty(Role::Assistant);
    let text = said.content.as_deref().unwrap_or_default();
    let (thought, text) = match said.thinking.as_deref().filter(|thought| !thought.is_empty()) {
        Some(thought) => (thought.to_owned(), text.to_owned()),
        None => {
            let mut tags = ThinkTags::default();
            let (mut thought, mut text) = tags.push(text);
            let rest = tags.finish();
            thought.push_str(&rest.0);
            text.push_str(&rest.1);
            (thought, text)
        }
    };
    let calls = said.tool_calls.get().map(Vec::as_slice).unwrap_or_default();
    message.content = if text.is_empty() && !calls.is_empty() {
        Nullable::Null
    } else {
        Nullable::Value(MessageContent::Text(text))
    };
    if !thought.is_empty() {
        message.reasoning_content = Nullable::Value(thought);
    }
    if !calls.is_empty() {
        let calls = calls.iter().enumerate().map(|(index, one)| call(one, id, index));
        message.tool_calls = Nullable::Value(calls.collect());
    }
    if let Some(images) = images(said, 0) {
        message.extra.insert("images".to_owned(), images);
    }
    let specifics = beside(said);
    if !specifics.is_empty() {
        message.provider_specific_fields = Nullable::Value(specifics);
    }
    message
}

/// What a message says that has no place elsewhere: images that a model made, unknown members.
pub(super) fn beside(said: &ChatMessage) -> Extra {
    said.extra.clone()
}

/// The images that the model made, where LiteLLM has those of other vendors: in a member `images` beside the text. `before`
/// are those that were told already.
pub(super) fn images(said: &ChatMessage, before: usize) -> Option<Value> {
    let images = said.images.get().filter(|images| !images.is_empty())?;
    let image = |(index, data): (usize, &String)| {
        let url = format!("data:{};base64,{data}", media_type(data));
        json!({ "type": "image_url", "image_url": { "url": url }, "index": before + index })
    };
    Some(images.iter().enumerate().map(image).collect())
}

/// A call with its arguments as text, and a name where the server gives none: the answer's and its own number.
pub(super) fn call(call: &wire::ToolCall, id: &str, index: usize) -> ToolCall {
    let arguments = match call.function.arguments.get() {
        None => "{}".to_owned(),
        Some(Value::String(text)) if text.trim().is_empty() => "{}".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(arguments) => arguments.to_string(),
    };
    let own = call.id.as_deref().filter(|id| !id.is_empty());
    let name = own.map_or_else(|| format!("call_{}_{index}", id.trim_start_matches(ID)), str::to_owned);
    let mut out = ToolCall::function(name, call.function.name.as_str(), arguments);
    out.extra = call.extra.clone();
    if let Some(function) = out.function.get_mut() {
        function.extra = call.function.extra.clone();
    }
    out
}

/// How the names of answers begin.
const ID: &str = "ollama-";

/// A name for the answer, as Ollama gives none: made of the time that it tells, so that the same answer always gets the
/// same.
pub(super) fn answer_id(answer: &wire::ChatResponse) -> String {
    let at = answer.created_at.as_deref().unwrap_or_default();
    let digits: String = at.chars().filter(char::is_ascii_digit).collect();
    format!("{ID}{}", if digits.is_empty() { "0" } else { &digits })
}

/// When, in seconds since the epoch.
pub(super) fn created(answer: &wire::ChatResponse) -> Nullable<serde_json::Number> {
    answer
        .created_at
        .as_deref()
        .and_then(UnixMs::from_rfc3339)
        .map(UnixMs::seconds)
        .map(serde_json::Number::from)
        .into()
}

/// Why the model stopped. A model that calls tools wants them called, whatever the server says.
pub(crate) fn finish_reason(native: &str, called: bool) -> FinishReason {
    match native {
        "" | "stop" | "load" | "unload" if called => FinishReason::ToolCalls,
        "" | "stop" | "load" | "unload" => FinishReason::Stop,
        other => FinishReason::from(other),
    }
}

/// Keeps the server's own word beside ours.
pub(super) fn keep_native(native: &str, reason: &FinishReason, extra: &mut Extra) {
    if !native.is_empty() && native != reason.as_str() {
        extra.insert("provider_specific_fields".to_owned(), json!({ "native_finish_reason": native }));
    }
}

/// Durations and unknown members of an answer.
pub(super) fn specifics(answer: &wire::ChatResponse) -> Extra {
    let mut specifics = usage::durations([
        &answer.total_duration,
        &answer.load_duration,
        &answer.prompt_eval_duration,
        &answer.eval_duration,
    ]);
    specifics.extend(answer.extra.clone());
    specifics
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_stand_where_those_of_other_vendors_stand() {
        let said =
            json!({"role": "assistant", "content": "Here.", "images": ["/9j/AA", "iVBORw0KGgoA"], "own": 1});
        let said: ChatMessage = llm_types::from_value(said).unwrap();
        let message = message(&said, "id");
        let image =
            |index: usize, url: &str| json!({"type": "image_url", "image_url": {"url": url}, "index": index});
        assert_eq!(
            message.extra["images"],
            json!([
                image(0, "data:image/jpeg;base64,/9j/AA"),
                image(1, "data:image/png;base64,iVBORw0KGgoA")
            ])
        );
        assert_eq!(
            message.provider_specific_fields.get().unwrap(),
            &Extra::from_iter([("own".to_owned(), json!(1))])
        );
        assert_eq!(images(&said, 3).unwrap()[0]["index"], 3);
    }
}
