//! Budgets that an administrator begins anew.

use serde_json::{Value, json};

use super::{CHAT, MASTER, config, entry, key, post, scripted};
use crate::client::soon;
use crate::process::Gateway;

/// What two requests cost, of which each reserves more than it takes.
const BUDGET: f64 = 0.0004;

fn asks() -> Value {
    scripted(
        &json!({"usage": {"prompt_tokens": 100, "completion_tokens": 100}}),
        &json!({"max_tokens": 100, "model": "mock"}),
    )
}

/// Asks until it is refused or let in, as news takes a moment.
async fn until(gateway: &Gateway, key: &str, wanted: u16) -> Value {
    let asking = async {
        loop {
            let (status, body) = post(gateway, key, CHAT, &asks()).await;
            if status == wanted {
                return body;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    soon(asking).await
}

#[tokio::test]
async fn what_all_have_spent_is_set_to_nothing_and_so_are_their_budgets() {
    let gateway = Gateway::start(&config(&[]));
    let (status, team) =
        post(&gateway, MASTER, "/team/new", &json!({"max_budget": BUDGET, "budget_duration": "30d"})).await;
    assert_eq!(status, 200, "{team}");
    let of_team = key(&gateway, &json!({"team_id": team["team_id"]})).await;
    let alone = key(&gateway, &json!({"max_budget": BUDGET})).await;
    for (key, level) in [(&of_team, "team"), (&alone, "key")] {
        assert_eq!(post(&gateway, key, CHAT, &asks()).await.0, 200);
        let (status, refused) = post(&gateway, key, CHAT, &asks()).await;
        assert_eq!((status, &refused["error"]["level"]), (429, &json!(level)), "{refused}");
        entry(&gateway, key).await;
    }

    let (status, told) = post(&gateway, MASTER, "/global/spend/reset", &json!({})).await;
    assert_eq!((status, &told["keys"], &told["teams"]), (200, &json!(2), &json!(1)), "{told}");
    for (key, level) in [(&of_team, "team"), (&alone, "key")] {
        until(&gateway, key, 200).await;
        let refused = until(&gateway, key, 429).await;
        assert_eq!(refused["error"]["level"], level, "the budget is as large as it was: {refused}");
    }
    // The ledger knows of all of it.
    let (status, checked) = post(&gateway, MASTER, "/spend/check", &json!({})).await;
    assert_eq!((status, &checked["mismatches"]), (200, &json!([])), "{checked}");
}
