//! Clients that speak Ollama's dialect: what they ask, and what they are told.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::needless_pass_by_value, reason = "`json!` makes values")]

use bytes::BytesMut;
use http::HeaderMap;
use llm_provider_core::{
    Call, Chat, Decoded, Dialect, Embeddings, Incoming, Ingress, Payload, Peek, Provider, Reply, Translator,
    WholeIngress,
};
use llm_provider_ollama::{
    Ollama, OllamaChatIngress, OllamaEmbedIngress, OllamaEmbeddingsIngress, OllamaGenerateIngress, wire,
};
use llm_testkit::{assemble, laws};
use llm_types::{
    ApiError, ChatChunk, ChatRequest, ChatResponse, EmbeddingResponse, ErrorKind, Layer, ReasoningEffort,
};
use serde_json::{Value, json};

static OLLAMA: Ollama = Ollama;

fn ollama() -> &'static dyn Translator<Chat> {
    OLLAMA.chat().unwrap()
}

fn reply() -> Reply {
    Reply {
        request_id: "req-1".to_owned(),
        model: "asked".to_owned(),
        created_s: 1_790_000_000,
        include_usage: true,
    }
}

const AT: &str = "2026-09-21T14:13:20Z";

fn read(body: Value) -> Incoming<ChatRequest> {
    OllamaChatIngress.read(body.to_string().as_bytes()).unwrap()
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
    let encoded = ollama().encode(&request, &Call::new(&request.model, &headers)).unwrap();
    let Payload::Bytes(bytes) = encoded.request.body() else { panic!("no bytes") };
    serde_json::from_slice(bytes).unwrap()
}

#[test]
fn a_request_comes_back_as_it_was() {
    let body = json!({
        "model": "qwen3:4b", "stream": false, "think": true, "format": "json", "logprobs": true, "top_logprobs": 3,
        "messages": [
            { "role": "system", "content": "Be brief." },
            { "role": "user", "content": "What is this?", "images": ["iVBORw0KGgo=", "/9j/4AAQ"] },
            { "role": "assistant", "content": "", "thinking": "Look.", "tool_calls": [
                { "id": "a", "function": { "name": "look", "arguments": { "at": 1 } } },
                { "id": "b", "function": { "name": "look", "arguments": {} } }] },
            { "role": "tool", "content": "A cat.", "tool_name": "look", "tool_call_id": "a" },
            { "role": "tool", "content": "A dog.", "tool_name": "look", "tool_call_id": "b" }
        ],
        "tools": [{ "type": "function", "function": { "name": "look", "description": "Looks.", "parameters": { "type": "object" } } }],
        "options": { "temperature": 0.5, "top_p": 0.9, "top_k": 40, "seed": 7, "num_predict": 50, "stop": ["END"],
            "frequency_penalty": 1.0, "presence_penalty": 0.5 }
    });
    assert_eq!(again(&body), body);
}

