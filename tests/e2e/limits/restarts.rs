//! What is left of rates when a gateway is killed and started again.

use serde_json::json;

use super::{CHAT, MASTER, config, key, post, scripted};
use crate::process::Gateway;

#[tokio::test]
async fn a_gateway_that_was_killed_counts_on() {
    let mut gateway = Gateway::start(&config(&[]));
    let windows = json!([{"window": "30d", "requests": 3}]);
    let few = key(&gateway, &json!({"rate_limits": windows})).await;
    let windows = json!([{"window": "30d", "tokens": 1_000}]);
    let short = key(&gateway, &json!({"rate_limits": windows})).await;
    let team = json!({"team_id": "both", "rate_limits": [{"window": "30d", "requests": 2, "tokens": 5_000}]});
    assert_eq!(post(&gateway, MASTER, "/team/new", &team).await.0, 200);
    let of_team = key(&gateway, &json!({"team_id": "both", "max_budget": 1})).await;
    let asks = |written: u64| {
        let script = json!({"usage": {"prompt_tokens": 100, "completion_tokens": written}});
        scripted(&script, &json!({"max_tokens": 200}))
    };
    for key in [&few, &short, &of_team] {
        assert_eq!(post(&gateway, key, CHAT, &asks(150)).await.0, 200);
    }
    // What the vendor refuses is a request all the same.
    let refused = scripted(&json!({"error": {"status": 400}}), &json!({"max_tokens": 200}));
    assert_eq!(post(&gateway, &few, CHAT, &refused).await.0, 400);

    // Killed twice: what was booked is neither forgotten nor counted again.
    gateway = gateway.restart().restart();
    assert_eq!(post(&gateway, &few, CHAT, &asks(1)).await.0, 200);
    let (status, told) = post(&gateway, &few, CHAT, &asks(1)).await;
    assert_eq!((status, &told["error"]["current"]), (429, &json!(3)), "{told}");

    // 250 of 1,000 tokens were used, and 250 more are each time.
    for _ in 0..2 {
        assert_eq!(post(&gateway, &short, CHAT, &asks(150)).await.0, 200);
    }
    let (status, told) = post(&gateway, &short, CHAT, &asks(150)).await;
    assert_eq!((status, &told["error"]["current"]), (429, &json!(750)), "{told}");

    assert_eq!(post(&gateway, &of_team, CHAT, &asks(1)).await.0, 200);
    let (status, told) = post(&gateway, &of_team, CHAT, &asks(1)).await;
    assert_eq!((status, &told["error"]["level"]), (429, &json!("team")), "{told}");
    let (status, checked) = post(&gateway, MASTER, "/spend/check", &json!({})).await;
    assert_eq!((status, &checked["mismatches"]), (200, &json!([])), "{checked}");
}
