//! Who says where a tenant's models lead.

use http::StatusCode;
use serde_json::{Value, json};

use super::stored;
use crate::office::{INSIDE, MASTER, Place};
use crate::people::{key_of, populated};

fn model(id: &str, base: &str) -> Value {
    json!({
        "model_id": id, "model_name": id, "team_id": "north-team",
        "litellm_params": {"model": "openai/x", "api_key": "sk-own", "api_base": base},
    })
}

/// Whether a tenant is taken to say where a model leads.
async fn is_tenants(place: &Place, id: &str) -> bool {
    stored(place, id).await.is_tenants(None)
}

#[tokio::test]
async fn a_proxy_admin_says_where_a_tenants_model_leads() {
    let place = populated().await;
    let tess = key_of("tess");
    let told = place.refusal(&tess, "POST", "/model/new", &model("m1", INSIDE)).await;
    assert_eq!((told.0, told.2.as_deref()), (400, Some("litellm_params.api_base")));
    place.master("POST", "/model/new", &model("m1", INSIDE)).await;
    assert!(!is_tenants(&place, "m1").await);

    // What does not say where it leads, or says the same, leaves it where it is.
    let patch = |params: Value| json!({"litellm_params": params});
    let path = "/model/m1/update";
    for params in [json!({"rpm": 5}), json!({"api_base": INSIDE, "model": "openai/x", "api_key": "***"})] {
        let (status, changed) = place.ask(&tess, "PATCH", path, &patch(params)).await;
        assert_eq!(status, StatusCode::OK, "{changed}");
        assert!(!is_tenants(&place, "m1").await);
    }
    let (status, _) = place.ask(&tess, "PATCH", path, &patch(json!({"model": "openai/y"}))).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "another model at the same address is the tenant's own wish");
    let elsewhere = patch(json!({"api_base": "https://example.com"}));
    let (status, changed) = place.ask(&tess, "PATCH", path, &elsewhere).await;
    assert_eq!(status, StatusCode::OK, "{changed}");
    assert!(is_tenants(&place, "m1").await);
    assert_eq!(place.refusal(&tess, "PATCH", path, &patch(json!({"api_base": INSIDE}))).await.0, 400);
    // An admin who changes something else has not said where it leads.
    place.master("PATCH", path, &patch(json!({"rpm": 6}))).await;
    assert!(is_tenants(&place, "m1").await);
    place.master("PATCH", path, &patch(json!({"api_base": INSIDE}))).await;
    assert!(!is_tenants(&place, "m1").await);
}

#[tokio::test]
async fn what_a_proxy_admin_has_lent_does_not_go_elsewhere() {
    let place = populated().await;
    let tess = key_of("tess");
    let lent = json!({"credential_name": "shared", "credential_values": {"api_key": "sk-of-the-house"}});
    place.master("POST", "/credentials", &lent).await;
    let made = json!({
        "model_id": "m1", "model_name": "m1", "team_id": "north-team",
        "litellm_params": {"model": "openai/x", "litellm_credential_name": "shared"},
    });
    place.master("POST", "/model/new", &made).await;
    let (status, changed) =
        place.ask(&tess, "PATCH", "/model/m1/update", &json!({"litellm_params": {"rpm": 5}})).await;
    assert_eq!(status, StatusCode::OK, "{changed}");
    for params in [json!({"api_base": "https://elsewhere.example"}), json!({"custom_llm_provider": "groq"})] {
        let told =
            place.refusal(&tess, "PATCH", "/model/m1/update", &json!({"litellm_params": params})).await;
        assert_eq!((told.0, told.2.as_deref()), (400, Some("litellm_params.litellm_credential_name")));
    }
    assert!(!is_tenants(&place, "m1").await);
}

#[tokio::test]
async fn a_tenants_credential_brings_what_a_tenants_model_may_have() {
    let place = populated().await;
    let tess = key_of("tess");
    let credential = |values: Value| json!({"credential_name": "own", "team_id": "north-team", "credential_values": values});
    for (name, value) in
        [("vertex_credentials", "/etc/key.json"), ("aws_profile_name", "admin"), ("mock_response", "x")]
    {
        let told = place.refusal(&tess, "POST", "/credentials", &credential(json!({name: value}))).await;
        assert_eq!((told.0, told.2), (403, Some(format!("credential_values.{name}"))));
    }
    let (status, made) = place
        .ask(&tess, "POST", "/credentials", &credential(json!({"api_key": "k", "api_base": INSIDE})))
        .await;
    assert_eq!(status, StatusCode::OK, "{made}");
    // A model of an admin's with it leads where the tenant says.
    let with = json!({
        "model_id": "m1", "model_name": "m1", "team_id": "north-team",
        "litellm_params": {"model": "openai/x", "api_base": INSIDE, "litellm_credential_name": "own"},
    });
    assert_eq!(place.refusal(MASTER, "POST", "/model/new", &with).await.0, 400);
}
