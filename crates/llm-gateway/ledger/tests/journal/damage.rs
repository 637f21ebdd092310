//! A changed byte costs at most the record that it is in, and is told.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;

use llm_ledger::{Checkpoint, Entry, Flag, Journal, LegId, Record, Status, read_folder};
use llm_types::UnixMs;

use crate::support::{
    answered, drain, files, id, image, intent, open, options, restore, segments, waiting, written,
};

/// What a stretch of the segment holds.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Holds {
    Intent(u32),
    Checkpoint(u32),
    Settlement(u32),
}

/// A file's name and bytes, and where each record is in it.
type Written = (PathBuf, Vec<u8>, Vec<(Holds, Range<usize>)>);

/// A segment with three legs, two of them settled.
fn journal() -> Written {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let mut records = Vec::new();
    let mut before = image(folder.path());
    let mut wrote = |holds: Holds| {
        let after = image(folder.path());
        records.push((holds, written(&before, &after).unwrap().1));
        before = after;
    };
    let mut legs = BTreeMap::new();
    for number in 0..3 {
        legs.insert(number, journal.intend(&intent(number)).unwrap());
        wrote(Holds::Intent(number));
        if number > 0 {
            assert!(journal.checkpoint(&legs[&number], 40, UnixMs(1_763_700_001_000)));
            wrote(Holds::Checkpoint(number));
        }
    }
    for number in 0..2 {
        journal.settle(legs.remove(&number).unwrap(), answered(&intent(number))).unwrap();
        wrote(Holds::Settlement(number));
    }
    let (name, bytes) = image(folder.path()).pop_first().unwrap();
    (name, bytes, records)
}

/// What must be read when a record is lost.
fn entries(lost: Option<Holds>) -> BTreeMap<LegId, Entry> {
    let checkpoint = |number| {
        let at = UnixMs(1_763_700_001_000);
        (number > 0 && lost != Some(Holds::Checkpoint(number))).then_some(Checkpoint {
            id: id(number),
            completion_tokens: 40,
            at,
        })
    };
    let entry = |number| {
        if number < 2 && lost != Some(Holds::Settlement(number)) {
            Some(answered(&intent(number)))
        } else if lost == Some(Holds::Intent(number)) {
            None
        } else {
            Some(intent(number).interrupted(checkpoint(number).as_ref()))
        }
    };
    (0..3).filter_map(entry).map(|entry| (entry.id, entry)).collect()
}

#[cfg(unix)]
#[test]
fn a_copy_takes_no_more_space_than_was_written() {
    use std::os::unix::fs::MetadataExt as _;

    let (name, mut bytes, records) = journal();
    let end = records.last().unwrap().1.end;
    bytes.resize(1 << 20, 0);
    bytes[records[0].1.start + 9] ^= 0x40;
    let folder = tempfile::tempdir().unwrap();
    restore(&[(name, bytes.clone())].into(), folder.path());
    let (_journal, recovered) = Journal::open(options(folder.path())).unwrap();
    let copy = recovered.damaged[0].copy.as_ref().unwrap();
    assert_eq!(std::fs::read(copy).unwrap(), bytes);
    let space = std::fs::metadata(copy).unwrap().blocks() * 512;
    assert!(space < end as u64 + (64 << 10), "{space} for {end}");
}

/// Opens a journal in which a record of the segment is damaged, with copies from before that are so many days old.
fn opened_among(ages: &[u64], bounds: (usize, u64)) -> (Vec<String>, Vec<String>) {
    let (name, sound, records) = journal();
    let mut bytes = sound;
    bytes[records[0].1.start + 9] ^= 0x40;
    let folder = tempfile::tempdir().unwrap();
    restore(&[(name, bytes)].into(), folder.path());
    for days in ages {
        let file = std::fs::File::create(folder.path().join(format!("{days}.damaged"))).unwrap();
        std::io::Write::write_all(&mut &file, &[1; 64 << 10]).unwrap();
        let now = file.metadata().unwrap().modified().unwrap();
        file.set_modified(now - std::time::Duration::from_secs(days * 86_400)).unwrap();
    }
    let mut options = options(folder.path());
    (options.max_copies, options.max_copy_bytes) = bounds;
    let (_journal, recovered) = Journal::open(options).unwrap();
    let own = recovered.damaged[0].copy.clone().unwrap();
    let name = |path: PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    assert!(own.exists(), "what is put aside now stays");
    let mut left: Vec<_> = files(folder.path(), "damaged").into_iter().filter(|path| *path != own).collect();
    left.sort();
    let removed = recovered.removed_copies.into_iter();
    (left.into_iter().map(name).collect(), removed.map(name).collect())
}

