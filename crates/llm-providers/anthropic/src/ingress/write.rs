//! A whole answer as a Messages answer.

use std::collections::VecDeque;

use llm_provider_core::{Beside, HostedCall, Kept, Note, NoteKind, Reply, Source};
use llm_types::{
    ChatResponse, ContentPart, Extra, FinishReason, FunctionCall, Message, MessageContent, Nullable,
    ThinkingBlock, ToolCall,
};
use serde_json::{Map, Value, json};

use super::ending::Ending;
use super::{cited, hosted, kept, names, usage};
use crate::chat::CALLER;
use crate::wire::{
    self, ContentBlock, MessageResponse, RedactedThinkingBlock, Role, TextBlock, ToolUseBlock,
};

/// The answer, and what it has no place for.
pub(super) fn write(response: &ChatResponse, reply: &Reply) -> (MessageResponse, Vec<Note>) {
    let mut notes = Vec::new();
    let choice = response.choices.first();
    if response.choices.len() > 1 {
        notes.push(Note::dropped("choices[1..]", "a Messages answer has one choice"));
    }
    if choice.is_some_and(|choice| choice.logprobs.is_value()) {
        notes.push(Note::dropped("choices[0].logprobs", "Messages answers have none"));
    }
    let message = choice.map(|choice| &choice.message);
    let specifics = message.and_then(|message| message.provider_specific_fields.get());
    let mut beside = Beside::of(response);
    let text = |member: &Nullable<String>| member.as_deref().unwrap_or_default().to_owned();
    let id = names::message(&text(&response.id), &reply.request_id);
    let content = match specifics.and_then(own_blocks) {
        Some(blocks) => {
            beside.forget(CONTENT);
            blocks
        }
        None => message.map(|message| content(message, &id, reply, &mut notes)).unwrap_or_default(),
    };
    let has_calls = content.iter().any(|block| matches!(block, ContentBlock::ToolUse(_)));
    let was_refused =
        message.and_then(|message| message.refusal.as_deref()).is_some_and(|words| !words.is_empty());
    let finish: Option<&FinishReason> = choice.and_then(|choice| choice.finish_reason.get());
    let ending = Ending::new(finish, beside.reason(), specifics, has_calls, was_refused);
    ending.forget(&mut beside);
    beside.forget_said(hosted::tells);
    beside.count(response.usage.get(), usage::says);
    let mut extra = beside.take_answer(is_unknown);
    beside.write(&mut extra);
    let model = Some(text(&response.model)).filter(|model| !model.is_empty());
    let wire = MessageResponse {
        id: Nullable::Value(id),
        r#type: Nullable::Value("message".to_owned()),
        role: Nullable::Value(Role::Assistant),
        model: Nullable::Value(model.unwrap_or_else(|| reply.model.clone())),
        content,
        stop_reason: Nullable::Value(ending.stop_reason),
        stop_sequence: ending.stop_sequence.map_or(Nullable::Null, Nullable::Value),
        stop_details: ending.stop_details,
        usage: Nullable::Value(usage::to_wire(response.usage.get(), response.service_tier.get())),
        container: ending.container,
        context_management: ending.context_management,
        extra,
    };
    (wire, notes)
}

/// Whether a member of an answer as a whole has this name because only its vendor knows it.
pub(super) fn is_unknown(name: &str) -> bool {
    const KNOWN: &[&str] = &["id", "type", "role", "model", "content", "usage", Beside::NAME];
    !KNOWN.contains(&name) && !Ending::MEMBERS.contains(&name)
}

/// Where the words of an answer stand once more, in `provider_specific_fields`.
const CONTENT: &[&str] = &["content_block", "content_blocks", "citation", "citations"];

/// The blocks as Anthropic gave them, where they were kept.
fn own_blocks(specifics: &Extra) -> Option<Vec<ContentBlock>> {
    let blocks: Vec<ContentBlock> = llm_types::from_value(specifics.get("content_blocks")?.clone()).ok()?;
    (!blocks.is_empty()).then_some(blocks)
}

