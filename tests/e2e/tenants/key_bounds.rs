//! What new keys and users begin with, and what no key exceeds, as the configuration says.

use serde_json::json;

use super::{MASTER, ask, chats, config, manage, refused};
use crate::process::Gateway;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_configuration_says_what_keys_and_users_begin_with_and_no_key_exceeds() {
    let mut config = config();
    config["litellm_settings"] = json!({
        "default_key_generate_params": {
            "max_budget": 1.5, "budget_duration": "7d", "duration": null, "models": ["main"], "metadata": {"setting": "default"},
        },
        "default_internal_user_params": {
            "user_role": "internal_user_viewer", "max_budget": 20, "budget_duration": "30d", "models": ["main", "other"],
        },
        "upperbound_key_generate_params": {"max_budget": 100, "duration": "30d", "rpm_limit": 3},
    });
    let gateway = Gateway::start(&config);
    let made = manage(&gateway, "/key/generate", &json!({})).await;
    assert_eq!(
        (
            &made["max_budget"],
            &made["budget_duration"],
            &made["models"],
            &made["metadata"],
            &made["rpm_limit"]
        ),
        (&json!(1.5), &json!("7d"), &json!(["main"]), &json!({"setting": "default"}), &json!(3)),
        "{made}"
    );
    assert!(made["expires"].is_string(), "{made}");
    let key = made["key"].as_str().unwrap();
    assert_eq!(chats(&gateway, key, "main").await, (200, None));
    assert_eq!(chats(&gateway, key, "other").await, refused(403, "key_model_access_denied"));

    let (status, told) = ask(&gateway, MASTER, "POST", "/key/generate/", &json!({"max_budget": 200})).await;
    let message = "max_budget is 200; by litellm_settings.upperbound_key_generate_params it is 100 at most";
    assert_eq!((status, &told["error"]["message"]), (400, &json!(message)), "{told}");
    let (status, shown) = ask(&gateway, MASTER, "GET", &format!("/key/info/?key={key}"), &json!(null)).await;
    assert_eq!((status, &shown["info"]["max_budget"]), (200, &json!(1.5)), "{shown}");

    // The key that is made along with a user begins alike.
    let user = manage(&gateway, "/user/new", &json!({"user_id": "anna"})).await;
    assert_eq!(
        (&user["user_role"], &user["max_budget"], &user["budget_duration"], &user["models"]),
        (&json!("internal_user_viewer"), &json!(20), &json!("30d"), &json!(["main", "other"])),
        "{user}"
    );
    let first = user["key"].as_str().unwrap();
    let (_, shown) = ask(&gateway, MASTER, "GET", &format!("/key/info?key={first}"), &json!(null)).await;
    assert_eq!(
        (&shown["info"]["max_budget"], &shown["info"]["rpm_limit"], &shown["info"]["models"]),
        (&json!(1.5), &json!(3), &json!(["main"])),
        "{shown}"
    );
    assert_eq!(chats(&gateway, first, "main").await, (200, None));
    assert_eq!(chats(&gateway, first, "other").await, refused(403, "key_model_access_denied"));

    // Another configuration holds from the next key on.
    config["litellm_settings"]["upperbound_key_generate_params"]["max_budget"] = json!(500);
    gateway.rewrite(&config);
    gateway.logged(&["configuration taken over"]);
    let more = manage(&gateway, "/key/generate", &json!({"max_budget": 200})).await;
    assert_eq!(more["max_budget"], json!(200));
}
