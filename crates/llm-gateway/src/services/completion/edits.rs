//! The closed list of changes to a request: the model, members for the gateway alone, configured defaults
//! and drops, and the usage chunk.

use bytes::Bytes;
use llm_provider_core::{Call, Dialect, Edit, Names, Note, NoteKind, Peek, Relay, apply};
use llm_types::{ApiError, ErrorKind, Extra, Layer};
use serde_json::Value;

use super::{Door, Request, cache_points, continuation, mend};
use crate::deployment::Deployment;

/// Members that LiteLLM's clients send to the gateway and that no vendor knows.
///
/// Source: LiteLLM documentation, "Completion input params" and "Reliability", read 2026-11.
const GATEWAY_MEMBERS: Names = Names::new(&[
    "additional_drop_params",
    "allowed_model_region",
    "allowed_openai_params",
    "api_base",
    "api_key",
    "base_url",
    "cache",
    "cache_control_injection_points",
    "content_policy_fallbacks",
    "context_window_fallback_dict",
    "context_window_fallbacks",
    "disable_fallbacks",
    "drop_params",
    continuation::MEMBER,
    "fallbacks",
    "guardrails",
    "litellm_metadata",
    "litellm_session_id",
    "litellm_trace_id",
    "mock_testing_content_policy_fallbacks",
    "mock_testing_context_fallbacks",
    "mock_testing_fallbacks",
    "mock_testing_rate_limit_error",
    "modify_params",
    "no-log",
    "max_retries",
    "model_group_retry_policy",
    "num_retries",
    "quality_tier",
    "retry_policy",
    "stream_timeout",
    "tags",
    "timeout",
    "ttft_timeout",
]);

/// Members for the gateway that ask for something this version does not do; leaving them out is told.
const NOT_HONOURED: &[&str] = &["cache", "context_window_fallback_dict", "guardrails"];

/// A body that passes through as bytes, changed.
#[derive(Debug)]
pub(super) struct RelayPlan {
    pub(super) body: Bytes,
    /// What the client is told of the changes.
    pub(super) notes: Vec<Note>,
    /// Whether the usage chunk was asked for by us and not by the client.
    pub(super) withhold_usage: bool,
}

/// The body for this deployment; `None` if the request must be translated.
pub(super) fn relay_plan(
    request: &Request<'_>,
    deployment: &Deployment,
    relay: &dyn Relay,
    call: &Call<'_>,
    cap: Option<u64>,
) -> Result<Option<RelayPlan>, ApiError> {
    let peek = &request.peek;
    if !deployment.drops_top_level_only() || peek.has("additional_drop_params") {
        return Ok(None);
    }
    let points = cache_points::points(request, deployment)?;
    let marks = !points.is_empty() && matches!(request.ask.door, Door::Chat);
    if marks && !cache_points::marks_bytes(request.ask.dialect) {
        return Ok(None);
    }
    let mut configured = configured(peek, deployment);
    let mut notes: Vec<Note> =
        configured.iter().filter_map(note).map(|note| Note { kind: NoteKind::Configured, ..note }).collect();
    if marks {
        for mark in cache_points::edits(peek, &points)? {
            notes.push(cache_points::note(mark.name().to_owned()));
            configured.push(mark);
        }
    }
    if let Some((edit, note)) = fitting_limit(request, deployment)? {
        configured.push(edit);
        notes.push(note);
    }
    if let Some(cap) = cap {
        let Some(name) = limit_name(request, deployment) else { return Ok(None) };
        configured.push(Edit::Set { name: name.into(), json: cap.to_string() });
        notes.push(cap_note(name, cap));
    }
    if configured.is_empty() {
        return plan(request, deployment, relay, call, &request.ask.body.bytes, peek, Vec::new());
    }
    // What the configuration sets is part of the request that the vendor's own changes are made to.
    let body = apply(&request.ask.body.bytes, peek, &configured);
    plan(request, deployment, relay, call, &body, &Peek::new(&body)?, notes)
}

