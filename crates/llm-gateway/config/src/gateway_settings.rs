//! `llm_gateway`: settings for which LiteLLM has no keys.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::PathBuf;

use indexmap::IndexMap;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::database::DatabaseSettings;
use super::health::HealthCheckSettings;
use super::ledger::LedgerSettings;
use super::limits::LimitSettings;
use super::price_changes::PriceChange;
use super::secret::SecretRef;
use super::shared_state::SharedStateSettings;
use super::team_prices::TeamPrices;
use super::tenants::TenantSettings;

/// `llm_gateway`: this gateway's own settings.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct GatewaySettings {
    /// The listening side, and its bounds.
    pub server: ServerSettings,
    /// The side towards the vendors.
    pub transport: TransportSettings,
    /// What happens between two dialects.
    pub translation: TranslationSettings,
    /// Media that a request gives by their address, for vendors that want them as bytes.
    pub fetch: FetchSettings,
    /// Where models of tenants may lead, and requests that bring an address of their own along.
    pub tenants: TenantSettings,
    /// A Redis in which several gateways share what they know of their deployments.
    pub shared_state: SharedStateSettings,
    /// Where keys and tenants are kept.
    pub database: DatabaseSettings,
    /// An entry for each request to a vendor, and what it cost.
    pub ledger: LedgerSettings,
    /// How budgets and rates hold.
    pub limits: LimitSettings,
    /// What teams pay less or more than their requests cost, by their ids. Default: nothing.
    pub team_prices: IndexMap<String, TeamPrices>,
    /// Discounts, margins and prices of teams that hold from some day on; for prices of a model see its
    /// `model_info.price_changes`. A request costs what held when it began. Default: none.
    pub price_changes: Vec<PriceChange>,
    /// What happens to a request whose client has hung up. Default: `cancel`.
    pub on_disconnect: OnDisconnect,
    /// Copies of requests, where the routing wants some.
    pub mirroring: MirroringSettings,
    /// The line that is logged for each request.
    pub access_log: AccessLogSettings,
    /// Small requests that find out which deployments are well; `general_settings.background_health_checks` turns them
    /// on.
    pub health_checks: HealthCheckSettings,
    /// Further vendors that speak OpenAI's dialect, by the name that stands before the slash in `model`.
    /// Default: none.
    pub providers: IndexMap<String, Value>,
}

