#![doc = include_str!("../README.md")]

mod compat;
mod inputs;
mod quirk;
mod rerank;
mod row;
mod table;
mod target;
mod whole;

pub use compat::Compat;
pub use inputs::{InputPiece, InputPurpose, input_pieces};
pub use quirk::Quirk;
pub use rerank::{RerankForm, RerankOptions, RerankWire, read_ranking};
pub use row::{AllowanceNames, Capability, LimitNames, PrefillRule, RowError, VendorOperation, VendorRow};
pub use table::{Absent, absent, find, rows};