/// The member that limits an answer where bytes pass through; `None` where it does not stand at the top.
fn limit_name(request: &Request<'_>, deployment: &Deployment) -> Option<&'static str> {
    match request.ask.dialect {
        Dialect::OpenAiChat if matches!(&*deployment.provider_name, "openai" | "azure") => {
            Some("max_completion_tokens")
        }
        Dialect::OpenAiChat | Dialect::AnthropicMessages | Dialect::CohereChat => Some("max_tokens"),
        Dialect::OpenAiResponses => Some("max_output_tokens"),
        _ => None,
    }
}

fn cap_note(name: &'static str, cap: u64) -> Note {
    Note::new(NoteKind::Defaulted, name, format!("{cap}: what is left of a limit has room for no more"))
}

/// Limits an answer to what is left, where the request sets no limit.
pub(super) fn cap(request: &mut llm_types::ChatRequest, cap: u64, notes: &mut Vec<Note>) {
    if !request.max_tokens.is_value() && !request.max_completion_tokens.is_value() {
        request.max_completion_tokens = llm_types::Nullable::Value(cap);
        notes.push(cap_note("max_completion_tokens", cap));
    }
}

/// Members that the configuration drops and sets.
fn configured(peek: &Peek<'_>, deployment: &Deployment) -> Vec<Edit> {
    let set =
        |(name, value): (&String, &Value)| Edit::Set { name: name.clone().into(), json: value.to_string() };
    let mut edits: Vec<Edit> = deployment.overrides.iter().map(set).collect();
    let is_new = |edits: &[Edit], name: &str| edits.iter().all(|edit| edit.name() != name);
    for name in &deployment.drop_params {
        if peek.raw(name).is_some() && is_new(&edits, name) {
            edits.push(Edit::Remove {
                name: name.clone().into(),
                reason: "the configuration drops it".into(),
            });
        }
    }
    for default in &deployment.defaults {
        if peek.raw(default.0).is_none() && is_new(&edits, default.0) {
            edits.push(set(default));
        }
    }
    edits
}

/// Whether conversations are put right: the request's own word, else the configuration's.
fn modifies(request: &Request<'_>, deployment: &Deployment) -> Result<bool, ApiError> {
    Ok(request.peek.get("modify_params")?.unwrap_or(deployment.modify_params))
}

/// The limit of an answer, where the one that is asked for is more than the model writes.
fn fitting_limit(request: &Request<'_>, deployment: &Deployment) -> Result<Option<(Edit, Note)>, ApiError> {
    if !modifies(request, deployment)? || !matches!(request.ask.door, Door::Chat) {
        return Ok(None);
    }
    for name in ["max_completion_tokens", "max_tokens"] {
        // What is no number is for the vendor to refuse.
        let Ok(Some(asked)) = request.peek.get::<u64>(name) else { continue };
        let prompt_bytes = request.peek.raw("messages").map_or(0, str::len) as u64;
        if let Some(limit) = mend::fitting_limit(asked, deployment.window, prompt_bytes) {
            let edit = Edit::Set { name: name.into(), json: limit.to_string() };
            return Ok(Some((edit, mend::limit_note(name, limit))));
        }
    }
    Ok(None)
}

/// Puts a conversation right, and marks into it, as the configuration or the request wants it; `None` if there is
/// nothing to change.
pub(super) fn put_right(
    request: &Request<'_>,
    deployment: &Deployment,
    canonical: &llm_types::ChatRequest,
    notes: &mut Vec<Note>,
) -> Result<Option<llm_types::ChatRequest>, ApiError> {
    let points = cache_points::points(request, deployment)?;
    let modifies = modifies(request, deployment)?;
    if points.is_empty() && !modifies {
        return Ok(None);
    }
    let mut changed = canonical.clone();
    if modifies {
        let prompt_bytes = request.ask.body.bytes.len() as u64;
        for (name, limit) in [
            ("max_completion_tokens", &mut changed.max_completion_tokens),
            ("max_tokens", &mut changed.max_tokens),
        ] {
            if let Some(asked) = limit.get_mut()
                && let Some(fitting) = mend::fitting_limit(*asked, deployment.window, prompt_bytes)
            {
                *asked = fitting;
                notes.push(mend::limit_note(name, fitting));
            }
        }
        notes.extend(mend::mend(&mut changed, &deployment.demands));
    }
    // Last, so that it is what is sent that is marked.
    notes.extend(cache_points::mark(&mut changed, &points));
    Ok(Some(changed))
}

/// The changes to a request as configured.
fn plan(
    request: &Request<'_>,
    deployment: &Deployment,
    relay: &dyn Relay,
    call: &Call<'_>,
    body: &Bytes,
    peek: &Peek<'_>,
    mut notes: Vec<Note>,
) -> Result<Option<RelayPlan>, ApiError> {
    let Some(mut edits) = relay.edits(peek, call) else { return Ok(None) };
    let renamed = request.ask.model.is_some() || request.model != *deployment.model;
    if renamed && relay.model_in_body() && !deployment.overrides.contains_key("model") {
        edits.push(Edit::set_text("model", &deployment.model));
    }
    for member in peek.members() {
        if let Some(name) = GATEWAY_MEMBERS.find(&member.name) {
            edits.push(Edit::Remove { name: name.into(), reason: gateway_reason(name).into() });
        }
    }
    let usage_comes = request.stream
        && relay.takes_include_usage()
        && !deployment.drop_params.iter().any(|name| name == "stream_options");
    if usage_comes && !super::wants_usage(peek)? {
        edits.push(Edit::Set { name: "stream_options".into(), json: with_usage(peek)? });
    }
    notes.extend(edits.iter().filter_map(note));
    let withhold_usage = usage_comes && !request.include_usage;
    Ok(Some(RelayPlan { body: apply(body, peek, &edits), notes, withhold_usage }))
}

/// `stream_options` as the client has it, and the usage chunk.
fn with_usage(peek: &Peek<'_>) -> Result<String, ApiError> {
    let mut options: Extra = peek.get("stream_options")?.unwrap_or_default();
    options.insert("include_usage".to_owned(), Value::Bool(true));
    Ok(Value::Object(options).to_string())
}

fn gateway_reason(name: &str) -> &'static str {
    if NOT_HONOURED.contains(&name) {
        "this version of the gateway does not do it"
    } else {
        "for the gateway alone"
    }
}

