//! What everybody within reach has spent, as LiteLLM's dashboards ask for it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::routing::{get, post};
use llm_pricing::Usd;
use llm_store::{Day, Facet, ReportLine, ReportQuery, SumOrder};
use llm_types::UnixMs;
use serde_json::{Value, json};

use super::dates::Days;
use super::named::{self, hash_of, team_name};
use crate::desk::Desk;
use crate::endpoint::{Endpoint, Param};
use crate::fault::Fault;
use crate::said::{Asked, Said};
use crate::shape::Shape;
use crate::wire::Wire as _;

/// The most lines of what is spent the most by.
const LARGEST: u64 = 1_000;
/// End users of one answer.
const END_USERS: u64 = 100;
/// Teams of one answer's sums.
const TEAMS: usize = 10;
/// LiteLLM's word for every tag there is.
const ALL_TAGS: &str = "all-tags";

pub(super) fn endpoints() -> Vec<Endpoint> {
    let list = || Shape::List(&Shape::Object);
    let limit = || Param::new("limit", Shape::Integer, "How many at most, 1 to 1,000");
    let texts = |name, about| [Param::new(name, Shape::List(&Shape::Text), about)];
    vec![
        Endpoint::get("/global/spend", "Shows what the last thirty days cost", get(total)).gives([
            Param::new("spend", Shape::Number, "Dollars"),
            Param::new("max_budget", Shape::Maybe(&Shape::Number), "The budget of all, if there is one"),
        ]),
        Endpoint::get("/global/spend/logs", "Shows what each of the last thirty days cost", get(by_day))
            .asks([Param::new("api_key", Shape::Text, "Of which key: itself, or its hash")])
            .gives_other(list()),
        Endpoint::get("/global/spend/keys", "Lists the keys that spent the most in thirty days", get(keys))
            .asks([limit()])
            .gives_other(list()),
        Endpoint::get("/global/spend/teams", "Shows what teams spent in thirty days, by day", get(teams))
            .gives([
                Param::new("daily_spend", list(), "Days: `date`, and what each team spent under its name"),
                Param::new("teams", Shape::List(&Shape::Text), "The teams' names"),
                Param::new("total_spend_per_team", list(), "The ten that spent the most"),
            ]),
        Endpoint::get(
            "/global/spend/models",
            "Lists the models that cost the most in thirty days",
            get(models),
        )
        .asks([limit()])
        .gives_other(list()),
        Endpoint::get("/global/spend/provider", "Shows what each vendor cost", get(vendors))
            .asks(Days::NEEDED)
            .gives_other(list()),
        Endpoint::get("/global/spend/tags", "Shows what was spent under each tag", get(tags))
            .asks(Days::NEEDED)
            .asks([Param::new("tags", Shape::Text, "These tags alone, with commas between them")])
            .gives([Param::new("spend_per_tag", list(), "Tags: `name`, `spend`, `log_count`")]),
        Endpoint::get("/global/spend/all_tag_names", "Lists the tags of all requests", get(tag_names))
            .gives(texts("tag_names", "The tags")),
        Endpoint::get("/global/all_end_users", "Lists all for whom requests were made", get(end_user_names))
            .gives(texts("end_users", "Their ids")),
        Endpoint::post(
            "/global/spend/end_users",
            "Lists the hundred end users for whom the most was spent",
            post(end_users),
        )
        .takes([
            Param::new("api_key", Shape::Maybe(&Shape::Text), "With which key: itself, or its hash"),
            Param::new(
                "startTime",
                Shape::Maybe(&Shape::Time),
                "From which day on; thirty days ago if left out",
            ),
            Param::new("endTime", Shape::Maybe(&Shape::Time), "Until which day; today if left out"),
        ])
        .gives_other(list()),
    ]
}

/// What the last thirty days come to.
async fn lately(desk: &Desk, query: ReportQuery) -> Result<Vec<ReportLine>, Fault> {
    let Days { since, until } = Days::last(desk);
    Ok(desk.store.report(&ReportQuery { since, until, ..query }, &desk.scope).await?)
}

