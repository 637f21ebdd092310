//! [`Identities`]: whose presented keys are.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use llm_limits::Rules;
use llm_store::{Change, Field, Filter, News, Query, Store, StoreError};
use llm_tenancy::management::Scope;
use llm_tenancy::{
    Access, BudgetId, Document, EndUserId, Grants, KeyHash, Kind, Role, TagName, TeamId, TokenClaim,
    VirtualKey,
};
use llm_types::UnixMs;
use tokio::sync::{Notify, OnceCell, Semaphore, watch};

use crate::cache::Cache;
use crate::named::{Name, Shelf};
use crate::{Customer, Label, Owner, read};

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Keys at most. Of more, those that were not used for long are read again when they come.
    pub known: usize,
    /// Texts at most that were found to be no keys.
    pub unknown: usize,
    /// Milliseconds for which a text is believed to be no key. A key that is made meanwhile is heard of before.
    pub unknown_ms: u64,
    /// Reads at a time.
    pub reads: usize,
    /// End users at most, and tags.
    pub named: usize,
}

impl Default for Bounds {
    /// 50,000 keys, 10,000 other texts for a minute, 32 reads at a time; 50,000 end users, and as many tags.
    fn default() -> Self {
        Self { known: 50_000, unknown: 10_000, unknown_ms: 60_000, reads: 32, named: 50_000 }
    }
}

/// Whose a key is, and what may be done with it.
#[derive(Debug)]
pub struct Identity {
    /// What it may call.
    pub access: Access,
    /// Whom its requests are booked to.
    pub owner: Owner,
    /// What may be spent with it, and how fast.
    pub bounds: llm_limits::Bounds,
    /// The key as it is in the store; what it has spent is that of the moment it was read.
    pub key: VirtualKey,
    /// What was written down of its team.
    pub team_metadata: Document,
    /// Members that its requests must have: those of the key, and of whomever it belongs to.
    pub demanded: Vec<Box<str>>,
    /// Whom its requests are for, where what was presented tells.
    pub end_user: Option<Box<str>>,
    /// The same bearer for other teams, in order: for models that this one may not call.
    pub others: Vec<Arc<Self>>,
    /// Whether a change of any key may make this untrue.
    awaits_key: bool,
    /// The shared budgets that its bounds were made with.
    budgets: Vec<BudgetId>,
    last_used: AtomicI64,
}

impl Identity {
    pub(crate) fn new(
        access: Access,
        bounds: llm_limits::Bounds,
        budgets: Vec<BudgetId>,
        key: VirtualKey,
        team_metadata: Document,
        now: UnixMs,
    ) -> Self {
        let (end_user, others, awaits_key, last_used) = (None, Vec::new(), false, AtomicI64::new(0));
        let identity = Self {
            owner: Owner::of(&access.caller),
            access,
            bounds,
            key,
            team_metadata,
            demanded: Vec::new(),
            end_user,
            others,
            awaits_key,
            budgets,
            last_used,
        };
        identity.used(now);
        identity
    }

    pub(crate) fn used(&self, now: UnixMs) {
        let second = now.seconds();
        // Written once a second: a line of memory that all write is slow for all.
        if self.last_used.load(Relaxed) != second {
            self.last_used.store(second, Relaxed);
        }
    }

    pub(crate) fn last_used(&self) -> i64 {
        self.last_used.load(Relaxed)
    }

    /// Whether a change may have made this untrue.
    pub(crate) fn is_of(&self, presented: &KeyHash, change: &Change) -> bool {
        if self.others.iter().any(|other| other.is_of(presented, change)) {
            return true;
        }
        let caller = &self.access.caller;
        let Some(id) = change.id.as_deref() else { return false };
        match change.kind {
            Kind::Key => {
                self.awaits_key
                    || id.parse().is_ok_and(|hash: KeyHash| hash == *presented || hash == caller.key)
            }
            Kind::Team => caller.team_id.as_ref().is_some_and(|team| team.as_str() == id),
            Kind::User => caller.user_id.as_ref().is_some_and(|user| user.as_str() == id),
            Kind::Organization => caller.organization_id.as_ref().is_some_and(|own| own.as_str() == id),
            Kind::Project => caller.project_id.as_ref().is_some_and(|project| project.as_str() == id),
            Kind::TeamMember => change.team_member().is_some_and(|(team, user)| {
                caller.team_id.as_ref() == Some(&team) && caller.user_id.as_ref() == Some(&user)
            }),
            Kind::OrganizationMember => change.organization_member().is_some_and(|(organization, user)| {
                caller.organization_id.as_ref() == Some(&organization)
                    && caller.user_id.as_ref() == Some(&user)
            }),
            Kind::Budget => self.budgets.iter().any(|budget| budget.as_str() == id),
            _ => false,
        }
    }
}

