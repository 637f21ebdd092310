//! Hostile input: bodies as plain functions, and a runner that needs no nightly compiler.
//!
//! A body takes bytes and panics if something is wrong with what was made of them. The same functions serve
//! the runner here, with mutations chosen by a seed, and a coverage-guided fuzzer.

mod budget;
mod forms;
mod mutate;

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::{Bytes, BytesMut};
use llm_provider_core::{
    Call, Chat, Decoder, Edit, FrameBuffer, Frames, Heard, Ingress, Operation, Peek, Relay, Reply, SseEvent,
    StreamError, Translator, apply,
};
use llm_types::{ChatRequest, FinishReason};
use serde_json::Value;

use budget::Budget;

use crate::Random;
use crate::corpus::corpus;
use crate::laws::{Equivalence, losses, read, read_cut};

pub use forms::other_forms;
pub use mutate::{add_members, change, mutate};

/// The seed that the tests use unless told otherwise.
pub const SEED: u64 = 0x11AD_5EED;

/// Runs `body` on every input of the corpus and on `iterations` mutations of them, or on as many as there is time for
/// where `LLM_FUZZ_MILLISECONDS` says how much. Chance begins at `seed`, or where `LLM_FUZZ_SEED` says.
///
/// Where `LLM_FUZZ_REPORT` names a file, a line is added to it: how many inputs, and how many milliseconds they took.
///
/// # Panics
/// If `body` does; says the seed, the turn and the input.
#[track_caller]
pub fn run(body: impl Fn(&[u8]), corpus: &[&[u8]], seed: u64, iterations: u64) {
    run_from(budget::number("LLM_FUZZ_SEED").unwrap_or(seed), mutate, body, corpus, iterations);
}

/// [`run`], where every input is JSON and stays so: only [members change](change).
///
/// # Panics
/// If `body` does; says the seed, the turn and the input.
#[track_caller]
pub fn run_changed(body: impl Fn(&[u8]), corpus: &[&[u8]], seed: u64, iterations: u64) {
    run_from(budget::number("LLM_FUZZ_SEED").unwrap_or(seed), change, body, corpus, iterations);
}

#[track_caller]
fn run_from(
    seed: u64,
    mutate: fn(&[&[u8]], &mut Random) -> Vec<u8>,
    body: impl Fn(&[u8]),
    corpus: &[&[u8]],
    iterations: u64,
) {
    let try_one = |input: &[u8], turn: Option<u64>| {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| body(input))) {
            let why = panic.downcast_ref::<String>().map(String::as_str);
            let why = why.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("panicked");
            let input = input.escape_ascii();
            match turn {
                Some(turn) => panic!("{why}\n\nseed {seed:#x}, turn {turn}, input:\nb\"{input}\""),
                None => panic!("{why}\n\ninput, from the corpus itself:\nb\"{input}\""),
            }
        }
    };
    let budget = Budget::begin();
    corpus.iter().for_each(|input| try_one(input, None));
    let mut turn = 0;
    while budget.lasts(turn, iterations) {
        // Each turn has a seed of its own, so that one turn can be run alone.
        let mut random = Random::new(seed ^ turn.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        try_one(&mutate(corpus, &mut random), Some(turn));
        turn += 1;
    }
    budget.report(corpus.len() as u64 + turn);
}

/// How many mutations to try: `short`, or what the environment variable `LLM_FUZZ_ITERATIONS` says.
///
/// # Panics
/// If the variable is no number.
pub fn iterations(short: u64) -> u64 {
    budget::number("LLM_FUZZ_ITERATIONS").unwrap_or(short)
}

/// Server-sent events: blocks hold every byte in order, and cuts change no event.
pub fn sse_frames(data: &[u8]) {
    let whole = sse_events(data, &[]);
    for cuts in cuts(data) {
        assert_eq!(sse_events(data, &cuts), whole, "cut at {cuts:?}");
    }
}

fn sse_events(data: &[u8], cuts: &[usize]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut buffer = FrameBuffer::default();
    let mut events = Vec::new();
    let mut all = Vec::new();
    let mut take = |block: &[u8]| {
        let mut walked = Vec::new();
        for frame in Frames::new(block) {
            walked.extend_from_slice(frame);
            let event = SseEvent::parse(frame);
            if event.has_data {
                events.push((event.event.to_vec(), event.data.to_vec()));
            }
        }
        assert_eq!(walked, block, "the frames are the block");
        all.extend_from_slice(block);
    };
    let mut start = 0;
    for &cut in cuts.iter().chain([&data.len()]) {
        if let Some(block) =
            buffer.push(Bytes::copy_from_slice(&data[start..cut])).expect("far below the limit")
        {
            take(&block);
        }
        start = cut;
    }
    take(&buffer.finish());
    assert_eq!(all, data, "no byte is lost");
    events
}

