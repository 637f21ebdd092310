//! End users and tags, by name: read when they first come, kept, bounded, and dropped when they change.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed, Ordering::SeqCst, fence};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use llm_limits::Bounds;
use llm_store::{Change, News, StoreError};
use llm_tenancy::{BudgetId, EndUser, Kind, Tag};
use llm_types::UnixMs;
use tokio::sync::OnceCell;

/// Longer names are looked up each time: whoever sends the request chooses them.
const LONGEST: usize = 256;
/// Of how many entries the least used are found out when one has to go.
const SAMPLE: usize = 64;

/// Whom a request is for: LiteLLM's customer.
#[derive(Debug)]
pub struct Customer {
    /// The record; `None` of those that nobody wrote down.
    pub record: Option<EndUser>,
    /// What bounds the requests for them.
    pub bounds: Bounds,
    pub(crate) budget: Option<BudgetId>,
}

/// A label of requests that is written down.
#[derive(Debug)]
pub struct Label {
    /// The record.
    pub record: Tag,
    /// What bounds the requests with it.
    pub bounds: Bounds,
}

/// What can be read by name.
pub(crate) trait Named: Send + Sync {
    const KIND: Kind;

    /// The shared budget that it was made with.
    fn budget(&self) -> Option<&BudgetId>;
}

impl Named for Customer {
    const KIND: Kind = Kind::EndUser;

    fn budget(&self) -> Option<&BudgetId> {
        self.budget.as_ref()
    }
}

impl Named for Label {
    const KIND: Kind = Kind::Tag;

    fn budget(&self) -> Option<&BudgetId> {
        self.record.budget_id.as_ref()
    }
}

/// A name, and what else the answer depends on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Name {
    pub(crate) text: Box<str>,
    /// The budget of those that have none.
    pub(crate) default: Option<BudgetId>,
}

type Found<V> = Result<Option<Arc<V>>, StoreError>;
type Reading<V> = Arc<OnceCell<Found<V>>>;

#[derive(Debug)]
struct Kept<V> {
    /// `None` if there is no such record.
    value: Option<Arc<V>>,
    until: UnixMs,
    last_used: AtomicI64,
}

/// What is known of names.
#[derive(Debug)]
pub(crate) struct Shelf<V> {
    kept: papaya::HashMap<Name, Arc<Kept<V>>>,
    most: usize,
    unknown_ms: u64,
    reading: Mutex<HashMap<Name, Reading<V>>>,
    /// Counted up with all news: what was read from the database before may be old.
    epoch: AtomicU64,
}

impl<V: Named> Shelf<V> {
    pub(crate) fn new(most: usize, unknown_ms: u64) -> Self {
        Self {
            kept: papaya::HashMap::new(),
            most: most.max(1),
            unknown_ms,
            reading: Mutex::default(),
            epoch: AtomicU64::new(0),
        }
    }

    /// What is in memory: `Some(None)` for a name that nothing is known of.
    pub(crate) fn cached(&self, name: &Name, now: UnixMs) -> Option<Option<Arc<V>>> {
        let kept = self.kept.pin();
        let kept = kept.get(name).filter(|kept| now < kept.until)?;
        let second = now.seconds();
        if kept.last_used.load(Relaxed) != second {
            kept.last_used.store(second, Relaxed);
        }
        Some(kept.value.clone())
    }

    /// What is in memory, or is read now, by one read for all who ask.
    pub(crate) async fn find(
        &self,
        name: Name,
        now: UnixMs,
        read: impl Future<Output = Found<V>>,
    ) -> Found<V> {
        if let Some(cached) = self.cached(&name, now) {
            return Ok(cached);
        }
        let reading = self.lock().entry(name.clone()).or_default().clone();
        let whole = async {
            let epoch = self.epoch.load(SeqCst);
            let found = read.await?;
            self.keep(&name, found.clone(), now, epoch);
            Ok(found)
        };
        let found = reading.get_or_init(|| whole).await.clone();
        let mut others = self.lock();
        if others.get(&name).is_some_and(|other| Arc::ptr_eq(other, &reading)) {
            others.remove(&name);
        }
        found
    }

    fn keep(&self, name: &Name, value: Option<Arc<V>>, now: UnixMs, epoch: u64) {
        if name.text.len() > LONGEST || self.epoch.load(SeqCst) != epoch {
            return;
        }
        if self.kept.len() >= self.most {
            self.make_room();
        }
        let until = if value.is_some() { UnixMs(i64::MAX) } else { now.plus(self.unknown_ms) };
        let kept = Kept { value, until, last_used: AtomicI64::new(now.seconds()) };
        self.kept.pin().insert(name.clone(), Arc::new(kept));
        // One of both sees what the other has written: this the new epoch, or the news this entry.
        fence(SeqCst);
        if self.epoch.load(SeqCst) != epoch {
            self.kept.pin().remove(name);
        }
    }

    /// Drops the less used half of some entries.
    fn make_room(&self) {
        let kept = self.kept.pin();
        let some = kept.iter().take(SAMPLE).map(|(name, kept)| (kept.last_used.load(Relaxed), name.clone()));
        let mut some: Vec<_> = some.collect();
        some.sort_by_key(|(used, _)| *used);
        for (_, name) in &some[..some.len().div_ceil(2)] {
            kept.remove(name);
        }
    }

    /// Drops what is not true any more.
    pub(crate) fn apply(&self, news: &News) {
        let changes = match news {
            News::Of(changes) => changes.as_slice(),
            News::Everything => &[],
        };
        let concerns = |change: &&Change| change.kind == V::KIND || change.kind == Kind::Budget;
        let changes: Vec<&Change> = changes.iter().filter(concerns).collect();
        if changes.is_empty() && *news != News::Everything {
            return;
        }
        self.epoch.fetch_add(1, SeqCst);
        fence(SeqCst);
        let kept = self.kept.pin();
        if *news == News::Everything || changes.iter().any(|change| change.id.is_none()) {
            kept.clear();
            return;
        }
        kept.retain(|name, kept| !changes.iter().any(|change| is_of(name, kept.value.as_deref(), change)));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Name, Reading<V>>> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a change may have made this untrue.
fn is_of<V: Named>(name: &Name, value: Option<&V>, change: &Change) -> bool {
    let Some(id) = change.id.as_deref() else { return true };
    if change.kind == V::KIND {
        return *name.text == *id;
    }
    let own = value.and_then(Named::budget);
    own.into_iter().chain(&name.default).any(|budget| budget.as_str() == id)
}
