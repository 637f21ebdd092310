//! Lists of entries.

use llm_ledger::{Entry, LegId, Status, Usd};
use llm_tenancy::management::Scope;
use llm_types::UnixMs;
use sea_orm::sea_query::{
    Alias, Condition, Expr, ExprTrait as _, Func, JoinType, Order, Query, SelectStatement,
};
use sea_orm::{ConnectionTrait as _, DbBackend};

use super::day::DAY_MS;
use super::kin::{ACCOUNTS, Numbers, TARGETS};
use super::upsert::askable;
use super::{period, reach, row};
use crate::Store;
use crate::error::{Result, StoreError};
use crate::list::{Cursor, Mark, Start};

/// The most entries of a page.
const LARGEST: u64 = 1_000;
/// Of so long a time, in milliseconds, the dearest are sooner found among all than by reading that time's.
const LONG_MS: i64 = 3 * DAY_MS;
/// Of what there is less, all is found by whose it is, and sorted.
const MUCH: u64 = 20_000;
/// So many of the latest entries are sorted by what no index has.
const SORTED: u64 = 50_000;
/// The entries of a page by their keys.
const PAGE: &str = "page";
/// What a row is sorted by, beside its key.
const SORTED_BY: &str = "sorted_by";

/// What entries are sorted by; those that are equal in it are sorted by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum EntryOrder {
    /// When the request began.
    #[default]
    Time,
    /// What it cost.
    Cost,
    /// Tokens, read and written: of the latest 50,000 of those that are asked for.
    Tokens,
    /// How long it took: of the latest 50,000 likewise.
    Duration,
}

/// Which entries are listed, in which order, and which part of them. Empty lists and `None` leave nothing out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryQuery {
    /// From this instant on.
    pub since: Option<UnixMs>,
    /// Before this instant.
    pub before: Option<UnixMs>,
    /// Of these keys, by their hashes.
    pub keys: Vec<String>,
    /// Of these users.
    pub users: Vec<String>,
    /// Of these teams.
    pub teams: Vec<String>,
    /// Of these organisations.
    pub organizations: Vec<String>,
    /// Of these projects.
    pub projects: Vec<String>,
    /// For these end users.
    pub end_users: Vec<String>,
    /// With this label.
    pub tag: Option<String>,
    /// For these models, as clients named them.
    pub models: Vec<String>,
    /// Of these vendors.
    pub vendors: Vec<String>,
    /// Of these deployments.
    pub deployments: Vec<String>,
    /// That ended so.
    pub statuses: Vec<Status>,
    /// Of the request that its client called so.
    pub call_id: Option<String>,
    /// Of this conversation.
    pub session_id: Option<String>,
    /// That cost this or more.
    pub least_cost: Option<Usd>,
    /// That cost this or less.
    pub most_cost: Option<Usd>,
    /// What they are sorted by.
    pub order: EntryOrder,
    /// Whether the greatest, or the latest, is first.
    pub descending: bool,
    /// From where on.
    pub from: Start,
    /// How many at most, 1 to 1,000.
    pub size: u64,
    /// Up to how many of them are counted. 0: they are not.
    pub count: u64,
}

impl Default for EntryQuery {
    /// The last hundred, the latest first.
    fn default() -> Self {
        Self {
            since: None,
            before: None,
            keys: Vec::new(),
            users: Vec::new(),
            teams: Vec::new(),
            organizations: Vec::new(),
            projects: Vec::new(),
            end_users: Vec::new(),
            tag: None,
            models: Vec::new(),
            vendors: Vec::new(),
            deployments: Vec::new(),
            statuses: Vec::new(),
            call_id: None,
            session_id: None,
            least_cost: None,
            most_cost: None,
            order: EntryOrder::Time,
            descending: true,
            from: Start::Page(1),
            size: 100,
            count: 0,
        }
    }
}

/// A part of a list of entries.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EntryPage {
    /// The entries.
    pub entries: Vec<Entry>,
    /// How many there are on all pages, if that was asked for.
    pub total: Option<EntryCount>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<Cursor>,
}

/// How many entries there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct EntryCount {
    /// How many were counted.
    pub count: u64,
    /// Whether that is all, or counting ended there.
    pub is_all: bool,
}

