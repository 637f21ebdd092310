//! Requests in canonical form, and faults with their place.

use llm_provider_core::NoteKind;
use llm_types::ChatRequest;
use serde_json::{Value, json};

use super::ingress;

fn read(body: &Value) -> (Value, Vec<String>) {
    let incoming = ingress().read(body.to_string().as_bytes()).unwrap();
    let notes = incoming.notes.iter().map(ToString::to_string).collect();
    (serde_json::to_value(&incoming.request).unwrap(), notes)
}

fn messages(messages: Value) -> Value {
    read(&json!({ "model": "m", "max_tokens": 1, "messages": messages })).0["messages"].clone()
}

#[test]
fn a_plain_request() {
    let (request, notes) = read(&json!({
        "model": "m", "max_tokens": 5, "system": "S", "stream": true, "temperature": 0.5, "top_p": 0.9, "top_k": 3,
        "stop_sequences": ["a"], "service_tier": "auto", "metadata": { "user_id": "u", "team": "t" },
        "messages": [{ "role": "user", "content": "hi" }]
    }));
    assert_eq!(
        request,
        json!({
            "model": "m", "max_tokens": 5, "stream": true, "stream_options": { "include_usage": true },
            "temperature": 0.5, "top_p": 0.9, "top_k": 3, "stop": ["a"], "service_tier": "auto",
            "user": "u", "metadata": { "team": "t" },
            "messages": [{ "role": "system", "content": "S" }, { "role": "user", "content": "hi" }]
        })
    );
    assert!(notes.is_empty(), "{notes:?}");
}

#[test]
fn calls_and_results() {
    let read = messages(json!([
        { "role": "assistant", "content": [
            { "type": "thinking", "thinking": "", "signature": "sig" },
            { "type": "redacted_thinking", "data": "x" },
            { "type": "text", "text": "I look." },
            { "type": "tool_use", "id": "t1", "name": "look", "input": { "b": 1, "a": 1.0 }, "caller": { "type": "direct" } },
            { "type": "tool_use", "id": "t2", "name": "look", "input": {} }
        ] },
        { "role": "user", "content": [
            { "type": "text", "text": "Well?" },
            { "type": "tool_result", "tool_use_id": "t1", "content": "r1", "is_error": true },
            { "type": "tool_result", "tool_use_id": "t2", "content": [
                { "type": "text", "text": "r2" },
                { "type": "image", "source": { "type": "base64", "media_type": "image/png", "data": "AAAA" } },
                { "type": "tool_reference", "tool_name": "x" }
            ] }
        ] }
    ]));
    assert_eq!(
        read,
        json!([
            {
                "role": "assistant", "content": "I look.", "reasoning_content": "",
                "thinking_blocks": [
                    { "type": "thinking", "thinking": "", "signature": "sig" },
                    { "type": "redacted_thinking", "data": "x" }
                ],
                "tool_calls": [
                    { "id": "t1", "type": "function", "function": { "name": "look", "arguments": "{\"b\":1,\"a\":1.0}" }, "caller": { "type": "direct" } },
                    { "id": "t2", "type": "function", "function": { "name": "look", "arguments": "{}" } }
                ]
            },
            { "role": "tool", "tool_call_id": "t1", "content": "r1", "is_error": true },
            { "role": "tool", "tool_call_id": "t2", "content": [
                { "type": "text", "text": "r2" },
                { "type": "image_url", "image_url": { "url": "data:image/png;base64,AAAA" } },
                { "type": "tool_reference", "tool_name": "x" }
            ] },
            { "role": "user", "content": "Well?" }
        ])
    );
}

/// A string stays a string and a list a list; text beside other blocks, which is a list anyway, is the string
/// that most vendors like best.
#[test]
fn strings_and_lists() {
    let list = json!([{ "type": "text", "text": "a" }]);
    for content in [json!("a"), list.clone()] {
        let result = json!({ "type": "tool_result", "tool_use_id": "t", "content": content });
        let (request, _) = read(&json!({ "model": "m", "max_tokens": 1, "system": content, "messages": [
            { "role": "user", "content": content },
            { "role": "assistant", "content": content },
            { "role": "user", "content": [result] }
        ] }));
        for message in request["messages"].as_array().unwrap() {
            assert_eq!(message["content"], content);
        }
        assert_eq!(request["messages"].as_array().unwrap().len(), 4);
    }
    let call = json!({ "type": "tool_use", "id": "t", "name": "look", "input": {} });
    let read = messages(json!([{ "role": "assistant", "content": [list[0], call] }]));
    assert_eq!(read[0]["content"], "a");
}

