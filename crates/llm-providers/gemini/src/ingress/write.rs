//! A canonical answer as Gemini writes it.

use llm_provider_core::{Beside, HostedCall, Kept, Note, Reply};
use llm_types::{
    Annotation, ChatResponse, Choice, Extra, FinishReason, Message, Nullable, ThinkingBlock, ToolCall,
};
use serde_json::{Value, json};

use super::{foreign, hosted};
use crate::ending::{NATIVE, native};
use crate::turn::{PART, PARTS, SIGNATURE, SIGNATURES, SOUND, arguments_object, bare_id, kept_parts, some};
use crate::wire::{self, Candidate, Content, GenerateContentResponse, Part};
use crate::{logprobs, usage};

pub(super) fn write(response: &ChatResponse, reply: &Reply) -> (GenerateContentResponse, Vec<Note>) {
    let mut notes = Vec::new();
    let mut answer = frame(response.id.as_deref(), response.model.as_deref(), reply);
    let mut beside = Beside::of_answer(response);
    answer.prompt_feedback = beside.take("prompt_feedback").into();
    beside.count(response.usage.get(), usage::says);
    answer.extra = beside.take_answer(|name| !is_member(name));
    beside.write(&mut answer.extra);
    let several = response.choices.len() > 1;
    let candidates: Vec<Candidate> = response
        .choices
        .iter()
        .enumerate()
        .filter(|(_, choice)| !(answer.prompt_feedback.is_value() && is_nothing(choice)))
        .map(|(at, choice)| {
            let id = answer.response_id.as_deref().unwrap_or_default();
            candidate(choice, at, several, id, &mut notes)
        })
        .collect();
    if !(candidates.is_empty() && answer.prompt_feedback.is_value()) {
        answer.candidates = Nullable::Value(candidates);
    }
    if let Some(told) = response.usage.get() {
        answer.usage_metadata = Nullable::Value(usage::to_wire(told, response.service_tier.get()));
    }
    (answer, notes)
}

/// An answer without words yet.
pub(super) fn frame(id: Option<&str>, model: Option<&str>, reply: &Reply) -> GenerateContentResponse {
    let or = |told: Option<&str>, ours: &str| {
        let text = told.filter(|told| !told.is_empty()).unwrap_or(ours);
        (!text.is_empty()).then(|| text.to_owned())
    };
    GenerateContentResponse {
        model_version: or(model, &reply.model).into(),
        response_id: or(id, &reply.request_id).into(),
        ..GenerateContentResponse::default()
    }
}

/// Whether a member of this name means something in an answer.
pub(super) fn is_member(name: &str) -> bool {
    matches!(
        name,
        "candidates"
            | "promptFeedback"
            | "usageMetadata"
            | "modelVersion"
            | "responseId"
            | "error"
            | Beside::NAME
    )
}

/// The choice that stands for a prompt that was blocked.
fn is_nothing(choice: &Choice) -> bool {
    let message = &choice.message;
    let is_empty = message.content.get().is_none_or(llm_types::MessageContent::is_empty);
    let bare = Message { content: message.content.clone(), ..Message::empty(message.role.clone()) };
    is_empty
        && *message == bare
        && !choice.logprobs.is_value()
        && choice.extra.keys().all(|name| name == Beside::NAME)
        && choice.finish_reason.get() == Some(&FinishReason::ContentFilter)
}

