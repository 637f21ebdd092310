//! A whole answer as one of the Responses API.

use llm_provider_core::{Beside, HostedCall, Kept, Note, NoteKind, Reply};
use llm_types::{
    ChatResponse, ContentPart, Extra, FinishReason, Message, MessageContent, Nullable, ThinkingBlock,
    ToolCall, from_value,
};
use serde_json::Value;

use super::answer::{self, Call, Head};
use super::hosted;
use crate::responses::wire::{Item, Part, Response, Status};
use crate::responses::{OUTPUT_ITEMS, kept, names};

/// The answer, and what it has no place for.
pub(super) fn write(response: &ChatResponse, reply: &Reply) -> (Response, Vec<Note>) {
    let mut notes = Vec::new();
    if response.choices.len() > 1 {
        notes.push(Note::dropped("choices[1..]", "an answer of this API has one choice"));
    }
    let choice = response.choices.first();
    let finish = choice.and_then(|choice| choice.finish_reason.get());
    let (status, reason) = answer::ending(finish);
    let text = |member: &Nullable<String>| member.as_deref().unwrap_or_default().to_owned();
    let model = Some(text(&response.model)).filter(|model| !model.is_empty());
    let head = Head {
        id: names::response(&text(&response.id), &reply.request_id),
        model: model.unwrap_or_else(|| reply.model.clone()),
        created: response.created.get().cloned().unwrap_or_else(|| reply.created_s.into()),
        tier: response.service_tier.get().map(|tier| tier.as_str().to_owned()),
    };
    let mut beside = Beside::of(response);
    let mut output = Output { head: &head, items: Vec::new(), notes: &mut notes };
    if let Some(choice) = choice {
        output.message(&choice.message, choice.logprobs.get(), &status, finish);
    }
    let items = output.items;
    if own_items(choice.and_then(|choice| choice.message.provider_specific_fields.get())).is_some() {
        beside.forget(&[OUTPUT_ITEMS]);
    }
    let others = beside.take(OUTPUT_ITEMS);
    // Sealed in an item, to come back.
    beside.forget_kept();
    if let Some(others) = others {
        beside.put(OUTPUT_ITEMS, others);
    }
    let mut wire = head.response(status, items);
    answer::finish(&mut wire, reason, response.usage.get(), beside);
    (wire, notes)
}

/// Why what belongs to a text is left out.
const NO_TEXT: &str = "stands beside a text, and there is none";

struct Output<'a> {
    head: &'a Head,
    items: Vec<Item>,
    notes: &'a mut Vec<Note>,
}

