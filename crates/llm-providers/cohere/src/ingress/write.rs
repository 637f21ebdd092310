//! A whole answer as Cohere's.

use llm_provider_core::{
    Beside, Kept, Note, NoteKind, Reply, Source, SourcePlace, cited_texts, lost_signatures,
};
use llm_types::{
    Annotation, ChatResponse, ContentPart, Extra, FinishReason, FunctionCall, Message, MessageContent,
    Nullable, ToolCall, Usage,
};
use serde_json::{Value, json};

use crate::chat::decode::{CITATIONS, PLAN};
use crate::usage;
use crate::wire::{self, Citation, Logprob, ResponseMessage};

/// The answer, and what it has no place for.
pub(super) fn write(response: &ChatResponse, reply: &Reply) -> (wire::ChatResponse, Vec<Note>) {
    let mut notes = Vec::new();
    let choice = response.choices.first();
    if response.choices.len() > 1 {
        notes.push(Note::dropped("choices[1..]", "an answer of Cohere's has one choice"));
    }
    let message = choice.map(|choice| message(&choice.message, reply, &mut notes)).unwrap_or_default();
    let reason = choice.and_then(|choice| choice.finish_reason.get());
    let mut beside = Beside::of(response);
    let finish = finish_reason(reason, beside.reason(), message.tool_calls.is_value());
    if finish == "ERROR" {
        notes.push(Note::new(NoteKind::Converted, "choices[0].finish_reason", "withheld, as `ERROR`"));
    }
    let id = response.id.as_deref().filter(|id| !id.is_empty()).unwrap_or(&reply.request_id);
    let told = choice.and_then(|choice| choice.logprobs.get());
    let mut logprobs = told.map(pieces);
    let own = response.provider_specific_fields.get().and_then(|own| own.get("logprobs"));
    if let Some(Ok(own)) = own.map(|own| llm_types::from_value::<Vec<Logprob>>(own.clone())) {
        logprobs = Some(own);
        beside.take_answer(|name| name == "logprobs");
    }
    if let Some(told) = told.filter(|told| !is_simple(told)) {
        beside.put("logprobs", told.clone());
    }
    if beside.get(PLAN).is_some_and(Value::is_string) {
        beside.forget(&[PLAN]);
    }
    if choice.is_some_and(|choice| own_citations(&choice.message).is_some()) {
        beside.forget(&[CITATIONS]);
    }
    let other =
        choice.into_iter().flat_map(|choice| others(choice.message.annotations.get())).collect::<Vec<_>>();
    if !other.is_empty() {
        beside.put("annotations", serde_json::to_value(other).unwrap_or_default());
    }
    if let Some(tier) = response.service_tier.get() {
        beside.put("service_tier", tier.as_str());
    }
    let extra = rest(beside, finish, response.usage.get());
    let wire = wire::ChatResponse {
        id: Nullable::Value(id.to_owned()),
        message,
        finish_reason: Nullable::Value(finish.to_owned()),
        usage: Nullable::Value(response.usage.get().map(usage::to_wire).unwrap_or_default()),
        logprobs: logprobs.into(),
        extra,
    };
    (wire, notes)
}

/// What is said beside the answer, in members that Cohere's own do not have.
pub(super) fn rest(mut beside: Beside, finish: &str, told: Option<&Usage>) -> Extra {
    const KNOWN: &[&str] = &[
        "id",
        "message",
        "finish_reason",
        "usage",
        "logprobs",
        "type",
        "index",
        "delta",
        "error",
        Beside::NAME,
    ];
    beside.forget_reason(finish);
    beside.count(told, usage::says);
    let mut extra = beside.take_answer(|name| !KNOWN.contains(&name));
    beside.write(&mut extra);
    extra
}

fn message(message: &Message, reply: &Reply, notes: &mut Vec<Note>) -> ResponseMessage {
    let mut out =
        ResponseMessage { role: Nullable::Value("assistant".to_owned()), ..ResponseMessage::default() };
    let specifics = message.provider_specific_fields.get();
    let plan = specifics.and_then(|own| own.get(PLAN)?.as_str());
    out.tool_plan = plan.map(str::to_owned).into();
    let blocks = message.thinking_blocks.as_deref().unwrap_or_default();
    let signed_calls = message.tool_calls.as_deref().unwrap_or_default();
    let kept = Kept::of_message(specifics, &message.extra, &[]);
    notes.extend(lost_signatures(blocks, signed_calls, &kept, "choices[0].message.", "Cohere's"));
    let mut parts = thoughts(message, plan);
    let text = message.content.get().map(MessageContent::text).unwrap_or_default();
    // Sources are of the text alone, whatever stands around it.
    let places = [TextPlace { part: parts.len() as u64, before: 0 }];
    let refusal = message.refusal.as_deref().unwrap_or_default();
    for words in [&*text, refusal] {
        if !words.is_empty() {
            parts.push(ContentPart::text(words));
        }
    }
    if let Some(words) = message.audio.get().and_then(|audio| audio.transcript.as_deref())
        && parts.is_empty()
    {
        parts.push(ContentPart::text(words));
    }
    if message.audio.is_value() {
        notes.push(Note::dropped("choices[0].message.audio", "answers of Cohere's have no sound"));
    }
    if has_images(&message.extra) {
        notes.push(Note::dropped("choices[0].message.images", "answers of Cohere's have no images"));
    }
    if !parts.is_empty() {
        out.content = Nullable::Value(parts);
    }
    let calls = calls(message, reply);
    if !calls.is_empty() {
        out.tool_calls = Nullable::Value(calls);
    }
    let citations = match own_citations(message) {
        Some(citations) => citations,
        None => {
            let pages = message.annotations.get().into_iter().flatten();
            let pages = pages.filter_map(|page| citation(page, &text, &places));
            pages.chain(specifics.into_iter().flat_map(|own| documents(own, &places))).collect()
        }
    };
    if !citations.is_empty() {
        out.citations = Nullable::Value(citations);
    }
    out
}

