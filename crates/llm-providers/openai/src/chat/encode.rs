//! A canonical request in the vendor's form.

use std::borrow::Cow;

use llm_provider_core::{
    Call, Dialect, Edit, EncodeError, Encoded, NoteKind, Payload, foreign_member, said_already,
};
use llm_types::{ChatRequest, Extra, Message, ReasoningEffort, StreamOptions, Tool};
use serde_json::Value;

use super::foreign;
use super::messages::messages;
use super::server_tools::server_tools;
use crate::edited::Edited;
use crate::{Changes, OutputLimit, RequestOptions, ThinkingMember, WireOptions, head, models};

/// How the reason begins where a member goes because it is said in another way: nothing is lost with it.
const SAID: &str = "said by ";

/// Members of Messages requests that mean nothing on this wire, and that vendors refuse as unknown.
///
/// Source: Anthropic API reference, "Messages", read 2026-11.
const MESSAGES_ONLY: &[&str] = &["container", "context_management", "inference_geo", "mcp_servers", "speed"];

/// Writes a request.
pub(super) fn encode(
    request: &ChatRequest,
    call: &Call<'_>,
    options: &WireOptions,
    mut changes: Changes<'_>,
) -> Result<Encoded, EncodeError> {
    let parts = head::chat(options, call)?;
    let request = &*server_tools(request, call.model, &options.request, &mut changes);
    let messages = messages(&request.messages, &options.request, &mut changes);
    let edits = edits(request, call, &options.request, &mut changes)?;
    let body = write(request, &messages, &edits, &options.request.defaults, &mut changes)?;
    Ok(Encoded { request: http::Request::from_parts(parts, Payload::from(body)), notes: changes.finish()? })
}

fn write(
    request: &ChatRequest,
    messages: &[Cow<'_, Message>],
    edits: &[Edit],
    defaults: &Extra,
    changes: &mut Changes<'_>,
) -> Result<Vec<u8>, EncodeError> {
    let mut body = Vec::with_capacity(1024);
    let defaults = (!defaults.is_empty()).then_some(defaults);
    let met = Edited::write_with(request, Some(("messages", messages)), edits, defaults, &mut body)
        .map_err(|error| EncodeError::invalid("", error.to_string()))?;
    for edit in met {
        match edit {
            Edit::Remove { name, reason } if reason.starts_with(SAID) => {
                changes.note(NoteKind::Converted, name.clone(), reason.clone());
            }
            Edit::Remove { name, reason } => changes.lost(NoteKind::Dropped, name.clone(), reason.clone()),
            Edit::Rename { name, to } => changes.note(NoteKind::Renamed, name.clone(), to.clone()),
            _ => {}
        }
    }
    Ok(body)
}

/// All changes at the top level.
fn edits(
    request: &ChatRequest,
    call: &Call<'_>,
    options: &RequestOptions,
    changes: &mut Changes<'_>,
) -> Result<Vec<Edit>, EncodeError> {
    let mut edits = vec![Edit::set_text("model", call.model)];
    edits.extend(limit_edit(
        options.limit,
        call.model,
        request.max_tokens.is_value(),
        request.max_completion_tokens.is_value(),
    ));
    edits.extend(stream_edit(request, options)?);
    thinking_edits(request, call, options.thinking, changes, &mut edits)?;
    if !options.cache_control {
        edits.extend(tools_edit(request, changes)?);
    }
    edits.extend(foreign_edits(options, call.forward));
    edits.extend(dialects_own(request, options, call.forward));
    edits.extend(row_edits(options, call.forward, |name| request.extra.contains_key(name)));
    Ok(edits)
}

fn json(value: &impl serde::Serialize, path: &str) -> Result<String, EncodeError> {
    serde_json::to_string(value).map_err(|error| EncodeError::invalid(path, error.to_string()))
}

/// Members that only Anthropic knows go, unless the configuration wants them sent.
fn foreign_edits(options: &RequestOptions, forward: &[String]) -> impl Iterator<Item = Edit> {
    let top_k = (!options.top_k).then_some("top_k");
    let cache_control = (!options.cache_control).then_some("cache_control");
    let names = MESSAGES_ONLY.iter().copied().chain(top_k).chain(cache_control);
    names
        .filter(|name| !forward.iter().any(|forward| forward == name))
        .map(|name| Edit::Remove { name: name.into(), reason: "the vendor has no such parameter".into() })
}

/// What only Gemini's or Bedrock's API has goes likewise. A gateway that understands other vendors' words, as `cache_control`
/// is one, may know what to do with it.
fn dialects_own<'a>(
    request: &'a ChatRequest,
    options: &'a RequestOptions,
    forward: &'a [String],
) -> impl Iterator<Item = Edit> + 'a {
    let names = request.extra.keys().filter(|name| !forward.contains(name));
    names
        .filter(|_| !options.cache_control)
        .filter(|name| !MESSAGES_ONLY.contains(&name.as_str()))
        .filter_map(|name| {
            let reason = foreign_member(name, Dialect::OpenAiChat).filter(|_| name != "output_config")?;
            let said = request.extra.get(name).and_then(|value| said_already(request, name, value));
            Some(Edit::Remove { name: name.clone().into(), reason: said.unwrap_or(reason).into() })
        })
}

