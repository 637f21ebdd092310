use serde_json::{Value, json};

use super::*;
use crate::settings::FirstTokenTimeout;

fn settings(settings: Value) -> RouterSettings {
    serde_json::from_value(settings).unwrap()
}

fn known(name: &str) -> bool {
    ["a", "b", "c", "d", "vendor/e"].contains(&name)
}

fn plan(value: Value) -> Plan {
    let deployment = DeploymentSettings::default();
    let groups: Vec<_> = ["a", "b", "c", "d"].map(|name| (name.into(), vec![&deployment])).into();
    Plan::new(&settings(value), &groups, known).unwrap()
}

fn faults(value: Value) -> Vec<(String, String, Severity)> {
    let deployment = DeploymentSettings {
        fallbacks: vec![FallbackTarget::Name("b".into())],
        ..DeploymentSettings::default()
    };
    let faults = match Plan::new(&settings(value), &[("a".into(), vec![&deployment])], known) {
        Ok(plan) => plan.warnings().to_vec(),
        Err(faults) => faults,
    };
    faults.into_iter().map(|fault| (fault.path, fault.message, fault.severity)).collect()
}

#[test]
fn silence_means_our_defaults() {
    let plan = plan(json!({}));
    let resilience = &plan.policy("a").resilience;
    assert_eq!(*resilience, Resilience::default());
    assert_eq!((resilience.retries.count, resilience.max_fallbacks), (3, 3));
    assert!(!resilience.has_fallbacks() && resilience.hedging.is_none());
    assert_eq!(plan.policy("a").group.as_ref(), "a");
    assert_eq!(plan.warnings(), []);
}

#[test]
fn what_is_set_is_kept() {
    let plan = plan(json!({
        "num_retries": 1,
        "retry_after": 1.5,
        "max_fallbacks": 7,
        "allow_embedding_fallbacks": true,
        "enable_mid_stream_fallback_continuation": true,
        "first_token_timeout": 2,
        "hedging": {"enabled": true, "after": 0.25, "max_extra": 0.1},
        "routing_strategy": "least-busy",
    }));
    let policy = plan.policy("a");
    let resilience = &policy.resilience;
    assert_eq!(
        (resilience.retries.count, resilience.backoff.floor_ms, resilience.max_fallbacks),
        (1, 1_500, 7)
    );
    assert!(resilience.allow_embedding_fallbacks && resilience.continue_streams);
    assert!(
        matches!(resilience.first_token, Some(FirstTokenTimeout::Fixed(seconds)) if seconds.as_ms() == 2_000)
    );
    let hedging = resilience.hedging.unwrap();
    assert_eq!((hedging.after_ms, hedging.min_samples, hedging.max_extra), (Some(250), 20, 0.1));
    assert_eq!(policy.selection.strategy, crate::RoutingStrategy::LeastBusy);
}

#[test]
fn groups_made_on_the_fly_find_what_is_meant_for_them() {
    let plan = plan(json!({
        "fallbacks": [{"vendor/e": ["a"]}, {"c": ["b"]}],
        "default_fallbacks": ["d"],
        "model_group_retry_policy": {"c": {"TimeoutErrorRetries": 9}},
    }));
    let first = |group: &str| {
        let policy = plan.policy_for(&group.into());
        policy.resilience.fallbacks.general.as_ref().map(|list| list[0].group.to_string())
    };
    assert_eq!(first("vendor/e").as_deref(), Some("a"));
    assert_eq!(first("e").as_deref(), Some("a"), "with a vendor in front");
    assert_eq!(first("other/c").as_deref(), Some("b"), "without the vendor");
    assert_eq!(first("other/e").as_deref(), Some("d"), "another vendor's");
    assert_eq!(plan.policy("nobody").resilience.fallbacks.general.as_ref().unwrap()[0].group.as_ref(), "d");
    assert!(plan.policy_for(&"x/c".into()).resilience.retries.group.is_some());
    assert!(Arc::ptr_eq(plan.policy("a"), &plan.policy_for(&"a".into())));
}

