//! [`ChatListener`]: hears usage, finish and failure beside the bytes.
//!
//! Most frames are looked at with a few substring searches and never parsed. Names are searched with their
//! quotation marks, which are escaped inside a text, so what a model writes is never mistaken for a member.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use llm_provider_core::{Heard, Listener, Scan, Seen, SseEvent, UpstreamError};
use llm_types::{Extra, FinishReason, Usage};
use memchr::memmem::Finder;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::chat::Verdict;
use crate::{DoneMarker, WireOptions, chat, error, usage};

struct Finders {
    usage: Finder<'static>,
    finish: Finder<'static>,
    error: Finder<'static>,
    choices: Finder<'static>,
    model: Finder<'static>,
    calls: Finder<'static>,
    content: Finder<'static>,
    arguments: Finder<'static>,
    reasoning: Finder<'static>,
}

static FINDERS: LazyLock<Finders> = LazyLock::new(|| Finders {
    usage: Finder::new("\"usage\":"),
    finish: Finder::new("\"finish_reason\":"),
    error: Finder::new("\"error\""),
    choices: Finder::new("\"choices\":"),
    model: Finder::new("\"model\":"),
    calls: Finder::new("\"tool_calls\":"),
    // Also the end of `reasoning_content`.
    content: Finder::new("content\":"),
    arguments: Finder::new("\"arguments\":"),
    reasoning: Finder::new("\"reasoning\":"),
});

/// Listens to one chat answer.
#[derive(Debug)]
pub struct ChatListener {
    options: Arc<WireOptions>,
    seen: Seen,
    called: bool,
    /// Whether content stands there in parts, where OpenAI has a text.
    in_parts: bool,
    failure: Option<UpstreamError>,
}

/// The value after a name: the first byte that is no space, and what follows.
fn value<'a>(data: &'a [u8], finder: &Finder<'_>) -> Option<&'a [u8]> {
    let at = finder.find(data)?;
    Some(data[at + finder.needle().len()..].trim_ascii_start())
}

/// A value, unless it is absent or `null`.
fn some<'a>(data: &'a [u8], finder: &Finder<'_>) -> Option<&'a [u8]> {
    value(data, finder).filter(|value| !value.starts_with(b"null"))
}

/// The text at the beginning of `value`, without its quotation marks and as it is escaped.
fn text_of(value: &[u8]) -> Option<&[u8]> {
    let inner = value.strip_prefix(b"\"")?;
    let mut from = 0;
    loop {
        let at = from + memchr::memchr2(b'"', b'\\', &inner[from..])?;
        if inner[at] == b'"' {
            return Some(&inner[..at]);
        }
        from = at + 2;
        if from > inner.len() {
            return None;
        }
    }
}

/// Bytes of text in all values of a name, and whether one of them is a list.
fn count(data: &[u8], finder: &Finder<'_>) -> (u64, bool) {
    let (mut sum, mut listed) = (0, false);
    for at in finder.find_iter(data) {
        let value = data[at + finder.needle().len()..].trim_ascii_start();
        sum += text_of(value).map_or(0, <[u8]>::len) as u64;
        listed |= value.starts_with(b"[");
    }
    (sum, listed)
}

/// Takes note of the text in all values of a name; whether one of them is a list.
fn hear(data: &[u8], finder: &Finder<'_>, seen: &mut Seen) -> bool {
    let mut listed = false;
    for at in finder.find_iter(data) {
        let value = data[at + finder.needle().len()..].trim_ascii_start();
        match text_of(value) {
            Some(text) => seen.wrote_escaped(text),
            None => listed |= value.starts_with(b"["),
        }
    }
    listed
}

/// Whether what a choice says is a list of parts, as Mistral's models tell their thinking. Among `logprobs` is a list of
/// that name, too.
///
/// Source: Mistral docs, "Reasoning", read 2026-11.
fn has_parts(answer: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Answer<'a> {
        #[serde(borrow, default)]
        choices: Vec<Choice<'a>>,
    }
    #[derive(Deserialize)]
    struct Choice<'a> {
        #[serde(borrow, default)]
        message: Option<Said<'a>>,
        #[serde(borrow, default)]
        delta: Option<Said<'a>>,
    }
    #[derive(Deserialize)]
    struct Said<'a> {
        #[serde(borrow, default)]
        content: Option<&'a RawValue>,
    }
    let answer: Option<Answer<'_>> = serde_json::from_slice(answer).ok();
    let choices = answer.iter().flat_map(|answer| &answer.choices);
    let said = choices.flat_map(|choice| [&choice.message, &choice.delta]).flatten();
    said.filter_map(|said| said.content).any(|content| content.get().starts_with('['))
}