#[test]
fn the_oldest_copies_go_when_there_are_too_many_or_they_take_too_much() {
    let (left, removed) = opened_among(&[2, 7, 4], (4, 1 << 20));
    assert_eq!((left.join(" "), removed.join(" ")), ("2.damaged 4.damaged 7.damaged".into(), String::new()));
    let (left, removed) = opened_among(&[2, 7, 4], (2, 1 << 20));
    assert_eq!((left.join(" "), removed.join(" ")), ("2.damaged".into(), "7.damaged 4.damaged".into()));
    // Each takes 64 KiB, and the new one a few.
    let (left, removed) = opened_among(&[2, 7, 4], (9, 160 << 10));
    assert_eq!((left.join(" "), removed.join(" ")), ("2.damaged 4.damaged".into(), "7.damaged".into()));
    // Nothing goes at the opening that has put it aside, and has told nobody yet.
    let (left, removed) = opened_among(&[2], (0, 0));
    assert_eq!((left.join(" "), removed.join(" ")), (String::new(), "2.damaged".into()));
    let (left, removed) = opened_among(&[], (0, 0));
    assert_eq!((left.len(), removed.len()), (0, 0));
}

#[test]
fn a_changed_byte_anywhere_costs_one_record_at_most() {
    let (name, sound, records) = journal();
    let end = records.last().unwrap().1.end;
    let folder = tempfile::tempdir().unwrap();
    let mut told = 0;
    for place in 0..end + 24 {
        let change = if place % 2 == 0 { 0x40 } else { 0xff };
        let mut bytes = sound.clone();
        bytes[place] ^= change;
        restore(&[(name.clone(), bytes.clone())].into(), folder.path());
        let (journal, recovered) = Journal::open(options(folder.path())).unwrap();
        let hit = records.iter().find(|(_, range)| range.contains(&place));
        assert_eq!(waiting(&journal), entries(hit.map(|(holds, _)| *holds)), "{place}: {hit:?}");
        match (hit, &*recovered.damaged) {
            (Some((_, range)), [damage]) => {
                let damaged = usize::try_from(damage.offset).unwrap();
                let reach = damaged..damaged + usize::try_from(damage.bytes).unwrap();
                assert!(reach.start <= range.start && reach.end >= range.end && reach.end < range.end + 8);
                let copy = damage.copy.as_ref().unwrap();
                assert_eq!(std::fs::read(copy).unwrap(), bytes, "the copy is what was found");
                told += 1;
            }
            (None, [damage]) if place < 24 => assert_eq!((damage.offset, damage.bytes), (0, 24)),
            // Nothing was there that could be lost.
            (None, _) if place >= end => assert!(recovered.damaged.len() <= 1),
            (None, []) => assert!(place >= 24),
            (hit, damaged) => panic!("{place} in {hit:?}: {damaged:?}"),
        }
        drop(journal);
        // It is told once, and nothing more happens to the entries.
        let journal = open(folder.path());
        assert_eq!(waiting(&journal), entries(hit.map(|(holds, _)| *holds)));
        drop(journal);
        for path in files(folder.path(), "damaged").into_iter().chain(segments(folder.path())) {
            std::fs::remove_file(path).unwrap();
        }
    }
    let lengths: usize = records.iter().map(|(_, range)| range.len()).sum();
    assert_eq!(told, lengths, "each byte of a record is checked");
}

#[test]
fn what_was_acknowledged_stays_so_when_its_neighbours_are_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let leg = journal.intend(&intent(1)).unwrap();
    let still = journal.intend(&intent(2)).unwrap();
    journal.settle(leg, answered(&intent(1))).unwrap();
    assert_eq!(drain(&journal), 1);
    journal.settle(still, answered(&intent(2))).unwrap();
    drop(journal);

    let (name, mut bytes) = image(folder.path()).pop_first().unwrap();
    bytes[140] ^= 0x20; // within the first intent
    restore(&[(name, bytes)].into(), folder.path());
    let (journal, recovered) = Journal::open(options(folder.path())).unwrap();
    assert_eq!((recovered.damaged.len(), recovered.waiting, recovered.interrupted), (1, 1, 0));
    assert_eq!(waiting(&journal).into_values().collect::<Vec<_>>(), [answered(&intent(2))]);
}

