//! Keys by what is presented.

use llm_store::{Batch, Field, Filter, FoundKey, Query, Start, Store, StoreError};
use llm_tenancy::management::Scope;
use llm_tenancy::{AccessGroup, KeyHash, Kind, RotationClaim, Usd, VirtualKey};
use llm_types::UnixMs;
use serde_json::json;

use crate::bench::{ALL, Bench, NOW, by, key, record, rotate, team};

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

pub(crate) async fn one_claims_a_rotation(bench: &Bench) {
    let store = bench.open().await;
    store.create_all(&[key("sk-1"), key("sk-9")], &by("anna")).await.unwrap();
    let (old, later) = (KeyHash::of("sk-1"), UnixMs(NOW.0 + 10));
    let claim = async |text: &str, version: i64| {
        let claim = RotationClaim { hash: KeyHash::of(text), until: later };
        store.claim_rotation(&old, version, claim, GRACE, &by("anna")).await
    };
    assert_eq!(claim("sk-2", 1).await, Ok(()));
    assert_eq!(claim("sk-3", 1).await, Err(StoreError::Changed(Kind::Key)), "whoever comes second");
    for text in ["sk-1", "sk-2", "sk-9"] {
        assert_eq!(claim(text, 2).await, Err(StoreError::Taken { kind: Kind::Key, what: "hash" }), "{text}");
    }
    // Both texts open it from now on: the new one for a while, and then for good.
    let found = present(&store, "sk-2", NOW).await.unwrap();
    assert_eq!((found.key.value.hash, found.former.unwrap().valid_until), (old, GRACE));
    assert_eq!(found.key.value.rotation.claim.unwrap().until, later);
    assert_eq!(present(&store, "sk-2", GRACE).await, None);
    rotate(&store, "sk-1", "sk-2", Some(GRACE), &by("anna")).await.unwrap();
    let now = present(&store, "sk-2", UnixMs(GRACE.0 + 1)).await.unwrap();
    assert_eq!((now.former, now.key.value.rotation.claim), (None, None));
    assert_eq!(present(&store, "sk-1", NOW).await.unwrap().former.unwrap().current, KeyHash::of("sk-2"));
    // A claim that came to nothing does not stand in the way of another text.
    let claim = RotationClaim { hash: KeyHash::of("sk-4"), until: later };
    store.claim_rotation(&KeyHash::of("sk-2"), now.key.version, claim, GRACE, &by("anna")).await.unwrap();
    rotate(&store, "sk-2", "sk-5", Some(GRACE), &by("anna")).await.unwrap();
    for text in ["sk-2", "sk-4", "sk-5"] {
        let found = present(&store, text, NOW).await.unwrap();
        assert_eq!(found.key.value.hash, KeyHash::of("sk-5"), "{text}");
    }
}

/// Whoever looks for it while the key gets it finds the key, at every moment.
pub(crate) async fn the_text_that_a_key_is_given_opens_it_all_the_while(bench: &Bench) {
    let store = bench.open().await;
    store.create(&key("sk-0"), &by("anna")).await.unwrap();
    for turn in 0..40_i64 {
        let (old, new) = (format!("sk-{turn}"), format!("sk-{}", turn + 1));
        let claim = RotationClaim { hash: KeyHash::of(&new), until: GRACE };
        let version = present(&store, &old, NOW).await.unwrap().key.version;
        store.claim_rotation(&KeyHash::of(&old), version, claim, GRACE, &by("anna")).await.unwrap();
        let looks = async || {
            for look in 0..12 {
                assert!(present(&store, &new, NOW).await.is_some(), "turn {turn}, look {look}");
            }
        };
        let rotates = async || rotate(&store, &old, &new, Some(GRACE), &by("anna")).await.unwrap();
        tokio::join!(looks(), looks(), rotates(), looks());
    }
}

pub(crate) async fn a_key_is_named_by_the_text_that_it_is_given(bench: &Bench) {
    let store = bench.open().await;
    store.create_all(&[key("sk-1"), key("sk-9")], &by("anna")).await.unwrap();
    let (old, new) = (KeyHash::of("sk-1"), KeyHash::of("sk-2"));
    let named = async |text: &str, scope: &Scope| {
        store.named_key(&KeyHash::of(text), scope).await.map(|key| key.value.hash)
    };
    let absent = Err(StoreError::NotFound(Kind::Key));
    assert_eq!((named("sk-1", &ALL).await, named("sk-2", &ALL).await), (Ok(old), absent.clone()));
    let claim = RotationClaim { hash: new, until: GRACE };
    store.claim_rotation(&old, 1, claim, GRACE, &by("anna")).await.unwrap();
    for text in ["sk-1", "sk-2"] {
        assert_eq!(named(text, &ALL).await, Ok(old), "{text}");
        assert_eq!(named(text, &Scope::default()).await, absent, "{text} out of reach");
    }
    let all = ["sk-9", "sk-2", "sk-7"].map(KeyHash::of);
    let mut found: Vec<_> = store.named_keys(&all, &ALL).await.unwrap();
    found.sort_by_key(|(name, _)| *name);
    let mut expected = vec![(KeyHash::of("sk-9"), KeyHash::of("sk-9")), (new, old)];
    expected.sort();
    assert_eq!(found.into_iter().map(|(name, key)| (name, key.value.hash)).collect::<Vec<_>>(), expected);
    // Former texts open a key and do not name it: whoever deletes an old text does not mean the key.
    rotate(&store, "sk-1", "sk-2", Some(GRACE), &by("anna")).await.unwrap();
    assert_eq!((named("sk-1", &ALL).await, named("sk-2", &ALL).await), (absent, Ok(new)));
}

