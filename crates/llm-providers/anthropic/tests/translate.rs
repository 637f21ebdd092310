//! Every direction, case by case: fixtures in `tests/fixtures`, what becomes of them in `tests/snapshots`, and
//! the laws that hold for all.
//!
//! The fixtures follow Anthropic's documentation of version 2023-06-01, read 2026-11; none is a recording.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use http::{HeaderMap, Response};
use llm_provider_anthropic::{Anthropic, wire};
use llm_provider_core::{
    Call, Chat, CountTokens, Credential, Decoded, Decoder, Provider, Secret, Translator,
};
use llm_testkit::corpus::case;
use llm_testkit::laws::{self, Equivalence};
use llm_testkit::suite::{Cases, Suite, Wire, body, in_lines, notes, read};
use llm_testkit::tests_of_cases;
use llm_types::{ChatRequest, ErrorKind, Message, Nullable, Tool};
use serde_json::{Value, json};

const MODEL: &str = "claude-sonnet-4-5";

static ANTHROPIC: Anthropic = Anthropic;

fn chat() -> &'static dyn Translator<Chat> {
    ANTHROPIC.chat().unwrap()
}

fn decoder() -> Box<dyn Decoder<Chat>> {
    chat().decoder()
}

/// Claims that are true of Anthropic: it says the same in other words, or needs no word for it.
const EQUIVALENCES: &[Equivalence] = &[
    Equivalence::any("stream_options.include_usage", ""),
    Equivalence::any("stream_options.include_obfuscation", ""),
    Equivalence::of("n", "1", ""),
    Equivalence::of("store", "false", ""),
    Equivalence::of("logprobs", "false", ""),
    Equivalence::of("modalities", "text", ""),
    Equivalence::of("parallel_tool_calls", "true", ""),
    Equivalence::of("parallel_tool_calls", "false", "\"disable_parallel_tool_use\":true"),
    Equivalence::of("tool_choice", "required", "\"tool_choice\":{\"type\":\"any\""),
    Equivalence::of("reasoning_effort", "none", ""),
    Equivalence::any("response_format.json_schema.strict", "\"output_config\":{"),
    Equivalence::of("tools[*].function.strict", "false", ""),
    Equivalence::of("messages[*].content[*].image_url.detail", "auto", ""),
    Equivalence::any("web_search_options.user_location", "\"user_location\":{"),
    Equivalence::any("messages[*].function_call.name", "\"type\":\"tool_use\""),
    Equivalence::any("messages[*].name", "\"type\":\"tool_result\""),
    Equivalence::any("messages[*].is_error", "\"is_error\":true"),
    Equivalence::any("betas", ""),
    Equivalence::of("messages[*].content[*].file.format", "image/png", "\"type\":\"image\""),
    Equivalence::of(
        "messages[*].content[*].image_url.url",
        "data:image/jpg;base64,/9j/4AAQ",
        "\"image/jpeg\"",
    ),
    // Where the model's own blocks were kept, they say it all.
    Equivalence::any("messages[*].provider_specific_fields.stop_reason", ""),
    Equivalence::any("messages[*].provider_specific_fields.content_blocks", "\"server_tool_use\""),
    Equivalence::any("messages[*].reasoning_content", "\"type\":\"thinking\""),
];

/// The names of models, each of another kind.
const MODELS: &[&str] = &[MODEL, "claude-3-5-haiku-20241022", "claude-opus-4-8", "claude-opus-5-5", "other"];

fn cases() -> Cases<'static> {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    let suite = Suite::new(&ANTHROPIC, fixtures, MODEL, EQUIVALENCES);
    let wire = Wire {
        request: laws::json_identity::<wire::MessagesRequest>,
        response: laws::json_identity::<wire::MessageResponse>,
    };
    Cases {
        own_models: true,
        wire,
        junk: JUNK,
        stream: stream_laws,
        essence,
        // Its stream has events of kinds that no whole answer has.
        unlike: &["unknown"],
        ..Cases::new(suite, MODELS)
    }
}

tests_of_cases!(cases());