/// Thinking, text, what tools of the vendor's did, and calls, in the answer named `id`.
fn content(message: &Message, id: &str, reply: &Reply, notes: &mut Vec<Note>) -> Vec<ContentBlock> {
    let specifics = message.provider_specific_fields.get();
    let mut blocks = thinking(message);
    let calls = specifics.map(HostedCall::all).unwrap_or_default();
    if calls.iter().any(|(_, call)| !hosted::tells(&call.act)) {
        notes.push(Note::dropped("choices[0].message.provider_specific_fields", NO_IMAGES));
    }
    let mut calls = Hosted { calls: calls.into(), answer: id, letters: 0, texts: Vec::new() };
    let cited = specifics.map(|specifics| cited::blocks(specifics, message)).unwrap_or_default();
    let has_sources = !cited.is_empty();
    if has_sources {
        for block in cited {
            match block {
                ContentBlock::Text(text) => calls.text(&text, &mut blocks),
                block => blocks.push(block),
            }
        }
    } else {
        said(message, specifics, notes, &mut calls, &mut blocks);
    }
    calls.until(u64::MAX, &mut blocks);
    if let Some(words) = message.audio.get().and_then(|audio| audio.transcript.as_deref())
        && !blocks.iter().any(|block| matches!(block, ContentBlock::Text(_)))
    {
        blocks.push(ContentBlock::Text(TextBlock::new(words)));
    }
    if !has_sources {
        pages(message, &calls.texts, notes, &mut blocks);
    }
    called(message, &names::call_prefix(&reply.request_id), notes, &mut blocks);
    if message.audio.is_value() {
        notes.push(Note::dropped("choices[0].message.audio", "Messages answers have no sound"));
    }
    if has_images(&message.extra) {
        notes.push(Note::dropped("choices[0].message.images", NO_IMAGES));
    }
    let kept = Kept::of_message(specifics, &message.extra, OWN_FIELDS);
    if !kept.is_empty() {
        blocks.push(carrier(&kept));
    }
    blocks
}

/// Pages that the answer rests on, each with the text in which it is named, or the last: which part of that it supports, a
/// block cannot say. `texts` are the places of the texts among the blocks, and the letters before each.
fn pages(message: &Message, texts: &[(usize, u64)], notes: &mut Vec<Note>, blocks: &mut [ContentBlock]) {
    let annotations = message.annotations.get().map(Vec::as_slice).unwrap_or_default();
    let last = blocks.iter().rposition(|block| matches!(block, ContentBlock::Text(_)));
    let mut told = 0;
    for annotation in annotations {
        let Some(page) = Source::of_annotation(annotation) else { continue };
        let start = annotation.url_citation.get().and_then(|page| page["start_index"].as_u64());
        let own = start.and_then(|start| texts.iter().rfind(|(_, before)| *before <= start));
        let at = own.map(|(at, _)| *at).or(last);
        if let Some(ContentBlock::Text(text)) = at.and_then(|at| blocks.get_mut(at)) {
            text.citations.get_or_insert_with(Vec::new).push(cited::citation(&page));
            told += 1;
        }
    }
    if told < annotations.len() {
        notes.push(Note::dropped("choices[0].message.annotations", NO_PAGE));
    }
    if told > 0 {
        notes.push(Note::new(NoteKind::Converted, "choices[0].message.annotations", PLACELESS));
    }
}

pub(super) const NO_PAGE: &str = "Messages citations are of pages and documents, and stand with a text";
pub(super) const PLACELESS: &str = "to citations of the whole text";

/// Members of a message's `provider_specific_fields` that blocks say.
pub(super) const OWN_FIELDS: &[&str] = &["content_blocks"];

/// A block that holds nothing but what must come back.
fn carrier(kept: &Kept) -> ContentBlock {
    ContentBlock::RedactedThinking(RedactedThinkingBlock { data: kept.seal(), extra: Extra::new() })
}

