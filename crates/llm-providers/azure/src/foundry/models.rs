//! The model inference API: OpenAI chat that takes text as one string and refuses members of messages it does not know.
//!
//! Source: Microsoft Learn, "Azure AI Model Inference REST API reference", "Chat completions", read 2026-11.

use std::borrow::Cow;

use llm_provider_core::{Call, EncodeError, Encoded, NoteKind, Peek};
use llm_provider_openai::{
    AnswerOptions, Changes, ChatRelay, ChatWire, MessageGlance, OutputLimit, RequestOptions, ThinkingMember,
    WireOptions,
};
use llm_types::{ChatRequest, ContentPart, Message, MessageContent, Nullable};

/// In what the wire differs from OpenAI's.
fn wire() -> WireOptions {
    WireOptions {
        request: RequestOptions {
            limit: OutputLimit::MaxTokens,
            developer_role: false,
            thinking: ThinkingMember::Effort,
            top_k: true,
            ..RequestOptions::default()
        },
        answer: AnswerOptions { think_tags: true, ..AnswerOptions::default() },
        ..crate::azure::wire()
    }
}

/// Chat of the model inference API.
#[derive(Debug, Clone)]
pub(super) struct Models {
    pub(super) chat: ChatWire,
    pub(super) relay: ChatRelay,
}

impl Models {
    pub(super) fn new() -> Self {
        Self { chat: ChatWire::new(wire()), relay: ChatRelay::new(wire()) }
    }

    pub(super) fn encode(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let mut changes = Changes::new(call);
        let mut request = Cow::Borrowed(request);
        if request.messages.iter().any(|message| is_list_of_text(message) || message.name.is_value()) {
            for (index, message) in request.to_mut().messages.iter_mut().enumerate() {
                flatten(message, index, &mut changes);
                if message.name.take().is_some() {
                    let path = format!("messages[{index}].name");
                    changes.note(NoteKind::Dropped, path, "Foundry refuses names");
                }
            }
        }
        self.chat.encode_changed(&request, call, changes)
    }
}

/// Whether a request that was not read has what [`Models::encode`] would change.
pub(super) fn touches(peek: &Peek<'_>) -> bool {
    MessageGlance::all(peek).is_none_or(|messages| {
        messages.iter().any(|message| {
            let kinds = message.part_kinds();
            message.name.is_some() || !kinds.is_empty() && kinds.iter().all(|kind| kind == "text")
        })
    })
}

fn is_list_of_text(message: &Message) -> bool {
    matches!(message.content.get(), Some(MessageContent::Parts(parts))
        if !parts.is_empty() && parts.iter().all(|part| matches!(part, ContentPart::Text(_))))
}

fn flatten(message: &mut Message, index: usize, changes: &mut Changes<'_>) {
    if !is_list_of_text(message) {
        return;
    }
    let Some(content) = message.content.take() else { return };
    if let MessageContent::Parts(parts) = &content {
        for (at, part) in parts.iter().enumerate() {
            let ContentPart::Text(part) = part else { continue };
            let marker = part.cache_control.is_value().then_some("cache_control");
            for name in marker.into_iter().chain(part.extra.keys().map(String::as_str)) {
                let path = format!("messages[{index}].content[{at}].{name}");
                changes.note(NoteKind::Dropped, path, "Foundry takes text as one string");
            }
        }
    }
    message.content = Nullable::Value(MessageContent::Text(content.text().into_owned()));
}
