//! From a vendor's stream to the client's: passed through frame by frame, or decoded and written anew.

use bytes::{Bytes, BytesMut};
use llm_continuation::{Contradiction, Plan, Thread};
use llm_provider_core::{
    Chat, ChunkWriter, Decoder, Framer, Framing, Heard, Ingress, Listener, Note, Reply, Seen, StreamError,
};
use llm_types::{
    ApiError, ChatChunk, ChatResponse, ChunkChoice, ErrorKind, FinishReason, Layer, Nullable, Usage,
};
use serde_json::Value;
use smallvec::SmallVec;

use crate::pricing;

mod turn;

pub(crate) use turn::Interpreter;

/// What came of some bytes.
#[derive(Debug, Default)]
pub(crate) struct Fed {
    /// Bytes for the client.
    pub(crate) out: Bytes,
    /// The stream broke after those.
    pub(crate) error: Option<ApiError>,
}

/// One stream's way from vendor to client.
pub(crate) enum Pump {
    /// Same dialect: the bytes themselves.
    Relay(Box<RelayPump>),
    /// From one dialect to another.
    Translate(Box<TranslatePump>),
    /// Handed on to a task that goes on without the client.
    Spent,
}

impl Pump {
    /// Takes bytes from the vendor.
    pub(crate) fn feed(&mut self, bytes: Bytes) -> Fed {
        match self {
            Self::Relay(pump) => {
                let fed = pump.feed(bytes);
                if pump.foreign.is_some() { self.turn(fed) } else { fed }
            }
            Self::Translate(pump) => pump.feed(bytes),
            Self::Spent => Fed::default(),
        }
    }

    /// The vendor's stream ended.
    pub(crate) fn finish(&mut self) -> Fed {
        match self {
            Self::Relay(pump) => {
                let fed = pump.finish();
                if pump.foreign.is_some() { self.turned_at_end(fed) } else { fed }
            }
            Self::Translate(pump) => pump.finish(),
            Self::Spent => Fed::default(),
        }
    }

    /// Whether the answer has come to its end.
    pub(crate) fn is_complete(&self) -> bool {
        match self {
            Self::Relay(pump) => pump.listener.seen().complete,
            Self::Translate(pump) => pump.seen.complete,
            Self::Spent => false,
        }
    }

    /// Whether anything has come of which the client would have to be told to forget it. Comments are nothing, nor is
    /// that an answer begins.
    pub(crate) fn has_begun(&self) -> bool {
        match self {
            Self::Relay(pump) => pump.begun,
            Self::Translate(pump) => pump.begun,
            Self::Spent => true,
        }
    }

    /// An error as the stream's last event, after `out`.
    pub(crate) fn error(&mut self, error: &ApiError, ingress: &dyn Ingress, reply: &Reply) -> Bytes {
        match self {
            Self::Relay(pump) if pump.vendor_told => Bytes::new(),
            Self::Relay(pump) => ingress.broken(&pump.frames(), error, reply),
            Self::Translate(pump) => {
                let mut out = BytesMut::new();
                if let Outlet::Client(writer) = &mut pump.outlet {
                    writer.error(error, &mut out);
                }
                out.freeze()
            }
            Self::Spent => Bytes::new(),
        }
    }

    /// Ends the stream as if the model had written as much as it may. `usage` is what the answer took.
    pub(crate) fn cut_short(&mut self, usage: &Usage, ingress: &dyn Ingress, reply: &Reply) -> Bytes {
        match self {
            Self::Relay(pump) => ingress.cut_short(&pump.frames(), usage, reply),
            Self::Translate(pump) => pump.cut_short(usage),
            Self::Spent => Bytes::new(),
        }
    }

    /// The pump of an answer that others may go on with.
    pub(crate) fn continuable(&mut self) -> Option<&mut TranslatePump> {
        match self {
            Self::Translate(pump) if pump.thread.is_some() => Some(pump),
            _ => None,
        }
    }

    /// What has been heard so far.
    pub(crate) fn seen(&self) -> Option<&Seen> {
        match self {
            Self::Relay(pump) => Some(pump.listener.seen()),
            Self::Translate(pump) => Some(&pump.seen),
            Self::Spent => None,
        }
    }

    /// What was heard, at the end.
    pub(crate) fn take_seen(&mut self) -> Seen {
        match self {
            Self::Relay(pump) => pump.listener.take_seen(),
            Self::Translate(pump) => std::mem::take(&mut pump.seen),
            Self::Spent => Seen::default(),
        }
    }

