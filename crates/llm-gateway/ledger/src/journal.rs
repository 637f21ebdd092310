//! The journal: an append-only log in a folder, written before a vendor is asked and before an answer ends.

mod binary;
mod core;
mod disk;
mod error;
mod folder;
mod frame;
mod inspect;
mod leg;
mod options;
mod reader;
mod recent;
mod record;
mod recovery;
mod segment;
mod state;
mod sync;

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use llm_types::UnixMs;

pub use self::error::{FullCause, JournalError};
pub use self::inspect::read_folder;
pub use self::leg::Open;
pub use self::options::{Durability, JournalOptions, WhenFull};
pub use self::reader::{Batch, Position, Reader};
pub use self::record::Record;
pub use self::recovery::{Damage, Recovered};
pub use self::state::JournalState;
pub use self::sync::Mark;

use self::core::{Core, Gathered, Live, delete};
use self::error::on;
use self::folder::{Folder, Folders, segments};
use self::frame::{CHECKPOINT, SETTLEMENT};
use self::leg::Dropped;
use self::recent::Settled;
use self::recovery::{Survey, recover};
use self::segment::Segment;
use crate::{Checkpoint, Entry, Intent};

/// A journal in a folder: what each leg is about to cost, and what it cost.
///
/// A handle; its clones are the same journal. Each record is one write under a short lock, or shares one with those that are
/// noted down at about the same time. What was written survives the death of the process, and with [`Durability::Host`] and
/// [`Journal::sync`] that of the host.
#[derive(Debug, Clone)]
pub struct Journal {
    store: Arc<Store>,
}

#[derive(Debug)]
struct Store {
    options: JournalOptions,
    folders: Folders,
    core: Mutex<Core>,
    /// What [`Core::accepted`] is, without the lock.
    accepted: AtomicU64,
    /// How much of that was written, or could not be.
    written: AtomicU64,
    /// Whether a write has ever failed that others waited for. Set before [`Self::written`] tells of it.
    has_failed: AtomicBool,
    synced: AtomicU64,
    /// Held while files are made lasting; what could not be.
    syncing: Mutex<Option<PathBuf>>,
    dropped: Arc<Dropped>,
}

impl Journal {
    /// Opens the journal in a folder, and settles what the process before left open.
    ///
    /// Reads all that is there: some seconds for a gigabyte.
    ///
    /// # Errors
    /// [`JournalError::InUse`] if a process has it open; [`JournalError::Version`] if a later version wrote it;
    /// [`JournalError::Options`] if the options contradict themselves; [`JournalError::Io`] if the folder cannot be
    /// read or written.
    pub fn open(options: JournalOptions) -> Result<(Self, Recovered), JournalError> {
        options.check()?;
        let folders = Folders::take(&options)?;
        if options.durability == Durability::Host {
            folders.iter().try_for_each(Folder::sync_above)?;
        }
        let mut core = Core { next: 1, ..Core::default() };
        let mut recovered = Recovered::default();
        for (place, folder) in folders.iter().enumerate() {
            folder.tidy()?;
            for (number, path) in segments(&folder.path)? {
                if core.segments.contains_key(&number) {
                    return Err(on(&path)(std::io::ErrorKind::AlreadyExists.into()));
                }
                let segment = Segment::open(place, number, &path).map_err(on(&path))?;
                core.next = core.next.max(number + 1);
                if let Some(live) = recover(segment, &mut recovered)? {
                    core.segments.insert(number, live);
                }
            }
        }
        let kept: Vec<_> = recovered.damaged.iter().filter_map(|damage| damage.copy.as_deref()).collect();
        let bounds = (options.max_copies, options.max_copy_bytes);
        let removed: Result<Vec<_>, _> =
            folders.iter().map(|folder| folder.forget_copies(bounds, &kept)).collect();
        recovered.removed_copies = removed?.concat();
        core.active = core.segments.iter().rfind(|(_, live)| !live.suspect).map(|(number, _)| *number);
        let (left, _) = delete(core.take_done());
        core.put_back(left);
        // Nobody knows what of it the disk has.
        core.accepted = core.segments.values().map(|live| live.end).sum();
        let store = Store {
            options,
            folders,
            accepted: AtomicU64::new(core.accepted),
            written: AtomicU64::new(core.accepted),
            has_failed: AtomicBool::new(false),
            core: Mutex::new(core),
            synced: AtomicU64::new(0),
            syncing: Mutex::new(None),
            dropped: Arc::default(),
        };
        Ok((Self { store: Arc::new(store) }, recovered))
    }

