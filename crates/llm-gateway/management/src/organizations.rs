//! Organisations.

mod members;

use std::collections::BTreeMap;

use axum::Json;
use axum::routing::{delete, get, patch, post};
use llm_store::{Field, Filter, Query};
use llm_tenancy::management::{Place, Resource, Verb};
use llm_tenancy::{
    BudgetId, Conduct, Document, Grants, Kind, Limits, Organization, OrganizationId, OrganizationMember,
    Spending, Team,
};
use serde_json::{Value, json};

use crate::bounds;
use crate::desk::Desk;
use crate::endpoint::{Endpoint, Param};
use crate::fault::Fault;
use crate::lift::lift;
use crate::member::{self, Member, members};
use crate::paging::{Paging, every};
use crate::parts::Parts;
use crate::said::{Asked, Said};
use crate::shape::Shape;
use crate::teams;
use crate::terms::{conduct, grants, limits, spending, stamp};
use crate::veil::metadata;

pub(crate) fn endpoints() -> Vec<Endpoint> {
    let settable = || Param::settable(&organization());
    let shown = || Param::shown(&organization());
    let whole = || {
        let mut whole = shown();
        whole.extend([
            Param::new("members", Shape::List(&Shape::Object), "Its members"),
            Param::new("teams", Shape::List(&Shape::Object), "Its teams"),
            Param::new("litellm_budget_table", Shape::Maybe(&Shape::Object), "What it may spend, once more"),
        ]);
        whole
    };
    let mut endpoints = vec![
        Endpoint::post("/organization/new", "Makes an organisation", post(new))
            .takes([Param::new("organization_id", Shape::Text, "Its id; a new one if left out")])
            .takes(settable())
            .gives(shown()),
        Endpoint::new("PATCH", "/organization/update", "Changes an organisation", patch(update))
            .takes([ID.required(), TABLE])
            .takes(settable())
            .gives(whole()),
        Endpoint::new("PATCH", "/v2/organization/{organization_id}", "Changes an organisation", patch(amend))
            .takes(settable())
            .gives(whole()),
        Endpoint::new(
            "DELETE",
            "/organization/delete",
            "Deletes organisations, and all that is theirs",
            delete(remove),
        )
        .takes([IDS.required()])
        .gives_other(Shape::List(&Shape::Object)),
        Endpoint::get("/organization/info", "Shows an organisation with its members and teams", get(info))
            .asks([ID.required()])
            .gives(whole()),
        Endpoint::post("/organization/info", "Shows organisations with their members and teams", post(infos))
            .takes([Param::new("organizations", Shape::List(&Shape::Text), "Their ids").required()])
            .gives_other(Shape::List(&Shape::Object)),
        Endpoint::get("/organization/list", "Lists organisations with their members and teams", get(list))
            .asks([
                Param::new("org_id", Shape::Text, "This organisation alone"),
                Param::new("org_alias", Shape::Text, "Organisations whose alias holds this"),
            ])
            .asks(Paging::PARAMS)
            .gives_other(Shape::List(&Shape::Object)),
    ];
    endpoints.extend(members::endpoints());
    endpoints
}

const ID: Param = Param::new("organization_id", Shape::Text, "The organisation");
const IDS: Param = Param::new("organization_ids", Shape::List(&Shape::Text), "Their ids");
const TABLE: Param =
    Param::new("litellm_budget_table", Shape::Object, "What it may spend, as LiteLLM's clients send it");

fn organization() -> Vec<Member<Organization>> {
    let mut all = members!(Organization {
        @get "organization_id" organization_id: OrganizationId, "Its id";
        "organization_alias" organization_alias: String, "A name for people";
        "budget_id" budget_id: Option<BudgetId>, "The budget that it shares with others";
        "blocked" blocked: bool, "Whether all that belongs to it is refused";
        "model_aliases" grants.aliases: BTreeMap<String, String>, "Which model is meant by a name";
    });
    all.extend(grants!(Organization));
    all.extend(limits!(Organization));
    all.extend(conduct!(Organization));
    all.extend(spending!(Organization));
    all.extend(metadata!(Organization));
    all.extend(stamp!(Organization));
    all
}

