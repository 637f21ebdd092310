//! The edge: sockets, TLS, and the bounds on both.

mod lanes;
mod listener;
mod patience;
mod proxies;
mod reply;
mod tls;
mod unread;

pub use lanes::Lanes;
pub use listener::{EdgeOptions, Listener, serve};
pub use proxies::TrustedProxies;
pub use tls::TlsFiles;
