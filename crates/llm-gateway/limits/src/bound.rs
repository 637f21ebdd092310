//! [`Bound`]: one limit of one subject.

use std::fmt::{self, Write as _};
use std::sync::{Arc, OnceLock};

use llm_tenancy::{Calendar, Period, Window, name_matches};
use llm_types::UnixMs;

use crate::AccountId;
use crate::account::Account;

/// Whose limit it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The key's.
    Key,
    /// Its project's.
    Project,
    /// Its user's in the team.
    Member,
    /// Its team's.
    Team,
    /// Its user's.
    User,
    /// Its organisation's.
    Organization,
    /// That of whom the request is for: LiteLLM's customer.
    EndUser,
    /// That of a label of the request.
    Tag,
    /// That of a group of models.
    AccessGroup,
    /// That of all callers with the same priority, at one model.
    Priority,
    /// That of all callers together, at one model.
    Model,
    /// The whole gateway's.
    Proxy,
}

impl Level {
    /// Its word in the names of accounts, and for machines.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Project => "project",
            Self::Member => "member",
            Self::Team => "team",
            Self::User => "user",
            Self::Organization => "org",
            Self::EndUser => "end_user",
            Self::Tag => "tag",
            Self::AccessGroup => "group",
            Self::Priority => "priority",
            Self::Model => "model",
            Self::Proxy => "proxy",
        }
    }

    /// As a client is told.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Key => "this key",
            Self::Project => "the project of this key",
            Self::Member => "the membership that this key is used by",
            Self::Team => "the team of this key",
            Self::User => "the user of this key",
            Self::Organization => "the organization of this key",
            Self::EndUser => "the end user of this request",
            Self::Tag => "a tag of this request",
            Self::AccessGroup => "the group of this model",
            Self::Priority => "the priority of this key",
            Self::Model => "this model",
            Self::Proxy => "this gateway",
        }
    }
}

/// What is bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// Requests.
    Requests,
    /// Tokens, read and written.
    Tokens,
    /// Nano-dollars.
    Spend,
    /// Requests at a time.
    Parallel,
}

impl Measure {
    /// Its word in the names of accounts.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Requests => "req",
            Self::Tokens => "tok",
            Self::Spend => "usd",
            Self::Parallel => "par",
        }
    }
}

/// Over which time it is bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cycle {
    /// Each minute, of those that begin on the minute.
    Minute,
    /// Each day of UTC.
    Day,
    /// Each window of a period, by the gateway's calendar.
    Of(Period),
    /// For good: it never begins anew.
    Ever,
}

impl Cycle {
    /// The window that an instant is in.
    pub fn window(self, now: UnixMs, calendar: &Calendar) -> Window {
        let aligned = |length: i64| {
            let begin = now.0.div_euclid(length) * length;
            Window { begin: UnixMs(begin), end: UnixMs(begin + length) }
        };
        match self {
            Self::Minute => aligned(60_000),
            Self::Day => aligned(86_400_000),
            Self::Of(period) => period.window(now, calendar),
            Self::Ever => Window { begin: UnixMs(0), end: UnixMs(i64::MAX) },
        }
    }
}

impl fmt::Display for Cycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Minute => f.write_str("1m"),
            Self::Day => f.write_str("1d"),
            Self::Of(period) => period.fmt(f),
            Self::Ever => Ok(()),
        }
    }
}

/// A part of what a subject does, that has a limit of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Requests to a model: the name, the pattern or the access group as it was written, and what it stands for.
    Model {
        /// As it was written.
        name: Box<str>,
        /// Names and patterns.
        models: Box<[Box<str>]>,
    },
    /// Requests with a label.
    Tag(Box<str>),
    /// Calls of a tool server.
    Server(Box<str>),
}

impl Part {
    /// As it was written.
    pub fn name(&self) -> &str {
        match self {
            Self::Model { name, .. } | Self::Tag(name) | Self::Server(name) => name,
        }
    }

