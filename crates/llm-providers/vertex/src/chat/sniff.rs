//! Whose words an answer is in, told by the answer itself.

use std::collections::HashMap;

use bytes::{Bytes, BytesMut};
use llm_provider_anthropic::Anthropic;
use llm_provider_core::{Chat, Decoder, Framer, Framing, Items, Provider as _, SseEvent, Translator as _};
use llm_provider_gemini::generate;
use llm_types::ChatChunk;
use serde_json::value::RawValue;

use super::{mistral, open};
use crate::model::{Family, Model};

/// Whose words an answer is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    Gemini,
    Claude,
    Mistral,
    Open,
}

impl Wire {
    /// Looks at the members at the top.
    pub(crate) fn of(json: &[u8]) -> Self {
        let members: HashMap<String, &RawValue> = serde_json::from_slice(json).unwrap_or_default();
        let has = |name: &str| members.contains_key(name);
        let model = members.get("model").map_or("", |model| model.get().trim_matches('"'));
        if has("choices") || has("object") {
            if Model::of(model).family == Family::Mistral { Self::Mistral } else { Self::Open }
        } else if has("type") {
            Self::Claude
        } else {
            Self::Gemini
        }
    }

    fn decoder(self) -> Box<dyn Decoder<Chat>> {
        match self {
            Self::Gemini => generate::decoder(),
            Self::Claude => {
                static CLAUDE: Anthropic = Anthropic;
                CLAUDE.chat().map_or_else(generate::decoder, |chat| chat.decoder())
            }
            Self::Mistral => mistral::decoder(),
            Self::Open => open::wire().decoder(),
        }
    }
}

/// A decoder that becomes the right one with the first event.
pub(super) struct AnyDecoder {
    /// Frames until the first event tells what it is.
    undecided: Option<Framer>,
    inner: Box<dyn Decoder<Chat>>,
}

impl Default for AnyDecoder {
    fn default() -> Self {
        Self { undecided: Some(Framing::Sse.framer()), inner: Wire::Gemini.decoder() }
    }
}

impl Decoder<Chat> for AnyDecoder {
    fn push(&mut self, bytes: Bytes) -> Items<'_, ChatChunk> {
        let Some(framer) = &mut self.undecided else { return self.inner.push(bytes) };
        let block = match framer.push(bytes.clone()) {
            Ok(Some(block)) => block,
            Ok(None) => return self.inner.push(Bytes::new()),
            // What is too long to be told apart fails the same way everywhere.
            Err(_) => bytes,
        };
        let Some(wire) = first_event(&block) else { return self.inner.push(Bytes::new()) };
        let mut seen = BytesMut::from(&block[..]);
        seen.extend_from_slice(&framer.finish());
        self.undecided = None;
        self.inner = wire.decoder();
        self.inner.push(seen.freeze())
    }

    fn finish(&mut self) -> Items<'_, ChatChunk> {
        if let Some(mut framer) = self.undecided.take() {
            let rest = framer.finish();
            if let Some(wire) = first_event(&rest) {
                self.inner = wire.decoder();
            }
            self.inner.push(rest).for_each(drop);
        }
        self.inner.finish()
    }
}

fn first_event(mut block: &[u8]) -> Option<Wire> {
    while let Some(frame) = Framing::Sse.next(&mut block) {
        let event = SseEvent::parse(frame);
        if event.has_data {
            return Some(Wire::of(&event.data));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_tell_whose_they_are() {
        for (json, wire) in [
            (r#"{"candidates":[]}"#, Wire::Gemini),
            (r#"{"promptFeedback":{}}"#, Wire::Gemini),
            (r#"{"type":"message","content":[]}"#, Wire::Claude),
            (r#"{"id":"x","object":"chat.completion","choices":[]}"#, Wire::Open),
            (r#"{"id":"x","model":"codestral-2501","choices":[]}"#, Wire::Mistral),
            ("[]", Wire::Gemini),
            ("", Wire::Gemini),
        ] {
            assert_eq!(Wire::of(json.as_bytes()), wire, "{json}");
        }
    }
}