/// A function that is given without saying so is written as one.
fn say_types(request: &mut Value) {
    let tools = request.get_mut("tools").and_then(Value::as_array_mut);
    for tool in tools.into_iter().flatten() {
        if let Some(members) = tool.as_object_mut()
            && members.contains_key("function")
        {
            members.entry("type").or_insert_with(|| "function".into());
        }
    }
}

/// Chat requests: what can be read is written back as the same JSON; what cannot has a reason.
pub fn chat_request(data: &[u8]) {
    match llm_types::from_slice::<ChatRequest>(data) {
        Ok(request) => {
            let mut given: Value = serde_json::from_slice(data).expect("it was read as a request");
            say_types(&mut given);
            let written = serde_json::to_string(&request).unwrap();
            assert_eq!(
                serde_json::from_str::<Value>(&written).unwrap(),
                given,
                "the JSON changed: {written}"
            );
        }
        Err(error) => assert!(!error.message.is_empty(), "a refusal has a reason"),
    }
}

/// Peeks and byte patches: the patched body is the tree with the same changes made.
pub fn peek_and_patch(data: &[u8]) {
    let Ok(peek) = Peek::new(data) else { return };
    let tree: Value = serde_json::from_slice(data).unwrap_or(Value::Null);
    let Value::Object(tree) = tree else {
        // Deep nesting and numbers out of range are refused by the tree only.
        return;
    };
    assert_eq!(peek.members().len(), tree.len());
    for member in peek.members() {
        assert_eq!(tree.get(member.name.as_ref()), serde_json::from_str(member.value).ok().as_ref());
    }
    let body = Bytes::copy_from_slice(data);
    let name = |at: usize| peek.members().get(at).map(|member| member.name.clone().into_owned());
    let (first, second) = (name(0), name(peek.members().len() / 2));
    let mut edits = vec![Edit::set_text("x_added", "\"a\\,{}")];
    let mut expected = tree.clone();
    if let Some(first) = first.clone() {
        expected.shift_remove(&first);
        edits.push(Edit::Remove { name: first.into(), reason: "".into() });
    }
    if let Some(second) = second.filter(|second| first.as_ref() != Some(second) && second != "x_added") {
        let value = expected.shift_remove(&second).unwrap();
        expected.insert("x_renamed".to_owned(), value);
        edits.push(Edit::Rename { name: second.into(), to: "x_renamed".into() });
    }
    if tree.contains_key("x_added") || tree.contains_key("x_renamed") {
        return;
    }
    expected.insert("x_added".to_owned(), "\"a\\,{}".into());
    let patched = apply(&body, &peek, &edits);
    let patched: Value = serde_json::from_slice(&patched)
        .unwrap_or_else(|error| panic!("no JSON any more: {error}: {}", patched.escape_ascii()));
    assert_eq!(patched, Value::Object(expected));
}

/// A vendor's stream: cuts change nothing, at most one failure comes, and it comes last.
pub fn stream<O: Operation>(make_decoder: impl Fn() -> Box<dyn Decoder<O>>, data: &[u8])
where
    O::Chunk: PartialEq + Debug,
{
    let whole: Vec<Result<O::Chunk, StreamError>> = read(&make_decoder, data);
    let failures = whole.iter().filter(|item| item.is_err()).count();
    assert!(failures <= 1, "{failures} failures in one stream: {whole:#?}");
    assert!(
        failures == 0 || whole.last().is_some_and(Result::is_err),
        "something after the failure: {whole:#?}"
    );
    for cuts in cuts(data) {
        let cut = read_cut(&make_decoder, data, &cuts);
        assert!(cut == whole, "cut at {cuts:?}\n whole: {whole:#?}\n cut: {cut:#?}");
    }
}

/// A vendor's stream, told to a client in its dialect: no panic, and whatever the vendor sent, what the client
/// gets can be read.
pub fn cross(
    make_decoder: impl Fn() -> Box<dyn Decoder<Chat>>,
    ingress: &dyn Ingress,
    client_decoder: impl Fn() -> Box<dyn Decoder<Chat>>,
    data: &[u8],
) {
    let reply =
        Reply { request_id: "req".to_owned(), model: "m".to_owned(), created_s: 1, include_usage: true };
    let mut writer = ingress.writer(&reply);
    let mut out = BytesMut::new();
    let mut failed = false;
    let (mut broke, mut ended) = (false, false);
    for item in read(&make_decoder, data) {
        match item {
            Ok(chunk) => {
                let choices = chunk.choices.get().into_iter().flatten();
                for finish in choices.filter_map(|choice| choice.finish_reason.get()) {
                    ended = true;
                    // Some dialects have no word for it but that of a failure.
                    failed |= *finish == FinishReason::ContentFilter;
                }
                writer.chunk(&chunk, &mut out);
            }
            Err(error) => {
                writer.error(&error.into(), &mut out);
                (broke, failed) = (true, true);
            }
        }
    }
    if !broke {
        writer.end(&mut out);
    }
    let told = read(&client_decoder, &out);
    let sound = told.iter().all(|item| match item {
        Ok(_) => true,
        Err(StreamError::Upstream(_)) => failed,
        // Some vendors' streams may end without a word on how.
        Err(StreamError::Truncated) => failed || !ended,
        Err(_) => false,
    });
    assert!(sound, "the client cannot read what it gets: {told:#?}\n{}", out.escape_ascii());
}

