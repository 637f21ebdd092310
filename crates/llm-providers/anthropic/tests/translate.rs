//! Every direction, case by case: fixtures in `tests/fixtures`, what becomes of them in `tests/snapshots`, and
//! the laws that hold for all.
//!
//! The fixtures follow Anthropic's documentation of version 2023-06-01, read 2026-11; none is a recording.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fmt::Write as _;

use http::{HeaderMap, Response};
use llm_provider_anthropic::{Anthropic, wire};
use llm_provider_core::{
    Call, Chat, CountTokens, Credential, Decoded, Decoder, EncodeError, Encoded, OnUnsupported, Payload,
    Provider, Secret, StreamError, Translator,
};
use llm_testkit::corpus::{case, corpus};
use llm_testkit::laws::{self, Equivalence};
use llm_types::{ChatRequest, ChatResponse, ErrorKind, Message, Nullable, Tool};
use serde_json::{Value, json};

const MODEL: &str = "claude-sonnet-4-5";

fn chat() -> &'static dyn Translator<Chat> {
    Anthropic.chat_static()
}

/// A translator that outlives the test.
trait Static {
    fn chat_static(self) -> &'static dyn Translator<Chat>;
}

impl Static for Anthropic {
    fn chat_static(self) -> &'static dyn Translator<Chat> {
        static ANTHROPIC: Anthropic = Anthropic;
        ANTHROPIC.chat().unwrap()
    }
}

fn decoder() -> Box<dyn Decoder<Chat>> {
    chat().decoder()
}

/// What is sent and noted, for eyes.
fn sent(encoded: Result<Encoded, EncodeError>) -> String {
    let encoded = match encoded {
        Ok(encoded) => encoded,
        Err(error) => return format!("refused: {error}\n"),
    };
    let (parts, body) = encoded.request.into_parts();
    let mut out = format!("{} {}\n", parts.method, parts.uri);
    for (name, value) in parts.headers.iter().filter(|(name, _)| *name != "content-type") {
        writeln!(out, "{name}: {}", value.to_str().unwrap()).unwrap();
    }
    let Payload::Bytes(body) = body else { panic!("no bytes") };
    let body: Value = serde_json::from_slice(&body).unwrap();
    writeln!(out, "\n{}\n", serde_json::to_string_pretty(&body).unwrap()).unwrap();
    for note in encoded.notes {
        writeln!(out, "{note}").unwrap();
    }
    out
}

fn encode(request: &ChatRequest, model: &str) -> Result<Encoded, EncodeError> {
    let headers = HeaderMap::new();
    chat().encode(request, &Call::new(model, &headers))
}

macro_rules! requests {
    ($($name:ident)+) => { $(
        #[test]
        fn $name() {
            let json = include_str!(concat!("fixtures/request/", stringify!($name), ".json"));
            laws::json_identity::<ChatRequest>(json);
            let request: ChatRequest = llm_types::from_slice(json.as_bytes()).unwrap();
            insta::assert_snapshot!(stringify!($name), sent(encode(&request, &request.model)));
            laws_of(&request, &request.model);
        }
    )+ };
}

mod request {
    use super::*;

    requests! {
        cache_markers documents effort_adaptive effort_budget effort_none_never effort_none_off
        effort_older_adaptive effort_without_thinking form_schema form_tool form_tool_beside_tools form_tool_while_thinking
        instructions_amid own_words redacted_thinking results_and_words thinking_adaptive_old_model
        thinking_between_calls thinking_budget_new_model thinking_lost thinking_off thinking_off_never
    }

    #[test]
    fn kept_blocks_go_back_unchanged() {
        let json = include_str!("fixtures/request/thinking_between_calls.json");
        let request: ChatRequest = llm_types::from_slice(json.as_bytes()).unwrap();
        let source: Value = serde_json::from_str(json).unwrap();
        let body = body(&encode(&request, &request.model).unwrap());
        let kept = &source["messages"][1]["provider_specific_fields"]["content_blocks"];
        assert_eq!(body["messages"][1]["content"].to_string(), kept.to_string());
    }
}

