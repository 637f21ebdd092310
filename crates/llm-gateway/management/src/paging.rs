//! Pages of lists.

use llm_store::{Field, Filter, Query, Record, Start, Store, StoreError};
use llm_tenancy::management::Scope;

use crate::endpoint::Param;
use crate::fault::Fault;
use crate::said::Asked;
use crate::shape::Shape;

/// Which page a request asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paging {
    /// From 1 on.
    pub(crate) page: u64,
    /// Records of a page.
    pub(crate) size: u64,
}

impl Paging {
    /// What the documentation says of it.
    pub(crate) const PARAMS: [Param; 2] = [
        Param::new("page", Shape::Integer, "Which page, from 1 on"),
        Param::new("page_size", Shape::Integer, "Records of a page"),
    ];

    /// The page of a query: `size` records if it does not say, and `most` at most.
    ///
    /// # Errors
    /// 400
    pub(crate) fn of(asked: &mut Asked, size: u64, most: u64) -> Result<Self, Fault> {
        let page = asked.number("page")?.unwrap_or(1);
        let size = asked.number("page_size")?.unwrap_or(size);
        if page == 0 {
            return Err(Fault::invalid("page", "pages are counted from 1"));
        }
        if size == 0 || size > most {
            return Err(Fault::invalid("page_size", format!("page_size must be 1 to {most}")));
        }
        Ok(Self { page, size })
    }

    /// The page, of what the filters let through, newest first.
    pub(crate) fn query(self, filters: Vec<Filter>) -> Query {
        Query { filters, from: Start::Page(self.page), size: self.size, ..Query::default() }
    }

    /// How many pages so many records are.
    pub(crate) const fn pages(self, total: u64) -> u64 {
        total.div_ceil(self.size)
    }
}

/// All records that the filters let through, by their ids.
///
/// # Errors
/// Those of the store.
pub(crate) async fn every<R: Record>(
    store: &Store,
    filters: Vec<Filter>,
    scope: &Scope,
) -> Result<Vec<R>, StoreError> {
    let mut query = Query { filters, sort: Field::Id, size: 1_000, ..Query::default() };
    let mut all = Vec::new();
    loop {
        let page = store.list::<R>(&query, scope).await?;
        all.extend(page.records.into_iter().map(|record| record.value));
        match page.next {
            Some(next) => query.from = Start::After(next),
            None => return Ok(all),
        }
    }
}
