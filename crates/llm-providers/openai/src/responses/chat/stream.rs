//! [`ResponsesInterpret`]: a streamed answer, event by event.

use std::sync::Arc;

use llm_provider_core::{Interpret, Outbox, SseEvent, StreamError, Unheard};
use llm_types::{ChatChunk, ChunkChoice, Delta, Extra, Nullable, Role, ServiceTier, ThinkingBlock, ToolCall};
use serde_json::{Value, json};

use super::decode::{
    annotation, custom, ending, function, image, is_plain, item, keep_details, keep_native, lenient, whole,
};
use super::failed;
use super::unknown::{self, ITEM_MEMBERS};
use crate::responses::options::ResponsesOptions;
use crate::responses::wire::{
    Annotation, AnnotationEvent, Content, DeltaEvent, Item, Part, Response, StreamEvent,
};
use crate::responses::{BETWEEN, IMAGES, OUTPUT_ITEM, OUTPUT_ITEMS, kept, usage};

/// Reads the events of one streamed answer.
///
/// What came in no piece is taken from the whole that follows: some vendors send only that.
#[derive(Debug)]
pub struct ResponsesInterpret {
    options: Arc<ResponsesOptions>,
    id: Nullable<String>,
    model: Nullable<String>,
    created: Nullable<serde_json::Number>,
    role_told: bool,
    items: Vec<State>,
    /// Letters of text so far: sources tell which span they support.
    letters: u64,
    /// Whether thinking has been told: more of it from another part or item stands apart.
    has_thought: bool,
    calls: u32,
    images: usize,
    /// What events and items say in members that nobody here knows, until the end.
    unknown: Unheard,
    /// What the answer as a whole says so, as it was told last.
    others: Extra,
    is_complete: bool,
}

/// One item of the output.
#[derive(Debug)]
struct State {
    output_index: u32,
    id: String,
    /// Bytes of it that were told, by part.
    told: Vec<(PartKey, usize)>,
    /// Letters of text before the part that is open.
    part_start: u64,
    /// Which of the client's calls it is.
    call: Option<u32>,
    annotations: usize,
    is_done: bool,
    whole: Option<Item>,
}

/// Which part of an item a piece belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PartKey {
    Text(u32),
    Refusal(u32),
    Summary(u32),
    Reasoning(u32),
    Input,
}

impl ResponsesInterpret {
    /// For one stream.
    pub fn new(options: Arc<ResponsesOptions>) -> Self {
        Self {
            options,
            id: Nullable::Absent,
            model: Nullable::Absent,
            created: Nullable::Absent,
            role_told: false,
            items: Vec::new(),
            letters: 0,
            has_thought: false,
            calls: 0,
            images: 0,
            unknown: Unheard::default(),
            others: Extra::new(),
            is_complete: false,
        }
    }

    fn place(&mut self, response: &Response) {
        self.others.extend(response.extra.iter().map(|(name, value)| (name.clone(), value.clone())));
        if response.id.is_value() {
            self.id.clone_from(&response.id);
        }
        if response.model.is_value() {
            self.model.clone_from(&response.model);
        }
        if let Some(created) = response.created_at.get() {
            self.created = Nullable::Value(whole(created));
        }
    }

    fn chunk(&self, choices: Vec<ChunkChoice>) -> ChatChunk {
        let mut chunk = ChatChunk::new("", 0, "", choices);
        chunk.id.clone_from(&self.id);
        chunk.model.clone_from(&self.model);
        chunk.created.clone_from(&self.created);
        chunk
    }

    fn begin(&mut self, out: &mut Outbox<ChatChunk>) {
        if !self.role_told {
            self.role_told = true;
            let delta = Delta { role: Nullable::Value(Role::Assistant), ..Delta::default() };
            out.chunk(self.chunk(vec![ChunkChoice::new(delta)]));
        }
    }

    fn send(&mut self, delta: Delta, out: &mut Outbox<ChatChunk>) {
        self.begin(out);
        out.chunk(self.chunk(vec![ChunkChoice::new(delta)]));
    }