/// The sources as Cohere gave them.
fn own_citations(message: &Message) -> Option<Vec<Citation>> {
    llm_types::from_value(message.provider_specific_fields.get()?.get(CITATIONS)?.clone()).ok()
}

/// Whether the model made images: vendors put them where LiteLLM does, in a member `images` beside the text.
pub(super) fn has_images(extra: &Extra) -> bool {
    extra.get("images").and_then(Value::as_array).is_some_and(|images| !images.is_empty())
}

/// Thinking as parts. A plan is told by itself.
fn thoughts(message: &Message, plan: Option<&str>) -> Vec<ContentPart> {
    let blocks = message.thinking_blocks.get().map(Vec::as_slice).unwrap_or_default();
    let said = blocks.iter().filter_map(|block| block.thinking.as_deref().filter(|text| !text.is_empty()));
    let parts: Vec<_> = said.map(thought).collect();
    if !parts.is_empty() {
        return parts;
    }
    let reasoning =
        message.reasoning_content.as_deref().filter(|text| !text.is_empty() && plan != Some(text));
    reasoning.map(thought).into_iter().collect()
}

fn thought(text: &str) -> ContentPart {
    let members = [("type", "thinking"), ("thinking", text)];
    ContentPart::Unknown(members.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect())
}

fn calls(message: &Message, reply: &Reply) -> Vec<ToolCall> {
    let mut out = Vec::new();
    for (index, call) in message.tool_calls.get().into_iter().flatten().enumerate() {
        let id = call.id.as_deref().filter(|id| !id.is_empty());
        let id = id.map_or_else(|| format!("call_{}_{index}", reply.request_id), str::to_owned);
        out.push(match (call.function.get(), call.custom.get()) {
            (Some(function), _) => function_call(id, function),
            (None, Some(custom)) => {
                let input = json!({ "input": custom.input.as_deref().unwrap_or_default() });
                ToolCall::function(id, custom.name.as_deref().unwrap_or_default(), input.to_string())
            }
            (None, None) => continue,
        });
    }
    if let Some(function) = message.function_call.get() {
        out.push(function_call(format!("call_{}", reply.request_id), function));
    }
    out
}

fn function_call(id: String, function: &FunctionCall) -> ToolCall {
    let name = function.name.as_deref().unwrap_or_default();
    ToolCall::function(id, name, function.arguments.as_deref().unwrap_or("{}"))
}

/// Sources that are no pages, such as files: Cohere's citations have no form for them.
pub(super) fn others(sources: Option<&Vec<Annotation>>) -> impl Iterator<Item = &Annotation> {
    sources.into_iter().flatten().filter(|source| !source.url_citation.is_value())
}

/// A text of the answer: its place among the parts of the content, and the letters of the answer before it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TextPlace {
    pub(super) part: u64,
    pub(super) before: u64,
}

impl TextPlace {
    /// The text in which the letter stands. Cohere counts from the beginning of that.
    ///
    /// Source: Cohere API reference, "Chat", `citations`: `content_index`, the block in which the citation appears; read
    /// 2026-11.
    fn of(places: &[Self], letter: u64) -> Self {
        places.iter().rfind(|place| place.before <= letter).copied().unwrap_or_default()
    }
}