async fn total(desk: Desk, asked: Asked) -> Result<Json<Value>, Fault> {
    asked.end();
    let lines = lately(&desk, ReportQuery::default()).await?;
    let spend = lines.first().map(|line| line.sums.spend).unwrap_or_default();
    let max_budget = desk.host.max_budget().filter(|_| desk.scope.all);
    Ok(Json(json!({"spend": spend.show(), "max_budget": max_budget.show()})))
}

async fn by_day(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let key = asked.take("api_key").map(|key| hash_of(&key));
    asked.end();
    let only = key.iter().map(|key| (Facet::Key, vec![key.clone()])).collect();
    let lines = lately(&desk, ReportQuery { by: vec![Facet::Day], only, ..ReportQuery::default() }).await?;
    let shown = lines.iter().map(|line| {
        let mut shown = json!({"date": told(line.day), "spend": line.sums.spend.show()});
        if let Some(key) = &key {
            shown["api_key"] = key.as_str().into();
        }
        shown
    });
    Ok(Json(shown.collect()))
}

/// How many lines a query asks for.
fn limit(asked: &mut Asked, usual: u64) -> Result<u64, Fault> {
    let limit = asked.number("limit")?.unwrap_or(usual);
    if limit == 0 || limit > LARGEST {
        return Err(Fault::invalid("limit", format!("limit must be 1 to {LARGEST}")));
    }
    Ok(limit)
}

async fn keys(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let most = limit(&mut asked, LARGEST)?;
    asked.end();
    let query = ReportQuery { by: vec![Facet::Key], order: SumOrder::Spend, most, ..ReportQuery::default() };
    let lines = lately(&desk, query).await?;
    let known = named::keys(&desk, lines.iter().map(|line| line.text(Facet::Key))).await?;
    let shown = lines.iter().map(|line| {
        let hash = line.text(Facet::Key);
        let key = known.get(hash);
        json!({
            "api_key": hash,
            "key_alias": key.and_then(|key| key.key_alias.as_deref()),
            "key_name": key.map(|key| &key.key_name),
            "total_spend": line.sums.spend.show(),
        })
    });
    Ok(Json(shown.collect()))
}

async fn teams(desk: Desk, asked: Asked) -> Result<Json<Value>, Fault> {
    asked.end();
    let query = ReportQuery { by: vec![Facet::Day, Facet::Team], ..ReportQuery::default() };
    let lines = lately(&desk, query).await?;
    let names = named::teams(&desk, lines.iter().map(|line| line.text(Facet::Team))).await?;
    // Teams may be called alike.
    let mut days: BTreeMap<String, BTreeMap<String, Usd>> = BTreeMap::new();
    let mut totals: BTreeMap<String, Usd> = BTreeMap::new();
    for line in &lines {
        let name = team_name(&names, line.text(Facet::Team));
        let add = |sum: &mut Usd| *sum = sum.saturating_add(line.sums.spend);
        add(days.entry(told(line.day)).or_default().entry(name.clone()).or_default());
        add(totals.entry(name).or_default());
    }
    let daily = days.into_iter().map(|(day, spent)| {
        let mut shown = json!({"date": day});
        for (name, spend) in spent {
            shown[name] = spend.show();
        }
        shown
    });
    let known: BTreeSet<&String> = totals.keys().collect();
    let mut most: Vec<(&String, &Usd)> = totals.iter().collect();
    most.sort_by_key(|(_, spend)| Reverse(**spend));
    most.truncate(TEAMS);
    let most = most.into_iter().map(|(name, spend)| json!({"team_id": name, "total_spend": spend.show()}));
    Ok(Json(json!({
        "daily_spend": daily.collect::<Value>(),
        "teams": known,
        "total_spend_per_team": most.collect::<Value>(),
    })))
}

