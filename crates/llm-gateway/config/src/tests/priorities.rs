//! What of model groups' rates is reserved for whom.

use super::*;

#[test]
fn reservations_have_litellms_forms() {
    let text = "
litellm_settings:
  priority_reservation:
    prod: 0.9
    all: 1
    many: {type: rpm, value: 900}
    long: {type: tpm, value: 1e5}
    some: {type: percent, value: 0.25}
    few: {value: 0}
  priority_reservation_settings:
    default_priority: 0
    saturation_threshold: 0.8
    saturation_check_cache_ttl: 60
    tracking_ttl: 120
";
    let config = read(text);
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    let Priorities { levels, settings } = config.settings.priorities;
    let levels: Vec<_> = levels.iter().map(|(name, reservation)| (name.as_str(), *reservation)).collect();
    assert_eq!(
        levels,
        [
            ("prod", Reservation::Percent(0.9)),
            ("all", Reservation::Percent(1.0)),
            ("many", Reservation::Rpm(900.0)),
            ("long", Reservation::Tpm(1e5)),
            ("some", Reservation::Percent(0.25)),
            ("few", Reservation::Percent(0.0)),
        ]
    );
    assert_eq!((settings.default_priority, settings.saturation_threshold), (0.0, 0.8));
    let Priorities { levels, settings } = read("").settings.priorities;
    assert_eq!((settings.default_priority, settings.saturation_threshold), (0.25, 0.5));
    assert!(levels.is_empty());
}

#[test]
fn wrong_reservations_are_told_with_their_places() {
    let text = "
litellm_settings:
  priority_reservation:
    prod: 90
    dev: much
    batch: {type: rps, value: 1}
    night: {type: rpm, value: -1}
    day: {type: rpm}
    noon: {type: tpm, value: 1, unit: k}
    dusk: -0.1
  priority_reservation_settings:
    default_priority: prod
    saturation_threshold: 50
    saturation: 0.5
";
    insta::assert_snapshot!(said(text), @r#"
    config.yaml:4:11: litellm_settings.priority_reservation.prod: 90 is no share: it must be between 0 and 1, and nine tenths are 0.9
    config.yaml:5:10: litellm_settings.priority_reservation.dev: expected a share such as 0.9, or an object with `type` and `value`, found the text "much"
    config.yaml:6:19: litellm_settings.priority_reservation.batch.type: unknown value "rps", did you mean "rpm"? (one of "percent", "rpm", "tpm")
    config.yaml:7:12: litellm_settings.priority_reservation.night: -1 is no rate
    config.yaml:8:10: litellm_settings.priority_reservation.day: "value" is missing
    config.yaml:9:11: litellm_settings.priority_reservation.noon: unknown key "unit"
    config.yaml:10:11: litellm_settings.priority_reservation.dusk: -0.1 is no share: it must be between 0 and 1, and nine tenths are 0.9
    config.yaml:12:23: litellm_settings.priority_reservation_settings.default_priority: expected a number, found the text "prod"
    config.yaml:13:27: litellm_settings.priority_reservation_settings.saturation_threshold: 50 is no share: it must be between 0 and 1, and nine tenths are 0.9
    config.yaml:14:5: litellm_settings.priority_reservation_settings: unknown key "saturation"
    "#);
}

#[test]
fn reservations_of_nothing_are_told() {
    const MODEL: &str = "litellm_settings: {priority_reservation: {prod: 0.9}}\nmodel_list:\n  - model_name: a\n    litellm_params: {model: gpt-4o";
    insta::assert_snapshot!(
        said(&format!("{MODEL}}}")),
        @"config.yaml:1:42: warning: litellm_settings.priority_reservation: no model has `rpm` or `tpm`, so nothing is reserved"
    );
    assert_eq!(said(&format!("{MODEL}, tpm: 1}}")), "");
}
