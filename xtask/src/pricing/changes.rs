//! What a newer table changes, in a few lines.

use llm_pricing::Prices;

use super::snapshot::Snapshot;

/// How many names a line shows.
const SHOWN: usize = 12;

pub(super) fn report(before: &Snapshot, after: &Snapshot) {
    let new = after.models.keys().filter(|key| !before.models.contains_key(*key));
    let gone = before.models.keys().filter(|key| !after.models.contains_key(*key));
    let repriced = after.models.iter().filter_map(|(key, fields)| {
        let old = before.models.get(key)?;
        let mut names = old.keys().chain(fields.keys()).filter(|name| Prices::is_field(name));
        names.any(|name| old.get(name) != fields.get(name)).then_some(key)
    });
    line("new", &new.collect::<Vec<_>>());
    line("gone", &gone.collect::<Vec<_>>());
    line("other prices", &repriced.collect::<Vec<_>>());
}

fn line(what: &str, keys: &[&String]) {
    let shown = keys.iter().take(SHOWN).map(|key| key.as_str()).collect::<Vec<_>>().join(", ");
    let more = if keys.len() > SHOWN { ", ..." } else { "" };
    println!("{what}: {} {shown}{more}", keys.len());
}
