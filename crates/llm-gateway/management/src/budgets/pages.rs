//! Budgets as pages of a dashboard show them.

use std::fmt::Write as _;

use axum::Json;
use llm_store::{Field, Filter};
use llm_tenancy::Budget;
use llm_types::UnixMs;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::{budget, show};
use crate::desk::Desk;
use crate::endpoint::Param;
use crate::fault::Fault;
use crate::paging::{LARGEST, Paging};
use crate::said::Asked;
use crate::shape::Shape;

/// What the list is filtered and sorted by.
pub(super) const FILTERS: [Param; 4] = [
    Param::new(
        "sort",
        Shape::Text,
        "`budget_id`, `created_at` or `updated_at`, after `-` the greatest first",
    ),
    Param::new("q", Shape::Text, "What their id holds"),
    Param::new(SINCE, Shape::Time, "From when on they were made"),
    Param::new(UNTIL, Shape::Time, "Until when they were made"),
];
const SINCE: &str = "filter[created_at][gte]";
const UNTIL: &str = "filter[created_at][lte]";

/// Members that LiteLLM's dashboard lets people set, with its words for what they are.
const SETTABLE: [(&str, &str); 8] = [
    ("max_parallel_requests", "Integer"),
    ("tpm_limit", "Integer"),
    ("rpm_limit", "Integer"),
    ("tpd_limit", "Integer"),
    ("budget_duration", "String"),
    ("max_budget", "Float"),
    ("soft_budget", "Float"),
    ("model_max_budget", "Object"),
];

pub(super) async fn settings(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let id = asked.need("budget_id")?;
    asked.end();
    let found = desk.store.get::<Budget>(&id.into(), &desk.scope).await?.value;
    let members = budget();
    let shown = SETTABLE.iter().filter_map(|(name, kind)| {
        let member = members.iter().find(|member| member.name == *name)?;
        Some(json!({
            "field_name": name,
            "field_type": kind,
            "field_description": member.about,
            "field_value": member.get?(&found),
            "stored_in_db": true,
            "field_default_value": null,
        }))
    });
    Ok(Json(shown.collect()))
}

pub(super) async fn list(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let paging = Paging::of(&mut asked, 50, LARGEST)?;
    let mut said = Vec::new();
    let mut tell = |name: &str, text: &str| said.push((name.to_owned(), text.to_owned()));
    let mut order = (Field::Created, true);
    if let Some(sort) = asked.take("sort") {
        tell("sort", &sort);
        let field = match sort.trim_start_matches('-') {
            "budget_id" => Field::Id,
            "created_at" => Field::Created,
            "updated_at" => Field::Updated,
            _ => return Err(Fault::invalid("sort", "sort must be budget_id, created_at or updated_at")),
        };
        order = (field, sort.starts_with('-'));
    }
    let mut filters = Vec::new();
    if let Some(part) = asked.take("q") {
        tell("q", &part);
        filters.push(Filter::Holds(Field::Id, part));
    }
    for (name, after) in [(SINCE, 0), (UNTIL, 1)] {
        let Some(text) = asked.take(name) else { continue };
        tell(name, &text);
        let at = UnixMs::from_rfc3339(&text);
        let UnixMs(at) =
            at.ok_or_else(|| Fault::invalid(name, "expected a time such as 2026-11-21T08:00:00Z"))?;
        let bound = at.saturating_add(after);
        filters.push(match after {
            0 => Filter::AtLeast(Field::Created, bound),
            _ => Filter::Below(Field::Created, bound),
        });
    }
    // A filter that is left out would show what was not asked for.
    if let Some(name) = asked.rest().find(|name| name.starts_with("filter[")) {
        return Err(Fault::invalid(name, format!("filters are {SINCE} and {UNTIL}")));
    }
    asked.end();
    let page = desk.store.list::<Budget>(&paging.sorted(filters, order), &desk.scope).await?;
    let total = page.total.unwrap_or_default();
    let (current, last) = (paging.page, paging.pages(total).max(1));
    let link = |page: u64| {
        let mut link = format!("/management/v1/budgets?page={page}&page_size={}", paging.size);
        for (name, text) in &said {
            let encode = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
            // Writing to a text does not fail.
            let _ = write!(link, "&{}={}", encode(name), encode(text));
        }
        link
    };
    Ok(Json(json!({
        "data": page.records.iter().map(|it| show(&it.value)).collect::<Vec<_>>(),
        "meta": {
            "total_count": total,
            "page": current,
            "page_size": paging.size,
            "total_pages": paging.pages(total),
        },
        "links": {
            "self": link(current),
            "first": link(1),
            "prev": (current > 1).then(|| link(current - 1)),
            "next": (current < last).then(|| link(current + 1)),
            "last": link(last),
        },
    })))
}
