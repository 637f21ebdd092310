//! A conversation as a prompt.
//!
//! Source: Hugging Face docs, "Text Generation Inference", API reference, `GenerateParameters`, read 2026-11.

use llm_provider_core::{Call, EncodeError, Note, NoteKind, OnUnsupported};
use llm_types::{
    ChatRequest, ContentPart, Extra, Message, MessageContent, Nullable, ResponseFormat, Role, ServiceTier,
    Stop,
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::wire::GenerateRequest;

/// Parameters of TGI's that requests may name at the top level.
const OWN: &[&str] = &[
    "adapter_id",
    "best_of",
    "decoder_input_details",
    "do_sample",
    "grammar",
    "max_new_tokens",
    "repetition_penalty",
    "return_full_text",
    "top_k",
    "top_n_tokens",
    "truncate",
    "typical_p",
    "watermark",
];

pub(crate) fn encode(
    request: &ChatRequest,
    call: &Call<'_>,
) -> Result<(GenerateRequest, Vec<Note>), EncodeError> {
    let mut writer = Writer { call, notes: Vec::new(), parameters: Extra::new() };
    let inputs = writer.prompt(&request.messages)?;
    writer.parameters(request)?;
    writer.lacking(request)?;
    Ok((GenerateRequest { inputs, parameters: writer.parameters, extra: Extra::new() }, writer.notes))
}

struct Writer<'a> {
    call: &'a Call<'a>,
    notes: Vec<Note>,
    parameters: Extra,
}

