//! Every dialect of a client with every vendor: `docs/dialects.md`, which is what this test finds.
//!
//! A small request in the client's own words is read and written for the vendor, once with each thing that it may ask
//! for. The model's name is invented: what is told here holds for models that nobody has heard of.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "common/parameters.rs"]
mod parameters;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use http::HeaderMap;
use llm_providers::core::{Call, Credential, Dialect, Note, Payload, Provider, Secret};
use serde_json::{Value, json};

use parameters::parameters;

/// Set to have the page written instead of compared; `cargo xtask generate` does so.
const WRITE: &str = "LLM_GATEWAY_WRITE_DIALECTS";
const PAGE: &str = "../../docs/dialects.md";

/// Stands for the compatible vendors, which have one wire.
const REPRESENTATIVE: &str = "openai_like";

const DIALECTS: &[(Dialect, &str)] = &[
    (Dialect::OpenAiChat, "OpenAI's chat completions"),
    (Dialect::OpenAiResponses, "OpenAI's Responses API"),
    (Dialect::AnthropicMessages, "Anthropic's Messages"),
    (Dialect::Gemini, "Gemini's generateContent"),
    (Dialect::BedrockConverse, "Bedrock's Converse"),
    (Dialect::CohereChat, "Cohere's chat, version 2"),
    (Dialect::OllamaChat, "Ollama's chat"),
    (Dialect::OllamaGenerate, "Ollama's generate"),
];

/// What a request may ask for, in the order of the page's columns.
const ASKED: &[&str] = &["text", "tools", "images", "thinking", "structured output", "streams"];

const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// How a request came through.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Cell {
    /// The dialect has no word for it.
    Unsaid,
    /// In the vendor's own words, whole.
    Whole,
    /// Something was left out or said otherwise.
    Noted(Vec<String>),
    Refused(String),
}

impl Cell {
    const fn word(&self) -> &'static str {
        match self {
            Self::Unsaid => "–",
            Self::Whole => "yes",
            Self::Noted(_) => "with notes",
            Self::Refused(_) => "refused",
        }
    }
}

/// The request of a dialect that asks for a thing; `None` if the dialect has no word for it.
fn request(dialect: Dialect, asked: &str) -> Option<Value> {
    let mut body = json!({"model": "model-1"});
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"],
        "additionalProperties": false});
    let data_url = format!("data:image/png;base64,{PNG}");
    let (members, ask) = match dialect {
        Dialect::OpenAiChat => openai_chat(asked, &schema, &data_url),
        Dialect::OpenAiResponses => responses(asked, &schema, &data_url),
        Dialect::AnthropicMessages => anthropic(asked, &schema),
        Dialect::Gemini => gemini(asked, &schema),
        Dialect::BedrockConverse => bedrock(asked, &schema),
        Dialect::CohereChat => cohere(asked, &schema, &data_url),
        Dialect::OllamaChat => ollama(asked, &schema),
        Dialect::OllamaGenerate => ollama_generate(asked, &schema)?,
        other => panic!("{other:?} has no request here"),
    };
    let all = body.as_object_mut().unwrap();
    all.append(&mut members.as_object().unwrap().clone());
    all.append(&mut ask.as_object().unwrap().clone());
    Some(body)
}

const QUESTION: &str = "How is the weather in Oslo?";

fn openai_chat(asked: &str, schema: &Value, data_url: &str) -> (Value, Value) {
    let user = json!({"role": "user", "content": QUESTION});
    let calls = json!([{"id": "call00001", "type": "function",
        "function": {"name": "weather", "arguments": "{\"city\":\"Oslo\"}"}}]);
    let ask = match asked {
        "tools" => json!({"messages": [user, {"role": "assistant", "content": null, "tool_calls": calls},
                {"role": "tool", "tool_call_id": "call00001", "content": "rain"}],
            "tools": [{"type": "function", "function": {"name": "weather", "parameters": schema}}]}),
        "images" => json!({"messages": [{"role": "user", "content": [{"type": "text", "text": QUESTION},
            {"type": "image_url", "image_url": {"url": data_url}}]}]}),
        "thinking" => json!({"reasoning_effort": "high"}),
        "structured output" => json!({"response_format": {"type": "json_schema",
            "json_schema": {"name": "place", "schema": schema, "strict": true}}}),
        "streams" => json!({"stream": true, "stream_options": {"include_usage": true}}),
        _ => json!({}),
    };
    (json!({"messages": [user], "max_completion_tokens": 4096}), ask)
}

