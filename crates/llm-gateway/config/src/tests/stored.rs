//! What was added over the API, beside the file.

use serde_json::json;

use super::*;
use crate::{StoredCredential, StoredModel};

const FILE: &str = "model_list: [{model_name: a, litellm_params: {model: openai/gpt-4o, api_key: k}, model_info: {id: one}}]";

fn model(id: &str, entry: serde_json::Value) -> StoredModel {
    StoredModel { id: id.to_owned(), entry, is_tenants: false }
}

#[test]
fn models_of_both_stand_side_by_side() {
    let credentials = [StoredCredential {
        name: "mine".to_owned(),
        values: json!({"api_key": "sk-of-mine"}).as_object().unwrap().clone(),
    }];
    let models = [model(
        "two",
        json!({
            "model_name": "b",
            "litellm_params": {"model": "openai/gpt-4o", "litellm_credential_name": "mine"},
            "model_info": {"id": "two"},
        }),
    )];
    let context = ConfigContext { models: &models, credentials: &credentials, ..context() };
    let config = Config::parse("config.yaml", FILE, &context).unwrap();
    let ids: Vec<_> = config.resolved.deployments().map(|deployment| deployment.id.as_str()).collect();
    assert_eq!(ids, ["one", "two"]);
    assert_eq!(config.warnings, []);
    let of_two = config.resolved.route("b").unwrap();
    assert_eq!(of_two.deployments[0].origin.to_string(), "database, model two");
    assert!(of_two.deployments[0].api_key.is_some());
}

#[test]
fn what_is_wrong_with_one_is_no_fault_of_the_others() {
    let entry = |id: &str, rpm: serde_json::Value| {
        json!({
            "model_name": id,
            "litellm_params": {"model": "openai/gpt-4o", "api_key": "k", "rpm": rpm},
            "model_info": {"id": id},
        })
    };
    let models = [
        model("two", entry("two", json!("many"))),
        model("one", entry("one", json!(5))),
        model("three", entry("three", json!(5))),
    ];
    let context = ConfigContext { models: &models, ..context() };
    let config = Config::parse("config.yaml", FILE, &context).unwrap();
    let ids: Vec<_> = config.resolved.deployments().map(|deployment| deployment.id.as_str()).collect();
    assert_eq!(ids, ["one", "three"], "what is in the file goes first");
    let warnings: Vec<_> = config.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(
        warnings[0].starts_with("database, model two: warning: is left out: litellm_params.rpm:"),
        "{warnings:?}"
    );
    let errors = Config::parse("config.yaml", "modle_list: []", &context).unwrap_err();
    assert!(errors.to_string().starts_with("config.yaml:1:1: unknown key"), "{errors}");
}

#[test]
fn a_tenants_model_gets_nothing_of_the_gateways() {
    const FILE: &str =
        "router_settings: {default_litellm_params: {api_key: sk-of-the-house, rpm: 5}}\nmodel_list: []";
    let entry = |params| json!({"model_name": "b", "litellm_params": params, "model_info": {"id": "two"}});
    let read = |params: serde_json::Value, is_tenants: bool| {
        let models = [StoredModel { is_tenants, ..model("two", entry(params)) }];
        let lookup: Lookup =
            Arc::new(|name| (name == "OPENAI_API_KEY").then(|| "sk-of-the-house".to_owned()));
        let context = ConfigContext { models: &models, lookup, ..context() };
        let config = Config::parse("config.yaml", FILE, &context).unwrap();
        let found = config.resolved.deployments().next().unwrap();
        (found.is_tenants, found.api_key.is_some(), found.routing.rpm, found.unusable.clone())
    };
    let elsewhere = json!({"model": "openai/gpt-4o", "api_base": "https://elsewhere.example/v1"});
    assert_eq!(read(elsewhere.clone(), false), (false, true, Some(5), None));
    let why = "a tenant's model needs an api_key of its own".to_owned();
    for key in [json!(null), json!("")] {
        let mut params = elsewhere.clone();
        params["api_key"] = key;
        assert_eq!(read(params, true), (true, false, None, Some(why.clone())));
    }
    let own = json!({"model": "openai/gpt-4o", "api_key": "sk-own"});
    assert_eq!(read(own, true), (true, true, None, None));
}
