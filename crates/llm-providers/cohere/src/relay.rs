//! Chat passed through as bytes: head, errors, and a listener beside the answer.

use http::{Response, request};
use llm_provider_core::{
    Call, Dialect, Edit, EncodeError, Heard, Listener, Peek, Relay, RelayOperation, Seen, SseEvent,
    UpstreamError,
};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::chat::decode::{failed, finish_reason};
use crate::head::{Endpoint, head};
use crate::wire::{EventKind, StreamEvent, Usage};
use crate::{Cohere, error, usage};

impl Relay for Cohere {
    fn dialect(&self) -> Dialect {
        Dialect::CohereChat
    }

    fn edits(&self, _peek: &Peek<'_>, _call: &Call<'_>) -> Option<Vec<Edit>> {
        Some(Vec::new())
    }

    fn takes_include_usage(&self) -> bool {
        false
    }

    fn head(&self, operation: RelayOperation, call: &Call<'_>) -> Result<request::Parts, EncodeError> {
        match operation {
            RelayOperation::Chat | RelayOperation::ChatStream => head(Endpoint::Chat, call),
            RelayOperation::Embeddings => head(Endpoint::Embed, call),
            RelayOperation::Rerank => head(Endpoint::Rerank, call),
            RelayOperation::CountTokens => Err(EncodeError::unsupported("", "this dialect counts no tokens")),
        }
    }

    fn error(&self, response: Response<&[u8]>) -> UpstreamError {
        error::read(&response)
    }

    fn listener(&self) -> Box<dyn Listener> {
        Box::<ChatListener>::default()
    }
}

/// Listens to one answer.
#[derive(Debug, Default)]
struct ChatListener {
    seen: Seen,
    called: bool,
    failure: Option<UpstreamError>,
}

/// What is heard of a whole answer.
#[derive(Deserialize)]
struct Whole {
    #[serde(default)]
    finish_reason: Option<String>,
    #[serde(default)]
    usage: Option<Usage>,
    message: WholeMessage,
}

#[derive(Deserialize)]
struct WholeMessage {
    #[serde(default)]
    content: Option<Value>,
    #[serde(default)]
    tool_calls: Option<Vec<IgnoredAny>>,
}

impl Listener for ChatListener {
    fn frame(&mut self, frame: &[u8]) -> Heard {
        let event = SseEvent::parse(frame);
        let data = event.data.trim_ascii();
        if data.is_empty() || data == b"[DONE]" {
            return Heard::Other;
        }
        match serde_json::from_slice::<StreamEvent>(data) {
            Ok(event) => self.event(event, data),
            Err(_) => match serde_json::from_slice::<Value>(data) {
                Ok(value) if value.get("type").is_none() && value.get("message").is_some() => {
                    self.failure = Some(error::in_stream(&value, data));
                    Heard::Failure
                }
                _ => Heard::Other,
            },
        }
    }

    fn body(&mut self, body: &[u8]) {
        let Ok(whole) = serde_json::from_slice::<Whole>(body) else { return };
        self.called = whole.message.tool_calls.is_some_and(|calls| !calls.is_empty());
        whole.message.content.iter().for_each(|content| hear(&mut self.seen, content));
        self.seen.usage = whole.usage.as_ref().map(usage::canonical);
        self.ended(whole.finish_reason.as_deref(), None, body);
    }

    fn seen(&self) -> &Seen {
        &self.seen
    }

    fn failure(&mut self) -> Option<UpstreamError> {
        self.failure.take()
    }
}

