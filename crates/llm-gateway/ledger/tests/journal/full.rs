//! At its bound a journal takes no more, and settles all that it took.

use std::path::Path;

use llm_ledger::{Entry, FullCause, Intent, Journal, JournalError, JournalOptions, Open, WhenFull};

use crate::support::{SEGMENT, answered, drain, intent, open, options, segments, waiting};

/// As many legs as it takes, and why it takes no more.
pub(crate) fn fill(journal: &Journal, from: u32) -> (Vec<(Intent, Open)>, JournalError) {
    let mut legs = Vec::new();
    for number in from.. {
        let intent = intent(number);
        match journal.intend(&intent) {
            Ok(leg) => legs.push((intent, leg)),
            Err(error) => return (legs, error),
        }
    }
    unreachable!("it is bounded")
}

/// Settles all with the largest entries that there may be of them.
pub(crate) fn settle_all(journal: &Journal, legs: Vec<(Intent, Open)>) -> Vec<Entry> {
    let settle = |(intent, leg): (Intent, Open)| {
        let mut entry = answered(&intent);
        entry.error = "e".repeat(Entry::TEXT_BYTES).into();
        entry.details = "d".repeat(Entry::DETAILS_BYTES).into();
        journal.settle(leg, entry.clone()).unwrap();
        entry
    };
    legs.into_iter().map(settle).collect()
}

fn small(folder: &Path) -> JournalOptions {
    let mut options = options(folder);
    options.max_bytes = 2 * SEGMENT;
    options
}

#[test]
fn what_was_taken_is_settled_at_the_bound() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(small(folder.path())).unwrap();
    let (legs, error) = fill(&journal, 0);
    assert!(matches!(&error, JournalError::Full { cause: FullCause::Bound, .. }), "{error}");
    assert_eq!(
        error.to_string(),
        format!("journal {} is full: its bound is reached", folder.path().display())
    );
    assert!(legs.len() > 60, "room is not wasted: {}", legs.len());
    let state = journal.state();
    assert_eq!((state.is_full, state.refused, state.open), (true, 1, legs.len() as u64));
    assert_eq!((state.bytes, state.max_bytes, state.segments), (2 * SEGMENT, 2 * SEGMENT, 2));

    let settled = settle_all(&journal, legs);
    assert_eq!(waiting(&journal).into_values().collect::<Vec<_>>(), settled, "whole, whatever was tight");
    drop(journal);
    let (journal, recovered) = Journal::open(small(folder.path())).unwrap();
    assert_eq!((recovered.interrupted, recovered.waiting), (0, settled.len() as u64));
    assert_eq!(waiting(&journal).into_values().collect::<Vec<_>>(), settled);
}

#[test]
fn what_was_interrupted_at_the_bound_is_settled() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(small(folder.path())).unwrap();
    let (legs, _) = fill(&journal, 0);
    let wanted: Vec<_> = legs.iter().map(|(intent, _)| intent.interrupted(None)).collect();
    drop((legs, journal));
    let (journal, recovered) = Journal::open(small(folder.path())).unwrap();
    assert_eq!(recovered.interrupted, wanted.len() as u64);
    assert_eq!(waiting(&journal).into_values().collect::<Vec<_>>(), wanted);
    let sizes: Vec<_> = segments(folder.path()).iter().map(|path| path.metadata().unwrap().len()).collect();
    assert_eq!(sizes, [SEGMENT; 2], "nothing was needed beyond what was taken");
}

#[test]
fn it_takes_again_what_was_drained() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(small(folder.path())).unwrap();
    let mut number = 0;
    for _ in 0..5 {
        let (legs, _) = fill(&journal, number);
        number += u32::try_from(legs.len()).unwrap();
        let settled = settle_all(&journal, legs);
        assert!(journal.state().is_full);
        assert_eq!(drain(&journal), settled.len());
        let leg = journal.intend(&intent(number)).unwrap();
        assert!(!journal.state().is_full);
        journal.settle(leg, answered(&intent(number))).unwrap();
        number += 1;
        drain(&journal);
    }
    assert!(segments(folder.path()).len() <= 2);
}

