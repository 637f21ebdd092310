//! When budgets begin anew: what was spent of them is nothing again.

use llm_tenancy::{Budget, Calendar, Kind, Limits, Team};
use llm_types::UnixMs;
use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, LockType, Order, Query};
use sea_orm::{ConnectionTrait as _, DatabaseTransaction};
use serde_json::Value as Json;

use super::upsert::Target;
use crate::db::transaction;
use crate::error::{Result, StoreError};
use crate::journal::Journal;
use crate::record::{
    ACCESS_GROUPS, BUDGETS, END_USERS, KEYS, ORGANIZATION_MEMBERS, ORGANIZATIONS, PROJECTS, Row, SPEND,
    Sheet, TAGS, TEAM_MEMBERS, TEAMS, USERS, VERSION, unpair,
};
use crate::write::lock;
use crate::{By, Scope, Store};

/// Records that begin anew in one transaction.
const RECORDS: u64 = 200;

const RESETS: Target =
    Target { table: "resets", key: &["kind", "record_id"], raised: &[], replaced: &["at_ms"], fresh: &[] };

/// Kinds that spend.
const SPENDERS: [&Sheet; 10] = [
    &ORGANIZATIONS,
    &TEAMS,
    &PROJECTS,
    &USERS,
    &ORGANIZATION_MEMBERS,
    &TEAM_MEMBERS,
    &KEYS,
    &END_USERS,
    &TAGS,
    &ACCESS_GROUPS,
];

/// Writes down when rows that are written begin anew. What is written down too early, or of a record that is gone, is
/// put right when that time comes.
pub(crate) async fn note(db: &DatabaseTransaction, sheet: &Sheet, rows: &[Row]) -> Result<()> {
    let mut noted: Vec<_> =
        rows.iter().filter_map(|row| Some((row.id.as_str(), reset_at(&row.body)?))).collect();
    noted.sort_unstable();
    let rows = noted.into_iter().map(|(id, at)| vec![sheet.kind.label().into(), id.into(), at.into()]);
    RESETS.raise(db, rows.collect()).await
}

/// When a record begins anew, by its document.
fn reset_at(body: &Json) -> Option<i64> {
    body.get("spending").unwrap_or(body).get("budget_reset_at")?.as_i64()
}

impl Store {
    /// Begins budgets anew whose time has come: what their records have spent is nothing, and the next time is that
    /// which follows now by the calendar of [`StoreSettings`](crate::StoreSettings). With a budget that records share begin those of them that have no time of their own. Gives how
    /// many records began anew. Every replica may do so.
    ///
    /// # Errors
    /// Those of the database; what began until then has begun.
    pub async fn begin_windows(&self, now: UnixMs) -> Result<u64> {
        let by = By::gateway(now);
        let mut begun = 0;
        loop {
            let due = self.db().read(self.due(now)).await?;
            for (kind, id) in &due {
                if *kind == Kind::Budget.label() {
                    begun += self.begin_members(id, &by).await?;
                }
            }
            begun += transaction!(self, self.db().patience(), &by, |db, journal| {
                let mut begun = 0;
                for (kind, id) in &due {
                    begun += u64::from(begin(db, kind, id, (now, self.calendar()), journal).await?);
                }
                Ok(begun)
            })?;
            if (due.len() as u64) < RECORDS {
                return Ok(begun);
            }
        }
    }

    /// What is due, in the order in which it is locked.
    async fn due(&self, now: UnixMs) -> Result<Vec<(String, String)>> {
        let mut select = Query::select();
        select
            .columns(["kind", "record_id"].map(Alias::new))
            .from(Alias::new(RESETS.table))
            .and_where(Expr::col(Alias::new("at_ms")).lte(now.0))
            .order_by(Alias::new("at_ms"), Order::Asc)
            .limit(RECORDS);
        let rows = self.db().reader().query_all(&select).await?;
        let due = rows.iter().map(|row| Ok((row.try_get("", "kind")?, row.try_get("", "record_id")?)));
        let mut due: Vec<_> = due.collect::<Result<_>>()?;
        due.sort_unstable();
        Ok(due)
    }

    /// Begins anew what shares a budget and has no time of its own, some records at a time.
    async fn begin_members(&self, budget: &str, by: &By) -> Result<u64> {
        let mut begun = 0;
        for sheet in SPENDERS.into_iter().filter(|sheet| sheet.columns.contains(&"budget_id")) {
            loop {
                let some = transaction!(self, self.db().patience(), by, |db, _journal| {
                    forgive(db, sheet, budget).await
                })?;
                begun += some;
                if some < RECORDS {
                    break;
                }
            }
        }
        Ok(begun)
    }
}

