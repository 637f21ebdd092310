//! What each scenario must give.

use llm_provider_core::{
    Chat, Decoded, Decoder, NoteKind, OnUnsupported, StreamError, Translator, UpstreamError,
};
use llm_types::{ChatChunk, ChatResponse, Choice, FinishReason, MessageContent, Role, ToolCall, Usage};
use serde_json::Value;

use super::fixtures::Fixtures;
use super::{Scenario, Vendor, facts, with_call};
use crate::assemble;
use crate::corpus::case;
use crate::laws::{
    COMMENTS, after_last, chunks, cut_anywhere, losses, read, stream_laws, truncation,
    unknown_events_harmless, unknown_members_harmless,
};

/// Checks one scenario.
pub(super) fn check(vendor: &Vendor<'_>, fixtures: &Fixtures, scenario: Scenario) {
    if scenario.sends().is_some() {
        arrives(vendor, scenario);
    }
    if scenario.error_kind().is_some() {
        return error(vendor, fixtures, scenario);
    }
    match scenario {
        Scenario::Text => text(&answer(vendor, fixtures, scenario)),
        Scenario::TextStream => text(&streamed(vendor, fixtures, scenario)),
        Scenario::Tools => tools(&answer(vendor, fixtures, scenario), &[facts::TOOL]),
        Scenario::ToolsStream => tools(&streamed(vendor, fixtures, scenario), &[facts::TOOL]),
        Scenario::ParallelToolsStream => {
            tools(&streamed(vendor, fixtures, scenario), &[facts::TOOL, facts::SECOND_TOOL]);
        }
        Scenario::Thinking => thinking(&answer(vendor, fixtures, scenario)),
        Scenario::ThinkingStream => thinking(&streamed(vendor, fixtures, scenario)),
        Scenario::Usage => {
            usage(&answer(vendor, fixtures, Scenario::Text));
            if vendor.provider.info().capabilities.streaming {
                usage(&streamed(vendor, fixtures, Scenario::TextStream));
            }
        }
        Scenario::UsageCached => usage_cached(&answer(vendor, fixtures, scenario)),
        Scenario::TruncatedStream => {
            for (_, stream) in fixtures.streams() {
                truncation(|| decoder(vendor), stream, after_last(stream, vendor.terminal));
            }
        }
        Scenario::UnknownEvents => {
            for (_, stream) in fixtures.streams() {
                unknown_events_harmless(|| decoder(vendor), stream, COMMENTS);
                unknown_events_harmless(|| decoder(vendor), stream, vendor.junk);
                unknown_members_harmless(|| decoder(vendor), stream);
            }
        }
        Scenario::StreamError => stream_error(vendor, fixtures.get(scenario)),
        _ => {}
    }
}

/// A scenario that the vendor lacks: what the request asked for is refused, noted or carried all the same,
/// but never lost in silence.
pub(super) fn lack_is_said(vendor: &Vendor<'_>, scenario: Scenario) {
    let Some((name, path)) = scenario.sends() else { return };
    with_call(vendor.provider, vendor.model, |call| {
        let request = case(name).request();
        if let Ok(encoded) = chat(vendor).encode(&request, call) {
            let lost = losses(&request, &encoded, &[]);
            let lost: Vec<_> = lost.iter().filter(|loss| loss.path.starts_with(path)).collect();
            assert!(lost.is_empty(), "the vendor lacks it, and nothing says so: {lost:#?}");
        }
    });
}

/// The member that the scenario is about reaches the vendor.
fn arrives(vendor: &Vendor<'_>, scenario: Scenario) {
    let Some((name, path)) = scenario.sends() else { return };
    with_call(vendor.provider, vendor.model, |call| {
        let mut call = call.clone();
        let request = case(name).request();
        let encoded = chat(vendor).encode(&request, &call).unwrap_or_else(|error| panic!("{error}"));
        // A keyword that the vendor's subset of JSON Schema lacks takes nothing away from the tool.
        let dropped = encoded.notes.iter().find(|note| {
            note.kind == NoteKind::Dropped
                && note.path.starts_with(path)
                && !note.path.contains(".function.parameters.")
        });
        assert!(dropped.is_none(), "the capabilities claim it, and it is left out: {dropped:?}");
        let lost = losses(&request, &encoded, &[]);
        let lost: Vec<_> = lost.iter().filter(|loss| loss.path.starts_with(path)).collect();
        assert!(lost.is_empty(), "it is lost in silence: {lost:#?}");
        call.unsupported = OnUnsupported::Reject;
        if let Err(error) = chat(vendor).encode(&request, &call) {
            panic!("the capabilities claim it, and it is refused where nothing may be left out: {error}");
        }
    });
}

