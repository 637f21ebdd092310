//! Dify: an app is chosen by its key.
//!
//! Source: Dify docs, "Send chat message" (docs.dify.ai/api-reference/chat/send-chat-message), read 2026-11.

use std::sync::LazyLock;

use http::Uri;
use llm_provider_core::{
    Call, Capabilities, Chat, EncodeError, NoteKind, Provider, SseEvent, Translator, VendorInfo,
};
use llm_provider_envelope::{Envelope, EnvelopeWire, Opened, Opener, address, beside, json, unknown};
use llm_provider_openai::{Auth, Changes};
use llm_provider_words::{answer, failure, last, piece};
use llm_types::{ChatRequest, Extra, Nullable};
use serde_json::{Value, json};

use crate::ask;

/// The address of Dify's cloud.
const BASE_URL: &str = "https://api.dify.ai/v1";

/// Who asks, where nobody says: Dify demands a name.
const SOMEBODY: &str = "gateway";

/// Dify's chat apps.
#[derive(Debug)]
pub struct Dify {
    chat: EnvelopeWire<App>,
}

impl Dify {
    /// The vendor.
    pub fn new() -> Self {
        Self { chat: EnvelopeWire::new(App, ask::wire(BASE_URL, Auth::Bearer)) }
    }
}

impl Default for Dify {
    fn default() -> Self {
        Self::new()
    }
}

static INFO: LazyLock<VendorInfo> = LazyLock::new(|| VendorInfo {
    id: "dify".into(),
    name: "Dify".into(),
    key_variables: vec!["DIFY_API_KEY".into()],
    base_url_variables: vec!["DIFY_API_BASE".into()],
    base_url: BASE_URL.into(),
    docs: "https://docs.dify.ai/api-reference/chat/send-chat-message".into(),
    capabilities: Capabilities { streaming: true, ..Capabilities::default() },
    ..VendorInfo::default()
});

impl Provider for Dify {
    fn info(&self) -> &VendorInfo {
        &INFO
    }

    fn chat(&self) -> Option<&dyn Translator<Chat>> {
        Some(&self.chat)
    }
}

#[derive(Debug)]
struct App;

impl Envelope for App {
    fn prepare(
        &self,
        request: &mut ChatRequest,
        _call: &Call<'_>,
        changes: &mut Changes<'_>,
    ) -> Result<(), EncodeError> {
        ask::words_only(request, changes);
        ask::note_memory(request, "conversation_id", changes);
        if !request.user.is_value() {
            changes.note(NoteKind::Defaulted, "user", SOMEBODY);
            request.user = Nullable::Value(SOMEBODY.to_owned());
        }
        Ok(())
    }

    fn address(&self, _request: &ChatRequest, call: &Call<'_>) -> Result<Uri, EncodeError> {
        address(call.base_url_or(BASE_URL), "/chat-messages")
    }

    fn wrap(&self, body: Extra, request: &ChatRequest, _call: &Call<'_>) -> Result<Extra, EncodeError> {
        let remembers = ask::remembers(&body, "conversation_id");
        let mut out = Extra::new();
        out.insert("inputs".to_owned(), json!({}));
        out.insert("query".to_owned(), json!(ask::question(&body, remembers)));
        let mode = if request.streams() { "streaming" } else { "blocking" };
        out.insert("response_mode".to_owned(), json!(mode));
        out.insert("user".to_owned(), json!(request.user));
        out.extend(ask::own_members(body));
        Ok(out)
    }

    fn unwrap(&self, said: Value) -> Value {
        let Some(text) = said["answer"].as_str() else { return said };
        let mut whole = answer(text, "stop", usage(&said));
        named(&said, &mut whole);
        whole
    }

    fn opener(&self) -> Box<dyn Opener> {
        Box::new(Events)
    }
}

fn usage(said: &Value) -> Option<Value> {
    said["metadata"].get("usage").filter(|usage| usage.is_object()).cloned()
}

/// The answer's name, the conversation that goes on with it, and what was looked up.
fn named(said: &Value, told: &mut Value) {
    for (from, to) in
        [("message_id", "id"), ("created_at", "created"), ("conversation_id", "conversation_id")]
    {
        if let Some(value) = said.get(from).filter(|value| !value.is_null()) {
            told[to] = value.clone();
        }
    }
    if let Some(sources) = said["metadata"].get("retriever_resources").filter(|sources| sources.is_array()) {
        told["retriever_resources"] = sources.clone();
    }
    let mut rest = unknown(said, KNOWN);
    if let Some(metadata) = rest["metadata"].as_object_mut() {
        // Both are told whole.
        if said["metadata"]["usage"].is_object() {
            metadata.shift_remove("usage");
        }
        if said["metadata"]["retriever_resources"].is_array() {
            metadata.shift_remove("retriever_resources");
        }
    }
    beside(told, rest);
}

/// Members of answers and events that are told in OpenAI's words, or name the run.
const KNOWN: &[&str] =
    &["answer", "conversation_id", "created_at", "event", "id", "message_id", "metadata", "mode", "task_id"];

/// Reads `message`, `agent_message`, `message_end` and `error`; of the rest a client needs nothing.
#[derive(Debug)]
struct Events;

impl Opener for Events {
    fn open(&mut self, event: &SseEvent<'_>) -> Opened {
        let Some(said) = json(event) else { return Opened::NOTHING };
        match said["event"].as_str() {
            Some("message" | "agent_message") => {
                let mut chunk = piece(said["answer"].as_str().unwrap_or_default());
                named(&said, &mut chunk);
                Opened::Chunks(vec![chunk])
            }
            Some("message_end") => {
                let mut end = last("stop", usage(&said));
                named(&said, &mut end);
                Opened::Last(vec![end])
            }
            Some("error") => {
                let mut told = failure(said["message"].as_str().unwrap_or("the app failed"));
                told["error"]["status"] = said["status"].clone();
                told["error"]["code"] = said["code"].clone();
                Opened::Chunks(vec![told])
            }
            _ => Opened::NOTHING,
        }
    }
}
