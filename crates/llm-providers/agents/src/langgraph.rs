//! LangGraph: an assistant is chosen by its id or the name of its graph.
//!
//! Source: LangGraph Platform API reference, "Stateless runs" (langchain-ai.github.io/langgraph/cloud/reference/api),
//! and "Streaming", mode `messages-tuple`, read 2026-11.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use http::header::AUTHORIZATION;
use http::{Response, Uri, request};
use llm_provider_core::{
    Call, Capabilities, Chat, Decoded, Decoder, EncodeError, Encoded, Provider, SseEvent, Translator,
    Unheard, UpstreamError, VendorInfo,
};
use llm_provider_envelope::{Envelope, EnvelopeWire, Opened, Opener, address, beside, json, unknown};
use llm_provider_openai::{Auth, Changes};
use llm_provider_words::{AtEnd, END, Speaker, answer, failure, last, piece, turns};
use llm_types::{ChatRequest, ChatResponse, Extra};
use serde_json::{Value, json};

use crate::ask;

/// The usual address of a server.
const BASE_URL: &str = "http://localhost:2024";

/// LangGraph's assistants.
#[derive(Debug)]
pub struct LangGraph {
    chat: EnvelopeWire<Assistant>,
}

impl LangGraph {
    /// The vendor.
    pub fn new() -> Self {
        let auth = Auth::Header("x-api-key".to_owned());
        Self { chat: EnvelopeWire::new(Assistant, ask::wire(BASE_URL, auth)) }
    }
}

impl Default for LangGraph {
    fn default() -> Self {
        Self::new()
    }
}

static INFO: LazyLock<VendorInfo> = LazyLock::new(|| VendorInfo {
    id: "langgraph".into(),
    name: "LangGraph".into(),
    key_variables: vec!["LANGGRAPH_API_KEY".into(), "LANGSMITH_API_KEY".into()],
    base_url_variables: vec!["LANGGRAPH_API_BASE".into()],
    base_url: BASE_URL.into(),
    docs: "https://langchain-ai.github.io/langgraph/cloud/reference/api/api_ref.html".into(),
    key_optional: true,
    capabilities: Capabilities { streaming: true, ..Capabilities::default() },
    ..VendorInfo::default()
});

impl Provider for LangGraph {
    fn info(&self) -> &VendorInfo {
        &INFO
    }

    fn chat(&self) -> Option<&dyn Translator<Chat>> {
        Some(self)
    }
}

impl Translator<Chat> for LangGraph {
    fn encode(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        self.chat.encode(request, call)
    }

    fn decode(&self, response: Response<&[u8]>) -> Result<Decoded<ChatResponse>, UpstreamError> {
        self.chat.decode(response)
    }

    fn decoder(&self) -> Box<dyn Decoder<Chat>> {
        Box::new(AtEnd::new(self.chat.decoder()))
    }
}

#[derive(Debug)]
struct Assistant;

impl Envelope for Assistant {
    fn prepare(
        &self,
        request: &mut ChatRequest,
        _call: &Call<'_>,
        changes: &mut Changes<'_>,
    ) -> Result<(), EncodeError> {
        ask::words_only(request, changes);
        ask::no_user(request, changes);
        Ok(())
    }

    fn address(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Uri, EncodeError> {
        let path = if request.streams() { "/runs/stream" } else { "/runs/wait" };
        address(call.base_url_or(BASE_URL), path)
    }

    fn wrap(&self, body: Extra, request: &ChatRequest, call: &Call<'_>) -> Result<Extra, EncodeError> {
        let said = turns(body.get("messages").unwrap_or(&Value::Null)).into_iter().map(|turn| {
            let role = match turn.speaker {
                Speaker::Instructions => "system",
                Speaker::User => "human",
                Speaker::Model => "assistant",
            };
            json!({ "role": role, "content": turn.text })
        });
        let mut out = Extra::new();
        out.insert("assistant_id".to_owned(), json!(call.model));
        out.insert("input".to_owned(), json!({ "messages": said.collect::<Vec<_>>() }));
        if request.streams() {
            out.insert("stream_mode".to_owned(), json!(["messages-tuple"]));
        }
        out.extend(ask::own_members(body));
        Ok(out)
    }

    /// LangSmith's keys travel in a header of their own; a client's own authorisation stands beside it.
    fn seal(&self, parts: &mut request::Parts, _body: &[u8], _call: &Call<'_>) -> Result<(), EncodeError> {
        if parts.headers.contains_key(AUTHORIZATION) {
            parts.headers.remove("x-api-key");
        }
        Ok(())
    }

    fn unwrap(&self, state: Value) -> Value {
        if let Some(words) = state["__error__"]["message"].as_str() {
            return failure(words);
        }
        let messages = state["messages"].as_array().into_iter().flatten();
        let Some(message) = messages.rev().find(|message| message["type"] == "ai") else { return state };
        let mut whole = answer(&text(message), reason(message).unwrap_or("stop"), usage(message));
        named(message, &mut whole);
        beside(&mut whole, unknown(&state, KNOWN));
        whole
    }

    fn opener(&self) -> Box<dyn Opener> {
        Box::new(Messages::default())
    }
}

/// Members of states and messages that are told in OpenAI's words, or are the conversation's and not the answer's.
const KNOWN: &[&str] = &[
    "additional_kwargs",
    "args",
    "cache_read",
    "content",
    "example",
    "finish_reason",
    "id",
    "input_token_details",
    "input_tokens",
    "invalid_tool_calls",
    "langgraph_node",
    "messages",
    "model_name",
    "name",
    "output_token_details",
    "output_tokens",
    "reasoning",
    "response_metadata",
    "text",
    "tool_call_id",
    "tool_calls",
    "total_tokens",
    "type",
    "usage_metadata",
];

/// The words of a message: a string, or parts.
fn text(message: &Value) -> String {
    match &message["content"] {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            parts.iter().filter_map(|part| part.as_str().or_else(|| part["text"].as_str())).collect()
        }
        _ => String::new(),
    }
}

