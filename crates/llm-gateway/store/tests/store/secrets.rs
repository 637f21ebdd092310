//! Keys for secrets that follow each other.

use llm_store::{Cipher, Place, Store, StoreError};
use llm_tenancy::{Kind, StoredCredential, StoredModel};
use serde_json::json;

use crate::bench::{ALL, Bench, NOW, SEAL, by, record};

const NEXT: &str = "the second key for secrets";

fn place(kind: Kind, id: &str) -> Place<'_> {
    Place { kind, id, name: "api_key" }
}

async fn secrets(store: &Store) -> Result<Vec<String>, StoreError> {
    let model = store.get::<StoredModel>(&"m1".into(), &ALL).await?.value;
    let credential = store.get::<StoredCredential>(&"c1".into(), &ALL).await?.value;
    let model = store.unseal(place(Kind::Model, "m1"), &model.secrets["api_key"])?;
    let credential = store.unseal(place(Kind::Credential, "c1"), &credential.values["api_key"])?;
    Ok(vec![model.to_string(), credential.to_string()])
}

pub(crate) async fn secrets_are_sealed_anew(bench: &Bench) {
    let store = bench.open().await;
    let sealed = store.seal(place(Kind::Model, "m1"), "sk-model").unwrap();
    let model = json!({"model_id": "m1", "model_name": "m", "secrets": {"api_key": sealed}});
    store.create(&record::<StoredModel>(&model), &by("anna")).await.unwrap();
    let held = store.seal(place(Kind::Credential, "c1"), "sk-credential").unwrap();
    let credential = json!({"credential_id": "c1", "credential_name": "c", "values": {"api_key": held}});
    store.create(&record::<StoredCredential>(&credential), &by("anna")).await.unwrap();
    let headers = json!({"Authorization": "Bearer x"});
    let place_of = |name| Place { kind: Kind::Model, id: "m3", name };
    let values = json!({
        "api_key": store.seal_value(place_of("api_key"), &json!("sk-3")).unwrap(),
        "extra_headers": store.seal_value(place_of("extra_headers"), &headers).unwrap(),
    });
    let values = serde_json::from_value(values).unwrap();
    let opened = store.unseal_values(Kind::Model, "m3", &values).unwrap();
    assert_eq!(json!(opened), json!({"api_key": "sk-3", "extra_headers": headers}));
    assert!(store.unseal_values(Kind::Model, "m2", &values).is_err(), "elsewhere they do not open");
    let plain = json!({"model_id": "m2", "model_name": "m"});
    store.create(&record::<StoredModel>(&plain), &by("anna")).await.unwrap();
    assert_eq!(store.reseal(&by("anna")).await.unwrap(), 0, "nothing to do");
    let settings = bench.settings.clone();
    store.close().await;
    drop(store);

    let open = async |keys: &[&str]| Store::open(&settings, Cipher::new(keys).unwrap(), NOW).await.unwrap();
    let both = open(&[NEXT, SEAL]).await;
    assert_eq!(secrets(&both).await.unwrap(), ["sk-model", "sk-credential"]);
    assert_eq!(both.reseal(&by("anna")).await.unwrap(), 2);
    assert_eq!(both.reseal(&by("anna")).await.unwrap(), 0);
    let gone = json!({"model_id": "m3", "model_name": "m", "secrets": {"api_key": sealed}});
    both.create(&record::<StoredModel>(&gone), &by("anna")).await.unwrap();
    both.delete::<StoredModel>(&["m3".into()], &ALL, &by("anna")).await.unwrap();
    let kept = both.find_deleted::<StoredModel>(&"m3".into()).await.unwrap().unwrap();
    assert!(kept.secrets.is_empty(), "what is deleted keeps no secrets");
    both.close().await;
    drop(both);
    let next = open(&[NEXT]).await;
    assert_eq!(secrets(&next).await.unwrap(), ["sk-model", "sk-credential"]);
    next.close().await;
    drop(next);
    let first = open(&[SEAL]).await;
    assert!(matches!(secrets(&first).await, Err(StoreError::Unreadable(_))));
    assert!(matches!(first.reseal(&by("anna")).await, Err(StoreError::Unreadable(_))));
}
