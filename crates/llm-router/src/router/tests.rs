use llm_types::{ChatRequest, EmbeddingInput, EmbeddingRequest, ErrorKind, Message, UnixMs};
use serde_json::{Value, json};

use super::*;
use crate::Outcome;

mod answers;
mod configs;
mod continuation;
mod copies;
mod explaining;
mod streams;

const START_MS: i64 = 1_763_700_000_000;

/// A router on a clock that only waiting moves.
fn router(config: Value) -> Router {
    build(config).unwrap()
}

fn build(config: Value) -> Result<Router, RouterFault> {
    let config: RouterConfig = serde_json::from_value(config).unwrap();
    let start = tokio::time::Instant::now();
    let clock = move || UnixMs(START_MS).plus(start.elapsed().as_millis() as u64);
    let variables = |name: &str| (name == "KEY_OF_MINE").then(|| "sk-of-mine".to_owned());
    Router::builder(config).clock(clock).seed(7).variables(variables).build()
}

/// A deployment that plays a script.
fn playing(group: &str, id: &str, script: Value) -> Value {
    let mut entry =
        json!({"model_name": group, "litellm_params": {"model": "openai/gpt-4o"}, "model_info": {"id": id}});
    entry["litellm_params"]["mock_response"] = script;
    entry
}

/// The same with more in `litellm_params`.
fn with(mut entry: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("{more}") };
    for (name, value) in more {
        entry["litellm_params"][name] = value;
    }
    entry
}

fn failing(group: &str, id: &str) -> Value {
    playing(group, id, json!({"error": {"status": 500}}))
}

fn saying(group: &str, id: &str, text: &str) -> Value {
    playing(group, id, json!({"text": text}))
}

fn ask(model: &str) -> ChatRequest {
    ChatRequest::new(model, vec![Message::user("Hello")])
}

fn text(routed: &Routed<ChatResponse>) -> String {
    routed.answer.choices[0].message.content.get().unwrap().text().into_owned()
}

/// Who was asked, in order.
fn asked(session: &crate::Session) -> Vec<&str> {
    session.attempts().iter().map(|attempt| attempt.deployment.as_str()).collect()
}
