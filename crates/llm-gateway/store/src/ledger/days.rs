//! Sums of days.

use std::collections::{BTreeMap, HashMap};

use llm_ledger::{Entry, Flag, Status, Usd};
use sea_orm::{DatabaseTransaction, QueryResult, Value};

use super::day::Day;
use super::kin::{Family, Kinship};
use super::row;
use super::upsert::Target;
use crate::error::Result;

/// By what days are summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Dimension {
    /// Everything. Its id is empty.
    Global,
    /// The key, by its hash.
    Key,
    /// The key's user.
    User,
    /// The team.
    Team,
    /// The organisation.
    Organization,
    /// The project.
    Project,
    /// Whom the request was for.
    EndUser,
    /// A label. An entry with several is in each of them.
    Tag,
}

impl Dimension {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Global,
        Self::Key,
        Self::User,
        Self::Team,
        Self::Organization,
        Self::Project,
        Self::EndUser,
        Self::Tag,
    ];

    /// A name for databases and reports.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Key => "key",
            Self::User => "user",
            Self::Team => "team",
            Self::Organization => "organization",
            Self::Project => "project",
            Self::EndUser => "end_user",
            Self::Tag => "tag",
        }
    }

    /// The dimension with this label.
    pub fn from_label(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dimension| dimension.label() == label)
    }
}

/// What entries come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Sums {
    /// Requests to vendors, and answers out of the cache. An adjustment is none.
    pub requests: i64,
    /// Of these: that were answered.
    pub successes: i64,
    /// Of these: that were not, or not wholly.
    pub failures: i64,
    /// Of these: whose amounts are estimates.
    pub estimated: i64,
    /// Tokens read.
    pub prompt_tokens: i64,
    /// Tokens written.
    pub completion_tokens: i64,
    /// Of those read: out of vendors' caches.
    pub cache_read_tokens: i64,
    /// Of those read: into vendors' caches.
    pub cache_write_tokens: i64,
    /// Of those written: reasoning.
    pub reasoning_tokens: i64,
    /// What it cost.
    pub spend: Usd,
    /// What it would have cost without discounts and margins.
    pub list_cost: Usd,
    /// How long all took together, in milliseconds.
    pub duration_ms: i64,
}

/// The columns of [`Sums`], in their order.
pub(super) const SUMMED: [&str; 12] = [
    "requests",
    "successes",
    "failures",
    "estimated",
    "prompt_tokens",
    "completion_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "spend_nanos",
    "list_nanos",
    "duration_ms",
];

