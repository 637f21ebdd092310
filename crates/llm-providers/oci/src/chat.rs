//! Chat in either form, told apart by the model's name.

use http::{Response, Uri, request};
use llm_provider_core::{Call, EncodeError, Framing, NoteKind, SseEvent, UpstreamError};
use llm_provider_envelope::{
    Envelope, Opened, Opener, bare_parts, beside, functions_only, leave_out, leave_out_parts, one_limit,
    plain_history, texts_only, unplaced, usage_alone,
};
use llm_provider_openai::Changes;
use llm_types::{ChatRequest, ContentPart, Extra, Tool};
use serde_json::{Value, json};

use crate::{cohere, error, generic, head, schema};

/// Members of OpenAI's requests that neither form has.
const LACKS: &[&str] = &[
    "audio",
    "modalities",
    "prediction",
    "prompt_cache_key",
    "prompt_cache_retention",
    "safety_identifier",
    "service_tier",
    "store",
    "user",
    "web_search_options",
];

/// Members that the form COHERE lacks besides.
const COHERE_LACKS: &[&str] = &[
    "logit_bias",
    "logprobs",
    "metadata",
    "n",
    "parallel_tool_calls",
    "reasoning_effort",
    "tool_choice",
    "top_logprobs",
    "verbosity",
];

/// `actions/chat`.
#[derive(Debug)]
pub(crate) struct OciChat;

/// Whether a model takes the form COHERE.
fn is_cohere(model: &str) -> bool {
    model.starts_with("cohere.")
}

impl Envelope for OciChat {
    fn prepare(
        &self,
        request: &mut ChatRequest,
        call: &Call<'_>,
        changes: &mut Changes<'_>,
    ) -> Result<(), EncodeError> {
        leave_out(request, LACKS, changes);
        one_limit(request, changes);
        unplaced(request, changes);
        usage_alone(request, changes);
        for (index, tool) in request.tools.get_mut().into_iter().flatten().enumerate() {
            if let Tool::Function(tool) = tool
                && let Some(parameters) = tool.function.parameters.get_mut()
                && schema::inline(parameters)
            {
                let path = format!("tools[{index}].function.parameters");
                changes.note(NoteKind::Converted, path, "references are put in place");
            }
        }
        if is_cohere(call.model) {
            cohere::note_parameters(request, changes);
        }
        functions_only(request, changes);
        for (index, tool) in request.tools.get_mut().into_iter().flatten().enumerate() {
            let Tool::Function(tool) = tool else { continue };
            for name in std::mem::take(&mut tool.extra).keys() {
                let path = format!("tools[{index}].{name}");
                changes.note(NoteKind::Dropped, path, "the vendor's tools have no such member");
            }
        }
        plain_history(request, changes);
        for (index, message) in request.messages.iter_mut().enumerate() {
            for (number, call) in message.tool_calls.get_mut().into_iter().flatten().enumerate() {
                for name in std::mem::take(&mut call.extra).keys() {
                    let path = format!("messages[{index}].tool_calls[{number}].{name}");
                    changes.note(NoteKind::Dropped, path, "the vendor's calls have no such member");
                }
            }
        }
        if is_cohere(call.model) {
            leave_out(request, COHERE_LACKS, changes);
            texts_only(request, changes);
            cohere::prepare(request, changes);
        } else {
            leave_out_parts(request, changes, |part| {
                matches!(part, ContentPart::Text(_) | ContentPart::ImageUrl(_))
            });
            bare_parts(request, changes);
            generic::prepare(request, changes);
        }
        Ok(())
    }

    fn address(&self, _: &ChatRequest, call: &Call<'_>) -> Result<Uri, EncodeError> {
        head::uri("chat", call)
    }

    fn wrap(&self, mut body: Extra, _: &ChatRequest, call: &Call<'_>) -> Result<Extra, EncodeError> {
        body.retain(|_, value| !value.is_null());
        body.shift_remove("model");
        let chat =
            if is_cohere(call.model) { cohere::request(body) } else { generic::request(body, call.model) };
        Ok(head::owned(call, [("chatRequest".to_owned(), Value::Object(chat))].into_iter().collect()))
    }

    fn seal(&self, parts: &mut request::Parts, body: &[u8], call: &Call<'_>) -> Result<(), EncodeError> {
        head::sign(parts, body, call)
    }

