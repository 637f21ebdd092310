//! What is inside of the own network, and addresses that tenants and callers say.

use serde_json::{Value, json};

use super::{MASTER, ask, chat, chats, config, key, manage, refused};
use crate::client::eventually;
use crate::faults::upstreams::scripted;
use crate::process::Gateway;

/// A configuration with a key of the house in its environment, and what tenants may reach.
fn with_tenants(tenants: &Value) -> Value {
    let mut config = config();
    config["environment_variables"] = json!({"OPENAI_API_KEY": "sk-of-the-house"});
    config["router_settings"] = json!({"num_retries": 0});
    config["llm_gateway"]["tenants"] = tenants.clone();
    config
}

fn model(name: &str, base: &str, params: &Value) -> Value {
    let mut litellm_params = json!({"model": "openai/gpt-4o", "api_base": base});
    litellm_params.as_object_mut().unwrap().extend(params.as_object().unwrap().clone());
    json!({"model_name": name, "team_id": "red", "litellm_params": litellm_params})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenants_model_does_not_lead_inside() {
    let vendor = scripted(&json!({})).await;
    let base = format!("{}/v1", vendor.url());
    let port = vendor.url().rsplit(':').next().unwrap().to_owned();
    let gateway = Gateway::start(&with_tenants(&json!({})));
    manage(&gateway, "/user/new", &json!({"user_id": "anna", "user_role": "internal_user"})).await;
    let team = json!({"team_id": "red", "members_with_roles": [{"role": "admin", "user_id": "anna"}]});
    manage(&gateway, "/team/new", &team).await;
    let anna = key(&gateway, &json!({"user_id": "anna"})).await;
    let red = key(&gateway, &json!({"team_id": "red"})).await;
    let own = json!({"api_key": "sk-of-the-team"});
    let adds = async |model: &Value| {
        let (status, answer) = ask(&gateway, &anna, "POST", "/model/new", model).await;
        (status, answer["error"]["message"].as_str().unwrap_or_default().to_owned())
    };

    // What is seen to lead inside is not added, but by a proxy admin.
    for host in ["127.0.0.1", "localhost", "[::1]", "2130706433", "169.254.169.254"] {
        let (status, why) = adds(&model("inside", &format!("http://{host}:{port}/v1"), &own)).await;
        assert!(status == 400 && why.contains("its host is not public"), "{host}: {status} {why}");
    }
    manage(&gateway, "/model/new", &model("admins", &base, &json!({}))).await;
    assert_eq!(chats(&gateway, &red, "red/admins").await, (200, None));

    // Where the configuration lets them, tenants lead there, and bring their own key.
    gateway.rewrite(&with_tenants(&json!({"private_hosts": ["127.0.0.1"]})));
    eventually(async || adds(&model("own", &base, &own)).await.0 == 200).await;
    assert_eq!(chats(&gateway, &red, "red/own").await, (200, None));
    let credential =
        json!({"credential_name": "empty", "team_id": "red", "credential_values": {"api_base": base}});
    let (status, answer) = ask(&gateway, &anna, "POST", "/credentials", &credential).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(adds(&model("keyless", &base, &json!({"litellm_credential_name": "empty"}))).await.0, 200);
    assert_eq!(chats(&gateway, &red, "red/keyless").await.0, 500, "the house's key is not for it");

    // Where it does not let them any more, nothing is sent, whatever was added.
    gateway.rewrite(&with_tenants(&json!({})));
    gateway.logged(&["configuration taken over", "llm_gateway.tenants"]);
    eventually(async || chats(&gateway, &red, "red/own").await.0 != 200).await;
    assert_eq!(chats(&gateway, &red, "red/own").await, refused(400, "not_public"));
    assert_eq!(chats(&gateway, &red, "red/admins").await, (200, None));
    let keys: Vec<String> = vendor
        .records()
        .iter()
        .map(|record| record.headers["authorization"].to_str().unwrap().to_owned())
        .collect();
    let ends: Vec<&str> = keys.iter().map(|key| &key[key.len() - 4..]).collect();
    assert_eq!((ends[0], ends.last().copied()), ("ouse", Some("ouse")), "{keys:?}");
    assert!(ends[1..ends.len() - 1].iter().all(|end| *end == "team"), "{keys:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_callers_own_address_does_not_lead_inside() {
    let vendor = scripted(&json!({})).await;
    let base = format!("{}/v1", vendor.url());
    let gateway = Gateway::start(&json!({
        "model_list": [{
            "model_name": "open",
            "litellm_params": {
                "model": "openai/gpt-4o", "api_base": base, "api_key": "sk-of-the-house",
                "configurable_clientside_auth_params": ["api_key", "api_base"],
            },
        }],
        "general_settings": {"master_key": MASTER},
        "router_settings": {"num_retries": 0},
    }));
    let mut body = chat("open");
    assert_eq!(ask(&gateway, MASTER, "POST", "/v1/chat/completions", &body).await.0, 200);
    body["api_key"] = "sk-of-the-caller".into();
    let port = vendor.url().rsplit(':').next().unwrap().to_owned();
    for host in ["127.0.0.1", "localhost", "169.254.169.254"] {
        body["api_base"] = format!("http://{host}:{port}/v1").into();
        let (status, answer) = ask(&gateway, MASTER, "POST", "/v1/chat/completions", &body).await;
        assert_eq!((status, answer["error"]["code"].as_str()), (400, Some("not_public")), "{answer}");
    }
    assert_eq!(vendor.records().len(), 1, "nobody inside was asked");
}
