//! [`Whole`]: a stream made of an answer that comes in one piece.

use llm_provider_core::SseEvent;
use llm_provider_envelope::{Opened, Opener};
use serde_json::{Value, json};

use crate::answer::CHUNK;

/// Reads lines until they are one JSON text, and tells the answer in it as a stream would: its words, then its end.
///
/// For vendors that do not stream; their body is read by [`Framing::Lines`](llm_provider_core::Framing::Lines).
#[derive(Debug)]
pub struct Whole {
    text: Vec<u8>,
    read: fn(Value) -> Value,
}

impl Whole {
    /// Opens an answer with what takes OpenAI's form out of the vendor's.
    pub fn new(read: fn(Value) -> Value) -> Self {
        Self { text: Vec::new(), read }
    }
}

impl Opener for Whole {
    fn open(&mut self, line: &SseEvent<'_>) -> Opened {
        self.text.extend_from_slice(&line.data);
        self.text.push(b'\n');
        // A text ends in a bracket, and so do many of its lines.
        if !line.data.ends_with(b"}") {
            return Opened::NOTHING;
        }
        match serde_json::from_slice(&self.text) {
            Ok(answer) => {
                self.text.clear();
                told((self.read)(answer))
            }
            Err(_) => Opened::NOTHING,
        }
    }
}

/// The answer in chunks.
fn told(mut answer: Value) -> Opened {
    let Some(members) = answer.as_object_mut() else { return Opened::Chunks(vec![answer]) };
    let Some(choices) = members.get_mut("choices").and_then(Value::as_array_mut) else {
        // A failure, or nothing that anybody could read: whoever reads chunks says which.
        return Opened::Chunks(vec![answer]);
    };
    let mut ends = Vec::with_capacity(choices.len());
    for choice in choices.iter_mut().filter_map(Value::as_object_mut) {
        let reason = choice.insert("finish_reason".to_owned(), Value::Null);
        ends.push(json!({ "index": choice.get("index"), "delta": {}, "finish_reason": reason }));
        let message = choice.shift_remove("message");
        choice.insert("delta".to_owned(), message.unwrap_or_default());
    }
    members.insert("object".to_owned(), CHUNK.into());
    let usage = members.shift_remove("usage");
    let mut last = members.clone();
    last.insert("choices".to_owned(), ends.into());
    last.extend(usage.map(|usage| ("usage".to_owned(), usage)));
    Opened::Last(vec![answer, last.into()])
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http::Uri;
    use llm_provider_core::{Call, Chat, Decoder, EncodeError, Framing, StreamError, Translator};
    use llm_provider_envelope::{Envelope, EnvelopeWire};
    use llm_provider_openai::WireOptions;
    use llm_testkit::laws;
    use llm_types::ChatRequest;

    use super::*;
    use crate::answer;

    #[derive(Debug)]
    struct Slow;

    impl Envelope for Slow {
        fn address(&self, _: &ChatRequest, _: &Call<'_>) -> Result<Uri, EncodeError> {
            Ok(Uri::from_static("http://h"))
        }

        fn opener(&self) -> Box<dyn Opener> {
            Box::new(Whole::new(|said| match said["said"].as_str() {
                Some(text) => answer(text, "stop", Some(json!({"prompt_tokens": 3, "completion_tokens": 2}))),
                None => said,
            }))
        }

        fn framing(&self) -> Framing {
            Framing::Lines
        }
    }

    #[test]
    fn a_whole_answer_is_a_stream() {
        let wire = Arc::new(EnvelopeWire::new(Slow, WireOptions::default()));
        let make = || -> Box<dyn Decoder<Chat>> { wire.decoder() };
        for body in ["{\"said\":\"yes\"}", "{\n \"more\": {\n },\n \"said\": \"yes\"\n}\n"] {
            laws::cut_anywhere(make, body.as_bytes());
            laws::truncation(make, body.as_bytes(), body.trim_end().len());
            let chunks = laws::chunks(make, body.as_bytes());
            laws::stream_laws(&chunks);
            let whole = llm_testkit::assemble(&chunks);
            assert_eq!(whole.choices[0].message.content.get().unwrap().text(), "yes");
            assert_eq!(whole.usage.get().unwrap().counts().output, 2);
        }
        let failed = laws::read(make, b"{\"error\":\"no\"}");
        assert!(matches!(failed.as_slice(), [Err(StreamError::Upstream(_))]), "{failed:?}");
    }
}
