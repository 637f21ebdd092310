//! A request to the gateway, and all that the client is told.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::client::{Answer, CHAT, MESSAGES, ask, ask_stream, connect, send};

/// A dialect that clients speak, and vendors too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    OpenAi,
    Anthropic,
}

pub(crate) const DIALECTS: [Dialect; 2] = [Dialect::OpenAi, Dialect::Anthropic];

impl Dialect {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
        }
    }

    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::OpenAi => CHAT,
            Self::Anthropic => MESSAGES,
        }
    }

    /// What stands at the end of a whole stream.
    pub(crate) fn terminator(self) -> &'static str {
        match self {
            Self::OpenAi => "[DONE]",
            Self::Anthropic => "message_stop",
        }
    }

    /// A deployment at a vendor that speaks this.
    pub(crate) fn deployment(self, group: &str, model: &str, base: &str, more: &Value) -> Value {
        let path = if self == Self::OpenAi { "/v1" } else { "" };
        let mut params = json!({"model": format!("{}/{model}", self.name()), "api_base": format!("{base}{path}"),
            "api_key": "vendor-key"});
        for (name, value) in more.as_object().into_iter().flatten() {
            params[name] = value.clone();
        }
        json!({"model_name": group, "litellm_params": params})
    }
}

/// The same deployment under a name of its own.
pub(crate) fn named(mut deployment: Value, id: &str) -> Value {
    deployment["model_info"] = json!({"id": id});
    deployment
}

/// What a client was told, to the end.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) status: u16,
    /// The body, or all events of a stream.
    pub(crate) text: String,
    /// Whether the body came to its end.
    pub(crate) whole: bool,
    pub(crate) took: Duration,
    head: Vec<(String, String)>,
}

const HEADERS: [&str; 12] = [
    "retry-after",
    "x-request-id",
    "x-litellm-model-group",
    "x-litellm-attempted-retries",
    "x-litellm-attempted-fallbacks",
    "x-litellm-overhead-duration-ms",
    "x-llm-gateway-deployment",
    "x-llm-gateway-layer",
    "x-llm-gateway-notes",
    "x-llm-gateway-quality-tier",
    "x-llm-gateway-queue-duration-ms",
    "x-llm-gateway-variant",
];

impl Told {
    async fn of(mut answer: Answer, asked_at: Instant) -> Self {
        let known = |name: &&str| Some(((*name).to_owned(), answer.header(name)?.to_owned()));
        let head = HEADERS.iter().filter_map(known).collect();
        let (text, whole) = if answer.header("content-length").is_some() {
            (answer.body().await, true)
        } else {
            let whole = answer.end().await;
            (answer.text(), whole)
        };
        Self { status: answer.status, text, whole, took: asked_at.elapsed(), head }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        assert!(HEADERS.contains(&name), "{name} is not kept");
        self.head.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn deployment(&self) -> Option<&str> {
        self.header("x-llm-gateway-deployment")
    }

    /// Retries and fallbacks before this answer.
    pub(crate) fn attempted(&self) -> (u32, u32) {
        let number =
            |name| self.header(name).unwrap_or_else(|| panic!("no {name}: {self:?}")).parse().unwrap();
        (number("x-litellm-attempted-retries"), number("x-litellm-attempted-fallbacks"))
    }

    /// Milliseconds that were not spent waiting for vendors.
    pub(crate) fn overhead_ms(&self) -> f64 {
        self.header("x-litellm-overhead-duration-ms").unwrap().parse().unwrap()
    }

    /// A member of the error; empty if no error was told, or it has none.
    pub(crate) fn error(&self, member: &str) -> String {
        let body: Value = serde_json::from_str(&self.text).unwrap_or_default();
        body["error"][member].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn code(&self) -> String {
        self.error("code")
    }
}

/// A client's request.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) dialect: Dialect,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    pub(crate) body: Value,
}

impl Ask {
    pub(crate) fn new(dialect: Dialect, model: &str, stream: bool) -> Self {
        let body = if stream { ask_stream(model) } else { ask(model) };
        Self { dialect, headers: Vec::new(), body }
    }

    pub(crate) fn chat(model: &str) -> Self {
        Self::new(Dialect::OpenAi, model, false)
    }

    pub(crate) fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.body[member] = value.into();
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(crate) async fn of(&self, gateway: SocketAddr) -> Told {
        let asked_at = Instant::now();
        let socket = connect(gateway).await;
        let answer = send(socket, "POST", self.dialect.path(), &self.headers, &self.body).await;
        Told::of(answer, asked_at).await
    }
}
