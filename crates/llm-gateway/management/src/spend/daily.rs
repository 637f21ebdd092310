//! What each day came to, with its parts, as LiteLLM's dashboards of usage read it.
//!
//! Source: LiteLLM docs, "Usage", and its OpenAPI document, read 2026-11.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::routing::{MethodRouter, get};
use llm_store::{Day, Facet, ReportLine, ReportQuery, Sums};
use llm_tenancy::VirtualKey;
use serde_json::{Map, Value, json};

use super::dates::Days;
use super::named::{self, hash_of};
use crate::desk::Desk;
use crate::endpoint::{Endpoint, Param};
use crate::fault::Fault;
use crate::paging::{LARGEST, Paging};
use crate::said::Asked;
use crate::shape::Shape;
use crate::wire::Wire as _;

pub(super) fn endpoints() -> Vec<Endpoint> {
    let told = |path, about, of: Of, handler: MethodRouter<_>| {
        let ids = Param::new(of.ids, Shape::Text, "These alone, with commas between them");
        let endpoint = Endpoint::get(path, about, handler).asks([ids]);
        match of.exclude {
            Some(exclude) => endpoint.asks([Param::new(exclude, Shape::Text, "All but these")]),
            None => endpoint,
        }
        .asks(FILTERS)
        .asks(Days::NEEDED)
        .gives(ANSWER)
    };
    let by = |path, of, handler| {
        let about = "Shows what each day came to, the last first, by model, vendor, endpoint and key";
        told(path, about, of, handler).asks(Paging::PARAMS)
    };
    let all = |path, of, handler| told(path, "Shows the same on one page", of, handler);
    vec![
        by("/user/daily/activity", USER, get(user)),
        all("/user/daily/activity/aggregated", USER, get(all_users)),
        by("/team/daily/activity", TEAM, get(team)),
        all("/team/daily/activity/aggregated", TEAM, get(all_teams)),
        by("/organization/daily/activity", ORGANIZATION, get(organization)),
        all("/organization/daily/activity/aggregated", ORGANIZATION, get(all_organizations)),
        by("/customer/daily/activity", CUSTOMER, get(customer)),
        all("/customer/daily/activity/aggregated", CUSTOMER, get(all_customers)),
        by("/end_user/daily/activity", CUSTOMER, get(customer)),
        all("/end_user/daily/activity/aggregated", CUSTOMER, get(all_customers)),
        by("/tag/daily/activity", TAG, get(tag)),
        all("/tag/daily/activity/aggregated", TAG, get(all_tags)),
    ]
}

const FILTERS: [Param; 2] = [
    Param::new("model", Shape::Text, "For which model, as clients name it"),
    Param::new("api_key", Shape::Text, "With which key: itself, or its hash"),
];
const ANSWER: [Param; 2] = [
    Param::new("results", Shape::List(&Shape::Object), "Days: `date`, `metrics`, `breakdown`"),
    Param::new("metadata", Shape::Object, "What the days of this page come to, and which page it is"),
];

/// By what days are told apart, and how the API calls that.
#[derive(Clone, Copy)]
struct Of {
    facet: Facet,
    ids: &'static str,
    exclude: Option<&'static str>,
    /// Whether everything is meant if nothing is named: also what is nobody's.
    is_all: bool,
    size: u64,
}

const USER: Of = Of { facet: Facet::User, ids: "user_id", exclude: None, is_all: true, size: 50 };
const TEAM: Of =
    Of { facet: Facet::Team, ids: "team_ids", exclude: Some("exclude_team_ids"), is_all: false, size: 10 };
const ORGANIZATION: Of = Of {
    facet: Facet::Organization,
    ids: "organization_ids",
    exclude: Some("exclude_organization_ids"),
    is_all: false,
    size: 10,
};
const CUSTOMER: Of = Of {
    facet: Facet::EndUser,
    ids: "end_user_ids",
    exclude: Some("exclude_end_user_ids"),
    is_all: false,
    size: 10,
};
const TAG: Of = Of { facet: Facet::Tag, ids: "tags", exclude: None, is_all: false, size: 10 };

async fn user(desk: Desk, asked: Asked) -> Result<Json<Value>, Fault> {
    pages(&desk, asked, USER).await
}

async fn all_users(desk: Desk, asked: Asked) -> Result<Json<Value>, Fault> {
    shown(&desk, asked, USER, None).await
}