fn responses(asked: &str, schema: &Value, data_url: &str) -> (Value, Value) {
    let user = json!({"role": "user", "content": QUESTION});
    let ask = match asked {
        "tools" => json!({"input": [user,
                {"type": "function_call", "call_id": "call00001", "name": "weather",
                    "arguments": "{\"city\":\"Oslo\"}"},
                {"type": "function_call_output", "call_id": "call00001", "output": "rain"}],
            "tools": [{"type": "function", "name": "weather", "parameters": schema, "strict": false}]}),
        "images" => json!({"input": [{"role": "user", "content": [{"type": "input_text", "text": QUESTION},
            {"type": "input_image", "image_url": data_url, "detail": "auto"}]}]}),
        "thinking" => json!({"reasoning": {"effort": "high"}}),
        "structured output" => json!({"text": {"format": {"type": "json_schema", "name": "place",
            "schema": schema, "strict": true}}}),
        "streams" => json!({"stream": true}),
        _ => json!({}),
    };
    (json!({"input": [user], "max_output_tokens": 4096, "store": false}), ask)
}

fn anthropic(asked: &str, schema: &Value) -> (Value, Value) {
    let user = json!({"role": "user", "content": QUESTION});
    let ask = match asked {
        "tools" => json!({"messages": [user,
                {"role": "assistant", "content": [{"type": "tool_use", "id": "call00001", "name": "weather",
                    "input": {"city": "Oslo"}}]},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "call00001",
                    "content": "rain"}]}],
            "tools": [{"name": "weather", "input_schema": schema}]}),
        "images" => json!({"messages": [{"role": "user", "content": [{"type": "text", "text": QUESTION},
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}]}]}),
        "thinking" => json!({"thinking": {"type": "enabled", "budget_tokens": 2048}}),
        "structured output" => {
            json!({"output_config": {"format": {"type": "json_schema", "schema": schema}}})
        }
        "streams" => json!({"stream": true}),
        _ => json!({}),
    };
    (json!({"messages": [user], "max_tokens": 4096}), ask)
}

fn gemini(asked: &str, schema: &Value) -> (Value, Value) {
    let user = json!({"role": "user", "parts": [{"text": QUESTION}]});
    let config = |members: Value| {
        let mut config = json!({"maxOutputTokens": 4096});
        config.as_object_mut().unwrap().append(&mut members.as_object().unwrap().clone());
        json!({"generationConfig": config})
    };
    let ask = match asked {
        "tools" => json!({"contents": [user,
                {"role": "model", "parts": [{"functionCall": {"name": "weather", "args": {"city": "Oslo"}}}]},
                {"role": "user", "parts": [{"functionResponse": {"name": "weather",
                    "response": {"result": "rain"}}}]}],
            "tools": [{"functionDeclarations": [{"name": "weather", "parametersJsonSchema": schema}]}]}),
        "images" => json!({"contents": [{"role": "user", "parts": [{"text": QUESTION},
            {"inlineData": {"mimeType": "image/png", "data": PNG}}]}]}),
        "thinking" => config(json!({"thinkingConfig": {"thinkingBudget": 2048, "includeThoughts": true}})),
        "structured output" => {
            config(json!({"responseMimeType": "application/json", "responseJsonSchema": schema}))
        }
        _ => json!({}),
    };
    let mut members = config(json!({}));
    members["contents"] = json!([user]);
    (members, ask)
}

fn bedrock(asked: &str, schema: &Value) -> (Value, Value) {
    let user = json!({"role": "user", "content": [{"text": QUESTION}]});
    let ask = match asked {
        "tools" => json!({"messages": [user,
                {"role": "assistant", "content": [{"toolUse": {"toolUseId": "call00001", "name": "weather",
                    "input": {"city": "Oslo"}}}]},
                {"role": "user", "content": [{"toolResult": {"toolUseId": "call00001",
                    "content": [{"text": "rain"}]}}]}],
            "toolConfig": {"tools": [{"toolSpec": {"name": "weather", "inputSchema": {"json": schema}}}]}}),
        "images" => json!({"messages": [{"role": "user", "content": [{"text": QUESTION},
            {"image": {"format": "png", "source": {"bytes": PNG}}}]}]}),
        "thinking" => json!({"additionalModelRequestFields":
            {"thinking": {"type": "enabled", "budget_tokens": 2048}}}),
        "structured output" => json!({"outputConfig": {"textFormat": {"type": "json_schema", "structure":
            {"jsonSchema": {"name": "place", "schema": schema.to_string()}}}}}),
        _ => json!({}),
    };
    (json!({"messages": [user], "inferenceConfig": {"maxTokens": 4096}}), ask)
}

