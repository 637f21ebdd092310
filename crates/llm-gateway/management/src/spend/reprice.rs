//! Entries at the prices that today's configuration has for their time: what they cost more or less is appended, and nothing edited.

use axum::Json;
use axum::routing::post;
use llm_ledger::{Entry, Flag, Flags, LegId, Status, Tokens, Usd};
use llm_store::Day;
use llm_types::UnixMs;
use serde_json::{Value, json};

use crate::desk::Desk;
use crate::endpoint::{Endpoint, Param};
use crate::fault::Fault;
use crate::said::Said;
use crate::shape::Shape;
use crate::wire::Wire as _;

/// Entries that are read at a time.
const AT_ONCE: u64 = 1_000;
/// Entries after which an answer is given, and the rest left to another request.
const PORTION: u64 = 20_000;
/// The member of an adjustment's details that names the leg which it adjusts.
const ADJUSTS: &str = "adjusts";
/// The reason of an adjustment.
const REASON: &str = "reprice";

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::post(
            "/spend/reprice",
            "Appends to entries what they cost more or less by today's configuration, at the prices of their time; to be asked again with `after` until that is null",
            post(reprice),
        )
        .takes([
            Param::new("start_date", Shape::Text, "The first day, such as `2026-11-01`, in UTC").required(),
            Param::new("end_date", Shape::Maybe(&Shape::Text), "The last day; today if left out"),
            Param::new("model", Shape::Maybe(&Shape::Text), "Of this model alone, as clients name it, or as its vendor does"),
            Param::new("dry_run", Shape::Flag, "Whether nothing is appended"),
            Param::new("after", Shape::Maybe(&Shape::Text), "Where the last answer ended"),
        ])
        .gives([
            Param::new("entries", Shape::Integer, "Entries that were looked at, adjustments aside"),
            Param::new("adjusted", Shape::Integer, "Entries that cost another amount"),
            Param::new("unpriced", Shape::Integer, "Entries of which no price is known: they stay as they are"),
            Param::new("spend_before", Shape::Number, "Dollars that they cost, with what was appended earlier"),
            Param::new("spend_after", Shape::Number, "Dollars that they cost now"),
            Param::new("dry_run", Shape::Flag, "Whether nothing was appended"),
            Param::new("after", Shape::Maybe(&Shape::Text), "Where to go on; `null` at the end"),
        ]),
    ]
}

/// What came of it so far.
#[derive(Default)]
struct Done {
    entries: u64,
    adjusted: u64,
    unpriced: u64,
    before: Usd,
    after: Usd,
}

async fn reprice(desk: Desk, mut said: Said) -> Result<Json<Value>, Fault> {
    let since = day(&mut said, "start_date")?.ok_or_else(|| Fault::missing("start_date"))?;
    let until = day(&mut said, "end_date")?.unwrap_or_else(|| Day::of(desk.now()));
    if until < since {
        return Err(Fault::invalid("end_date", "end_date must not be before start_date"));
    }
    let model: Option<String> = said.take("model")?;
    let dry_run = said.take::<bool>("dry_run")?.unwrap_or(false);
    let mut after = said.take::<String>("after")?.map(|text| place(&text)).transpose()?;
    said.end();
    let (since, before) = (since.start(), until.end());
    let (mut done, mut read) = (Done::default(), 0);
    // The legs of a request are together; the last one's may go on in what follows.
    let mut open: Vec<Entry> = Vec::new();
    let is_over = loop {
        let last = open.last().map(|entry| entry.id).or(after);
        let next = desk.store.entries_between(since, before, last, AT_ONCE).await?;
        let is_over = (next.len() as u64) < AT_ONCE;
        read += next.len() as u64;
        open.extend(next);
        let request = open.last().map(|entry| entry.id.request).filter(|_| !is_over);
        let whole = open.iter().position(|entry| Some(entry.id.request) == request).unwrap_or(open.len());
        let rest = open.split_off(whole);
        after = open.last().map(|entry| entry.id).or(after);
        let adjustments = adjust(&desk, &open, model.as_deref(), &mut done);
        if !dry_run {
            book(&desk, &adjustments).await?;
        }
        open = rest;
        if is_over || read >= PORTION && open.len() < read as usize {
            break is_over;
        }
    };
    let after = after.filter(|_| !is_over).map(|id| format!("{}:{}", id.request, id.leg));
    Ok(Json(json!({
        "entries": done.entries,
        "adjusted": done.adjusted,
        "unpriced": done.unpriced,
        "spend_before": done.before.show(),
        "spend_after": done.after.show(),
        "dry_run": dry_run,
        "after": after,
    })))
}