/// The note on an edit that a client should hear of.
fn note(edit: &Edit) -> Option<Note> {
    match edit {
        Edit::Remove { name, .. }
            if GATEWAY_MEMBERS.find(name).is_some() && !NOT_HONOURED.contains(&&**name) =>
        {
            None
        }
        edit => edit.note(),
    }
}

/// The same changes to a request in canonical form, which the translator then writes.
pub(super) fn edit_canonical(
    request: &Request<'_>,
    deployment: &Deployment,
    notes: &mut Vec<Note>,
) -> Result<Option<llm_types::ChatRequest>, ApiError> {
    let canonical = &request.canonical()?.request;
    edit_tree(request, deployment, canonical, &canonical.extra, notes)
}

/// The same for any operation; `None` if there is nothing to change.
pub(super) fn edit_tree<T: serde::Serialize + serde::de::DeserializeOwned>(
    request: &Request<'_>,
    deployment: &Deployment,
    canonical: &T,
    extra: &Extra,
    notes: &mut Vec<Note>,
) -> Result<Option<T>, ApiError> {
    let drops = drops(request, deployment)?;
    let gateway = |name: &str| GATEWAY_MEMBERS.find(name).is_some();
    let touched = !drops.is_empty()
        || !deployment.defaults.is_empty()
        || !deployment.overrides.is_empty()
        || extra.keys().any(|name| gateway(name));
    if !touched {
        return Ok(None);
    }
    let mut tree = serde_json::to_value(canonical).map_err(internal)?;
    if let Some(members) = tree.as_object_mut() {
        let names: Vec<String> = members.keys().filter(|name| gateway(name)).cloned().collect();
        for name in names {
            members.shift_remove(&name);
            if NOT_HONOURED.contains(&name.as_str()) {
                notes.push(Note::dropped(&name, gateway_reason(&name)));
            }
        }
        for (name, value) in &deployment.defaults {
            members.entry(name.clone()).or_insert_with(|| value.clone());
        }
        for (name, value) in &deployment.overrides {
            members.insert(name.clone(), value.clone());
        }
    }
    for path in drops {
        if remove_path(&mut tree, &path) {
            notes.push(Note::new(NoteKind::Configured, &path, "the configuration or the request drops it"));
        }
    }
    llm_types::from_value(tree).map(Some).map_err(|error| {
        ApiError::new(ErrorKind::InvalidRequest, Layer::Translation, error.to_string()).with_param(error.path)
    })
}

