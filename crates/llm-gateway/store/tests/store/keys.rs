//! Keys by what is presented.

use llm_store::{FoundKey, Store, StoreError};
use llm_tenancy::{AccessGroup, KeyHash, Kind, VirtualKey};
use llm_types::UnixMs;
use serde_json::json;

use crate::bench::{ALL, Bench, NOW, by, key, record, rotate};

const GRACE: UnixMs = UnixMs(NOW.0 + 1_000);

async fn present(store: &Store, text: &str, now: UnixMs) -> Option<FoundKey> {
    store.find_key(&KeyHash::of(text), now).await.unwrap()
}

pub(crate) async fn a_key_is_found_by_its_hash(bench: &Bench) {
    let store = bench.open().await;
    store.create(&key("sk-1"), &by("anna")).await.unwrap();
    let found = present(&store, "sk-1", NOW).await.unwrap();
    assert_eq!((found.key.value, found.former), (key("sk-1"), None));
    for text in ["sk-2", "", "' OR '1'='1", &key("sk-1").hash.to_string()] {
        assert_eq!(present(&store, text, NOW).await, None, "{text}");
    }
}

pub(crate) async fn a_rotated_key_works_by_both(bench: &Bench) {
    let store = bench.open().await;
    let mut made = key("sk-1");
    made.key_alias = Some("ci".to_owned());
    store.create(&made, &by("anna")).await.unwrap();
    let group = json!({"access_group_id": "g1", "access_group_name": "beta", "assigned_keys": [made.hash]});
    store.create(&record::<AccessGroup>(&group), &by("anna")).await.unwrap();

    rotate(&store, "sk-1", "sk-2", Some(GRACE), &by("anna")).await.unwrap();
    let later = UnixMs(GRACE.0 + 1_000);
    rotate(&store, "sk-2", "sk-3", Some(later), &by("anna")).await.unwrap();
    let now = present(&store, "sk-3", NOW).await.unwrap();
    assert_eq!((now.former, now.key.value.rotation.count), (None, 2));
    for (text, until) in [("sk-1", GRACE), ("sk-2", later)] {
        let found = present(&store, text, UnixMs(until.0 - 1)).await.unwrap();
        let former = found.former.unwrap();
        assert_eq!((former.current, former.valid_until), (KeyHash::of("sk-3"), until), "{text}");
        assert_eq!(found.key.value.hash, KeyHash::of("sk-3"));
        assert_eq!(present(&store, text, until).await, None, "{text} after its time");
    }
    let formers = store.former_keys(&KeyHash::of("sk-3"), NOW).await.unwrap();
    assert_eq!(
        formers.iter().map(|former| former.hash).collect::<Vec<_>>(),
        ["sk-2", "sk-1"].map(KeyHash::of)
    );
    let group = store.get::<AccessGroup>(&"g1".into(), &ALL).await.unwrap().value;
    assert_eq!(group.assigned_keys, [KeyHash::of("sk-3")], "it keeps what it had");

    // What once opened this key does not come to open another, and a deleted key is not opened by former texts.
    let taken = Some(StoreError::Taken { kind: Kind::Key, what: "hash" });
    assert_eq!(rotate(&store, "sk-3", "sk-1", Some(later), &by("anna")).await.err(), taken);
    store.delete::<VirtualKey>(&[KeyHash::of("sk-3")], &ALL, &by("anna")).await.unwrap();
    for text in ["sk-1", "sk-2", "sk-3"] {
        assert_eq!(present(&store, text, NOW).await, None, "{text}");
    }
}

pub(crate) async fn a_rotated_key_without_grace_works_by_one(bench: &Bench) {
    let store = bench.open().await;
    store.create_all(&[key("sk-1"), key("sk-9")], &by("anna")).await.unwrap();
    rotate(&store, "sk-1", "sk-2", Some(GRACE), &by("anna")).await.unwrap();
    rotate(&store, "sk-2", "sk-3", None, &by("anna")).await.unwrap();
    for text in ["sk-1", "sk-2"] {
        assert_eq!(present(&store, text, NOW).await, None, "{text}");
    }
    assert!(present(&store, "sk-3", NOW).await.is_some());
    let taken = StoreError::Taken { kind: Kind::Key, what: "id" };
    assert_eq!(rotate(&store, "sk-3", "sk-9", None, &by("anna")).await.err(), Some(taken));
    assert!(matches!(rotate(&store, "sk-3", "sk-3", None, &by("anna")).await, Err(StoreError::Invalid(_))));
    assert_eq!(
        rotate(&store, "sk-1", "sk-4", None, &by("anna")).await.err(),
        Some(StoreError::NotFound(Kind::Key))
    );
}
