//! Filters, orders, pages.

use std::collections::BTreeMap;

use llm_store::{Cursor, Field, Filter, Query, Start, Store, StoreError};
use llm_tenancy::management::Scope;
use llm_tenancy::{Organization, Team, TeamMember, Usd, User, VirtualKey};
use llm_types::UnixMs;
use serde_json::json;

use crate::bench::{ALL, Bench, NOW, by, key, record, team, user};

/// Keys that differ in everything; each third has no alias, each second no end.
async fn keys(store: &Store, count: i64) {
    store.create_all(&["t0", "t1"].map(team), &by("anna")).await.unwrap();
    let keys: Vec<_> = (0..count)
        .map(|number| {
            let mut key = key(&format!("sk-{number}"));
            key.key_alias = (number % 3 != 0).then(|| format!("Alias {number:03}"));
            key.expires_at = (number % 2 == 0).then_some(UnixMs(NOW.0 + number));
            key.team_id = Some(format!("t{}", number % 2).into());
            key.blocked = number % 5 == 0;
            key.spending.spend = Usd::from_nanos(number % 7);
            key.stamp.created_at = UnixMs(NOW.0 + number / 4);
            key
        })
        .collect();
    store.create_all(&keys, &by("anna")).await.unwrap();
}

async fn count(store: &Store, filters: &[Filter]) -> u64 {
    store.count::<VirtualKey>(filters, &ALL).await.unwrap()
}

pub(crate) async fn filters_find(bench: &Bench) {
    let store = bench.open().await;
    keys(&store, 60).await;
    let alias = |number: i64| format!("Alias {number:03}");
    let aliases = vec![alias(1), alias(2), "Alias 999".to_owned()];
    for (filter, found) in [
        (Filter::Is(Field::Alias, alias(1)), 1),
        (Filter::Is(Field::Alias, "alias 001".to_owned()), 0),
        (Filter::Among(Field::Alias, aliases), 2),
        (Filter::Among(Field::Alias, Vec::new()), 0),
        (Filter::Holds(Field::Alias, "lIaS 01".to_owned()), 7),
        (Filter::Empty(Field::Alias), 20),
        (Filter::Flag(Field::Blocked, true), 12),
        (Filter::Flag(Field::Blocked, false), 48),
        (Filter::Below(Field::Expires, NOW.0 + 10), 5),
        (Filter::AtLeast(Field::Expires, NOW.0 + 10), 25),
        (Filter::Empty(Field::Expires), 30),
        (Filter::AtLeast(Field::Spend, 6), 8),
        (Filter::Is(Field::Team, "t1".to_owned()), 30),
        (Filter::Any(vec![Filter::Empty(Field::Expires), Filter::AtLeast(Field::Expires, NOW.0 + 10)]), 55),
        (Filter::Is(Field::Creator, "anna".to_owned()), 60),
        (Filter::Is(Field::Creator, "ben".to_owned()), 0),
        (Filter::OfOrganization("o1".to_owned()), 0),
        (Filter::Any(Vec::new()), 0),
    ] {
        assert_eq!(count(&store, std::slice::from_ref(&filter)).await, found, "{filter:?}");
    }
    let organization: Organization = record(&json!({"organization_id": "o1"}));
    store.create(&organization, &by("anna")).await.unwrap();
    let into = |team: &mut Team| {
        team.organization_id = Some("o1".into());
        Ok::<_, StoreError>(())
    };
    store.change(&"t1".into(), &ALL, &by("anna"), into).await.unwrap();
    assert_eq!(count(&store, &[Filter::OfOrganization("o1".to_owned())]).await, 30, "by way of the team");
    let both = [Filter::Is(Field::Team, "t0".to_owned()), Filter::Flag(Field::Blocked, true)];
    assert_eq!(count(&store, &both).await, 6);
    let mut anna = user("u1");
    anna.user_email = Some("Anna@Example.org".to_owned());
    store.create(&anna, &by("anna")).await.unwrap();
    let email = Filter::Is(Field::Email, "anna@example.org".to_owned());
    assert_eq!(store.count::<User>(&[email], &ALL).await.unwrap(), 1);
    let mut other = user("u2");
    other.user_email = Some("ANNA@example.org".to_owned());
    let taken = store.create(&other, &by("anna")).await;
    assert!(matches!(taken, Err(StoreError::Taken { what: "email", .. })), "{taken:?}");
    members_are_found(&store).await;
}

