//! Reading from the store all that says what one key may do.

use std::collections::BTreeSet;

use llm_limits::Rules;
use llm_store::{Field, Filter, FoundKey, Query, Start, Store, StoreError};
use llm_tenancy::management::Scope;
use llm_tenancy::{
    Access, AccessGroup, Budget, BudgetId, EndUser, EndUserId, FormerKey, Grants, KeyHash, Organization,
    Project, Records, Tag, TagName, Team, TeamMember, User, VirtualKey,
};
use llm_types::UnixMs;

use crate::{Customer, Identity, Label};

/// Records of a page.
const PAGE: u64 = 1_000;

/// Whose a presented text is; `None` if it is no key.
pub(crate) async fn identity(
    store: &Store,
    hash: &KeyHash,
    rules: &Rules,
    now: UnixMs,
) -> Result<Option<Identity>, StoreError> {
    let Some(FoundKey { key, former, .. }) = store.find_key(hash, now).await? else { return Ok(None) };
    of_key(store, key.value, former.as_ref(), &[], rules, now).await.map(Some)
}

/// What a key may do, that is in the store or stands for a token, and which is bounded further besides.
pub(crate) async fn of_key(
    store: &Store,
    key: VirtualKey,
    former: Option<&FormerKey>,
    bounds: &[Grants],
    rules: &Rules,
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
    let named = [
        &key.budget_id,
        of_record(user.as_ref(), |user| &user.budget_id),
        of_record(team.as_ref(), |team| &team.budget_id),
        of_record(member.as_ref(), |member| &member.budget_id),
        of_record(organization.as_ref(), |organization| &organization.budget_id),
        of_record(project.as_ref(), |project| &project.budget_id),
    ];
    let named: Vec<BudgetId> = named.into_iter().flatten().cloned().collect();
    let budgets = budgets(store, &named).await?;
    let records = Records {
        key: &key,
        former,
        user: user.as_ref(),
        team: team.as_ref(),
        member: member.as_ref(),
        organization: organization.as_ref(),
        project: project.as_ref(),
        access_groups: &access_groups,
    };
    let mut access = Access::compile(&records);
    let limits = llm_limits::Bounds::of(&records, &budgets, rules);
    for grants in bounds {
        access.narrow(grants, &access_groups);
    }
    let conducts = [
        Some(&key.conduct),
        user.as_ref().map(|user| &user.conduct),
        team.as_ref().map(|team| &team.conduct),
        organization.as_ref().map(|organization| &organization.conduct),
    ];
    let demanded = conducts.into_iter().flatten().flat_map(|conduct| &conduct.enforced_params);
    let demanded: BTreeSet<Box<str>> = demanded.map(|name| name.as_str().into()).collect();
    let team_metadata = team.map(|team| team.metadata).unwrap_or_default();
    let mut identity = Identity::new(access, limits, named, key, team_metadata, now);
    identity.demanded = demanded.into_iter().collect();
    Ok(identity)
}

fn of_record<T>(record: Option<&T>, budget: impl Fn(&T) -> &Option<BudgetId>) -> &Option<BudgetId> {
    record.map_or(&None, budget)
}

/// The budgets that records refer to, as far as they are there.
async fn budgets(store: &Store, ids: &[BudgetId]) -> Result<Vec<Budget>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let found = store.find_all::<Budget>(ids, &Scope::everything()).await?;
    Ok(found.into_iter().map(|stored| stored.value).collect())
}

/// An end user, of whom there may be no record; without a budget of their own they have the default one.
pub(crate) async fn end_user(
    store: &Store,
    id: &EndUserId,
    default: Option<&BudgetId>,
    rules: &Rules,
) -> Result<Customer, StoreError> {
    let record = store.find::<EndUser>(id, &Scope::everything()).await?.map(|found| found.value);
    let own = record.as_ref().and_then(|record| record.budget_id.clone());
    let budget = own.or_else(|| default.cloned());
    let row = budgets(store, budget.as_slice()).await?.pop();
    let bounds = match &record {
        Some(record) => llm_limits::Bounds::of_end_user(record, row.as_ref(), rules),
        None => llm_limits::Bounds::of_unknown_end_user(id, row.as_ref(), rules),
    };
    Ok(Customer { record, bounds, budget })
}

/// A tag, if it is written down.
pub(crate) async fn tag(store: &Store, name: &TagName) -> Result<Option<Label>, StoreError> {
    let Some(found) = store.find::<Tag>(name, &Scope::everything()).await? else { return Ok(None) };
    let record = found.value;
    let row = budgets(store, record.budget_id.as_slice()).await?.pop();
    let bounds = llm_limits::Bounds::of_tag(&record, row.as_ref());
    Ok(Some(Label { record, bounds }))
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
