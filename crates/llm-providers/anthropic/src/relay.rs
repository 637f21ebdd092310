//! Messages passed through as bytes: head, errors, and a listener that reads as little as it can.

mod thinking;

use std::borrow::Cow;
use std::sync::LazyLock;

use http::{Response, request};
use llm_provider_core::{
    Call, Dialect, Edit, EncodeError, Heard, Listener, Peek, Relay, RelayOperation, Scan, Seen, SseEvent,
    UpstreamError,
};
use memchr::{memchr2, memmem};
use serde::Deserialize;

use crate::chat::decode::finish_reason;
use crate::head::{Endpoint, head};
use crate::wire::{MessageDelta, StopReason, StreamError, Usage};
use crate::{Anthropic, error, usage};

impl Relay for Anthropic {
    fn dialect(&self) -> Dialect {
        Dialect::AnthropicMessages
    }

    fn edits(&self, peek: &Peek<'_>, _call: &Call<'_>) -> Option<Vec<Edit>> {
        Some(thinking::edits(peek))
    }

    fn carries(&self, operation: RelayOperation) -> bool {
        use RelayOperation::{Chat, ChatStream, CountTokens};
        matches!(operation, Chat | ChatStream | CountTokens)
    }

    fn takes_include_usage(&self) -> bool {
        false
    }

    fn head(&self, operation: RelayOperation, call: &Call<'_>) -> Result<request::Parts, EncodeError> {
        let endpoint = match operation {
            RelayOperation::Chat | RelayOperation::ChatStream => Endpoint::Messages,
            RelayOperation::CountTokens => Endpoint::CountTokens,
            RelayOperation::Embeddings | RelayOperation::Rerank => {
                return Err(EncodeError::unsupported("", "this dialect has chat alone"));
            }
        };
        head(endpoint, call, &[])
    }

    fn error(&self, response: Response<&[u8]>) -> UpstreamError {
        error::read(&response)
    }

    fn listener(&self) -> Box<dyn Listener> {
        Box::<MessagesListener>::default()
    }
}

/// Listens to one answer. Only its beginning, its end and failures are read as JSON.
#[derive(Debug, Default)]
struct MessagesListener {
    seen: Seen,
    usage: Option<Usage>,
    failure: Option<UpstreamError>,
}

/// What is heard of a whole answer, and of the beginning of a stream.
#[derive(Default, Deserialize)]
struct Answer<'a> {
    #[serde(borrow, default)]
    model: Option<Cow<'a, str>>,
    #[serde(default)]
    stop_reason: Option<StopReason>,
    #[serde(default)]
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Start<'a> {
    #[serde(borrow)]
    message: Answer<'a>,
}

#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(borrow)]
    r#type: Cow<'a, str>,
}

