#![doc = include_str!("../README.md")]

mod account;
mod authority;
mod bound;
mod bounds;
mod demand;
mod flight;
mod limiter;
mod refusal;
mod reservation;
mod source;
mod standing;

pub use authority::{AccountId, Ask, Authority, AuthorityError, Grant, Refund, Taking};
pub use bound::{Bound, Cycle, Level, Measure, Part};
pub use bounds::{Asked, Bounds, Priorities, ProxyLimits, Reserve, Reserved, Rules};
pub use demand::{Demand, Prices, Size};
pub use limiter::{Limiter, Room, Settings, Tended, WhenAway};
pub use refusal::{Refusal, RefusalKind};
pub use reservation::{Alert, Charged, Extension, Reservation, Settled};
pub use source::{Books, Source, Spawn};
pub use standing::{Outlook, Remaining, Standing};
