//! The law: each leg that was intended has exactly one entry after a crash, the one it was settled with if it was.

use std::collections::BTreeMap;

use llm_ledger::{Checkpoint, Entry, Intent, Journal, LegId, Open, Reader, Status};
use llm_types::UnixMs;
use proptest::prelude::*;
use tempfile::TempDir;

use crate::support::{
    Image, answered, id, image, intent, open, options, restore, segments, waiting, written,
};

/// What is done to a journal. Numbers choose among what there is.
#[derive(Debug, Clone)]
enum Step {
    Intend {
        details: usize,
    },
    Checkpoint {
        leg: usize,
        tokens: i64,
    },
    Settle {
        leg: usize,
        details: usize,
    },
    Record,
    Drop {
        leg: usize,
    },
    Sweep,
    Read {
        entries: usize,
    },
    Acknowledge,
    /// The process dies while this is written; so much of it is there, in parts of 1000.
    Crash {
        last: Box<Step>,
        cut: usize,
        truncated: bool,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let write = prop_oneof![
        6 => (0..4_000_usize).prop_map(|details| Step::Intend { details }),
        2 => (any::<usize>(), 0..1_000_i64).prop_map(|(leg, tokens)| Step::Checkpoint { leg, tokens }),
        5 => (any::<usize>(), 0..5_000_usize).prop_map(|(leg, details)| Step::Settle { leg, details }),
        1 => Just(Step::Record),
    ];
    let crash = (write.clone(), 0..=1000_usize, any::<bool>());
    prop_oneof![
        12 => write,
        1 => any::<usize>().prop_map(|leg| Step::Drop { leg }),
        1 => Just(Step::Sweep),
        3 => (1..20_usize).prop_map(|entries| Step::Read { entries }),
        2 => Just(Step::Acknowledge),
        2 => crash.prop_map(|(last, cut, truncated)| Step::Crash { last: last.into(), cut, truncated }),
    ]
}

/// A leg that is open.
#[derive(Debug)]
struct Leg {
    intent: Intent,
    checkpoint: Option<Checkpoint>,
    /// Nothing, if it was dropped.
    token: Option<Open>,
}

/// A journal, and what must be true of it.
struct World {
    folder: TempDir,
    journal: Journal,
    reader: Reader,
    open: BTreeMap<LegId, Leg>,
    /// Entries that were not acknowledged, as they must be read.
    waiting: BTreeMap<LegId, Entry>,
    /// Of those, read by the reader that is there.
    read: Vec<LegId>,
    position: llm_ledger::Position,
    next: u32,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let journal = open(folder.path());
        Self {
            reader: journal.reader(),
            folder,
            journal,
            open: BTreeMap::new(),
            waiting: BTreeMap::new(),
            read: Vec::new(),
            position: llm_ledger::Position::default(),
            next: 0,
        }
    }

    fn choose(&self, number: usize) -> Option<LegId> {
        let held: Vec<_> =
            self.open.iter().filter(|(_, leg)| leg.token.is_some()).map(|(id, _)| *id).collect();
        held.get(number.checked_rem(held.len())?).copied()
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Intend { details } => {
                let mut intent = intent(self.next);
                self.next += 1;
                intent.entry.details = "x".repeat(*details).into();
                let token = self.journal.intend(&intent).unwrap();
                self.open.insert(token.id(), Leg { intent, checkpoint: None, token: Some(token) });
            }
            Step::Checkpoint { leg, tokens } => {
                let Some(leg) = self.choose(*leg).and_then(|id| self.open.get_mut(&id)) else { return };
                let at = UnixMs(leg.intent.entry.started.0 + tokens);
                if self.journal.checkpoint(leg.token.as_ref().unwrap(), *tokens, at) {
                    let id = leg.intent.entry.id;
                    leg.checkpoint = Some(Checkpoint { id, completion_tokens: *tokens, at });
                }
            }
            Step::Settle { leg, details } => {
                let Some(leg) = self.choose(*leg).and_then(|id| self.open.remove(&id)) else { return };
                let mut entry = answered(&leg.intent);
                entry.details = "y".repeat(*details).into();
                self.journal.settle(leg.token.unwrap(), entry.clone()).unwrap();
                self.waiting.insert(entry.id, entry.bounded().into_owned());
            }
            Step::Record => {
                let entry = Entry { status: Status::CacheHit, ..Entry::new(id(self.next)) };
                self.next += 1;
                self.journal.record(entry.clone()).unwrap();
                self.waiting.insert(entry.id, entry);
            }
            Step::Drop { leg } => {
                if let Some(id) = self.choose(*leg) {
                    self.open.get_mut(&id).unwrap().token = None;
                }
            }
            Step::Sweep => {
                let dropped = self.open.extract_if(.., |_, leg| leg.token.is_none()).map(|(_, leg)| leg);
                let swept: Vec<_> = dropped.collect();
                assert_eq!(self.journal.state().dropped, swept.len() as u64);
                assert_eq!(self.journal.sweep().unwrap(), swept.len());
                self.waiting.extend(swept.iter().map(interrupted));
            }
            Step::Read { entries } => {
                let batch = self.reader.next_batch(*entries, usize::MAX).unwrap();
                assert!(batch.entries.len() <= *entries);
                assert_eq!(batch.damaged, []);
                for entry in batch.entries {
                    assert!(!self.read.contains(&entry.id), "read twice");
                    self.read.push(entry.id);
                    assert_eq!(Some(&*entry), self.waiting.get(&entry.id));
                }
                self.position = batch.position;
            }
            Step::Acknowledge => {
                self.journal.acknowledge(&self.position).unwrap();
                self.waiting.retain(|id, _| !self.read.contains(id));
            }
            Step::Crash { last, cut, truncated } => self.crash(last, *cut, *truncated),
        }
        let state = self.journal.state();
        assert_eq!(state.open, self.open.len() as u64);
        assert_eq!(state.unacknowledged, self.waiting.len() as u64);
    }

    /// Does a last thing, and dies while it is written.
    fn crash(&mut self, last: &Step, cut: usize, truncated: bool) {
        let before = image(self.folder.path());
        let known =
            (self.waiting.clone(), self.open.iter().map(|(id, leg)| (*id, interrupted(leg).1)).collect());
        self.step(last);
        let mut after = image(self.folder.path());
        let (mut waiting, mut open): (BTreeMap<_, _>, BTreeMap<_, _>) =
            (self.waiting.clone(), self.open.iter().map(|(id, leg)| (*id, interrupted(leg).1)).collect());
        let mut torn = 0;
        if let Some((name, range)) = written(&before, &after) {
            let place = range.start + range.len() * cut / 1000;
            if place < range.end {
                (waiting, open) = known;
                torn = u64::from(place > range.start);
                after = cut_at(after, &name, place, truncated);
            }
        }
        let folder = tempfile::tempdir().unwrap();
        restore(&after, folder.path());
        let (journal, recovered) = Journal::open(options(folder.path())).unwrap();
        assert_eq!(recovered.damaged, []);
        assert_eq!(recovered.interrupted, open.len() as u64);
        assert!(recovered.torn <= torn);
        waiting.append(&mut open);
        assert_eq!(crate::support::waiting(&journal), waiting);
        let next = self.next;
        *self = Self { reader: journal.reader(), folder, journal, waiting, next, ..Self::new() };
    }
}

