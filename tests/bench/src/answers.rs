//! The upstream's answers, made once and handed out as shared bytes.

use std::{
    collections::HashMap,
    convert::Infallible,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use serde_json::{Value, json};
use tokio::time::{Interval, MissedTickBehavior};

use crate::Ask;

/// Whose wire is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Dialect {
    /// OpenAI chat completions.
    Openai,
    /// Anthropic Messages.
    Anthropic,
}

/// The events of one stream.
type Frames = Arc<[Bytes]>;
/// What makes one stream differ from another: dialect, content events, usage at the end.
type StreamKey = (Dialect, u32, bool);

/// Prepared answers. A stream is written out at its first request and shared afterwards.
#[derive(Debug)]
pub struct Answers {
    openai: Bytes,
    anthropic: Bytes,
    streams: Mutex<HashMap<StreamKey, Frames>>,
}

impl Default for Answers {
    fn default() -> Self {
        Self {
            openai: Bytes::from(openai_answer().to_string()),
            anthropic: Bytes::from(anthropic_answer().to_string()),
            streams: Mutex::default(),
        }
    }
}

impl Answers {
    /// The whole answer of a request that does not stream.
    #[must_use]
    pub fn whole(&self, dialect: Dialect) -> Bytes {
        match dialect {
            Dialect::Openai => self.openai.clone(),
            Dialect::Anthropic => self.anthropic.clone(),
        }
    }

    /// The streamed answer. Must be called inside a runtime when the script has pauses.
    #[must_use]
    pub fn stream(&self, dialect: Dialect, ask: Ask) -> Events {
        let key = (dialect, ask.script.chunks, ask.include_usage);
        let frames = Arc::clone(
            self.streams.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_insert_with(|| {
                match dialect {
                    Dialect::Openai => openai_events(ask.script.chunks, ask.include_usage),
                    Dialect::Anthropic => anthropic_events(ask.script.chunks),
                }
            }),
        );
        let pause = (ask.script.pause_ms > 0).then(|| {
            let mut interval = tokio::time::interval(Duration::from_millis(ask.script.pause_ms));
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            interval
        });
        Events { frames, next: 0, pause }
    }
}

/// A body of one frame per event, with an optional pause between two.
#[derive(Debug)]
pub struct Events {
    frames: Frames,
    next: usize,
    pause: Option<Interval>,
}

impl Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(frame) = self.frames.get(self.next).cloned() else { return Poll::Ready(None) };
        if let Some(pause) = &mut self.pause {
            ready!(pause.poll_tick(cx));
        }
        self.next += 1;
        Poll::Ready(Some(Ok(Frame::data(frame))))
    }

    fn is_end_stream(&self) -> bool {
        self.next == self.frames.len()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

fn openai_answer() -> Value {
    json!({
        "id": "chatcmpl-bench0000000000000000000000",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": "bench",
        "choices": [{
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "The answer is long enough to look like one, and short enough to be read at a glance.",
                "refusal": null,
                "annotations": []
            },
            "logprobs": null,
            "finish_reason": "stop"
        }],
        "usage": openai_usage(21),
        "service_tier": "default",
        "system_fingerprint": "fp_bench"
    })
}

fn openai_usage(completion_tokens: u32) -> Value {
    json!({
        "prompt_tokens": 128,
        "completion_tokens": completion_tokens,
        "total_tokens": 128 + completion_tokens,
        "prompt_tokens_details": { "cached_tokens": 0, "audio_tokens": 0 },
        "completion_tokens_details": { "reasoning_tokens": 0, "audio_tokens": 0 }
    })
}

