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
        (json!({"rpm_limit": -1}), "rpm_limit"),
    ] {
        let told = place.refusal(MASTER, "POST", "/budget/new", &body).await;
        assert_eq!((told.0, told.2.as_deref()), (400, Some(param)), "{body}");
    }
    assert_eq!(place.refusal("sk-nobody", "GET", "/budget/list", &Value::Null).await.0, 401);
}
