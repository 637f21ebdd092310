//! Calls as their vendors tell them.
//!
//! Sources, all read 2026-11: Anthropic docs, "Web search tool", "Web fetch tool", "Code execution tool", "MCP
//! connector"; OpenAI API reference, "Responses", items of the output; Gemini API reference, "ExecutableCode",
//! "CodeExecutionResult", "GroundingMetadata", "UrlContextMetadata"; Amazon Nova User Guide, "Web grounding" and "Code
//! interpreter".

use llm_types::Extra;
use serde_json::Value;

use super::{HostedAct, HostedCall, HostedPage, HostedState};

/// Where a stream tells one piece, in its turn.
pub(super) const IN_TURN: &[&str] = &["content_block", "output_item", "part"];

/// Where a message has all pieces.
pub(super) const LISTS: &[&str] = &["content_blocks", "output_items", "parts", "converse_content"];

/// How many letters of the answer's text a piece has.
pub(super) fn letters(piece: &Value) -> u64 {
    let of = |text: &Value| text.as_str().map_or(0, |text| text.chars().count() as u64);
    let sum = |parts: &Value| parts.as_array().into_iter().flatten().map(|part| of(&part["text"])).sum();
    match piece["type"].as_str() {
        Some("text") => of(&piece["text"]),
        Some("message") => match &piece["content"] {
            Value::String(_) => of(&piece["content"]),
            parts => sum(parts),
        },
        Some(_) => 0,
        None if piece["thought"] == true => 0,
        None if piece["citationsContent"].is_object() => sum(&piece["citationsContent"]["content"]),
        None => of(&piece["text"]),
    }
}

/// Whether a piece is nothing but words, thinking, or a call of one of the client's functions.
pub(super) fn is_usual(piece: &Value) -> bool {
    const TYPES: &[&str] = &[
        "custom_tool_call",
        "function_call",
        "message",
        "reasoning",
        "redacted_thinking",
        "text",
        "thinking",
        "tool_use",
    ];
    const MEMBERS: &[&str] =
        &["citationsContent", "functionCall", "reasoningContent", "text", "thought", "thoughtSignature"];
    match piece["type"].as_str() {
        Some(kind) => TYPES.contains(&kind),
        None => piece.as_object().is_some_and(|piece| {
            piece.keys().all(|name| MEMBERS.contains(&name.as_str()))
                || piece.get("toolUse").is_some_and(|call| call["type"].is_null())
        }),
    }
}

/// The call that a piece begins or ends. `told` are those before it.
pub(super) fn piece(piece: &Value, told: &[HostedCall], nameless: &mut usize) -> Option<HostedCall> {
    match piece["type"].as_str() {
        Some(kind) => block(kind, piece, told).or_else(|| item(kind, piece)),
        None => part(piece, told, nameless).or_else(|| converse(piece, told)),
    }
}

const PYTHON: Option<&str> = Some("python");

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn some_text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn texts(values: &Value) -> Vec<String> {
    list(values).filter_map(some_text).collect()
}

/// A call that begins.
fn begun(id: &Value, act: HostedAct) -> HostedCall {
    HostedCall { id: text(id), act, state: HostedState::Running }
}

fn search(queries: Vec<String>) -> HostedAct {
    HostedAct::Search { queries, pages: Vec::new() }
}

fn open(url: String) -> HostedAct {
    HostedAct::Open { url, pattern: None, title: None, text: None }
}

fn code(code: String, language: Option<&str>) -> HostedAct {
    HostedAct::Code {
        code,
        language: language.map(str::to_owned),
        container: None,
        stdout: String::new(),
        stderr: String::new(),
        return_code: 0,
        files: Vec::new(),
        images: Vec::new(),
    }
}

/// A block of Anthropic's.
fn block(kind: &str, block: &Value, told: &[HostedCall]) -> Option<HostedCall> {
    let input = &block["input"];
    let act = match (kind, block["name"].as_str().unwrap_or_default()) {
        ("server_tool_use", "web_search") => search(some_text(&input["query"]).into_iter().collect()),
        ("server_tool_use", "web_fetch") => open(text(&input["url"])),
        ("server_tool_use", "code_execution") => code(text(&input["code"]), PYTHON),
        ("server_tool_use", "bash_code_execution") => code(text(&input["command"]), Some("bash")),
        ("server_tool_use", "text_editor_code_execution") => code(input.to_string(), None),
        ("mcp_tool_use", name) => HostedAct::Mcp {
            server: text(&block["server_name"]),
            name: name.to_owned(),
            arguments: input.to_string(),
            output: None,
        },
        _ => return result(kind, block, told),
    };
    Some(begun(&block["id"], act))
}

