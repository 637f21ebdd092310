//! Budgets under names.

mod pages;

use axum::Json;
use axum::routing::{get, post};
use llm_tenancy::management::Place;
use llm_tenancy::{Budget, BudgetId, Document, Kind, Limits};
use serde_json::Value;

use crate::bounds;
use crate::desk::Desk;
use crate::endpoint::{Endpoint, Param};
use crate::fault::Fault;
use crate::member::{self, Member, members};
use crate::paging::{Paging, every};
use crate::said::{Asked, Said};
use crate::shape::Shape;
use crate::terms::{limits, stamp};

pub(crate) fn endpoints() -> Vec<Endpoint> {
    let (settable, shown) = (|| Param::settable(&budget()), || Param::shown(&budget()));
    vec![
        Endpoint::post("/budget/new", "Makes a budget", post(new))
            .takes([ID])
            .takes(settable())
            .gives(shown()),
        Endpoint::post("/budget/update", "Changes a budget", post(update))
            .takes([ID.required()])
            .takes(settable())
            .gives(shown()),
        Endpoint::post("/budget/delete", "Deletes a budget", post(delete))
            .takes([ONE.required()])
            .gives(shown()),
        Endpoint::post("/budget/info", "Shows budgets", post(info))
            .takes([Param::new("budgets", Shape::List(&Shape::Text), "Their ids").required()])
            .gives_other(Shape::List(&Shape::Object)),
        Endpoint::get("/budget/list", "Lists all budgets", get(list))
            .gives_other(Shape::List(&Shape::Object)),
        Endpoint::get(
            "/budget/settings",
            "Shows what of a budget can be set, and how it is",
            get(pages::settings),
        )
        .asks([Param::new("budget_id", Shape::Text, "Its id").required()])
        .gives_other(Shape::List(&Shape::Object)),
        Endpoint::get("/management/v1/budgets", "Lists budgets in pages", get(pages::list))
            .asks(pages::FILTERS)
            .asks(Paging::PARAMS)
            .gives([
                Param::new("data", Shape::List(&Shape::Object), "The budgets of this page"),
                Param::new("meta", Shape::Object, "`total_count`, `page`, `page_size`, `total_pages`"),
                Param::new("links", Shape::Object, "`self`, `first`, `prev`, `next`, `last`"),
            ]),
    ]
}

const ID: Param = Param::new("budget_id", Shape::Text, "Its id; a new one if left out");
const ONE: Param = Param::new("id", Shape::Text, "Its id");

fn budget() -> Vec<Member<Budget>> {
    let mut all = members!(Budget {
        @get "budget_id" budget_id: BudgetId, "Its id";
        "allowed_models" allowed_models: Vec<String>, "Models that may be asked under it; all if empty";
        "budget_reset_at" budget_reset_at: Option<llm_types::UnixMs>, "When it next begins anew";
    });
    all.extend(limits!(Budget));
    all.extend(stamp!(Budget));
    all
}

async fn new(desk: Desk, mut said: Said) -> Result<Json<Document>, Fault> {
    desk.check_members(Kind::Budget, &said.members, &Place::default())?;
    let id: Option<BudgetId> = said.take("budget_id")?;
    let mut made = Budget {
        budget_id: id.filter(|id| !id.as_str().is_empty()).unwrap_or_else(|| desk.new_id().into()),
        limits: Limits::default(),
        allowed_models: Vec::new(),
        budget_reset_at: None,
        stamp: desk.stamp(),
    };
    said.set(&mut made, &budget())?;
    bounds::check(&made.limits)?;
    if made.budget_reset_at.is_none() {
        made.budget_reset_at = desk.next_reset(&made.limits);
    }
    said.end();
    let made = desk.store.create(&made, &desk.by).await?.value;
    Ok(Json(member::show(&made, &budget())))
}

async fn update(desk: Desk, mut said: Said) -> Result<Json<Document>, Fault> {
    desk.check_members(Kind::Budget, &said.members, &Place::default())?;
    let id: BudgetId = said.need("budget_id")?;
    let mut left = Document::new();
    let changed = desk
        .store
        .change(&id, &desk.scope, &desk.by, |budget: &mut Budget| {
            // May be called again, with the record anew.
            left = said.members.clone();
            let period = budget.limits.budget_duration;
            member::set(budget, &self::budget(), &mut left)?;
            bounds::check(&budget.limits)?;
            if budget.limits.budget_duration != period {
                budget.budget_reset_at = desk.next_reset(&budget.limits);
            }
            Ok::<_, Fault>(())
        })
        .await?;
    desk.ignores(left.keys().cloned());
    Ok(Json(member::show(&changed.value, &budget())))
}

async fn delete(desk: Desk, mut said: Said) -> Result<Json<Document>, Fault> {
    let id: BudgetId = said.need("id")?;
    said.end();
    let gone = desk.store.delete::<Budget>(&[id], &desk.scope, &desk.by).await?;
    Ok(Json(gone.first().map(|gone| member::show(&gone.value, &budget())).unwrap_or_default()))
}

async fn info(desk: Desk, mut said: Said) -> Result<Json<Value>, Fault> {
    let ids: Vec<BudgetId> = said.need("budgets")?;
    said.end();
    if ids.is_empty() {
        return Err(Fault::missing("budgets"));
    }
    let found = desk.store.find_all::<Budget>(&ids, &desk.scope).await?;
    Ok(Json(found.iter().map(|found| member::show(&found.value, &budget())).collect()))
}

async fn list(desk: Desk, asked: Asked) -> Result<Json<Value>, Fault> {
    asked.end();
    let all = every::<Budget>(&desk.store, Vec::new(), &desk.scope).await?;
    Ok(Json(all.iter().map(show).collect()))
}

/// A budget as it is shown.
pub(crate) fn show(it: &Budget) -> Document {
    member::show(it, &budget())
}
