#![doc = include_str!("../README.md")]

#[cfg(feature = "vocabularies")]
mod merge;
mod model;
#[cfg(feature = "vocabularies")]
mod split;
#[cfg(feature = "vocabularies")]
mod vocabulary;

mod encoding;

pub use encoding::{Encoding, estimate};