    /// Text, with what is told of its tokens.
    fn send_text(&mut self, text: &str, logprobs: Option<&Vec<Value>>, out: &mut Outbox<ChatChunk>) {
        self.begin(out);
        let mut choice = ChunkChoice::new(Delta::text(text));
        if let Some(logprobs) = logprobs.filter(|logprobs| !logprobs.is_empty()) {
            choice.logprobs = Nullable::Value(json!({ "content": logprobs }));
        }
        out.chunk(self.chunk(vec![choice]));
    }

    /// The item that an event speaks of; made if it has not begun.
    fn at(&mut self, output_index: Option<u32>, id: Option<&str>) -> usize {
        let found = self.items.iter().rposition(|item| match (output_index, id) {
            (Some(index), _) => item.output_index == index,
            (None, Some(id)) => item.id == id,
            (None, None) => true,
        });
        found.unwrap_or_else(|| {
            self.items.push(State {
                output_index: output_index.unwrap_or(u32::try_from(self.items.len()).unwrap_or(u32::MAX)),
                id: id.unwrap_or_default().to_owned(),
                told: Vec::new(),
                part_start: self.letters,
                call: None,
                annotations: 0,
                is_done: false,
                whole: None,
            });
            self.items.len() - 1
        })
    }

    /// Tells a piece of a part.
    fn piece(
        &mut self,
        at: usize,
        key: PartKey,
        text: &str,
        logprobs: Option<&Vec<Value>>,
        out: &mut Outbox<ChatChunk>,
    ) {
        if text.is_empty() {
            return;
        }
        let letters = self.letters;
        let item = &mut self.items[at];
        let is_new = match item.told.iter_mut().find(|(told, _)| *told == key) {
            Some((_, bytes)) => {
                *bytes += text.len();
                false
            }
            None => {
                item.told.push((key, text.len()));
                item.part_start = letters;
                true
            }
        };
        let call = item.call;
        match key {
            PartKey::Text(_) => {
                self.letters += text.chars().count() as u64;
                self.send_text(text, logprobs, out);
            }
            PartKey::Refusal(_) => {
                self.send(Delta { refusal: Nullable::Value(text.to_owned()), ..Delta::default() }, out);
            }
            PartKey::Summary(_) | PartKey::Reasoning(_) => {
                let is_first = self.items[at].told.len() == 1;
                let apart = is_new && std::mem::replace(&mut self.has_thought, true);
                let told = if apart { format!("{BETWEEN}{text}") } else { text.to_owned() };
                // A block has its own text only; what stands between blocks is told between them.
                let inside = if is_first { text.to_owned() } else { told.clone() };
                let piece =
                    ThinkingBlock { thinking: Nullable::Value(inside), ..kept::empty_block("thinking") };
                let delta = Delta {
                    reasoning_content: Nullable::Value(told),
                    thinking_blocks: Nullable::Value(vec![piece]),
                    ..Delta::default()
                };
                self.send(delta, out);
            }
            PartKey::Input => {
                let Some(index) = call else { return };
                let mut piece = ToolCall::function("", "", text);
                piece.id = Nullable::Absent;
                piece.r#type = Nullable::Absent;
                piece.index = Nullable::Value(index);
                if self.items[at].is_custom() {
                    piece.function = Nullable::Absent;
                    piece.custom = Nullable::Value(llm_types::CustomCall {
                        name: Nullable::Absent,
                        input: Nullable::Value(text.to_owned()),
                        extra: Extra::new(),
                    });
                } else if let Some(function) = piece.function.get_mut() {
                    function.name = Nullable::Absent;
                }
                self.send(Delta { tool_calls: Nullable::Value(vec![piece]), ..Delta::default() }, out);
            }
        }
    }

    /// What of a whole part has not been told.
    fn rest(&mut self, at: usize, key: PartKey, whole: &str, out: &mut Outbox<ChatChunk>) {
        let told = self.items[at].told.iter().find(|(told, _)| *told == key).map_or(0, |(_, bytes)| *bytes);
        if let Some(rest) = whole.get(told..) {
            let rest = rest.to_owned();
            self.piece(at, key, &rest, None, out);
        }
    }