    /// What the client's dialect had no place for.
    pub(crate) fn notes(&mut self) -> Vec<Note> {
        match self {
            Self::Relay(_) | Self::Spent => Vec::new(),
            Self::Translate(pump) => {
                let mut notes = std::mem::take(&mut pump.notes);
                if let Some(thread) = &mut pump.thread {
                    notes.append(&mut thread.take_notes());
                }
                if let Outlet::Client(writer) = &mut pump.outlet {
                    notes.append(&mut writer.notes());
                }
                notes
            }
        }
    }
}

/// Frames without content that are held back at the beginning, so that a failure right after them can still be told as
/// a status, and the request go elsewhere. The usual ones are two or three: a beginning, a block's beginning, a ping.
const PRELUDE_FRAMES: usize = 4;

/// Frames without words that are remembered behind the last words.
const LATEST_FRAMES: usize = 16;

/// Longer frames are not remembered.
const LONGEST_FRAME: usize = 16 << 10;

/// Passes frames through and listens.
pub(crate) struct RelayPump {
    framing: Framing,
    framer: Framer,
    listener: Box<dyn Listener>,
    /// Whether the usage chunk was asked for by us and not by the client.
    withhold_usage: bool,
    begun: bool,
    /// Frames before any content.
    prelude: usize,
    /// The first frame that says anything, and those from the last one with words on: by them the stream can be ended.
    first: Option<Bytes>,
    latest: SmallVec<[Bytes; 1]>,
    /// Whether the vendor has told the client of a failure itself.
    vendor_told: bool,
    /// Who tells the rest of an answer that has left its dialect.
    interpreter: Option<Interpreter>,
    /// What has come from that frame on.
    foreign: Option<Bytes>,
}

impl RelayPump {
    pub(crate) fn new(framing: Framing, listener: Box<dyn Listener>, withhold_usage: bool) -> Self {
        let framer = framing.framer();
        Self {
            framing,
            framer,
            listener,
            withhold_usage,
            begun: false,
            prelude: 0,
            first: None,
            latest: SmallVec::new(),
            vendor_told: false,
            interpreter: None,
            foreign: None,
        }
    }

    /// The same, and an answer that leaves its dialect is translated from there on.
    pub(crate) fn with_interpreter(self, interpreter: Option<Interpreter>) -> Self {
        Self { interpreter, ..self }
    }

    /// Whether what follows has to be translated.
    fn turns(&self) -> bool {
        self.listener.is_foreign() && self.interpreter.is_some()
    }

    fn frames(&self) -> Vec<Bytes> {
        let told = self.first.iter().chain(&self.latest).cloned();
        told.chain(self.listener.left_open()).collect()
    }

    /// Remembers a frame that the client gets.
    fn remember(&mut self, frame: Bytes, heard: Heard) {
        if heard == Heard::Content {
            self.latest.clear();
        }
        if self.first.is_none()
            && frame.len() <= LONGEST_FRAME
            && self.framing.event(&frame).is_ok_and(|event| event.has_data)
        {
            self.first = Some(Bytes::copy_from_slice(&frame));
        }
        // Nothing but comments comes as often as that without words.
        if self.latest.len() < LATEST_FRAMES && frame.len() <= LONGEST_FRAME {
            self.latest.push(frame);
        }
    }

    /// What is remembered keeps no more in memory than itself: while nothing comes, the bytes that it came with are let go.
    fn own_frames(&mut self) {
        for frame in &mut self.latest {
            *frame = Bytes::copy_from_slice(frame);
        }
    }

    fn feed(&mut self, bytes: Bytes) -> Fed {
        match self.framer.push(bytes) {
            Ok(None) => Fed::default(),
            Ok(Some(block)) => self.listen(block),
            Err(error) => {
                let error = StreamError::Corrupt(error.to_string());
                Fed { out: Bytes::new(), error: Some(error.into()) }
            }
        }
    }

