//! Streams cut at every event, gone on with by others: what a client of each dialect has in the end.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use bytes::{Bytes, BytesMut};
use llm_continuation::{Contradiction, Obstacle, Thread, sum};
use llm_providers::core::{Chat, Dialect, Prefill, Reply, Translator};
use llm_testkit::{assemble, laws};
use llm_types::{
    ChatChunk, ChatRequest, ChatResponse, ChunkChoice, Delta, FinishReason, Message, Nullable, Usage,
};
use serde_json::{Value, json};

const VENDORS: [&str; 2] = ["openai", "anthropic"];

/// Every client's dialect, and the vendor that speaks it.
const DIALECTS: [(Dialect, &str, &str); 7] = [
    (Dialect::OpenAiChat, "openai", "gpt"),
    (Dialect::OpenAiResponses, "openai", "responses/gpt"),
    (Dialect::AnthropicMessages, "anthropic", "claude"),
    (Dialect::Gemini, "gemini", "gemini"),
    (Dialect::BedrockConverse, "bedrock", "amazon.nova"),
    (Dialect::CohereChat, "cohere", "command"),
    (Dialect::OllamaChat, "ollama", "llama"),
];

/// Chunks of a stream of this vendor's, up to an event; and whether that is all of it.
fn decoded(vendor: &str, events: &[&str]) -> (Vec<ChatChunk>, bool) {
    let vendor = llm_providers::find(vendor).unwrap();
    let mut decoder = vendor.chat().unwrap().decoder();
    let mut chunks: Vec<ChatChunk> = Vec::new();
    for event in events {
        chunks.extend(decoder.push(Bytes::copy_from_slice(event.as_bytes())).map(Result::unwrap));
    }
    let mut whole = true;
    for item in decoder.finish() {
        match item {
            Ok(chunk) => chunks.push(chunk),
            Err(_) => whole = false,
        }
    }
    (chunks, whole)
}

fn fixture(vendor: &str, name: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(vendor).join(name);
    fs::read_to_string(file.with_extension("sse")).unwrap()
}

fn events(stream: &str) -> Vec<&str> {
    stream.split_inclusive("\n\n").collect()
}

fn request(name: &str) -> ChatRequest {
    let mut request = ChatRequest::new("m", vec![Message::user("Tell me of a fox.")]);
    if name == "json" {
        let format =
            json!({"type": "json_schema", "json_schema": {"name": "fox", "schema": {"type": "object"}}});
        request.response_format = Nullable::Value(llm_types::from_value(format).unwrap());
    }
    request
}

/// The text, as JSON in one spelling where it is that, and name and arguments of each call.
fn said(answer: &ChatResponse) -> (String, Vec<(String, Value)>) {
    let message = &answer.choices[0].message;
    let text = message.content.get().map(|content| content.text().into_owned()).unwrap_or_default();
    let text = serde_json::from_str::<Value>(&text).map_or(text, |json| json.to_string());
    let calls = message.tool_calls.get().into_iter().flatten().map(|call| {
        let function = call.function.get().unwrap();
        let arguments = function.arguments.as_deref().unwrap();
        let read = serde_json::from_str(arguments).unwrap_or_else(|_| panic!("no JSON: {arguments}"));
        (function.name.get().cloned().unwrap(), read)
    });
    (text, calls.collect())
}

fn chunk(id: &str, delta: Delta) -> ChatChunk {
    ChatChunk::new(id, 1, "other", vec![ChunkChoice::new(delta)])
}

/// A leg in these words, cut into small pieces.
fn words(text: &str) -> Vec<ChatChunk> {
    let role = Delta { role: Nullable::Value(llm_types::Role::Assistant), ..Delta::default() };
    let letters: Vec<char> = text.chars().collect();
    let pieces = letters.chunks(3).map(|letters| Delta::text(letters.iter().collect::<String>()));
    let mut chunks: Vec<ChatChunk> =
        std::iter::once(role).chain(pieces).map(|delta| chunk("other", delta)).collect();
    let mut last = ChunkChoice::new(Delta::default());
    last.finish_reason = Nullable::Value(FinishReason::Stop);
    chunks.push(ChatChunk::new("other", 1, "other", vec![last]));
    let mut usage = ChatChunk::new("other", 1, "other", Vec::new());
    usage.usage = Nullable::Value(Usage::new(30, 10));
    chunks.push(usage);
    chunks
}

