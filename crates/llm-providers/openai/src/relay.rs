//! [`ChatRelay`]: requests that pass through as bytes.

mod listener;

use std::sync::{Arc, LazyLock};

use llm_provider_core::{
    Call, Dialect, Edit, EncodeError, Listener, OnUnsupported, Peek, Relay, RelayOperation, UpstreamError,
};
use llm_types::Tool;
use memchr::memmem::Finder;

pub use listener::ChatListener;

use crate::chat::encode::{limit_edit, row_edits};
use crate::chat::server_tools;
use crate::{MessageGlance, Replay, RequestOptions, ThinkingMember, WireOptions, error, head};

/// Chat requests in OpenAI's dialect for a vendor that speaks it.
#[derive(Debug, Clone)]
pub struct ChatRelay {
    options: Arc<WireOptions>,
}

impl ChatRelay {
    /// For one wire.
    pub fn new(options: WireOptions) -> Self {
        Self { options: Arc::new(options) }
    }

    /// Whether something inside the request has to be said in another way.
    fn touches(&self, peek: &Peek<'_>) -> bool {
        let options = &self.options.request;
        let thinking = match options.thinking {
            ThinkingMember::Keep => false,
            ThinkingMember::Switch => peek
                .raw("thinking")
                .is_some_and(|value| value.contains("budget_tokens") || value.contains("adaptive")),
            ThinkingMember::Effort | ThinkingMember::EffortByModel => {
                peek.has("thinking") || peek.has("output_config")
            }
        };
        if thinking {
            return true;
        }
        if has_others_tools(peek, options) {
            return true;
        }
        let Some(messages) = peek.raw("messages") else { return false };
        // Inside a JSON text a quotation mark is escaped, so only a real name or value is found with both.
        let holds = |text: &str, finder: &Finder<'_>| finder.find(text.as_bytes()).is_some();
        let finders = &*FINDERS;
        if !options.cache_control
            && (holds(messages, &finders.cache_control)
                || peek.raw("tools").is_some_and(|tools| holds(tools, &finders.cache_control)))
        {
            return true;
        }
        if options.cache_control
            && holds(messages, &finders.cache_control)
            && MessageGlance::all(peek).into_iter().flatten().any(|message| message.cache_control.is_some())
        {
            return true;
        }
        if !options.developer_role && holds(messages, &finders.developer)
            || !options.file_urls && holds(messages, &finders.file_url)
        {
            return true;
        }
        // The rest stands in or after a model's answer; a first question, however long, has none.
        holds(messages, &finders.assistant)
            && (holds(messages, &finders.thinking_blocks)
                || options.replay != Replay::Parts && holds(messages, &finders.thinking)
                || holds(messages, &finders.specific_fields)
                || holds(messages, &finders.caller)
                || options.replay != Replay::ReasoningContent && holds(messages, &finders.reasoning_content)
                || !options.rich_tool_results
                    && holds(messages, &finders.tool_call_id)
                    && has_rich_results(peek))
    }
}

