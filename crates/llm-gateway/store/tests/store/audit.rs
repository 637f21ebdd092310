//! Who did what.

use llm_store::{AuditQuery, Place, StoreError};
use llm_tenancy::{AuditAction, KeyHash, Kind, StoredCredential, Team, Usd};
use llm_types::UnixMs;
use serde_json::json;

use crate::bench::{ALL, Bench, NOW, by, by_at, key, record, rotate, team};

pub(crate) async fn every_change_is_told(bench: &Bench) {
    let store = bench.open().await;
    let set = |blocked: bool| {
        move |team: &mut Team| {
            team.blocked = blocked;
            Ok::<_, StoreError>(())
        }
    };
    let id = || "t1".into();
    store.create(&team("t1"), &by("anna")).await.unwrap();
    store.change(&id(), &ALL, &by("ben"), set(true)).await.unwrap();
    store.change(&id(), &ALL, &by("ben"), set(false)).await.unwrap();
    let name = |team: &mut Team| {
        team.team_alias = Some("name".to_owned());
        Ok::<_, StoreError>(())
    };
    store.change(&id(), &ALL, &by("ben"), name).await.unwrap();
    store.set_spend::<Team>(&id(), Usd::from_nanos(1_000_000_001), &ALL, &by("ben")).await.unwrap();
    store.delete::<Team>(&[id()], &ALL, &by("carl")).await.unwrap();

    let query = AuditQuery { ascending: true, ..AuditQuery::default() };
    let (records, total) = store.list_audit(&query).await.unwrap();
    assert_eq!(total, 6);
    let mut told: Vec<_> = records
        .iter()
        .map(|record| {
            let side = |document: &Option<llm_tenancy::Document>| json!(document);
            let by = record.actor.user_id.as_ref().unwrap().as_str();
            (record.action, by, side(&record.before), side(&record.after))
        })
        .collect();
    // Records of one millisecond are in no order.
    told.sort_by_key(|(action, by, _, after)| (action.label(), *by, after.to_string()));
    let made = json!({"team_id": "t1", "stamp": team("t1").stamp, "spending": {"spend": "0"}});
    let (action, by, before, after) = &told[1];
    assert_eq!((*action, *by, before), (AuditAction::Created, "anna", &json!(null)));
    assert_eq!(after["team_id"], made["team_id"]);
    assert_eq!(told[0], (AuditAction::Blocked, "ben", json!({}), json!({"blocked": true})));
    assert_eq!((told[2].0, told[2].1, &told[2].3), (AuditAction::Deleted, "carl", &json!(null)));
    assert_eq!(told[2].2["team_alias"], "name");
    assert_eq!(told[3], (AuditAction::Unblocked, "ben", json!({"blocked": true}), json!({})));
    assert_eq!(
        told[4],
        (AuditAction::Updated, "ben", json!({"spend": "0"}), json!({"spend": "1.000000001"}))
    );
    assert_eq!(told[5], (AuditAction::Updated, "ben", json!({}), json!({"team_alias": "name"})));
    let again = store.find_audit(records[0].id.as_str()).await.unwrap();
    assert_eq!(again.as_ref(), Some(&records[0]));
    assert_eq!(store.find_audit("absent").await.unwrap(), None);
}

pub(crate) async fn secrets_are_not_told(bench: &Bench) {
    let store = bench.open().await;
    let place = Place { kind: Kind::Credential, id: "c1", name: "api_key" };
    let sealed = store.seal(place, "sk-vendor-secret").unwrap();
    let credential = json!({"credential_id": "c1", "credential_name": "c", "values": {"api_key": sealed},
        "info": {"slack_token": "xoxb-1"}});
    let by = by("anna");
    store.create(&record::<StoredCredential>(&credential), &by).await.unwrap();
    let other = store.seal(place, "sk-other-secret").unwrap();
    store
        .change::<StoredCredential, StoreError>(&"c1".into(), &ALL, &by, |credential| {
            credential.values.insert("api_key".to_owned(), other.clone());
            Ok(())
        })
        .await
        .unwrap();
    let (records, _) = store.list_audit(&AuditQuery::default()).await.unwrap();
    let told = serde_json::to_string(&records).unwrap();
    for secret in ["sk-vendor-secret", "sk-other-secret", &sealed.text, &other.text, "xoxb-1"] {
        assert!(!told.contains(secret), "{told}");
    }
    assert_eq!(told.matches(r#""api_key":"***""#).count(), 3, "{told}");
}

pub(crate) async fn the_log_is_searched(bench: &Bench) {
    let store = bench.open().await;
    for (number, author) in (0..6).zip(["anna", "ben"].into_iter().cycle()) {
        let by = by_at(author, UnixMs(NOW.0 + number));
        store.create(&team(&format!("t{number}")), &by).await.unwrap();
        store.create(&key(&format!("sk-{number}")), &by).await.unwrap();
    }
    let old = KeyHash::of("sk-0");
    rotate(&store, "sk-0", "sk-9", None, &by_at("ben", UnixMs(NOW.0 + 9))).await.unwrap();
    let all = AuditQuery::default();
    for (query, found) in [
        (all.clone(), 13),
        (AuditQuery { kind: Some(Kind::Team), ..all.clone() }, 6),
        (AuditQuery { changed_by: Some("anna".into()), ..all.clone() }, 6),
        (AuditQuery { kind: Some(Kind::Key), object_id: Some(old.to_string()), ..all.clone() }, 2),
        (AuditQuery { since: Some(UnixMs(NOW.0 + 2)), before: Some(UnixMs(NOW.0 + 4)), ..all.clone() }, 4),
        (AuditQuery { object_id: Some("' OR 1=1 --\0".to_owned()), ..all.clone() }, 0),
    ] {
        let (records, total) = store.list_audit(&query).await.unwrap();
        assert_eq!((records.len(), total), (found, found as u64), "{query:?}");
    }
    let page = AuditQuery { skip: 3, most: 4, ..all };
    let (records, total) = store.list_audit(&page).await.unwrap();
    assert_eq!((records.len(), total), (4, 13));
    assert!(records.is_sorted_by(|a, b| a.at >= b.at), "the last first");
}