/// What stands for a key that is in no store.
#[derive(Debug, Clone)]
pub struct Assumed {
    /// The key that it would be, under the hash of what was presented.
    pub key: VirtualKey,
    /// Other teams that it may be for, in order, where that of the key may not call a model.
    pub other_teams: Vec<TeamId>,
    /// What bounds it besides what its user, team and organisation do.
    pub bounds: Vec<Grants>,
    /// What somebody is who is no user of the store's. A proxy admin is one in any case.
    pub role: Option<Role>,
    /// Whom its requests are for, whatever they say themselves.
    pub end_user: Option<EndUserId>,
    /// Whether some key might come to stand for it: it is read again when any key changes.
    pub awaits_key: bool,
}

type Reading = Arc<OnceCell<Result<Option<Arc<Identity>>, StoreError>>>;

/// Whose presented keys are: read from the store when they first come, kept, and dropped when they change.
#[derive(Debug)]
pub struct Identities {
    pub(crate) store: Store,
    pub(crate) cache: Cache,
    end_users: Shelf<Customer>,
    tags: Shelf<Label>,
    bounds: Bounds,
    rules: Rules,
    /// Keys that are being read: whoever else wants one of them waits for the same read.
    reading: Mutex<HashMap<KeyHash, Reading>>,
    permits: Semaphore,
    reads: AtomicU64,
    /// Counts the rounds in which changes are heard of, as they begin, and as they are over.
    pub(crate) begun: AtomicU64,
    pub(crate) over: watch::Sender<u64>,
    pub(crate) is_away: AtomicBool,
    /// Somebody waits for a round.
    pub(crate) asked: Notify,
}

impl Identities {
    /// Nothing is read yet. Changes are heard of while [`Identities::follow`] runs.
    pub fn new(store: Store, bounds: Bounds) -> Self {
        Self {
            store,
            cache: Cache::new(bounds.known, bounds.unknown),
            end_users: Shelf::new(bounds.named, bounds.unknown_ms),
            tags: Shelf::new(bounds.named, bounds.unknown_ms),
            bounds,
            rules: Rules::default(),
            reading: Mutex::default(),
            permits: Semaphore::new(bounds.reads.max(1)),
            reads: AtomicU64::new(0),
            begun: AtomicU64::new(0),
            over: watch::Sender::new(0),
            is_away: AtomicBool::new(false),
            asked: Notify::new(),
        }
    }

    /// The same, with what the operator decided about whom bounds whom.
    #[must_use]
    pub fn with_rules(self, rules: Rules) -> Self {
        Self { rules, ..self }
    }

    /// Drops what is not true any more.
    pub(crate) fn apply(&self, news: &News) {
        self.cache.apply(news);
        self.end_users.apply(news);
        self.tags.apply(news);
    }

    /// Whose a key is, if that is in memory: `Some(None)` for a text that is no key. Takes no lock and asks nobody.
    pub fn cached(&self, hash: &KeyHash, now: UnixMs) -> Option<Option<Arc<Identity>>> {
        match self.cache.known(hash, now) {
            Some(identity) => Some(Some(identity)),
            None => self.cache.is_unknown(hash, now).then_some(None),
        }
    }

    /// Whose a key is; `None` if it is no key.
    ///
    /// # Errors
    /// Those of the store, for keys that are not in memory: nobody knows then whether they are any.
    pub async fn find(&self, hash: &KeyHash, now: UnixMs) -> Result<Option<Arc<Identity>>, StoreError> {
        if let Some(cached) = self.cached(hash, now) {
            return Ok(cached);
        }
        let reading = self.lock().entry(*hash).or_default().clone();
        let read = reading.get_or_init(|| self.read(hash, now)).await.clone();
        let mut others = self.lock();
        if others.get(hash).is_some_and(|other| Arc::ptr_eq(other, &reading)) {
            others.remove(hash);
        }
        drop(others);
        read
    }