impl Sums {
    /// What one entry comes to.
    pub(super) fn of(entry: &Entry) -> Self {
        let is_request = entry.status != Status::Adjustment;
        let is_success = is_request && entry.status.is_success();
        let tokens = &entry.tokens;
        Self {
            requests: is_request.into(),
            successes: is_success.into(),
            failures: (is_request && !is_success).into(),
            estimated: (is_request && entry.flags.has(Flag::Estimated)).into(),
            prompt_tokens: tokens.prompt,
            completion_tokens: tokens.completion,
            cache_read_tokens: tokens.cache_read,
            cache_write_tokens: tokens.cache_write,
            reasoning_tokens: tokens.reasoning,
            spend: entry.cost,
            list_cost: entry.list_cost,
            duration_ms: row::duration_ms(entry),
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        let (mut sums, other) = (self.numbers(), other.numbers());
        for (sum, more) in sums.iter_mut().zip(other) {
            *sum = sum.saturating_add(more);
        }
        *self = Self::from_numbers(sums);
    }

    /// In the order of [`SUMMED`].
    pub(super) const fn numbers(&self) -> [i64; 12] {
        [
            self.requests,
            self.successes,
            self.failures,
            self.estimated,
            self.prompt_tokens,
            self.completion_tokens,
            self.cache_read_tokens,
            self.cache_write_tokens,
            self.reasoning_tokens,
            self.spend.nanos(),
            self.list_cost.nanos(),
            self.duration_ms,
        ]
    }

    pub(super) const fn from_numbers(numbers: [i64; 12]) -> Self {
        let [requests, successes, failures, estimated, prompt_tokens, completion_tokens, ..] = numbers;
        let [.., cache_read_tokens, cache_write_tokens, reasoning_tokens, spend, list, duration_ms] = numbers;
        Self {
            requests,
            successes,
            failures,
            estimated,
            prompt_tokens,
            completion_tokens,
            cache_read_tokens,
            cache_write_tokens,
            reasoning_tokens,
            spend: Usd::from_nanos(spend),
            list_cost: Usd::from_nanos(list),
            duration_ms,
        }
    }

    /// Reads a row. What nothing was summed into is nothing.
    pub(super) fn read(row: &QueryResult) -> Result<Self> {
        let mut numbers = [0; 12];
        for (number, column) in numbers.iter_mut().zip(SUMMED) {
            *number = row.try_get::<Option<i64>>("", column)?.unwrap_or_default();
        }
        Ok(Self::from_numbers(numbers))
    }
}

pub(super) const DAYS: Target = Target {
    table: "ledger_days",
    key: &["dimension", "day", "id", "model", "vendor", "deployment"],
    raised: &SUMMED,
    replaced: &[],
    fresh: &[],
};

/// The same of all models, vendors and deployments together: for reports that do not ask for these, which have far
/// fewer rows to read. What is summed over everything is not in it.
pub(super) const TOTALS: Target = Target {
    table: "ledger_totals",
    key: &["dimension", "day", "id"],
    raised: &SUMMED,
    replaced: &[],
    fresh: &[],
};

/// What is summed together, in the order of the table's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Group<'a> {
    dimension: Dimension,
    day: Day,
    id: &'a str,
    what: [&'a str; 3],
}

/// Sums by whose entries they are.
pub(super) const ACCOUNT_DAYS: Target = Target {
    table: "ledger_account_days",
    key: &["day", "account_id"],
    raised: &SUMMED,
    replaced: &[],
    fresh: &[],
};

/// Sums by whose entries they are, and which way they went.
pub(super) const WAY_DAYS: Target = Target {
    table: "ledger_way_days",
    key: &["day", "account_id", "way_id"],
    raised: &SUMMED,
    replaced: &[],
    fresh: &[],
};

/// Raises the days' sums by these entries, everybody's first: whoever has these has all others wait.
pub(super) async fn raise(db: &DatabaseTransaction, kinship: &Kinship<'_>) -> Result<()> {
    let mut groups: HashMap<Group<'_>, Sums> = HashMap::new();
    for Family { one, day, sums, .. } in &kinship.families {
        let (day, what) = (*day, [&*one.model, &*one.vendor, &*one.deployment]);
        for (dimension, id) in [(Dimension::Global, "")].into_iter().chain(ids(one)) {
            groups.entry(Group { dimension, day, id, what }).or_default().add(sums);
        }
    }
    // Members of a family are for several end users, and have labels of their own.
    for (entry, _) in &kinship.entries {
        let end_user = (Dimension::EndUser, &*entry.end_user);
        let labels = row::tags(entry).map(|tag| (Dimension::Tag, tag));
        for (dimension, id) in [end_user].into_iter().filter(|(_, id)| !id.is_empty()).chain(labels) {
            let day = Day::of(entry.at());
            let what = [&*entry.model, &*entry.vendor, &*entry.deployment];
            groups.entry(Group { dimension, day, id, what }).or_default().add(&Sums::of(entry));
        }
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_unstable_by_key(|(group, _)| *group);
    let head = |group: &Group<'_>| -> [Value; 3] {
        [group.dimension.label().into(), group.day.number().into(), group.id.into()]
    };
    let days = groups.iter().map(|(group, sums)| {
        let what = group.what.map(Value::from);
        head(group).into_iter().chain(what).chain(sums.numbers().map(Value::from)).collect()
    });
    DAYS.raise(db, days.collect()).await?;
    let mut totals: Vec<(Group<'_>, Sums)> = Vec::new();
    for (group, sums) in &groups {
        let of = Group { what: [""; 3], ..*group };
        match totals.last_mut().filter(|(last, _)| *last == of) {
            Some((_, total)) => total.add(sums),
            None => totals.push((of, *sums)),
        }
    }
    let totals = totals
        .iter()
        .filter(|(group, _)| group.dimension != Dimension::Global)
        .map(|(group, sums)| head(group).into_iter().chain(sums.numbers().map(Value::from)).collect());
    TOTALS.raise(db, totals.collect()).await?;
    let mut accounts: BTreeMap<(Day, i64), Sums> = BTreeMap::new();
    let mut ways: BTreeMap<(Day, i64, i64), Sums> = BTreeMap::new();
    for Family { day, kin, sums, .. } in &kinship.families {
        accounts.entry((*day, kin.account)).or_default().add(sums);
        ways.entry((*day, kin.account, kin.way)).or_default().add(sums);
    }
    let accounts = accounts.iter().map(|((day, account), sums)| {
        let key: [Value; 2] = [day.number().into(), (*account).into()];
        key.into_iter().chain(sums.numbers().map(Value::from)).collect()
    });
    ACCOUNT_DAYS.raise(db, accounts.collect()).await?;
    let ways = ways.iter().map(|((day, account, way), sums)| {
        let key: [Value; 3] = [day.number().into(), (*account).into(), (*way).into()];
        key.into_iter().chain(sums.numbers().map(Value::from)).collect()
    });
    WAY_DAYS.raise(db, ways.collect()).await
}

/// Whose an entry is, where it is somebody's, but for its end user's.
fn ids(entry: &Entry) -> impl Iterator<Item = (Dimension, &str)> {
    let ids = [
        (Dimension::Key, &*entry.key),
        (Dimension::User, &*entry.user),
        (Dimension::Team, &*entry.team),
        (Dimension::Organization, &*entry.organization),
        (Dimension::Project, &*entry.project),
    ];
    ids.into_iter().filter(|(_, id)| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_as_they_were() {
        let numbers = std::array::from_fn(|at| i64::try_from(at).unwrap() + 1);
        assert_eq!(Sums::from_numbers(numbers).numbers(), numbers);
        for dimension in Dimension::ALL {
            assert_eq!(Dimension::from_label(dimension.label()), Some(dimension));
        }
    }
}
