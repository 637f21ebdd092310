//! What is read, in which pieces, and what goes when it is acknowledged.

use llm_ledger::{Entry, Status};

use crate::support::{SEGMENT, answered, drain, id, intent, open, segments, waiting};

#[test]
fn entries_come_in_the_order_of_their_settlement_and_in_pieces() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let legs: Vec<_> = (0..10).map(|number| (number, journal.intend(&intent(number)).unwrap())).collect();
    for (number, leg) in legs.into_iter().rev() {
        journal.settle(leg, &answered(&intent(number))).unwrap();
    }
    let mut reader = journal.reader();
    let numbers = |entries: &[Entry]| -> Vec<_> { entries.iter().map(|entry| entry.id).collect() };
    let first = reader.next_batch(4, usize::MAX).unwrap();
    assert_eq!(numbers(&first.entries), [9, 8, 7, 6].map(id));
    let size = serde_json::to_string(&first.entries[0]).unwrap().len();
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
    journal.record(&Entry { status: Status::CacheHit, ..Entry::new(id(77)) }).unwrap();
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
        journal.settle(leg, &answered(&intent(number))).unwrap();
        number += 1;
    }
    let batch = reader.next_batch(usize::MAX, usize::MAX).unwrap();
    assert_eq!(batch.entries.len() as u32, number - 1);
    journal.acknowledge(&batch.position).unwrap();
    assert_eq!((journal.state().segments, journal.state().bytes), (2, 2 * SEGMENT));

    // Its settlement is written where its intent is, and read by who has been there.
    journal.settle(first, &answered(&intent(0))).unwrap();
    let batch = reader.next_batch(usize::MAX, usize::MAX).unwrap();
    assert_eq!(batch.entries, [answered(&intent(0))]);
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
        journal.settle(leg, &answered(&intent(number))).unwrap();
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
