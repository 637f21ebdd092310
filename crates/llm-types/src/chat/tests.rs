//! Laws of the chat types.

use serde_json::{Value, json};

use super::*;
use crate::{Nullable, ParseError, Usage, from_slice, from_value};

/// Reads and writes; panics unless the JSON is the same.
#[track_caller]
fn identity<T: serde::de::DeserializeOwned + serde::Serialize>(json: &str) {
    let read: T = from_slice(json.as_bytes()).unwrap_or_else(|error| panic!("{error}: {json}"));
    let written: Value = serde_json::to_value(&read).unwrap();
    assert_eq!(written, serde_json::from_str::<Value>(json).unwrap());
}

fn request(json: &Value) -> Result<ChatRequest, ParseError> {
    let text = from_slice(json.to_string().as_bytes());
    assert_eq!(from_value::<ChatRequest>(json.clone()), text, "a tree reads as its text does");
    text
}

#[test]
fn answers_lose_nothing() {
    for json in [
        r#"{"id":"chatcmpl-1","object":"chat.completion","created":1770000000,"model":"gpt-x","choices":[{"index":0,
            "message":{"role":"assistant","content":"Hi","refusal":null,"annotations":[]},"logprobs":null,
            "finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11,
            "prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":
            {"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},
            "service_tier":"default","system_fingerprint":null}"#,
        r#"{"choices":[{"finish_reason":"tool_calls","message":{"role":"assistant","content":null,"tool_calls":[
            {"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\": 1}"}},
            {"id":"c2","type":"custom","custom":{"name":"g","input":"free text"}}]}}]}"#,
        r#"{"choices":[{"message":{"role":"assistant","content":"x","reasoning_content":"why","thinking_blocks":[
            {"type":"thinking","thinking":"","signature":"c2ln"},{"type":"redacted_thinking","data":"ZGF0YQ=="}],
            "provider_specific_fields":{"citations":[[{"type":"page_location"}]]}}}],"x_groq":{"id":"req_1"}}"#,
        r#"{"choices":[],"created":1770000000.25,"usage":null}"#,
        r#"{"choices":[{"message":{"role":"assistant","audio":{"id":"a","data":"AA==","expires_at":1,
            "transcript":"hi"}},"logprobs":{"content":[{"token":"Hi","logprob":-0.0001,"bytes":[72,105],
            "top_logprobs":[]}],"refusal":null},"finish_reason":"eos","matched_stop":2}]}"#,
    ] {
        identity::<ChatResponse>(json);
    }
}

#[test]
fn chunks_lose_nothing() {
    for json in [
        r#"{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","system_fingerprint":"fp","choices":[
            {"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}],
            "usage":null,"obfuscation":"x7"}"#,
        r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"c","type":"function","function":
            {"name":"f","arguments":""}}]}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"function":{"arguments":"{\"a"}}]}}]}"#,
        r#"{"choices":[{"index":0,"delta":{},"finish_reason":""}]}"#,
        r#"{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,"cost":0.00012}}"#,
        r#"{"choices":null}"#,
        r#"{}"#,
        r#"{"choices":[{"delta":{"reasoning_content":"h","reasoning":"h","thinking_blocks":[{"type":"thinking",
            "thinking":"h","signature":""}]}}],"service_tier":"moon"}"#,
    ] {
        identity::<ChatChunk>(json);
    }
}

