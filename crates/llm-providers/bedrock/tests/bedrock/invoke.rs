//! InvokeModel: each family's words, both ways. The answers follow the examples of the User Guide's pages on inference
//! parameters, read 2026-11.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::BytesMut;
use http::{HeaderMap, Response};
use llm_provider_core::{Call, Decoded, OnUnsupported, StreamError, write_event_stream};
use llm_testkit::corpus::corpus;
use llm_testkit::laws;
use llm_types::{ChatChunk, ChatResponse, FinishReason, MessageContent};
use serde_json::{Value, json};

use crate::corpus::EQUIVALENCES;
use crate::spoken::Spoken;
use crate::{body, chat, decoder, encode, request, sent};

pub(crate) const MODELS: &[(&str, &str)] = &[
    ("claude", "invoke/us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
    ("nova", "invoke/amazon.nova-lite-v1:0"),
    ("titan", "invoke/amazon.titan-text-express-v1"),
    ("llama", "invoke/meta.llama3-1-8b-instruct-v1:0"),
    ("mistral_prompt", "invoke/mistral.mistral-7b-instruct-v0:2"),
    ("mistral", "invoke/mistral.mistral-large-2407-v1:0"),
    ("deepseek_r1", "invoke/us.deepseek.r1-v1:0"),
    ("cohere", "invoke/cohere.command-r-v1:0"),
    ("jamba", "invoke/ai21.jamba-1-5-large-v1:0"),
    ("gpt_oss", "invoke/openai.gpt-oss-20b-1:0"),
];

#[test]
fn requests_of_every_family() {
    let request = request(json!({
        "model": "m", "max_tokens": 200, "temperature": 0.5, "top_p": 0.9, "stop": ["END"], "stream": true,
        "messages": [
            { "role": "system", "content": "Be brief." },
            { "role": "user", "content": "Hi." },
            { "role": "assistant", "content": "Hello." },
            { "role": "user", "content": [{ "type": "text", "text": "Who are " }, { "type": "text", "text": "you?" }] },
        ],
        "guardrailConfig": { "guardrailIdentifier": "gr1", "guardrailVersion": "1", "trace": "enabled" },
        "performanceConfig": { "latency": "optimized" }, "service_tier": "flex", "metadata": { "team": "a" },
    }));
    for (name, model) in MODELS {
        insta::assert_snapshot!(*name, sent(encode(&request, model)));
    }
}

#[test]
fn nothing_is_lost_in_silence() {
    let headers = HeaderMap::new();
    let mut failed = Vec::new();
    for (name, model) in MODELS {
        for case in corpus() {
            let tried = std::panic::catch_unwind(|| {
                let call = Call::new(model, &headers);
                laws::encode_is_stable(chat(), &case.request(), &call);
                laws::no_silent_loss(&Spoken, &case.request(), &call, &claims());
                let strict = Call { unsupported: OnUnsupported::Reject, ..call.clone() };
                laws::no_silent_loss(&Spoken, &case.request(), &strict, &claims());
            });
            if tried.is_err() {
                failed.push(format!("{name}: {}", case.name));
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

/// What is true of Converse's words, and of the words of the models that speak OpenAI's or Anthropic's.
fn claims() -> Vec<laws::Equivalence> {
    let mut claims = EQUIVALENCES.to_vec();
    claims.extend([
        laws::Equivalence::of("tool_choice", "required", "\"tool_choice\":{\"type\":\"any\""),
        laws::Equivalence::any("response_format.json_schema.strict", "\"output_config\":{"),
        laws::Equivalence::any("web_search_options.user_location", "\"user_location\":{"),
        laws::Equivalence::any("messages[*].function_call.name", "\"type\":\"tool_use\""),
        laws::Equivalence::any("messages[*].name", "\"type\":\"tool_result\""),
        laws::Equivalence::any("messages[*].reasoning_content", "\"type\":\"thinking\""),
    ]);
    claims
}

#[test]
fn claude_is_told_its_version_and_betas() {
    let request = request(json!({
        "model": "m", "messages": [{ "role": "user", "content": "?" }], "max_tokens": 5,
        "anthropic_beta": ["context-management-2025-06-27"]
    }));
    let encoded = encode(&request, "invoke/anthropic.claude-sonnet-4-20250514-v1:0").unwrap();
    assert_eq!(
        body(&encoded),
        json!({
            "messages": [{ "role": "user", "content": "?" }], "max_tokens": 5,
            "anthropic_version": "bedrock-2023-05-31", "anthropic_beta": ["context-management-2025-06-27"]
        })
    );
}

fn read(body: &Value, headers: &[(&str, &str)]) -> ChatResponse {
    let text = body.to_string();
    let mut response = Response::builder();
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    match chat().decode(response.body(text.as_bytes()).unwrap()).unwrap() {
        Decoded::Answer(answer) => answer,
        Decoded::Again { .. } => panic!("no answer"),
    }
}

fn words(answer: &ChatResponse) -> String {
    answer.choices[0].message.content.get().map(MessageContent::text).unwrap_or_default().into_owned()
}

fn counts(answer: &ChatResponse) -> (u64, u64) {
    let counts = answer.usage.get().unwrap().counts();
    (counts.input_total(), counts.output_total())
}

#[test]
fn answers_of_every_family() {
    let counted = [("x-amzn-bedrock-input-token-count", "7"), ("x-amzn-bedrock-output-token-count", "3")];
    for (name, body, finish) in [
        (
            "claude",
            json!({ "id": "msg_bdrk_1", "type": "message", "role": "assistant", "model": "claude", "content": [{ "type": "text", "text": "Hi." }],
                "stop_reason": "end_turn", "stop_sequence": null, "usage": { "input_tokens": 7, "output_tokens": 3 } }),
            FinishReason::Stop,
        ),
        (
            "nova",
            json!({ "output": { "message": { "content": [{ "text": "Hi." }], "role": "assistant" } }, "stopReason": "max_tokens",
                "usage": { "inputTokens": 7, "outputTokens": 3, "totalTokens": 10 } }),
            FinishReason::Length,
        ),
        (
            "titan",
            json!({ "inputTextTokenCount": 7, "results": [{ "tokenCount": 3, "outputText": "Hi.", "completionReason": "FINISH" }] }),
            FinishReason::Stop,
        ),
        (
            "llama",
            json!({ "generation": "Hi.", "prompt_token_count": 7, "generation_token_count": 3, "stop_reason": "length" }),
            FinishReason::Length,
        ),
        (
            "mistral_prompt",
            json!({ "outputs": [{ "text": "Hi.", "stop_reason": "stop" }] }),
            FinishReason::Stop,
        ),
        (
            "mistral",
            json!({ "choices": [{ "index": 0, "message": { "role": "assistant", "content": "Hi." }, "stop_reason": "length" }] }),
            FinishReason::Length,
        ),
        (
            "cohere",
            json!({ "response_id": "r", "generation_id": "g", "text": "Hi.", "chat_history": [], "finish_reason": "COMPLETE" }),
            FinishReason::Stop,
        ),
        (
            "jamba",
            json!({ "id": "c1", "choices": [{ "index": 0, "message": { "role": "assistant", "content": "Hi." }, "finish_reason": "stop" }],
                "usage": { "prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10 } }),
            FinishReason::Stop,
        ),
    ] {
        let answer = read(&body, &counted);
        assert_eq!(words(&answer), "Hi.", "{name}");
        assert_eq!(answer.choices[0].finish_reason.get(), Some(&finish), "{name}");
        assert_eq!(counts(&answer), (7, 3), "{name}");
    }
}

#[test]
fn deepseek_thinks_before_a_tag() {
    let body = json!({ "choices": [{ "text": "I wonder.\n</think>\n\nHi.", "stop_reason": "stop" }] });
    let answer = read(&body, &[("x-amzn-requestid", "r-1")]);
    assert_eq!(words(&answer), "Hi.");
    assert_eq!(answer.choices[0].message.reasoning_content.as_deref(), Some("I wonder."));
    assert_eq!(answer.id.as_deref(), Some("r-1"));
}

fn stream(events: &[Value]) -> Vec<u8> {
    let mut out = BytesMut::new();
    for event in events {
        let payload = json!({ "bytes": STANDARD.encode(event.to_string()), "p": "abcdef" }).to_string();
        let headers =
            [(":event-type", "chunk"), (":content-type", "application/json"), (":message-type", "event")];
        write_event_stream(&headers, payload.as_bytes(), &mut out);
    }
    out.to_vec()
}

/// The laws; gives the answer.
fn streamed(events: &[Value]) -> (ChatResponse, Vec<ChatChunk>) {
    let bytes = stream(events);
    laws::cut_anywhere(decoder, &bytes);
    let chunks = laws::chunks(decoder, &bytes);
    laws::stream_laws(&chunks);
    let short = stream(&events[..events.len() - 1]);
    assert!(matches!(laws::read(decoder, &short).last(), Some(Err(StreamError::Truncated))), "{events:?}");
    (llm_testkit::assemble(&chunks), chunks)
}

#[test]
fn streams_of_every_family() {
    let metrics = json!({ "inputTokenCount": 7, "outputTokenCount": 3, "invocationLatency": 900, "firstByteLatency": 100 });
    let cases: Vec<(&str, Vec<Value>)> = vec![
        (
            "claude",
            vec![
                json!({ "type": "message_start", "message": { "id": "msg_1", "type": "message", "role": "assistant", "model": "c", "content": [], "stop_reason": null, "stop_sequence": null, "usage": { "input_tokens": 7, "output_tokens": 1 } } }),
                json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "text", "text": "" } }),
                json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": "Hi" } }),
                json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": "." } }),
                json!({ "type": "content_block_stop", "index": 0 }),
                json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn", "stop_sequence": null }, "usage": { "output_tokens": 3 } }),
                json!({ "type": "message_stop", "amazon-bedrock-invocationMetrics": metrics }),
            ],
        ),
        (
            "titan",
            vec![
                json!({ "outputText": "Hi", "index": 0, "totalOutputTextTokenCount": null, "completionReason": null, "inputTextTokenCount": 7 }),
                json!({ "outputText": ".", "index": 0, "totalOutputTextTokenCount": 3, "completionReason": "FINISH", "inputTextTokenCount": 7, "amazon-bedrock-invocationMetrics": metrics }),
            ],
        ),
        (
            "llama",
            vec![
                json!({ "generation": "Hi", "prompt_token_count": 7, "generation_token_count": 1, "stop_reason": null }),
                json!({ "generation": ".", "prompt_token_count": null, "generation_token_count": 3, "stop_reason": "stop", "amazon-bedrock-invocationMetrics": metrics }),
            ],
        ),
        (
            "mistral_prompt",
            vec![
                json!({ "outputs": [{ "text": "Hi", "stop_reason": null }] }),
                json!({ "outputs": [{ "text": ".", "stop_reason": "stop" }], "amazon-bedrock-invocationMetrics": metrics }),
            ],
        ),
        (
            "mistral",
            vec![
                json!({ "choices": [{ "index": 0, "message": null, "delta": { "role": "assistant", "content": "Hi" }, "stop_reason": null }] }),
                json!({ "choices": [{ "index": 0, "delta": { "content": "." }, "stop_reason": "stop" }], "amazon-bedrock-invocationMetrics": metrics }),
            ],
        ),
        (
            "gpt_oss",
            vec![
                json!({ "id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [{ "index": 0, "delta": { "role": "assistant", "content": "Hi" }, "finish_reason": null }] }),
                json!({ "id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [{ "index": 0, "delta": { "content": "." }, "finish_reason": "stop" }], "amazon-bedrock-invocationMetrics": metrics }),
            ],
        ),
        (
            "cohere",
            vec![
                json!({ "event_type": "stream-start", "is_finished": false, "generation_id": "g" }),
                json!({ "event_type": "text-generation", "is_finished": false, "text": "Hi" }),
                json!({ "event_type": "text-generation", "is_finished": false, "text": "." }),
                json!({ "event_type": "stream-end", "is_finished": true, "finish_reason": "COMPLETE", "response": { "text": "Hi." }, "amazon-bedrock-invocationMetrics": metrics }),
            ],
        ),
    ];
    for (name, events) in cases {
        let (answer, _) = streamed(&events);
        assert_eq!(words(&answer), "Hi.", "{name}");
        assert_eq!(answer.choices[0].finish_reason.get(), Some(&FinishReason::Stop), "{name}");
        assert_eq!(counts(&answer), (7, 3), "{name}");
    }
}

#[test]
fn novas_stream_is_converses() {
    let events = [
        json!({ "messageStart": { "role": "assistant" } }),
        json!({ "contentBlockDelta": { "delta": { "text": "Hi." }, "contentBlockIndex": 0 } }),
        json!({ "contentBlockStop": { "contentBlockIndex": 0 } }),
        json!({ "messageStop": { "stopReason": "end_turn" } }),
        json!({ "metadata": { "usage": { "inputTokens": 7, "outputTokens": 3, "totalTokens": 10 }, "metrics": {} },
            "amazon-bedrock-invocationMetrics": { "inputTokenCount": 7, "outputTokenCount": 3 } }),
    ];
    let bytes = stream(&events);
    laws::cut_anywhere(decoder, &bytes);
    laws::truncation(decoder, &bytes, stream(&events[..4]).len());
    let chunks = laws::chunks(decoder, &bytes);
    laws::stream_laws(&chunks);
    let answer = llm_testkit::assemble(&chunks);
    assert_eq!((words(&answer).as_str(), counts(&answer)), ("Hi.", (7, 3)));
}

#[test]
fn deepseeks_tag_may_be_cut_anywhere() {
    let whole = "I wonder. \n</think>\n\nHi.";
    for cut in 0..=whole.len() {
        let piece = |text: &str, stop: Value| json!({ "choices": [{ "text": text, "stop_reason": stop }] });
        let (answer, _) = streamed(&[
            piece(&whole[..cut], Value::Null),
            piece(&whole[cut..], Value::Null),
            piece("", json!("stop")),
        ]);
        assert_eq!(words(&answer), "Hi.", "{cut}");
        assert_eq!(answer.choices[0].message.reasoning_content.as_deref(), Some("I wonder."), "{cut}");
    }
}

#[test]
fn chunks_that_are_none() {
    let mut out = BytesMut::new();
    write_event_stream(&[(":event-type", "chunk")], br#"{"bytes":"!"}"#, &mut out);
    assert!(
        matches!(laws::read(decoder, &out).last(), Some(Err(StreamError::Corrupt(why))) if why.starts_with("chunk"))
    );
    let mut out = stream(&[json!({ "generation": "Hi", "stop_reason": null })]);
    let mut failure = BytesMut::new();
    let headers = [(":exception-type", "modelTimeoutException"), (":message-type", "exception")];
    write_event_stream(&headers, br#"{"message":"late"}"#, &mut failure);
    out.extend(failure);
    assert!(
        matches!(laws::read(decoder, &out).last(), Some(Err(StreamError::Upstream(error))) if error.message == "late")
    );
}