#[test]
fn documents_are_files() {
    let read = messages(json!([{ "role": "user", "content": [
        { "type": "document", "source": { "type": "base64", "media_type": "application/pdf", "data": "JVBERi0=" }, "title": "T" },
        { "type": "document", "source": { "type": "text", "media_type": "text/plain", "data": "words" } },
        { "type": "document", "source": { "type": "url", "url": "https://a" } },
        { "type": "document", "source": { "type": "file", "file_id": "f" } }
    ] }]));
    assert_eq!(
        read[0]["content"],
        json!([
            { "type": "file", "file": { "file_data": "data:application/pdf;base64,JVBERi0=", "filename": "T" }, "title": "T" },
            { "type": "file", "file": { "file_data": "data:text/plain;base64,d29yZHM=" } },
            { "type": "file", "file": { "file_url": "https://a" } },
            { "type": "file", "file": { "file_id": "f" } }
        ])
    );
}

#[test]
fn another_vendors_thinking_is_no_signed_thinking() {
    let read = messages(json!([
        { "role": "assistant", "content": [{ "type": "thinking", "thinking": "hm", "signature": "" }, { "type": "text", "text": "a" }] },
        { "role": "assistant", "content": [{ "type": "thinking", "thinking": "hm" }] }
    ]));
    assert_eq!(
        read,
        json!([
            { "role": "assistant", "content": [{ "type": "text", "text": "a" }], "reasoning_content": "hm" },
            { "role": "assistant", "content": "", "reasoning_content": "hm" }
        ])
    );
}

#[test]
fn what_ran_at_anthropic_is_kept_whole_and_noted() {
    let blocks = json!([
        { "type": "text", "text": "a" },
        { "type": "server_tool_use", "id": "s", "name": "web_search", "input": {} },
        { "type": "web_search_tool_result", "tool_use_id": "s", "content": [] },
        { "type": "text", "text": "b" }
    ]);
    let (request, notes) = read(
        &json!({ "model": "m", "max_tokens": 1, "messages": [{ "role": "assistant", "content": blocks }] }),
    );
    assert_eq!(
        request["messages"][0],
        json!({
            "role": "assistant",
            "content": [{ "type": "text", "text": "a" }, { "type": "text", "text": "b" }],
            "provider_specific_fields": { "content_blocks": blocks }
        })
    );
    assert_eq!(
        notes,
        [
            "moved messages[0].content: server_tool_use, web_search_tool_result kept in `provider_specific_fields.content_blocks`"
        ]
    );
}

#[test]
fn tools_and_choices() {
    let choose = |choice: Value| {
        let (request, _) = read(&json!({
            "model": "m", "max_tokens": 1, "messages": [], "tool_choice": choice,
            "tools": [
                { "type": "custom", "name": "a", "description": "d", "input_schema": { "type": "object" }, "strict": true, "defer_loading": true, "cache_control": { "type": "ephemeral" } },
                { "type": "bash_20250124", "name": "bash" }
            ]
        }));
        assert_eq!(
            request["tools"],
            json!([
                {
                    "type": "function", "defer_loading": true, "cache_control": { "type": "ephemeral" },
                    "function": { "name": "a", "description": "d", "parameters": { "type": "object" }, "strict": true }
                },
                { "type": "bash_20250124", "name": "bash" }
            ])
        );
        (request["tool_choice"].clone(), request.get("parallel_tool_calls").cloned())
    };
    assert_eq!(choose(json!({ "type": "auto" })), (json!("auto"), None));
    assert_eq!(
        choose(json!({ "type": "any", "disable_parallel_tool_use": true })),
        (json!("required"), Some(json!(false)))
    );
    assert_eq!(
        choose(json!({ "type": "none", "disable_parallel_tool_use": false })),
        (json!("none"), Some(json!(true)))
    );
    let named = json!({ "type": "function", "function": { "name": "a" } });
    assert_eq!(choose(json!({ "type": "tool", "name": "a" })), (named, None));
    assert_eq!(choose(json!({ "type": "later", "x": 1 })), (json!({ "type": "later", "x": 1 }), None));
}