#[test]
fn what_a_settlement_did_not_need_is_used_before_anything_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(small(folder.path())).unwrap();
    let (legs, _) = fill(&journal, 0);
    let first = legs.len();
    for (intent, leg) in legs {
        journal.settle(leg, answered(&intent)).unwrap(); // without details
    }
    let (legs, _) = fill(&journal, 1_000);
    assert!(legs.len() > first / 2, "{first}, then {}", legs.len());
    settle_all(&journal, legs);
}

#[test]
fn checkpoints_never_take_the_room_of_settlements() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(small(folder.path())).unwrap();
    let (legs, _) = fill(&journal, 0);
    let mut written = 0;
    for round in 0..100_i64 {
        for (intent, leg) in &legs {
            written += u32::from(journal.checkpoint(leg, round, intent.entry.started));
        }
    }
    assert!(written > 0 && !journal.checkpoint(&legs[0].1, 1, legs[0].0.entry.started));
    let settled = settle_all(&journal, legs);
    assert_eq!(waiting(&journal).into_values().collect::<Vec<_>>(), settled);
}

#[test]
fn a_second_folder_takes_over_and_is_shown() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut options = small(first.path());
    options.when_full = WhenFull::Overflow { folder: second.path().to_owned(), max_bytes: SEGMENT };
    let (journal, _) = Journal::open(options.clone()).unwrap();
    let (legs, error) = fill(&journal, 0);
    assert!(error.to_string().contains(second.path().to_str().unwrap()), "{error}");
    let state = journal.state();
    assert_eq!((state.is_overflowing, state.overflow_bytes, state.segments), (true, SEGMENT, 3));
    assert_eq!((state.bytes, state.max_bytes), (3 * SEGMENT, 3 * SEGMENT));
    assert_eq!((segments(first.path()).len(), segments(second.path()).len()), (2, 1));
    let settled = settle_all(&journal, legs);
    drop(journal);

    let (journal, recovered) = Journal::open(options).unwrap();
    assert_eq!((recovered.segments, recovered.waiting), (3, settled.len() as u64));
    assert_eq!(waiting(&journal).into_values().collect::<Vec<_>>(), settled);
    assert!(journal.state().is_overflowing);
    // The first folder has room again, so it is turned to.
    drain(&journal);
    let leg = journal.intend(&intent(1)).unwrap();
    journal.settle(leg, answered(&intent(1))).unwrap();
    assert_eq!((segments(first.path()).len(), segments(second.path()).len()), (1, 0));
    assert!(!journal.state().is_overflowing);
}

#[test]
fn options_that_contradict_themselves_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |change: &dyn Fn(&mut JournalOptions)| {
        let mut options = small(folder.path());
        change(&mut options);
        Journal::open(options).unwrap_err().to_string()
    };
    let overflow = |folder: &Path, max_bytes| WhenFull::Overflow { folder: folder.to_owned(), max_bytes };
    assert!(refused(&|options| options.segment_bytes = 1000).ends_with("a segment has at least 256 KiB"));
    assert!(refused(&|options| options.max_bytes = 1000).ends_with("its bound is less than one segment"));
    assert!(
        refused(&|options| options.when_full = overflow(&folder.path().join("b"), 1))
            .ends_with("the bound of its second folder is less than one segment")
    );
    assert!(
        refused(&|options| options.when_full = overflow(folder.path(), SEGMENT))
            .ends_with("its second folder is its first")
    );
}

#[test]
fn a_folder_that_cannot_be_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = Journal::open(options(&file.join("journal"))).unwrap_err().to_string();
    assert!(error.starts_with(file.to_str().unwrap()), "{error}");
    drop(open(folder.path()));
}
