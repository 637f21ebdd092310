//! Legs to write, and folders to look into.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use llm_ledger::{Charge, Entry, Intent, Journal, JournalOptions, LegId, RequestId, Status, Tokens, Usd};
use llm_types::UnixMs;

pub(crate) const SEGMENT: u64 = JournalOptions::MIN_SEGMENT_BYTES;

/// Segments as small as they may be.
pub(crate) fn options(folder: &Path) -> JournalOptions {
    let mut options = JournalOptions::new(folder);
    options.segment_bytes = SEGMENT;
    options.max_bytes = 16 * SEGMENT;
    options
}

/// A journal in a folder in which all is well.
pub(crate) fn open(folder: &Path) -> Journal {
    let (journal, recovered) = Journal::open(options(folder)).unwrap();
    assert_eq!(recovered.damaged, []);
    journal
}

pub(crate) fn id(number: u32) -> LegId {
    let request: RequestId = format!("019aa2f0-0000-7000-8000-{number:012x}").parse().unwrap();
    LegId { request, leg: number % 3 }
}

pub(crate) fn intent(number: u32) -> Intent {
    let mut entry = Entry::new(id(number));
    entry.model = "gpt-4o".into();
    entry.started = UnixMs(1_763_700_000_000 + i64::from(number));
    entry.reserved = Usd::from_nanos(41_250_000);
    entry.charges = vec![Charge { account: "usd:30d:team/t1".into(), window: 1_762_000_000_000 }];
    Intent { entry, prompt_tokens: 100, input_rate: 2_500_000_000, output_rate: 10_000_000_000 }
}

/// What becomes of it.
pub(crate) fn answered(intent: &Intent) -> Entry {
    let mut entry = intent.entry.clone();
    entry.status = Status::Answered;
    entry.tokens = Tokens { prompt: 98, completion: 20, ..Tokens::default() };
    entry.cost = Usd::from_nanos(445_000);
    entry.ended = entry.started.plus(1_500);
    entry.http_status = 200;
    entry
}

/// All entries that are not acknowledged, each once.
pub(crate) fn waiting(journal: &Journal) -> BTreeMap<LegId, Entry> {
    let mut reader = journal.reader();
    let mut entries = BTreeMap::new();
    loop {
        let batch = reader.next_batch(7, 4_000).unwrap();
        assert_eq!(batch.damaged, []);
        if batch.entries.is_empty() {
            return entries;
        }
        for entry in batch.entries {
            assert_eq!(entries.insert(entry.id, (*entry).clone()), None, "an entry was read twice");
        }
    }
}

/// Acknowledges all there is.
pub(crate) fn drain(journal: &Journal) -> usize {
    let mut reader = journal.reader();
    let batch = reader.next_batch(usize::MAX, usize::MAX).unwrap();
    journal.acknowledge(&batch.position).unwrap();
    batch.entries.len()
}

/// The segments in a folder.
pub(crate) fn segments(folder: &Path) -> Vec<PathBuf> {
    files(folder, "journal")
}

/// Files with an ending.
pub(crate) fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == ending))
        .collect();
    files.sort();
    files
}

/// The segments of a folder with all their bytes.
pub(crate) type Image = BTreeMap<PathBuf, Vec<u8>>;

pub(crate) fn image(folder: &Path) -> Image {
    let name = |path: &Path| path.file_name().unwrap().into();
    segments(folder).into_iter().map(|path| (name(&path), std::fs::read(&path).unwrap())).collect()
}

/// Makes a folder of it.
pub(crate) fn restore(image: &Image, folder: &Path) {
    for (name, bytes) in image {
        std::fs::write(folder.join(name), bytes).unwrap();
    }
}

/// What was written between two images: the file and the range of bytes in it that changed. All in one file.
pub(crate) fn written(before: &Image, after: &Image) -> Option<(PathBuf, std::ops::Range<usize>)> {
    let mut changed = after.iter().filter_map(|(name, bytes)| {
        let old = before.get(name).map_or(&[][..], Vec::as_slice);
        let differs = |place: &usize| old.get(*place).copied().unwrap_or(0) != bytes[*place];
        // A new file's head is there before anything else.
        let records = if old.is_empty() { 128 } else { 0 };
        let first = (records..bytes.len()).find(differs)?;
        let last = (records..bytes.len()).rfind(differs)?;
        Some((name.clone(), first..last + 1))
    });
    let range = changed.next();
    assert_eq!(changed.next(), None, "one write at a time");
    range
}