impl ChatListener {
    fn event(&mut self, event: StreamEvent, data: &[u8]) -> Heard {
        let delta = event.delta.into_option().unwrap_or_default();
        let message = delta.message.into_option().unwrap_or_default();
        match event.r#type {
            EventKind::ContentStart | EventKind::ContentDelta => {
                let before = self.seen.content_bytes;
                message.content.get().into_iter().for_each(|content| hear(&mut self.seen, content));
                if self.seen.content_bytes > before { Heard::Content } else { Heard::Other }
            }
            EventKind::ToolPlanDelta => {
                self.seen.wrote(message.tool_plan.as_deref().unwrap_or_default().as_bytes());
                Heard::Content
            }
            EventKind::ToolCallStart | EventKind::ToolCallDelta => {
                self.called = true;
                let arguments =
                    message.tool_calls.get().and_then(|call| call["function"]["arguments"].as_str());
                self.seen.wrote(arguments.unwrap_or_default().as_bytes());
                Heard::Content
            }
            EventKind::MessageEnd => {
                self.seen.usage = delta.usage.get().map(usage::canonical);
                let words = delta.error.as_deref().filter(|words| !words.is_empty());
                if self.ended(delta.finish_reason.as_deref(), words, data) {
                    Heard::End
                } else {
                    Heard::Failure
                }
            }
            _ => Heard::Other,
        }
    }

    /// Takes note of the end; whether it was a good one.
    fn ended(&mut self, native: Option<&str>, words: Option<&str>, data: &[u8]) -> bool {
        let reason = native.unwrap_or_default();
        if failed(reason) || words.is_some() {
            self.failure = Some(error::ended(if reason.is_empty() { "ERROR" } else { reason }, words, data));
            return false;
        }
        self.seen.finish_reason = native.map(|native| finish_reason(native, self.called));
        self.seen.complete = true;
        true
    }
}

/// Takes note of text and thinking in a part or in a list of parts.
fn hear(seen: &mut Seen, content: &Value) {
    match content {
        Value::Array(parts) => parts.iter().for_each(|part| hear(seen, part)),
        part => {
            for text in ["text", "thinking"].iter().filter_map(|name| part.get(*name)?.as_str()) {
                seen.wrote(text.as_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use llm_types::{ErrorKind, FinishReason};

    use super::*;

    fn frame(listener: &mut dyn Listener, json: &str) -> Heard {
        listener.frame(format!("event: x\ndata: {json}\n\n").as_bytes())
    }

    #[test]
    fn a_stream() {
        let mut listener = Cohere.listener();
        let listener = listener.as_mut();
        use Heard::{Content, End, Other};
        assert_eq!(frame(listener, r#"{"type":"message-start","id":"i"}"#), Other);
        assert_eq!(
            frame(listener, r#"{"type":"tool-plan-delta","delta":{"message":{"tool_plan":"abc"}}}"#),
            Content
        );
        assert_eq!(
            frame(
                listener,
                r#"{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"de"}}}}"#
            ),
            Content
        );
        assert_eq!(
            frame(
                listener,
                r#"{"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":"{}"}}}}}"#
            ),
            Content
        );
        assert_eq!(frame(listener, r#"{"type":"future"}"#), Other);
        assert_eq!(
            frame(
                listener,
                r#"{"type":"message-end","delta":{"finish_reason":"COMPLETE","usage":{"tokens":{"input_tokens":5,"output_tokens":2}}}}"#
            ),
            End
        );
        assert_eq!(listener.frame(b"data: [DONE]\n\n"), Other);
        let seen = listener.seen();
        assert_eq!((seen.content_bytes, seen.complete), (7, true));
        assert_eq!(seen.finish_reason, Some(FinishReason::ToolCalls));
        assert_eq!(seen.usage.as_ref().unwrap().counts().input, 5);
    }

    #[test]
    fn failures() {
        for json in [
            r#"{"type":"message-end","delta":{"finish_reason":"ERROR","error":"oh"}}"#,
            r#"{"message":"oh"}"#,
        ] {
            let mut listener = Cohere.listener();
            assert_eq!(frame(listener.as_mut(), json), Heard::Failure);
            let failure = listener.failure().unwrap();
            assert_eq!((failure.kind, failure.message.as_str()), (ErrorKind::Unavailable, "oh"));
            assert!(!listener.seen().complete);
        }
    }

    #[test]
    fn a_whole_answer() {
        let mut listener = Cohere.listener();
        listener.body(br#"{"id":"i","finish_reason":"MAX_TOKENS","message":{"role":"assistant","content":[{"type":"text","text":"hi"}]},"usage":{"tokens":{"input_tokens":2,"output_tokens":1}}}"#);
        let seen = listener.seen();
        assert_eq!((seen.complete, seen.content_bytes), (true, 2));
        assert_eq!(seen.finish_reason, Some(FinishReason::Length));
        for not_one in [r#"{"message":"no"}"#, "{}", "[]"] {
            let mut listener = Cohere.listener();
            listener.body(not_one.as_bytes());
            assert!(!listener.seen().complete, "{not_one}");
        }
    }
}
