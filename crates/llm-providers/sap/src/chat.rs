//! Chat: OpenAI's messages and answers inside the service's modules.
//!
//! Source: SAP AI Core docs, "Orchestration", "Consume orchestration" and "Streaming", version 2 of its API, read 2026-11.

use http::{Response, Uri, request};
use llm_provider_core::{Call, EncodeError, SseEvent, UpstreamError};
use llm_provider_envelope::{
    Envelope, Opened, Opener, functions_only, json as tree, leave_out, leave_out_parts, plain_history,
    usage_alone,
};
use llm_provider_openai::Changes;
use llm_types::{ChatRequest, ContentPart, Extra};
use serde_json::{Value, json};

use crate::{error, head};

/// Members of OpenAI's requests that neither the service nor the models behind it take.
const LACKS: &[&str] = &[
    "audio",
    "metadata",
    "modalities",
    "prompt_cache_key",
    "prompt_cache_retention",
    "safety_identifier",
    "service_tier",
    "store",
    "tool_choice",
    "user",
    "web_search_options",
];

/// Members of the request that are modules of their own.
const MODULES: &[&str] = &["grounding", "masking", "filtering", "translation"];

/// `/v2/completion`.
#[derive(Debug)]
pub(crate) struct Orchestration;

impl Envelope for Orchestration {
    fn prepare(
        &self,
        request: &mut ChatRequest,
        _call: &Call<'_>,
        changes: &mut Changes<'_>,
    ) -> Result<(), EncodeError> {
        leave_out(request, LACKS, changes);
        if !request.streams() {
            usage_alone(request, changes);
        }
        functions_only_but_strict(request, changes);
        plain_history(request, changes);
        leave_out_parts(request, changes, |part| {
            !matches!(part, ContentPart::File(_) | ContentPart::InputAudio(_))
        });
        Ok(())
    }

    fn address(&self, _: &ChatRequest, call: &Call<'_>) -> Result<Uri, EncodeError> {
        head::uri("/v2/completion", call)
    }

    fn wrap(&self, mut body: Extra, request: &ChatRequest, call: &Call<'_>) -> Result<Extra, EncodeError> {
        body.retain(|_, value| !value.is_null());
        let mut take = |name: &str| body.shift_remove(name);
        let mut prompt = Extra::new();
        let moved = [
            ("template", take("messages")),
            ("defaults", take("placeholder_defaults")),
            ("tools", take("tools")),
            ("response_format", take("response_format")),
        ];
        prompt.extend(moved.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        let placeholders = take("placeholder_values");
        let fallbacks = take("fallback_sap_modules");
        let version = take("model_version")
            .unwrap_or_else(|| call.parameter("model_version").unwrap_or("latest").into());
        take("model");
        take("stream");
        let mut stream =
            take("stream_options").and_then(|options| options.as_object().cloned()).unwrap_or_default();
        let mut modules = Extra::new();
        modules.insert("prompt_templating".to_owned(), Value::Null);
        for name in MODULES {
            modules.extend(take(name).map(|module| ((*name).to_owned(), module)));
        }
        let model = json!({ "name": call.model, "params": body, "version": version });
        modules["prompt_templating"] = json!({ "prompt": prompt, "model": model });
        let mut config = Extra::new();
        let modules = match fallbacks {
            Some(Value::Array(more)) => [vec![modules.into()], more].concat().into(),
            _ => Value::from(modules),
        };
        config.insert("modules".to_owned(), modules);
        if request.streams() {
            // Usage comes without being asked for.
            stream.shift_remove("include_usage");
            stream.insert("enabled".to_owned(), true.into());
            config.insert("stream".to_owned(), stream.into());
        }
        let mut whole = Extra::new();
        whole.insert("config".to_owned(), config.into());
        whole.extend(placeholders.map(|values| ("placeholder_values".to_owned(), values)));
        Ok(whole)
    }

    fn seal(&self, parts: &mut request::Parts, _: &[u8], call: &Call<'_>) -> Result<(), EncodeError> {
        head::headers(&mut parts.headers, call)
    }

    fn unwrap(&self, answer: Value) -> Value {
        inner(answer)
    }

    fn refusal(&self, response: &Response<&[u8]>) -> Option<UpstreamError> {
        error::refusal(response)
    }

    fn opener(&self) -> Box<dyn Opener> {
        Box::new(Events::default())
    }
}

/// Models behind the service know `strict`.
fn functions_only_but_strict(request: &mut ChatRequest, changes: &mut Changes<'_>) {
    let strict: Vec<_> = request
        .tools
        .get()
        .into_iter()
        .flatten()
        .filter_map(|tool| match tool {
            llm_types::Tool::Function(tool) => Some(tool.function.strict),
            _ => None,
        })
        .collect();
    for tool in request.tools.get_mut().into_iter().flatten() {
        if let llm_types::Tool::Function(tool) = tool {
            tool.function.strict = llm_types::Nullable::Absent;
        }
    }
    functions_only(request, changes);
    for (tool, strict) in request.tools.get_mut().into_iter().flatten().zip(strict) {
        if let llm_types::Tool::Function(tool) = tool {
            tool.function.strict = strict;
        }
    }
}

/// The answer or the chunk inside; what stands around it goes beside it.
fn inner(mut answer: Value) -> Value {
    let Some(mut said) = answer.get_mut("final_result").map(Value::take).filter(Value::is_object) else {
        return answer;
    };
    if let Value::Object(around) = answer {
        beside(&mut said, around);
    }
    said
}

/// Adds what stands around an answer; what is empty says nothing.
fn beside(said: &mut Value, mut around: Extra) {
    around.retain(|_, value| !(value.is_null() || value.as_object().is_some_and(Extra::is_empty)));
    match said.get_mut("provider_specific_fields").and_then(Value::as_object_mut) {
        Some(fields) => fields.extend(around),
        None if around.is_empty() => {}
        None => said["provider_specific_fields"] = around.into(),
    }
}

/// The events of one stream.
#[derive(Debug, Default)]
struct Events {
    /// What was said before there was a chunk.
    before: Extra,
}

impl Opener for Events {
    fn open(&mut self, event: &SseEvent<'_>) -> Opened {
        match tree(event) {
            Some(event) if event["final_result"].is_object() => {
                let mut chunk = inner(event);
                beside(&mut chunk, std::mem::take(&mut self.before));
                Opened::Chunks(vec![chunk])
            }
            // The first event may hold nothing but what happened before the model was asked.
            Some(Value::Object(mut event))
                if !event.contains_key("error") && event.contains_key("intermediate_results") =>
            {
                // Its name is told by every event.
                event.shift_remove("request_id");
                self.before.extend(event);
                Opened::NOTHING
            }
            _ => Opened::AsItIs,
        }
    }
}