mod corpus_of_all_vendors {
    use super::*;

    #[test]
    fn every_case() {
        for case in corpus() {
            let request = case.request();
            insta::assert_snapshot!(case.name, sent(encode(&request, MODEL)));
            for model in [MODEL, "claude-3-5-haiku-20241022", "claude-opus-4-8", "claude-opus-5-5", "other"] {
                laws_of(&request, model);
            }
        }
    }
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
    Equivalence::of("messages[*].content[*].file.file_data", "VGhlIHNreSBpcyBibHVlLg==", "The sky is blue."),
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

fn laws_of(request: &ChatRequest, model: &str) {
    let headers = HeaderMap::new();
    let call = Call::new(model, &headers);
    laws::encode_is_stable(chat(), request, &call);
    laws::no_silent_loss(chat(), request, &call, EQUIVALENCES);
    let rejecting = Call { unsupported: OnUnsupported::Reject, ..call.clone() };
    laws::no_silent_loss(chat(), request, &rejecting, EQUIVALENCES);
    if let Ok(encoded) = chat().encode(request, &call) {
        laws::json_identity::<wire::MessagesRequest>(&body(&encoded).to_string());
    }
}

fn body(encoded: &Encoded) -> Value {
    let Payload::Bytes(body) = encoded.request.body() else { panic!("no bytes") };
    serde_json::from_slice(body).unwrap()
}

fn answer(json: &str) -> ChatResponse {
    match chat().decode(Response::new(json.as_bytes())).unwrap() {
        Decoded::Answer(answer) => answer,
        Decoded::Again { .. } => panic!("no answer"),
    }
}

macro_rules! responses {
    ($($name:ident)+) => { $(
        #[test]
        fn $name() {
            let json = include_str!(concat!("fixtures/response/", stringify!($name), ".json"));
            laws::json_identity::<wire::MessageResponse>(json);
            insta::assert_json_snapshot!(stringify!($name), answer(json));
        }
    )+ };
}

mod response {
    use super::*;

