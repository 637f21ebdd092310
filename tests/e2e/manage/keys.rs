//! `keys`.

use serde_json::{Value, json};
use wiremock::matchers::{path, query_param};

use super::{Both, HASH, Scene, key, page};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_made_of_all_that_is_said_and_shown_once() {
    let scene = Scene::new().await;
    scene.gets("/v2/team/list", &[("team_id", "platform")], json!({"teams": [], "total": 0})).await;
    let teams = json!({"teams": [
        {"team_id": "t-2", "team_alias": "platform-old"}, {"team_id": "t-1", "team_alias": "platform"},
    ], "total": 2, "total_pages": 1});
    scene.gets("/v2/team/list", &[("team_alias", "platform")], teams).await;
    let body = json!({
        "key_alias": "ci", "team_id": "t-1", "duration": "30d", "key_type": "llm_api", "max_budget": 10.25,
        "budget_duration": "30d", "rpm_limit": 5, "tpm_limit": 1000, "max_parallel_requests": 2,
        "model_rpm_limit": {"gpt-4o": 1}, "models": ["gpt-4o", "claude-*"], "allowed_routes": ["/v1/*"],
        "allowed_ips": ["10.0.0.0/8"], "metadata": {"a": 1}, "tags": ["x", "y"], "soft_budget": null, "note": "as it is",
    });
    let answer = json!({"key": "sk-new-plain-key", "token": HASH, "token_id": HASH, "key_name": "sk-...-key",
        "key_alias": "ci", "models": ["gpt-4o", "claude-*"], "user_id": null, "spend": 0.0});
    scene.posts("/key/generate", &body, answer).await;
    let (out, err) = scene.tells(&[
        "keys",
        "create",
        "--alias",
        "ci",
        "--team",
        "platform",
        "--duration",
        "30d",
        "--key-type",
        "llm_api",
        "--max-budget",
        "10.25",
        "--budget-duration",
        "30d",
        "--rpm",
        "5",
        "--tpm",
        "1000",
        "--max-parallel",
        "2",
        "--model-rpm",
        r#"{"gpt-4o":1}"#,
        "--models",
        "gpt-4o,claude-*",
        "--allowed-routes",
        "/v1/*",
        "--allowed-ips",
        "10.0.0.0/8",
        "--metadata",
        r#"{"a":1}"#,
        "--tags",
        "x,y",
        "--set",
        "soft_budget=null",
        "--set",
        "note=as it is",
    ]);
    assert_eq!(out.matches("sk-new-plain-key").count(), 1, "{out}");
    assert!(out.ends_with("\n\nsk-new-plain-key\n"), "{out}");
    assert!(out.contains("key_alias  ci\n") && out.contains("models     gpt-4o, claude-*\n"), "{out}");
    assert!(!out.contains("user_id"), "what says nothing is left out: {out}");
    assert_eq!(err, "The key is not shown again: keep it now.\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_key_for_scripts() {
    let scene = Scene::new().await;
    let answer = json!({"key": "sk-new-plain-key", "token": HASH});
    scene.posts("/key/generate", &json!({}), answer.clone()).await;
    assert_eq!(scene.tells(&["keys", "create", "-q"]).0, "sk-new-plain-key\n");
    scene.server.reset().await;
    scene.posts("/key/generate", &json!({}), answer.clone()).await;
    let (out, err) = scene.tells(&["keys", "create", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), answer);
    assert!(err.contains("not shown again"), "{err}");
    scene.server.reset().await;
    let body = json!({"key": HASH, "grace_period": "24h"});
    scene.posts("/key/regenerate", &body, answer).await;
    assert_eq!(
        scene.tells(&["keys", "rotate", "sk-1234", "--grace-period", "24h", "-q"]).0,
        "sk-new-plain-key\n"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_listed_by_pages() {
    let scene = Scene::new().await;
    let full = ("return_full_object", "true");
    scene.gets("/key/list", &[full], page(&[key()], 1, 3, 3)).await;
    let (out, err) = scene.tells(&["keys", "list"]);
    let lines: Vec<Vec<&str>> = out.lines().map(|line| line.split_whitespace().collect()).collect();
    let titles = ["KEY", "NAME", "TEAM", "USER", "MODELS", "SPENT", "BUDGET", "EXPIRES", "STATE"];
    assert_eq!(lines[0], titles, "{out}");
    let cells = [
        "ci",
        "sk-...1234",
        "t-1",
        "-",
        "gpt-4o,",
        "a,",
        "b",
        "+1",
        "$0.25",
        "$10.5",
        "2026-12-01",
        "08:15",
        "blocked",
    ];
    assert_eq!(lines[1], cells, "{out}");
    assert_eq!(err, "1 of 3; `--page N` shows others, `--all` all\n");

    scene.server.reset().await;
    for number in 1..=3_u64 {
        let mut one = key();
        one["token"] = json!(format!("hash-{number}"));
        let asked = Both(path("/key/list"), query_param("page", number.to_string()));
        let asked = Both(asked, query_param("size", "100"));
        scene.answers(asked, "GET", 200, page(&[one], number, 3, 3)).await;
    }
    assert_eq!(
        scene.tells(&["keys", "list", "--all", "-q"]),
        ("hash-1\nhash-2\nhash-3\n".into(), String::new())
    );

    scene.server.reset().await;
    let asked = [
        full,
        ("team_id", "t-1"),
        ("key_alias", "a b&c"),
        ("include_team_keys", "true"),
        ("sort_by", "spend"),
        ("sort_order", "desc"),
    ];
    let found = json!({"teams": [{"team_id": "t-1"}]});
    scene.gets("/v2/team/list", &[("team_id", "t-1")], found).await;
    scene.gets("/key/list", &asked, page(&[], 1, 0, 0)).await;
    let (out, _) = scene.tells(&[
        "keys",
        "list",
        "--team",
        "t-1",
        "--alias",
        "a b&c",
        "--team-keys",
        "--sort-by",
        "spend",
        "--sort-order",
        "desc",
        "--json",
    ]);
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), page(&[], 1, 0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_go_by_alias_and_never_as_themselves() {
    let scene = Scene::new().await;
    scene.gets("/key/info", &[("key", HASH)], json!({"key": HASH, "info": key()})).await;
    let (out, _) = scene.tells(&["keys", "show", "sk-1234"]);
    assert!(out.contains("max_budget  10.5\n") && out.contains("blocked     true\n"), "{out}");
    assert!(!out.contains("user_id") && !out.contains("metadata"), "{out}");

    // The filter of the API also finds parts.
    let mut other = key();
    other["key_alias"] = json!("ci-old");
    let by_alias = [("key_alias", "ci"), ("return_full_object", "true")];
    scene.gets("/key/list", &by_alias, page(&[other, key()], 1, 1, 2)).await;
    scene.posts("/key/block", &json!({"key": HASH}), key()).await;
    assert_eq!(scene.tells(&["keys", "block", "ci"]).0, "ci blocked\n");

    scene.server.reset().await;
    scene.posts("/key/delete", &json!({"keys": [HASH]}), json!({"deleted_keys": [HASH]})).await;
    assert_eq!(scene.tells(&["keys", "delete", "sk-1234"]).0, format!("deleted {HASH}\n"));
    scene.posts("/key/update", &json!({"key": HASH, "max_budget": null, "models": ["a"]}), key()).await;
    scene.tells(&["keys", "update", HASH, "--set", "max_budget=null", "--models", "a"]);

    for (keys, word) in [(vec![], "no key"), (vec![key(), key()], "several keys")] {
        scene.server.reset().await;
        scene.gets("/key/list", &by_alias, page(&keys, 1, 1, keys.len() as u64)).await;
        let output = scene.run(&["keys", "unblock", "ci"]);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(told.contains(word) && told.contains("\"ci\""), "{told}");
    }
}
