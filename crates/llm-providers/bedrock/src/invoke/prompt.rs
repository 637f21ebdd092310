//! Models that take one text: the conversation is written as the model was taught to read it. And Cohere's, which take
//! a message and the history before it.
//!
//! Source: Amazon Bedrock User Guide, "Meta Llama models", "DeepSeek models", "Mistral AI text completion", "Amazon Titan
//! Text models" and "Cohere Command R and Command R+ models", read 2026-11; Meta's and Mistral's model cards for the
//! forms of prompts.

use llm_provider_core::{Call, EncodeError, Note, NoteKind, OnUnsupported};
use llm_types::{ChatRequest, ContentPart, Extra, MessageContent, ResponseFormat, Role, Stop};
use serde_json::{Map, Value, json};

use super::Said;
use crate::converse::encode::to_bytes;
use crate::model::{Family, Model};

/// What was said by whom, in words only.
struct Line {
    role: Role,
    text: String,
}

pub(super) fn encode(request: &ChatRequest, model: Model<'_>, call: &Call<'_>) -> Result<Said, EncodeError> {
    let mut writer = Writer { call, notes: Vec::new() };
    let lines = writer.lines(request)?;
    writer.lacking(request)?;
    let options = Options::of(request, &mut writer);
    let body = match model.family {
        Family::TitanText => {
            if options.top_k.is_some() {
                writer.unsupported("top_k", "this model has no such parameter")?;
            }
            titan(&lines, options)
        }
        Family::Cohere => cohere(lines, options),
        Family::Llama => {
            writer.no_stops(&options)?;
            let text = if model.id.contains("llama2") {
                instructed(&lines)
            } else {
                headed(&lines, model.id.contains("llama4"))
            };
            with_limit(text, "max_gen_len", options, false)
        }
        Family::DeepSeekR1 => with_limit(deepseek(&lines), "max_tokens", options, true),
        _ => with_limit(instructed(&lines), "max_tokens", options, true),
    };
    let mut body = body;
    for (name, value) in &request.extra {
        if name != "top_k" {
            body.insert(name.clone(), value.clone());
        }
    }
    Ok(Said { body: to_bytes(&body)?, notes: writer.notes })
}

struct Writer<'a> {
    call: &'a Call<'a>,
    notes: Vec<Note>,
}

/// What all these models know.
struct Options {
    limit: Option<u64>,
    temperature: Option<Value>,
    top_p: Option<Value>,
    top_k: Option<Value>,
    stops: Vec<String>,
}

impl Options {
    fn of(request: &ChatRequest, writer: &mut Writer<'_>) -> Self {
        if let (Some(newer), Some(older)) = (request.max_completion_tokens.get(), request.max_tokens.get())
            && newer != older
        {
            let detail = "`max_completion_tokens` is said too and wins";
            writer.notes.push(Note::dropped("max_tokens", detail));
        }
        Self {
            limit: request.output_limit(),
            temperature: request.temperature.get().cloned().map(Value::Number),
            top_p: request.top_p.get().cloned().map(Value::Number),
            top_k: request.extra.get("top_k").cloned(),
            stops: request.stop.get().map(|stop| Stop::as_slice(stop).to_vec()).unwrap_or_default(),
        }
    }
}