impl Listener for MessagesListener {
    fn frame(&mut self, frame: &[u8]) -> Heard {
        let event = SseEvent::parse(frame);
        if !event.has_data {
            return Heard::Other;
        }
        let kind = if event.event.is_empty() {
            match serde_json::from_slice::<Kind<'_>>(&event.data) {
                Ok(kind) => Cow::Owned(kind.r#type.as_bytes().to_vec()),
                Err(_) => return Heard::Other,
            }
        } else {
            Cow::Borrowed(event.event)
        };
        match kind.as_ref() {
            b"content_block_delta" => {
                self.seen.wrote_escaped(words(&event.data));
                Heard::Content
            }
            b"message_start" => {
                if let Ok(start) = serde_json::from_slice::<Start<'_>>(&event.data) {
                    self.hear(start.message);
                }
                Heard::Other
            }
            b"message_delta" => {
                if let Ok(delta) = serde_json::from_slice::<MessageDelta>(&event.data) {
                    let stop_reason = delta.delta.stop_reason.into_option();
                    self.hear(Answer { stop_reason, usage: delta.usage.into_option(), ..Answer::default() });
                }
                Heard::Other
            }
            b"message_stop" => {
                self.seen.complete = true;
                Heard::End
            }
            b"error" => {
                self.failure = Some(match serde_json::from_slice::<StreamError>(&event.data) {
                    Ok(told) => error::in_stream(&told, &event.data),
                    Err(why) => UpstreamError::unreadable(http::StatusCode::OK, &event.data, why),
                });
                Heard::Failure
            }
            _ => Heard::Other,
        }
    }

    fn body(&mut self, body: &[u8]) {
        let mut answer = Answer::default();
        if let Some((before, from)) = Scan::last(body, &FINDERS.usage)
            && let Some(content) = FINDERS.content.find(before)
            && let Some(stop) = last_stop(before).filter(|stop| *stop > content)
            && let Some(model) = FINDERS.model.find(&before[..content])
            && let Some((usage, behind)) = read_usage(from)
            && Scan::ends(behind)
        {
            // As Anthropic builds its answers: what the books want stands around the content, which nobody walks.
            answer.model = text_at(&before[model + b"\"model\":".len()..]);
            answer.stop_reason = text_at(&before[stop + STOP.len()..]).map(|stop| StopReason::from(&*stop));
            answer.usage = usage;
            self.seen.complete = true;
            return self.hear(answer);
        }
        let mut members = Scan::new(body);
        let mut is_one = false;
        for (name, value) in members.by_ref() {
            match name {
                b"model" => answer.model = serde_json::from_slice(value).ok(),
                b"stop_reason" => answer.stop_reason = serde_json::from_slice(value).ok(),
                b"usage" => answer.usage = read_usage(value).and_then(|(usage, _)| usage),
                // What makes it an answer, or a count of tokens.
                b"content" | b"input_tokens" => is_one |= value != b"null",
                _ => {}
            }
        }
        if members.is_whole() {
            self.seen.complete = is_one;
            self.hear(answer);
        }
    }

    fn seen(&self) -> &Seen {
        &self.seen
    }

    fn take_seen(&mut self) -> Seen {
        std::mem::take(&mut self.seen)
    }

    fn failure(&mut self) -> Option<UpstreamError> {
        self.failure.take()
    }
}

impl MessagesListener {
    fn hear(&mut self, answer: Answer<'_>) {
        if let Some(model) = answer.model {
            self.seen.model = Some(model.into_owned());
        }
        if let Some(stop) = answer.stop_reason {
            self.seen.finish_reason = Some(finish_reason(Some(&stop), stop == StopReason::ToolUse));
        }
        if let Some(newer) = answer.usage {
            let wire = self.usage.get_or_insert_default();
            usage::merge(wire, newer);
            self.seen.usage = Some(usage::canonical(wire));
        }
    }
}

/// The string that begins `value`; `None` if it is something else.
fn text_at(value: &[u8]) -> Option<Cow<'_, str>> {
    let text = value.trim_ascii_start().strip_prefix(b"\"")?;
    Some(String::from_utf8_lossy(&text[..string_length(text)]))
}

/// The usage that begins `text`, and what follows it; read in full where it has more than the usual counts.
fn read_usage(text: &[u8]) -> Option<(Option<Usage>, &[u8])> {
    if let Some((usage, behind)) = usage::glance(text) {
        return Some((Some(usage), behind));
    }
    let (value, behind) = Scan::leading(text)?;
    Some((serde_json::from_slice(value).ok(), behind))
}