/// The drops and renames that a vendor's row asks for, whether or not the request has the members.
pub(crate) fn row_edits(
    options: &RequestOptions,
    forward: &[String],
    has: impl Fn(&str) -> bool,
) -> impl Iterator<Item = Edit> {
    let forwarded = move |name: &str| forward.iter().any(|forward| forward == name);
    let drops = options
        .drop
        .iter()
        .filter(move |name| !forwarded(name))
        .map(|name| Edit::Remove { name: name.clone().into(), reason: "the vendor does not take it".into() });
    let renames = options.rename.iter().map(move |(name, to)| {
        if has(to) {
            Edit::Remove { name: name.clone().into(), reason: format!("{SAID}`{to}`").into() }
        } else {
            Edit::Rename { name: name.clone().into(), to: to.clone().into() }
        }
    });
    drops.chain(renames)
}

/// The output limit under the name that the vendor knows.
pub(crate) fn limit_edit(limit: OutputLimit, model: &str, has_old: bool, has_new: bool) -> Option<Edit> {
    const OLD: &str = "max_tokens";
    const NEW: &str = "max_completion_tokens";
    if !has_old && !has_new {
        return None;
    }
    let (wrong, right) = match limit {
        OutputLimit::AsGiven => return None,
        OutputLimit::ByModel if !models::takes_completion_limit(model) => return None,
        OutputLimit::ByModel | OutputLimit::MaxCompletionTokens => (OLD, NEW),
        OutputLimit::MaxTokens => (NEW, OLD),
    };
    let (has_wrong, has_right) = if wrong == OLD { (has_old, has_new) } else { (has_new, has_old) };
    match (has_wrong, has_right) {
        (false, _) => None,
        (true, false) => Some(Edit::Rename { name: wrong.into(), to: right.into() }),
        (true, true) => Some(Edit::Remove { name: wrong.into(), reason: format!("{SAID}`{right}`").into() }),
    }
}

/// Asks for usage at the end of a stream.
fn stream_edit(request: &ChatRequest, options: &RequestOptions) -> Result<Option<Edit>, EncodeError> {
    if !request.streams() {
        return Ok(None);
    }
    if !options.stream_usage {
        return Ok(Some(Edit::Remove {
            name: "stream_options".into(),
            reason: "said by the vendor's own habit: it sends usage without being asked".into(),
        }));
    }
    let mut wanted = request.stream_options.get().cloned().unwrap_or(StreamOptions {
        include_usage: Default::default(),
        include_obfuscation: Default::default(),
        extra: Default::default(),
    });
    wanted.include_usage = true.into();
    let json = json(&wanted, "stream_options")?;
    Ok(Some(Edit::Set { name: "stream_options".into(), json }))
}

/// Says Anthropic's words for how to think in the vendor's way.
fn thinking_edits(
    request: &ChatRequest,
    call: &Call<'_>,
    member: ThinkingMember,
    changes: &mut Changes<'_>,
    edits: &mut Vec<Edit>,
) -> Result<(), EncodeError> {
    let thinking = request.thinking.get();
    let kind = thinking.and_then(|thinking| thinking.get("type")).and_then(Value::as_str);
    match member {
        ThinkingMember::Keep => {}
        ThinkingMember::Switch => {
            let Some(kind) = kind else { return Ok(()) };
            // Adaptive thinking is on, as far as a switch can tell.
            let kind = if kind == "disabled" { "disabled" } else { "enabled" };
            let json = json(&serde_json::json!({ "type": kind }), "thinking")?;
            edits.push(Edit::Set { name: "thinking".into(), json });
            let says_more = thinking.and_then(Value::as_object).is_some_and(|said| {
                said.iter().any(|(name, value)| name != "type" && !value.is_null()) || said["type"] != kind
            });
            if says_more {
                changes.note(
                    NoteKind::Converted,
                    "thinking",
                    format!("{kind}, as the vendor only has a switch"),
                );
            }
        }
        ThinkingMember::Effort => effort_edits(request, call, true, edits),
        ThinkingMember::EffortByModel => effort_edits(request, call, models::takes_effort(call.model), edits),
    }
    Ok(())
}

