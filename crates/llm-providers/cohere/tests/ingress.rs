//! Clients that speak Cohere's dialect: what they ask, and what they are told.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::needless_pass_by_value, reason = "`json!` makes values")]

use bytes::BytesMut;
use http::HeaderMap;
use llm_provider_cohere::{Cohere, CohereEmbedIngress, CohereIngress, CohereRerankIngress, wire};
use llm_provider_core::{
    Call, Chat, Embeddings, Incoming, Ingress, Payload, Peek, Provider, Reply, Rerank, Translator,
    WholeIngress,
};
use llm_testkit::{assemble, laws};
use llm_types::{
    ApiError, ChatChunk, ChatRequest, ChatResponse, EmbeddingResponse, ErrorKind, Layer, ReasoningEffort,
    RerankResponse,
};
use serde_json::{Value, json};

static COHERE: Cohere = Cohere;

fn cohere() -> &'static dyn Translator<Chat> {
    COHERE.chat().unwrap()
}

fn reply() -> Reply {
    Reply { request_id: "req-1".to_owned(), model: "asked".to_owned(), created_s: 1, include_usage: true }
}

fn read(body: Value) -> Incoming<ChatRequest> {
    CohereIngress.read(body.to_string().as_bytes()).unwrap()
}

fn notes(incoming: &Incoming<ChatRequest>) -> Vec<String> {
    incoming.notes.iter().map(ToString::to_string).collect()
}

/// What the translator makes of a request that was read.
fn again(body: &Value) -> Value {
    let request = read(body.clone()).request;
    let canonical = serde_json::to_vec(&request).unwrap();
    assert_eq!(llm_types::from_slice::<ChatRequest>(&canonical).unwrap(), request);
    let headers = HeaderMap::new();
    let model = request.model.clone();
    let encoded = cohere().encode(&request, &Call::new(&model, &headers)).unwrap();
    let Payload::Bytes(bytes) = encoded.request.body() else { panic!("no bytes") };
    serde_json::from_slice(bytes).unwrap()
}

fn full() -> Value {
    json!({
        "model": "command-a-03-2025", "stream": true,
        "messages": [
            { "role": "system", "content": "Be brief." },
            { "role": "user", "content": [
                { "type": "text", "text": "What is this?" },
                { "type": "image_url", "image_url": { "url": "data:image/png;base64,AA==", "detail": "low" } }
            ] },
            { "role": "assistant", "content": [{ "type": "thinking", "thinking": "Look it up." }], "tool_plan": "I will look.",
              "tool_calls": [{ "id": "look_1", "type": "function", "function": { "name": "look", "arguments": "{\"at\":1}" } }] },
            { "role": "tool", "tool_call_id": "look_1", "content": [{ "type": "document", "document": { "data": { "it": "a cat" }, "id": "d" } }] },
            { "role": "assistant", "content": "A cat.", "citations": [{ "start": 0, "end": 5, "text": "A cat", "sources": [] }] },
            { "role": "user", "content": "Sure?" }
        ],
        "tools": [{ "type": "function", "function": { "name": "look", "description": "Looks.", "parameters": { "type": "object" } } }],
        "strict_tools": true, "tool_choice": "REQUIRED", "documents": ["Cats: furry", { "id": "dogs", "data": { "text": "Dogs bark." } }],
        "max_tokens": 50, "stop_sequences": ["END"], "temperature": 0.3, "seed": 7, "frequency_penalty": 0.5, "presence_penalty": 0.1,
        "k": 40, "p": 0.75, "logprobs": true, "thinking": { "type": "enabled", "token_budget": 1024 }
    })
}

#[test]
fn a_request_comes_back_as_it_was() {
    let body = full();
    assert_eq!(again(&body), body);
}

