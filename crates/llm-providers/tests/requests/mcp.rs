//! Servers of tools that the vendor talks to: OpenAI's `mcp` and Anthropic's `mcp_toolset`, each asked of the other and of
//! those that have neither.

use llm_providers::core::{Decoded, Dialect, EncodeError, Encoded, OnUnsupported, Payload, Reply};
use serde_json::{Value, json};

use crate::{encode, vendors};

const URL: &str = "https://mcp.example/sse";

/// What a client of the dialect asks, as the vendor is asked for it.
fn asked(
    dialect: Dialect,
    body: &Value,
    to: (&str, &str),
    how: OnUnsupported,
) -> Result<Encoded, EncodeError> {
    let ingress = llm_providers::ingress(dialect);
    let request = ingress.read(body.to_string().as_bytes()).unwrap().request;
    let (vendor, model) = to;
    let (provider, _) = vendors(1).into_iter().find(|(provider, _)| provider.info().id == vendor).unwrap();
    encode(provider, provider.chat().unwrap(), &request, model, how)
}

/// What is sent, and the notes that tell of tools and servers.
fn sent(dialect: Dialect, body: &Value, to: (&str, &str)) -> (Value, Vec<String>, String) {
    let encoded = asked(dialect, body, to, OnUnsupported::Drop).unwrap();
    let beta = encoded.request.headers().get("anthropic-beta");
    let beta = beta.map(|beta| beta.to_str().unwrap().to_owned()).unwrap_or_default();
    let Payload::Bytes(sent) = encoded.request.body() else { panic!("segments") };
    let notes = encoded.notes.iter().filter(|note| {
        ["tools", "mcp_servers", "tool_choice"].iter().any(|member| note.path.starts_with(member))
    });
    (serde_json::from_slice(sent).unwrap(), notes.map(ToString::to_string).collect(), beta)
}

fn responses(tools: &Value) -> Value {
    json!({"model": "m", "input": "Look it up.", "tools": tools})
}

fn messages(servers: &Value, tools: &Value) -> Value {
    json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Look it up."}],
        "mcp_servers": servers, "tools": tools})
}

const CLAUDE: (&str, &str) = ("anthropic", "claude-sonnet-4-5");
const RESPONSES: (&str, &str) = ("openai", "responses/gpt-5.1");

#[test]
fn openais_is_anthropics() {
    let tools = json!([
        {"type": "mcp", "server_label": "files", "server_url": URL, "server_description": "Files.",
            "headers": {"Authorization": "Bearer t", "X-Team": "a"}, "allowed_tools": ["read", "list"],
            "require_approval": "never"},
        {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}},
        {"type": "mcp", "server_label": "wiki", "server_url": URL, "authorization": "u", "defer_loading": true,
            "require_approval": "never"},
        {"type": "mcp", "server_label": "post", "server_url": URL},
        {"type": "mcp", "server_label": "dropbox", "connector_id": "connector_dropbox", "require_approval": "never"},
        {"type": "mcp", "server_label": "wiki", "server_url": URL, "require_approval": "never"}
    ]);
    let (body, notes, beta) = sent(Dialect::OpenAiResponses, &responses(&tools), CLAUDE);
    assert_eq!(
        body["mcp_servers"],
        json!([
            {"type": "url", "url": URL, "name": "files", "authorization_token": "t"},
            {"type": "url", "url": URL, "name": "wiki", "authorization_token": "u"},
        ])
    );
    assert_eq!(
        body["tools"][0],
        json!({"type": "mcp_toolset", "mcp_server_name": "files", "default_config": {"enabled": false},
            "configs": {"read": {"enabled": true}, "list": {"enabled": true}}})
    );
    assert_eq!(body["tools"][1]["name"], "f");
    assert_eq!(
        body["tools"][2],
        json!({"type": "mcp_toolset", "mcp_server_name": "wiki", "default_config": {"defer_loading": true}})
    );
    assert_eq!(body["tools"].as_array().unwrap().len(), 3);
    assert_eq!(beta, "mcp-client-2025-11-20");
    assert_eq!(
        notes,
        [
            "dropped tools[0].server_description: Anthropic's servers have no such member",
            "dropped tools[0].headers.X-Team: Anthropic sends a bearer token alone",
            "converted tools[0]: `mcp` to `mcp_toolset`",
            "converted tools[2]: `mcp` to `mcp_toolset`",
            "dropped tools[3]: Anthropic calls without asking, and its tools want approval",
            "dropped tools[4]: only OpenAI reaches a server by anything but its address",
            "dropped tools[5]: server `wiki` is among the tools already",
        ]
    );
}

