//! Access groups of models by their names, each with a budget for all that call them.

use axum::Json;
use axum::routing::{delete, get, post, put};
use llm_store::{Field, Filter, Query, StoreError, Stored};
use llm_tenancy::management::{Place, Resource, Verb};
use llm_tenancy::{AccessGroup, Document, Kind, Limits, ModelId, Period, StoredModel, Usd};
use serde_json::{Value, json};

use super::empty;
use crate::bounds;
use crate::desk::Desk;
use crate::endpoint::{Endpoint, Param};
use crate::fault::Fault;
use crate::member::{self, Member, members};
use crate::paging::every;
use crate::parts::Parts;
use crate::said::{Asked, Said};
use crate::shape::Shape;
use crate::wire::Wire as _;

pub(super) fn endpoints() -> Vec<Endpoint> {
    let models = || {
        [
            Param::new("model_names", Shape::List(&Shape::Text), "Names and patterns of models"),
            Param::new(
                "model_ids",
                Shape::List(&Shape::Text),
                "Ids of models that were added by way of the API",
            ),
        ]
    };
    let changed = || {
        [
            GROUP,
            Param::new("model_names", Shape::List(&Shape::Text), "Its models"),
            Param::new("models_updated", Shape::Integer, "How many models it has"),
        ]
    };
    let shown = || {
        [
            GROUP,
            Param::new("model_names", Shape::List(&Shape::Text), "Its models"),
            Param::new(
                "deployment_count",
                Shape::Integer,
                "Models of these names that were added by way of the API",
            ),
            Param::new("spend", Shape::Number, "Dollars spent on its models"),
            Param::new("budget", Shape::Maybe(&Shape::Object), "What may be spent on its models"),
        ]
    };
    let budget = || {
        [
            GROUP,
            Param::new("spend", Shape::Number, "Dollars spent on its models"),
            Param::new("budget", Shape::Maybe(&Shape::Object), "What may be spent on its models"),
        ]
    };
    const INFO: &str = "/access_group/{access_group}/info";
    const UPDATE: &str = "/access_group/{access_group}/update";
    const DELETE: &str = "/access_group/{access_group}/delete";
    const BUDGET: &str = "/access_group/{access_group}/budget";
    vec![
        Endpoint::post("/access_group/new", "Makes an access group of models", post(new))
            .takes([GROUP.required()])
            .takes(models())
            .gives(changed()),
        Endpoint::get("/access_group/list", "Lists access groups with their models", get(list))
            .gives([Param::new("access_groups", Shape::List(&Shape::Object), "The groups")]),
        Endpoint::get(INFO, "Shows an access group with its models", get(info)).gives(shown()),
        Endpoint::new("PUT", UPDATE, "Gives an access group other models", put(update))
            .takes(models())
            .gives(changed()),
        Endpoint::new("DELETE", DELETE, "Deletes an access group", delete(delete_one)).gives([
            GROUP,
            Param::new("models_updated", Shape::Integer, "How many models it had"),
            Param::new("message", Shape::Text, "What was done"),
        ]),
        Endpoint::get(BUDGET, "Shows what may be spent on an access group's models", get(show_budget))
            .gives(budget()),
        Endpoint::new("PUT", BUDGET, "Sets what may be spent on an access group's models", put(set_budget))
            .takes(Param::settable(&bounds()))
            .gives(budget()),
        Endpoint::new(
            "DELETE",
            BUDGET,
            "Lets everything be spent on an access group's models",
            delete(clear_budget),
        )
        .gives([
            GROUP,
            Param::new("budget_deleted", Shape::Flag, "Whether there was a budget"),
            Param::new("message", Shape::Text, "What was done"),
        ]),
    ]
}

const GROUP: Param = Param::new("access_group", Shape::Text, "Its name");

