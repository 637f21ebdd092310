//! Limits and budgets of callers at the real binary, with a vendor that is told how to misbehave.

mod choices;
mod defaults;
mod models;
mod prices;
mod priorities;
mod resets;
mod restarts;
mod streams;

use serde_json::{Value, json};

use crate::client::{CHAT, connect, send, soon};
use crate::process::Gateway;

/// The master key.
const MASTER: &str = "sk-master";

/// A configuration whose only model is the mock's, at a dollar a million tokens, with `more` in it.
pub(crate) fn config(more: &[(&str, Value)]) -> Value {
    let prices = json!({"model": "mock/any", "input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6});
    let mut config = json!({
        "model_list": [{"model_name": "mock", "litellm_params": prices}],
        "general_settings": {"master_key": MASTER},
        "llm_gateway": {"database": {"data_dir": "data"}},
    });
    for (section, members) in more {
        for (name, value) in members.as_object().unwrap() {
            config[*section][name] = value.clone();
        }
    }
    config
}

/// Asks with a key: the status, and the body.
pub(crate) async fn post(gateway: &Gateway, key: &str, path: &str, body: &Value) -> (u16, Value) {
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let mut answer = send(connect(gateway.address).await, "POST", path, &headers, body).await;
    let text = answer.body().await;
    (answer.status, serde_json::from_str(&text).unwrap_or_else(|_| text.into()))
}

/// Makes a key.
pub(crate) async fn key(gateway: &Gateway, fields: &Value) -> String {
    let (status, made) = post(gateway, MASTER, "/key/generate", fields).await;
    assert_eq!(status, 200, "{made}");
    made["key"].as_str().unwrap().to_owned()
}

/// A request that the mock answers by a script.
pub(crate) fn scripted(script: &Value, more: &Value) -> Value {
    let mut body =
        json!({"model": "mock", "messages": [{"role": "user", "content": "Hello"}], "mock": script});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

/// The only entry of a key in the ledger, once it is there.
async fn entry(gateway: &Gateway, key: &str) -> Value {
    let path = format!("/spend/logs?summarize=false&api_key={key}");
    let bearer = format!("Bearer {MASTER}");
    let look = async {
        loop {
            let headers = [("authorization", bearer.as_str())];
            let socket = connect(gateway.address).await;
            let text = send(socket, "GET", &path, &headers, &Value::Null).await.body().await;
            let entries: Vec<Value> = serde_json::from_str(&text).unwrap();
            match <[Value; 1]>::try_from(entries) {
                Ok([entry]) => return entry,
                Err(entries) => assert!(entries.is_empty(), "{entries:?}"),
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    soon(look).await
}