#[test]
fn anthropics_is_openais() {
    let servers = json!([
        {"type": "url", "url": URL, "name": "files", "authorization_token": "t"},
        {"type": "url", "url": URL, "name": "wiki"},
        {"type": "url", "url": URL, "name": "post"}
    ]);
    let tools = json!([
        {"type": "mcp_toolset", "mcp_server_name": "files", "default_config": {"enabled": false, "defer_loading": true},
            "configs": {"read": {"enabled": true}}, "cache_control": {"type": "ephemeral"}},
        {"type": "mcp_toolset", "mcp_server_name": "wiki"},
        {"type": "mcp_toolset", "mcp_server_name": "post", "configs": {"delete": {"enabled": false}}},
        {"type": "mcp_toolset", "mcp_server_name": "none"}
    ]);
    let (body, notes, _) = sent(Dialect::AnthropicMessages, &messages(&servers, &tools), RESPONSES);
    assert_eq!(
        body["tools"],
        json!([
            {"type": "mcp", "server_label": "files", "server_url": URL, "require_approval": "never",
                "authorization": "t", "allowed_tools": ["read"], "defer_loading": true},
            {"type": "mcp", "server_label": "wiki", "server_url": URL, "require_approval": "never"},
        ])
    );
    assert_eq!(body.get("mcp_servers"), None);
    assert_eq!(
        notes,
        [
            "converted tools[0]: to `mcp`, whose tools are called without asking",
            "dropped tools[0].cache_control: the vendor caches prompts by itself",
            "converted tools[1]: to `mcp`, whose tools are called without asking",
            "dropped tools[2]: OpenAI's tools are allowed by name, and cannot be excluded by name",
            "dropped tools[3]: `mcp_servers` defines no server of this name",
        ]
    );
}

/// Servers that name their tools themselves: Anthropic's beta of April 2025.
#[test]
fn the_older_form_is_read() {
    let servers = json!([
        {"type": "url", "url": URL, "name": "files", "tool_configuration": {"enabled": true, "allowed_tools": ["read"]}},
        {"type": "url", "url": URL, "name": "off", "tool_configuration": {"enabled": false}}
    ]);
    let asked = messages(&servers, &Value::Null);
    let (body, notes, _) = sent(Dialect::AnthropicMessages, &asked, RESPONSES);
    assert_eq!(
        body["tools"],
        json!([{"type": "mcp", "server_label": "files", "server_url": URL, "require_approval": "never",
            "allowed_tools": ["read"]}])
    );
    assert_eq!(notes[1], "dropped mcp_servers[1]: none of its tools is enabled");

    let (body, notes, beta) = sent(Dialect::AnthropicMessages, &asked, CLAUDE);
    assert_eq!((body["mcp_servers"].clone(), notes.len()), (asked["mcp_servers"].clone(), 0));
    assert_eq!(beta, "mcp-client-2025-04-04");

    // Beside one of OpenAI's, it is said in the newer form.
    let mut both = json!({"model": "m", "messages": [{"role": "user", "content": "?"}],
        "tools": [{"type": "mcp", "server_label": "wiki", "server_url": URL, "require_approval": "never"}]});
    both["mcp_servers"] = asked["mcp_servers"].clone();
    let (body, _, beta) = sent(Dialect::OpenAiChat, &both, CLAUDE);
    let names: Vec<_> = ["mcp_servers", "tools"]
        .into_iter()
        .flat_map(|list| body[list].as_array().unwrap().clone())
        .map(|it| it.get("name").or(it.get("mcp_server_name")).unwrap().clone())
        .collect();
    assert_eq!(names, ["files", "wiki", "wiki", "files"]);
    assert_eq!(body["tools"][1]["configs"], json!({"read": {"enabled": true}}));
    assert_eq!(body["mcp_servers"][0].get("tool_configuration"), None);
    assert_eq!(beta, "mcp-client-2025-11-20");
}

