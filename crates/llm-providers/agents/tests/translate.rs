//! Requests, answers and streams of the three servers: what becomes of them stands in `tests/snapshots`.
//!
//! The examples follow the servers' documentation (Dify "Send chat message", Langflow "Flow trigger endpoints",
//! LangGraph "Stateless runs" and "Streaming"), read 2026-11; none is a recording.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

use http::{HeaderMap, Response};
use llm_provider_agents::{Dify, LangGraph, Langflow};
use llm_provider_core::{
    Call, Chat, Credential, Decoded, Decoder, EncodeError, Encoded, Payload, Provider, Secret, StreamError,
    Translator, UpstreamError, VendorInfo,
};
use llm_testkit::conformance::{Scenario, Vendor, run, run_corpus};
use llm_testkit::laws::{self, Equivalence};
use llm_types::{ChatRequest, ChatResponse, ErrorKind, Nullable, from_value};
use serde_json::{Value, json};

fn vendors() -> [Box<dyn Provider>; 3] {
    [Box::new(Dify::new()), Box::new(Langflow::new()), Box::new(LangGraph::new())]
}

/// What is sent and noted, for eyes.
fn sent(encoded: Result<Encoded, EncodeError>) -> Value {
    let encoded = match encoded {
        Ok(encoded) => encoded,
        Err(error) => return json!({ "refused": error.to_string() }),
    };
    let notes: Vec<_> = encoded.notes.iter().map(ToString::to_string).collect();
    let (parts, payload) = encoded.request.into_parts();
    let key = parts.headers.iter().find(|(_, value)| value.is_sensitive()).map(|(name, _)| name.to_string());
    let Payload::Bytes(body) = payload else { panic!("bytes") };
    json!({ "uri": parts.uri.to_string(), "key": key, "body": serde_json::from_slice::<Value>(&body).unwrap(), "notes": notes })
}

#[test]
fn the_whole_corpus_is_sent() {
    // No text is no text, and each server has its own word, or an address, for a stream.
    let silence = Equivalence::of("messages[*].content", "", "");
    let words = ["\"response_mode\":\"streaming\"", "", "\"stream_mode\":[\"messages-tuple\"]"];
    for (vendor, word) in vendors().into_iter().zip(words) {
        let equivalences = [silence, Equivalence::of("stream", "true", word)];
        assert!(run_corpus(&*vendor, "an-invented-model", &equivalences).is_empty());
    }
}

/// Servers that do not name the model, nor all of them the answer; whoever asked knows them, and puts them in as the
/// gateway does.
struct Named(Box<dyn Provider>);

impl Provider for Named {
    fn info(&self) -> &VendorInfo {
        self.0.info()
    }

    fn chat(&self) -> Option<&dyn Translator<Chat>> {
        Some(self)
    }
}

impl Translator<Chat> for Named {
    fn encode(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        self.0.chat().unwrap().encode(request, call)
    }

    fn decode(&self, response: Response<&[u8]>) -> Result<Decoded<ChatResponse>, UpstreamError> {
        self.0.chat().unwrap().decode(response).map(|decoded| match decoded {
            Decoded::Answer(mut answer) => {
                answer.id = Nullable::Value(answer.id.as_deref().unwrap_or("answer-1").to_owned());
                answer.model = Nullable::Value(answer.model.as_deref().unwrap_or("agent-1").to_owned());
                Decoded::Answer(answer)
            }
            again @ Decoded::Again { .. } => again,
        })
    }

    fn decoder(&self) -> Box<dyn Decoder<Chat>> {
        self.0.chat().unwrap().decoder()
    }
}

#[test]
fn the_grid() {
    // LangGraph's streams end with the connection: after the words of a model that does not stream, they are whole.
    let ends = ["\"latency\": 0.76}}}", "\"Chat Output\"}]}]}}}", "{\"langgraph_node\": \"agent\"}]\n\n"];
    let junk: [&[&str]; 3] = [
        &["data: {\"event\":\"new\",\"a\":1}\n\n", "event: ping\n\n"],
        &["{\"event\":\"new\",\"data\":{\"a\":1}}\n\n"],
        &["event: new\ndata: {\"a\":1}\n\n", "event: updates|sub:1\ndata: {\"a\":1}\n\n"],
    ];
    for ((vendor, terminal), junk) in vendors().map(Named).into_iter().zip(ends).zip(junk) {
        let id = vendor.info().id.to_string();
        let counts = |scenario| match id.as_str() {
            "langflow" => matches!(scenario, Scenario::Usage | Scenario::UsageCached),
            "dify" => scenario == Scenario::UsageCached,
            _ => false,
        };
        let lacks = |scenario: Scenario| {
            let asked = scenario.is_possible(&vendor.info().capabilities) == Some(false)
                || matches!(scenario, Scenario::ParallelToolsStream | Scenario::ContentPolicy);
            match asked {
                true => Some((scenario, "a text in, a text out")),
                false => counts(scenario).then_some((scenario, "the server does not count this")),
            }
        };
        let skips: Vec<_> = Scenario::ALL.into_iter().filter_map(lacks).collect();
        let report = run(&Vendor {
            provider: &vendor,
            fixtures: &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(&id),
            model: "agent-1",
            terminal,
            junk,
            skips: &skips,
        });
        assert_eq!(report.passed.len() + report.skipped.len(), Scenario::ALL.len(), "{report}");
        assert!(report.passed.len() > 9, "{report}");
    }
}