impl Writer<'_> {
    fn note(&mut self, kind: NoteKind, path: impl Into<String>, detail: impl Into<String>) {
        self.notes.push(Note::new(kind, path, detail));
    }

    fn unsupported(&mut self, path: impl Into<String>, reason: impl Into<String>) -> Result<(), EncodeError> {
        match self.call.unsupported {
            OnUnsupported::Reject => Err(EncodeError::unsupported(path, reason)),
            OnUnsupported::Drop => {
                self.note(NoteKind::Dropped, path, reason);
                Ok(())
            }
        }
    }

    /// One message of the user is the prompt itself. A conversation is told with its speakers: the server does not say
    /// which template its model was trained on.
    fn prompt(&mut self, messages: &[Message]) -> Result<String, EncodeError> {
        let mut texts = Vec::with_capacity(messages.len());
        for (index, message) in messages.iter().enumerate() {
            let text = self.text(message, &format!("messages[{index}]"))?;
            texts.push((&message.role, text));
        }
        if let [(Role::User, text)] = texts.as_slice() {
            return Ok(text.clone());
        }
        self.note(NoteKind::Converted, "messages", "to one prompt, without the model's own template");
        let mut prompt = String::new();
        for (role, text) in &texts {
            let who = match role {
                Role::System | Role::Developer => "System",
                Role::Assistant => "Assistant",
                Role::Tool | Role::Function => "Tool",
                Role::User | Role::Other(_) => "User",
            };
            prompt.push_str(&format!("{who}: {text}\n"));
        }
        prompt.push_str("Assistant:");
        Ok(prompt)
    }

    fn text(&mut self, message: &Message, path: &str) -> Result<String, EncodeError> {
        let mut text = String::new();
        match message.content.get() {
            None => {}
            Some(MessageContent::Text(plain)) => text.push_str(plain),
            Some(MessageContent::Parts(parts)) => {
                for (index, part) in parts.iter().enumerate() {
                    match part {
                        ContentPart::Text(part) => text.push_str(&part.text),
                        ContentPart::Refusal(part) => text.push_str(&part.refusal),
                        // How images stand in a prompt.
                        ContentPart::ImageUrl(image) => {
                            text.push_str(&format!("![]({})", image.image_url.url()));
                        }
                        other => {
                            let reason = format!("a prompt has no content of type `{}`", other.kind());
                            self.unsupported(format!("{path}.content[{index}]"), reason)?;
                        }
                    }
                }
            }
        }
        text.push_str(message.refusal.as_deref().unwrap_or_default());
        for call in message.tool_calls.get().into_iter().flatten() {
            text.push_str(&serde_json::to_string(call).unwrap_or_default());
        }
        if let Some(call) = message.function_call.get() {
            text.push_str(&serde_json::to_string(call).unwrap_or_default());
        }
        self.leftover(message, path);
        Ok(text)
    }

    /// Members of a message and of its parts that a prompt has no place for.
    fn leftover(&mut self, message: &Message, path: &str) {
        const SAID: &[&str] = &["role", "content", "refusal", "tool_calls", "function_call"];
        const SAID_OF_PARTS: &[&str] = &["type", "text", "refusal", "image_url"];
        const WHY: &str = "a prompt has text only";
        let Ok(message) = serde_json::to_value(message) else { return };
        let mut lost = Vec::new();
        let mut look = |value: &Value, said: &[&str], path: &str| {
            for (name, value) in value.as_object().into_iter().flatten() {
                if !said.contains(&name.as_str()) && !value.is_null() {
                    lost.push(format!("{path}.{name}"));
                }
            }
        };
        look(&message, SAID, path);
        for (index, part) in message["content"].as_array().into_iter().flatten().enumerate() {
            let path = format!("{path}.content[{index}]");
            if matches!(part["type"].as_str(), Some("text" | "refusal" | "image_url")) {
                look(part, SAID_OF_PARTS, &path);
                look(&part["image_url"], &["url"], &format!("{path}.image_url"));
            }
        }
        for path in lost {
            self.note(NoteKind::Dropped, path, WHY);
        }
    }

    fn parameters(&mut self, request: &ChatRequest) -> Result<(), EncodeError> {
        for (name, value) in &request.extra {
            if OWN.contains(&name.as_str()) {
                self.parameters.insert(name.clone(), value.clone());
            } else {
                self.unsupported(name, "TGI has no such parameter")?;
            }
        }
        if let (Some(newer), Some(older)) = (request.max_completion_tokens.get(), request.max_tokens.get())
            && newer != older
        {
            self.note(NoteKind::Dropped, "max_tokens", "`max_completion_tokens` is said too and wins");
        }
        let limit = request.output_limit().or(self.call.default_max_tokens);
        let stops = request.stop.get().map(Stop::as_slice).unwrap_or_default();
        let said = [
            ("max_new_tokens", limit.map(|limit| json!(limit))),
            ("top_p", request.top_p.get().map(|top_p| json!(top_p))),
            ("seed", request.seed.get().map(|seed| json!(seed))),
            ("frequency_penalty", request.frequency_penalty.get().map(|penalty| json!(penalty))),
            ("stop", (!stops.is_empty()).then(|| json!(stops))),
            ("details", Some(Value::Bool(true))),
            ("return_full_text", Some(Value::Bool(false))),
        ];
        for (name, value) in said {
            if let Some(value) = value {
                self.parameters.entry(name).or_insert(value);
            }
        }
        match request.temperature.get() {
            // TGI demands a temperature above zero; none at all means the same.
            Some(temperature) if temperature.as_f64() == Some(0.0) => {
                self.parameters.entry("do_sample").or_insert(Value::Bool(false));
                self.note(NoteKind::Converted, "temperature", "do_sample: false");
            }
            Some(temperature) => {
                self.parameters.insert("temperature".to_owned(), json!(temperature));
            }
            None => {}
        }
        match request.response_format.get() {
            None | Some(ResponseFormat::Text(_)) => {}
            Some(ResponseFormat::JsonSchema(part)) if part.json_schema.schema.is_value() => {
                let schema = part.json_schema.schema.get();
                self.parameters.insert("grammar".to_owned(), json!({ "type": "json", "value": schema }));
                self.note(NoteKind::Converted, "response_format", "to a grammar");
            }
            Some(_) => self.unsupported("response_format", "TGI knows schemas only")?,
        }
        Ok(())
    }

    fn lacking(&mut self, request: &ChatRequest) -> Result<(), EncodeError> {
        let usual = |tier: &ServiceTier| matches!(tier, ServiceTier::Auto | ServiceTier::Default);
        let is_zero = |number: &serde_json::Number| number.as_f64() == Some(0.0);
        self.lack("audio", &request.audio, |_| false)?;
        self.lack("functions", &request.functions, Vec::is_empty)?;
        self.lack("function_call", &request.function_call, |_| false)?;
        self.lack("logit_bias", &request.logit_bias, Extra::is_empty)?;
        self.lack("logprobs", &request.logprobs, |logprobs| !logprobs)?;
        self.lack("metadata", &request.metadata, Extra::is_empty)?;
        self.lack("modalities", &request.modalities, |all| all.iter().all(|one| one == "text"))?;
        self.lack("n", &request.n, |n| *n == 1)?;
        self.lack("parallel_tool_calls", &request.parallel_tool_calls, |several| *several)?;
        self.lack("prediction", &request.prediction, |_| false)?;
        self.lack("presence_penalty", &request.presence_penalty, is_zero)?;
        self.lack("prompt_cache_key", &request.prompt_cache_key, |_| false)?;
        self.lack("prompt_cache_retention", &request.prompt_cache_retention, |_| false)?;
        self.lack("reasoning_effort", &request.reasoning_effort, |_| false)?;
        self.lack("safety_identifier", &request.safety_identifier, |_| false)?;
        self.lack("service_tier", &request.service_tier, usual)?;
        self.lack("store", &request.store, |store| !store)?;
        self.lack("thinking", &request.thinking, |_| false)?;
        self.lack("tool_choice", &request.tool_choice, |_| false)?;
        self.lack("tools", &request.tools, Vec::is_empty)?;
        self.lack("top_logprobs", &request.top_logprobs, |count| *count == 0)?;
        self.lack("user", &request.user, |_| false)?;
        self.lack("verbosity", &request.verbosity, |_| false)?;
        self.lack("web_search_options", &request.web_search_options, |_| false)
    }

    fn lack<T: Serialize>(
        &mut self,
        name: &str,
        value: &Nullable<T>,
        is_nothing: impl Fn(&T) -> bool,
    ) -> Result<(), EncodeError> {
        match value.get() {
            Some(value) if self.call.forward.iter().any(|forward| forward == name) => {
                let value =
                    serde_json::to_value(value).map_err(|why| EncodeError::invalid(name, why.to_string()))?;
                self.parameters.insert(name.to_owned(), value);
                Ok(())
            }
            Some(value) if !is_nothing(value) => self.unsupported(name, "TGI's own form has no such thing"),
            _ => Ok(()),
        }
    }
}
