//! [`Refusal`]: which limit was in the way.

use std::fmt;

use llm_pricing::Usd;
use llm_types::UnixMs;

use crate::reservation::Line;
use crate::{Cycle, Level, Measure};

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefusalKind {
    /// Too many requests in a time.
    Rate,
    /// Too many tokens in a time.
    Tokens,
    /// Too many requests at a time.
    Parallel,
    /// What is left of a budget is less than what the request may cost.
    Budget,
    /// Nobody could be asked what is left.
    Unavailable,
}

impl RefusalKind {
    /// A word for machines.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Rate => "requests",
            Self::Tokens => "tokens",
            Self::Parallel => "max_parallel_requests",
            Self::Budget => "budget",
            Self::Unavailable => "unavailable",
        }
    }
}

/// A limit was in the way. Its text is for the client: it tells of the caller's own records and of nobody else's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub kind: RefusalKind,
    /// Whose limit.
    pub level: Level,
    /// Its id.
    pub subject: String,
    /// The model, tag or tool server that has the limit; all without.
    pub part: Option<String>,
    /// What is bounded.
    pub measure: Measure,
    /// Over which time.
    pub cycle: Cycle,
    /// The limit: requests, tokens, nano-dollars.
    pub limit: i64,
    /// What is taken of it, with what is reserved for requests under way.
    pub current: i64,
    /// What the request may take.
    pub wanted: i64,
    /// When it begins anew; `None` for what never does.
    pub resets_at: Option<UnixMs>,
}

impl Refusal {
    pub(crate) fn of(line: &Line, is_away: bool) -> Self {
        let account = &line.account;
        let kind = match account.measure {
            _ if is_away => RefusalKind::Unavailable,
            Measure::Requests => RefusalKind::Rate,
            Measure::Tokens => RefusalKind::Tokens,
            Measure::Parallel => RefusalKind::Parallel,
            Measure::Spend => RefusalKind::Budget,
        };
        Self {
            kind,
            level: account.level,
            subject: account.subject.to_string(),
            part: account.part.as_deref().map(str::to_owned),
            measure: account.measure,
            cycle: account.cycle,
            limit: line.limit,
            current: line.tally.used(),
            wanted: line.amount,
            resets_at: (account.cycle != Cycle::Ever).then_some(line.tally.until),
        }
    }

    /// What is left of the limit.
    pub fn left(&self) -> i64 {
        self.limit.saturating_sub(self.current).max(0)
    }

    /// Whether the request would be refused however little was taken.
    pub const fn is_too_large(&self) -> bool {
        self.wanted > self.limit
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whose = self.level.words();
        let part = self.part.as_deref().map(|part| format!(" for {part}")).unwrap_or_default();
        let Self { limit, current, wanted, cycle, .. } = self;
        match self.kind {
            RefusalKind::Unavailable => return write!(f, "the limits of {whose} cannot be looked up now"),
            RefusalKind::Rate => {
                write!(f, "{whose} is limited to {limit} requests in {cycle}{part}: {current} were made")?;
            }
            RefusalKind::Tokens => write!(
                f,
                "{whose} is limited to {limit} tokens in {cycle}{part}: {current} are used or reserved, and this request \
                 may need {wanted}"
            )?,
            RefusalKind::Parallel => {
                write!(f, "{whose} is limited to {limit} requests at a time{part}: {current} are under way")?;
            }
            RefusalKind::Budget => {
                let usd = |nanos: &i64| Usd::from_nanos(*nanos);
                write!(f, "{whose} has a budget of {} USD", usd(limit))?;
                if *cycle != Cycle::Ever {
                    write!(f, " in {cycle}")?;
                }
                let (current, wanted) = (usd(current), usd(wanted));
                write!(
                    f,
                    "{part}: {current} USD are spent or reserved, and this request may cost {wanted} USD"
                )?;
            }
        }
        match self.resets_at {
            Some(at) => write!(f, "; it begins anew at {}", at.rfc3339()),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Refusal {}
