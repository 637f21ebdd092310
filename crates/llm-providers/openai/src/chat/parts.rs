//! Answers in pieces that OpenAI does not have: thinking as content parts, as `reasoning`, as
//! `reasoning_details`.

use llm_types::{ContentPart, Extra, Nullable, ThinkingBlock};
use serde_json::Value;

/// A content list taken apart.
#[derive(Debug, Default)]
pub(super) struct Split {
    /// All text, joined.
    pub(super) text: String,
    /// Parts of type `thinking`.
    pub(super) thinking: Vec<ThinkingBlock>,
    /// All other parts.
    pub(super) others: Vec<Value>,
}

impl Split {
    /// All thinking, joined; `None` if there is none.
    pub(super) fn reasoning(&self) -> Option<String> {
        let mut texts = self.thinking.iter().filter_map(|block| block.thinking.as_deref()).peekable();
        texts.peek()?;
        Some(texts.collect())
    }
}

/// Takes a content list apart.
pub(super) fn split(parts: Vec<ContentPart>) -> Split {
    let mut split = Split::default();
    for part in parts {
        match part {
            ContentPart::Text(part) => {
                split.text.push_str(&part.text);
                // What is said of the text, without the text.
                if !part.extra.is_empty() {
                    let mut rest = part.extra;
                    rest.insert("type".to_owned(), "text".into());
                    split.others.push(Value::Object(rest));
                }
            }
            ContentPart::Unknown(part) if part.get("type").is_some_and(|kind| kind == "thinking") => {
                split.thinking.push(thinking(part));
            }
            other => split.others.extend(serde_json::to_value(other)),
        }
    }
    split
}

/// `{"type": "thinking", "thinking": [{"type": "text", "text": …}], "signature"?: …, "closed"?: …}`
pub(super) fn thinking(mut part: Extra) -> ThinkingBlock {
    part.shift_remove("type");
    let inner = part.shift_remove("thinking");
    let text = match &inner {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        _ => String::new(),
    };
    if let Some(Value::Array(parts)) = inner
        && !parts.iter().all(is_bare_text)
    {
        // References and the like: kept, so that the part can be sent back as it came.
        part.insert("parts".to_owned(), Value::Array(parts));
    }
    let signature = match part.shift_remove("signature") {
        Some(Value::String(signature)) => Nullable::Value(signature),
        _ => Nullable::Absent,
    };
    ThinkingBlock {
        r#type: "thinking".to_owned(),
        thinking: text.into(),
        signature,
        data: Nullable::Absent,
        cache_control: Nullable::Absent,
        extra: part,
    }
}

/// Whether a part is text and nothing else.
fn is_bare_text(part: &Value) -> bool {
    let is_known = |(name, value): (&String, &Value)| match name.as_str() {
        "type" => value == "text",
        "text" => value.is_string(),
        _ => false,
    };
    part.as_object().is_some_and(|members| members.len() == 2 && members.iter().all(is_known))
}

/// Says `reasoning` as `reasoning_content` too, and makes thinking blocks of signed `reasoning_details`. What the
/// vendor said stays beside it: clients of its own look for it there, and may send it back as it came.
pub(super) fn lift(
    extra: &Extra,
    reasoning: &mut Nullable<String>,
    blocks: &mut Nullable<Vec<ThinkingBlock>>,
) {
    if let Some(Value::String(text)) = extra.get("reasoning")
        && !reasoning.is_value()
    {
        *reasoning = Nullable::Value(text.clone());
    }
    if let Some(Value::Array(details)) = extra.get("reasoning_details")
        && !blocks.is_value()
    {
        let made: Vec<_> = details.iter().filter_map(block).collect();
        if !made.is_empty() {
            *blocks = Nullable::Value(made);
        }
    }
}

/// Anthropic's signed blocks, as an aggregator hands them on.
fn block(detail: &Value) -> Option<ThinkingBlock> {
    if !detail["format"].as_str()?.starts_with("anthropic") {
        return None;
    }
    let text = |name: &str| Nullable::from(detail[name].as_str().map(str::to_owned));
    let (kind, thinking, data) = match detail["type"].as_str()? {
        "reasoning.text" => ("thinking", text("text"), Nullable::Absent),
        "reasoning.encrypted" => ("redacted_thinking", Nullable::Absent, text("data")),
        _ => return None,
    };
    Some(ThinkingBlock {
        r#type: kind.to_owned(),
        thinking,
        signature: text("signature"),
        data,
        cache_control: Nullable::Absent,
        extra: Extra::new(),
    })
}
