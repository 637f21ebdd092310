//! What goes wrong at vendors, and what becomes of it: the real binary between real sockets.

pub(crate) mod asked;
mod breaker;
mod continuation;
mod groups;
mod matrix;
mod mirror;
mod requests;
mod share;
pub(crate) mod upstreams;
