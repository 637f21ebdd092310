//! Pages of lists.

use llm_store::{Field, Filter, Query, Record, Start, Stored};
use llm_tenancy::management::Scope;
use serde_json::{Value, json};

use crate::desk::Desk;
use crate::endpoint::Param;
use crate::fault::Fault;
use crate::said::Asked;
use crate::shape::Shape;

/// The most records of a page.
const LARGEST: u64 = 1_000;

/// Which page of a list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paged {
    pub(crate) page: u64,
    pub(crate) size: u64,
}

/// What a query says of pages, for the documentation.
pub(crate) const PAGE: [Param; 2] = [
    Param::new("page", Shape::Integer, "Which page, from 1 on"),
    Param::new("page_size", Shape::Integer, "How many a page has, 1,000 at most"),
];

impl Paged {
    /// What a query asks for; so many on a page if it does not say.
    ///
    /// # Errors
    /// 400, if there is no such page.
    pub(crate) fn of(asked: &mut Asked, usual: u64) -> Result<Self, Fault> {
        let page = asked.number("page")?.unwrap_or(1);
        let size = asked.number("page_size")?.unwrap_or(usual);
        if page == 0 {
            return Err(Fault::invalid("page", "pages are counted from 1"));
        }
        if size == 0 || size > LARGEST {
            return Err(Fault::invalid("page_size", format!("a page has 1 to {LARGEST}")));
        }
        Ok(Self { page, size })
    }

    /// The query for the page, which counts.
    pub(crate) fn query(self, filters: Vec<Filter>, (sort, descending): (Field, bool)) -> Query {
        let from = Start::Page(self.page);
        Query { filters, sort, descending, from, size: self.size, count: true }
    }

    /// How many come before the page.
    pub(crate) const fn skipped(self) -> u64 {
        (self.page - 1).saturating_mul(self.size)
    }

    /// How many pages there are of so many records.
    pub(crate) const fn pages(self, total: u64) -> u64 {
        total.div_ceil(self.size)
    }

    /// What LiteLLM's lists tell of their pages.
    pub(crate) fn tell(self, name: &str, records: Vec<Value>, total: u64) -> Value {
        json!({
            name: records,
            "total": total,
            "page": self.page,
            "page_size": self.size,
            "total_pages": self.pages(total),
        })
    }
}

/// All records that the filters let through, in the order of their ids. For lists whose length LiteLLM's routes do not
/// bound, or a page does.
pub(crate) async fn all<R: Record>(
    desk: &Desk,
    filters: Vec<Filter>,
    scope: &Scope,
) -> Result<Vec<Stored<R>>, Fault> {
    let mut query = Query { filters, sort: Field::Id, descending: false, size: LARGEST, ..Query::default() };
    let mut all = Vec::new();
    loop {
        let page = desk.store.list::<R>(&query, scope).await?;
        all.extend(page.records);
        match page.next {
            Some(next) => query.from = Start::After(next),
            None => return Ok(all),
        }
    }
}
