//! Keys get another text by themselves when it is time, and texts are handed to the secret manager.

use llm_store::{By, Field, Filter, Page, Query, Start, StoreError, Stored};
use llm_tenancy::management::Scope;
use llm_tenancy::{KeyStatus, Period, PlainKey, RotationClaim, VirtualKey};
use llm_types::UnixMs;

use super::make::random;
use crate::desk::Desk;
use crate::office::Office;

/// Keys that are due and read at a time.
const PAGE: u64 = 1_000;
/// For how long nobody else tries a key that somebody tries: far longer than a secret manager takes to answer.
const CLAIM_MS: i64 = 5 * 60_000;
/// For how long a text works that was handed over, if the key is not rotated to it: until somebody has tried again.
const HANDED_MS: i64 = 7 * 86_400_000;

/// What came of a round.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Rotated {
    /// The aliases of keys that have another text now.
    pub rotated: Vec<String>,
    /// Those of keys that keep their text for now, and why.
    pub failed: Vec<(String, String)>,
}

impl Office {
    /// Gives every key that is due another text, which the secret manager takes; the old one works on for `grace`. A key
    /// without an alias, and one that opens nothing now, stays due. Every replica may do so: each key is one's.
    ///
    /// The new text opens the key before it is handed over, so that whoever reads it can use it; what the secret manager
    /// does not take changes nothing, and is tried again by a later round.
    ///
    /// # Errors
    /// Those of the database, before the first key.
    pub async fn rotate_due(&self, grace: Period) -> Result<Rotated, StoreError> {
        let mut round = Rotated::default();
        if !self.host.keeps_keys() {
            return Ok(round);
        }
        for key in self.due().await? {
            let Some(alias) = key.value.key_alias.clone() else { continue };
            match self.rotate(&alias, &key, grace).await {
                Ok(true) => round.rotated.push(alias),
                Ok(false) => {}
                Err(why) => round.failed.push((alias, why)),
            }
        }
        Ok(round)
    }

    /// The keys that are due, and that nobody tries now.
    async fn due(&self) -> Result<Vec<Stored<VirtualKey>>, StoreError> {
        let now = self.host.now();
        let is_free = |key: &VirtualKey| {
            key.status(now) == KeyStatus::Active && key.rotation.claim.is_none_or(|claim| claim.until <= now)
        };
        let later = now.0.saturating_add(1);
        let filters = vec![
            Filter::Below(Field::Rotates, later),
            Filter::Filled(Field::Alias),
            Filter::Flag(Field::Blocked, false),
            Filter::Any(vec![Filter::Empty(Field::Expires), Filter::AtLeast(Field::Expires, later)]),
        ];
        let (mut due, mut from) = (Vec::new(), Start::Page(1));
        loop {
            let query = Query {
                filters: filters.clone(),
                sort: Field::Rotates,
                descending: false,
                from,
                size: PAGE,
                count: false,
            };
            let Page { records, next, .. } =
                self.store.list::<VirtualKey>(&query, &Scope::everything()).await?;
            due.extend(records.into_iter().filter(|key| is_free(&key.value)));
            match next {
                Some(next) => from = Start::After(next),
                None => return Ok(due),
            }
        }
    }

    /// Whether the key has another text now; not if somebody else was faster.
    async fn rotate(&self, alias: &str, key: &Stored<VirtualKey>, grace: Period) -> Result<bool, String> {
        let (old, now) = (key.value.hash, self.host.now());
        let by = By::gateway(now);
        let text = random(&*self.host);
        let claim = RotationClaim { hash: text.hash(), until: UnixMs(now.0 + CLAIM_MS) };
        match self.store.claim_rotation(&old, key.version, claim, UnixMs(now.0 + HANDED_MS), &by).await {
            Err(StoreError::Changed(_) | StoreError::NotFound(_)) => return Ok(false),
            done => done.map_err(|error| error.to_string())?,
        }
        self.host.settled().await;
        self.host.keep_key(alias, &text).await?;
        let change = |key: &mut VirtualKey| {
            key.hash = text.hash();
            key.key_name = text.name();
            key.rotation.happens(now);
        };
        let until = Some(grace.after(now));
        self.store
            .rotate_key(&old, until, &Scope::everything(), &by, change)
            .await
            .map(|_| true)
            .map_err(|error| error.to_string())
    }
}

/// Hands the text of a key that was made or made anew to the secret manager, where there is one for it. Whoever asked
/// has the text as well: what goes wrong is told in the log alone.
pub(crate) async fn hand_over(desk: &Desk, key: &VirtualKey, text: &PlainKey) {
    if desk.host.keeps_keys()
        && let Some(alias) = &key.key_alias
    {
        let _told_in_the_log = desk.host.keep_key(alias, text).await;
    }
}
