//! Keys and users by what they have spent, and what was spent under each tag.

use axum::Json;
use axum::routing::{get, post};
use llm_store::{Batch, Facet, Field, Filter, Record, ReportQuery};
use llm_tenancy::management::Scope;
use llm_tenancy::{Team, User, UserId, VirtualKey};
use serde_json::{Value, json};

use super::dates::Days;
use crate::desk::Desk;
use crate::endpoint::{Endpoint, Param};
use crate::fault::Fault;
use crate::keys::Gallery;
use crate::paging::{LARGEST, Paging, every};
use crate::said::{Asked, Said};
use crate::shape::Shape;
use crate::users;
use crate::wire::Wire as _;

/// Records whose spending is set in one transaction.
const AT_ONCE: usize = 500;

pub(super) fn endpoints() -> Vec<Endpoint> {
    let list = || Shape::List(&Shape::Object);
    vec![
        Endpoint::get("/spend/keys", "Lists keys, those that have spent the most first", get(keys))
            .asks(Paging::PARAMS)
            .gives_other(list()),
        Endpoint::get("/spend/users", "Lists users, those that have spent the most first", get(of_users))
            .asks([Param::new("user_id", Shape::Text, "This one alone")])
            .asks(Paging::PARAMS)
            .gives_other(list()),
        Endpoint::get("/spend/tags", "Lists tags of requests, with what was spent under each", get(tags))
            .asks(Days::PARAMS)
            .gives_other(list()),
        Endpoint::post(
            "/global/spend/reset",
            "Counts what keys and teams spend from nothing again; the ledger stays as it is",
            post(reset),
        )
        .takes([])
        .gives([
            Param::new("message", Shape::Text, "What was done"),
            Param::new("status", Shape::Word(&["success"]), "That it was done"),
            Param::new("keys", Shape::Integer, "How many keys had spent something"),
            Param::new("teams", Shape::Integer, "How many teams had"),
        ]),
    ]
}

async fn keys(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let paging = Paging::of(&mut asked, LARGEST, LARGEST)?;
    asked.end();
    let query = paging.sorted(Vec::new(), (Field::Spend, true));
    let page = desk.store.list::<VirtualKey>(&query, &desk.scope).await?;
    let keys: Vec<VirtualKey> = page.records.into_iter().map(|it| it.value).collect();
    let gallery = Gallery::of(&desk, &keys).await?;
    Ok(Json(keys.iter().map(|key| gallery.show(key)).collect()))
}

async fn of_users(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let paging = Paging::of(&mut asked, LARGEST, LARGEST)?;
    let one = asked.take("user_id").map(|id| Filter::Is(Field::User, id));
    asked.end();
    let query = paging.sorted(one.into_iter().collect(), (Field::Spend, true));
    let page = desk.store.list::<User>(&query, &desk.scope).await?;
    let ids: Vec<UserId> = page.records.iter().map(|it| it.value.user_id.clone()).collect();
    let mut teams = users::teams_of(&desk, &ids).await?;
    let show = |user: &User| users::show(user, &teams.remove(&user.user_id).unwrap_or_default());
    Ok(Json(page.records.iter().map(|it| &it.value).map(show).collect()))
}

async fn tags(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let days = Days::of(&mut asked)?;
    asked.end();
    let query =
        ReportQuery { by: vec![Facet::Tag], since: days.since, until: days.until, ..ReportQuery::default() };
    let lines = desk.store.report(&query, &desk.scope).await?;
    let shown = lines.iter().map(|line| {
        json!({
            "individual_request_tag": line.text(Facet::Tag),
            "log_count": line.sums.requests,
            "total_spend": line.sums.spend.show(),
        })
    });
    Ok(Json(shown.collect()))
}

async fn reset(desk: Desk, said: Said) -> Result<Json<Value>, Fault> {
    said.end();
    let keys = start_anew::<VirtualKey>(&desk, |key| key.hash).await?;
    let teams = start_anew::<Team>(&desk, |team| team.team_id).await?;
    Ok(Json(json!({
        "message": "What all keys and teams have spent is counted from nothing again",
        "status": "success",
        "keys": keys,
        "teams": teams,
    })))
}

/// Counts what records of a kind spend from nothing again; how many had spent something.
async fn start_anew<R: Record>(desk: &Desk, id: fn(R) -> R::Id) -> Result<usize, Fault> {
    let spent = vec![Filter::AtLeast(Field::Spend, 1)];
    let ids: Vec<R::Id> = every::<R>(&desk.store, spent, &desk.scope).await?.into_iter().map(id).collect();
    for ids in ids.chunks(AT_ONCE) {
        let mut batch = Batch::default();
        for id in ids {
            batch.set_spend::<R>(id, llm_pricing::Usd::ZERO, &Scope::everything());
        }
        desk.store.apply(&batch, &desk.by).await?;
    }
    Ok(ids.len())
}
