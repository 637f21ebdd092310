//! Tools and the choice among them, in the Responses API's words: a function is not nested there.

use llm_provider_core::{
    Dialect, EncodeError, NoteKind, ServerTool, ToolHome, ToolPurpose, foreign_to_function,
};
use llm_types::{
    ChatRequest, Extra, FunctionDefinition, Nullable, Tool as Asked, ToolChoice as Choice, ToolChoiceMode,
    from_value,
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
        tools.push(Tool::Function(function(&asked, Extra::new())));
    }
    if let Some(options) = request.web_search_options.get() {
        if tools.iter().any(|tool| tool.web_search().is_some()) {
            changes.note(NoteKind::Dropped, "web_search_options", "a search of the web is among the tools");
        } else {
            tools.push(Tool::WebSearch(web_search(options)));
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
            wire.tool_choice = Nullable::Value(choice(asked));
        }
    } else if let Some(asked) = request.function_call.get() {
        wire.tool_choice = Nullable::Value(match asked {
            Value::String(mode) => ToolChoice::Mode(ToolChoiceMode::from(mode.as_str())),
            named => ToolChoice::Function(NamedTool::new(named["name"].as_str().unwrap_or_default())),
        });
    }
    Ok(())
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
            let mut made = function(&tool.function, extra);
            left_out(&mut made.extra, path, changes);
            Ok(Tool::Function(made))
        }
        Asked::Custom(tool) => {
            let mut extra = beside(&tool.extra);
            extra.extend(tool.custom.extra.clone());
            Ok(Tool::Custom(CustomTool {
                name: tool.custom.name.clone(),
                description: tool.custom.description.clone(),
                format: tool.custom.format.get().map(flat_format).into(),
                extra,
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
                (Tool::WebSearch(web_search(&options)), lost)
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
fn function(asked: &FunctionDefinition, mut extra: Extra) -> FunctionTool {
    extra.extend(asked.extra.clone());
    FunctionTool {
        name: asked.name.clone(),
        description: asked.description.clone(),
        parameters: asked.parameters.clone(),
        strict: Nullable::Value(asked.strict.get().copied().unwrap_or(false)),
        extra,
    }
}

/// `{"type": "grammar", "grammar": {"syntax", "definition"}}` without the inner object.
fn flat_format(format: &Value) -> Value {
    let mut flat = format.clone();
    if let Some(members) = flat.as_object_mut()
        && let Some(Value::Object(grammar)) = members.shift_remove("grammar")
    {
        members.extend(grammar);
    }
    flat
}

/// `{"search_context_size", "user_location": {"type", "approximate": {…}}}` without the inner object.
fn web_search(options: &Value) -> WebSearchTool {
    let mut extra = options.as_object().cloned().unwrap_or_default();
    let location = match extra.shift_remove("user_location") {
        Some(Value::Object(mut location)) => {
            if let Some(Value::Object(approximate)) = location.shift_remove("approximate") {
                location.extend(approximate);
            }
            Nullable::Value(location)
        }
        _ => Nullable::Absent,
    };
    let size = match extra.shift_remove("search_context_size") {
        Some(Value::String(size)) => Nullable::Value(size),
        _ => Nullable::Absent,
    };
    WebSearchTool { search_context_size: size, user_location: location, filters: Nullable::Absent, extra }
}

fn choice(asked: &Choice) -> ToolChoice {
    match asked {
        Choice::Mode(mode) => ToolChoice::Mode(mode.clone()),
        Choice::Function(named) => ToolChoice::Function(NamedTool::new(named.function.name.as_str())),
        Choice::Custom(named) => ToolChoice::Custom(NamedTool::new(named.custom.name.as_str())),
        Choice::AllowedTools(allowed) => {
            let asked = &allowed.allowed_tools;
            let tools = asked["tools"].as_array().into_iter().flatten().filter_map(Value::as_object);
            ToolChoice::Allowed(AllowedTools {
                mode: asked["mode"].as_str().map(str::to_owned).into(),
                tools: Nullable::Value(tools.map(flat_tool).collect()),
                extra: allowed.extra.clone(),
            })
        }
        Choice::Unknown(map) => ToolChoice::Other(map.clone()),
    }
}

/// `{"type": "function", "function": {"name"}}` without the inner object.
fn flat_tool(tool: &Extra) -> Extra {
    let mut flat = tool.clone();
    for inner in ["function", "custom"] {
        if let Some(Value::Object(members)) = flat.shift_remove(inner) {
            flat.extend(members);
        }
    }
    flat
}