async fn book(desk: &Desk, adjustments: &[Entry]) -> Result<(), Fault> {
    for some in adjustments.chunks(AT_ONCE as usize) {
        desk.store.book(some, None, desk.now()).await?;
    }
    Ok(())
}

fn day(said: &mut Said, name: &str) -> Result<Option<Day>, Fault> {
    let parse = |text: String| {
        text.parse().map_err(|_| Fault::invalid(name, format!("{name} must be a day such as 2026-11-22")))
    };
    said.take::<String>(name)?.map(parse).transpose()
}

fn place(text: &str) -> Result<LegId, Fault> {
    let read = || {
        let (request, leg) = text.split_once(':')?;
        Some(LegId { request: request.parse().ok()?, leg: leg.parse().ok()? })
    };
    read().ok_or_else(|| Fault::invalid("after", "after must be what the last answer said"))
}

/// What is to be appended to entries, of which those of a request are together and complete.
fn adjust(desk: &Desk, entries: &[Entry], model: Option<&str>, done: &mut Done) -> Vec<Entry> {
    let mut adjustments = Vec::new();
    for legs in entries.chunk_by(|a, b| a.id.request == b.id.request) {
        let last = legs.iter().map(|entry| entry.id.leg.saturating_add(1)).max().unwrap_or_default();
        let mut next = last.max(LegId::ADJUSTMENTS);
        for entry in legs {
            let is_meant = model.is_none_or(|model| *entry.model == *model || *entry.vendor_model == *model);
            if entry.status == Status::Adjustment || !is_meant {
                continue;
            }
            let [cost, list] = told(entry, legs);
            done.entries += 1;
            done.before = done.before.saturating_add(cost);
            // What the vendor itself has said, and what nobody was asked for, no price changes; and of what costs more than
            // its tokens do nothing is left to reckon with.
            let is_fixed = entry.status == Status::CacheHit
                || entry.flags.has(Flag::Reported)
                || entry.flags.has(Flag::BeyondTokens);
            let now = if is_fixed { None } else { desk.host.reprice(entry) };
            done.unpriced += u64::from(now.is_none() && !is_fixed);
            let (new_cost, new_list) = now.map_or((cost, list), |now| (now.cost, now.list_cost));
            done.after = done.after.saturating_add(new_cost);
            let (more, more_list) = (new_cost.saturating_sub(cost), new_list.saturating_sub(list));
            if more.nanos() == 0 && more_list.nanos() == 0 {
                continue;
            }
            done.adjusted += 1;
            adjustments.push(adjustment(entry, next, more, more_list, desk.now()));
            next = next.saturating_add(1);
        }
    }
    adjustments
}

/// What a leg cost and would have cost without discount and margin, with what was appended to it.
fn told(entry: &Entry, legs: &[Entry]) -> [Usd; 2] {
    let is_its = |it: &&Entry| {
        let details: Option<Value> = serde_json::from_str(&it.details).ok();
        it.status == Status::Adjustment && details.is_some_and(|details| details[ADJUSTS] == entry.id.leg)
    };
    legs.iter().filter(is_its).fold([entry.cost, entry.list_cost], |[cost, list], it| {
        [cost.saturating_add(it.cost), list.saturating_add(it.list_cost)]
    })
}

/// The entry that follows another, with what it cost more or less. It is charged to the same accounts.
fn adjustment(entry: &Entry, leg: u32, cost: Usd, list_cost: Usd, now: UnixMs) -> Entry {
    Entry {
        id: LegId { leg, ..entry.id },
        status: Status::Adjustment,
        flags: Flags::default(),
        reason: REASON.into(),
        tokens: Tokens::default(),
        cost,
        list_cost,
        reserved: Usd::ZERO,
        started: now,
        ended: now,
        head: None,
        http_status: 0,
        error: "".into(),
        details: json!({ADJUSTS: entry.id.leg}).to_string().into(),
        ..entry.clone()
    }
}