    fn unwrap(&self, mut answer: Value) -> Value {
        let said = take(&mut answer, "chatResponse");
        if !said.is_object() {
            return answer;
        }
        let mut whole =
            if said["apiFormat"] == "COHERE" { cohere::answer(said) } else { generic::answer(said) };
        whole["object"] = "chat.completion".into();
        whole["model"] = take(&mut answer, "modelId");
        beside(&mut whole, answer);
        whole
    }

    fn refusal(&self, response: &Response<&[u8]>) -> Option<UpstreamError> {
        error::refusal(response)
    }

    fn opener(&self) -> Box<dyn Opener> {
        Box::new(Events::default())
    }

    /// Events may stand a line apart rather than a blank line.
    fn framing(&self) -> Framing {
        Framing::Lines
    }
}

/// Takes a member out of what may be no object at all.
pub(crate) fn take(tree: &mut Value, name: &str) -> Value {
    tree.get_mut(name).map(Value::take).unwrap_or_default()
}

/// The events of one stream.
#[derive(Debug, Default)]
struct Events {
    cohere: cohere::Stream,
}

impl Opener for Events {
    fn open(&mut self, line: &SseEvent<'_>) -> Opened {
        let Some(data) = line.data.strip_prefix(b"data:").map(<[u8]>::trim_ascii) else {
            return Opened::NOTHING;
        };
        if data == b"[DONE]" {
            return Opened::Last(Vec::new());
        }
        let Ok(event) = serde_json::from_slice::<Value>(data) else { return Opened::AsItIs };
        if event["message"].is_string() || event["errorMessage"].is_string() {
            let words = event["message"].as_str().or_else(|| event["errorMessage"].as_str());
            return Opened::Chunks(vec![json!({ "error": { "message": words, "code": event["code"] } })]);
        }
        let chunk = match event["apiFormat"].as_str() {
            Some("COHERE") => self.cohere.chunk(event),
            _ => generic::chunk(event),
        };
        Opened::Chunks(chunk.into_iter().collect())
    }
}

/// Gives an answer the name that the vendor gives none, and a time.
pub(crate) fn name(said: &Value) -> Value {
    said["timeCreated"].as_str().map_or_else(|| "oci".into(), |time| format!("oci-{time}").into())
}

/// OpenAI's word for a finish reason; the vendor's own is kept beside it where it is another.
pub(crate) fn finish(native: &Value, called: bool) -> (Value, Option<Value>) {
    let Some(word) = native.as_str() else { return (Value::Null, None) };
    let ours = match word {
        "COMPLETE" | "STOP" | "STOP_SEQUENCE" if called => "tool_calls",
        "COMPLETE" | "STOP" | "STOP_SEQUENCE" => "stop",
        "MAX_TOKENS" | "LENGTH" | "ERROR_LIMIT" => "length",
        "TOOL_CALL" | "TOOL_CALLS" | "FUNCTION_CALL" => "tool_calls",
        "ERROR_TOXIC" | "CONTENT_FILTERED" | "CONTENT_FILTER" => "content_filter",
        "ERROR" => "error",
        other => other,
    };
    let kept = (ours != word).then(|| json!({ "native_finish_reason": word }));
    (ours.into(), kept)
}

/// Usage in OpenAI's words.
pub(crate) fn usage(mut said: Value) -> Value {
    let Some(members) = said.as_object_mut() else { return Value::Null };
    let mut usage = Extra::new();
    for (theirs, ours) in [
        ("promptTokens", "prompt_tokens"),
        ("completionTokens", "completion_tokens"),
        ("totalTokens", "total_tokens"),
    ] {
        usage.extend(members.shift_remove(theirs).map(|count| (ours.to_owned(), count)));
    }
    for (theirs, ours, inner) in [
        ("promptTokensDetails", "prompt_tokens_details", &[("cachedTokens", "cached_tokens")][..]),
        (
            "completionTokensDetails",
            "completion_tokens_details",
            &[
                ("reasoningTokens", "reasoning_tokens"),
                ("acceptedPredictionTokens", "accepted_prediction_tokens"),
                ("rejectedPredictionTokens", "rejected_prediction_tokens"),
            ][..],
        ),
    ] {
        if let Some(Value::Object(mut details)) = members.shift_remove(theirs) {
            let mut out = Extra::new();
            for (theirs, ours) in inner {
                out.extend(details.shift_remove(*theirs).map(|count| ((*ours).to_owned(), count)));
            }
            out.extend(details);
            usage.insert(ours.to_owned(), out.into());
        }
    }
    usage.extend(std::mem::take(members));
    usage.into()
}
