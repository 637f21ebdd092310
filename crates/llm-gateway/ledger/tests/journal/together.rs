//! Records that are written together.

use std::path::Path;

use llm_ledger::{Journal, Record, Status, read_folder};

use crate::support::{answered, id, intent, open, waiting};

/// What a folder's files hold, in their order.
fn written(folder: &Path) -> Vec<String> {
    let mut records = Vec::new();
    let damaged = read_folder(folder, |_, record| {
        records.push(match record {
            Record::Intent(intent) => format!("intent {:?}", intent.entry.id),
            Record::Settlement(entry) => format!("settlement {:?}", entry.id),
            _ => "another".to_owned(),
        });
    });
    assert_eq!(damaged.unwrap(), []);
    records
}

/// The same as a process would find it that follows one which was killed now.
fn after_a_kill(folder: &Path) -> Vec<(u32, Status)> {
    let copy = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    let found = waiting(&open(copy.path()));
    (0..10).filter_map(|number| Some((number, found.get(&id(number))?.status))).collect()
}

#[test]
fn what_waits_is_in_the_file_once_somebody_writes_it() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let first = journal.intend_soon(&intent(1)).unwrap();
    let (before, second) = (journal.mark(), journal.intend_soon(&intent(2)).unwrap());
    let mark = journal.mark();
    assert!(before < mark);
    assert_eq!((journal.is_written(before), journal.is_written(mark)), (None, None));
    assert_eq!((written(folder.path()).len(), after_a_kill(folder.path())), (0, vec![]));

    journal.flush().unwrap();
    assert_eq!((journal.is_written(before), journal.is_written(mark)), (Some(true), Some(true)));
    let intents = [1, 2].map(|number| format!("intent {:?}", id(number)));
    assert_eq!(written(folder.path()), intents);

    journal.settle_soon(first, answered(&intent(1))).unwrap();
    assert_eq!(journal.is_written(journal.mark()), None);
    assert_eq!(after_a_kill(folder.path()), [(1, Status::Interrupted), (2, Status::Interrupted)]);
    // What is written at once comes behind what waits.
    journal.settle(second, answered(&intent(2))).unwrap();
    assert_eq!(journal.is_written(journal.mark()), Some(true));
    let settlements = [1, 2].map(|number| format!("settlement {:?}", id(number)));
    assert_eq!(written(folder.path()), [intents, settlements].concat());
    assert_eq!(after_a_kill(folder.path()), [(1, Status::Answered), (2, Status::Answered)]);
}

#[test]
fn what_is_read_is_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let leg = journal.intend_soon(&intent(3)).unwrap();
    journal.settle_soon(leg, answered(&intent(3))).unwrap();
    let batch = journal.reader().next_batch(10, 10_000).unwrap();
    assert_eq!((batch.entries.len(), journal.is_written(journal.mark())), (1, Some(true)));
    assert_eq!(after_a_kill(folder.path()), [(3, Status::Answered)]);
    journal.acknowledge(&batch.position).unwrap();
    assert_eq!(journal.state().unacknowledged, 0);
}

#[test]
fn what_is_made_lasting_or_swept_is_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let leg = journal.intend_soon(&intent(4)).unwrap();
    assert_eq!(journal.sync().unwrap(), journal.mark());
    assert_eq!(written(folder.path()).len(), 1);
    drop((leg, journal.intend_soon(&intent(5)).unwrap()));
    assert_eq!(journal.sweep().unwrap(), 2);
    assert_eq!(after_a_kill(folder.path()), [(4, Status::Interrupted), (5, Status::Interrupted)]);
}

#[test]
fn many_threads_that_share_writes_lose_nothing() {
    const EACH: u32 = 500;
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let work = |journal: &Journal, first: u32| {
        for number in first..first + EACH {
            let leg = journal.intend_soon(&intent(number)).unwrap();
            let mark = journal.mark();
            if journal.is_written(mark).is_none() {
                journal.flush().unwrap();
            }
            assert_eq!(journal.is_written(mark), Some(true));
            journal.settle_soon(leg, answered(&intent(number))).unwrap();
        }
    };
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let journal = &journal;
            scope.spawn(move || work(journal, thread * EACH));
        }
    });
    assert_eq!(waiting(&journal).len(), 4 * EACH as usize);
    drop(journal);
    assert_eq!(waiting(&open(folder.path())).len(), 4 * EACH as usize);
}
