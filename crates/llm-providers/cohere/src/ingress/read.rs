//! A Cohere request in canonical form.

use llm_provider_core::{EffortBudgets, Incoming, IngressError, Note, NoteKind};
use llm_types::{
    ChatRequest, ContentPart, Extra, JsonSchemaFormat, JsonSchemaPart, Message, MessageContent, Nullable,
    ReasoningEffort, ResponseFormat, Role, Stop, StreamOptions, ThinkingBlock, Tool, ToolChoice,
    ToolChoiceMode,
};
use serde_json::{Value, json};

use crate::chat::DOCUMENTS;
use crate::chat::decode::{CITATIONS, PLAN};
use crate::wire::{self, ChatMessage, Document};

/// The name of a schema that nobody named: OpenAI's need one.
const UNNAMED_FORM: &str = "answer";

pub(super) fn read(body: &[u8]) -> Result<Incoming, IngressError> {
    let wire: wire::ChatRequest = llm_types::from_slice(body)?;
    let mut notes = Vec::new();
    let request = request(wire, &mut notes)?;
    Ok(Incoming { request, notes })
}

fn request(wire: wire::ChatRequest, notes: &mut Vec<Note>) -> Result<ChatRequest, IngressError> {
    let mut request = ChatRequest::new(wire.model, Vec::with_capacity(wire.messages.len() + 1));
    for (index, message) in wire.messages.into_iter().enumerate() {
        let message = self::message(message, &format!("messages[{index}]"), notes);
        request.messages.push(message);
    }
    if let Some(documents) = wire.documents.into_option().filter(|documents| !documents.is_empty()) {
        tell(documents, &mut request, notes);
    }
    let strict = wire.strict_tools.get() == Some(&true);
    let has_functions =
        wire.tools.get().is_some_and(|tools| tools.iter().any(|tool| matches!(tool, Tool::Function(_))));
    if strict && !has_functions {
        notes.push(Note::dropped("strict_tools", "there are no tools to be strict about"));
    }
    if let Some(mut tools) = wire.tools.into_option() {
        for tool in &mut tools {
            if let Tool::Function(tool) = tool
                && strict
            {
                tool.function.strict = Nullable::Value(true);
            }
        }
        request.tools = Nullable::Value(tools);
    }
    if let Some(choice) = wire.tool_choice.as_deref() {
        let mode = match choice {
            "REQUIRED" => ToolChoiceMode::Required,
            "NONE" => ToolChoiceMode::None,
            other => ToolChoiceMode::Other(other.to_owned()),
        };
        request.tool_choice = Nullable::Value(ToolChoice::Mode(mode));
    }
    form(wire.response_format.into_option(), &mut request, notes);
    if let Some(thinking) = wire.thinking.get() {
        let names = thinking.extra.keys();
        notes
            .extend(names.map(|name| Note::dropped(format!("thinking.{name}"), "Cohere has no such member")));
        if thinking.r#type == "disabled" && thinking.token_budget.is_value() {
            notes.push(Note::dropped("thinking.token_budget", "there is no thinking"));
        }
    }
    thinking(wire.thinking.into_option(), &mut request);
    request.max_tokens = wire.max_tokens;
    request.stop = wire.stop_sequences.into_option().map(Stop::Many).into();
    request.temperature = wire.temperature;
    request.seed = wire.seed;
    request.frequency_penalty = wire.frequency_penalty;
    request.presence_penalty = wire.presence_penalty;
    request.top_p = wire.p;
    request.logprobs = wire.logprobs;
    request.extra = wire.extra;
    // What no member of Cohere's is called has no meaning of OpenAI's here.
    request.extra.retain(|name, _| {
        let is_canonical = ChatRequest::has_member(name);
        if is_canonical {
            notes.push(Note::dropped(name, "Cohere's requests have no such member"));
        }
        !is_canonical
    });
    if let Nullable::Value(k) = wire.k {
        request.extra.insert("top_k".to_owned(), Value::Number(k));
    }
    for (name, said) in [
        ("citation_options", wire.citation_options.is_value()),
        ("safety_mode", wire.safety_mode.is_value()),
        ("priority", wire.priority.is_value()),
    ] {
        if said {
            notes.push(Note::dropped(name, "means nothing to other vendors"));
        }
    }
    request.stream = wire.stream;
    if request.streams() {
        // A stream of Cohere's always ends in its usage; other vendors must be asked for it.
        request.stream_options = Nullable::Value(StreamOptions {
            include_usage: Nullable::Value(true),
            include_obfuscation: Nullable::Absent,
            extra: Extra::new(),
        });
    }
    Ok(request)
}

