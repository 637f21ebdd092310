//! How much was asked: requests, tokens, hits of the cache, refusals for asking too much.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use axum::Json;
use axum::routing::get;
use llm_ledger::Status;
use llm_store::{Day, EntryQuery, Facet, ReportLine, ReportQuery, Start};
use serde_json::{Value, json};

use super::dates::Days;
use super::named;
use crate::desk::Desk;
use crate::endpoint::{Endpoint, Param};
use crate::fault::Fault;
use crate::paging::LARGEST;
use crate::said::Asked;
use crate::shape::Shape;

/// Models and deployments of one answer.
const MOST: usize = 10;
/// The status of a vendor that is asked too much.
const TOO_MANY: u16 = 429;

pub(super) fn endpoints() -> Vec<Endpoint> {
    let days = || {
        Param::new(
            "daily_data",
            Shape::List(&Shape::Object),
            "What each day comes to: `date` such as `Nov 22`",
        )
    };
    let model = || Param::new("model_group", Shape::Text, "For which model, as clients name it").required();
    let list = || Shape::List(&Shape::Object);
    vec![
        Endpoint::get("/global/activity", "Counts requests and tokens by day", get(all))
            .asks(Days::NEEDED)
            .gives([
                days(),
                Param::new("sum_api_requests", Shape::Integer, "Requests"),
                Param::new("sum_total_tokens", Shape::Integer, "Tokens"),
            ]),
        Endpoint::get("/global/activity/model", "Counts the same for the ten models that are asked the most", get(models))
            .asks(Days::NEEDED)
            .gives_other(list()),
        Endpoint::get("/global/activity/cache_hits", "Counts answers that were known", get(cache))
            .asks(Days::NEEDED)
            .asks([
                Param::new("key_aliases", Shape::Text, "Of the keys that are called so, with commas between them"),
                Param::new("models", Shape::Text, "For these models"),
            ])
            .gives([
                Param::new("groups", list(), "The same by model"),
                Param::new("totals", Shape::Object, "`api_requests`, `cache_hits`, `failed_requests`, `cached_completion_tokens`, `cache_hit_ratio`"),
                Param::new("filter_options", Shape::Object, "`key_aliases` and `models` that there are"),
            ]),
        Endpoint::get("/global/activity/exceptions", "Counts refusals with status 429 by day", get(exceptions))
            .asks([model()])
            .asks(Days::NEEDED)
            .gives([days(), Param::new("sum_num_rate_limit_exceptions", Shape::Integer, "Refusals")]),
        Endpoint::get(
            "/global/activity/exceptions/deployment",
            "Counts refusals with status 429 by day, of the ten deployments that have the most",
            get(exceptions_by_deployment),
        )
        .asks([model()])
        .asks(Days::NEEDED)
        .gives_other(list()),
    ]
}

/// A day as LiteLLM's dashboards write it: `Nov 22`.
fn told(day: Option<Day>) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let Some((_, month, day)) = day.map(Day::date) else { return String::new() };
    let name = usize::try_from(month - 1).ok().and_then(|month| MONTHS.get(month));
    format!("{} {day:02}", name.unwrap_or(&""))
}

const fn tokens(line: &ReportLine) -> i64 {
    line.sums.prompt_tokens.saturating_add(line.sums.completion_tokens)
}

/// Days, with the sums of them all.
fn activity<'a>(lines: impl IntoIterator<Item = &'a ReportLine>) -> Value {
    let (mut requests, mut sum, mut days) = (0_i64, 0_i64, Vec::new());
    for line in lines {
        requests = requests.saturating_add(line.sums.requests);
        sum = sum.saturating_add(tokens(line));
        days.push(json!({
            "date": told(line.day),
            "api_requests": line.sums.requests,
            "total_tokens": tokens(line),
        }));
    }
    json!({"daily_data": days, "sum_api_requests": requests, "sum_total_tokens": sum})
}

async fn all(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let Days { since, until } = Days::needed(&mut asked)?;
    asked.end();
    let query = ReportQuery { by: vec![Facet::Day], since, until, ..ReportQuery::default() };
    Ok(Json(activity(&desk.store.report(&query, &desk.scope).await?)))
}

async fn models(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let Days { since, until } = Days::needed(&mut asked)?;
    asked.end();
    let query = ReportQuery { by: vec![Facet::Model, Facet::Day], since, until, ..ReportQuery::default() };
    let lines = desk.store.report(&query, &desk.scope).await?;
    let mut models: BTreeMap<&str, Vec<&ReportLine>> = BTreeMap::new();
    for line in &lines {
        models.entry(line.text(Facet::Model)).or_default().push(line);
    }
    let mut models: Vec<_> = models.into_iter().collect();
    models.sort_by_key(|(_, lines)| Reverse(lines.iter().map(|line| line.sums.requests).sum::<i64>()));
    models.truncate(MOST);
    let shown = models.into_iter().map(|(model, lines)| {
        let mut shown = activity(lines);
        shown["model"] = model.into();
        shown
    });
    Ok(Json(shown.collect()))
}

