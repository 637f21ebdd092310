//! Tools and the choice among them, in the Responses API's words: a function is not nested there.

use llm_provider_core::{
    Dialect, EncodeError, NoteKind, ServerTool, ToolHome, ToolPurpose, foreign_to_function,
};
use llm_types::{
    AllowedTools as Allowed, ChatRequest, Extra, FunctionDefinition, NamedTool as AskedByName, Nullable,
    Tool as Asked, ToolChoice as Choice, ToolChoiceMode, from_value,
};
use serde_json::{Value, json};

use super::mcp::{SERVERS, Servers};
use crate::Changes;
use crate::responses::wire::{
    AllowedTools, CustomTool, FunctionTool, HostedTool, NamedTool, ResponsesRequest, Tool, ToolChoice,
    WebSearchTool,
};

pub(super) fn tools(
    request: &ChatRequest,
    wire: &mut ResponsesRequest,
    changes: &mut Changes<'_>,
) -> Result<(), EncodeError> {
    let mut tools = Vec::new();
    let servers = Servers::of(request);
    for (index, asked) in request.tools.get().into_iter().flatten().enumerate() {
        let path = format!("tools[{index}]");
        match asked {
            Asked::Unknown(map) if !changes.forwards("tools") => {
                if !servers.toolset(map, &path, &mut tools, changes) {
                    hosted(map, &path, &mut tools, changes)?;
                }
            }
            asked => tools.push(tool(asked, &path, changes)?),
        }
    }
    if !changes.forwards(SERVERS) {
        servers.older(request, &mut tools, changes);
    }
    for (index, asked) in request.functions.get().into_iter().flatten().enumerate() {
        let path = format!("functions[{index}]");
        let asked: FunctionDefinition = from_value(asked.clone())
            .map_err(|error| EncodeError::invalid(format!("{path}.{}", error.path), error.message))?;
        let extra = asked.extra.clone();
        tools.push(Tool::Function(function(&asked, extra)));
    }
    if let Some(options) = request.web_search_options.get() {
        if tools.iter().any(|tool| tool.web_search().is_some()) {
            changes.note(NoteKind::Dropped, "web_search_options", "a search of the web is among the tools");
        } else if let Value::Object(options) = options {
            tools.push(Tool::WebSearch(web_search(options, "web_search_options", changes)));
        } else {
            return Err(EncodeError::invalid("web_search_options", "is no object"));
        }
    }
    let is_empty = request.tools.get().is_some_and(Vec::is_empty);
    if !tools.is_empty() || is_empty {
        wire.tools = Nullable::Value(tools);
    }
    let is_left_out = wire.tools.is_absent() && request.tools.is_value();
    if let Some(forced) = ServerTool::chosen(request).filter(|tool| tool.home != ToolHome::OpenAi) {
        wire.tool_choice = forced_tool(&forced, wire, changes).into();
    } else if let Some(asked) = request.tool_choice.get() {
        if is_left_out {
            changes.note(NoteKind::Dropped, "tool_choice", "there are no tools to choose from");
        } else {
            wire.tool_choice = Nullable::Value(choice(asked, changes));
        }
    }
    if let Some(asked) = request.function_call.get() {
        if wire.tool_choice.is_value() {
            changes.note(NoteKind::Dropped, "function_call", "`tool_choice` says another");
        } else {
            wire.tool_choice = older_choice(asked, changes).into();
        }
    }
    Ok(())
}

/// The choice of a function in its oldest form.
fn older_choice(asked: &Value, changes: &mut Changes<'_>) -> Option<ToolChoice> {
    if let Value::String(mode) = asked {
        return Some(ToolChoice::Mode(ToolChoiceMode::from(mode.as_str())));
    }
    let Some(name) = asked["name"].as_str() else {
        changes.lost(NoteKind::Dropped, "function_call", "it names no function");
        return None;
    };
    let mut named = NamedTool::new(name);
    let others = asked.as_object().into_iter().flatten().filter(|(name, _)| *name != "name");
    named.extra.extend(others.map(|(name, value)| (name.clone(), value.clone())));
    Some(ToolChoice::Function(named))
}

