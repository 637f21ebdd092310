//! Tools that vendors have of their own, as far as chat has a word for them.

use std::borrow::Cow;

use llm_provider_core::{NoteKind, ServerTool, ToolPurpose};
use llm_types::{ChatRequest, Extra, Nullable, Tool, ToolChoice, ToolChoiceMode};
use serde_json::Value;

use crate::models::never_searches;
use crate::{Changes, OutputLimit, RequestOptions};

const SEARCH: &str = "web_search_options";

/// The pages among which is searched, in the words of [`ServerTool::search_options`].
const FILTERS: &str = "filters";

/// Why a setting of a search is left out.
const WHY: &str = "chat's search has no such member";

/// Why a search is left out.
const NEVER: &str = "in chat, OpenAI searches with its search models only";

/// Stands in [`RequestOptions::own_tools`] of gateways that know the tools of the vendors behind them.
const ANY: &str = "*";

/// Other vendors' tools as this wire has them: a search of the web as `web_search_options`, the rest left out. Tools
/// that nobody here knows may be the vendor's.
///
/// Source: OpenAI API reference, "Create chat completion": `tools` are functions and custom tools; guide "Web search":
/// in chat only models made for it search, and others answer `Unknown parameter: 'web_search_options'`; read 2026-11.
pub(super) fn server_tools<'a>(
    request: &'a ChatRequest,
    model: &str,
    options: &RequestOptions,
    changes: &mut Changes<'_>,
) -> Cow<'a, ChatRequest> {
    let mut request = Cow::Borrowed(request);
    let never = options.limit == OutputLimit::ByModel && never_searches(model) && !changes.forwards(SEARCH);
    if never && request.web_search_options.is_value() {
        changes.lost(NoteKind::Dropped, SEARCH, NEVER);
        request.to_mut().web_search_options = Nullable::Absent;
    }
    if request.web_search_options.get().is_some_and(|options| options.get(FILTERS).is_some())
        && !changes.forwards(SEARCH)
    {
        changes.note(NoteKind::Dropped, format!("{SEARCH}.{FILTERS}"), WHY);
        if let Some(options) = request.to_mut().web_search_options.get_mut().and_then(Value::as_object_mut) {
            options.shift_remove(FILTERS);
        }
    }
    let foreign: Vec<Vec<ServerTool>> =
        request.tools.get().into_iter().flatten().map(|tool| foreign(tool, options)).collect();
    if changes.forwards("tools") || foreign.iter().all(Vec::is_empty) {
        return request;
    }
    let forced = ServerTool::chosen(&request);
    let searches = !never && !options.drop.iter().any(|name| name == SEARCH) || changes.forwards(SEARCH);
    let mut stay = Vec::with_capacity(foreign.len());
    for tools in foreign {
        let at = stay.iter().filter(|stays| **stays).count();
        let path = format!("tools[{at}]");
        for tool in &tools {
            if tool.purpose == ToolPurpose::WebSearch && searches {
                search(&mut request, tool, &path, changes);
            } else {
                let reason = match tool.purpose {
                    ToolPurpose::WebSearch if never => NEVER.to_owned(),
                    _ => tool.reason(),
                };
                changes.lost(NoteKind::Dropped, path.as_str(), reason);
            }
        }
        stay.push(tools.is_empty());
        if !tools.is_empty() {
            changes.taken_out("tools", at);
        }
    }
    let changed = request.to_mut();
    let mut stay = stay.into_iter();
    if let Some(tools) = changed.tools.get_mut() {
        tools.retain(|_| stay.next().unwrap_or(true));
    }
    if changed.tools.get().is_some_and(Vec::is_empty) {
        changed.tools = Nullable::Absent;
    }
    choice(changed, forced, changes);
    request
}

/// What an entry of `tools` asks for that this vendor does not have: nothing, where the entry is to stay.
pub(crate) fn foreign(tool: &Tool, options: &RequestOptions) -> Vec<ServerTool> {
    let Tool::Unknown(map) = tool else { return Vec::new() };
    let kind = map.get("type").and_then(Value::as_str).unwrap_or_default();
    if options.own_tools.iter().any(|own| own == kind || own == ANY) {
        Vec::new()
    } else {
        ServerTool::all(map)
    }
}

fn search(request: &mut Cow<'_, ChatRequest>, tool: &ServerTool, path: &str, changes: &mut Changes<'_>) {
    if request.web_search_options.is_value() {
        changes.note(NoteKind::Dropped, path, "one search of the web is asked for already");
        return;
    }
    let (mut options, lost) = tool.search_options();
    let filters = options.as_object_mut().and_then(|options| options.shift_remove(FILTERS));
    changes.note(NoteKind::Converted, path, format!("`{}` to `{SEARCH}`", tool.name));
    for name in lost {
        changes.note(NoteKind::Dropped, format!("{path}.{name}"), WHY);
    }
    for name in filters.as_ref().and_then(Value::as_object).into_iter().flat_map(Extra::keys) {
        changes.note(NoteKind::Dropped, format!("{path}.{name}"), WHY);
    }
    request.to_mut().web_search_options = Nullable::Value(options);
}

/// What cannot be chosen any more is not.
fn choice(request: &mut ChatRequest, forced: Option<ServerTool>, changes: &mut Changes<'_>) {
    if let Some(tool) = forced {
        request.tool_choice = Nullable::Absent;
        changes.note(NoteKind::Dropped, "tool_choice", format!("chat cannot force `{}`", tool.name));
    }
    if request.tools.is_value() {
        return;
    }
    if let Some(choice) = request.tool_choice.take() {
        let kind = match choice {
            ToolChoice::Mode(ToolChoiceMode::Auto | ToolChoiceMode::None) => NoteKind::Converted,
            _ => NoteKind::Dropped,
        };
        changes.note(kind, "tool_choice", "there are no tools to choose from");
    }
    if request.parallel_tool_calls.take().is_some() {
        changes.note(NoteKind::Dropped, "parallel_tool_calls", "there are no tools to call");
    }
}