pub(super) const NO_IMAGES: &str = "Messages answers have no images";

/// Whether the model made images: vendors put them where LiteLLM does, in a member `images` beside the text.
pub(super) fn has_images(extra: &Extra) -> bool {
    extra.get("images").and_then(Value::as_array).is_some_and(|images| !images.is_empty())
}

/// Signed thinking as it is, another vendor's sealed. Thinking that is only told as text gets an empty signature, which Anthropic's
/// libraries expect to be there; it never becomes text.
fn thinking(message: &Message) -> Vec<ContentBlock> {
    let told = message.thinking_blocks.get().map(Vec::as_slice).unwrap_or_default();
    let mut blocks = Vec::with_capacity(told.len() + 2);
    if !told.iter().any(|block| block.r#type == "thinking")
        && let Some(text) = message.reasoning_content.as_deref().filter(|text| !text.is_empty())
    {
        blocks.push(thought(text.to_owned(), String::new(), Extra::new()));
    }
    blocks.extend(told.iter().map(thinking_block));
    blocks
}

fn thinking_block(block: &ThinkingBlock) -> ContentBlock {
    let is_own = kept::is_own(block);
    match (block.r#type.as_str(), block.data.get()) {
        ("thinking", _) => thought(
            block.thinking.as_deref().unwrap_or_default().to_owned(),
            kept::signature(block).into_owned(),
            if is_own { block.extra.clone() } else { Extra::new() },
        ),
        ("redacted_thinking", Some(data)) if is_own => {
            let extra = block.extra.clone();
            ContentBlock::RedactedThinking(RedactedThinkingBlock { data: data.clone(), extra })
        }
        _ => carrier(&Kept { thinking: Some(block.clone()), ..Kept::default() }),
    }
}

fn thought(thinking: String, signature: String, extra: Extra) -> ContentBlock {
    ContentBlock::Thinking(wire::ThinkingBlock { thinking, signature: Nullable::Value(signature), extra })
}

/// Text. None of it is empty or of spaces only: clients send answers back, and Anthropic refuses such text.
fn said(
    message: &Message,
    specifics: Option<&Extra>,
    notes: &mut Vec<Note>,
    calls: &mut Hosted<'_>,
    blocks: &mut Vec<ContentBlock>,
) {
    let mut push = |text: &str| calls.text(&TextBlock::new(text), blocks);
    match message.content.get() {
        None => {}
        Some(MessageContent::Text(text)) => push(text),
        Some(MessageContent::Parts(parts)) => {
            for (index, part) in parts.iter().enumerate() {
                match part {
                    ContentPart::Text(part) => push(&part.text),
                    ContentPart::Refusal(part) => push(&part.refusal),
                    other => notes.push(Note::dropped(
                        format!("choices[0].message.content[{index}]"),
                        format!("Messages answers have no `{}`", other.kind()),
                    )),
                }
            }
        }
    }
    // Where Anthropic explains a refusal, these are the words of the explanation.
    if let Some(words) = message.refusal.as_deref()
        && !specifics.and_then(|specifics| specifics.get("stop_details")).is_some_and(Value::is_object)
        && !words.is_empty()
    {
        push(words);
        notes.push(Note::new(NoteKind::Moved, "choices[0].message.refusal", "to the text"));
    }
}

/// What tools of another vendor's did, with the letters of the text before it, until it is told.
struct Hosted<'a> {
    calls: VecDeque<(u64, HostedCall)>,
    answer: &'a str,
    letters: u64,
    /// The texts: their places among the blocks, and the letters before each.
    texts: Vec<(usize, u64)>,
}

