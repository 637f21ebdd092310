//! Pages of lists.

use llm_store::{Field, Filter, Query, Record, Start, Store, StoreError};
use llm_tenancy::management::Scope;
use serde_json::{Value, json};

use crate::desk::Desk;
use crate::endpoint::Param;
use crate::fault::Fault;
use crate::said::Asked;
use crate::shape::Shape;

/// The most records of a page.
pub(crate) const LARGEST: u64 = 1_000;

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
        // Databases count with a sign.
        if page.checked_mul(size).is_none_or(|last| i64::try_from(last).is_err()) {
            return Err(Fault::invalid("page", "there is no such page"));
        }
        if size == 0 || size > most {
            return Err(Fault::invalid("page_size", format!("page_size must be 1 to {most}")));
        }
        Ok(Self { page, size })
    }

    /// The page of a query, if it says any.
    ///
    /// # Errors
    /// 400
    pub(crate) fn if_asked(asked: &mut Asked) -> Result<Option<Self>, Fault> {
        let is_asked = asked.rest().any(|name| matches!(name, "page" | "page_size"));
        is_asked.then(|| Self::of(asked, 100, LARGEST)).transpose()
    }

    /// The page, of what the filters let through, newest first.
    pub(crate) fn query(self, filters: Vec<Filter>) -> Query {
        Query { filters, from: Start::Page(self.page), size: self.size, ..Query::default() }
    }

    /// The same in another order, counted.
    pub(crate) fn sorted(self, filters: Vec<Filter>, (sort, descending): (Field, bool)) -> Query {
        Query { sort, descending, count: true, ..self.query(filters) }
    }

    /// What LiteLLM's lists tell of their pages, with the records of this one under a name.
    pub(crate) fn tell(self, name: &str, records: impl IntoIterator<Item = Value>, total: u64) -> Value {
        json!({
            name: records.into_iter().collect::<Value>(),
            "total": total,
            "page": self.page,
            "page_size": self.size,
            "total_pages": self.pages(total),
        })
    }

    /// How many pages so many records are.
    pub(crate) const fn pages(self, total: u64) -> u64 {
        total.div_ceil(self.size)
    }
}

/// A page of what the filters let through, by a field; or all of it, by its ids, where LiteLLM's routes know no pages.
///
/// # Errors
/// Those of the store.
pub(crate) async fn listed<R: Record>(
    desk: &Desk,
    paging: Option<Paging>,
    filters: Vec<Filter>,
    sort: Field,
) -> Result<Vec<R>, StoreError> {
    let Some(paging) = paging else {
        let mut all = every(&desk.store, filters, &desk.scope).await?;
        all.reverse();
        return Ok(all);
    };
    let page = desk.store.list::<R>(&paging.sorted(filters, (sort, false)), &desk.scope).await?;
    Ok(page.records.into_iter().map(|record| record.value).collect())
}

/// All records that the filters let through, by their ids, the greatest first.
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