/// Says `thinking` and Anthropic's `output_config.effort` as `reasoning_effort`.
fn effort_edits(request: &ChatRequest, call: &Call<'_>, takes_effort: bool, edits: &mut Vec<Edit>) {
    const NO_SWITCH: &str = "the model has no such switch";
    let thinking = request.thinking.get();
    let kind = thinking.and_then(|thinking| thinking.get("type")).and_then(Value::as_str);
    let budget = thinking.and_then(|thinking| thinking.get("budget_tokens")).and_then(Value::as_u64);
    let output = request.extra.get("output_config");
    let named = output.and_then(|config| config.get("effort")).and_then(Value::as_str);
    let effort = match named {
        Some(name) => Some(ReasoningEffort::from(name)),
        None => budget.map(|budget| effort(budget, call)),
    };
    let (effort, reason) = match (request.reasoning_effort.get(), effort) {
        (Some(_), _) => (None, format!("{SAID}`reasoning_effort`")),
        (None, Some(effort)) if takes_effort && kind != Some("disabled") => {
            let reason = format!("{SAID}`reasoning_effort` {effort}");
            (Some(effort), reason)
        }
        // Adaptive thinking without an effort is what such a model does by itself.
        (None, None) if takes_effort && kind == Some("adaptive") => {
            (None, format!("{SAID}the model's own habit"))
        }
        (None, _) if takes_effort && kind == Some("disabled") && models::takes_no_effort(call.model) => {
            let effort = ReasoningEffort::None;
            let reason = format!("{SAID}`reasoning_effort` {effort}");
            (Some(effort), reason)
        }
        (None, _) if !takes_effort && kind == Some("disabled") => {
            (None, format!("{SAID}the model's own habit"))
        }
        _ => (None, NO_SWITCH.to_owned()),
    };
    for name in ["thinking", "output_config"] {
        edits.push(Edit::Remove { name: name.into(), reason: reason.clone().into() });
    }
    edits.extend(effort.map(|effort| Edit::set_text("reasoning_effort", effort.as_str())));
}

/// The effort that a budget stands for; only those that every reasoning model of OpenAI has.
fn effort(budget: u64, call: &Call<'_>) -> ReasoningEffort {
    let worth = &call.effort_budgets;
    match budget {
        budget if budget >= worth.high => ReasoningEffort::High,
        budget if budget >= worth.medium => ReasoningEffort::Medium,
        _ => ReasoningEffort::Low,
    }
}

/// Takes prompt-cache markers out of tools, and what other dialects' functions have.
fn tools_edit(request: &ChatRequest, changes: &mut Changes<'_>) -> Result<Option<Edit>, EncodeError> {
    let Some(given) = request.tools.get() else { return Ok(None) };
    let own = foreign::functions(given, changes);
    let tools = own.as_ref().unwrap_or(given);
    let marked = |tool: &Tool| match tool {
        Tool::Function(tool) => {
            tool.extra.contains_key("cache_control") || tool.function.extra.contains_key("cache_control")
        }
        Tool::Custom(_) | Tool::Unknown(_) => false,
    };
    if !tools.iter().any(marked) {
        return own
            .map(|tools| Ok(Edit::Set { name: "tools".into(), json: json(&tools, "tools")? }))
            .transpose();
    }
    let mut tools = tools.clone();
    for (index, tool) in tools.iter_mut().enumerate() {
        if let Tool::Function(tool) = tool {
            for (members, place) in [(&mut tool.extra, ""), (&mut tool.function.extra, "function.")] {
                if members.shift_remove("cache_control").is_some() {
                    let path = format!("tools[{index}].{place}cache_control");
                    changes.note(NoteKind::Dropped, path, "the vendor caches prompts by itself");
                }
            }
        }
    }
    Ok(Some(Edit::Set { name: "tools".into(), json: json(&tools, "tools")? }))
}