/// What came of a call, in a block of Anthropic's.
fn result(kind: &str, block: &Value, told: &[HostedCall]) -> Option<HostedCall> {
    let id = block["tool_use_id"].as_str()?;
    let known = told.iter().find(|call| call.id == id);
    // The answer that began the call may have been another one.
    let made = match kind {
        "web_search_tool_result" => search(Vec::new()),
        "web_fetch_tool_result" => open(String::new()),
        "code_execution_tool_result"
        | "bash_code_execution_tool_result"
        | "text_editor_code_execution_tool_result" => code(String::new(), None),
        "mcp_tool_result" => HostedAct::Mcp {
            server: String::new(),
            name: String::new(),
            arguments: "{}".to_owned(),
            output: None,
        },
        _ => return None,
    };
    let mut act = known.map_or(made, |call| call.act.clone());
    let content = &block["content"];
    let mut state = match content["error_code"].as_str() {
        Some(why) => HostedState::Failed(why.to_owned()),
        None => HostedState::Done,
    };
    match &mut act {
        HostedAct::Search { pages, .. } => pages.extend(list(content).filter_map(|page| {
            let (title, age) = (some_text(&page["title"]), some_text(&page["page_age"]));
            Some(HostedPage { url: some_text(&page["url"])?, title, age })
        })),
        HostedAct::Open { url, title, text, .. } => {
            if let Some(told) = content["url"].as_str() {
                told.clone_into(url);
            }
            *title = some_text(&content["content"]["title"]);
            *text = some_text(&content["content"]["source"]["data"])
                .filter(|_| content["content"]["source"]["type"] == "text");
        }
        HostedAct::Code { .. } => ran(content, &mut act),
        HostedAct::Mcp { output, .. } => {
            let words = match content {
                Value::String(words) => words.clone(),
                content => list(content).map(|part| text(&part["text"])).collect::<Vec<_>>().join("\n"),
            };
            if block["is_error"] == true {
                state = HostedState::Failed(words.clone());
            }
            *output = Some(words);
        }
        HostedAct::Files { .. } => {}
    }
    Some(HostedCall { id: id.to_owned(), act, state })
}

/// What came of code at Anthropic.
fn ran(content: &Value, act: &mut HostedAct) {
    let HostedAct::Code { stdout, stderr, return_code, files, .. } = act else { return };
    *stdout = match content["type"].as_str() {
        Some("text_editor_code_execution_view_result") => text(&content["content"]),
        Some("text_editor_code_execution_str_replace_result") => texts(&content["lines"]).join("\n"),
        _ => text(&content["stdout"]),
    };
    *stderr = text(&content["stderr"]);
    *return_code = content["return_code"].as_i64().unwrap_or_default();
    *files = list(&content["content"]).filter_map(|file| some_text(&file["file_id"])).collect();
}

/// An item of the Responses API.
fn item(kind: &str, item: &Value) -> Option<HostedCall> {
    let act = match kind {
        "web_search_call" => visit(&item["action"]),
        "code_interpreter_call" => {
            let mut act = code(text(&item["code"]), PYTHON);
            if let HostedAct::Code { container, stdout, images, .. } = &mut act {
                *container = some_text(&item["container_id"]);
                let logs = list(&item["outputs"]).filter_map(|output| some_text(&output["logs"]));
                *stdout = logs.collect::<Vec<_>>().join("\n");
                *images = list(&item["outputs"]).filter_map(|output| some_text(&output["url"])).collect();
            }
            act
        }
        "file_search_call" => HostedAct::Files {
            queries: texts(&item["queries"]),
            results: list(&item["results"]).cloned().collect(),
        },
        "mcp_call" => HostedAct::Mcp {
            server: text(&item["server_label"]),
            name: text(&item["name"]),
            arguments: some_text(&item["arguments"]).unwrap_or_else(|| "{}".to_owned()),
            output: some_text(&item["output"]),
        },
        _ => return None,
    };
    let why = match &item["error"] {
        Value::Null if item["status"] == "failed" => Some("unavailable".to_owned()),
        Value::Null => None,
        Value::String(why) => Some(why.clone()),
        why => Some(some_text(&why["message"]).unwrap_or_else(|| why.to_string())),
    };
    let state = match (why, item["status"].as_str()) {
        (Some(why), _) => HostedState::Failed(why),
        (None, Some("in_progress" | "searching" | "interpreting" | "calling" | "incomplete")) => {
            HostedState::Running
        }
        (None, _) => HostedState::Done,
    };
    Some(HostedCall { id: text(&item["id"]), act, state })
}

/// What a search of the web did.
fn visit(action: &Value) -> HostedAct {
    let mut act = match action["type"].as_str() {
        Some("open_page" | "find_in_page" | "find") => open(text(&action["url"])),
        _ => {
            let mut queries = texts(&action["queries"]);
            if queries.is_empty() {
                queries.extend(some_text(&action["query"]));
            }
            search(queries)
        }
    };
    match &mut act {
        HostedAct::Open { pattern, .. } => *pattern = some_text(&action["pattern"]),
        HostedAct::Search { pages, .. } => pages.extend(list(&action["sources"]).filter_map(|page| {
            let title = some_text(&page["title"]);
            Some(HostedPage { url: some_text(&page["url"])?, title, age: None })
        })),
        _ => {}
    }
    act
}