impl Writer<'_> {
    fn unsupported(&mut self, path: impl Into<String>, reason: &str) -> Result<(), EncodeError> {
        match self.call.unsupported {
            OnUnsupported::Reject => Err(EncodeError::unsupported(path, reason)),
            OnUnsupported::Drop => {
                self.notes.push(Note::dropped(path, reason));
                Ok(())
            }
        }
    }

    fn no_stops(&mut self, options: &Options) -> Result<(), EncodeError> {
        if options.stops.is_empty() {
            Ok(())
        } else {
            self.unsupported("stop", "this model stops where it sees fit")
        }
    }

    fn lines(&mut self, request: &ChatRequest) -> Result<Vec<Line>, EncodeError> {
        let mut lines: Vec<Line> = Vec::with_capacity(request.messages.len());
        for (index, message) in request.messages.iter().enumerate() {
            let path = format!("messages[{index}]");
            let role = match &message.role {
                Role::System | Role::Developer => Role::System,
                Role::Assistant => Role::Assistant,
                Role::User => Role::User,
                role => {
                    let detail = format!("said as the user: the model knows no role `{role}`");
                    self.notes.push(Note::new(NoteKind::Converted, format!("{path}.role"), detail));
                    Role::User
                }
            };
            let mut text = String::new();
            match message.content.get() {
                None => {}
                Some(MessageContent::Text(said)) => text.push_str(said),
                Some(MessageContent::Parts(parts)) => {
                    for (number, part) in parts.iter().enumerate() {
                        let path = format!("{path}.content[{number}]");
                        if part.cache_control().is_some() {
                            let path = format!("{path}.cache_control");
                            self.notes.push(Note::dropped(path, "this model's prompts are not kept"));
                        }
                        match part {
                            ContentPart::Text(part) => text.push_str(&part.text),
                            ContentPart::Refusal(part) => text.push_str(&part.refusal),
                            _ => self.unsupported(path, "this model reads text only")?,
                        }
                    }
                }
            }
            for (name, is_said) in [
                ("tool_calls", message.tool_calls.get().is_some_and(|calls| !calls.is_empty())),
                ("function_call", message.function_call.is_value()),
                ("tool_call_id", message.tool_call_id.is_value()),
                ("name", message.name.is_value()),
                ("audio", message.audio.is_value()),
                ("refusal", message.refusal.is_value()),
                ("annotations", message.annotations.get().is_some_and(|all| !all.is_empty())),
                ("reasoning_content", message.reasoning_content.is_value()),
                ("thinking_blocks", message.thinking_blocks.is_value()),
                ("cache_control", message.cache_control.is_value()),
                ("provider_specific_fields", message.provider_specific_fields.is_value()),
            ] {
                if is_said {
                    self.unsupported(format!("{path}.{name}"), "this model is told text only")?;
                }
            }
            for name in message.extra.keys() {
                self.notes.push(Note::dropped(format!("{path}.{name}"), "this model is told text only"));
            }
            match lines.last_mut() {
                Some(last) if last.role == role => {
                    last.text.push_str("\n\n");
                    last.text.push_str(&text);
                }
                _ => lines.push(Line { role, text }),
            }
        }
        self.form(request, &mut lines)?;
        if lines.is_empty() {
            return Err(EncodeError::invalid("messages", "hold nothing that the model could answer"));
        }
        Ok(lines)
    }

    /// The form of the answer can only be asked for.
    fn form(&mut self, request: &ChatRequest, lines: &mut Vec<Line>) -> Result<(), EncodeError> {
        let text = match request.response_format.get() {
            None | Some(ResponseFormat::Text(_)) => return Ok(()),
            Some(ResponseFormat::JsonObject(_)) => "Answer with one JSON object and nothing else.".to_owned(),
            Some(ResponseFormat::JsonSchema(part)) => {
                let schema = part.json_schema.schema.get().cloned().unwrap_or_else(|| json!({}));
                let (name, about) =
                    (&part.json_schema.name, part.json_schema.description.as_deref().unwrap_or_default());
                format!("Answer with one JSON object and nothing else. It follows this JSON Schema, `{name}`: {schema} {about}")
                    .trim_end()
                    .to_owned()
            }
            Some(ResponseFormat::Unknown(_)) => {
                return self.unsupported("response_format", "Bedrock has no such form");
            }
        };
        self.notes.push(Note::new(NoteKind::Converted, "response_format", "to an instruction"));
        match lines.first_mut() {
            Some(first) if first.role == Role::System => {
                first.text.push_str("\n\n");
                first.text.push_str(&text);
            }
            _ => lines.insert(0, Line { role: Role::System, text }),
        }
        Ok(())
    }

    /// Everything else that was asked for.
    fn lacking(&mut self, request: &ChatRequest) -> Result<(), EncodeError> {
        const HAS: &[&str] = &[
            "model",
            "messages",
            "max_tokens",
            "max_completion_tokens",
            "temperature",
            "top_p",
            "stop",
            "stream",
            "stream_options",
            "response_format",
        ];
        let Ok(Value::Object(members)) = serde_json::to_value(request) else { return Ok(()) };
        for (name, value) in members {
            let is_nothing = value.is_null()
                || value == json!([])
                || value == json!({})
                || (name == "n" && value == json!(1))
                || (matches!(name.as_str(), "store" | "logprobs") && value == json!(false))
                || (name == "reasoning_effort" && value == json!("none"));
            if !HAS.contains(&name.as_str()) && !request.extra.contains_key(&name) && !is_nothing {
                self.unsupported(name, "this model has no such parameter")?;
            }
        }
        Ok(())
    }
}

fn with_limit(prompt: String, limit: &str, options: Options, has_stops: bool) -> Extra {
    let mut body = Map::new();
    body.insert("prompt".to_owned(), prompt.into());
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            body.insert(name.to_owned(), value);
        }
    };
    put(limit, options.limit.map(Value::from));
    put("temperature", options.temperature);
    put("top_p", options.top_p);
    put("top_k", options.top_k);
    put("stop", Some(options.stops).filter(|stops| has_stops && !stops.is_empty()).map(Value::from));
    body
}

