//! Chat: OpenAI's messages under the vendor's names.
//!
//! Source: IBM Cloud API docs, "IBM watsonx.ai", "Infer text chat" and "Infer text chat event stream", and the
//! parameters of the official Python package ibm-watsonx-ai 1.8, read 2026-11.

use http::{Response, Uri, request};
use llm_provider_core::{Call, EncodeError, SseEvent, UpstreamError};
use llm_provider_envelope::{
    Envelope, Opened, Opener, beside, effort_of_three, functions_only, json as tree, leave_out,
    leave_out_parts, plain_history,
};
use llm_provider_openai::Changes;
use llm_types::{ChatRequest, ContentPart, Extra};
use serde_json::{Value, json};

use crate::{error, head};

/// Members of OpenAI's requests that the vendor does not name.
const LACKS: &[&str] = &[
    "audio",
    "metadata",
    "modalities",
    "parallel_tool_calls",
    "prediction",
    "prompt_cache_key",
    "prompt_cache_retention",
    "safety_identifier",
    "service_tier",
    "store",
    "top_k",
    "user",
    "verbosity",
    "web_search_options",
];

/// `text/chat` and `text/chat_stream`.
#[derive(Debug)]
pub(crate) struct TextChat;

impl Envelope for TextChat {
    fn prepare(
        &self,
        request: &mut ChatRequest,
        _call: &Call<'_>,
        changes: &mut Changes<'_>,
    ) -> Result<(), EncodeError> {
        leave_out(request, LACKS, changes);
        functions_only(request, changes);
        effort_of_three(request, changes);
        plain_history(request, changes);
        leave_out_parts(request, changes, |part| !matches!(part, ContentPart::File(_)));
        Ok(())
    }

    fn address(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Uri, EncodeError> {
        head::uri(if request.streams() { "text/chat_stream" } else { "text/chat" }, call)
    }

    fn wrap(&self, mut body: Extra, _: &ChatRequest, call: &Call<'_>) -> Result<Extra, EncodeError> {
        body.shift_remove("model");
        body.shift_remove("stream");
        if body.get("tool_choice").is_some_and(Value::is_string)
            && let Some(choice) = body.shift_remove("tool_choice")
        {
            body.insert("tool_choice_option".to_owned(), choice);
        }
        if let Some(stop) = body.get_mut("stop").filter(|stop| stop.is_string()) {
            *stop = Value::Array(vec![stop.take()]);
        }
        head::owner(&mut body, call);
        Ok(body)
    }

    fn seal(&self, parts: &mut request::Parts, _: &[u8], call: &Call<'_>) -> Result<(), EncodeError> {
        head::credential(&mut parts.headers, call)
    }

    fn unwrap(&self, answer: Value) -> Value {
        named(answer, "chat.completion")
    }

    fn refusal(&self, response: &Response<&[u8]>) -> Option<UpstreamError> {
        error::refusal(response)
    }

    fn opener(&self) -> Box<dyn Opener> {
        Box::new(Events)
    }
}

/// OpenAI's names for what the vendor names otherwise.
fn named(mut answer: Value, object: &str) -> Value {
    let Some(members) = answer.as_object_mut().filter(|members| members.contains_key("choices")) else {
        return answer;
    };
    if let Some(model) = members.shift_remove("model_id")
        && members.get("model").is_none_or(Value::is_null)
    {
        members.insert("model".to_owned(), model);
    }
    members.entry("object").or_insert_with(|| object.into());
    let choices = members.get_mut("choices").and_then(Value::as_array_mut).into_iter().flatten();
    for choice in choices.filter(|choice| choice["finish_reason"] == "time_limit") {
        // The vendor's limit of time is a limit like that of tokens.
        choice["finish_reason"] = "length".into();
        beside(choice, json!({ "native_finish_reason": "time_limit" }));
    }
    answer
}

/// The events of one stream.
#[derive(Debug)]
struct Events;

impl Opener for Events {
    fn open(&mut self, event: &SseEvent<'_>) -> Opened {
        match tree(event) {
            Some(chunk) if chunk.get("choices").is_some() => {
                Opened::Chunks(vec![named(chunk, "chat.completion.chunk")])
            }
            // The end of the stream says nothing, as far as anybody knows.
            Some(Value::Object(mut rest)) if event.event == b"close" && !rest.is_empty() => {
                rest.insert("object".to_owned(), "chat.completion.chunk".into());
                rest.insert("choices".to_owned(), json!([]));
                Opened::Chunks(vec![rest.into()])
            }
            _ => Opened::AsItIs,
        }
    }
}
