//! Lists: filters, orders, pages.

mod cursor;
mod filter;

use std::collections::BTreeMap;

use sea_orm::sea_query::{
    Alias, Condition, Expr, ExprTrait as _, Func, Order as Direction, Query as Statement,
};
use sea_orm::{ConnectionTrait as _, DatabaseConnection};

use crate::error::{Result, StoreError};
use crate::journal::ROWS;
use crate::record::{Record, Row, Sheet, Stored};
use crate::scope::within;
use crate::{Scope, Store};

pub use cursor::Cursor;
pub(crate) use cursor::Mark;
pub use filter::{Field, Filter};

/// The most records of a page.
const LARGEST: u64 = 1_000;
/// What a row is sorted by, beside its columns.
const SORTED_BY: &str = "sorted_by";
/// How many rows there are of a value.
const COUNTED: &str = "counted";

/// What is listed, in which order, and which part of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// What holds of every record that is listed.
    pub filters: Vec<Filter>,
    /// What they are sorted by; those that are equal in it are sorted by their ids.
    pub sort: Field,
    /// Whether the greatest is first.
    pub descending: bool,
    /// From where on.
    pub from: Start,
    /// How many records at most, 1 to 1,000.
    pub size: u64,
    /// Whether all that the filters let through are counted.
    pub count: bool,
}

/// Where a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// At the page of this number, from 1 on. Records that are made meanwhile may shift pages.
    Page(u64),
    /// After the last record of the page that gave this cursor, whatever was made or deleted meanwhile.
    After(Cursor),
}

impl Default for Query {
    /// The first hundred, newest first.
    fn default() -> Self {
        Self {
            filters: Vec::new(),
            sort: Field::Created,
            descending: true,
            from: Start::Page(1),
            size: 100,
            count: false,
        }
    }
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Page<R> {
    /// The records.
    pub records: Vec<Stored<R>>,
    /// How many there are on all pages, if that was asked for.
    pub total: Option<u64>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<Cursor>,
}

impl Store {
    /// Lists records within a scope.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for a field that the kind does not have, a cursor of another order, or a size out of
    /// range; else those of the database.
    pub async fn list<R: Record>(&self, query: &Query, scope: &Scope) -> Result<Page<R>> {
        let plan = Plan::of(R::sheet(), query, scope)?;
        let rows = self.db().read(plan.rows(self.db().reader())).await?;
        let total = match query.count {
            true => Some(self.db().read(plan.count(self.db().reader())).await?),
            false => None,
        };
        let full = rows.len() as u64 > query.size;
        let mut last = None;
        let mut records = Vec::with_capacity(rows.len());
        for (row, mark) in rows.into_iter().take(usize::try_from(query.size).unwrap_or(usize::MAX)) {
            last = Some(Cursor::new(&mark, &row.id));
            records.push(row.into_record()?);
        }
        Ok(Page { records, total, next: last.filter(|_| full) })
    }

    /// Counts records within a scope.
    ///
    /// # Errors
    /// As [`Store::list`].
    pub async fn count<R: Record>(&self, filters: &[Filter], scope: &Scope) -> Result<u64> {
        let query = Query { filters: filters.to_vec(), ..Query::default() };
        let plan = Plan::of(R::sheet(), &query, scope)?;
        self.db().read(plan.count(self.db().reader())).await
    }
}

impl Store {
    /// Counts records within a scope by a field's value, for these values. What has none is left out.
    ///
    /// # Errors
    /// As [`Store::list`].
    pub async fn count_by<R: Record>(
        &self,
        field: Field,
        values: &[String],
        scope: &Scope,
    ) -> Result<BTreeMap<String, u64>> {
        let sheet = R::sheet();
        if !field.is_text() {
            return Err(StoreError::Invalid("nothing is counted by numbers".to_owned()));
        }
        let column = Alias::new(filter::column(sheet, field)?);
        let mut counted = BTreeMap::new();
        for values in values.chunks(ROWS) {
            let mut select = Statement::select();
            select
                .expr_as(Expr::col(column.clone()), Alias::new(SORTED_BY))
                .expr_as(Func::count(Expr::col(Alias::new("id"))), Alias::new(COUNTED))
                .from(Alias::new(sheet.table))
                .cond_where(Filter::Among(field, values.to_vec()).condition(sheet)?)
                .group_by_col(column.clone());
            if let Some(within) = within(sheet, scope) {
                select.cond_where(within);
            }
            let rows = self.db().read(async { Ok(self.db().reader().query_all(&select).await?) }).await?;
            for row in rows {
                let count: i64 = row.try_get("", COUNTED)?;
                counted.insert(row.try_get("", SORTED_BY)?, u64::try_from(count).unwrap_or_default());
            }
        }
        Ok(counted)
    }
}

/// A query, held against a kind's columns.
pub(crate) struct Plan<'a> {
    sheet: &'a Sheet,
    query: &'a Query,
    pub(crate) condition: Condition,
    /// What is sorted by: never null, which databases sort differently.
    pub(crate) sorted: Expr,
}

