//! The transports against real servers on loopback.

#![expect(clippy::disallowed_methods, reason = "servers and callers of these tests are tasks of their own")]

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