    /// Writes that a vendor is about to be asked, and sets room aside for what becomes of it. Returns when the system
    /// has it: only then may the first byte go to the vendor.
    ///
    /// Texts, tags, charges and details past the bounds of an [`Entry`] are cut, and the entry is flagged.
    ///
    /// # Errors
    /// [`JournalError::Full`] if there is no room; the vendor must not be asked.
    pub fn intend(&self, intent: &Intent) -> Result<Open, JournalError> {
        self.intend_by(intent, When::Now)
    }

    /// The same, but it is written together with what others note down until the next [`Journal::flush`]. The first byte may
    /// go to the vendor when [`Journal::is_written`] says so of the [`Journal::mark`] that holds afterwards.
    ///
    /// # Errors
    /// As [`Journal::intend`].
    pub fn intend_soon(&self, intent: &Intent) -> Result<Open, JournalError> {
        self.intend_by(intent, When::Soon)
    }

    fn intend_by(&self, intent: &Intent, when: When) -> Result<Open, JournalError> {
        record::with_intent(intent, |frame| {
            let reserved = record::reserve(frame.len());
            let segment = self.write(frame, reserved, when, |live| {
                live.reserved += reserved;
                live.open += 1;
                if when == When::Soon {
                    let end = live.gathered.len();
                    let (place, leg) = (end - frame.len()..end, intent.entry.id);
                    live.intents.push(Gathered { place, leg, reserved });
                }
            })?;
            Ok(Open::new(segment, intent.entry.id, reserved, &self.store.dropped))
        })
    }

    /// Writes how far an answer has come, if there is room for it that no settlement needs; whether that was so.
    ///
    /// Worth it once a second for each stream: an interrupted leg is priced from the last one.
    pub fn checkpoint(&self, leg: &Open, completion_tokens: i64, at: UnixMs) -> bool {
        let checkpoint = Checkpoint { id: leg.id(), completion_tokens, at };
        let written = record::with(CHECKPOINT, &checkpoint, |frame| {
            let mut core = self.core();
            let Some(live) = core.segments.get_mut(&leg.segment()) else { return Err(JournalError::Foreign) };
            if live.suspect || live.free() < frame.len() as u64 {
                return Ok(false);
            }
            live.append(frame)?;
            self.count(&mut core, frame, When::Now);
            Ok(true)
        });
        written.unwrap_or_default()
    }

    /// Writes what became of a leg, into the room that was set aside for it. Returns when the system has it: only then
    /// may the last byte go to the client.
    ///
    /// What is past the bounds of an [`Entry`] is cut. Should it still be more than its intent let expect and there is
    /// no room for it, details, then tags and texts, then charges are left out; the entry is flagged.
    ///
    /// # Errors
    /// [`JournalError::Io`] if the system would not take it, never [`JournalError::Full`]. The leg then counts as
    /// dropped: see [`Journal::sweep`].
    pub fn settle(&self, leg: Open, entry: impl Into<Arc<Entry>>) -> Result<(), JournalError> {
        self.settle_by(leg, entry.into(), When::Now)
    }