/// The configuration's and the request's own drops: dot paths, `[*]` for every item of a list.
fn drops(request: &Request<'_>, deployment: &Deployment) -> Result<Vec<String>, ApiError> {
    let mut drops = deployment.drop_params.clone();
    let more: Option<Vec<String>> = request.peek.get("additional_drop_params")?;
    drops.extend(more.unwrap_or_default());
    Ok(drops)
}

/// Removes what a path such as `tools[*].function.strict` names; says whether anything was there.
fn remove_path(tree: &mut Value, path: &str) -> bool {
    let (head, rest) = match path.find(['.', '[']) {
        Some(at) if path.as_bytes()[at] == b'.' => (&path[..at], Some(&path[at + 1..])),
        Some(at) if at > 0 => (&path[..at], Some(&path[at..])),
        Some(_) => {
            let Some((index, rest)) = path[1..].split_once(']') else { return false };
            let rest = rest.strip_prefix('.').unwrap_or(rest);
            let Some(items) = tree.as_array_mut() else { return false };
            return match (index, rest) {
                ("*", "") => {
                    let any = !items.is_empty();
                    items.clear();
                    any
                }
                ("*", rest) => items.iter_mut().fold(false, |any, item| remove_path(item, rest) | any),
                (index, rest) => match index.parse::<usize>() {
                    Ok(index) if index < items.len() && rest.is_empty() => {
                        items.remove(index);
                        true
                    }
                    Ok(index) => items.get_mut(index).is_some_and(|item| remove_path(item, rest)),
                    Err(_) => false,
                },
            };
        }
        None => (path, None),
    };
    let Some(members) = tree.as_object_mut() else { return false };
    match rest {
        None => members.shift_remove(head).is_some(),
        Some(rest) => members.get_mut(head).is_some_and(|inner| remove_path(inner, rest)),
    }
}

fn internal(error: impl std::fmt::Display) -> ApiError {
    ApiError::new(ErrorKind::Internal, Layer::Gateway, error.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_of_all_forms() {
        for (path, left) in [
            ("b", json!({"a": {"c": 1, "d": 2}, "e": [{"f": 1, "g": 2}, {"f": 3}]})),
            ("a.c", json!({"a": {"d": 2}, "b": 0, "e": [{"f": 1, "g": 2}, {"f": 3}]})),
            ("e[*].f", json!({"a": {"c": 1, "d": 2}, "b": 0, "e": [{"g": 2}, {}]})),
            ("e[0].g", json!({"a": {"c": 1, "d": 2}, "b": 0, "e": [{"f": 1}, {"f": 3}]})),
            ("e[1]", json!({"a": {"c": 1, "d": 2}, "b": 0, "e": [{"f": 1, "g": 2}]})),
        ] {
            let mut tree = json!({"a": {"c": 1, "d": 2}, "b": 0, "e": [{"f": 1, "g": 2}, {"f": 3}]});
            assert!(remove_path(&mut tree, path), "{path}");
            assert_eq!(tree, left, "{path}");
        }
        for path in ["x", "a.x", "b.c", "e[7]", "e[*].x", "e[", "[*]"] {
            let mut tree = json!({"a": {"c": 1}, "b": 0, "e": [{"f": 1}]});
            assert!(!remove_path(&mut tree, path), "{path}");
        }
    }
}
