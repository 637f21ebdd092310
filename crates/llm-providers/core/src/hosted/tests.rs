use serde_json::{Value, json};

use super::*;

fn fields(value: Value) -> Extra {
    match value {
        Value::Object(fields) => fields,
        _ => Extra::new(),
    }
}

fn page(url: &str, title: Option<&str>, age: Option<&str>) -> HostedPage {
    HostedPage { url: url.to_owned(), title: title.map(str::to_owned), age: age.map(str::to_owned) }
}

fn search(queries: &[&str], pages: Vec<HostedPage>) -> HostedAct {
    HostedAct::Search { queries: queries.iter().map(|&query| query.to_owned()).collect(), pages }
}

fn code(code: &str, stdout: &str, stderr: &str, return_code: i64) -> HostedAct {
    HostedAct::Code {
        code: code.to_owned(),
        language: Some(if code == "ls" { "bash" } else { "python" }.to_owned()),
        container: None,
        stdout: stdout.to_owned(),
        stderr: stderr.to_owned(),
        return_code,
        files: Vec::new(),
        images: Vec::new(),
    }
}

fn call(id: &str, act: HostedAct) -> HostedCall {
    HostedCall { id: id.to_owned(), act, state: HostedState::Done }
}

#[test]
fn blocks_of_anthropics() {
    let blocks = json!([
        { "type": "text", "text": "Über " },
        { "type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": { "query": "tide" } },
        { "type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [
            { "type": "web_search_result", "url": "https://a.example", "title": "A", "page_age": "2 days ago",
              "encrypted_content": "Eo" }] },
        { "type": "text", "text": "noon." },
        { "type": "server_tool_use", "id": "srvtoolu_2", "name": "web_fetch", "input": { "url": "https://b.example" } },
        { "type": "web_fetch_tool_result", "tool_use_id": "srvtoolu_2", "content": { "type": "web_fetch_result",
            "url": "https://b.example/", "content": { "type": "document", "title": "B",
            "source": { "type": "text", "media_type": "text/plain", "data": "Low." } } } },
        { "type": "server_tool_use", "id": "srvtoolu_3", "name": "bash_code_execution", "input": { "command": "ls" } },
        { "type": "bash_code_execution_tool_result", "tool_use_id": "srvtoolu_3", "content": {
            "type": "bash_code_execution_result", "stdout": "x\n", "stderr": "no", "return_code": 2, "content": [
            { "type": "bash_code_execution_output", "file_id": "file_1" }] } },
        { "type": "server_tool_use", "id": "srvtoolu_4", "name": "web_search", "input": { "query": "ebb" } },
        { "type": "web_search_tool_result", "tool_use_id": "srvtoolu_4", "content": {
            "type": "web_search_tool_result_error", "error_code": "max_uses_exceeded" } },
        { "type": "mcp_tool_use", "id": "mcptoolu_1", "name": "roll", "server_name": "dice", "input": { "d": 6 } },
        { "type": "mcp_tool_result", "tool_use_id": "mcptoolu_1", "is_error": false,
          "content": [{ "type": "text", "text": "4" }] },
        { "type": "server_tool_use", "id": "srvtoolu_5", "name": "code_execution", "input": { "code": "1" } },
        { "type": "server_tool_use", "id": "srvtoolu_6", "name": "tool_search_tool_bm25", "input": {} },
    ]);
    let found = HostedCall::all(&fields(json!({ "content_blocks": blocks })));
    let mut ran = code("ls", "x\n", "no", 2);
    if let HostedAct::Code { files, .. } = &mut ran {
        files.push("file_1".to_owned());
    }
    let opened = HostedAct::Open {
        url: "https://b.example/".to_owned(),
        pattern: None,
        title: Some("B".to_owned()),
        text: Some("Low.".to_owned()),
    };
    let rolled = HostedAct::Mcp {
        server: "dice".to_owned(),
        name: "roll".to_owned(),
        arguments: r#"{"d":6}"#.to_owned(),
        output: Some("4".to_owned()),
    };
    let mut refused = call("srvtoolu_4", search(&["ebb"], Vec::new()));
    refused.state = HostedState::Failed("max_uses_exceeded".to_owned());
    let mut open = call("srvtoolu_5", code("1", "", "", 0));
    open.state = HostedState::Running;
    let pages = vec![page("https://a.example", Some("A"), Some("2 days ago"))];
    assert_eq!(
        found,
        [
            (5, call("srvtoolu_1", search(&["tide"], pages))),
            (10, call("srvtoolu_2", opened)),
            (10, call("srvtoolu_3", ran)),
            (10, refused),
            (10, call("mcptoolu_1", rolled)),
            (10, open),
        ]
    );
}

