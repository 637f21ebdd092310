//! Several gateways with one database, and databases that are away or somebody else's.

use std::time::Duration;

use llm_test_servers::{Kind, Server};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{chats, config, key, manage, mock, refused};
use crate::client::call;
use crate::process::{Gateway, command, refusal, write_text};

fn on(url: &str) -> Value {
    json!({
        "model_list": [mock("main"), mock("other")],
        "general_settings": {"master_key": super::MASTER, "database_url": url},
        // Of each gateway its own: beside its configuration.
        "llm_gateway": {"ledger": {"dir": "."}},
    })
}

/// Until a key gets another answer than before; how long that took.
async fn heard(gateway: &Gateway, key: &str, status: u16) -> Duration {
    let began = Instant::now();
    while chats(gateway, key, "main").await.0 != status {
        assert!(began.elapsed() < Duration::from_secs(10), "nothing was heard");
        sleep(Duration::from_millis(20)).await;
    }
    began.elapsed()
}

async fn replicas(kind: Kind) {
    let mut server = Server::start(kind);
    let url = server.database("gateways");
    let (one, two) = tokio::task::block_in_place(|| {
        let start = || Gateway::start(&on(&url));
        // Both take the schema's steps, at the same time.
        std::thread::scope(|scope| {
            let other = scope.spawn(start);
            (start(), other.join().unwrap())
        })
    });
    let made = key(&one, &json!({})).await;
    let known = key(&one, &json!({})).await;
    assert_eq!(chats(&two, &made, "main").await, (200, None), "a key of one is a key of all");
    assert_eq!(chats(&two, &known, "main").await, (200, None));
    manage(&one, "/key/block", &json!({"key": made})).await;
    assert_eq!(chats(&one, &made, "main").await.0, 401, "at once where it was changed");
    let took = heard(&two, &made, 401).await;
    assert!(took < Duration::from_secs(2), "{took:?}");
    manage(
        &two,
        "/model/new",
        &json!({"model_name": "added", "litellm_params": {"model": "mock/added", "mock_response": "x"}}),
    )
    .await;
    let began = Instant::now();
    while chats(&one, &known, "added").await.0 != 200 {
        assert!(began.elapsed() < Duration::from_secs(2), "models are not heard of");
        sleep(Duration::from_millis(20)).await;
    }

    // What was in memory when the news of the key came was dropped.
    assert_eq!(chats(&two, &known, "main").await, (200, None));
    server.stop();
    assert_eq!(chats(&two, &known, "main").await, (200, None), "keys in memory go on");
    assert_eq!(chats(&two, "sk-never-seen", "main").await, refused(503, "database_unavailable"));
    assert_eq!(chats(&one, super::MASTER, "main").await, (200, None));
    let (status, told) = call(two.address, "GET", "/health/readiness", &Value::Null).await;
    assert_eq!(status, 200, "it serves: {told}");
    server.restart();
    let began = Instant::now();
    while chats(&two, "sk-never-seen", "main").await != refused(401, "invalid_api_key") {
        assert!(began.elapsed() < Duration::from_secs(10), "it does not come back");
        sleep(Duration::from_millis(50)).await;
    }
    manage(&one, "/key/unblock", &json!({"key": made})).await;
    heard(&two, &made, 200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn replicas_on_postgres() {
    replicas(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs MariaDB"]
async fn replicas_on_mariadb() {
    replicas(Kind::MariaDb).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_process_is_refused_with_a_clear_word() {
    let first = Gateway::start(&config());
    let mut second = command();
    second.arg("--config").arg(first.file("config.yaml")).args(["--port", "0"]);
    let (code, said) = tokio::task::block_in_place(|| refusal(second));
    assert_ne!(code, 0);
    assert!(said.contains("another process has the database") && said.contains("llm-gateway.db"), "{said}");
}

#[test]
fn a_database_that_cannot_be_had_is_told() {
    let folder = tempfile::tempdir().unwrap();
    for (url, words) in [
        ("oracle://x", "llm_gateway.database"),
        ("postgresql://nobody@127.0.0.1:1/none", "the database does not answer"),
    ] {
        let file = folder.path().join("config.yaml");
        write_text(&file, &serde_json::to_string(&on(url)).unwrap());
        let mut gateway = command();
        gateway.arg("--config").arg(file).args(["--port", "0"]);
        let (code, said) = refusal(gateway);
        assert!(code != 0 && said.contains(words), "{url}: {said}");
    }
}
