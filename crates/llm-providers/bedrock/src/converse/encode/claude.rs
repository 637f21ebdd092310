//! What Claude takes, told by the Anthropic translator: which parameters, how to think, tools, the form of the answer.
//! It is given the request without its words, and what it makes of it is said in Converse's.
//!
//! Source: Amazon Bedrock User Guide, "Anthropic Claude models", "Extended thinking", "Adaptive thinking" and "Computer
//! use", read 2026-11.

use http::HeaderMap;
use http::header::HeaderName;
use llm_provider_anthropic::{Anthropic, wire as messages};
use llm_provider_core::{Call, Chat, EncodeError, Encoded, Note, NoteKind, Payload, Translator};
use llm_types::{ChatRequest, Extra, Message, Nullable, ResponseFormat, Role, Tool as Asked};
use serde_json::{Value, json};

use super::form::SCHEMA;
use super::tools::{ChosenTool, spec_name};
use super::{Encoder, betas};
use crate::claude_tools::claudes;
use crate::converse::FORM_TOOL;
use crate::model::Door;
use crate::wire::{
    ConverseRequest, InferenceConfig, JsonSchema, OutputConfig, TextFormat, Tool, ToolConfig, ToolSpec,
};

const BETA: HeaderName = HeaderName::from_static("anthropic-beta");

/// Where Claude tells how many tokens it thought.
const THINKING_TOKENS: &str = "/usage/output_tokens_details";

