//! Access groups name teams and keys in their documents: a team or a key that goes leaves them, so that a later one of
//! the same id does not come into what it had.

use llm_tenancy::{AccessGroup, Kind};
use sea_orm::sea_query::{Alias, Order};
use sea_orm::{ConnectionTrait as _, DatabaseTransaction};

use crate::Scope;
use crate::error::{Result, StoreError};
use crate::journal::{By, Journal};
use crate::record::{ACCESS_GROUPS, Row};
use crate::write::{lock, replace};

/// Takes teams or keys out of all groups.
pub(crate) async fn forget(
    db: &DatabaseTransaction,
    kind: Kind,
    ids: &[&str],
    by: &By,
    journal: &mut Journal<'_>,
) -> Result<()> {
    if !matches!(kind, Kind::Team | Kind::Key) {
        return Ok(());
    }
    amend(db, by, journal, |group| match kind {
        Kind::Team => group.assigned_team_ids.retain(|team| !ids.contains(&team.as_str())),
        _ => group.assigned_keys.retain(|key| !ids.contains(&key.to_string().as_str())),
    })
    .await
}

/// Changes the groups that come out changed.
pub(crate) async fn amend(
    db: &DatabaseTransaction,
    by: &By,
    journal: &mut Journal<'_>,
    change: impl Fn(&mut AccessGroup) + Send + Sync,
) -> Result<()> {
    // Read without locks first: groups are few, and those that name what goes are fewer.
    let mut select = Row::select(&ACCESS_GROUPS);
    select.order_by(Alias::new("id"), Order::Asc);
    for row in db.query_all(&select).await? {
        let row = Row::read(&row)?;
        let id = row.id.clone();
        let seen = row.into_record::<AccessGroup>()?.value;
        let mut changed = seen.clone();
        change(&mut changed);
        if changed == seen {
            continue;
        }
        let old = match lock(db, &ACCESS_GROUPS, &id, &Scope::everything()).await {
            Err(StoreError::NotFound(_)) => continue,
            locked => locked?,
        };
        let mut group = old.clone().into_record::<AccessGroup>()?.value;
        change(&mut group);
        group.stamp.touch(by.now, by.name());
        let mut new = Row::of(&group)?;
        new.version = old.version + 1;
        replace(db, &ACCESS_GROUPS, &old, &new).await?;
        journal.updated(Kind::AccessGroup, &id, &old.body, &new.body).await?;
    }
    Ok(())
}