fn place(id: &OrganizationId) -> Place<'_> {
    Place { organization: Some(id), ..Place::default() }
}

/// An organisation with the budget that LiteLLM's clients look for beside it.
fn row(of: &Organization) -> Document {
    let mut row = member::show(of, &organization());
    let budget_id = of.budget_id.as_ref().map(AsRef::as_ref);
    let table = bounds::table(&of.limits, budget_id, of.spending.budget_reset_at);
    row.insert("litellm_budget_table".to_owned(), table);
    row
}

/// Organisations with their members and teams, as far as the caller may see them.
async fn whole(desk: &Desk, organizations: &[Organization]) -> Result<Vec<Document>, Fault> {
    let ids = organizations.iter().map(|it| it.organization_id.as_str().to_owned()).collect();
    let filters = vec![Filter::Among(Field::Organization, ids)];
    let scope = desk.scope_of(Resource::OrganizationMember, Verb::List);
    let members = every::<OrganizationMember>(&desk.store, filters.clone(), &scope).await?;
    let scope = desk.scope_of(Resource::Team, Verb::List);
    let teams = every::<Team>(&desk.store, filters, &scope).await?;
    let mut members_of: BTreeMap<OrganizationId, Vec<Value>> = BTreeMap::new();
    for shown in members::rows(desk, &members).await?.into_iter().zip(&members) {
        members_of.entry(shown.1.organization_id.clone()).or_default().push(shown.0);
    }
    let mut teams_of: BTreeMap<OrganizationId, Vec<Value>> = BTreeMap::new();
    for team in &teams {
        if let Some(id) = &team.organization_id {
            let shown = Value::Object(member::show(team, &teams::team()));
            teams_of.entry(id.clone()).or_default().push(shown);
        }
    }
    let whole = organizations.iter().map(|it| {
        let mut row = row(it);
        let members = members_of.remove(&it.organization_id).unwrap_or_default();
        row.insert("members".to_owned(), Value::Array(members));
        let teams = teams_of.remove(&it.organization_id).unwrap_or_default();
        row.insert("teams".to_owned(), Value::Array(teams));
        row
    });
    Ok(whole.collect())
}

async fn whole_one(desk: &Desk, organization: Organization) -> Result<Json<Document>, Fault> {
    let shown = whole(desk, &[organization]).await?;
    Ok(Json(shown.into_iter().next().unwrap_or_default()))
}

async fn new(desk: Desk, mut said: Said) -> Result<Json<Document>, Fault> {
    lift(&desk, &mut said.members, &organization(), &[]);
    desk.check_members(Kind::Organization, &said.members, &Place::default())?;
    let id = said.take::<OrganizationId>("organization_id")?.filter(|id| !id.as_str().is_empty());
    if !said.has("organization_alias") {
        return Err(Fault::missing("organization_alias"));
    }
    flatten(&desk, &mut said.members);
    let mut made = Organization {
        organization_id: id.unwrap_or_else(|| desk.new_id().into()),
        organization_alias: String::new(),
        budget_id: None,
        blocked: false,
        grants: Grants::default(),
        limits: Limits::default(),
        spending: Spending::default(),
        conduct: Conduct::default(),
        metadata: Document::new(),
        stamp: desk.stamp(),
    };
    said.set(&mut made, &organization())?;
    settle(&desk, &mut made, None)?;
    said.end();
    let made = desk.store.create(&made, &desk.by).await?.value;
    Ok(Json(row(&made)))
}

/// Budgets that clients send back as they were shown them count where nothing else is said.
fn flatten(desk: &Desk, said: &mut Document) {
    if let Some(Value::Object(table)) = said.shift_remove("litellm_budget_table") {
        let settable = member::settable_names(&organization());
        for (name, value) in table {
            if settable.contains(&name.as_str()) && name != "budget_id" {
                said.entry(name).or_insert(value);
            } else {
                desk.ignores([format!("litellm_budget_table.{name}")]);
            }
        }
    }
}