async fn team(desk: Desk, asked: Asked) -> Result<Json<Value>, Fault> {
    pages(&desk, asked, TEAM).await
}

async fn all_teams(desk: Desk, asked: Asked) -> Result<Json<Value>, Fault> {
    shown(&desk, asked, TEAM, None).await
}

async fn organization(desk: Desk, asked: Asked) -> Result<Json<Value>, Fault> {
    pages(&desk, asked, ORGANIZATION).await
}

async fn all_organizations(desk: Desk, asked: Asked) -> Result<Json<Value>, Fault> {
    shown(&desk, asked, ORGANIZATION, None).await
}

async fn customer(desk: Desk, asked: Asked) -> Result<Json<Value>, Fault> {
    pages(&desk, asked, CUSTOMER).await
}

async fn all_customers(desk: Desk, asked: Asked) -> Result<Json<Value>, Fault> {
    shown(&desk, asked, CUSTOMER, None).await
}

async fn tag(desk: Desk, asked: Asked) -> Result<Json<Value>, Fault> {
    pages(&desk, asked, TAG).await
}

async fn all_tags(desk: Desk, asked: Asked) -> Result<Json<Value>, Fault> {
    shown(&desk, asked, TAG, None).await
}

async fn pages(desk: &Desk, mut asked: Asked, of: Of) -> Result<Json<Value>, Fault> {
    let paging = Paging::of(&mut asked, of.size, LARGEST)?;
    shown(desk, asked, of, Some(paging)).await
}

async fn shown(desk: &Desk, mut asked: Asked, of: Of, paging: Option<Paging>) -> Result<Json<Value>, Fault> {
    let days = Days::needed(&mut asked)?;
    let mut ids = asked.list(of.ids);
    let excluded = of.exclude.map(|name| asked.list(name)).unwrap_or_default();
    let mut only: Vec<(Facet, Vec<String>)> = Vec::new();
    only.extend(asked.take("model").map(|model| (Facet::Model, vec![model])));
    only.extend(asked.take("api_key").map(|key| (Facet::Key, vec![hash_of(&key)])));
    asked.end();
    if !excluded.is_empty() {
        ids = others(desk, of, days, ids, &excluded).await?;
    }
    let is_about_some = !ids.is_empty() || !excluded.is_empty();
    if is_about_some {
        only.push((of.facet, ids));
    }
    let is_by_id = is_about_some || !of.is_all;
    let query = |by: &[Facet], Days { since, until }| {
        let id = is_by_id.then_some(of.facet).filter(|facet| !by.contains(facet));
        let by = by.iter().copied().chain(id).collect();
        ReportQuery { by, only: only.clone(), since, until, ..ReportQuery::default() }
    };
    let lines = desk.store.report(&query(&[Facet::Day], days), &desk.scope).await?;
    let all: BTreeSet<Day> = lines.iter().filter_map(|line| line.day).collect();
    let total = all.len() as u64;
    // The last first.
    let all = all.into_iter().rev();
    let page: Vec<Day> = match paging {
        None => all.collect(),
        Some(Paging { page, size }) => {
            let skip = usize::try_from((page - 1) * size).unwrap_or(usize::MAX);
            all.skip(skip).take(usize::try_from(size).unwrap_or(usize::MAX)).collect()
        }
    };
    let mut shown = Shown::default();
    if let (Some(last), Some(first)) = (page.first(), page.last()) {
        let days = Days { since: Some(*first), until: Some(*last) };
        let what = [Facet::Day, Facet::Model, Facet::Vendor];
        let of_ids = [&what[..], &[of.facet]].concat();
        let lines = if is_by_id { query(&of_ids, days) } else { query(&what, days) };
        let by_what = desk.store.report(&lines, &desk.scope).await?;
        let by_id = match is_by_id {
            true => Vec::new(),
            false => desk.store.report(&query(&[Facet::Day, of.facet], days), &desk.scope).await?,
        };
        let of_keys = query(&[&what[..], &[Facet::Key]].concat(), days);
        let by_key = desk.store.report(&of_keys, &desk.scope).await?;
        let way = [Facet::Day, Facet::Model, Facet::VendorModel, Facet::Route];
        for line in desk.store.report(&query(&way, days), &desk.scope).await? {
            shown.add_way(&line, |part| &mut part.0);
        }
        let way_of_keys = query(&[&way[..], &[Facet::Key]].concat(), days);
        for line in desk.store.report(&way_of_keys, &desk.scope).await? {
            let key = line.text(Facet::Key).to_owned();
            shown.add_way(&line, |part| part.1.entry(key.clone()).or_default());
        }
        shown.keys = named::keys(desk, by_key.iter().map(|line| line.text(Facet::Key))).await?;
        if of.facet == Facet::Team {
            let teams = by_what.iter().map(|line| line.text(Facet::Team));
            shown.teams = named::teams(desk, teams).await?;
        }
        by_what.iter().for_each(|line| shown.add(line, of, is_by_id));
        by_id.iter().for_each(|line| shown.add_id(line, of));
        by_key.iter().for_each(|line| shown.add_key(line));
    }
    let results: Vec<Value> = page.iter().map(|day| shown.day(*day)).collect();
    let (number, pages) = paging.map_or((1, 1), |paging| (paging.page, paging.pages(total).max(1)));
    let mut metadata = Map::new();
    for (name, value) in metrics(&shown.all) {
        metadata.insert(format!("total_{}", name.trim_start_matches("total_")), value);
    }
    metadata.insert("page".to_owned(), number.into());
    metadata.insert("total_pages".to_owned(), pages.into());
    metadata.insert("has_more".to_owned(), (number < pages).into());
    Ok(Json(json!({"results": results, "metadata": metadata})))
}

