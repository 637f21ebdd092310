//! Keys that get another text by themselves.

use serde_json::{Value, json};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{MASTER, ask, chats, config, key, manage};
use crate::client::eventually;
use crate::process::{Gateway, command, write};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_due_is_found_in_the_secret_manager() {
    let vault = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/v1/secret/data/litellm/ci"))
        .and(header("x-vault-token", "the-token"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"data": {"version": 1}})))
        .mount(&vault)
        .await;
    let mut config = config();
    config["general_settings"]["key_management_system"] = "hashicorp_vault".into();
    config["general_settings"]["key_management_settings"] =
        json!({"store_virtual_keys": true, "access_mode": "write_only"});
    config["llm_gateway"]["tenants"] = json!({"rotation_interval_ms": 100, "rotation_grace_period": "1s"});
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.yaml");
    write(&file, &config);
    let mut start = command();
    start.arg("--config").arg(&file).args(["--port", "0", "--log-format", "json"]);
    start.env("HCP_VAULT_ADDR", vault.uri()).env("HCP_VAULT_TOKEN", "the-token");
    let mut gateway = Gateway::spawn(start);

    let rotates = json!({"key_alias": "ci", "auto_rotate": true, "rotation_interval": "3s"});
    let first = key(&gateway, &rotates).await;
    let written = async || -> Vec<String> {
        let text = |body: &[u8]| -> String {
            let body: Value = serde_json::from_slice(body).unwrap();
            body["data"]["key"].as_str().unwrap().to_owned()
        };
        vault.received_requests().await.unwrap().iter().map(|request| text(&request.body)).collect()
    };
    assert_eq!(written().await, [first.as_str()], "as soon as it is made");
    eventually(async || written().await.len() == 2).await;
    let second = written().await.remove(1);
    assert_eq!(chats(&gateway, &second, "main").await, (200, None), "as soon as it is there");
    gateway.logged(&["a key has another text", "\"ci\""]);
    manage(&gateway, "/key/update", &json!({"key": second, "auto_rotate": false})).await;
    let (status, info) = ask(&gateway, MASTER, "GET", &format!("/key/info?key={second}"), &Value::Null).await;
    assert!(status == 200 && info["info"]["rotation_count"] == 1, "{info}");
    eventually(async || chats(&gateway, &first, "main").await.0 == 401).await;
    // The work in the background holds nothing up.
    gateway.signal("TERM");
    assert!(gateway.ended(std::time::Duration::from_secs(5)).success());
}