/// Users by what they are in, and how many keys each has.
async fn members_are_found(store: &Store) {
    let member = record::<TeamMember>(&json!({"team_id": "t1", "user_id": "u1"}));
    store.create(&member, &by("anna")).await.unwrap();
    let mut keys = [key("sk-of-u1"), key("sk-of-u1-too")];
    keys.iter_mut().for_each(|key| key.user_id = Some("u1".into()));
    store.create_all(&keys, &by("anna")).await.unwrap();
    let teams = |ids: &[&str]| Filter::InTeams(ids.iter().map(|id| (*id).to_owned()).collect());
    for (filter, found) in [
        (teams(&["t0", "t1"]), 1),
        (teams(&["t0"]), 0),
        (teams(&[]), 0),
        (Filter::InOrganizations(vec!["t1".to_owned()]), 0),
    ] {
        assert_eq!(
            store.count::<User>(std::slice::from_ref(&filter), &ALL).await.unwrap(),
            found,
            "{filter:?}"
        );
    }
    assert_eq!(count(store, &[teams(&["t1"])]).await, 2, "keys, by their users");
    let users = ["u1", "u2"].map(str::to_owned);
    let each = store.count_by::<VirtualKey>(Field::User, &users, &ALL).await.unwrap();
    assert_eq!(each, BTreeMap::from([("u1".to_owned(), 2)]));
    let none = store.count_by::<VirtualKey>(Field::User, &users, &Scope::default()).await.unwrap();
    assert!(none.is_empty(), "what is out of reach is not counted");
    assert!(store.count_by::<VirtualKey>(Field::Spend, &users, &ALL).await.is_err());
}

pub(crate) async fn orders_hold_on_every_page(bench: &Bench) {
    let store = bench.open().await;
    keys(&store, 60).await;
    for sort in [Field::Id, Field::Alias, Field::Expires, Field::Spend, Field::Created, Field::Team] {
        let mut orders = Vec::new();
        for descending in [false, true] {
            let query = Query { sort, descending, size: 60, ..Query::default() };
            let whole = hashes(store.list::<VirtualKey>(&query, &ALL).await.unwrap().records);
            let mut query = Query { size: 7, ..query };
            let (mut by_cursor, mut by_number) = (Vec::new(), Vec::new());
            for number in 1.. {
                query.from = Start::Page(number);
                let page = store.list::<VirtualKey>(&query, &ALL).await.unwrap().records;
                if page.is_empty() {
                    break;
                }
                by_number.extend(hashes(page));
            }
            query.from = Start::Page(1);
            loop {
                let page = store.list::<VirtualKey>(&query, &ALL).await.unwrap();
                by_cursor.extend(hashes(page.records));
                let Some(next) = page.next else { break };
                query.from = Start::After(Cursor::from_text(next.as_str()));
            }
            assert_eq!((&by_number, &by_cursor), (&whole, &whole), "{sort:?} {descending}");
            orders.push(whole);
        }
        orders[1].reverse();
        assert_eq!(orders[0], orders[1], "{sort:?}");
    }
    let query = Query { sort: Field::Expires, descending: false, size: 1, ..Query::default() };
    let first = store.list::<VirtualKey>(&query, &ALL).await.unwrap().records.remove(0);
    assert_eq!(first.value.expires_at, Some(NOW), "what never expires is last");
}

