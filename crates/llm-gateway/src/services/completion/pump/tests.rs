//! Frames cut anywhere: what passes, what is withheld, when a stream has begun, and how it ends.

use std::sync::Arc;

use llm_provider_core::{Dialect, Provider as _};
use llm_providers::mock::Mock;
use llm_types::{ErrorKind, Layer};

use super::*;

const COMMENT: &str = ": hold the line\n\n";
const HELLO: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hello\"}}]}\n\n";
const USAGE: &str = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":5}}\n\n";
const FAILURE: &str = "data: {\"error\":{\"message\":\"no\",\"code\":\"rate_limit_exceeded\"}}\n\n";
const DONE: &str = "data: [DONE]\n\n";

fn relay(withhold_usage: bool) -> Pump {
    let mock = Mock::new();
    let listener = mock.relay(Dialect::OpenAiChat).unwrap().listener();
    Pump::Relay(Box::new(RelayPump::new(Framing::Sse, listener, withhold_usage)))
}

/// What comes of a stream cut into pieces of `size` bytes, its end included.
fn run(pump: &mut Pump, stream: &str, size: usize) -> (String, Option<ApiError>) {
    let mut out = String::new();
    for piece in stream.as_bytes().chunks(size) {
        let fed = pump.feed(Bytes::copy_from_slice(piece));
        out.push_str(std::str::from_utf8(&fed.out).unwrap());
        if fed.error.is_some() {
            return (out, fed.error);
        }
    }
    let fed = pump.finish();
    out.push_str(std::str::from_utf8(&fed.out).unwrap());
    (out, fed.error)
}

#[test]
fn bytes_pass_however_they_are_cut() {
    let stream = format!("{COMMENT}{HELLO}{USAGE}{DONE}");
    for size in 1..=stream.len() {
        for (withheld, expected) in [(false, stream.clone()), (true, stream.replace(USAGE, ""))] {
            let mut pump = relay(withheld);
            assert_eq!(run(&mut pump, &stream, size), (expected, None), "{size} {withheld}");
            assert!(pump.is_complete());
            assert_eq!(pump.take_seen().usage.unwrap().counts().output, 5);
        }
    }
}

#[test]
fn withheld_usage_is_no_beginning_and_neither_are_comments() {
    let mut pump = relay(true);
    pump.feed(Bytes::from_static(COMMENT.as_bytes()));
    assert!(!pump.has_begun());
    assert!(pump.feed(Bytes::from_static(USAGE.as_bytes())).out.is_empty());
    assert!(!pump.has_begun());
    pump.feed(Bytes::from_static(HELLO.as_bytes()));
    assert!(pump.has_begun());
}

#[test]
fn a_failure_is_told_once() {
    let ingress = llm_providers::ingress(Dialect::OpenAiChat);
    for size in [1, 7, 4096] {
        // Before the beginning nothing is out yet, so that the gateway has to say it.
        let mut pump = relay(true);
        let (out, error) = run(&mut pump, &format!("{COMMENT}{FAILURE}"), size);
        assert!(!out.contains("error"), "{out}");
        let error = error.unwrap();
        assert_eq!((error.kind, error.layer), (ErrorKind::RateLimit, Layer::Provider));
        assert!(!pump.error(&error, ingress, &Reply::default()).is_empty());

        let mut pump = relay(true);
        let (out, error) = run(&mut pump, &format!("{HELLO}{USAGE}{FAILURE}{HELLO}"), size);
        assert_eq!(out, format!("{HELLO}{FAILURE}"), "{size}");
        assert!(pump.error(&error.unwrap(), ingress, &Reply::default()).is_empty());
    }
}

#[test]
fn an_end_without_the_last_word_is_a_cut() {
    for stream in ["", COMMENT, HELLO, &format!("{HELLO}data: {{\"choi")] {
        let (out, error) = run(&mut relay(false), stream, 4096);
        assert!(!out.contains("choi") || out == HELLO, "{out}");
        assert_eq!(error.unwrap().kind, ErrorKind::BadGateway, "{stream}");
    }
    let unended = format!("{HELLO}data: [DONE]");
    assert_eq!(run(&mut relay(false), &unended, 4096), (format!("{unended}\n\n"), None));
}

