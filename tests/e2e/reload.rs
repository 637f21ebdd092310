//! A new configuration under way: by signal, by a changed file, by request. A bad one changes nothing.

use llm_mock_server::{MockServer, Options, Script};
use serde_json::{Value, json};

use crate::client::{CHAT, ask, call, connect, eventually, send, stream};
use crate::process::{Gateway, config, write_text};

fn saying(name: &str, text: &str) -> Value {
    json!({"model_name": name, "litellm_params": {"model": "mock/mock", "mock_response": text}})
}

async fn answer(gateway: &Gateway, model: &str) -> Value {
    call(gateway.address, "POST", CHAT, &ask(model)).await.1
}

async fn says(gateway: &Gateway, model: &str) -> String {
    answer(gateway, model).await["choices"][0]["message"]["content"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_changed_file_is_taken_over() {
    let gateway = Gateway::start(&json!({"model_list": [saying("a", "first")]}));
    assert_eq!(says(&gateway, "a").await, "first");
    gateway.rewrite(&json!({"model_list": [saying("a", "second"), saying("b", "new")]}));
    eventually(async || says(&gateway, "a").await == "second").await;
    assert_eq!(says(&gateway, "b").await, "new");
    let line = gateway.logged(&["configuration taken over"]);
    assert_eq!(line["config.version"], 2);
    assert_eq!(line["changed"], "model a, model b");
}

#[tokio::test]
async fn a_bad_file_changes_nothing_and_says_why() {
    let gateway = Gateway::start(&json!({"model_list": [saying("a", "first")]}));
    write_text(&gateway.file("config.yaml"), "model_list:\n  - model_nam: a\n");
    let line = gateway.logged(&["configuration refused"]);
    let why = line["why"].as_str().unwrap();
    assert!(why.contains("config.yaml:2:5") && why.contains("model_name"), "{why}");
    assert_eq!(says(&gateway, "a").await, "first");

    gateway.rewrite(&json!({"model_list": [saying("a", "second")]}));
    eventually(async || says(&gateway, "a").await == "second").await;
}

#[tokio::test]
async fn hangup_reads_secrets_again() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("key"), "sk-old\n").unwrap();
    let settings = json!({"model_list": [saying("a", "hi")], "general_settings": {"master_key": "file:key"}});
    crate::process::write(&folder.path().join("config.yaml"), &settings);
    let gateway = Gateway::start_in(folder);
    let status = async |key: &str| {
        let headers = [("authorization", key)];
        send(connect(gateway.address).await, "GET", "/v1/models", &headers, &Value::Null).await.status
    };
    assert_eq!((status("Bearer sk-old").await, status("Bearer sk-new").await), (200, 401));
    std::fs::write(gateway.file("key"), "sk-new\n").unwrap();
    gateway.signal("HUP");
    eventually(async || status("Bearer sk-new").await == 200).await;
    assert_eq!(status("Bearer sk-old").await, 401);
    assert!(!gateway.log().contains("sk-old") && !gateway.log().contains("sk-new"));
}

#[tokio::test]
async fn a_request_keeps_what_it_began_with() {
    let script =
        Script { text: Some("one two three four five six".to_owned()), chunk_ms: 100, ..Script::default() };
    let mock = MockServer::start(Options { script: Some(script), ..Options::default() }).await.unwrap();
    let gateway = Gateway::start(&config(&mock.url(), &json!({})));
    let mut answer = stream(gateway.address, CHAT, "openai/any").await;
    answer.until("one", 1).await;
    gateway.rewrite(&json!({"model_list": [saying("a", "first")]}));
    eventually(async || says(&gateway, "a").await == "first").await;
    assert_eq!(call(gateway.address, "POST", CHAT, &ask("openai/any")).await.0, 404);
    assert!(answer.end().await);
    assert!(answer.text().contains("six") && answer.text().contains("[DONE]"));
}

#[tokio::test]
async fn a_reload_by_request_tells_what_changed() {
    let before = json!({"model_list": [saying("a", "first")]});
    let gateway = Gateway::start(&before);
    let reload = async || call(gateway.address, "POST", "/config/reload", &Value::Null).await;
    let (status, report) = reload().await;
    assert_eq!((status, &report["changed"], &report["needs_restart"]), (200, &json!([]), &json!([])));

    let mut after = before.clone();
    after["llm_gateway"] = json!({"server": {"max_connections": 7, "keepalive_comment_ms": 1}});
    gateway.rewrite(&after);
    // The watch may have been quicker; what needs a restart is told again each time.
    let (status, report) = reload().await;
    assert_eq!((status, &report["needs_restart"]), (200, &json!(["llm_gateway.server.max_connections"])));

    write_text(&gateway.file("config.yaml"), "nonsense: 1\n");
    let (status, report) = reload().await;
    assert_eq!((status, &report["error"]["code"]), (422, &json!("invalid_config")));
    assert!(report["error"]["message"].as_str().unwrap().contains("nonsense"), "{report}");
    assert_eq!(says(&gateway, "a").await, "first");
}
