//! A leg as an entry of the ledger.

use std::sync::Arc;

use llm_identity::Owner;
use llm_ledger::{Entry, Flag, Flags, LegId, RequestId, SmolStr, Status, ToSmolStr as _, Tokens, Usd};
use llm_provider_core::Seen;
use llm_types::{CompletionTokensDetails, Nullable, PromptTokensDetails, UnixMs, Usage};

use crate::auth::Principal;
use crate::exchange::{Leg, Record};
use crate::pricing::{self, Bill};
use crate::runtime::Runtime;

#[cfg(test)]
mod tests;

/// The name of a request: what clients and logs call it, and what the ledger does.
#[derive(Debug, Clone)]
pub struct Name {
    /// The client's own name for it, else ours.
    pub id: String,
    /// Ours.
    pub uuid: RequestId,
    /// Whether the first is the client's.
    pub is_given: bool,
    /// When it was given.
    pub at: UnixMs,
}

impl Name {
    /// A new one, with the client's own word if there is one.
    pub fn new(runtime: &Runtime, given: Option<&str>) -> Self {
        let at = runtime.now();
        let uuid = RequestId::new(runtime.request_id(at));
        let id = given.map_or_else(|| uuid.to_string(), ToOwned::to_owned);
        Self { id, uuid, is_given: given.is_some(), at }
    }
}

/// Whom a request is booked to, beside its key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// Whom it is for: LiteLLM's customer.
    pub end_user: Option<Box<str>>,
    /// The conversation.
    pub session: Option<Box<str>>,
    /// Its labels: its own, its key's and its team's.
    pub tags: Vec<String>,
    /// What the client wants to be kept with its entries: a JSON object.
    pub details: Option<Box<str>>,
}

/// What is known of a leg before its vendor is asked.
pub(super) fn intended(record: &Record, leg: &Leg, number: usize) -> Entry {
    let nobody = Owner::default();
    let owner = match &record.principal {
        Some(Principal::Key(identity)) => &identity.owner,
        _ => &nobody,
    };
    let shared = |text: &Arc<str>| SmolStr::from(text.clone());
    let own = |text: Option<&str>| SmolStr::from(text.unwrap_or_default());
    let Account { end_user, session, tags, details } = &record.account;
    Entry {
        id: LegId { request: record.uuid, leg: u32::try_from(number).unwrap_or(u32::MAX) },
        status: Status::Interrupted,
        flags: Flags::default()
            .with_if(record.stream, Flag::Streamed)
            .with_if(record.mirror_of.is_some(), Flag::Mirrored),
        reason: SmolStr::new_static(leg.reason.label()),
        call_id: if record.is_named { record.id.as_str().into() } else { SmolStr::default() },
        session_id: own(session.as_deref()),
        route: SmolStr::new_static(record.route),
        key: shared(&owner.key),
        key_alias: shared(&owner.key_alias),
        user: shared(&owner.user),
        team: shared(&owner.team),
        organization: shared(&owner.organization),
        project: shared(&owner.project),
        end_user: own(end_user.as_deref()),
        tags: tags.iter().map(|tag| tag.as_str().into()).collect(),
        model: record.model.as_ref().map(shared).unwrap_or_default(),
        deployment: shared(leg.deployment.as_arc()),
        vendor: shared(&leg.provider),
        vendor_model: shared(&leg.model),
        tokens: Tokens::default(),
        cost: Usd::ZERO,
        list_cost: Usd::ZERO,
        reserved: Usd::ZERO,
        started: record.at(leg.sent_at),
        ended: record.at(leg.sent_at),
        head: None,
        http_status: 0,
        error: SmolStr::default(),
        client: record.client.map(|client| client.to_smolstr()).unwrap_or_default(),
        charges: Vec::new(),
        details: details.clone().unwrap_or_default(),
    }
}

/// What became of a leg.
#[derive(Debug, Clone, Copy)]
pub struct Ending<'a> {
    /// Its end.
    pub status: Status,
    /// What was heard of its answer.
    pub seen: Option<&'a Seen>,
    /// What has been found out of that already.
    pub known: Known<'a>,
    /// When it is told.
    pub at: UnixMs,
}

/// What has been found out of what was heard of a leg, so that nobody reads it twice.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'a> {
    /// What it costs.
    pub bill: Billed<'a>,
    /// Whether the vendor has told the usage, and it can be true. `false` where nobody has looked.
    pub is_sound: bool,
}

