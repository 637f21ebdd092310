//! Answers of Converse, whole and streamed, and its errors.

use bytes::Bytes;
use llm_provider_bedrock::wire;
use llm_provider_core::{StreamError, write_event_stream};
use llm_testkit::laws;
use llm_types::{ChatRequest, ErrorKind, FinishReason, Message, Nullable, Tool};
use serde_json::{Value, json};

use crate::spoken::{frames, spoken};
use crate::{CLAUDE, body, decoder, encode, essence, read};

macro_rules! responses {
    ($($name:ident)+) => { $(
        #[test]
        fn $name() {
            let json = include_str!(concat!("../fixtures/response/", stringify!($name), ".json"));
            laws::json_identity::<wire::ConverseResponse>(json);
            insta::assert_json_snapshot!(stringify!($name), read(json).unwrap());
        }
    )+ };
}

mod response {
    use super::*;

    responses! { cached citations form_tool guardrail server_tool text thinking_between_calls thinking_tool unknown }
}

#[test]
fn an_answer_goes_back_as_it_came() {
    for json in [
        include_str!("../fixtures/response/citations.json"),
        include_str!("../fixtures/response/thinking_between_calls.json"),
        include_str!("../fixtures/response/thinking_tool.json"),
        include_str!("../fixtures/response/unknown.json"),
    ] {
        let wire: Value = serde_json::from_str(json).unwrap();
        let message = read(json).unwrap().choices.remove(0).message;
        let mut request = ChatRequest::new("m", vec![Message::user("?"), message, Message::user("Go on.")]);
        request.tools = Nullable::Value(vec![Tool::function("get_weather", "", Value::Null)]);
        let body = body(&encode(&request, CLAUDE).unwrap());
        assert_eq!(body["messages"][1]["content"], wire["output"]["message"]["content"]);
    }
}

/// Images that a model made reach clients where those of other vendors do, and go back as they came.
#[test]
fn images_are_told_as_other_vendors_are() {
    let content = json!([
        { "text": "Here:" },
        { "image": { "format": "png", "source": { "bytes": "iVBORw0KGgo=" } } },
        { "image": { "format": "jpeg", "source": { "s3Location": { "uri": "s3://b/k.jpg" } } } },
    ]);
    let wire = json!({ "output": { "message": { "role": "assistant", "content": content } }, "stopReason": "end_turn",
        "usage": { "inputTokens": 1, "outputTokens": 1, "totalTokens": 2 } });
    let message = read(&wire.to_string()).unwrap().choices.remove(0).message;
    let image =
        |url: &str, index: u32| json!({ "type": "image_url", "image_url": { "url": url }, "index": index });
    let images = json!([image("data:image/png;base64,iVBORw0KGgo=", 0), image("s3://b/k.jpg", 1)]);
    assert_eq!(message.extra["images"], images);
    let request = ChatRequest::new("m", vec![Message::user("?"), message, Message::user("Go on.")]);
    let encoded = encode(&request, CLAUDE).unwrap();
    assert_eq!(body(&encoded)["messages"][1]["content"], content);
    assert!(encoded.notes.iter().all(|note| !note.path.contains("images")), "{:?}", encoded.notes);

    // Streamed, in pieces of bytes.
    let event = |name: &str, payload: Value| format!("event: {name}\ndata: {payload}\n\n");
    let stream = [
        event("messageStart", json!({ "role": "assistant" })),
        event("contentBlockDelta", json!({ "contentBlockIndex": 0, "delta": { "text": "Here:" } })),
        event("contentBlockStop", json!({ "contentBlockIndex": 0 })),
        event(
            "contentBlockStart",
            json!({ "contentBlockIndex": 1, "start": { "image": { "format": "png" } } }),
        ),
        event(
            "contentBlockDelta",
            json!({ "contentBlockIndex": 1, "delta": { "image": { "source": { "bytes": "iVBORw0=" } } } }),
        ),
        event(
            "contentBlockDelta",
            json!({ "contentBlockIndex": 1, "delta": { "image": { "source": { "bytes": "Cgo=" } } } }),
        ),
        event("contentBlockStop", json!({ "contentBlockIndex": 1 })),
        event("messageStop", json!({ "stopReason": "end_turn" })),
    ];
    let whole = llm_testkit::assemble(&stream_laws(&stream.concat()));
    let message = &whole.choices[0].message;
    assert_eq!(message.extra["images"], json!([image("data:image/png;base64,iVBORw0KCg==", 0)]));
    let kept = &message.provider_specific_fields.get().unwrap()["converse_content"];
    assert_eq!(kept[1]["image"], json!({ "format": "png", "source": { "bytes": "iVBORw0KCg==" } }));
}

