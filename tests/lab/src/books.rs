//! What the gateway has written down, read from its database by the database's own client.

use anyhow::Context as _;

use crate::databases::Database;

/// What the gateway has written down.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Books {
    /// Entries of the ledger, in the order in which requests began.
    pub entries: Vec<Entry>,
    /// Sums of all days.
    pub days: Vec<Sum>,
    /// The same, of the entries.
    pub sums: Vec<Sum>,
    /// For each account and beginning of a period: what is booked, in nano-dollars.
    pub counters: Vec<(String, i64, i64)>,
}

/// What the entries of one dimension's id come to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sum {
    /// `global`, `key`, `user`, `team`, `organization`, `project`, `end_user`, `tag`.
    pub dimension: String,
    /// Whose; empty for `global`.
    pub id: String,
    /// Entries.
    pub entries: i64,
    /// What they cost.
    pub nanos: i64,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What the client called the request.
    pub name: String,
    /// The request's own name, and the leg.
    pub leg: (String, i64),
    /// What became of it.
    pub status: String,
    /// Tokens read.
    pub prompt_tokens: i64,
    /// Tokens written.
    pub completion_tokens: i64,
    /// What it cost.
    pub nanos: i64,
}

impl Books {
    pub(crate) fn read(database: &Database) -> anyhow::Result<Self> {
        let request = database.hex("request_id");
        let entries = database.query(&format!(
            "SELECT call_id, {request}, leg, status, prompt_tokens, completion_tokens, spend_nanos FROM ledger \
             ORDER BY at_ms, request_id, leg"
        ))?;
        let days = database.query(
            "SELECT dimension, id, SUM(requests), SUM(spend_nanos) FROM ledger_days GROUP BY dimension, id \
             ORDER BY dimension, id",
        )?;
        let counters = database
            .query("SELECT account, window_ms, booked_nanos FROM counters ORDER BY account, window_ms")?;
        Ok(Self {
            entries: entries.iter().map(|row| entry(row)).collect::<anyhow::Result<_>>()?,
            days: sums(&days)?,
            sums: sums(&database.query(&sums_of_entries())?)?,
            counters: counters.iter().map(|row| counter(row)).collect::<anyhow::Result<_>>()?,
        })
    }

    /// What all entries cost.
    pub fn nanos(&self) -> i64 {
        self.entries.iter().map(|entry| entry.nanos).sum()
    }

    /// Sums by day that are not those of the entries.
    pub fn wrong_days(&self) -> Vec<String> {
        let missing = self.sums.iter().filter(|sum| !self.days.contains(sum));
        let missing = missing.map(|sum| format!("not so in the sums by day: {sum:?}"));
        let added = self.days.iter().filter(|sum| !self.sums.contains(sum));
        missing.chain(added.map(|sum| format!("not so in the entries: {sum:?}"))).collect()
    }
}

/// The sums of each dimension, of the entries themselves. What says nothing is in none of them.
fn sums_of_entries() -> String {
    let columns = ["key", "user", "team", "organization", "project", "end_user"];
    let of_column = columns.map(|name| {
        format!(
            "SELECT '{name}', {name}_id, COUNT(*), SUM(spend_nanos) FROM ledger WHERE {name}_id <> '' \
             GROUP BY {name}_id"
        )
    });
    let all = "SELECT 'global', '', COUNT(*), SUM(spend_nanos) FROM ledger HAVING COUNT(*) > 0".to_owned();
    let tags = "SELECT 'tag', t.tag, COUNT(*), SUM(l.spend_nanos) FROM ledger_tags t JOIN ledger l ON \
                l.at_ms = t.at_ms AND l.request_id = t.request_id AND l.leg = t.leg GROUP BY t.tag";
    [all].into_iter().chain(of_column).chain([tags.to_owned()]).collect::<Vec<_>>().join(" UNION ALL ")
        + " ORDER BY 1, 2"
}

fn entry(row: &[String]) -> anyhow::Result<Entry> {
    let [name, request, leg, status, prompt, completion, nanos] = row else {
        anyhow::bail!("an entry of another form: {row:?}")
    };
    Ok(Entry {
        name: name.clone(),
        leg: (request.clone(), number(leg)?),
        status: status.clone(),
        prompt_tokens: number(prompt)?,
        completion_tokens: number(completion)?,
        nanos: number(nanos)?,
    })
}

fn sums(rows: &[Vec<String>]) -> anyhow::Result<Vec<Sum>> {
    let sum = |row: &Vec<String>| {
        let [dimension, id, entries, nanos] = row.as_slice() else {
            anyhow::bail!("sums of another form: {row:?}")
        };
        Ok(Sum {
            dimension: dimension.clone(),
            id: id.clone(),
            entries: number(entries)?,
            nanos: number(nanos)?,
        })
    };
    rows.iter().map(sum).collect()
}

fn counter(row: &[String]) -> anyhow::Result<(String, i64, i64)> {
    let [account, window, booked] = row else { anyhow::bail!("a counter of another form: {row:?}") };
    Ok((account.clone(), number(window)?, number(booked)?))
}

fn number(text: &str) -> anyhow::Result<i64> {
    text.parse().with_context(|| format!("{text:?} is no number"))
}
