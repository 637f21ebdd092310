//! `llm-gateway spend` at a gateway that has been asked.

use llm_gateway::runtime::Runtime;
use serde_json::{Value, json};

use crate::client::{CHAT, connect, eventually, send, soon};
use crate::process::{Gateway, command};

const MASTER: &str = "sk-master";

/// What the command prints, and how it ends.
async fn spend(gateway: &Gateway, arguments: &[&str]) -> (String, Option<i32>) {
    let mut command = command();
    command
        .env("LLM_GATEWAY_URL", format!("http://{}", gateway.address))
        .env("LLM_GATEWAY_KEY", MASTER)
        .arg("spend")
        .args(arguments);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    (String::from_utf8(output.stdout).unwrap() + &told, output.status.code())
}

async fn json_of(gateway: &Gateway, arguments: &[&str]) -> Value {
    let (out, code) = spend(gateway, &[arguments, &["--json"]].concat()).await;
    assert_eq!(code, Some(0), "{out}");
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

async fn post(gateway: &Gateway, key: &str, path: &str, body: &Value) -> Value {
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let mut answer = send(connect(gateway.address).await, "POST", path, &headers, body).await;
    let text = answer.body().await;
    assert_eq!(answer.status, 200, "{path}: {text}");
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn the_command_line_tells_what_was_spent() {
    let prices = json!({"model": "mock/any", "input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6});
    let gateway = Gateway::start(&json!({
        "model_list": [{"model_name": "mock", "litellm_params": prices}],
        "general_settings": {"master_key": MASTER},
        "llm_gateway": {"database": {"data_dir": "data"}},
    }));
    let mut keys = Vec::new();
    for name in ["red", "blue"] {
        let team = post(&gateway, MASTER, "/team/new", &json!({"team_id": name, "team_alias": name})).await;
        let of = json!({"team_id": team["team_id"], "key_alias": format!("key of {name}")});
        let key = post(&gateway, MASTER, "/key/generate", &of).await;
        keys.push(key["key"].as_str().unwrap().to_owned());
    }
    let body = json!({"model": "mock", "messages": [{"role": "user", "content": "Hello"}],
        "mock": {"usage": {"prompt_tokens": 100, "completion_tokens": 100}}});
    for key in [&keys[0], &keys[0], &keys[1]] {
        post(&gateway, key, CHAT, &body).await;
    }
    let booked = async {
        while json_of(&gateway, &[]).await["results"][0]["requests"] != 3 {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    soon(booked).await;

    let by_model = json_of(&gateway, &[]).await;
    assert_eq!(by_model["results"][0]["model"], "mock", "{by_model}");
    // The dearest first; by several at once it is the same sums.
    let teams = json_of(&gateway, &["--by", "team", "--last", "1d"]).await;
    let of = |line: &Value| (line["team"].clone(), line["requests"].clone(), line["spend"].as_f64().unwrap());
    let lines: Vec<_> = teams["results"].as_array().unwrap().iter().map(of).collect();
    assert_eq!(lines, [(json!("red"), json!(2), 0.0004), (json!("blue"), json!(1), 0.0002)]);
    let both = json_of(&gateway, &["--by", "team,key"]).await;
    let lines: Vec<_> = both["results"].as_array().unwrap().iter().map(of).collect();
    assert_eq!(lines, [(json!("red"), json!(2), 0.0004), (json!("blue"), json!(1), 0.0002)]);
    assert!(both["results"][0]["key"].as_str().is_some_and(|key| key.len() == 64), "{both}");
    let one = json_of(&gateway, &["--by", "team,month", "--team", "blue", "--limit", "1"]).await;
    assert_eq!(one["results"].as_array().unwrap().len(), 1, "{one}");

    let (csv, _) = spend(&gateway, &["--by", "team", "--csv"]).await;
    let mut lines = csv.lines();
    assert!(lines.next().unwrap().starts_with("team,spend,list_cost,requests,failed_requests"), "{csv}");
    assert!(lines.next().unwrap().starts_with("red,0.0004,0.0004,2,0,200,200"), "{csv}");
    assert_eq!(lines.count(), 1, "{csv}");
    let (table, code) = spend(&gateway, &["--by", "team"]).await;
    assert!(
        code == Some(0) && table.contains("red") && table.contains("0.0006"),
        "all comes to that: {table}"
    );

    let logs = json_of(&gateway, &["logs", "--team", "red"]).await;
    assert_eq!(logs["data"].as_array().unwrap().len(), 2, "{logs}");
    let request = logs["data"][0]["request_id"].as_str().unwrap();
    let (one, code) = spend(&gateway, &["logs", request, "--csv"]).await;
    assert!(code == Some(0) && one.lines().count() == 2 && one.contains("answered"), "{one}");
    let (dry, code) = spend(&gateway, &["reprice", "--from", "2020-01-01", "--dry-run"]).await;
    assert!(code == Some(0) && dry.contains("0 of 3 entries would cost another amount"), "{dry}");
    let (well, code) = spend(&gateway, &["check"]).await;
    assert!(code == Some(0) && well.contains("All sums are those of the entries"), "{well}");
    let (unknown, code) = spend(&gateway, &["--by", "colour"]).await;
    assert_eq!(code, Some(2), "{unknown}");
}

#[tokio::test]
async fn each_entry_is_repriced_by_what_held_at_its_time() {
    // Dollars for a thousand tokens, before the change and from then on.
    let config = |usual: f64, changes: Value| {
        json!({
            "model_list": [{
                "model_name": "mock",
                "litellm_params": {
                    "model": "mock/any", "input_cost_per_token": usual / 1000.0, "output_cost_per_token": 0,
                },
                "model_info": {"price_changes": changes},
            }],
            "general_settings": {"master_key": MASTER},
            "llm_gateway": {"database": {"data_dir": "data"}},
        })
    };
    let gateway = Gateway::start(&config(1.0, json!([])));
    let body = json!({"model": "mock", "messages": [{"role": "user", "content": "Hello"}],
        "mock": {"usage": {"prompt_tokens": 1000, "completion_tokens": 1}}});
    post(&gateway, MASTER, CHAT, &body).await;
    // What has begun by now costs what it cost.
    let now = Runtime::system().now().plus(1).rfc3339();
    let from = |later: f64| json!([{"from": now, "input_cost_per_token": later / 1000.0}]);
    let is_taken = async |words: [&str; 1], version: u64| {
        eventually(async || gateway.logged(&words)["config.version"] == version).await;
    };
    gateway.rewrite(&config(1.0, from(5.0)));
    is_taken(["\"config.version\":2"], 2).await;
    post(&gateway, MASTER, CHAT, &body).await;
    let spent = async || json_of(&gateway, &[]).await["total"]["spend"].as_f64();
    eventually(async || spent().await == Some(6.0)).await;
    let (same, code) = spend(&gateway, &["reprice", "--from", "2020-01-01"]).await;
    assert!(code == Some(0) && same.starts_with("0 of 2 entries"), "{same}");

    // Both were wrong.
    gateway.rewrite(&config(0.5, from(7.0)));
    is_taken(["\"config.version\":3"], 3).await;
    let (dry, code) = spend(&gateway, &["reprice", "--from", "2020-01-01", "--dry-run"]).await;
    assert!(code == Some(0) && dry.contains("$6 before, $7.5 after; of 0 no price is known"), "{dry}");
    assert_eq!(spent().await, Some(6.0));
    let (both, code) = spend(&gateway, &["reprice", "--from", "2020-01-01"]).await;
    assert!(code == Some(0) && both.starts_with("2 of 2 entries"), "{both}");
    assert_eq!(spent().await, Some(7.5));
    let logs = json_of(&gateway, &["logs"]).await;
    let mut amounts: Vec<_> =
        logs["data"].as_array().unwrap().iter().map(|entry| entry["spend"].to_string()).collect();
    amounts.sort();
    assert_eq!(amounts, ["-0.5", "1", "2", "5"], "nothing is edited");
    let (well, code) = spend(&gateway, &["check"]).await;
    assert!(code == Some(0) && well.contains("All sums are those of the entries"), "{well}");
}

#[tokio::test]
async fn discounts_and_margins_of_a_deployment_hold_from_their_day_on() {
    // A dollar for a thousand tokens; `discount` is taken off until the change.
    let config = |discount: f64, changes: Value| {
        json!({
            "model_list": [{
                "model_name": "mock",
                "litellm_params": {
                    "model": "mock/any", "input_cost_per_token": 0.001, "output_cost_per_token": 0,
                    "cost_discount": discount,
                },
                "model_info": {"price_changes": changes},
            }],
            "general_settings": {"master_key": MASTER},
            "llm_gateway": {"database": {"data_dir": "data"}},
        })
    };
    let gateway = Gateway::start(&config(0.5, json!([])));
    let key = post(&gateway, MASTER, "/key/generate", &json!({"max_budget": 100})).await;
    let key = key["key"].as_str().unwrap();
    let body = json!({"model": "mock", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 1,
        "mock": {"usage": {"prompt_tokens": 1000, "completion_tokens": 1}}});
    // The most that it may cost: what is read is taken for as many tokens as its text has bytes.
    let reserved = async || {
        let told = post(&gateway, key, "/v1/explain", &body).await;
        let limits = told["limits"].as_array().unwrap();
        let budget = limits.iter().find(|it| it["level"] == "key" && it["type"] == "budget");
        let needed = budget.unwrap_or_else(|| panic!("{told}"))["requested"].clone();
        needed.as_f64().or_else(|| needed.as_str()?.parse().ok()).unwrap_or_else(|| panic!("{told}"))
    };
    let half = reserved().await;
    post(&gateway, key, CHAT, &body).await;
    let now = Runtime::system().now().plus(1).rfc3339();
    let change = json!([{"from": now, "cost_discount": 0.2,
        "cost_margin": {"percentage": 0.5, "fixed_amount": 0.25}}]);
    gateway.rewrite(&config(0.5, change.clone()));
    eventually(async || gateway.logged(&["\"config.version\":2"])["config.version"] == 2).await;
    // Of a dollar four fifths, one and a half times, and a quarter of a dollar.
    let more = reserved().await;
    assert!((more - (half * 2.0 * 0.8 * 1.5 + 0.25)).abs() < 1e-6, "{half}, {more}");
    post(&gateway, key, CHAT, &body).await;
    let spent = async || json_of(&gateway, &[]).await["total"]["spend"].as_f64();
    eventually(async || spent().await == Some(1.95)).await;
    let (same, code) = spend(&gateway, &["reprice", "--from", "2020-01-01"]).await;
    assert!(code == Some(0) && same.starts_with("0 of 2 entries"), "{same}");

    // Less was taken off before the change, which stays what it was.
    gateway.rewrite(&config(0.25, change));
    eventually(async || gateway.logged(&["\"config.version\":3"])["config.version"] == 3).await;
    let (one, code) = spend(&gateway, &["reprice", "--from", "2020-01-01"]).await;
    assert!(
        code == Some(0) && one.starts_with("1 of 2 entries") && one.contains("$1.95 before, $2.2 after"),
        "{one}"
    );
    assert_eq!(spent().await, Some(2.2));
    let listed = json_of(&gateway, &[]).await["total"]["list_cost"].as_f64();
    assert_eq!(listed, Some(2.0), "what it costs without either is the same");
    let (well, code) = spend(&gateway, &["check"]).await;
    assert!(code == Some(0) && well.contains("All sums are those of the entries"), "{well}");
}