impl Store {
    /// Lists entries within a scope.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for a cursor of another order, a page's number or a size out of range; else those of
    /// the database.
    pub async fn list_entries(&self, query: &EntryQuery, scope: &Scope) -> Result<EntryPage> {
        let [accounts, targets] = query.kin(scope);
        let kin = [self.numbers(&ACCOUNTS, accounts).await?, self.numbers(&TARGETS, targets).await?];
        let found = self.found(query, &kin).await?;
        let select = query.page(scope, self.db().backend(), (&kin, found))?;
        let rows = self.db().read(async { Ok(self.db().reader().query_all(&select).await?) }).await?;
        let total = match query.count {
            0 => None,
            most => Some(self.count_entries(query, scope, &kin, most).await?),
        };
        let full = rows.len() as u64 > query.size;
        let size = usize::try_from(query.size).unwrap_or(usize::MAX);
        let mut last = None;
        let mut entries = Vec::with_capacity(rows.len());
        for row in rows.iter().take(size) {
            let entry = row::read(row)?;
            let id = format!("{}:{}", entry.id.request, entry.id.leg);
            last = Some(Cursor::new(&Mark::Number(row.try_get("", SORTED_BY)?), &id));
            entries.push(entry);
        }
        Ok(EntryPage { entries, total, next: last.filter(|_| full) })
    }

    /// By what entries are found. Only SQLite has to be told: of what there is little, all is found and sorted; of what
    /// there is much, some is found soon by going through the time.
    async fn found(&self, query: &EntryQuery, kin: &[Numbers; 2]) -> Result<Found> {
        if self.db().backend() != DbBackend::Sqlite || query.order != EntryOrder::Time || query.tag.is_some()
        {
            return Ok(Found::Indexed);
        }
        for (target, numbers) in [&ACCOUNTS, &TARGETS].into_iter().zip(kin).filter(|(_, of)| !of.is_all()) {
            let mut some = Query::select();
            some.expr_as(Expr::cust("1"), Alias::new("one"))
                .from_as(Alias::new(row::ALONE), Alias::new(row::TABLE))
                .limit(MUCH);
            numbers.narrow(&mut some, target, true);
            query.narrow_time(row::TABLE, &mut some);
            if self.count_rows(some).await? < MUCH {
                return Ok(Found::By(target.table));
            }
        }
        Ok(Found::InTime)
    }

    async fn count_rows(&self, some: SelectStatement) -> Result<u64> {
        let mut select = Query::select();
        select.expr(Func::count(Expr::col(Alias::new("one")))).from_subquery(some, Alias::new("counted"));
        let row = self.db().read(async { Ok(self.db().reader().query_one(&select).await?) }).await?;
        let count: i64 = row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default();
        Ok(u64::try_from(count).unwrap_or_default())
    }

    async fn count_entries(
        &self,
        query: &EntryQuery,
        scope: &Scope,
        kin: &[Numbers; 2],
        most: u64,
    ) -> Result<EntryCount> {
        let mut some = Query::select();
        some.expr_as(Expr::cust("1"), Alias::new("one")).limit(Ord::min(most.saturating_add(1), LONG));
        if query.is_of_label_only(scope) {
            // Labels alone say how many there are.
            some.from(Alias::new(row::TAGS));
            query.narrow_labels(&mut some);
        } else {
            some.from_as(Alias::new(row::ALONE), Alias::new(row::TABLE));
            query.narrow(&mut some, (kin, Found::Indexed));
        }
        let count = self.count_rows(some).await?;
        Ok(EntryCount { count: Ord::min(count, most), is_all: count <= most })
    }
}

/// By what entries are found whose accounts or targets are said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// As the database likes.
    Indexed,
    /// By the numbers of this table's.
    By(&'static str),
    /// By their time, looking at each.
    InTime,
}

/// As many as any database counts.
const LONG: u64 = i64::MAX as u64;

