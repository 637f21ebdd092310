//! Keys of vendors that requests bring along.

use serde_json::{Value, json};

use super::{MASTER, ask, chat, mock};
use crate::faults::upstreams::scripted;
use crate::process::Gateway;

fn deployment(name: &str, base: &str, lets: &Value) -> Value {
    json!({
        "model_name": name,
        "litellm_params": {
            "model": "openai/gpt-4o",
            "api_base": format!("{base}/v1"),
            "api_key": "sk-of-the-house-AAAA",
            "extra_headers": {"x-house": "secret"},
            "configurable_clientside_auth_params": lets,
        },
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_may_bring_its_own_key_where_it_is_let() {
    let (vendor, elsewhere) = (scripted(&json!({})).await, scripted(&json!({})).await);
    let models = json!([
        deployment("closed", &vendor.url(), &json!([])),
        deployment("keyed", &vendor.url(), &json!(["api_key"])),
        deployment("open", &vendor.url(), &json!(["api_key", "api_base"])),
        mock("main"),
    ]);
    let gateway = Gateway::start(&json!({
        "model_list": models,
        "general_settings": {"master_key": MASTER},
        "router_settings": {"num_retries": 0},
        "llm_gateway": {"tenants": {"private_hosts": ["127.0.0.1"]}},
    }));
    let base = format!("{}/v1", elsewhere.url());
    let asked = async |model: &str, brings: Value| {
        let mut body = chat(model);
        body.as_object_mut().unwrap().extend(brings.as_object().unwrap().clone());
        let (status, answer) = ask(&gateway, MASTER, "POST", "/v1/chat/completions", &body).await;
        (status, answer["error"]["param"].as_str().unwrap_or_default().to_owned())
    };
    let own = "sk-of-the-client-BBBB";
    for (model, brings, expected) in [
        ("closed", json!({"api_key": own}), (400, "api_key")),
        ("closed", json!({"api_base": base}), (400, "api_base")),
        ("keyed", json!({"api_key": own, "api_base": base}), (400, "api_base")),
        ("open", json!({"base_url": base}), (400, "base_url")),
        ("keyed", json!({"api_key": own}), (200, "")),
        ("open", json!({"api_key": own, "api_base": base}), (200, "")),
        ("open", json!({}), (200, "")),
    ] {
        let (status, param) = asked(model, brings.clone()).await;
        assert_eq!((status, param.as_str()), expected, "{model} {brings}");
    }
    let (here, there) = (vendor.records(), elsewhere.records());
    let ends = |record: &llm_mock_server::Record| {
        let key = record.headers["authorization"].to_str().unwrap();
        key[key.len() - 4..].to_owned()
    };
    assert_eq!(here.iter().map(ends).collect::<Vec<_>>(), ["BBBB", "AAAA"]);
    assert_eq!(there.iter().map(ends).collect::<Vec<_>>(), ["BBBB"]);
    assert!(!there[0].headers.contains_key("x-house"), "what may be a key of the house stays there");
    for record in here.iter().chain(&there) {
        let body: Value = serde_json::from_slice(&record.body).unwrap();
        assert!(body["api_key"].is_null() && body["api_base"].is_null(), "{body}");
    }
}
