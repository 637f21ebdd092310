#![doc = include_str!("../README.md")]

mod error;
#[cfg(feature = "client")]
mod manager;
mod place;
mod settings;
mod vault;

pub use error::FetchError;
#[cfg(feature = "client")]
pub use manager::{Clock, Lookup, Refreshed, SecretManager};
pub use place::{Place, Write};
pub use settings::{AccessMode, KeyManagementSettings, System, SystemError};
pub use vault::VaultLogin;
