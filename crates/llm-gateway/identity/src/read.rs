//! Reading from the store all that says what one key may do.

use llm_store::{Field, Filter, FoundKey, Query, Start, Store, StoreError};
use llm_tenancy::management::Scope;
use llm_tenancy::{
    Access, AccessGroup, FormerKey, Grants, KeyHash, Organization, Project, Records, Team, TeamMember, User,
    VirtualKey,
};
use llm_types::UnixMs;

use crate::Identity;

/// Records of a page.
const PAGE: u64 = 1_000;

/// Whose a presented text is; `None` if it is no key.
pub(crate) async fn identity(
    store: &Store,
    hash: &KeyHash,
    now: UnixMs,
) -> Result<Option<Identity>, StoreError> {
    let Some(FoundKey { key, former, .. }) = store.find_key(hash, now).await? else { return Ok(None) };
    of_key(store, key.value, former.as_ref(), &[], now).await.map(Some)
}

/// What a key may do, that is in the store or stands for a token, and which is bounded further besides.
pub(crate) async fn of_key(
    store: &Store,
    key: VirtualKey,
    former: Option<&FormerKey>,
    bounds: &[Grants],
    now: UnixMs,
) -> Result<Identity, StoreError> {
    let all = Scope::everything();
    let user = match &key.user_id {
        Some(id) => store.find::<User>(id, &all).await?.map(|found| found.value),
        None => None,
    };
    let team = match &key.team_id {
        Some(id) => store.find::<Team>(id, &all).await?.map(|found| found.value),
        None => None,
    };
    let member = match (&key.team_id, &key.user_id) {
        (Some(team), Some(user)) => {
            let id = (team.clone(), user.clone());
            store.find::<TeamMember>(&id, &all).await?.map(|found| found.value)
        }
        _ => None,
    };
    let of_team = team.as_ref().and_then(|team| team.organization_id.as_ref());
    let organization = match key.organization_id.as_ref().or(of_team) {
        Some(id) => store.find::<Organization>(id, &all).await?.map(|found| found.value),
        None => None,
    };
    let project = match &key.project_id {
        Some(id) => store.find::<Project>(id, &all).await?.map(|found| found.value),
        None => None,
    };
    let access_groups = access_groups(store).await?;
    let mut access = Access::compile(&Records {
        key: &key,
        former,
        user: user.as_ref(),
        team: team.as_ref(),
        member: member.as_ref(),
        organization: organization.as_ref(),
        project: project.as_ref(),
        access_groups: &access_groups,
    });
    for grants in bounds {
        access.narrow(grants, &access_groups);
    }
    let team_metadata = team.map(|team| team.metadata).unwrap_or_default();
    Ok(Identity::new(access, key, team_metadata, now))
}

/// All access groups. There are few, and any of them may be assigned to the key.
async fn access_groups(store: &Store) -> Result<Vec<AccessGroup>, StoreError> {
    let mut groups = Vec::new();
    let mut from = Start::Page(1);
    loop {
        let query =
            Query { from, size: PAGE, sort: Field::Id, filters: Vec::<Filter>::new(), ..Query::default() };
        let page = store.list::<AccessGroup>(&query, &Scope::everything()).await?;
        groups.extend(page.records.into_iter().map(|stored| stored.value));
        match page.next {
            Some(next) => from = Start::After(next),
            None => return Ok(groups),
        }
    }
}
