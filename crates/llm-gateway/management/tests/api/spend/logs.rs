//! Entries of the ledger.

use serde_json::{Value, json};

use super::ledger::{ALL, booked, hash, request};
use crate::office::{MASTER, Place};
use crate::people::key_of;

async fn get(place: &Place, path: &str) -> Value {
    place.master("GET", path, &Value::Null).await
}

/// The cents of the rows, in their order.
fn cents(rows: &Value) -> Vec<i64> {
    let cents = |row: &Value| (row["spend"].as_f64().unwrap() * 100.0).round() as i64;
    rows.as_array().unwrap().iter().map(cents).collect()
}

#[tokio::test]
async fn a_row_says_all_of_an_entry() {
    let place = booked().await;
    let page = get(&place, "/spend/logs/v2?request_id=call-2").await;
    assert_eq!(
        (&page["total"], &page["total_pages"], &page["page_size"]),
        (&json!(1), &json!(1), &json!(50))
    );
    assert_eq!(page["total_is_capped"], false);
    let mut expected = json!({
        "request_id": request(1, 2).to_string(),
        "leg": 0,
        "litellm_call_id": "call-2",
        "call_type": "/v1/chat/completions",
        "status": "failure",
        "leg_status": "failed",
        "spend": 0.04,
        "total_tokens": 110,
        "prompt_tokens": 100,
        "completion_tokens": 10,
        "startTime": "2026-11-17T11:06:40.005Z",
        "endTime": "2026-11-17T11:06:40.105Z",
        "completionStartTime": "2026-11-17T11:06:40.055Z",
        "request_duration_ms": 100,
        "model": "gpt-4o-2024-11-20",
    });
    let rest = json!({
        "model_group": "gpt-4o",
        "model_id": "d-gpt",
        "custom_llm_provider": "openai",
        "api_key": hash("tess"),
        "user": "tess",
        "team_id": "north-team",
        "organization_id": "north",
        "project_id": null,
        "end_user": "c1",
        "request_tags": [],
        "session_id": null,
        "requester_ip_address": "192.0.2.1",
        "cache_hit": "False",
        "messages": {},
        "response": {},
    });
    expected.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    expected["metadata"] = json!({
        "status": "failure",
        "reason": "first",
        "flags": ["streamed"],
        "reserved": 0.12,
        "list_cost": 0.08,
        "user_api_key": hash("tess"),
        "user_api_key_alias": "tess",
        "user_api_key_user_id": "tess",
        "user_api_key_team_id": "north-team",
        "user_api_key_org_id": "north",
        "http_status": 429,
        "usage_object": {
            "prompt_tokens": 100,
            "completion_tokens": 10,
            "total_tokens": 110,
            "prompt_tokens_details": {"cached_tokens": 40, "cache_creation_tokens": 20},
            "completion_tokens_details": {"reasoning_tokens": 5},
        },
        "charges": ["usd::team/north-team"],
        "error_information": {"error_code": "429", "error_class": "rate_limit", "llm_provider": "openai"},
    });
    assert_eq!(page["data"], json!([expected]));
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_paged() {
    let place = booked().await;
    let tess = key_of("tess");
    let own = request(2, 5).to_string();
    for (query, expected) in [
        ("", vec![2, 1, 8, 4, 32, 16, 0]),
        ("sort_order=asc", vec![0, 16, 32, 4, 8, 1, 2]),
        ("sort_by=spend", vec![32, 16, 8, 4, 2, 1, 0]),
        ("page_size=3&page=2", vec![4, 32, 16]),
        ("page_size=3&page=9", vec![]),
        ("start_date=2026-11-17&end_date=2026-11-17", vec![8, 4]),
        ("start_date=2026-11-17 11:06:41&end_date=2026-11-18 23:59:59", vec![2, 1]),
        ("end_date=2026-11-17T11:06:40Z", vec![8, 4, 32, 16, 0]),
        (&format!("api_key={tess}"), vec![4]),
        (&format!("api_key={}", hash("igor")), vec![8, 0]),
        ("user_id=ines", vec![2, 1]),
        ("team_id=south-team", vec![8, 0]),
        ("organization_id=north&model=gpt-4o", vec![1, 4]),
        ("model_group=sonnet&min_spend=0.08&max_spend=0.16", vec![8, 16]),
        ("end_user=c1", vec![1, 4]),
        ("tag=a", vec![2, 1, 8]),
        ("session_id=s", vec![2, 1]),
        ("model_id=d-sonnet&custom_llm_provider=anthropic&user_id=igor", vec![8]),
        ("status_filter=failure", vec![4, 16]),
        ("status_filter=success&cache_hit_filter=miss", vec![2, 1, 8, 32]),
        ("cache_hit_filter=hit", vec![0]),
        ("leg_status=interrupted", vec![16]),
        ("search=call-3", vec![8]),
        (&format!("request_id={own}"), vec![16, 32]),
        (&format!("request_id={own}&status_filter=success"), vec![32]),
        (&format!("request_id={own}&page_size=1&page=2"), vec![32]),
        ("request_id=nothing", vec![]),
        ("key_alias=nobody-has-it", vec![]),
    ] {
        for path in ["/spend/logs/v2", "/spend/logs/ui"] {
            let page = get(&place, &format!("{path}?{}", query.replace(' ', "%20"))).await;
            assert_eq!(cents(&page["data"]), expected, "{query}: {page}");
        }
    }
    let page = get(&place, "/spend/logs/v2?page_size=3&page=2").await;
    assert_eq!((&page["total"], &page["total_pages"], &page["page"]), (&json!(7), &json!(3), &json!(2)));
}

#[tokio::test]
async fn days_are_summed_up_or_not() {
    let place = booked().await;
    let days = get(&place, &format!("/spend/logs?{ALL}")).await;
    let first = json!({
        "startTime": "2026-11-16", "spend": 0.48, "users": {"igor": 0}, "models": {"gpt-4o": 0, "sonnet": 0.48},
        hash("igor"): 0, hash("nobody"): 0.48,
    });
    assert_eq!(days[0], first);
    assert_eq!(days.as_array().unwrap().len(), 3);
    assert_eq!((&days[2]["spend"], &days[2]["users"]), (&json!(0.03), &json!({"ines": 0.03})));
    let of_tess = get(&place, &format!("/spend/logs?{ALL}&user_id=tess")).await;
    assert_eq!(
        of_tess,
        json!([{"startTime": "2026-11-17", "spend": 0.04, "users": {"tess": 0.04}, "models": {"gpt-4o": 0.04}, hash("tess"): 0.04}])
    );
    let rows = get(&place, &format!("/spend/logs?{ALL}&summarize=false&api_key={}", key_of("igor"))).await;
    assert_eq!(cents(&rows), [8, 0]);
    assert_eq!(cents(&get(&place, "/spend/logs").await).len(), 7);
    let legs = get(&place, &format!("/spend/logs?request_id={}", request(2, 5))).await;
    assert_eq!(cents(&legs), [16, 32]);
    assert_eq!(legs[1]["metadata"]["reason"], "fallback");
    assert_eq!(get(&place, "/spend/logs?request_id=call-5&user_id=igor").await, json!([]));
    assert_eq!(get(&place, "/spend/logs?start_date=2026-01-01&end_date=2026-01-02").await, json!([]));
}

#[tokio::test]
async fn a_request_and_a_conversation_are_shown() {
    let place = booked().await;
    let request = request(2, 5).to_string();
    for name in [request.as_str(), "call-5"] {
        let shown = get(&place, &format!("/spend/logs/ui/{name}?start_date=2026-11-01%2000:00:00")).await;
        assert_eq!((&shown["request_id"], &shown["spend"]), (&json!(request), &json!(0.16)));
        assert_eq!((&shown["messages"], &shown["response"]), (&json!({}), &json!({})));
        assert_eq!(cents(&shown["legs"]), [16, 32]);
    }
    let page = get(&place, "/spend/logs/session/ui?session_id=s&page_size=1").await;
    assert_eq!((cents(&page["data"]), &page["total"], &page["total_pages"]), (vec![2], &json!(2), &json!(2)));
}

#[tokio::test]
async fn what_makes_no_sense_is_named() {
    let place = booked().await;
    for (path, param) in [
        ("/spend/logs?start_date=soon", "start_date"),
        ("/spend/logs?start_date=2026-11-18&end_date=2026-11-17", "end_date"),
        ("/spend/logs?summarize=perhaps", "summarize"),
        ("/spend/logs/v2?start_date=2026-13-01", "start_date"),
        ("/spend/logs/v2?end_date=1", "end_date"),
        ("/spend/logs/v2?start_date=2026-11-18&end_date=2026-11-17", "end_date"),
        ("/spend/logs/v2?sort_by=colour", "sort_by"),
        ("/spend/logs/v2?sort_order=up", "sort_order"),
        ("/spend/logs/v2?status_filter=x", "status_filter"),
        ("/spend/logs/v2?leg_status=x", "leg_status"),
        ("/spend/logs/v2?leg_status=failed&status_filter=success", "leg_status"),
        ("/spend/logs/v2?cache_hit_filter=x", "cache_hit_filter"),
        ("/spend/logs/v2?min_spend=much", "min_spend"),
        ("/spend/logs/v2?max_spend=much", "max_spend"),
        ("/spend/logs/v2?model=a&model_group=b", "model_group"),
        ("/spend/logs/v2?page=0", "page"),
        ("/spend/logs/v2?page_size=1001", "page_size"),
        ("/spend/logs/session/ui", "session_id"),
    ] {
        let told = place.refusal(MASTER, "GET", path, &Value::Null).await;
        assert_eq!((told.0, told.2.as_deref()), (400, Some(param)), "{path}");
    }
    let told = place.refusal(MASTER, "GET", "/spend/logs/ui/gone", &Value::Null).await;
    assert_eq!((told.0, told.1.as_deref()), (404, Some("not_found")));
    let ignored = place.ignored(MASTER, "GET", "/spend/logs/v2?colour=red", &Value::Null).await;
    assert_eq!(ignored.as_deref(), Some("colour"));
}