#[test]
fn effort() {
    let effort = |members: Value| {
        let mut body = json!({ "model": "m", "max_tokens": 1, "messages": [] });
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        read(&body).0.get("reasoning_effort").cloned()
    };
    for (budget, expected) in [
        (0, "low"),
        (1024, "low"),
        (1536, "low"),
        (1537, "medium"),
        (3072, "medium"),
        (3073, "high"),
        (31999, "high"),
    ] {
        let thinking = json!({ "thinking": { "type": "enabled", "budget_tokens": budget } });
        assert_eq!(effort(thinking), Some(json!(expected)), "{budget}");
    }
    assert_eq!(effort(json!({ "thinking": { "type": "adaptive" } })), None);
    assert_eq!(effort(json!({ "thinking": { "type": "disabled" } })), None);
    assert_eq!(effort(json!({ "output_config": { "effort": "max" } })), Some(json!("max")));
    let both = json!({ "thinking": { "type": "enabled", "budget_tokens": 1024 }, "output_config": { "effort": "xhigh" } });
    assert_eq!(effort(both), Some(json!("xhigh")));
}

#[test]
fn the_form_of_the_answer() {
    let form = |members: Value| {
        let mut body = json!({ "model": "m", "max_tokens": 1, "messages": [] });
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        read(&body)
    };
    let strict = json!({ "type": "object", "properties": { "a": { "type": "string" } }, "required": ["a"], "additionalProperties": false });
    for older in [false, true] {
        let format = json!({ "type": "json_schema", "schema": strict });
        let members = if older {
            json!({ "output_format": format })
        } else {
            json!({ "output_config": { "format": format } })
        };
        let (request, notes) = form(members);
        assert_eq!(
            request["response_format"],
            json!({ "type": "json_schema", "json_schema": { "name": "answer", "schema": strict, "strict": true } })
        );
        assert!(request.get("output_config").is_none() && request.get("output_format").is_none());
        assert!(notes.is_empty(), "{notes:?}");
    }
    let loose = json!({ "type": "object", "properties": { "a": { "type": "string" } }, "additionalProperties": false });
    let (request, notes) =
        form(json!({ "output_config": { "format": { "type": "json_schema", "schema": loose } } }));
    assert!(request["response_format"]["json_schema"].get("strict").is_none());
    assert_eq!(notes.len(), 1);
    assert!(notes[0].starts_with("converted output_config.format"), "{notes:?}");
    let later = json!({ "format": { "type": "regex", "pattern": "a" }, "effort": "low" });
    let (request, _) = form(json!({ "output_config": later }));
    assert_eq!(request["output_config"], later);
    assert!(request.get("response_format").is_none());
}