async fn cache(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let Days { since, until } = Days::needed(&mut asked)?;
    let (aliases, models) = (asked.list("key_aliases"), asked.list("models"));
    asked.end();
    let query = |by, only| ReportQuery { by, only, since, until, ..ReportQuery::default() };
    let of_keys = desk.store.report(&query(vec![Facet::Key], Vec::new()), &desk.scope).await?;
    let known = named::keys(&desk, of_keys.iter().map(|line| line.text(Facet::Key))).await?;
    let all_models = desk.store.report(&query(vec![Facet::Model], Vec::new()), &desk.scope).await?;
    let mut only = Vec::new();
    if !models.is_empty() {
        only.push((Facet::Model, models));
    }
    if !aliases.is_empty() {
        let is_meant = |key: &llm_tenancy::VirtualKey| {
            key.key_alias.as_ref().is_some_and(|alias| aliases.contains(alias))
        };
        let meant = known.iter().filter(|(_, key)| is_meant(key)).map(|(hash, _)| hash.clone());
        only.push((Facet::Key, meant.collect()));
    }
    let all = desk.store.report(&query(vec![Facet::Model], only.clone()), &desk.scope).await?;
    only.push((Facet::Status, vec![Status::CacheHit.label().to_owned()]));
    let hits = desk.store.report(&query(vec![Facet::Model], only), &desk.scope).await?;
    let hit = |model: &str| hits.iter().find(|line| line.text(Facet::Model) == model).map(|line| line.sums);
    let mut totals = [0_i64; 4];
    let mut groups = Vec::new();
    for line in &all {
        let model = line.text(Facet::Model);
        let known = hit(model).unwrap_or_default();
        let asked = line.sums.successes.saturating_sub(known.requests);
        let counts = [asked, known.requests, line.sums.failures, known.completion_tokens];
        for (total, count) in totals.iter_mut().zip(counts) {
            *total = total.saturating_add(count);
        }
        groups.push(json!({
            "model": model,
            "api_requests": asked,
            "cache_hits": known.requests,
            "failed_requests": line.sums.failures,
            "cached_completion_tokens": known.completion_tokens,
            "generated_completion_tokens": line.sums.completion_tokens.saturating_sub(known.completion_tokens),
        }));
    }
    let [asked, known_hits, failed, cached] = totals;
    let answered = asked.saturating_add(known_hits);
    let ratio = if answered > 0 { known_hits as f64 / answered as f64 } else { 0.0 };
    let mut aliases: Vec<&str> = known.values().filter_map(|key| key.key_alias.as_deref()).collect();
    aliases.sort_unstable();
    Ok(Json(json!({
        "groups": groups,
        "totals": {
            "api_requests": asked,
            "cache_hits": known_hits,
            "failed_requests": failed,
            "cached_completion_tokens": cached,
            "cache_hit_ratio": ratio,
        },
        "filter_options": {
            "key_aliases": aliases,
            "models": all_models.iter().map(|line| line.text(Facet::Model)).collect::<Vec<_>>(),
        },
    })))
}

/// Refusals with status 429 by deployment and day.
async fn refusals(desk: &Desk, mut asked: Asked) -> Result<BTreeMap<String, BTreeMap<Day, i64>>, Fault> {
    let model = asked.need("model_group")?;
    let days = Days::needed(&mut asked)?;
    asked.end();
    let mut query = EntryQuery {
        since: days.since.map(Day::start),
        before: days.until.map(Day::end),
        models: vec![model],
        statuses: vec![Status::Failed],
        size: LARGEST,
        ..EntryQuery::default()
    };
    let mut refusals: BTreeMap<String, BTreeMap<Day, i64>> = BTreeMap::new();
    loop {
        let page = desk.store.list_entries(&query, &desk.scope).await?;
        for entry in page.entries.iter().filter(|entry| entry.http_status == TOO_MANY) {
            let days = refusals.entry(entry.deployment.to_string()).or_default();
            *days.entry(Day::of(entry.at())).or_default() += 1;
        }
        match page.next {
            Some(next) => query.from = Start::After(next),
            None => return Ok(refusals),
        }
    }
}

fn counted(days: &BTreeMap<Day, i64>) -> Value {
    let each =
        days.iter().map(|(day, count)| json!({"date": told(Some(*day)), "num_rate_limit_exceptions": count}));
    json!({
        "daily_data": each.collect::<Value>(),
        "sum_num_rate_limit_exceptions": days.values().sum::<i64>(),
    })
}

async fn exceptions(desk: Desk, asked: Asked) -> Result<Json<Value>, Fault> {
    let mut all: BTreeMap<Day, i64> = BTreeMap::new();
    for (day, count) in refusals(&desk, asked).await?.into_values().flatten() {
        *all.entry(day).or_default() += count;
    }
    Ok(Json(counted(&all)))
}

async fn exceptions_by_deployment(desk: Desk, asked: Asked) -> Result<Json<Value>, Fault> {
    let mut all: Vec<_> = refusals(&desk, asked).await?.into_iter().collect();
    all.sort_by_key(|(_, days)| Reverse(days.values().sum::<i64>()));
    all.truncate(MOST);
    let shown = all.into_iter().map(|(deployment, days)| {
        let mut shown = counted(&days);
        // Addresses are none of a tenant's business: LiteLLM's name, with the deployment's id.
        shown["api_base"] = deployment.into();
        shown
    });
    Ok(Json(shown.collect()))
}