fn candidate(choice: &Choice, at: usize, several: bool, id: &str, notes: &mut Vec<Note>) -> Candidate {
    let fields = choice.message.provider_specific_fields.get().filter(|fields| !hosted::is_geminis(fields));
    let calls = fields.map(HostedCall::all).unwrap_or_default();
    let mut candidate = Candidate {
        content: Nullable::Value(Content::new("model", parts(&choice.message, &calls, id, notes))),
        index: Nullable::Value(choice.index.get().copied().unwrap_or(u32::try_from(at).unwrap_or(u32::MAX))),
        logprobs_result: choice.logprobs.get().and_then(logprobs::to_wire).into(),
        ..Candidate::default()
    };
    let mut beside = Beside::of_choice(choice);
    if let Some(told) = choice.logprobs.get().filter(|told| !logprobs::is_said(told)) {
        beside.put("logprobs", told.clone());
    }
    let text = choice.message.content.get().map(llm_types::MessageContent::text).unwrap_or_default();
    if kept_parts(&choice.message).is_some() {
        beside.forget(&[PARTS, SIGNATURES]);
    } else if let Some([Value::String(_)]) =
        beside.get(SIGNATURES).and_then(Value::as_array).map(Vec::as_slice)
        && !text.is_empty()
    {
        // It stands in the text.
        beside.forget(&[SIGNATURES]);
    }
    ending(&mut candidate, choice.finish_reason.get(), &mut beside);
    members(&mut candidate, &mut beside);
    if let Some(audio) = choice.message.audio.get() {
        keep_sound(audio, &mut beside);
    }
    sources(&mut candidate, choice.message.annotations.get(), &text, &mut beside);
    hosted::searches(calls.iter().map(|(_, call)| call), &mut candidate);
    forget_said(&mut beside);
    beside.write(&mut candidate.extra);
    if several {
        // Every candidate says which one it is, the first one too.
        candidate.index.get_or_insert_with(|| 0);
    }
    candidate
}

/// Takes out of what is said beside a streamed choice what its parts said in their turn.
pub(super) fn forget_parts(beside: &mut Beside) {
    let told = beside.take(PART).and_then(|told| told.as_array().map(Vec::len)).unwrap_or(0);
    let is_own = |part: &&Value| {
        let is_usual = |(name, value): (&String, &Value)| match name.as_str() {
            "text" | "thought" | "thoughtSignature" => true,
            "functionCall" => has_only(value, &["id", "name", "args"]),
            "inlineData" => has_only(value, &["mimeType", "data"]),
            _ => false,
        };
        part.as_object().is_some_and(|part| !part.iter().all(is_usual))
    };
    let parts = beside.get(PARTS).and_then(Value::as_array);
    if parts.is_some_and(|parts| parts.iter().filter(is_own).count() <= told) {
        beside.forget(&[PARTS]);
    }
    if beside.take(SIGNATURE).is_some() {
        beside.forget(&[SIGNATURES]);
    }
}

/// Takes out another vendor's own list of what it said, where the parts say all of it. Gemini's list is not sealed here: what
/// is left of it stays.
pub(super) fn forget_said(beside: &mut Beside) {
    let own = beside.take(PARTS);
    beside.forget_said(hosted::tells);
    if let Some(own) = own {
        beside.put(PARTS, own);
    }
}

/// Whether an object has no members but these.
fn has_only(value: &Value, names: &[&str]) -> bool {
    value.as_object().is_some_and(|members| members.keys().all(|name| names.contains(&name.as_str())))
}

/// Why the model stopped, and what Gemini said of it.
pub(super) fn ending(candidate: &mut Candidate, finish: Option<&FinishReason>, beside: &mut Beside) {
    let reason = native(finish, beside.get(NATIVE).and_then(Value::as_str));
    beside.forget_reason(reason.as_str());
    candidate.finish_reason = Nullable::Value(reason);
    if let Some(Value::String(words)) = beside.get("finish_message") {
        candidate.finish_message = Nullable::Value(words.clone());
        beside.forget(&["finish_message"]);
    }
}

/// What stands in `provider_specific_fields` in Gemini's words.
pub(super) fn members(candidate: &mut Candidate, beside: &mut Beside) {
    candidate.safety_ratings = beside.take("safety_ratings").into();
    candidate.grounding_metadata = beside.take("grounding_metadata").into();
    candidate.citation_metadata = beside.take("citation_metadata").into();
    candidate.url_context_metadata = beside.take("url_context_metadata").into();
    if let Some(Value::Number(number)) = beside.get("avg_logprobs") {
        candidate.avg_logprobs = number.clone().into();
        beside.forget(&["avg_logprobs"]);
    }
}

/// What Gemini has no place for of a sound: its name, and how long the vendor keeps it.
pub(super) fn keep_sound(audio: &llm_types::Audio, beside: &mut Beside) {
    let mut kept = Extra::new();
    if let Some(id) = audio.id.get().filter(|id| *id != SOUND) {
        kept.insert("id".to_owned(), id.as_str().into());
    }
    if let Some(expires_at) = audio.expires_at.get() {
        kept.insert("expires_at".to_owned(), Value::Number(expires_at.clone()));
    }
    if !kept.is_empty() {
        beside.put("audio", kept);
    }
}