/// The ids that are left when some are excluded.
async fn others(
    desk: &Desk,
    of: Of,
    Days { since, until }: Days,
    ids: Vec<String>,
    excluded: &[String],
) -> Result<Vec<String>, Fault> {
    let mut ids = ids;
    if ids.is_empty() {
        let query = ReportQuery { by: vec![of.facet], since, until, ..ReportQuery::default() };
        let lines = desk.store.report(&query, &desk.scope).await?;
        ids = lines.iter().map(|line| line.text(of.facet).to_owned()).collect();
    }
    ids.retain(|id| !excluded.contains(id));
    Ok(ids)
}

/// Sums, and those of the keys.
type Part = (Sums, BTreeMap<String, Sums>);

/// Sums by names.
type Parts = BTreeMap<String, Part>;

/// A day's sums.
#[derive(Default)]
struct OfDay {
    all: Sums,
    /// By the models as vendors name them.
    models: Parts,
    /// By the models as clients name them.
    groups: Parts,
    vendors: Parts,
    endpoints: Parts,
    ids: Parts,
    keys: BTreeMap<String, Sums>,
}

/// Days as they are put together.
#[derive(Default)]
struct Shown {
    days: BTreeMap<Day, OfDay>,
    all: Sums,
    keys: BTreeMap<String, VirtualKey>,
    teams: BTreeMap<String, Option<String>>,
}

impl Shown {
    fn add(&mut self, line: &ReportLine, of: Of, is_by_id: bool) {
        let Some(day) = line.day else { return };
        add(&mut self.all, &line.sums);
        let day = self.days.entry(day).or_default();
        add(&mut day.all, &line.sums);
        let (model, vendor) = (line.text(Facet::Model), line.text(Facet::Vendor));
        add(&mut day.groups.entry(model.to_owned()).or_default().0, &line.sums);
        add(&mut day.vendors.entry(vendor.to_owned()).or_default().0, &line.sums);
        if is_by_id {
            add(&mut day.ids.entry(line.text(of.facet).to_owned()).or_default().0, &line.sums);
        }
    }

    /// Adds what went one way, to that of a part which `sums` says.
    fn add_way(&mut self, line: &ReportLine, sums: impl Fn(&mut Part) -> &mut Sums) {
        let Some(day) = line.day else { return };
        let day = self.days.entry(day).or_default();
        // What no vendor was asked for has the client's name alone.
        let named = [Facet::VendorModel, Facet::Model].map(|facet| line.text(facet));
        let model = named.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
        add(sums(day.models.entry(model.to_owned()).or_default()), &line.sums);
        let route = line.text(Facet::Route);
        if !route.is_empty() {
            add(sums(day.endpoints.entry(route.to_owned()).or_default()), &line.sums);
        }
    }

    fn add_id(&mut self, line: &ReportLine, of: Of) {
        let Some(day) = line.day else { return };
        let day = self.days.entry(day).or_default();
        add(&mut day.ids.entry(line.text(of.facet).to_owned()).or_default().0, &line.sums);
    }