#[test]
fn kept_blocks_go_back_unchanged() {
    let json = include_str!("fixtures/request/thinking_between_calls.json");
    let request: ChatRequest = llm_types::from_slice(json.as_bytes()).unwrap();
    let source: Value = serde_json::from_str(json).unwrap();
    let body = body(&cases().encode_for(&request, &request.model).unwrap());
    let kept = &source["messages"][1]["provider_specific_fields"]["content_blocks"];
    assert_eq!(body["messages"][1]["content"].to_string(), kept.to_string());
}

mod response {
    use super::*;

    #[test]
    fn an_answer_goes_back_as_it_came() {
        for json in [
            include_str!("fixtures/response/compaction.json"),
            include_str!("fixtures/response/document_citations.json"),
            include_str!("fixtures/response/thinking_tool.json"),
            include_str!("fixtures/response/unknown.json"),
            include_str!("fixtures/response/web_search.json"),
        ] {
            let wire: Value = serde_json::from_str(json).unwrap();
            let message = cases().answer(json).choices.remove(0).message;
            let mut request =
                ChatRequest::new("m", vec![Message::user("?"), message, Message::user("Go on.")]);
            request.tools = Nullable::Value(vec![Tool::function("weather", "", Value::Null)]);
            let body = body(&cases().encode(&request).unwrap());
            assert_eq!(body["messages"][1]["content"], wire["content"]);
        }
    }

    /// What another vendor said beside its words is named; what Anthropic itself said and does not need is not.
    #[test]
    fn words_of_other_vendors_beside_a_message_are_noted() {
        let fields = json!({ "parts": [{ "text": "a" }], "grounding_metadata": {}, "stop_reason": "end_turn",
            "citations": [], "content_blocks": [{ "type": "text", "text": "a" }] });
        let mut said = Message::assistant("a");
        said.provider_specific_fields = llm_types::from_value(fields).ok().into();
        let mut asked = Message::user("?");
        asked.provider_specific_fields =
            Nullable::Value([("own".to_owned(), json!(1))].into_iter().collect());
        let encoded =
            cases().encode(&ChatRequest::new("m", vec![asked, said, Message::user("Go on.")])).unwrap();
        let notes: Vec<_> = encoded.notes.iter().map(|note| note.path.as_str()).collect();
        assert_eq!(
            notes.iter().filter(|path| path.starts_with("messages")).collect::<Vec<_>>(),
            [
                &"messages[0].provider_specific_fields.own",
                &"messages[1].provider_specific_fields.parts",
                &"messages[1].provider_specific_fields.grounding_metadata",
            ]
        );
    }

    /// Anthropic says text of spaces only, and refuses it when it comes back.
    #[test]
    fn text_of_spaces_does_not_go_back() {
        let mut message = Message::assistant("\n");
        let blocks = json!([
            { "type": "text", "text": "\n" },
            { "type": "server_tool_use", "id": "s", "name": "web_search", "input": {} }
        ]);
        message.provider_specific_fields =
            Nullable::Value([("content_blocks".to_owned(), blocks.clone())].into_iter().collect());
        let encoded = cases().encode(&ChatRequest::new("m", vec![Message::user("?"), message])).unwrap();
        assert_eq!(body(&encoded)["messages"][1]["content"], json!([blocks[1]]));
        let notes = notes(&encoded);
        let path = "messages[1].provider_specific_fields.content_blocks";
        assert!(
            notes.contains(&format!("dropped {path}: Anthropic takes no text of spaces only")),
            "{notes:?}"
        );
    }

