//! Calls of tools that another vendor ran itself, as Anthropic's blocks: one that asks, one that tells what came of it.
//!
//! Their names have a mark, by which they are known when the conversation comes back: Anthropic did not make them, and
//! their vendor's own words go back instead.
//!
//! Source: Anthropic docs, "Web search tool", "Web fetch tool", "Code execution tool", "MCP connector", read 2026-11.

use llm_provider_core::{HostedAct, HostedCall, HostedPage};
use llm_types::Extra;
use serde_json::{Value, json};

use crate::wire::ContentBlock;

/// Whether blocks say all of what a call asked and what came of it: they have no place for images.
pub(super) fn tells(act: &HostedAct) -> bool {
    !matches!(act, HostedAct::Code { images, .. } if !images.is_empty())
}

/// What a call asked.
pub(super) fn asked(call: &HostedCall, answer: &str) -> Option<Extra> {
    let (name, input) = match &call.act {
        HostedAct::Search { queries, .. } => ("web_search", json!({ "query": queries.join("\n") })),
        HostedAct::Open { url, pattern: None, .. } => ("web_fetch", json!({ "url": url })),
        HostedAct::Open { url, pattern: Some(pattern), .. } => {
            ("web_fetch", json!({ "url": url, "pattern": pattern }))
        }
        HostedAct::Code { code, .. } => ("code_execution", json!({ "code": code })),
        HostedAct::Files { queries, .. } => ("file_search", json!({ "query": queries.join("\n") })),
        HostedAct::Mcp { server, name, arguments, .. } => {
            let input = match serde_json::from_str(arguments) {
                Ok(input @ Value::Object(_)) => input,
                _ => json!({ "arguments": arguments }),
            };
            return object(json!({ "type": "mcp_tool_use", "id": id(call, answer), "name": name,
                "server_name": server, "input": input }));
        }
        _ => return None,
    };
    object(json!({ "type": "server_tool_use", "id": id(call, answer), "name": name, "input": input }))
}

/// What came of a call that is over.
pub(super) fn came(call: &HostedCall, answer: &str) -> Option<Extra> {
    let failed = |kind: &str| call.failure().map(|why| json!({ "type": kind, "error_code": why }));
    let (kind, content) = match &call.act {
        HostedAct::Search { pages, .. } => (
            "web_search_tool_result",
            failed("web_search_tool_result_error").unwrap_or_else(|| pages.iter().map(found).collect()),
        ),
        HostedAct::Open { url, title, text, .. } => {
            let read = || {
                let words = text.as_deref().unwrap_or_default();
                let source = json!({ "type": "text", "media_type": "text/plain", "data": words });
                let document = json!({ "type": "document", "source": source, "title": title });
                json!({ "type": "web_fetch_result", "url": url, "content": document, "retrieved_at": null })
            };
            ("web_fetch_tool_result", failed("web_fetch_tool_result_error").unwrap_or_else(read))
        }
        HostedAct::Code { stdout, stderr, return_code, files, .. } => {
            let ran = || {
                let file = |id: &String| json!({ "type": "code_execution_output", "file_id": id });
                let files: Vec<Value> = files.iter().map(file).collect();
                json!({ "type": "code_execution_result", "stdout": stdout, "stderr": stderr,
                    "return_code": return_code, "content": files })
            };
            ("code_execution_tool_result", failed("code_execution_tool_result_error").unwrap_or_else(ran))
        }
        HostedAct::Files { results, .. } => {
            let found = || results.iter().map(passage).collect();
            ("file_search_tool_result", failed("file_search_tool_result_error").unwrap_or_else(found))
        }
        HostedAct::Mcp { output, .. } => {
            let words = call.failure().or(output.as_deref()).unwrap_or_default();
            let content: Value = match words {
                "" => json!([]),
                words => json!([{ "type": "text", "text": words }]),
            };
            return object(json!({ "type": "mcp_tool_result", "tool_use_id": id(call, answer),
                "is_error": call.failure().is_some(), "content": content }));
        }
        _ => return None,
    };
    object(json!({ "type": kind, "tool_use_id": id(call, answer), "content": content }))
}

/// As a block of an answer.
pub(super) fn block(members: Extra) -> ContentBlock {
    llm_types::from_value(Value::Object(members.clone())).unwrap_or(ContentBlock::Unknown(members))
}

/// Whether a block is one of these, and so none of Anthropic's own.
pub(crate) fn is_told_for_another(block: &ContentBlock) -> bool {
    let id = match block {
        ContentBlock::ServerToolUse(block) => Some(block.id.as_str()),
        ContentBlock::Unknown(block) => {
            block.get("tool_use_id").or_else(|| block.get("id")).and_then(Value::as_str)
        }
        _ => None,
    };
    id.is_some_and(HostedCall::is_made)
}

fn id(call: &HostedCall, answer: &str) -> String {
    let prefix = if matches!(call.act, HostedAct::Mcp { .. }) { "mcptoolu" } else { "srvtoolu" };
    call.name(prefix, answer)
}

/// A page that was found. Its words only Anthropic could read.
fn found(page: &HostedPage) -> Value {
    json!({ "type": "web_search_result", "url": page.url, "title": page.title.as_ref().unwrap_or(&page.url),
        "encrypted_content": "", "page_age": page.age })
}

/// A passage of a file that was found.
fn passage(found: &Value) -> Value {
    let words = match &found["text"] {
        Value::String(words) => vec![json!({ "type": "text", "text": words })],
        _ => Vec::new(),
    };
    let mut passage = json!({ "type": "search_result", "source": found["file_id"], "title": found["filename"],
        "content": words });
    for name in ["score", "attributes"] {
        if !found[name].is_null() {
            passage[name] = found[name].clone();
        }
    }
    passage
}

fn object(value: Value) -> Option<Extra> {
    match value {
        Value::Object(members) => Some(members),
        _ => None,
    }
}