#[test]
fn items_of_the_responses_api() {
    let items = json!([
        { "type": "web_search_call", "id": "ws_1", "status": "completed", "action": { "type": "search",
            "query": "tide", "queries": ["tide", "ebb"], "sources": [{ "type": "url", "url": "https://a.example" }] } },
        { "type": "web_search_call", "id": "ws_2", "status": "failed",
          "action": { "type": "find_in_page", "url": "https://b.example", "pattern": "noon" } },
        { "type": "message", "content": [{ "type": "output_text", "text": "Noon" }] },
        { "type": "code_interpreter_call", "id": "ci_1", "status": "completed", "code": "print(1)",
          "container_id": "cntr_1", "outputs": [{ "type": "logs", "logs": "1\n" },
          { "type": "image", "url": "https://i.example" }] },
        { "type": "file_search_call", "id": "fs_1", "status": "completed", "queries": ["q"],
          "results": [{ "file_id": "f" }] },
        { "type": "mcp_call", "id": "mcp_1", "server_label": "dice", "name": "roll", "arguments": "{}",
          "output": null, "error": { "message": "gone" } },
        { "type": "reasoning", "summary": [] },
    ]);
    let found = HostedCall::all(&fields(json!({ "output_items": items })));
    let mut looked = call(
        "ws_2",
        HostedAct::Open {
            url: "https://b.example".to_owned(),
            pattern: Some("noon".to_owned()),
            title: None,
            text: None,
        },
    );
    looked.state = HostedState::Failed("unavailable".to_owned());
    let ran = HostedAct::Code {
        code: "print(1)".to_owned(),
        language: Some("python".to_owned()),
        container: Some("cntr_1".to_owned()),
        stdout: "1\n".to_owned(),
        stderr: String::new(),
        return_code: 0,
        files: Vec::new(),
        images: vec!["https://i.example".to_owned()],
    };
    let files = HostedAct::Files { queries: vec!["q".to_owned()], results: vec![json!({ "file_id": "f" })] };
    let mut rolled = call(
        "mcp_1",
        HostedAct::Mcp {
            server: "dice".to_owned(),
            name: "roll".to_owned(),
            arguments: "{}".to_owned(),
            output: None,
        },
    );
    rolled.state = HostedState::Failed("gone".to_owned());
    assert_eq!(
        found,
        [
            (0, call("ws_1", search(&["tide", "ebb"], vec![page("https://a.example", None, None)]))),
            (0, looked),
            (4, call("ci_1", ran)),
            (4, call("fs_1", files)),
            (4, rolled),
        ]
    );
}

#[test]
fn parts_and_metadata_of_geminis() {
    let found = HostedCall::all(&fields(json!({
        "parts": [
            { "text": "Hm.", "thought": true },
            { "text": "So:" },
            { "executableCode": { "language": "PYTHON", "code": "1/0" } },
            { "codeExecutionResult": { "outcome": "OUTCOME_FAILED", "output": "ZeroDivisionError" } },
            { "executableCode": { "language": "PYTHON", "code": "2" } },
            { "codeExecutionResult": { "outcome": "OUTCOME_OK", "output": "2\n" } },
        ],
        "grounding_metadata": { "webSearchQueries": ["tide"],
            "groundingChunks": [{ "web": { "uri": "https://a.example", "title": "a.example" } }] },
        "url_context_metadata": { "urlMetadata": [
            { "retrievedUrl": "https://b.example", "urlRetrievalStatus": "URL_RETRIEVAL_STATUS_ERROR" }] },
    })));
    let mut opened = call(
        "page_0",
        HostedAct::Open { url: "https://b.example".to_owned(), pattern: None, title: None, text: None },
    );
    opened.state = HostedState::Failed("URL_RETRIEVAL_STATUS_ERROR".to_owned());
    assert_eq!(
        found,
        [
            (
                0,
                call(
                    "grounding",
                    search(&["tide"], vec![page("https://a.example", Some("a.example"), None)])
                )
            ),
            (0, opened),
            (3, call("code_1", code("1/0", "", "ZeroDivisionError", 1))),
            (3, call("code_2", code("2", "2\n", "", 0))),
        ]
    );
}

