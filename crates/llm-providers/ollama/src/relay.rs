//! Chat and generation passed through as bytes: head, errors, and a listener beside the answer.

use http::{Response, request};
use llm_provider_core::{
    Call, Dialect, Edit, EncodeError, Framing, Heard, Listener, Peek, Relay, RelayOperation, Seen,
    UpstreamError,
};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Number;

use crate::chat::decode::finish_reason;
use crate::head::{Endpoint, head};
use crate::{error, usage};

/// `/api/chat` and `/api/generate`, each in its own dialect.
#[derive(Debug)]
pub(crate) struct OllamaRelay {
    dialect: Dialect,
    endpoint: Endpoint,
}

/// `/api/chat`
pub(crate) static CHAT: OllamaRelay = OllamaRelay { dialect: Dialect::OllamaChat, endpoint: Endpoint::Chat };

/// `/api/generate`
pub(crate) static GENERATE: OllamaRelay =
    OllamaRelay { dialect: Dialect::OllamaGenerate, endpoint: Endpoint::Generate };

impl Relay for OllamaRelay {
    fn dialect(&self) -> Dialect {
        self.dialect
    }

    fn framing(&self) -> Framing {
        Framing::Lines
    }

    fn edits(&self, _peek: &Peek<'_>, _call: &Call<'_>) -> Option<Vec<Edit>> {
        Some(Vec::new())
    }

    fn takes_include_usage(&self) -> bool {
        false
    }

    fn head(&self, operation: RelayOperation, call: &Call<'_>) -> Result<request::Parts, EncodeError> {
        match operation {
            RelayOperation::Chat | RelayOperation::ChatStream => head(self.endpoint, call),
            RelayOperation::Embeddings | RelayOperation::Rerank | RelayOperation::CountTokens => {
                Err(EncodeError::unsupported("", "this dialect has chat alone"))
            }
        }
    }

    fn error(&self, response: Response<&[u8]>) -> UpstreamError {
        error::read(&response)
    }

    fn listener(&self) -> Box<dyn Listener> {
        Box::<LineListener>::default()
    }
}

/// Listens to one answer, whole or line by line: both have the same members.
#[derive(Debug, Default)]
struct LineListener {
    seen: Seen,
    called: bool,
    failure: Option<UpstreamError>,
}

/// What is heard of a line.
#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    message: Option<Said>,
    #[serde(default)]
    response: Option<String>,
    #[serde(default)]
    thinking: Option<String>,
    #[serde(default)]
    done: Option<bool>,
    #[serde(default)]
    done_reason: Option<String>,
    #[serde(default)]
    prompt_eval_count: Option<Number>,
    #[serde(default)]
    eval_count: Option<Number>,
    #[serde(default)]
    error: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    thinking: Option<String>,
    #[serde(default)]
    tool_calls: Option<Vec<IgnoredAny>>,
}

impl Listener for LineListener {
    fn frame(&mut self, frame: &[u8]) -> Heard {
        let Ok(line) = serde_json::from_slice::<Line>(frame) else { return Heard::Other };
        if let Some(told) = line.error.filter(|told| !told.is_null()) {
            let words = error::said(&serde_json::json!({ "error": told })).unwrap_or_default();
            self.failure = Some(error::in_answer(&words, frame));
            return Heard::Failure;
        }
        if self.seen.model.is_none() {
            self.seen.model = line.model;
        }
        let mut bytes = 0;
        let mut calls = false;
        let message = line.message;
        if let Some(said) = &message {
            calls = said.tool_calls.as_ref().is_some_and(|calls| !calls.is_empty());
            self.called |= calls;
        }
        let (content, thinking) = message.map_or((None, None), |said| (said.content, said.thinking));
        for text in [content, thinking, line.response, line.thinking].iter().flatten() {
            bytes += text.len() as u64;
            self.seen.wrote(text.as_bytes());
        }
        if line.done == Some(true) {
            self.seen.usage = usage::canonical(&line.prompt_eval_count.into(), &line.eval_count.into());
            let native = line.done_reason.unwrap_or_default();
            self.seen.finish_reason = Some(finish_reason(&native, self.called));
            self.seen.complete = true;
            return Heard::End;
        }
        if bytes > 0 || calls { Heard::Content } else { Heard::Other }
    }

    fn body(&mut self, body: &[u8]) {
        self.frame(body);
    }

    fn seen(&self) -> &Seen {
        &self.seen
    }

    fn failure(&mut self) -> Option<UpstreamError> {
        self.failure.take()
    }
}

#[cfg(test)]
mod tests {
    use llm_types::FinishReason;

    use super::*;

    #[test]
    fn a_stream_of_chat() {
        let mut listener = CHAT.listener();
        use Heard::{Content, End, Other};
        for (line, heard) in [
            (
                r#"{"model":"m","message":{"role":"assistant","content":"","thinking":"ab"},"done":false}"#,
                Content,
            ),
            (r#"{"model":"m","message":{"role":"assistant","content":"c"},"done":false}"#, Content),
            (
                r#"{"model":"m","message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f"}}]},"done":false}"#,
                Content,
            ),
            (r#"{"model":"m","message":{"role":"assistant","content":""},"done":false}"#, Other),
            ("not json", Other),
            (
                r#"{"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":5,"eval_count":2}"#,
                End,
            ),
        ] {
            assert_eq!(listener.frame(format!("{line}\n").as_bytes()), heard, "{line}");
        }
        let seen = listener.seen();
        assert_eq!((seen.model.as_deref(), seen.content_bytes, seen.complete), (Some("m"), 3, true));
        assert_eq!(seen.finish_reason, Some(FinishReason::ToolCalls));
        assert_eq!(seen.usage.as_ref().unwrap().counts().input, 5);
        assert_eq!(CHAT.framing(), Framing::Lines);
    }

    #[test]
    fn generation_and_failures() {
        let mut listener = GENERATE.listener();
        assert_eq!(listener.frame(br#"{"response":"abc","done":false}"#), Heard::Content);
        assert_eq!(listener.frame(br#"{"error":"out of memory"}"#), Heard::Failure);
        assert_eq!(listener.failure().unwrap().message, "out of memory");
        assert!(!listener.seen().complete);
        let mut listener = GENERATE.listener();
        listener.body(br#"{"model":"m","response":"abc","done":true,"done_reason":"length","eval_count":2}"#);
        assert_eq!(listener.seen().finish_reason, Some(FinishReason::Length));
        let headers = http::HeaderMap::new();
        let head = GENERATE.head(RelayOperation::ChatStream, &Call::new("m", &headers)).unwrap();
        assert_eq!(head.uri, "http://localhost:11434/api/generate");
        assert!(CHAT.head(RelayOperation::Rerank, &Call::new("m", &headers)).is_err());
    }
}
