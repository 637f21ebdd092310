#![doc = include_str!("../README.md")]

mod audit;
mod batch;
mod db;
mod delete;
mod entity;
mod error;
mod groups;
mod journal;
mod keys;
mod ledger;
mod list;
mod listen;
mod lock;
mod migrate;
mod news;
mod nul;
mod open;
mod read;
mod record;
mod scope;
mod seal;
mod secrets;
mod settings;
mod store;
mod sweep;
mod write;

use llm_tenancy::management::Scope;

pub use audit::AuditQuery;
pub use batch::Batch;
pub use error::StoreError;
pub use journal::By;
pub use journal::mask::{MASK, masked_document};
pub use keys::FoundKey;
pub use ledger::{
    Booked, Day, DaySum, Dimension, EntryCount, EntryOrder, EntryPage, EntryQuery, Facet, Group, Mismatch,
    Pruned, ReportLine, ReportQuery, ShareAsk, ShareGrant, SumOrder, SumQuery, Sums, Taken,
};
pub use list::{Cursor, Field, Filter, Page, Query, Start};
pub use migrate::Schema;
pub use news::{Change, News, Numbered, Reader, Wanted, Watch};
pub use record::{Record, RecordId, Stored};
pub use seal::{Cipher, Place};
pub use settings::StoreSettings;
pub use store::Store;
pub use sweep::{Keep, Swept};