fn interrupted(leg: &Leg) -> (LegId, Entry) {
    (leg.intent.entry.id, leg.intent.interrupted(leg.checkpoint.as_ref()))
}

/// A file of which nothing past a place was written.
fn cut_at(mut image: Image, name: &std::path::Path, place: usize, truncated: bool) -> Image {
    let bytes = image.get_mut(name).unwrap();
    let length = bytes.len();
    bytes.truncate(place);
    if !truncated {
        bytes.resize(length, 0);
    }
    image
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn each_leg_has_one_entry(steps in proptest::collection::vec(step(), 1..120)) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
        }
        world.crash(&Step::Record, 1000, false);
    }
}

/// A journal with two settled legs and three open ones.
fn crashed() -> Image {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let legs: Vec<_> =
        (0..5).map(|number| (intent(number), journal.intend(&intent(number)).unwrap())).collect();
    let mut open = Vec::new();
    for (number, (intent, leg)) in legs.into_iter().enumerate() {
        journal.checkpoint(&leg, 40, UnixMs(1_763_700_001_000));
        if number < 2 {
            journal.settle(leg, answered(&intent)).unwrap();
        } else {
            open.push(leg);
        }
    }
    image(folder.path())
}

#[test]
fn dying_while_it_recovers_it_recovers_again() {
    let before = crashed();
    let folder = tempfile::tempdir().unwrap();
    restore(&before, folder.path());
    let wanted = waiting(&open(folder.path()));
    assert_eq!(wanted.len(), 5);
    let after = image(folder.path());
    let (name, range) = written(&before, &after).unwrap();
    for place in range {
        let folder = tempfile::tempdir().unwrap();
        restore(&cut_at(after.clone(), &name, place, place % 2 == 0), folder.path());
        let journal = open(folder.path());
        assert_eq!(waiting(&journal), wanted, "cut at {place}");
        drop(journal);
        // And once more.
        assert_eq!(waiting(&open(folder.path())), wanted);
    }
}

#[test]
fn a_torn_tail_of_any_length_costs_what_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let first = journal.intend(&intent(1)).unwrap();
    journal.checkpoint(&first, 40, UnixMs(1_763_700_001_000));
    let before = image(folder.path());
    journal.settle(first, answered(&intent(1))).unwrap();
    let after = image(folder.path());
    let (name, range) = written(&before, &after).unwrap();
    for place in range.start + 1..range.end {
        for truncated in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            restore(&cut_at(after.clone(), &name, place, truncated), folder.path());
            let (journal, recovered) = Journal::open(options(folder.path())).unwrap();
            assert_eq!(
                (recovered.torn, recovered.interrupted, recovered.waiting),
                (1, 1, 1),
                "cut at {place}"
            );
            assert_eq!(recovered.damaged, []);
            let entry = &waiting(&journal)[&id(1)];
            assert_eq!((entry.status, entry.tokens.completion), (Status::Interrupted, 40));
            // What is written over it is read again.
            let leg = journal.intend(&intent(2)).unwrap();
            journal.settle(leg, answered(&intent(2))).unwrap();
            drop(journal);
            assert_eq!(waiting(&open(folder.path())).len(), 2);
        }
    }
}

#[test]
fn a_segment_that_was_being_made_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("00000000000000000001.journal.new"), [7; 100]).unwrap();
    std::fs::write(folder.path().join("00000000000000000002.journal"), [0; 4096]).unwrap();
    let journal = open(folder.path());
    let leg = journal.intend(&intent(1)).unwrap();
    journal.settle(leg, answered(&intent(1))).unwrap();
    assert_eq!((segments(folder.path()).len(), waiting(&journal).len()), (1, 1));
    assert_eq!(crate::support::files(folder.path(), "new").len(), 0);
}