/// `llm_gateway.server`: the listening side, and its bounds.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct ServerSettings {
    /// The address to listen on. Needs a restart. Default: `127.0.0.1`.
    pub host: IpAddr,
    /// The port to listen on; 0 takes any that is free. Needs a restart. Default: 4000.
    pub port: u16,
    /// Threads that serve requests. Needs a restart. Default: one per core.
    pub worker_threads: Option<NonZeroUsize>,
    /// Milliseconds that a client has to send the head of a request. Needs a restart. Default: 10000.
    pub header_read_timeout_ms: NonZeroU64,
    /// Milliseconds between two pieces of a request's body, at most. Default: 30000.
    pub body_read_timeout_ms: NonZeroU64,
    /// Largest body of a request, in bytes. Default: 67108864 (64 MiB).
    pub max_body_bytes: NonZeroUsize,
    /// Deepest nesting of a JSON body, from 1 to 128. Default: 100.
    #[cfg_attr(feature = "schemars", schemars(range(min = 1, max = 128)))]
    pub max_json_depth: usize,
    /// Connections at once; a few more are answered with 503, others are closed. Needs a restart. Default: 16384.
    pub max_connections: NonZeroUsize,
    /// Requests at once; more are answered with 503. Default: 8192.
    pub max_in_flight_requests: NonZeroUsize,
    /// Bytes of bodies held at once, of all requests; more are answered with 503. Default: 1073741824 (1 GiB).
    pub max_held_bytes: NonZeroUsize,
    /// Milliseconds of silence on a stream after which a comment is sent; 0 sends none. Default: 15000.
    pub keepalive_comment_ms: u64,
    /// Milliseconds that requests have to end after SIGTERM. Needs a restart. Default: 30000.
    pub drain_timeout_ms: u64,
    /// Certificate and key, to serve HTTPS. Turning it on or off needs a restart. Default: plain HTTP.
    pub tls: Option<TlsSettings>,
    /// Peers whose `X-Forwarded-For` is believed, as `10.0.0.0/8`. Needs a restart. Default: none.
    #[cfg_attr(feature = "schemars", schemars(with = "Vec<String>"))]
    pub trusted_proxies: Vec<IpNet>,
    /// Names by which clients may call the gateway that listens on loopback without a master key, beside `localhost`,
    /// what is below it, and IP addresses. Others are refused, so that no web page can bind its own name to this machine.
    /// Default: none.
    pub allowed_hosts: Vec<String>,
    /// Whether to listen beyond loopback although there is no master key: anybody who reaches the port
    /// spends your money. Default: false.
    pub allow_public_without_key: bool,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 4000,
            worker_threads: None,
            header_read_timeout_ms: ms(10_000),
            body_read_timeout_ms: ms(30_000),
            max_body_bytes: count(64 << 20),
            max_json_depth: 100,
            max_connections: count(16_384),
            max_in_flight_requests: count(8_192),
            max_held_bytes: count(1 << 30),
            keepalive_comment_ms: 15_000,
            drain_timeout_ms: 30_000,
            tls: None,
            trusted_proxies: Vec::new(),
            allowed_hosts: Vec::new(),
            allow_public_without_key: false,
        }
    }
}

impl ServerSettings {
    /// Where to listen.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.host, self.port)
    }
}

/// `llm_gateway.server.tls`: both files are read again when they change.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TlsSettings {
    /// The certificate and those above it, as PEM.
    pub cert: PathBuf,
    /// The certificate's key, as PEM.
    pub key: PathBuf,
}

/// `llm_gateway.transport`: the side towards the vendors.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct TransportSettings {
    /// Milliseconds to a connection, TLS included. Default: 10000.
    pub connect_timeout_ms: NonZeroU64,
    /// Milliseconds from the request's last byte to the head of the answer. Default: 600000.
    pub first_byte_timeout_ms: NonZeroU64,
    /// Milliseconds between two pieces of an answer. Default: 300000.
    pub idle_timeout_ms: NonZeroU64,
    /// Milliseconds for the whole exchange, where neither `timeout` nor `request_timeout` says otherwise.
    /// Default: 600000.
    pub total_timeout_ms: NonZeroU64,
    /// Whether to speak HTTP/2 with vendors. Default: false.
    pub http2: bool,
    /// The proxy through which vendors are reached. Default: what `HTTPS_PROXY` and `NO_PROXY` say.
    pub proxy: Option<SecretRef>,
    /// Certificates of authorities to trust besides the system's, as PEM. Default: none.
    pub ca_file: Option<PathBuf>,
}

impl Default for TransportSettings {
    fn default() -> Self {
        Self {
            connect_timeout_ms: ms(10_000),
            first_byte_timeout_ms: ms(600_000),
            idle_timeout_ms: ms(300_000),
            total_timeout_ms: ms(600_000),
            http2: false,
            proxy: None,
            ca_file: None,
        }
    }
}

/// `llm_gateway.fetch`: media that a request gives by their address and that the vendor does not fetch itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct FetchSettings {
    /// Bytes of one medium. Default: 20971520 (20 MiB).
    pub max_bytes: NonZeroUsize,
    /// Bytes of all media of one request. Default: 67108864 (64 MiB).
    pub max_request_bytes: NonZeroUsize,
    /// Milliseconds for one medium, redirects included. Default: 10000.
    pub timeout_ms: NonZeroU64,
    /// Redirects that are followed. Default: 3.
    pub max_redirects: usize,
    /// Whether addresses that are not public may be asked. Default: false.
    pub allow_private: bool,
    /// Hosts that may be asked although their addresses are not public. Default: none.
    pub private_hosts: Vec<String>,
    /// The only hosts that may be asked; `*.example.com` stands for all below it. Default: any.
    pub hosts: Vec<String>,
}

