//! LiteLLM's auto routers, read as virtual models.

use super::*;

const MODELS: &str = "
model_list:
  - {model_name: small, litellm_params: {model: openai/small, api_key: k}}
  - {model_name: large, litellm_params: {model: openai/large, api_key: k}}
  - {model_name: embed, litellm_params: {model: openai/embed, api_key: k}}
";

fn with(entry: &str) -> String {
    format!("{MODELS}  - {{model_name: auto, litellm_params: {entry}}}\n")
}

#[test]
fn tiers_may_have_several_models() {
    let config = read(&with(
        "{model: auto_router/complexity_router, complexity_router_config: {tiers: {SIMPLE: [small, large], \
         REASONING: large}, classifier_type: llm, keyword_tier_rules: []}, complexity_router_default_model: small}",
    ));
    let router = &config.settings.router;
    let auto = &router.virtual_models["auto"];
    assert_eq!((&*auto.by_complexity["simple"], auto.default.as_deref()), ("auto/simple", Some("small")));
    assert_eq!(router.members("auto/simple").unwrap(), ["small", "large"]);
    let warnings: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 2, "{warnings:#?}");
    assert!(
        warnings[0].contains("classifier_type") && warnings[1].contains("keyword_tier_rules"),
        "{warnings:#?}"
    );
    assert_eq!(config.resolved.deployments().count(), 3, "it is no deployment");
}

#[test]
fn routes_may_stand_in_the_entry_or_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let routes =
        r#"{"encoder_type": "openai", "routes": [{"name": "large", "utterances": ["a"], "llm": null}]}"#;
    std::fs::write(folder.path().join("routes.json"), routes).unwrap();
    let rest = "auto_router_default_model: small, auto_router_embedding_model: embed";
    let inline = format!(
        "{{model: auto_router/x, auto_router_config: '{routes}', {rest}, auto_router_max_input_chars: 9}}"
    );
    let file = format!("{{model: auto_router/x, auto_router_config_path: routes.json, {rest}}}");
    for entry in [inline, file] {
        let path = folder.path().join("config.yaml");
        std::fs::write(&path, with(&entry)).unwrap();
        let context = ConfigContext::new(VENDORS, Arc::new(|_| None));
        let config = Config::load(&path, &context).unwrap_or_else(|errors| panic!("{errors}"));
        let auto = &config.settings.router.virtual_models["auto"];
        let meaning = auto.by_meaning.as_ref().unwrap();
        assert_eq!((&*meaning.embedding_model, &*meaning.routes[0].model), ("embed", "large"));
        assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    }
}

#[test]
fn faults_are_told_where_they_stand() {
    for (entry, expected) in [
        ("{model: auto_router/x}", "model_list[3].litellm_params: \"auto_router_config\" is missing"),
        (
            "{model: auto_router/x, auto_router_config: '{', auto_router_embedding_model: embed}",
            "model_list[3].litellm_params.auto_router_config: ",
        ),
        (
            "{model: auto_router/x, auto_router_config: {routes: [{name: gone, utterances: [a]}]}, \
             auto_router_embedding_model: embed, auto_router_default_model: small}",
            "model_list[3].litellm_params.by_meaning.routes[0].model: no model has the name `gone`",
        ),
        (
            "{model: auto_router/x, auto_router_config_path: gone.json}",
            "model_list[3].litellm_params.auto_router_config_path: gone.json: ",
        ),
        (
            "{model: auto_router/complexity_router, complexity_router_config: {tiers: {HARD: small}}, \
             complexity_router_default_model: small}",
            "model_list[3].litellm_params.by_complexity.hard: expected one of simple, medium, complex and reasoning",
        ),
        (
            "{model: auto_router/complexity_router}",
            "model_list[3].litellm_params.complexity_router_config: is missing",
        ),
    ] {
        let errors = said(&with(entry));
        assert!(errors.contains(expected), "{errors}\nfor {expected}");
    }
}
