//! The vendor as the laws of the testkit hear it: its frames written as server-sent events, for the laws speak those; its
//! answers named as the gateway names them, for Converse names none; the forms of its media as media types.

use std::cell::RefCell;

use bytes::{Bytes, BytesMut};
use llm_provider_core::{
    Call, Chat, Decoded, Decoder, EncodeError, Encoded, Interpret, Outbox, Provider, SseEvent, StreamDecoder,
    StreamError, Translator, UpstreamError, VendorInfo, write_event_stream,
};
use llm_types::{ChatChunk, ChatRequest, ChatResponse, Nullable};
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::{BEDROCK, body, chat, decoder};

pub(crate) struct Spoken;

impl Provider for Spoken {
    fn info(&self) -> &VendorInfo {
        BEDROCK.info()
    }

    fn chat(&self) -> Option<&dyn Translator<Chat>> {
        Some(self)
    }
}

impl Translator<Chat> for Spoken {
    fn encode(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let mut encoded = chat().encode(request, call)?;
        let mut media = Vec::new();
        forms(&body(&encoded), &mut media);
        for media in media {
            encoded.request.headers_mut().append("x-spoken-media", media.parse().unwrap());
        }
        Ok(encoded)
    }

    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<ChatResponse>, UpstreamError> {
        let Decoded::Answer(mut answer) = chat().decode(response)? else { panic!("no answer") };
        assert!(!answer.id.is_value() && !answer.model.is_value(), "Converse names nothing: {answer:#?}");
        answer.id = Nullable::Value("named".to_owned());
        answer.model = Nullable::Value("named".to_owned());
        Ok(Decoded::Answer(answer))
    }

    fn decoder(&self) -> Box<dyn Decoder<Chat>> {
        spoken()
    }
}

/// The media types of all blocks that say a form.
fn forms(value: &Value, media: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match (name.as_str(), value.get("format").and_then(Value::as_str)) {
                    ("document", Some("pdf")) => media.push("application/pdf".to_owned()),
                    ("image" | "audio" | "video", Some(format)) => media.push(format!("{name}/{format}")),
                    _ => {}
                }
                forms(value, media);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| forms(item, media)),
        _ => {}
    }
}

/// A decoder of events that are written as text.
pub(crate) fn spoken() -> Box<dyn Decoder<Chat>> {
    Box::new(StreamDecoder::sse(SpokenInterpret(RefCell::new(decoder()))))
}

struct SpokenInterpret(RefCell<Box<dyn Decoder<Chat>>>);

impl Interpret for SpokenInterpret {
    type Chunk = ChatChunk;

    fn event(&mut self, event: &SseEvent<'_>, out: &mut Outbox<ChatChunk>) {
        // Half an event is no frame.
        if serde_json::from_slice::<IgnoredAny>(&event.data).is_err() {
            return out.fail(StreamError::Corrupt("half an event".to_owned()));
        }
        for item in self.0.get_mut().push(frame(event)) {
            match item {
                Ok(mut chunk) => {
                    chunk.id = Nullable::Value("named".to_owned());
                    out.chunk(chunk);
                }
                Err(error) => out.fail(error),
            }
        }
    }

    fn is_complete(&self) -> bool {
        self.0.borrow_mut().finish().next().is_none()
    }
}

fn frame(event: &SseEvent<'_>) -> Bytes {
    let name = &*String::from_utf8_lossy(event.event);
    let mut frame = BytesMut::new();
    let (key, kind) = match name.ends_with("Exception") {
        true => (":exception-type", "exception"),
        false => (":event-type", "event"),
    };
    let headers = [(key, name), (":content-type", "application/json"), (":message-type", kind)];
    write_event_stream(&headers, &event.data, &mut frame);
    frame.freeze()
}

/// Events that are written as text, as Amazon's frames.
pub(crate) fn frames(text: &str) -> Vec<u8> {
    let events = text.split("\n\n").filter(|event| !event.trim().is_empty());
    events.flat_map(|event| frame(&SseEvent::parse(event.trim_start().as_bytes()))).collect()
}
