//! Tools that a vendor ran itself: told to each client in its own dialect's words, and back to their vendor unchanged.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use llm_providers::core::{Call, Decoded, Dialect, Frames, Payload, Reply};
use llm_providers::types::ChatResponse;
use serde_json::{Value, json};

const CLAUDE: (&str, &str) = ("anthropic", "claude-sonnet-4-5");
const GPT: (&str, &str) = ("openai", "responses/gpt-5");
const GEMINI: (&str, &str) = ("gemini", "gemini-2.5-flash");

fn reply() -> Reply {
    Reply { request_id: "req-1".to_owned(), model: "m".to_owned(), created_s: 7, include_usage: true }
}

/// What a client of `dialect` gets of a whole answer.
fn whole(vendor: (&str, &str), answer: &Value, dialect: Dialect) -> (Value, Vec<String>) {
    let provider = llm_providers::find(vendor.0).unwrap();
    let body = answer.to_string();
    let decoded = provider.chat().unwrap().decode(http::Response::new(body.as_bytes())).unwrap();
    let Decoded::Answer(canonical): Decoded<ChatResponse> = decoded else { panic!("it is an answer") };
    let written = llm_providers::ingress(dialect).write(&canonical, &reply());
    (serde_json::from_slice(&written.body).unwrap(), written.notes.iter().map(ToString::to_string).collect())
}

/// The events that a client of `dialect` gets of a streamed answer.
fn streamed(vendor: (&str, &str), events: &[Value], dialect: Dialect) -> Vec<Value> {
    let provider = llm_providers::find(vendor.0).unwrap();
    let mut decoder = provider.chat().unwrap().decoder();
    let mut writer = llm_providers::ingress(dialect).writer(&reply());
    let mut out = BytesMut::new();
    for event in events {
        let kind = event["type"].as_str().map(|kind| format!("event: {kind}\n")).unwrap_or_default();
        let frame = Bytes::from(format!("{kind}data: {event}\n\n"));
        for chunk in decoder.push(frame) {
            writer.chunk(&chunk.unwrap(), &mut out);
        }
    }
    for chunk in decoder.finish() {
        writer.chunk(&chunk.unwrap(), &mut out);
    }
    writer.end(&mut out);
    let data = Frames::new(&out).filter_map(|frame| {
        let text = std::str::from_utf8(frame).unwrap();
        text.lines().find_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok())
    });
    data.collect()
}

/// The body that `vendor` is asked with when a client of `dialect` asks `body`.
fn asked(vendor: (&str, &str), body: &Value, dialect: Dialect) -> (Value, Vec<String>) {
    let read = llm_providers::ingress(dialect).read(body.to_string().as_bytes()).unwrap();
    let provider = llm_providers::find(vendor.0).unwrap();
    let headers = HeaderMap::new();
    let encoded = provider.chat().unwrap().encode(&read.request, &Call::new(vendor.1, &headers)).unwrap();
    let Payload::Bytes(bytes) = encoded.request.body() else { panic!("no bytes") };
    let notes = read.notes.iter().chain(&encoded.notes).map(ToString::to_string).collect();
    (serde_json::from_slice(bytes).unwrap(), notes)
}

/// A second question by a client of the Responses API.
fn after_items(output: &Value) -> Value {
    let mut input = vec![json!({ "role": "user", "content": "When?" })];
    input.extend(output.as_array().unwrap().iter().cloned());
    input.push(json!({ "role": "user", "content": "And then?" }));
    json!({ "model": "m", "input": input, "max_output_tokens": 99 })
}

/// A second question by a client of Messages.
fn after_blocks(content: &Value) -> Value {
    json!({ "model": "m", "max_tokens": 99, "messages": [
        { "role": "user", "content": "When?" },
        { "role": "assistant", "content": content },
        { "role": "user", "content": "And then?" },
    ] })
}

fn kinds(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|one| one["type"].as_str().unwrap()).collect()
}