#[test]
fn requests() {
    let headers = HeaderMap::new();
    let key = Credential::Key(Secret::new("k"));
    let call = Call { credential: Some(&key), ..Call::new("agent-1", &headers) };
    let messages = json!([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hi."}, {"role": "user", "content": "Bye"}]);
    let plain: ChatRequest =
        from_value(json!({"model": "m", "messages": messages, "temperature": 0.5})).unwrap();
    let remembered: ChatRequest =
        from_value(json!({"model": "m", "messages": messages, "stream": true, "user": "ann",
        "conversation_id": "c-1", "session_id": "s-1", "inputs": {"a": 1}, "config": {"recursion_limit": 5}}))
        .unwrap();
    for vendor in vendors() {
        let id = vendor.info().id.to_string();
        insta::assert_json_snapshot!(
            format!("{id}.plain"),
            sent(vendor.chat().unwrap().encode(&plain, &call))
        );
        let seen = sent(vendor.chat().unwrap().encode(&remembered, &call));
        insta::assert_json_snapshot!(format!("{id}.remembered"), seen);
    }
    let bad = Call::new("../x", &headers);
    assert!(matches!(Langflow::new().chat().unwrap().encode(&plain, &bad), Err(EncodeError::Invalid { .. })));
}

#[test]
fn answers() {
    let dify = json!({"event": "message", "message_id": "m-1", "conversation_id": "c-1", "mode": "chat", "answer": "Hi.",
        "metadata": {"usage": {"prompt_tokens": 12, "completion_tokens": 8, "total_tokens": 20, "total_price": "0.01"},
            "retriever_resources": [{"document_name": "d"}]}, "created_at": 1790000000});
    let langflow = json!({"session_id": "s-1", "outputs": [{"inputs": {}, "outputs": [{"results": {"message": {"text": "Hi."}}}]}]});
    let langgraph = json!({"messages": [{"type": "human", "content": "Hello"}, {"type": "tool", "content": "x"},
        {"type": "ai", "id": "run-1", "content": [{"type": "text", "text": "Hi."}],
            "response_metadata": {"finish_reason": "stop", "model_name": "gpt-4o"},
            "usage_metadata": {"input_tokens": 12, "output_tokens": 8, "total_tokens": 20,
                "input_token_details": {"cache_read": 4}, "output_token_details": {"reasoning": 2}}}]});
    for (vendor, body) in vendors().into_iter().zip([dify, langflow, langgraph]) {
        let body = body.to_string();
        let Decoded::Answer(answer) = vendor.chat().unwrap().decode(Response::new(body.as_bytes())).unwrap()
        else {
            panic!("an answer")
        };
        insta::assert_json_snapshot!(format!("{}.answer", vendor.info().id), answer);
        let nothing = vendor.chat().unwrap().decode(Response::new(b"{\"detail\":\"no\"}".as_slice()));
        assert_eq!(nothing.unwrap_err().message, "no");
    }
    let failed = LangGraph::new();
    let error = failed.chat().unwrap().decode(Response::new(
        br#"{"__error__":{"error":"GraphRecursionError","message":"too deep"}}"#.as_slice(),
    ));
    assert_eq!(error.unwrap_err().message, "too deep");
}

fn event(name: &str, data: &Value) -> String {
    if name.is_empty() { format!("data: {data}\n\n") } else { format!("event: {name}\ndata: {data}\n\n") }
}

#[test]
fn streams() {
    let part = |text: &str| json!({"event": "message", "message_id": "m-1", "conversation_id": "c-1", "answer": text, "created_at": 1});
    let end = json!({"event": "message_end", "message_id": "m-1", "conversation_id": "c-1",
        "metadata": {"usage": {"prompt_tokens": 12, "completion_tokens": 8, "total_tokens": 20}}});
    let dify = [
        "event: ping\n\n".to_owned(),
        event("", &part("Par")),
        event("", &json!({"event": "agent_thought", "thought": "hm"})),
        event("", &part("is.")),
        event("", &end),
    ]
    .concat();
    let token =
        |text: &str| json!({"event": "token", "data": {"chunk": text, "id": "x"}}).to_string() + "\n\n";
    let done = json!({"event": "end", "data": {"result": {"session_id": "s-1", "outputs": []}}}).to_string()
        + "\n\n";
    let langflow = [
        json!({"event": "add_message", "data": {"text": "?"}}).to_string() + "\n\n",
        token("Par"),
        token("is."),
        done,
    ]
    .concat();
    let chunk = |text: &str| json!([{"type": "AIMessageChunk", "id": "run-1", "content": text}, {"langgraph_node": "agent"}]);
    let counted = json!([{"type": "AIMessageChunk", "id": "run-1", "content": "is.",
        "usage_metadata": {"input_tokens": 12, "output_tokens": 8, "total_tokens": 20}}, {}]);
    let langgraph = [
        event("metadata", &json!({"run_id": "r"})),
        event("messages", &chunk("Par")),
        event("messages", &json!([{"type": "tool", "id": "t", "content": "x"}, {}])),
        event("messages|sub:1", &counted),
        event("messages", &json!([{"type": "ai", "id": "run-1", "content": "Paris."}, {}])),
        event("end", &Value::Null),
    ]
    .concat();
    let ends = ["\"total_tokens\":20}}}", "\"outputs\":[]}}}", "event: end\ndata: null"];
    for ((vendor, stream), end) in vendors().into_iter().zip([dify, langflow, langgraph]).zip(ends) {
        let id = vendor.info().id.to_string();
        let make = || vendor.chat().unwrap().decoder();
        laws::cut_anywhere(make, stream.as_bytes());
        if id != "langgraph" {
            laws::truncation(make, stream.as_bytes(), laws::after_last(stream.as_bytes(), end));
        }
        if id != "langflow" {
            laws::unknown_events_harmless(make, stream.as_bytes(), laws::COMMENTS);
            laws::unknown_events_harmless(make, stream.as_bytes(), &["event: new\ndata: {\"new\":1}\n\n"]);
        }
        let chunks = laws::chunks(make, stream.as_bytes());
        laws::stream_laws(&chunks);
        let whole = llm_testkit::assemble(&chunks);
        assert_eq!(whole.choices[0].message.content.get().unwrap().text(), "Paris.", "{id}");
        if id != "langflow" {
            let counts = whole.usage.get().unwrap().counts();
            assert_eq!((counts.input, counts.output), (12, 8), "{id}");
        }
        let lines: Vec<_> = chunks.iter().map(|chunk| serde_json::to_string(chunk).unwrap()).collect();
        insta::assert_snapshot!(format!("{id}.stream"), lines.join("\n"));
    }
}

#[test]
fn streams_that_end_otherwise() {
    let read = |vendor: &dyn Provider, stream: &str| {
        laws::read(|| vendor.chat().unwrap().decoder(), stream.as_bytes())
    };
    let failures = [
        (
            0,
            event(
                "",
                &json!({"event": "error", "status": 429, "code": "rate_limit", "message": "slow down"}),
            ),
        ),
        (1, json!({"event": "error", "data": {"error": "slow down"}}).to_string() + "\n\n"),
        (2, event("error", &json!({"error": "RateLimitError", "message": "slow down"}))),
    ];
    for (at, stream) in failures {
        let items = read(&*vendors()[at], &stream);
        let [Err(StreamError::Upstream(error))] = items.as_slice() else { panic!("{items:?}") };
        assert_eq!(error.message, "slow down");
        assert!(at != 0 || error.kind == ErrorKind::RateLimit, "{error:?}");
    }
    // A flow that does not stream, and a run without its last event.
    let result =
        json!({"session_id": "s", "outputs": [{"outputs": [{"results": {"message": {"text": "Hi."}}}]}]});
    let flow = json!({"event": "end", "data": {"result": result}}).to_string();
    let chunks: Vec<_> = read(&Langflow::new(), &flow).into_iter().map(Result::unwrap).collect();
    assert_eq!(llm_testkit::assemble(&chunks).choices[0].message.content.get().unwrap().text(), "Hi.");
    let run = event("messages", &json!([{"type": "ai", "id": "a", "content": "Hi."}, {}]));
    let chunks: Vec<_> = read(&LangGraph::new(), &run).into_iter().map(Result::unwrap).collect();
    laws::stream_laws(&chunks);
    for cut in ["", "event: metadata\ndata: {}\n\n", "event: messages\ndata: [{\"type\":"] {
        let items = read(&LangGraph::new(), cut);
        assert!(matches!(items.as_slice(), [Err(StreamError::Truncated)]), "{cut}: {items:?}");
    }
}
