#![doc = include_str!("../README.md")]

mod account;
mod address;
mod link;
mod news;
mod others;
mod patience;
mod quota;
mod reserve;
mod store;

pub use account::Account;
pub use address::{Address, AddressError, Kind, Sentinels, Tls};
pub use news::{Checked, Cooling, News, Pin, Spent};
pub use others::{Others, Touched};
pub use quota::{QuotaOptions, RedisAuthority, Seed};
pub use reserve::Reserve;
pub use store::{Answers, Asks, LeaseAnswer, LeaseAsk, Options, PlaceAsk, ReserveAnswer, Store, StoreError};