/// Searches made ready once: that takes longer than a search in a short request.
struct Finders {
    cache_control: Finder<'static>,
    developer: Finder<'static>,
    file_url: Finder<'static>,
    assistant: Finder<'static>,
    thinking_blocks: Finder<'static>,
    thinking: Finder<'static>,
    specific_fields: Finder<'static>,
    caller: Finder<'static>,
    reasoning_content: Finder<'static>,
    tool_call_id: Finder<'static>,
    kind: Finder<'static>,
    /// How members of tools begin that Google alone has.
    googles_tools: [Finder<'static>; 3],
}

static FINDERS: LazyLock<Finders> = LazyLock::new(|| Finders {
    cache_control: Finder::new("\"cache_control\""),
    developer: Finder::new("\"developer\""),
    file_url: Finder::new("\"file_url\""),
    assistant: Finder::new("\"assistant\""),
    thinking_blocks: Finder::new("\"thinking_blocks\""),
    thinking: Finder::new("\"thinking\""),
    specific_fields: Finder::new("\"provider_specific_fields\""),
    caller: Finder::new("\"caller\""),
    reasoning_content: Finder::new("\"reasoning_content\""),
    tool_call_id: Finder::new("\"tool_call_id\""),
    kind: Finder::new("\"type\""),
    googles_tools: ["\"google", "\"url", "\"code"].map(Finder::new),
});

/// Whether a tool is one that another API has of its own, and this vendor has not.
fn has_others_tools(peek: &Peek<'_>, options: &RequestOptions) -> bool {
    let Some(tools) = peek.raw("tools") else { return false };
    let may_have = FINDERS.googles_tools.iter().any(|finder| finder.find(tools.as_bytes()).is_some())
        || FINDERS.kind.find_iter(tools.as_bytes()).any(|at| !is_usual(&tools[at..]));
    if !may_have {
        return false;
    }
    let tools: Vec<Tool> = serde_json::from_str(tools).unwrap_or_default();
    tools.iter().any(|tool| !server_tools::foreign(tool, options).is_empty())
}

/// Whether this `"type"` is that of a client's own tool, or of something in a schema.
fn is_usual(member: &str) -> bool {
    const USUAL: &[&str] =
        &["function", "string", "object", "integer", "number", "boolean", "array", "null", "custom"];
    let value = member.trim_start_matches("\"type\"").trim_start().trim_start_matches(':').trim_start();
    let text = value.strip_prefix('"').and_then(|rest| rest.split_once('"'));
    text.is_none_or(|(text, _)| USUAL.contains(&text))
}

/// Whether a tool's result holds more than text.
fn has_rich_results(peek: &Peek<'_>) -> bool {
    MessageGlance::all(peek).into_iter().flatten().any(|message| {
        message.role == "tool"
            && message.part_kinds().iter().any(|kind| matches!(&**kind, "image_url" | "input_audio" | "file"))
    })
}

impl Relay for ChatRelay {
    fn dialect(&self) -> Dialect {
        Dialect::OpenAiChat
    }

    fn edits(&self, peek: &Peek<'_>, call: &Call<'_>) -> Option<Vec<Edit>> {
        if self.touches(peek) {
            return None;
        }
        let options = &self.options.request;
        let mut edits = Vec::new();
        edits.extend(limit_edit(
            options.limit,
            call.model,
            peek.has("max_tokens"),
            peek.has("max_completion_tokens"),
        ));
        if !options.stream_usage {
            edits.push(Edit::Remove {
                name: "stream_options".into(),
                reason: "the vendor sends usage without being asked".into(),
            });
        }
        for edit in row_edits(options, call.forward, |name| peek.has(name)) {
            if matches!(edit, Edit::Remove { .. })
                && peek.has(edit.name())
                && call.unsupported == OnUnsupported::Reject
            {
                // The translator knows how to refuse.
                return None;
            }
            edits.push(edit);
        }
        edits.retain(|edit| peek.raw(edit.name()).is_some());
        edits.extend(
            options
                .defaults
                .iter()
                .filter(|(name, _)| peek.raw(name).is_none())
                .map(|(name, value)| Edit::Set { name: name.clone().into(), json: value.to_string() }),
        );
        Some(edits)
    }

    fn takes_include_usage(&self) -> bool {
        self.options.request.stream_usage
    }

    fn head(&self, operation: RelayOperation, call: &Call<'_>) -> Result<http::request::Parts, EncodeError> {
        match operation {
            RelayOperation::Chat | RelayOperation::ChatStream => head::chat(&self.options, call),
            RelayOperation::Embeddings | RelayOperation::Rerank | RelayOperation::CountTokens => {
                Err(EncodeError::unsupported("", "this dialect of OpenAI's has chat alone"))
            }
        }
    }

    fn error(&self, response: http::Response<&[u8]>) -> UpstreamError {
        error::read(&response, &self.options.answer.error_codes)
    }

    fn listener(&self) -> Box<dyn Listener> {
        Box::new(ChatListener::new(Arc::clone(&self.options)))
    }
}

#[cfg(test)]
mod tests;