impl Encoder<'_> {
    pub(super) fn claude(
        &mut self,
        request: &ChatRequest,
        wire: &mut ConverseRequest,
    ) -> Result<(), EncodeError> {
        let mut asked = claudes(request, self.call)?;
        let words = without_words(&asked.request);
        let mut headers = HeaderMap::new();
        for beta in self.call.headers.get_all(&BETA) {
            headers.append(BETA, beta.clone());
        }
        let call = Call { credential: None, base_url: None, headers: &headers, ..self.call.clone() };
        let Encoded { request: sent, notes } = Translator::<Chat>::encode(&Anthropic, &words, &call)?;
        let Payload::Bytes(body) = sent.body() else { return Ok(()) };
        let said: messages::MessagesRequest =
            llm_types::from_slice(body).map_err(|error| EncodeError::invalid(error.path, error.message))?;
        let counts_limit = request.output_limit().is_some()
            || said.thinking.get().is_some_and(|thinking| thinking.budget_tokens.is_value());
        let notes = asked.notes(notes);
        self.notes.extend(notes.into_iter().filter(|note| {
            !note.path.starts_with("messages") && (note.path != "max_tokens" || counts_limit)
        }));
        let betas = sent.headers().get_all(&BETA).iter().filter_map(|value| value.to_str().ok());
        betas::add(betas.flat_map(|list| list.split(',')), Door::Converse, &mut self.own, &mut self.notes);

        self.claude_sampling(&said, counts_limit, wire);
        self.claude_tools(request, &said, wire)?;
        self.claude_words(request, said, wire);
        Ok(())
    }

    fn claude_sampling(
        &mut self,
        said: &messages::MessagesRequest,
        counts_limit: bool,
        wire: &mut ConverseRequest,
    ) {
        let mut config = wire.inference_config.take().unwrap_or_default();
        if counts_limit {
            config.max_tokens = said.max_tokens;
        }
        if said.temperature.is_value() {
            config.temperature = said.temperature.clone();
            if let Nullable::Value(temperature) = &said.temperature {
                config.temperature = Nullable::Value(self.at_most_one("temperature", temperature));
            }
        }
        if said.top_p.is_value() {
            config.top_p = said.top_p.clone();
        }
        if said.stop_sequences.is_value() {
            config.stop_sequences = said.stop_sequences.clone();
        }
        if config != InferenceConfig::default() {
            wire.inference_config = Nullable::Value(config);
        }
    }

    /// What Converse has no words for, and the form of the answer.
    fn claude_words(
        &mut self,
        request: &ChatRequest,
        said: messages::MessagesRequest,
        wire: &mut ConverseRequest,
    ) {
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                self.own.insert(name.to_owned(), value);
            }
        };
        put("top_k", said.top_k.into_option().map(Value::Number));
        let thinks = said
            .thinking
            .get()
            .is_some_and(|thinking| matches!(thinking.r#type.as_str(), "enabled" | "adaptive"));
        put("thinking", said.thinking.get().and_then(|thinking| serde_json::to_value(thinking).ok()));
        if thinks {
            let paths = wire.additional_model_response_field_paths.get_or_insert_with(Vec::new);
            if !paths.iter().any(|path| path == THINKING_TOKENS) {
                paths.push(THINKING_TOKENS.to_owned());
            }
        }
        let Nullable::Value(mut config) = said.output_config else { return };
        let Some(format) = config.format.take() else {
            put("output_config", serde_json::to_value(&config).ok().filter(|config| *config != json!({})));
            return;
        };
        // Beside a form, the effort stands where the form stands: one of two objects of a name would win.
        let output = wire.output_config.get_or_insert_with(OutputConfig::default);
        output.effort = config.effort;
        self.notes.push(Note::new(NoteKind::Moved, SCHEMA, "into a text, as Converse has it"));
        output.text_format = Nullable::Value(TextFormat::json_schema(&schema(request, format.schema.get())));
    }

    fn claude_tools(
        &mut self,
        request: &ChatRequest,
        said: &messages::MessagesRequest,
        wire: &mut ConverseRequest,
    ) -> Result<(), EncodeError> {
        let mut tools: Vec<Tool> =
            request.tools.get().into_iter().flatten().filter_map(system_tool).collect();
        let mut own = Vec::new();
        for tool in said.tools.get().into_iter().flatten() {
            if tool.r#type.as_deref().is_some_and(|kind| kind != "custom") {
                own.extend(serde_json::to_value(tool).ok());
                continue;
            }
            let name = tool.name.as_deref().unwrap_or_default();
            let path = place_of(request, name);
            tools.push(Tool::Spec(ToolSpec {
                name: self.tool_name(name, &format!("{path}.name"))?,
                input_schema: json!({ "json": tool.input_schema.get().cloned().unwrap_or_default() }),
                description: tool
                    .description
                    .as_deref()
                    .filter(|text| !text.is_empty())
                    .map(str::to_owned)
                    .into(),
                strict: tool.strict,
                extra: Extra::new(),
            }));
            for name in tool.extra.keys() {
                for place in places(request, &path, name) {
                    let path = format!("{place}.{name}");
                    self.note(NoteKind::Dropped, path, "Bedrock's tools have no such member");
                }
            }
            if let Nullable::Value(marker) = &tool.cache_control {
                let places = places(request, &path, "cache_control");
                let path = format!("{}.cache_control", places.last().unwrap_or(&path.as_str()));
                tools.extend(self.cache_point(marker, &path).map(Tool::CachePoint));
            }
        }
        let has_own = !own.is_empty();
        if has_own {
            self.own.insert("tools".to_owned(), Value::Array(own));
        }
        let choice = said.tool_choice.get();
        let name = choice.and_then(|choice| choice.name.as_deref());
        let chosen = match choice.map(|choice| choice.r#type.as_str()) {
            Some("none") => ChosenTool::None,
            Some("auto") => ChosenTool::Auto,
            Some("any") => ChosenTool::Any,
            Some("tool") => ChosenTool::Named(name.unwrap_or_default().to_owned()),
            _ => ChosenTool::Unsaid,
        };
        if request.parallel_tool_calls.get() == Some(&false)
            && let Some(choice) = choice.filter(|choice| choice.r#type != "none")
        {
            let mut words = json!({ "type": choice.r#type, "disable_parallel_tool_use": true });
            if let Some(name) = name {
                words["name"] = spec_name(name).into();
            }
            self.own.insert("tool_choice".to_owned(), words);
        }
        let is_asked = request.tools.get().is_some_and(|tools| !tools.is_empty())
            || request.functions.get().is_some_and(|functions| !functions.is_empty());
        if !tools.is_empty() {
            wire.tool_config = Nullable::Value(ToolConfig::new(tools));
            self.choose(request, chosen, is_asked, wire)?;
        } else if has_own && !matches!(chosen, ChosenTool::Auto | ChosenTool::Unsaid) {
            self.note(NoteKind::Dropped, "tool_choice", "Converse chooses among the client's own tools only");
        }
        Ok(())
    }
}

/// A request with everything but its words: of the conversation, only what was thought and called.
fn without_words(request: &ChatRequest) -> ChatRequest {
    const SOMETHING: &str = ".";
    let mut asked = ChatRequest::new(request.model.as_str(), Vec::with_capacity(request.messages.len()));
    for message in &request.messages {
        let mut silent = Message::new(message.role.clone(), SOMETHING);
        match message.role {
            Role::System | Role::Developer => continue,
            Role::Assistant => {
                silent.thinking_blocks = message.thinking_blocks.clone();
                silent.tool_calls = message.tool_calls.clone();
                silent.function_call = message.function_call.clone();
            }
            Role::Tool | Role::Function => {
                silent.tool_call_id = message.tool_call_id.clone();
                silent.name = message.name.clone();
            }
            _ => silent.role = Role::User,
        }
        asked.messages.push(silent);
    }
    asked.max_tokens = request.max_tokens;
    asked.max_completion_tokens = request.max_completion_tokens;
    asked.temperature = request.temperature.clone();
    asked.top_p = request.top_p.clone();
    asked.stop = request.stop.clone();
    asked.thinking = request.thinking.clone();
    asked.reasoning_effort = request.reasoning_effort.clone();
    asked.tools = request.tools.clone();
    if let Some(tools) = asked.tools.get_mut()
        && tools.iter().any(|tool| system_tool(tool).is_some())
    {
        tools.retain(|tool| system_tool(tool).is_none());
        if tools.is_empty() {
            asked.tools = Nullable::Absent;
        }
    }
    asked.functions = request.functions.clone();
    asked.tool_choice = request.tool_choice.clone();
    asked.function_call = request.function_call.clone();
    asked.parallel_tool_calls = request.parallel_tool_calls;
    asked.response_format = request.response_format.clone();
    let own = ["anthropic_beta", "betas", "output_config", "top_k", "stop_sequences"];
    asked
        .extra
        .extend(own.iter().filter_map(|name| Some(((*name).to_owned(), request.extra.get(*name)?.clone()))));
    asked
}

/// A tool of Bedrock's own, which is not Anthropic's to say.
fn system_tool(tool: &Asked) -> Option<Tool> {
    match tool {
        Asked::Unknown(map) => map.get("systemTool").cloned().map(Tool::System),
        Asked::Function(_) | Asked::Custom(_) => None,
    }
}

/// Where a tool's definition stands in the request, for notes.
fn place_of(request: &ChatRequest, name: &str) -> String {
    let mut tools = request.tools.get().into_iter().flatten().enumerate();
    match tools.find(|(_, tool)| tool.name() == Some(name)) {
        Some((index, Asked::Function(_))) => format!("tools[{index}].function"),
        Some((index, Asked::Custom(_))) => format!("tools[{index}].custom"),
        Some((index, Asked::Unknown(_))) => format!("tools[{index}]"),
        None if name == FORM_TOOL => "response_format".to_owned(),
        None => {
            let mut functions = request.functions.get().into_iter().flatten();
            let index = functions.position(|function| function.get("name").is_some_and(|said| said == name));
            index.map_or_else(|| "functions".to_owned(), |index| format!("functions[{index}]"))
        }
    }
}

/// Where a member of the tool that is defined at `path` stands: beside its definition, in it, or both.
fn places<'p>(request: &ChatRequest, path: &'p str, name: &str) -> Vec<&'p str> {
    let Some((outer, _)) = path.rsplit_once('.') else { return vec![path] };
    let mut tools = request.tools.get().into_iter().flatten().enumerate();
    let tool = tools.find(|(index, _)| outer == format!("tools[{index}]"));
    let (beside, inner) = match tool {
        Some((_, Asked::Function(tool))) => (&tool.extra, &tool.function.extra),
        Some((_, Asked::Custom(tool))) => (&tool.extra, &tool.custom.extra),
        _ => return vec![path],
    };
    match (beside.contains_key(name), inner.contains_key(name)) {
        (true, true) => vec![outer, path],
        (true, false) => vec![outer],
        (false, _) => vec![path],
    }
}

/// The schema as Converse wants it: as text, with its name.
fn schema(request: &ChatRequest, fitted: Option<&Value>) -> JsonSchema {
    let format = match request.response_format.get() {
        Some(ResponseFormat::JsonSchema(part)) => Some(&part.json_schema),
        _ => None,
    };
    JsonSchema {
        schema: fitted.map(Value::to_string).unwrap_or_default(),
        name: format.map(|format| format.name.clone()).into(),
        description: format.and_then(|format| format.description.get().cloned()).into(),
        extra: Extra::new(),
    }
}