/// What a group's budget says.
fn bounds() -> Vec<Member<AccessGroup>> {
    members!(AccessGroup {
        "max_budget" limits.max_budget: Option<Usd>, "Dollars that all keys together may spend on its models";
        "soft_budget" limits.soft_budget: Option<Usd>, "Dollars after which somebody is told, and nothing refused";
        "budget_duration" limits.budget_duration: Option<Period>, "After which time that begins anew";
        @get "budget_reset_at" spending.budget_reset_at: Option<llm_types::UnixMs>, "When it next begins anew";
    })
}

async fn new(desk: Desk, mut said: Said) -> Result<Json<Value>, Fault> {
    desk.check_members(Kind::AccessGroup, &said.members, &Place::default())?;
    let name: String = said.need("access_group")?;
    if name.trim().is_empty() {
        return Err(Fault::missing("access_group"));
    }
    let mut made = empty(&desk, name);
    let ids = models(&desk, &mut said, &mut made).await?;
    said.end();
    desk.store.create(&made, &desk.by).await?;
    Ok(Json(changed(&made, &ids)))
}

async fn update(desk: Desk, Parts(name): Parts<String>, mut said: Said) -> Result<Json<Value>, Fault> {
    desk.check_members(Kind::AccessGroup, &said.members, &Place::default())?;
    let found = found(&desk, &name).await?;
    let mut wanted = found.value.clone();
    let ids = models(&desk, &mut said, &mut wanted).await?;
    said.end();
    let set = |it: &mut AccessGroup| {
        it.models.clone_from(&wanted.models);
        Ok::<_, Fault>(())
    };
    let group = desk.store.change(&found.value.access_group_id, &desk.scope, &desk.by, set).await?;
    Ok(Json(changed(&group.value, &ids)))
}

async fn delete_one(desk: Desk, Parts(name): Parts<String>) -> Result<Json<Value>, Fault> {
    let found = found(&desk, &name).await?.value;
    desk.store.delete::<AccessGroup>(&[found.access_group_id], &desk.scope, &desk.by).await?;
    let message = format!("Access group {name} deleted successfully");
    Ok(Json(json!({"access_group": name, "models_updated": found.models.len(), "message": message})))
}

async fn info(desk: Desk, Parts(name): Parts<String>, asked: Asked) -> Result<Json<Value>, Fault> {
    asked.end();
    let found = found(&desk, &name).await?.value;
    let shown = show(&desk, &[found]).await?;
    Ok(Json(shown.into_iter().next().unwrap_or_default()))
}

async fn list(desk: Desk, asked: Asked) -> Result<Json<Value>, Fault> {
    asked.end();
    let mut all: Vec<_> = every::<AccessGroup>(&desk.store, Vec::new(), &desk.scope).await?;
    all.sort_by(|a, b| a.access_group_name.cmp(&b.access_group_name));
    Ok(Json(json!({"access_groups": show(&desk, &all).await?})))
}

async fn show_budget(desk: Desk, Parts(name): Parts<String>, asked: Asked) -> Result<Json<Value>, Fault> {
    asked.end();
    Ok(Json(with_budget(&found(&desk, &name).await?.value)))
}

async fn set_budget(desk: Desk, Parts(name): Parts<String>, mut said: Said) -> Result<Json<Value>, Fault> {
    desk.check_members(Kind::AccessGroup, &said.members, &Place::default())?;
    if said.take::<Value>("budget_id")?.is_some() {
        let why = "a group has a budget of its own: say max_budget, soft_budget and budget_duration";
        return Err(Fault::invalid("budget_id", why));
    }
    if !bounds().iter().any(|bound| bound.set.is_some() && said.has(bound.name)) {
        return Err(Fault::missing("max_budget"));
    }
    let id = found(&desk, &name).await?.value.access_group_id;
    let mut left = Document::new();
    let changed = desk
        .store
        .change(&id, &desk.scope, &desk.by, |it: &mut AccessGroup| {
            // May be called again, with the record anew.
            left = said.members.clone();
            let before = it.limits.clone();
            member::set(it, &bounds(), &mut left)?;
            bounds::settle(&it.limits, &mut it.spending, Some(&before), &desk)
        })
        .await?;
    desk.ignores(left.keys().cloned());
    Ok(Json(with_budget(&changed.value)))
}

