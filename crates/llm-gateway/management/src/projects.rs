//! Projects: uses of a team's, with bounds of their own.

use std::collections::BTreeMap;

use axum::Json;
use axum::routing::{delete, get, post};
use llm_store::{Field, Filter, Query, StoreError};
use llm_tenancy::management::{Place, Scope};
use llm_tenancy::{BudgetId, Document, Grants, Kind, Limits, Project, ProjectId, Spending, Team, TeamId};
use serde_json::{Value, json};

use crate::bounds;
use crate::desk::Desk;
use crate::endpoint::{Endpoint, Param};
use crate::fault::Fault;
use crate::lift::lift;
use crate::member::{self, Member, members};
use crate::paging::Paging;
use crate::said::{Asked, Said};
use crate::shape::Shape;
use crate::terms::{grants, limits, spending, stamp};
use crate::veil::metadata;

pub(crate) fn endpoints() -> Vec<Endpoint> {
    let settable = || Param::settable(&project());
    let shown = || Param::shown(&project());
    vec![
        Endpoint::post("/project/new", "Makes a project of a team's", post(new))
            .takes([
                Param::new("project_id", Shape::Text, "Its id; a new one if left out"),
                TEAM.required(),
                TAGS,
            ])
            .takes(settable())
            .gives(shown()),
        Endpoint::post("/project/update", "Changes a project", post(update))
            .takes([ID.required(), TEAM, TAGS])
            .takes(settable())
            .gives(shown()),
        Endpoint::new("DELETE", "/project/delete", "Deletes projects that no key refers to", delete(remove))
            .takes([Param::new("project_ids", Shape::List(&Shape::Text), "Their ids").required()])
            .gives_other(Shape::List(&Shape::Object)),
        Endpoint::get("/project/info", "Shows a project", get(info)).asks([ID.required()]).gives(shown()),
        Endpoint::get("/project/list", "Lists projects", get(list))
            .asks([
                Param::new("team_id", Shape::Text, "Projects of this team"),
                Param::new("project_alias", Shape::Text, "Projects whose alias holds this"),
            ])
            .asks(Paging::PARAMS)
            .gives_other(Shape::List(&Shape::Object)),
    ]
}

const ID: Param = Param::new("project_id", Shape::Text, "The project");
const TEAM: Param = Param::new("team_id", Shape::Text, "The team that it belongs to");
const TAGS: Param =
    Param::new("tags", Shape::List(&Shape::Text), "Labels; they stand in `metadata`, as LiteLLM has them");

fn project() -> Vec<Member<Project>> {
    let mut all = members!(Project {
        @get "project_id" project_id: ProjectId, "Its id";
        "project_alias" project_alias: Option<String>, "A name for people";
        "description" description: Option<String>, "What it is for";
        @get "team_id" team_id: Option<TeamId>, "The team that it belongs to";
        "budget_id" budget_id: Option<BudgetId>, "The budget that it shares with others";
        "blocked" blocked: bool, "Whether its keys are refused";
        "model_aliases" grants.aliases: BTreeMap<String, String>, "Which model is meant by a name";
    });
    all.extend(grants!(Project));
    all.extend(limits!(Project));
    all.extend(spending!(Project));
    all.extend(metadata!(Project));
    all.extend(stamp!(Project));
    all
}

/// A project with the budget that LiteLLM's clients look for beside it.
fn row(of: &Project) -> Document {
    let mut row = member::show(of, &project());
    let budget_id = of.budget_id.as_ref().map(AsRef::as_ref);
    let table = bounds::table(&of.limits, budget_id, of.spending.budget_reset_at);
    row.insert("litellm_budget_table".to_owned(), table);
    row
}

/// The labels that a request says, checked.
fn tags(said: &mut Said) -> Result<Option<Value>, Fault> {
    Ok(said.take::<Vec<String>>("tags")?.map(|tags| json!(tags)))
}

fn settle(desk: &Desk, project: &mut Project, before: Option<&Project>, team: &Team) -> Result<(), Fault> {
    let old = before.map(|before| &before.limits);
    bounds::settle(&project.limits, &mut project.spending, old, desk)?;
    bounds::check_within(&project.limits, old, &team.limits, "the team")?;
    Ok(desk.manager.check_project(project, team)?)
}

