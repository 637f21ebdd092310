//! Chat: OpenAI's oldest form of functions, and few of its parameters.
//!
//! Source: GigaChat API reference, "Chat completions" (POST /chat/completions), and the official Python package gigachat,
//! read 2026-11.

use http::header::{AUTHORIZATION, HeaderValue};
use http::{Uri, request};
use llm_provider_core::{Call, EncodeError, NoteKind, unplaced_in_form};
use llm_provider_envelope::{
    Envelope, Opener, address, effort_of_three, functions_only, leave_out, plain_history, said_by_prompt,
    texts_only, unplaced,
};
use llm_provider_openai::Changes;
use llm_types::{ChatRequest, Extra, Nullable, ResponseFormat, Tool, ToolChoice, ToolChoiceMode};
use serde_json::{Value, json};

use crate::answer::{self, Events, States};
use crate::{messages, vendor};

/// Members of OpenAI's requests that the vendor does not name.
const LACKS: &[&str] = &[
    "audio",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "metadata",
    "modalities",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_cache_retention",
    "safety_identifier",
    "seed",
    "service_tier",
    "stop",
    "store",
    "stream_options",
    "top_k",
    "top_logprobs",
    "user",
    "verbosity",
    "web_search_options",
];

/// `chat/completions`.
#[derive(Debug)]
pub(crate) struct Functions;

impl Envelope for Functions {
    fn prepare(
        &self,
        request: &mut ChatRequest,
        _call: &Call<'_>,
        changes: &mut Changes<'_>,
    ) -> Result<(), EncodeError> {
        leave_out(request, LACKS, changes);
        unplaced(request, changes);
        changes.add(unplaced_in_form(request));
        functions_only(request, changes);
        effort_of_three(request, changes);
        for (index, tool) in request.tools.get_mut().into_iter().flatten().enumerate() {
            let Tool::Function(tool) = tool else { continue };
            for name in std::mem::take(&mut tool.extra).keys() {
                let path = format!("tools[{index}].{name}");
                changes.note(NoteKind::Dropped, path, "the vendor's functions have no such member");
            }
        }
        plain_history(request, changes);
        if !matches!(request.response_format.get(), Some(ResponseFormat::JsonSchema(_))) {
            said_by_prompt(request, changes);
        }
        if request.tool_choice.get() == Some(&ToolChoice::Mode(ToolChoiceMode::Required)) {
            changes.lost(NoteKind::Converted, "tool_choice", "auto; the vendor cannot be made to call");
        }
        if request.temperature.get().is_some_and(|temperature| temperature.as_f64() == Some(0.0)) {
            request.temperature = Nullable::Absent;
            request.top_p = Nullable::Value(0.into());
            changes.note(NoteKind::Converted, "temperature", "as `top_p` 0");
        }
        messages::attachments(request, changes);
        texts_only(request, changes);
        for (index, message) in request.messages.iter_mut().enumerate() {
            messages::bare(message, &format!("messages[{index}]"), changes);
            if message.tool_call_id.is_absent() && message.name.take().is_some() {
                let path = format!("messages[{index}].name");
                changes.note(NoteKind::Dropped, path, "the vendor knows no names of speakers");
            }
            if message.tool_call_id.is_value() {
                changes.note(NoteKind::Converted, format!("messages[{index}].tool_call_id"), "by its place");
            }
            if message.tool_calls.get().is_some_and(|calls| calls.len() > 1) {
                let path = format!("messages[{index}].tool_calls");
                changes.note(
                    NoteKind::Converted,
                    path,
                    "one after the other: the vendor calls one at a time",
                );
            }
            for (number, _) in message.tool_calls.get().into_iter().flatten().enumerate() {
                let path = format!("messages[{index}].tool_calls[{number}].id");
                changes.note(NoteKind::Converted, path, "as `functions_state_id`, where it is one");
            }
        }
        // Places are the client's until here.
        messages::late_instructions(request, changes);
        request.messages = messages::calls(&request.messages);
        Ok(())
    }

    fn address(&self, _: &ChatRequest, call: &Call<'_>) -> Result<Uri, EncodeError> {
        address(call.base_url_or(vendor::BASE_URL), "/chat/completions")
    }

    fn wrap(&self, mut body: Extra, _: &ChatRequest, _: &Call<'_>) -> Result<Extra, EncodeError> {
        body.retain(|_, value| !value.is_null());
        messages::functions(&mut body);
        if let Some(mut format) = body.get_mut("response_format").map(Value::take) {
            let mut inner = format["json_schema"].take();
            let mut flat = json!({ "type": "json_schema", "schema": inner["schema"].take() });
            if inner["strict"].is_boolean() {
                flat["strict"] = inner["strict"].take();
            }
            body.insert("response_format".to_owned(), flat);
        }
        for message in body.get_mut("messages").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(members) = message.as_object_mut() {
                members.retain(|_, value| !value.is_null());
                // The vendor demands a text in every message.
                members.entry("content").or_insert_with(|| "".into());
            }
        }
        Ok(body)
    }

    fn seal(&self, parts: &mut request::Parts, _: &[u8], call: &Call<'_>) -> Result<(), EncodeError> {
        token_in_hand(parts, call)
    }

    fn unwrap(&self, answer: Value) -> Value {
        if answer.get("choices").is_none() {
            return answer;
        }
        let mut answer = answer::canonical(answer, &mut States::default());
        answer::name(&mut answer);
        answer
    }

    fn opener(&self) -> Box<dyn Opener> {
        Box::new(Events::default())
    }
}

/// Puts a token from the settings into the head; the caller's own header wins.
pub(crate) fn token_in_hand(parts: &mut request::Parts, call: &Call<'_>) -> Result<(), EncodeError> {
    let Some(token) = call.parameter("gigachat_access_token") else { return Ok(()) };
    if call.headers.contains_key(AUTHORIZATION) {
        return Ok(());
    }
    let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
        .map_err(|_| EncodeError::Setup("the token holds what a header cannot".to_owned()))?;
    value.set_sensitive(true);
    parts.headers.insert(AUTHORIZATION, value);
    Ok(())
}