fn tool(asked: &Asked, path: &str, changes: &mut Changes<'_>) -> Result<Tool, EncodeError> {
    let mut beside = |extra: &Extra| {
        let mut extra = extra.clone();
        if extra.shift_remove("cache_control").is_some() {
            let path = format!("{path}.cache_control");
            changes.note(NoteKind::Dropped, path, "the vendor caches prompts by itself");
        }
        extra
    };
    match asked {
        Asked::Function(tool) => {
            let extra = beside(&tool.extra);
            let extra = joined(&extra, &tool.function.extra, &format!("{path}.function"), changes);
            let mut made = function(&tool.function, extra);
            left_out(&mut made.extra, path, changes);
            Ok(Tool::Function(made))
        }
        Asked::Custom(tool) => {
            let extra = beside(&tool.extra);
            let path = format!("{path}.custom");
            let format = tool.custom.format.get();
            Ok(Tool::Custom(CustomTool {
                name: tool.custom.name.clone(),
                description: tool.custom.description.clone(),
                format: format.map(|asked| flat_format(asked, &format!("{path}.format"), changes)).into(),
                extra: joined(&extra, &tool.custom.extra, &path, changes),
            }))
        }
        // The vendor's own tools, in its own words.
        Asked::Unknown(map) => from_value(Value::Object(map.clone()))
            .map_err(|error| EncodeError::invalid(format!("{path}.{}", error.path), error.message)),
    }
}

/// A tool of a vendor's own: OpenAI's, and those that nobody here knows, in their own words; others' as the one of
/// OpenAI's that does the same.
fn hosted(
    map: &Extra,
    path: &str,
    tools: &mut Vec<Tool>,
    changes: &mut Changes<'_>,
) -> Result<(), EncodeError> {
    let known = ServerTool::all(map);
    if known.iter().all(|tool| tool.home == ToolHome::OpenAi) {
        tools.push(tool(&Asked::Unknown(map.clone()), path, changes)?);
        return Ok(());
    }
    for tool in &known {
        let (made, lost) = match tool.purpose {
            ToolPurpose::WebSearch => {
                let (mut options, mut lost) = tool.search_options();
                if let Some(mut filters) =
                    options.as_object_mut().and_then(|said| said.shift_remove("filters"))
                {
                    let allowed = filters.get_mut("allowed_domains").map(Value::take);
                    lost.extend(filters.get("blocked_domains").map(|_| "blocked_domains".to_owned()));
                    if let Some(allowed) = allowed {
                        options["filters"] = json!({ "allowed_domains": allowed });
                    }
                }
                let options = options.as_object().cloned().unwrap_or_default();
                (Tool::WebSearch(web_search(&options, path, changes)), lost)
            }
            ToolPurpose::CodeExecution => {
                let container = Extra::from_iter([("container".to_owned(), json!({ "type": "auto" }))]);
                let lost = tool.settings_but_name().map(str::to_owned).collect();
                (Tool::CodeInterpreter(HostedTool { extra: container }), lost)
            }
            _ => {
                changes.lost(NoteKind::Dropped, path, tool.reason());
                continue;
            }
        };
        if tools.iter().any(|known| known.kind() == made.kind()) {
            changes.note(NoteKind::Dropped, path, format!("`{}` is among the tools already", made.kind()));
            continue;
        }
        let detail = format!("`{}` to `{}`", tool.name, made.kind());
        changes.note(NoteKind::Converted, path, detail);
        for name in
            lost.iter().map(String::as_str).chain(tool.settings.contains_key("name").then_some("name"))
        {
            changes.note(NoteKind::Dropped, format!("{path}.{name}"), "OpenAI's tool has no such member");
        }
        tools.push(made);
    }
    Ok(())
}

