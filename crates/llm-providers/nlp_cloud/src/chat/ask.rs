//! What is asked.

use llm_provider_words::{Speaker, Turn, prompt, turns};
use llm_types::{ChatRequest, Extra, Nullable, Role};
use serde_json::{Value, json};

/// Which endpoint is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// Turns, without parameters.
    Chatbot,
    /// One text, with parameters.
    Generation,
}

impl Endpoint {
    /// The one that loses nothing: turns go to the chatbot, unless something says how to write.
    pub(super) fn of(request: &ChatRequest) -> Self {
        fn is_said<T>(member: &Nullable<T>) -> bool {
            member.is_value()
        }
        let has_parameters = is_said(&request.max_tokens)
            || is_said(&request.max_completion_tokens)
            || is_said(&request.temperature)
            || is_said(&request.top_p)
            || is_said(&request.stop)
            || is_said(&request.presence_penalty)
            || is_said(&request.frequency_penalty)
            || !request.extra.is_empty();
        let ends_in_question = request.messages.last().is_some_and(|message| message.role == Role::User);
        if has_parameters || !ends_in_question { Self::Generation } else { Self::Chatbot }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Chatbot => "chatbot",
            Self::Generation => "generation",
        }
    }
}

/// `{"input", "context", "history": [{"input", "response"}, …]}`
pub(super) fn chatbot(body: &Extra) -> Extra {
    let mut context = String::new();
    let mut history = Vec::new();
    let mut input = String::new();
    for Turn { speaker, text } in turns(body.get("messages").unwrap_or(&Value::Null)) {
        match speaker {
            Speaker::Instructions => add(&mut context, &text),
            Speaker::User => add(&mut input, &text),
            Speaker::Model => {
                history.push(json!({ "input": std::mem::take(&mut input), "response": text }));
            }
        }
    }
    let mut out = Extra::new();
    out.insert("input".to_owned(), json!(input));
    if !context.is_empty() {
        out.insert("context".to_owned(), json!(context));
    }
    if !history.is_empty() {
        out.insert("history".to_owned(), Value::Array(history));
    }
    out
}

fn add(whole: &mut String, text: &str) {
    if !whole.is_empty() {
        whole.push_str("\n\n");
    }
    whole.push_str(text);
}

/// `{"text", "max_length", …}`
pub(super) fn generation(mut body: Extra) -> Extra {
    let messages = body.shift_remove("messages").unwrap_or_default();
    for name in ["model", "stream"] {
        body.shift_remove(name);
    }
    let mut out = Extra::new();
    out.insert("text".to_owned(), json!(prompt(&turns(&messages))));
    if let Some(limit) = body.shift_remove("max_tokens") {
        out.insert("max_length".to_owned(), limit);
    }
    if let Some(stop) = body.shift_remove("stop").filter(|stop| !stop.is_null()) {
        out.insert("stop_sequences".to_owned(), if stop.is_array() { stop } else { json!([stop]) });
    }
    // Otherwise the answer begins with the question.
    out.insert("remove_input".to_owned(), json!(true));
    out.extend(body);
    out
}