#[test]
fn what_is_damaged_under_a_living_journal_is_told_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    for number in 0..3 {
        let before = image(folder.path());
        let leg = journal.intend(&intent(number)).unwrap();
        journal.settle(leg, answered(&intent(number))).unwrap();
        if number == 1 {
            let (name, range) = written(&before, &image(folder.path())).unwrap();
            let mut bytes = std::fs::read(folder.path().join(&name)).unwrap();
            bytes[range.end - 9] ^= 1; // within the settlement
            restore(&[(name, bytes)].into(), folder.path());
        }
    }
    // Nobody looks into the files for what is in memory.
    assert_eq!(journal.reader().next_batch(10, 1 << 20).unwrap().entries.len(), 3);
    let mut reader = journal.reader();
    let batch = reader.next_batch(10, 1 << 20).unwrap();
    assert_eq!(batch.entries.iter().map(|entry| entry.id).collect::<Vec<_>>(), [id(0), id(2)]);
    assert_eq!(batch.damaged.len(), 1);
    journal.acknowledge(&batch.position).unwrap();
    assert_eq!((journal.state().suspect, journal.state().unacknowledged), (1, 1));
    // Other segments are used from now on, and this one stays.
    let leg = journal.intend(&intent(3)).unwrap();
    journal.settle(leg, answered(&intent(3))).unwrap();
    drain(&journal);
    assert_eq!(segments(folder.path()).len(), 2);
    drop((reader, journal));

    let (journal, recovered) = Journal::open(options(folder.path())).unwrap();
    assert_eq!((recovered.damaged.len(), recovered.interrupted), (1, 1));
    let entries: Vec<_> = waiting(&journal).into_values().collect();
    assert_eq!(entries.len(), 1);
    assert_eq!((entries[0].id, entries[0].status), (id(1), Status::Interrupted));
    assert!(entries[0].flags.has(Flag::Estimated));
    assert_eq!(files(folder.path(), "damaged").len(), 1);
}

#[test]
fn a_segment_with_damage_stays_when_all_its_entries_are_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let leg = journal.intend(&intent(1)).unwrap();
    let (name, mut bytes) = image(folder.path()).pop_first().unwrap();
    bytes[150] ^= 1; // within the intent
    restore(&[(name, bytes)].into(), folder.path());
    journal.settle(leg, answered(&intent(1))).unwrap();
    assert_eq!(journal.reader().next_batch(10, 1 << 20).unwrap().damaged, [], "it is in memory");
    let batch = journal.reader().next_batch(10, 1 << 20).unwrap();
    assert_eq!((batch.entries.len(), batch.damaged.len()), (1, 1));
    journal.acknowledge(&batch.position).unwrap();
    // Intents go elsewhere, and nothing else would keep it.
    drop(journal.intend(&intent(2)).unwrap());
    journal.acknowledge(&batch.position).unwrap();
    assert_eq!(segments(folder.path()).len(), 2);
    drop(journal);
    let (_journal, recovered) = Journal::open(options(folder.path())).unwrap();
    assert_eq!((recovered.damaged.len(), recovered.interrupted), (1, 1));
    assert_eq!((files(folder.path(), "damaged").len(), segments(folder.path()).len()), (1, 1));
}

#[test]
fn what_is_written_where_acknowledged_records_were_lost_is_not_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let still = journal.intend(&intent(1)).unwrap();
    let (name, mut lost) = image(folder.path()).pop_first().unwrap();
    let leg = journal.intend(&intent(2)).unwrap();
    journal.settle(leg, answered(&intent(2))).unwrap();
    assert_eq!(drain(&journal), 1);
    // The host dies; of what the disk had not yet, the head is there and records are not.
    let (_, bytes) = image(folder.path()).pop_first().unwrap();
    lost[..128].copy_from_slice(&bytes[..128]);
    drop((still, journal));
    restore(&[(name, lost)].into(), folder.path());
    for _ in 0..2 {
        let entries: Vec<_> = waiting(&open(folder.path())).into_values().collect();
        assert_eq!(entries, [intent(1).interrupted(None)]);
    }
}

