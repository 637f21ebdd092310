#![doc = include_str!("../README.md")]

mod adjust;
mod cost;
mod dated;
mod decimal;
mod item;
mod measure;
mod model;
mod money;
mod prices;
mod quantities;
#[cfg(feature = "schemars")]
mod schema;
mod table;
mod tier;
mod usage;
pub mod usd;
mod wide;

pub use adjust::{Adjustment, Discounts, Margin, Margins, Share};
pub use cost::{Cost, Line, Residency, Terms, TooLarge, cost};
pub use dated::{Dated, NotADate, Since};
pub use decimal::AmountError;
pub use item::{Item, Part, Unit};
pub use model::{Capabilities, Capability, Mode, ModelInfo, Words};
pub use money::{Exact, Factor, Rate, Usd};
pub use prices::{
    Band, Dearest, FactorKey, FreeSearches, PriceError, PriceValue, Prices, Problem, RateKey, SearchUnit,
};
pub use quantities::Quantities;
#[cfg(any(test, feature = "write"))]
pub use table::{Duplicate, Provenance, write};
pub use table::{NotATable, Table, find, vendor_of};
pub use tier::Tier;
pub use usage::{Anomaly, Contradiction, Reading, Side, read, reported_cost};