/// A part of Gemini's.
fn part(part: &Value, told: &[HostedCall], nameless: &mut usize) -> Option<HostedCall> {
    let made = &part["executableCode"];
    if made.is_object() {
        *nameless += 1;
        let id = some_text(&made["id"]).unwrap_or_else(|| format!("code_{nameless}"));
        let language = made["language"].as_str().filter(|name| *name != "LANGUAGE_UNSPECIFIED");
        let language = language.map(str::to_ascii_lowercase);
        return Some(HostedCall {
            id,
            act: code(text(&made["code"]), language.as_deref()),
            state: HostedState::Running,
        });
    }
    let came = part["codeExecutionResult"].as_object()?;
    let is_running = |call: &&HostedCall| !call.is_over() && matches!(call.act, HostedAct::Code { .. });
    let named = came.get("id").and_then(Value::as_str);
    let known = match named {
        Some(id) => told.iter().find(|call| call.id == id),
        None => told.iter().rev().find(is_running),
    };
    let mut call = known.cloned().unwrap_or_else(|| {
        *nameless += 1;
        let id = named.map_or_else(|| format!("code_{nameless}"), str::to_owned);
        HostedCall { id, act: code(String::new(), None), state: HostedState::Running }
    });
    call.state = HostedState::Done;
    if let HostedAct::Code { stdout, stderr, return_code, .. } = &mut call.act {
        let words = came.get("output").map(text).unwrap_or_default();
        match came.get("outcome").and_then(Value::as_str) {
            Some("OUTCOME_FAILED") => (*stderr, *return_code) = (words, 1),
            Some("OUTCOME_DEADLINE_EXCEEDED") => {
                *stdout = words;
                call.state = HostedState::Failed("execution_time_exceeded".to_owned());
            }
            _ => *stdout = words,
        }
    }
    Some(call)
}

/// A block of Converse's.
fn converse(block: &Value, told: &[HostedCall]) -> Option<HostedCall> {
    let asked = &block["toolUse"];
    if asked["type"] == "server_tool_use" {
        let input = &asked["input"];
        let act = match asked["name"].as_str()? {
            name if name.contains("code_interpreter") => {
                let snippet = some_text(&input["snippet"]).or_else(|| some_text(&input["code"]));
                code(snippet.unwrap_or_default(), PYTHON)
            }
            name if name.contains("grounding") => search(some_text(&input["query"]).into_iter().collect()),
            _ => return None,
        };
        return Some(begun(&asked["toolUseId"], act));
    }
    let came = &block["toolResult"];
    let mut call = told.iter().find(|call| came["toolUseId"] == call.id.as_str())?.clone();
    let words: Vec<String> = list(&came["content"])
        .map(|part| some_text(&part["text"]).unwrap_or_else(|| part["json"].to_string()))
        .collect();
    let words = words.join("\n");
    call.state = match came["status"].as_str() {
        Some("error") => HostedState::Failed(words.clone()),
        _ => HostedState::Done,
    };
    if let HostedAct::Code { stdout, stderr, return_code, .. } = &mut call.act {
        let json = list(&came["content"]).map(|part| &part["json"]).find(|json| json.is_object());
        match json {
            Some(json) => {
                (*stdout, *stderr) = (text(&json["stdOut"]), text(&json["stdErr"]));
                *return_code = json["exitCode"].as_i64().unwrap_or_default();
            }
            None => *stdout = words,
        }
    }
    Some(call)
}

/// What Gemini tells of its searches beside the answer.
pub(super) fn metadata(fields: &Extra) -> Vec<HostedCall> {
    let mut calls = Vec::new();
    if let Some(told) = fields.get("grounding_metadata") {
        let queries = texts(&told["webSearchQueries"]);
        let chunks = || list(&told["groundingChunks"]);
        let pages: Vec<HostedPage> = chunks()
            .filter_map(|chunk| {
                let (title, url) = (some_text(&chunk["web"]["title"]), some_text(&chunk["web"]["uri"])?);
                Some(HostedPage { url, title, age: None })
            })
            .collect();
        if !queries.is_empty() || !pages.is_empty() {
            calls.push(over("grounding", HostedAct::Search { queries, pages }));
        }
        let found: Vec<Value> = chunks()
            .filter_map(|chunk| chunk.get("retrievedContext"))
            .map(|found| {
                serde_json::json!({ "file_id": found["uri"], "filename": found["title"], "text": found["text"] })
            })
            .collect();
        if !found.is_empty() {
            let queries = texts(&told["retrievalQueries"]);
            calls.push(over("retrieval", HostedAct::Files { queries, results: found }));
        }
    }
    let pages = fields.get("url_context_metadata").map(|told| &told["urlMetadata"]);
    for (number, page) in pages.into_iter().flat_map(list).enumerate() {
        let mut call = over(&format!("page_{number}"), open(text(&page["retrievedUrl"])));
        match page["urlRetrievalStatus"].as_str() {
            None | Some("URL_RETRIEVAL_STATUS_SUCCESS") => {}
            Some(why) => call.state = HostedState::Failed(why.to_owned()),
        }
        calls.push(call);
    }
    calls
}

fn over(id: &str, act: HostedAct) -> HostedCall {
    HostedCall { id: id.to_owned(), act, state: HostedState::Done }
}