impl EntryQuery {
    /// One more than the page has, to know whether another one follows. Which entries these are is found out first, and
    /// only they are read.
    fn page(
        &self,
        scope: &Scope,
        backend: DbBackend,
        kin: (&[Numbers; 2], Found),
    ) -> Result<SelectStatement> {
        if self.size == 0 || self.size > LARGEST {
            return Err(StoreError::Invalid(format!("a page has 1 to {LARGEST} entries")));
        }
        let mut page = Query::select();
        page.columns(row::KEY.map(|name| (Alias::new(self.leading()), Alias::new(name))));
        if self.order == EntryOrder::Time && self.is_of_label_only(scope) {
            // Labels alone say which entries are of the page.
            page.from(Alias::new(row::TAGS));
            self.narrow_labels(&mut page);
        } else if matches!(self.order, EntryOrder::Tokens | EntryOrder::Duration) {
            page.from_subquery(self.latest(kin.0), Alias::new(row::TABLE));
        } else {
            page.from_as(Alias::new(row::ALONE), Alias::new(row::TABLE));
            if backend == DbBackend::Sqlite && self.is_dearest_of_long(scope) {
                // It would read all of that time and sort it. So it goes by what they cost, and looks at the time of each.
                page.and_where(self.order.expression().gte(i64::MIN));
                let at = || Expr::col((Alias::new(row::TABLE), Alias::new("at_ms"))).add(Expr::cust("0"));
                if let Some(since) = self.since {
                    page.and_where(at().gte(since.0));
                }
                if let Some(before) = self.before {
                    page.and_where(at().lt(before.0));
                }
            } else {
                self.narrow(&mut page, kin);
            }
        }
        self.arrange(&mut page, self.leading());
        self.cut(&mut page)?;
        let of_page = row::KEY.into_iter().fold(Condition::all(), |all, name| {
            let [page, entry] =
                [PAGE, row::TABLE].map(|table| Expr::col((Alias::new(table), Alias::new(name))));
            all.add(page.eq(entry))
        });
        let mut select = row::select();
        select.expr_as(self.order.expression(), Alias::new(SORTED_BY));
        select.join_subquery(JoinType::InnerJoin, page, Alias::new(PAGE), of_page);
        self.arrange(&mut select, row::TABLE);
        Ok(select)
    }

    /// The latest entries, of which alone the greatest are found where no index has them.
    fn latest(&self, kin: &[Numbers; 2]) -> SelectStatement {
        let mut latest = Query::select();
        let sorted = ["prompt_tokens", "completion_tokens", "duration_ms"];
        let columns = row::KEY.into_iter().chain(sorted);
        latest.columns(columns.map(|name| (Alias::new(row::TABLE), Alias::new(name))));
        latest.from_as(Alias::new(row::ALONE), Alias::new(row::TABLE));
        self.narrow(&mut latest, (kin, Found::Indexed));
        for column in row::KEY {
            latest.order_by((Alias::new(self.leading_in_time()), Alias::new(column)), Order::Desc);
        }
        latest.limit(SORTED);
        latest
    }

    /// Says the order.
    fn arrange(&self, select: &mut SelectStatement, table: &'static str) {
        let direction = if self.descending { Order::Desc } else { Order::Asc };
        if self.order != EntryOrder::Time {
            select.order_by_expr(self.order.expression(), direction.clone());
        }
        for column in row::KEY {
            select.order_by((Alias::new(table), Alias::new(column)), direction.clone());
        }
    }

    /// Cuts a page out.
    fn cut(&self, select: &mut SelectStatement) -> Result<()> {
        select.limit(self.size + 1);
        match &self.from {
            Start::Page(number) => {
                let skipped = number.checked_sub(1).and_then(|pages| pages.checked_mul(self.size));
                let skipped = skipped.filter(|skipped| *skipped <= LONG);
                let skipped =
                    skipped.ok_or_else(|| StoreError::Invalid("pages are counted from 1".to_owned()))?;
                select.offset(skipped);
            }
            Start::After(cursor) => {
                select.cond_where(self.after(cursor)?);
            }
        }
        Ok(())
    }