/// The choice of another vendor's tool, by the type of the one that stands for it.
fn forced_tool(
    forced: &ServerTool,
    wire: &ResponsesRequest,
    changes: &mut Changes<'_>,
) -> Option<ToolChoice> {
    let is_it = |tool: &&Tool| match forced.purpose {
        ToolPurpose::WebSearch => tool.web_search().is_some(),
        ToolPurpose::CodeExecution => matches!(tool, Tool::CodeInterpreter(_)),
        _ => false,
    };
    let Some(tool) = wire.tools.get().into_iter().flatten().find(is_it) else {
        changes.note(NoteKind::Dropped, "tool_choice", "the tool is left out");
        return None;
    };
    changes.note(NoteKind::Converted, "tool_choice", format!("to `{}`", tool.kind()));
    // The plain form names some kinds of tools alone; this one takes each. Source: OpenAI's published request types,
    // `ToolChoiceTypes` and `ToolChoiceAllowed`, read 2026-11.
    Some(ToolChoice::Allowed(AllowedTools {
        mode: Nullable::Value("required".to_owned()),
        tools: Nullable::Value(vec![Extra::from_iter([("type".to_owned(), tool.kind().into())])]),
        extra: Extra::new(),
    }))
}

/// Takes members that other dialects' functions have out, but for those that this API's functions have too.
///
/// Source: OpenAI API reference, "Responses": of a function's `allowed_callers`, read 2026-11.
fn left_out(extra: &mut Extra, path: &str, changes: &mut Changes<'_>) {
    let is_own = |name: &str, value: &Value| match name {
        "defer_loading" => true,
        "allowed_callers" => value.as_array().is_some_and(|callers| {
            callers.iter().all(|caller| matches!(caller.as_str(), Some("direct" | "programmatic")))
        }),
        _ => false,
    };
    extra.retain(|name, value| {
        let reason = match name.as_str() {
            "cache_control" => Some("the vendor caches prompts by itself"),
            name if is_own(name, value) => None,
            name => foreign_to_function(name, Dialect::OpenAiResponses),
        };
        if let Some(reason) = reason {
            changes.note(NoteKind::Dropped, format!("{path}.{name}"), reason);
        }
        reason.is_none()
    });
}

/// A function. Strictness is this API's default, and chat's is none, so that it must be said.
///
/// Source: OpenAI docs, "Migrate to the Responses API", section on function calling, read 2026-11.
fn function(asked: &FunctionDefinition, extra: Extra) -> FunctionTool {
    FunctionTool {
        name: asked.name.clone(),
        description: asked.description.clone(),
        parameters: asked.parameters.clone(),
        strict: Nullable::Value(asked.strict.get().copied().unwrap_or(false)),
        extra,
    }
}

/// `{"type": "grammar", "grammar": {"syntax", "definition"}}` without the inner object.
fn flat_format(format: &Value, path: &str, changes: &mut Changes<'_>) -> Value {
    let (Value::Object(members), Value::Object(grammar)) = (format, &format["grammar"]) else {
        return format.clone();
    };
    let mut outer = members.clone();
    outer.shift_remove("grammar");
    joined(&outer, grammar, &format!("{path}.grammar"), changes).into()
}

/// `{"search_context_size", "user_location": {"type", "approximate": {…}}}` without the inner object.
/// `path` is where they stand. What has another form than this API's stays as it is: the vendor may say what it thinks of
/// it.
fn web_search(options: &Extra, path: &str, changes: &mut Changes<'_>) -> WebSearchTool {
    let mut tool = WebSearchTool { extra: options.clone(), ..WebSearchTool::default() };
    if let Some(Value::Object(location)) = options.get("user_location") {
        tool.extra.shift_remove("user_location");
        let mut outer = location.clone();
        if let Some(Value::Object(approximate)) = location.get("approximate") {
            outer.shift_remove("approximate");
            let path = format!("{path}.user_location.approximate");
            outer = joined(&outer, approximate, &path, changes);
        }
        tool.user_location = Nullable::Value(outer);
    }
    if let Some(Value::String(size)) = options.get("search_context_size") {
        tool.extra.shift_remove("search_context_size");
        tool.search_context_size = Nullable::Value(size.clone());
    }
    tool
}

