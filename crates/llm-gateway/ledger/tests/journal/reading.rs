//! What is read, in which pieces, and what goes when it is acknowledged.

use std::sync::Arc;

use llm_ledger::{Entry, Journal, JournalOptions, Status};

use crate::support::{SEGMENT, answered, drain, id, intent, open, segments, waiting};

#[test]
fn entries_come_in_the_order_of_their_settlement_and_in_pieces() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let legs: Vec<_> = (0..10).map(|number| (number, journal.intend(&intent(number)).unwrap())).collect();
    let mut size = 0;
    for (number, leg) in legs.into_iter().rev() {
        let before = journal.state().unsynced_bytes;
        journal.settle(leg, answered(&intent(number))).unwrap();
        size = usize::try_from(journal.state().unsynced_bytes - before).unwrap();
    }
    let mut reader = journal.reader();
    let numbers = |entries: &[Arc<Entry>]| -> Vec<_> { entries.iter().map(|entry| entry.id).collect() };
    let first = reader.next_batch(4, usize::MAX).unwrap();
    assert_eq!(numbers(&first.entries), [9, 8, 7, 6].map(id));
    let second = reader.next_batch(100, 2 * size).unwrap();
    assert_eq!(numbers(&second.entries), [5, 4].map(id));
    let third = reader.next_batch(100, 1).unwrap();
    assert_eq!(numbers(&third.entries), [3].map(id), "one at least");

    // Only what is acknowledged is not read again.
    journal.acknowledge(&first.position).unwrap();
    assert_eq!(waiting(&journal).len(), 6);
    journal.acknowledge(&third.position).unwrap();
    journal.acknowledge(&first.position).unwrap();
    assert_eq!(waiting(&journal).len(), 3, "a position from before takes nothing back");
    drop((journal, reader));
    let journal = open(folder.path());
    assert_eq!(waiting(&journal).into_keys().collect::<Vec<_>>(), [0, 1, 2].map(id));
    let mut reader = journal.reader();
    assert_eq!(reader.next_batch(100, usize::MAX).unwrap().entries.len(), 3);
    assert_eq!(reader.next_batch(100, usize::MAX).unwrap().entries.len(), 0);
    journal.record(Entry { status: Status::CacheHit, ..Entry::new(id(77)) }).unwrap();
    assert_eq!(numbers(&reader.next_batch(100, usize::MAX).unwrap().entries), [id(77)]);
}

#[test]
fn a_leg_that_stays_open_keeps_its_segment_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let first = journal.intend(&intent(0)).unwrap();
    let mut number = 1;
    let mut reader = journal.reader();
    while journal.state().segments < 4 {
        let leg = journal.intend(&intent(number)).unwrap();
        journal.settle(leg, answered(&intent(number))).unwrap();
        number += 1;
    }
    let batch = reader.next_batch(usize::MAX, usize::MAX).unwrap();
    assert_eq!(batch.entries.len() as u32, number - 1);
    journal.acknowledge(&batch.position).unwrap();
    assert_eq!((journal.state().segments, journal.state().bytes), (2, 2 * SEGMENT));

    // Its settlement is written where its intent is, and read by who has been there.
    journal.settle(first, answered(&intent(0))).unwrap();
    let batch = reader.next_batch(usize::MAX, usize::MAX).unwrap();
    assert_eq!(batch.entries, [Arc::new(answered(&intent(0)))]);
    journal.acknowledge(&batch.position).unwrap();
    assert_eq!(segments(folder.path()).len(), 1);
    assert_eq!(journal.state().unacknowledged, 0);
}

#[test]
fn what_was_read_and_not_acknowledged_is_read_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    for number in 0..3 {
        let leg = journal.intend(&intent(number)).unwrap();
        journal.settle(leg, answered(&intent(number))).unwrap();
    }
    assert_eq!(journal.reader().next_batch(10, usize::MAX).unwrap().entries.len(), 3);
    drop(journal);
    let journal = open(folder.path());
    assert_eq!(drain(&journal), 3);
    drop(journal);
    let journal = open(folder.path());
    assert_eq!(drain(&journal), 0);
    let numbers: Vec<_> =
        segments(folder.path()).into_iter().map(|path| path.file_stem().unwrap().to_owned()).collect();
    assert_eq!(numbers, ["00000000000000000001"], "the last one goes on");
}

#[test]
fn what_is_past_the_memorys_bound_is_read_from_the_files() {
    const COUNT: u32 = 20_000;
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(JournalOptions::new(folder.path())).unwrap();
    let settle = |numbers: std::ops::Range<u32>| {
        for number in numbers {
            let leg = journal.intend(&intent(number)).unwrap();
            journal.settle(leg, answered(&intent(number))).unwrap();
        }
    };
    let mut reader = journal.reader();
    let mut read = Vec::new();
    let mut next = |most| {
        let batch = reader.next_batch(most, usize::MAX).unwrap();
        assert_eq!(batch.damaged, []);
        journal.acknowledge(&batch.position).unwrap();
        let entries = batch.entries.len();
        read.extend(batch.entries);
        entries
    };
    settle(0..COUNT);
    let kept = journal.recent();
    assert!(kept > 1_000 && kept < COUNT as usize, "{kept}");
    assert_eq!(next(1_000), 1_000);
    // There is room in memory again; what comes now is not the next.
    settle(COUNT..COUNT + 500);
    while next(3_000) > 0 {}
    assert_eq!(journal.recent(), 0);
    settle(COUNT + 500..COUNT + 700);
    assert_eq!((journal.recent(), next(1_000), next(1_000)), (200, 200, 0));
    let wanted: Vec<_> = (0..COUNT + 700).map(|number| Arc::new(answered(&intent(number)))).collect();
    assert!(read == wanted, "each once and in order: {} of {}", read.len(), wanted.len());
    assert_eq!(journal.state().unacknowledged, 0);
}

#[test]
fn two_readers_have_all_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let (mut first, mut second) = (journal.reader(), journal.reader());
    for number in 0..30 {
        let leg = journal.intend(&intent(number)).unwrap();
        journal.settle(leg, answered(&intent(number))).unwrap();
    }
    let all: Vec<_> = (0..30).map(|number| Arc::new(answered(&intent(number)))).collect();
    // The first takes some out of memory, and the second finds them in the files.
    assert_eq!(first.next_batch(10, usize::MAX).unwrap().entries, all[..10]);
    let mut read = Vec::new();
    loop {
        let batch = second.next_batch(7, usize::MAX).unwrap();
        if batch.entries.is_empty() {
            break;
        }
        read.extend(batch.entries);
    }
    assert_eq!(read, all);
    let mut rest = Vec::new();
    while rest.len() < 20 {
        rest.extend(first.next_batch(7, usize::MAX).unwrap().entries);
    }
    assert_eq!(rest, all[10..]);
}