fn cohere(asked: &str, schema: &Value, data_url: &str) -> (Value, Value) {
    let (mut members, mut ask) = openai_chat(asked, schema, data_url);
    members = json!({"messages": members["messages"], "max_tokens": 4096});
    match asked {
        "thinking" => ask = json!({"thinking": {"type": "enabled", "token_budget": 2048}}),
        "structured output" => {
            ask = json!({"response_format": {"type": "json_object", "json_schema": schema}});
        }
        "streams" => ask = json!({"stream": true}),
        "tools" => {
            let calls = ask["messages"][1]["tool_calls"].take();
            ask["messages"][1] = json!({"role": "assistant", "tool_calls": calls});
        }
        _ => {}
    }
    (members, ask)
}

fn ollama(asked: &str, schema: &Value) -> (Value, Value) {
    let user = json!({"role": "user", "content": QUESTION});
    let ask = match asked {
        "tools" => json!({"messages": [user,
                {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "weather",
                    "arguments": {"city": "Oslo"}}}]},
                {"role": "tool", "tool_name": "weather", "content": "rain"}],
            "tools": [{"type": "function", "function": {"name": "weather", "parameters": schema}}]}),
        "images" => json!({"messages": [{"role": "user", "content": QUESTION, "images": [PNG]}]}),
        "thinking" => json!({"think": "high"}),
        "structured output" => json!({"format": schema}),
        "streams" => json!({"stream": true}),
        _ => json!({}),
    };
    (json!({"messages": [user], "options": {"num_predict": 4096}, "stream": false}), ask)
}

fn ollama_generate(asked: &str, schema: &Value) -> Option<(Value, Value)> {
    let ask = match asked {
        "tools" => return None,
        "images" => json!({"images": [PNG]}),
        "thinking" => json!({"think": "high"}),
        "structured output" => json!({"format": schema}),
        "streams" => json!({"stream": true}),
        _ => json!({}),
    };
    Some((json!({"prompt": QUESTION, "options": {"num_predict": 4096}, "stream": false}), ask))
}

fn cell(provider: &dyn Provider, dialect: Dialect, asked: &str) -> Cell {
    let Some(body) = request(dialect, asked) else { return Cell::Unsaid };
    let mut incoming = match llm_providers::ingress(dialect).read(body.to_string().as_bytes()) {
        Ok(incoming) => incoming,
        Err(error) => panic!("{dialect:?} cannot say {asked}: {error}"),
    };
    "model-1".clone_into(&mut incoming.request.model);
    if asked == "streams" {
        // In some dialects the address says so.
        incoming.request.stream = true.into();
    }
    let (key, headers) = (Credential::Key(Secret::new("key")), HeaderMap::new());
    let parameters = parameters(provider);
    let call = Call {
        base_url: Some("https://vendor.example"),
        credential: Some(&key),
        parameters: &parameters,
        ..Call::new("model-1", &headers)
    };
    let translator = provider.chat().unwrap();
    match translator.encode(&incoming.request, &call) {
        Ok(encoded) => {
            let notes = incoming.notes.iter().chain(&encoded.notes);
            let lossy: Vec<String> = notes.filter(|note| note.kind.is_lossy()).map(Note::to_string).collect();
            if lossy.is_empty() { Cell::Whole } else { Cell::Noted(lossy) }
        }
        Err(error) => Cell::Refused(error.to_string()),
    }
}

/// Vendors with chat and a wire of their own, and one of those that share OpenAI's.
fn vendors() -> Vec<&'static dyn Provider> {
    let compatible = |id: &str| llm_providers::openai_compat::find(id).is_some();
    let mut seen = Vec::new();
    llm_providers::providers()
        .iter()
        .map(|provider| &**provider)
        .filter(|provider| provider.chat().is_some())
        .filter(|provider| {
            let id = provider.info().id.to_string();
            let is_first = !seen.contains(&id);
            seen.push(id.clone());
            is_first && id != "mock" && (!compatible(&id) || id == REPRESENTATIVE)
        })
        .collect()
}

const HEAD: &str = "<!-- Generated by `cargo xtask generate`; do not edit. -->

# Dialects

