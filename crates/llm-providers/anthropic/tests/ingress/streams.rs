//! Streamed answers, case by case.

use bytes::{Bytes, BytesMut};
use llm_provider_core::Kept;
use llm_types::{ApiError, ChatChunk, ErrorKind, Layer};
use serde_json::{Value, json};

use super::event_order::{Told, check};
use super::{anthropic, ingress, reply};

/// The stream that these chunks become, and the notes on it.
pub(crate) fn stream(chunks: &[Value]) -> (String, Vec<String>) {
    let mut writer = ingress().writer(&reply());
    let mut out = BytesMut::new();
    for chunk in chunks {
        let chunk: ChatChunk = llm_types::from_value(chunk.clone()).unwrap();
        writer.chunk(&chunk, &mut out);
    }
    writer.end(&mut out);
    let notes = writer.notes().iter().map(ToString::to_string).collect();
    (String::from_utf8(out.to_vec()).unwrap(), notes)
}

/// A chunk with this delta.
pub(crate) fn delta(delta: Value) -> Value {
    json!({ "id": "chatcmpl-1", "model": "gpt", "choices": [{ "index": 0, "delta": delta, "finish_reason": null }] })
}

fn call(index: u32, id: Option<&str>, name: Option<&str>, arguments: &str) -> Value {
    let mut call = json!({ "index": index, "function": { "arguments": arguments } });
    if let Some(id) = id {
        call["id"] = id.into();
    }
    if let Some(name) = name {
        call["function"]["name"] = name.into();
    }
    delta(json!({ "tool_calls": [call] }))
}

pub(crate) fn finish(reason: &str) -> Value {
    json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": reason }] })
}

fn told(chunks: &[Value]) -> Told {
    check(stream(chunks).0.as_bytes())
}

fn tool_use(id: &str, name: &str, input: Value) -> Value {
    json!({ "type": "tool_use", "id": id, "name": name, "input": input })
}

#[test]
fn byte_for_byte() {
    let (stream, notes) = stream(&[
        delta(json!({ "role": "assistant", "content": "" })),
        delta(json!({ "reasoning_content": "Hm." })),
        delta(json!({ "content": "Hi" })),
        delta(json!({ "content": " \"you\"\n" })),
        call(0, Some("call_1"), Some("look"), ""),
        call(0, None, None, "{\"a\""),
        call(0, None, None, ":1}"),
        finish("tool_calls"),
        json!({ "choices": [], "usage": { "prompt_tokens": 10, "completion_tokens": 4, "prompt_tokens_details": { "cached_tokens": 3 } } }),
    ]);
    assert_eq!(
        stream,
        r#"event: message_start
data: {"type":"message_start","message":{"id":"msg_chatcmpl-1","type":"message","role":"assistant","model":"gpt","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":0,"output_tokens":0}}}

event: ping
data: {"type":"ping"}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hm."}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: content_block_start
data: {"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Hi"}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":" \"you\"\n"}}

event: content_block_stop
data: {"type":"content_block_stop","index":1}

event: content_block_start
data: {"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"call_1","name":"look","input":{}}}

event: content_block_delta
data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"a\""}}

event: content_block_delta
data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":":1}"}}

event: content_block_stop
data: {"type":"content_block_stop","index":2}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"input_tokens":7,"cache_creation_input_tokens":0,"cache_read_input_tokens":3,"output_tokens":4}}

event: message_stop
data: {"type":"message_stop"}

"#
    );
    check(stream.as_bytes());
    assert!(notes.is_empty(), "{notes:?}");
}

#[test]
fn nothing_at_all_is_an_empty_answer() {
    let told = told(&[]);
    assert_eq!((told.blocks, told.stop_reason.as_str()), (vec![], "end_turn"));
    assert_eq!((&told.message["id"], &told.message["model"]), (&json!("msg_req-1"), &json!("asked")));
}

#[test]
fn what_comes_before_the_answer_does_not_name_it() {
    let told = told(&[
        json!({ "id": "", "model": "", "choices": [], "prompt_filter_results": [] }),
        delta(json!({ "content": "a" })),
        finish("length"),
    ]);
    assert_eq!((&told.message["id"], &told.message["model"]), (&json!("msg_chatcmpl-1"), &json!("gpt")));
    assert_eq!(told.stop_reason, "max_tokens");
}

