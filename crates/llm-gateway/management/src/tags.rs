//! Tags: labels of requests that have a budget or deployments of their own.

use axum::Json;
use axum::routing::{get, post};
use llm_store::{Field, Filter, Query, StoreError};
use llm_tenancy::management::{Place, Resource, Verb};
use llm_tenancy::{BudgetId, Document, Kind, Limits, ModelId, Spending, StoredModel, Tag, TagName};
use serde_json::{Map, Value, json};

use crate::bounds;
use crate::desk::Desk;
use crate::endpoint::{Endpoint, Param};
use crate::fault::Fault;
use crate::member::{self, Member, members};
use crate::paging::{Paging, listed};
use crate::said::{Asked, Said};
use crate::shape::Shape;
use crate::terms::{limits, spending, stamp};

/// Tags that are told without their records, and records of one request.
const MOST: usize = 1_000;

pub(crate) fn endpoints() -> Vec<Endpoint> {
    let settable = || Param::settable(&tag());
    let done = || {
        [
            Param::new("message", Shape::Text, "What was done"),
            Param::new("tag", Shape::Object, "The tag as it is now"),
        ]
    };
    vec![
        Endpoint::post("/tag/new", "Makes a tag", post(new))
            .takes([NAME.required()])
            .takes(settable())
            .gives(done()),
        Endpoint::post("/tag/update", "Changes a tag", post(update))
            .takes([NAME.required()])
            .takes(settable())
            .gives(done()),
        Endpoint::post("/tag/delete", "Deletes a tag", post(delete))
            .takes([NAME.required()])
            .gives([Param::new("message", Shape::Text, "What was done")]),
        Endpoint::post("/tag/info", "Shows tags", post(info))
            .takes([Param::new("names", Shape::List(&Shape::Text), "Their names").required()])
            .gives_other(Shape::Map(&Shape::Object)),
        Endpoint::get("/tag/list", "Lists tags: all, or a page of them", get(list))
            .asks([Param::new("search", Shape::Text, "What their name holds")])
            .asks(Paging::PARAMS)
            .gives_other(Shape::List(&Shape::Object)),
        Endpoint::get("/tag/distinct", "Lists names of tags, 1,000 at most", get(distinct))
            .gives([Param::new("results", Shape::List(&Shape::Object), "The tags: `{tag}`")]),
    ]
}

const NAME: Param = Param::new("name", Shape::Text, "The tag");

fn tag() -> Vec<Member<Tag>> {
    let mut all = members!(Tag {
        @get "name" name: TagName, "The tag";
        "description" description: Option<String>, "What it is for";
        "models" models: Vec<String>, "Ids of deployments, or names of models, that serve requests with it";
        "model_info" model_info: Document, "The names of those deployments, by their ids";
        "budget_id" budget_id: Option<BudgetId>, "The budget that it shares with others";
    });
    all.extend(limits!(Tag));
    all.extend(spending!(Tag));
    all.extend(stamp!(Tag));
    all
}

/// What of a tag is kept and not acted upon: deployments say themselves which tags they serve.
const KEPT: [&str; 2] = ["models", "model_info"];

async fn new(desk: Desk, mut said: Said) -> Result<Json<Value>, Fault> {
    said.tell_kept(&KEPT);
    desk.check_members(Kind::Tag, &said.members, &Place::default())?;
    let name: TagName = said.need("name")?;
    if name.as_str().is_empty() {
        return Err(Fault::missing("name"));
    }
    let mut made = Tag {
        name,
        description: None,
        models: Vec::new(),
        model_info: Document::new(),
        budget_id: None,
        limits: Limits::default(),
        spending: Spending::default(),
        stamp: desk.stamp(),
    };
    said.set(&mut made, &tag())?;
    bounds::check(&made.limits)?;
    made.spending.budget_reset_at = desk.next_reset(&made.limits);
    let names = names_of(&desk, &made.models).await?;
    made.model_info.extend(names);
    said.end();
    desk.store.create(&made, &desk.by).await?;
    let message = format!("Tag {} created successfully", made.name);
    Ok(Json(json!({"message": message, "tag": member::show(&made, &tag())})))
}