    fn added(&mut self, output_index: Option<u32>, item: Item, out: &mut Outbox<ChatChunk>) -> usize {
        if let Some(members) = unknown::of_item(&item) {
            self.unknown.put(ITEM_MEMBERS, members);
        }
        let index = output_index.or_else(|| {
            // Without place and name it is none of those that began.
            name(&item).is_none().then_some(u32::try_from(self.items.len()).unwrap_or(u32::MAX))
        });
        let at = self.at(index, name(&item));
        if let Some(id) = name(&item)
            && self.items[at].id.is_empty()
        {
            id.clone_into(&mut self.items[at].id);
        }
        let mut call = match &item {
            Item::FunctionCall(item) => function(item),
            Item::CustomToolCall(item) => custom(item),
            _ => {
                self.items[at].whole = Some(item);
                return at;
            }
        };
        self.items[at].whole = Some(item);
        if self.items[at].call.is_some() {
            return at;
        }
        self.items[at].call = Some(self.calls);
        call.index = Nullable::Value(self.calls);
        self.calls += 1;
        // Arguments follow in pieces, or with the whole item.
        if let Some(function) = call.function.get_mut() {
            function.arguments = Nullable::Value(String::new());
        }
        if let Some(custom) = call.custom.get_mut() {
            custom.input = Nullable::Value(String::new());
        }
        self.send(Delta { tool_calls: Nullable::Value(vec![call]), ..Delta::default() }, out);
        at
    }

    /// An item is whole.
    fn done(&mut self, output_index: Option<u32>, item: &Item, out: &mut Outbox<ChatChunk>) {
        let at = self.added(output_index, item.clone(), out);
        if std::mem::replace(&mut self.items[at].is_done, true) {
            return;
        }
        match item {
            Item::Message(message) | Item::EasyMessage(message) => {
                let parts = match &message.content {
                    Content::Text(text) => vec![Part::output_text(text.as_str(), Vec::new(), Vec::new())],
                    Content::Parts(parts) => parts.clone(),
                };
                for (index, part) in (0..).zip(&parts) {
                    match part {
                        Part::Refusal(part) => self.rest(at, PartKey::Refusal(index), &part.refusal, out),
                        part => {
                            self.rest(at, PartKey::Text(index), part.words().unwrap_or_default(), out);
                        }
                    }
                }
                self.late_annotations(at, &parts, out);
            }
            Item::Reasoning(item) => {
                for (index, part) in (0..).zip(item.summary.get().into_iter().flatten()) {
                    self.rest(at, PartKey::Summary(index), part.words().unwrap_or_default(), out);
                }
                for (index, part) in (0..).zip(item.content.get().into_iter().flatten()) {
                    self.rest(at, PartKey::Reasoning(index), part.words().unwrap_or_default(), out);
                }
                let mut closing = kept::block_of(item, Some(&self.options.vendor));
                if !closing.extra.is_empty() {
                    closing.thinking = Nullable::Value(String::new());
                    let delta = Delta { thinking_blocks: Nullable::Value(vec![closing]), ..Delta::default() };
                    self.send(delta, out);
                }
            }
            Item::FunctionCall(call) => {
                let arguments = if call.arguments.is_empty() && !self.has_told(at, PartKey::Input) {
                    "{}"
                } else {
                    &call.arguments
                };
                self.rest(at, PartKey::Input, arguments, out);
            }
            Item::CustomToolCall(call) => self.rest(at, PartKey::Input, &call.input, out),
            other => {
                if let Ok(item) = serde_json::to_value(other) {
                    let fields = Extra::from_iter([(OUTPUT_ITEM.to_owned(), item)]);
                    let mut delta =
                        Delta { provider_specific_fields: Nullable::Value(fields), ..Delta::default() };
                    if let Item::ImageGenerationCall(call) = other
                        && let Some(image) = image(call, self.images)
                    {
                        self.images += 1;
                        delta.extra.insert(IMAGES.to_owned(), vec![image].into());
                    }
                    self.send(delta, out);
                }
            }
        }
    }

    fn has_told(&self, at: usize, key: PartKey) -> bool {
        self.items[at].told.iter().any(|(told, _)| *told == key)
    }

    /// Sources that no event has told.
    fn late_annotations(&mut self, at: usize, parts: &[Part], out: &mut Outbox<ChatChunk>) {
        let told = self.items[at].annotations;
        let all = parts.iter().filter_map(|part| match part {
            Part::OutputText(part) => part.annotations.get(),
            _ => None,
        });
        let late: Vec<_> = all.flatten().skip(told).collect();
        if !late.is_empty() {
            let start = self.items[at].part_start;
            let late = late.into_iter().map(|one| annotation(one, start)).collect();
            self.send(Delta { annotations: Nullable::Value(late), ..Delta::default() }, out);
        }
    }