async fn new(desk: Desk, mut said: Said) -> Result<Json<Document>, Fault> {
    lift(&desk, &mut said.members, &project(), &[]);
    let team: TeamId = said.need("team_id")?;
    let team = desk.store.get::<Team>(&team, &desk.scope).await?.value;
    desk.check_members(Kind::Project, &said.members, &Place::of_team(&team))?;
    let id = said.take::<ProjectId>("project_id")?.filter(|id| !id.as_str().is_empty());
    let tags = tags(&mut said)?;
    let mut made = Project {
        project_id: id.unwrap_or_else(|| desk.new_id().into()),
        project_alias: None,
        description: None,
        team_id: Some(team.team_id.clone()),
        budget_id: None,
        blocked: false,
        grants: Grants::default(),
        limits: Limits::default(),
        spending: Spending::default(),
        metadata: Document::new(),
        stamp: desk.stamp(),
    };
    said.set(&mut made, &project())?;
    made.metadata.extend(tags.map(|tags| ("tags".to_owned(), tags)));
    settle(&desk, &mut made, None, &team)?;
    said.end();
    let made = desk.store.create(&made, &desk.by).await?.value;
    Ok(Json(row(&made)))
}

async fn update(desk: Desk, mut said: Said) -> Result<Json<Document>, Fault> {
    lift(&desk, &mut said.members, &project(), &[]);
    let id: ProjectId = said.need("project_id")?;
    let before = desk.store.get::<Project>(&id, &desk.scope).await?.value;
    let target = said.take::<TeamId>("team_id")?.or_else(|| before.team_id.clone());
    let team = match &target {
        Some(team) => desk.store.get::<Team>(team, &desk.scope).await?.value,
        // A project without a team is a proxy admin's alone.
        None => Team::new(String::new().into(), desk.stamp()),
    };
    let all = Scope::everything();
    let former = match &before.team_id {
        Some(team) => desk.store.find::<Team>(team, &all).await?.map(|found| found.value),
        None => None,
    };
    let place = former.as_ref().map_or_else(Place::default, Place::of_team);
    let tags = tags(&mut said)?;
    desk.check_members(Kind::Project, &said.members, &place)?;
    let mut left = Document::new();
    let changed = desk
        .store
        .change(&id, &desk.scope, &desk.by, |changed: &mut Project| {
            // May be called again, with the record anew.
            let old = changed.clone();
            if old.team_id != before.team_id {
                return Err(Fault::from(StoreError::Changed(Kind::Project)));
            }
            left = said.members.clone();
            member::set(changed, &project(), &mut left)?;
            changed.metadata.extend(tags.clone().map(|tags| ("tags".to_owned(), tags)));
            changed.team_id.clone_from(&target);
            settle(&desk, changed, Some(&old), &team)
        })
        .await?;
    desk.ignores(left.keys().cloned());
    Ok(Json(row(&changed.value)))
}

async fn remove(desk: Desk, mut said: Said) -> Result<Json<Value>, Fault> {
    let ids: Vec<ProjectId> = said.need("project_ids")?;
    said.end();
    let gone = desk.store.delete::<Project>(&ids, &desk.scope, &desk.by).await?;
    Ok(Json(gone.iter().map(|gone| Value::Object(row(&gone.value))).collect()))
}

async fn info(desk: Desk, mut asked: Asked) -> Result<Json<Document>, Fault> {
    let id = ProjectId::from(asked.need("project_id")?);
    asked.end();
    let found = desk.store.get::<Project>(&id, &desk.scope).await?.value;
    Ok(Json(row(&found)))
}

async fn list(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let mut filters = Vec::new();
    filters.extend(asked.take("team_id").map(|id| Filter::Is(Field::Team, id)));
    filters.extend(asked.take("project_alias").map(|alias| Filter::Holds(Field::Alias, alias)));
    let paging = Paging::of(&mut asked, 1_000, 1_000)?;
    asked.end();
    let query = Query { sort: Field::Alias, descending: false, ..paging.query(filters) };
    let page = desk.store.list::<Project>(&query, &desk.scope).await?;
    Ok(Json(page.records.iter().map(|found| Value::Object(row(&found.value))).collect()))
}
