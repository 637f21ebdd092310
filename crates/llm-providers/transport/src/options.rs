//! What a caller may choose: per call, and per transport.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;

use crate::proxy::Proxies;
use crate::reach::Reach;

/// How one request is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CallOptions {
    /// How long each phase may take.
    pub timeouts: Timeouts,
    /// Which version of HTTP to speak.
    pub protocol: Protocol,
}

/// Limits for the phases of one exchange. `None` means no limit.
///
/// The defaults are wide, because a reasoning model may think for minutes before it says a word; what they must
/// catch is a peer that is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Name, TCP and TLS together. Default 10 s.
    pub connect: Option<Duration>,
    /// From the request being handed to a connection until the response head. Default 600 s: an answer that is not
    /// streamed has its head only when the whole answer is ready.
    pub first_byte: Option<Duration>,
    /// Between two pieces of the body, counted only while the reader waits for one: a slow reader is no slow
    /// upstream. Default 300 s.
    pub idle: Option<Duration>,
    /// The whole exchange, from the call to the body's end. Default 3,600 s.
    pub total: Option<Duration>,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Some(Duration::from_secs(10)),
            first_byte: Some(Duration::from_secs(600)),
            idle: Some(Duration::from_secs(300)),
            total: Some(Duration::from_secs(3600)),
        }
    }
}

impl Timeouts {
    /// No limit at all.
    pub const NONE: Self = Self { connect: None, first_byte: None, idle: None, total: None };
}

/// The version of HTTP for one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Protocol {
    /// HTTP/1.1: one connection per request in flight. A lost packet delays one stream only.
    #[default]
    Http1,
    /// HTTP/2: many requests share a connection. By ALPN over TLS, by prior knowledge over `http://`.
    Http2,
}

/// From what a transport is made.
#[derive(Debug, Clone)]
pub struct TransportOptions {
    /// Proxies by scheme. Empty by default: every request goes straight to its host.
    pub proxies: Proxies,
    /// Which hosts may be connected to. Any by default. Where not all may be, every request goes straight to its host,
    /// since a proxy would resolve the name again.
    pub reach: Reach,
    /// Certificates (PEM, one or more) trusted beside those of the operating system.
    pub ca_pem: Option<Bytes>,
    /// `User-Agent` of requests that name none. Default `llm-gateway/VERSION`.
    pub user_agent: HeaderValue,
    /// Received bytes held per connection (h1) or stream (h2) when the reader is slow, beside the kernel's own
    /// buffers. Default 64 KiB; at least 8 KiB. It also bounds an h1 response head.
    pub buffer_bytes: usize,
    /// An unused connection is closed after this time. Default 55 s: common load balancers and servers close after
    /// 60 s or later, and who closes first cannot be raced.
    ///
    /// Source: AWS, Application Load Balancer attributes, `idle_timeout.timeout_seconds` (60 s), read 2026-11.
    pub idle_timeout: Duration,
    /// Unused h1 connections kept per origin. Default 1,024.
    pub max_idle_per_origin: usize,
    /// HTTP/2 alone.
    pub http2: Http2Options,
}

/// How HTTP/2 connections are filled and watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Http2Options {
    /// Requests at once on one connection. The peer's own limit holds where it is lower. Default 100, which is what
    /// RFC 9113 (6.5.2) asks peers to allow at least.
    pub max_streams: usize,
    /// A connection with requests in flight is pinged after this time. Default 20 s; `None` never pings.
    pub ping_interval: Option<Duration>,
    /// The connection is given up when a ping is not answered within this time. Default 20 s.
    pub ping_timeout: Duration,
}

impl Default for Http2Options {
    fn default() -> Self {
        Self {
            max_streams: 100,
            ping_interval: Some(Duration::from_secs(20)),
            ping_timeout: Duration::from_secs(20),
        }
    }
}

impl Default for TransportOptions {
    fn default() -> Self {
        Self {
            proxies: Proxies::default(),
            reach: Reach::Anywhere,
            ca_pem: None,
            user_agent: HeaderValue::from_static(concat!("llm-gateway/", env!("CARGO_PKG_VERSION"))),
            buffer_bytes: 64 * 1024,
            idle_timeout: Duration::from_secs(55),
            max_idle_per_origin: 1024,
            http2: Http2Options::default(),
        }
    }
}

impl TransportOptions {
    /// `buffer_bytes` within what HTTP libraries accept.
    pub(crate) fn buffer_bytes(&self) -> usize {
        const SMALLEST: usize = 8 * 1024;
        const LARGEST: usize = 16 * 1024 * 1024;
        self.buffer_bytes.clamp(SMALLEST, LARGEST)
    }
}
