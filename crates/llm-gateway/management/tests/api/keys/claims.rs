//! Keys that stand for tokens.

use llm_tenancy::KeyHash;
use serde_json::{Value, json};

use super::{info, made};
use crate::office::{MASTER, Place};

const NEW: &str = "/jwt/key/mapping/new";
const UPDATE: &str = "/jwt/key/mapping/update";

#[tokio::test]
async fn a_claims_value_leads_to_one_key() {
    let place = Place::new().await;
    let (first, _) = made(&place, &json!({"key_alias": "first"})).await;
    let (second, _) = made(&place, &json!({"key_alias": "second"})).await;
    let body = json!({"jwt_claim_name": "azp", "jwt_claim_value": "app", "key": first, "description": "d"});
    let mapping = place.master("POST", NEW, &body).await;
    let id = KeyHash::of(&first).to_string();
    for (member, value) in [
        ("id", json!(id)),
        ("jwt_claim_name", json!("azp")),
        ("jwt_claim_value", json!("app")),
        ("description", json!("d")),
        ("is_active", json!(true)),
    ] {
        assert_eq!(mapping[member], value, "{member}");
    }
    assert!(!mapping.to_string().contains(&first), "no text of a key is told: {mapping}");
    let shown = format!("/jwt/key/mapping/info?id={id}");
    assert_eq!(place.master("GET", &shown, &Value::Null).await, mapping);
    // A value leads to one key, and a key stands for one value.
    for (value, key) in [("app", &second), ("other", &first)] {
        let body = json!({"jwt_claim_name": "azp", "jwt_claim_value": value, "key": key});
        assert_eq!(place.refusal(MASTER, "POST", NEW, &body).await.0, 409, "{value}");
    }
    for (body, param) in [
        (json!({"jwt_claim_name": "azp", "key": second}), "jwt_claim_value"),
        (json!({"jwt_claim_name": "", "jwt_claim_value": "x", "key": second}), "jwt_claim_name"),
    ] {
        assert_eq!(place.refusal(MASTER, "POST", NEW, &body).await.2.as_deref(), Some(param));
    }

    // It moves to another key, with what is not said again, and goes with neither text nor change of a key.
    let moved = place.master("POST", UPDATE, &json!({"id": id, "key": second, "is_active": false})).await;
    let id = KeyHash::of(&second).to_string();
    assert_eq!(
        (&moved["id"], &moved["jwt_claim_value"], &moved["is_active"], &moved["description"]),
        (&json!(id), &json!("app"), &json!(false), &json!("d"))
    );
    assert_eq!(place.refusal(MASTER, "GET", &shown, &Value::Null).await.0, 404);
    let next = place.master("POST", &format!("/key/{second}/regenerate"), &Value::Null).await;
    place.master("POST", "/key/update", &json!({"key": next["key"], "max_budget": 1})).await;
    let list = place.master("GET", "/jwt/key/mapping/list", &Value::Null).await;
    assert_eq!((&list["total"], &list["mappings"][0]["id"]), (&json!(1), &next["token_id"]));

    let gone = place.master("POST", "/jwt/key/mapping/delete", &json!({"id": next["token_id"]})).await;
    assert_eq!(gone, json!({"status": "success"}));
    assert_eq!(info(&place, next["key"].as_str().unwrap()).await["key_alias"], "second", "the key stays");
    let list = place.master("GET", "/jwt/key/mapping/list", &Value::Null).await;
    assert_eq!((&list["total"], &list["mappings"]), (&json!(0), &json!([])));
}