/// What is wrong, the place that must be named, and a piece of the message.
fn wrong() -> Vec<(Value, &'static str, &'static str)> {
    let user = |content: Value| json!({"model": "m", "messages": [{"role": "user", "content": content}]});
    let with = |name: &str, value: Value| {
        let mut request = user(json!("Hi"));
        request[name] = value;
        request
    };
    vec![
        (json!([]), "", "invalid type: sequence"),
        (json!({"messages": []}), "", "missing field `model`"),
        (json!({"model": "m"}), "", "missing field `messages`"),
        (json!({"model": 7, "messages": []}), "model", "expected a string"),
        (json!({"model": "m", "messages": {}}), "messages", "expected a sequence"),
        (json!({"model": "m", "messages": [{"content": "Hi"}]}), "messages[0]", "missing field `role`"),
        (
            json!({"model": "m", "messages": [{"role": "user"}, "Hi"]}),
            "messages[1]",
            "invalid type: string \"Hi\"",
        ),
        (json!({"model": "m", "messages": [{"role": 1}]}), "messages[0].role", "expected a string"),
        (user(json!(7)), "messages[0].content", "a string or a list of content parts"),
        (user(json!({"type": "text"})), "messages[0].content", "a string or a list of content parts"),
        (user(json!(["Hi"])), "messages[0].content[0]", "a content part (an object with a `type`)"),
        (user(json!([{"text": "Hi"}])), "messages[0].content[0]", "missing field `type`"),
        (user(json!([{"type": 3}])), "messages[0].content[0].type", "expected a string"),
        (user(json!([{"type": "text"}])), "messages[0].content[0]", "missing field `text`"),
        (user(json!([{"type": "text", "text": 7}])), "messages[0].content[0].text", "expected a string"),
        (
            user(
                json!([{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"detail": "low"}}]),
            ),
            "messages[0].content[1].image_url",
            "missing field `url`",
        ),
        (
            user(json!([{"type": "image_url", "image_url": 5}])),
            "messages[0].content[0].image_url",
            "a URL or an object with a `url`",
        ),
        (
            user(json!([{"type": "input_audio", "input_audio": {"data": "AA=="}}])),
            "messages[0].content[0].input_audio",
            "missing field `format`",
        ),
        (
            user(json!([{"type": "file", "file": {"file_id": ["f"]}}])),
            "messages[0].content[0].file.file_id",
            "expected a string",
        ),
        (
            user(json!([{"type": "text", "text": "a", "cache_control": {"ttl": "1h"}}])),
            "messages[0].content[0].cache_control",
            "missing field `type`",
        ),
        (
            json!({"model": "m", "messages": [{"role": "assistant", "tool_calls": [{"function": {"arguments": {}}}]}]}),
            "messages[0].tool_calls[0].function.arguments",
            "expected a string",
        ),
        (
            json!({"model": "m", "messages": [{"role": "assistant", "thinking_blocks": [{"thinking": "x"}]}]}),
            "messages[0].thinking_blocks[0]",
            "missing field `type`",
        ),
        (with("tools", json!([{"function": {}}])), "tools[0].function", "missing field `name`"),
        (
            with("tools", json!([{"type": "function", "function": {}}])),
            "tools[0].function",
            "missing field `name`",
        ),
        (
            with("tools", json!([{"type": "function", "function": {"name": "f", "strict": "yes"}}])),
            "tools[0].function.strict",
            "expected a boolean",
        ),
        (
            with("tool_choice", json!(true)),
            "tool_choice",
            "`none`, `auto`, `required` or an object with a `type`",
        ),
        (with("tool_choice", json!({"type": "function"})), "tool_choice", "missing field `function`"),
        (
            with("response_format", json!("json")),
            "response_format",
            "a response format (an object with a `type`)",
        ),
        (
            with("response_format", json!({"type": "json_schema", "json_schema": {"schema": {}}})),
            "response_format.json_schema",
            "missing field `name`",
        ),
        (with("stop", json!([1])), "stop[0]", "expected a string"),
        (with("stop", json!({})), "stop", "a string or a list of strings"),
        (with("temperature", json!("hot")), "temperature", "expected a JSON number"),
        (with("max_tokens", json!(-1)), "max_tokens", "expected a whole number, 0 or more"),
        (with("n", json!(1.5)), "n", "expected a whole number, 0 or more"),
        (with("stream", json!("true")), "stream", "expected a boolean"),
        (
            with("stream_options", json!({"include_usage": 1})),
            "stream_options.include_usage",
            "expected a boolean",
        ),
        (with("stream_options", json!(5)), "stream_options", "expected an object"),
        (with("logit_bias", json!([])), "logit_bias", "expected a map"),
        (with("prediction", json!({"type": "content"})), "prediction", "missing field `content`"),
    ]
}

#[test]
fn errors_name_the_place() {
    for (json, path, message) in wrong() {
        let error = request(&json).expect_err(&json.to_string());
        assert_eq!(error.path, path, "{json}: {error}");
        assert!(error.message.contains(message), "{json}: {error}");
        assert!(!error.message.contains(" at line "), "the path says it: {error}");
    }
}

