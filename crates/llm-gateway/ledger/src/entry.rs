//! One entry of the ledger: one request to a vendor, and what became of it.

mod bounds;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use llm_pricing::Usd;
use llm_types::UnixMs;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use smol_str::SmolStr;
use uuid::Uuid;

/// A request's name in the ledger: a UUID, version 7. What a client calls its request stands beside it, as clients may
/// say the same twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(Uuid);

impl RequestId {
    /// The name that is this UUID.
    pub const fn new(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The instant within it: when the request began. Together with name and leg it is unique.
    pub fn at(self) -> UnixMs {
        let (head, _) = self.0.as_u64_pair();
        UnixMs(i64::try_from(head >> 16).unwrap_or(i64::MAX))
    }

    /// The UUID.
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_simple().fmt(f)
    }
}

impl FromStr for RequestId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}

impl Serialize for RequestId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_simple().encode_lower(&mut [0; 32]))
    }
}

impl<'de> Deserialize<'de> for RequestId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// One request to a vendor: the request, and which of its legs, from 0 on. Adjustments of an entry follow from
/// [`LegId::ADJUSTMENTS`] on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LegId {
    /// The request.
    #[serde(rename = "r")]
    pub request: RequestId,
    /// Its leg.
    #[serde(rename = "l")]
    pub leg: u32,
}

impl LegId {
    /// Legs from this number on are adjustments of earlier ones.
    pub const ADJUSTMENTS: u32 = 1 << 16;
}

/// What became of a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The vendor's answer was whole.
    Answered,
    /// The vendor refused, or could not be reached.
    Failed,
    /// The answer broke off.
    Cut,
    /// The client went away first.
    HungUp,
    /// It was given up: another was faster, or took too long.
    Cancelled,
    /// The process died; what is known is an estimate.
    Interrupted,
    /// No vendor was asked: the answer was known.
    CacheHit,
    /// What an entry cost turned out to be another amount: this is the difference.
    Adjustment,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Answered,
        Self::Failed,
        Self::Cut,
        Self::HungUp,
        Self::Cancelled,
        Self::Interrupted,
        Self::CacheHit,
        Self::Adjustment,
    ];

    /// A name for databases and reports.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Failed => "failed",
            Self::Cut => "cut",
            Self::HungUp => "hung_up",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
            Self::CacheHit => "cache_hit",
            Self::Adjustment => "adjustment",
        }
    }

    /// Whether the request is counted as one that succeeded.
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Answered | Self::CacheHit)
    }
}

/// Something to know of an entry's amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Flag {
    /// Tokens, and so the cost, were estimated.
    Estimated = 1,
    /// No price is known: the cost is 0 because nobody knows it.
    Unpriced = 1 << 1,
    /// The vendor's own word on the cost.
    Reported = 1 << 2,
    /// The vendor's usage was negative, absurd or contradicted itself, and was not taken as it stands.
    Clamped = 1 << 3,
    /// A copy of another request, for which nobody asked.
    Mirrored = 1 << 4,
    /// It cost more than was reserved for it.
    Exceeded = 1 << 5,
    /// The answer was streamed.
    Streamed = 1 << 6,
    /// Something of the entry was longer than its bound and is not all there: a text, details, tags, charges.
    Shortened = 1 << 7,
    /// The cost is that of more than the tokens told here: of sounds, searches, a cache for an hour, a tier of service.
    BeyondTokens = 1 << 8,
}

/// A set of [`Flag`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Flags(pub u32);

impl Flags {
    /// The set with another.
    #[must_use]
    pub const fn with(self, flag: Flag) -> Self {
        Self(self.0 | flag as u32)
    }

    /// The set with another, if that holds.
    #[must_use]
    pub const fn with_if(self, holds: bool, flag: Flag) -> Self {
        if holds { self.with(flag) } else { self }
    }

    /// Whether it holds.
    pub const fn has(self, flag: Flag) -> bool {
        self.0 & flag as u32 != 0
    }
}

/// Tokens of an entry. None is ever negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Tokens {
    /// All that was read, with what came from a cache or went into one.
    #[serde(rename = "i", skip_serializing_if = "is_default")]
    pub prompt: i64,
    /// All that was written, reasoning included.
    #[serde(rename = "o", skip_serializing_if = "is_default")]
    pub completion: i64,
    /// Of the prompt: read from the vendor's cache.
    #[serde(rename = "cr", skip_serializing_if = "is_default")]
    pub cache_read: i64,
    /// Of the prompt: written into the vendor's cache.
    #[serde(rename = "cw", skip_serializing_if = "is_default")]
    pub cache_write: i64,
    /// Of the completion: reasoning.
    #[serde(rename = "th", skip_serializing_if = "is_default")]
    pub reasoning: i64,
}

impl Tokens {
    /// Read and written.
    pub const fn total(&self) -> i64 {
        self.prompt.saturating_add(self.completion)
    }
}

/// What an entry takes out of one account.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Charge {
    /// The account, such as `usd:30d:team/t1`.
    #[serde(rename = "a", serialize_with = "write_shared", deserialize_with = "read_shared")]
    pub account: Arc<str>,
    /// The beginning of the account's period, in milliseconds; 0 for one that never begins anew.
    #[serde(rename = "w", default, skip_serializing_if = "is_default")]
    pub window: i64,
}