    fn annotation(&mut self, event: &AnnotationEvent, out: &mut Outbox<ChatChunk>) {
        let at = self.at(event.output_index.get().copied(), event.item_id.as_deref());
        let Some(source) = event.annotation.get() else { return };
        let Ok(source) = llm_types::from_value::<Annotation>(source.clone()) else { return };
        self.items[at].annotations += 1;
        let source = annotation(&source, self.items[at].part_start);
        self.send(Delta { annotations: Nullable::Value(vec![source]), ..Delta::default() }, out);
    }

    fn delta(&mut self, event: &DeltaEvent, key: impl Fn(u32) -> PartKey, out: &mut Outbox<ChatChunk>) {
        let at = self.at(event.output_index.get().copied(), event.item_id.as_deref());
        let part = event.content_index.get().or(event.summary_index.get()).copied().unwrap_or(0);
        self.piece(at, key(part), &event.delta, event.logprobs.get(), out);
    }

    fn end(&mut self, mut response: Response, out: &mut Outbox<ChatChunk>) {
        self.others.extend(std::mem::take(&mut response.extra));
        self.place(&response);
        for (index, item) in (0..).zip(response.output.get().into_iter().flatten()) {
            let known = self.items.iter().position(|known| {
                known.is_done && (known.output_index == index || name(item).is_some_and(|id| known.id == id))
            });
            let Some(known) = known else {
                self.done(Some(index), item, out);
                continue;
            };
            if let Some(members) = unknown::of_item(item) {
                self.unknown.put(ITEM_MEMBERS, members);
            } else if unknown::is_handed_on(item) && self.items[known].whole.as_ref() != Some(item) {
                // The end tells it anew, and otherwise.
                if let Ok(item) = serde_json::to_value(item) {
                    self.unknown.put(ITEM_MEMBERS, item);
                }
            }
        }
        self.begin(out);
        self.is_complete = true;
        let (finish, native) = ending(&response, self.calls > 0);
        self.items.sort_by_key(|item| item.output_index);
        let items: Vec<Item> = self.items.drain(..).filter_map(|item| item.whole).collect();
        let mut delta = Delta::default();
        if !is_plain(&items)
            && let Ok(items) = serde_json::to_value(&items)
        {
            delta.provider_specific_fields =
                Nullable::Value(Extra::from_iter([(OUTPUT_ITEMS.to_owned(), items)]));
        }
        let mut choice = ChunkChoice::new(delta);
        choice.finish_reason = Nullable::Value(finish);
        keep_native(&native, &mut choice.extra);
        let tier: Nullable<ServiceTier> = response.service_tier.as_deref().map(ServiceTier::from).into();
        let mut chunk = self.chunk(vec![choice]);
        chunk.service_tier.clone_from(&tier);
        for (name, value) in std::mem::take(&mut self.others) {
            self.unknown.put(name, value);
        }
        keep_details(&mut self.unknown, response.incomplete_details.get());
        chunk.provider_specific_fields = self.unknown.take();
        out.chunk(chunk);
        if let Some(told) = response.usage.get() {
            let mut chunk = self.chunk(Vec::new());
            chunk.usage = Nullable::Value(usage::canonical(told));
            chunk.service_tier = tier;
            out.chunk(chunk);
        }
    }

    /// Keeps what an event says in members that nobody here knows.
    fn hear(&mut self, event: &StreamEvent) {
        match event {
            StreamEvent::Unknown(event) => self.unknown.event(event.clone()),
            event => self.unknown.keep(unknown::of_event(event).cloned().unwrap_or_default()),
        }
        if let StreamEvent::PartAdded(event)
        | StreamEvent::PartDone(event)
        | StreamEvent::SummaryPartAdded(event)
        | StreamEvent::SummaryPartDone(event) = event
            && !unknown::of_part(&event.part).is_empty()
        {
            self.unknown.put("content_part", Value::Object(unknown::of_part(&event.part).clone()));
        }
    }