fn settle(desk: &Desk, organization: &mut Organization, before: Option<&Organization>) -> Result<(), Fault> {
    let old = before.map(|before| &before.limits);
    bounds::settle(&organization.limits, &mut organization.spending, old, desk)?;
    Ok(desk.manager.check_organization(organization)?)
}

async fn update(desk: Desk, mut said: Said) -> Result<Json<Document>, Fault> {
    let id: OrganizationId = said.need("organization_id")?;
    flatten(&desk, &mut said.members);
    // This route adds to what is written down; the second one puts it in its place.
    alter(desk, id, said, true).await
}

async fn amend(desk: Desk, Parts(id): Parts<OrganizationId>, said: Said) -> Result<Json<Document>, Fault> {
    alter(desk, id, said, false).await
}

async fn alter(
    desk: Desk,
    id: OrganizationId,
    mut said: Said,
    is_merged: bool,
) -> Result<Json<Document>, Fault> {
    lift(&desk, &mut said.members, &organization(), &[]);
    // Foreign ones are not there, whatever the request says of them.
    desk.store.get::<Organization>(&id, &desk.scope).await?;
    desk.check_members(Kind::Organization, &said.members, &place(&id))?;
    let mut left = Document::new();
    let changed = desk
        .store
        .change(&id, &desk.scope, &desk.by, |changed: &mut Organization| {
            // May be called again, with the record anew.
            let before = changed.clone();
            left = said.members.clone();
            member::set(changed, &organization(), &mut left)?;
            if is_merged {
                let said = std::mem::take(&mut changed.metadata);
                changed.metadata.clone_from(&before.metadata);
                changed.metadata.extend(said);
            }
            settle(&desk, changed, Some(&before))
        })
        .await?;
    desk.ignores(left.keys().cloned());
    whole_one(&desk, changed.value).await
}

async fn remove(desk: Desk, mut said: Said) -> Result<Json<Vec<Document>>, Fault> {
    let ids: Vec<OrganizationId> = said.need("organization_ids")?;
    said.end();
    let found = desk.store.find_all::<Organization>(&ids, &desk.scope).await?;
    let found: Vec<Organization> = found.into_iter().map(|found| found.value).collect();
    let shown = whole(&desk, &found).await?;
    desk.store.delete::<Organization>(&ids, &desk.scope, &desk.by).await?;
    Ok(Json(shown))
}

async fn info(desk: Desk, mut asked: Asked) -> Result<Json<Document>, Fault> {
    let id = OrganizationId::from(asked.need("organization_id")?);
    asked.end();
    let found = desk.store.get::<Organization>(&id, &desk.scope).await?.value;
    whole_one(&desk, found).await
}

async fn infos(desk: Desk, mut said: Said) -> Result<Json<Vec<Document>>, Fault> {
    let ids: Vec<OrganizationId> = said.need("organizations")?;
    said.end();
    let found = desk.store.find_all::<Organization>(&ids, &desk.scope).await?;
    let found: Vec<Organization> = found.into_iter().map(|found| found.value).collect();
    Ok(Json(whole(&desk, &found).await?))
}

async fn list(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let mut filters = Vec::new();
    filters.extend(asked.take("org_id").map(|id| Filter::Is(Field::Id, id)));
    filters.extend(asked.take("org_alias").map(|alias| Filter::Holds(Field::Alias, alias)));
    let paging = Paging::of(&mut asked, 1_000, 1_000)?;
    asked.end();
    let query = Query { sort: Field::Alias, descending: false, ..paging.query(filters) };
    let page = desk.store.list::<Organization>(&query, &desk.scope).await?;
    let found: Vec<Organization> = page.records.into_iter().map(|found| found.value).collect();
    Ok(Json(json!(whole(&desk, &found).await?)))
}