#[test]
fn every_reason_to_stop() {
    let stop = |reason: &str, has_call: bool| {
        let call = json!({ "toolUse": { "toolUseId": "t", "name": "f", "input": {} } });
        let content = if has_call { json!([call]) } else { json!([{ "text": "a" }]) };
        let answer = json!({
            "output": { "message": { "role": "assistant", "content": content } }, "stopReason": reason,
            "usage": { "inputTokens": 1, "outputTokens": 1, "totalTokens": 2 }, "metrics": { "latencyMs": 1 }
        });
        let choice = read(&answer.to_string()).unwrap().choices.remove(0);
        let native =
            choice.extra.get("provider_specific_fields").map(|fields| fields["native_finish_reason"].clone());
        (choice.finish_reason.into_option().unwrap(), native)
    };
    for (reason, wanted) in [
        ("end_turn", FinishReason::Stop),
        ("stop_sequence", FinishReason::Stop),
        ("max_tokens", FinishReason::Length),
        ("model_context_window_exceeded", FinishReason::Length),
        ("guardrail_intervened", FinishReason::ContentFilter),
        ("content_filtered", FinishReason::ContentFilter),
        ("malformed_model_output", FinishReason::Stop),
        ("malformed_tool_use", FinishReason::Stop),
    ] {
        assert_eq!(stop(reason, false), (wanted, Some(reason.into())), "{reason}");
    }
    assert_eq!(stop("tool_use", true).0, FinishReason::ToolCalls);
    assert_eq!(stop("end_turn", true).0, FinishReason::ToolCalls, "what was called counts more");
    assert_eq!(stop("tool_use", false).0, FinishReason::Stop, "nothing was called");
    assert_eq!(stop("future", false), (FinishReason::Other("future".to_owned()), None));
}

#[test]
fn names_of_tools_are_read_back() {
    let answer = json!({ "output": { "message": { "role": "assistant", "content": [
        { "toolUse": { "toolUseId": "t", "name": "mcp_x2E_files_x3A_read", "input": {} } } ] } }, "stopReason": "tool_use" });
    let calls =
        read(&answer.to_string()).unwrap().choices[0].message.tool_calls.clone().into_option().unwrap();
    assert_eq!(calls[0].function.get().unwrap().name.as_deref(), Some("mcp.files:read"));
}

