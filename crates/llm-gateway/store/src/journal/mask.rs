//! Documents without their secrets.

use llm_tenancy::{Document, is_secret_name};
use serde_json::Value;

/// What stands for a secret.
pub const MASK: &str = "***";
/// Members whose values are all sealed.
const SEALED: [&str; 2] = ["secrets", "values"];

/// A record's document without what is sealed: what was deleted should not be opened again.
pub(crate) fn without_sealed(mut body: Value) -> Value {
    if let Value::Object(members) = &mut body {
        for name in SEALED {
            members.shift_remove(name);
        }
    }
    body
}

/// A document of a record's with [`MASK`] in the place of each secret, as the audit shows it.
pub fn masked_document(document: &Document) -> Document {
    document.iter().map(|(name, value)| (name.clone(), masked(name, value))).collect()
}

/// A record's document, masked.
pub(super) fn document(value: &Value) -> Option<Document> {
    let Value::Object(members) = value else { return None };
    let masked = members.iter().map(|(name, value)| {
        let value = match value {
            Value::Object(sealed) if SEALED.contains(&name.as_str()) => {
                Value::Object(sealed.keys().map(|name| (name.clone(), MASK.into())).collect())
            }
            other => masked(name, other),
        };
        (name.clone(), value)
    });
    Some(masked.collect())
}

fn masked(name: &str, value: &Value) -> Value {
    match value {
        // References to the environment say where a secret is and not what.
        Value::String(text) if is_secret_name(name) && !text.starts_with("os.environ/") => MASK.into(),
        Value::Array(items) => items.iter().map(|item| masked(name, item)).collect(),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, value)| (name.clone(), masked(name, value))).collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_masked_wherever_they_are() {
        let record = json!({
            "values": {"api_key": {"key_id": "1", "text": "c2VhbGVk"}},
            "hash": "88dc28d0",
            "max_tokens": 5,
            "metadata": {
                "owner": "anna",
                "logging": [{"callback_vars": {"langfuse_secret_key": "sk-lf-1", "langfuse_host": "h"}}],
                "webhook": {"Authorization": "Bearer x", "x-api-key": "y", "slack_token": "z"},
                "vertex_credentials": "{}",
                "aws_secret_access_key": "os.environ/AWS_SECRET",
            },
        });
        let masked = Value::Object(document(&record).unwrap());
        assert_eq!(
            masked,
            json!({
                "values": {"api_key": "***"},
                "hash": "88dc28d0",
                "max_tokens": 5,
                "metadata": {
                    "owner": "anna",
                    "logging": [{"callback_vars": {"langfuse_secret_key": "***", "langfuse_host": "h"}}],
                    "webhook": {"Authorization": "***", "x-api-key": "***", "slack_token": "***"},
                    "vertex_credentials": "***",
                    "aws_secret_access_key": "os.environ/AWS_SECRET",
                },
            })
        );
    }
}
