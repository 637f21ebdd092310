//! Reports: sums of days, grouped as one likes.

use llm_tenancy::management::Scope;
use sea_orm::sea_query::{Alias, Condition, Expr, ExprTrait as _, Func, Order, Query};
use sea_orm::{ConnectionTrait as _, DbBackend, QueryResult};

use super::day::{DAY_MS, Day};
use super::days::{DAYS, Dimension, SUMMED, Sums, TOTALS};
use super::upsert::askable;
use crate::error::{Result, StoreError};
use crate::record::{KEYS, ORGANIZATIONS, PROJECTS, Sheet, TEAMS, USERS};
use crate::{Store, scope};

/// The most rows of a report.
const MOST: u64 = 100_000;
/// The most days that are named one by one.
const NAMED: i64 = 800;
/// The most pairs of days and ids that are looked up one by one: of more than these, all of the days are read.
const PAIRS: usize = 20_000;

/// By what a report's rows differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Group {
    /// The day.
    Day,
    /// The month.
    Month,
    /// Whose it is: the id in the report's dimension.
    Id,
    /// The model, as clients named it.
    Model,
    /// The vendor.
    Vendor,
    /// The deployment.
    Deployment,
}

/// What a report's rows are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum SumOrder {
    /// What they are grouped by, ascending, in the order in which the groups are named.
    #[default]
    Groups,
    /// What was spent, the most first.
    Spend,
    /// How many requests there were, the most first.
    Requests,
}

/// Which sums a report shows. Empty lists leave nothing out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SumQuery {
    /// By what they are summed.
    pub dimension: Dimension,
    /// Of these ids only.
    pub ids: Vec<String>,
    /// From this day on.
    pub since: Option<Day>,
    /// Up to this day, which belongs to it.
    pub until: Option<Day>,
    /// Of these models only.
    pub models: Vec<String>,
    /// Of these vendors only.
    pub vendors: Vec<String>,
    /// Of these deployments only.
    pub deployments: Vec<String>,
    /// By what rows differ. Nothing: one row, of all.
    pub by: Vec<Group>,
    /// What they are sorted by.
    pub order: SumOrder,
    /// How many rows are left out first.
    pub skip: u64,
    /// How many rows at most, 1 to 100,000.
    pub most: u64,
}

impl SumQuery {
    /// One row of all there is, by a dimension.
    pub const fn new(dimension: Dimension) -> Self {
        Self {
            dimension,
            ids: Vec::new(),
            since: None,
            until: None,
            models: Vec::new(),
            vendors: Vec::new(),
            deployments: Vec::new(),
            by: Vec::new(),
            order: SumOrder::Groups,
            skip: 0,
            most: MOST,
        }
    }
}

/// A report's row. What it is not grouped by is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct DaySum {
    /// The day; where rows differ by months, the month's first.
    pub day: Option<Day>,
    /// Whose it is.
    pub id: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// The vendor.
    pub vendor: Option<String>,
    /// The deployment.
    pub deployment: Option<String>,
    /// What it comes to.
    pub sums: Sums,
}

impl Store {
    /// Sums of days within a scope. What is summed over everything, end users and labels, is there for those who reach
    /// everything.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for a number of rows out of range, or days and months at once; else those of the
    /// database.
    pub async fn sum_days(&self, query: &SumQuery, scope: &Scope) -> Result<Vec<DaySum>> {
        let mut select = query.select(self.db().backend(), scope)?;
        let rows = self.db().read(async {
            select.cond_where(self.days_of(query, scope).await?);
            Ok(self.db().reader().query_all(&select).await?)
        });
        rows.await?.iter().map(|row| query.read(row)).collect()
    }

    /// Which days a report is about. Rows are in the order of days: of some ids, each day's are looked up.
    async fn days_of(&self, query: &SumQuery, scope: &Scope) -> Result<Condition> {
        let day = || Expr::col(Alias::new("day"));
        let mut range = Condition::all();
        if let Some(since) = query.since {
            range = range.add(day().gte(since.number()));
        }
        if let Some(until) = query.until {
            range = range.add(day().lte(until.number()));
        }
        if scope.all && query.ids.is_empty() {
            return Ok(range);
        }
        let first = match query.since {
            Some(since) => Some(since),
            None => self.end_of(query, Order::Asc).await?,
        };
        let last = match query.until {
            Some(until) => Some(until),
            None => self.end_of(query, Order::Desc).await?,
        };
        let (Some(first), Some(last)) = (first, last) else { return Ok(range) };
        let count = last.start().0.saturating_sub(first.start().0) / DAY_MS + 1;
        let pairs = usize::try_from(count).unwrap_or(0).saturating_mul(query.ids.len());
        if !(1..=NAMED).contains(&count) || pairs > PAIRS {
            return Ok(range);
        }
        let days = std::iter::successors(Some(first), |day| Some(Day::of(day.end())));
        // No range beside them: SQLite would take that.
        Ok(Condition::all().add(day().is_in(days.take_while(|day| *day <= last).map(Day::number))))
    }

