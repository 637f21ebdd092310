//! What records have spent. Spending is no change of a record: it raises no version and is told to nobody.

use std::collections::BTreeMap;

use llm_ledger::{Charge, Entry};
use llm_tenancy::{EndUser, Stamp};
use llm_types::UnixMs;
use sea_orm::sea_query::{Alias, CaseStatement, Expr, ExprTrait as _, LockType, Order, Query};
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, DbBackend};

use super::upsert::{Target, slices};
use crate::error::{Result, StoreError};
use crate::record::{
    ACCESS_GROUPS, COMMON, END_USERS, KEYS, ORGANIZATION_MEMBERS, ORGANIZATIONS, PROJECTS, RecordId as _,
    Row, SPEND, Sheet, TAGS, TEAM_MEMBERS, TEAMS, USERS,
};

/// The most records of a statement: each of its rows is compared with every one.
const MOST: usize = 32;

/// Amounts by ids.
type Spent = BTreeMap<String, i64>;

/// Raises what the records of these entries have spent, kind by kind, each in the order of ids.
pub(super) async fn raise(db: &DatabaseTransaction, entries: &[&Entry], now: UnixMs) -> Result<()> {
    let of = |id: &dyn Fn(&Entry) -> String| {
        let mut spent = Spent::new();
        for entry in entries.iter().filter(|entry| entry.cost.nanos() != 0) {
            let id = id(entry);
            if !id.is_empty() {
                add(&mut spent, id, entry);
            }
        }
        spent
    };
    let member = |group: &str, user: &str, pair: &dyn Fn() -> String| {
        if group.is_empty() || user.is_empty() { String::new() } else { pair() }
    };
    let kinds: [(&Sheet, Spent); 9] = [
        (&ORGANIZATIONS, of(&|entry| entry.organization.to_string())),
        (&TEAMS, of(&|entry| entry.team.to_string())),
        (&PROJECTS, of(&|entry| entry.project.to_string())),
        (&USERS, of(&|entry| entry.user.to_string())),
        (
            &ORGANIZATION_MEMBERS,
            of(&|entry| {
                let (organization, user) = (&*entry.organization, &*entry.user);
                member(organization, user, &|| {
                    (llm_tenancy::OrganizationId::from(organization), llm_tenancy::UserId::from(user))
                        .to_text()
                })
            }),
        ),
        (
            &TEAM_MEMBERS,
            of(&|entry| {
                let (team, user) = (&*entry.team, &*entry.user);
                member(team, user, &|| {
                    (llm_tenancy::TeamId::from(team), llm_tenancy::UserId::from(user)).to_text()
                })
            }),
        ),
        (&KEYS, of(&|entry| entry.key.to_string())),
        (&TAGS, tags(entries)),
        (&ACCESS_GROUPS, groups(entries)),
    ];
    for (sheet, spent) in &kinds {
        raise_known(db, sheet, spent).await?;
    }
    raise_end_users(db, of(&|entry| entry.end_user.to_string()), now).await
}

fn add(spent: &mut Spent, id: String, entry: &Entry) {
    let sum = spent.entry(id).or_default();
    *sum = sum.saturating_add(entry.cost.nanos());
}

fn tags(entries: &[&Entry]) -> Spent {
    let mut spent = Spent::new();
    for entry in entries.iter().filter(|entry| entry.cost.nanos() != 0) {
        super::row::tags(entry).for_each(|tag| add(&mut spent, tag.to_owned(), entry));
    }
    spent
}

/// What was taken out of the budgets of groups of models, each once for an entry.
fn groups(entries: &[&Entry]) -> Spent {
    let mut spent = Spent::new();
    for entry in entries.iter().filter(|entry| entry.cost.nanos() != 0) {
        let mut ids: Vec<String> = entry.charges.iter().filter_map(group_of).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter().for_each(|id| add(&mut spent, id, entry));
    }
    spent
}

/// The group whose account a charge is to, by the account's name: `usd:30d:group/ID`.
fn group_of(charge: &Charge) -> Option<String> {
    let subject = charge.account.splitn(3, ':').nth(2)?;
    let id = subject.strip_prefix("group/")?.split('/').next()?;
    Some(id.replace("%2F", "/").replace("%25", "%"))
}

/// Raises what those have spent that are there.
async fn raise_known(db: &DatabaseTransaction, sheet: &Sheet, spent: &Spent) -> Result<()> {
    let spent: Vec<_> = spent.iter().collect();
    for mut spent in slices(&spent, MOST).map(<[_]>::to_vec) {
        if db.get_database_backend() != DbBackend::Sqlite {
            // A statement that changes several locks them in an order of its own.
            let there = lock(db, sheet, &spent).await?;
            spent.retain(|(id, _)| there.contains(*id));
            if spent.is_empty() {
                continue;
            }
        }
        let id = || Expr::col(Alias::new("id"));
        let more = spent
            .iter()
            .fold(CaseStatement::new(), |case, (known, nanos)| case.case(id().eq(known.as_str()), **nanos));
        let mut update = Query::update();
        update
            .table(Alias::new(sheet.table))
            .value(Alias::new(SPEND), Expr::col(Alias::new(SPEND)).add(more.finally(0_i64)))
            .and_where(id().is_in(spent.iter().map(|(id, _)| id.as_str())));
        db.execute(&update).await?;
    }
    Ok(())
}

/// Locks those that are there, in the order of their ids.
async fn lock(db: &DatabaseTransaction, sheet: &Sheet, spent: &[(&String, &i64)]) -> Result<Vec<String>> {
    let mut select = Query::select();
    select
        .column(Alias::new("id"))
        .from(Alias::new(sheet.table))
        .and_where(Expr::col(Alias::new("id")).is_in(spent.iter().map(|(id, _)| id.as_str())))
        .order_by(Alias::new("id"), Order::Asc)
        .lock(LockType::Update);
    let rows = db.query_all(&select).await?;
    Ok(rows.iter().map(|row| row.try_get("", "id")).collect::<Result<_, _>>()?)
}

/// End users are made when something is spent for them first, as LiteLLM does.
async fn raise_end_users(db: &DatabaseTransaction, spent: Spent, now: UnixMs) -> Result<()> {
    const TARGET: Target = Target {
        table: "end_users",
        key: &["id"],
        raised: &[SPEND],
        replaced: &[],
        fresh: &["version", "created_ms", "updated_ms", "body", "alias", "budget_id", "blocked"],
    };
    debug_assert_eq!((TARGET.table, COMMON.len() + END_USERS.columns.len()), (END_USERS.table, 9));
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