async fn models(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let most = limit(&mut asked, 10)?;
    asked.end();
    let query = ReportQuery { by: vec![Facet::Model], order: SumOrder::Spend, ..ReportQuery::default() };
    let mut lines = lately(&desk, query).await?;
    lines.retain(|line| !line.text(Facet::Model).is_empty());
    lines.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    let shown = lines.iter().map(|line| {
        json!({
            "model": line.text(Facet::Model),
            "total_spend": line.sums.spend.show(),
            "total_tokens": line.sums.prompt_tokens.saturating_add(line.sums.completion_tokens),
        })
    });
    Ok(Json(shown.collect()))
}

async fn vendors(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let Days { since, until } = Days::needed(&mut asked)?;
    asked.end();
    let query = ReportQuery {
        by: vec![Facet::Vendor],
        since,
        until,
        order: SumOrder::Spend,
        ..ReportQuery::default()
    };
    let lines = desk.store.report(&query, &desk.scope).await?;
    let known = lines.iter().filter(|line| !line.text(Facet::Vendor).is_empty());
    let shown =
        known.map(|line| json!({"provider": line.text(Facet::Vendor), "spend": line.sums.spend.show()}));
    Ok(Json(shown.collect()))
}

async fn tags(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let Days { since, until } = Days::needed(&mut asked)?;
    let tags = asked.list("tags");
    asked.end();
    let is_all = tags.is_empty() || tags.iter().any(|tag| tag == ALL_TAGS);
    let only = if is_all { Vec::new() } else { vec![(Facet::Tag, tags)] };
    let query = ReportQuery {
        by: vec![Facet::Tag],
        only,
        since,
        until,
        order: SumOrder::Spend,
        ..ReportQuery::default()
    };
    let lines = desk.store.report(&query, &desk.scope).await?;
    let shown = lines.iter().map(|line| {
        let (name, sums) = (line.text(Facet::Tag), &line.sums);
        json!({"name": name, "spend": sums.spend.show(), "log_count": sums.requests})
    });
    Ok(Json(json!({"spend_per_tag": shown.collect::<Value>()})))
}

/// What there is of a facet.
async fn names(desk: &Desk, facet: Facet) -> Result<Vec<String>, Fault> {
    let query = ReportQuery { by: vec![facet], ..ReportQuery::default() };
    let lines = desk.store.report(&query, &desk.scope).await?;
    Ok(lines.iter().map(|line| line.text(facet).to_owned()).collect())
}

async fn tag_names(desk: Desk, asked: Asked) -> Result<Json<Value>, Fault> {
    asked.end();
    Ok(Json(json!({"tag_names": names(&desk, Facet::Tag).await?})))
}

async fn end_user_names(desk: Desk, asked: Asked) -> Result<Json<Value>, Fault> {
    asked.end();
    Ok(Json(json!({"end_users": names(&desk, Facet::EndUser).await?})))
}

async fn end_users(desk: Desk, mut said: Said) -> Result<Json<Value>, Fault> {
    let key: Option<String> = said.take("api_key")?;
    let (first, last): (Option<UnixMs>, Option<UnixMs>) = (said.take("startTime")?, said.take("endTime")?);
    said.end();
    let usual = Days::last(&desk);
    let (since, until) = (first.map(Day::of).or(usual.since), last.map(Day::of).or(usual.until));
    if until < since {
        return Err(Fault::invalid("endTime", "endTime must not be before startTime"));
    }
    let query = ReportQuery {
        by: vec![Facet::EndUser],
        only: key.iter().map(|key| (Facet::Key, vec![hash_of(key)])).collect(),
        since,
        until,
        order: SumOrder::Spend,
        most: END_USERS,
    };
    let lines = desk.store.report(&query, &desk.scope).await?;
    let shown = lines.iter().map(|line| {
        json!({
            "end_user": line.text(Facet::EndUser),
            "total_count": line.sums.requests,
            "total_spend": line.sums.spend.show(),
        })
    });
    Ok(Json(shown.collect()))
}

fn told(day: Option<Day>) -> String {
    day.map(|day| day.to_string()).unwrap_or_default()
}