/// What the client is told: the first leg's chunks, and the other's as they go on with them.
fn joined(
    request: &ChatRequest,
    first: &[ChatChunk],
    prefill: Option<Prefill>,
    other: impl FnOnce(&Thread) -> Vec<ChatChunk>,
) -> Result<Vec<ChatChunk>, Contradiction> {
    let mut thread = Thread::new(request);
    let mut told = Vec::new();
    for chunk in first {
        thread.pass(chunk.clone(), &mut told)?;
    }
    assert_eq!(thread.obstacle(), None);
    thread.broke(&Usage::new(7, 3));
    let plan = thread.plan(request, prefill);
    let other = other(&thread);
    thread.go_on(&plan);
    for chunk in other {
        thread.pass(chunk, &mut told)?;
    }
    thread.end(&mut told)?;
    assert!(thread.is_finished());
    Ok(told)
}

/// The chunks have the form of one stream, and a client of any dialect has `expected` in the end.
fn check(told: &[ChatChunk], expected: &(String, Vec<(String, Value)>), usage: &Usage, what: &str) {
    laws::stream_laws(told);
    let named = |chunk: &&ChatChunk| chunk.id.get().is_some_and(|id| id != told[0].id.as_deref().unwrap());
    assert_eq!(told.iter().find(named), None, "{what}: one id");
    let models: Vec<_> = told.iter().map(|chunk| chunk.model.as_deref()).collect();
    assert!(models.iter().all(|model| *model == models[0]), "{what}: {models:?}");
    let whole = assemble(told);
    assert_eq!(said(&whole), *expected, "{what}");
    assert_eq!(whole.usage.get(), Some(usage), "{what}");
    let finish = if expected.1.is_empty() { FinishReason::Stop } else { FinishReason::ToolCalls };
    assert_eq!(whole.choices[0].finish_reason.get(), Some(&finish), "{what}");
    for (dialect, vendor, model) in DIALECTS {
        let reply = Reply {
            request_id: "r".to_owned(),
            model: model.to_owned(),
            include_usage: true,
            ..Reply::default()
        };
        let mut writer = llm_providers::ingress(dialect).writer(&reply);
        let mut bytes = BytesMut::new();
        for chunk in told {
            writer.chunk(chunk, &mut bytes);
        }
        writer.end(&mut bytes);
        let read = read(dialect, vendor, bytes.freeze(), &format!("{what} {dialect:?}"));
        assert_eq!(said(&read), *expected, "{what} {dialect:?}");
    }
}

/// A stream as a vendor's own decoder of that dialect reads it.
fn read(dialect: Dialect, vendor: &str, bytes: Bytes, what: &str) -> ChatResponse {
    let provider = llm_providers::find(vendor).unwrap();
    let responses =
        llm_providers::openai::ResponsesWire::new(llm_providers::openai::ResponsesOptions::default());
    let chat: &dyn Translator<Chat> =
        if dialect == Dialect::OpenAiResponses { &responses } else { provider.chat().unwrap() };
    let mut decoder = chat.decoder();
    let mut chunks: Vec<ChatChunk> = Vec::new();
    let ok = |item: Result<ChatChunk, _>| item.unwrap_or_else(|error| panic!("{what}: {error:?}"));
    chunks.extend(decoder.push(bytes).map(ok));
    chunks.extend(decoder.finish().map(ok));
    assemble(&chunks)
}

