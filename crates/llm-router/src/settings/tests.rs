use serde_json::json;

use super::*;

#[test]
fn aliases_have_a_short_and_a_long_form() {
    let settings: RouterSettings = serde_json::from_value(json!({
        "model_group_alias": {"a": "gpt-4o", "b": {"model": "gpt-4o", "hidden": true}}
    }))
    .unwrap();
    assert_eq!(settings.model_group_alias["a"], ModelAlias { model: "gpt-4o".into(), hidden: false });
    assert_eq!(settings.model_group_alias["b"], ModelAlias { model: "gpt-4o".into(), hidden: true });
}

#[test]
fn a_wrong_alias_says_what_it_should_be() {
    let error = serde_json::from_value::<ModelAlias>(json!(3)).unwrap_err();
    assert_eq!(error.to_string(), "invalid type: integer `3`, expected a model's name, or {model, hidden}");
}

#[test]
fn seconds_are_positive_and_finite() {
    for wrong in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(Seconds::try_from(wrong), Err(InvalidSeconds));
    }
    assert_eq!(Seconds::try_from(1.5).unwrap().as_ms(), 1500);
    assert_eq!(Seconds::try_from(1e-9).unwrap().as_ms(), 1);
    assert_eq!(Seconds::try_from(1e300).unwrap().as_ms(), u64::MAX);
}

#[test]
fn unknown_strategies_and_keys_are_refused() {
    let error = serde_json::from_value::<RouterSettings>(json!({"routing_strategy": "busiest"})).unwrap_err();
    assert!(error.to_string().starts_with("unknown variant `busiest`, expected one of `simple-shuffle`"));
    assert!(serde_json::from_value::<RouterSettings>(json!({"routing_stratgy": "simple-shuffle"})).is_err());
}