/// Sources, in Gemini's words: its own, or those that another vendor names. What these do not say stands beside them.
pub(super) fn sources(
    candidate: &mut Candidate,
    annotations: Option<&Vec<Annotation>>,
    text: &str,
    beside: &mut Beside,
) {
    if !candidate.grounding_metadata.is_value() && !candidate.citation_metadata.is_value() {
        candidate.grounding_metadata = grounding(annotations, text).into();
    }
    let told = [candidate.grounding_metadata.get(), candidate.citation_metadata.get()]
        .map(|told| told.map(Value::to_string).unwrap_or_default());
    let is_told = |annotation: &Annotation| {
        let url = annotation.url_citation.get().and_then(|page| page.get("url")?.as_str());
        !text.is_empty() && url.is_some_and(|url| told.iter().any(|told| told.contains(url)))
    };
    let left: Vec<_> = annotations.into_iter().flatten().filter(|annotation| !is_told(annotation)).collect();
    if !left.is_empty()
        && let Ok(left) = serde_json::to_value(left)
    {
        beside.put("annotations", left);
    }
}

/// Sources as Gemini tells them. It counts bytes.
pub(super) fn grounding(annotations: Option<&Vec<Annotation>>, text: &str) -> Option<Value> {
    let pages = annotations?.iter().filter_map(|annotation| annotation.url_citation.get());
    let mut chunks: Vec<Value> = Vec::new();
    let mut supports = Vec::new();
    let bytes = |at: Option<u64>| {
        let letters = usize::try_from(at.unwrap_or(0)).unwrap_or(usize::MAX);
        text.char_indices().nth(letters).map_or(text.len(), |(at, _)| at)
    };
    for page in pages {
        let chunk = json!({ "web": { "uri": page["url"], "title": page["title"] } });
        let index = chunks.iter().position(|known| *known == chunk).unwrap_or_else(|| {
            chunks.push(chunk);
            chunks.len() - 1
        });
        let (start, end) = (bytes(page["start_index"].as_u64()), bytes(page["end_index"].as_u64()));
        if start < end {
            supports.push(json!({
                "segment": { "startIndex": start, "endIndex": end, "text": &text[start..end] },
                "groundingChunkIndices": [index],
            }));
        }
    }
    if chunks.is_empty() {
        return None;
    }
    let mut grounding = json!({ "groundingChunks": chunks });
    if !supports.is_empty() {
        grounding["groundingSupports"] = supports.into();
    }
    Some(grounding)
}

/// Members of a message's `provider_specific_fields` that parts say.
pub(super) const OWN_FIELDS: &[&str] = &[PARTS, SIGNATURES];

/// What a message says, in parts; with what tools of another vendor's did, each after so many letters of the text.
fn parts(message: &Message, calls: &[(u64, HostedCall)], id: &str, notes: &mut Vec<Note>) -> Vec<Part> {
    if let Some(parts) = kept_parts(message) {
        return parts;
    }
    let mut parts = Vec::new();
    match (message.thinking_blocks.get(), message.reasoning_content.as_deref()) {
        (Some(blocks), _) if !blocks.is_empty() => parts.extend(blocks.iter().map(thought)),
        (_, Some(text)) if !text.is_empty() => {
            parts.push(Part { thought: Nullable::Value(true), ..Part::text(text) });
        }
        _ => {}
    }
    let text = message.content.get().map(llm_types::MessageContent::text).unwrap_or_default();
    let mut rest = &*text;
    let mut told = 0;
    for (letters, call) in calls {
        let inside = usize::try_from(letters.saturating_sub(told)).unwrap_or(usize::MAX);
        let end = rest.char_indices().nth(inside).map_or(rest.len(), |(end, _)| end);
        let (before, after) = rest.split_at(end);
        if !before.is_empty() {
            parts.push(Part::text(before));
        }
        (rest, told) = (after, *letters);
        parts.extend(hosted::code(call, id).into_iter().chain(hosted::result(call, id)));
    }
    if !rest.is_empty() {
        let signature =
            message.provider_specific_fields.get().and_then(|own| own.get(SIGNATURES)?.get(0)?.as_str());
        parts.push(Part { thought_signature: signature.map(str::to_owned).into(), ..Part::text(rest) });
    }
    if let Some(refusal) = message.refusal.as_deref().filter(|refusal| !refusal.is_empty()) {
        parts.push(Part::text(refusal));
    }
    parts.extend(images(&message.extra));
    if let Some(audio) = message.audio.get() {
        parts.extend(sound(audio));
    }
    for (number, call) in message.tool_calls.get().into_iter().flatten().enumerate() {
        parts.push(function_call(call, &format!("choices.message.tool_calls[{number}]"), notes));
    }
    if let Some(call) = message.function_call.get() {
        let call = ToolCall::function(
            "",
            call.name.as_deref().unwrap_or_default(),
            call.arguments.as_deref().unwrap_or_default(),
        );
        parts.push(function_call(&call, "choices.message.function_call", notes));
    }
    let kept = Kept::of_message(message.provider_specific_fields.get(), &message.extra, OWN_FIELDS);
    if !kept.is_empty() {
        parts.push(foreign::carrier(&kept));
    }
    parts
}