    responses! {
        compaction document_citations form_tool parallel_tools refusal text thinking_tool unknown web_search
    }

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
            let message = answer(json).choices.remove(0).message;
            let mut request =
                ChatRequest::new("m", vec![Message::user("?"), message, Message::user("Go on.")]);
            request.tools = Nullable::Value(vec![Tool::function("weather", "", Value::Null)]);
            let body = body(&encode(&request, MODEL).unwrap());
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
            encode(&ChatRequest::new("m", vec![asked, said, Message::user("Go on.")]), MODEL).unwrap();
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
        let mut message = Message::assistant("a");
        let blocks = json!([
            { "type": "text", "text": "\n" },
            { "type": "server_tool_use", "id": "s", "name": "web_search", "input": {} }
        ]);
        message.provider_specific_fields =
            Nullable::Value([("content_blocks".to_owned(), blocks.clone())].into_iter().collect());
        let encoded = encode(&ChatRequest::new("m", vec![Message::user("?"), message]), MODEL).unwrap();
        assert_eq!(body(&encoded)["messages"][1]["content"], json!([blocks[1]]));
        let notes: Vec<_> = encoded.notes.iter().map(ToString::to_string).collect();
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

macro_rules! errors {
    ($($name:literal $status:literal $kind:ident)+) => {
        #[test]
        fn errors() {
            $({
                let json = include_str!(concat!("fixtures/error/", $name, ".json"));
                laws::json_identity::<wire::ErrorResponse>(json);
                let response = Response::builder().status($status).header("retry-after", "7");
                let error = chat().decode(response.body(json.as_bytes()).unwrap()).unwrap_err();
                assert_eq!(error.kind, ErrorKind::$kind, $name);
                assert_eq!(error.retry_after_ms, Some(7000));
                insta::assert_debug_snapshot!(concat!("error_", $name), error);
            })+
        }
    };
}

errors! {
    "400" 400 InvalidRequest
    "400_context" 400 ContextWindow
    "404" 404 NotFound
    "529" 529 Unavailable
}

/// An answer without what differs between a whole and a streamed one by nature.
fn essence(answer: &ChatResponse) -> Value {
    let mut value = serde_json::to_value(answer).unwrap();
    let message = value["choices"][0]["message"].as_object_mut().unwrap();
    message.retain(|_, member| !member.is_null());
    // Pieces of what stands whole beside them.
    if let Some(specifics) = message["provider_specific_fields"].as_object_mut() {
        specifics.retain(|name, _| name != "content_block" && name != "citation");
    }
    for call in value["choices"][0]["message"]["tool_calls"].as_array_mut().into_iter().flatten() {
        call.as_object_mut().unwrap().remove("index");
    }
    value
}

const JUNK: &[&str] = &[
    "event: ping\ndata: {\"type\": \"ping\"}\n\n",
    "event: weather\ndata: {\"type\":\"weather\",\"sky\":{\"type\":\"blue\"}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":99,\"delta\":{\"type\":\"text_delta\",\"text\":\"x\"}}\n\n",
];

macro_rules! streams {
    ($($name:ident $(= $whole:ident)?)+) => { $(
        #[test]
        fn $name() {
            let stream = include_str!(concat!("fixtures/stream/", stringify!($name), ".sse")).as_bytes();
            let chunks = laws::chunks(decoder, stream);
            let lines: Vec<_> = chunks.iter().map(|chunk| serde_json::to_string(chunk).unwrap()).collect();
            insta::assert_snapshot!(stringify!($name), lines.join("\n"));
            stream_laws(stream);
            $(
                let whole = include_str!(concat!("fixtures/response/", stringify!($whole), ".json"));
                assert_eq!(essence(&llm_testkit::assemble(&chunks)), essence(&answer(whole)));
            )?
        }
    )+ };
}

fn stream_laws(stream: &[u8]) {
    laws::cut_anywhere(decoder, stream);
    laws::truncation(decoder, stream, laws::after_last(stream, "\"message_stop\"}"));
    laws::unknown_events_harmless(decoder, stream, JUNK);
    laws::unknown_events_harmless(decoder, stream, laws::COMMENTS);
    let chunks = laws::chunks(decoder, stream);
    laws::usage_once(&chunks);
    laws::one_finish_per_choice(&chunks);
    laws::tool_indices(&chunks);
    for frame in std::str::from_utf8(stream).unwrap().split("\n\n").filter(|frame| !frame.is_empty()) {
        laws::json_identity::<wire::StreamEvent>(frame.split_once("data: ").unwrap().1);
    }
}

mod stream {
    use super::*;

    streams! {
        compaction = compaction
        form_tool = form_tool
        parallel_tools = parallel_tools
        refusal = refusal
        text = text
        thinking_between_calls
        thinking_tool = thinking_tool
        unknown = unknown
        web_search = web_search
    }

    #[test]
    fn a_failure_in_mid_stream() {
        let items = laws::read(decoder, include_bytes!("fixtures/stream/error.sse"));
        let Some(Err(StreamError::Upstream(error))) = items.last() else { panic!("{items:?}") };
        assert_eq!((error.kind, error.status), (ErrorKind::Unavailable, 529));
        assert_eq!(error.request_id.as_deref(), Some("req_9"));
        assert_eq!(items.iter().filter(|item| item.is_err()).count(), 1);
        laws::cut_anywhere(decoder, include_bytes!("fixtures/stream/error.sse"));
    }