impl Default for FetchSettings {
    fn default() -> Self {
        Self {
            max_bytes: count(20 << 20),
            max_request_bytes: count(64 << 20),
            timeout_ms: ms(10_000),
            max_redirects: 3,
            allow_private: false,
            private_hosts: Vec::new(),
            hosts: Vec::new(),
        }
    }
}

/// `llm_gateway.mirroring`: bounds on copies of requests, so that they never cost the callers anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct MirroringSettings {
    /// Copies under way at a time, at most. Default: 32.
    pub max_parallel: NonZeroUsize,
    /// Copies that wait for their turn, at most; more are dropped and counted. Default: 256.
    pub max_waiting: usize,
}

impl Default for MirroringSettings {
    fn default() -> Self {
        Self { max_parallel: count(32), max_waiting: 256 }
    }
}

/// `llm_gateway.translation`: what happens between two dialects.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct TranslationSettings {
    /// What happens when a part of the request cannot be said in the vendor's dialect. Default: `report`.
    pub on_loss: OnLoss,
    /// Tokens of thinking that each `reasoning_effort` buys at vendors who want a number.
    pub effort_budgets: EffortBudgets,
}

/// What happens to a request that cannot be carried over whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OnLoss {
    /// It is sent without that part, and a header of the answer says so.
    #[default]
    Report,
    /// It is refused.
    Reject,
}

/// `llm_gateway.translation.effort_budgets`: raised to the vendor's least where they are below it.
///
/// Source: LiteLLM docs, reasoning content, read 2026-11, for the defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct EffortBudgets {
    /// Tokens for `minimal`. Default: 128.
    pub minimal: NonZeroU32,
    /// Tokens for `low`. Default: 1024.
    pub low: NonZeroU32,
    /// Tokens for `medium`. Default: 2048.
    pub medium: NonZeroU32,
    /// Tokens for `high`. Default: 4096.
    pub high: NonZeroU32,
    /// Tokens for `xhigh`. Default: 8192.
    pub xhigh: NonZeroU32,
    /// Tokens for `max`. Default: 16384.
    pub max: NonZeroU32,
}

impl Default for EffortBudgets {
    fn default() -> Self {
        let tokens = |tokens| NonZeroU32::new(tokens).unwrap_or(NonZeroU32::MIN);
        Self {
            minimal: tokens(128),
            low: tokens(1_024),
            medium: tokens(2_048),
            high: tokens(4_096),
            xhigh: tokens(8_192),
            max: tokens(16_384),
        }
    }
}

/// What happens to a request whose client has hung up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OnDisconnect {
    /// The connection to the vendor is closed at once.
    #[default]
    Cancel,
    /// The answer is read until its usage is known, within the timeouts, and thrown away.
    Drain,
    /// The request goes on to its end as if the client were still there.
    Finish,
}

/// `llm_gateway.access_log`: the line that is logged for each request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct AccessLogSettings {
    /// Whether there is one. Default: true.
    pub enabled: bool,
    /// What it looks like. Needs a restart. Default: `auto`.
    pub format: LogFormat,
}

impl Default for AccessLogSettings {
    fn default() -> Self {
        Self { enabled: true, format: LogFormat::Auto }
    }
}

/// What log lines look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people on a terminal, JSON otherwise.
    #[default]
    Auto,
    /// For people.
    Human,
    /// One JSON object per line.
    Json,
}

fn ms(ms: u64) -> NonZeroU64 {
    NonZeroU64::new(ms).unwrap_or(NonZeroU64::MIN)
}

fn count(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap_or(NonZeroUsize::MIN)
}