fn blocks_of_claude() -> Value {
    json!([
        { "type": "text", "text": "Ich prüfe das." },
        { "type": "server_tool_use", "id": "srvtoolu_01", "name": "web_search", "input": { "query": "tide Husum" } },
        { "type": "web_search_tool_result", "tool_use_id": "srvtoolu_01", "content": [
            { "type": "web_search_result", "url": "https://sea.example", "title": "Sea", "page_age": null,
              "encrypted_content": "Eo8BCioI" }] },
        { "type": "text", "text": "High at " },
        { "type": "text", "text": "noon", "citations": [{ "type": "web_search_result_location",
            "url": "https://sea.example", "title": "Sea", "cited_text": "12:00", "encrypted_index": "Eo8B" }] },
        { "type": "server_tool_use", "id": "srvtoolu_02", "name": "bash_code_execution", "input": { "command": "date" } },
        { "type": "bash_code_execution_tool_result", "tool_use_id": "srvtoolu_02", "content": {
            "type": "bash_code_execution_result", "stdout": "Mon\n", "stderr": "", "return_code": 0, "content": [] } },
        { "type": "text", "text": "." },
    ])
}

/// The same as a stream.
fn events_of_claude() -> Vec<Value> {
    let mut events = vec![json!({ "type": "message_start", "message": { "id": "msg_1", "type": "message",
        "role": "assistant", "model": "claude", "content": [], "usage": { "input_tokens": 9, "output_tokens": 1 } } })];
    for (index, block) in blocks_of_claude().as_array().unwrap().iter().enumerate() {
        let mut start = block.clone();
        let mut deltas = Vec::new();
        match block["type"].as_str().unwrap() {
            "text" => {
                start["text"] = "".into();
                deltas.push(json!({ "type": "text_delta", "text": block["text"] }));
                if let Some(citations) = block["citations"].as_array() {
                    start["citations"] = json!([]);
                    deltas.extend(
                        citations.iter().map(|one| json!({ "type": "citations_delta", "citation": one })),
                    );
                }
            }
            "server_tool_use" => {
                start["input"] = json!({});
                let input = block["input"].to_string();
                let (one, other) = input.split_at(5);
                deltas.extend(
                    [one, other].map(|piece| json!({ "type": "input_json_delta", "partial_json": piece })),
                );
            }
            _ => {}
        }
        events.push(json!({ "type": "content_block_start", "index": index, "content_block": start }));
        let deltas = deltas.into_iter();
        events.extend(
            deltas.map(|delta| json!({ "type": "content_block_delta", "index": index, "delta": delta })),
        );
        events.push(json!({ "type": "content_block_stop", "index": index }));
    }
    events.push(json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" }, "usage": { "output_tokens": 7 } }));
    events.push(json!({ "type": "message_stop" }));
    events
}

#[test]
fn claudes_tools_are_items() {
    let answer = json!({ "id": "msg_1", "type": "message", "role": "assistant", "model": "claude",
        "content": blocks_of_claude(), "stop_reason": "end_turn", "container": { "id": "container_1" },
        "usage": { "input_tokens": 9, "output_tokens": 7 } });
    let (whole, notes) = whole(CLAUDE, &answer, Dialect::OpenAiResponses);
    let output = &whole["output"];
    let order = ["message", "web_search_call", "message", "code_interpreter_call", "message", "reasoning"];
    assert_eq!(kinds(output), order);
    assert_eq!(
        output[1],
        json!({ "type": "web_search_call", "id": "ws_llmgw_msg_1_srvtoolu_01", "status": "completed",
            "action": { "type": "search", "query": "tide Husum", "queries": ["tide Husum"],
                "sources": [{ "type": "url", "url": "https://sea.example", "title": "Sea" }] } })
    );
    assert_eq!(output[0]["content"][0]["text"], "Ich prüfe das.");
    let cited = &output[2]["content"][0];
    assert_eq!(cited["text"], "High at noon");
    let source = &cited["annotations"][0];
    assert_eq!((&source["start_index"], &source["end_index"]), (&json!(8), &json!(12)));
    assert_eq!(
        output[3],
        json!({ "type": "code_interpreter_call", "id": "ci_llmgw_msg_1_srvtoolu_02", "status": "completed",
            "code": "date", "container_id": "container_1", "outputs": [{ "type": "logs", "logs": "Mon\n" }] })
    );
    assert_eq!(notes, [] as [String; 0]);

    // Streamed, the same; and each call is followed on its way.
    let events = streamed(CLAUDE, &events_of_claude(), Dialect::OpenAiResponses);
    let told: Vec<&str> = events.iter().filter_map(|event| event["type"].as_str()).collect();
    let search = told.iter().position(|kind| *kind == "response.web_search_call.in_progress").unwrap();
    assert_eq!(
        told[search - 1..search + 4],
        [
            "response.output_item.added",
            "response.web_search_call.in_progress",
            "response.web_search_call.searching",
            "response.web_search_call.completed",
            "response.output_item.done",
        ]
    );
    let code = told.iter().position(|kind| *kind == "response.code_interpreter_call.in_progress").unwrap();
    assert_eq!(
        told[code - 1..code + 6],
        [
            "response.output_item.added",
            "response.code_interpreter_call.in_progress",
            "response.code_interpreter_call_code.delta",
            "response.code_interpreter_call_code.done",
            "response.code_interpreter_call.interpreting",
            "response.code_interpreter_call.completed",
            "response.output_item.done",
        ]
    );
    assert_eq!(events[search - 1]["item"]["status"], "in_progress");
    assert_eq!(events[search - 1]["item"]["action"]["query"], "tide Husum");
    let mut last = events[events.len() - 1]["response"]["output"].clone();
    assert_eq!(kinds(&last), order);
    let mut same = output.clone();
    for output in [&mut last, &mut same] {
        output[3]["container_id"] = "".into();
        output[5]["encrypted_content"] = "".into();
    }
    assert_eq!(last, same);
}

#[test]
fn claudes_tools_come_back_as_claude_said_them() {
    let events = streamed(CLAUDE, &events_of_claude(), Dialect::OpenAiResponses);
    let output = &events[events.len() - 1]["response"]["output"];
    let (body, notes) = asked(CLAUDE, &after_items(output), Dialect::OpenAiResponses);
    assert_eq!(body["messages"][1]["content"], blocks_of_claude());
    assert!(notes.iter().all(|note| !note.contains("dropped")), "{notes:?}");

    // Another vendor gets the words alone, and is told nothing of its kind that it has not made.
    let (body, notes) = asked(GPT, &after_items(output), Dialect::OpenAiResponses);
    assert!(!body.to_string().contains("_call"), "{body}");
    let said = body["input"][1]["content"].as_array().unwrap();
    let said: String = said.iter().filter_map(|part| part["text"].as_str()).collect();
    assert_eq!(said, "Ich prüfe das.High at noon.");
    assert!(notes.iter().any(|note| note.contains("content_blocks")), "{notes:?}");
}

#[test]
fn what_passes_through_leaves_others_tools_out() {
    let events = streamed(CLAUDE, &events_of_claude(), Dialect::OpenAiResponses);
    let output = &events[events.len() - 1]["response"]["output"];
    let mut alone = after_items(output);
    // Clients may leave out what they think is thinking.
    alone["input"].as_array_mut().unwrap().retain(|item| item["type"] != "reasoning");
    for (body, left_out) in [(after_items(output), 3), (alone, 2)] {
        let bytes = Bytes::from(body.to_string());
        let provider = llm_providers::find("openai").unwrap();
        let relay = provider.relay(Dialect::OpenAiResponses).unwrap();
        let peek = llm_providers::core::Peek::new(&bytes).unwrap();
        let headers = HeaderMap::new();
        let edits = relay.edits(&peek, &Call::new("gpt-5", &headers)).unwrap();
        let sent: Value = serde_json::from_slice(&llm_providers::core::apply(&bytes, &peek, &edits)).unwrap();
        let sent_kinds: Vec<&str> =
            sent["input"].as_array().unwrap().iter().filter_map(|item| item["type"].as_str()).collect();
        assert_eq!(sent_kinds, ["message", "message", "message"]);
        assert_eq!(edits.iter().filter_map(llm_providers::core::Edit::note).count(), left_out);
    }
}

fn items_of_gpt() -> Value {
    json!([
        { "type": "web_search_call", "id": "ws_1", "status": "completed", "action": { "type": "search",
            "query": "tide", "queries": ["tide", "ebb"], "sources": [{ "type": "url", "url": "https://sea.example" }] } },
        { "type": "web_search_call", "id": "ws_2", "status": "completed",
          "action": { "type": "open_page", "url": "https://sea.example/today" } },
        { "type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": [
            { "type": "output_text", "text": "At noon. ", "annotations": [{ "type": "url_citation",
              "start_index": 0, "end_index": 7, "url": "https://sea.example", "title": "Sea" }], "logprobs": [] }] },
        { "type": "code_interpreter_call", "id": "ci_1", "status": "completed", "code": "print(1)",
          "container_id": "cntr_1", "outputs": [{ "type": "logs", "logs": "1\n" }] },
        { "type": "file_search_call", "id": "fs_1", "status": "completed", "queries": ["log"], "results": [
            { "file_id": "file-1", "filename": "log.txt", "score": 0.5, "text": "Calm.", "attributes": {} }] },
        { "type": "mcp_call", "id": "mcp_1", "server_label": "dice", "name": "roll", "arguments": "{\"d\":6}",
          "output": "4", "error": null, "status": "completed" },
        { "type": "message", "id": "msg_2", "status": "completed", "role": "assistant", "content": [
            { "type": "output_text", "text": "One, four.", "annotations": [], "logprobs": [] }] },
    ])
}

fn check_blocks_of_gpt(content: &Value) {
    assert_eq!(
        kinds(content),
        [
            "server_tool_use",
            "web_search_tool_result",
            "server_tool_use",
            "web_fetch_tool_result",
            "text",
            "server_tool_use",
            "code_execution_tool_result",
            "server_tool_use",
            "file_search_tool_result",
            "mcp_tool_use",
            "mcp_tool_result",
            "text",
            "redacted_thinking",
        ]
    );
    assert_eq!(
        (&content[0]["name"], &content[0]["input"]["query"]),
        (&json!("web_search"), &json!("tide\nebb"))
    );
    assert_eq!(content[0]["id"], content[1]["tool_use_id"]);
    assert_eq!(content[1]["content"][0]["url"], "https://sea.example");
    assert_eq!(content[3]["content"]["url"], "https://sea.example/today");
    assert_eq!(content[4]["text"], "At noon. ");
    assert_eq!(content[4]["citations"][0]["url"], "https://sea.example");
    assert_eq!(content[6]["content"]["stdout"], "1\n");
    assert_eq!(content[8]["content"][0]["content"][0]["text"], "Calm.");
    assert_eq!((&content[9]["server_name"], &content[9]["input"]["d"]), (&json!("dice"), &json!(6)));
    assert_eq!((&content[10]["is_error"], &content[10]["content"][0]["text"]), (&json!(false), &json!("4")));
    assert_eq!(content[11]["text"], "One, four.");
}

/// The content of a streamed message.
fn joined(events: &[Value]) -> Value {
    let mut blocks: Vec<Value> = Vec::new();
    let mut input = String::new();
    for event in events {
        let delta = &event["delta"];
        match event["type"].as_str().unwrap() {
            "content_block_start" => blocks.push(event["content_block"].clone()),
            "content_block_delta" => {
                let block = blocks.last_mut().unwrap();
                match delta["type"].as_str().unwrap() {
                    "text_delta" => {
                        block["text"] = (block["text"].as_str().unwrap().to_owned()
                            + delta["text"].as_str().unwrap())
                        .into();
                    }
                    "input_json_delta" => input.push_str(delta["partial_json"].as_str().unwrap()),
                    "citations_delta" if block["citations"].is_array() => {
                        block["citations"].as_array_mut().unwrap().push(delta["citation"].clone());
                    }
                    "citations_delta" => block["citations"] = json!([delta["citation"]]),
                    other => panic!("{other}"),
                }
            }
            "content_block_stop" if !input.is_empty() => {
                blocks.last_mut().unwrap()["input"] =
                    serde_json::from_str(&std::mem::take(&mut input)).unwrap();
            }
            _ => {}
        }
    }
    blocks.into()
}

#[test]
fn tools_of_the_responses_api_are_blocks_and_come_back_as_items() {
    let answer = json!({ "id": "resp_1", "object": "response", "created_at": 5, "model": "gpt-5", "status": "completed",
        "output": items_of_gpt(), "usage": { "input_tokens": 1, "output_tokens": 2, "total_tokens": 3 } });
    let (message, _) = whole(GPT, &answer, Dialect::AnthropicMessages);
    check_blocks_of_gpt(&message["content"]);
    // Told as blocks, and sealed; a third time says nothing more.
    assert_eq!(message["provider_specific_fields"]["output_items"], Value::Null);

    let mut events =
        vec![json!({ "type": "response.created", "response": { "id": "resp_1", "model": "gpt-5",
        "created_at": 5, "status": "in_progress", "output": [] } })];
    for (index, item) in items_of_gpt().as_array().unwrap().iter().enumerate() {
        events.push(json!({ "type": "response.output_item.added", "output_index": index, "item": item }));
        if let Some(text) = item["content"][0]["text"].as_str() {
            events.push(
                json!({ "type": "response.output_text.delta", "item_id": item["id"], "output_index": index,
                "content_index": 0, "delta": text }),
            );
        }
        events.push(json!({ "type": "response.output_item.done", "output_index": index, "item": item }));
    }
    events.push(json!({ "type": "response.completed", "response": answer }));
    let told = streamed(GPT, &events, Dialect::AnthropicMessages);
    assert!(!Value::from(told.clone()).to_string().contains("output_items"), "{told:?}");
    let told = joined(&told);
    check_blocks_of_gpt(&told);

    for content in [&message["content"], &told] {
        let (body, notes) = asked(GPT, &after_blocks(content), Dialect::AnthropicMessages);
        let input = body["input"].as_array().unwrap();
        assert_eq!(Value::from(&input[1..input.len() - 1]), items_of_gpt());
        assert!(notes.iter().all(|note| !note.starts_with("dropped messages")), "{notes:?}");

        let (body, _) = asked(CLAUDE, &after_blocks(content), Dialect::AnthropicMessages);
        assert_eq!(kinds(&body["messages"][1]["content"]), ["text", "text"]);
    }
}

#[test]
fn messages_that_pass_through_leave_others_tools_out() {
    let answer = json!({ "id": "resp_1", "model": "gpt-5", "status": "completed", "output": items_of_gpt() });
    let (message, _) = whole(GPT, &answer, Dialect::AnthropicMessages);
    let mut content = message["content"].clone();
    content.as_array_mut().unwrap().retain(|block| block["type"] != "redacted_thinking");
    let bytes = Bytes::from(after_blocks(&content).to_string());
    let provider = llm_providers::find("anthropic").unwrap();
    let relay = provider.relay(Dialect::AnthropicMessages).unwrap();
    let peek = llm_providers::core::Peek::new(&bytes).unwrap();
    let headers = HeaderMap::new();
    let edits = relay.edits(&peek, &Call::new("claude", &headers)).unwrap();
    let sent: Value = serde_json::from_slice(&llm_providers::core::apply(&bytes, &peek, &edits)).unwrap();
    assert_eq!(kinds(&sent["messages"][1]["content"]), ["text", "text"]);
    assert_eq!(edits.iter().filter_map(llm_providers::core::Edit::note).count(), 10);
}

fn answer_of_gemini() -> Value {
    json!({ "responseId": "g1", "modelVersion": "gemini", "candidates": [{ "index": 0, "finishReason": "STOP",
        "content": { "role": "model", "parts": [
            { "text": "Let me count." },
            { "executableCode": { "language": "PYTHON", "code": "print(6)" } },
            { "codeExecutionResult": { "outcome": "OUTCOME_OK", "output": "6\n" } },
            { "text": "It is six." },
        ] },
        "groundingMetadata": { "webSearchQueries": ["six"], "groundingChunks": [
            { "web": { "uri": "https://six.example", "title": "six.example" } }] } }],
        "usageMetadata": { "promptTokenCount": 1, "candidatesTokenCount": 2, "totalTokenCount": 3 } })
}

#[test]
fn googles_code_and_searches() {
    let answer = answer_of_gemini();
    let parts = answer["candidates"][0]["content"]["parts"].clone();
    let (response, _) = whole(GEMINI, &answer, Dialect::OpenAiResponses);
    let output = &response["output"];
    assert_eq!(
        kinds(output),
        ["web_search_call", "message", "code_interpreter_call", "message", "reasoning"]
    );
    assert_eq!(output[0]["action"]["sources"][0]["url"], "https://six.example");
    assert_eq!((&output[2]["code"], &output[2]["outputs"][0]["logs"]), (&json!("print(6)"), &json!("6\n")));
    let (body, notes) = asked(GEMINI, &after_items(output), Dialect::OpenAiResponses);
    assert_eq!(body["contents"][1]["parts"], parts);
    assert!(notes.iter().all(|note| !note.starts_with("dropped")), "{notes:?}");

    let (message, _) = whole(GEMINI, &answer, Dialect::AnthropicMessages);
    let content = &message["content"];
    assert_eq!(
        kinds(content),
        [
            "server_tool_use",
            "web_search_tool_result",
            "text",
            "server_tool_use",
            "code_execution_tool_result",
            "text",
            "redacted_thinking",
        ]
    );
    assert_eq!((&content[2]["text"], &content[5]["text"]), (&json!("Let me count."), &json!("It is six.")));
    let (body, _) = asked(GEMINI, &after_blocks(content), Dialect::AnthropicMessages);
    assert_eq!(body["contents"][1]["parts"], parts);

    // In a stream the search is told last, as Google tells it.
    let mut piece = answer.clone();
    let mut pieces = Vec::new();
    for part in parts.as_array().unwrap() {
        let candidate = json!({ "index": 0, "content": { "role": "model", "parts": [part] } });
        pieces.push(json!({ "responseId": "g1", "candidates": [candidate] }));
    }
    piece["candidates"][0]["content"]["parts"] = json!([{ "text": "" }]);
    pieces.push(piece);
    let events = streamed(GEMINI, &pieces, Dialect::OpenAiResponses);
    let output = &events[events.len() - 1]["response"]["output"];
    assert_eq!(
        kinds(output),
        ["message", "code_interpreter_call", "message", "web_search_call", "reasoning"]
    );
    let (body, _) = asked(GEMINI, &after_items(output), Dialect::OpenAiResponses);
    assert_eq!(body["contents"][1]["parts"], parts);
    let told = joined(&streamed(GEMINI, &pieces, Dialect::AnthropicMessages));
    assert_eq!(
        kinds(&told),
        [
            "text",
            "server_tool_use",
            "code_execution_tool_result",
            "text",
            "server_tool_use",
            "web_search_tool_result",
            "redacted_thinking",
        ]
    );
}

/// A search that failed, and one of which nothing more is told.
#[test]
fn what_failed_and_what_was_left_open() {
    let blocks = json!([
        { "type": "server_tool_use", "id": "s1", "name": "web_search", "input": { "query": "a" } },
        { "type": "web_search_tool_result", "tool_use_id": "s1",
          "content": { "type": "web_search_tool_result_error", "error_code": "max_uses_exceeded" } },
        { "type": "server_tool_use", "id": "s2", "name": "web_search", "input": { "query": "b" } },
    ]);
    let answer = json!({ "id": "msg_1", "type": "message", "role": "assistant", "model": "c", "content": blocks,
        "stop_reason": "pause_turn", "usage": { "input_tokens": 9, "output_tokens": 7 } });
    let (whole, _) = whole(CLAUDE, &answer, Dialect::OpenAiResponses);
    let output = &whole["output"];
    assert_eq!(kinds(output), ["web_search_call", "web_search_call", "reasoning"]);
    assert_eq!((&output[0]["status"], &output[0]["error"]), (&json!("failed"), &json!("max_uses_exceeded")));
    assert_eq!(output[1]["status"], "incomplete");
    let (body, _) = asked(CLAUDE, &after_items(output), Dialect::OpenAiResponses);
    assert_eq!(body["messages"][1]["content"], blocks);
}

#[test]
fn clients_of_gemini_see_code_searches_and_pages() {
    let answer = json!({ "id": "msg_1", "type": "message", "role": "assistant", "model": "claude",
        "content": blocks_of_claude(), "stop_reason": "end_turn",
        "usage": { "input_tokens": 9, "output_tokens": 7 } });
    let (whole, _) = whole(CLAUDE, &answer, Dialect::Gemini);
    let candidate = &whole["candidates"][0];
    let pieces = streamed(CLAUDE, &events_of_claude(), Dialect::Gemini);
    let all = pieces
        .iter()
        .flat_map(|piece| piece["candidates"][0]["content"]["parts"].as_array().unwrap().clone());
    let told = json!({ "content": { "role": "model", "parts": all.collect::<Vec<Value>>() } });
    let last = &pieces[pieces.len() - 1]["candidates"][0];
    for (content, beside) in [(&candidate["content"], candidate), (&told["content"], last)] {
        let parts = content["parts"].as_array().unwrap();
        let code = parts.iter().position(|part| part["executableCode"].is_object()).unwrap();
        let before: String = parts[..code].iter().filter_map(|part| part["text"].as_str()).collect();
        assert_eq!(before, "Ich prüfe das.High at noon");
        assert_eq!(
            parts[code]["executableCode"],
            json!({ "id": "code_llmgw_msg_1_srvtoolu_02", "language": "LANGUAGE_UNSPECIFIED", "code": "date" })
        );
        assert_eq!(
            parts[code + 1]["codeExecutionResult"],
            json!({ "id": "code_llmgw_msg_1_srvtoolu_02", "outcome": "OUTCOME_OK", "output": "Mon\n" })
        );
        let grounding = &beside["groundingMetadata"];
        assert_eq!(grounding["webSearchQueries"], json!(["tide Husum"]));
        assert_eq!(grounding["groundingChunks"][0]["web"]["uri"], "https://sea.example");

        let next = json!({ "contents": [{ "role": "user", "parts": [{ "text": "When?" }] }, content,
            { "role": "user", "parts": [{ "text": "And then?" }] }] });
        let read = |body: &Value| {
            let mut read = llm_providers::ingress(Dialect::Gemini).read(body.to_string().as_bytes()).unwrap();
            read.request.model = "m".to_owned();
            read.request.max_tokens = 99.into();
            read
        };
        let provider = llm_providers::find("anthropic").unwrap();
        let headers = HeaderMap::new();
        let request = read(&next).request;
        let encoded = provider.chat().unwrap().encode(&request, &Call::new(CLAUDE.1, &headers)).unwrap();
        let Payload::Bytes(bytes) = encoded.request.body() else { panic!("no bytes") };
        let sent: Value = serde_json::from_slice(bytes).unwrap();
        assert_eq!(sent["messages"][1]["content"], blocks_of_claude());

        // What passes through to Gemini has none of it.
        let bytes = Bytes::from(next.to_string());
        let peek = llm_providers::core::Peek::new(&bytes).unwrap();
        let gemini = llm_providers::find("gemini").unwrap();
        let edits =
            gemini.relay(Dialect::Gemini).unwrap().edits(&peek, &Call::new(GEMINI.1, &headers)).unwrap();
        let sent = String::from_utf8(llm_providers::core::apply(&bytes, &peek, &edits).to_vec()).unwrap();
        assert!(!sent.contains("executableCode") && !sent.contains("codeExecutionResult"), "{sent}");
    }
}