    /// The same, but it is written together with what others note down until the next [`Journal::flush`]. The last byte may
    /// go to the client when [`Journal::is_written`] says so of the [`Journal::mark`] that holds afterwards.
    ///
    /// # Errors
    /// As [`Journal::settle`].
    pub fn settle_soon(&self, leg: Open, entry: impl Into<Arc<Entry>>) -> Result<(), JournalError> {
        self.settle_by(leg, entry.into(), When::Soon)
    }

    fn settle_by(&self, mut leg: Open, entry: Arc<Entry>, when: When) -> Result<(), JournalError> {
        let entry = bounded(entry);
        debug_assert_eq!(leg.id(), entry.id, "a leg is settled with its own entry");
        if !leg.is_of(&self.store.dropped) {
            return Err(JournalError::Foreign);
        }
        self.settle_as(&leg, entry, when)?;
        leg.disarm();
        Ok(())
    }

    /// Writes what was noted down to be written soon.
    ///
    /// # Errors
    /// [`JournalError::Io`] if the system does not take it. Whoever waits for it is told so by [`Journal::is_written`]. Intents
    /// are taken back: their legs must not be sent, and settling or dropping those changes nothing. The rest stays, and is
    /// tried again with whatever is written next.
    pub fn flush(&self) -> Result<(), JournalError> {
        let mut core = self.core();
        let flushed = core.flush(self.store.written.load(Ordering::Relaxed));
        if flushed.is_err() {
            self.store.has_failed.store(true, Ordering::Relaxed);
        }
        self.store.written.store(core.accepted, Ordering::Release);
        flushed
    }

    /// Whether the system has the record that was noted down last before this mark: `false` if it has not taken it, `None` as
    /// long as nobody has tried.
    pub fn is_written(&self, mark: Mark) -> Option<bool> {
        let is_over = mark <= Mark::of(&self.store.written);
        let has_failed =
            || self.store.has_failed.load(Ordering::Relaxed) && mark.is_within(&self.core().failed);
        is_over.then(|| !has_failed())
    }

    /// Writes an entry for which no vendor was asked: an answer that was known, an adjustment.
    ///
    /// # Errors
    /// [`JournalError::Full`] if there is no room.
    pub fn record(&self, entry: impl Into<Arc<Entry>>) -> Result<(), JournalError> {
        let entry = bounded(entry.into());
        record::with(SETTLEMENT, &*entry, |frame| self.write(frame, 0, When::Now, |live| live.settled += 1))?;
        Ok(())
    }

    /// Settles as interrupted those legs whose [`Open`] was dropped without settlement or could not be settled; how
    /// many. Nothing to do in a program that settles all its legs: then it costs next to nothing.
    ///
    /// # Errors
    /// [`JournalError::Io`] if a segment cannot be read or written. The legs stay dropped.
    pub fn sweep(&self) -> Result<usize, JournalError> {
        let mut swept = 0;
        while let Some(number) = self.store.dropped.any() {
            self.flush()?;
            let segment = self.core().segments.get(&number).map(|live| live.segment.clone());
            let entries = match segment {
                Some(segment) => {
                    let bytes = segment.read().map_err(on(&segment.path))?;
                    Survey::of(&bytes, u64::MAX).interrupted()
                }
                None => Vec::new(),
            };
            for mut leg in self.store.dropped.of(number) {
                match entries.iter().find(|entry| entry.id == leg.id()) {
                    Some(entry) => {
                        self.settle_as(&leg, Arc::new(entry.clone()), When::Now)?;
                        swept += 1;
                    }
                    // Its intent cannot be read any more, so there is nothing to make an entry of here. The segment
                    // stays, and the damage is told when the journal is opened anew.
                    None => self.forget(&leg),
                }
                leg.disarm();
            }
        }
        Ok(swept)
    }

    /// Those entries that are settled and were not acknowledged, from the first on.
    pub fn reader(&self) -> Reader {
        Reader::new(self.clone())
    }

    /// How it stands.
    pub fn state(&self) -> JournalState {
        JournalState::of(&self.core(), &self.store)
    }

