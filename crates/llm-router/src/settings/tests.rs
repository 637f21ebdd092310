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

#[test]
fn fallback_targets_are_names_or_maps() {
    let read = |value| serde_json::from_value::<FallbackTarget>(value).map_err(|error| error.to_string());
    assert_eq!(read(json!("a")), Ok(FallbackTarget::Name("a".into())));
    assert_eq!(read(json!({"model": "a", "n": 1})).unwrap().group(), Some("a"));
    let expected = "a model group's name, or a map with `model`";
    assert_eq!(read(json!(3)), Err(format!("invalid type: integer `3`, expected {expected}")));
    assert_eq!(read(json!({"n": 1})), Err(format!("a map without `model`, expected {expected}")));
    assert_eq!(read(json!({"model": 1})), Err("`model` must be a model group's name".into()));
}

#[test]
fn first_token_timeouts_are_seconds_or_learned() {
    let read = |value| serde_json::from_value::<FirstTokenTimeout>(value).map_err(|error| error.to_string());
    let seconds = |seconds| Ok(FirstTokenTimeout::Fixed(Seconds::try_from(seconds).unwrap()));
    assert_eq!(read(json!(2)), seconds(2.0));
    assert_eq!(read(json!(0.5)), seconds(0.5));
    let learned = LearnedTimeout { p95_factor: 3.0, ..LearnedTimeout::default() };
    assert_eq!(read(json!({"p95_factor": 3.0})), Ok(FirstTokenTimeout::Learned(learned)));
    let expected = "a number of seconds, or {p95_factor, min_samples}";
    assert_eq!(read(json!("2s")), Err(format!("invalid type: string \"2s\", expected {expected}")));
    for wrong in [json!(0), json!(-1)] {
        assert_eq!(read(wrong), Err("expected a number of seconds above zero".into()));
    }
    assert_eq!(
        read(json!({"percentile": 95})),
        Err("unknown field `percentile`, expected `p95_factor` or `min_samples`".into())
    );
}
