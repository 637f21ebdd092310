//! What the three servers are asked alike: they take words, and have neither tools nor parameters for clients.

use llm_provider_core::{Call, EncodeError, NoteKind};
use llm_provider_envelope::{leave_out, said_by_prompt};
use llm_provider_openai::{AnswerOptions, Auth, Changes, DoneMarker, RequestOptions, WireOptions};
use llm_provider_words::{Keeps, Speaker, plain, prompt, turns};
use llm_types::{ChatRequest, Extra, Nullable};
use serde_json::Value;

/// Members of OpenAI's that an agent has no place for: it was set up with its own.
const LACKS: &[&str] = &[
    "audio",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "metadata",
    "modalities",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_cache_retention",
    "reasoning_effort",
    "safety_identifier",
    "seed",
    "service_tier",
    "stop",
    "store",
    "stream_options",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_k",
    "top_logprobs",
    "top_p",
    "verbosity",
    "web_search_options",
];

/// The wire inside the envelope of a server at this address.
pub(crate) fn wire(base_url: &str, auth: Auth) -> WireOptions {
    WireOptions {
        base_url: base_url.to_owned(),
        auth,
        request: RequestOptions { developer_role: false, stream_usage: false, ..RequestOptions::default() },
        answer: AnswerOptions { think_tags: true, done: DoneMarker::Optional, ..AnswerOptions::default() },
        ..WireOptions::default()
    }
}

/// Leaves nothing in the request but words, and what is the server's own.
pub(crate) fn words_only(request: &mut ChatRequest, changes: &mut Changes<'_>) {
    leave_out(request, LACKS, changes);
    said_by_prompt(request, changes);
    plain(request, Keeps::default(), changes);
}

/// The user's name is nothing to a server without users.
pub(crate) fn no_user(request: &mut ChatRequest, changes: &mut Changes<'_>) {
    if request.user.is_value() {
        request.user = Nullable::Absent;
        changes.note(NoteKind::Dropped, "user", "the server does not ask who asks");
    }
}

/// Whether the request names a conversation that the server remembers.
pub(crate) fn remembers(members: &Extra, name: &str) -> bool {
    members.get(name).and_then(Value::as_str).is_some_and(|id| !id.is_empty())
}

/// Tells that earlier turns stay at home, if they do.
pub(crate) fn note_memory(request: &ChatRequest, name: &str, changes: &mut Changes<'_>) {
    if remembers(&request.extra, name) && request.messages.len() > 1 {
        let why = "the server remembers all but the last words of the person";
        changes.note(NoteKind::Converted, "messages", why);
    }
}

/// What is said to a server that takes one text: the last words of the person where the server remembers the rest, else
/// the whole conversation.
pub(crate) fn question(body: &Extra, remembers: bool) -> String {
    let turns = turns(body.get("messages").unwrap_or(&Value::Null));
    let last = turns.iter().rfind(|turn| turn.speaker == Speaker::User);
    match last {
        Some(last) if remembers => last.text.clone(),
        _ => prompt(&turns),
    }
}

/// What is left of a body in OpenAI's form: members of the server's own.
pub(crate) fn own_members(mut body: Extra) -> Extra {
    for name in ["messages", "model", "stream", "user"] {
        body.shift_remove(name);
    }
    body
}

/// A model's name as a part of a path.
pub(crate) fn in_path<'a>(call: &Call<'a>) -> Result<&'a str, EncodeError> {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    if call.model.is_empty() || !call.model.chars().all(is_safe) || call.model == ".." {
        return Err(EncodeError::invalid("model", format!("`{}` cannot be part of an address", call.model)));
    }
    Ok(call.model)
}
