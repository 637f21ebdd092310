//! Models.

mod inside;

use http::StatusCode;
use llm_tenancy::management::Scope;
use llm_tenancy::{Kind, StoredModel};
use serde_json::{Value, json};

use crate::office::{MASTER, Place};
use crate::people::{key_of, populated};

async fn stored(place: &Place, id: &str) -> StoredModel {
    place.store.get::<StoredModel>(&id.into(), &Scope::everything()).await.unwrap().value
}

#[tokio::test]
async fn a_models_life() {
    let place = Place::new().await;
    let body = json!({
        "model_name": "gpt",
        "litellm_params": {
            "model": "openai/gpt-4o", "api_key": "sk-vendor-1", "api_base": "https://example.com", "rpm": 5,
            "extra_headers": {"X-Token": "t0p"},
        },
        "model_info": {"id": "m1", "colour": "red", "db_model": false},
    });
    let made = place.master("POST", "/model/new", &body).await;
    assert_eq!((&made["model_id"], &made["model_name"]), (&json!("m1"), &json!("gpt")));
    let masked = json!({"model": "openai/gpt-4o", "api_base": "https://example.com", "rpm": 5, "api_key": "***", "extra_headers": "***"});
    assert_eq!(made["litellm_params"], masked);
    assert_eq!(made["model_info"], json!({"colour": "red", "id": "m1", "db_model": true}));
    let record = stored(&place, "m1").await;
    let secrets = place.store.unseal_values(Kind::Model, "m1", &record.secrets).unwrap();
    assert_eq!(json!(secrets), json!({"api_key": "sk-vendor-1", "extra_headers": {"X-Token": "t0p"}}));
    assert!(!serde_json::to_string(&record).unwrap().contains("vendor-1"));
    assert_eq!(place.refusal(MASTER, "POST", "/model/new", &body).await.0, 409);

    // LiteLLM's client says `id`; masks that come back, and null, mean what is there.
    let body = json!({"id": "m1", "litellm_params": {"api_key": "***", "rpm": null, "tpm": 9}, "model_info": {"size": 1}});
    let changed = place.master("POST", "/model/update", &body).await;
    assert_eq!(
        (&changed["litellm_params"]["rpm"], &changed["litellm_params"]["tpm"]),
        (&json!(5), &json!(9))
    );
    assert_eq!(
        (&changed["model_info"]["colour"], &changed["model_info"]["size"]),
        (&json!("red"), &json!(1))
    );
    let secrets = place.store.unseal_values(Kind::Model, "m1", &stored(&place, "m1").await.secrets).unwrap();
    assert_eq!(secrets["api_key"], "sk-vendor-1");
    let body = json!({"model_name": "gpt-4", "litellm_params": {"api_key": "os.environ/KEY"}, "litellm_params_to_remove": ["extra_headers", "tpm"]});
    let changed = place.master("PATCH", "/model/m1/update", &body).await;
    assert_eq!(changed["model_name"], "gpt-4");
    let params = json!({"model": "openai/gpt-4o", "api_base": "https://example.com", "rpm": 5, "api_key": "os.environ/KEY"});
    assert_eq!(changed["litellm_params"], params, "a reference is no secret");
    assert!(stored(&place, "m1").await.secrets.is_empty());

    assert_eq!(place.master("POST", "/model/block", &json!({"model_id": "m1"})).await["blocked"], true);
    assert_eq!(place.master("POST", "/model/unblock", &json!({"model_id": "m1"})).await["blocked"], false);
    let audit = place.master("GET", "/audit?object_id=m1&page_size=100", &Value::Null).await.to_string();
    assert!(!audit.contains("vendor-1") && !audit.contains("t0p"), "{audit}");
    place.master("POST", "/model/delete", &json!({"id": "m1"})).await;
    for (method, path, body) in [
        ("POST", "/model/delete", json!({"id": "m1"})),
        ("POST", "/model/block", json!({"model_id": "m1"})),
        ("POST", "/model/update", json!({"model_info": {"id": "m1"}})),
        ("PATCH", "/model/m1/update", json!({})),
    ] {
        assert_eq!(place.refusal(MASTER, method, path, &body).await.0, 404, "{path}");
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_named() {
    let place = Place::new().await;
    let params = || json!({"model": "openai/gpt-4o"});
    place
        .master(
            "POST",
            "/model/new",
            &json!({"model_name": "x", "litellm_params": params(), "model_id": "m1"}),
        )
        .await;
    for (method, path, body, param) in [
        ("POST", "/model/new", json!({"litellm_params": params()}), "model_name"),
        ("POST", "/model/new", json!({"model_name": "x"}), "litellm_params"),
        ("POST", "/model/new", json!({"model_name": "x", "litellm_params": {}}), "litellm_params.model"),
        (
            "POST",
            "/model/new",
            json!({"model_name": "x", "litellm_params": {"model": 1}}),
            "litellm_params.model",
        ),
        (
            "POST",
            "/model/new",
            json!({"model_name": "x", "litellm_params": {"model": "nowhere/x"}}),
            "litellm_params.model",
        ),
        (
            "POST",
            "/model/new",
            json!({"model_name": "x", "litellm_params": {"model": "y", "api_key": "sk-unfit"}}),
            "litellm_params.api_key",
        ),
        (
            "POST",
            "/model/new",
            json!({"model_name": "x", "litellm_params": params(), "model_info": {"id": 1}}),
            "model_info.id",
        ),
        (
            "POST",
            "/model/new",
            json!({"model_name": "x", "litellm_params": params(), "model_info": {"team_id": 1}}),
            "model_info.team_id",
        ),
        (
            "POST",
            "/model/new",
            json!({"model_name": "x", "litellm_params": {"model": "y", "litellm_credential_name": "gone"}}),
            "litellm_params.litellm_credential_name",
        ),
        (
            "POST",
            "/model/new",
            json!({"model_name": "x", "litellm_params": params(), "model_info": {"api_key": "sk-1"}}),
            "model_info.api_key",
        ),
        ("POST", "/model/update", json!({"litellm_params": {}}), "model_id"),
        (
            "PATCH",
            "/model/m1/update",
            json!({"litellm_params_to_remove": ["model"]}),
            "litellm_params_to_remove",
        ),
        (
            "PATCH",
            "/model/m1/update",
            json!({"litellm_params": {"rpm": 1}, "litellm_params_to_remove": ["rpm"]}),
            "litellm_params_to_remove",
        ),
    ] {
        let told = place.refusal(MASTER, method, path, &body).await;
        assert_eq!((told.0, told.2.as_deref()), (400, Some(param)), "{path} {body}");
    }
    let team = json!({"model_name": "x", "litellm_params": params(), "team_id": "gone"});
    assert_eq!(place.refusal(MASTER, "POST", "/model/new", &team).await.0, 404);
}

#[tokio::test]
async fn tenants_have_models_in_namespaces_of_their_own() {
    let place = populated().await;
    let tess = key_of("tess");
    let params = || json!({"model": "openai/gpt-4o", "api_key": "sk-own", "api_base": "https://example.com"});
    let body = json!({"model_name": "gpt", "litellm_params": params(), "model_info": {"id": "m1", "team_id": "north-team"}});
    let (status, made) = place.ask(&tess, "POST", "/model/new", &body).await;
    assert_eq!(status, StatusCode::OK, "{made}");
    assert_eq!(made["model_name"], "north-team/gpt");
    assert_eq!(made["model_info"]["team_public_model_name"], "gpt");
    // The name does not grow, and neither does what the team may.
    let (_, changed) =
        place.ask(&tess, "PATCH", "/model/m1/update", &json!({"model_name": "north-team/gpt-4"})).await;
    assert_eq!(changed["model_name"], "north-team/gpt-4");
    // An admin of the organisation may add to its teams, and for all of it.
    let olga = key_of("olga");
    for (body, name) in [
        (json!({"model_name": "o", "litellm_params": params(), "team_id": "north-team"}), "north-team/o"),
        (json!({"model_name": "o", "litellm_params": params(), "organization_id": "north"}), "north/o"),
    ] {
        let (status, made) = place.ask(&olga, "POST", "/model/new", &body).await;
        assert_eq!((status, &made["model_name"]), (StatusCode::OK, &json!(name)), "{made}");
    }
    let model = |name: &str, value: Value| {
        let mut body = json!({"model_name": "x", "litellm_params": params(), "team_id": "north-team"});
        body["litellm_params"][name] = value;
        body
    };
    for (body, status) in [
        (json!({"model_name": "x", "litellm_params": params()}), 403),
        (json!({"model_name": "x", "litellm_params": params(), "team_id": "south-team"}), 404),
        (json!({"model_name": "x", "litellm_params": params(), "team_id": "gone"}), 404),
        (json!({"model_name": "x", "litellm_params": params(), "organization_id": "north"}), 403),
        (model("api_key", json!("os.environ/LLM_GATEWAY_MASTER_KEY")), 403),
        (model("api_key", json!("file:/etc/passwd")), 403),
        (model("api_key", json!(" oidc/google/x")), 403),
        (model("extra_headers", json!({"a": ["Bearer os.environ/X"]})), 403),
        (model("aws_profile_name", json!("admin")), 403),
        (model("vertex_credentials", json!("/etc/key.json")), 403),
        (model("api_key", Value::Null), 403),
        (model("litellm_credential_name", json!("shared")), 400),
    ] {
        assert_eq!(place.refusal(&tess, "POST", "/model/new", &body).await.0, status, "{body}");
    }
    // Not even a proxy admin makes a tenant's model read what is the gateway's.
    let mut body = json!({"model_name": "x", "litellm_params": params(), "team_id": "north-team"});
    body["litellm_params"]["api_key"] = json!("os.environ/KEY");
    let told = place.refusal(MASTER, "POST", "/model/new", &body).await;
    assert_eq!((told.0, told.2.as_deref()), (400, Some("litellm_params.api_key")));
    body["team_id"] = Value::Null;
    body["model_id"] = json!("shared");
    place.master("POST", "/model/new", &body).await;
    let told =
        place.refusal(MASTER, "PATCH", "/model/shared/update", &json!({"team_id": "north-team"})).await;
    assert_eq!((told.0, told.2.as_deref()), (400, Some("litellm_params.api_key")));
    // Nobody else has models under a tenant's name.
    let body = json!({"model_name": "north-team/gpt-4", "litellm_params": params()});
    let told = place.refusal(MASTER, "POST", "/model/new", &body).await;
    assert_eq!((told.0, told.2.as_deref()), (409, Some("model_name")));
    // A model that comes to another owner comes to another name, and leaves the reach of the one it had.
    let moved = place.master("PATCH", "/model/m1/update", &json!({"team_id": "south-team"})).await;
    assert_eq!(moved["model_name"], "south-team/gpt-4");
    assert_eq!(place.refusal(&tess, "PATCH", "/model/m1/update", &json!({})).await.0, 404);
}

#[tokio::test]
async fn models_find_credentials_within_their_reach() {
    let place = populated().await;
    for body in [
        json!({"credential_name": "openai", "credential_values": {"api_key": "sk-everybodys"}}),
        json!({"credential_name": "openai", "credential_values": {"api_key": "sk-souths"}, "organization_id": "south"}),
        json!({"credential_name": "unfit", "credential_values": {"api_key": "sk-unfit"}}),
        json!({"credential_name": "own", "credential_values": {"api_key": "sk-own"}, "team_id": "north-team"}),
    ] {
        place.master("POST", "/credentials", &body).await;
    }
    let model = |name: &str, team: Option<&str>| json!({"model_name": "x", "litellm_params": {"model": "openai/x", "litellm_credential_name": name}, "team_id": team});
    let key = async |body: &Value| {
        let made = place.master("POST", "/model/new", body).await;
        let credential = stored(&place, made["model_id"].as_str().unwrap()).await.credential_id.unwrap();
        let it = place
            .store
            .get::<llm_tenancy::StoredCredential>(&credential, &Scope::everything())
            .await
            .unwrap()
            .value;
        place.store.unseal_values(Kind::Credential, it.credential_id.as_str(), &it.values).unwrap()["api_key"]
            .clone()
    };
    assert_eq!(key(&model("openai", None)).await, "sk-everybodys");
    assert_eq!(key(&model("openai", Some("north-team"))).await, "sk-everybodys");
    assert_eq!(key(&model("openai", Some("south-team"))).await, "sk-souths", "the nearest one is meant");
    let told = place.refusal(MASTER, "POST", "/model/new", &model("unfit", None)).await;
    assert_eq!(told.2.as_deref(), Some("litellm_params.api_key"), "what a credential brings is looked at");
    assert_eq!(place.refusal(MASTER, "POST", "/model/new", &model("own", None)).await.0, 400);
    // A tenant means its own credential alone.
    let tess = key_of("tess");
    assert_eq!(place.refusal(&tess, "POST", "/model/new", &model("openai", Some("north-team"))).await.0, 400);
    let (status, made) = place.ask(&tess, "POST", "/model/new", &model("own", Some("north-team"))).await;
    assert_eq!(status, StatusCode::OK, "{made}");
    // And keeps none when it moves.
    let id = made["model_id"].as_str().unwrap();
    let told = place
        .refusal(MASTER, "PATCH", &format!("/model/{id}/update"), &json!({"team_id": "south-team"}))
        .await;
    assert_eq!(told.2.as_deref(), Some("litellm_params.litellm_credential_name"));
    let body = json!({"litellm_params": {"api_key": "sk-1"}, "litellm_params_to_remove": ["litellm_credential_name"]});
    place.ask(&tess, "PATCH", &format!("/model/{id}/update"), &body).await;
    assert_eq!(stored(&place, id).await.credential_id, None);
}