#[test]
fn streams_unless_told_otherwise() {
    for (body, wanted) in [
        (br#"{"model":"m"}"#.as_slice(), true),
        (br#"{"model":"m","stream":null}"#, true),
        (br#"{"model":"m","stream":false}"#, false),
        (br#"{"model":"m","stream":true}"#, true),
    ] {
        let peek = Peek::new(body).unwrap();
        assert_eq!(OllamaChatIngress.wants_stream(&peek).unwrap(), wanted);
        assert_eq!(OllamaGenerateIngress.wants_stream(&peek).unwrap(), wanted);
        assert_eq!(OllamaChatIngress.read(body).unwrap().request.streams(), wanted);
    }
    assert!(OllamaChatIngress.wants_stream(&Peek::new(br#"{"stream":1}"#).unwrap()).is_err());
    assert_eq!(OllamaChatIngress.stream_content_type(), "application/x-ndjson");
    assert_eq!(OllamaChatIngress.keepalive(), None);
    assert_eq!(
        (OllamaChatIngress.dialect(), OllamaGenerateIngress.dialect()),
        (Dialect::OllamaChat, Dialect::OllamaGenerate)
    );
}

#[test]
fn results_find_their_calls() {
    let call = |name: &str| json!({ "function": { "name": name, "arguments": "{}" } });
    let incoming = read(json!({ "model": "m", "messages": [
        { "role": "assistant", "content": "", "tool_calls": [call("f"), call("g"), call("f")] },
        { "role": "tool", "content": "1", "tool_name": "g" },
        { "role": "tool", "content": "2", "tool_name": "f" },
        { "role": "tool", "content": "3" },
        { "role": "tool", "content": "4", "tool_name": "h" }
    ] }));
    let ids: Vec<_> = incoming.request.messages[1..]
        .iter()
        .map(|message| message.tool_call_id.as_deref().unwrap())
        .collect();
    assert_eq!(ids, ["call_1", "call_0", "call_2", "call_h"]);
    assert_eq!(incoming.request.messages[0].tool_calls.get().unwrap()[2].id.as_deref(), Some("call_2"));
    assert!(notes(&incoming)[0].starts_with("defaulted messages[4].tool_call_id"), "{:?}", incoming.notes);
}

#[test]
fn switches_forms_and_options() {
    let with = |more: Value| {
        let mut body = json!({ "model": "m", "messages": [{ "role": "user", "content": "?" }] });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        read(body)
    };
    assert_eq!(with(json!({ "think": true })).request.reasoning_effort.get(), Some(&ReasoningEffort::Medium));
    assert_eq!(with(json!({ "think": "low" })).request.reasoning_effort.get(), Some(&ReasoningEffort::Low));
    assert_eq!(with(json!({ "think": false })).request.thinking.get(), Some(&json!({ "type": "disabled" })));
    assert!(with(json!({ "think": null, "format": "" })).request.response_format.is_absent());
    let schema = with(json!({ "format": { "type": "object" } })).request.response_format;
    assert_eq!(
        serde_json::to_value(schema).unwrap(),
        json!({ "type": "json_schema", "json_schema": { "name": "answer", "schema": { "type": "object" } } })
    );
    let own = with(json!({ "keep_alive": "5m", "user": "u", "future": 1,
        "options": { "num_ctx": 4096, "num_predict": -1, "stop": "END", "seed": null } }));
    assert_eq!(
        notes(&own),
        [
            "dropped options.num_ctx: runs a model at Ollama, and means nothing to others",
            "dropped keep_alive: runs a model at Ollama, and means nothing to others",
            "dropped user: Ollama's requests have no such member",
        ]
    );
    assert!(own.request.max_tokens.is_absent() && own.request.stop.is_value());
    assert_eq!(own.request.extra["future"], 1);
    for (more, path) in [
        (json!({ "think": 1 }), "think"),
        (json!({ "format": 1 }), "format"),
        (json!({ "options": { "seed": "x" } }), "options.seed"),
        (json!({ "options": { "num_predict": "x" } }), "options.num_predict"),
        (json!({ "messages": [{ "content": "x" }] }), "messages[0]"),
    ] {
        let mut body = json!({ "model": "m" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(OllamaChatIngress.read(body.to_string().as_bytes()).unwrap_err().path, path);
    }
}

#[test]
fn generation_is_a_conversation_of_one() {
    let body = json!({ "model": "m", "prompt": "Why?", "system": "Be brief.", "images": ["R0lGODlh"], "suffix": "s", "raw": true,
        "template": "t", "context": [1], "format": "json", "options": { "temperature": 0 }, "think": false, "keep_alive": 0 });
    let incoming = OllamaGenerateIngress.read(body.to_string().as_bytes()).unwrap();
    let canonical = serde_json::to_value(&incoming.request).unwrap();
    assert_eq!(
        canonical["messages"],
        json!([{ "role": "system", "content": "Be brief." },
            { "role": "user", "content": [{ "type": "text", "text": "Why?" }, { "type": "image_url", "image_url": { "url": "data:image/gif;base64,R0lGODlh" } }] }])
    );
    let paths: Vec<_> = incoming.notes.iter().map(|note| note.path.as_str()).collect();
    assert_eq!(paths, ["suffix", "template", "context", "raw", "keep_alive"]);
    assert!(incoming.request.streams() && incoming.request.wants_stream_usage());
    let bare = OllamaGenerateIngress
        .read(br#"{"model":"m","prompt":"x","system":"","suffix":"","context":[]}"#)
        .unwrap();
    assert!(bare.notes.is_empty() && bare.request.messages.len() == 1);
}

fn canonical(json: Value) -> ChatResponse {
    llm_types::from_value(json).unwrap()
}

fn answer() -> ChatResponse {
    canonical(json!({
        "id": "x", "model": "gpt", "created": 1_790_000_001, "choices": [
            { "index": 0, "finish_reason": "tool_calls", "message": { "role": "assistant", "content": "Paris.", "reasoning_content": "Hm.",
                "thinking_blocks": [{ "type": "thinking", "thinking": "Hm.", "signature": "s" }],
                "tool_calls": [{ "id": "c1", "type": "function", "function": { "name": "f", "arguments": "{\"a\":[1]}" } },
                    { "id": "c2", "type": "function", "function": { "name": "g", "arguments": "not json" } },
                    { "id": "c3", "type": "custom", "custom": { "name": "h", "input": "x" } }] },
              "logprobs": { "content": [{ "token": "Pa", "logprob": -0.5 }] } },
            { "index": 1, "message": { "role": "assistant", "content": "no" } }
        ],
        "usage": { "prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14 },
        "provider_specific_fields": { "total_duration": 99, "mood": "good", "done": "never" }
    }))
}

#[test]
fn an_answer_of_another_vendor() {
    let outgoing = OllamaChatIngress.write(&answer(), &reply());
    laws::json_identity::<wire::ChatResponse>(std::str::from_utf8(&outgoing.body).unwrap());
    let body: Value = serde_json::from_slice(&outgoing.body).unwrap();
    assert_eq!(
        body,
        json!({
            "model": "gpt", "created_at": "2026-09-21T14:13:21Z",
            "message": { "role": "assistant", "content": "Paris.", "thinking": "Hm.", "tool_calls": [
                { "id": "c1", "function": { "index": 0, "name": "f", "arguments": { "a": [1] } } },
                { "id": "c2", "function": { "index": 1, "name": "g", "arguments": { "arguments": "not json" } } },
                { "id": "c3", "function": { "index": 2, "name": "h", "arguments": { "input": "x" } } }] },
            "done": true, "done_reason": "stop", "total_duration": 99, "load_duration": 0, "prompt_eval_count": 10,
            "prompt_eval_duration": 0, "eval_count": 4, "eval_duration": 0, "logprobs": [{ "token": "Pa", "logprob": -0.5 }], "mood": "good",
            "provider_specific_fields": { "done": "never" }
        })
    );
    assert_eq!(outgoing.notes.len(), 3, "{:?}", outgoing.notes);
    let outgoing = OllamaGenerateIngress.write(&answer(), &reply());
    laws::json_identity::<wire::GenerateResponse>(std::str::from_utf8(&outgoing.body).unwrap());
    let body: Value = serde_json::from_slice(&outgoing.body).unwrap();
    assert_eq!(
        (&body["response"], &body["thinking"], body.get("message")),
        (&json!("Paris."), &json!("Hm."), None)
    );
    let empty = canonical(
        json!({ "choices": [{ "finish_reason": "length", "message": { "role": "assistant", "content": null } }] }),
    );
    let body: Value = serde_json::from_slice(&OllamaChatIngress.write(&empty, &reply()).body).unwrap();
    assert_eq!(
        (&body["model"], &body["created_at"], &body["done_reason"]),
        (&json!("asked"), &json!(AT), &json!("length"))
    );
    assert_eq!((&body["message"]["content"], &body["eval_count"]), (&json!(""), &json!(0)));
}

/// Ollama's own answers come back as they were.
#[test]
fn images_and_what_was_withheld() {
    let images = json!([
        { "type": "image_url", "image_url": { "url": "data:image/png;base64,AAAA" }, "index": 0 },
        { "type": "image_url", "image_url": { "url": "https://a.example/i.png" }, "index": 1 }
    ]);
    let answer = canonical(json!({ "choices": [{ "index": 0, "finish_reason": "content_filter",
        "message": { "role": "assistant", "content": "Here.", "images": images } }] }));
    let outgoing = OllamaChatIngress.write(&answer, &reply());
    let body: Value = serde_json::from_slice(&outgoing.body).unwrap();
    assert_eq!(
        (&body["message"], &body["images"]),
        (&json!({ "role": "assistant", "content": "Here." }), &json!(["AAAA"]))
    );
    let notes: Vec<_> = outgoing.notes.iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        [
            "dropped choices[0].message.images: Ollama's answers hold images by value",
            "converted choices[0].finish_reason: withheld, as `stop`",
        ]
    );
    let mut writer = OllamaChatIngress.writer(&reply());
    let mut out = BytesMut::new();
    writer.chunk(&chunk(json!({ "images": images })), &mut out);
    let line: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(
        (&line["message"], &line["images"]),
        (&json!({ "role": "assistant", "content": "" }), &json!(["AAAA"]))
    );
    assert_eq!(writer.notes().len(), 1);
}

#[test]
fn an_answer_there_and_back() {
    let json = include_str!("fixtures/response/thinking_and_calls.json");
    let Decoded::Answer(answer) = ollama().decode(http::Response::new(json.as_bytes())).unwrap() else {
        panic!("an answer")
    };
    let mut body: Value = serde_json::from_slice(&OllamaChatIngress.write(&answer, &reply()).body).unwrap();
    let mut expected: Value = serde_json::from_str(json).unwrap();
    expected["created_at"] = "2026-11-02T08:00:00Z".into();
    for call in body["message"]["tool_calls"].as_array_mut().unwrap() {
        call.as_object_mut().unwrap().remove("id");
        call["function"].as_object_mut().unwrap().remove("index");
    }
    assert_eq!(body, expected);
}

fn chunk(delta: Value) -> ChatChunk {
    llm_types::from_value(json!({ "id": "a", "model": "gpt", "choices": [{ "index": 0, "delta": delta, "finish_reason": null }] })).unwrap()
}

fn chunks() -> Vec<ChatChunk> {
    let finish =
        json!({ "id": "a", "choices": [{ "index": 0, "delta": {}, "finish_reason": "tool_calls" }] });
    let usage = json!({ "id": "a", "choices": [], "usage": { "prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5 } });
    vec![
        chunk(json!({ "role": "assistant", "content": "" })),
        chunk(json!({ "reasoning_content": "Hm" })),
        chunk(json!({ "thinking_blocks": [{ "type": "thinking", "thinking": "." }] })),
        chunk(json!({ "content": "Pa" })),
        chunk(json!({ "content": "ris" })),
        chunk(
            json!({ "tool_calls": [{ "index": 0, "id": "c1", "type": "function", "function": { "name": "f", "arguments": "{\"a\":" } }] }),
        ),
        chunk(
            json!({ "tool_calls": [{ "index": 1, "id": "c2", "type": "custom", "custom": { "name": "g", "input": "x" } }] }),
        ),
        chunk(
            json!({ "tool_calls": [{ "index": 0, "function": { "arguments": "1}" } }, { "index": 1, "custom": { "input": "y" } }] }),
        ),
        llm_types::from_value(finish).unwrap(),
        llm_types::from_value(usage).unwrap(),
    ]
}

fn streamed(ingress: &dyn Ingress, chunks: &[ChatChunk]) -> (String, usize) {
    let mut writer = ingress.writer(&reply());
    let mut out = BytesMut::new();
    chunks.iter().for_each(|chunk| writer.chunk(chunk, &mut out));
    writer.end(&mut out);
    writer.end(&mut out);
    (String::from_utf8(out.to_vec()).unwrap(), writer.notes().len())
}

#[test]
fn a_stream_of_chat() {
    let (stream, notes) = streamed(&OllamaChatIngress, &chunks());
    assert_eq!(notes, 0);
    let lines: Vec<Value> = stream.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let messages: Vec<_> = lines.iter().map(|line| line["message"].clone()).collect();
    let said = |content: &str| json!({ "role": "assistant", "content": content });
    let thought = |thinking: &str| json!({ "role": "assistant", "content": "", "thinking": thinking });
    assert_eq!(messages[..4], [thought("Hm"), thought("."), said("Pa"), said("ris")]);
    assert_eq!(
        messages[4]["tool_calls"],
        json!([{ "id": "c1", "function": { "index": 0, "name": "f", "arguments": { "a": 1 } } },
            { "id": "c2", "function": { "index": 1, "name": "g", "arguments": { "input": "xy" } } }])
    );
    assert_eq!(
        lines[5],
        json!({ "model": "gpt", "created_at": AT, "message": { "role": "assistant", "content": "" }, "done": true, "done_reason": "stop",
            "total_duration": 0, "load_duration": 0, "prompt_eval_count": 3, "prompt_eval_duration": 0, "eval_count": 2, "eval_duration": 0 })
    );
    assert!(lines[..5].iter().all(|line| line["done"] == false && line["created_at"] == AT));
    stream.lines().for_each(laws::json_identity::<wire::ChatResponse>);
    // Ollama's own reader understands it: the same answer comes out.
    let read = laws::chunks(|| ollama().decoder(), stream.as_bytes());
    laws::stream_laws(&read);
    let answer = serde_json::to_value(assemble(&read)).unwrap();
    let message = &answer["choices"][0]["message"];
    assert_eq!((&message["content"], &message["reasoning_content"]), (&json!("Paris"), &json!("Hm.")));
    assert_eq!(message["tool_calls"][0]["id"], "c1");
}

#[test]
fn a_stream_of_generation_and_one_that_breaks() {
    let (stream, notes) = streamed(&OllamaGenerateIngress, &chunks());
    assert_eq!(notes, 1, "calls have no place");
    stream.lines().for_each(laws::json_identity::<wire::GenerateResponse>);
    let lines: Vec<Value> = stream.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let words: String = lines.iter().map(|line| line["response"].as_str().unwrap()).collect();
    assert_eq!((words.as_str(), &lines.last().unwrap()["done"]), ("Paris", &json!(true)));
    let (empty, _) = streamed(&OllamaChatIngress, &[]);
    assert_eq!(empty.lines().count(), 1);
    let mut writer = OllamaChatIngress.writer(&reply());
    let mut out = BytesMut::new();
    let error = ApiError::new(ErrorKind::Unavailable, Layer::Provider, "later");
    writer.error(&error, &mut out);
    writer.end(&mut out);
    assert_eq!(out, "{\"error\":\"later\"}\n");
    assert_eq!(OllamaChatIngress.error(&error, &reply()), "{\"error\":\"later\"}");
    assert_eq!(OllamaChatIngress.error_event(&error, &reply()), "{\"error\":\"later\"}\n");
    let old = chunk(json!({ "function_call": { "name": "f", "arguments": "{}" } }));
    let (stream, _) = streamed(&OllamaChatIngress, &[old]);
    assert!(
        stream.contains(
            "\"tool_calls\":[{\"function\":{\"name\":\"f\",\"index\":0,\"arguments\":{}},\"id\":\"call_0\"}]"
        ),
        "{stream}"
    );
    let odd = json!({ "choices": [{ "index": 1, "delta": { "content": "no" } }, { "index": 0, "delta": { "audio": { "data": "x" } } }] });
    assert_eq!(streamed(&OllamaChatIngress, &[llm_types::from_value(odd).unwrap()]).1, 2);
}

#[test]
fn vectors() {
    let ingress: &dyn WholeIngress<Embeddings> = &OllamaEmbedIngress;
    let body = json!({ "model": "m", "input": ["a", "b"], "dimensions": 2, "truncate": false, "keep_alive": 1, "options": { "num_ctx": 9 } });
    let incoming = ingress.read(body.to_string().as_bytes()).unwrap();
    assert_eq!((incoming.request.input.len(), incoming.notes.len()), (2, 3));
    let answer: EmbeddingResponse = llm_types::from_value(json!({ "data": [{ "embedding": [1.0] }, { "embedding": "AACAPw==" },
        { "embedding": { "float": [2] } }, { "embedding": { "int8": [2] } }], "usage": { "prompt_tokens": 4, "total_tokens": 4 } })).unwrap();
    let written: Value =
        serde_json::from_slice(&ingress.write(&incoming.request, &answer, &reply()).body).unwrap();
    assert_eq!(
        written,
        json!({ "model": "asked", "embeddings": [[1.0], [1.0], [2], []], "prompt_eval_count": 4, "total_duration": 0, "load_duration": 0 })
    );
    for (input, path) in [(json!([]), "input"), (json!(1), "input"), (json!([1]), "input[0]")] {
        let body = json!({ "model": "m", "input": input });
        assert_eq!(ingress.read(body.to_string().as_bytes()).unwrap_err().path, path);
    }
    let older: &dyn WholeIngress<Embeddings> = &OllamaEmbeddingsIngress;
    let incoming = older.read(br#"{"model":"m","prompt":"a"}"#).unwrap();
    assert_eq!(older.write(&incoming.request, &answer, &reply()).body, r#"{"embedding":[1.0]}"#);
}

#[test]
fn lost_signatures_are_told() {
    laws::loss_is_told(&OllamaChatIngress);
    laws::loss_is_told(&OllamaGenerateIngress);
}