/// A thought, with whoever's signature.
pub(super) fn thought(block: &ThinkingBlock) -> Part {
    Part {
        thought: Nullable::Value(true),
        thought_signature: foreign::signature(block).into(),
        ..Part::text(block.thinking.as_deref().unwrap_or_default())
    }
}

/// Pictures, as the answers of models that make them have them.
pub(super) fn images(extra: &Extra) -> Vec<Part> {
    let images = extra.get("images").and_then(Value::as_array);
    let part = |image: &Value| {
        let url = image.get("image_url")?.get("url")?.as_str()?;
        let mut part = crate::media::part_of_url(url, None, "image/png").ok()?;
        part.thought_signature = image.get(SIGNATURE).and_then(Value::as_str).map(str::to_owned).into();
        Some(part)
    };
    images.into_iter().flatten().filter_map(part).collect()
}

/// Sound, and its words where it has some.
pub(super) fn sound(audio: &llm_types::Audio) -> Vec<Part> {
    let mut parts = Vec::new();
    if let Some(words) = audio.transcript.as_deref().filter(|words| !words.is_empty()) {
        parts.push(Part::text(words));
    }
    if let Some(data) = audio.data.as_deref().filter(|data| !data.is_empty()) {
        let mime_type = audio.extra.get("mime_type").and_then(Value::as_str).unwrap_or("audio/wav");
        parts.push(Part::inline(mime_type, data));
    }
    parts
}

/// A call, whole.
pub(super) fn function_call(call: &ToolCall, path: &str, notes: &mut Vec<Note>) -> Part {
    let (name, args) = match (call.custom.get(), call.function.get()) {
        (Some(custom), _) => {
            (custom.name.as_deref(), json!({ "input": custom.input.as_deref().unwrap_or_default() }))
        }
        (None, function) => {
            let text = function.and_then(|function| function.arguments.as_deref()).unwrap_or_default();
            let args = arguments_object(text).unwrap_or_else(|| {
                let detail = "no JSON object; kept as the text `arguments` of one";
                notes.push(Note::new(
                    llm_provider_core::NoteKind::Converted,
                    format!("{path}.arguments"),
                    detail,
                ));
                json!({ "arguments": text })
            });
            (function.and_then(|function| function.name.as_deref()), args)
        }
    };
    let id = call.id.as_deref().map(bare_id).filter(|id| !id.is_empty());
    let made = wire::FunctionCall {
        id: id.map(str::to_owned).into(),
        name: name.map(str::to_owned).into(),
        args: Nullable::Value(args),
        ..wire::FunctionCall::default()
    };
    Part {
        function_call: Nullable::Value(made),
        thought_signature: foreign::signature_of_call(call).into(),
        ..Part::default()
    }
}

/// A piece of an answer with these parts.
pub(super) fn piece(index: u32, parts: Vec<Part>) -> Candidate {
    Candidate {
        content: Nullable::Value(Content {
            role: Nullable::Value("model".to_owned()),
            parts: some(parts),
            extra: Extra::new(),
        }),
        index: Nullable::Value(index),
        ..Candidate::default()
    }
}