impl Output<'_> {
    fn name(&self, prefix: &str) -> String {
        names::item(prefix, &self.head.id, self.items.len())
    }

    fn message(
        &mut self,
        message: &Message,
        logprobs: Option<&Value>,
        status: &Status,
        finish: Option<&FinishReason>,
    ) {
        let fields = message.provider_specific_fields.get();
        if let Some(items) = own_items(fields) {
            self.items = items;
            self.seal(message);
            return;
        }
        self.thinking(message);
        let mut hosted = fields.map(HostedCall::all).unwrap_or_default();
        let cuts: Vec<u64> = hosted.iter().map(|(letters, _)| *letters).collect();
        let texts = self.said(message, logprobs, &cuts);
        let calls = self.calls(message, finish);
        let has_images = answer::images(&message.extra).next().is_some();
        let container = fields.and_then(|fields| fields.get("container")?.get("id")?.as_str());
        let last = texts.len().checked_sub(1);
        for (number, (before, parts)) in texts.into_iter().enumerate() {
            let later = hosted.iter().position(|(letters, _)| *letters > before).unwrap_or(hosted.len());
            self.hosted(hosted.drain(..later), container);
            let is_last = Some(number) == last && hosted.is_empty() && calls.is_empty();
            let status = if is_last { status } else { &Status::Completed };
            self.items.push(answer::message(self.name("msg"), status, parts));
        }
        self.hosted(hosted.drain(..), container);
        if calls.is_empty() && !has_images && self.items.is_empty() {
            let parts = vec![Part::output_text("", Vec::new(), Vec::new())];
            self.items.push(answer::message(self.name("msg"), status, parts));
        }
        if answer::has_remote_images(&message.extra) {
            self.notes.push(Note::dropped("choices[0].message.images", answer::NO_REMOTE_IMAGES));
        }
        for image in answer::images(&message.extra) {
            let item = answer::image(self.name("ig"), image);
            self.items.push(item);
        }
        for (number, call) in calls.iter().enumerate() {
            let is_last = number + 1 == calls.len();
            let status = if is_last { status } else { &Status::Completed };
            let item = call.item(self.name(call.prefix()), status, true);
            self.items.push(item);
        }
        let kept =
            answer::to_keep(calls.iter(), Kept::of_message(fields, &message.extra, answer::OWN_FIELDS));
        if !kept.is_empty() {
            self.items.push(answer::carrier(self.name("rs"), &kept));
        }
    }

    /// Tools that another vendor ran itself.
    fn hosted(&mut self, calls: impl Iterator<Item = (u64, HostedCall)>, container: Option<&str>) {
        for (_, call) in calls {
            let id = hosted::name(&call, &self.head.id);
            self.items.extend(hosted::item(id, &call, hosted::status(&call), container));
        }
    }

    /// Says of a vendor's own thinking whose it is, as far as the blocks tell.
    fn seal(&mut self, message: &Message) {
        let blocks = message.thinking_blocks.get().map(Vec::as_slice).unwrap_or_default();
        for item in &mut self.items {
            let Item::Reasoning(thought) = item else { continue };
            let is_it = |block: &&ThinkingBlock| kept::item_of(block).is_some_and(|own| own.id == thought.id);
            if let (Some(id), Some(block)) = (thought.id.get(), blocks.iter().find(is_it)) {
                *item = answer::reasoning(id.clone(), block);
            }
        }
    }

    /// Signed blocks, or thinking that is only told as text.
    fn thinking(&mut self, message: &Message) {
        let blocks = message.thinking_blocks.get().map(Vec::as_slice).unwrap_or_default();
        if !blocks.iter().any(|block| block.r#type == "thinking")
            && let Some(words) = message.reasoning_content.as_deref().filter(|words| !words.is_empty())
        {
            let mut block = kept::empty_block("thinking");
            block.thinking = Nullable::Value(words.to_owned());
            self.items.push(answer::reasoning(self.name("rs"), &block));
        }
        for block in blocks {
            self.items.push(answer::reasoning(self.name("rs"), block));
        }
    }

    /// The texts, each in parts and with the letters that come before it: cut where another item stands between.
    fn said(&mut self, message: &Message, logprobs: Option<&Value>, cuts: &[u64]) -> Vec<(u64, Vec<Part>)> {
        let mut text = String::new();
        match message.content.get() {
            None => {}
            Some(MessageContent::Text(words)) => text.push_str(words),
            Some(MessageContent::Parts(parts)) => {
                for (index, part) in parts.iter().enumerate() {
                    match part {
                        ContentPart::Text(part) => text.push_str(&part.text),
                        other => self.notes.push(Note::dropped(
                            format!("choices[0].message.content[{index}]"),
                            format!("an answer of this API has no `{}`", other.kind()),
                        )),
                    }
                }
            }
        }
        if let Some(audio) = message.audio.get() {
            let path = "choices[0].message.audio";
            match audio.transcript.as_deref().filter(|_| text.is_empty()) {
                Some(words) => {
                    text.push_str(words);
                    self.notes.push(Note::new(NoteKind::Converted, path, "to its words"));
                }
                None => self.notes.push(Note::dropped(path, "answers of this API have no sound")),
            }
        }
        let mut texts = Vec::new();
        if text.is_empty() {
            if logprobs.is_some() {
                self.notes.push(Note::dropped("choices[0].logprobs", NO_TEXT));
            }
            if message.annotations.get().is_some_and(|sources| !sources.is_empty()) {
                self.notes.push(Note::dropped("choices[0].message.annotations", NO_TEXT));
            }
        } else {
            let sources = message.annotations.get().map(Vec::as_slice).unwrap_or_default();
            let parts = cut(&text, cuts, sources, answer::logprobs(logprobs));
            texts.extend(parts.into_iter().map(|(before, part)| (before, vec![part])));
        }
        if let Some(words) = message.refusal.as_deref().filter(|words| !words.is_empty()) {
            let refusal = answer::refusal(words);
            match texts.last_mut() {
                Some((_, parts)) => parts.push(refusal),
                None => texts.push((u64::MAX, vec![refusal])),
            }
        }
        texts
    }

    /// Calls. One without a name is none; results name their call, so every call gets a name of its own.
    fn calls(&mut self, message: &Message, finish: Option<&FinishReason>) -> Vec<Call> {
        let oldest = message.function_call.get().map(|call| Call {
            name: call.name.get().cloned().unwrap_or_default(),
            arguments: call.arguments.get().cloned().unwrap_or_default(),
            ..Call::default()
        });
        let all = message.tool_calls.get().into_iter().flatten().map(call_of).chain(oldest);
        let mut calls: Vec<Call> = Vec::new();
        for (number, mut call) in all.enumerate() {
            if call.name.is_empty() {
                let path = format!("choices[0].message.tool_calls[{number}]");
                self.notes.push(Note::dropped(path, "a call without a name"));
                continue;
            }
            if call.call_id.is_empty() || calls.iter().any(|other| other.call_id == call.call_id) {
                call.call_id = names::item("call", &self.head.id, number);
            }
            if call.arguments.is_empty() && !call.is_custom && finish != Some(&FinishReason::Length) {
                call.arguments.push_str("{}");
            }
            calls.push(call);
        }
        calls
    }
}