async fn update(desk: Desk, mut said: Said) -> Result<Json<Value>, Fault> {
    said.tell_kept(&KEPT);
    desk.check_members(Kind::Tag, &said.members, &Place::default())?;
    let name: TagName = said.need("name")?;
    let models: Option<Vec<String>> = said
        .members
        .get("models")
        .cloned()
        .map(crate::wire::Wire::read)
        .transpose()
        .map_err(|error: llm_types::ParseError| error.at("models"))?;
    let names = match &models {
        Some(models) => Some(names_of(&desk, models).await?),
        None => None,
    };
    let mut left = Document::new();
    let changed = desk
        .store
        .change(&name, &desk.scope, &desk.by, |it: &mut Tag| {
            // May be called again, with the record anew.
            left = said.members.clone();
            let before = it.limits.clone();
            if names.is_some() {
                it.model_info.clear();
            }
            member::set(it, &tag(), &mut left)?;
            it.model_info.extend(names.clone().into_iter().flatten());
            bounds::settle(&it.limits, &mut it.spending, Some(&before), &desk)
        })
        .await?;
    desk.ignores(left.keys().cloned());
    let message = format!("Tag {name} updated successfully");
    Ok(Json(json!({"message": message, "tag": member::show(&changed.value, &tag())})))
}

async fn delete(desk: Desk, mut said: Said) -> Result<Json<Value>, Fault> {
    let name: TagName = said.need("name")?;
    said.end();
    desk.store.delete::<Tag>(std::slice::from_ref(&name), &desk.scope, &desk.by).await?;
    Ok(Json(json!({"message": format!("Tag {name} deleted successfully")})))
}

async fn info(desk: Desk, mut said: Said) -> Result<Json<Value>, Fault> {
    let names: Vec<TagName> = said.need("names")?;
    said.end();
    if names.len() > MOST {
        return Err(Fault::invalid("names", format!("names must be {MOST} at most")));
    }
    let found = desk.store.find_all::<Tag>(&names, &desk.scope).await?;
    if names.iter().any(|name| !found.iter().any(|it| it.value.name == *name)) {
        return Err(StoreError::NotFound(Kind::Tag).into());
    }
    let shown = found.iter().map(|it| (it.value.name.to_string(), json!(show(&it.value))));
    Ok(Json(Value::Object(shown.collect())))
}

async fn list(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let paging = Paging::if_asked(&mut asked)?;
    let filters: Vec<_> =
        asked.take("search").map(|part| Filter::Holds(Field::Name, part)).into_iter().collect();
    asked.end();
    let found = listed::<Tag>(&desk, paging, filters, Field::Id).await?;
    Ok(Json(found.iter().map(|it| Value::Object(show(it))).collect()))
}

async fn distinct(desk: Desk, asked: Asked) -> Result<Json<Value>, Fault> {
    asked.end();
    let query = Query { sort: Field::Spend, size: MOST as u64, ..Query::default() };
    let found = desk.store.list::<Tag>(&query, &desk.scope).await?.records;
    let results: Vec<_> = found.iter().map(|it| json!({"tag": it.value.name})).collect();
    Ok(Json(json!({ "results": results })))
}

/// A tag as lists show it: its bounds also where LiteLLM has those of a tag's budget.
fn show(it: &Tag) -> Document {
    let mut shown = member::show(it, &tag());
    let budget_id = it.budget_id.as_ref().map(BudgetId::as_str);
    let table = bounds::table(&it.limits, budget_id, it.spending.budget_reset_at);
    shown.insert("litellm_budget_table".to_owned(), table);
    shown
}

/// The names of those models that were added by way of the API, by their ids.
async fn names_of(desk: &Desk, models: &[String]) -> Result<Map<String, Value>, Fault> {
    let ids: Vec<_> = models.iter().map(|id| ModelId::new(id.as_str())).collect();
    let found = desk.store.find_all::<StoredModel>(&ids, &desk.scope_of(Resource::Model, Verb::Read)).await?;
    Ok(found.into_iter().map(|it| (it.value.model_id.into_string(), it.value.model_name.into())).collect())
}
