//! What bounds those of whom nothing is said.

use serde_json::json;

use super::{CHAT, Gateway, MASTER, config, key, post, scripted};
use crate::client::{connect, send, soon};

#[tokio::test]
async fn an_end_user_without_a_budget_has_that_of_all_such() {
    let gateway = Gateway::start(&config(&[("litellm_settings", json!({"max_end_user_budget": 0.000_4}))]));
    let own = json!({"user_id": "rich", "max_budget": 1});
    assert_eq!(post(&gateway, MASTER, "/customer/new", &own).await.0, 200);
    let key = key(&gateway, &json!({})).await;
    let usage = json!({"usage": {"prompt_tokens": 100, "completion_tokens": 200}});
    let ask = async |user: &str| {
        let body = scripted(&usage, &json!({"max_tokens": 200, "user": user}));
        let (status, answer) = post(&gateway, &key, CHAT, &body).await;
        (status, answer["error"]["level"].as_str().map(ToOwned::to_owned))
    };
    // Each answer takes 300 of 400 millionths of a dollar.
    assert_eq!(ask("poor").await, (200, None));
    assert_eq!(ask("poor").await, (429, Some("end_user".to_owned())));
    assert_eq!(ask("another").await, (200, None), "each has a budget");
    for _ in 0..3 {
        assert_eq!(ask("rich").await, (200, None), "one of their own counts");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_without_a_bound_has_as_many_requests_at_a_time_as_all_such() {
    let gateway = Gateway::start(&config(&[("general_settings", json!({"max_parallel_requests": 1}))]));
    let (usual, own) =
        (key(&gateway, &json!({})).await, key(&gateway, &json!({"max_parallel_requests": 2})).await);
    let slow = scripted(&json!({"endless": true, "chunk_ms": 50}), &json!({"stream": true, "max_tokens": 9}));
    let quick = scripted(&json!({"text": "Hello"}), &json!({}));
    let begin = async |key: &str| {
        let bearer = format!("Bearer {key}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let mut answer = send(connect(gateway.address).await, "POST", CHAT, &headers, &slow).await;
        assert_eq!(answer.status, 200);
        answer.until("data:", 2).await;
        answer
    };
    let (first, second) = (begin(&usual).await, begin(&own).await);
    let (status, refused) = post(&gateway, &usual, CHAT, &quick).await;
    assert_eq!((status, refused["error"]["rate_limit_type"].as_str()), (429, Some("max_parallel_requests")));
    assert_eq!(post(&gateway, &own, CHAT, &quick).await.0, 200);
    drop((first, second));
    let freed = async {
        while post(&gateway, &usual, CHAT, &quick).await.0 != 200 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    soon(freed).await;
}

#[tokio::test]
async fn rates_hold_over_any_time() {
    let gateway = Gateway::start(&config(&[]));
    let windows = json!([{"window": "30d", "requests": 2}, {"window": "1h", "tokens": 1_000_000}]);
    let team = json!({"team_id": "slow", "rate_limits": [{"window": "30d", "requests": 1}]});
    assert_eq!(post(&gateway, MASTER, "/team/new", &team).await.0, 200);
    let own = key(&gateway, &json!({"rate_limits": windows})).await;
    let of_team = key(&gateway, &json!({"team_id": "slow"})).await;
    let body = scripted(&json!({"text": "Hello"}), &json!({"max_tokens": 5}));
    for (key, most, level) in [(own, 2, "key"), (of_team, 1, "team")] {
        for _ in 0..most {
            assert_eq!(post(&gateway, &key, CHAT, &body).await.0, 200);
        }
        let (status, refused) = post(&gateway, &key, CHAT, &body).await;
        let error = &refused["error"];
        assert_eq!((status, &error["level"], &error["limit"]), (429, &json!(level), &json!(most)), "{error}");
        let says = format!("is limited to {most} requests in 30d: {most} were made");
        assert!(error["message"].as_str().unwrap().contains(&says), "{error}");
    }
    for (wrong, param) in [
        (json!([{"window": "1h"}]), "rate_limits[0]"),
        (json!([{"window": "soon", "requests": 1}]), "rate_limits[0].window"),
    ] {
        let (status, told) = post(&gateway, MASTER, "/key/generate", &json!({"rate_limits": wrong})).await;
        assert_eq!((status, &told["error"]["param"]), (400, &json!(param)), "{told}");
    }
}

/// A text has three to five times as many bytes as tokens.
#[tokio::test]
async fn tokens_are_counted_where_bytes_do_not_fit_a_rate() {
    let mut config = config(&[]);
    config["model_list"][0]["model_info"] = json!({"base_model": "gpt-4o"});
    let gateway = Gateway::start(&config);
    let own = key(&gateway, &json!({"tpm_limit": 400})).await;
    let text = "The quick brown fox jumps over the lazy dog. ".repeat(20);
    let usage = json!({"usage": {"prompt_tokens": 210, "completion_tokens": 10}});
    let asks = |more: serde_json::Value| {
        let mut body = scripted(&usage, &more);
        body["messages"][0]["content"] = text.as_str().into();
        body
    };
    let (status, answer) = post(&gateway, &own, CHAT, &asks(json!({"max_tokens": 20}))).await;
    assert_eq!(status, 200, "900 bytes are some 200 tokens: {answer}");
    let (status, refused) = post(&gateway, &own, CHAT, &asks(json!({"max_tokens": 20}))).await;
    let error = &refused["error"];
    assert_eq!((status, &error["current"], &error["limit"]), (429, &json!(220), &json!(400)), "{error}");
    let requested = error["requested"].as_i64().unwrap();
    assert!((220..400).contains(&requested), "what it may need is what was counted: {error}");
    // Without a length of its own an answer is given what the text leaves.
    let other = key(&gateway, &json!({"tpm_limit": 400})).await;
    assert_eq!(post(&gateway, &other, CHAT, &asks(json!({}))).await.0, 200);
}
