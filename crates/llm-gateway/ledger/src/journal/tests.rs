use std::fs::File;
use std::sync::Arc;

use super::*;
use crate::{LegId, RequestId, Status};

fn intent(number: u32) -> Intent {
    let request: RequestId = format!("019aa2f0-0000-7000-8000-{number:012x}").parse().unwrap();
    let entry = Entry::new(LegId { request, leg: 0 });
    Intent { entry, prompt_tokens: 1, input_rate: 1, output_rate: 1 }
}

fn answered(intent: &Intent) -> Entry {
    Entry { status: Status::Answered, ..intent.entry.clone() }
}

/// Takes the right to write away from all segments, or gives it back.
fn set_writable(journal: &Journal, writable: bool) {
    for live in journal.core().segments.values_mut() {
        let Segment { number, folder, ref path, .. } = *live.segment;
        let file = File::options().read(true).write(writable).open(path).unwrap();
        live.segment = Arc::new(Segment { number, folder, path: path.clone(), file });
    }
}

#[test]
fn what_the_system_does_not_take_is_told_to_whoever_waits_and_keeps_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = JournalOptions::new(folder.path());
    options.segment_bytes = JournalOptions::MIN_SEGMENT_BYTES;
    let (journal, _) = Journal::open(options.clone()).unwrap();
    let first = journal.intend_soon(&intent(1)).unwrap();
    journal.flush().unwrap();
    let good = journal.mark();

    set_writable(&journal, false);
    journal.settle_soon(first, answered(&intent(1))).unwrap();
    let lost = journal.mark();
    assert!(matches!(journal.flush(), Err(JournalError::Io { .. })));
    assert_eq!((journal.is_written(good), journal.is_written(lost)), (Some(true), Some(false)));
    assert_eq!(journal.state().suspect, 1);

    // Others go to another segment. The failure was told once.
    let second = journal.intend_soon(&intent(2)).unwrap();
    let later = journal.mark();
    assert_eq!(journal.is_written(later), None);
    journal.flush().unwrap();
    assert_eq!((journal.is_written(lost), journal.is_written(later)), (Some(false), Some(true)));
    assert_eq!(journal.state().segments, 2);
    journal.settle(second, answered(&intent(2))).unwrap();

    // What was noted down is as true in memory, and gets its place when there is one.
    assert_eq!(journal.reader().next_batch(10, 10_000).unwrap().entries.len(), 2);
    set_writable(&journal, true);
    journal.flush().unwrap();
    drop(journal);
    let (journal, recovered) = Journal::open(options).unwrap();
    assert_eq!((recovered.damaged.len(), recovered.interrupted), (0, 0));
    let entries = journal.reader().next_batch(10, 10_000).unwrap().entries;
    assert_eq!(entries.iter().map(|entry| entry.status).collect::<Vec<_>>(), [Status::Answered; 2]);
}

#[test]
fn legs_whose_intents_the_system_does_not_take_never_were() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(JournalOptions::new(folder.path())).unwrap();
    let asked = journal.intend(&intent(1)).unwrap();
    let state = journal.state();
    set_writable(&journal, false);
    let refused = [2, 3, 4].map(|number| journal.intend_soon(&intent(number)).unwrap());
    journal.settle_soon(asked, answered(&intent(1))).unwrap();
    assert_eq!(journal.state().open, 3);
    assert!(journal.flush().is_err());
    assert_eq!((journal.is_written(journal.mark()), journal.state().open), (Some(false), 0));
    // Whatever is done with them: settled now or soon, or dropped.
    let [second, third, fourth] = refused;
    journal.settle(second, answered(&intent(2))).unwrap();
    journal.settle_soon(third, answered(&intent(3))).unwrap();
    drop(fourth);

    set_writable(&journal, true);
    assert_eq!(journal.sweep().unwrap(), 0);
    assert_eq!((journal.state().open, journal.state().dropped, journal.state().unacknowledged), (0, 0, 1));
    assert_eq!(journal.state().bytes, state.bytes);
    let read = |journal: &Journal| {
        let entries = journal.reader().next_batch(10, 10_000).unwrap().entries;
        entries.iter().map(|entry| (entry.id, entry.status)).collect::<Vec<_>>()
    };
    let kept = [(intent(1).entry.id, Status::Answered)];
    assert_eq!(read(&journal), kept);
    drop(journal);
    let (journal, recovered) = Journal::open(JournalOptions::new(folder.path())).unwrap();
    assert_eq!((recovered.damaged.len(), recovered.interrupted), (0, 0));
    assert_eq!(read(&journal), kept);
}

#[test]
fn an_intent_is_refused_only_where_whoever_waits_for_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(JournalOptions::new(folder.path())).unwrap();
    let first = journal.intend(&intent(1)).unwrap();
    let waiting = journal.intend_soon(&intent(2)).unwrap();
    let mark = journal.mark();
    // Somebody else fails to write, and then the system takes it.
    set_writable(&journal, false);
    assert!(!journal.checkpoint(&first, 1, UnixMs(1)));
    assert_eq!((journal.is_written(mark), journal.state().open), (None, 2));
    set_writable(&journal, true);
    journal.flush().unwrap();
    assert_eq!(journal.is_written(mark), Some(true));

    // As many bytes that fail once more are told once more.
    for (leg, number) in [(first, 1), (waiting, 2)] {
        set_writable(&journal, false);
        journal.settle_soon(leg, answered(&intent(number))).unwrap();
        assert!(journal.flush().is_err());
        assert_eq!(journal.is_written(journal.mark()), Some(false));
        set_writable(&journal, true);
        journal.flush().unwrap();
    }
    let entries = journal.reader().next_batch(10, 10_000).unwrap().entries;
    assert_eq!(entries.iter().map(|entry| entry.status).collect::<Vec<_>>(), [Status::Answered; 2]);
}

#[test]
fn nothing_is_written_behind_a_gap() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(JournalOptions::new(folder.path())).unwrap();
    let legs = [1, 2].map(|number| journal.intend(&intent(number)).unwrap());
    let [first, second] = legs;
    set_writable(&journal, false);
    journal.settle_soon(first, answered(&intent(1))).unwrap();
    assert!(journal.flush().is_err());
    journal.flush().unwrap();
    // Whoever writes at once is told each time, and the leg is settled later.
    assert!(journal.settle(second, answered(&intent(2))).is_err());
    assert_eq!(journal.state().dropped, 1);
    set_writable(&journal, true);
    assert_eq!(journal.sweep().unwrap(), 1);
    let mut damaged = 0;
    let mut settled = Vec::new();
    damaged += read_folder(folder.path(), |_, record| {
        if let Record::Settlement(entry) = record {
            settled.push(entry.status);
        }
    })
    .unwrap()
    .len();
    assert_eq!((damaged, settled), (0, vec![Status::Answered, Status::Interrupted]));
}