    #[test]
    fn what_cannot_be_read() {
        let error = chat().decode(Response::new(br#"{"content":1}"#.as_slice())).unwrap_err();
        assert_eq!(error.kind, ErrorKind::BadGateway);
        assert!(error.message.contains("content: invalid type"), "{}", error.message);
    }
}

/// The kind of each refusal among the fixtures.
const KINDS: &[(&str, ErrorKind)] = &[
    ("error.400", ErrorKind::InvalidRequest),
    ("error.400_context", ErrorKind::ContextWindow),
    ("error.404", ErrorKind::NotFound),
    ("error.529", ErrorKind::Unavailable),
];

#[test]
fn errors() {
    let refusals = cases().refusals(&[("retry-after", "7")]);
    let kinds: Vec<_> = refusals.iter().map(|(name, error)| (name.as_str(), error.kind)).collect();
    assert_eq!(kinds, KINDS);
    for (_, body) in cases().suite.fixtures("error") {
        laws::json_identity::<wire::ErrorResponse>(std::str::from_utf8(&body).unwrap());
    }
    for (name, error) in refusals {
        assert_eq!(error.retry_after_ms, Some(7000));
        insta::assert_debug_snapshot!(name, error);
    }
}

/// Takes away pieces of what stands whole beside them.
fn essence(answer: &mut Value) {
    let message = &mut answer["choices"][0]["message"];
    if let Some(specifics) = message.get_mut("provider_specific_fields").and_then(Value::as_object_mut) {
        specifics.retain(|name, _| name != "content_block" && name != "citation");
    }
}

const JUNK: &[&str] = &[
    "event: ping\ndata: {\"type\": \"ping\"}\n\n",
    "event: weather\ndata: {\"type\":\"weather\",\"sky\":{\"type\":\"blue\"}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":99,\"delta\":{\"type\":\"text_delta\",\"text\":\"x\"}}\n\n",
];

fn stream_laws(stream: &[u8]) {
    laws::truncation(decoder, stream, laws::after_last(stream, "\"message_stop\"}"));
    for frame in std::str::from_utf8(stream).unwrap().split("\n\n").filter(|frame| !frame.is_empty()) {
        laws::json_identity::<wire::StreamEvent>(frame.split_once("data: ").unwrap().1);
    }
}

mod stream {
    use super::*;

    #[test]
    fn a_failure_in_mid_stream() {
        let error = cases().failure(include_bytes!("fixtures/stream_error/error.sse"));
        assert_eq!((error.kind, error.status), (ErrorKind::Unavailable, 529));
        assert_eq!(error.request_id.as_deref(), Some("req_9"));
    }

    #[test]
    fn thinking_between_calls_goes_back_as_it_came() {
        let stream = include_bytes!("fixtures/stream/thinking_between_calls.sse");
        let whole = llm_testkit::assemble(&laws::chunks(decoder, stream));
        let message = whole.choices[0].message.clone();
        let request =
            ChatRequest::new("m", vec![Message::user("?"), message, Message::tool("toolu_1", "yes")]);
        let body = body(&cases().encode(&request).unwrap());
        let blocks: Vec<_> = body["messages"][1]["content"]
            .as_array()
            .unwrap()
            .iter()
            .map(|block| (block["type"].as_str().unwrap(), block["signature"].as_str().unwrap_or_default()))
            .collect();
        assert_eq!(blocks, [("thinking", "s1"), ("text", ""), ("thinking", "s2"), ("tool_use", "")]);
    }
}

#[test]
fn unsupported_members_are_refused_or_forwarded() {
    let body = cases().refused_or_forwarded("seed", &json!(7), "Anthropic has no such parameter");
    assert_eq!(body["seed"], 7);
}

#[test]
fn members_of_calls() {
    let call = json!({
        "id": "t", "type": "function", "function": { "name": "f", "arguments": "{}" },
        "caller": { "type": "direct" }, "cache_control": { "type": "ephemeral" }, "thought_signature": "x"
    });
    let message = json!({ "role": "assistant", "content": null, "tool_calls": [call] });
    let result = json!({ "role": "tool", "tool_call_id": "t", "content": "r" });
    let request = json!({ "model": "m", "messages": [{ "role": "user", "content": "?" }, message, result] });
    let encoded = cases().encode(&read(request)).unwrap();
    assert_eq!(
        body(&encoded)["messages"][1]["content"],
        json!([{
            "type": "tool_use", "id": "t", "name": "f", "input": {}, "cache_control": { "type": "ephemeral" },
            "caller": { "type": "direct" }
        }])
    );
    let notes = notes(&encoded);
    let expected =
        "dropped messages[1].tool_calls[0].thought_signature: Anthropic's calls have no such member";
    assert!(notes.iter().any(|note| note == expected), "{notes:?}");
}

#[test]
fn the_deployment_may_say_how_much_is_written() {
    let request = ChatRequest::new("m", vec![Message::user("?")]);
    let headers = HeaderMap::new();
    let call = Call { default_max_tokens: Some(64000), ..Call::new(MODEL, &headers) };
    assert_eq!(body(&chat().encode(&request, &call).unwrap())["max_tokens"], 64000);
}

#[test]
fn tokens_are_counted() {
    let count: &dyn Translator<CountTokens> = ANTHROPIC.count_tokens().unwrap();
    let mut request = case("tools").request();
    request.stream = Nullable::Value(true);
    request.user = Nullable::Value("u".to_owned());
    let headers = HeaderMap::new();
    let key = Credential::Key(Secret::new("sk-ant-oat01-k"));
    let call = Call { credential: Some(&key), base_url: Some("http://h/v1"), ..Call::new(MODEL, &headers) };
    insta::assert_snapshot!("count_tokens", in_lines(count.encode(&request, &call)));
    let Decoded::Answer(counted) =
        count.decode(Response::new(br#"{"input_tokens":403}"#.as_slice())).unwrap()
    else {
        panic!("no answer")
    };
    assert_eq!(counted.input_tokens, 403);
    let error = count.decode(Response::builder().status(429).body(b"{}".as_slice()).unwrap()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::RateLimit);
}

#[test]
fn every_case_has_its_snapshot_and_the_other_way_round() {
    cases().every_snapshot_has_its_case("translate__", &["count_tokens".to_owned()]);
}

#[test]
fn a_messages_mark_stands_in_the_place_of_its_last_parts() {
    let request = |own: Value| {
        read(json!({"model": "m", "max_tokens": 9, "messages": [{
            "role": "user", "cache_control": {"type": "ephemeral", "ttl": "1h"},
            "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b", "cache_control": own}]}]}))
    };
    let encoded = |own: Value| cases().encode(&request(own)).unwrap();
    let other = encoded(json!({"type": "ephemeral", "ttl": "5m"}));
    assert_eq!(body(&other)["messages"][0]["content"][1]["cache_control"]["ttl"], "1h");
    let path = "messages[0].content[1].cache_control";
    assert_eq!(notes(&other), [format!("dropped {path}: the message's own mark stands in its place")]);
    assert_eq!(notes(&encoded(json!({"type": "ephemeral", "ttl": "1h"}))), [""; 0]);
}

/// Mistral's parts of that name hold a list of parts, unsigned.
#[test]
fn thinking_in_mistral_s_parts_is_not_sent() {
    let request = json!({ "model": "m", "messages": [{ "role": "assistant", "content": [
        { "type": "thinking", "thinking": [{ "type": "text", "text": "Hm." }] }, { "type": "text", "text": "a" }] }] });
    let encoded = cases().encode_for(&read(request), "m").unwrap();
    assert_eq!(body(&encoded)["messages"][0]["content"], json!([{ "type": "text", "text": "a" }]));
    let notes = notes(&encoded);
    assert_eq!(notes[0], "dropped messages[0].content[0]: Anthropic takes back signed thinking only");
}

#[test]
fn another_vendors_signature_is_not_sent() {
    let request: ChatRequest = llm_types::from_value(json!({
        "model": MODEL, "max_tokens": 10, "messages": [
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": "b", "thinking_blocks": [
                {"type": "thinking", "thinking": "g", "signature": "c2ln", "format": "google-gemini-v1"},
                {"type": "thinking", "thinking": "a", "signature": "c2lu", "format": "anthropic-claude-v1"}]},
            {"role": "user", "content": "c"}],
    }))
    .unwrap();
    let sent = in_lines(cases().encode(&request));
    assert!(!sent.contains("c2ln") && sent.contains("c2lu") && !sent.contains("\"format\""), "{sent}");
    assert!(sent.contains("dropped messages[1].thinking_blocks[0]"), "{sent}");
}
