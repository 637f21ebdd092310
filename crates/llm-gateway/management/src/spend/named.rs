//! What keys, teams and users are called, for reports.

use std::collections::BTreeMap;

use llm_store::StoreError;
use llm_tenancy::management::Scope;
use llm_tenancy::{KeyHash, Team, TeamId, VirtualKey};

use crate::desk::Desk;

/// Keys by their hashes, as texts. Whose sums were within reach is told of them, whoever reaches the key's record.
pub(super) async fn keys<'a>(
    desk: &Desk,
    hashes: impl IntoIterator<Item = &'a str>,
) -> Result<BTreeMap<String, VirtualKey>, StoreError> {
    let mut hashes: Vec<KeyHash> = hashes.into_iter().filter_map(|hash| hash.parse().ok()).collect();
    hashes.sort_unstable();
    hashes.dedup();
    let found = desk.store.find_all::<VirtualKey>(&hashes, &Scope::everything()).await?;
    Ok(found.into_iter().map(|it| (it.value.hash.to_string(), it.value)).collect())
}

/// Names of teams by their ids.
pub(super) async fn teams<'a>(
    desk: &Desk,
    ids: impl IntoIterator<Item = &'a str>,
) -> Result<BTreeMap<String, Option<String>>, StoreError> {
    let mut ids: Vec<TeamId> = ids.into_iter().map(Into::into).collect();
    ids.sort_unstable();
    ids.dedup();
    let found = desk.store.find_all::<Team>(&ids, &Scope::everything()).await?;
    Ok(found.into_iter().map(|it| (it.value.team_id.to_string(), it.value.team_alias)).collect())
}

/// What a team is called: its alias, else its id.
pub(super) fn team_name(names: &BTreeMap<String, Option<String>>, id: &str) -> String {
    names.get(id).cloned().flatten().unwrap_or_else(|| id.to_owned())
}

/// The hash by which a ledger knows a key that is named by its text or its hash.
pub(super) fn hash_of(said: &str) -> String {
    KeyHash::meant_by(said).to_string()
}