#[test]
fn calls_that_interleave_are_put_apart() {
    let told = told(&[
        call(0, Some("a"), Some("f"), ""),
        call(1, Some("b"), Some("g"), "{\"x\""),
        call(0, None, None, "{\"y\":"),
        delta(json!({ "content": "meanwhile" })),
        call(1, None, None, ":1}"),
        call(0, None, None, "2}"),
        finish("tool_calls"),
    ]);
    assert_eq!(
        told.blocks,
        [
            tool_use("a", "f", json!({ "y": 2 })),
            tool_use("b", "g", json!({ "x": 1 })),
            json!({ "type": "text", "text": "meanwhile" })
        ]
    );
}

/// A call that has ended does not hold up the next one until the end of the answer.
#[test]
fn calls_in_a_row_are_told_as_they_come() {
    let mut writer = ingress().writer(&reply());
    let mut told_after = |chunk: Value| {
        let mut out = BytesMut::new();
        writer.chunk(&llm_types::from_value(chunk).unwrap(), &mut out);
        String::from_utf8(out.to_vec()).unwrap()
    };
    told_after(call(0, Some("a"), Some("f"), "{\"x\":\"}\"}"));
    assert!(told_after(call(1, Some("b"), Some("g"), "")).contains("\"index\":1"));
    assert!(told_after(call(1, None, None, "{\"y")).contains("{\\\"y"));
}