#[test]
fn whatever_is_said_again_is_said_once() {
    let mut cuts = 0;
    for (vendor, name) in VENDORS.iter().flat_map(|v| ["text", "json", "call", "calls"].map(|n| (*v, n))) {
        let stream = fixture(vendor, name);
        let events = events(&stream);
        let request = request(name);
        let expected = said(&assemble(&decoded(vendor, &events).0));
        for at in 0..events.len() {
            let (first, whole) = decoded(vendor, &events[..at]);
            let finished =
                first.iter().any(|chunk| chunk.choices().iter().any(|c| c.finish_reason.is_value()));
            if whole || finished {
                continue;
            }
            cuts += 1;
            for other in VENDORS {
                let again = decoded(other, &self::events(&fixture(other, name))).0;
                let took = assemble(&again).usage.get().cloned().unwrap();
                let what = format!("{vendor} {name} cut after {at}, again by {other}");
                for prefill in [None, Some(Prefill::LastMessage)] {
                    // One that gets the beginning and says it again all the same is believed only if it is long.
                    let before = assembled_text(&first);
                    let has_calls = assemble(&first)
                        .choices
                        .first()
                        .is_some_and(|choice| choice.message.tool_calls.is_value());
                    let is_short = !matches!(name, "json" | "call")
                        && !has_calls
                        && (1..24).contains(&before.trim().chars().count());
                    if prefill.is_some() && is_short {
                        continue;
                    }
                    let told = joined(&request, &first, prefill, |_| again.clone());
                    let told = told.unwrap_or_else(|error| panic!("{what}: {error}"));
                    check(&told, &expected, &sum(&Usage::new(7, 3), &took), &what);
                }
            }
        }
    }
    assert!(cuts > 80, "{cuts}");
}

#[test]
fn words_go_on_where_they_stopped() {
    for vendor in VENDORS {
        let stream = fixture(vendor, "text");
        let events = events(&stream);
        let expected = said(&assemble(&decoded(vendor, &events).0));
        for at in 0..events.len() {
            let (first, _) = decoded(vendor, &events[..at]);
            if first.iter().any(|chunk| chunk.choices().iter().any(|c| c.finish_reason.is_value())) {
                continue;
            }
            let before = assembled_text(&first);
            let rest = expected.0[before.len()..].to_owned();
            let usage = sum(&Usage::new(7, 3), &Usage::new(30, 10));
            // From its beginning, as a vendor does who got it without the spaces at its end.
            let spaces = &before[before.trim_end().len()..];
            for (prefill, text) in [
                (Some(Prefill::LastMessage), rest.clone()),
                (Some(Prefill::Member("prefix".into())), format!("{spaces}{rest}")),
            ] {
                let what = format!("{vendor} text cut after {at}, {prefill:?}");
                let told = joined(&request("text"), &first, prefill, |_| words(&text)).unwrap();
                check(&told, &expected, &usage, &what);
            }
            // Asked to, and beginning with the last words as asked.
            let told = joined(&request("text"), &first, None, |thread| {
                let asked = thread.plan(&request("text"), None).request.messages;
                let ask = asked.last().unwrap().content.get().unwrap().text().into_owned();
                let anchor = if asked.len() > 1 { ask.split_once("\n\n").unwrap().1 } else { "" };
                assert!(before.trim_end().ends_with(anchor));
                words(&format!("{anchor}{}{rest}", if anchor.is_empty() { "" } else { spaces }))
            });
            check(&told.unwrap(), &expected, &usage, &format!("{vendor} text cut after {at}, asked"));
        }
    }
}

fn assembled_text(chunks: &[ChatChunk]) -> String {
    let deltas = chunks.iter().flat_map(ChatChunk::choices).filter_map(|choice| choice.delta.get());
    deltas.filter_map(|delta| delta.content.as_deref()).collect()
}

