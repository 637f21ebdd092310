//! Tools and the choice among them.
//!
//! Source: Gemini API docs, "Function calling", "Grounding with Google Search", "URL context", "Code execution",
//! "File search", "Computer use" (ai.google.dev/gemini-api/docs), read 2026-11.

use llm_provider_core::{EncodeError, NoteKind, ServerTool, ToolHome, ToolPurpose};
use llm_types::{
    AllowedTools, ChatRequest, CustomDefinition, CustomTool, Extra, FunctionDefinition, Nullable,
    Tool as Asked, ToolChoice as Choice, ToolChoiceMode,
};
use serde_json::{Value, json};

use super::own::Own;
use super::{Encoder, typed};
use crate::generate::Platform;
use crate::schema;
use crate::wire::{
    FunctionCallingConfig, FunctionDeclaration, GenerateContentRequest, Tool, ToolConfig, camel_case,
};

/// Google's own tools, by their members.
const GOOGLES: &[&str] = &[
    "codeExecution",
    "computerUse",
    "enterpriseWebSearch",
    "exaAiSearch",
    "fileSearch",
    "googleMaps",
    "googleSearch",
    "googleSearchRetrieval",
    "mcpServers",
    "parallelAiSearch",
    "retrieval",
    "urlContext",
];

/// Those that the Gemini API alone has, and those that Vertex AI alone has.
///
/// Source: the official package google-genai 3.4, which refuses to send them to the other one, and Vertex AI's API
/// description (aiplatform v1, revision 20261106), which names the latter and not the former; read 2026-11.
const STUDIOS_ALONE: &[&str] = &["fileSearch"];
const VERTEX_ALONE: &[&str] = &["enterpriseWebSearch", "exaAiSearch", "parallelAiSearch", "retrieval"];

/// Members of a declaration that Gemini has and OpenAI does not.
const DECLARATION: &[&str] = &["behavior", "response", "responseJsonSchema"];

