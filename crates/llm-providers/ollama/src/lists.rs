//! What a server of Ollama's tells of itself and its models: pure functions for whoever answers in its place.
//!
//! Source: Ollama docs, "List models", "Show model details", "List running models", "Get version"
//! (docs.ollama.com/api), read 2026-11.

use bytes::Bytes;
use llm_types::UnixMs;
use serde_json::{Value, json};

/// The answer of `GET /api/tags`: models by name, each with the time since when it is there.
///
/// ```
/// use llm_types::UnixMs;
///
/// let body = llm_provider_ollama::tags(&[("gpt-4o", UnixMs(0))]);
/// assert!(body.starts_with(br#"{"models":[{"name":"gpt-4o","model":"gpt-4o","modified_at":"1970-01-01T00:00:00Z","#));
/// ```
pub fn tags(models: &[(&str, UnixMs)]) -> Bytes {
    let models: Vec<Value> = models
        .iter()
        .map(|(name, since)| {
            json!({
                "name": name, "model": name, "modified_at": since.rfc3339(), "size": 0, "digest": "",
                "details": details()
            })
        })
        .collect();
    text(&json!({ "models": models }))
}

/// The answer of `GET /api/ps`: all models are ready at any time.
pub fn ps(models: &[&str]) -> Bytes {
    let models: Vec<Value> = models
        .iter()
        .map(|name| {
            json!({ "name": name, "model": name, "size": 0, "digest": "", "details": details(), "size_vram": 0 })
        })
        .collect();
    text(&json!({ "models": models }))
}

/// The answer of `POST /api/show`: a model that is there since `since`. `capabilities` are Ollama's words:
/// `completion`, `tools`, `vision`, `thinking`, `embedding`.
pub fn show(since: UnixMs, capabilities: &[&str]) -> Bytes {
    text(&json!({
        "modelfile": "", "parameters": "", "template": "", "license": "", "details": details(), "model_info": {},
        "capabilities": capabilities, "modified_at": since.rfc3339()
    }))
}

/// The answer of `GET /api/version`.
pub fn version(version: &str) -> Bytes {
    text(&json!({ "version": version }))
}

/// What a model is made of, which is nobody's business here; every member is a text or a list all the same.
fn details() -> Value {
    json!({
        "parent_model": "", "format": "", "family": "", "families": [], "parameter_size": "",
        "quantization_level": ""
    })
}

fn text(value: &Value) -> Bytes {
    value.to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        let read = |bytes: &Bytes| serde_json::from_slice::<Value>(bytes).unwrap();
        let tags = read(&tags(&[("a", UnixMs(1000)), ("vendor/b", UnixMs(1_785_873_551_820))]));
        assert_eq!(tags["models"][1]["name"], "vendor/b");
        assert_eq!(tags["models"][1]["modified_at"], "2026-08-04T19:59:11.820Z");
        assert_eq!(tags["models"][0]["details"]["families"], json!([]));
        assert_eq!(read(&ps(&["a"]))["models"][0]["model"], "a");
        assert_eq!(
            read(&show(UnixMs(0), &["completion", "tools"]))["capabilities"],
            json!(["completion", "tools"])
        );
        assert_eq!(version("0.12.0"), r#"{"version":"0.12.0"}"#);
    }
}