fn text(answer: &ChatResponse) {
    let choice = only_choice(answer);
    assert_eq!(words(choice), facts::TEXT);
    assert_eq!(choice.finish_reason.get(), Some(&FinishReason::Stop));
    assert!(choice.message.tool_calls.get().is_none_or(Vec::is_empty), "no tools were called: {choice:#?}");
}

fn tools(answer: &ChatResponse, expected: &[(&str, &str)]) {
    let choice = only_choice(answer);
    assert_eq!(choice.finish_reason.get(), Some(&FinishReason::ToolCalls));
    let calls = choice.message.tool_calls.get().map_or(&[][..], Vec::as_slice);
    assert_eq!(calls.len(), expected.len(), "{calls:#?}");
    for (at, (call, (name, arguments))) in calls.iter().zip(expected).enumerate() {
        tool(call, name, arguments);
        assert!(calls[..at].iter().all(|earlier| earlier.id != call.id), "two calls have one id: {calls:#?}");
    }
}

fn tool(call: &ToolCall, name: &str, arguments: &str) {
    assert!(call.id.get().is_some_and(|id| !id.is_empty()), "a call has an id: {call:#?}");
    assert_eq!(call.r#type.as_deref(), Some("function"));
    let function = call.function.get().unwrap_or_else(|| panic!("a call has a function: {call:#?}"));
    assert_eq!(function.name.as_deref(), Some(name));
    let json =
        |text: &str| serde_json::from_str::<Value>(text).unwrap_or_else(|error| panic!("{error}: `{text}`"));
    assert_eq!(json(function.arguments.as_deref().unwrap_or_default()), json(arguments));
}

fn thinking(answer: &ChatResponse) {
    let choice = only_choice(answer);
    assert_eq!(choice.message.reasoning_content.as_deref(), Some(facts::THINKING));
    if let Some(blocks) = choice.message.thinking_blocks.get() {
        let thought: String = blocks.iter().filter_map(|block| block.thinking.as_deref()).collect();
        assert_eq!(thought, facts::THINKING, "the blocks say what the text says");
    }
    assert_eq!(words(choice), facts::TEXT);
    assert_eq!(choice.finish_reason.get(), Some(&FinishReason::Stop));
}

fn usage(answer: &ChatResponse) {
    let usage = usage_of(answer);
    let counts = usage.counts();
    assert_eq!(
        (counts.input, counts.input_total()),
        (facts::PROMPT_TOKENS, facts::PROMPT_TOKENS),
        "{usage:#?}"
    );
    assert_eq!(
        (counts.output, counts.output_total()),
        (facts::COMPLETION_TOKENS, facts::COMPLETION_TOKENS),
        "{usage:#?}"
    );
    sums_up(usage);
}

fn usage_cached(answer: &ChatResponse) {
    let usage = usage_of(answer);
    let counts = usage.counts();
    assert_eq!(counts.input_total(), facts::CACHED_PROMPT_TOKENS, "{usage:#?}");
    assert_eq!(counts.input_cached, facts::CACHED_TOKENS, "{usage:#?}");
    assert_eq!(counts.input, facts::CACHED_PROMPT_TOKENS - facts::CACHED_TOKENS, "{usage:#?}");
    sums_up(usage);
}

fn sums_up(usage: &Usage) {
    let number =
        |number: &llm_types::Nullable<serde_json::Number>| number.get().and_then(serde_json::Number::as_u64);
    let sum = number(&usage.prompt_tokens)
        .zip(number(&usage.completion_tokens))
        .map(|(read, written)| read + written);
    assert_eq!(number(&usage.total_tokens), sum, "the total is the sum: {usage:#?}");
}

fn error(vendor: &Vendor<'_>, fixtures: &Fixtures, scenario: Scenario) {
    let fixture = fixtures.error(scenario);
    let mut response = http::Response::builder().status(fixture.status);
    for (name, value) in &fixture.headers {
        response = response.header(name, value);
    }
    let error: UpstreamError = match chat(vendor).decode(response.body(fixture.body.as_slice()).unwrap()) {
        Err(error) => error,
        Ok(answer) => panic!("a failure was read as an answer: {answer:#?}"),
    };
    assert_eq!(Some(error.kind), scenario.error_kind(), "{error:#?}");
    assert_eq!(error.status, fixture.status);
    assert_eq!(error.body, fixture.body, "the vendor's whole answer is kept");
    says(&error.message, &fixture.body);
    if scenario == Scenario::RateLimit {
        assert_eq!(error.retry_after_ms, Some(facts::RETRY_AFTER_MS));
    }
}

fn stream_error(vendor: &Vendor<'_>, stream: &[u8]) {
    cut_anywhere(|| decoder(vendor), stream);
    let mut items = read(|| decoder(vendor), stream);
    let error = match items.pop() {
        Some(Err(StreamError::Upstream(error))) => error,
        last => panic!("the stream ends in the vendor's failure, not in {last:#?}"),
    };
    says(&error.message, stream);
    assert!(error.kind.retryable(), "a failure of the vendor may pass: {error:#?}");
    let chunks: Vec<ChatChunk> = items
        .into_iter()
        .map(|item| item.unwrap_or_else(|error| panic!("a second failure: {error}")))
        .collect();
    let answer = assemble(&chunks);
    assert!(!words(only_choice(&answer)).is_empty(), "there were words before the failure");
    assert!(!only_choice(&answer).finish_reason.is_value(), "a failed answer has no finish reason");
}

/// The message is in the vendor's own words.
fn says(message: &str, body: &[u8]) {
    let body = String::from_utf8_lossy(body);
    let as_json = Value::from(message).to_string();
    let is_there = body.contains(message) || body.contains(as_json.trim_matches('"'));
    assert!(!message.is_empty() && is_there, "`{message}` is not what the vendor said: {body}");
}

fn answer(vendor: &Vendor<'_>, fixtures: &Fixtures, scenario: Scenario) -> ChatResponse {
    let response = http::Response::builder().header("content-type", "application/json");
    let answer = match chat(vendor).decode(response.body(fixtures.get(scenario)).unwrap()) {
        Ok(Decoded::Answer(answer)) => answer,
        other => panic!("this is an answer: {other:#?}"),
    };
    assert!(answer.id.get().is_some_and(|id| !id.is_empty()), "an answer has an id: {answer:#?}");
    assert!(answer.model.get().is_some_and(|model| !model.is_empty()), "an answer has a model: {answer:#?}");
    assert_eq!(answer.object.as_deref(), Some("chat.completion"));
    answer
}

fn streamed(vendor: &Vendor<'_>, fixtures: &Fixtures, scenario: Scenario) -> ChatResponse {
    let stream = fixtures.get(scenario);
    cut_anywhere(|| decoder(vendor), stream);
    let chunks = chunks(|| decoder(vendor), stream);
    stream_laws(&chunks);
    for chunk in &chunks {
        assert_eq!(chunk.object.as_deref(), Some("chat.completion.chunk"));
        assert!(chunk.id.is_value() && chunk.id == chunks[0].id, "all chunks have one id: {chunks:#?}");
    }
    assemble(&chunks)
}

fn only_choice(answer: &ChatResponse) -> &Choice {
    let [choice] = answer.choices.as_slice() else { panic!("there is one choice: {answer:#?}") };
    assert_eq!(choice.index.get(), Some(&0));
    assert_eq!(choice.message.role, Role::Assistant);
    choice
}

fn words(choice: &Choice) -> String {
    choice.message.content.get().map(MessageContent::text).unwrap_or_default().into_owned()
}

fn usage_of(answer: &ChatResponse) -> &Usage {
    answer.usage.get().unwrap_or_else(|| panic!("the usage is told: {answer:#?}"))
}

fn chat<'a>(vendor: &Vendor<'a>) -> &'a dyn Translator<Chat> {
    vendor.provider.chat().expect("the vendor has chat")
}

fn decoder(vendor: &Vendor<'_>) -> Box<dyn Decoder<Chat>> {
    chat(vendor).decoder()
}
