//! A conversation as turns of text, and as one text.

use serde_json::Value;

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// Whoever set the model up.
    Instructions,
    /// The person.
    User,
    /// The model.
    Model,
}

/// What somebody says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Who.
    pub speaker: Speaker,
    /// What.
    pub text: String,
}

/// The turns of messages in OpenAI's form.
pub fn turns(messages: &Value) -> Vec<Turn> {
    messages.as_array().into_iter().flatten().map(turn).collect()
}

fn turn(message: &Value) -> Turn {
    let speaker = match message["role"].as_str() {
        Some("system" | "developer") => Speaker::Instructions,
        Some("assistant") => Speaker::Model,
        _ => Speaker::User,
    };
    let text = match &message["content"] {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        _ => String::new(),
    };
    Turn { speaker, text }
}

/// One text for a model that goes on writing it: the person's words alone where nothing else was said, else every turn
/// with its speaker before it, and the model's name at the end.
pub fn prompt(turns: &[Turn]) -> String {
    if let [Turn { speaker: Speaker::User, text }] = turns {
        return text.clone();
    }
    let mut prompt = String::new();
    for turn in turns {
        let speaker = match turn.speaker {
            Speaker::Instructions => "System",
            Speaker::User => "User",
            Speaker::Model => "Assistant",
        };
        prompt.push_str(&format!("{speaker}: {}\n\n", turn.text));
    }
    prompt.push_str("Assistant:");
    prompt
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_text_of_many_turns() {
        let alone = json!([{"role": "user", "content": "Hello"}]);
        assert_eq!(prompt(&turns(&alone)), "Hello");
        let several = json!([
            {"role": "system", "content": "Be brief."}, {"role": "user", "content": [{"type": "text", "text": "Hello"}]},
            {"role": "assistant", "content": "Hi"}, {"role": "user", "content": "Bye"}
        ]);
        let expected = "System: Be brief.\n\nUser: Hello\n\nAssistant: Hi\n\nUser: Bye\n\nAssistant:";
        assert_eq!(prompt(&turns(&several)), expected);
        assert_eq!(turns(&several)[1].speaker, Speaker::User);
        assert!(turns(&json!(null)).is_empty());
    }
}
