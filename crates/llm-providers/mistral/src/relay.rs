//! Requests that pass through as bytes, unless Mistral's ways touch them.

use std::borrow::Cow;

use http::Response;
use llm_provider_core::{
    Call, Dialect, Edit, EncodeError, Heard, Listener, Peek, Relay, RelayOperation, Seen, UpstreamError,
};
use llm_provider_openai::{ChatRelay, MessageGlance};
use memchr::memmem;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::prepare::{KEYWORDS, is_short};
use crate::usage;

/// OpenAI's dialect as far as Mistral speaks it.
#[derive(Debug, Clone)]
pub(crate) struct MistralRelay {
    relay: ChatRelay,
}

impl MistralRelay {
    pub(crate) const fn new(relay: ChatRelay) -> Self {
        Self { relay }
    }
}

/// Members of messages, or types of parts, that are said otherwise; found with their quotation marks, which a text has
/// escaped.
const TOUCHED: &[&str] = &[
    "\"refusal\"",
    "\"thinking_blocks\"",
    "\"audio\"",
    "\"annotations\"",
    "\"function_call\"",
    "\"custom\"",
    "\"input_audio\"",
    "\"file\"",
];

/// Whether something in the request has to be said in Mistral's way.
fn touches(peek: &Peek<'_>) -> bool {
    let holds = |text: &str, name: &str| memmem::find(text.as_bytes(), name.as_bytes()).is_some();
    if peek.raw("functions").is_some() || peek.raw("function_call").is_some() {
        return true;
    }
    if peek.raw("tool_choice").is_some_and(|choice| {
        choice == "\"required\"" || holds(choice, "\"allowed_tools\"") || holds(choice, "\"custom\"")
    }) {
        return true;
    }
    if let Some(tools) = peek.raw("tools")
        && (KEYWORDS.iter().any(|keyword| holds(tools, &format!("\"{keyword}\"")))
            || holds(tools, "\"strict\"")
            || holds(tools, "\"custom\"")
            || lacks_parameters(tools))
    {
        return true;
    }
    let Some(messages) = peek.raw("messages") else { return false };
    if TOUCHED.iter().any(|name| holds(messages, name)) {
        return true;
    }
    let Some(glances) = MessageGlance::all(peek) else { return true };
    let last = glances.len().saturating_sub(1);
    glances.iter().enumerate().any(|(at, message)| {
        (message.name.is_some() && message.role != "tool")
            || message.role == "function"
            || has_long_id(message)
            // The beginning of an answer, or an answer without anything.
            || (message.role == "assistant"
                && (at == last || message.content.is_none_or(|content| matches!(content.get(), "null" | "\"\"" | "[]"))
                    && message.tool_calls.is_none_or(|calls| matches!(calls.get(), "null" | "[]"))))
    })
}

/// Whether a function comes without the schema that Mistral demands.
fn lacks_parameters(tools: &str) -> bool {
    #[derive(Deserialize)]
    struct Tool<'a> {
        #[serde(borrow, default)]
        function: Option<Function<'a>>,
    }
    #[derive(Deserialize)]
    struct Function<'a> {
        #[serde(borrow, default)]
        parameters: Option<&'a RawValue>,
    }
    let tools: Vec<Tool<'_>> = serde_json::from_str(tools).unwrap_or_default();
    tools.iter().filter_map(|tool| tool.function.as_ref()).any(|function| function.parameters.is_none())
}

fn has_long_id(message: &MessageGlance<'_>) -> bool {
    #[derive(Deserialize)]
    struct Call<'a> {
        #[serde(borrow, default)]
        id: Option<Cow<'a, str>>,
    }
    let long = |id: Option<Cow<'_, str>>| id.is_some_and(|id| !is_short(&id));
    let calls: Option<Vec<Call<'_>>> =
        message.tool_calls.and_then(|calls| serde_json::from_str(calls.get()).ok());
    long(message.tool_call_id.and_then(|id| serde_json::from_str(id.get()).ok()))
        || calls.into_iter().flatten().any(|call| long(call.id))
}

impl Relay for MistralRelay {
    fn dialect(&self) -> Dialect {
        self.relay.dialect()
    }

    fn edits(&self, peek: &Peek<'_>, call: &Call<'_>) -> Option<Vec<Edit>> {
        if touches(peek) { None } else { self.relay.edits(peek, call) }
    }

    fn takes_include_usage(&self) -> bool {
        self.relay.takes_include_usage()
    }

    fn head(&self, operation: RelayOperation, call: &Call<'_>) -> Result<http::request::Parts, EncodeError> {
        self.relay.head(operation, call)
    }

    fn error(&self, response: Response<&[u8]>) -> UpstreamError {
        self.relay.error(response)
    }

    fn listener(&self) -> Box<dyn Listener> {
        Box::new(MistralListener(self.relay.listener()))
    }
}

/// Hears OpenAI's frames, once their usage is spelled as OpenAI's.
struct MistralListener(Box<dyn Listener>);

impl Listener for MistralListener {
    fn frame(&mut self, frame: &[u8]) -> Heard {
        self.0.frame(&usage::mended(frame))
    }

    fn body(&mut self, body: &[u8]) {
        self.0.body(&usage::mended(body));
    }

    fn seen(&self) -> &Seen {
        self.0.seen()
    }

    fn is_foreign(&self) -> bool {
        self.0.is_foreign()
    }

    fn failure(&mut self) -> Option<UpstreamError> {
        self.0.failure()
    }
}