/// Where there is no such thing it is left out and told, and a strict caller is refused.
#[test]
fn elsewhere_it_is_left_out() {
    let openais = responses(
        &json!([{"type": "mcp", "server_label": "s", "server_url": URL, "require_approval": "never"}]),
    );
    let anthropics = messages(
        &json!([{"type": "url", "url": URL, "name": "s"}]),
        &json!([{"type": "mcp_toolset", "mcp_server_name": "s"}]),
    );
    for to in [
        ("openai", "gpt-5.1"),
        ("gemini", "gemini-2.5-flash"),
        ("vertex_ai", "claude-sonnet-4-5"),
        ("bedrock", "anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("bedrock", "invoke/anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("bedrock", "amazon.nova-pro-v1:0"),
        ("mistral", "mistral-large-latest"),
        ("ollama", "llama3"),
    ] {
        for (dialect, body) in
            [(Dialect::OpenAiResponses, &openais), (Dialect::AnthropicMessages, &anthropics)]
        {
            let (sent, notes, beta) = sent(dialect, body, to);
            let text = sent.to_string();
            assert!(!text.contains("mcp"), "{to:?}: {text}");
            assert!(!beta.contains("mcp"), "{to:?}: {beta}");
            assert!(notes.iter().any(|note| note.starts_with("dropped tools[0]: ")), "{to:?}: {notes:?}");
            let has_servers = body.get("mcp_servers").is_some();
            assert_eq!(
                notes.iter().any(|note| note.starts_with("dropped mcp_servers: ")),
                has_servers,
                "{to:?}: {notes:?}"
            );
            let strict = asked(dialect, body, to, OnUnsupported::Reject);
            assert!(matches!(strict, Err(EncodeError::Unsupported { .. })), "{to:?}: {strict:?}");
        }
    }
}

/// An answer of the vendor's, and the items or blocks in which it says what it did at servers.
fn answers() -> [((&'static str, &'static str), Value, &'static str); 2] {
    let openai = json!({
        "id": "resp_1", "object": "response", "created_at": 1, "status": "completed", "model": "gpt-5.1",
        "output": [
            {"type": "mcp_list_tools", "id": "mcpl_1", "server_label": "files", "tools": [
                {"name": "read", "input_schema": {"type": "object"}, "description": null, "annotations": null}]},
            {"type": "mcp_call", "id": "mcp_1", "server_label": "files", "name": "read", "arguments": "{\"path\":\"a\"}",
                "output": "text of a", "error": null, "status": "completed", "approval_request_id": null},
            {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
                "content": [{"type": "output_text", "text": "It says so.", "annotations": []}]}
        ],
        "usage": {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}
    });
    let anthropic = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "stop_reason": "end_turn",
        "stop_sequence": null,
        "content": [
            {"type": "mcp_tool_use", "id": "mcptoolu_1", "name": "read", "server_name": "files", "input": {"path": "a"}},
            {"type": "mcp_tool_result", "tool_use_id": "mcptoolu_1", "is_error": false,
                "content": [{"type": "text", "text": "text of a"}]},
            {"type": "text", "text": "It says so."}
        ],
        "usage": {"input_tokens": 1, "output_tokens": 2}
    });
    [(RESPONSES, openai, "/output"), (CLAUDE, anthropic, "/content")]
}

/// What the vendor's answer is to a client of the dialect, and what that client sends next.
fn next(dialect: Dialect, vendor: &str, answer: &Value) -> Value {
    let (provider, _) = vendors(1).into_iter().find(|(provider, _)| provider.info().id == vendor).unwrap();
    let body = answer.to_string();
    let decoded = provider.chat().unwrap().decode(http::Response::new(body.as_bytes())).unwrap();
    let Decoded::Answer(answer) = decoded else { panic!("no answer") };
    let reply =
        Reply { request_id: "req-1".to_owned(), model: "m".to_owned(), created_s: 7, include_usage: true };
    let told = llm_providers::ingress(dialect).write(&answer, &reply);
    let told: Value = serde_json::from_slice(&told.body).unwrap();
    let (asked, again) =
        (json!({"role": "user", "content": "Read a."}), json!({"role": "user", "content": "Sure?"}));
    match dialect {
        Dialect::OpenAiChat => {
            json!({"model": "m", "messages": [asked, told["choices"][0]["message"], again]})
        }
        Dialect::AnthropicMessages => json!({"model": "m", "max_tokens": 9,
            "messages": [asked, {"role": "assistant", "content": told["content"]}, again]}),
        _ => {
            let mut input = vec![asked];
            input.extend(told["output"].as_array().unwrap().iter().cloned());
            input.push(again);
            json!({"model": "m", "input": input})
        }
    }
}

/// What the vendor did at servers goes back to it as it said it, whatever the client speaks; to another vendor it goes
/// neither half nor in silence.
#[test]
fn what_was_done_at_servers_comes_back() {
    for (vendor, answer, place) in answers() {
        for dialect in [Dialect::OpenAiChat, Dialect::OpenAiResponses, Dialect::AnthropicMessages] {
            let next = next(dialect, vendor.0, &answer);
            let (sent, _, _) = sent(dialect, &next, vendor);
            let wanted = answer.pointer(place).unwrap();
            let returned = if vendor == CLAUDE {
                sent["messages"][1]["content"].clone()
            } else {
                let items = sent["input"].as_array().unwrap();
                json!(items[1..items.len() - 1])
            };
            assert_eq!(returned, *wanted, "{vendor:?}, {dialect:?}");

            let other = if vendor == CLAUDE { RESPONSES } else { CLAUDE };
            let encoded = asked(dialect, &next, other, OnUnsupported::Drop).unwrap();
            let Payload::Bytes(body) = encoded.request.body() else { panic!("segments") };
            let body = String::from_utf8_lossy(body);
            assert!(body.contains("It says so.") && !body.contains("mcp"), "{other:?}, {dialect:?}: {body}");
            let kept = if vendor == CLAUDE { "content_blocks" } else { "output_items" };
            let notes: Vec<_> = encoded.notes.iter().map(ToString::to_string).collect();
            let told =
                notes.iter().any(|note| note.starts_with("dropped messages[1]") && note.contains(kept));
            assert!(told, "{other:?}, {dialect:?}: {notes:?}");
        }
    }
}