    fn finish(&mut self) -> Fed {
        let rest = self.framer.finish();
        if rest.is_empty() {
            let error = (!self.listener.seen().complete).then(|| StreamError::Truncated.into());
            return Fed { out: Bytes::new(), error };
        }
        let heard = self.listener.frame(&rest);
        if self.turns() {
            self.foreign = Some(rest);
            return Fed::default();
        }
        if self.listener.seen().complete {
            // A last frame without its end, as some servers send it; the client gets it whole.
            let mut out = BytesMut::from(&rest[..]);
            match self.framing {
                Framing::Sse => out.extend_from_slice(b"\n\n"),
                Framing::Lines => out.extend_from_slice(b"\n"),
                Framing::EventStream => {}
            }
            let withheld = self.withhold_usage && heard == Heard::UsageOnly;
            return Fed { out: if withheld { Bytes::new() } else { out.freeze() }, error: None };
        }
        // Half an event is worth nothing to a client, and would spoil the error that follows.
        Fed { out: Bytes::new(), error: Some(StreamError::Truncated.into()) }
    }

    /// Counts a frame that comes before any content; whether there were so many that the answer goes out as it is.
    ///
    /// A vendor whose first frame is no message is none.
    fn prelude(&mut self, frame: &[u8]) -> Result<bool, StreamError> {
        let corrupt = |why: String| StreamError::Corrupt(why);
        let event = self.framing.event(frame).map_err(|error| corrupt(error.to_string()))?;
        if !event.has_data {
            return Ok(false);
        }
        if self.framing != Framing::EventStream {
            let read: Result<serde::de::IgnoredAny, _> = serde_json::from_slice(&event.data);
            read.map_err(|error| corrupt(error.to_string()))?;
        }
        self.prelude += 1;
        Ok(self.prelude > PRELUDE_FRAMES)
    }

    fn listen(&mut self, block: Bytes) -> Fed {
        let mut kept: Option<BytesMut> = None;
        let mut begun = self.begun;
        let mut end = 0;
        let mut rest = &block[..];
        while let Some(frame) = self.framing.next(&mut rest) {
            let start = end;
            end += frame.len();
            let heard = self.listener.frame(frame);
            if self.turns() {
                self.foreign = Some(block.slice(start..));
                self.begun = begun;
                return Fed { out: kept.map_or_else(|| block.slice(..start), BytesMut::freeze), error: None };
            }
            let withheld = heard == Heard::UsageOnly && self.withhold_usage;
            if heard == Heard::Failure {
                let error = self.listener.failure().map(ApiError::from);
                if !begun {
                    return Fed { out: Bytes::new(), error };
                }
                self.begun = true;
                self.vendor_told = true;
                let out = match kept {
                    Some(mut kept) => {
                        kept.extend_from_slice(frame);
                        kept.freeze()
                    }
                    None => block.slice(..end),
                };
                return Fed { out, error };
            }
            if !withheld {
                self.remember(block.slice(start..end), heard);
            }
            if !begun && !withheld {
                begun = match heard {
                    Heard::Other => match self.prelude(frame) {
                        Ok(is_long) => is_long,
                        Err(error) => return Fed { out: Bytes::new(), error: Some(error.into()) },
                    },
                    _ => true,
                };
            }
            match &mut kept {
                None if withheld => kept = Some(BytesMut::from(&block[..start])),
                Some(kept) if !withheld => kept.extend_from_slice(frame),
                _ => {}
            }
        }
        self.begun = begun;
        self.own_frames();
        Fed { out: kept.map_or(block, BytesMut::freeze), error: None }
    }
}

/// Decodes chunks and writes them in the client's dialect.
pub(crate) struct TranslatePump {
    decoder: Box<dyn Decoder<Chat>>,
    outlet: Outlet,
    /// The whole answer, where others may go on with it.
    thread: Option<Box<Thread>>,
    seen: Seen,
    begun: bool,
    /// The last of the choices that were heard of.
    last_choice: u32,
    /// Bytes of the client's request: they stand in for a prompt whose tokens nobody counted.
    request_bytes: u64,
    notes: Vec<Note>,
}

/// Where chunks go.
pub(crate) enum Outlet {
    /// To the client.
    Client(Box<dyn ChunkWriter>),
    /// Nowhere yet: they go on with an answer that another pump has begun, and wait for it.
    Held(Vec<ChatChunk>),
}

impl Outlet {
    fn chunk(&mut self, chunk: ChatChunk, out: &mut BytesMut) {
        match self {
            Self::Client(writer) => writer.chunk(&chunk, out),
            Self::Held(chunks) => chunks.push(chunk),
        }
    }
}

/// The code of an error that says that a continuing answer does not fit.
pub(crate) const CONTRADICTION: &str = "continuation_contradicts";

