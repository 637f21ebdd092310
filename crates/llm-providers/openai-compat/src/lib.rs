#![doc = include_str!("../README.md")]

mod compat;
mod quirk;
mod rerank;
mod row;
mod table;
mod target;
mod whole;

pub use compat::Compat;
pub use quirk::Quirk;
pub use row::{Capability, RowError, VendorOperation, VendorRow};
pub use table::{Absent, absent, find, rows};