impl ChatListener {
    /// For one answer.
    pub fn new(options: Arc<WireOptions>) -> Self {
        Self { options, seen: Seen::default(), called: false, in_parts: false, failure: None }
    }

    fn data(&mut self, data: &[u8], named_error: bool) -> Heard {
        let finders = &*FINDERS;
        let choices = value(data, &finders.choices);
        let maybe_failure = named_error || choices.is_none() || finders.error.find(data).is_some();
        if maybe_failure && let Some(heard) = self.unusual(data, named_error) {
            return heard;
        }
        let no_choices = choices.is_none_or(|choices| {
            choices.strip_prefix(b"[").is_some_and(|rest| rest.trim_ascii_start().starts_with(b"]"))
        });
        if self.seen.model.is_none()
            && let Some(model) =
                value(data, &finders.model).and_then(text_of).filter(|model| !model.is_empty())
        {
            self.seen.model = Some(String::from_utf8_lossy(model).into_owned());
        }
        let has_usage = some(data, &finders.usage).is_some() && self.usage(data);
        if no_choices {
            return if has_usage { Heard::UsageOnly } else { Heard::Other };
        }
        let called = some(data, &finders.calls).is_some_and(|calls| {
            !calls.strip_prefix(b"[").is_some_and(|rest| rest.trim_ascii_start().starts_with(b"]"))
        });
        self.called |= called;
        let before = self.seen.content_bytes;
        let listed = hear(data, &finders.content, &mut self.seen);
        self.in_parts |= listed && has_parts(data);
        hear(data, &finders.reasoning, &mut self.seen);
        if called {
            hear(data, &finders.arguments, &mut self.seen);
        }
        if let Some(reason) = some(data, &finders.finish).and_then(text_of)
            && let Some(heard) = self.finish(&String::from_utf8_lossy(reason), data)
        {
            return heard;
        }
        if self.seen.content_bytes > before || called { Heard::Content } else { Heard::Other }
    }

    /// A frame that may be a failure; `None` if it is a chunk after all.
    fn unusual(&mut self, data: &[u8], named_error: bool) -> Option<Heard> {
        let value = match serde_json::from_slice::<Value>(data) {
            Ok(value) => value,
            Err(_) if named_error => Value::String(String::from_utf8_lossy(data).into_owned()),
            Err(_) => return None,
        };
        if !named_error && !error::is_error(&value) {
            return None;
        }
        self.failure = Some(error::in_stream(&value, data, &self.options.answer.error_codes));
        Some(Heard::Failure)
    }

    fn usage(&mut self, data: &[u8]) -> bool {
        #[derive(Deserialize)]
        struct Frame {
            usage: Option<Usage>,
            #[serde(flatten)]
            extra: Extra,
        }
        let rules = &self.options.answer.usage;
        let found = if usage::is_plain(rules) {
            let mut counts = Usage::default();
            let usage = Scan::new(data).find(|(name, _)| *name == b"usage");
            usage.and_then(|(_, value)| usage::glance(value, &mut counts)).map(|_| counts)
        } else {
            serde_json::from_slice::<Frame>(data)
                .ok()
                .and_then(|frame| frame.usage.or_else(|| usage::elsewhere(&frame.extra, rules)))
        };
        let Some(mut found) = found else { return false };
        usage::mend(&mut found, rules);
        self.seen.usage = Some(found);
        true
    }

    /// Takes note of why the answer ended, which a chunk or a whole answer says.
    fn finish(&mut self, reason: &str, data: &[u8]) -> Option<Heard> {
        let native = FinishReason::from(reason);
        match Verdict::of(&native, self.called) {
            Verdict::Empty => None,
            Verdict::Failed => {
                let tree: Option<Value> = serde_json::from_slice(data).ok();
                let choices = tree.as_ref().and_then(|tree| tree["choices"].as_array());
                let mut choices = choices.into_iter().flatten().filter_map(Value::as_object);
                let broken = choices.find(|choice| choice.contains_key("error"));
                let codes = &self.options.answer.error_codes;
                self.failure = Some(chat::failure(&native, broken.unwrap_or(&Extra::new()), codes));
                Some(Heard::Failure)
            }
            Verdict::Ended(reason) => {
                self.seen.finish_reason = Some(reason);
                self.seen.complete |= self.options.answer.done == DoneMarker::Optional;
                Some(Heard::Content)
            }
        }
    }
}