fn choice(asked: &Choice, changes: &mut Changes<'_>) -> ToolChoice {
    let mut named = |tool: &AskedByName, outer: &Extra, inner: &str| NamedTool {
        extra: joined(outer, &tool.extra, &format!("tool_choice.{inner}"), changes),
        ..NamedTool::new(tool.name.as_str())
    };
    match asked {
        Choice::Mode(mode) => ToolChoice::Mode(mode.clone()),
        Choice::Function(tool) => ToolChoice::Function(named(&tool.function, &tool.extra, "function")),
        Choice::Custom(tool) => ToolChoice::Custom(named(&tool.custom, &tool.extra, "custom")),
        Choice::AllowedTools(allowed) => ToolChoice::Allowed(allowed_tools(allowed, changes)),
        Choice::Unknown(map) => ToolChoice::Other(map.clone()),
    }
}

/// `{"type": "allowed_tools", "allowed_tools": {"mode", "tools"}}` without the inner object.
fn allowed_tools(asked: &Allowed, changes: &mut Changes<'_>) -> AllowedTools {
    const PATH: &str = "tool_choice.allowed_tools";
    let Value::Object(inner) = &asked.allowed_tools else {
        changes.lost(NoteKind::Dropped, PATH, "it names no tools");
        return AllowedTools { mode: Nullable::Absent, tools: Nullable::Absent, extra: asked.extra.clone() };
    };
    let mut inner = inner.clone();
    let mode = inner.shift_remove("mode");
    if mode.as_ref().is_some_and(|mode| !mode.is_string()) {
        changes.lost(NoteKind::Dropped, format!("{PATH}.mode"), "it is no text");
    }
    let listed = inner.shift_remove("tools").unwrap_or_default();
    if !listed.is_array() && !listed.is_null() {
        changes.lost(NoteKind::Dropped, format!("{PATH}.tools"), "it is no list");
    }
    let mut tools = Vec::new();
    for (index, tool) in listed.as_array().into_iter().flatten().enumerate() {
        let path = format!("{PATH}.tools[{index}]");
        match tool {
            Value::Object(tool) => tools.push(flat_tool(tool, &path, changes)),
            _ => changes.lost(NoteKind::Dropped, path, "it names no tool"),
        }
    }
    AllowedTools {
        mode: mode.as_ref().and_then(Value::as_str).map(str::to_owned).into(),
        tools: Nullable::Value(tools),
        extra: joined(&asked.extra, &inner, PATH, changes),
    }
}

/// The members of an object and of one inside of it, at `path`, which is none here. Where both have one, it is the outer
/// one's.
pub(super) fn joined(outer: &Extra, inner: &Extra, path: &str, changes: &mut Changes<'_>) -> Extra {
    let mut all = outer.clone();
    for (name, value) in inner {
        match all.get(name) {
            Some(said) if said == value => {
                changes.note(NoteKind::Converted, format!("{path}.{name}"), "as it is said beside it");
            }
            Some(_) => changes.note(NoteKind::Dropped, format!("{path}.{name}"), "said beside it otherwise"),
            None => {
                all.insert(name.clone(), value.clone());
            }
        }
    }
    all
}

/// `{"type": "function", "function": {"name"}}` without the inner object.
fn flat_tool(tool: &Extra, path: &str, changes: &mut Changes<'_>) -> Extra {
    let mut flat = tool.clone();
    for name in ["function", "custom"] {
        if let Some(Value::Object(inner)) = tool.get(name) {
            flat.shift_remove(name);
            flat = joined(&flat, inner, &format!("{path}.{name}"), changes);
        }
    }
    flat
}