/// A text in pieces, cut after so many letters each, with the letters that come before it. What is told of its tokens and its
/// sources goes with the piece in which it begins.
fn cut(
    text: &str,
    cuts: &[u64],
    sources: &[llm_types::Annotation],
    logprobs: Vec<Value>,
) -> Vec<(u64, Part)> {
    let mut ends: Vec<u64> = cuts.iter().copied().filter(|cut| *cut > 0).collect();
    ends.push(u64::MAX);
    ends.dedup();
    let mut letters = text.chars();
    let mut logprobs = logprobs.into_iter().peekable();
    let mut pieces: Vec<(u64, String, Vec<Value>)> = Vec::new();
    let (mut before, mut told) = (0, 0);
    for end in ends {
        let room = usize::try_from(end - before).unwrap_or(usize::MAX);
        let piece: String = letters.by_ref().take(room).collect();
        if piece.is_empty() {
            break;
        }
        let mut tokens = Vec::new();
        while let Some(token) = logprobs.next_if(|_| told < end) {
            told += token["token"].as_str().map_or(0, |token| token.chars().count() as u64);
            tokens.push(token);
        }
        let length = piece.chars().count() as u64;
        pieces.push((before, piece, tokens));
        before += length;
    }
    if let Some((_, _, tokens)) = pieces.last_mut() {
        tokens.extend(logprobs);
    }
    let starts: Vec<u64> = pieces.iter().map(|(before, ..)| *before).collect();
    let place = |source: &llm_types::Annotation| match answer::start_index(source) {
        Some(start) => starts.iter().rposition(|before| start >= *before).unwrap_or_default(),
        None => starts.len() - 1,
    };
    let pieces = pieces.into_iter().enumerate().map(|(number, (before, piece, tokens))| {
        let own = sources.iter().filter(|source| place(source) == number);
        let own = own.map(|source| answer::annotation(source, before)).collect();
        (before, Part::output_text(piece, own, tokens))
    });
    pieces.collect()
}

fn call_of(call: &ToolCall) -> Call {
    let (name, arguments, is_custom) = match (call.function.get(), call.custom.get()) {
        (None, Some(custom)) => (custom.name.get(), custom.input.get(), true),
        (Some(function), _) => (function.name.get(), function.arguments.get(), false),
        (None, None) => (None, None, false),
    };
    Call {
        call_id: call.id.get().cloned().unwrap_or_default(),
        name: name.cloned().unwrap_or_default(),
        arguments: arguments.cloned().unwrap_or_default(),
        is_custom,
        extra: call.extra.clone(),
    }
}

/// The items as a vendor of this API gave them, where they were kept.
fn own_items(fields: Option<&Extra>) -> Option<Vec<Item>> {
    let kept = fields?.get(OUTPUT_ITEMS)?;
    let items: Vec<Item> = from_value(kept.clone()).ok()?;
    (!items.is_empty()).then_some(items)
}
