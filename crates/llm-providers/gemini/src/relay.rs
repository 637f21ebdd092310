//! `generateContent` passed through as bytes: head, errors, and a listener.

pub(crate) mod foreign;

use http::{Response, request};
use llm_provider_core::{
    Call, Dialect, Edit, EncodeError, Heard, Listener, Peek, Relay, RelayOperation, Seen, SseEvent,
    UpstreamError,
};

use crate::chat::decode::blocked;
use crate::chat::stream::merge;
use crate::ending::finish_reason;
use crate::head::{Action, head};
use crate::wire::{Content, ErrorBody, GenerateContentResponse, Part, UsageMetadata};
use crate::{Gemini, error, usage};

impl Relay for Gemini {
    fn dialect(&self) -> Dialect {
        Dialect::Gemini
    }

    fn carries(&self, operation: RelayOperation) -> bool {
        use RelayOperation::{Chat, ChatStream, CountTokens};
        matches!(operation, Chat | ChatStream | CountTokens)
    }

    fn model_in_body(&self) -> bool {
        false
    }

    fn edits(&self, peek: &Peek<'_>, call: &Call<'_>) -> Option<Vec<Edit>> {
        Some(foreign::edits(peek, call.model))
    }

    fn takes_include_usage(&self) -> bool {
        false
    }

    fn head(&self, operation: RelayOperation, call: &Call<'_>) -> Result<request::Parts, EncodeError> {
        head(action(operation)?, call)
    }

    fn error(&self, response: Response<&[u8]>) -> UpstreamError {
        error::read(&response)
    }

    fn listener(&self) -> Box<dyn Listener> {
        Box::<GenerateListener>::default()
    }
}

/// What an operation is called over there.
fn action(operation: RelayOperation) -> Result<Action, EncodeError> {
    match operation {
        RelayOperation::Chat => Ok(Action::Generate),
        RelayOperation::ChatStream => Ok(Action::Stream),
        RelayOperation::CountTokens => Ok(Action::CountTokens),
        RelayOperation::Embeddings | RelayOperation::Rerank => {
            Err(EncodeError::unsupported("", "this dialect has chat alone"))
        }
    }
}

/// Listens to one answer.
#[derive(Debug, Default)]
pub(crate) struct GenerateListener {
    seen: Seen,
    usage: Option<UsageMetadata>,
    has_calls: bool,
    failure: Option<UpstreamError>,
}

impl Listener for GenerateListener {
    fn frame(&mut self, frame: &[u8]) -> Heard {
        let event = SseEvent::parse(frame);
        if !event.has_data {
            return Heard::Other;
        }
        let Ok(answer) = serde_json::from_slice::<GenerateContentResponse>(&event.data) else {
            return Heard::Other;
        };
        if let Some(told) = answer.extra.get("error").filter(|told| told.is_object()) {
            let told: ErrorBody = serde_json::from_value(told.clone()).unwrap_or_default();
            self.failure = Some(error::in_stream(&told, &event.data));
            return Heard::Failure;
        }
        if self.hear(answer) { Heard::Content } else { Heard::Other }
    }

    fn body(&mut self, body: &[u8]) {
        let Ok(answer) = serde_json::from_slice::<GenerateContentResponse>(body) else { return };
        let is_count = answer.extra.contains_key("totalTokens");
        self.seen.complete = is_count || answer.candidates.is_value() || answer.prompt_feedback.is_value();
        self.hear(answer);
    }

    fn seen(&self) -> &Seen {
        &self.seen
    }

    fn failure(&mut self) -> Option<UpstreamError> {
        self.failure.take()
    }
}

impl GenerateListener {
    /// Whether the answer went on.
    fn hear(&mut self, answer: GenerateContentResponse) -> bool {
        let mut has_content = false;
        for candidate in answer.candidates.into_option().unwrap_or_default() {
            for part in candidate.content.get().map(Content::parts).unwrap_or_default() {
                has_content = true;
                self.has_calls |= part.function_call.is_value();
                hear(&mut self.seen, part);
            }
            if let Some(finish) = candidate.finish_reason.get() {
                self.seen.finish_reason = Some(finish_reason(Some(finish), self.has_calls));
                // A reason to stop is the last word that there is; more may come behind it.
                self.seen.complete = true;
            }
        }
        if blocked(answer.prompt_feedback.get()).is_some() {
            self.seen.finish_reason = Some(llm_types::FinishReason::ContentFilter);
            self.seen.complete = true;
        }
        if let Some(model) = answer.model_version.into_option() {
            self.seen.model = Some(model);
        }
        if let Some(newer) = answer.usage_metadata.into_option() {
            let all = self.usage.get_or_insert_default();
            merge(all, newer);
            self.seen.usage = Some(usage::canonical(all));
        }
        has_content
    }
}

/// Takes note of text and arguments, for an estimate.
fn hear(seen: &mut Seen, part: &Part) {
    if let Some(text) = part.text.as_deref() {
        seen.wrote(text.as_bytes());
    }
    if let Some(args) = part.function_call.get().and_then(|call| call.args.get()) {
        seen.wrote(args.to_string().as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream() {
        let mut listener = Gemini.listener();
        let frames = [
            ": keep-alive\n\n",
            "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"abc\"}]}}],\"usageMetadata\":{\"promptTokenCount\":4,\"totalTokenCount\":4},\"modelVersion\":\"gemini-x\"}\r\n\r\n",
            "data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"f\",\"args\":{}}}]},\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":4,\"candidatesTokenCount\":3,\"totalTokenCount\":7}}\r\n\r\n",
        ];
        let heard: Vec<_> = frames.iter().map(|frame| listener.frame(frame.as_bytes())).collect();
        assert_eq!(heard, [Heard::Other, Heard::Content, Heard::Content]);
        let seen = listener.seen();
        assert!(seen.complete);
        assert_eq!(seen.model.as_deref(), Some("gemini-x"));
        assert_eq!(seen.finish_reason, Some(llm_types::FinishReason::ToolCalls));
        assert_eq!(seen.content_bytes, 5);
        let counts = seen.usage.as_ref().unwrap().counts();
        assert_eq!((counts.input, counts.output), (4, 3));
    }

    #[test]
    fn a_failure_in_mid_stream() {
        let mut listener = Gemini.listener();
        let frame =
            "data: {\"error\":{\"code\":503,\"message\":\"Overloaded.\",\"status\":\"UNAVAILABLE\"}}\n\n";
        assert_eq!(listener.frame(frame.as_bytes()), Heard::Failure);
        assert_eq!(listener.failure().unwrap().kind, llm_types::ErrorKind::Unavailable);
        assert!(!listener.seen().complete);
    }

    #[test]
    fn whole_answers() {
        for (body, complete, finish) in [
            (
                r#"{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"MAX_TOKENS"}]}"#,
                true,
                Some("length"),
            ),
            (r#"{"promptFeedback":{"blockReason":"SAFETY"}}"#, true, Some("content_filter")),
            (r#"{"totalTokens":31}"#, true, None),
            (r#"{"error":{"code":400}}"#, false, None),
            ("[]", false, None),
        ] {
            let mut listener = Gemini.listener();
            listener.body(body.as_bytes());
            let seen = listener.seen();
            assert_eq!(seen.complete, complete, "{body}");
            assert_eq!(seen.finish_reason.as_ref().map(llm_types::FinishReason::as_str), finish, "{body}");
        }
    }
}
