//! A generate request in canonical form: instructions and one message.

use llm_provider_core::{Incoming, IngressError, Note, NoteKind};
use llm_types::{ChatRequest, Message};

use super::read::{Reader, content, stream};
use crate::wire::GenerateRequest;

pub(super) fn read(body: &[u8]) -> Result<Incoming, IngressError> {
    let wire: GenerateRequest = llm_types::from_slice(body)?;
    let mut reader = Reader { notes: Vec::new() };
    let mut request = ChatRequest::new(wire.model, Vec::new());
    if let Some(system) = wire.system.into_option().filter(|system| !system.is_empty()) {
        request.messages.push(Message::system(system));
    }
    let prompt = wire.prompt.into_option().unwrap_or_default();
    request.messages.push(Message::user(content(prompt, wire.images.into_option().unwrap_or_default())));
    let said = |text: &Option<&str>| text.is_some_and(|text| !text.is_empty());
    let context =
        wire.context.get().is_some_and(|context| context.as_array().is_none_or(|list| !list.is_empty()));
    for (name, is_said, reason) in [
        ("suffix", said(&wire.suffix.as_deref()), "a conversation has nothing after the answer"),
        ("template", said(&wire.template.as_deref()), "the vendor has its own"),
        ("context", context, "tokens of another model's conversation"),
    ] {
        if is_said {
            reader.notes.push(Note::dropped(name, reason));
        }
    }
    if wire.raw.get() == Some(&true) {
        reader.notes.push(Note::new(NoteKind::Converted, "raw", "the prompt is sent as a message"));
    }
    reader.format(wire.format.get(), &mut request)?;
    reader.think(wire.think.get(), &mut request)?;
    reader.options(wire.options.into_option(), &mut request)?;
    reader.rest(wire.extra, wire.keep_alive.is_value(), &mut request);
    request.logprobs = wire.logprobs;
    request.top_logprobs = wire.top_logprobs;
    stream(wire.stream.get().copied(), &mut request);
    Ok(Incoming { request, notes: reader.notes })
}