    /// What somebody may do who presents no key of the store's, but what stands for one: a token. It is kept like a key,
    /// under the hash of what was presented.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn assume(&self, assumed: Assumed, now: UnixMs) -> Result<Arc<Identity>, StoreError> {
        let _permit = self.permits.acquire().await.ok();
        let (hash, epoch) = (assumed.key.hash, self.cache.epoch());
        let mut others = Vec::with_capacity(assumed.other_teams.len());
        for team in &assumed.other_teams {
            let key = VirtualKey { team_id: Some(team.clone()), ..assumed.key.clone() };
            others.push(Arc::new(self.stand_in(key, &assumed, now).await?));
        }
        let mut identity = self.stand_in(assumed.key.clone(), &assumed, now).await?;
        identity.others = others;
        let identity = Arc::new(identity);
        self.cache.keep(hash, &identity, epoch);
        Ok(identity)
    }

    async fn stand_in(
        &self,
        key: VirtualKey,
        assumed: &Assumed,
        now: UnixMs,
    ) -> Result<Identity, StoreError> {
        let Assumed { bounds, role, end_user, awaits_key, .. } = assumed;
        let mut identity = read::of_key(&self.store, key, None, bounds, &self.rules, now).await?;
        identity.awaits_key = *awaits_key;
        identity.end_user = end_user.as_ref().map(|id| id.as_str().into());
        let caller = &mut identity.access.caller;
        caller.user_role = match role {
            // Whom the issuer calls an admin is one, whatever the user of that name is here.
            Some(Role::ProxyAdmin) => *role,
            _ => caller.user_role.or(*role),
        };
        Ok(identity)
    }

    /// Whose the key is that stands for tokens with this value of a claim, if there is one. It is kept under the hash of what
    /// was presented as well.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn of_claim(
        &self,
        presented: &KeyHash,
        claim: &str,
        value: &str,
        now: UnixMs,
    ) -> Result<Option<Arc<Identity>>, StoreError> {
        let epoch = self.cache.epoch();
        let query = Query {
            filters: vec![Filter::Is(Field::TokenClaim, TokenClaim::text(claim, value))],
            sort: Field::Id,
            size: 1,
            ..Query::default()
        };
        let found = self.store.list::<VirtualKey>(&query, &Scope::everything()).await?.records;
        let is_meant = |key: &VirtualKey| {
            key.token_claim.as_ref().is_some_and(|it| it.is_active && it.name == claim && it.value == value)
        };
        let Some(key) = found.into_iter().map(|found| found.value).find(is_meant) else {
            return Ok(None);
        };
        let identity = self.find(&key.hash, now).await?;
        if let Some(identity) = &identity {
            self.cache.keep(*presented, identity, epoch);
        }
        Ok(identity)
    }

    /// An end user, if in memory. `default` is the budget of those that have none of their own: the key's
    /// `end_user_budget_id`, or that of the configuration.
    pub fn cached_end_user(
        &self,
        id: &str,
        default: Option<&BudgetId>,
        now: UnixMs,
    ) -> Option<Arc<Customer>> {
        let name = Name { text: id.into(), default: default.cloned() };
        self.end_users.cached(&name, now).flatten()
    }

    /// An end user. Of those that nobody wrote down that is remembered too, with the default budget.
    ///
    /// # Errors
    /// Those of the store, for end users that are not in memory.
    pub async fn end_user(
        &self,
        id: &str,
        default: Option<&BudgetId>,
        now: UnixMs,
    ) -> Result<Arc<Customer>, StoreError> {
        let name = Name { text: id.into(), default: default.cloned() };
        let read = async {
            let _permit = self.permits.acquire().await.ok();
            let found = read::end_user(&self.store, &EndUserId::new(id), default, &self.rules).await?;
            Ok(Some(Arc::new(found)))
        };
        let found = self.end_users.find(name, now, read).await?;
        found.ok_or(StoreError::NotFound(Kind::EndUser))
    }

    /// A tag, if that is in memory: `Some(None)` for one that is not written down.
    pub fn cached_tag(&self, name: &str, now: UnixMs) -> Option<Option<Arc<Label>>> {
        self.tags.cached(&Name { text: name.into(), default: None }, now)
    }

    /// A tag; `None` if it is not written down, which is remembered too.
    ///
    /// # Errors
    /// Those of the store, for tags that are not in memory.
    pub async fn tag(&self, name: &str, now: UnixMs) -> Result<Option<Arc<Label>>, StoreError> {
        let read = async {
            let _permit = self.permits.acquire().await.ok();
            Ok(read::tag(&self.store, &TagName::new(name)).await?.map(Arc::new))
        };
        self.tags.find(Name { text: name.into(), default: None }, now, read).await
    }

    /// Whether the database answered when changes were last asked for.
    pub fn is_away(&self) -> bool {
        self.is_away.load(Relaxed)
    }

    /// The store.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    async fn read(&self, hash: &KeyHash, now: UnixMs) -> Result<Option<Arc<Identity>>, StoreError> {
        // Only a closed semaphore gives none, and nobody closes it.
        let _permit = self.permits.acquire().await.ok();
        let epoch = self.cache.epoch();
        self.reads.fetch_add(1, Relaxed);
        let found = read::identity(&self.store, hash, &self.rules, now).await?.map(Arc::new);
        match &found {
            Some(identity) => self.cache.keep(*hash, identity, epoch),
            None => self.cache.keep_unknown(*hash, now.plus(self.bounds.unknown_ms), epoch),
        }
        Ok(found)
    }

    /// Keys in memory.
    pub fn len(&self) -> usize {
        self.cache.len()
    }

    /// Whether no key is in memory.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How often the store was asked for a key.
    pub fn reads(&self) -> u64 {
        self.reads.load(Relaxed)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<KeyHash, Reading>> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
