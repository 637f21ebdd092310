use serde_json::{Value, json};

use super::*;

fn selection(settings: Value, group: &str) -> Selection {
    let settings: RouterSettings = serde_json::from_value(settings).unwrap();
    let limited = DeploymentSettings { tpm: Some(1), ..DeploymentSettings::default() };
    Selection::new(&settings, group, &[&limited]).unwrap()
}

#[test]
fn a_group_goes_by_its_routing_group_else_by_the_general_settings() {
    let settings = json!({
        "routing_strategy": "least-busy",
        "routing_strategy_args": {"lowest_latency_buffer": 0.5},
        "routing_groups": [
            {"group_name": "fast", "models": ["a", "b"], "routing_strategy": "latency-based-routing",
             "routing_strategy_args": {"ttl": 60.0}},
            {"group_name": "plain", "models": ["c"]},
        ],
        "virtual_models": {
            "cheap": {"cheapest": ["a"]}, "quick": {"fastest": ["a"]}, "row": {"first_of": ["a", "b"]},
        },
    });
    let of = |group| {
        let selection = selection(settings.clone(), group);
        (selection.strategy, selection.args.ttl, selection.args.lowest_latency_buffer)
    };
    use RoutingStrategy as By;
    assert_eq!(of("other"), (By::LeastBusy, None, Some(0.5)));
    assert_eq!(of("fast"), (By::LatencyBasedRouting, Some(60.0), None));
    assert_eq!(of("b"), of("fast"));
    assert_eq!(of("c"), (By::LeastBusy, None, Some(0.5)));
    assert_eq!(of("cheap").0, By::CostBasedRouting);
    assert_eq!(of("quick").0, By::LatencyBasedRouting);
    assert_eq!(of("row").0, By::LeastBusy);
    assert_eq!(selection(settings.clone(), "row").levels, [("a".to_owned(), 0), ("b".to_owned(), 1)]);
    assert!(selection(settings.clone(), "row").checks_requests, "its models differ");
    assert!(!selection(settings, "a").checks_requests);
}

#[test]
fn needs_are_what_is_looked_at() {
    let needs = |settings| selection(settings, "group").needs();
    assert_eq!(needs(json!({})), Needs::REGIONS);
    assert_eq!(needs(json!({"enable_tag_filtering": true})), Needs::REGIONS | Needs::TAGS);
    assert_eq!(
        needs(json!({"enable_pre_call_checks": true})),
        Needs::REGIONS | Needs::INPUT_TOKENS | Needs::CAPABILITIES | Needs::PARAMETERS
    );
    assert_eq!(
        needs(json!({"routing_strategy": "cost-based-routing"})),
        Needs::REGIONS | Needs::INPUT_TOKENS | Needs::COST
    );
    assert_eq!(
        needs(json!({"routing_strategy": "usage-based-routing-v2"})),
        Needs::REGIONS | Needs::INPUT_TOKENS
    );
    assert_eq!(
        needs(json!({"optional_pre_call_checks": ["session_affinity", "prompt_caching"]})),
        Needs::REGIONS | Needs::AFFINITY | Needs::PROMPT
    );
    let own =
        json!({"optional_pre_call_checks": ["prompt_caching"], "model_group_affinity_config": {"group": []}});
    assert_eq!(needs(own), Needs::REGIONS);
    let unlimited = Selection::new(
        &serde_json::from_value(json!({"routing_strategy": "latency-based-routing"})).unwrap(),
        "group",
        &[&DeploymentSettings::default()],
    );
    assert_eq!(unlimited.unwrap().needs(), Needs::REGIONS, "nobody has a limit of tokens");
}

#[test]
fn faults_have_their_places() {
    let settings: RouterSettings = serde_json::from_value(json!({
        "routing_strategy_args": {"ttl": 0.0, "lowest_latency_buffer": -1.0, "ttft_percentile": 101.0,
            "max_latency_list_size": 0},
        "routing_groups": [{"group_name": "own", "models": ["a"], "routing_strategy_args": {"ttl": -1.0}}],
    }))
    .unwrap();
    let deployment =
        DeploymentSettings { tag_regex: vec!["ok".into(), "(".into()], ..DeploymentSettings::default() };
    let faults = |group, deployments: &[&DeploymentSettings]| -> Vec<String> {
        let faults = Selection::new(&settings, group, deployments).unwrap_err();
        faults.iter().map(ToString::to_string).collect()
    };
    assert_eq!(
        faults("other", &[]),
        [
            "router_settings.routing_strategy_args.ttl: expected a number of seconds above zero",
            "router_settings.routing_strategy_args.lowest_latency_buffer: expected a share of zero or more",
            "router_settings.routing_strategy_args.ttft_percentile: expected a number from 0 to 100",
            "router_settings.routing_strategy_args.max_latency_list_size: expected at least 1",
        ]
    );
    let own = faults("a", &[&deployment]);
    assert!(own[0].starts_with("model_list.a[0].litellm_params.tag_regex[1]: "), "{own:?}");
    assert_eq!(
        own[1],
        "router_settings.routing_groups[0].routing_strategy_args.ttl: expected a number of seconds above zero"
    );
}

#[test]
fn patterns_are_bounded() {
    let huge =
        DeploymentSettings { tag_regex: vec!["(a{1000}){1000}".into()], ..DeploymentSettings::default() };
    let faults = Selection::new(&RouterSettings::default(), "group", &[&huge]).unwrap_err();
    assert_eq!(faults[0].path, "model_list.group[0].litellm_params.tag_regex[0]");
}

#[cfg(feature = "cel")]
#[test]
fn expressions_are_checked_at_load() {
    let fault = |expression: &str| {
        let settings =
            json!({"routing_strategy": "expression", "routing_strategy_args": {"expression": expression}});
        let settings: RouterSettings = serde_json::from_value(settings).unwrap();
        Selection::new(&settings, "group", &[]).map_err(|faults| faults[0].to_string())
    };
    assert!(fault("weight * 2.0").is_ok());
    assert!(fault("weight *").unwrap_err().starts_with("router_settings.routing_strategy_args.expression: "));
    assert!(fault("speed").unwrap_err().contains("unknown variable `speed`"));
    let none = json!({"routing_strategy": "expression"});
    assert!(Selection::new(&serde_json::from_value(none).unwrap(), "group", &[]).is_ok());
}
