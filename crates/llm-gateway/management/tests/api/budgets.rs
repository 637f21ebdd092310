//! Budgets.

use serde_json::{Value, json};

use crate::office::{MASTER, Place};

#[tokio::test]
async fn a_budgets_life() {
    let place = Place::new().await;
    let made = place
        .master(
            "POST",
            "/budget/new",
            &json!({"budget_id": "b1", "max_budget": 10.25, "budget_duration": "30d"}),
        )
        .await;
    assert_eq!((&made["budget_id"], &made["max_budget"]), (&json!("b1"), &json!(10.25)));
    assert!(made["budget_reset_at"].is_string());
    let body = json!({"budget_id": "b1", "max_budget": null, "rpm_limit": 5});
    let changed = place.master("POST", "/budget/update", &body).await;
    assert_eq!((&changed["max_budget"], &changed["rpm_limit"]), (&Value::Null, &json!(5)));
    assert_eq!(changed["budget_duration"], "30d", "what is not said stays");
    // What LiteLLM shows of windows comes back without harm.
    let windows = json!([{"time_period": "1h", "max_budget": 1, "reset_at": "2026-11-22T09:00:00Z"}]);
    let nameless =
        place.master("POST", "/budget/new", &json!({"budget_id": "", "budget_limits": windows})).await;
    assert_eq!(nameless["budget_limits"], json!([{"budget_duration": "1h", "max_budget": 1}]));
    let id = nameless["budget_id"].as_str().unwrap();
    assert_eq!(id.len(), 36, "{id}");
    place.master("POST", "/budget/delete", &json!({"id": id})).await;
    let shown = place.master("POST", "/budget/info", &json!({"budgets": ["b1", "b2"]})).await;
    assert_eq!(shown.as_array().unwrap().len(), 1);
    assert_eq!(place.master("GET", "/budget/list", &Value::Null).await, json!([changed]));
    place.master("POST", "/budget/delete", &json!({"id": "b1"})).await;
    let told = place.refusal(MASTER, "POST", "/budget/delete", &json!({"id": "b1"})).await;
    assert_eq!((told.0, told.1.as_deref()), (404, Some("not_found")));
}

#[tokio::test]
async fn what_makes_no_sense_is_named() {
    let place = Place::new().await;
    for (body, param) in [
        (json!({"max_budget": "lots"}), "max_budget"),
        (json!({"budget_duration": "soon"}), "budget_duration"),
        (
            json!({"model_max_budget": {"gpt-4o": {"budget_limit": []}}}),
            "model_max_budget.gpt-4o.budget_limit",
        ),
        (json!({"budget_limits": [{"budget_duration": "1h"}]}), "budget_limits[0]"),
        (json!({"model_max_budget": {"gpt-4o": {"budget": 1}}}), "model_max_budget.gpt-4o.budget"),
        (
            json!({"budget_limits": [{"budget_duration": "1h", "max_budget": 1, "soft_budget": 2}]}),
            "budget_limits[0].soft_budget",
        ),
        (json!({"rpm_limit": -1}), "rpm_limit"),
        (json!({"max_budget": -1}), "max_budget"),
        (json!({"budget_limits": [{"budget_duration": "1h", "max_budget": -1}]}), "budget_limits"),
        (json!({"model_max_budget": {"gpt-4o": {"max_budget": -1}}}), "model_max_budget"),
        (json!({"max_budget": 1, "soft_budget": 2}), "soft_budget"),
    ] {
        let told = place.refusal(MASTER, "POST", "/budget/new", &body).await;
        assert_eq!((told.0, told.2.as_deref()), (400, Some(param)), "{body}");
    }
    let told = place.refusal(MASTER, "POST", "/budget/info", &json!({"budgets": []})).await;
    assert_eq!((told.0, told.2.as_deref()), (400, Some("budgets")));
    assert_eq!(place.refusal("sk-nobody", "GET", "/budget/list", &Value::Null).await.0, 401);
}

#[tokio::test]
async fn dashboards_turn_pages() {
    let place = Place::new().await;
    for number in 1..=5 {
        let body = json!({"budget_id": format!("b{number}"), "max_budget": number});
        place.master("POST", "/budget/new", &body).await;
        place.pass(1_000);
    }
    let list = async |query: &str| {
        place.master("GET", &format!("/management/v1/budgets?{query}"), &Value::Null).await
    };
    let ids = |page: &Value| {
        let ids =
            page["data"].as_array().unwrap().iter().map(|it| it["budget_id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>().join(" ")
    };
    let page = list("page=2&page_size=2&q=B").await;
    assert_eq!(ids(&page), "b3 b2", "the newest first");
    assert_eq!(page["meta"], json!({"total_count": 5, "page": 2, "page_size": 2, "total_pages": 3}));
    let links = &page["links"];
    assert_eq!(links["next"], "/management/v1/budgets?page=3&page_size=2&q=B");
    let next = place.master("GET", links["next"].as_str().unwrap(), &Value::Null).await;
    assert_eq!((ids(&next).as_str(), &next["links"]["next"]), ("b1", &Value::Null));
    assert_eq!(ids(&list("sort=budget_id").await), "b1 b2 b3 b4 b5");
    let until = "2026-11-18T11:06:41Z";
    let sorted = list(&format!("sort=-budget_id&filter%5Bcreated_at%5D%5Blte%5D={until}")).await;
    assert_eq!(ids(&sorted), "b2 b1");
    for (query, param) in [
        ("sort=max_budget", "sort"),
        ("filter[created_at][gte]=soon", "filter[created_at][gte]"),
        ("filter[max_budget][gte]=1", "filter[max_budget][gte]"),
        ("page=0", "page"),
    ] {
        let told =
            place.refusal(MASTER, "GET", &format!("/management/v1/budgets?{query}"), &Value::Null).await;
        assert_eq!((told.0, told.2.as_deref()), (400, Some(param)), "{query}");
    }
    let settings = place.master("GET", "/budget/settings?budget_id=b3", &Value::Null).await;
    let max = settings.as_array().unwrap().iter().find(|it| it["field_name"] == "max_budget").unwrap();
    assert_eq!((&max["field_value"], &max["field_type"]), (&json!(3), &json!("Float")));
    assert_eq!(place.refusal(MASTER, "GET", "/budget/settings?budget_id=gone", &Value::Null).await.0, 404);
}