#[test]
fn text_that_is_no_json_has_a_line() {
    for (text, message) in [
        ("", "EOF while parsing"),
        (r#"{"model": "m", "messages": ["#, "EOF while parsing"),
        (r#"{"model": "m", "messages": []} x"#, "trailing characters"),
        (r#"{"model": "m", "messages": [],}"#, "trailing comma"),
        ("{\"model\": \"\u{1}\", \"messages\": []}", "control character"),
        (r#"{"model": "\ud800", "messages": []}"#, "unexpected end of hex escape"),
    ] {
        let error = from_slice::<ChatRequest>(text.as_bytes()).unwrap_err();
        assert!(
            error.message.contains(message) && error.message.contains(" at line 1 column "),
            "{text}: {error}"
        );
    }
    assert!(from_slice::<ChatRequest>(b"{\"model\": \"\xFF\", \"messages\": []}").is_err());
    let deep = format!(r#"{{"model":"m","messages":[],"x":{}1{}}}"#, "[".repeat(200), "]".repeat(200));
    assert!(from_slice::<ChatRequest>(deep.as_bytes()).unwrap_err().message.contains("recursion limit"));
}

#[test]
fn the_type_may_stand_anywhere() {
    for json in [
        json!([{"text": "Hi", "cache_control": {"ttl": "1h", "type": "ephemeral"}, "type": "text"}]),
        json!([{"image_url": {"url": "https://a.example/b.png"}, "type": "image_url", "x": 1}]),
        json!([{"x": {"type": "text"}, "depth": 3, "type": "hologram", "y": null}]),
    ] {
        identity::<MessageContent>(&json.to_string());
    }
    let error = from_slice::<ContentPart>(br#"{"text":7,"type":"text"}"#).unwrap_err();
    assert!(error.message.contains("expected a string"), "{error}");
    let ContentPart::Text(part) = from_slice(br#"{"a":1,"text":"Hi","type":"text","b":2}"#).unwrap() else {
        panic!("it is a text part");
    };
    assert_eq!(part.extra.keys().collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn a_type_that_stands_twice_is_refused() {
    for json in [
        r#"{"type":"text","text":"Hi","type":"image_url"}"#,
        r#"{"text":"Hi","type":"text","type":"text"}"#,
        r#"{"type":"hologram","type":"text","text":"Hi"}"#,
    ] {
        let error = from_slice::<ContentPart>(json.as_bytes()).unwrap_err();
        assert!(error.message.contains("duplicate field `type`"), "{json}: {error}");
    }
}

#[test]
fn unknown_kinds_survive() {
    let part: ContentPart = from_slice(br#"{"type":"hologram","z":1,"a":{"b":null}}"#).unwrap();
    assert_eq!(part.kind(), "hologram");
    assert!(matches!(part, ContentPart::Unknown(_)));
    assert_eq!(serde_json::to_string(&part).unwrap(), r#"{"type":"hologram","z":1,"a":{"b":null}}"#);

    let tool: Tool =
        from_slice(br#"{"type":"web_search_20260209","name":"web_search","max_uses":3}"#).unwrap();
    assert_eq!(tool.name(), Some("web_search"));
    assert!(matches!(tool, Tool::Unknown(_)));

    let choice: ToolChoice = from_slice(br#"{"type":"mcp","server_label":"x"}"#).unwrap();
    assert!(matches!(choice, ToolChoice::Unknown(_)));
    identity::<ToolChoice>(r#"{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[]}}"#);
    identity::<ToolChoice>(r#""perhaps""#);
    identity::<ResponseFormat>(r#"{"type":"grammar","grammar":"root ::= x"}"#);
    identity::<ResponseFormat>(r#"{"type":"json_object","x":1}"#);
}

#[test]
fn open_enums_keep_what_they_do_not_know() {
    for (text, known) in [
        ("stop", FinishReason::Stop),
        ("tool_calls", FinishReason::ToolCalls),
        ("eos", FinishReason::Other("eos".to_owned())),
        ("", FinishReason::Other(String::new())),
        ("Stop", FinishReason::Other("Stop".to_owned())),
    ] {
        assert_eq!(FinishReason::from(text), known);
        assert_eq!(known.as_str(), text);
        assert_eq!(known.to_string(), text);
        let json = Value::from(text);
        assert_eq!(from_value::<FinishReason>(json.clone()).unwrap(), known);
        assert_eq!(serde_json::to_value(&known).unwrap(), json);
    }
    let escaped: Role = from_slice(br#""us\u0065r""#).unwrap();
    assert_eq!(escaped, Role::User);
    assert_eq!(
        from_slice::<ReasoningEffort>(b"null").unwrap_err().message,
        "invalid type: null, expected a string"
    );
}

#[test]
fn absent_null_and_present_differ() {
    let message: Message = from_slice(br#"{"role":"assistant","content":null,"refusal":"no"}"#).unwrap();
    assert_eq!(message.content, Nullable::Null);
    assert_eq!(message.refusal, Nullable::Value("no".to_owned()));
    assert_eq!(message.tool_calls, Nullable::Absent);
    assert_eq!(
        serde_json::to_string(&message).unwrap(),
        r#"{"role":"assistant","content":null,"refusal":"no"}"#
    );
}

#[test]
fn numbers_stay_as_they_came() {
    for number in ["0.1", "1", "1.0", "1e-7", "-0.0", "18446744073709551615", "0.30000000000000004"] {
        let json = format!(r#"{{"model":"m","messages":[],"temperature":{number},"x":{number}}}"#);
        let read: ChatRequest = from_slice(json.as_bytes()).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
    }
}

#[test]
fn helpers_read_both_forms() {
    let read = |extra: &str| -> ChatRequest {
        from_slice(format!(r#"{{"model":"m","messages":[]{extra}}}"#).as_bytes()).unwrap()
    };
    assert_eq!(read("").output_limit(), None);
    assert_eq!(read(r#","max_tokens":5"#).output_limit(), Some(5));
    assert_eq!(read(r#","max_tokens":5,"max_completion_tokens":7"#).output_limit(), Some(7));
    assert_eq!(read(r#","max_tokens":5,"max_completion_tokens":null"#).output_limit(), Some(5));
    assert!(
        !read("").streams() && !read(r#","stream":null"#).streams() && read(r#","stream":true"#).streams()
    );
    assert!(read(r#","stream_options":{"include_usage":true}"#).wants_stream_usage());
    assert!(!read(r#","stream_options":{}"#).wants_stream_usage());
    let stop =
        |text: &str| read(&format!(r#","stop":{text}"#)).stop.get().map(|stop| stop.as_slice().to_vec());
    assert_eq!(stop(r#""a""#), Some(vec!["a".to_owned()]));
    assert_eq!(stop(r#"["a","b"]"#), Some(vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(stop("null"), None);

    let parts = MessageContent::Parts(vec![
        ContentPart::text("a"),
        ContentPart::image("https://a.example/b.png"),
        ContentPart::text("b"),
    ]);
    assert_eq!(parts.text(), "ab");
    assert!(
        !parts.is_empty()
            && MessageContent::from("").is_empty()
            && MessageContent::Parts(Vec::new()).is_empty()
    );
}

#[test]
fn what_is_made_reads_as_what_is_written() {
    let mut request = ChatRequest::new(
        "m",
        vec![
            Message::system("s"),
            Message::user("u"),
            Message {
                tool_calls: vec![ToolCall::function("c", "f", "{}")].into(),
                ..Message::empty(Role::Assistant)
            },
            Message::tool("c", "r"),
        ],
    );
    request.tools = vec![Tool::function("f", "does it", json!({"type": "object"}))].into();
    request.tool_choice = ToolChoice::function("f").into();
    assert_eq!(
        serde_json::to_value(&request).unwrap(),
        json!({
            "model": "m",
            "messages": [
                {"role": "system", "content": "s"},
                {"role": "user", "content": "u"},
                {"role": "assistant", "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
                {"role": "tool", "content": "r", "tool_call_id": "c"},
            ],
            "tools": [{"type": "function", "function": {"name": "f", "description": "does it", "parameters": {"type": "object"}}}],
            "tool_choice": {"type": "function", "function": {"name": "f"}},
        })
    );
    let mut chunk = ChatChunk::new("c", 7, "m", vec![ChunkChoice::new(Delta::text("Hi"))]);
    chunk.usage = Usage::new(1, 2).into();
    identity::<ChatChunk>(&serde_json::to_string(&chunk).unwrap());
    let answer = ChatResponse::new(
        "c".into(),
        7,
        "m".into(),
        Choice::new(Message::assistant("Hi"), FinishReason::Stop),
    );
    identity::<ChatResponse>(&serde_json::to_string(&answer).unwrap());
}

#[test]
fn a_tool_without_a_type_is_what_it_holds() {
    let read = |json: Value| from_value::<Tool>(json).unwrap();
    let function = read(json!({"function": {"name": "f"}, "extra": 1}));
    assert!(matches!(&function, Tool::Function(tool) if tool.function.name == "f"));
    assert_eq!(
        serde_json::to_value(&function).unwrap(),
        json!({"type": "function", "function": {"name": "f"}, "extra": 1})
    );
    let vendors = json!({"googleSearch": {}});
    let kept = read(vendors.clone());
    assert!(matches!(kept, Tool::Unknown(_)));
    assert_eq!(serde_json::to_value(&kept).unwrap(), vendors, "nothing is added to what is not known");
    let error = from_value::<Tool>(json!({"function": {"name": 7}})).unwrap_err();
    assert!(error.message.contains("expected a string"), "{error}");
}
