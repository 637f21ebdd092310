//! What records have spent. Spending is no change of a record: it raises no version and is told to nobody.

use std::borrow::Cow;
use std::collections::BTreeMap;

use llm_ledger::{Charge, Entry};
use llm_tenancy::{EndUser, Stamp};
use llm_types::UnixMs;
use sea_orm::sea_query::{Alias, CaseStatement, Expr, ExprTrait as _, LockType, Order, Query};
use sea_orm::{ConnectionTrait as _, DatabaseTransaction};

use super::kin::{Family, Kinship};
use super::row;
use super::upsert::{Target, slices};
use crate::error::{Result, StoreError};
use crate::record::{
    ACCESS_GROUPS, COMMON, END_USERS, KEYS, ORGANIZATION_MEMBERS, ORGANIZATIONS, PROJECTS, RecordId as _,
    Row, SPEND, Sheet, TAGS, TEAM_MEMBERS, TEAMS, USERS,
};

/// The most records of a statement: each of its rows is compared with every one.
const MOST: usize = 32;
/// The most records that one statement looks for.
const LOOKED_FOR: usize = 256;

/// Amounts by ids.
type Spent<'a> = BTreeMap<Cow<'a, str>, i64>;

/// Raises what the records of these entries have spent, kind by kind, each in the order of ids.
pub(super) async fn raise(db: &DatabaseTransaction, kinship: &Kinship<'_>, now: UnixMs) -> Result<()> {
    let of = |id: &dyn for<'a> Fn(&'a Entry) -> Cow<'a, str>| spent(&kinship.families, id);
    let kinds: [(&Sheet, Spent<'_>); 9] = [
        (&ORGANIZATIONS, of(&|entry| Cow::Borrowed(&entry.organization))),
        (&TEAMS, of(&|entry| Cow::Borrowed(&entry.team))),
        (&PROJECTS, of(&|entry| Cow::Borrowed(&entry.project))),
        (&USERS, of(&|entry| Cow::Borrowed(&entry.user))),
        (
            &ORGANIZATION_MEMBERS,
            of(&|entry| {
                member(&entry.organization, &entry.user, |organization, user| {
                    (llm_tenancy::OrganizationId::from(organization), user).to_text()
                })
            }),
        ),
        (
            &TEAM_MEMBERS,
            of(&|entry| {
                member(&entry.team, &entry.user, |team, user| {
                    (llm_tenancy::TeamId::from(team), user).to_text()
                })
            }),
        ),
        (&KEYS, of(&|entry| Cow::Borrowed(&entry.key))),
        (&TAGS, each(kinship, row::tags)),
        (&ACCESS_GROUPS, groups(&kinship.families)),
    ];
    for (sheet, mut spent) in kinds {
        raise_known(db, sheet, &mut spent).await?;
    }
    raise_end_users(db, each(kinship, |entry| [&*entry.end_user].into_iter()), now).await
}

/// What entries cost those whom they name; an empty name is nobody's.
fn spent<'a>(families: &[Family<'a>], id: &dyn for<'b> Fn(&'b Entry) -> Cow<'b, str>) -> Spent<'a> {
    let mut spent = Spent::new();
    for Family { one, sums, .. } in families {
        add(&mut spent, id(one), sums.spend.nanos());
    }
    spent
}

/// The same of what differs within a family.
fn each<'a, I: Iterator<Item = &'a str>>(kinship: &Kinship<'a>, ids: impl Fn(&'a Entry) -> I) -> Spent<'a> {
    let mut spent = Spent::new();
    for (entry, _) in &kinship.entries {
        ids(entry).for_each(|id| add(&mut spent, Cow::Borrowed(id), entry.cost.nanos()));
    }
    spent
}

/// A member's text, if there are a group and a user.
fn member(
    group: &str,
    user: &str,
    pair: impl FnOnce(&str, llm_tenancy::UserId) -> String,
) -> Cow<'static, str> {
    if group.is_empty() || user.is_empty() { Cow::Borrowed("") } else { pair(group, user.into()).into() }
}

fn add<'a>(spent: &mut Spent<'a>, id: Cow<'a, str>, nanos: i64) {
    if nanos != 0 && !id.is_empty() {
        let sum = spent.entry(id).or_default();
        *sum = sum.saturating_add(nanos);
    }
}