#[test]
fn the_same_index_or_none_for_every_call() {
    let whole = |id: &str, name: &str| json!({ "index": 0, "id": id, "function": { "name": name, "arguments": "{}" } });
    let told_same =
        told(&[delta(json!({ "tool_calls": [whole("a", "f"), whole("b", "f")] })), finish("stop")]);
    let expected = [tool_use("a", "f", json!({})), tool_use("b", "f", json!({}))];
    assert_eq!(told_same.blocks, expected);
    assert_eq!(told_same.stop_reason, "tool_use");

    let bare = |id: &str, name: &str| {
        let mut call = whole(id, name);
        call.as_object_mut().unwrap().shift_remove("index");
        call
    };
    let told_none = told(&[delta(json!({ "tool_calls": [bare("a", "f"), bare("b", "f")] })), finish("stop")]);
    assert_eq!(told_none.blocks, expected);

    let told_nameless =
        told(&[delta(json!({ "tool_calls": [whole("", "f"), whole("", "f"), whole("", "g")] }))]);
    let ids: Vec<_> = told_nameless.blocks.iter().map(|block| block["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["toolu_req-1_0", "toolu_req-1_1", "toolu_req-1_2"]);
}

#[test]
fn a_call_whose_id_and_name_stand_in_every_piece() {
    let told = told(&[
        call(0, Some("a"), Some("f"), "{\"x\":"),
        call(0, Some("a"), Some("f"), "1}"),
        finish("tool_calls"),
    ]);
    assert_eq!(told.blocks, [tool_use("a", "f", json!({ "x": 1 }))]);
}

#[test]
fn a_name_that_comes_late() {
    let told =
        told(&[call(0, Some("a"), None, "{\"x\":"), call(0, None, Some("f"), "1}"), finish("tool_calls")]);
    assert_eq!(told.blocks, [tool_use("a", "f", json!({ "x": 1 }))]);
}

#[test]
fn every_call_has_names() {
    let (stream, notes) = stream(&[
        call(0, Some("a"), Some("f"), "{}"),
        call(1, Some("a"), Some("g"), "{}"),
        call(2, Some("c"), None, "{}"),
        finish("tool_calls"),
    ]);
    let told = check(stream.as_bytes());
    assert_eq!(told.blocks, [tool_use("a", "f", json!({})), tool_use("toolu_req-1_1", "g", json!({}))]);
    assert_eq!(notes, ["dropped choices[0].delta.tool_calls: a call without a name"]);
}

#[test]
fn older_and_custom_calls() {
    let told = told(&[
        delta(json!({ "function_call": { "name": "f", "arguments": "" } })),
        delta(json!({ "function_call": { "arguments": "{\"x\":1}" } })),
        delta(
            json!({ "tool_calls": [{ "index": 0, "id": "c", "custom": { "name": "g", "input": "say \"" } }] }),
        ),
        delta(json!({ "tool_calls": [{ "index": 0, "custom": { "input": "hi\"" } }] })),
        finish("function_call"),
    ]);
    assert_eq!(
        told.blocks,
        [
            tool_use("toolu_req-1_0", "f", json!({ "x": 1 })),
            tool_use("c", "g", json!({ "input": "say \"hi\"" }))
        ]
    );
    assert_eq!(told.stop_reason, "tool_use");
}

#[test]
fn thinking_with_and_without_signatures() {
    let piece = |text: &str| {
        delta(
            json!({ "reasoning_content": text, "thinking_blocks": [{ "type": "thinking", "thinking": text }] }),
        )
    };
    let sign = |signature: &str| {
        delta(json!({ "thinking_blocks": [{ "type": "thinking", "thinking": "", "signature": signature }] }))
    };
    let told = told(&[
        piece("a"),
        piece("b"),
        sign("s1"),
        sign("s2"),
        delta(json!({ "thinking_blocks": [{ "type": "redacted_thinking", "data": "x" }] })),
        piece("c"),
        delta(json!({ "reasoning_content": "d" })),
        delta(json!({ "content": "e" })),
        delta(json!({ "reasoning_content": "f" })),
        finish("stop"),
    ]);
    let thinking =
        |text: &str, signature: &str| json!({ "type": "thinking", "thinking": text, "signature": signature });
    assert_eq!(
        told.blocks,
        [
            thinking("ab", "s1"),
            thinking("", "s2"),
            json!({ "type": "redacted_thinking", "data": "x" }),
            thinking("cd", ""),
            json!({ "type": "text", "text": "e" }),
            thinking("f", ""),
        ]
    );
}

#[test]
fn text_of_spaces_only_is_no_block() {
    let told = told(&[
        delta(json!({ "content": "\n" })),
        delta(json!({ "content": "\n" })),
        call(0, Some("a"), Some("f"), "{}"),
        delta(json!({ "content": " " })),
        delta(json!({ "content": "b" })),
        delta(json!({ "content": " " })),
        finish("tool_calls"),
    ]);
    assert_eq!(told.blocks, [tool_use("a", "f", json!({})), json!({ "type": "text", "text": " b " })]);
}

#[test]
fn refusals() {
    let own =
        told(&[delta(json!({ "refusal": "I " })), delta(json!({ "refusal": "cannot." })), finish("stop")]);
    assert_eq!(own.blocks, [json!({ "type": "text", "text": "I cannot." })]);
    assert_eq!(own.stop_reason, "refusal");
    let anthropics = told(&[
        delta(json!({ "content": "a" })),
        json!({ "choices": [{ "index": 0, "finish_reason": "content_filter", "delta": {
            "refusal": "Against policy.",
            "provider_specific_fields": { "stop_reason": "refusal", "stop_details": { "type": "refusal", "explanation": "Against policy." } }
        } }] }),
    ]);
    assert_eq!(anthropics.blocks, [json!({ "type": "text", "text": "a" })]);
    assert_eq!(anthropics.stop_reason, "refusal");
}

#[test]
fn anthropics_own_reason_is_told() {
    let (stream, _) = stream(&[json!({ "choices": [{ "index": 0, "finish_reason": "stop", "delta": {
        "content": "a", "provider_specific_fields": { "stop_reason": "stop_sequence", "stop_sequence": "E" } } }] })]);
    assert!(stream.contains(r#""delta":{"stop_reason":"stop_sequence","stop_sequence":"E"}"#), "{stream}");
}

/// Blocks that only Anthropic has, sources, and text that is a block of its own come in their turn.
#[test]
fn what_only_anthropic_has() {
    let own = |name: &str, value: &Value| delta(json!({ "provider_specific_fields": { name: value } }));
    let search = json!({ "type": "server_tool_use", "id": "s", "name": "web_search", "input": { "q": "é" } });
    let found = json!({ "type": "web_search_tool_result", "tool_use_id": "s", "content": [{ "url": "u" }] });
    let summary = json!({ "type": "compaction", "content": "So far.", "encrypted_content": "x" });
    let source = |page: u32| json!({ "type": "page_location", "start_page_number": page });
    let text = |text: &str| json!({ "type": "text", "text": text });
    let cited = json!({ "type": "text", "text": "c", "citations": [source(1), source(2)] });
    let blank = json!({ "type": "text", "text": " ", "citations": [source(3)] });
    let marked = json!({ "type": "text", "text": "d", "mood": "glad" });
    let mut called = tool_use("t", "look", json!({}));
    called["caller"] = json!({ "type": "direct" });
    let mut call = call(0, Some("t"), Some("look"), "{}");
    call["choices"][0]["delta"]["tool_calls"][0]["caller"] = called["caller"].clone();
    let blocks =
        json!([summary, text("a"), search, found, text("b"), cited, blank, marked, called, text("e")]);
    let (stream, notes) = stream(&[
        own("content_block", &summary),
        delta(json!({ "content": "a" })),
        own("content_block", &search),
        own("content_block", &found),
        delta(json!({ "content": "b" })),
        own("content_block", &json!({ "type": "text", "text": "", "citations": [] })),
        own("citation", &source(1)),
        delta(json!({ "content": "c" })),
        own("citation", &source(2)),
        delta(json!({ "annotations": [{ "type": "url_citation" }] })),
        own("content_block", &text("")),
        delta(json!({ "content": " " })),
        own("citation", &source(3)),
        own("content_block", &marked),
        // Told by the call itself.
        own("content_block", &called),
        call,
        // Nothing comes of it, as nothing is said in it.
        own("content_block", &text("")),
        own("content_block", &text("e")),
        own("content_blocks", &blocks),
        finish("tool_calls"),
    ]);
    assert_eq!(json!(check(stream.as_bytes()).blocks), blocks);
    assert!(notes.is_empty(), "{notes:?}");
    assert!(
        stream.contains(r#""delta":{"type":"input_json_delta","partial_json":"{\"q\":\"é\"}"}"#),
        "{stream}"
    );
    assert!(
        stream.contains(r#""delta":{"type":"compaction_delta","content":"So far.","encrypted_content":"x"}"#)
    );
}

/// Sources wait with their text for a call that has not ended.
#[test]
fn a_citation_waits_for_its_turn() {
    let source = json!({ "type": "page_location" });
    let told = told(&[
        call(0, Some("a"), Some("f"), "{\"x\":"),
        delta(json!({ "content": "b", "provider_specific_fields": { "citation": source } })),
        call(0, None, None, "1}"),
        finish("tool_calls"),
    ]);
    assert_eq!(
        told.blocks,
        [
            tool_use("a", "f", json!({ "x": 1 })),
            json!({ "type": "text", "text": "b", "citations": [source] })
        ]
    );
}

/// Sources that Anthropic has no word for are no `citations_delta`; they are told at the end, beside the answer.
#[test]
fn other_vendors_citations() {
    for source in [
        json!({ "start": 0, "end": 1, "text": "b", "sources": [], "type": "TEXT_CONTENT" }),
        json!({ "title": "D", "location": { "new": { "documentIndex": 0, "start": 0, "end": 1 } } }),
    ] {
        let (text, _) = stream(&[
            delta(json!({ "content": "b", "provider_specific_fields": { "citation": source } })),
            delta(json!({ "provider_specific_fields": { "citations": [source] } })),
            finish("stop"),
        ]);
        assert!(!text.contains("citations_delta"), "{text}");
        let told = format!("\"provider_specific_fields\":{}", json!({ "citations": [source] }));
        assert!(text.contains(&told), "{told} is not in {text}");
    }
}

/// A list at the end of what was never told comes too late for blocks of their own, and is told beside them.
#[test]
fn blocks_that_were_not_told_in_their_turn() {
    let blocks = json!([{ "type": "text", "text": "a" }, { "type": "server_tool_use", "id": "s" }]);
    let (told, notes) = stream(&[
        delta(json!({ "content": "a" })),
        delta(json!({ "provider_specific_fields": { "content_blocks": blocks } })),
    ]);
    assert!(told.contains(&format!(r#""provider_specific_fields":{{"content_blocks":{blocks}}}"#)), "{told}");
    assert!(notes.is_empty(), "{notes:?}");
    let (told, _) = stream(&[delta(
        json!({ "content": "a", "provider_specific_fields": { "content_blocks": [blocks[0]] } }),
    )]);
    assert!(!told.contains("content_blocks"), "{told}");
}

#[test]
fn what_anthropic_says_of_the_answer_as_a_whole() {
    let mut first = delta(json!({ "role": "assistant" }));
    first["provider_specific_fields"] = json!({ "future": true, "id": "other" });
    let mut last = finish("stop");
    last["choices"][0]["delta"]["provider_specific_fields"] =
        json!({ "stop_details": null, "container": null, "context_management": { "applied_edits": [] } });
    last["provider_specific_fields"] = json!({ "later": 1 });
    let (stream, notes) = stream(&[first, last]);
    let told = check(stream.as_bytes());
    assert_eq!((&told.message["id"], &told.message["future"]), (&json!("msg_chatcmpl-1"), &json!(true)));
    let end = r#""delta":{"stop_reason":"end_turn","stop_sequence":null,"stop_details":null,"container":null,"later":1,"provider_specific_fields":{"id":"other"}}"#;
    assert!(stream.contains(end), "{stream}");
    assert!(stream.contains(r#""context_management":{"applied_edits":[]}}"#), "{stream}");
    assert!(notes.is_empty(), "{notes:?}");
}

#[test]
fn usage_that_comes_first_is_told_first() {
    let told = told(&[
        json!({ "choices": [{ "index": 0, "delta": { "content": "a" } }], "usage": { "prompt_tokens": 9, "completion_tokens": 1 } }),
    ]);
    assert_eq!(told.message["usage"]["input_tokens"], 9);
    assert_eq!(told.usage["output_tokens"], 1);
}

#[test]
fn what_has_no_place_is_noted_once() {
    let second = json!({ "choices": [{ "index": 1, "delta": { "content": "b" } }] });
    let odd =
        delta(json!({ "content": "a", "audio": { "id": "x" }, "annotations": [{ "type": "url_citation" }],
        "images": [{ "type": "image_url", "image_url": { "url": "data:image/png;base64,AAAA" } }] }));
    let late =
        [call(0, Some("c"), Some("f"), "{}"), delta(json!({ "content": "z" })), call(0, None, None, "{}")];
    let (stream, notes) = stream(&[&[second.clone(), second, odd.clone(), odd][..], &late].concat());
    assert_eq!(check(stream.as_bytes()).blocks[0], json!({ "type": "text", "text": "aa" }));
    let paths: Vec<_> = notes.iter().map(|note| note.split([' ', ':']).nth(1).unwrap()).collect();
    assert_eq!(
        paths,
        [
            "choices[1..]",
            "choices[0].delta.audio",
            "choices[0].delta.images",
            "choices[0].delta.annotations",
            "choices[0].delta.tool_calls"
        ]
    );
}

#[test]
fn after_an_error_comes_nothing() {
    let mut writer = ingress().writer(&reply());
    let mut out = BytesMut::new();
    let chunk: ChatChunk = llm_types::from_value(delta(json!({ "content": "a" }))).unwrap();
    writer.chunk(&chunk, &mut out);
    let error = ApiError::new(ErrorKind::BadGateway, Layer::Provider, "cut off");
    writer.error(&error, &mut out);
    let length = out.len();
    writer.chunk(&chunk, &mut out);
    writer.error(&error, &mut out);
    writer.end(&mut out);
    assert_eq!(out.len(), length);
    assert_eq!(check(&out).error, Some(json!({ "type": "api_error", "message": "cut off" })));
}

/// Anthropic's own streams, read by the translator and written by this dialect, are in order and say the same.
#[test]
fn anthropics_own_streams_come_back() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/stream");
    let read = |stream: Bytes| {
        let mut decoder = anthropic().decoder();
        let mut chunks: Vec<_> = decoder.push(stream).collect();
        chunks.extend(decoder.finish());
        chunks.into_iter().collect::<Result<Vec<ChatChunk>, _>>()
    };
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // One of them breaks.
        let Ok(chunks) = read(std::fs::read(&path).unwrap().into()) else { continue };
        let mut writer = ingress().writer(&reply());
        let mut out = BytesMut::new();
        for chunk in &chunks {
            writer.chunk(chunk, &mut out);
        }
        writer.end(&mut out);
        check(&out);
        let whole = |chunks: &[ChatChunk]| {
            let answer = llm_testkit::assemble(chunks);
            let message = answer.choices[0].message.clone();
            let counts = answer.usage.get().map(llm_types::Usage::counts);
            let mut specifics = message.provider_specific_fields.into_option().unwrap_or_default();
            // A reason that nobody knows is told as the usual one.
            specifics.shift_remove("stop_reason");
            let mut answers = answer.provider_specific_fields.into_option().unwrap_or_default();
            if let Some(beside) = answers.shift_remove("provider_specific_fields") {
                let names: Vec<_> = beside.as_object().unwrap().keys().cloned().collect();
                assert_eq!(names, ["stop_reason"], "what is told beside the answer");
            }
            let own = (specifics, answers);
            (
                message.content,
                message.tool_calls,
                message.thinking_blocks,
                answer.id,
                answer.model,
                counts,
                own,
            )
        };
        let again = read(out.freeze()).unwrap();
        assert_eq!(whole(&again), whole(&chunks), "{}", path.display());
        seen += 1;
    }
    assert!(seen >= 8, "the fixtures are there");
}

/// Members that only a vendor knows of a call stand sealed before it; those that come late, at the end.
#[test]
fn what_a_vendor_alone_knows_of_a_call() {
    let signed = |index: u32, id: &str, arguments: &str, members: Value| {
        let mut chunk = call(index, Some(id), Some("f"), arguments);
        let piece = &mut chunk["choices"][0]["delta"]["tool_calls"][0];
        piece.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        chunk
    };
    let (first, second) =
        (json!({ "sig": "1", "caller": { "type": "direct" } }), json!({ "sig": "2", "null": null }));
    let told = told(&[
        signed(0, "a", "{\"x\"", first.clone()),
        signed(1, "b", "{}", second),
        signed(0, "a", ":1}", first),
        signed(1, "b", "", json!({ "late": true })),
        finish("tool_calls"),
    ]);
    let carrier = |block: &Value| {
        assert_eq!(block["type"], "redacted_thinking");
        serde_json::to_value(Kept::open(block["data"].as_str().unwrap()).unwrap().calls).unwrap()
    };
    let [one, a, two, b, late] = told.blocks.as_slice() else { panic!("{:?}", told.blocks) };
    assert_eq!(carrier(one), json!({ "a": { "sig": "1" } }));
    assert_eq!((&a["id"], &a["input"]), (&json!("a"), &json!({ "x": 1 })));
    assert_eq!(carrier(two), json!({ "b": { "sig": "2" } }));
    assert_eq!(b["id"], "b");
    assert_eq!(carrier(late), json!({ "b": { "sig": "2", "late": true } }));
}

/// Thinking without a signature, whose members come with its pieces, is one block all the same.
#[test]
fn members_of_unsigned_thinking() {
    let piece = |words: &str| {
        delta(
            json!({ "thinking_blocks": [{ "type": "thinking", "thinking": words, "closed": true, "index": 0 }] }),
        )
    };
    let told = told(&[piece("Hm"), piece("."), delta(json!({ "content": "So." })), finish("stop")]);
    let block = json!({ "type": "thinking", "closed": true });
    let signature = Kept { thinking: Some(llm_types::from_value(block).unwrap()), ..Kept::default() }.seal();
    let thinking = json!({ "type": "thinking", "thinking": "Hm.", "signature": signature });
    assert_eq!(told.blocks, [thinking, json!({ "type": "text", "text": "So." })]);
}
