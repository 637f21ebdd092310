//! The ways to the network: to vendors, to addresses that others say, to media.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use llm_provider_core::Secret;
use llm_transport::{FetchOptions, Fetcher, HttpService, Proxies, Reach, TransportOptions, connect};

use crate::config::Settings;
use crate::runtime::Runtime;

/// Bytes held of an upstream's answer while the client reads slowly. A stalled stream costs a few times this: 2,000 of
/// them have to fit into the memory of a small machine.
const UPSTREAM_BUFFER_BYTES: usize = 16 << 10;

/// Certificates that are trusted besides the system's.
pub(super) async fn ca_pem(settings: &Settings) -> Result<Option<Bytes>, String> {
    match &settings.transport.ca_file {
        None => Ok(None),
        Some(file) => {
            let at = |error| format!("llm_gateway.transport.ca_file: {}: {error}", file.display());
            Ok(Some(tokio::fs::read(file).await.map_err(at)?.into()))
        }
    }
}

/// What fetches media.
pub(super) fn fetcher(settings: &Settings, ca_pem: Option<Bytes>) -> Fetcher {
    let fetch = &settings.fetch;
    Fetcher::new(FetchOptions {
        max_bytes: fetch.max_bytes.get(),
        max_request_bytes: fetch.max_request_bytes.get(),
        timeout: Duration::from_millis(fetch.timeout_ms.get()),
        max_redirects: fetch.max_redirects,
        allow_private: fetch.allow_private,
        private_hosts: fetch.private_hosts.clone(),
        hosts: fetch.hosts.clone(),
        ca_pem,
        ..FetchOptions::default()
    })
}

/// Where models of tenants may lead, and requests that bring an address of their own along.
pub(crate) fn reach(settings: &Settings) -> Reach {
    let tenants = &settings.tenants;
    match tenants.allow_private {
        true => Reach::Anywhere,
        false => Reach::Public { private_hosts: tenants.private_hosts.clone() },
    }
}

/// A way to the network.
///
/// # Errors
/// In words: a certificate or a proxy that cannot be read.
pub(crate) fn transport(
    ca_pem: Option<Bytes>,
    proxy: Option<Secret>,
    reach: Reach,
    runtime: &Runtime,
) -> Result<Arc<dyn HttpService>, String> {
    let proxies = match proxy {
        Some(url) => Proxies::all(url.expose()),
        None => Proxies::from_env(|name| runtime.variable(name)),
    };
    let options = TransportOptions {
        proxies,
        reach,
        ca_pem,
        buffer_bytes: UPSTREAM_BUFFER_BYTES,
        ..TransportOptions::default()
    };
    connect(options).map_err(|error| {
        let cause = std::error::Error::source(&error).map_or_else(String::new, |cause| format!(": {cause}"));
        format!("llm_gateway.transport: {error}{cause}")
    })
}