/// What was taken out of the budgets of groups of models, each once for an entry.
fn groups<'a>(families: &[Family<'a>]) -> Spent<'a> {
    let mut spent = Spent::new();
    for Family { one, sums, .. } in families {
        let mut ids: Vec<String> = one.charges.iter().filter_map(group_of).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter().for_each(|id| add(&mut spent, Cow::Owned(id), sums.spend.nanos()));
    }
    spent
}

/// The group whose account of money a charge is to, by the account's name: `usd:30d:group/ID`.
fn group_of(charge: &Charge) -> Option<String> {
    let subject = charge.account.strip_prefix("usd:")?.split_once(':')?.1;
    let id = subject.strip_prefix("group/")?.split('/').next()?;
    Some(id.replace("%2F", "/").replace("%25", "%"))
}

/// Raises what those have spent that are there, and leaves those that are not.
async fn raise_known(db: &DatabaseTransaction, sheet: &Sheet, spent: &mut Spent<'_>) -> Result<()> {
    let ids: Vec<&str> = spent.keys().map(AsRef::as_ref).collect();
    let mut there = Vec::new();
    for ids in slices(&ids, LOOKED_FOR) {
        there.extend(lock(db, sheet, ids).await?);
    }
    let there: Vec<_> = there.iter().filter_map(|id| spent.remove_entry(id.as_str())).collect();
    for spent in slices(&there, MOST) {
        let id = || Expr::col(Alias::new("id"));
        let more = spent
            .iter()
            .fold(CaseStatement::new(), |case, (known, nanos)| case.case(id().eq(&**known), *nanos));
        let mut update = Query::update();
        update
            .table(Alias::new(sheet.table))
            .value(Alias::new(SPEND), Expr::col(Alias::new(SPEND)).add(more.finally(0_i64)))
            .and_where(id().is_in(spent.iter().map(|(id, _)| &**id)));
        db.execute(&update).await?;
    }
    Ok(())
}

/// Locks those that are there, in the order of their ids: a statement that changes several locks them in an order of
/// its own. On SQLite nobody else writes.
async fn lock(db: &DatabaseTransaction, sheet: &Sheet, ids: &[&str]) -> Result<Vec<String>> {
    let mut select = Query::select();
    select
        .column(Alias::new("id"))
        .from(Alias::new(sheet.table))
        .and_where(Expr::col(Alias::new("id")).is_in(ids.iter().copied()))
        .order_by(Alias::new("id"), Order::Asc)
        .lock(LockType::Update);
    let rows = db.query_all(&select).await?;
    Ok(rows.iter().map(|row| row.try_get("", "id")).collect::<Result<_, _>>()?)
}

/// End users are made when something is spent for them first, as LiteLLM does. Most are there.
async fn raise_end_users(db: &DatabaseTransaction, mut spent: Spent<'_>, now: UnixMs) -> Result<()> {
    const TARGET: Target = Target {
        table: "end_users",
        key: &["id"],
        raised: &[SPEND],
        replaced: &[],
        fresh: &["version", "created_ms", "updated_ms", "body", "alias", "budget_id", "blocked"],
    };
    debug_assert_eq!((TARGET.table, COMMON.len() + END_USERS.columns.len()), (END_USERS.table, 9));
    raise_known(db, &END_USERS, &mut spent).await?;
    let mut rows = Vec::with_capacity(spent.len());
    for (id, nanos) in spent {
        let row = match Row::of(&end_user(&id, now)) {
            // What an API would refuse as a name is booked, and is nobody.
            Err(StoreError::Invalid(_)) => continue,
            row => row?,
        };
        let fresh = [row.version.into(), row.created_ms.into(), row.updated_ms.into(), row.body.into()];
        rows.push([row.id.into(), nanos.into()].into_iter().chain(fresh).chain(row.columns).collect());
    }
    TARGET.raise(db, rows).await
}

fn end_user(id: &str, now: UnixMs) -> EndUser {
    EndUser {
        user_id: id.into(),
        alias: None,
        blocked: false,
        allowed_model_region: None,
        default_model: None,
        budget_id: None,
        grants: llm_tenancy::Grants::default(),
        limits: llm_tenancy::Limits::default(),
        spending: llm_tenancy::Spending::default(),
        metadata: llm_tenancy::Document::default(),
        stamp: Stamp::new(now, None),
    }
}