    /// How it is kept.
    pub fn options(&self) -> &JournalOptions {
        &self.store.options
    }

    /// Writes a frame where there is room for it and `reserved` bytes more; the segment's number.
    fn write(
        &self,
        frame: &[u8],
        reserved: u64,
        when: When,
        note: impl FnOnce(&mut Live),
    ) -> Result<u64, JournalError> {
        let needed = frame.len() as u64 + reserved;
        let mut core = self.core();
        let number = core.room(&self.store.folders, self.store.options.segment_bytes, needed)?;
        let Some(live) = core.segments.get_mut(&number) else { return Err(JournalError::Foreign) };
        when.put(live, frame)?;
        note(live);
        self.count(&mut core, frame, when);
        Ok(number)
    }

    /// Settles a leg, in less words if there is no room for all.
    fn settle_as(&self, leg: &Open, entry: Arc<Entry>, when: When) -> Result<(), JournalError> {
        let mut entry = Some(entry);
        record::with_settlement(&mut entry, |frame, entry| self.close(leg, frame, entry, when))?;
        if let Some(entry) = entry {
            let (entry, frame) = record::squeezed(&entry, leg.reserved());
            self.close(leg, &frame, &mut Some(Arc::new(entry)), when)?;
        }
        Ok(())
    }

    /// Writes the settlement of a leg, and takes the entry to those that wait to be read; leaves it if there is no room
    /// for so much.
    fn close(
        &self,
        leg: &Open,
        frame: &[u8],
        entry: &mut Option<Arc<Entry>>,
        when: When,
    ) -> Result<(), JournalError> {
        let mut core = self.core();
        let Some(live) = core.segments.get_mut(&leg.segment()) else { return Err(JournalError::Foreign) };
        if live.take_refused(leg.id()) {
            *entry = None;
            return Ok(());
        }
        if frame.len() as u64 > leg.reserved() + live.free() {
            return Ok(());
        }
        when.put(live, frame)?;
        live.reserved -= leg.reserved();
        live.open -= 1;
        live.settled += 1;
        let (settled, end) = (live.settled, live.end);
        self.count(&mut core, frame, when);
        if let Some(entry) = entry.take() {
            core.recent.push(Settled { segment: leg.segment(), settled, end, bytes: frame.len(), entry });
        }
        Ok(())
    }

    fn forget(&self, leg: &Open) {
        if let Some(live) = self.core().segments.get_mut(&leg.segment())
            && !live.take_refused(leg.id())
        {
            live.reserved -= leg.reserved();
            live.open -= 1;
            live.suspect = true;
        }
    }

    /// Counts a record that was put where it belongs.
    fn count(&self, core: &mut Core, frame: &[u8], when: When) {
        core.accepted += frame.len() as u64;
        self.store.accepted.store(core.accepted, Ordering::Release);
        if when == When::Now && core.segments.values().all(|live| live.gathered.is_empty()) {
            self.store.written.store(core.accepted, Ordering::Release);
        }
    }

    /// How many entries wait in memory to be read.
    pub fn recent(&self) -> usize {
        self.core().recent.len()
    }

    fn core(&self) -> MutexGuard<'_, Core> {
        // Nothing under the lock is left half done by a panic: each record is counted after it was written.
        self.store.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When a record is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    /// Before whoever notes it down goes on.
    Now,
    /// With the next flush.
    Soon,
}

impl When {
    fn put(self, live: &mut Live, frame: &[u8]) -> Result<(), JournalError> {
        match self {
            Self::Now => live.append(frame)?,
            Self::Soon => live.gather(frame),
        }
        Ok(())
    }
}

/// The entry within its bounds.
fn bounded(entry: Arc<Entry>) -> Arc<Entry> {
    let shortened = match entry.bounded() {
        Cow::Borrowed(_) => None,
        Cow::Owned(shortened) => Some(shortened),
    };
    shortened.map_or(entry, Arc::new)
}

#[cfg(test)]
mod tests;
