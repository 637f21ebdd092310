//! What entries come to, by whatever one likes: what `llm-gateway spend` asks for.

use axum::Json;
use axum::routing::get;
use llm_store::{Facet, ReportLine, ReportQuery, SumOrder};
use serde_json::{Map, Value, json};

use super::dates::Days;
use super::named::{self, hash_of};
use crate::desk::Desk;
use crate::endpoint::{Endpoint, Param};
use crate::fault::Fault;
use crate::said::Asked;
use crate::shape::Shape;
use crate::wire::Wire as _;

/// The most lines of an answer.
const LARGEST: u64 = 10_000;
/// Lines of an answer when nothing is said.
const USUAL: u64 = 1_000;

/// What lines differ by, and what they are filtered by.
const FACETS: [(&str, Facet); 13] = [
    ("day", Facet::Day),
    ("month", Facet::Month),
    ("key", Facet::Key),
    ("user", Facet::User),
    ("team", Facet::Team),
    ("organization", Facet::Organization),
    ("project", Facet::Project),
    ("customer", Facet::EndUser),
    ("tag", Facet::Tag),
    ("model", Facet::Model),
    ("provider", Facet::Vendor),
    ("deployment", Facet::Deployment),
    ("status", Facet::Status),
];

pub(super) fn endpoints() -> Vec<Endpoint> {
    let filters = FACETS
        .iter()
        .filter(|(_, facet)| !is_time(*facet))
        .map(|(name, _)| Param::new(name, Shape::Text, "Of these alone, with commas between them"));
    vec![
        Endpoint::get("/spend/summary", "Sums up what was spent, by whatever one likes", get(summary))
            .asks([Param::new(
                "by",
                Shape::Text,
                "By what, with commas between: `day`, `month`, `key`, `user`, `team`, `organization`, `project`, `customer`, `tag`, `model`, `provider`, `deployment`, `status`; one line of all if it is left out",
            )])
            .asks(Days::PARAMS)
            .asks(filters)
            .asks([
                Param::new("sort_by", Shape::Word(&["spend", "requests", "by"]), "What lines are sorted by: the most spent first if it is left out, days in their order"),
                Param::new("limit", Shape::Integer, "How many lines at most, 1 to 10,000; 1,000 if it is left out"),
            ])
            .gives([
                Param::new("results", Shape::List(&Shape::Object), "Lines: what each is of, and `spend`, `list_cost`, `requests`, `successful_requests`, `failed_requests`, `estimated_requests`, tokens"),
                Param::new("total", Shape::Object, "What all comes to, also what is in no line"),
                Param::new("has_more", Shape::Flag, "Whether lines were left out"),
            ]),
    ]
}

const fn is_time(facet: Facet) -> bool {
    matches!(facet, Facet::Day | Facet::Month)
}

async fn summary(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let Days { since, until } = Days::of(&mut asked)?;
    let mut by: Vec<(&str, Facet)> = Vec::new();
    for name in asked.list("by") {
        let known = FACETS.iter().find(|(known, _)| *known == name);
        let known = *known.ok_or_else(|| Fault::invalid("by", format!("{name:?} is nothing to sum by")))?;
        if by.contains(&known) || is_time(known.1) && by.iter().any(|(_, facet)| is_time(*facet)) {
            return Err(Fault::invalid("by", format!("{name:?} is said beside what is the same")));
        }
        by.push(known);
    }
    let mut only = Vec::new();
    for (name, facet) in FACETS.iter().filter(|(_, facet)| !is_time(*facet)) {
        let mut texts = asked.list(name);
        if *facet == Facet::Key {
            texts = texts.iter().map(|key| hash_of(key)).collect();
        }
        if !texts.is_empty() {
            only.push((*facet, texts));
        }
    }
    let order = match asked.take("sort_by").as_deref() {
        None if by.iter().any(|(_, facet)| is_time(*facet)) => SumOrder::Groups,
        None | Some("spend") => SumOrder::Spend,
        Some("requests") => SumOrder::Requests,
        Some("by") => SumOrder::Groups,
        Some(_) => return Err(Fault::invalid("sort_by", "sort_by must be spend, requests or by")),
    };
    let limit = asked.number("limit")?.unwrap_or(USUAL);
    if limit == 0 || limit > LARGEST {
        return Err(Fault::invalid("limit", format!("limit must be 1 to {LARGEST}")));
    }
    asked.end();
    let all = ReportQuery { only: only.clone(), since, until, ..ReportQuery::default() };
    let total = desk.store.report(&all, &desk.scope).await?;
    let query =
        ReportQuery { by: by.iter().map(|(_, facet)| *facet).collect(), order, most: limit + 1, ..all };
    let mut lines = if by.is_empty() { Vec::new() } else { desk.store.report(&query, &desk.scope).await? };
    let has_more = lines.len() as u64 > limit;
    lines.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let keys = named::keys(&desk, lines.iter().map(|line| line.text(Facet::Key))).await?;
    let teams = named::teams(&desk, lines.iter().map(|line| line.text(Facet::Team))).await?;
    let show = |line: &ReportLine| {
        let mut shown = Map::new();
        for (name, facet) in &by {
            let text = match (facet, line.day) {
                (Facet::Day, Some(day)) => day.to_string(),
                (Facet::Month, Some(day)) => day.to_string().chars().take(7).collect(),
                _ => line.text(*facet).to_owned(),
            };
            let alias = match facet {
                Facet::Key => Some(("key_alias", keys.get(&text).and_then(|key| key.key_alias.clone()))),
                Facet::Team => Some(("team_alias", teams.get(&text).cloned().flatten())),
                _ => None,
            };
            shown.insert((*name).to_owned(), text.into());
            shown.extend(alias.map(|(name, alias)| (name.to_owned(), json!(alias))));
        }
        shown.extend(sums(line));
        Value::Object(shown)
    };
    Ok(Json(json!({
        "results": lines.iter().map(show).collect::<Value>(),
        "total": total.first().map(sums).unwrap_or_default(),
        "has_more": has_more,
    })))
}

fn sums(line: &ReportLine) -> Map<String, Value> {
    let sums = &line.sums;
    let counts = [
        ("requests", sums.requests),
        ("successful_requests", sums.successes),
        ("failed_requests", sums.failures),
        ("estimated_requests", sums.estimated),
        ("prompt_tokens", sums.prompt_tokens),
        ("completion_tokens", sums.completion_tokens),
        ("cache_read_tokens", sums.cache_read_tokens),
        ("cache_write_tokens", sums.cache_write_tokens),
        ("reasoning_tokens", sums.reasoning_tokens),
    ];
    let amounts = [("spend", sums.spend), ("list_cost", sums.list_cost)];
    let amounts = amounts.map(|(name, amount)| (name.to_owned(), amount.show()));
    amounts.into_iter().chain(counts.map(|(name, count)| (name.to_owned(), count.into()))).collect()
}
