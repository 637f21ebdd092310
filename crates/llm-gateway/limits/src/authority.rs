//! [`Authority`]: whoever hands out shares of limits to several gateways.

use std::pin::Pin;
use std::sync::Arc;

use llm_types::UnixMs;

/// What is bounded over which time: one account.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId {
    /// Its name: measure, length of the period, whose it is, such as `usd:30d:team/t1`, `req:1m:key/9f…/model/gpt-4o`,
    /// `par::user/u1`. See [`AccountId::name_of`].
    pub name: Arc<str>,
    /// What it is kept together with: the organisation's id with the prefix `org/`, and for what stands outside of
    /// organisations the account's own name.
    pub shelf: Arc<str>,
}

/// A share is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Of which account.
    pub account: AccountId,
    /// The beginning of its period, in milliseconds; 0 for what never begins anew.
    pub window: i64,
    /// The end of its period: `i64::MAX` for what never begins anew. What was handed out may be forgotten after it.
    pub until: UnixMs,
    /// The limit: requests, tokens, requests at a time, or nano-dollars.
    pub limit: i64,
    /// What must be had: less than this is of no use, and then nothing is given.
    pub need: i64,
    /// What would be welcome, at least `need`.
    pub wish: i64,
    /// Whether the ledger books what is taken of the account: then that counts for good, and a share of it is held until it
    /// is booked. Of others only what is held counts.
    pub is_booked: bool,
}

/// What came of an [`Ask`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Grant {
    /// How much was given, on top of what this gateway holds: 0, or between `need` and `wish`.
    pub granted: i64,
    /// What nobody holds after that.
    pub left: i64,
}

impl Grant {
    /// Whether there was less than `need`.
    pub(crate) const fn is_refusal(&self, need: i64) -> bool {
        self.granted == 0 && self.left < need
    }
}

/// A share, or a part of it, goes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// Of which account.
    pub account: AccountId,
    /// The beginning of its period.
    pub window: i64,
    /// How much. More than this gateway holds is all of that.
    pub amount: i64,
}

/// Nobody hands out anything now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("limits cannot be looked up: {0}")]
pub struct AuthorityError(pub String);

/// An answer on its way.
pub type Taking<'a, T> = Pin<Box<dyn Future<Output = Result<T, AuthorityError>> + Send + 'a>>;

/// Hands out shares of limits: what all gateways hold together never exceeds a limit.
///
/// A gateway that is silent for longer than the lease loses what it holds, so that what a killed one held comes back.
pub trait Authority: Send + Sync {
    /// Asks for shares, in one round trip. Shares of the accounts of one shelf are given all or not at all. Nothing where
    /// enough is left means that it cannot be handed out yet: it is not known what others hold.
    fn take<'a>(&'a self, asks: &'a [Ask]) -> Taking<'a, Vec<Grant>>;

    /// Gives back what is not used.
    fn give_back<'a>(&'a self, refunds: &'a [Refund]) -> Taking<'a, ()>;

    /// Says that this gateway is alive, several times within a lease. Whether it still holds what it held: `false` if
    /// the lease had run out, and all shares are lost.
    fn renew<'a>(&'a self) -> Taking<'a, bool>;

    /// Waits until it may be known what others hold, where nothing was handed out although enough is left. Answers how
    /// many milliseconds that took.
    fn pause<'a>(&'a self) -> Pin<Box<dyn Future<Output = u64> + Send + 'a>>;
}

impl<T: Authority + ?Sized> Authority for Arc<T> {
    fn take<'a>(&'a self, asks: &'a [Ask]) -> Taking<'a, Vec<Grant>> {
        (**self).take(asks)
    }

    fn give_back<'a>(&'a self, refunds: &'a [Refund]) -> Taking<'a, ()> {
        (**self).give_back(refunds)
    }

    fn renew<'a>(&'a self) -> Taking<'a, bool> {
        (**self).renew()
    }

    fn pause<'a>(&'a self) -> Pin<Box<dyn Future<Output = u64> + Send + 'a>> {
        (**self).pause()
    }
}