fn openai_events(chunks: u32, include_usage: bool) -> Frames {
    let chunk = |choices: Value, usage: Option<Value>| {
        let mut chunk = json!({
            "id": "chatcmpl-bench0000000000000000000000",
            "object": "chat.completion.chunk",
            "created": 1_790_000_000,
            "model": "bench",
            "service_tier": "default",
            "system_fingerprint": "fp_bench",
            "choices": choices
        });
        if include_usage {
            chunk["usage"] = usage.unwrap_or(Value::Null);
        }
        Bytes::from(format!("data: {chunk}\n\n"))
    };
    let choice = |delta: Value, finish: Value| json!([{ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish }]);
    let first =
        chunk(choice(json!({ "role": "assistant", "content": "", "refusal": null }), Value::Null), None);
    let words =
        (0..chunks).map(|n| chunk(choice(json!({ "content": format!(" word{n}") }), Value::Null), None));
    let last = chunk(choice(json!({}), json!("stop")), None);
    let usage = include_usage.then(|| chunk(json!([]), Some(openai_usage(chunks))));
    let done = Bytes::from_static(b"data: [DONE]\n\n");
    [first].into_iter().chain(words).chain([last]).chain(usage).chain([done]).collect()
}

fn anthropic_answer() -> Value {
    json!({
        "id": "msg_bench000000000000000000",
        "type": "message",
        "role": "assistant",
        "model": "claude-bench",
        "content": [{
            "type": "text",
            "text": "The answer is long enough to look like one, and short enough to be read at a glance."
        }],
        "stop_reason": "end_turn",
        "stop_sequence": null,
        "usage": anthropic_usage(21)
    })
}

fn anthropic_usage(output_tokens: u32) -> Value {
    json!({
        "input_tokens": 128,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": output_tokens,
        "service_tier": "standard"
    })
}

fn anthropic_events(chunks: u32) -> Frames {
    let event = |name: &str, mut data: Value| {
        data["type"] = json!(name);
        Bytes::from(format!("event: {name}\ndata: {data}\n\n"))
    };
    let mut message = anthropic_answer();
    message["content"] = json!([]);
    message["stop_reason"] = Value::Null;
    message["usage"] = anthropic_usage(1);
    let first = [
        event("message_start", json!({ "message": message })),
        event("content_block_start", json!({ "index": 0, "content_block": { "type": "text", "text": "" } })),
        event("ping", json!({})),
    ];
    let words = (0..chunks).map(|n| {
        let delta = json!({ "type": "text_delta", "text": format!(" word{n}") });
        event("content_block_delta", json!({ "index": 0, "delta": delta }))
    });
    let delta = json!({ "stop_reason": "end_turn", "stop_sequence": null });
    let last = [
        event("content_block_stop", json!({ "index": 0 })),
        event("message_delta", json!({ "delta": delta, "usage": { "output_tokens": chunks } })),
        event("message_stop", json!({})),
    ];
    first.into_iter().chain(words).chain(last).collect()
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;
    use crate::EventCounter;

    fn read(dialect: Dialect, model: &str) -> (EventCounter, Duration) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("runtime");
        runtime.block_on(async {
            let ask = Ask::from_body(format!(r#"{{"model":"{model}","stream":true}}"#).as_bytes());
            let began = tokio::time::Instant::now();
            let body =
                Answers::default().stream(dialect, ask).collect().await.expect("infallible").to_bytes();
            let mut counter = EventCounter::default();
            counter.push(&body);
            (counter, began.elapsed())
        })
    }

    #[test]
    fn a_stream_has_its_chunks_and_its_dialects_frame() {
        let (openai, took) = read(Dialect::Openai, "bench-c100");
        assert_eq!((openai.events(), openai.is_whole(), took), (103, true, Duration::ZERO));
        let (anthropic, _) = read(Dialect::Anthropic, "bench-c100");
        assert_eq!((anthropic.events(), anthropic.is_whole()), (106, true));
    }

    #[test]
    fn a_paced_stream_takes_its_time() {
        let (openai, took) = read(Dialect::Openai, "bench-c10-p5");
        assert_eq!(openai.events(), 13);
        assert!((Duration::from_millis(60)..Duration::from_millis(75)).contains(&took), "{took:?}");
    }

    #[test]
    fn usage_comes_only_when_asked_for() {
        assert_eq!(openai_events(1, false).len(), 4);
        let with_usage = openai_events(1, true);
        assert_eq!(with_usage.len(), 5);
        assert!(with_usage[3].ends_with(b"}}}\n\n"), "{:?}", with_usage[3]);
    }
}
