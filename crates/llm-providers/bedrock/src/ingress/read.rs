//! A Converse request in canonical form.
//!
//! Source: Amazon Bedrock API Reference, "Converse", read 2026-11.

mod blocks;
mod messages;
mod unions;

use llm_provider_core::{Incoming, IngressError, Note, NoteKind};
use llm_types::{
    CacheControl, ChatRequest, Extra, FunctionDefinition, FunctionTool, JsonSchemaFormat, JsonSchemaPart,
    Nullable, ReasoningEffort, ResponseFormat, ServiceTier, Stop, Tool as Asked, ToolChoice as Choice,
    ToolChoiceMode,
};
use serde_json::{Value, json};

use crate::converse::encode::is_own_word;
use crate::wire::{CachePoint, ConverseRequest, InferenceConfig, OutputConfig, Tool, ToolChoice, ToolConfig};

pub(super) fn read(body: &[u8]) -> Result<Incoming, IngressError> {
    let wire: ConverseRequest = llm_types::from_slice(body)?;
    unions::check(&wire)?;
    let mut reader = Reader { notes: Vec::new() };
    let request = reader.request(wire)?;
    Ok(Incoming { request, notes: reader.notes })
}

/// What is noted while a request is read.
struct Reader {
    notes: Vec<Note>,
}

impl Reader {
    fn note(&mut self, kind: NoteKind, path: impl Into<String>, detail: impl Into<String>) {
        self.notes.push(Note::new(kind, path, detail));
    }

    /// Members of an object that Converse does not know.
    fn unknown(&mut self, path: &str, members: &Extra) {
        for name in members.keys() {
            self.note(NoteKind::Dropped, format!("{path}.{name}"), "nobody knows it");
        }
    }

