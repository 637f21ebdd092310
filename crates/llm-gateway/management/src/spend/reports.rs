//! Reports of days: by team, customer, key and tag; and of one key, user, team or organisation.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use axum::Json;
use axum::routing::get;
use llm_store::{Day, Facet, ReportLine, ReportQuery};
use serde_json::{Map, Value, json};

use super::dates::Days;
use super::named::{self, hash_of, team_name};
use crate::desk::Desk;
use crate::endpoint::{Endpoint, Param};
use crate::fault::Fault;
use crate::said::Asked;
use crate::shape::Shape;
use crate::wire::Wire as _;

pub(super) fn endpoints() -> Vec<Endpoint> {
    let list = || Shape::List(&Shape::Object);
    let one = |path, about, id: Param, handler| {
        Endpoint::get(path, about, handler).asks([id]).asks(Days::NEEDED).gives_other(list())
    };
    vec![
        Endpoint::get("/global/spend/report", "Reports what was spent by day, or by key", get(global))
            .asks(Days::NEEDED)
            .asks([
                Param::new(
                    "group_by",
                    Shape::Word(&["team", "customer", "api_key", "tag"]),
                    "By what; by `team` if it is left out",
                ),
                KEY,
                USER,
                TEAM,
                Param::new("customer_id", Shape::Text, "For this customer alone"),
            ])
            .gives_other(list()),
        one("/key/spend/report", "Reports what a key has spent, by model", KEY, get(of_key)),
        one("/user/spend/report", "Reports what a user has spent, by key and model", USER, get(of_user)),
        one("/team/spend/report", "Reports what a team has spent, by key and model", TEAM, get(of_team)),
        one(
            "/organization/spend/report",
            "Reports what an organisation has spent, by key, team and model",
            ORGANIZATION,
            get(of_organization),
        ),
    ]
}

const KEY: Param = Param::new("api_key", Shape::Text, "Of this key alone: itself, or its hash");
const USER: Param = Param::new("internal_user_id", Shape::Text, "Of this user alone");
const TEAM: Param = Param::new("team_id", Shape::Text, "Of this team alone");
const ORGANIZATION: Param = Param::new("organization_id", Shape::Text, "Of this organisation alone");

async fn global(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let days = Days::needed(&mut asked)?;
    let group = asked.take("group_by");
    let said = [
        (Facet::Key, asked.take(KEY.name).map(|key| hash_of(&key))),
        (Facet::User, asked.take(USER.name)),
        (Facet::Team, asked.take(TEAM.name)),
        (Facet::EndUser, asked.take("customer_id")),
    ];
    asked.end();
    let only: Vec<_> = said.into_iter().filter_map(|(facet, id)| Some((facet, vec![id?]))).collect();
    let is_of = |facet: Facet| only.iter().any(|(it, _)| *it == facet);
    let facet = match group.as_deref() {
        None if is_of(Facet::Key) || is_of(Facet::User) => Facet::Key,
        None | Some("team") => Facet::Team,
        Some("customer") => Facet::EndUser,
        Some("api_key") => Facet::Key,
        Some("tag") => Facet::Tag,
        Some(_) => {
            return Err(Fault::invalid("group_by", "group_by must be team, customer, api_key or tag"));
        }
    };
    match facet {
        Facet::Key => by_key(&desk, days, only, None).await,
        facet => by_day(&desk, days, only, facet).await,
    }
}

/// What each key comes to, by model; the one that has spent the most first.
async fn by_key(
    desk: &Desk,
    Days { since, until }: Days,
    only: Vec<(Facet, Vec<String>)>,
    beside: Option<Facet>,
) -> Result<Json<Value>, Fault> {
    let by = [Facet::Key, Facet::Model].into_iter().chain(beside).collect();
    let query = ReportQuery { by, only, since, until, ..ReportQuery::default() };
    let lines = desk.store.report(&query, &desk.scope).await?;
    let mut keys: BTreeMap<&str, Vec<&ReportLine>> = BTreeMap::new();
    for line in &lines {
        keys.entry(line.text(Facet::Key)).or_default().push(line);
    }
    let mut shown: Vec<_> = keys
        .into_iter()
        .map(|(key, lines)| {
            let sum =
                |of: fn(&ReportLine) -> i64| lines.iter().map(|line| of(line)).fold(0, i64::saturating_add);
            let spend = sum(|line| line.sums.spend.nanos());
            let told = json!({
                "api_key": key,
                "total_cost": llm_pricing::Usd::from_nanos(spend).show(),
                "total_input_tokens": sum(|line| line.sums.prompt_tokens),
                "total_output_tokens": sum(|line| line.sums.completion_tokens),
                "model_details": lines.iter().map(|line| detail(line, beside)).collect::<Value>(),
            });
            (spend, told)
        })
        .collect();
    shown.sort_by_key(|(spend, _)| Reverse(*spend));
    Ok(Json(shown.into_iter().map(|(_, told)| told).collect()))
}