#[test]
fn blocks_of_converses() {
    let found = HostedCall::all(&fields(json!({ "converse_content": [
        { "text": "One moment." },
        { "toolUse": { "toolUseId": "t1", "name": "nova_code_interpreter", "type": "server_tool_use",
            "input": { "snippet": "print(3)" } } },
        { "toolResult": { "toolUseId": "t1", "status": "success",
            "content": [{ "json": { "stdOut": "3\n", "stdErr": "", "exitCode": 0 } }] } },
        { "citationsContent": { "content": [{ "text": "It is three." }] } },
        { "toolUse": { "toolUseId": "c", "name": "f", "input": {} } },
    ] })));
    assert_eq!(found, [(11, call("t1", code("print(3)", "3\n", "", 0)))]);
}

#[test]
fn a_stream_tells_each_call_as_it_begins_and_ends() {
    let mut calls = HostedCalls::default();
    let mut hear = |fields_: Value| -> Vec<(String, bool)> {
        let heard = calls.hear(&fields(fields_));
        heard.into_iter().map(|call| (call.id.clone(), call.is_over())).collect()
    };
    let asked =
        json!({ "type": "server_tool_use", "id": "s1", "name": "web_search", "input": { "query": "a" } });
    let came = json!({ "type": "web_search_tool_result", "tool_use_id": "s1", "content": [] });
    assert_eq!(hear(json!({ "content_block": asked })), [("s1".to_owned(), false)]);
    assert_eq!(hear(json!({ "content_block": came })), [("s1".to_owned(), true)]);
    assert_eq!(hear(json!({ "citation": {} })), []);
    // The end tells all once more, and what was not told in its turn.
    let late =
        json!({ "type": "server_tool_use", "id": "s2", "name": "web_search", "input": { "query": "b" } });
    assert_eq!(hear(json!({ "content_blocks": [asked, came, late] })), [("s2".to_owned(), false)]);
    assert_eq!(
        hear(json!({ "grounding_metadata": { "webSearchQueries": ["c"] } })),
        [("grounding".to_owned(), true)]
    );
}

#[test]
fn what_says_all() {
    let search = json!({ "type": "web_search_call", "id": "ws_1", "status": "completed", "action": {} });
    for (list, says_all) in [
        (json!([search, { "type": "message", "content": [] }, { "type": "reasoning" }]), true),
        (json!([search, { "type": "mcp_approval_request", "id": "a" }]), false),
        (
            json!([{ "text": "a" }, { "executableCode": { "code": "1" } }, { "codeExecutionResult": {} }]),
            true,
        ),
        (json!([{ "text": "a" }, { "inlineData": { "mimeType": "image/png" } }]), false),
        (json!([{ "type": "server_tool_use", "id": "s", "name": "advisor", "input": {} }]), false),
        (json!([{ "toolUse": { "toolUseId": "t", "name": "f", "input": {} } }]), true),
        (json!([]), false),
        (json!({}), false),
    ] {
        assert_eq!(HostedCall::say_all(&list, |_| true), says_all, "{list}");
        assert!(!HostedCall::say_all(&list, |_| false) || !list.to_string().contains("search"), "{list}");
    }
}

#[test]
fn names_are_known_again() {
    let name = call("srv.1", code("", "", "", 0)).name("ci", "msg:1");
    assert_eq!(name, "ci_llmgw_msg_1_srv_1");
    assert!(HostedCall::is_made(&name) && HostedCall::may_be_in(&format!("{{\"id\":\"{name}\"}}")));
    assert!(!HostedCall::is_made("ws_0llmgw1") && !HostedCall::may_be_in("llmgw1.abc"));
}