impl Hosted<'_> {
    /// Tells a text, and what stands before it and within it. A text with sources stays in one piece.
    fn text(&mut self, text: &TextBlock, blocks: &mut Vec<ContentBlock>) {
        let mut rest = text.text.as_str();
        while let Some((at, _)) = self.calls.front().filter(|_| !text.citations.is_value()) {
            let inside = usize::try_from(at.saturating_sub(self.letters)).unwrap_or(usize::MAX);
            let Some((end, _)) = rest.char_indices().nth(inside) else { break };
            let (before, after) = rest.split_at(end);
            self.push(TextBlock::new(before), blocks);
            rest = after;
            self.letters += inside as u64;
            self.until(self.letters, blocks);
        }
        self.until(self.letters, blocks);
        self.push(TextBlock { text: rest.to_owned(), ..text.clone() }, blocks);
        self.letters += rest.chars().count() as u64;
    }

    fn push(&mut self, text: TextBlock, blocks: &mut Vec<ContentBlock>) {
        if !text.text.trim().is_empty() {
            self.texts.push((blocks.len(), self.letters));
            blocks.push(ContentBlock::Text(text));
        }
    }

    /// Tells what comes before so many letters.
    fn until(&mut self, letters: u64, blocks: &mut Vec<ContentBlock>) {
        while let Some((_, call)) = self.calls.pop_front_if(|(at, _)| *at <= letters) {
            let told = [hosted::asked(&call, self.answer), hosted::came(&call, self.answer)];
            let told = told.into_iter().take(if call.is_over() { 2 } else { 1 }).flatten();
            blocks.extend(told.map(hosted::block));
        }
    }
}

/// Calls. A call without a name is none; results name their call, so every call gets a name of its own. What only its
/// vendor knows of a call stands sealed before it.
fn called(message: &Message, prefix: &str, notes: &mut Vec<Note>, blocks: &mut Vec<ContentBlock>) {
    let calls = message.tool_calls.get().into_iter().flatten();
    let calls = calls.map(|call| (tool_use(call), kept::members_of(call)));
    let oldest = message.function_call.get().map(|call| (function(call, String::new()), Extra::new()));
    for (number, (mut call, members)) in calls.chain(oldest).enumerate() {
        if call.name.is_empty() {
            notes.push(Note::dropped(
                format!("choices[0].message.tool_calls[{number}]"),
                "a call without a name",
            ));
            continue;
        }
        let is_taken =
            blocks.iter().any(|block| matches!(block, ContentBlock::ToolUse(other) if other.id == call.id));
        if call.id.is_empty() || is_taken {
            call.id = format!("{prefix}{number}");
        }
        if !members.is_empty() {
            blocks.push(carrier(&Kept::of_call(&call.id, members)));
        }
        blocks.push(ContentBlock::ToolUse(call));
    }
}

fn tool_use(call: &ToolCall) -> ToolUseBlock {
    let id = call.id.as_deref().unwrap_or_default().to_owned();
    let mut block = match (call.function.get(), call.custom.get()) {
        (Some(called), _) => function(called, id),
        (None, Some(custom)) => {
            let input = json!({ "input": custom.input.as_deref().unwrap_or_default() });
            block(id, custom.name.as_deref().unwrap_or_default().to_owned(), input)
        }
        (None, None) => block(id, String::new(), Value::Null),
    };
    block.extra.extend(call.extra.get(CALLER).map(|caller| (CALLER.to_owned(), caller.clone())));
    block
}

fn function(call: &FunctionCall, id: String) -> ToolUseBlock {
    let name = call.name.as_deref().unwrap_or_default().to_owned();
    block(id, name, input(call.arguments.as_deref().unwrap_or_default()))
}

fn block(id: String, name: String, input: Value) -> ToolUseBlock {
    ToolUseBlock { id, name, input, cache_control: Nullable::Absent, extra: Extra::new() }
}

/// Arguments as the object that Anthropic's input is. What is no object stays as the text `arguments` of one,
/// so that the client's tool can say what is wrong with it.
fn input(arguments: &str) -> Value {
    match serde_json::from_str(arguments) {
        Ok(input @ Value::Object(_)) => input,
        Ok(Value::Null) => Value::Object(Map::new()),
        Err(_) if arguments.trim().is_empty() => Value::Object(Map::new()),
        Ok(_) | Err(_) => json!({ "arguments": arguments }),
    }
}