    fn add_key(&mut self, line: &ReportLine) {
        let Some(day) = line.day else { return };
        let key = || line.text(Facet::Key).to_owned();
        let (model, vendor) = (line.text(Facet::Model), line.text(Facet::Vendor));
        let day = self.days.entry(day).or_default();
        add(day.keys.entry(key()).or_default(), &line.sums);
        add(day.groups.entry(model.to_owned()).or_default().1.entry(key()).or_default(), &line.sums);
        add(day.vendors.entry(vendor.to_owned()).or_default().1.entry(key()).or_default(), &line.sums);
    }

    fn day(&self, day: Day) -> Value {
        let nothing = OfDay::default();
        let of_day = self.days.get(&day).unwrap_or(&nothing);
        let parts = |parts: &Parts, is_teams: bool| -> Value {
            let part = |(name, (sums, keys)): (&String, &(Sums, BTreeMap<String, Sums>))| {
                let alias = self.teams.get(name).filter(|_| is_teams);
                let metadata = alias.map_or_else(|| json!({}), |alias| json!({"team_alias": alias}));
                let shown = json!({
                    "metrics": metrics(sums),
                    "metadata": metadata,
                    "api_key_breakdown": self.of_keys(keys),
                });
                (name.clone(), shown)
            };
            Value::Object(parts.iter().map(part).collect())
        };
        json!({
            "date": day.to_string(),
            "metrics": metrics(&of_day.all),
            "breakdown": {
                // Those of clients, where the entries that know others are gone.
                "models": parts(if of_day.models.is_empty() { &of_day.groups } else { &of_day.models }, false),
                "model_groups": parts(&of_day.groups, false),
                "providers": parts(&of_day.vendors, false),
                "api_keys": self.of_keys(&of_day.keys),
                "entities": parts(&of_day.ids, true),
                "mcp_servers": {},
                "endpoints": parts(&of_day.endpoints, false),
            },
        })
    }

    fn of_keys(&self, keys: &BTreeMap<String, Sums>) -> Value {
        let one = |(hash, sums): (&String, &Sums)| {
            let key = self.keys.get(hash);
            let shown = json!({
                "metrics": metrics(sums),
                "metadata": {
                    "key_alias": key.and_then(|key| key.key_alias.as_deref()),
                    "team_id": key.and_then(|key| key.team_id.as_ref()),
                    "user_id": key.and_then(|key| key.user_id.as_ref()),
                    "key_exists": key.is_some(),
                },
            });
            (hash.clone(), shown)
        };
        Value::Object(keys.iter().map(one).collect())
    }
}

fn add(sums: &mut Sums, more: &Sums) {
    sums.requests = sums.requests.saturating_add(more.requests);
    sums.successes = sums.successes.saturating_add(more.successes);
    sums.failures = sums.failures.saturating_add(more.failures);
    sums.prompt_tokens = sums.prompt_tokens.saturating_add(more.prompt_tokens);
    sums.completion_tokens = sums.completion_tokens.saturating_add(more.completion_tokens);
    sums.cache_read_tokens = sums.cache_read_tokens.saturating_add(more.cache_read_tokens);
    sums.cache_write_tokens = sums.cache_write_tokens.saturating_add(more.cache_write_tokens);
    sums.spend = sums.spend.saturating_add(more.spend);
    sums.duration_ms = sums.duration_ms.saturating_add(more.duration_ms);
}

/// Sums under LiteLLM's names.
fn metrics(sums: &Sums) -> Map<String, Value> {
    let counts = [
        ("prompt_tokens", sums.prompt_tokens),
        ("completion_tokens", sums.completion_tokens),
        ("total_tokens", sums.prompt_tokens.saturating_add(sums.completion_tokens)),
        ("cache_read_input_tokens", sums.cache_read_tokens),
        ("cache_creation_input_tokens", sums.cache_write_tokens),
        ("api_requests", sums.requests),
        ("successful_requests", sums.successes),
        ("failed_requests", sums.failures),
        ("total_response_time_ms", sums.duration_ms),
        ("timed_requests", sums.requests),
    ];
    let mut shown = Map::from_iter([("spend".to_owned(), sums.spend.show())]);
    shown.extend(counts.map(|(name, count)| (name.to_owned(), count.into())));
    shown
}
