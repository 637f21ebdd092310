//! Calls of tools that another vendor ran itself, as this API's items.
//!
//! Source: OpenAI API reference, "Responses": items of the output and their events, read 2026-11.

use llm_provider_core::{HostedAct, HostedCall, HostedPage, HostedState};
use llm_types::{Extra, Nullable};
use serde_json::{Value, json};

use crate::responses::names;
use crate::responses::wire::{
    CodeInterpreterCall, FileSearchCall, Item, McpCall, ProgressEvent, StreamEvent, WebSearchCall,
};

/// A call's name in the answer `response`.
pub(super) fn name(call: &HostedCall, response: &str) -> String {
    let prefix = match call.act {
        HostedAct::Code { .. } => "ci",
        HostedAct::Files { .. } => "fs",
        HostedAct::Mcp { .. } => "mcp",
        _ => "ws",
    };
    call.name(prefix, names::bare(response))
}

/// The call as an item; `container` is the place where the answer's code ran, as far as it is known.
pub(super) fn item(id: String, call: &HostedCall, status: &str, container: Option<&str>) -> Option<Item> {
    let id = Nullable::Value(id);
    let status = Nullable::Value(status.to_owned());
    // Where there is no better place for why it failed.
    let mut extra = Extra::new();
    if let Some(why) = call.failure() {
        extra.insert("error".to_owned(), why.into());
    }
    Some(match &call.act {
        HostedAct::Search { queries, pages } => {
            let mut action = json!({
                "type": "search",
                "query": queries.first().map(String::as_str).unwrap_or_default(),
                "queries": queries,
            });
            if call.is_over() {
                action["sources"] = pages.iter().map(source).collect();
            }
            Item::WebSearchCall(WebSearchCall { id, action: Nullable::Value(action), status, extra })
        }
        HostedAct::Open { url, pattern, .. } => {
            let action = match pattern {
                Some(pattern) => json!({ "type": "find_in_page", "url": url, "pattern": pattern }),
                None => json!({ "type": "open_page", "url": url }),
            };
            Item::WebSearchCall(WebSearchCall { id, action: Nullable::Value(action), status, extra })
        }
        HostedAct::Code { code, container: own, .. } => Item::CodeInterpreterCall(CodeInterpreterCall {
            id,
            code: Nullable::Value(code.clone()),
            container_id: Nullable::Value(own.as_deref().or(container).unwrap_or_default().to_owned()),
            outputs: Nullable::Value(outputs(&call.act)),
            status,
            extra,
        }),
        HostedAct::Files { queries, results } => Item::FileSearchCall(FileSearchCall {
            id,
            queries: Nullable::Value(queries.clone()),
            results: Nullable::Value(results.clone()),
            status,
            extra,
        }),
        HostedAct::Mcp { server, name, arguments, output } => Item::McpCall(McpCall {
            id,
            server_label: Nullable::Value(server.clone()),
            name: Nullable::Value(name.clone()),
            arguments: Nullable::Value(arguments.clone()),
            output: output
                .clone()
                .filter(|_| call.failure().is_none())
                .map_or(Nullable::Null, Nullable::Value),
            error: call.failure().map_or(Nullable::Null, |why| Nullable::Value(why.into())),
            status,
            extra: Extra::new(),
        }),
        _ => return None,
    })
}

/// What a call's item says of how it ended.
pub(super) const fn status(call: &HostedCall) -> &'static str {
    match call.state {
        HostedState::Running => "incomplete",
        HostedState::Done => "completed",
        HostedState::Failed(_) => "failed",
    }
}

fn source(page: &HostedPage) -> Value {
    let mut source = json!({ "type": "url", "url": page.url });
    if let Some(title) = &page.title {
        source["title"] = title.as_str().into();
    }
    source
}

fn outputs(act: &HostedAct) -> Vec<Value> {
    let HostedAct::Code { stdout, stderr, files, images, .. } = act else { return Vec::new() };
    let mut outputs = Vec::new();
    let between = if stdout.is_empty() || stdout.ends_with('\n') || stderr.is_empty() { "" } else { "\n" };
    let logs = format!("{stdout}{between}{stderr}");
    if !logs.is_empty() {
        outputs.push(json!({ "type": "logs", "logs": logs }));
    }
    outputs.extend(images.iter().map(|url| json!({ "type": "image", "url": url })));
    if !files.is_empty() {
        let files: Vec<Value> = files.iter().map(|id| json!({ "file_id": id })).collect();
        outputs.push(json!({ "type": "files", "files": files }));
    }
    outputs
}

/// An event that tells how far an item is.
pub(super) type Progress = fn(ProgressEvent) -> StreamEvent;

/// What is told between an item's beginning and its end: before the work, while it goes on, and after it has succeeded.
pub(super) fn progress(item: &Item) -> Option<(Progress, Option<Progress>, Progress)> {
    Some(match item {
        Item::WebSearchCall(_) => (
            StreamEvent::WebSearchInProgress,
            Some(StreamEvent::WebSearchSearching),
            StreamEvent::WebSearchCompleted,
        ),
        Item::FileSearchCall(_) => (
            StreamEvent::FileSearchInProgress,
            Some(StreamEvent::FileSearchSearching),
            StreamEvent::FileSearchCompleted,
        ),
        Item::CodeInterpreterCall(_) => {
            (StreamEvent::CodeInProgress, Some(StreamEvent::CodeInterpreting), StreamEvent::CodeCompleted)
        }
        Item::ImageGenerationCall(_) => {
            (StreamEvent::ImageInProgress, Some(StreamEvent::ImageGenerating), StreamEvent::ImageCompleted)
        }
        Item::McpCall(call) if call.status.as_deref() == Some("failed") || call.error.is_value() => {
            (StreamEvent::McpCallInProgress, None, StreamEvent::McpCallFailed)
        }
        Item::McpCall(_) => (StreamEvent::McpCallInProgress, None, StreamEvent::McpCallCompleted),
        Item::McpListTools(list) if list.error.is_value() => {
            (StreamEvent::McpListInProgress, None, StreamEvent::McpListFailed)
        }
        Item::McpListTools(_) => (StreamEvent::McpListInProgress, None, StreamEvent::McpListCompleted),
        _ => return None,
    })
}
