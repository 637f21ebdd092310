//! Whether the key that asks is well, with where it logs to.

use axum::Json;
use axum::routing::post;
use llm_tenancy::VirtualKey;
use llm_tenancy::management::Scope;
use serde_json::{Value, json};

use crate::desk::Desk;
use crate::endpoint::{Endpoint, Param};
use crate::fault::Fault;
use crate::said::Said;
use crate::shape::Shape;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![Endpoint::post("/key/health", "Whether the key that asks is well", post(health)).gives([
        Param::new("key", Shape::Word(&["healthy", "unhealthy"]), "How it is"),
        Param::new(
            "logging_callbacks",
            Shape::Maybe(&Shape::Object),
            "Where it logs to, by its `metadata.logging`: `{callbacks, status, details}`",
        ),
    ])]
}

async fn health(desk: Desk, said: Said) -> Result<Json<Value>, Fault> {
    said.end();
    // Whoever gets this far was let in by the key: what is left to look at is what it asks for.
    let own = Scope { key: desk.manager.key, ..Scope::default() };
    let key = match desk.manager.key {
        Some(hash) => desk.store.find::<VirtualKey>(&hash, &own).await?,
        None => None,
    };
    let logging = key.and_then(|key| key.value.metadata.get("logging").cloned());
    let Some(logging) = logging else {
        return Ok(Json(json!({"key": "healthy", "logging_callbacks": null})));
    };
    let (callbacks, fault) = callbacks(&logging);
    let (status, details) = match fault {
        None => ("healthy", "Every callback has a name. Nothing was sent.".to_owned()),
        Some(fault) => ("unhealthy", fault),
    };
    Ok(Json(json!({
        "key": status,
        "logging_callbacks": {"callbacks": callbacks, "status": status, "details": details},
    })))
}

/// The names of the callbacks, and what is wrong with the first that has none.
fn callbacks(logging: &Value) -> (Vec<&str>, Option<String>) {
    let Some(entries) = logging.as_array() else {
        return (Vec::new(), Some("metadata.logging is no list".to_owned()));
    };
    let name = |entry: &'_ Value| entry.get("callback_name").and_then(Value::as_str).map(str::len);
    let nameless = entries.iter().position(|entry| name(entry).unwrap_or_default() == 0);
    let names = entries.iter().filter_map(|entry| entry.get("callback_name")?.as_str()).collect();
    (names, nameless.map(|place| format!("metadata.logging[{place}] has no callback_name")))
}
