#![doc = include_str!("../README.md")]

mod manager;
mod place;
mod settings;
mod vault;

pub use manager::{Clock, FetchError, Lookup, Refreshed, SecretManager};
pub use place::Place;
pub use settings::{AccessMode, KeyManagementSettings, System, SystemError};
pub use vault::VaultLogin;