fn reason(message: &Value) -> Option<&str> {
    // An agent that called its own tools on the way has said all that it says.
    message["response_metadata"]["finish_reason"].as_str().filter(|reason| *reason != "tool_calls")
}

fn usage(message: &Value) -> Option<Value> {
    let told = message.get("usage_metadata").filter(|usage| usage.is_object())?;
    let mut usage = json!({
        "prompt_tokens": told["input_tokens"], "completion_tokens": told["output_tokens"], "total_tokens": told["total_tokens"],
    });
    if let Some(cached) = told["input_token_details"].get("cache_read") {
        usage["prompt_tokens_details"] = json!({ "cached_tokens": cached });
    }
    if let Some(thinking) = told["output_token_details"].get("reasoning") {
        usage["completion_tokens_details"] = json!({ "reasoning_tokens": thinking });
    }
    Some(usage)
}

fn named(message: &Value, told: &mut Value) {
    for (value, name) in [(&message["id"], "id"), (&message["response_metadata"]["model_name"], "model")] {
        if value.is_string() {
            told[name] = value.clone();
        }
    }
}

/// Reads the messages of all nodes; those of the model are the answer.
#[derive(Debug, Default)]
struct Messages {
    /// The first message's names, which all chunks have.
    names: Value,
    /// Messages that came in pieces.
    pieces: BTreeSet<String>,
    usage: Option<Value>,
    /// Members that nobody here knows, until they are told.
    unknown: Unheard,
    has_begun: bool,
    has_ended: bool,
}

impl Opener for Messages {
    fn open(&mut self, event: &SseEvent<'_>) -> Opened {
        if event.data.as_ref() == END || event.event == b"end" {
            return self.end();
        }
        let Some(said) = json(event) else { return Opened::NOTHING };
        if event.event == b"error" {
            let words = ["message", "error"].into_iter().find_map(|name| said[name].as_str());
            return Opened::Chunks(vec![failure(words.unwrap_or("the run failed"))]);
        }
        if event.event == b"metadata" {
            if let Value::Object(rest) = unknown(&said, &["attempt", "run_id"]) {
                self.unknown.keep(rest);
            }
            return Opened::NOTHING;
        }
        // Subgraphs add their path to the event's name.
        let is_message = event.event == b"messages" || event.event.starts_with(b"messages|");
        let Some(message) = said.get(0).filter(|_| is_message) else { return Opened::NOTHING };
        let rest = said.as_array().into_iter().flatten().map(|part| unknown(part, KNOWN));
        let rest = rest.filter_map(|part| if let Value::Object(part) = part { Some(part) } else { None });
        self.message(message, rest.flatten().collect())
    }
}

impl Messages {
    /// Reads a message; `rest` is what is said of it that nobody here knows.
    fn message(&mut self, message: &Value, rest: Extra) -> Opened {
        let id = message["id"].as_str().unwrap_or_default();
        match message["type"].as_str() {
            Some("AIMessageChunk") => drop(self.pieces.insert(id.to_owned())),
            // A message that came in pieces comes as a whole, too.
            Some("ai") if !self.pieces.contains(id) => {}
            _ => return Opened::NOTHING,
        }
        if self.names.is_null() {
            self.names = json!({});
            named(message, &mut self.names);
        }
        self.usage = usage(message).or(self.usage.take());
        let text = text(message);
        self.unknown.keep(rest);
        if text.is_empty() {
            return Opened::NOTHING;
        }
        self.has_begun = true;
        let mut chunk = piece(&text);
        self.name(&mut chunk);
        Opened::Chunks(vec![chunk])
    }

    fn name(&self, chunk: &mut Value) {
        for (name, value) in self.names.as_object().into_iter().flatten() {
            chunk[name] = value.clone();
        }
    }

    /// A run that said nothing did not end well.
    fn end(&mut self) -> Opened {
        if !self.has_begun || std::mem::replace(&mut self.has_ended, true) {
            return Opened::NOTHING;
        }
        let mut end = last("stop", self.usage.take());
        self.name(&mut end);
        if let Some(rest) = self.unknown.take().into_option() {
            beside(&mut end, rest.into());
        }
        Opened::Last(vec![end])
    }
}
