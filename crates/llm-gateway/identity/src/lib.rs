#![doc = include_str!("../README.md")]

mod cache;
mod follow;
mod identities;
mod named;
mod owner;
mod read;

pub use follow::{Clock, Hear};
pub use identities::{Assumed, Bounds, Identities, Identity};
pub use named::{Customer, Label};
pub use owner::Owner;