impl Listener for ChatListener {
    fn frame(&mut self, frame: &[u8]) -> Heard {
        // Nearly all frames are one line of data.
        let line = frame.strip_prefix(b"data:").map(<[u8]>::trim_ascii);
        let (data, named_error) = match line {
            Some(line) if memchr::memchr2(b'\n', b'\r', line).is_none() => (Cow::Borrowed(line), false),
            _ => {
                let event = SseEvent::parse(frame);
                (event.data, event.event == b"error")
            }
        };
        let data = data.trim_ascii();
        match data {
            b"" => Heard::Other,
            b"[DONE]" => {
                self.seen.complete = true;
                Heard::End
            }
            _ => self.data(data, named_error),
        }
    }

    fn body(&mut self, body: &[u8]) {
        let (body, finders) = (error::without_mark(body), &*FINDERS);
        let rules = &self.options.answer.usage;
        let is_plain = usage::is_plain(rules);
        let (mut model, mut usage, mut choices) = (None, None, None);
        if is_plain
            && let Some((before, from)) = Scan::last(body, &finders.usage)
            && let Some(first) = value(before, &finders.choices)
            && let Some(behind) = usage::glance(from, self.seen.usage.insert(Usage::default()))
            && Scan::ends(behind)
        {
            // As nearly all answers are built: what the books want stands around the choices, which nobody walks.
            (model, choices) = (value(before, &finders.model), Some(first));
        } else {
            self.seen.usage = None;
            let mut members = Scan::new(body);
            for (name, value) in members.by_ref() {
                match name {
                    b"model" => model = Some(value),
                    b"usage" => usage = Some(value),
                    b"choices" => choices = Some(value),
                    _ => {}
                }
            }
            if !members.is_whole() {
                return;
            }
            let mut counts = Usage::default();
            let counted = usage.filter(|_| is_plain).and_then(|usage| usage::glance(usage, &mut counts));
            self.seen.usage = counted.map(|_| counts);
        }
        if let Some(counts) = &mut self.seen.usage {
            usage::mend(counts, rules);
        }
        if !is_plain && (usage.is_some() || rules.pointer.is_some()) {
            self.usage(body);
        }
        self.seen.model = model.and_then(text_of).map(|model| String::from_utf8_lossy(model).into_owned());
        // What the books want of the choices is found by name, as in a stream.
        let Some(choices) = choices else { return };
        let Some(first) = choices.strip_prefix(b"[").map(<[u8]>::trim_ascii_start) else { return };
        if !first.starts_with(b"{") {
            return;
        }
        let mut calls = finders
            .calls
            .find_iter(choices)
            .map(|at| choices[at + finders.calls.needle().len()..].trim_ascii_start());
        self.called |= calls.any(|calls| {
            calls.strip_prefix(b"[").is_some_and(|rest| !rest.trim_ascii_start().starts_with(b"]"))
        });
        let (bytes, listed) = count(choices, &finders.content);
        self.in_parts = listed && has_parts(body);
        self.seen.content_bytes += bytes + count(choices, &finders.reasoning).0;
        if self.called {
            self.seen.content_bytes += count(choices, &finders.arguments).0;
        }
        for at in finders.finish.find_iter(choices) {
            let value = choices[at + finders.finish.needle().len()..].trim_ascii_start();
            if let Some(reason) = text_of(value) {
                self.finish(&String::from_utf8_lossy(reason), body);
            }
        }
        self.seen.complete = self.failure.is_none();
    }

    fn seen(&self) -> &Seen {
        &self.seen
    }

    fn take_seen(&mut self) -> Seen {
        std::mem::take(&mut self.seen)
    }

    fn is_foreign(&self) -> bool {
        self.in_parts
    }

    fn failure(&mut self) -> Option<UpstreamError> {
        self.failure.take()
    }
}
