//! Configs that nobody has written.

use serde_json::json;

use super::*;

fn names(config: &Config) -> Vec<&str> {
    config.resolved.deployments().map(|deployment| deployment.model_name.as_str()).collect()
}

#[test]
fn without_a_file_the_mock_is_there_and_every_vendor_with_a_key() {
    let config = Config::embedded(&with_env(&[])).unwrap();
    assert_eq!(names(&config), ["mock", "mock/*"]);
    assert_eq!(config.warnings, []);
    assert!(config.files.is_empty());

    let config =
        Config::embedded(&with_env(&[("ANTHROPIC_API_KEY", "sk-a"), ("GROQ_API_KEY", "sk-g")])).unwrap();
    assert_eq!(names(&config), ["mock", "anthropic/*", "claude-*", "groq/*", "mock/*"]);
    let route = config.resolved.route("claude-opus-4").unwrap();
    let upstream = route.upstream(&route.deployments[0]).unwrap();
    assert_eq!((&*upstream.vendor, &*upstream.model), ("anthropic", "claude-opus-4"));
    assert_eq!(route.deployments[0].api_key, Some(SecretRef::env("ANTHROPIC_API_KEY")));
    assert!(config.resolved.route("gpt-4o").is_none());
}

#[test]
fn one_model_needs_no_file() {
    let params = json!({"api_base": "http://localhost:8000/v1", "api_key": "k"}).as_object().unwrap().clone();
    let single = SingleModel { model: "gpt-4o".to_owned(), alias: None, params };
    let config = Config::single_model(single.clone(), &with_env(&[])).unwrap();
    let deployment = only(&config);
    assert_eq!((deployment.model_name.as_str(), deployment.unusable.as_deref()), ("gpt-4o", None));
    assert_eq!(deployment.api_base.as_deref(), Some("http://localhost:8000/v1"));

    let config =
        Config::single_model(SingleModel { alias: Some("fast".to_owned()), ..single }, &with_env(&[]));
    assert!(config.unwrap().resolved.route("fast").is_some());
}

#[test]
fn faults_without_a_file_name_their_source() {
    let single = SingleModel { model: "opnai/gpt-4o".to_owned(), ..SingleModel::default() };
    let error = Config::single_model(single, &with_env(&[])).unwrap_err();
    insta::assert_snapshot!(error, @r#"--model: model_list[0].litellm_params.model: unknown vendor "opnai", did you mean "openai"?"#);
}
