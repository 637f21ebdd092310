//! What is known of presented keys, in memory: read without a lock, bounded.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst, fence};

use llm_store::News;
use llm_tenancy::{KeyHash, Kind};
use llm_types::UnixMs;

use crate::Identity;

/// Of how many entries the least used are found out when one has to go.
const SAMPLE: usize = 64;

/// Known keys, and texts that were found to be none.
#[derive(Debug)]
pub(crate) struct Cache {
    known: papaya::HashMap<KeyHash, Arc<Identity>>,
    unknown: papaya::HashMap<KeyHash, UnixMs>,
    most_known: usize,
    most_unknown: usize,
    /// Counted up with all news: what was read from the database before may be old.
    epoch: AtomicU64,
}

impl Cache {
    pub(crate) fn new(most_known: usize, most_unknown: usize) -> Self {
        Self {
            known: papaya::HashMap::new(),
            unknown: papaya::HashMap::new(),
            most_known: most_known.max(1),
            most_unknown: most_unknown.max(1),
            epoch: AtomicU64::new(0),
        }
    }

    pub(crate) fn known(&self, hash: &KeyHash, now: UnixMs) -> Option<Arc<Identity>> {
        let known = self.known.pin();
        let identity = known.get(hash)?;
        identity.used(now);
        Some(identity.clone())
    }

    /// Whether it was found to be no key, and that is still believed.
    pub(crate) fn is_unknown(&self, hash: &KeyHash, now: UnixMs) -> bool {
        self.unknown.pin().get(hash).is_some_and(|until| now < *until)
    }

    pub(crate) fn len(&self) -> usize {
        self.known.len()
    }

    /// Where the news stands, before something is read.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(SeqCst)
    }

    /// Keeps what was read, unless there was news since: then it may be old already.
    pub(crate) fn keep(&self, hash: KeyHash, identity: &Arc<Identity>, epoch: u64) {
        if self.epoch() != epoch {
            return;
        }
        if self.known.len() >= self.most_known {
            self.make_room();
        }
        self.known.pin().insert(hash, identity.clone());
        self.take_back(&hash, epoch);
    }

    /// Remembers that a text is no key.
    pub(crate) fn keep_unknown(&self, hash: KeyHash, until: UnixMs, epoch: u64) {
        if self.epoch() != epoch {
            return;
        }
        // Somebody tries texts out: which of them were tried is not worth more than this.
        if self.unknown.len() >= self.most_unknown {
            self.unknown.pin().clear();
        }
        self.unknown.pin().insert(hash, until);
        self.take_back(&hash, epoch);
    }

    /// News that came between the look at the epoch and the writing has not seen what was written.
    fn take_back(&self, hash: &KeyHash, epoch: u64) {
        // One of both sees what the other has written: this the new epoch, or the news this entry.
        fence(SeqCst);
        if self.epoch() != epoch {
            self.known.pin().remove(hash);
            self.unknown.pin().remove(hash);
        }
    }

    /// Drops the less used half of some entries.
    fn make_room(&self) {
        let known = self.known.pin();
        let mut some: Vec<(i64, KeyHash)> =
            known.iter().take(SAMPLE).map(|(hash, identity)| (identity.last_used(), *hash)).collect();
        some.sort_unstable();
        for (_, hash) in &some[..some.len().div_ceil(2)] {
            known.remove(hash);
        }
    }

    /// Drops what is not true any more.
    pub(crate) fn apply(&self, news: &News) {
        let changes = match news {
            News::Of(changes) if changes.is_empty() => return,
            News::Of(changes) => changes,
            News::Everything => {
                self.begin_epoch();
                self.clear();
                return;
            }
        };
        self.begin_epoch();
        let known = self.known.pin();
        if changes.iter().any(|change| change.kind == Kind::AccessGroup || concerns_all(change)) {
            self.clear();
            return;
        }
        for change in changes.iter().filter(|change| change.kind == Kind::Key) {
            if let Some(hash) = change.id.as_deref().and_then(|id| id.parse::<KeyHash>().ok()) {
                self.unknown.pin().remove(&hash);
            }
        }
        let old: Vec<KeyHash> = known
            .iter()
            .filter(|(hash, identity)| changes.iter().any(|change| identity.is_of(hash, change)))
            .map(|(hash, _)| *hash)
            .collect();
        for hash in old {
            known.remove(&hash);
        }
    }

    /// Before anything is dropped, so that whoever reads at this moment does not keep what it read.
    fn begin_epoch(&self) {
        self.epoch.fetch_add(1, SeqCst);
        fence(SeqCst);
    }

    fn clear(&self) {
        self.known.pin().clear();
        self.unknown.pin().clear();
    }
}

/// Whether a change is of every record of a kind that keys depend on.
fn concerns_all(change: &llm_store::Change) -> bool {
    change.id.is_none()
        && matches!(
            change.kind,
            Kind::Key
                | Kind::Team
                | Kind::TeamMember
                | Kind::User
                | Kind::Organization
                | Kind::OrganizationMember
                | Kind::Project
                | Kind::Budget
        )
}