/// A page that the model names as a citation of a document, in one of the texts at these `places`.
pub(super) fn citation(page: &Annotation, text: &str, places: &[TextPlace]) -> Option<Citation> {
    let page = page.url_citation.get()?;
    let place = |name: &str| page.get(name).and_then(Value::as_u64);
    let (start, end) = (place("start_index").unwrap_or(0), place("end_index").unwrap_or(0));
    let length = usize::try_from(end.saturating_sub(start)).unwrap_or(usize::MAX);
    let words: String =
        text.chars().skip(usize::try_from(start).unwrap_or(usize::MAX)).take(length).collect();
    let url = page.get("url").and_then(Value::as_str).unwrap_or_default();
    let TextPlace { part, before } = TextPlace::of(places, start);
    Some(Citation {
        start: Nullable::Value(start.saturating_sub(before)),
        end: Nullable::Value(end.saturating_sub(before)),
        text: Nullable::Value(words),
        sources: Nullable::Value(vec![json!({
            "type": "document", "id": url,
            "document": { "id": url, "url": url, "title": page.get("title").and_then(Value::as_str).unwrap_or_default() }
        })]),
        content_index: Nullable::Value(part),
        r#type: Nullable::Value("TEXT_CONTENT".to_owned()),
        extra: Extra::new(),
    })
}

/// Documents of the request that the texts of an answer rest on, as other vendors name them: by their numbers.
pub(super) fn documents(specifics: &Extra, places: &[TextPlace]) -> Vec<Citation> {
    let mut start = 0;
    let mut citations = Vec::new();
    for (text, sources) in cited_texts(specifics) {
        let end = start + text.chars().count() as u64;
        let documents: Vec<Value> = sources.iter().filter_map(document).collect();
        if !documents.is_empty() {
            let TextPlace { part, before } = TextPlace::of(places, start);
            citations.push(Citation {
                start: Nullable::Value(start.saturating_sub(before)),
                end: Nullable::Value(end.saturating_sub(before)),
                text: Nullable::Value(text),
                sources: Nullable::Value(documents),
                content_index: Nullable::Value(part),
                r#type: Nullable::Value("TEXT_CONTENT".to_owned()),
                extra: Extra::new(),
            });
        }
        start = end;
    }
    citations
}

fn document(source: &Source) -> Option<Value> {
    let (span, unit) = match &source.place {
        SourcePlace::Page { .. } => return None,
        SourcePlace::Letters(span) => (span, "char"),
        SourcePlace::Pages(span) => (span, "page"),
        SourcePlace::Blocks(span) | SourcePlace::SearchResult { span, .. } => (span, "block"),
    };
    let id = span.index.to_string();
    let mut document =
        json!({ "id": id, format!("start_{unit}"): span.start, format!("end_{unit}"): span.end });
    let origin = match &source.place {
        SourcePlace::SearchResult { origin, .. } => origin.as_ref(),
        _ => None,
    };
    for (name, words) in
        [("title", source.title.as_ref()), ("snippet", source.quoted.as_ref()), ("source", origin)]
    {
        if let Some(words) = words {
            document[name] = words.as_str().into();
        }
    }
    Some(json!({ "type": "document", "id": id, "document": document }))
}

/// Why the model stopped, in Cohere's words. Cohere has none for content that was withheld.
pub(super) fn finish_reason(
    reason: Option<&FinishReason>,
    native: Option<&str>,
    called: bool,
) -> &'static str {
    match reason {
        Some(FinishReason::ToolCalls | FinishReason::FunctionCall) => "TOOL_CALL",
        Some(FinishReason::Length) => "MAX_TOKENS",
        Some(FinishReason::ContentFilter) => "ERROR",
        _ if called => "TOOL_CALL",
        _ if matches!(native, Some("STOP_SEQUENCE" | "stop_sequence")) => "STOP_SEQUENCE",
        _ => "COMPLETE",
    }
}

/// Whether Cohere's form says all of these log probabilities: of the words alone, without others that were likely and
/// without members that nobody knows.
pub(super) fn is_simple(logprobs: &Value) -> bool {
    let list = |name: &str| logprobs.get(name).and_then(Value::as_array);
    let is_plain = |token: &Value| {
        token.as_object().is_some_and(|members| {
            members.iter().all(|(name, value)| match name.as_str() {
                "token" | "logprob" | "bytes" => true,
                "top_logprobs" => value.as_array().is_none_or(Vec::is_empty),
                _ => value.is_null(),
            })
        })
    };
    logprobs.as_object().is_some_and(|members| {
        members.iter().all(|(name, value)| name == "content" || name == "refusal" || value.is_null())
    }) && list("refusal").is_none_or(Vec::is_empty)
        && list("content").is_none_or(|tokens| tokens.iter().all(is_plain))
}

/// Log probabilities in Cohere's form. The numbers of the tokens are not known.
pub(super) fn pieces(logprobs: &Value) -> Vec<Logprob> {
    let tokens = logprobs.get("content").and_then(Value::as_array).into_iter().flatten();
    let pieces = tokens.map(|token| Logprob {
        text: token.get("token").and_then(Value::as_str).map(str::to_owned).into(),
        token_ids: Nullable::Value(Vec::new()),
        logprobs: token
            .get("logprob")
            .and_then(|one| if let Value::Number(one) = one { Some(vec![one.clone()]) } else { None })
            .into(),
        extra: Extra::new(),
    });
    pieces.collect()
}
