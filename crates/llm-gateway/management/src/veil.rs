//! Documents that may hold secrets, such as the keys of callbacks: shown masked, and left as they were where a client
//! sends back what it was shown.

use llm_store::{MASK, masked_document};
use llm_tenancy::Document;
use llm_types::ParseError;
use serde_json::Value;

use crate::wire::{Wire as _, wrong};

/// The member `metadata` of a record.
macro_rules! metadata {
    ($record:ty) => {
        vec![crate::member::Member::<$record> {
            name: "metadata",
            about: "What else is written down; secrets in it are shown as `***`, and stay if that is sent back",
            shape: crate::shape::Shape::Object,
            set: Some(|record, value| {
                record.metadata = crate::veil::lifted(value, &record.metadata)?;
                Ok(())
            }),
            get: Some(|record| crate::veil::veiled(&record.metadata)),
        }]
    };
}

pub(crate) use metadata;

/// A document without its secrets.
pub(crate) fn veiled(document: &Document) -> Value {
    Value::Object(masked_document(document))
}

/// A document that a client sends, with the secrets of the one that it was shown.
///
/// # Errors
/// The place of a mask that stands for no secret of before.
pub(crate) fn lifted(said: Value, before: &Document) -> Result<Document, ParseError> {
    let mut said = Document::read(said)?;
    let shown = masked_document(before);
    for (name, value) in &mut said {
        lift(value, before.get(name).zip(shown.get(name))).map_err(|error| error.at(name))?;
    }
    Ok(said)
}

/// `known` is how the value was, and how that was shown.
fn lift(said: &mut Value, known: Option<(&Value, &Value)>) -> Result<(), ParseError> {
    if let Some((before, shown)) = known
        && said == shown
    {
        *said = before.clone();
        return Ok(());
    }
    match said {
        Value::String(text) if text == MASK => {
            Err(wrong("*** stands for a secret, and there was none here before"))
        }
        Value::Array(items) => {
            let known = known.and_then(|(before, shown)| before.as_array().zip(shown.as_array()));
            for (place, item) in items.iter_mut().enumerate() {
                // Wherever it was before: others may have been taken out.
                let (before, shown) = known.map_or((&[][..], &[][..]), |(a, b)| (&a[..], &b[..]));
                let was = before.iter().zip(shown).find(|(_, shown)| *shown == item);
                lift(item, was).map_err(|error| error.at(&format!("[{place}]")))?;
            }
            Ok(())
        }
        Value::Object(members) => {
            for (name, value) in members {
                let was = known.and_then(|(before, shown)| before.get(name).zip(shown.get(name)));
                lift(value, was).map_err(|error| error.at(name))?;
            }
            Ok(())
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(value: Value) -> Document {
        Document::read(value).unwrap()
    }

    #[test]
    fn what_was_shown_may_be_sent_back() {
        let before = document(json!({
            "note": "a",
            "logging": [{"vars": {"secret_key": "s1", "host": "h"}}, {"vars": {"secret_key": "s2", "host": "h2"}}],
            "api_key": "k",
        }));
        let shown = veiled(&before);
        assert_eq!(shown["logging"][1]["vars"], json!({"secret_key": "***", "host": "h2"}));
        assert_eq!(lifted(shown.clone(), &before).unwrap(), before);
        let mut fewer = shown.clone();
        fewer["logging"].as_array_mut().unwrap().remove(0);
        fewer["note"] = json!("b");
        let kept = lifted(fewer, &before).unwrap();
        assert_eq!(kept["logging"], json!([{"vars": {"secret_key": "s2", "host": "h2"}}]));
        assert_eq!((&kept["note"], &kept["api_key"]), (&json!("b"), &json!("k")));
    }

    #[test]
    fn a_mask_becomes_no_secret() {
        let before = document(json!({"logging": [{"vars": {"secret_key": "s1", "host": "h"}}]}));
        let moved = json!({"logging": [{"vars": {"secret_key": "***", "host": "elsewhere"}}]});
        let error = lifted(moved, &before).unwrap_err();
        assert_eq!(error.path, "logging[0].vars.secret_key", "a secret does not go to another host unseen");
        assert!(lifted(json!({"api_key": "***"}), &before).is_err());
    }
}