fn message(wire: ChatMessage, path: &str, notes: &mut Vec<Note>) -> Message {
    let mut message = Message::empty(Role::from(wire.role.as_str()));
    for name in wire.extra.keys() {
        notes.push(Note::dropped(format!("{path}.{name}"), "Cohere's messages have no such member"));
    }
    let mut specifics = Extra::new();
    let mut thoughts = Vec::new();
    message.content = match wire.content {
        Nullable::Value(MessageContent::Parts(parts)) => {
            let has_documents = parts.iter().any(|part| part.kind() == "document");
            if has_documents {
                specifics.insert(DOCUMENTS.to_owned(), json!(parts));
                notes.push(Note::new(NoteKind::Converted, format!("{path}.content"), "documents to text"));
            }
            let mut kept = Vec::with_capacity(parts.len());
            for (index, part) in parts.into_iter().enumerate() {
                match part {
                    ContentPart::Unknown(part) if part.get("type").is_some_and(|kind| kind == "thinking") => {
                        let beside = part.keys().filter(|name| !matches!(name.as_str(), "type" | "thinking"));
                        notes.extend(beside.map(|name| {
                            let path = format!("{path}.content[{index}].{name}");
                            Note::dropped(path, "Cohere's thinking has no such member")
                        }));
                        match part.get("thinking") {
                            Some(Value::String(thought)) => thoughts.push(thought.clone()),
                            _ => notes.push(Note::dropped(
                                format!("{path}.content[{index}]"),
                                "Cohere's thinking is a text",
                            )),
                        }
                    }
                    ContentPart::Unknown(part) if part.get("type").is_some_and(|kind| kind == "document") => {
                        kept.push(ContentPart::text(text_of(part.get("document").unwrap_or(&Value::Null))));
                    }
                    part => kept.push(part),
                }
            }
            if kept.is_empty() { Nullable::Absent } else { Nullable::Value(MessageContent::Parts(kept)) }
        }
        content => content,
    };
    let mut reasoning = thoughts.concat();
    if !thoughts.is_empty() {
        message.thinking_blocks = Nullable::Value(thoughts.into_iter().map(block).collect());
    }
    if let Some(plan) = wire.tool_plan.into_option().filter(|plan| !plan.is_empty()) {
        if !reasoning.is_empty() {
            reasoning.push_str("\n\n");
        }
        reasoning.push_str(&plan);
        specifics.insert(PLAN.to_owned(), plan.into());
    }
    if !reasoning.is_empty() {
        message.reasoning_content = Nullable::Value(reasoning);
    }
    if let Some(citations) = wire.citations.into_option().filter(|citations| !citations.is_empty()) {
        specifics.insert(CITATIONS.to_owned(), Value::Array(citations));
    }
    message.tool_calls = wire.tool_calls.into_option().filter(|calls| !calls.is_empty()).into();
    message.tool_call_id = wire.tool_call_id;
    if !specifics.is_empty() {
        message.provider_specific_fields = Nullable::Value(specifics);
    }
    if message.content.is_absent() && message.tool_calls.is_value() {
        message.content = Nullable::Null;
    }
    message
}

fn block(thought: String) -> ThinkingBlock {
    ThinkingBlock {
        r#type: "thinking".to_owned(),
        thinking: Nullable::Value(thought),
        signature: Nullable::Absent,
        data: Nullable::Absent,
        cache_control: Nullable::Absent,
        extra: Extra::new(),
    }
}

