//! Which error is whose.

use sea_orm::{DbErr, RuntimeErr};

use super::StoreError;

#[test]
fn what_breaks_on_the_way_is_away() {
    let io = std::io::Error::new(std::io::ErrorKind::ConnectionReset, "reset");
    for error in [sqlx::Error::Io(io), sqlx::Error::PoolTimedOut, sqlx::Error::PoolClosed] {
        let error = StoreError::from(DbErr::Query(RuntimeErr::SqlxError(error.into())));
        assert!(error.is_away(), "{error:?}");
    }
    let refused = DbErr::Type("a string".to_owned());
    assert!(matches!(StoreError::from(refused), StoreError::Unreadable(_)));
}

#[test]
fn a_locked_database_is_named() {
    let error = StoreError::Locked { path: "/data/llm-gateway.db.lock".into() };
    assert!(error.to_string().contains("/data/llm-gateway.db.lock"));
    assert!(!error.is_away());
}