    const fn label(&self) -> &'static str {
        match self {
            Self::Model { .. } => "model",
            Self::Tag(_) => "tag",
            Self::Server(_) => "server",
        }
    }

    /// Whether a request is of this part.
    pub(crate) fn has(&self, asked: &crate::Asked<'_>) -> bool {
        match self {
            Self::Model { name, models } => {
                asked.model_groups.iter().any(|group| **group == **name)
                    || asked.models.iter().any(|asked| models.iter().any(|model| name_matches(model, asked)))
            }
            Self::Tag(tag) => asked.tags.iter().any(|asked| **asked == **tag),
            Self::Server(server) => asked.server == Some(&**server),
        }
    }
}

/// One limit of one subject. Its account is looked up when it is first used, and kept: a bound is for one
/// [`Limiter`](crate::Limiter).
#[derive(Debug, Clone)]
pub struct Bound {
    /// Whose it is.
    pub level: Level,
    /// The subject's id; empty for the gateway.
    pub subject: Arc<str>,
    /// Of which part of what the subject does; all without.
    pub part: Option<Part>,
    /// What is bounded.
    pub measure: Measure,
    /// Over which time.
    pub cycle: Cycle,
    /// The limit; `None` refuses nothing.
    pub limit: Option<i64>,
    /// What is on top of the limit for a while, and until when.
    pub increase: Option<(i64, UnixMs)>,
    /// After how much somebody is told.
    pub soft: Option<i64>,
    /// After how much the subject's rates are throttled.
    pub brake: Option<i64>,
    /// The account.
    pub account: AccountId,
    /// Whether it holds only while the model fails.
    pub(crate) is_dynamic: bool,
    /// From how much on those bounds hold that are beside it and are for a saturated model alone.
    pub(crate) saturates: Option<i64>,
    /// Whether it holds only while a bound beside it says that the model is saturated.
    pub(crate) is_reserve: bool,
    /// Whether the subject's brake concerns it.
    pub(crate) is_braked: bool,
    /// Of the bounds with one number other than 0 the first that fits counts alone: the entries of one map.
    pub(crate) family: u16,
    pub(crate) resolved: OnceLock<Arc<Account>>,
}

/// Milliseconds up to which what is taken of a rate is in memory alone: nobody is let in again for long who starts anew.
const SHORT_MS: u64 = 60_000;

impl Bound {
    /// Whether the ledger books what is taken, so that a process that starts again counts on from there: money, and rates of
    /// more than a minute.
    pub(crate) fn is_booked(&self, window: Window) -> bool {
        match self.measure {
            Measure::Spend => true,
            Measure::Requests | Measure::Tokens => window.end.since(window.begin) > SHORT_MS,
            Measure::Parallel => false,
        }
    }

    /// The limit as it stands now: with the increase while it lasts. `i64::MAX` if there is none.
    pub fn limit_at(&self, now: UnixMs) -> i64 {
        let Some(limit) = self.limit else { return i64::MAX };
        match self.increase {
            Some((more, until)) if now < until => limit.saturating_add(more).max(0),
            _ => limit,
        }
    }
}

impl AccountId {
    /// The name of the account that counts after so many resets by hand: `usd:30d:team/t1%232`, which no id can be.
    pub(crate) fn anew(name: Arc<str>, resets: u32) -> Arc<str> {
        if resets == 0 { name } else { format!("{name}%23{resets}").into() }
    }

    /// The name of an account: `usd:30d:team/t1`, `req:1m:key/9f…/model/gpt-4o`. A `/` or `%` within an id is written as
    /// `%2F` or `%25`, so that no subject can choose another's account.
    pub fn name_of(
        measure: Measure,
        cycle: Cycle,
        level: Level,
        subject: &[&str],
        part: Option<&Part>,
    ) -> Arc<str> {
        let mut name = format!("{}:{cycle}:{}", measure.label(), level.label());
        for id in subject {
            push_id(&mut name, id);
        }
        if let Some(part) = part {
            // Writing to a text never fails.
            let _ = write!(name, "/{}", part.label());
            push_id(&mut name, part.name());
        }
        name.into()
    }
}

fn push_id(name: &mut String, id: &str) {
    name.push('/');
    for char in id.chars() {
        match char {
            '/' => name.push_str("%2F"),
            '%' => name.push_str("%25"),
            other => name.push(other),
        }
    }
}