#[test]
fn thoughts_without_a_signature_do_not_stop_it() {
    let stream = fixture("openai", "thoughts");
    let events = events(&stream);
    let whole = assemble(&decoded("openai", &events).0);
    for at in 0..events.len() {
        let (first, _) = decoded("openai", &events[..at]);
        if first.iter().any(|chunk| chunk.choices().iter().any(|c| c.finish_reason.is_value())) {
            continue;
        }
        for other in VENDORS {
            let again = decoded(other, &self::events(&fixture(other, "thoughts"))).0;
            let told = joined(&request("text"), &first, None, |_| again).unwrap();
            laws::stream_laws(&told);
            let answer = assemble(&told);
            assert_eq!(said(&answer), said(&whole), "cut after {at}, by {other}");
            let thought =
                answer.choices[0].message.reasoning_content.as_deref().unwrap_or_default().to_owned();
            let before = first.iter().flat_map(ChatChunk::choices).filter_map(|choice| choice.delta.get());
            let before: String = before.filter_map(|delta| delta.reasoning_content.as_deref()).collect();
            let again = "The user wants a fox.";
            let expected = match (before.is_empty(), assembled_text(&first).trim().is_empty()) {
                (true, _) => again.to_owned(),
                (false, true) => format!("{before}\n\n{again}"),
                (false, false) => before.clone(),
            };
            assert_eq!(thought, expected, "cut after {at}, by {other}");
            let signed = answer.choices[0].message.thinking_blocks.is_value();
            assert_eq!(
                signed,
                before.is_empty() && other == "anthropic",
                "no signature for what was not signed"
            );
        }
    }
}

#[test]
fn signed_thoughts_do() {
    let stream = fixture("anthropic", "thoughts");
    let events = events(&stream);
    let mut refused = 0;
    for at in 0..events.len() {
        let (first, _) = decoded("anthropic", &events[..at]);
        let mut thread = Thread::new(&request("text"));
        for chunk in first.clone() {
            thread.pass(chunk, &mut Vec::new()).unwrap();
        }
        let thought = first
            .iter()
            .flat_map(ChatChunk::choices)
            .any(|choice| choice.delta.get().is_some_and(|delta| delta.thinking_blocks.is_value()));
        assert_eq!(thread.obstacle(), thought.then_some(Obstacle::SignedThinking), "cut after {at}");
        refused += usize::from(thought);
    }
    assert!(refused > 10, "{refused}");
}

#[test]
fn a_leg_that_breaks_as_well_is_followed_by_a_third() {
    let stream = fixture("openai", "text");
    let events = events(&stream);
    let expected = said(&assemble(&decoded("openai", &events).0));
    let request = request("text");
    for first_at in 2..events.len() - 3 {
        for second_at in 0..events.len() - 3 {
            let mut thread = Thread::new(&request);
            let mut told = Vec::new();
            for (leg, at) in [first_at, second_at, events.len()].into_iter().enumerate() {
                let (chunks, _) = decoded("openai", &events[..at]);
                if leg > 0 {
                    thread.broke(&Usage::new(1, 1));
                    let plan = thread.plan(&request, None);
                    thread.go_on(&plan);
                }
                for chunk in chunks {
                    thread.pass(chunk, &mut told).unwrap();
                }
            }
            thread.end(&mut told).unwrap();
            laws::stream_laws(&told);
            let whole = assemble(&told);
            assert_eq!(said(&whole), expected, "{first_at} {second_at}");
            assert_eq!(whole.usage.get().unwrap().counts().input_total(), 22);
        }
    }
}

#[test]
fn what_contradicts_the_beginning_is_no_continuation() {
    let stream = fixture("openai", "call");
    let (first, _) = decoded("openai", &events(&stream)[..4]);
    let other = stream.replace("Pa", "Ro");
    let again = decoded("openai", &events(&other)).0;
    let told = joined(&request("call"), &first, None, |_| again);
    assert_eq!(told.unwrap_err(), Contradiction::Differs);
    let told = joined(&request("call"), &first, None, |_| words("I would rather not."));
    assert_eq!(told.unwrap_err(), Contradiction::Unfinished);

    let stream = fixture("openai", "json");
    let (first, _) = decoded("openai", &events(&stream)[..5]);
    let told = joined(&request("json"), &first, None, |_| words(r#"{"name": "Dog"}"#));
    assert_eq!(told.unwrap_err(), Contradiction::Differs);
}