#[test]
fn a_request_means_something_to_others() {
    let incoming = read(full());
    let request = &incoming.request;
    assert!(request.streams() && request.wants_stream_usage());
    assert_eq!(request.reasoning_effort.get(), Some(&ReasoningEffort::Low));
    let canonical = serde_json::to_value(request).unwrap();
    assert_eq!(
        canonical["messages"][1]["content"],
        "Answer on the basis of these documents.\n\nDocument 0:\nCats: furry\n\nDocument dogs:\nDogs bark."
    );
    assert_eq!(canonical["messages"][3]["reasoning_content"], "Look it up.\n\nI will look.");
    assert_eq!(
        canonical["messages"][4]["content"],
        json!([{ "type": "text", "text": "{\"it\":\"a cat\"}" }])
    );
    assert_eq!(canonical["tools"][0]["function"]["strict"], true);
    assert_eq!(
        (&canonical["tool_choice"], &canonical["top_p"], &canonical["top_k"]),
        (&json!("required"), &json!(0.75), &json!(40))
    );
    assert_eq!(canonical["thinking"], json!({ "type": "enabled", "budget_tokens": 1024 }));
    assert_eq!(
        notes(&incoming),
        [
            "converted messages[3].content: documents to text",
            "converted documents: to instructions; citations are up to the model"
        ]
    );
}

#[test]
fn forms_and_switches() {
    let user = json!([{ "role": "user", "content": "?" }]);
    for (format, canonical) in [
        (json!({ "type": "json_object" }), json!({ "type": "json_object" })),
        (json!({ "type": "text" }), json!({ "type": "text" })),
        (
            json!({ "type": "json_object", "json_schema": { "type": "object" } }),
            json!({ "type": "json_schema", "json_schema": { "name": "answer", "schema": { "type": "object" } } }),
        ),
        (json!({ "type": "verse", "feet": 5 }), json!({ "feet": 5, "type": "verse" })),
    ] {
        let incoming = read(json!({ "model": "m", "messages": user, "response_format": format }));
        assert_eq!(serde_json::to_value(incoming.request.response_format).unwrap(), canonical);
    }
    let off = read(
        json!({ "model": "m", "messages": user, "thinking": { "type": "disabled" }, "tool_choice": "NONE" }),
    );
    assert_eq!(off.request.thinking.get(), Some(&json!({ "type": "disabled" })));
    assert!(off.request.reasoning_effort.is_absent());
    let on = read(json!({ "model": "m", "messages": user, "thinking": { "type": "enabled" } }));
    assert_eq!(on.request.reasoning_effort.get(), Some(&ReasoningEffort::Medium));
    assert_eq!(serde_json::to_value(off.request.tool_choice).unwrap(), "none");
    let own = read(
        json!({ "model": "m", "messages": user, "safety_mode": "OFF", "citation_options": { "mode": "OFF" },
        "priority": 2, "documents": [], "user": "u", "future": 1 }),
    );
    assert_eq!(
        notes(&own),
        [
            "dropped user: Cohere's requests have no such member",
            "dropped citation_options: means nothing to other vendors",
            "dropped safety_mode: means nothing to other vendors",
            "dropped priority: means nothing to other vendors",
        ]
    );
    assert_eq!(own.request.extra["future"], 1);
    assert_eq!(own.request.messages.len(), 1);
}

#[test]
fn faults_name_their_place() {
    for (body, path) in [
        (json!({ "messages": [] }), ""),
        (json!({ "model": "m", "messages": [{ "content": "x" }] }), "messages[0]"),
        (json!({ "model": "m", "messages": [{ "role": "user", "content": 1 }] }), "messages[0].content"),
        (json!({ "model": "m", "messages": [], "max_tokens": "x" }), "max_tokens"),
    ] {
        let error = CohereIngress.read(body.to_string().as_bytes()).unwrap_err();
        assert_eq!(error.path, path, "{error}");
    }
    let body = br#"{"model":"m","stream":true}"#;
    assert!(CohereIngress.wants_stream(&Peek::new(body).unwrap()).unwrap());
}

fn canonical(json: Value) -> ChatResponse {
    llm_types::from_value(json).unwrap()
}

