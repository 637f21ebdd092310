//! Tools that one vendor has of its own, asked of every other: said as what the vendor has instead, or left out and told,
//! never sent as they are to one that refuses them.

use llm_providers::core::{EncodeError, NoteKind, OnUnsupported, Payload, Provider};
use llm_providers::types::ChatRequest;
use serde_json::{Value, json};

use crate::{encode, vendors};

/// Each with the words by which it is known on the wire.
fn tools() -> [(&'static str, Value); 17] {
    [
        ("web_search_20250305", json!({"type": "web_search_20250305", "name": "web_search", "max_uses": 2})),
        ("web_fetch_20250910", json!({"type": "web_fetch_20250910", "name": "web_fetch"})),
        ("code_execution_20250825", json!({"type": "code_execution_20250825", "name": "code_execution"})),
        (
            "computer_20250124",
            json!({"type": "computer_20250124", "name": "computer", "display_width_px": 9}),
        ),
        ("text_editor_20250728", json!({"type": "text_editor_20250728", "name": "editor"})),
        ("memory_20250818", json!({"type": "memory_20250818", "name": "memory"})),
        ("googleSearch", json!({"googleSearch": {}})),
        ("urlContext", json!({"type": "urlContext", "urlContext": {}})),
        ("codeExecution", json!({"codeExecution": {}})),
        ("web_search_preview", json!({"type": "web_search_preview", "search_context_size": "low"})),
        ("code_interpreter", json!({"type": "code_interpreter", "container": {"type": "auto"}})),
        ("file_search", json!({"type": "file_search", "vector_store_ids": ["vs_1"]})),
        ("fileSearch", json!({"fileSearch": {"fileSearchStoreNames": ["fileSearchStores/a"]}})),
        ("enterpriseWebSearch", json!({"enterpriseWebSearch": {}})),
        ("exaAiSearch", json!({"exaAiSearch": {"apiKey": "k"}})),
        (
            "mcp",
            json!({"type": "mcp", "server_label": "s", "server_url": "https://mcp.example/", "require_approval": "never"}),
        ),
        ("mcp_toolset", json!({"type": "mcp_toolset", "mcp_server_name": "s"})),
    ]
}

/// Whether the vendor knows the tool, or a gateway that does stands there.
fn is_own(provider: &dyn Provider, model: &str, kind: &str) -> bool {
    let is_anthropics = kind.contains("_20") || kind == "mcp_toolset";
    let is_googles = ["googleSearch", "urlContext", "codeExecution"].contains(&kind);
    let is_vertexs = ["enterpriseWebSearch", "exaAiSearch"].contains(&kind);
    match &*provider.info().id {
        "litellm_proxy" => true,
        "anthropic" => is_anthropics,
        "vertex_ai" if model.starts_with("claude") => is_anthropics && kind != "mcp_toolset",
        "azure_ai" if model.starts_with("claude") => is_anthropics,
        // Claude's tools that the caller runs.
        "bedrock" if model.contains("claude") => {
            ["computer_20250124", "text_editor_20250728", "memory_20250818"].contains(&kind)
        }
        "gemini" => is_googles || kind == "fileSearch",
        "vertex_ai" => is_googles || is_vertexs,
        "groq" => kind == "code_interpreter",
        _ => false,
    }
}

fn asked(tool: &Value) -> ChatRequest {
    let function = json!({"type": "function", "function": {"name": "get_time", "description": "The time.",
        "parameters": {"type": "object", "properties": {}}}});
    llm_providers::types::from_value(json!({
        "model": "m",
        "messages": [{"role": "user", "content": "What happened today?"}],
        "tools": [tool, function],
    }))
    .unwrap()
}

#[test]
fn no_vendor_is_sent_anothers_tools() {
    let mut wrong = Vec::new();
    let mut converted = 0;
    for (provider, _) in vendors(1) {
        let id = &*provider.info().id;
        for model in [
            "model-1",
            "claude-sonnet-4-5",
            "anthropic.claude-sonnet-4-5-20250929-v1:0",
            "amazon.nova-pro-v1:0",
        ] {
            let model = if id == "ragflow" { format!("chat/id/{model}") } else { model.to_owned() };
            for (kind, tool) in tools() {
                let request = asked(&tool);
                let chat = provider.chat().unwrap();
                let Ok(sent) = encode(provider, chat, &request, &model, OnUnsupported::Drop) else {
                    continue;
                };
                let Payload::Bytes(body) = sent.request.body() else { panic!("segments") };
                let is_raw = String::from_utf8_lossy(body).contains(&format!("\"{kind}\""));
                let own = is_own(provider, &model, kind);
                if is_raw != own {
                    wrong.push(format!(
                        "{id}/{model}: `{kind}` {}",
                        if is_raw { "is sent" } else { "is not" }
                    ));
                }
                let told = |lossy: &dyn Fn(NoteKind) -> bool| {
                    let is_tools = |path: &str| path == "tools" || path.starts_with("tools[0]");
                    sent.notes.iter().any(|note| is_tools(&note.path) && lossy(note.kind))
                };
                if !own && !told(&|_| true) {
                    wrong.push(format!("{id}/{model}: `{kind}` goes in silence: {:?}", sent.notes));
                }
                let is_said = told(&|kind| kind == NoteKind::Converted);
                converted += usize::from(is_said);
                let strict = encode(provider, chat, &request, &model, OnUnsupported::Reject);
                let is_refused = matches!(strict, Err(EncodeError::Unsupported { .. }));
                if !own && !is_said && !is_refused {
                    wrong.push(format!("{id}/{model}: `{kind}` is left out for a strict caller"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} faults:\n{}", wrong.len(), wrong.join("\n"));
    assert!(converted > 100, "{converted} tools were said as the vendor's own");
}