    /// The table by which entries are found and sorted by time: where a label is asked for, that of labels.
    const fn leading(&self) -> &'static str {
        // What is sorted in memory has its own key.
        if matches!(self.order, EntryOrder::Tokens | EntryOrder::Duration) {
            return row::TABLE;
        }
        self.leading_in_time()
    }

    const fn leading_in_time(&self) -> &'static str {
        if self.tag.is_some() { row::TAGS } else { row::TABLE }
    }

    fn after(&self, cursor: &Cursor) -> Result<Condition> {
        let (mark, id) = cursor.read(false)?;
        let id = id.split_once(':').and_then(|(request, leg)| {
            Some(LegId { request: request.parse().ok()?, leg: leg.parse().ok()? })
        });
        let (Mark::Number(mark), Some(id)) = (mark, id) else {
            return Err(StoreError::Invalid("this is no cursor of this list".to_owned()));
        };
        let follows = period::follows(self.leading(), id, self.descending);
        if self.order == EntryOrder::Time {
            return Ok(follows);
        }
        let sorted = self.order.expression();
        let past = if self.descending { sorted.clone().lt(mark) } else { sorted.clone().gt(mark) };
        Ok(Condition::any().add(past).add(Condition::all().add(sorted.eq(mark)).add(follows)))
    }

    /// Whether nothing is asked for but a label and a time.
    fn is_of_label_only(&self, scope: &Scope) -> bool {
        self.tag.is_some() && self.is_of_label_or_time(scope)
    }

    /// Whether nothing is asked for but how dear they were, and perhaps a time of several days.
    fn is_dearest_of_long(&self, scope: &Scope) -> bool {
        let (since, before) =
            (self.since.map_or(i64::MIN, |at| at.0), self.before.map_or(i64::MAX, |at| at.0));
        let is_long = before.saturating_sub(since) > LONG_MS;
        self.order == EntryOrder::Cost && is_long && self.tag.is_none() && self.is_of_label_or_time(scope)
    }

    fn is_of_label_or_time(&self, scope: &Scope) -> bool {
        let Self { since, before, ref tag, order, descending, ref from, size, count, .. } = *self;
        let (tag, from) = (tag.clone(), from.clone());
        let only = Self { since, before, tag, order, descending, from, size, count, ..Self::default() };
        scope.all && *self == only
    }

    /// What holds of every label of the entries.
    fn narrow_labels(&self, select: &mut SelectStatement) {
        let tag = Expr::col((Alias::new(row::TAGS), Alias::new("tag")));
        select.and_where(tag.is_in(askable(self.tag.as_slice())));
        self.narrow_time(row::TAGS, select);
    }

    fn narrow_time(&self, table: &'static str, select: &mut SelectStatement) {
        let at = || Expr::col((Alias::new(table), Alias::new("at_ms")));
        if let Some(since) = self.since {
            select.and_where(at().gte(since.0));
        }
        if let Some(before) = self.before {
            select.and_where(at().lt(before.0));
        }
    }

    /// What holds of the accounts and of the targets of every entry.
    fn kin(&self, scope: &Scope) -> [Condition; 2] {
        let among = |lists: &[(&'static str, &Vec<String>)]| {
            lists
                .iter()
                .filter(|(_, texts)| !texts.is_empty())
                .fold(Condition::all(), |all, (name, texts)| {
                    all.add(Expr::col(Alias::new(*name)).is_in(askable(texts)))
                })
        };
        let mut accounts = among(&[
            ("key_id", &self.keys),
            ("user_id", &self.users),
            ("team_id", &self.teams),
            ("organization_id", &self.organizations),
            ("project_id", &self.projects),
        ]);
        if let Some(within) = reach::within(scope) {
            accounts = accounts.add(within);
        }
        let targets = [("model", &self.models), ("vendor", &self.vendors), ("deployment", &self.deployments)];
        [accounts, among(&targets)]
    }

    /// What holds of every entry.
    fn narrow(&self, select: &mut SelectStatement, (kin, found): (&[Numbers; 2], Found)) {
        let column = |name: &'static str| Expr::col((Alias::new(row::TABLE), Alias::new(name)));
        if self.tag.is_some() {
            select.join(JoinType::InnerJoin, Alias::new(row::TAGS), of_label());
            self.narrow_labels(select);
        }
        self.narrow_time(row::TABLE, select);
        for (target, numbers) in [&ACCOUNTS, &TARGETS].into_iter().zip(kin) {
            numbers.narrow(select, target, found == Found::Indexed || found == Found::By(target.table));
        }
        if !self.end_users.is_empty() {
            select.cond_where(row::is_among("end_user_id", &self.end_users));
        }
        for (name, text) in [("call_id", &self.call_id), ("session_id", &self.session_id)] {
            if let Some(text) = text {
                select.cond_where(row::is_among(name, std::slice::from_ref(text)));
            }
        }
        if !self.statuses.is_empty() {
            select.and_where(column("status").is_in(self.statuses.iter().map(|status| status.label())));
            if !self.statuses.contains(&Status::Answered) {
                // As the index says it.
                select.and_where(column("status").ne(Expr::cust(format!("'{}'", Status::Answered.label()))));
            }
        }
        if let Some(least) = self.least_cost {
            select.and_where(column("spend_nanos").gte(least.nanos()));
        }
        if let Some(most) = self.most_cost {
            select.and_where(column("spend_nanos").lte(most.nanos()));
        }
    }
}

/// That a label is an entry's.
fn of_label() -> Condition {
    row::KEY.into_iter().fold(Condition::all(), |all, name| {
        let [label, entry] =
            [row::TAGS, row::TABLE].map(|table| Expr::col((Alias::new(table), Alias::new(name))));
        all.add(label.eq(entry))
    })
}

impl EntryOrder {
    fn expression(self) -> Expr {
        let column = |name: &'static str| Expr::col((Alias::new(row::TABLE), Alias::new(name)));
        match self {
            Self::Time => column("at_ms"),
            Self::Cost => column("spend_nanos"),
            Self::Tokens => column("prompt_tokens").add(column("completion_tokens")),
            Self::Duration => column("duration_ms"),
        }
    }
}