pub(crate) async fn keys_that_are_due_are_found(bench: &Bench) {
    let store = bench.open().await;
    let rotating = |text: &str, auto_rotate: bool, next_ms: Option<i64>| {
        let mut key = key(text);
        key.rotation.auto_rotate = auto_rotate;
        key.rotation.rotation_interval = Some("1d".parse().unwrap());
        key.rotation.next_at = next_ms.map(|ms| UnixMs(NOW.0 + ms));
        key
    };
    let mut keys = vec![
        rotating("sk-late", true, Some(20)),
        rotating("sk-early", true, Some(10)),
        rotating("sk-off", false, Some(0)),
    ];
    keys.extend([rotating("sk-never", true, None), rotating("sk-last", true, Some(30))]);
    store.create_all(&keys, &by("anna")).await.unwrap();
    let due = async |ms: i64| -> Vec<KeyHash> {
        let filters = vec![Filter::Below(Field::Rotates, NOW.0 + ms)];
        let query = Query { filters, sort: Field::Rotates, descending: false, ..Query::default() };
        let page = store.list::<VirtualKey>(&query, &ALL).await.unwrap();
        page.records.into_iter().map(|key| key.value.hash).collect()
    };
    let hashes = |texts: &[&str]| texts.iter().map(|text| KeyHash::of(text)).collect::<Vec<_>>();
    assert_eq!(due(10).await, []);
    assert_eq!(due(21).await, hashes(&["sk-early", "sk-late"]), "the one that waits longest first");
    // It follows every change of the key.
    store
        .rotate_key(&KeyHash::of("sk-early"), None, &ALL, &by("anna"), |key| {
            key.hash = KeyHash::of("sk-new");
            key.rotation.happens(NOW);
        })
        .await
        .unwrap();
    store
        .change(&KeyHash::of("sk-off"), &ALL, &by("anna"), |key: &mut VirtualKey| {
            key.rotation.auto_rotate = true;
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
    assert_eq!(due(21).await, hashes(&["sk-off", "sk-late"]));
    let every = Query { sort: Field::Rotates, descending: false, ..Query::default() };
    let every = store.list::<VirtualKey>(&every, &ALL).await.unwrap().records;
    assert_eq!(every.last().unwrap().value.hash, KeyHash::of("sk-never"), "what is never due is last");
    let filled = vec![Filter::Filled(Field::Rotates)];
    assert_eq!(store.count::<VirtualKey>(&filled, &ALL).await.unwrap(), 4);
}

pub(crate) async fn a_batch_rotates_the_version_that_was_read(bench: &Bench) {
    let store = bench.open().await;
    let mut made = key("sk-1");
    made.spending.spend = Usd::from_nanos(7);
    store.create(&made, &by("anna")).await.unwrap();
    let new = VirtualKey { hash: KeyHash::of("sk-2"), blocked: true, ..made.clone() };
    let mut batch = Batch::default();
    batch.rotate_key(&made.hash, 1, &new, Some(GRACE), &ALL);
    batch.set_spend::<VirtualKey>(&new.hash, Usd::from_nanos(5), &ALL);
    store.apply(&batch, &by("ben")).await.unwrap();
    let now = present(&store, "sk-2", NOW).await.unwrap().key;
    assert!(now.value.blocked && now.value.spending.spend == Usd::from_nanos(5) && now.version == 3);
    assert!(present(&store, "sk-1", NOW).await.unwrap().former.is_some());
    let mut stale = Batch::default();
    stale.rotate_key(&new.hash, 1, &key("sk-3"), None, &ALL);
    assert_eq!(store.apply(&stale, &by("ben")).await.err(), Some(StoreError::Changed(Kind::Key)));
}

pub(crate) async fn deleted_keys_are_listed(bench: &Bench) {
    let store = bench.open().await;
    store.create(&team("t1"), &by("anna")).await.unwrap();
    let keys = ["sk-1", "sk-2", "sk-3"].map(|text| {
        let mut key = key(text);
        key.key_alias = Some(format!("alias of {text}"));
        key.user_id = Some("u1".into());
        key.team_id = (text == "sk-2").then(|| "t1".into());
        key
    });
    store.create_all(&keys, &by("anna")).await.unwrap();
    store.delete::<VirtualKey>(&keys.each_ref().map(|key| key.hash), &ALL, &by("ben")).await.unwrap();
    let theirs = Scope { user: Some("u1".into()), ..Scope::default() };
    let of_team = Scope { teams: vec!["t1".into()], ..Scope::default() };
    let alias = vec![Filter::Is(Field::Alias, "alias of sk-3".to_owned())];
    for (filters, scope, found) in [
        (Vec::new(), &*ALL, &["sk-1", "sk-2", "sk-3"][..]),
        (Vec::new(), &theirs, &["sk-1", "sk-3"]),
        (Vec::new(), &of_team, &["sk-2"]),
        (Vec::new(), &Scope::default(), &[]),
        (alias.clone(), &theirs, &["sk-3"]),
        (alias, &of_team, &[]),
    ] {
        let query = Query { filters, size: 2, sort: Field::Created, ..Query::default() };
        let (first, total) = store.list_deleted_keys(&query, scope).await.unwrap();
        let next = Query { from: Start::Page(2), ..query.clone() };
        let (second, _) = store.list_deleted_keys(&next, scope).await.unwrap();
        let mut listed: Vec<_> = first.iter().chain(&second).map(|key| key.hash).collect();
        listed.sort();
        let mut expected: Vec<_> = found.iter().map(|text| KeyHash::of(text)).collect();
        expected.sort();
        assert_eq!((listed, total), (expected, found.len() as u64), "{query:?} {scope:?}");
        assert!(first.iter().all(|key| key.deleted.as_ref().unwrap().by.as_deref() == Some("ben")));
    }
}