#[test]
fn what_is_said_of_the_name_that_was_asked_for_goes_first() {
    let plan = plan(json!({
        "fallbacks": [{"short": ["b"]}, {"a": ["c"]}, {"e": ["d"]}],
        "model_group_retry_policy": {"short": {"TimeoutErrorRetries": 9}},
    }));
    let first = |group: &str, asked: &str| {
        let policy = plan.policy_asked(&group.into(), asked);
        assert_eq!(*policy.group, *group, "whoever asks");
        policy.resilience.fallbacks.general.as_ref().map(|list| list[0].group.to_string())
    };
    assert_eq!(first("a", "short").as_deref(), Some("b"));
    assert_eq!(first("a", "another").as_deref(), Some("c"), "nothing is said of that");
    assert_eq!(first("vendor/*", "vendor/e").as_deref(), Some("d"), "what a wildcard fits");
    assert_eq!(first("vendor/*", "vendor/f"), None);
    assert!(plan.policy_asked(&"a".into(), "short").resilience.retries.group.is_some());
    assert!(Arc::ptr_eq(plan.policy("a"), &plan.policy_asked(&"a".into(), "another")));
}

#[test]
fn unknown_names_are_told_with_their_place() {
    let found = faults(json!({
        "fallbacks": [{"a": ["b", "gpt-5"]}, {"gpt-4": ["b", "c"]}],
        "default_fallbacks": [{"model": "gpt-6"}],
        "model_group_retry_policy": {"gpt-7": {}},
    }));
    let place = |path: &str| {
        let (_, message, severity) =
            found.iter().find(|(at, ..)| at == path).unwrap_or_else(|| panic!("{found:?}"));
        (message.as_str(), *severity)
    };
    assert_eq!(found.len(), 4, "{found:?}");
    assert_eq!(
        place("router_settings.fallbacks[0].a[1]"),
        ("no model has the name `gpt-5`, so it is passed over", Severity::Warning)
    );
    assert_eq!(
        place("router_settings.default_fallbacks[0]"),
        ("no model has the name `gpt-6`, so it is passed over", Severity::Warning)
    );
    assert_eq!(place("router_settings.fallbacks[1].gpt-4").1, Severity::Warning);
    assert_eq!(place("router_settings.model_group_retry_policy.gpt-7").1, Severity::Warning);
}

#[test]
fn loops_are_told_once_each_and_do_no_harm() {
    let found = faults(json!({"fallbacks": [{"b": ["c"]}, {"c": ["d", "a"]}, {"d": ["d"]}]}));
    let told: Vec<_> = found
        .iter()
        .map(|(path, message, severity)| {
            assert_eq!(*severity, Severity::Warning);
            let way = message.split(": ").nth(1).unwrap().split(';').next().unwrap();
            (path.as_str(), way)
        })
        .collect();
    assert_eq!(
        told,
        [
            ("router_settings.fallbacks[2].d[0]", "d -> d"),
            ("model_list.a[0].litellm_params.fallbacks[0]", "a -> b -> c -> a"),
        ]
    );
    assert_eq!(faults(json!({"default_fallbacks": ["b", "c"]})), [], "of their nature");
}

#[test]
fn numbers_that_make_no_sense_are_refused() {
    let cases = [
        (json!({"retry_after": -1.0}), "retry_after"),
        (json!({"cooldown_time": -1.0}), "cooldown_time"),
        (json!({"circuit_breaker": {"failure_rate": 0.0}}), "circuit_breaker.failure_rate"),
        (json!({"circuit_breaker": {"failure_rate": 1.5}}), "circuit_breaker.failure_rate"),
        (json!({"circuit_breaker": {"window": 0.0}}), "circuit_breaker.window"),
        (json!({"circuit_breaker": {"consecutive_failures": 0}}), "circuit_breaker.consecutive_failures"),
        (json!({"hedging": {"max_extra": 2.0}}), "hedging.max_extra"),
        (json!({"first_token_timeout": {"p95_factor": 0.0}}), "first_token_timeout.p95_factor"),
    ];
    for (value, key) in cases {
        let found = faults(value);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(
            (found[0].0.as_str(), found[0].2),
            (format!("router_settings.{key}").as_str(), Severity::Error)
        );
    }
}

