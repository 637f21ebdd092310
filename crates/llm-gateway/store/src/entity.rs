//! The tables beside records.

pub(crate) mod audit;
pub(crate) mod change;
pub(crate) mod deleted;
pub(crate) mod grace;
