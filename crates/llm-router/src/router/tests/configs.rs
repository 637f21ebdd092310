//! What a configuration may say, and what it is told where it cannot be meant.

use super::*;

fn faults(config: Value) -> Vec<String> {
    match build(config) {
        Err(RouterFault::Config(faults)) => faults.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn defaults_aliases_and_joined_groups() {
    let echo = |group: &str| playing(group, group, json!({"echo": true}));
    let router = router(json!({
        "model_list": [echo("a"), echo("b")],
        "router_settings": {
            "default_litellm_params": {"timeout": 7},
            "model_group_alias": {"old": "a"},
            "routing_groups": [{"group_name": "both", "models": ["a", "b"], "routing_strategy": "priority",
                "model_priorities": {"a": 2, "b": 1}}],
        },
    }));
    assert_eq!(router.chat(ask("old")).await.unwrap().deployment.as_str(), "a");
    assert_eq!(router.chat(ask("both")).await.unwrap().deployment.as_str(), "b");
    let deployment = &router.shared.groups.find("a").unwrap().deployments[0];
    assert_eq!(deployment.whole.call_options().timeouts.total.unwrap().as_secs(), 7);
}

#[tokio::test]
async fn every_fault_is_told_with_its_place() {
    let entry = |more: Value| with(json!({"model_name": "m", "litellm_params": {"model": "openai/x"}}), more);
    let mut pattern = entry(json!({}));
    pattern["model_name"] = json!("x/*");
    let found = faults(json!({
        "model_list": [
            entry(json!({"model": "nobody/x"})),
            pattern,
            entry(json!({"api_key": "os.environ/NOT_SET"})),
            entry(json!({"mock_response": {"txt": "?"}})),
        ],
        "router_settings": {"virtual_models": {"v": {}}},
    }));
    let starts = [
        "model_list[0].litellm_params.model: no vendor for `nobody/x`: name it `vendor/model`",
        "model_list[1].model_name: patterns are the gateway's; expected one model",
        "model_list[2].litellm_params.api_key: environment variable NOT_SET is not set",
        "model_list[3].litellm_params.mock_response: ",
        "router_settings.virtual_models.v: expected exactly one of cheapest, fastest",
    ];
    assert_eq!(found.len(), starts.len(), "{found:#?}");
    for (fault, start) in found.iter().zip(starts) {
        assert!(fault.starts_with(start), "{fault}\nfor {start}");
    }
    let wrong: Result<RouterConfig, _> =
        serde_json::from_value(json!({"model_list": [{"model_name": "m", "litellm_params": {}}]}));
    assert!(
        wrong.unwrap_err().to_string().starts_with("model_list[0].litellm_params: missing field `model`")
    );
}

#[tokio::test]
async fn what_only_the_gateway_heeds_is_a_warning() {
    let router = router(json!({
        "model_list": [saying("m", "a", "")],
        "router_settings": {
            "optional_pre_call_checks": ["session_affinity", "encrypted_content_affinity"],
            "fallbacks": [{"m": ["nowhere"]}],
        },
    }));
    let paths: Vec<&str> = router.warnings().iter().map(|fault| fault.path.as_str()).collect();
    assert_eq!(paths, ["router_settings.fallbacks[0].m[0]", "router_settings.optional_pre_call_checks",]);
}

#[tokio::test]
async fn nothing_secret_is_printed() {
    let config = json!({"model_list": [{"model_name": "m", "litellm_params": {
        "model": "openai/gpt-4o", "api_key": "sk-in-the-file", "aws_secret_access_key": "also-secret",
    }}]});
    let read: RouterConfig = serde_json::from_value(config.clone()).unwrap();
    let shown = format!("{read:?} {:?}", Router::builder(read.clone()));
    assert!(!shown.contains("sk-in-the-file") && !shown.contains("also-secret"), "{shown}");
    assert!(!format!("{:?}", build(config)).contains("sk-in-the-file"));
}
