//! [`Reach`]: which hosts may be connected to, by the addresses that their names have at that moment.

mod address;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures_core::future::BoxFuture;
use url::{Host, Url};

pub use self::address::is_public;

/// Which hosts a transport may connect to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Reach {
    /// Any.
    #[default]
    Anywhere,
    /// Those whose addresses are all public: for addresses that somebody says who is not let into the own network.
    Public {
        /// Hosts that may be connected to although their addresses are not public: as they stand in the URL;
        /// `*.example.com` stands for all below it.
        private_hosts: Vec<String>,
    },
}

impl Reach {
    /// Whether a host may be connected to at these addresses. A name with both kinds of addresses is up to something.
    pub(crate) fn admits(&self, host: &str, addresses: impl IntoIterator<Item = IpAddr>) -> bool {
        match self {
            Self::Anywhere => true,
            Self::Public { private_hosts } => {
                private_hosts.iter().any(|allowed| covers(allowed, host))
                    || addresses.into_iter().all(is_public)
            }
        }
    }

    /// Whether a URL may be asked, as far as it says by itself. What its name means is known when it is connected to,
    /// and decided then.
    ///
    /// ```
    /// # use llm_transport::Reach;
    /// let reach = Reach::Public { private_hosts: vec!["10.0.0.5".to_owned()] };
    /// assert!(!reach.admits_url("http://169.254.169.254/latest"));
    /// assert!(!reach.admits_url("http://localhost:8000/v1"));
    /// assert!(reach.admits_url("http://10.0.0.5:8000/v1"));
    /// assert!(reach.admits_url("https://api.example.com/v1"));
    /// ```
    #[must_use]
    pub fn admits_url(&self, url: &str) -> bool {
        let Ok(url) = Url::parse(url) else { return true };
        let Some(host) = url.host() else { return true };
        let address = match host {
            Host::Ipv4(address) => IpAddr::V4(address),
            Host::Ipv6(address) => IpAddr::V6(address),
            // RFC 6761, 6.3: these names are the loopback's.
            Host::Domain(name) if covers("localhost", name) || covers("*.localhost", name) => {
                IpAddr::V4(std::net::Ipv4Addr::LOCALHOST)
            }
            Host::Domain(_) => return true,
        };
        self.admits(&host.to_string(), [address])
    }
}

/// Finds the addresses of a host and port.
pub(crate) type Resolve =
    Arc<dyn Fn(String, u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>;

/// The operating system's.
pub(crate) fn system_resolver() -> Resolve {
    Arc::new(|host, port| {
        Box::pin(async move { Ok(tokio::net::lookup_host((host.as_str(), port)).await?.collect()) })
    })
}

/// Whether an entry of a list means this host.
pub(crate) fn covers(entry: &str, host: &str) -> bool {
    match entry.strip_prefix("*.") {
        Some(parent) => {
            let below = host.len().checked_sub(parent.len() + 1);
            below.is_some_and(|at| {
                host.as_bytes()[at] == b'.'
                    && host.as_bytes()[at + 1..].eq_ignore_ascii_case(parent.as_bytes())
            })
        }
        None => entry.eq_ignore_ascii_case(host),
    }
}
