//! Whether the sums are those of the entries.

use axum::Json;
use axum::routing::post;
use llm_pricing::Usd;
use llm_store::{Day, Mismatch, Sums};
use serde_json::{Value, json};

use crate::desk::Desk;
use crate::endpoint::{Endpoint, Param};
use crate::fault::Fault;
use crate::said::Said;
use crate::shape::Shape;
use crate::wire::Wire as _;

/// The most differences that are shown.
const MOST: usize = 1_000;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::post(
            "/spend/check",
            "Compares the days' sums, and what is booked to accounts, with the entries of the ledger",
            post(check),
        )
        .takes([Param::new("start_date", Shape::Text, "From this day on, accounts aside: for what was kept")])
        .gives([
            Param::new("ok", Shape::Flag, "Whether all are the same"),
            Param::new("count", Shape::Integer, "How many differ"),
            Param::new("mismatches", Shape::List(&Shape::Object), "Those that differ, 1,000 at most"),
        ]),
    ]
}

async fn check(desk: Desk, mut said: Said) -> Result<Json<Value>, Fault> {
    let parse = |text: String| {
        text.parse::<Day>()
            .map_err(|_| Fault::invalid("start_date", "start_date must be a day such as 2026-11-22"))
    };
    let from = said.take("start_date")?.map(parse).transpose()?;
    said.end();
    let mismatches = desk.store.check_ledger(from).await?;
    Ok(Json(json!({
        "ok": mismatches.is_empty(),
        "count": mismatches.len(),
        "mismatches": mismatches.iter().take(MOST).map(show).collect::<Value>(),
    })))
}

fn show(it: &Mismatch) -> Value {
    match it {
        Mismatch::Day { day, dimension, of: [id, model, vendor, deployment], entries, sums } => json!({
            "kind": "day",
            "day": day.to_string(),
            "dimension": dimension.label(),
            "id": id,
            "model": model,
            "provider": vendor,
            "deployment": deployment,
            "entries": told(entries),
            "sums": told(sums),
        }),
        Mismatch::Account { account, window, entries, booked } => json!({
            "kind": "account",
            "account": account,
            "window": window,
            "entries": of_account(account, *entries),
            "sums": of_account(account, *booked),
        }),
        _ => json!({"kind": "other"}),
    }
}

/// An amount of an account: what it is of, its name says.
fn of_account(account: &str, amount: i64) -> Value {
    match account.split_once(':') {
        Some(("req", _)) => json!({"requests": amount}),
        Some(("tok", _)) => json!({"tokens": amount}),
        _ => json!({"spend": Usd::from_nanos(amount).show()}),
    }
}

fn told(sums: &Sums) -> Value {
    json!({
        "spend": sums.spend.show(),
        "requests": sums.requests,
        "prompt_tokens": sums.prompt_tokens,
        "completion_tokens": sums.completion_tokens,
    })
}
