//! Langflow: a flow is chosen by its id or name.
//!
//! Source: Langflow docs, "Flow trigger endpoints" (docs.langflow.org/api-flows-run), read 2026-11.

use std::sync::LazyLock;

use http::Uri;
use llm_provider_core::{
    Call, Capabilities, Chat, EncodeError, Framing, Provider, SseEvent, Translator, VendorInfo,
};
use llm_provider_envelope::{Envelope, EnvelopeWire, Opened, Opener, address, beside, json, unknown};
use llm_provider_openai::{Auth, Changes};
use llm_provider_words::{answer, failure, last, piece};
use llm_types::{ChatRequest, Extra};
use serde_json::{Value, json};

use crate::ask;

/// The usual address of a server.
const BASE_URL: &str = "http://localhost:7860";

/// Langflow's flows.
#[derive(Debug)]
pub struct Langflow {
    chat: EnvelopeWire<Flow>,
}

impl Langflow {
    /// The vendor.
    pub fn new() -> Self {
        let auth = Auth::Header("x-api-key".to_owned());
        Self { chat: EnvelopeWire::new(Flow, ask::wire(BASE_URL, auth)) }
    }
}

impl Default for Langflow {
    fn default() -> Self {
        Self::new()
    }
}

static INFO: LazyLock<VendorInfo> = LazyLock::new(|| VendorInfo {
    id: "langflow".into(),
    name: "Langflow".into(),
    key_variables: vec!["LANGFLOW_API_KEY".into()],
    base_url_variables: vec!["LANGFLOW_API_BASE".into()],
    base_url: BASE_URL.into(),
    docs: "https://docs.langflow.org/api-flows-run".into(),
    key_optional: true,
    capabilities: Capabilities { streaming: true, ..Capabilities::default() },
    ..VendorInfo::default()
});

impl Provider for Langflow {
    fn info(&self) -> &VendorInfo {
        &INFO
    }

    fn chat(&self) -> Option<&dyn Translator<Chat>> {
        Some(&self.chat)
    }
}

#[derive(Debug)]
struct Flow;

impl Envelope for Flow {
    fn prepare(
        &self,
        request: &mut ChatRequest,
        _call: &Call<'_>,
        changes: &mut Changes<'_>,
    ) -> Result<(), EncodeError> {
        ask::words_only(request, changes);
        ask::note_memory(request, "session_id", changes);
        ask::no_user(request, changes);
        Ok(())
    }

    fn address(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Uri, EncodeError> {
        let flow = ask::in_path(call)?;
        address(call.base_url_or(BASE_URL), &format!("/api/v1/run/{flow}?stream={}", request.streams()))
    }

    fn wrap(&self, body: Extra, _request: &ChatRequest, _call: &Call<'_>) -> Result<Extra, EncodeError> {
        let remembers = ask::remembers(&body, "session_id");
        let mut out = Extra::new();
        out.insert("input_value".to_owned(), json!(ask::question(&body, remembers)));
        out.insert("input_type".to_owned(), json!("chat"));
        out.insert("output_type".to_owned(), json!("chat"));
        out.extend(ask::own_members(body));
        Ok(out)
    }

    fn unwrap(&self, said: Value) -> Value {
        let Some(text) = words(&said) else { return said };
        let mut whole = answer(text, "stop", None);
        whole["session_id"] = said["session_id"].clone();
        beside(&mut whole, unknown(&said, KNOWN));
        whole
    }

    fn opener(&self) -> Box<dyn Opener> {
        Box::new(Events::default())
    }

    fn framing(&self) -> Framing {
        Framing::Lines
    }
}

/// Members of answers and events that are told in OpenAI's words, say them again, or name what ran.
const KNOWN: &[&str] = &[
    "artifacts",
    "chunk",
    "component_display_name",
    "component_id",
    "data",
    "event",
    "flow_id",
    "id",
    "input_value",
    "inputs",
    "message",
    "messages",
    "outputs",
    "result",
    "results",
    "sender",
    "sender_name",
    "session_id",
    "text",
    "text_key",
    "timestamp",
    "type",
];

/// The words of the first output that has any.
fn words(said: &Value) -> Option<&str> {
    let outputs =
        said["outputs"].as_array()?.iter().filter_map(|output| output["outputs"].as_array()).flatten();
    outputs.into_iter().find_map(|output| {
        let message = &output["results"]["message"];
        message["text"].as_str().or_else(|| message["data"]["text"].as_str())
    })
}

/// Reads `token`, `end` and `error`, one on each line.
#[derive(Debug, Default)]
struct Events {
    has_begun: bool,
    /// The name of the message, once a token told it.
    id: Option<String>,
}

impl Events {
    fn named(&self, mut chunk: Value) -> Value {
        if let Some(id) = &self.id {
            chunk["id"] = json!(id);
        }
        chunk
    }
}

impl Opener for Events {
    fn open(&mut self, line: &SseEvent<'_>) -> Opened {
        let Some(said) = json(line) else { return Opened::NOTHING };
        let data = &said["data"];
        match said["event"].as_str() {
            Some("token") => {
                self.has_begun = true;
                if self.id.is_none() {
                    self.id = data["id"].as_str().filter(|id| !id.is_empty()).map(str::to_owned);
                }
                let mut chunk = self.named(piece(data["chunk"].as_str().unwrap_or_default()));
                beside(&mut chunk, unknown(&said, KNOWN));
                Opened::Chunks(vec![chunk])
            }
            Some("end") => {
                // A flow whose model does not stream tells its words here alone.
                let text = words(&data["result"]).filter(|_| !self.has_begun);
                let mut end = self.named(last("stop", None));
                end["session_id"] = data["result"]["session_id"].clone();
                beside(&mut end, unknown(&said, KNOWN));
                Opened::Last(text.map(piece).into_iter().chain([end]).collect())
            }
            Some("error") => {
                let text = ["error", "text"].into_iter().find_map(|name| data[name].as_str());
                Opened::Chunks(vec![failure(text.unwrap_or("the flow failed"))])
            }
            // A refusal of the whole request.
            None if said.get("detail").is_some() => Opened::Chunks(vec![said]),
            _ => Opened::NOTHING,
        }
    }
}