#[test]
fn a_folder_is_read_without_being_opened() {
    let (name, mut bytes, records) = journal();
    let folder = tempfile::tempdir().unwrap();
    bytes[records[1].1.start + 20] ^= 1;
    restore(&[(name, bytes)].into(), folder.path());
    let before = image(folder.path());
    let mut seen = Vec::new();
    let damaged = read_folder(folder.path(), |segment, record| {
        assert_eq!(segment, 1);
        seen.push(match record {
            Record::Intent(_) => Holds::Intent(0),
            Record::Checkpoint(_) => Holds::Checkpoint(0),
            Record::Settlement(_) => Holds::Settlement(0),
            _ => panic!("a record of a later version"),
        });
    })
    .unwrap();
    assert_eq!(damaged.len(), 1);
    let (intent, checkpoint, settlement) = (Holds::Intent(0), Holds::Checkpoint(0), Holds::Settlement(0));
    assert_eq!(seen, [intent, checkpoint, intent, checkpoint, settlement, settlement]);
    assert_eq!(image(folder.path()), before, "nothing is changed");
}

#[test]
fn a_later_format_is_refused() {
    let (name, mut bytes, _) = journal();
    bytes[8] = 9;
    let crc = crc32fast::hash(&bytes[..20]);
    bytes[20..24].copy_from_slice(&crc.to_le_bytes());
    let folder = tempfile::tempdir().unwrap();
    restore(&[(name, bytes)].into(), folder.path());
    let error = Journal::open(options(folder.path())).unwrap_err().to_string();
    assert!(error.ends_with("has format 9, which this version does not know"), "{error}");
}

/// A settlement such as a later version may write, framed as this one would.
fn of_a_later_version(payload: &str) -> Vec<u8> {
    let mut frame = u32::try_from(payload.len()).unwrap().to_le_bytes().to_vec();
    frame.extend(crc32fast::hash(payload.as_bytes()).to_le_bytes());
    frame.push(3);
    let check = crc32fast::hash(&frame).to_le_bytes();
    frame.extend(&check[..3]);
    frame.extend(payload.bytes());
    frame.resize(frame.len().next_multiple_of(8), 0);
    frame
}

#[test]
fn what_only_a_later_version_can_read_is_put_aside_and_its_leg_is_not_lost() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let leg = journal.intend(&intent(1)).unwrap();
    let before = image(folder.path());
    journal.settle(leg, answered(&intent(1))).unwrap();
    let mut after = image(folder.path());
    let (name, range) = written(&before, &after).unwrap();
    drop(journal);
    let payload = serde_json::to_string(&answered(&intent(1))).unwrap();
    let payload = payload.replace("answered", "dreamt of");
    let frame = of_a_later_version(&payload);
    after.get_mut(&name).unwrap()[range.start..range.start + frame.len()].copy_from_slice(&frame);
    restore(&after, folder.path());

    let (journal, recovered) = Journal::open(options(folder.path())).unwrap();
    assert_eq!((recovered.damaged.len(), recovered.interrupted, recovered.waiting), (1, 1, 1));
    assert_eq!(waiting(&journal)[&id(1)].status, Status::Interrupted);
    assert_eq!((drain(&journal), journal.state().unacknowledged, journal.state().suspect), (1, 0, 0));
    assert_eq!(image(folder.path()).len(), 1);
    let copies = files(folder.path(), "damaged");
    assert_eq!(std::fs::read(&copies[0]).unwrap(), after[&name]);
    drop(journal);
    assert_eq!(waiting(&open(folder.path())), BTreeMap::new());

    // Members that it does not know do no harm.
    let folder = tempfile::tempdir().unwrap();
    let payload = serde_json::to_string(&answered(&intent(1))).unwrap().replacen('{', "{\"mood\":[],", 1);
    let frame = of_a_later_version(&payload);
    let mut later = before;
    later.get_mut(&name).unwrap()[range.start..range.start + frame.len()].copy_from_slice(&frame);
    restore(&later, folder.path());
    assert_eq!(waiting(&open(folder.path()))[&id(1)], answered(&intent(1)));
}