impl Encoder<'_> {
    pub(super) fn tools(
        &mut self,
        request: &ChatRequest,
        own: &Own,
        wire: &mut GenerateContentRequest,
    ) -> Result<(), EncodeError> {
        let mut functions = Vec::new();
        let mut tools = Vec::new();
        for (index, tool) in request.tools.get().into_iter().flatten().enumerate() {
            let path = format!("tools[{index}]");
            match tool {
                Asked::Function(tool) => functions.push(self.function(&tool.function, &tool.extra, &path)?),
                Asked::Custom(tool) => functions.push(self.custom(tool, &path)?),
                Asked::Unknown(map) => self.googles(map, &path, &mut functions, &mut tools)?,
            }
        }
        for (index, function) in request.functions.get().into_iter().flatten().enumerate() {
            let path = format!("functions[{index}]");
            if let Some(function) = typed(&path, function)? {
                functions.push(self.function(&function, &Extra::new(), &path)?);
            }
        }
        if let Nullable::Value(options) = &request.web_search_options {
            if !options.is_object() {
                return Err(EncodeError::invalid("web_search_options", "is no object"));
            }
            for name in options.as_object().into_iter().flat_map(|options| options.keys()) {
                self.drop(format!("web_search_options.{name}"), "Google's search has no such choice");
            }
            if !tools.iter().any(|tool: &Tool| tool.extra.contains_key("googleSearch")) {
                tools.push(googles_tool("googleSearch", json!({})));
            }
        }
        let has_functions = !functions.is_empty();
        if has_functions {
            let declared = Tool { function_declarations: Nullable::Value(functions), ..Tool::default() };
            tools.insert(0, declared);
        }
        if !tools.is_empty() {
            wire.tools = Nullable::Value(tools);
        }
        self.choice(request, has_functions, own, wire)
    }

    fn function(
        &mut self,
        function: &FunctionDefinition,
        beside: &Extra,
        path: &str,
    ) -> Result<FunctionDeclaration, EncodeError> {
        let inner = if path.starts_with("functions") { path.to_owned() } else { format!("{path}.function") };
        let mut made = FunctionDeclaration {
            name: Nullable::Value(function.name.clone()),
            description: function.description.get().cloned().into(),
            ..FunctionDeclaration::default()
        };
        if function.strict.get() == Some(&true) {
            let path = format!("{inner}.strict");
            self.note(NoteKind::Converted, path, "Gemini keeps to schemas as the mode of calling has it");
        }
        match function.parameters.get() {
            Some(parameters) if self.model.reads_json_schema() => {
                made.parameters_json_schema = Nullable::Value(parameters.clone());
            }
            Some(parameters) => {
                let fitted = schema::fit(parameters);
                if !fitted.dropped.is_empty() {
                    let detail = format!("to Gemini's subset, without {}", fitted.dropped.join(", "));
                    self.note(NoteKind::Converted, format!("{inner}.parameters"), detail);
                }
                // An object without properties is said by having no parameters.
                if fitted.schema != json!({ "type": "object" }) {
                    made.parameters = Nullable::Value(fitted.schema);
                }
            }
            None => {}
        }
        for (members, place) in [(beside, path), (&function.extra, &inner)] {
            for (name, value) in members {
                if DECLARATION.contains(&name.as_str()) {
                    made.extra.insert(name.clone(), value.clone());
                } else if name == "cache_control" {
                    self.cache_marker(&format!("{place}.cache_control"));
                } else {
                    self.drop(format!("{place}.{name}"), "Gemini's declarations have no such member");
                }
            }
        }
        Ok(made)
    }

    /// A tool that takes free text becomes one whose input has that text as its only member.
    fn custom(&mut self, tool: &CustomTool, path: &str) -> Result<FunctionDeclaration, EncodeError> {
        let CustomDefinition { name, description, format, extra } = &tool.custom;
        self.note(NoteKind::Converted, path, "to a function with one text, `input`");
        let mut input = json!({ "type": "string" });
        if let Some(format) = format.get() {
            input["description"] = Value::String(format!("Follows this format: {format}"));
        }
        let function = FunctionDefinition {
            name: name.clone(),
            description: description.clone(),
            parameters: Nullable::Value(
                json!({ "type": "object", "properties": { "input": input }, "required": ["input"] }),
            ),
            strict: Nullable::Absent,
            extra: extra.clone(),
        };
        self.function(&function, &tool.extra, path)
    }

    /// Google's own tools: as LiteLLM's clients and Gemini's own write them, `{"googleSearch": {}}`, and by the types
    /// that OpenAI and Anthropic give to theirs.
    fn googles(
        &mut self,
        map: &Extra,
        path: &str,
        functions: &mut Vec<FunctionDeclaration>,
        tools: &mut Vec<Tool>,
    ) -> Result<(), EncodeError> {
        let mut rest = map.clone();
        let kind =
            rest.shift_remove("type").and_then(|kind| kind.as_str().map(str::to_owned)).unwrap_or_default();
        let Value::Object(mut own) = camel_case(Value::Object(rest.clone())) else { return Ok(()) };
        if let Some(declared) = own.shift_remove("functionDeclarations") {
            let declared: Option<Vec<FunctionDeclaration>> =
                typed(&format!("{path}.functionDeclarations"), &declared)?;
            functions.extend(declared.unwrap_or_default());
        }
        let mut known = false;
        for name in GOOGLES {
            let Some(value) = own.shift_remove(*name) else { continue };
            known = true;
            match self.lacking_tool(name) {
                Some(reason) => self.unsupported(path, reason)?,
                None => {
                    if value == Value::Bool(true) {
                        self.note(
                            NoteKind::Converted,
                            format!("{path}.{name}"),
                            "to an object without members",
                        );
                    }
                    tools.push(googles_tool(name, value));
                }
            }
        }
        if known || own.is_empty() && kind.is_empty() {
            for name in own.keys() {
                self.drop(format!("{path}.{name}"), "Gemini's tools have no such member");
            }
            return Ok(());
        }
        self.by_type(&kind, &rest, path, tools)
    }

    /// Why a tool of Google's cannot be had here.
    fn lacking_tool(&self, name: &str) -> Option<String> {
        let (elsewhere, place) = match self.platform {
            Platform::AiStudio => (VERTEX_ALONE, "Vertex AI"),
            Platform::Vertex => (STUDIOS_ALONE, "the Gemini API"),
        };
        let is_lacking = elsewhere.contains(&name) && !self.is_forwarded("tools");
        is_lacking.then(|| format!("only {place} has the tool `{name}`"))
    }

    fn by_type(
        &mut self,
        kind: &str,
        rest: &Extra,
        path: &str,
        tools: &mut Vec<Tool>,
    ) -> Result<(), EncodeError> {
        let mut used: &[&str] = &[];
        let camel = camel_case(json!({ kind: {} }));
        let googles = GOOGLES.iter().find(|name| camel.get(**name).is_some());
        let whole = Extra::from_iter([("type".to_owned(), kind.into())]);
        let known = ServerTool::all(&whole);
        // A screen of Anthropic's is used in other actions than Google's.
        let purpose = known.first().map(|tool| (tool.home, tool.purpose)).map(|known| match known {
            (ToolHome::Anthropic, ToolPurpose::Computer) => ToolPurpose::Other,
            (_, purpose) => purpose,
        });
        let stores = rest.get("vector_store_ids").filter(|_| purpose == Some(ToolPurpose::FileSearch));
        let (name, value) = match (stores, googles, purpose) {
            (Some(stores), ..) => {
                used = &["vector_store_ids"];
                ("fileSearch", json!({ "fileSearchStoreNames": stores }))
            }
            (None, Some(name), _) => (*name, json!({})),
            (None, None, Some(ToolPurpose::WebSearch)) => ("googleSearch", json!({})),
            (None, None, Some(ToolPurpose::WebFetch)) => ("urlContext", json!({})),
            (None, None, Some(ToolPurpose::CodeExecution)) => ("codeExecution", json!({})),
            (None, None, Some(ToolPurpose::Computer)) => {
                ("computerUse", json!({ "environment": "ENVIRONMENT_BROWSER" }))
            }
            _ => return self.unsupported(path, format!("Gemini has no tool of type `{kind}`")),
        };
        if let Some(reason) = self.lacking_tool(name) {
            return self.unsupported(path, reason);
        }
        if googles.is_none() || stores.is_some() {
            self.note(NoteKind::Converted, format!("{path}.type"), format!("to Google's `{name}`"));
        }
        for name in rest.keys().filter(|name| !used.contains(&name.as_str())) {
            self.drop(format!("{path}.{name}"), "Google's tool has no such member");
        }
        if tools.iter().any(|tool| tool.extra.contains_key(name)) {
            self.drop(path, format!("`{name}` is among the tools already"));
        } else {
            tools.push(googles_tool(name, value));
        }
        Ok(())
    }

    fn choice(
        &mut self,
        request: &ChatRequest,
        has_functions: bool,
        own: &Own,
        wire: &mut GenerateContentRequest,
    ) -> Result<(), EncodeError> {
        let (path, choice) = match (&request.tool_choice, &request.function_call) {
            (Nullable::Value(choice), _) => ("tool_choice", self.chosen(choice)?),
            (_, Nullable::Value(choice)) => ("function_call", self.chosen_function(choice)?),
            _ => ("tool_choice", None),
        };
        if request.parallel_tool_calls.get() == Some(&false) && has_functions {
            self.unsupported("parallel_tool_calls", "Gemini may always call several functions at once")?;
        } else if request.parallel_tool_calls.is_value() && !has_functions {
            self.drop("parallel_tool_calls", "there are no functions to call");
        }
        let Some(choice) = choice else { return Ok(()) };
        if let Some(tool) = ServerTool::chosen(request) {
            self.drop(path, format!("Gemini cannot be made to use `{}`", tool.name));
            return Ok(());
        }
        if own.says("toolConfig") {
            self.drop(path, "`toolConfig` is said too and wins");
        } else if !has_functions {
            self.drop(path, "there are no functions to choose from");
        } else {
            wire.tool_config = Nullable::Value(ToolConfig {
                function_calling_config: Nullable::Value(choice),
                ..ToolConfig::default()
            });
        }
        Ok(())
    }

    fn chosen(&mut self, choice: &Choice) -> Result<Option<FunctionCallingConfig>, EncodeError> {
        Ok(match choice {
            Choice::Mode(mode) => self.mode("tool_choice", mode)?,
            Choice::Function(named) => Some(only(vec![named.function.name.clone()])),
            Choice::Custom(named) => Some(only(vec![named.custom.name.clone()])),
            Choice::AllowedTools(allowed) => self.allowed(allowed)?,
            Choice::Unknown(map) => match (map.get("type").and_then(Value::as_str), map.get("name")) {
                (Some("auto"), _) => Some(calling("AUTO")),
                (Some("any"), _) => Some(calling("ANY")),
                (Some("none"), _) => Some(calling("NONE")),
                (Some("tool"), Some(Value::String(name))) => Some(only(vec![name.clone()])),
                _ => {
                    self.unsupported("tool_choice", "Gemini has no such choice")?;
                    None
                }
            },
        })
    }

    fn mode(
        &mut self,
        path: &str,
        mode: &ToolChoiceMode,
    ) -> Result<Option<FunctionCallingConfig>, EncodeError> {
        Ok(match mode {
            ToolChoiceMode::Auto => Some(calling("AUTO")),
            ToolChoiceMode::None => Some(calling("NONE")),
            ToolChoiceMode::Required => Some(calling("ANY")),
            ToolChoiceMode::Other(other) => match other.to_ascii_uppercase().as_str() {
                "ANY" => Some(calling("ANY")),
                "VALIDATED" => Some(calling("VALIDATED")),
                _ => {
                    self.unsupported(path, format!("Gemini has no choice `{other}`"))?;
                    None
                }
            },
        })
    }

    /// Some of the functions: one of them with `ANY`, one of them or words with `VALIDATED`.
    fn allowed(&mut self, allowed: &AllowedTools) -> Result<Option<FunctionCallingConfig>, EncodeError> {
        const PATH: &str = "tool_choice.allowed_tools";
        let allowed = &allowed.allowed_tools;
        let named = |tool: &Value| {
            let inner = ["function", "custom"].iter().find_map(|kind| tool.get(kind));
            inner.or(Some(tool)).and_then(|tool| tool.get("name")?.as_str()).map(str::to_owned)
        };
        let names: Vec<String> =
            allowed.get("tools").and_then(Value::as_array).into_iter().flatten().filter_map(named).collect();
        if names.is_empty() {
            return Err(EncodeError::invalid(PATH, "names none of the tools"));
        }
        Ok(match allowed.get("mode").and_then(Value::as_str).unwrap_or("auto") {
            "required" => Some(only(names)),
            "auto" => {
                self.note(NoteKind::Converted, format!("{PATH}.mode"), "to `VALIDATED`");
                Some(FunctionCallingConfig { mode: Nullable::Value("VALIDATED".to_owned()), ..only(names) })
            }
            mode => {
                self.unsupported(format!("{PATH}.mode"), format!("Gemini has no choice `{mode}`"))?;
                None
            }
        })
    }

    fn chosen_function(&mut self, choice: &Value) -> Result<Option<FunctionCallingConfig>, EncodeError> {
        const PATH: &str = "function_call";
        match (choice.as_str(), choice.get("name").and_then(Value::as_str)) {
            (Some(mode), _) => self.mode(PATH, &mode.into()),
            (None, Some(name)) => Ok(Some(only(vec![name.to_owned()]))),
            (None, None) => Err(EncodeError::invalid(PATH, "is neither a mode nor a name")),
        }
    }
}

fn googles_tool(name: &str, value: Value) -> Tool {
    let value = if value.is_null() || value == Value::Bool(true) { json!({}) } else { value };
    Tool { extra: Extra::from_iter([(name.to_owned(), value)]), ..Tool::default() }
}

fn calling(mode: &str) -> FunctionCallingConfig {
    FunctionCallingConfig { mode: Nullable::Value(mode.to_owned()), ..FunctionCallingConfig::default() }
}

/// One of these functions, in any case.
fn only(names: Vec<String>) -> FunctionCallingConfig {
    FunctionCallingConfig { allowed_function_names: Nullable::Value(names), ..calling("ANY") }
}
