//! A record as a row, of whichever kind.

use llm_tenancy::{Kind, Usd};
use sea_orm::sea_query::{Alias, Query, SelectStatement};
use sea_orm::{QueryResult, Value};
use serde_json::Value as Json;

use super::{Record, Sheet, Stored};
use crate::error::{Result, StoreError};
use crate::nul;

pub(crate) const VERSION: &str = "version";
pub(crate) const SPEND: &str = "spend_nanos";
/// Whose a credential is.
pub(crate) const OWNER: &str = "owner";
/// The columns of every table of records.
pub(crate) const COMMON: [&str; 6] = ["id", VERSION, SPEND, "created_ms", "updated_ms", "body"];

/// The most characters of an id or of what is looked up by.
const LONGEST: usize = 255;

/// A record of whichever kind, between the domain and the database.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) version: i64,
    pub(crate) spend_nanos: i64,
    pub(crate) created_ms: i64,
    pub(crate) updated_ms: i64,
    /// In the order of the sheet; empty in a row that was read, whose body says the same.
    pub(crate) columns: Vec<Value>,
    pub(crate) body: Json,
}

impl Row {
    /// The row of a record, at its first version.
    pub(crate) fn of<R: Record>(record: &R) -> Result<Self> {
        let mut record = record.clone();
        let columns = record.columns();
        let spend_nanos = record.spending().map_or(0, |spending| {
            // The column knows; what the body says would grow old.
            let spend = std::mem::take(&mut spending.spend);
            spend.nanos()
        });
        let stamp = record.stamp();
        let (created_ms, updated_ms) = (stamp.created_at.0, stamp.updated_at.0);
        let body = serde_json::to_value(&record).map_err(|error| {
            StoreError::Invalid(format!("the {} is no document: {error}", R::KIND.label()))
        })?;
        let row = Self { id: record.key(), version: 1, spend_nanos, created_ms, updated_ms, columns, body };
        row.check(R::sheet())?;
        Ok(row)
    }

    /// The record of a row.
    pub(crate) fn into_record<R: Record>(self) -> Result<Stored<R>> {
        let mut value: R = serde_json::from_value(self.body).map_err(|error| {
            StoreError::Unreadable(format!("the {} {:?} cannot be read: {error}", R::KIND.label(), self.id))
        })?;
        if let Some(spending) = value.spending() {
            spending.spend = Usd::from_nanos(self.spend_nanos);
        }
        Ok(Stored { value, version: self.version })
    }

    /// Whether every database keeps its texts as they are.
    fn check(&self, sheet: &Sheet) -> Result<()> {
        if self.id.is_empty() {
            return Err(StoreError::Invalid(format!("the id of a {} is empty", sheet.kind.label())));
        }
        if !sheet.is_of_pairs() {
            fits(sheet.kind, &self.id)?;
        }
        if nul::is_in(&self.body) {
            return Err(StoreError::Invalid(format!(
                "a text of the {} holds a NUL character",
                sheet.kind.label()
            )));
        }
        for (column, value) in sheet.columns.iter().zip(&self.columns) {
            // An owner is another column's id and a word.
            if let Value::String(Some(text)) = value
                && *column != OWNER
            {
                fits(sheet.kind, text)?;
            }
        }
        Ok(())
    }

    /// Asks for rows.
    pub(crate) fn select(sheet: &Sheet) -> SelectStatement {
        Query::select().columns(COMMON.map(Alias::new)).from(Alias::new(sheet.table)).to_owned()
    }

    pub(crate) fn read(result: &QueryResult) -> Result<Self> {
        let number = |column: &str| result.try_get::<i64>("", column);
        Ok(Self {
            id: result.try_get("", "id")?,
            version: number(VERSION)?,
            spend_nanos: number(SPEND)?,
            created_ms: number("created_ms")?,
            updated_ms: number("updated_ms")?,
            columns: Vec::new(),
            body: result.try_get("", "body")?,
        })
    }
}

fn fits(kind: Kind, text: &str) -> Result<()> {
    if text.chars().count() > LONGEST {
        let kind = kind.label();
        return Err(StoreError::Invalid(format!(
            "an id or name of a {kind} has more than {LONGEST} characters"
        )));
    }
    Ok(())
}