fn detail(line: &ReportLine, beside: Option<Facet>) -> Value {
    let mut told = json!({
        "model": line.text(Facet::Model),
        "total_cost": line.sums.spend.show(),
        "total_input_tokens": line.sums.prompt_tokens,
        "total_output_tokens": line.sums.completion_tokens,
    });
    if beside == Some(Facet::Team) {
        told["team_id"] = line.text(Facet::Team).into();
    }
    told
}

/// What each day comes to, by a facet, and within it by model.
async fn by_day(
    desk: &Desk,
    Days { since, until }: Days,
    only: Vec<(Facet, Vec<String>)>,
    facet: Facet,
) -> Result<Json<Value>, Fault> {
    let query = ReportQuery {
        by: vec![Facet::Day, facet, Facet::Model],
        only,
        since,
        until,
        ..ReportQuery::default()
    };
    let lines = desk.store.report(&query, &desk.scope).await?;
    let names = match facet {
        Facet::Team => named::teams(desk, lines.iter().map(|line| line.text(facet))).await?,
        _ => BTreeMap::new(),
    };
    let (list, name) = match facet {
        Facet::Team => ("teams", "team_name"),
        Facet::Tag => ("tags", "tag"),
        _ => ("customers", "customer"),
    };
    let mut days: BTreeMap<Day, BTreeMap<&str, Vec<&ReportLine>>> = BTreeMap::new();
    for line in &lines {
        if let Some(day) = line.day {
            days.entry(day).or_default().entry(line.text(facet)).or_default().push(line);
        }
    }
    let shown = days.into_iter().map(|(day, groups)| {
        let group = |(id, lines): (&str, Vec<&ReportLine>)| {
            let spend = lines.iter().map(|line| line.sums.spend);
            let spend = spend.fold(llm_pricing::Usd::ZERO, llm_pricing::Usd::saturating_add);
            let models = lines.iter().map(|line| {
                json!({
                    "model": line.text(Facet::Model),
                    "spend": line.sums.spend.show(),
                    "total_tokens": line.sums.prompt_tokens.saturating_add(line.sums.completion_tokens),
                })
            });
            let mut told = Map::new();
            if facet == Facet::Team {
                told.insert(name.to_owned(), team_name(&names, id).into());
                told.insert("team_id".to_owned(), id.into());
            } else {
                told.insert(name.to_owned(), id.into());
            }
            told.insert("total_spend".to_owned(), spend.show());
            told.insert("metadata".to_owned(), models.collect());
            Value::Object(told)
        };
        let mut shown = json!({"group_by_day": day.to_string()});
        shown[list] = groups.into_iter().map(group).collect();
        shown
    });
    Ok(Json(shown.collect()))
}

async fn of_key(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let own = desk.manager.key.map(|key| key.to_string());
    let key = asked.take(KEY.name).map(|key| hash_of(&key)).or(own);
    one(&desk, asked, KEY, (Facet::Key, key), None).await
}

async fn of_user(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let own = desk.manager.user_id.as_ref().map(ToString::to_string);
    let user = asked.take(USER.name).or(own);
    one(&desk, asked, USER, (Facet::User, user), None).await
}

async fn of_team(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let own = desk.manager.key_team.as_ref().map(ToString::to_string);
    let team = asked.take(TEAM.name).or(own);
    one(&desk, asked, TEAM, (Facet::Team, team), None).await
}

async fn of_organization(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let mut admin = desk.manager.admin_organizations();
    let own = admin.next().map(ToString::to_string).filter(|_| admin.next().is_none());
    let organization = asked.take(ORGANIZATION.name).or(own);
    one(&desk, asked, ORGANIZATION, (Facet::Organization, organization), Some(Facet::Team)).await
}

async fn one(
    desk: &Desk,
    mut asked: Asked,
    param: Param,
    (facet, id): (Facet, Option<String>),
    beside: Option<Facet>,
) -> Result<Json<Value>, Fault> {
    let days = Days::needed(&mut asked)?;
    asked.end();
    let id = id.ok_or_else(|| Fault::missing(param.name))?;
    by_key(desk, days, vec![(facet, vec![id])], beside).await
}