fn written(answer: &ChatResponse) -> (Value, Vec<String>) {
    let outgoing = CohereIngress.write(answer, &reply());
    laws::json_identity::<wire::ChatResponse>(std::str::from_utf8(&outgoing.body).unwrap());
    (
        serde_json::from_slice(&outgoing.body).unwrap(),
        outgoing.notes.iter().map(ToString::to_string).collect(),
    )
}

#[test]
fn an_answer_of_another_vendor() {
    let answer = canonical(json!({
        "id": "", "model": "m", "choices": [
            { "index": 0, "finish_reason": "tool_calls", "message": { "role": "assistant", "content": "Paris, yes.",
                "reasoning_content": "Hm.", "thinking_blocks": [{ "type": "thinking", "thinking": "Hm.", "signature": "s" }],
                "annotations": [{ "type": "url_citation", "url_citation": { "start_index": 0, "end_index": 5, "url": "https://p", "title": "P" } }],
                "tool_calls": [{ "id": "c1", "type": "function", "function": { "name": "f", "arguments": "{}" } },
                    { "id": "c2", "type": "custom", "custom": { "name": "g", "input": "x" } }] },
              "logprobs": { "content": [{ "token": "Pa", "logprob": -0.5 }] } },
            { "index": 1, "message": { "role": "assistant", "content": "no" } }
        ],
        "usage": { "prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14, "prompt_tokens_details": { "cached_tokens": 3 } },
        "provider_specific_fields": { "mood": "good" }
    }));
    let (body, notes) = written(&answer);
    assert_eq!(
        body,
        json!({
            "id": "req-1", "finish_reason": "TOOL_CALL", "mood": "good",
            "message": { "role": "assistant",
                "content": [{ "type": "thinking", "thinking": "Hm." }, { "type": "text", "text": "Paris, yes." }],
                "tool_calls": [{ "id": "c1", "type": "function", "function": { "name": "f", "arguments": "{}" } },
                    { "id": "c2", "type": "function", "function": { "name": "g", "arguments": "{\"input\":\"x\"}" } }],
                "citations": [{ "start": 0, "end": 5, "text": "Paris", "content_index": 1, "type": "TEXT_CONTENT",
                    "sources": [{ "type": "document", "id": "https://p", "document": { "id": "https://p", "url": "https://p", "title": "P" } }] }] },
            "usage": { "billed_units": { "input_tokens": 10, "output_tokens": 4 }, "tokens": { "input_tokens": 10, "output_tokens": 4 }, "cached_tokens": 3 },
            "logprobs": [{ "text": "Pa", "token_ids": [], "logprobs": [-0.5] }]
        })
    );
    assert_eq!(notes.len(), 2, "{notes:?}");
}

/// Documents that another vendor quotes by their numbers.
#[test]
fn documents_of_another_vendor() {
    let quoted = json!({ "type": "page_location", "cited_text": "q", "document_index": 2, "document_title": "D",
        "start_page_number": 1, "end_page_number": 2 });
    let fields = json!({ "content_blocks": [{ "type": "text", "text": "ab " },
        { "type": "text", "text": "cd", "citations": [quoted] }] });
    let message = json!({ "role": "assistant", "content": "ab cd", "provider_specific_fields": fields });
    let answer =
        canonical(json!({ "choices": [{ "index": 0, "finish_reason": "stop", "message": message }] }));
    let cited = json!({ "start": 3, "end": 5, "text": "cd", "content_index": 0, "type": "TEXT_CONTENT",
        "sources": [{ "type": "document", "id": "2", "document": { "id": "2", "start_page": 1, "end_page": 2,
            "title": "D", "snippet": "q" } }] });
    assert_eq!(written(&answer).0["message"]["citations"], json!([cited]));
    let mut chunks =
        vec![chunk(json!({ "content": "ab cd" })), chunk(json!({ "provider_specific_fields": fields }))];
    chunks.extend(last("stop"));
    let stream = streamed(&chunks);
    let event = stream.split("data: ").find(|event| event.starts_with("{\"type\":\"citation-start")).unwrap();
    let event: Value = serde_json::from_str(event.lines().next().unwrap()).unwrap();
    assert_eq!(event["delta"]["message"]["citations"], cited);
}

#[test]
fn images_are_left_out_and_noted() {
    let image =
        json!([{ "type": "image_url", "image_url": { "url": "data:image/png;base64,AAAA" }, "index": 0 }]);
    let answer = canonical(json!({ "choices": [{ "index": 0, "finish_reason": "stop",
        "message": { "role": "assistant", "content": "Here.", "images": image } }] }));
    assert_eq!(written(&answer).1, ["dropped choices[0].message.images: answers of Cohere's have no images"]);
    let mut writer = CohereIngress.writer(&reply());
    let mut out = BytesMut::new();
    for _ in 0..2 {
        writer.chunk(&chunk(json!({ "images": image })), &mut out);
    }
    let notes: Vec<_> = writer.notes().iter().map(ToString::to_string).collect();
    assert_eq!(notes, ["dropped choices[0].delta.images: answers of Cohere's have no images"]);
}

#[test]
fn reasons() {
    for (reason, native, wanted) in [
        ("stop", None, "COMPLETE"),
        ("stop", Some("STOP_SEQUENCE"), "STOP_SEQUENCE"),
        ("stop", Some("stop_sequence"), "STOP_SEQUENCE"),
        ("length", None, "MAX_TOKENS"),
        ("tool_calls", None, "TOOL_CALL"),
        ("content_filter", None, "ERROR"),
        ("unheard_of", None, "COMPLETE"),
    ] {
        let mut choice = json!({ "index": 0, "finish_reason": reason, "message": { "role": "assistant", "content": "x" } });
        if let Some(native) = native {
            choice["provider_specific_fields"] = json!({ "native_finish_reason": native });
        }
        assert_eq!(written(&canonical(json!({ "choices": [choice] }))).0["finish_reason"], wanted);
    }
    let claude = json!({ "choices": [{ "index": 0, "finish_reason": "stop", "message": {
        "role": "assistant", "content": "x", "provider_specific_fields": { "stop_reason": "stop_sequence" } } }] });
    assert_eq!(written(&canonical(claude)).0["finish_reason"], "STOP_SEQUENCE");
    let (empty, _) = written(&canonical(json!({ "choices": [] })));
    assert_eq!((&empty["finish_reason"], &empty["usage"]), (&json!("COMPLETE"), &json!({})));
}

/// Cohere's own answers come back as they were.
#[test]
fn an_answer_there_and_back() {
    for json in [
        include_str!("fixtures/response/plan_and_calls.json"),
        include_str!("fixtures/response/citations.json"),
        include_str!("fixtures/response/thinking_and_plan.json"),
        include_str!("fixtures/response/logprobs_limit.json"),
    ] {
        let decoded = cohere().decode(http::Response::new(json.as_bytes())).unwrap();
        let llm_provider_core::Decoded::Answer(answer) = decoded else { panic!("an answer") };
        let mut expected: Value = serde_json::from_str(json).unwrap();
        expected["usage"]["cached_tokens"] = 0.into();
        let calls = expected["message"].get_mut("tool_calls").and_then(Value::as_array_mut);
        for call in calls.into_iter().flatten() {
            if call["function"]["arguments"] == "" {
                call["function"]["arguments"] = "{}".into();
            }
        }
        assert_eq!(written(&answer).0, expected);
    }
}

fn streamed(chunks: &[ChatChunk]) -> String {
    let mut writer = CohereIngress.writer(&reply());
    let mut out = BytesMut::new();
    chunks.iter().for_each(|chunk| writer.chunk(chunk, &mut out));
    writer.end(&mut out);
    writer.end(&mut out);
    String::from_utf8(out.to_vec()).unwrap()
}

fn chunk(delta: Value) -> ChatChunk {
    llm_types::from_value(json!({ "id": "a", "model": "m", "choices": [{ "index": 0, "delta": delta, "finish_reason": null }] })).unwrap()
}

fn last(reason: &str) -> Vec<ChatChunk> {
    let finish = json!({ "id": "a", "choices": [{ "index": 0, "delta": {}, "finish_reason": reason }] });
    let usage = json!({ "id": "a", "choices": [], "usage": { "prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5 } });
    vec![llm_types::from_value(finish).unwrap(), llm_types::from_value(usage).unwrap()]
}

/// The types and indices of a stream's events; each event survives a round trip.
fn kinds(stream: &str) -> Vec<(String, Option<u64>)> {
    stream
        .split_terminator("\n\n")
        .map(|frame| {
            let (name, data) = frame.split_once("\ndata: ").unwrap();
            laws::json_identity::<wire::StreamEvent>(data);
            let event: Value = serde_json::from_str(data).unwrap();
            assert_eq!(name, format!("event: {}", event["type"].as_str().unwrap()));
            (event["type"].as_str().unwrap().to_owned(), event["index"].as_u64())
        })
        .collect()
}

#[test]
fn a_stream_in_order() {
    let mut chunks = vec![
        chunk(json!({ "role": "assistant" })),
        chunk(
            json!({ "reasoning_content": "Hm", "thinking_blocks": [{ "type": "thinking", "thinking": "Hm" }] }),
        ),
        chunk(json!({ "content": "Par" })),
        chunk(json!({ "content": "is" })),
        chunk(
            json!({ "annotations": [{ "type": "url_citation", "url_citation": { "start_index": 0, "end_index": 5, "url": "u" } }] }),
        ),
        chunk(
            json!({ "tool_calls": [{ "index": 0, "id": "c1", "type": "function", "function": { "name": "f", "arguments": "" } }] }),
        ),
        chunk(json!({ "tool_calls": [{ "index": 0, "function": { "arguments": "{\"a\":" } }] })),
        chunk(json!({ "tool_calls": [{ "index": 0, "function": { "arguments": "1}" } }] })),
        chunk(
            json!({ "tool_calls": [{ "index": 1, "id": "c2", "type": "function", "function": { "name": "g", "arguments": "" } }] }),
        ),
    ];
    chunks.extend(last("tool_calls"));
    let stream = streamed(&chunks);
    let expected = [
        ("message-start", None),
        ("content-start", Some(0)),
        ("content-delta", Some(0)),
        ("content-end", Some(0)),
        ("content-start", Some(1)),
        ("content-delta", Some(1)),
        ("content-delta", Some(1)),
        ("citation-start", Some(0)),
        ("citation-end", Some(0)),
        ("content-end", Some(1)),
        ("tool-call-start", Some(0)),
        ("tool-call-delta", Some(0)),
        ("tool-call-delta", Some(0)),
        ("tool-call-end", Some(0)),
        ("tool-call-start", Some(1)),
        ("tool-call-delta", Some(1)),
        ("tool-call-end", Some(1)),
        ("message-end", None),
    ];
    assert_eq!(kinds(&stream), expected.map(|(kind, index)| (kind.to_owned(), index)));
    // Cohere's own reader understands it: the same answer comes out.
    let read = laws::chunks(|| cohere().decoder(), stream.as_bytes());
    laws::stream_laws(&read);
    let answer = serde_json::to_value(assemble(&read)).unwrap();
    let message = &answer["choices"][0]["message"];
    assert_eq!((&message["content"], &message["reasoning_content"]), (&json!("Paris"), &json!("Hm")));
    assert_eq!(message["tool_calls"][0]["function"], json!({ "name": "f", "arguments": "{\"a\":1}" }));
    assert_eq!(message["tool_calls"][1]["function"], json!({ "name": "g", "arguments": "{}" }));
    assert_eq!(
        (&answer["choices"][0]["finish_reason"], &answer["usage"]["total_tokens"]),
        (&json!("tool_calls"), &json!(5))
    );
}

#[test]
fn old_calls_custom_calls_and_calls_at_the_same_time() {
    let mut chunks = vec![
        chunk(json!({ "function_call": { "name": "f", "arguments": "{" } })),
        chunk(json!({ "function_call": { "arguments": "}" } })),
    ];
    chunks.extend(last("function_call"));
    let read = laws::chunks(|| cohere().decoder(), streamed(&chunks).as_bytes());
    let answer = serde_json::to_value(assemble(&read)).unwrap();
    assert_eq!(
        answer["choices"][0]["message"]["tool_calls"][0]["function"],
        json!({ "name": "f", "arguments": "{}" })
    );
    let mut chunks = vec![
        chunk(
            json!({ "tool_calls": [{ "index": 0, "id": "a", "type": "custom", "custom": { "name": "c", "input": "x" } }] }),
        ),
        chunk(json!({ "tool_calls": [{ "index": 0, "custom": { "input": "\"y" } }] })),
        chunk(
            json!({ "tool_calls": [{ "index": 1, "id": "b", "type": "function", "function": { "name": "f", "arguments": "{\"n\"" } }] }),
        ),
        chunk(
            json!({ "tool_calls": [{ "index": 2, "id": "d", "type": "function", "function": { "name": "g", "arguments": "{}" } }] }),
        ),
        chunk(json!({ "tool_calls": [{ "index": 1, "function": { "arguments": ":1}" } }] })),
    ];
    chunks.extend(last("tool_calls"));
    let read = laws::chunks(|| cohere().decoder(), streamed(&chunks).as_bytes());
    let answer = serde_json::to_value(assemble(&read)).unwrap();
    let calls = &answer["choices"][0]["message"]["tool_calls"];
    assert_eq!(calls[0]["function"]["arguments"], "{\"input\":\"x\\\"y\"}");
    assert_eq!(calls[1]["function"], json!({ "name": "f", "arguments": "{\"n\":1}" }));
    assert_eq!(calls[2]["id"], "d");
}

/// Cohere's calls come one after the other, and each has one object of arguments: pieces of another call wait.
#[test]
fn calls_that_interleave_are_put_apart() {
    let mut chunks = vec![
        chunk(
            json!({ "tool_calls": [{ "index": 0, "id": "a", "type": "function", "function": { "name": "f", "arguments": "" } }] }),
        ),
        chunk(
            json!({ "tool_calls": [{ "index": 1, "id": "b", "type": "function", "function": { "name": "g", "arguments": "{\"y\"" } }] }),
        ),
        chunk(json!({ "tool_calls": [{ "index": 0, "function": { "arguments": "{\"x\":1}" } }] })),
        chunk(json!({ "tool_calls": [{ "index": 1, "function": { "arguments": ":2}" } }] })),
    ];
    chunks.extend(last("tool_calls"));
    let stream = streamed(&chunks);
    let calls: Vec<_> =
        kinds(&stream).into_iter().filter(|(kind, _)| kind.starts_with("tool-call")).collect();
    let event = |kind: &str, index: u64| (format!("tool-call-{kind}"), Some(index));
    let wanted = [
        event("start", 0),
        event("delta", 0),
        event("end", 0),
        event("start", 1),
        event("delta", 1),
        event("delta", 1),
        event("end", 1),
    ];
    assert_eq!(calls, wanted);
    assert!(!stream.contains("\"{}\""), "no arguments are made up: {stream}");
}

#[test]
fn a_stream_with_nothing_in_it_and_one_that_breaks() {
    assert_eq!(kinds(&streamed(&[])).len(), 2);
    let mut writer = CohereIngress.writer(&reply());
    let mut out = BytesMut::new();
    writer.chunk(&chunk(json!({ "content": "x" })), &mut out);
    let error = ApiError::new(ErrorKind::Unavailable, Layer::Provider, "later");
    writer.error(&error, &mut out);
    writer.end(&mut out);
    let text = String::from_utf8(out.to_vec()).unwrap();
    assert!(text.ends_with("data: {\"type\":\"message-end\",\"id\":\"a\",\"delta\":{\"finish_reason\":\"ERROR\",\"error\":\"later\"}}\n\n"), "{text}");
    let event = CohereIngress.error_event(&error, &reply());
    assert!(event.starts_with(b"event: message-end\ndata: {\"type\":\"message-end\",\"id\":\"req-1\""));
    assert_eq!(CohereIngress.error(&error, &reply()).as_ref(), br#"{"message":"later","id":"req-1"}"#);
    assert_eq!(CohereIngress.error_status(&error), 503);
    let mut writer = CohereIngress.writer(&reply());
    let two = json!({ "choices": [{ "index": 1, "delta": { "content": "no" } }, { "index": 0, "delta": { "audio": { "data": "x" } } }] });
    writer.chunk(&llm_types::from_value(two).unwrap(), &mut BytesMut::new());
    assert_eq!(writer.notes().len(), 2);
}

#[test]
fn vectors() {
    let ingress: &dyn WholeIngress<Embeddings> = &CohereEmbedIngress;
    let body = json!({ "model": "m", "texts": ["a", "b"], "input_type": "search_query", "embedding_types": ["float", "base64"],
        "output_dimension": 2, "truncate": "END", "max_tokens": 9 });
    let request = ingress.read(body.to_string().as_bytes()).unwrap().request;
    let headers = HeaderMap::new();
    let encoded = COHERE.embeddings().unwrap().encode(&request, &Call::new("m", &headers)).unwrap();
    let Payload::Bytes(bytes) = encoded.request.body() else { panic!("bytes") };
    assert_eq!(serde_json::from_slice::<Value>(bytes).unwrap(), body);
    let answer: EmbeddingResponse =
        llm_types::from_value(json!({ "data": [{ "embedding": [1.0, -0.5] }, { "embedding": "AACAPw==" }],
        "usage": { "prompt_tokens": 4, "total_tokens": 4 } }))
        .unwrap();
    let written: Value = serde_json::from_slice(&ingress.write(&request, &answer, &reply()).body).unwrap();
    assert_eq!(
        written,
        json!({ "id": "req-1", "embeddings": { "float": [[1.0, -0.5], [1.0]], "base64": ["AACAPwAAAL8=", "AACAPw=="] },
            "texts": ["a", "b"], "meta": { "billed_units": { "input_tokens": 4 }, "api_version": { "version": "2" } },
            "response_type": "embeddings_by_type" })
    );
    let own: EmbeddingResponse =
        llm_types::from_value(json!({ "id": "i", "data": [{ "embedding": { "float": [1], "int8": [2] } }] }))
            .unwrap();
    let outgoing = ingress.write(&request, &own, &reply());
    let written: Value = serde_json::from_slice(&outgoing.body).unwrap();
    assert_eq!(
        (&written["embeddings"], &written["id"]),
        (&json!({ "float": [[1]], "int8": [[2]] }), &json!("i"))
    );
    assert_eq!(outgoing.notes.len(), 1, "no base64 among them");
    for (body, images) in [
        (json!({ "model": "m", "images": ["data:image/png;base64,AA=="] }), 1),
        (json!({ "model": "m", "inputs": [{ "content": [{ "type": "text", "text": "a" }] }] }), 1),
    ] {
        assert_eq!(ingress.read(body.to_string().as_bytes()).unwrap().request.input.len(), images);
    }
    for body in [
        json!({ "model": "m" }),
        json!({ "model": "m", "texts": [] }),
        json!({ "model": "m", "texts": ["a"], "images": ["b"] }),
    ] {
        assert_eq!(ingress.read(body.to_string().as_bytes()).unwrap_err().path, "texts");
    }
}

#[test]
fn rankings() {
    let ingress: &dyn WholeIngress<Rerank> = &CohereRerankIngress;
    let body = json!({ "model": "m", "query": "q", "documents": ["a", { "text": "b" }], "top_n": 1 });
    let mut request = ingress.read(body.to_string().as_bytes()).unwrap().request;
    let answer: RerankResponse = llm_types::from_value(
        json!({ "model": "m", "results": [{ "index": 1, "relevance_score": 0.5, "document": "b" }, { "index": 0, "relevance_score": 0.1 }] }),
    )
    .unwrap();
    let write = |request: &_| -> Value {
        serde_json::from_slice(&ingress.write(request, &answer, &reply()).body).unwrap()
    };
    assert_eq!(
        write(&request),
        json!({ "id": "req-1", "results": [{ "index": 1, "relevance_score": 0.5 }], "meta": { "api_version": { "version": "2" } } })
    );
    request.return_documents = true.into();
    assert_eq!(write(&request)["results"][0]["document"], "b");
    assert_eq!(ingress.read(br#"{"model":"m","query":"q","documents":[]}"#).unwrap_err().path, "documents");
}

#[test]
fn lost_signatures_are_told() {
    laws::loss_is_told(&CohereIngress);
}

/// What Cohere said with a status of its own, its clients hear with it.
#[test]
fn statuses_of_coheres_own() {
    use llm_types::{ApiError, ErrorKind, Layer};
    for (kind, vendor, expected) in [
        (ErrorKind::ContentPolicy, 498, 498),
        (ErrorKind::ContentPolicy, 400, 400),
        (ErrorKind::Unsupported, 501, 501),
        (ErrorKind::InvalidRequest, 498, 400),
        (ErrorKind::RateLimit, 429, 429),
    ] {
        let error = ApiError { vendor_status: Some(vendor), ..ApiError::new(kind, Layer::Provider, "m") };
        assert_eq!(CohereIngress.error_status(&error), expected, "{kind:?} {vendor}");
    }
}

/// Cohere counts a citation's place from the beginning of the part of the content that it names.
#[test]
fn sources_are_placed_in_their_own_part() {
    let page = |start: u64, end: u64| {
        json!({ "type": "url_citation", "url_citation": {
            "start_index": start, "end_index": end, "url": "https://a.example", "title": "A" } })
    };
    let chunk = |delta: Value, finish: Value| -> ChatChunk {
        let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish });
        llm_types::from_value(json!({ "id": "c", "choices": [choice] })).unwrap()
    };
    let mut writer = CohereIngress.writer(&reply());
    let mut out = BytesMut::new();
    for delta in [
        json!({ "content": "Grün. " }),
        json!({ "reasoning_content": "Hm." }),
        json!({ "content": "Noon it is." }),
        json!({ "annotations": [page(6, 10), page(0, 4)] }),
    ] {
        writer.chunk(&chunk(delta, Value::Null), &mut out);
    }
    writer.chunk(&chunk(json!({}), json!("stop")), &mut out);
    writer.end(&mut out);
    let told: Vec<(Value, Value, Value, Value)> = String::from_utf8(out.to_vec())
        .unwrap()
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok())
        .filter(|event| event["type"] == "citation-start")
        .map(|event| event["delta"]["message"]["citations"].clone())
        .map(|cited| {
            (
                cited["content_index"].clone(),
                cited["start"].clone(),
                cited["end"].clone(),
                cited["text"].clone(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [(json!(2), json!(0), json!(4), json!("Noon")), (json!(0), json!(0), json!(4), json!("Grün")),]
    );

    // What the model refuses is a part of its own, after the text that rests on the page.
    let whole: ChatResponse = llm_types::from_value(json!({ "id": "c", "choices": [{ "index": 0, "finish_reason": "stop",
        "message": { "role": "assistant", "reasoning_content": "Hm.", "content": "Noon.", "refusal": "No more.",
            "annotations": [page(0, 4)] } }] }))
    .unwrap();
    let written: Value = serde_json::from_slice(&CohereIngress.write(&whole, &reply()).body).unwrap();
    let cited = &written["message"]["citations"][0];
    assert_eq!((&cited["content_index"], &cited["text"]), (&json!(1), &json!("Noon")));
    assert_eq!(written["message"]["content"][1]["text"], "Noon.");
}