    #[test]
    fn thinking_between_calls_goes_back_as_it_came() {
        let stream = include_bytes!("fixtures/stream/thinking_between_calls.sse");
        let whole = llm_testkit::assemble(&laws::chunks(decoder, stream));
        let message = whole.choices[0].message.clone();
        let request =
            ChatRequest::new("m", vec![Message::user("?"), message, Message::tool("toolu_1", "yes")]);
        let body = body(&encode(&request, MODEL).unwrap());
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
    let mut request = ChatRequest::new("m", vec![Message::user("?")]);
    request.seed = Nullable::Value(7);
    let headers = HeaderMap::new();
    let call = Call { unsupported: OnUnsupported::Reject, ..Call::new(MODEL, &headers) };
    assert_eq!(
        chat().encode(&request, &call).unwrap_err(),
        EncodeError::unsupported("seed", "Anthropic has no such parameter")
    );
    let forward = ["seed".to_owned()];
    let call = Call { forward: &forward, ..call };
    assert_eq!(body(&chat().encode(&request, &call).unwrap())["seed"], 7);
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
    let encoded = encode(&llm_types::from_value(request).unwrap(), MODEL).unwrap();
    assert_eq!(
        body(&encoded)["messages"][1]["content"],
        json!([{
            "type": "tool_use", "id": "t", "name": "f", "input": {}, "cache_control": { "type": "ephemeral" },
            "caller": { "type": "direct" }
        }])
    );
    let notes: Vec<_> = encoded.notes.iter().map(ToString::to_string).collect();
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
    static ANTHROPIC: Anthropic = Anthropic;
    let count: &dyn Translator<CountTokens> = ANTHROPIC.count_tokens().unwrap();
    let mut request = case("tools").request();
    request.stream = Nullable::Value(true);
    request.user = Nullable::Value("u".to_owned());
    let headers = HeaderMap::new();
    let key = Credential::Key(Secret::new("sk-ant-oat01-k"));
    let call = Call { credential: Some(&key), base_url: Some("http://h/v1"), ..Call::new(MODEL, &headers) };
    insta::assert_snapshot!("count_tokens", sent(count.encode(&request, &call)));
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
fn every_fixture_has_its_snapshot_and_the_other_way_round() {
    let names = |folder: &str| {
        let entries = std::fs::read_dir(format!("{}/tests/{folder}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.map(|name| name.rsplit_once('.').unwrap().0.to_owned()).collect::<BTreeSet<_>>()
    };
    let mut wanted: BTreeSet<String> = ["request", "response", "stream"]
        .into_iter()
        .flat_map(|folder| {
            names(&format!("fixtures/{folder}")).into_iter().map(move |name| format!("{folder}__{name}"))
        })
        .collect();
    // It fails by design, which a snapshot of chunks cannot show.
    wanted.remove("stream__error");
    wanted.extend(names("fixtures/error").into_iter().map(|name| format!("error_{name}")));
    wanted.extend(corpus().iter().map(|case| format!("corpus_of_all_vendors__{}", case.name)));
    wanted.insert("count_tokens".to_owned());
    let wanted: BTreeSet<_> = wanted.into_iter().map(|name| format!("translate__{name}")).collect();
    assert_eq!(names("snapshots"), wanted);
}

/// Mistral's parts of that name hold a list of parts, unsigned.
#[test]
fn thinking_in_mistral_s_parts_is_not_sent() {
    let request = json!({ "model": "m", "messages": [{ "role": "assistant", "content": [
        { "type": "thinking", "thinking": [{ "type": "text", "text": "Hm." }] }, { "type": "text", "text": "a" }] }] });
    let encoded = encode(&serde_json::from_value(request).unwrap(), "m").unwrap();
    assert_eq!(body(&encoded)["messages"][0]["content"], json!([{ "type": "text", "text": "a" }]));
    let notes: Vec<_> = encoded.notes.iter().map(ToString::to_string).collect();
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
    let sent = sent(encode(&request, MODEL));
    assert!(!sent.contains("c2ln") && sent.contains("c2lu") && !sent.contains("\"format\""), "{sent}");
    assert!(sent.contains("dropped messages[1].thinking_blocks[0]"), "{sent}");
}
