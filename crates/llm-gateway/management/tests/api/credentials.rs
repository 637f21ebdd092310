//! Credentials.

use http::StatusCode;
use llm_store::{Field, Filter, Query};
use llm_tenancy::management::Scope;
use llm_tenancy::{Kind, StoredCredential};
use serde_json::{Value, json};

use crate::office::{MASTER, Place};
use crate::people::{key_of, populated};

async fn values(place: &Place, name: &str) -> Value {
    let filters = vec![Filter::Is(Field::Name, name.to_owned())];
    let page = place
        .store
        .list::<StoredCredential>(&Query { filters, ..Query::default() }, &Scope::everything())
        .await;
    let it = &page.unwrap().records[0].value;
    json!(place.store.unseal_values(Kind::Credential, it.credential_id.as_str(), &it.values).unwrap())
}

#[tokio::test]
async fn a_credentials_life() {
    let place = Place::new().await;
    let body = json!({
        "credential_name": "open ai", "display_name": "OpenAI",
        "credential_values": {"api_key": "sk-vendor-1", "api_base": "https://example.com", "nothing": null},
        "credential_info": {"custom_llm_provider": "openai"},
    });
    let made = place.master("POST", "/credentials", &body).await;
    assert_eq!(made, json!({"success": true, "message": "Credential created successfully"}));
    assert_eq!(place.refusal(MASTER, "POST", "/credentials", &body).await.0, 409);
    let one = "/credentials/by_name/open%20ai";
    let shown = place.master("GET", one, &Value::Null).await;
    assert_eq!(shown["credential_values"], json!({"api_base": "***", "api_key": "***"}));
    assert_eq!(
        (&shown["display_name"], &shown["credential_info"]["custom_llm_provider"]),
        (&json!("OpenAI"), &json!("openai"))
    );
    let listed = place.master("GET", "/credentials", &Value::Null).await;
    assert_eq!(listed, json!({"success": true, "credentials": [shown]}));
    assert_eq!(
        place.master("GET", "/credentials?search=azure&page=1", &Value::Null).await["credentials"],
        json!([])
    );

    let body = json!({
        "credential_values": {"api_key": "***", "region": "eu"}, "credential_values_to_delete": ["api_base"],
        "credential_info": {"description": "ours"},
    });
    place.master("PATCH", "/credentials/open%20ai", &body).await;
    assert_eq!(values(&place, "open ai").await, json!({"api_key": "sk-vendor-1", "region": "eu"}));
    let shown = place.master("GET", one, &Value::Null).await;
    assert_eq!(shown["credential_info"], json!({"custom_llm_provider": "openai", "description": "ours"}));
    for (body, param) in [
        (json!({"credential_name": "other"}), "credential_name"),
        (
            json!({"credential_values": {"a": "b"}, "credential_values_to_delete": ["a"]}),
            "credential_values_to_delete",
        ),
        (json!({"credential_info": {"api_key": "sk-2"}}), "credential_info.api_key"),
    ] {
        let told = place.refusal(MASTER, "PATCH", "/credentials/open%20ai", &body).await;
        assert_eq!((told.0, told.2.as_deref()), (400, Some(param)), "{body}");
    }
    for (body, param) in [
        (json!({"credential_values": {}}), "credential_name"),
        (json!({"credential_name": "x"}), "credential_values"),
        (json!({"credential_name": "x", "credential_values": {"a": "b"}, "model_id": "m"}), "model_id"),
    ] {
        let told = place.refusal(MASTER, "POST", "/credentials", &body).await;
        assert_eq!((told.0, told.2.as_deref()), (400, Some(param)), "{body}");
    }
    let audit = place.master("GET", "/audit?page_size=100", &Value::Null).await.to_string();
    assert!(!audit.contains("vendor-1"), "{audit}");
    place.master("DELETE", "/credentials/open%20ai", &Value::Null).await;
    assert_eq!(place.refusal(MASTER, "GET", one, &Value::Null).await.0, 404);
    assert_eq!(place.refusal(MASTER, "DELETE", "/credentials/open%20ai", &Value::Null).await.0, 404);
}

#[tokio::test]
async fn a_models_values_become_a_credential() {
    let place = Place::new().await;
    let params = json!({"model": "azure/x", "api_key": "sk-1", "api_base": "https://example.com", "rpm": 3});
    let body = json!({"model_name": "x", "litellm_params": params, "model_id": "m1"});
    place.master("POST", "/model/new", &body).await;
    let shown = place.master("GET", "/credentials/by_model/m1", &Value::Null).await;
    assert_eq!(shown["credential_values"], json!({"api_key": "***", "api_base": "https://example.com"}));
    place.master("POST", "/credentials", &json!({"credential_name": "of-m1", "model_id": "m1"})).await;
    assert_eq!(values(&place, "of-m1").await, json!({"api_key": "sk-1", "api_base": "https://example.com"}));
    assert_eq!(place.refusal(MASTER, "GET", "/credentials/by_model/gone", &Value::Null).await.0, 404);
    let told = place
        .refusal(MASTER, "POST", "/credentials", &json!({"credential_name": "y", "model_id": "gone"}))
        .await;
    assert_eq!(told.0, 404);
}

#[tokio::test]
async fn each_owner_has_names_of_its_own() {
    let place = populated().await;
    let body = |owner: Value| {
        let mut body = json!({"credential_name": "openai", "credential_values": {"api_key": "sk-1"}});
        body.as_object_mut().unwrap().extend(owner.as_object().unwrap().clone());
        body
    };
    let (tess, olga) = (key_of("tess"), key_of("olga"));
    let (status, _) = place.ask(&tess, "POST", "/credentials", &body(json!({"team_id": "north-team"}))).await;
    assert_eq!(status, StatusCode::OK);
    let (status, _) =
        place.ask(&olga, "POST", "/credentials", &body(json!({"organization_id": "north"}))).await;
    assert_eq!(status, StatusCode::OK);
    let by_name = "/credentials/by_name/openai";
    let told = place.refusal(&olga, "GET", by_name, &Value::Null).await;
    assert_eq!((told.0, told.2.as_deref()), (400, Some("team_id")), "which of two is not said");
    let (_, shown) = place.ask(&olga, "GET", &format!("{by_name}?organization_id=north"), &Value::Null).await;
    assert_eq!(shown["organization_id"], "north");
    let (_, shown) = place.ask(&tess, "GET", by_name, &Value::Null).await;
    assert_eq!(shown["team_id"], "north-team");
    place.master("POST", "/credentials", &body(json!({}))).await;
    let shown = place.master("GET", by_name, &Value::Null).await;
    assert_eq!(
        (&shown["team_id"], &shown["organization_id"]),
        (&Value::Null, &Value::Null),
        "everybody's goes first"
    );
    for body in [
        json!({"credential_name": "x", "credential_values": {"api_key": "os.environ/KEY"}, "team_id": "north-team"}),
        json!({"credential_name": "x", "credential_values": {"a": {"b": ["file:/etc/passwd"]}}, "team_id": "north-team"}),
        json!({"credential_name": "x", "credential_values": {"a": "b"}, "credential_info": {"a": "oidc/x"}, "team_id": "north-team"}),
        json!({"credential_name": "x", "credential_values": {"a": "b"}}),
        json!({"credential_name": "x", "credential_values": {"a": "b"}, "organization_id": "north"}),
    ] {
        assert_eq!(place.refusal(&tess, "POST", "/credentials", &body).await.0, 403, "{body}");
    }
}