    /// The first or the last day of which there is anything.
    async fn end_of(&self, query: &SumQuery, order: Order) -> Result<Option<Day>> {
        let mut select = Query::select();
        select
            .column(Alias::new("day"))
            .from(Alias::new(query.table()))
            .and_where(Expr::col(Alias::new("dimension")).eq(query.dimension.label()))
            .order_by(Alias::new("day"), order)
            .limit(1);
        let row = self.db().reader().query_one(&select).await?;
        Ok(row.map(|row| row.try_get("", "day")).transpose()?.map(Day::from_number))
    }

    /// What everything within a scope comes to, of a report's days, ids, models, vendors and deployments.
    ///
    /// # Errors
    /// As [`Store::sum_days`].
    pub async fn sum_all(&self, query: &SumQuery, scope: &Scope) -> Result<Sums> {
        let query = SumQuery { by: Vec::new(), order: SumOrder::Groups, skip: 0, most: 1, ..query.clone() };
        Ok(self.sum_days(&query, scope).await?.first().map(|row| row.sums).unwrap_or_default())
    }
}

impl SumQuery {
    fn select(&self, backend: DbBackend, scope: &Scope) -> Result<sea_orm::sea_query::SelectStatement> {
        if self.most == 0 || self.most > MOST {
            return Err(StoreError::Invalid(format!("a report has 1 to {MOST} rows")));
        }
        if self.by.contains(&Group::Day) && self.by.contains(&Group::Month) {
            return Err(StoreError::Invalid("a report is by days or by months".to_owned()));
        }
        let skipped = i64::try_from(self.skip).map_err(|_| StoreError::Invalid("too far".to_owned()))?;
        let column = |name: &'static str| Expr::col(Alias::new(name));
        let mut select = Query::select();
        select
            .from(Alias::new(self.table()))
            .and_where(column("dimension").eq(self.dimension.label()))
            .cond_where(self.condition());
        if let Some(within) = within(self.dimension, scope) {
            select.cond_where(within);
        }
        for name in SUMMED {
            select.expr_as(sum(backend, column(name)), Alias::new(summed(name)));
        }
        match self.order {
            SumOrder::Groups => {}
            SumOrder::Spend => {
                select.order_by(Alias::new(summed("spend_nanos")), Order::Desc);
            }
            SumOrder::Requests => {
                select.order_by(Alias::new(summed("requests")), Order::Desc);
            }
        }
        for group in &self.by {
            let (name, expression) = group.column();
            select.expr_as(expression.clone(), Alias::new(name));
            select.add_group_by([expression.clone()]);
            select.order_by_expr(expression, Order::Asc);
        }
        select.limit(self.most);
        if skipped > 0 {
            select.offset(self.skip);
        }
        Ok(select)
    }

    fn condition(&self) -> Condition {
        let mut all = Condition::all();
        let lists = [
            ("id", &self.ids),
            ("model", &self.models),
            ("vendor", &self.vendors),
            ("deployment", &self.deployments),
        ];
        for (name, texts) in lists {
            if !texts.is_empty() {
                all = all.add(Expr::col(Alias::new(name)).is_in(askable(texts)));
            }
        }
        all
    }

