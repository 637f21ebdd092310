//! From a driver's error to ours.

use sea_orm::{DbErr, RuntimeErr, SqlErr};
use sqlx::error::{DatabaseError, Error};

use super::StoreError;

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        match &error {
            DbErr::ConnectionAcquire(cause) => Self::Away(cause.to_string()),
            DbErr::Conn(RuntimeErr::SqlxError(cause))
            | DbErr::Exec(RuntimeErr::SqlxError(cause))
            | DbErr::Query(RuntimeErr::SqlxError(cause)) => of_driver(cause),
            DbErr::Conn(_) => Self::Away(error.to_string()),
            _ => Self::Unreadable(format!("the database holds something else than expected: {error}")),
        }
    }
}

/// An error of the pool or of a connection.
pub(crate) fn away(error: &Error) -> StoreError {
    of_driver(error)
}

/// Whether a record could not be written because a value that only one may have is another's.
pub(crate) fn is_unique(error: &DbErr) -> Option<String> {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(message)) => Some(message),
        _ => None,
    }
}

fn of_driver(error: &Error) -> StoreError {
    match error {
        Error::Database(refusal) => of_database(refusal.as_ref()),
        Error::ColumnDecode { .. }
        | Error::Decode(_)
        | Error::Encode(_)
        | Error::ColumnNotFound(_)
        | Error::ColumnIndexOutOfBounds { .. }
        | Error::TypeNotFound { .. }
        | Error::RowNotFound => {
            StoreError::Unreadable(format!("the database holds something else than expected: {error}"))
        }
        // No connection, no TLS, no answer, or an answer that is none.
        _ => StoreError::Away(error.to_string()),
    }
}

/// What the database itself said. Codes are SQLSTATE on PostgreSQL and MySQL, result codes on SQLite.
///
/// Source: PostgreSQL documentation, appendix A; MySQL Server Error Reference; SQLite Result and Error Codes; read
/// 2026-11.
fn of_database(error: &dyn DatabaseError) -> StoreError {
    let code = error.code().unwrap_or_default();
    let message = error.message().to_owned();
    if let Some(number) = mysql_number(error) {
        return match number {
            // Waited too long for a lock; deadlock.
            1205 | 1213 => StoreError::Busy(message),
            // A wrong statement, or a value that does not fit: MySQL's documents are at most 100 deep.
            1048 | 1054 | 1055 | 1064 | 1146 | 1264 | 1366 | 1406 | 3140 | 3157 | 3819 => refused(&message),
            _ => StoreError::Away(message),
        };
    }
    if error.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
        // The low byte is the kind: 5 busy, 6 locked; 1 is a statement that is wrong, 19 a constraint, 20 a type.
        let kind = code.parse::<u32>().map_or(1, |code| code & 0xff);
        return match kind {
            5 | 6 => StoreError::Busy(message),
            1 | 18..=21 | 25 => refused(&message),
            _ => StoreError::Away(message),
        };
    }
    match &*code {
        // Serialisation failure, deadlock, lock not available.
        "40001" | "40P01" | "55P03" => StoreError::Busy(message),
        // Cancelled by the statement's timeout; a standby, which cannot write.
        "57014" | "25006" => StoreError::Away(message),
        // A value that does not fit, a wrong statement, a constraint.
        _ if ["22", "23", "42"].iter().any(|class| code.starts_with(class)) => refused(&message),
        // Connections, resources, authorisation, shutdown, a missing database, files.
        _ => StoreError::Away(message),
    }
}

fn refused(message: &str) -> StoreError {
    StoreError::Unreadable(format!("the database refuses a statement: {message}"))
}

#[cfg(feature = "mysql")]
fn mysql_number(error: &dyn DatabaseError) -> Option<u16> {
    error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>().map(sqlx::mysql::MySqlDatabaseError::number)
}

#[cfg(not(feature = "mysql"))]
fn mysql_number(_: &dyn DatabaseError) -> Option<u16> {
    None
}