/// What a leg costs, if somebody has worked it out.
#[derive(Debug, Clone, Copy, Default)]
pub enum Billed<'a> {
    /// Nobody has.
    #[default]
    Unknown,
    /// This; `None` if nobody knows its price.
    Known(Option<&'a Bill>),
}

/// What a leg has cost, by what was heard of its answer; `None` if nobody knows the price, or nothing is owed.
fn bill(record: &Record, leg: &Leg, ending: &Ending<'_>) -> Option<Bill> {
    if let Billed::Known(bill) = ending.known.bill {
        return bill.cloned();
    }
    let none = Seen::default();
    // Who refused has not worked; whoever was hung up on has read the prompt at least.
    let seen = match ending.status {
        Status::Failed => ending.seen.filter(|seen| seen.usage.is_some() || seen.content_bytes > 0)?,
        _ => ending.seen.unwrap_or(&none),
    };
    leg.pricing.bill(seen, record.request_bytes, record.started)
}

/// The leg is over: its entry says so.
pub(super) fn settle(entry: &mut Entry, record: &Record, leg: &Leg, ending: &Ending<'_>) {
    let bill = bill(record, leg, ending);
    let (status, seen) = (ending.status, ending.seen);
    let told = seen.and_then(|seen| seen.usage.as_ref());
    let written = seen.map_or(0, |seen| seen.content_bytes);
    let is_owed = status != Status::Failed || written > 0 || told.is_some();
    // Where no price is known no bill says whether anything was estimated.
    let may_be_wrong = match &bill {
        Some(bill) => bill.is_estimate,
        None => leg.pricing.prices.is_none() && !ending.known.is_sound,
    };
    let is_own_estimate = pricing::is_estimated(told);
    let estimate = (is_owed && may_be_wrong && !is_own_estimate)
        .then(|| pricing::estimated_usage(told, written, record.request_bytes))
        .flatten();
    let estimated = estimate.is_some() || is_owed && is_own_estimate && may_be_wrong;
    if is_owed {
        let unheard = || pricing::estimated_usage(None, written, record.request_bytes);
        entry.tokens = match estimate.as_ref().or(told) {
            Some(usage) => tokens(usage),
            None => unheard().as_ref().map_or_else(Tokens::default, tokens),
        };
    }
    entry.status = status;
    entry.flags = entry
        .flags
        .with_if(estimated, Flag::Estimated)
        .with_if(estimate.is_some() && told.is_some(), Flag::Clamped)
        .with_if(is_owed && bill.is_none(), Flag::Unpriced)
        .with_if(bill.as_ref().is_some_and(|bill| bill.is_reported), Flag::Reported)
        .with_if(bill.as_ref().is_some_and(|bill| !bill.is_of_tokens), Flag::BeyondTokens);
    if let Some(bill) = bill {
        entry.cost = bill.cost.total.max(Usd::ZERO);
        entry.list_cost = bill.cost.before_adjustment.max(Usd::ZERO);
    }
    entry.ended = leg.over_at.map_or(ending.at, |over| record.at(over));
    entry.head = leg.head_at.map(|head| record.at(head));
    entry.http_status = leg.status.unwrap_or(0);
    entry.error = leg.error.map(|kind| SmolStr::new_static(kind.label())).unwrap_or_default();
}

/// The tokens that a usage is booked as.
fn tokens(usage: &Usage) -> Tokens {
    let counts = usage.counts();
    let whole = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    Tokens {
        prompt: whole(counts.input_total()),
        completion: whole(counts.output_total()),
        cache_read: whole(counts.input_cached),
        cache_write: whole(counts.input_cache_write.saturating_add(counts.input_cache_write_1h)),
        reasoning: whole(counts.output_reasoning),
    }
}

/// The usage that tokens were booked for.
pub(crate) fn usage(tokens: &Tokens) -> Usage {
    let count = |tokens: i64| u64::try_from(tokens).unwrap_or(0);
    let mut usage = Usage::new(count(tokens.prompt), count(tokens.completion));
    usage.prompt_tokens_details = Nullable::Value(PromptTokensDetails {
        cached_tokens: Nullable::Value(count(tokens.cache_read).into()),
        cache_write_tokens: Nullable::Value(count(tokens.cache_write).into()),
        ..PromptTokensDetails::default()
    });
    usage.completion_tokens_details = Nullable::Value(CompletionTokensDetails {
        reasoning_tokens: Nullable::Value(count(tokens.reasoning).into()),
        ..CompletionTokensDetails::default()
    });
    usage
}