/// One entry. Texts that say nothing are empty, never absent. What many entries have in common they share: entries wait
/// in memory by the thousand until they are in the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Which leg of which request.
    #[serde(flatten)]
    pub id: LegId,
    /// What became of it.
    #[serde(rename = "s")]
    pub status: Status,
    /// What to know of its amount.
    #[serde(rename = "f", default, skip_serializing_if = "is_default")]
    pub flags: Flags,
    /// Why the vendor was asked: `first`, `retry`, `fallback`, `hedge`, `continuation`, `mirror`.
    #[serde(rename = "why", default, skip_serializing_if = "is_default")]
    pub reason: SmolStr,
    /// What the client calls the request; empty if it has no name of its own.
    #[serde(rename = "call", default, skip_serializing_if = "is_default")]
    pub call_id: SmolStr,
    /// The conversation, where the client names one.
    #[serde(rename = "ses", default, skip_serializing_if = "is_default")]
    pub session_id: SmolStr,
    /// The route, as in the route table.
    #[serde(rename = "rt", default, skip_serializing_if = "is_default")]
    pub route: SmolStr,
    /// The key's hash, in hexadecimal; empty for the master key.
    #[serde(rename = "k", default, skip_serializing_if = "is_default")]
    pub key: SmolStr,
    /// The key's name for people at that time.
    #[serde(rename = "ka", default, skip_serializing_if = "is_default")]
    pub key_alias: SmolStr,
    /// The key's user.
    #[serde(rename = "u", default, skip_serializing_if = "is_default")]
    pub user: SmolStr,
    /// The team.
    #[serde(rename = "t", default, skip_serializing_if = "is_default")]
    pub team: SmolStr,
    /// The organisation.
    #[serde(rename = "org", default, skip_serializing_if = "is_default")]
    pub organization: SmolStr,
    /// The project.
    #[serde(rename = "prj", default, skip_serializing_if = "is_default")]
    pub project: SmolStr,
    /// Whom the request was for: LiteLLM's customer.
    #[serde(rename = "eu", default, skip_serializing_if = "is_default")]
    pub end_user: SmolStr,
    /// Labels of the request.
    #[serde(rename = "tag", default, skip_serializing_if = "is_default")]
    pub tags: Vec<SmolStr>,
    /// The model as the client named it: the model group.
    #[serde(rename = "m", default, skip_serializing_if = "is_default")]
    pub model: SmolStr,
    /// The deployment.
    #[serde(rename = "d", default, skip_serializing_if = "is_default")]
    pub deployment: SmolStr,
    /// The vendor.
    #[serde(rename = "v", default, skip_serializing_if = "is_default")]
    pub vendor: SmolStr,
    /// The model's name at the vendor.
    #[serde(rename = "vm", default, skip_serializing_if = "is_default")]
    pub vendor_model: SmolStr,
    /// Tokens.
    #[serde(rename = "tok", default, skip_serializing_if = "is_default")]
    pub tokens: Tokens,
    /// What it cost.
    #[serde(rename = "c", default, skip_serializing_if = "is_default")]
    pub cost: Usd,
    /// What it would have cost without discount and margin.
    #[serde(rename = "cb", default, skip_serializing_if = "is_default")]
    pub list_cost: Usd,
    /// What was reserved for it.
    #[serde(rename = "res", default, skip_serializing_if = "is_default")]
    pub reserved: Usd,
    /// When the vendor was asked.
    #[serde(rename = "b", default)]
    pub started: UnixMs,
    /// When the leg was over.
    #[serde(rename = "e", default)]
    pub ended: UnixMs,
    /// When the answer's head came; `None` if none did.
    #[serde(rename = "h", default, skip_serializing_if = "Option::is_none")]
    pub head: Option<UnixMs>,
    /// The vendor's HTTP status; 0 if it gave none.
    #[serde(rename = "st", default, skip_serializing_if = "is_default")]
    pub http_status: u16,
    /// The kind of its failure; empty if it did not fail.
    #[serde(rename = "err", default, skip_serializing_if = "is_default")]
    pub error: SmolStr,
    /// The client's address.
    #[serde(rename = "ip", default, skip_serializing_if = "is_default")]
    pub client: SmolStr,
    /// The accounts that its cost is taken out of.
    #[serde(rename = "ch", default, skip_serializing_if = "is_default")]
    pub charges: Vec<Charge>,
    /// Whatever else is to be kept, as a JSON object; empty for nothing.
    #[serde(rename = "x", default, skip_serializing_if = "is_default")]
    pub details: Box<str>,
}

impl Entry {
    /// An entry of which nothing is known but whose it is: interrupted, all else empty.
    pub fn new(id: LegId) -> Self {
        Self {
            id,
            status: Status::Interrupted,
            flags: Flags::default(),
            reason: SmolStr::default(),
            call_id: SmolStr::default(),
            session_id: SmolStr::default(),
            route: SmolStr::default(),
            key: SmolStr::default(),
            key_alias: SmolStr::default(),
            user: SmolStr::default(),
            team: SmolStr::default(),
            organization: SmolStr::default(),
            project: SmolStr::default(),
            end_user: SmolStr::default(),
            tags: Vec::new(),
            model: SmolStr::default(),
            deployment: SmolStr::default(),
            vendor: SmolStr::default(),
            vendor_model: SmolStr::default(),
            tokens: Tokens::default(),
            cost: Usd::ZERO,
            list_cost: Usd::ZERO,
            reserved: Usd::ZERO,
            started: UnixMs(0),
            ended: UnixMs(0),
            head: None,
            http_status: 0,
            error: SmolStr::default(),
            client: SmolStr::default(),
            charges: Vec::new(),
            details: Box::default(),
        }
    }

    /// When the request began.
    pub fn at(&self) -> UnixMs {
        self.id.request.at()
    }
}

fn write_shared<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

fn read_shared<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<str>, D::Error> {
    Ok(std::borrow::Cow::<'de, str>::deserialize(deserializer)?.into())
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