#[test]
fn settings_that_change_nothing_are_told() {
    let found = faults(json!({
        "routing_strategy_args": {"ttl": 60, "max_latency_list_size": 10, "ttft_percentile": 95},
        "routing_groups": [{"group_name": "g", "models": ["b"],
            "routing_strategy_args": {"max_latency_list_size": 5, "ttft_percentile": 50}}],
        "optional_pre_call_checks": ["forward_client_headers_by_model_group"],
    }));
    let paths: Vec<_> = found.iter().map(|(path, _, severity)| (path.as_str(), *severity)).collect();
    assert_eq!(
        paths,
        [
            ("router_settings.routing_strategy_args.ttl", Severity::Warning),
            (
                "router_settings.routing_groups[0].routing_strategy_args.max_latency_list_size",
                Severity::Warning
            ),
            ("router_settings.routing_groups[0].routing_strategy_args.ttft_percentile", Severity::Warning),
            ("router_settings.optional_pre_call_checks", Severity::Warning),
        ]
    );
}

#[test]
fn streams_go_on_where_their_group_says_so() {
    let plan = plan(json!({
        "enable_mid_stream_fallback_continuation": true,
        "model_group_stream_continuation": {"a": false},
    }));
    assert!(!plan.policy("a").resilience.continue_streams);
    assert!(plan.policy("b").resilience.continue_streams);
    let told = faults(json!({"model_group_stream_continuation": {"z": true}}));
    assert_eq!(
        (told[0].0.as_str(), told[0].2),
        ("router_settings.model_group_stream_continuation.z", Severity::Warning)
    );
}

#[test]
fn copies_for_nobody_and_shares_that_are_none_are_told() {
    let told = faults(json!({"mirrors": {"a": {"to": "z", "share": 0.5}, "b": {"to": "a", "share": 1.5}}}));
    let told: Vec<_> = told.iter().map(|(path, _, severity)| (path.as_str(), *severity)).collect();
    assert_eq!(
        told,
        [
            ("router_settings.mirrors.a.to", Severity::Warning),
            ("router_settings.mirrors.b.share", Severity::Error),
        ]
    );
    let deployment = DeploymentSettings {
        silent_model: Some("z".to_owned()),
        silent_share: Some(-0.1),
        ..DeploymentSettings::default()
    };
    let told = Plan::new(&RouterSettings::default(), &[("a".into(), vec![&deployment])], known).unwrap_err();
    let paths: Vec<&str> = told.iter().map(|fault| fault.path.as_str()).collect();
    let params = "model_list.a[0].litellm_params";
    assert_eq!(paths, [format!("{params}.silent_share"), format!("{params}.silent_model")]);
}

#[cfg(feature = "cel")]
#[test]
fn expressions_that_fail_for_a_usual_request_are_told() {
    let rule = |name: &str, when: &str| json!({"name": name, "when": when, "model": "a"});
    let found = faults(json!({
        "rules": [
            rule("texts are no numbers", "input_tokens > '100'"),
            rule("no condition", "model"),
            rule("no method", "tags.startsWith('b')"),
            rule("what some have", "key.metadata.tier == 'gold' && request.max_tokens > 50"),
            rule("fine", "stream || 'eu' in tags || user.id.startsWith('a') || request.temperature < 1.0"),
        ],
        "routing_strategy": "expression",
        "routing_strategy_args": {"expression": "weight * 2"},
        "routing_groups": [
            {"group_name": "g", "models": ["a"], "routing_strategy_args": {"expression": "1.0 / latency_ms"}},
            {"group_name": "h", "models": ["b"], "routing_strategy_args": {"expression": "provider"}},
            {"group_name": "i", "models": ["b"], "routing_strategy": "round-robin",
                "routing_strategy_args": {"expression": "provider"}},
            {"group_name": "j", "models": ["b"]},
        ],
    }));
    let found: Vec<_> = found.iter().filter(|(_, message, _)| message.contains("usual")).collect();
    let paths: Vec<_> = found.iter().map(|(path, ..)| path.trim_start_matches("router_settings.")).collect();
    let expected = [
        "rules[0].when",
        "rules[1].when",
        "rules[2].when",
        "routing_strategy_args.expression",
        "routing_groups[1].routing_strategy_args.expression",
    ];
    assert_eq!(paths, expected, "{found:?}");
    assert!(found.iter().all(|(.., severity)| *severity == Severity::Warning));
    assert_eq!(
        found[1].1,
        "for a usual request this is neither true nor false: the rule does not apply then"
    );
    assert_eq!(found[4].1, "for a usual deployment this is no number: that counts as zero");
}
