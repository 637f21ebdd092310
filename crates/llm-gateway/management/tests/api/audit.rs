//! The audit.

use serde_json::{Value, json};

use crate::office::{MASTER, Place};
use crate::people::{key_of, populated};

#[tokio::test]
async fn changes_are_listed_and_found() {
    let place = populated().await;
    place.pass(86_400_000);
    place.master("POST", "/tag/new", &json!({"name": "a"})).await;
    place.pass(1_000);
    let (paula, hash) = (key_of("paula"), llm_tenancy::KeyHash::of(&key_of("paula")).to_string());
    place.ask(&paula, "POST", "/tag/update", &json!({"name": "a", "description": "d"})).await;
    place.pass(1_000);
    place.ask(&paula, "POST", "/tag/delete", &json!({"name": "a"})).await;

    let list = async |query: &str| place.master("GET", &format!("/audit?{query}"), &Value::Null).await;
    let page = list("table_name=LiteLLM_TagTable&page_size=2").await;
    assert_eq!((&page["total"], &page["total_pages"], &page["page_size"]), (&json!(3), &json!(2), &json!(2)));
    let last = &page["audit_logs"][0];
    assert_eq!(
        (&last["action"], &last["object_id"], &last["changed_by"]),
        (&json!("deleted"), &json!("a"), &json!("paula"))
    );
    assert_eq!((&last["changed_by_api_key"], &last["user_role"]), (&json!(hash), &json!("proxy_admin")));
    let changed = &page["audit_logs"][1];
    assert_eq!(
        (&changed["before_value"], &changed["updated_values"]),
        (&json!({}), &json!({"description": "d"}))
    );
    for (query, total) in [
        ("table_name=tag", 3),
        ("object_id=a&action=created", 1),
        ("changed_by=paula", 2),
        (&format!("changed_by_api_key={paula}"), 2),
        (&format!("changed_by_api_key={hash}&action=updated"), 1),
        ("start_date=2026-11-19&end_date=2026-11-19", 3),
        ("start_date=2026-11-20", 0),
        ("table_name=tag&end_date=2026-11-18", 0),
    ] {
        assert_eq!(list(query).await["total"], total, "{query}");
    }
    let first = list("table_name=tag&sort_order=asc&page=1&page_size=1").await;
    assert_eq!(first["audit_logs"][0]["action"], "created");
    let id = last["id"].as_str().unwrap();
    assert_eq!(place.master("GET", &format!("/audit/{id}"), &Value::Null).await, *last);
}

#[tokio::test]
async fn what_makes_no_sense_is_named() {
    let place = Place::new().await;
    for (query, param) in [
        ("action=eaten", "action"),
        ("table_name=x", "table_name"),
        ("start_date=yesterday", "start_date"),
        ("end_date=2026-13-01", "end_date"),
        ("sort_by=id", "sort_by"),
        ("sort_order=x", "sort_order"),
        ("page=0", "page"),
        ("page=18446744073709551615", "page"),
    ] {
        let told = place.refusal(MASTER, "GET", &format!("/audit?{query}"), &Value::Null).await;
        assert_eq!((told.0, told.2.as_deref()), (400, Some(param)), "{query}");
    }
    let told = place.refusal(MASTER, "GET", "/audit/gone", &Value::Null).await;
    assert_eq!((told.0, told.1.as_deref()), (404, Some("not_found")));
}