    fn typed(&mut self, event: StreamEvent, out: &mut Outbox<ChatChunk>) {
        match event {
            StreamEvent::Created(event) | StreamEvent::InProgress(event) | StreamEvent::Queued(event) => {
                self.place(&event.response);
                self.begin(out);
            }
            StreamEvent::ItemAdded(event) => {
                self.added(event.output_index.get().copied(), event.item, out);
            }
            StreamEvent::ItemDone(event) => self.done(event.output_index.get().copied(), &event.item, out),
            StreamEvent::TextDelta(event) => self.delta(&event, PartKey::Text, out),
            StreamEvent::RefusalDelta(event) => self.delta(&event, PartKey::Refusal, out),
            StreamEvent::SummaryDelta(event) => self.delta(&event, PartKey::Summary, out),
            StreamEvent::ReasoningDelta(event) => self.delta(&event, PartKey::Reasoning, out),
            StreamEvent::ArgumentsDelta(event) | StreamEvent::CustomInputDelta(event) => {
                self.delta(&event, |_| PartKey::Input, out);
            }
            StreamEvent::AnnotationAdded(event) => self.annotation(&event, out),
            // Other wholes come again with their item; tools of the vendor's own are told when they are done.
            _ => {}
        }
    }
    /// Reads a failure, or an event that does not fit.
    fn odd(&mut self, event: &SseEvent<'_>, data: &[u8], out: &mut Outbox<ChatChunk>) {
        let codes = &self.options.wire.answer.error_codes;
        let value: Value = match serde_json::from_slice(data) {
            Ok(value) => value,
            Err(_) if event.event == b"error" => {
                let text = Value::String(String::from_utf8_lossy(data).into_owned());
                return out.fail(failed(&text, data, codes));
            }
            Err(error) => return out.fail(StreamError::Corrupt(error.to_string())),
        };
        let kind = value.get("type").and_then(Value::as_str).unwrap_or_default();
        let has_error = value.get("error").is_some_and(|error| !error.is_null());
        match kind {
            "error" | "response.failed" => out.fail(failed(&value, data, codes)),
            "" if has_error || event.event == b"error" => out.fail(failed(&value, data, codes)),
            "response.completed" | "response.incomplete" => {
                let response = value.get("response").cloned().unwrap_or_else(|| json!({}));
                match lenient(response) {
                    Ok(response) => self.end(response, out),
                    Err(error) => out.fail(StreamError::Corrupt(error)),
                }
            }
            "response.output_item.added" | "response.output_item.done" => {
                let index = value.get("output_index").and_then(Value::as_u64);
                let index = index.and_then(|index| u32::try_from(index).ok());
                let Some(read) = value.get("item").and_then(item) else { return };
                if kind.ends_with("done") {
                    self.done(index, &read, out);
                } else {
                    self.added(index, read, out);
                }
            }
            kind if kind.ends_with(".delta") => {
                out.fail(StreamError::Corrupt(format!("`{kind}` without a piece")));
            }
            // Other events say nothing that does not come again.
            _ => {}
        }
    }
}

fn name(item: &Item) -> Option<&str> {
    match item {
        Item::Message(item) | Item::EasyMessage(item) => item.id.as_deref(),
        Item::Reasoning(item) => item.id.as_deref(),
        Item::FunctionCall(item) => item.id.as_deref(),
        Item::CustomToolCall(item) => item.id.as_deref(),
        Item::Unknown(map) => map.get("id").and_then(Value::as_str),
        _ => None,
    }
}

impl State {
    const fn is_custom(&self) -> bool {
        matches!(self.whole, Some(Item::CustomToolCall(_)))
    }
}

impl Interpret for ResponsesInterpret {
    type Chunk = ChatChunk;

    fn event(&mut self, event: &SseEvent<'_>, out: &mut Outbox<ChatChunk>) {
        let data = event.data.trim_ascii();
        if self.is_complete || data.is_empty() || data == b"[DONE]" {
            return;
        }
        match serde_json::from_slice::<StreamEvent>(data) {
            Ok(StreamEvent::Failed(_) | StreamEvent::Error(_)) | Err(_) => self.odd(event, data, out),
            Ok(StreamEvent::Completed(event) | StreamEvent::Incomplete(event)) => {
                self.unknown.keep(event.extra);
                self.end(event.response, out);
            }
            Ok(event) => {
                self.hear(&event);
                self.typed(event, out);
            }
        }
    }

    fn is_complete(&self) -> bool {
        self.is_complete
    }
}
