//! Numbers that come late, never, or far apart.

use super::reader::{Numbered, Reader};
use super::*;

fn change(number: i64) -> Change {
    Change { kind: Kind::Key, id: Some(number.to_string()) }
}

/// Answers a reader as a database would that holds these numbers.
fn poll(reader: &mut Reader, held: &[i64], now: i64) -> Vec<i64> {
    let wanted = reader.wanted();
    let asked = |number: &&i64| **number > wanted.after || wanted.also.contains(number);
    let rows =
        held.iter().filter(asked).map(|number| Numbered { number: *number, change: Some(change(*number)) });
    match reader.take(rows.collect(), UnixMs(now)) {
        News::Of(changes) => {
            changes.iter().map(|change| change.id.as_ref().unwrap().parse().unwrap()).collect()
        }
        News::Everything => vec![-1],
    }
}

#[test]
fn what_comes_late_is_told_once() {
    let mut reader = Reader::start(&[], UnixMs(0));
    assert_eq!(poll(&mut reader, &[1, 3], 0), [1, 3]);
    assert_eq!(poll(&mut reader, &[1, 3], 1), [0; 0]);
    assert_eq!(poll(&mut reader, &[1, 2, 3, 6], 2), [2, 6]);
    assert_eq!(poll(&mut reader, &[1, 2, 3, 4, 5, 6, 7], 3), [4, 5, 7]);
    assert_eq!(poll(&mut reader, &[1, 2, 3, 4, 5, 6, 7], 4), [0; 0]);
    assert_eq!(reader.wanted(), Wanted { after: 7, also: Vec::new() });
}

#[test]
fn what_was_under_way_at_the_start_is_told() {
    let mut reader = Reader::start(&[7, 9], UnixMs(0));
    assert_eq!(reader.wanted(), Wanted { after: 9, also: vec![8] });
    assert_eq!(poll(&mut reader, &[5, 6, 7, 8, 9], 1), [8], "and nothing from before");
}

#[test]
fn what_never_comes_is_given_up() {
    let mut reader = Reader::start(&[], UnixMs(0));
    poll(&mut reader, &[1, 3], 0);
    assert_eq!(reader.wanted().also, [2]);
    poll(&mut reader, &[1, 3], 120_000);
    assert_eq!(reader.wanted().also, [2]);
    poll(&mut reader, &[1, 3], 120_001);
    assert!(reader.wanted().also.is_empty());
}

#[test]
fn a_gulf_is_not_remembered_whole() {
    let mut reader = Reader::start(&[], UnixMs(0));
    poll(&mut reader, &[1, 5_000_000], 0);
    let wanted = reader.wanted();
    assert_eq!((wanted.also.len(), wanted.also[999]), (1_000, 4_999_999));
    poll(&mut reader, &[5_000_010], 1);
    assert_eq!(reader.wanted().also.len(), 1_000, "the newest ones");
}

#[test]
fn what_only_a_newer_version_knows_is_passed_over() {
    let mut reader = Reader::start(&[], UnixMs(0));
    let rows = vec![Numbered { number: 1, change: None }, Numbered { number: 2, change: Some(change(2)) }];
    assert_eq!(reader.take(rows, UnixMs(0)), News::Of(vec![change(2)]));
    assert_eq!(reader.wanted(), Wanted { after: 2, also: Vec::new() });
}

#[test]
fn a_long_pause_is_everything() {
    let mut reader = Reader::start(&[], UnixMs(0));
    assert_eq!(poll(&mut reader, &[1], 600_001), [-1]);
    assert_eq!(poll(&mut reader, &[1, 2], 600_002), [2]);
}

/// Transactions take numbers in order and end in any; every poll in between sees what has ended.
#[test]
fn every_order_of_endings_tells_each_change_once() {
    const COUNT: i64 = 6;
    let mut order: Vec<i64> = (1..=COUNT).collect();
    let mut orders = 0;
    permute(&mut order, 0, &mut |order| {
        let mut reader = Reader::start(&[], UnixMs(0));
        let mut told = Vec::new();
        for ended in 1..=order.len() {
            let mut held = order[..ended].to_vec();
            held.sort_unstable();
            told.extend(poll(&mut reader, &held, 0));
        }
        assert_eq!(told, order, "as they ended");
        orders += 1;
    });
    assert_eq!(orders, 720);
}

fn permute(order: &mut Vec<i64>, from: usize, check: &mut impl FnMut(&[i64])) {
    if from == order.len() {
        return check(order);
    }
    for at in from..order.len() {
        order.swap(from, at);
        permute(order, from + 1, check);
        order.swap(from, at);
    }
}

#[test]
fn members_are_told_by_both_their_ids() {
    let member = Change { kind: Kind::TeamMember, id: Some("5:team1anna".to_owned()) };
    assert_eq!(member.team_member(), Some(("team1".into(), "anna".into())));
    assert_eq!(member.organization_member(), None);
    assert_eq!(Change { kind: Kind::TeamMember, id: None }.team_member(), None);
}