#[test]
fn what_cannot_be_read() {
    for body in
        [r#"{"output":{"message":{"role":"assistant","content":1}}}"#, r#"{"output":{}}"#, "{}", "<html>"]
    {
        let error = read(body).unwrap_err();
        assert_eq!(error.kind, ErrorKind::BadGateway, "{body}");
    }
}

const JUNK: &[&str] = &[
    "event: weather\ndata: {\"sky\":{\"blue\":true}}\n\n",
    "event: initial-response\ndata: {}\n\n",
    "event: contentBlockDelta\ndata: {\"contentBlockIndex\":0,\"delta\":{\"smell\":{}}}\n\n",
];

macro_rules! streams {
    ($($name:ident $(= $whole:ident)?)+) => { $(
        #[test]
        fn $name() {
            let text = include_str!(concat!("../fixtures/stream/", stringify!($name), ".sse"));
            let chunks = stream_laws(text);
            let lines: Vec<_> = chunks.iter().map(|chunk| serde_json::to_string(chunk).unwrap()).collect();
            insta::assert_snapshot!(stringify!($name), lines.join("\n"));
            $(
                let whole = include_str!(concat!("../fixtures/response/", stringify!($whole), ".json"));
                assert_eq!(essence(&llm_testkit::assemble(&chunks)), essence(&read(whole).unwrap()));
            )?
        }
    )+ };
}

/// The laws, on Amazon's frames and on the same events as text; gives the chunks.
fn stream_laws(text: &str) -> Vec<llm_types::ChatChunk> {
    let bytes = frames(text);
    laws::cut_anywhere(decoder, &bytes);
    let stop = text.rfind("event: messageStop").unwrap();
    let end = stop + text[stop..].find("\n\n").unwrap() + 2;
    laws::truncation(decoder, &bytes, frames(&text[..end]).len());
    laws::unknown_events_harmless(spoken, text.as_bytes(), JUNK);
    laws::unknown_members_harmless(spoken, text.as_bytes());
    let chunks = laws::chunks(decoder, &bytes);
    laws::stream_laws(&chunks);
    for event in text.split("\n\n").filter(|event| !event.trim().is_empty()) {
        let (name, data) =
            event.trim_start().strip_prefix("event: ").unwrap().split_once("\ndata: ").unwrap();
        match name {
            "messageStart" => laws::json_identity::<wire::MessageStart>(data),
            "contentBlockStart" => laws::json_identity::<wire::BlockStart>(data),
            "contentBlockDelta" => laws::json_identity::<wire::BlockDelta>(data),
            "contentBlockStop" => laws::json_identity::<wire::BlockStop>(data),
            "messageStop" => laws::json_identity::<wire::MessageStop>(data),
            "metadata" => laws::json_identity::<wire::Metadata>(data),
            other => panic!("{other}"),
        }
    }
    chunks
}

mod stream {
    use super::*;

    streams! {
        cached = cached
        citations = citations
        empty_blocks
        form_tool = form_tool
        guardrail = guardrail
        parallel_tools
        server_tool = server_tool
        text = text
        thinking_between_calls = thinking_between_calls
        thinking_tool = thinking_tool
    }
}

#[test]
fn a_stream_without_its_count_is_complete() {
    let text = include_str!("../fixtures/stream/text.sse");
    let cut = text.rfind("event: metadata").unwrap();
    let chunks = laws::chunks(decoder, &frames(&text[..cut]));
    assert!(chunks.iter().all(|chunk| !chunk.usage.is_value()));
}

#[test]
fn a_count_before_its_turn_is_told_in_its_turn() {
    let text = include_str!("../fixtures/stream/text.sse");
    let (stop, metadata) =
        (text.rfind("event: messageStop").unwrap(), text.rfind("event: metadata").unwrap());
    let swapped = format!("{}{}{}", &text[..stop], &text[metadata..], &text[stop..metadata]);
    assert_eq!(laws::chunks(decoder, &frames(&swapped)), laws::chunks(decoder, &frames(text)));
}

#[test]
fn failures_in_mid_stream() {
    let begin = frames("event: messageStart\ndata: {\"role\":\"assistant\"}");
    for (name, data, kind, status) in [
        ("throttlingException", r#"{"message":"Too many requests"}"#, ErrorKind::RateLimit, 429),
        ("validationException", r#"{"message":"Input is too long"}"#, ErrorKind::ContextWindow, 400),
        ("serviceUnavailableException", r#"{"message":"busy"}"#, ErrorKind::Unavailable, 503),
        ("internalServerException", r#"{"message":"oh"}"#, ErrorKind::Internal, 500),
        (
            "modelStreamErrorException",
            r#"{"message":"m","originalStatusCode":503,"originalMessage":"o"}"#,
            ErrorKind::Unavailable,
            424,
        ),
        ("modelStreamErrorException", r#"{"message":"m"}"#, ErrorKind::BadGateway, 424),
    ] {
        let stream = [&begin[..], &frames(&format!("event: {name}\ndata: {data}"))].concat();
        laws::cut_anywhere(decoder, &stream);
        let items = laws::read(decoder, &stream);
        let Some(Err(StreamError::Upstream(error))) = items.last() else { panic!("{name}: {items:?}") };
        assert_eq!((error.kind, error.status), (kind, status), "{name}");
        assert_eq!(items.iter().filter(|item| item.is_err()).count(), 1);
    }
    // An error that has no payload says it in its headers.
    let mut frame = bytes::BytesMut::new();
    let headers =
        [(":message-type", "error"), (":error-code", "internalFailure"), (":error-message", "sorry")];
    write_event_stream(&headers, b"", &mut frame);
    let items = laws::read(decoder, &frame);
    let Some(Err(StreamError::Upstream(error))) = items.last() else { panic!("{items:?}") };
    assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Internal, "sorry"));
}

#[test]
fn spoilt_frames_and_spoilt_events() {
    let mut stream = frames(include_str!("../fixtures/stream/text.sse"));
    let middle = stream.len() / 2;
    stream[middle] ^= 1;
    let items = laws::read(decoder, &stream);
    assert!(matches!(items.last(), Some(Err(StreamError::Corrupt(_)))), "{items:?}");
    let odd = frames("event: contentBlockDelta\ndata: {\"contentBlockIndex\":\"x\"}");
    let items = laws::read(decoder, &odd);
    assert!(
        matches!(items.last(), Some(Err(StreamError::Corrupt(why))) if why.contains("contentBlockDelta")),
        "{items:?}"
    );
    let mut decoder = decoder();
    assert_eq!(decoder.push(Bytes::new()).count(), 0);
    assert!(matches!(decoder.finish().next(), Some(Err(StreamError::Truncated))));
}
