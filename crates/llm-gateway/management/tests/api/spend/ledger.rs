//! A small ledger, whose sums are easily made by hand.

use llm_ledger::{Charge, Entry, Flag, Flags, LegId, RequestId, Status, Tokens, Usd};
use llm_tenancy::KeyHash;
use llm_types::UnixMs;
use uuid::Builder;

use crate::office::Place;
use crate::people::{key_of, populated};

/// The place's day: 2026-11-18, at 11:06:40.
pub(crate) const NOW: i64 = 1_795_000_000_000;
pub(crate) const DAY: i64 = 86_400_000;
/// A day range that holds all of it.
pub(crate) const ALL: &str = "start_date=2026-11-01&end_date=2026-11-18";

/// The hash of somebody's key.
pub(crate) fn hash(name: &str) -> String {
    KeyHash::of(&key_of(name)).to_string()
}

pub(crate) fn request(days_ago: i64, number: u8) -> RequestId {
    let at = u64::try_from(NOW - days_ago * DAY).unwrap();
    RequestId::new(Builder::from_unix_timestamp_millis(at, &[number; 10]).into_uuid())
}

/// An entry of somebody's key, of so many cents.
pub(crate) fn entry(number: u8, days_ago: i64, who: &str, cents: i64) -> Entry {
    let began = NOW - days_ago * DAY;
    let north = matches!(who, "olga" | "tess" | "ines" | "vera" | "nobody");
    let (organization, team) = if north { ("north", "north-team") } else { ("south", "south-team") };
    let is_gpt = number.is_multiple_of(2);
    Entry {
        id: LegId { request: request(days_ago, number), leg: 0 },
        status: Status::Answered,
        flags: Flags::default().with(Flag::Streamed),
        reason: "first".into(),
        call_id: format!("call-{number}").into(),
        session_id: "".into(),
        route: "/v1/chat/completions".into(),
        key: hash(who).into(),
        key_alias: who.into(),
        user: if who == "nobody" { "".into() } else { who.into() },
        team: team.into(),
        organization: organization.into(),
        project: "".into(),
        end_user: "".into(),
        tags: Vec::new(),
        model: if is_gpt { "gpt-4o" } else { "sonnet" }.into(),
        deployment: if is_gpt { "d-gpt" } else { "d-sonnet" }.into(),
        vendor: if is_gpt { "openai" } else { "anthropic" }.into(),
        vendor_model: if is_gpt { "gpt-4o-2024-11-20" } else { "claude-sonnet-4-5" }.into(),
        tokens: Tokens { prompt: 100, completion: 10, cache_read: 40, cache_write: 20, reasoning: 5 },
        cost: Usd::from_nanos(cents * 10_000_000),
        list_cost: Usd::from_nanos(cents * 20_000_000),
        reserved: Usd::from_nanos(cents * 30_000_000),
        started: UnixMs(began + 5),
        ended: UnixMs(began + 105),
        head: Some(UnixMs(began + 55)),
        http_status: 200,
        error: "".into(),
        client: "192.0.2.1".into(),
        charges: vec![Charge { account: format!("usd::team/{team}").into(), window: 0 }],
        details: "".into(),
    }
}

/// Seven entries, of three days:
///
/// | # | days ago | whose | model | cents | beside |
/// | --- | --- | --- | --- | --- | --- |
/// | 0 | 0 | ines | gpt-4o | 1 | tags `a`, `b`; customer `c1`; session `s` |
/// | 1 | 0 | ines | sonnet | 2 | tag `a`; session `s` |
/// | 2 | 1 | tess | gpt-4o | 4 | failed with 429; customer `c1` |
/// | 3 | 1 | igor | sonnet | 8 | tag `a` |
/// | 4 | 2 | igor | gpt-4o | 0 | from the cache |
/// | 5 | 2 | nobody | sonnet | 16 | estimated, interrupted |
/// | 5 | 2 | nobody | sonnet | 32 | its second leg, a fallback |
pub(crate) fn entries() -> Vec<Entry> {
    let mut all = vec![
        entry(0, 0, "ines", 1),
        entry(1, 0, "ines", 2),
        entry(2, 1, "tess", 4),
        entry(3, 1, "igor", 8),
        entry(4, 2, "igor", 0),
        entry(5, 2, "nobody", 16),
        entry(5, 2, "nobody", 32),
    ];
    all[0].tags = vec!["a".into(), "b".into()];
    (all[1].tags, all[3].tags) = (vec!["a".into()], vec!["a".into()]);
    (all[0].session_id, all[1].session_id) = ("s".into(), "s".into());
    (all[0].end_user, all[2].end_user) = ("c1".into(), "c1".into());
    (all[2].status, all[2].http_status, all[2].error) = (Status::Failed, 429, "rate_limit".into());
    (all[4].status, all[4].tokens) = (Status::CacheHit, Tokens { completion: 7, ..Tokens::default() });
    (all[5].status, all[5].flags) = (Status::Interrupted, Flags::default().with(Flag::Estimated));
    (all[6].id.leg, all[6].reason) = (1, "fallback".into());
    all
}

/// A place with everybody, and the ledger.
pub(crate) async fn booked() -> Place {
    let place = populated().await;
    let booked = place.store.book(&entries(), None, place.now()).await.unwrap();
    assert_eq!(booked.added, 7);
    place
}
