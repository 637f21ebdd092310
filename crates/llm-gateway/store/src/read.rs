//! Records by their ids.

use sea_orm::ConnectionTrait as _;
use sea_orm::sea_query::{Alias, Expr, ExprTrait as _};

use crate::error::{Result, StoreError};
use crate::journal::ROWS;
use crate::record::{Record, RecordId, Row, Stored};
use crate::scope::within;
use crate::{Scope, Store};

impl Store {
    /// A record, if it is there and within the scope's reach.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn find<R: Record>(&self, id: &R::Id, scope: &Scope) -> Result<Option<Stored<R>>> {
        Ok(self.find_all(std::slice::from_ref(id), scope).await?.into_iter().next())
    }

    /// A record that must be there.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if it is not, or out of the scope's reach; else those of the database.
    pub async fn get<R: Record>(&self, id: &R::Id, scope: &Scope) -> Result<Stored<R>> {
        self.find(id, scope).await?.ok_or(StoreError::NotFound(R::KIND))
    }

    /// Those of the records that are there and within the scope's reach, in no order.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn find_all<R: Record>(&self, ids: &[R::Id], scope: &Scope) -> Result<Vec<Stored<R>>> {
        let sheet = R::sheet();
        // PostgreSQL takes no NUL in a text, and no id has one.
        let ids: Vec<_> = ids.iter().map(RecordId::to_text).filter(|id| !id.contains('\0')).collect();
        self.db()
            .read(async {
                let mut found = Vec::with_capacity(ids.len());
                for ids in ids.chunks(ROWS) {
                    let mut select = Row::select(sheet);
                    select.and_where(Expr::col(Alias::new("id")).is_in(ids.iter().map(String::as_str)));
                    if let Some(within) = within(sheet, scope) {
                        select.cond_where(within);
                    }
                    for row in self.db().reader().query_all(&select).await? {
                        found.push(Row::read(&row)?.into_record()?);
                    }
                }
                Ok(found)
            })
            .await
    }
}