/// Sets to nothing what the next of those have spent that share a budget.
async fn forgive(db: &DatabaseTransaction, sheet: &Sheet, budget: &str) -> Result<u64> {
    let column = |name: &'static str| Expr::col(Alias::new(name));
    let own = Query::select()
        .column(Alias::new("record_id"))
        .from(Alias::new(RESETS.table))
        .and_where(column("kind").eq(sheet.kind.label()))
        .to_owned();
    let mut select = Query::select();
    select
        .column(Alias::new("id"))
        .from(Alias::new(sheet.table))
        .and_where(column("budget_id").eq(budget))
        .and_where(column(SPEND).ne(0))
        .and_where(column("id").not_in_subquery(own))
        .order_by(Alias::new("id"), Order::Asc)
        .limit(RECORDS)
        .lock(LockType::Update);
    let rows = db.query_all(&select).await?;
    let ids = rows.iter().map(|row| row.try_get("", "id")).collect::<Result<Vec<String>, _>>()?;
    if ids.is_empty() {
        return Ok(0);
    }
    let mut update = Query::update();
    update.table(Alias::new(sheet.table)).value(Alias::new(SPEND), 0_i64).and_where(column("id").is_in(ids));
    Ok(db.execute(&update).await?.rows_affected())
}

/// Begins one record anew, if its time has come.
async fn begin(
    db: &DatabaseTransaction,
    kind: &str,
    id: &str,
    (now, calendar): (UnixMs, &Calendar),
    journal: &mut Journal<'_>,
) -> Result<bool> {
    let sheet = SPENDERS.into_iter().chain([&BUDGETS]).find(|sheet| sheet.kind.label() == kind);
    let Some(sheet) = sheet else { return forget(db, kind, id).await };
    let row = match lock(db, sheet, id, &Scope::everything()).await {
        Err(StoreError::NotFound(_)) => return forget(db, kind, id).await,
        row => row?,
    };
    let Some(at) = reset_at(&row.body) else { return forget(db, kind, id).await };
    if at > now.0 {
        note(db, sheet, &[row]).await?;
        return Ok(false);
    }
    // A time without a period comes once.
    let next = limits(db, sheet, &row).await?.next_reset(now, calendar);
    let mut new = row;
    if let Some(spending) = new.body.get_mut("spending").and_then(Json::as_object_mut) {
        spending.remove("model_spend");
        set(spending, next);
    } else if let Some(body) = new.body.as_object_mut() {
        set(body, next);
    }
    new.spend_nanos = 0;
    let mut update = Query::update();
    update
        .table(Alias::new(sheet.table))
        .value(Alias::new(SPEND), 0_i64)
        .value(Alias::new(VERSION), new.version + 1)
        .value(Alias::new("body"), new.body.clone())
        .and_where(Expr::col(Alias::new("id")).eq(id));
    db.execute(&update).await?;
    // The next time is told to whoever has read the record. It is nobody's deed, so that the audit has nothing of it.
    journal.tell(sheet.kind, id);
    match next {
        Some(_) => note(db, sheet, &[new]).await?,
        None => _ = forget(db, kind, id).await?,
    }
    Ok(true)
}

fn set(document: &mut serde_json::Map<String, Json>, next: Option<UnixMs>) {
    match next {
        Some(next) => _ = document.insert("budget_reset_at".to_owned(), next.0.into()),
        None => _ = document.remove("budget_reset_at"),
    }
}

/// What bounds a record: of a member without bounds of its own, those that its team has for such.
async fn limits(db: &DatabaseTransaction, sheet: &Sheet, row: &Row) -> Result<Limits> {
    if sheet.kind == Kind::Budget {
        return Ok(row.clone().into_record::<Budget>()?.value.limits);
    }
    let own: Option<Limits> =
        row.body.get("limits").and_then(|limits| serde_json::from_value(limits.clone()).ok());
    match own.filter(|own| *own != Limits::default()) {
        Some(own) => Ok(own),
        None if sheet.kind == Kind::TeamMember => {
            let Some((team, _)) = unpair(&row.id) else { return Ok(Limits::default()) };
            let mut select = Row::select(&TEAMS);
            select.and_where(Expr::col(Alias::new("id")).eq(team));
            let team = db.query_one(&select).await?.as_ref().map(Row::read).transpose()?;
            let team = team.map(Row::into_record::<Team>).transpose()?;
            Ok(team.map(|team| team.value.member_defaults.limits).unwrap_or_default())
        }
        None => Ok(Limits::default()),
    }
}

/// Nothing begins anew there.
async fn forget(db: &DatabaseTransaction, kind: &str, id: &str) -> Result<bool> {
    let mut delete = Query::delete();
    delete
        .from_table(Alias::new(RESETS.table))
        .and_where(Expr::col(Alias::new("kind")).eq(kind))
        .and_where(Expr::col(Alias::new("record_id")).eq(id));
    db.execute(&delete).await?;
    Ok(false)
}