    fn request(&mut self, wire: ConverseRequest) -> Result<ChatRequest, IngressError> {
        let mut request = ChatRequest::new("", Vec::new());
        request.extra = wire.extra;
        self.system(wire.system.into_option().unwrap_or_default(), &mut request.messages);
        for (index, message) in wire.messages.into_option().unwrap_or_default().into_iter().enumerate() {
            self.message(index, message, &mut request.messages)?;
        }
        if let Some(config) = wire.inference_config.into_option() {
            inference(config, &mut request);
        }
        if let Some(config) = wire.tool_config.into_option() {
            self.tools(config, &mut request)?;
        }
        if let Some(output) = wire.output_config.into_option() {
            self.output(output, &mut request)?;
        }
        if let Some(own) = wire.additional_model_request_fields.into_option() {
            own_words(own, &mut request);
        }
        request.metadata = wire.request_metadata;
        if let Some(tier) = wire.service_tier.get() {
            self.unknown("serviceTier", &tier.extra);
        }
        request.service_tier =
            wire.service_tier.into_option().map(|tier| ServiceTier::from(tier.r#type.as_str())).into();
        let paths = wire.additional_model_response_field_paths.into_option();
        let mut put = |name: &str, value: Option<Value>| {
            request.extra.extend(value.map(|value| (name.to_owned(), value)));
        };
        put("guardrailConfig", wire.guardrail_config.into_option());
        put("performanceConfig", wire.performance_config.into_option());
        put("promptVariables", wire.prompt_variables.into_option());
        put("additionalModelResponseFieldPaths", paths.map(Value::from));
        Ok(request)
    }

    fn tools(&mut self, config: ToolConfig, request: &mut ChatRequest) -> Result<(), IngressError> {
        self.unknown("toolConfig", &config.extra);
        let mut tools: Vec<Asked> = Vec::with_capacity(config.tools.len());
        for (index, tool) in config.tools.into_iter().enumerate() {
            let path = format!("toolConfig.tools[{index}]");
            match tool {
                Tool::Spec(spec) => {
                    let schema = spec.input_schema.get("json").cloned();
                    if schema.is_none() {
                        return Err(at(format!("{path}.toolSpec.inputSchema.json"), "is missing"));
                    }
                    for name in spec
                        .input_schema
                        .as_object()
                        .into_iter()
                        .flat_map(Extra::keys)
                        .filter(|name| *name != "json")
                    {
                        let path = format!("{path}.toolSpec.inputSchema.{name}");
                        self.note(NoteKind::Dropped, path, "nobody knows it");
                    }
                    tools.push(Asked::Function(FunctionTool {
                        function: FunctionDefinition {
                            name: spec.name,
                            description: spec.description,
                            parameters: schema.into(),
                            strict: spec.strict,
                            extra: spec.extra,
                        },
                        extra: Extra::new(),
                    }));
                }
                Tool::System(system) => {
                    let mut map = Extra::from_iter([("type".to_owned(), Value::from("systemTool"))]);
                    map.extend(system.get("name").map(|name| ("name".to_owned(), name.clone())));
                    map.insert("systemTool".to_owned(), system);
                    tools.push(Asked::Unknown(map));
                }
                Tool::CachePoint(point) => {
                    self.unknown(&format!("{path}.cachePoint"), &point.extra);
                    match tools.last_mut() {
                        Some(Asked::Function(tool)) => {
                            let marker = json!(cache_control(&point));
                            tool.extra.insert("cache_control".to_owned(), marker);
                        }
                        _ => self.note(NoteKind::Dropped, path, "there is no tool before it"),
                    }
                }
                Tool::Unknown(map) => {
                    let kind = map.keys().next().cloned().unwrap_or_default();
                    self.note(NoteKind::Dropped, path, format!("nobody knows a tool `{kind}`"));
                }
            }
        }
        request.tools = Nullable::Value(tools);
        self.beside_choice(config.tool_choice.get());
        request.tool_choice = match config.tool_choice.into_option() {
            None => Nullable::Absent,
            Some(ToolChoice::Auto(_)) => Nullable::Value(Choice::Mode(ToolChoiceMode::Auto)),
            Some(ToolChoice::Any(_)) => Nullable::Value(Choice::Mode(ToolChoiceMode::Required)),
            Some(ToolChoice::Tool(named)) => match named.get("name").and_then(Value::as_str) {
                Some(name) => Nullable::Value(Choice::function(name)),
                None => return Err(at("toolConfig.toolChoice.tool.name", "is missing")),
            },
            Some(ToolChoice::Unknown(_)) => {
                self.note(NoteKind::Dropped, "toolConfig.toolChoice", "nobody knows such a choice");
                Nullable::Absent
            }
        };
        Ok(())
    }

    /// What stands in a choice among tools beside a name.
    fn beside_choice(&mut self, choice: Option<&ToolChoice>) {
        let (kind, members) = match choice {
            Some(ToolChoice::Auto(members)) => ("auto", Some(members)),
            Some(ToolChoice::Any(members)) => ("any", Some(members)),
            Some(ToolChoice::Tool(named)) => ("tool", named.as_object()),
            Some(ToolChoice::Unknown(_)) | None => return,
        };
        let is_name = |name: &str| kind == "tool" && name == "name";
        for name in members.into_iter().flat_map(Extra::keys).filter(|name| !is_name(name)) {
            self.note(NoteKind::Dropped, format!("toolConfig.toolChoice.{kind}.{name}"), "nobody knows it");
        }
    }

    fn output(&mut self, output: OutputConfig, request: &mut ChatRequest) -> Result<(), IngressError> {
        const PATH: &str = "outputConfig.textFormat";
        if let Some(effort) = output.effort.as_deref() {
            request.reasoning_effort = Nullable::Value(ReasoningEffort::from(effort));
        }
        for name in output.extra.keys() {
            self.note(NoteKind::Dropped, format!("outputConfig.{name}"), "nobody knows it");
        }
        let Some(format) = output.text_format.into_option() else { return Ok(()) };
        let Some(told) = format.schema() else {
            return Err(at(format!("{PATH}.structure.jsonSchema"), "is missing"));
        };
        let schema: Value = serde_json::from_str(&told.schema)
            .map_err(|error| at(format!("{PATH}.structure.jsonSchema.schema"), error.to_string()))?;
        // OpenAI's strict schemas know no optional members; Bedrock's do.
        let strict = if demands_everything(&schema) {
            Nullable::Value(true)
        } else {
            let detail = "kept, but not strict: OpenAI enforces only schemas without optional members";
            self.note(NoteKind::Converted, PATH, detail);
            Nullable::Absent
        };
        request.response_format = Nullable::Value(ResponseFormat::JsonSchema(JsonSchemaPart {
            json_schema: JsonSchemaFormat {
                // OpenAI's schemas have a name; this one says nothing.
                name: told.name.into_option().unwrap_or_else(|| "answer".to_owned()),
                description: told.description,
                schema: Nullable::Value(schema),
                strict,
                extra: Extra::new(),
            },
            extra: Extra::new(),
        }));
        Ok(())
    }
}

/// Whether OpenAI would enforce a schema: every object is closed, and every member required.
fn demands_everything(schema: &Value) -> bool {
    match schema {
        Value::Object(members) => {
            let complete = members.get("properties").and_then(Value::as_object).is_none_or(|properties| {
                let required = members.get("required").and_then(Value::as_array);
                members.get("additionalProperties") == Some(&Value::Bool(false))
                    && properties.keys().all(|name| {
                        required.is_some_and(|required| required.iter().any(|one| one == name.as_str()))
                    })
            });
            complete && members.values().all(demands_everything)
        }
        Value::Array(items) => items.iter().all(demands_everything),
        _ => true,
    }
}

fn inference(config: InferenceConfig, request: &mut ChatRequest) {
    request.max_tokens = config.max_tokens;
    request.temperature = config.temperature;
    request.top_p = config.top_p;
    request.stop =
        config.stop_sequences.into_option().filter(|stops| !stops.is_empty()).map(Stop::Many).into();
    if !config.extra.is_empty() {
        request.extra.insert("inferenceConfig".to_owned(), Value::Object(config.extra));
    }
}

/// What a model is told in its own words, in OpenAI's where they have some.
fn own_words(own: Extra, request: &mut ChatRequest) {
    for (name, value) in own {
        match (name.as_str(), &value) {
            ("thinking", _) => request.thinking = Nullable::Value(value),
            ("reasoning_effort", Value::String(effort)) => {
                request.reasoning_effort = Nullable::Value(ReasoningEffort::from(effort.as_str()));
            }
            ("output_config", Value::Object(config)) => {
                if let Some(effort) = config.get("effort").and_then(Value::as_str) {
                    request.reasoning_effort = Nullable::Value(ReasoningEffort::from(effort));
                }
                request.extra.insert(name, value);
            }
            ("reasoningConfig", Value::Object(config))
                if config.get("type").is_some_and(|kind| kind == "enabled") =>
            {
                let effort = config.get("maxReasoningEffort").and_then(Value::as_str).unwrap_or("medium");
                request.reasoning_effort = Nullable::Value(ReasoningEffort::from(effort));
            }
            ("inferenceConfig", Value::Object(config))
                if config.len() == 1 && config.contains_key("topK") =>
            {
                request.extra.insert("top_k".to_owned(), config["topK"].clone());
            }
            ("tools", Value::Array(tools)) => {
                let own = tools.iter().filter_map(Value::as_object).cloned().map(Asked::Unknown);
                request.tools.get_or_insert_with(Vec::new).extend(own);
            }
            // A member of the request has this name; the model's own must not be taken for it.
            (known, _) if is_own_word(known) || ChatRequest::has_member(known) => {
                wrap(request, name, value);
            }
            // What the client says of the request as a whole is said already.
            (said, _) if request.extra.contains_key(said) => wrap(request, name, value),
            _ => {
                request.extra.insert(name, value);
            }
        }
    }
}

/// Keeps a model's own word apart from the request's.
fn wrap(request: &mut ChatRequest, name: String, value: Value) {
    let wrapped = request.extra.entry("additionalModelRequestFields").or_insert_with(|| json!({}));
    if let Some(wrapped) = wrapped.as_object_mut() {
        wrapped.insert(name, value);
    }
}

/// A mark of the prompt cache, in Anthropic's words.
fn cache_control(point: &CachePoint) -> CacheControl {
    CacheControl { r#type: "ephemeral".to_owned(), ttl: point.ttl.clone(), extra: Extra::new() }
}

fn at(path: impl Into<String>, message: impl Into<String>) -> IngressError {
    IngressError { path: path.into(), message: message.into() }
}
