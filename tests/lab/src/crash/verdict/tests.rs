//! Each way in which a ledger can be wrong is seen.

use super::*;
use crate::books::Sum;

fn leg(name: &str, outcome: &str) -> Served {
    Served {
        name: name.to_owned(),
        status: 200,
        outcome: outcome.to_owned(),
        is_stream: true,
        prompt_tokens: 10,
        completion_tokens: 5,
        produced_tokens: 5,
    }
}

fn entry(name: &str, number: i64, status: &str, nanos: i64) -> Entry {
    Entry {
        name: name.to_owned(),
        leg: (name.to_owned(), number),
        status: status.to_owned(),
        prompt_tokens: 10,
        completion_tokens: 5,
        nanos,
    }
}

fn heard(name: &str, is_whole: bool) -> Heard {
    Heard { name: name.to_owned(), status: 200, is_whole }
}

fn wrong(told: &[Heard], served: &[Served], entries: Vec<Entry>, forgiven: usize) -> usize {
    Verdict::of(told, served, &Books { entries, ..Books::default() }, forgiven).wrong.len()
}

#[test]
fn what_is_right_is_not_wrong() {
    let served = [
        leg("a", "complete"),
        Served { status: 500, ..leg("b", "complete") },
        leg("b", "complete"),
        leg("c", "client_closed"),
    ];
    let entries = vec![
        entry("a", 0, "answered", 20_000),
        entry("b", 0, "failed", 0),
        entry("b", 1, "answered", 20_000),
        entry("c", 0, "interrupted", 7),
        entry("d", 0, "interrupted", 7),
    ];
    assert_eq!(
        wrong(
            &[heard("a", true), heard("b", true), heard("c", false), heard("d", false)],
            &served,
            entries,
            0
        ),
        0
    );
}

#[test]
fn what_is_missing_doubled_or_of_another_price_is_wrong() {
    let (told, served) = ([heard("a", true)], [leg("a", "complete")]);
    assert_eq!(wrong(&told, &served, vec![], 0), 1);
    assert_eq!(wrong(&told, &served, vec![], 1), 0, "damage explains it");
    assert_eq!(wrong(&told, &served, vec![entry("a", 0, "answered", 19_999)], 1), 1);
    assert_eq!(wrong(&told, &served, vec![entry("a", 0, "interrupted", 1)], 0), 1);
    let twice = vec![entry("a", 0, "answered", 20_000), entry("a", 1, "answered", 20_000)];
    assert_eq!(wrong(&told, &served, twice, 1), 1);
    let same = vec![entry("a", 0, "answered", 20_000), entry("a", 0, "answered", 20_000)];
    assert_eq!(wrong(&told, &served, same, 1), 2);
    assert_eq!(
        wrong(&told, &[Served { status: 500, ..leg("a", "complete") }], vec![entry("a", 0, "failed", 1)], 0),
        1
    );
    assert_eq!(wrong(&told, &[leg("a", "cut")], vec![entry("a", 0, "answered", 20_000)], 0), 1);
}

#[test]
fn sums_by_day_that_differ_are_wrong() {
    let sum = |dimension: &str, nanos| Sum { dimension: dimension.into(), id: "k".into(), entries: 1, nanos };
    let books = Books {
        entries: vec![entry("a", 0, "answered", 20_000)],
        days: vec![sum("key", 20_000), sum("team", 20_001), sum("user", 20_000)],
        sums: vec![sum("key", 20_000), sum("team", 20_000)],
        ..Books::default()
    };
    assert_eq!(Verdict::of(&[heard("a", true)], &[leg("a", "complete")], &books, 0).wrong.len(), 3);
}