impl TranslatePump {
    pub(crate) fn new(decoder: Box<dyn Decoder<Chat>>, outlet: Outlet, request_bytes: u64) -> Self {
        let (seen, begun, notes) = (Seen::default(), false, Vec::new());
        Self { decoder, outlet, thread: None, seen, begun, last_choice: 0, request_bytes, notes }
    }

    /// The same, and others may go on with the answer.
    pub(crate) fn with_thread(self, thread: Option<Box<Thread>>) -> Self {
        Self { thread, ..self }
    }

    /// What has been said so far, by whomever.
    pub(crate) fn thread(&self) -> Option<&Thread> {
        self.thread.as_deref()
    }

    fn feed(&mut self, bytes: Bytes) -> Fed {
        let Self { decoder, outlet, thread, seen, begun, last_choice, .. } = self;
        let mut out = BytesMut::new();
        for item in decoder.push(bytes) {
            match item {
                Ok(chunk) => {
                    hear(seen, &chunk);
                    let indices = chunk.choices().iter().filter_map(|choice| choice.index.get());
                    *last_choice = indices.copied().max().unwrap_or(0).max(*last_choice);
                    *begun = *begun || says_something(&chunk);
                    if let Err(error) = tell(thread, outlet, chunk, &mut out) {
                        return Fed { out: out.freeze(), error: Some(contradiction(error)) };
                    }
                }
                Err(error) => return Fed { out: out.freeze(), error: Some(error.into()) },
            }
        }
        Fed { out: out.freeze(), error: None }
    }

    /// A whole answer instead of a stream, told in pieces.
    pub(crate) fn whole(&mut self, answer: ChatResponse) -> Fed {
        let mut out = BytesMut::new();
        for chunk in llm_provider_core::chunks(answer) {
            hear(&mut self.seen, &chunk);
            if let Err(error) = tell(&mut self.thread, &mut self.outlet, chunk, &mut out) {
                return Fed { out: out.freeze(), error: Some(contradiction(error)) };
            }
        }
        self.begun = true;
        let error = self.end(&mut out).err().map(contradiction);
        Fed { out: out.freeze(), error }
    }

    fn finish(&mut self) -> Fed {
        let Self { decoder, outlet, thread, seen, .. } = &mut *self;
        let mut out = BytesMut::new();
        for item in decoder.finish() {
            match item {
                Ok(chunk) => {
                    hear(seen, &chunk);
                    if let Err(error) = tell(thread, outlet, chunk, &mut out) {
                        return Fed { out: out.freeze(), error: Some(contradiction(error)) };
                    }
                }
                Err(error) => return Fed { out: out.freeze(), error: Some(error.into()) },
            }
        }
        let error = self.end(&mut out).err().map(contradiction);
        Fed { out: out.freeze(), error }
    }

    /// The vendor has said why it stopped, and broke off before its last word: nothing is missing.
    pub(crate) fn close(&mut self) -> Bytes {
        let mut out = BytesMut::new();
        let _nothing_is_held_back_after_the_end = self.end(&mut out);
        out.freeze()
    }

    /// Ends the answer as one that is as long as it may be.
    fn cut_short(&mut self, usage: &Usage) -> Bytes {
        let mut out = BytesMut::new();
        let ended = (0..=self.last_choice).map(|index| ChunkChoice::ended(index, FinishReason::Length));
        let ending = ChatChunk { choices: Nullable::Value(ended.collect()), ..usage_chunk() };
        let _nothing_contradicts_an_end = tell(&mut self.thread, &mut self.outlet, ending, &mut out);
        let usage = self.thread.as_ref().map_or_else(|| usage.clone(), |thread| thread.usage(usage));
        self.outlet.chunk(ChatChunk { usage: Nullable::Value(usage.clone()), ..usage_chunk() }, &mut out);
        self.seen.usage = Some(usage);
        let _nothing_is_held_back_after_the_end = self.end(&mut out);
        out.freeze()
    }

    /// The leg under way broke off; what was heard of it.
    pub(crate) fn broke(&mut self) -> Seen {
        let seen = std::mem::take(&mut self.seen);
        if let Some(thread) = &mut self.thread {
            thread.broke(&pricing::told_usage(&seen, self.request_bytes));
        }
        seen
    }