/// What listens beside a relayed stream: no panic, whatever comes.
pub fn listener(relay: &dyn Relay, data: &[u8]) {
    let mut streamed = relay.listener();
    for frame in Frames::new(data) {
        let heard = streamed.frame(frame);
        assert_eq!(
            heard == Heard::Failure,
            streamed.failure().is_some(),
            "a failure is told once, and only then"
        );
    }
    let mut whole = relay.listener();
    whole.body(data);
    for listener in [&streamed, &whole] {
        assert!(listener.seen().content_bytes <= data.len() as u64, "more was heard than was said");
    }
}

/// A client's request in some dialect, read and then written for a vendor: no panic, refusals have a reason,
/// and what was read is itself a sound canonical request.
pub fn request(ingress: &dyn Ingress, translators: &[&dyn Translator<Chat>], data: &[u8]) {
    let incoming = match ingress.read(data) {
        Ok(incoming) => incoming,
        Err(error) => {
            assert!(!error.message.is_empty(), "a refusal has a reason");
            return;
        }
    };
    let written = serde_json::to_vec(&incoming.request).unwrap();
    chat_request(&written);
    for translator in translators {
        written_for(*translator, "m", &incoming.request);
    }
}

/// A canonical request, written for a vendor's models: no panic, and refusals have a reason.
pub fn canonical_request(translator: &dyn Translator<Chat>, models: &[&str], data: &[u8]) {
    let Ok(request) = llm_types::from_slice(data) else { return };
    for model in models {
        written_for(translator, model, &request);
    }
}

/// Whatever a canonical request says is said to a vendor, or a note tells that it is not. `claims` are what the vendor
/// says in other words.
pub fn lossless(
    translator: &dyn Translator<Chat>,
    request: &ChatRequest,
    call: &Call<'_>,
    claims: &[Equivalence],
) {
    let Ok(encoded) = translator.encode(request, call) else { return };
    let mut losses = losses(request, &encoded, claims);
    // Addresses that hold data are rewritten where they are odd; the corpus shows that they arrive.
    losses.retain(|loss| !loss.value.as_str().is_some_and(|text| text.starts_with("data:")));
    assert!(losses.is_empty(), "{}, lost in silence: {losses:?}", call.model);
}

fn written_for(translator: &dyn Translator<Chat>, model: &str, request: &ChatRequest) {
    let headers = http::HeaderMap::new();
    let call = Call {
        base_url: Some("https://vendor.invalid/v1"),
        default_max_tokens: Some(64),
        ..Call::new(model, &headers)
    };
    if let Err(error) = translator.encode(request, &call) {
        assert!(!error.to_string().is_empty(), "a refusal has a reason");
    }
}

/// The requests of the [corpus](crate::corpus), to be changed.
pub fn canonical_requests() -> Vec<&'static [u8]> {
    corpus().iter().map(|case| case.json.as_bytes()).collect()
}

/// The body of an answer: no panic, and with the status of a refusal it is never an answer.
pub fn answer<O: Operation>(translator: &dyn Translator<O>, data: &[u8]) {
    for status in [400, 500] {
        let response = http::Response::builder().status(status).body(data).unwrap();
        assert!(translator.decode(response).is_err(), "{status} is no answer");
    }
    drop(translator.decode(http::Response::new(data)));
}

/// A few ways to cut, chosen by the data itself so that an input alone tells all.
fn cuts(data: &[u8]) -> Vec<Vec<usize>> {
    let sum =
        data.iter().fold(data.len() as u64, |sum, &byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    let mut random = Random::new(sum);
    let mut all = vec![(1..data.len().min(512)).collect()];
    for count in [1, 2, 4] {
        let mut cuts: Vec<_> = (0..count).map(|_| random.below(data.len() + 1)).collect();
        cuts.sort_unstable();
        all.push(cuts);
    }
    all
}

#[cfg(test)]
mod tests;
