//! Requests for several answers at once.

use serde_json::{Value, json};

use super::{CHAT, Gateway, config, key, post};

/// A gateway whose only model writes 1,000 tokens at most, at a dollar a million.
fn start() -> Gateway {
    let mut config = config(&[]);
    config["model_list"][0]["model_info"] = json!({"max_output_tokens": 1000});
    Gateway::start(&config)
}

/// What a request would reserve, and the limit that it would be given.
async fn reserved(gateway: &Gateway, key: &str, route: &str, body: &Value) -> (f64, Value) {
    let (status, told) = post(gateway, key, &format!("/v1/explain?route={route}"), body).await;
    assert_eq!(status, 200, "{told}");
    let requested = told["limits"][0]["requested"].as_str().unwrap().parse().unwrap();
    (requested, told["max_output_tokens"].clone())
}

fn asks(more: &Value) -> Value {
    let mut body = json!({"model": "mock", "messages": [{"role": "user", "content": "Hello"}]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

#[tokio::test]
async fn all_of_them_are_reserved_for() {
    let gateway = start();
    let key = key(&gateway, &json!({"max_budget": 1})).await;
    let gemini = |config: &Value| json!({"contents": [{"role": "user", "parts": [{"text": "Hello"}]}], "generationConfig": config});
    let path = "/v1beta/models/mock:generateContent";
    for (route, body, output) in [
        (CHAT, asks(&json!({})), 1000.0),
        (CHAT, asks(&json!({"n": 20})), 20_000.0),
        (CHAT, asks(&json!({"n": 20, "max_tokens": 500})), 10_000.0),
        (CHAT, asks(&json!({"max_completion_tokens": 1, "max_tokens": 5000})), 5000.0),
        (path, gemini(&json!({"candidateCount": 8})), 8000.0),
        (path, gemini(&json!({"candidateCount": 8, "maxOutputTokens": 500})), 4000.0),
    ] {
        let (usd, _) = reserved(&gateway, &key, route, &body).await;
        let tokens = usd * 1e6;
        assert!((output..output + 400.0).contains(&tokens), "{tokens} tokens for {body}");
    }
}

#[tokio::test]
async fn each_is_given_its_part_of_what_there_is_room_for() {
    let gateway = start();
    let key = key(&gateway, &json!({"max_budget": 0.002})).await;
    let (usd, cap) = reserved(&gateway, &key, CHAT, &asks(&json!({"n": 4}))).await;
    let cap = cap.as_u64().unwrap();
    assert!((300..500).contains(&cap), "{cap}");
    assert!(usd <= 0.002, "{usd}");
    let (status, refused) = post(&gateway, &key, CHAT, &asks(&json!({"n": 500}))).await;
    assert_eq!((status, &refused["error"]["code"]), (429, &json!("insufficient_quota")), "{refused}");
}

#[tokio::test]
async fn what_is_no_number_of_them_cannot_be_paid_for() {
    let gateway = start();
    let key = key(&gateway, &json!({"max_budget": 1})).await;
    for n in [json!("20"), json!(20.5), json!(-1), json!([20])] {
        let (status, refused) = post(&gateway, &key, CHAT, &asks(&json!({"n": n}))).await;
        assert_eq!((status, &refused["error"]["param"]), (400, &json!("n")), "{refused}");
    }
    assert_eq!(post(&gateway, &key, CHAT, &asks(&json!({"n": null}))).await.0, 200);
}

#[tokio::test]
async fn a_rate_that_is_in_the_way_is_told_as_on_answers() {
    let gateway = start();
    let key = key(&gateway, &json!({"rpm_limit": 1})).await;
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let mut told = Vec::new();
    for _ in 0..2 {
        let socket = crate::client::connect(gateway.address).await;
        let answer = crate::client::send(socket, "POST", CHAT, &headers, &asks(&json!({}))).await;
        let header = |name: &str| answer.header(name).map(ToOwned::to_owned);
        told.push((
            answer.status,
            header("x-ratelimit-limit-requests"),
            header("x-ratelimit-remaining-requests"),
            header("x-ratelimit-reset-requests").is_some(),
        ));
    }
    let text = |text: &str| Some(text.to_owned());
    // The second may be in the next minute.
    assert_eq!(told[0], (200, text("1"), text("0"), true));
    assert!(told[1].0 == 200 || told[1] == (429, text("1"), text("0"), true), "{told:?}");
}

#[tokio::test]
async fn members_that_are_demanded_are_missed() {
    let gateway = start();
    let (status, team) =
        post(&gateway, super::MASTER, "/team/new", &json!({"enforced_params": ["metadata.run"]})).await;
    assert_eq!(status, 200, "{team}");
    let key = key(&gateway, &json!({"enforced_params": ["user"], "team_id": team["team_id"]})).await;
    for (more, missing) in [
        (json!({}), Some("metadata.run")),
        (json!({"metadata": {"run": "7"}}), Some("user")),
        (json!({"metadata": {"run": null}, "user": "anna"}), Some("metadata.run")),
        (json!({"metadata": {"run": "7"}, "user": "anna"}), None),
    ] {
        let (status, told) = post(&gateway, &key, CHAT, &asks(&more)).await;
        assert_eq!(status == 200, missing.is_none(), "{told}");
        assert_eq!(told["error"]["param"].as_str(), missing, "{told}");
    }
}
