//! Legs one by one: what is cut, what is dropped, what many do at once.

use std::collections::BTreeSet;

use llm_ledger::{Charge, Durability, Entry, Flag, Journal, JournalError, Status};
use llm_types::UnixMs;

use crate::support::{answered, id, intent, open, options, segments, waiting};

#[test]
fn an_entry_past_its_bounds_is_cut_and_flagged() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let mut large = intent(1);
    large.entry.end_user = "ü".repeat(2_000).into();
    let leg = journal.intend(&large).unwrap();
    let mut entry = answered(&large);
    entry.details = "x".repeat(1 << 20).into();
    journal.settle(leg, entry.clone()).unwrap();
    let kept = &waiting(&journal)[&id(1)];
    assert_eq!(*kept, *entry.bounded());
    assert_eq!((kept.end_user.len(), kept.details.len()), (Entry::TEXT_BYTES, 0));
    assert!(kept.flags.has(Flag::Shortened));
}

#[test]
fn an_entry_that_grew_past_its_intent_has_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(folder.path());
    options.max_bytes = options.segment_bytes;
    let (journal, _) = Journal::open(options).unwrap();
    let (legs, _) = crate::full::fill(&journal, 0);
    // Each settled with the longest entry there is, so that nobody leaves anything to the next.
    let charge = |place| Charge { account: format!("usd:30d:tag/{place}").into(), window: i64::MAX };
    let charges: Vec<_> = (0..280).map(charge).collect();
    let mut wanted = Vec::new();
    for (intent, leg) in legs {
        let mut entry = answered(&intent);
        entry.charges.extend(charges.iter().cloned());
        entry.session_id = "s".repeat(Entry::TEXT_BYTES).into();
        journal.settle(leg, entry.clone()).unwrap();
        wanted.push(entry);
    }
    let kept: Vec<_> = waiting(&journal).into_values().collect();
    assert_eq!(kept.len(), wanted.len());
    for (kept, wanted) in kept.iter().zip(&wanted) {
        // What must be there is; the rest is there from the beginning on.
        assert_eq!((kept.id, kept.status, kept.cost), (wanted.id, wanted.status, wanted.cost));
        assert_eq!(kept.charges[..], wanted.charges[..kept.charges.len()]);
        assert_eq!(kept == wanted, !kept.flags.has(Flag::Shortened));
    }
    let shortened = kept.iter().filter(|entry| entry.flags.has(Flag::Shortened)).count();
    assert!(shortened * 2 > kept.len(), "most did not fit as they were: {shortened} of {}", kept.len());
}

#[test]
fn a_leg_that_was_dropped_is_seen_and_swept() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let legs: Vec<_> = (0..4).map(|number| journal.intend(&intent(number)).unwrap()).collect();
    assert!(journal.checkpoint(&legs[1], 300, UnixMs(1_763_700_003_000)));
    assert_eq!(journal.sweep().unwrap(), 0);
    let mut legs = legs.into_iter();
    let kept = legs.next().unwrap();
    drop(legs);
    assert_eq!((journal.state().dropped, journal.state().open), (3, 4));
    assert_eq!(journal.sweep().unwrap(), 3);
    let state = journal.state();
    assert_eq!((state.dropped, state.open, state.unacknowledged), (0, 1, 3));
    let entries = waiting(&journal);
    assert!(!entries.contains_key(&kept.id()), "who is still held is not swept");
    assert_eq!(entries[&id(1)].tokens.completion, 300);
    assert!(entries.values().all(|entry| entry.status == Status::Interrupted));
    journal.settle(kept, answered(&intent(0))).unwrap();
}

#[test]
fn a_leg_of_another_journal_is_refused() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (one, other) = (open(one.path()), open(other.path()));
    let leg = one.intend(&intent(1)).unwrap();
    drop(other.intend(&intent(1)).unwrap());
    let error = other.settle(leg, answered(&intent(1))).unwrap_err();
    assert!(matches!(error, JournalError::Foreign));
    assert_eq!((one.state().dropped, other.state().dropped), (1, 1), "it is missed where it is from");
}

#[test]
fn many_write_while_one_reads() {
    const LEGS: u32 = 600;
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(folder.path());
    options.durability = Durability::Host;
    options.max_bytes = 1 << 30; // whoever reads may be slow
    let (journal, _) = Journal::open(options).unwrap();
    let mut seen = BTreeSet::new();
    let mut read = |reader: &mut llm_ledger::Reader| {
        let batch = reader.next_batch(100, 1 << 20).unwrap();
        assert_eq!(batch.damaged, []);
        for entry in &batch.entries {
            assert!(seen.insert(entry.id), "read twice");
        }
        journal.acknowledge(&batch.position).unwrap();
        batch.entries.len()
    };
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let journal = journal.clone();
                scope.spawn(move || {
                    for number in 0..LEGS {
                        let intent = intent(writer * LEGS + number);
                        let leg = journal.intend(&intent).unwrap();
                        journal.settle(leg, answered(&intent)).unwrap();
                    }
                    let mark = journal.mark();
                    assert!(journal.sync().unwrap() >= mark && journal.synced() >= mark);
                })
            })
            .collect();
        let mut reader = journal.reader();
        while writers.iter().any(|writer| !writer.is_finished()) {
            read(&mut reader);
        }
        while read(&mut reader) > 0 {}
    });
    assert_eq!(seen.len(), 4 * LEGS as usize);
    let state = journal.state();
    assert_eq!((state.open, state.unacknowledged, state.dropped, state.unsynced_bytes), (0, 0, 0, 0));
    assert_eq!(segments(folder.path()).len(), 1, "what is acknowledged is gone");
}

#[test]
fn a_mark_is_passed_when_the_disk_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let leg = journal.intend(&intent(1)).unwrap();
    let first = journal.mark();
    assert!(journal.synced() < first);
    assert_eq!(journal.sync().unwrap(), first);
    assert_eq!((journal.synced(), journal.state().unsynced_bytes), (first, 0));
    journal.settle(leg, answered(&intent(1))).unwrap();
    let second = journal.mark();
    assert!(second > first && journal.synced() == first && journal.state().unsynced_bytes > 0);
    assert_eq!(journal.sync().unwrap(), second);
}