fn hashes(records: Vec<llm_store::Stored<VirtualKey>>) -> Vec<String> {
    records.into_iter().map(|record| record.value.hash.to_string()).collect()
}

pub(crate) async fn pages_stand_still_while_records_come(bench: &Bench) {
    let store = bench.open().await;
    let at = |id: String, created: i64| {
        let mut team = team(&id);
        team.stamp.created_at = UnixMs(created);
        team
    };
    let first: Vec<_> = (0..40).map(|number| at(format!("old {number:02}"), 1_000 + number)).collect();
    store.create_all(&first, &by("anna")).await.unwrap();
    let mut query = Query { size: 6, ..Query::default() };
    let mut seen = Vec::new();
    for round in 0.. {
        let page = store.list::<Team>(&query, &ALL).await.unwrap();
        seen.extend(page.records.iter().map(|record| record.value.team_id.to_string()));
        // Newer ones, which are before all pages, and the ones that were just read, which are gone.
        store.create(&at(format!("new {round}"), 5_000 + round), &by("anna")).await.unwrap();
        let ids: Vec<_> = page.records.into_iter().map(|record| record.value.team_id).collect();
        store.delete::<Team>(&ids, &ALL, &by("anna")).await.unwrap();
        let Some(next) = page.next else { break };
        query.from = Start::After(next);
    }
    let old: Vec<_> = (0..40).rev().map(|number| format!("old {number:02}")).collect();
    assert_eq!(seen, old, "each once");
}

pub(crate) async fn counts_are_of_all_pages(bench: &Bench) {
    let store = bench.open().await;
    keys(&store, 25).await;
    let filters = vec![Filter::Is(Field::Team, "t0".to_owned())];
    let query = Query { filters, size: 10, count: true, ..Query::default() };
    let page = store.list::<VirtualKey>(&query, &ALL).await.unwrap();
    assert_eq!((page.records.len(), page.total), (10, Some(13)));
    let query = Query { from: Start::Page(2), ..query };
    let page = store.list::<VirtualKey>(&query, &ALL).await.unwrap();
    assert_eq!((page.records.len(), page.total, page.next), (3, Some(13), None));
}

pub(crate) async fn counts_are_by_value(bench: &Bench) {
    let store = bench.open().await;
    keys(&store, 25).await;
    let values = ["t0", "t1", "none"].map(str::to_owned);
    let counted = store.count_by::<VirtualKey>(Field::Team, &values, &ALL).await.unwrap();
    assert_eq!(counted, [("t0".to_owned(), 13), ("t1".to_owned(), 12)].into());
    let scope = Scope { teams: vec!["t1".into()], ..Scope::default() };
    let counted = store.count_by::<VirtualKey>(Field::Team, &values, &scope).await.unwrap();
    assert_eq!(counted, [("t1".to_owned(), 12)].into(), "what is out of reach is not counted");
    assert!(store.count_by::<VirtualKey>(Field::Spend, &values, &ALL).await.is_err());
}

pub(crate) async fn what_is_no_query_is_refused(bench: &Bench) {
    let store = bench.open().await;
    let plain = Query::default();
    for query in [
        Query { size: 0, ..plain.clone() },
        Query { size: 1_001, ..plain.clone() },
        Query { from: Start::Page(0), ..plain.clone() },
        Query { from: Start::Page(u64::MAX), ..plain.clone() },
        Query { from: Start::After(Cursor::from_text("x' OR '1'='1")), ..plain.clone() },
        Query { sort: Field::Email, ..plain.clone() },
        Query { sort: Field::Blocked, ..plain.clone() },
        Query { filters: vec![Filter::Is(Field::Email, "x".to_owned())], ..plain.clone() },
    ] {
        let refused = store.list::<Team>(&query, &ALL).await;
        assert!(matches!(refused, Err(StoreError::Invalid(_))), "{query:?}: {refused:?}");
    }
}
