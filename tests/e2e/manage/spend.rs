//! `spend`.

use serde_json::{Value, json};

use super::{HASH, Scene};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_spent_is_told() {
    let scene = Scene::new().await;
    let sums = |spend: Value| {
        json!({
            "spend": spend, "list_cost": 3, "requests": 4, "failed_requests": 1, "estimated_requests": 0,
            "prompt_tokens": 100, "completion_tokens": 10,
        })
    };
    let line = |team: &str, alias: Value, spend: Value| {
        let mut line = json!({"team": team, "team_alias": alias, "month": "2026-11"});
        line.as_object_mut().unwrap().extend(sums(spend).as_object().unwrap().clone());
        line
    };
    let answer = json!({
        "results": [line("t-1", json!("search"), json!(1.25)), line("t-2", Value::Null, json!(0.000000001))],
        "total": sums(json!(1.250000001)),
        "has_more": true,
    });
    let query = [
        ("user", "anna"),
        ("start_date", "2026-11-01"),
        ("end_date", "2026-11-30"),
        ("by", "team,month"),
        ("limit", "2"),
    ];
    scene.gets("/spend/summary", &query, answer.clone()).await;
    let arguments = [
        "spend",
        "--by",
        "team,month",
        "--from",
        "2026-11-01",
        "--to",
        "2026-11-30",
        "--user",
        "anna",
        "--limit",
        "2",
    ];
    let (out, err) = scene.tells(&arguments);
    let lines: Vec<Vec<&str>> = out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0][..3], ["TEAM", "MONTH", "SPEND"]);
    assert_eq!(lines[1][..4], ["search", "2026-11", "$1.25", "4"]);
    assert_eq!(lines[3][..3], ["all", "$1.250000001", "4"]);
    assert!(err.contains("there are more"), "{err}");
    scene.server.reset().await;

    scene.gets("/spend/summary", &query, answer.clone()).await;
    let (out, _) = scene.tells(&[&arguments[..], &["--csv"]].concat());
    assert_eq!(
        out,
        "team,month,spend,list_cost,requests,failed_requests,prompt_tokens,completion_tokens\n\
         t-1,2026-11,1.25,3,4,1,100,10\n\
         t-2,2026-11,1e-9,3,4,1,100,10\n"
    );
    scene.server.reset().await;
    scene.gets("/spend/summary", &query, answer.clone()).await;
    let (out, _) = scene.tells(&[&arguments[..], &["--json"]].concat());
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), answer);
    assert_eq!(scene.run(&["spend", "--last", "never"]).status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_of_the_ledger_are_listed() {
    let scene = Scene::new().await;
    let row = json!({
        "request_id": "r1", "leg": 1, "litellm_call_id": null, "leg_status": "cut", "startTime": "2026-11-22T08:15:30Z",
        "model_group": "gpt-4o", "model_id": "d1", "total_tokens": 12, "spend": 0.5, "user": "a,b",
    });
    let query = [("api_key", HASH), ("leg_status", "cut"), ("sort_by", "spend")];
    let answer = json!({"data": [row], "total": 3, "page": 1, "page_size": 50, "total_pages": 1});
    scene.gets("/spend/logs/v2", &query, answer.clone()).await;
    let arguments = ["spend", "logs", "--of-key", HASH, "--status", "cut", "--sort-by", "spend"];
    let (out, err) = scene.tells(&arguments);
    let last: Vec<&str> = out.lines().last().unwrap().split_whitespace().collect();
    assert_eq!(last, ["2026-11-22", "08:15", "r1", "1", "cut", "gpt-4o", "d1", "12", "$0.5"]);
    assert_eq!(err, "1 of 3\n");
    scene.server.reset().await;
    scene.gets("/spend/logs/v2", &query, answer).await;
    let (out, _) = scene.tells(&[&arguments[..], &["--csv"]].concat());
    assert_eq!(out.lines().last().unwrap(), r#"r1,1,,cut,2026-11-22T08:15:30Z,,,"a,b",,,,gpt-4o,,,,,0.5"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_is_repriced_and_checked() {
    let scene = Scene::new().await;
    let asked = |after: Value| json!({"start_date": "2026-11-01", "end_date": null, "model": "gpt-4o", "dry_run": true, "after": after});
    let told = |entries: u64, before: Value, after: Value| {
        json!({
            "entries": entries, "adjusted": 1, "unpriced": 2, "spend_before": before, "spend_after": 0.2,
            "dry_run": true, "after": after,
        })
    };
    scene.posts("/spend/reprice", &asked(Value::Null), told(5, json!(0.1), json!("r1:0"))).await;
    scene.posts("/spend/reprice", &asked(json!("r1:0")), told(6, json!(0.2), Value::Null)).await;
    let (out, _) =
        scene.tells(&["spend", "reprice", "--from", "2026-11-01", "--model", "gpt-4o", "--dry-run"]);
    assert_eq!(
        out,
        "2 of 11 entries would cost another amount: $0.3 before, $0.4 after; of 4 no price is known\n"
    );

    let from = json!({"start_date": "2026-11-01"});
    scene.posts("/spend/check", &from, json!({"ok": true, "count": 0, "mismatches": []})).await;
    let (out, _) = scene.tells(&["spend", "check", "--from", "2026-11-01"]);
    assert_eq!(out, "All sums are those of the entries\n");
    let mismatch = json!({
        "kind": "day", "dimension": "team", "id": "t-1", "day": "2026-11-01", "model": "gpt-4o",
        "entries": {"spend": 0.5}, "sums": {"spend": 0.25},
    });
    let wrong = json!({"ok": false, "count": 1, "mismatches": [mismatch]});
    scene.posts("/spend/check", &json!({"start_date": null}), wrong).await;
    let output = scene.run(&["spend", "check"]);
    assert_eq!(output.status.code(), Some(1));
    let out = String::from_utf8(output.stdout).unwrap();
    let last: Vec<&str> = out.lines().last().unwrap().split_whitespace().collect();
    assert_eq!(last, ["team", "t-1", "2026-11-01", "gpt-4o", "$0.5", "$0.25"]);
}