    /// Where the sums are: those of all models, vendors and deployments together are kept beside those of each.
    fn table(&self) -> &'static str {
        let is_of_one = |group: &Group| matches!(group, Group::Model | Group::Vendor | Group::Deployment);
        let lists = [&self.models, &self.vendors, &self.deployments];
        let together = lists.into_iter().all(Vec::is_empty) && !self.by.iter().any(is_of_one);
        if together && self.dimension != Dimension::Global { TOTALS.table } else { DAYS.table }
    }

    fn read(&self, row: &QueryResult) -> Result<DaySum> {
        let mut numbers = [0; 12];
        for (number, name) in numbers.iter_mut().zip(SUMMED) {
            *number = row.try_get::<Option<i64>>("", summed(name))?.unwrap_or_default();
        }
        let mut read = DaySum { sums: Sums::from_numbers(numbers), ..DaySum::default() };
        for group in &self.by {
            let (name, _) = group.column();
            match group {
                Group::Day => read.day = Some(Day::from_number(row.try_get("", name)?)),
                // A month's number is that of a day before its first.
                Group::Month => read.day = Some(Day::from_number(row.try_get::<i64>("", name)? + 1)),
                Group::Id => read.id = Some(row.try_get("", name)?),
                Group::Model => read.model = Some(row.try_get("", name)?),
                Group::Vendor => read.vendor = Some(row.try_get("", name)?),
                Group::Deployment => read.deployment = Some(row.try_get("", name)?),
            }
        }
        Ok(read)
    }
}

impl Group {
    /// Under which name a row has it, and what it is.
    fn column(self) -> (&'static str, Expr) {
        let column = |name: &'static str| Expr::col(Alias::new(name));
        match self {
            Self::Day => ("by_day", column("day")),
            // No bound value: in three places it would be three, and PostgreSQL would not see that they are the same.
            Self::Month => ("by_month", column("day").sub(column("day").modulo(Expr::cust("100")))),
            Self::Id => ("by_id", column("id")),
            Self::Model => ("by_model", column("model")),
            Self::Vendor => ("by_vendor", column("vendor")),
            Self::Deployment => ("by_deployment", column("deployment")),
        }
    }
}

/// The name of a sum, which must not be that of its column: databases differ in which of the two they sort by.
fn summed(column: &'static str) -> &'static str {
    match column {
        "requests" => "sum_requests",
        "successes" => "sum_successes",
        "failures" => "sum_failures",
        "estimated" => "sum_estimated",
        "prompt_tokens" => "sum_prompt_tokens",
        "completion_tokens" => "sum_completion_tokens",
        "cache_read_tokens" => "sum_cache_read_tokens",
        "cache_write_tokens" => "sum_cache_write_tokens",
        "reasoning_tokens" => "sum_reasoning_tokens",
        "spend_nanos" => "sum_spend_nanos",
        "list_nanos" => "sum_list_nanos",
        _ => "sum_duration_ms",
    }
}

/// A sum as a whole number: PostgreSQL and MySQL would make a decimal of it.
pub(super) fn sum(backend: DbBackend, amount: Expr) -> Expr {
    let sum = Func::sum(amount);
    match backend {
        DbBackend::Postgres => Expr::from(sum).cast_as(Alias::new("bigint")),
        DbBackend::MySql => Expr::from(sum).cast_as(Alias::new("signed")),
        _ => sum.into(),
    }
}

/// The condition under which a scope reaches a dimension's sums. `None`: it reaches all.
fn within(dimension: Dimension, scope: &Scope) -> Option<Condition> {
    if scope.all {
        return None;
    }
    let id = || Expr::col(Alias::new("id"));
    let mut any = Condition::any();
    // Those that it names itself, also when their record is gone.
    let named: Vec<String> = match dimension {
        Dimension::Organization => scope.organizations.iter().map(ToString::to_string).collect(),
        Dimension::Team => scope.teams.iter().map(ToString::to_string).collect(),
        Dimension::User => scope.user.iter().map(ToString::to_string).collect(),
        Dimension::Key => scope.key.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    };
    if !named.is_empty() {
        any = any.add(id().is_in(named));
    }
    if let Some(sheet) = sheet(dimension)
        && let Some(within) = scope::within(sheet, &scope::own(scope))
    {
        let theirs = Query::select()
            .column(Alias::new("id"))
            .from(Alias::new(sheet.table))
            .cond_where(within)
            .to_owned();
        any = any.add(id().in_subquery(theirs));
    }
    if any.is_empty() {
        any = any.add(Expr::val(1).eq(2));
    }
    Some(any)
}

/// Where a dimension's records are that belong to somebody.
const fn sheet(dimension: Dimension) -> Option<&'static Sheet> {
    match dimension {
        Dimension::Key => Some(&KEYS),
        Dimension::User => Some(&USERS),
        Dimension::Team => Some(&TEAMS),
        Dimension::Organization => Some(&ORGANIZATIONS),
        Dimension::Project => Some(&PROJECTS),
        Dimension::Global | Dimension::EndUser | Dimension::Tag => None,
    }
}
