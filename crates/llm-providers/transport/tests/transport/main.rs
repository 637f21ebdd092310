//! The transports against real servers on loopback.

#![expect(clippy::disallowed_methods, reason = "servers and callers of these tests are tasks of their own")]
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[cfg(feature = "aws")]
mod aws;
mod back_pressure;
mod dead_connections;
mod http1;
mod http2;
mod http2_peers;
#[cfg(feature = "reqwest")]
mod proxy;
mod support;
mod timeouts;
mod tls;