/// Searches made ready once: that takes longer than a search in a short answer.
struct Finders {
    model: memmem::Finder<'static>,
    content: memmem::Finder<'static>,
    stop: memmem::Finder<'static>,
    last_stop: memmem::FinderRev<'static>,
    usage: memmem::Finder<'static>,
    /// What the model's words stand behind.
    words: [memmem::Finder<'static>; 3],
}

static FINDERS: LazyLock<Finders> = LazyLock::new(|| Finders {
    model: memmem::Finder::new("\"model\":"),
    content: memmem::Finder::new("\"content\":"),
    stop: memmem::Finder::new(STOP),
    last_stop: memmem::FinderRev::new(STOP),
    usage: memmem::Finder::new("\"usage\":"),
    words: ["\"text\":", "\"thinking\":", "\"partial_json\":"].map(memmem::Finder::new),
});

const STOP: &str = "\"stop_reason\":";

/// Where the reason to stop stands last.
fn last_stop(text: &[u8]) -> Option<usize> {
    // It stands close to the end, where looking forward is many times as fast as looking back.
    const CLOSE: usize = 128;
    let from = text.len().saturating_sub(CLOSE);
    let close = FINDERS.stop.find_iter(&text[from..]).last().map(|at| from + at);
    close.or_else(|| FINDERS.last_stop.rfind(text))
}

/// Text, thinking or input in a delta, as it stands: for an estimate.
fn words(data: &[u8]) -> &[u8] {
    for marker in &FINDERS.words {
        let Some(at) = marker.find(data) else { continue };
        let value = data[at + marker.needle().len()..].trim_ascii_start();
        if let Some(text) = value.strip_prefix(b"\"") {
            return &text[..string_length(text)];
        }
    }
    &[]
}

/// How far a JSON string goes, its closing quote not counted.
fn string_length(text: &[u8]) -> usize {
    let mut end = 0;
    while let Some(at) = memchr2(b'"', b'\\', &text[end..]) {
        if text[end + at] == b'"' {
            return end + at;
        }
        end = (end + at + 2).min(text.len());
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(listener: &mut dyn Listener, frames: &[&str]) -> Vec<Heard> {
        frames.iter().map(|frame| listener.frame(frame.as_bytes())).collect()
    }

    #[test]
    fn a_stream() {
        let mut listener = Anthropic.listener();
        let heard = frames(
            listener.as_mut(),
            &[
                "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":\"claude-x\",\"content\":[],\"stop_reason\":null,\"usage\":{\"input_tokens\":7,\"cache_read_input_tokens\":3,\"output_tokens\":1}}}\n\n",
                ": keep-alive\n\n",
                "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
                "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"a\\\"b\"}}   \n\n",
                "data: {\"delta\": {\"thinking\": \"xyz\", \"type\": \"thinking_delta\"}, \"type\": \"content_block_delta\"}\n\n",
                "event: future\ndata: {\"type\":\"future\"}\n\n",
                "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"},\"usage\":{\"output_tokens\":5}}\n\n",
                "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
            ],
        );
        use Heard::{Content, End, Other};
        assert_eq!(heard, [Other, Other, Other, Content, Content, Other, Other, End]);
        let seen = listener.seen();
        assert_eq!(seen.model.as_deref(), Some("claude-x"));
        assert_eq!(seen.finish_reason, Some(llm_types::FinishReason::ToolCalls));
        assert_eq!(seen.content_bytes, 4 + 3);
        let counts = seen.usage.as_ref().unwrap().counts();
        assert_eq!((counts.input, counts.input_cached, counts.output), (7, 3, 5));
        assert!(seen.complete);
        assert!(listener.failure().is_none());
    }

    #[test]
    fn a_failure_in_mid_stream() {
        let mut listener = Anthropic.listener();
        let frame = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n";
        assert_eq!(listener.frame(frame.as_bytes()), Heard::Failure);
        let failure = listener.failure().unwrap();
        assert_eq!((failure.kind, failure.status), (llm_types::ErrorKind::Unavailable, 529));
        assert!(!listener.seen().complete);
    }

    #[test]
    fn a_whole_answer() {
        let mut listener = Anthropic.listener();
        listener.body(br#"{"model":"claude-x","content":[{"type":"text","text":"hi"}],"stop_reason":"max_tokens","usage":{"input_tokens":2,"output_tokens":1}}"#);
        let seen = listener.seen();
        assert!(seen.complete);
        assert_eq!(seen.finish_reason, Some(llm_types::FinishReason::Length));
        assert_eq!(seen.usage.as_ref().unwrap().counts().input, 2);
        let mut listener = Anthropic.listener();
        listener.body(br#"{"input_tokens":14}"#);
        assert!(listener.seen().complete && listener.seen().usage.is_none());
        for not_one in [r#"{"type":"error","error":{"type":"api_error","message":"no"}}"#, "{}", "[]"] {
            let mut listener = Anthropic.listener();
            listener.body(not_one.as_bytes());
            assert!(!listener.seen().complete, "{not_one}");
        }
    }
}