Every dialect that a client may speak, with every vendor that has a wire of its own; `openai_like` stands for the
vendors that share OpenAI's. Each cell is a small request that was read in the client's words and written in the
vendor's, for a model with an invented name, and tells how it came through:

| | |
| --- | --- |
| yes | in the vendor's own words, whole |
| with notes | something was left out or is said in another form; the notes are below the table, and in the header `x-llm-gateway-notes` of an answer |
| refused | the vendor has nothing like it, and the request cannot do without |
| – | the dialect has no word for it |

`tools` is a conversation with a tool, a call and its result. Vendors marked * speak the dialect themselves: what the
client sends goes there as it is, byte for byte, wherever nothing has to be changed.
";

/// What was asked and the note on it, and the vendors that it is made for.
type Notes = BTreeMap<(&'static str, String), Vec<String>>;

/// Notes as a list, those on text first: what is noted there is noted of everything, and is not said again.
fn told(notes: &Notes) -> String {
    let mut list = String::new();
    for asked in ASKED {
        for ((_, note), vendors) in notes.iter().filter(|((noted, _), _)| noted == asked) {
            let everywhere = notes.get(&("text", note.clone())).filter(|_| *asked != "text");
            let vendors: Vec<&str> = vendors
                .iter()
                .filter(|vendor| !everywhere.is_some_and(|all| all.contains(vendor)))
                .map(String::as_str)
                .collect();
            if !vendors.is_empty() {
                let lead = if list.is_empty() { "\n" } else { "" };
                writeln!(list, "{lead}- {asked}: {note} ({})", vendors.join(", ")).unwrap();
            }
        }
    }
    list
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    let vendors = vendors();
    for (dialect, name) in DIALECTS {
        writeln!(page, "\n## {name}\n\n| vendor | {} |", ASKED.join(" | ")).unwrap();
        writeln!(page, "| --- |{}", " --- |".repeat(ASKED.len())).unwrap();
        let mut notes = Notes::new();
        for vendor in &vendors {
            let id = &vendor.info().id;
            let star = if vendor.relay(*dialect).is_some() { " *" } else { "" };
            let mut cells = Vec::new();
            for asked in ASKED {
                let cell = cell(*vendor, *dialect, asked);
                cells.push(cell.word());
                let said = match cell {
                    Cell::Noted(notes) => notes,
                    Cell::Refused(why) => vec![format!("refused: {why}")],
                    Cell::Unsaid | Cell::Whole => Vec::new(),
                };
                for note in said {
                    let vendors = notes.entry((*asked, note)).or_default();
                    vendors.push(format!("`{id}`"));
                }
            }
            writeln!(page, "| `{id}`{star} | {} |", cells.join(" | ")).unwrap();
        }
        page.push_str(&told(&notes));
    }
    page
}

#[test]
fn the_page_is_what_the_pairs_do() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let made = page();
    #[expect(clippy::disallowed_methods, reason = "a switch for whoever generates the page")]
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&file, &made).unwrap();
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    let differs = made.lines().zip(found.lines()).position(|(made, found)| made != found);
    assert!(
        made == found,
        "docs/dialects.md:{}: out of date; write it anew with: cargo xtask generate",
        differs.unwrap_or_else(|| made.lines().count().min(found.lines().count())) + 1
    );
}

/// The least that is promised of every pair: words, and a stream of them.
#[test]
fn every_pair_carries_text_and_streams() {
    for vendor in vendors() {
        for (dialect, name) in DIALECTS {
            for asked in ["text", "streams"] {
                let cell = cell(vendor, *dialect, asked);
                assert!(!matches!(cell, Cell::Refused(_)), "{name}, {}: {asked}: {cell:?}", vendor.info().id);
            }
        }
    }
}

/// Whether a note tells of a whole part or call of a message that is left out.
fn is_lost(note: &str) -> bool {
    let part = note.strip_prefix("dropped messages").and_then(|rest| rest.split(": ").next());
    part.is_some_and(|part| part.ends_with(']'))
}

/// A vendor that says it has a thing gets it, whoever asks.
#[test]
fn what_a_vendor_has_it_is_asked_for() {
    for vendor in vendors() {
        let has = vendor.info().capabilities;
        for (dialect, name) in DIALECTS {
            for (asked, has) in [("tools", has.tools), ("images", has.images)] {
                let cell = cell(vendor, *dialect, asked);
                let lost = match &cell {
                    Cell::Refused(_) => true,
                    Cell::Noted(notes) => notes.iter().any(|note| is_lost(note)),
                    Cell::Unsaid | Cell::Whole => false,
                };
                assert!(!(has && lost), "{name}, {}: {asked}: {cell:?}", vendor.info().id);
            }
        }
    }
}

