//! Texts of every kind, as ids and as names.

use llm_store::{Field, Filter, Query, StoreError};
use llm_tenancy::{Kind, Team};

use crate::bench::{ALL, Bench, by, key, team};

const TEXTS: &[&str] = &[
    "plain",
    "with spaces and 'quotes' and \"more\"",
    "'; DROP TABLE teams; --",
    "\\' OR 1=1 -- \\",
    "%_!*?",
    "Ünïcödé 团队 команда 🔑👩‍👩‍👧",
    "e\u{301} and \u{e9} differ",
    "tab\tline\nreturn\r\u{7f}\u{1}",
    "a/b:c;d,e?f=g&h#i",
    "$1 ? :name @var {0} {{x}} ${y}",
    "null",
    "0",
];

pub(crate) async fn texts_come_back_as_they_were(bench: &Bench) {
    let store = bench.open().await;
    let longest = "é".repeat(255);
    for text in TEXTS.iter().copied().chain([longest.as_str()]) {
        let mut made = team(text);
        made.team_alias = Some(text.to_owned());
        made.tags = vec![text.to_owned()];
        store.create(&made, &by(text)).await.unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert_eq!(store.get::<Team>(&text.into(), &ALL).await.unwrap().value, made);
        for filter in
            [Filter::Is(Field::Alias, text.to_owned()), Filter::Holds(Field::Alias, text.to_owned())]
        {
            // What some databases fold and others do not.
            if matches!(filter, Filter::Holds(..)) && !text.is_ascii() {
                continue;
            }
            let query = Query { filters: vec![filter.clone()], ..Query::default() };
            let found = store.list::<Team>(&query, &ALL).await.unwrap().records;
            let ids: Vec<_> = found.iter().map(|found| found.value.team_id.as_str()).collect();
            assert!(ids.contains(&text), "{filter:?}: {ids:?}");
            assert!(matches!(filter, Filter::Holds(..)) || ids == [text], "{filter:?}: {ids:?}");
        }
    }
    assert_eq!(store.count::<Team>(&[], &ALL).await.unwrap(), TEXTS.len() as u64 + 1);
    let wild = Query { filters: vec![Filter::Holds(Field::Alias, "%".to_owned())], ..Query::default() };
    assert_eq!(store.list::<Team>(&wild, &ALL).await.unwrap().records.len(), 1, "no wildcard");
}

/// Databases that fold case, accents or trailing spaces would find one team for another.
pub(crate) async fn ids_differ_by_every_byte(bench: &Bench) {
    let store = bench.open().await;
    let ids = ["team", "Team", "TEAM", "team ", " team", "téam", "te\u{301}am", "ｔｅａｍ", "team\u{200b}"];
    for id in ids {
        let mut made = team(id);
        made.team_alias = Some(id.to_owned());
        store.create(&made, &by("anna")).await.unwrap_or_else(|error| panic!("{id:?}: {error}"));
    }
    for id in ids {
        let found = store.get::<Team>(&id.into(), &ALL).await.unwrap().value;
        assert_eq!(found.team_alias.as_deref(), Some(id));
        let count = store.count::<Team>(&[Filter::Is(Field::Alias, id.to_owned())], &ALL).await.unwrap();
        assert_eq!(count, 1, "{id:?}");
    }
    for id in ["teaM", "team  ", "tEam", ""] {
        assert_eq!(store.find::<Team>(&id.into(), &ALL).await.unwrap(), None, "{id:?}");
    }
    for (at, alias) in ["ci", "CI", "ci "].into_iter().enumerate() {
        let mut made = key(&format!("sk-{at}"));
        made.key_alias = Some(alias.to_owned());
        store.create(&made, &by("anna")).await.unwrap_or_else(|error| panic!("{alias:?}: {error}"));
    }
}

pub(crate) async fn texts_that_do_not_fit_are_refused(bench: &Bench) {
    let store = bench.open().await;
    let long = "x".repeat(256);
    for text in ["nul\0", "\0", long.as_str()] {
        let mut named = team("t1");
        named.team_alias = Some(text.to_owned());
        let mut noted = team("t1");
        noted.metadata.insert("note".to_owned(), "\0".into());
        for made in [team(text), named, noted] {
            let refused = store.create(&made, &by("anna")).await;
            assert!(matches!(refused, Err(StoreError::Invalid(_))), "{text:?}: {refused:?}");
        }
        assert_eq!(store.find::<Team>(&text.into(), &ALL).await.unwrap(), None);
        let gone = store.delete::<Team>(&[text.into()], &ALL, &by("anna")).await;
        assert_eq!(gone.err(), Some(StoreError::NotFound(Kind::Team)));
        assert_eq!(store.find_deleted::<Team>(&text.into()).await.unwrap(), None);
    }
    let nul = Query { filters: vec![Filter::Is(Field::Alias, "\0".to_owned())], ..Query::default() };
    assert!(matches!(store.list::<Team>(&nul, &ALL).await, Err(StoreError::Invalid(_))));
    // The author's name is not the record's: it does not keep anybody from changing something.
    store.create(&team("t1"), &by(&format!("{long}\0"))).await.unwrap();
}
