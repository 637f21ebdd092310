//! What of a record changed.

use llm_tenancy::AuditAction;
use serde_json::{Map, Value};

/// The members that differ, as they were and as they are. When and by whom the record changed is the audit's own.
pub(super) fn of(before: &Value, after: &Value) -> (Value, Value) {
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        return (before.clone(), after.clone());
    };
    (Value::Object(besides(old, new)), Value::Object(besides(new, old)))
}

fn besides(these: &Map<String, Value>, those: &Map<String, Value>) -> Map<String, Value> {
    let differs = |(name, value): &(&String, &Value)| *name != "stamp" && those.get(*name) != Some(*value);
    these.iter().filter(differs).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// What was done, by what differs: a record that says nothing of `blocked` is not.
pub(super) fn action(before: &Value, after: &Value) -> AuditAction {
    let blocked = |value: &Value| value.get("blocked").and_then(Value::as_bool);
    let alone =
        |value: &Value| value.as_object().is_some_and(|members| members.keys().all(|name| name == "blocked"));
    if !(alone(before) && alone(after)) {
        return AuditAction::Updated;
    }
    match (blocked(before).unwrap_or(false), blocked(after).unwrap_or(false)) {
        (false, true) => AuditAction::Blocked,
        (true, false) => AuditAction::Unblocked,
        _ => AuditAction::Updated,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_differs_is_told_on_both_sides() {
        let before = json!({"a": 1, "b": {"c": 1}, "gone": true, "stamp": {"updated_at": 1}});
        let after = json!({"a": 1, "b": {"c": 2}, "new": null, "stamp": {"updated_at": 2}});
        assert_eq!(
            of(&before, &after),
            (json!({"b": {"c": 1}, "gone": true}), json!({"b": {"c": 2}, "new": null}))
        );
    }

    #[test]
    fn blocking_has_a_word_of_its_own() {
        for (before, after, action) in [
            (json!({}), json!({"blocked": true}), AuditAction::Blocked),
            (json!({"blocked": true}), json!({}), AuditAction::Unblocked),
            (json!({"blocked": true}), json!({"blocked": false}), AuditAction::Unblocked),
            (json!({}), json!({}), AuditAction::Updated),
            (json!({}), json!({"blocked": true, "tags": []}), AuditAction::Updated),
        ] {
            assert_eq!(super::action(&before, &after), action, "{before} {after}");
        }
    }
}