/// Vendors refuse names that they do not know: what one dialect alone has goes to those who speak it, and is noted elsewhere.
#[test]
fn members_of_one_dialect_alone_go_to_no_other_vendor() {
    let spoken: [(Value, &[&str]); 4] = [
        // Databricks has Claude behind OpenAI's wire.
        (json!({"output_config": {"effort": "low"}}), &["anthropic", "databricks"]),
        (json!({"container": "c-1", "mcp_servers": [{"type": "url", "name": "n"}]}), &["anthropic"]),
        (
            json!({"safetySettings": [{"category": "c"}], "cachedContent": "c/1", "mediaResolution": "LOW"}),
            &["gemini", "vertex_ai"],
        ),
        (
            json!({"guardrailConfig": {"guardrailIdentifier": "g"}, "performanceConfig": {"latency": "optimized"},
            "promptVariables": {"a": {"text": "b"}}}),
            &["bedrock"],
        ),
    ];
    let (key, headers) = (Credential::Key(Secret::new("key")), HeaderMap::new());
    let mut failures = Vec::new();
    // SAP has the models of all these vendors, and hands on what their requests alone have.
    for vendor in vendors().into_iter().filter(|vendor| vendor.info().id != "sap") {
        let parameters = parameters(vendor);
        let id = vendor.info().id.to_string();
        for (members, speakers) in &spoken {
            let mut request = json!({"model": "m", "messages": [{"role": "user", "content": "Hi"}]});
            request.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
            let request = serde_json::from_value(request).unwrap();
            let call = Call {
                base_url: Some("https://vendor.example"),
                credential: Some(&key),
                parameters: &parameters,
                ..Call::new("model-1", &headers)
            };
            let encoded = vendor.chat().unwrap().encode(&request, &call).unwrap();
            let Payload::Bytes(sent) = encoded.request.into_body() else { continue };
            let sent = String::from_utf8(sent.to_vec()).unwrap();
            for name in members.as_object().unwrap().keys() {
                let is_sent = sent.contains(&format!("\"{name}\""));
                let is_noted = encoded.notes.iter().any(|note| note.path == *name);
                let wanted = if speakers.contains(&&*id) { (true, false) } else { (false, true) };
                if (is_sent, is_noted) != wanted {
                    failures.push(format!("{id}, {name}: {sent} {:?}", encoded.notes));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// OpenRouter's word for how much to think reaches vendors of other wires in theirs, and none of them raw.
#[test]
fn how_much_to_think_is_said_in_each_vendors_words() {
    for (vendor, model, wanted) in [
        ("anthropic", "claude-sonnet-4-5", "\"budget_tokens\":2048"),
        ("gemini", "gemini-2.5-flash", "\"thinkingBudget\":2048"),
        ("bedrock", "anthropic.claude-sonnet-4-5-20250929-v1:0", "\"budget_tokens\":2048"),
        ("cohere", "command-a-reasoning-08-2025", "\"token_budget\":2048"),
        ("ollama", "qwen3", "\"think\":true"),
        ("openai", "responses/gpt-5", "\"reasoning\":{\"effort\":\"medium\"}"),
    ] {
        let vendor = llm_providers::find(vendor).unwrap();
        let (key, headers) = (Credential::Key(Secret::new("key")), HeaderMap::new());
        let request = json!({"model": "m", "messages": [{"role": "user", "content": "Hi"}],
            "reasoning": {"max_tokens": 2048, "exclude": true}});
        let request = serde_json::from_value(request).unwrap();
        let call = Call { credential: Some(&key), ..Call::new(model, &headers) };
        let encoded = vendor.chat().unwrap().encode(&request, &call).unwrap();
        let Payload::Bytes(sent) = encoded.request.into_body() else { panic!("no bytes") };
        let sent = String::from_utf8(sent.to_vec()).unwrap();
        assert!(sent.contains(wanted) && !sent.contains("exclude"), "{model}: {sent}");
        let notes: Vec<String> = encoded.notes.iter().map(ToString::to_string).collect();
        assert!(notes.contains(&"dropped reasoning.exclude: only OpenRouter has it".to_owned()), "{notes:?}");
    }
}
