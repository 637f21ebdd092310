#![doc = include_str!("../README.md")]

mod algorithm;
mod claims;
mod error;
mod identity;
mod jwk;
mod settings;
mod token;

#[cfg(feature = "client")]
mod cache;
#[cfg(feature = "client")]
mod keys;
#[cfg(feature = "client")]
mod verifier;

pub use claims::{Checks, Claims};
pub use error::TokenError;
pub use identity::Identity;
pub use jwk::{Jwk, KeySet, KeySetError};
pub use settings::{
    EmailDomains, IssuerSettings, JwtSettings, Names, RoleMapEntry, RoleMapping, RoleName, RolePermissions,
    ScopeMapping, SettingsError,
};
pub use token::{Token, looks_like_token};

#[cfg(feature = "client")]
pub use keys::{KeySource, KeySourceOptions};
#[cfg(feature = "client")]
pub use verifier::{Clock, Verified, Verifier, VerifierOptions};
