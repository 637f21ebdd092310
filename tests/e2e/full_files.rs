//! A limit on the size of files, which is a full disk to whoever writes: it is told, and gone with the limit.

use std::process::Command;

use serde_json::json;

use crate::client::{CHAT, connect, eventually, send};
use crate::process::Gateway;

/// Sets how long the gateway's files may be, in bytes.
fn limit(gateway: &Gateway, bytes: &str) {
    let mut prlimit = Command::new("prlimit");
    prlimit.args(["--pid", &gateway.id().to_string(), &format!("--fsize={bytes}:unlimited")]);
    assert!(prlimit.status().unwrap().success(), "{prlimit:?}");
}

fn start() -> Gateway {
    Gateway::start(&json!({
        "model_list": [{"model_name": "m", "litellm_params": {"model": "mock/any"}}],
        "general_settings": {"master_key": "sk-master"},
        "llm_gateway": {"database": {"data_dir": "data"}},
    }))
}

/// The status of an answer.
async fn ask(gateway: &Gateway) -> u16 {
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "Hello"}]});
    let headers = [("authorization", "Bearer sk-master"), ("content-type", "application/json")];
    send(connect(gateway.address).await, "POST", CHAT, &headers, &body).await.status
}

#[tokio::test]
async fn a_file_that_may_not_grow_ends_nothing() {
    let gateway = start();
    assert_eq!(ask(&gateway).await, 200);
    // No file may be written past its first byte: neither the journal nor the database.
    limit(&gateway, "1");
    eventually(async || ask(&gateway).await == 503).await;
    gateway.logged(&["the journal takes no more"]);
    limit(&gateway, "unlimited");
    eventually(async || ask(&gateway).await == 200).await;
    gateway.logged(&["the journal has room again"]);
}

#[tokio::test]
async fn a_database_that_may_not_grow_is_told_and_caught_up() {
    let gateway = start();
    assert_eq!(ask(&gateway).await, 200);
    // The journal has room for some more entries; the database is longer already.
    limit(&gateway, "32768");
    for _ in 0..3 {
        assert_eq!(ask(&gateway).await, 200, "the journal holds it meanwhile");
    }
    gateway.logged(&["entries wait in the journal"]);
    limit(&gateway, "unlimited");
    gateway.logged(&["the database takes entries again"]);
    assert_eq!(ask(&gateway).await, 200);
}