/// Members of OpenAI's that Anthropic does not have are not asked for, whatever their value.
#[test]
fn members_of_the_other_dialect() {
    let (request, notes) = read(&json!({
        "model": "m", "max_tokens": 1, "metadata": { "user_id": "u" }, "user": 7, "n": "x", "stop": ["a"], "later": 1,
        "messages": [
            { "role": "user", "content": "a", "tool_calls": 1, "mark": true },
            { "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "t", "name": 1 }] }
        ],
        "tools": [{ "name": "a", "function": 1 }]
    }));
    let again: ChatRequest = llm_types::from_value(request.clone()).unwrap();
    assert_eq!(serde_json::to_value(&again).unwrap(), request);
    assert_eq!(
        (&request["user"], &request["later"], &request["messages"][0]["mark"]),
        (&json!("u"), &json!(1), &json!(true))
    );
    let paths: Vec<_> = notes.iter().map(|note| note.split([' ', ':']).nth(1).unwrap()).collect();
    assert_eq!(
        paths,
        ["user", "n", "stop", "messages[0].tool_calls", "messages[1].content[0].name", "tools[0].function"]
    );
}

#[test]
fn parts_of_the_other_dialect_are_read_as_such() {
    let read = messages(
        json!([{ "role": "user", "content": [{ "type": "image_url", "image_url": { "url": "https://a" } }] }]),
    );
    assert_eq!(read[0]["content"], json!([{ "type": "image_url", "image_url": { "url": "https://a" } }]));
    assert_eq!(
        fault(
            json!({ "messages": [{ "role": "user", "content": [{ "type": "image_url", "image_url": 1 }] }] })
        ),
        "messages[0].content[0].image_url"
    );
}

#[test]
fn the_accounting_block_is_dropped_only_at_the_start() {
    let system =
        |blocks: Value| read(&json!({ "model": "m", "max_tokens": 1, "messages": [], "system": blocks }));
    let billing = json!({ "type": "text", "text": "x-anthropic-billing-header: v=1" });
    let (request, notes) = system(json!([billing, { "type": "text", "text": "S" }]));
    assert_eq!(
        request["messages"],
        json!([{ "role": "system", "content": [{ "type": "text", "text": "S" }] }])
    );
    assert_eq!(notes, ["dropped system[0]: is for Anthropic's accounting only"]);
    let (request, _) = system(json!([billing]));
    assert_eq!(request["messages"], json!([]));
    let (request, notes) = system(json!([{ "type": "text", "text": "S" }, billing]));
    assert_eq!(request["messages"][0]["content"].as_array().unwrap().len(), 2);
    assert!(notes.is_empty());
}

#[test]
fn moved_results_are_noted() {
    let body = json!({ "model": "m", "max_tokens": 1, "messages": [{ "role": "user", "content": [
        { "type": "text", "text": "a" }, { "type": "tool_result", "tool_use_id": "t" }] }] });
    let incoming = ingress().read(body.to_string().as_bytes()).unwrap();
    assert_eq!(incoming.notes.len(), 1);
    assert_eq!(
        (incoming.notes[0].kind, incoming.notes[0].path.as_str()),
        (NoteKind::Moved, "messages[0].content[1]")
    );
}

fn fault(members: Value) -> String {
    let mut body = json!({ "model": "m", "max_tokens": 1, "messages": [] });
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    ingress().read(body.to_string().as_bytes()).unwrap_err().path
}

#[test]
fn faults_tell_their_place() {
    let block = |block: Value| json!({ "messages": [{ "role": "user", "content": "a" }, { "role": "user", "content": [block] }] });
    assert_eq!(fault(block(json!({ "type": "text", "text": 1 }))), "messages[1].content[0].text");
    assert_eq!(
        fault(block(json!({ "type": "image", "source": { "type": "base64", "data": "" } }))),
        "messages[1].content[0].source.media_type"
    );
    assert_eq!(
        fault(block(json!({ "type": "document", "source": { "type": "url" } }))),
        "messages[1].content[0].source.url"
    );
    let inner = json!({ "type": "tool_result", "tool_use_id": "t", "content": [{ "type": "image", "source": { "type": "url" } }] });
    assert_eq!(fault(block(inner)), "messages[1].content[0].content[0].source.url");
    assert_eq!(fault(json!({ "messages": [{ "role": "elder", "content": "a" }] })), "messages[0].role");
    assert_eq!(fault(json!({ "tools": [{ "input_schema": {} }] })), "tools[0].name");
    assert_eq!(
        fault(json!({ "tools": [{ "type": "function", "function": { "name": 1 } }] })),
        "tools[0].function.name"
    );
    assert_eq!(fault(json!({ "tool_choice": { "type": "tool" } })), "tool_choice.name");
    assert_eq!(fault(json!({ "output_format": { "type": "json_schema" } })), "output_format.schema");
    assert_eq!(fault(json!({ "output_format": { "type": 1 } })), "output_format.type");
    assert_eq!(fault(json!({ "max_tokens": "many" })), "max_tokens");
    assert_eq!(fault(json!({ "system": 1 })), "system");
    for nonsense in [&b""[..], b"[]", b"{", b"null", b"{\"model\":\"m\"}", b"\xff"] {
        assert!(ingress().read(nonsense).is_err(), "{}", nonsense.escape_ascii());
    }
}
