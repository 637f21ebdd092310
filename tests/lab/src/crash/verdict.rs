//! What the vendor has served, what clients were told, and what the ledger says of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::load::Heard;
use crate::books::{Books, Entry};
use crate::scene::price;
use crate::vendor::Served;

/// What was compared, and what was wrong.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    /// Legs that the vendor has received.
    pub served: usize,
    /// Entries of the ledger.
    pub entries: usize,
    /// Entries of whole answers.
    pub answered: usize,
    /// Entries that are estimates because the process died.
    pub interrupted: usize,
    /// Requests whose clients did not get a whole answer.
    pub unfinished: usize,
    /// Legs that may be lost, because their records were damaged.
    pub forgiven: usize,
    /// Legs that were lost so.
    pub lost: usize,
    /// Everything that is not as it should be.
    pub wrong: Vec<String>,
}

impl Verdict {
    pub(super) fn of(told: &[Heard], served: &[Served], books: &Books, forgiven: usize) -> Self {
        let mut verdict = Self {
            served: served.len(),
            entries: books.entries.len(),
            answered: books.entries.iter().filter(|entry| entry.status == "answered").count(),
            interrupted: books.entries.iter().filter(|entry| entry.status == "interrupted").count(),
            unfinished: told.iter().filter(|heard| !heard.is_whole).count(),
            forgiven,
            lost: 0,
            wrong: books.wrong_days(),
        };
        let mut damaged = Vec::new();
        let legs = by_name(served, |leg| &leg.name);
        let entries = by_name(&books.entries, |entry| &entry.name);
        let whole: BTreeSet<&str> =
            told.iter().filter(|heard| heard.is_whole).map(|heard| heard.name.as_str()).collect();
        let names: BTreeSet<&str> = legs.keys().chain(entries.keys()).copied().collect();
        let none = (Vec::new(), Vec::new());
        for name in names {
            let legs = legs.get(name).unwrap_or(&none.0);
            let entries = entries.get(name).unwrap_or(&none.1);
            let wrong = request(name, legs, entries, whole.contains(name));
            // What a flipped byte may do: one leg without an entry, or one whose answer is only estimated.
            let is_loss = wrong.as_ref().is_some_and(|wrong| wrong.is_loss);
            match wrong {
                Some(wrong) if is_loss => damaged.push(wrong.text),
                Some(wrong) => verdict.wrong.push(wrong.text),
                None => {}
            }
        }
        verdict.lost = damaged.len();
        if damaged.len() > forgiven {
            verdict.wrong.extend(damaged);
        }
        let ids: BTreeSet<_> = books.entries.iter().map(|entry| &entry.leg).collect();
        if ids.len() != books.entries.len() {
            verdict.wrong.push("a leg has two entries".to_owned());
        }
        verdict
    }
}

/// What is wrong with one request.
struct Wrong {
    text: String,
    /// A record that cannot be read explains it.
    is_loss: bool,
}

/// What is wrong with one request: its legs at the vendor beside its entries.
fn request(name: &str, legs: &[&Served], entries: &[&Entry], is_whole: bool) -> Option<Wrong> {
    let wrong = |text: String, is_loss: bool| {
        Some(Wrong { text: format!("{name}: {text}; served {legs:?}; entries {entries:?}"), is_loss })
    };
    if entries.len() < legs.len() {
        return wrong("a leg has no entry".to_owned(), entries.len() + 1 == legs.len());
    }
    // An intent whose request never arrived: the process died in between.
    let interrupted = entries.iter().filter(|entry| entry.status == "interrupted").count();
    if entries.len() - legs.len() > interrupted {
        return wrong("an entry has no leg".to_owned(), false);
    }
    if interrupted > 0 && is_whole {
        return wrong("the client has the whole answer, and its entry is an estimate".to_owned(), true);
    }
    if interrupted > 1 {
        return wrong("two legs were under way at once".to_owned(), false);
    }
    let mut complete = legs.iter().filter(|leg| leg.status == 200 && leg.outcome == "complete");
    for entry in entries.iter().filter(|entry| entry.status == "answered") {
        let Some(leg) = complete.next() else {
            return wrong("an answer is booked that the vendor did not finish".to_owned(), false);
        };
        let tokens = (leg.prompt_tokens, leg.completion_tokens);
        if (entry.prompt_tokens, entry.completion_tokens) != tokens
            || entry.nanos != price(tokens.0, tokens.1)
        {
            return wrong("it is not what the vendor served".to_owned(), false);
        }
    }
    let failed = entries.iter().filter(|entry| entry.status == "failed");
    if failed.clone().any(|entry| entry.nanos != 0) {
        return wrong("a refusal costs nothing".to_owned(), false);
    }
    if is_whole && complete.next().is_some() {
        return wrong("a whole answer is not booked as one".to_owned(), true);
    }
    None
}

fn by_name<'a, T>(all: &'a [T], name: impl Fn(&'a T) -> &'a str) -> BTreeMap<&'a str, Vec<&'a T>> {
    let mut found: BTreeMap<&str, Vec<&T>> = BTreeMap::new();
    for one in all {
        found.entry(name(one)).or_default().push(one);
    }
    found
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { served, entries, answered, interrupted, unfinished, forgiven, lost, wrong } = self;
        writeln!(
            f,
            "the vendor received {served} legs; the ledger has {entries} entries: {answered} answered, {interrupted} interrupted"
        )?;
        writeln!(
            f,
            "clients that got no whole answer: {unfinished}; legs that damage may have cost: {forgiven}, and has cost: {lost}"
        )?;
        for text in wrong.iter().take(20) {
            writeln!(f, "WRONG {text}")?;
        }
        write!(f, "{} wrong", wrong.len())
    }
}

#[cfg(test)]
mod tests;