fn titan(lines: &[Line], options: Options) -> Extra {
    let mut text = String::new();
    for line in lines {
        match line.role {
            Role::System => text.push_str(&line.text),
            Role::Assistant => {
                text.push_str("Bot: ");
                text.push_str(&line.text);
            }
            _ => {
                text.push_str("User: ");
                text.push_str(&line.text);
            }
        }
        text.push('\n');
    }
    text.push_str("Bot:");
    let mut config = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            config.insert(name.to_owned(), value);
        }
    };
    put("maxTokenCount", options.limit.map(Value::from));
    put("temperature", options.temperature);
    put("topP", options.top_p);
    put("stopSequences", Some(options.stops).filter(|stops| !stops.is_empty()).map(Value::from));
    let mut body = Map::new();
    body.insert("inputText".to_owned(), text.into());
    if !config.is_empty() {
        body.insert("textGenerationConfig".to_owned(), Value::Object(config));
    }
    body
}

fn cohere(mut lines: Vec<Line>, options: Options) -> Extra {
    let mut body = Map::new();
    let last = match lines.last() {
        Some(line) if line.role == Role::User => lines.pop(),
        _ => None,
    };
    body.insert("message".to_owned(), last.map(|line| line.text).unwrap_or_default().into());
    let is_preamble = lines.first().is_some_and(|line| line.role == Role::System);
    if is_preamble {
        body.insert("preamble".to_owned(), lines.remove(0).text.into());
    }
    let history: Vec<Value> = lines
        .into_iter()
        .map(|line| {
            let role = match line.role {
                Role::System => "SYSTEM",
                Role::Assistant => "CHATBOT",
                _ => "USER",
            };
            json!({ "role": role, "message": line.text })
        })
        .collect();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            body.insert(name.to_owned(), value);
        }
    };
    put("chat_history", Some(history).filter(|history| !history.is_empty()).map(Value::from));
    put("max_tokens", options.limit.map(Value::from));
    put("temperature", options.temperature);
    put("p", options.top_p);
    put("k", options.top_k);
    put("stop_sequences", Some(options.stops).filter(|stops| !stops.is_empty()).map(Value::from));
    body
}

/// Llama from its third generation on.
fn headed(lines: &[Line], is_fourth: bool) -> String {
    let (start, end, stop) = if is_fourth {
        ("<|header_start|>", "<|header_end|>", "<|eot|>")
    } else {
        ("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")
    };
    let mut text = String::from("<|begin_of_text|>");
    for line in lines {
        text.push_str(&format!("{start}{}{end}\n\n{}{stop}", line.role, line.text));
    }
    text.push_str(&format!("{start}assistant{end}\n\n"));
    text
}

/// Mistral's first models, and Llama's second generation.
fn instructed(lines: &[Line]) -> String {
    let mut text = String::from("<s>");
    let mut before = "";
    for line in lines {
        match line.role {
            Role::System => before = &line.text,
            Role::Assistant => text.push_str(&format!(" {}</s>", line.text)),
            _ if before.is_empty() => text.push_str(&format!("[INST] {} [/INST]", line.text)),
            _ => {
                text.push_str(&format!("[INST] {before}\n\n{} [/INST]", line.text));
                before = "";
            }
        }
    }
    if !before.is_empty() {
        text.push_str(&format!("[INST] {before} [/INST]"));
    }
    text
}

fn deepseek(lines: &[Line]) -> String {
    let mut text = String::from("<｜begin▁of▁sentence｜>");
    for line in lines {
        match line.role {
            Role::System => text.push_str(&line.text),
            Role::Assistant => text.push_str(&format!("<｜Assistant｜>{}<｜end▁of▁sentence｜>", line.text)),
            _ => text.push_str(&format!("<｜User｜>{}", line.text)),
        }
    }
    text.push_str("<｜Assistant｜><think>\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn talk() -> Vec<Line> {
        [(Role::System, "Be brief."), (Role::User, "Hi"), (Role::Assistant, "Hello."), (Role::User, "Bye")]
            .map(|(role, text)| Line { role, text: text.to_owned() })
            .into()
    }

    #[test]
    fn forms_of_prompts() {
        assert_eq!(
            headed(&talk(), false),
            "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>\
             <|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n\
             Hello.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nBye<|eot_id|>\
             <|start_header_id|>assistant<|end_header_id|>\n\n"
        );
        assert!(headed(&talk(), true).ends_with("Bye<|eot|><|header_start|>assistant<|header_end|>\n\n"));
        assert_eq!(instructed(&talk()), "<s>[INST] Be brief.\n\nHi [/INST] Hello.</s>[INST] Bye [/INST]");
        assert_eq!(
            deepseek(&talk()),
            "<｜begin▁of▁sentence｜>Be brief.<｜User｜>Hi<｜Assistant｜>Hello.<｜end▁of▁sentence｜><｜User｜>Bye<｜Assistant｜><think>\n"
        );
    }
}
