//! What is answered, as a whole and in pieces.
//!
//! Source: NVIDIA "Generate extension"; vLLM backend, "Additional outputs"
//! (github.com/triton-inference-server/vllm_backend, docs/additional_outputs.md), read 2026-11.

use llm_provider_core::SseEvent;
use llm_provider_envelope::{Opened, Opener};
use llm_provider_words::{END, answer, last, piece};
use serde_json::{Map, Value, json};

/// The whole answer in OpenAI's form; a failure as it is.
pub(super) fn whole(said: Value) -> Value {
    let Some(text) = words(&said) else { return said };
    let counts = Counts::default().and(&said);
    let mut whole = answer(&text, reason(&said).unwrap_or("stop"), counts.usage());
    whole["model"] = said["model_name"].clone();
    rest(said, &mut whole);
    whole
}

/// The words of an answer: `text_output`, or the tensor of this name, or the first.
fn words(said: &Value) -> Option<String> {
    let text = match said.get("outputs").and_then(Value::as_array) {
        Some(outputs) => {
            let named = outputs.iter().find(|output| output["name"] == "text_output");
            named.or_else(|| outputs.first())?.get("data")?
        }
        None => said.get("text_output")?,
    };
    match text {
        Value::String(text) => Some(text.clone()),
        Value::Array(texts) => Some(texts.iter().filter_map(Value::as_str).collect()),
        _ => None,
    }
}

/// Why it ended; some backends write `None` for nothing.
fn reason(said: &Value) -> Option<&str> {
    ["finish_reason", "stop_reason"]
        .into_iter()
        .find_map(|name| said[name].as_str())
        .filter(|reason| !reason.is_empty() && !reason.eq_ignore_ascii_case("none"))
}

/// What else was told stays beside the answer.
fn rest(said: Value, told: &mut Value) {
    let known = [
        "text_output",
        "outputs",
        "model_name",
        "finish_reason",
        "stop_reason",
        "num_input_tokens",
        "num_output_tokens",
        "is_finished",
    ];
    if let (Value::Object(said), Some(told)) = (said, told.as_object_mut()) {
        let more: Map<_, _> = said.into_iter().filter(|(name, _)| !known.contains(&name.as_str())).collect();
        told.extend(more);
    }
}

/// Tokens, as far as the backend was asked to count.
#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    input: Option<u64>,
    output: Option<u64>,
}

impl Counts {
    /// With those of one more answer: of the prompt they are told each time, of the answer for each piece.
    fn and(mut self, said: &Value) -> Self {
        let count = |name: &str| said[name].as_u64();
        self.input = count("num_input_tokens").or(self.input);
        if let Some(more) = count("num_output_tokens") {
            self.output = Some(self.output.unwrap_or(0).saturating_add(more));
        }
        self
    }

    fn usage(self) -> Option<Value> {
        let (input, output) = (self.input?, self.output?);
        Some(
            json!({ "prompt_tokens": input, "completion_tokens": output, "total_tokens": input.saturating_add(output) }),
        )
    }
}

/// Reads events, or one text.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    /// Lines of a text that is no event.
    text: Vec<u8>,
    counts: Counts,
    /// The answer's name and the model's, as told first.
    names: Map<String, Value>,
    /// Whether anything was said.
    has_begun: bool,
    /// Whether the backend tells why it ends, so that its end is known.
    tells_end: bool,
    has_ended: bool,
}

impl Opener for Pieces {
    fn open(&mut self, line: &SseEvent<'_>) -> Opened {
        if let Some(data) = line.data.strip_prefix(b"data:") {
            return self.event(data.trim_ascii());
        }
        if line.data.starts_with(b":") || line.data.starts_with(b"event:") || line.data.starts_with(b"id:") {
            return Opened::NOTHING;
        }
        self.text.extend_from_slice(&line.data);
        match serde_json::from_slice(&self.text) {
            Ok(said) => self.said(said, true),
            Err(_) => Opened::NOTHING,
        }
    }
}

impl Pieces {
    fn event(&mut self, data: &[u8]) -> Opened {
        if data == END {
            // A backend that says nothing at the end: the body is whole, so the answer is.
            let is_end = self.has_begun && !self.tells_end;
            return if is_end { self.end("stop") } else { Opened::NOTHING };
        }
        match serde_json::from_slice(data) {
            Ok(said) => self.said(said, false),
            Err(_) => Opened::NOTHING,
        }
    }

    fn said(&mut self, said: Value, is_whole: bool) -> Opened {
        let Some(text) = words(&said) else {
            // A failure is told in words that everybody understands; what has neither is news of no use here.
            return if said.get("error").is_some() { Opened::Chunks(vec![said]) } else { Opened::NOTHING };
        };
        self.has_begun = true;
        for (from, to) in [("id", "id"), ("model_name", "model")] {
            if let Some(name) = said.get(from) {
                self.names.entry(to).or_insert_with(|| name.clone());
            }
        }
        self.counts = self.counts.and(&said);
        self.tells_end |= said.get("finish_reason").is_some();
        let ended = reason(&said).map(str::to_owned);
        let is_last = is_whole || ended.is_some() || said["is_finished"] == true;
        let mut chunk = piece(&text);
        rest(said, &mut chunk);
        self.name(&mut chunk);
        if !is_last {
            return Opened::Chunks(vec![chunk]);
        }
        match self.end(ended.as_deref().unwrap_or("stop")) {
            Opened::Last(end) => Opened::Last(std::iter::once(chunk).chain(end).collect()),
            other => other,
        }
    }

    fn end(&mut self, reason: &str) -> Opened {
        if std::mem::replace(&mut self.has_ended, true) {
            return Opened::NOTHING;
        }
        let mut end = last(reason, self.counts.usage());
        self.name(&mut end);
        Opened::Last(vec![end])
    }

    fn name(&self, chunk: &mut Value) {
        for (name, value) in &self.names {
            chunk[name] = value.clone();
        }
    }
}