impl<'a> Plan<'a> {
    pub(crate) fn of(sheet: &'a Sheet, query: &'a Query, scope: &Scope) -> Result<Self> {
        if query.size == 0 || query.size > LARGEST {
            return Err(StoreError::Invalid(format!("a page has 1 to {LARGEST} records")));
        }
        let mut condition = Condition::all();
        for filter in &query.filters {
            condition = condition.add(filter.condition(sheet)?);
        }
        if let Some(within) = within(sheet, scope) {
            condition = condition.add(within);
        }
        if query.sort == Field::Blocked {
            return Err(StoreError::Invalid("nothing is sorted by yes and no".to_owned()));
        }
        let column = Expr::col(Alias::new(filter::column(sheet, query.sort)?));
        let sorted = match query.sort.empty() {
            None => column,
            Some(Mark::Text(text)) => Expr::from(Func::coalesce([column, Expr::val(text)])),
            Some(Mark::Number(number)) => Expr::from(Func::coalesce([column, Expr::val(number)])),
        };
        Ok(Self { sheet, query, condition, sorted })
    }

    /// One more than the page has, to know whether another one follows.
    async fn rows(&self, db: &DatabaseConnection) -> Result<Vec<(Row, Mark)>> {
        let direction = self.direction();
        let mut select = Row::select(self.sheet);
        select
            .expr_as(self.sorted.clone(), Alias::new(SORTED_BY))
            .cond_where(self.condition.clone())
            .order_by_expr(self.sorted.clone(), direction.clone())
            .order_by(Alias::new("id"), direction)
            .limit(self.query.size + 1);
        match &self.query.from {
            Start::Page(number) => {
                select.offset(self.skipped(*number)?);
            }
            Start::After(cursor) => {
                select.cond_where(self.after(cursor)?);
            }
        }
        let rows = db.query_all(&select).await?;
        rows.iter()
            .map(|row| {
                let mark = if self.query.sort.is_text() {
                    Mark::Text(row.try_get("", SORTED_BY)?)
                } else {
                    Mark::Number(row.try_get("", SORTED_BY)?)
                };
                Ok((Row::read(row)?, mark))
            })
            .collect()
    }

    pub(crate) const fn direction(&self) -> Direction {
        if self.query.descending { Direction::Desc } else { Direction::Asc }
    }

    /// How many records are on the pages before.
    pub(crate) fn skipped(&self, page: u64) -> Result<u64> {
        let skipped = page.checked_sub(1).and_then(|pages| pages.checked_mul(self.query.size));
        let skipped = skipped.filter(|skipped| i64::try_from(*skipped).is_ok());
        skipped.ok_or_else(|| StoreError::Invalid("pages are counted from 1".to_owned()))
    }

    fn after(&self, cursor: &Cursor) -> Result<Condition> {
        let (mark, id) = cursor.read(self.query.sort.is_text())?;
        let mark = match mark {
            Mark::Text(text) => Expr::val(text),
            Mark::Number(number) => Expr::val(number),
        };
        let (sorted, key) = (self.sorted.clone(), Expr::col(Alias::new("id")));
        let (past, tied) = if self.query.descending {
            (sorted.clone().lt(mark.clone()), key.lt(id))
        } else {
            (sorted.clone().gt(mark.clone()), key.gt(id))
        };
        Ok(Condition::any().add(past).add(Condition::all().add(sorted.eq(mark)).add(tied)))
    }

    async fn count(&self, db: &DatabaseConnection) -> Result<u64> {
        let mut select = Statement::select();
        select
            .expr(Func::count(Expr::col(Alias::new("id"))))
            .from(Alias::new(self.sheet.table))
            .cond_where(self.condition.clone());
        let row = db.query_one(&select).await?;
        let count: i64 = row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default();
        Ok(u64::try_from(count).unwrap_or_default())
    }
}
