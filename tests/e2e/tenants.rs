//! Virtual keys, tenants and tokens at the real binary.

mod databases;
mod doors;
mod inside;
mod key_bounds;
mod models;
mod own_keys;
mod rotation;
mod tokens;

use serde_json::{Value, json};

use crate::client::{connect, send};
use crate::process::Gateway;

/// The master key.
const MASTER: &str = "sk-master";

/// Deployments that answer by themselves.
fn mock(name: &str) -> Value {
    json!({"model_name": name, "litellm_params": {"model": format!("mock/{name}"), "mock_response": format!("I am {name}")}})
}

/// A configuration with the models `main` and `other`, and keys in a file of its own.
fn config() -> Value {
    json!({
        "model_list": [mock("main"), mock("other")],
        "general_settings": {"master_key": MASTER},
        "llm_gateway": {"database": {"data_dir": "data"}},
    })
}

/// Asks with a key: the status and the body.
async fn ask(gateway: &Gateway, key: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let mut answer = send(connect(gateway.address).await, method, path, &headers, body).await;
    if answer.header("content-length").is_none() {
        answer.end().await;
        return (answer.status, answer.text().into());
    }
    let text = answer.body().await;
    (answer.status, serde_json::from_str(&text).unwrap_or_else(|_| text.into()))
}

/// Asks with the master key for what must succeed.
async fn manage(gateway: &Gateway, path: &str, body: &Value) -> Value {
    let (status, answer) = ask(gateway, MASTER, "POST", path, body).await;
    assert_eq!(status, 200, "{path} {body}: {answer}");
    answer
}

/// Makes a key.
async fn key(gateway: &Gateway, fields: &Value) -> String {
    manage(gateway, "/key/generate", fields).await["key"].as_str().unwrap().to_owned()
}

fn chat(model: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 10})
}

/// What somebody gets who asks a model: the status, and the code of the error if it is one.
async fn chats(gateway: &Gateway, key: &str, model: &str) -> (u16, Option<String>) {
    let (status, answer) = ask(gateway, key, "POST", "/v1/chat/completions", &chat(model)).await;
    (status, answer["error"]["code"].as_str().map(ToOwned::to_owned))
}

fn refused(status: u16, code: &str) -> (u16, Option<String>) {
    (status, Some(code.to_owned()))
}
