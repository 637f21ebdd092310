//! What the management API needs of the gateway that it is part of.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use http::request::Parts;
use llm_identity::Identity;
use llm_ledger::Entry;
use llm_pricing::{Cost, Table, Terms, Usd, cost, read};
use llm_tenancy::{Actor, Document, Period, PlainKey, Role, Route, StoredModel, TeamId};
use llm_types::{ApiError, UnixMs, Usage};
use serde_json::Value;

/// Who asks, as the gateway has found out.
#[derive(Debug, Clone)]
pub enum Caller {
    /// The holder of the master key; or anybody, where none is set.
    Master,
    /// The holder of a virtual key, or of a token that stands for one.
    Key(Arc<Identity>),
}

/// A request that was let in.
#[derive(Debug, Clone)]
pub struct Admitted {
    /// Who asks.
    pub caller: Caller,
    /// The same for the audit.
    pub actor: Actor,
}

/// What a usage costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// The vendor that is asked.
    pub vendor: Option<String>,
    /// The amount, and its parts.
    pub cost: Cost,
}

impl Quote {
    /// What a usage costs by the list: `model` may be any name of it, `vendor/model` too. `None` if no price is known.
    pub fn listed(model: &str, usage: &Usage, at: UnixMs) -> Option<Self> {
        let known = Table::embedded().find_name(model)?;
        let reading = read(usage);
        let terms = Terms {
            tier: reading.tier.unwrap_or_default(),
            at: Some(at),
            facts: &reading.facts,
            ..Terms::default()
        };
        let cost = cost(&reading.quantities, &known.prices?, &terms).ok()?;
        Some(Self { vendor: Some(known.vendor.to_owned()), cost })
    }
}

/// What an entry of the ledger would cost now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repriced {
    /// Its cost.
    pub cost: Usd,
    /// The same without discount and margin.
    pub list_cost: Usd,
}

/// What no key has more of; `None` is any amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeyBounds {
    /// Dollars.
    pub max_budget: Option<Usd>,
    /// After which time the budget begins anew.
    pub budget_duration: Option<Period>,
    /// How long it lives.
    pub duration: Option<Period>,
    /// Requests at a time.
    pub max_parallel_requests: Option<u64>,
    /// Tokens a minute.
    pub tpm_limit: Option<u64>,
    /// Requests a minute.
    pub rpm_limit: Option<u64>,
}

/// What a user begins with of whom nothing is said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserDefaults {
    /// What the user may manage; `None` is an internal user.
    pub role: Option<Role>,
    /// Dollars.
    pub max_budget: Option<Usd>,
    /// After which time the budget begins anew.
    pub budget_duration: Option<Period>,
    /// Models; all if empty.
    pub models: Vec<String>,
}

/// Bytes of a message that one token stands for where nobody counts.
const BYTES_PER_TOKEN: u64 = 4;

/// The gateway that the management API is part of.
pub trait Host: Send + Sync + 'static {
    /// The time.
    fn now(&self) -> UnixMs;

    /// Fills with random bytes fit for keys.
    fn fill(&self, bytes: &mut [u8]);

    /// Lets a request in: key, standing, address and route are looked at. What it may do with which records is looked at
    /// later.
    fn admit<'a>(&'a self, parts: &'a Parts, route: Route<'a>) -> BoxFuture<'a, Result<Admitted, ApiError>>;

    /// Until all that was changed up to now holds for requests to this process.
    fn settled(&self) -> BoxFuture<'_, ()>;

    /// Whether the gateway could serve a model beside those that it has; `secrets` are the values of those of its
    /// parameters that are sealed in the record, and of those that its credential brings. A credential that it names and
    /// has no id of is one of the configuration's, or none.
    ///
    /// # Errors
    /// What is wrong with it, by its place.
    fn check_model(&self, model: &StoredModel, secrets: &Document, is_tenants: bool) -> Result<(), ApiError>;

    /// The teams that any internal user may join.
    fn available_teams(&self) -> Vec<TeamId> {
        Vec::new()
    }

    /// What new keys begin with of which nothing is said, as a request to `/key/generate` would say it.
    fn key_defaults(&self) -> Document {
        Document::new()
    }

    /// What no key has more of.
    fn key_bounds(&self) -> KeyBounds {
        KeyBounds::default()
    }

    /// What users begin with of whom nothing is said.
    fn user_defaults(&self) -> UserDefaults {
        UserDefaults::default()
    }

    /// Whether texts of keys that have an alias are handed to a secret manager.
    fn keeps_keys(&self) -> bool {
        false
    }

    /// Hands the text of the key with this alias to the secret manager, in the place of the one that it has.
    ///
    /// # Errors
    /// In words, nothing of the text among them.
    fn keep_key<'a>(&'a self, _alias: &'a str, _text: &'a PlainKey) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(std::future::ready(Err("there is no secret manager to write to".to_owned())))
    }

    /// The budget of everybody together, if there is one.
    fn max_budget(&self) -> Option<Usd> {
        None
    }

    /// What a usage costs with a model: one of the gateway's, else by the list. `None` if no price is known.
    fn quote(&self, model: &str, usage: &Usage) -> Option<Quote> {
        Quote::listed(model, usage, self.now())
    }

    /// How many tokens messages have for a model, or nearly so.
    fn tokens(&self, _model: &str, messages: &[Value]) -> u64 {
        let bytes = messages.iter().map(|message| message.to_string().len() as u64);
        bytes.sum::<u64>().div_ceil(BYTES_PER_TOKEN)
    }

    /// What an entry of the ledger would cost by the configuration of now: at the prices that it
    /// has for the time at which the request began. `None` if no price is known: it stays as it is.
    fn reprice(&self, _entry: &Entry) -> Option<Repriced> {
        None
    }
}