async fn clear_budget(desk: Desk, Parts(name): Parts<String>) -> Result<Json<Value>, Fault> {
    let found = found(&desk, &name).await?.value;
    let had = budget(&found).is_some();
    let clear = |it: &mut AccessGroup| {
        it.limits =
            Limits { max_budget: None, soft_budget: None, budget_duration: None, ..it.limits.clone() };
        it.spending.budget_reset_at = None;
        Ok::<_, Fault>(())
    };
    desk.store.change(&found.access_group_id, &desk.scope, &desk.by, clear).await?;
    let message = format!("Access group {name} has no budget");
    Ok(Json(json!({"access_group": name, "budget_deleted": had, "message": message})))
}

/// The group of a name.
async fn found(desk: &Desk, name: &str) -> Result<Stored<AccessGroup>, Fault> {
    let filters = vec![Filter::Is(Field::Name, name.to_owned())];
    let page =
        desk.store.list::<AccessGroup>(&Query { filters, size: 1, ..Query::default() }, &desk.scope).await?;
    Ok(page.records.into_iter().next().ok_or(StoreError::NotFound(Kind::AccessGroup))?)
}

/// Reads which models a group has, by their names or by ids, which are given back.
async fn models(desk: &Desk, said: &mut Said, group: &mut AccessGroup) -> Result<Vec<ModelId>, Fault> {
    let ids: Vec<ModelId> = said.take("model_ids")?.unwrap_or_default();
    let mut names: Vec<String> = said.take("model_names")?.unwrap_or_default();
    if names.is_empty() && ids.is_empty() {
        return Err(Fault::missing("model_names"));
    }
    let found = desk.store.find_all::<StoredModel>(&ids, &desk.scope_of(Resource::Model, Verb::Read)).await?;
    if let Some(id) = ids.iter().find(|id| !found.iter().any(|it| it.value.model_id == **id)) {
        return Err(Fault::invalid("model_ids", format!("there is no model {id}")));
    }
    names.extend(found.into_iter().map(|it| it.value.model_name));
    names.sort();
    names.dedup();
    group.models = names;
    Ok(ids)
}

fn changed(it: &AccessGroup, ids: &[ModelId]) -> Value {
    json!({
        "access_group": it.access_group_name,
        "model_names": it.models,
        "model_ids": ids,
        "models_updated": it.models.len(),
    })
}

async fn show(desk: &Desk, groups: &[AccessGroup]) -> Result<Vec<Value>, Fault> {
    let names: Vec<_> = groups.iter().flat_map(|it| it.models.clone()).collect();
    let scope = desk.scope_of(Resource::Model, Verb::List);
    let counts = desk.store.count_by::<StoredModel>(Field::Name, &names, &scope).await?;
    let show = |it: &AccessGroup| {
        let deployments: u64 = it.models.iter().filter_map(|name| counts.get(name)).sum();
        json!({
            "access_group": it.access_group_name,
            "model_names": it.models,
            "deployment_count": deployments,
            "spend": it.spending.spend.show(),
            "budget": budget(it),
        })
    };
    Ok(groups.iter().map(show).collect())
}

fn with_budget(it: &AccessGroup) -> Value {
    json!({"access_group": it.access_group_name, "spend": it.spending.spend.show(), "budget": budget(it)})
}

/// A group's budget, under the group's own id.
fn budget(it: &AccessGroup) -> Option<Document> {
    let Limits { max_budget, soft_budget, budget_duration, .. } = &it.limits;
    if max_budget.is_none() && soft_budget.is_none() && budget_duration.is_none() {
        return None;
    }
    let mut shown = member::show(it, &bounds());
    shown.insert("budget_id".to_owned(), json!(it.access_group_id));
    Some(shown)
}
