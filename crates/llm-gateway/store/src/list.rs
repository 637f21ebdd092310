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
use cursor::Mark;
pub use filter::{Field, Filter};

/// The most records of a page.
const LARGEST: u64 = 1_000;
/// What a row is sorted by, beside its columns.
const SORTED_BY: &str = "sorted_by";

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
    /// How many records there are within a scope of each of these texts of a field. Texts without any are left out.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for a field that the kind does not have, or that is no text; else those of the database.
    pub async fn count_each<R: Record>(
        &self,
        field: Field,
        texts: &[String],
        scope: &Scope,
    ) -> Result<BTreeMap<String, u64>> {
        let sheet = R::sheet();
        if !field.is_text() {
            return Err(StoreError::Invalid("records are counted by texts".to_owned()));
        }
        let column = filter::column(sheet, field)?;
        let selects = texts.chunks(ROWS).map(|texts| {
            let mut condition = Filter::Among(field, texts.to_vec()).condition(sheet)?;
            if let Some(within) = within(sheet, scope) {
                condition = condition.add(within);
            }
            let mut select = Statement::select();
            select
                .column(Alias::new(column))
                .expr(Func::count(Expr::col(Alias::new("id"))))
                .from(Alias::new(sheet.table))
                .cond_where(condition)
                .group_by_col(Alias::new(column));
            Ok(select)
        });
        let selects = selects.collect::<Result<Vec<_>>>()?;
        self.db()
            .read(async {
                let mut counts = BTreeMap::new();
                for select in &selects {
                    for row in self.db().reader().query_all(select).await? {
                        let count: i64 = row.try_get_by_index(1)?;
                        counts.insert(row.try_get_by_index(0)?, u64::try_from(count).unwrap_or_default());
                    }
                }
                Ok(counts)
            })
            .await
    }
}

/// A query, held against a kind's columns.
struct Plan<'a> {
    sheet: &'static Sheet,
    query: &'a Query,
    condition: Condition,
    /// What is sorted by: never null, which databases sort differently.
    sorted: Expr,
}

impl<'a> Plan<'a> {
    fn of(sheet: &'static Sheet, query: &'a Query, scope: &Scope) -> Result<Self> {
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
        let direction = if self.query.descending { Direction::Desc } else { Direction::Asc };
        let mut select = Row::select(self.sheet);
        select
            .expr_as(self.sorted.clone(), Alias::new(SORTED_BY))
            .cond_where(self.condition.clone())
            .order_by_expr(self.sorted.clone(), direction.clone())
            .order_by(Alias::new("id"), direction)
            .limit(self.query.size + 1);
        match &self.query.from {
            Start::Page(number) => {
                let before = number.checked_sub(1).and_then(|pages| pages.checked_mul(self.query.size));
                let before = before.filter(|before| i64::try_from(*before).is_ok());
                let before =
                    before.ok_or_else(|| StoreError::Invalid("pages are counted from 1".to_owned()))?;
                select.offset(before);
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
