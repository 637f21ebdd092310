//! [`ClientBuilder`]: a client, step by step.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use llm_provider_core::OnUnsupported;
use llm_transport::{CallOptions, Clock, FetchOptions, Fetcher, Proxies, TransportOptions, connect};
use llm_types::UnixMs;

use super::account::{Account, Entry};
use super::{Client, ClientError};
use crate::providers;

/// Makes a [`Client`].
pub struct ClientBuilder {
    accounts: HashMap<String, Account>,
    transport: TransportOptions,
    fetch: FetchOptions,
    options: CallOptions,
    unsupported: OnUnsupported,
    clock: Clock,
}

impl Default for ClientBuilder {
    fn default() -> Self {
        Self {
            accounts: HashMap::new(),
            transport: TransportOptions::default(),
            fetch: FetchOptions::default(),
            options: CallOptions::default(),
            unsupported: OnUnsupported::default(),
            clock: Arc::new(system_time),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the clock of clients that are given no other")]
fn system_time() -> UnixMs {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMs(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

impl ClientBuilder {
    /// Every vendor that is built in, with keys, addresses, settings and proxies as `variable` tells them.
    #[must_use]
    pub fn variables(mut self, variable: &impl Fn(&str) -> Option<String>) -> Self {
        for provider in providers() {
            let id = provider.info().id.to_string();
            let account = Account::from_variables(provider.clone(), variable);
            #[cfg(feature = "mock")]
            let account = if id == "mock" {
                Account { service: Some(Arc::new(llm_provider_mock::MockService::default())), ..account }
            } else {
                account
            };
            self.accounts.entry(id).or_insert(account);
        }
        self.transport.proxies = Proxies::from_env(variable);
        self
    }

    /// This vendor, under this name.
    #[must_use]
    pub fn account(mut self, name: impl Into<String>, account: Account) -> Self {
        self.accounts.insert(name.into(), account);
        self
    }

    /// Timeouts and protocol of every call.
    #[must_use]
    pub fn call_options(self, options: CallOptions) -> Self {
        Self { options, ..self }
    }

    /// What to do with what a vendor has no place for; left out by default.
    #[must_use]
    pub fn unsupported(self, unsupported: OnUnsupported) -> Self {
        Self { unsupported, ..self }
    }

    /// What may be fetched for vendors that want media as bytes; public addresses only by default.
    #[must_use]
    pub fn fetch_options(self, fetch: FetchOptions) -> Self {
        Self { fetch, ..self }
    }

    /// What tells the time; the system's clock by default.
    #[must_use]
    pub fn clock(self, clock: impl Fn() -> UnixMs + Send + Sync + 'static) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// The client. Nobody logs in before the first call.
    ///
    /// # Errors
    /// [`ClientError::Transport`] if a proxy or a certificate is none.
    pub fn build(self) -> Result<Client, ClientError> {
        let Self { accounts, transport, fetch, options, unsupported, clock } = self;
        let service = connect(transport)?;
        let mut entries: HashMap<String, Arc<Entry>> = accounts
            .into_iter()
            .map(|(name, account)| (name, Arc::new(Entry::new(account, &service, &clock))))
            .collect();
        add_aliases(&mut entries);
        Ok(Client {
            client: llm_transport::Client::new(service),
            entries: Arc::new(entries),
            options,
            unsupported,
            fetcher: Arc::new(Fetcher::new(fetch)),
            clock,
        })
    }
}

/// A vendor under its own name has its aliases too, where no account has taken them.
fn add_aliases(entries: &mut HashMap<String, Arc<Entry>>) {
    let own: Vec<(String, Arc<Entry>)> = entries
        .iter()
        .filter(|(name, entry)| entry.account.provider.info().id == **name)
        .flat_map(|(_, entry)| {
            let aliases = entry.account.provider.info().aliases.iter();
            aliases.map(|alias| (alias.to_string(), Arc::clone(entry)))
        })
        .collect();
    for (alias, entry) in own {
        if let Slot::Vacant(slot) = entries.entry(alias) {
            slot.insert(entry);
        }
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("accounts", &self.accounts)
            .field("transport", &self.transport)
            .finish_non_exhaustive()
    }
}
