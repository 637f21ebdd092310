//! Tags.

use serde_json::{Value, json};

use crate::office::{MASTER, Place};

#[tokio::test]
async fn a_tags_life() {
    let place = Place::new().await;
    let model = json!({"model_name": "gpt", "litellm_params": {"model": "openai/gpt-4o"}, "model_info": {"id": "m1"}});
    place.master("POST", "/model/new", &model).await;
    let body = json!({"name": "batch", "description": "nightly", "models": ["m1", "gpt-4o"], "max_budget": 3, "budget_duration": "1d"});
    let ignored = place.ignored(MASTER, "POST", "/tag/new", &body).await;
    assert_eq!(ignored.as_deref(), Some("models"), "deployments say themselves which tags they serve");
    place.master("POST", "/tag/delete", &json!({"name": "batch"})).await;
    let made = place.master("POST", "/tag/new", &body).await;
    assert_eq!(made["tag"]["model_info"], json!({"m1": "gpt"}));
    assert!(made["tag"]["budget_reset_at"].is_string());
    assert_eq!(place.refusal(MASTER, "POST", "/tag/new", &body).await.0, 409);
    let changed =
        place.master("POST", "/tag/update", &json!({"name": "batch", "models": [], "rpm_limit": 4})).await;
    let tag = &changed["tag"];
    assert_eq!(
        (&tag["models"], &tag["model_info"], &tag["description"]),
        (&json!([]), &json!({}), &json!("nightly"))
    );
    place.master("POST", "/tag/new", &json!({"name": "live"})).await;
    let shown = place.master("POST", "/tag/info", &json!({"names": ["batch", "live"]})).await;
    assert_eq!(shown["batch"]["litellm_budget_table"]["max_budget"], 3);
    assert_eq!(shown["live"]["litellm_budget_table"], Value::Null);
    let names = async |query: &str| {
        let listed = place.master("GET", &format!("/tag/list{query}"), &Value::Null).await;
        listed
            .as_array()
            .unwrap()
            .iter()
            .map(|tag| tag["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names("").await, ["batch", "live"]);
    assert_eq!(names("?search=AT").await, ["batch"]);
    assert_eq!(names("?page=2&page_size=1").await, ["live"]);
    let distinct = place.master("GET", "/tag/distinct", &Value::Null).await;
    assert_eq!(distinct["results"].as_array().unwrap().len(), 2);
    place.master("POST", "/tag/delete", &json!({"name": "batch"})).await;
    for (path, body) in [
        ("/tag/delete", json!({"name": "batch"})),
        ("/tag/update", json!({"name": "batch"})),
        ("/tag/info", json!({"names": ["live", "batch"]})),
    ] {
        assert_eq!(place.refusal(MASTER, "POST", path, &body).await.0, 404, "{path}");
    }
    for (body, param) in [(json!({}), "name"), (json!({"name": "x", "models": "m1"}), "models")] {
        assert_eq!(place.refusal(MASTER, "POST", "/tag/new", &body).await.2.as_deref(), Some(param));
    }
    let told = place.refusal(MASTER, "POST", "/tag/update", &json!({"name": "live", "models": [1]})).await;
    assert_eq!((told.0, told.2.as_deref()), (400, Some("models[0]")));
}