#[test]
fn translated_streams_keep_the_same_rules() {
    let mock = Mock::new();
    let ingress = llm_providers::ingress(Dialect::AnthropicMessages);
    let pump = || {
        let writer = ingress.writer(&Reply::default());
        Pump::Translate(Box::new(TranslatePump::new(
            mock.chat().unwrap().decoder(),
            Outlet::Client(writer),
            40,
        )))
    };
    let stop = HELLO.replace("}}]", "},\"finish_reason\":\"stop\"}]");
    let mut whole = pump();
    let (out, error) = run(&mut whole, &format!("{COMMENT}{HELLO}{stop}{USAGE}{DONE}"), 5);
    assert!(error.is_none() && out.contains("message_stop"), "{out}");
    assert!(whole.is_complete() && whole.has_begun());
    assert_eq!(whole.take_seen().usage.unwrap().counts().output, 5);

    let mut uncounted = pump();
    let (out, _) = run(&mut uncounted, &format!("{HELLO}{stop}{DONE}"), 5);
    // Forty bytes asked, and ten written.
    assert!(out.contains(r#""input_tokens":10,"#) && out.contains(r#""output_tokens":3,"#), "{out}");
    assert!(out.contains(r#""estimated":true"#), "{out}");
    let notes: Vec<_> = uncounted.notes().iter().map(ToString::to_string).collect();
    assert_eq!(notes, ["defaulted usage: estimated; the vendor told none"]);
    assert_eq!(uncounted.take_seen().usage, None, "what is billed is not what was estimated here");

    let mut failed = pump();
    let (out, error) = run(&mut failed, &format!("{COMMENT}{FAILURE}"), 5);
    assert!(out.is_empty() && !failed.has_begun());
    assert_eq!(error.unwrap().kind, ErrorKind::RateLimit);

    let mut cut = pump();
    let (out, error) = run(&mut cut, HELLO, 5);
    assert!(!out.contains("message_stop") && !cut.is_complete());
    assert_eq!(error.unwrap().kind, ErrorKind::BadGateway);
}

const ROLE: &str = "data: {\"id\":\"1\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n";
const PARTS: &str = "data: {\"id\":\"1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":[{\"type\":\"thinking\",\
    \"thinking\":[{\"type\":\"text\",\"text\":\"Hm.\"}]}]}}]}\n\n";
const STOP: &str = "data: {\"id\":\"1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":\"stop\"}]}\n\n";

fn interpreted(withhold_usage: bool) -> Pump {
    let mock = Mock::new();
    let listener = mock.relay(Dialect::OpenAiChat).unwrap().listener();
    let reply = Reply { include_usage: !withhold_usage, ..Reply::default() };
    let ingress = llm_providers::ingress(Dialect::OpenAiChat);
    let interpreter = Interpreter { provider: Arc::new(mock), ingress, reply, request_bytes: 40 };
    let pump = RelayPump::new(Framing::Sse, listener, withhold_usage);
    Pump::Relay(Box::new(pump.with_interpreter(Some(interpreter))))
}

/// The members of all deltas, joined.
fn said(out: &str, name: &str) -> String {
    let data = out.split("\n\n").filter_map(|event| event.strip_prefix("data: "));
    let chunks = data.filter_map(|data| serde_json::from_str::<Value>(data).ok());
    chunks.map(|chunk| chunk["choices"][0]["delta"][name].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn an_answer_in_parts_is_translated_from_there_on() {
    let stream = format!("{COMMENT}{ROLE}{PARTS}{HELLO}{STOP}{USAGE}{DONE}");
    for size in 1..=stream.len() {
        for withheld in [false, true] {
            let mut pump = interpreted(withheld);
            let (out, error) = run(&mut pump, &stream, size);
            assert_eq!(error, None, "{size}");
            assert!(out.starts_with(&format!("{COMMENT}{ROLE}")) && out.ends_with(DONE), "{size}: {out}");
            assert!(!out.contains("\"content\":["), "{size}: {out}");
            let told = ["reasoning_content", "content"].map(|name| said(&out, name));
            assert_eq!(told, ["Hm.", "Hello"], "{size}: {out}");
            assert_eq!(out.contains("prompt_tokens"), !withheld, "{size}: {out}");
            assert!(pump.is_complete() && pump.has_begun());
            let seen = pump.take_seen();
            assert_eq!((seen.usage.unwrap().counts().output, seen.content_bytes), (5, 8));
        }
    }
}

#[test]
fn an_answer_in_parts_may_end_with_them() {
    for stream in [format!("{HELLO}{PARTS}"), format!("{HELLO}{}", PARTS.trim_end())] {
        let (out, error) = run(&mut interpreted(true), &stream, 7);
        assert!(out.starts_with(HELLO) && said(&out, "reasoning_content") == "Hm.", "{out}");
        assert_eq!(error.unwrap().kind, ErrorKind::BadGateway);
    }
    // A list among the log probabilities is no such thing.
    let probable = HELLO.replace("}}]", "},\"logprobs\":{\"content\":[{\"type\":\"thinking\"}]}}]");
    let stream = format!("{probable}{STOP}{DONE}");
    assert_eq!(run(&mut interpreted(true), &stream, 7), (stream, None));
}
