//! Streamed answers that pass what is reserved for them, and those that nobody hears to the end.

use llm_mock_server::{Handle, MockServer, Options, Outcome};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use super::{CHAT, Gateway, config, entry, key, scripted};
use crate::client::{Answer, MESSAGES, connect, request, send, soon};

/// The four ways: passed through and translated, in both dialects.
const WAYS: [(&str, &str); 4] =
    [(CHAT, "openai/any"), (MESSAGES, "anthropic/any"), (CHAT, "anthropic/any"), (MESSAGES, "openai/any")];

/// A gateway before a vendor that speaks both dialects, at a dollar a million tokens.
async fn start(limits: &Value) -> (Handle, Gateway) {
    let mock = MockServer::start(Options::default()).await.unwrap();
    let at = |name: &str, base: &str| {
        let params = json!({"model": name, "api_base": base, "api_key": "vendor-key",
            "input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6});
        json!({"model_name": name, "litellm_params": params})
    };
    let mut config = config(&[("llm_gateway", json!({"limits": limits, "on_disconnect": "cancel"}))]);
    config["model_list"] =
        json!([at("openai/*", &format!("{}/v1", mock.url())), at("anthropic/*", &mock.url())]);
    let gateway = Gateway::start(&config);
    (mock, gateway)
}

async fn stream(
    gateway: &Gateway,
    key: &str,
    path: &str,
    model: &str,
    script: &Value,
    more: &Value,
) -> Answer {
    let mut body = scripted(script, more);
    (body["model"], body["stream"]) = (model.into(), true.into());
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    send(connect(gateway.address).await, "POST", path, &headers, &body).await
}

/// How the vendor's only request ended.
async fn outcome(mock: &Handle) -> Outcome {
    let records = soon(mock.records_when(|all| all.len() == 1 && all[0].outcome != Outcome::Open)).await;
    records[0].outcome
}

fn flags(entry: &Value) -> Vec<&str> {
    entry["metadata"]["flags"].as_array().unwrap().iter().map(|flag| flag.as_str().unwrap()).collect()
}

fn dollars(amount: &Value) -> f64 {
    amount.as_f64().unwrap_or_else(|| panic!("{amount} is no amount"))
}

/// What a client finds at the end of an answer that is as long as it may be.
fn is_at_its_limit(path: &str, text: &str) -> bool {
    if path == CHAT {
        text.contains("\"finish_reason\":\"length\"") && text.contains("data: [DONE]")
    } else {
        text.contains("\"stop_reason\":\"max_tokens\"") && text.contains("event: message_stop")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_cannot_be_paid_for_ends_as_one_that_is_too_long() {
    let (mock, gateway) = start(&json!({})).await;
    let endless = json!({"endless": true, "chunk_ms": 1});
    for limit in [json!({"max_budget": 0.0006}), json!({"tpd_limit": 600})] {
        for (path, model) in WAYS {
            mock.clear_records();
            let key = key(&gateway, &limit).await;
            let mut answer = stream(&gateway, &key, path, model, &endless, &json!({"max_tokens": 50})).await;
            let place = format!("{limit} {path} {model}");
            assert_eq!(answer.status, 200, "{place}");
            assert!(soon(answer.end()).await, "{place}");
            assert!(is_at_its_limit(path, &answer.text()), "{place}: {}", answer.text());
            assert_eq!(outcome(&mock).await, Outcome::ClientClosed, "{place}");
            let entry = entry(&gateway, &key).await;
            assert_eq!(entry["leg_status"], "cut", "{place}: {entry}");
            assert!(flags(&entry).contains(&"estimated"), "{place}: {entry}");
            let written = entry["completion_tokens"].as_u64().unwrap();
            assert!((100..=600).contains(&written), "{place}: {entry}");
            if limit["max_budget"].is_number() {
                assert!(dollars(&entry["spend"]) <= 0.0006, "{place}: {entry}");
                assert!(!flags(&entry).contains(&"exceeded"), "{place}: {entry}");
            }
            let next = stream(&gateway, &key, path, model, &endless, &json!({"max_tokens": 50})).await;
            assert_eq!(next.status, 429, "{place}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_can_be_paid_for_goes_on() {
    let (_mock, gateway) = start(&json!({})).await;
    for (path, model) in WAYS {
        let key = key(&gateway, &json!({"max_budget": 1, "tpd_limit": 100_000})).await;
        let long = json!({"chunks": 2000});
        let mut answer = stream(&gateway, &key, path, model, &long, &json!({"max_tokens": 5})).await;
        assert!(soon(answer.end()).await);
        assert!(!is_at_its_limit(path, &answer.text()), "{path} {model}");
        let entry = entry(&gateway, &key).await;
        assert_eq!(entry["leg_status"], "answered", "{entry}");
        let (spent, reserved) = (dollars(&entry["spend"]), dollars(&entry["metadata"]["reserved"]));
        assert!(spent > 0.002 && reserved >= spent, "{path} {model}: {entry}");
        assert!(!flags(&entry).contains(&"exceeded"), "{entry}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_usual_is_reserved_it_goes_on_all_the_same() {
    let (_mock, gateway) = start(&json!({"budget_reservation": "estimate"})).await;
    for (path, model) in WAYS {
        let key = key(&gateway, &json!({"max_budget": 0.0005, "default_estimated_output_tokens": 50})).await;
        let long = json!({"chunks": 2000});
        let more = if path == CHAT { json!({}) } else { json!({"max_tokens": 50}) };
        let mut answer = stream(&gateway, &key, path, model, &long, &more).await;
        assert_eq!(answer.status, 200, "{path} {model}");
        assert!(soon(answer.end()).await);
        assert!(!is_at_its_limit(path, &answer.text()), "{path} {model}");
        let entry = entry(&gateway, &key).await;
        assert_eq!(entry["leg_status"], "answered", "{entry}");
        assert!(flags(&entry).contains(&"exceeded"), "{path} {model}: {entry}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_written_until_the_client_went_is_counted_by_the_models_vocabulary() {
    let (mock, gateway) = start(&json!({})).await;
    let text = vec!["hello"; 60].join(" ");
    let silent = json!({"text": text, "stall_after_chunks": 30, "chunk_ms": 1});
    for (path, model) in [
        (CHAT, "openai/gpt-4o"),
        (MESSAGES, "openai/gpt-4o"),
        (MESSAGES, "anthropic/any"),
        (CHAT, "anthropic/any"),
    ] {
        mock.clear_records();
        let key = key(&gateway, &json!({"max_budget": 1})).await;
        let mut answer = stream(&gateway, &key, path, model, &silent, &json!({"max_tokens": 100})).await;
        answer.until("hello", 30).await;
        drop(answer);
        assert_eq!(outcome(&mock).await, Outcome::ClientClosed);
        let entry = entry(&gateway, &key).await;
        assert_eq!(entry["leg_status"], "hung_up", "{path} {model}: {entry}");
        // A word is a token; by their bytes they would be half as many again.
        assert_eq!(entry["completion_tokens"], 30, "{path} {model}: {entry}");
        assert!(flags(&entry).contains(&"estimated"), "{path} {model}: {entry}");
    }
}

/// Waits until the vendor has handed over all of its only answer.
async fn has_answered(mock: &Handle) {
    soon(mock.records_when(|all| all.len() == 1 && all[0].outcome == Outcome::Complete)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_had_arrived_when_the_client_went_is_paid_for() {
    let (mock, gateway) = start(&json!({})).await;
    let script = json!({"chunks": 40, "first_chunk_ms": 300, "usage": {"completion_tokens": 77}});
    for (path, model) in WAYS {
        for stream in [false, true] {
            mock.clear_records();
            let place = format!("{path} {model} {stream}");
            let key = key(&gateway, &json!({"max_budget": 1})).await;
            let mut body = scripted(&script, &json!({"max_tokens": 100}));
            (body["model"], body["stream"]) = (model.into(), stream.into());
            let bearer = format!("Bearer {key}");
            let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
            let mut socket = connect(gateway.address).await;
            soon(socket.write_all(request("POST", path, &headers, &body).as_bytes())).await.unwrap();
            soon(mock.records_when(|all| all.len() == 1)).await;
            // It finds the answer and that nobody waits for it at the same moment.
            gateway.signal("STOP");
            has_answered(&mock).await;
            drop(socket);
            gateway.signal("CONT");
            let entry = entry(&gateway, &key).await;
            assert_eq!(entry["completion_tokens"], 77, "{place}: {entry}");
            assert!(dollars(&entry["spend"]) >= 0.000_077, "{place}: {entry}");
        }
    }
}