/// A document in words: its text, or its members as JSON.
fn text_of(document: &Value) -> String {
    let data = llm_types::from_value::<Document>(document.clone()).map(|document| document.data);
    match data {
        Ok(Value::String(text)) => text,
        Ok(Value::Object(members)) if members.len() == 1 => match members.get("text") {
            Some(Value::String(text)) => text.clone(),
            _ => Value::Object(members).to_string(),
        },
        Ok(data) => data.to_string(),
        Err(_) => document.as_str().map_or_else(|| document.to_string(), str::to_owned),
    }
}

/// Tells the documents in words, after the instructions that are there, and keeps them beside the words.
fn tell(documents: Vec<Value>, request: &mut ChatRequest, notes: &mut Vec<Note>) {
    let mut words = String::from("Answer on the basis of these documents.");
    for (index, document) in documents.iter().enumerate() {
        let id = document["id"].as_str().map_or_else(|| index.to_string(), str::to_owned);
        words.push_str(&format!("\n\nDocument {id}:\n{}", text_of(document)));
    }
    let mut message = Message::system(words);
    let specifics = Extra::from_iter([(DOCUMENTS.to_owned(), Value::Array(documents))]);
    message.provider_specific_fields = Nullable::Value(specifics);
    let at = request.messages.iter().take_while(|message| message.role == Role::System).count();
    request.messages.insert(at, message);
    notes.push(Note::new(NoteKind::Converted, "documents", "to instructions; citations are up to the model"));
}

fn form(format: Option<wire::ResponseFormat>, request: &mut ChatRequest, notes: &mut Vec<Note>) {
    let Some(format) = format else { return };
    if format.json_schema.is_value() {
        let names = format.extra.keys();
        notes.extend(
            names.map(|name| Note::dropped(format!("response_format.{name}"), "Cohere has no such member")),
        );
    }
    if format.r#type != "json_object" && format.json_schema.is_value() {
        notes.push(Note::dropped("response_format.json_schema", "such a form has no schema"));
    }
    let form = match (format.r#type.as_str(), format.json_schema) {
        ("json_object", Nullable::Value(schema)) => ResponseFormat::JsonSchema(JsonSchemaPart {
            json_schema: JsonSchemaFormat {
                name: UNNAMED_FORM.to_owned(),
                description: Nullable::Absent,
                schema: Nullable::Value(schema),
                strict: Nullable::Absent,
                extra: Extra::new(),
            },
            extra: Extra::new(),
        }),
        ("json_object", _) => ResponseFormat::JsonObject(format.extra),
        ("text", _) => ResponseFormat::Text(format.extra),
        (other, _) => {
            let mut members = format.extra;
            members.insert("type".to_owned(), other.into());
            ResponseFormat::Unknown(members)
        }
    };
    request.response_format = Nullable::Value(form);
}

/// Off is said by `thinking`, which vendors without a switch pass over. A budget is said by it too, and as an effort for
/// vendors that know no budgets.
fn thinking(thinking: Option<wire::Thinking>, request: &mut ChatRequest) {
    let Some(thinking) = thinking else { return };
    match (thinking.r#type.as_str(), thinking.token_budget.get().copied()) {
        ("disabled", _) => request.thinking = Nullable::Value(json!({ "type": "disabled" })),
        (kind, Some(budget)) => {
            request.thinking = Nullable::Value(json!({ "type": kind, "budget_tokens": budget }));
            request.reasoning_effort = Nullable::Value(nearest_effort(budget));
        }
        (_, None) => request.reasoning_effort = Nullable::Value(ReasoningEffort::Medium),
    }
}

/// The effort whose usual budget is nearest; it stays between `low` and `high`, which every model that thinks knows.
fn nearest_effort(budget: u64) -> ReasoningEffort {
    let usual = EffortBudgets::default();
    [
        (usual.low, ReasoningEffort::Low),
        (usual.medium, ReasoningEffort::Medium),
        (usual.high, ReasoningEffort::High),
    ]
    .into_iter()
    .min_by_key(|(tokens, _)| tokens.abs_diff(budget))
    .map_or(ReasoningEffort::Medium, |(_, effort)| effort)
}