    /// Goes on with the answer by what another pump has held back, and by what comes after that.
    pub(crate) fn adopt(&mut self, mut other: Self, plan: &Plan) -> Fed {
        if let Some(thread) = &mut self.thread {
            thread.go_on(plan);
        }
        self.notes.append(&mut other.notes);
        self.decoder = other.decoder;
        self.seen = other.seen;
        let Outlet::Held(chunks) = other.outlet else { return Fed::default() };
        let mut out = BytesMut::new();
        for chunk in chunks {
            if let Err(error) = tell(&mut self.thread, &mut self.outlet, chunk, &mut out) {
                return Fed { out: out.freeze(), error: Some(contradiction(error)) };
            }
        }
        let ended = if self.seen.complete { self.end(&mut out) } else { Ok(()) };
        Fed { out: out.freeze(), error: ended.err().map(contradiction) }
    }

    /// The last word: before it what the answer took, if the vendor has not told it or told what cannot be true.
    fn end(&mut self, out: &mut BytesMut) -> Result<(), Contradiction> {
        self.seen.complete = true;
        if let Some(thread) = &mut self.thread {
            let mut rest = Vec::new();
            thread.end(&mut rest)?;
            for chunk in rest {
                self.outlet.chunk(chunk, out);
            }
        }
        let Outlet::Client(writer) = &mut self.outlet else { return Ok(()) };
        let told = self.seen.usage.as_ref();
        if let Some(usage) = pricing::estimated_usage(told, self.seen.content_bytes, self.request_bytes) {
            self.notes.push(pricing::estimate_note(told));
            let usage = self.thread.as_ref().map_or_else(|| usage.clone(), |thread| thread.usage(&usage));
            let chunk = ChatChunk { usage: Nullable::Value(usage), ..usage_chunk() };
            writer.chunk(&chunk, out);
        }
        writer.end(out);
        Ok(())
    }
}

/// A chunk on its way to the client, past the memory of the whole answer where there is one.
fn tell(
    thread: &mut Option<Box<Thread>>,
    outlet: &mut Outlet,
    chunk: ChatChunk,
    out: &mut BytesMut,
) -> Result<(), Contradiction> {
    let Some(thread) = thread else {
        outlet.chunk(chunk, out);
        return Ok(());
    };
    let mut told = Vec::new();
    let passed = thread.pass(chunk, &mut told);
    for chunk in told {
        outlet.chunk(chunk, out);
    }
    passed
}

fn contradiction(error: Contradiction) -> ApiError {
    ApiError::new(ErrorKind::BadGateway, Layer::Gateway, error.to_string()).with_code(CONTRADICTION)
}

/// Whether a chunk holds anything of the answer: more than who speaks, and that there is nothing yet.
fn says_something(chunk: &ChatChunk) -> bool {
    let is_nothing =
        |value: &Value| value.is_null() || value == "" || value.as_array().is_some_and(Vec::is_empty);
    chunk.choices().iter().any(|choice| {
        let delta = choice.delta.get().and_then(|delta| serde_json::to_value(delta).ok());
        let members = delta.as_ref().and_then(Value::as_object).into_iter().flatten();
        choice.finish_reason.get().is_some()
            || members.into_iter().any(|(name, value)| name != "role" && !is_nothing(value))
    })
}

/// A chunk for usage alone, which says nothing of its place.
fn usage_chunk() -> ChatChunk {
    let mut chunk = ChatChunk::new("", 0, "", Vec::new());
    chunk.id = Nullable::Absent;
    chunk.created = Nullable::Absent;
    chunk.model = Nullable::Absent;
    chunk
}

/// Takes note of what a chunk says about the answer.
fn hear(seen: &mut Seen, chunk: &ChatChunk) {
    if let Some(usage) = chunk.usage.get() {
        seen.usage = Some(usage.clone());
    }
    if seen.model.is_none() {
        seen.model = chunk.model.get().cloned();
    }
    for choice in chunk.choices() {
        if let Some(reason) = choice.finish_reason.get() {
            seen.finish_reason = Some(reason.clone());
        }
        if let Some(delta) = choice.delta.get() {
            let words = [delta.content.as_deref(), delta.reasoning_content.as_deref()];
            let calls = delta.tool_calls.as_deref().unwrap_or_default().iter();
            let arguments = calls.filter_map(|call| call.function.get()?.arguments.as_deref());
            for text in words.into_iter().flatten().chain(arguments) {
                seen.wrote(text.as_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests;
