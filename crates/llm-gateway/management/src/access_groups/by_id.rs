//! Access groups by their ids.

use std::collections::BTreeMap;

use axum::Json;
use axum::routing::{delete, get, post, put};
use http::StatusCode;
use llm_store::{Field, Filter};
use llm_tenancy::management::{Place, Scope};
use llm_tenancy::{AccessGroup, AccessGroupId, Document, KeyHash, Kind, Team, TeamId, VirtualKey};
use llm_types::ParseError;
use serde_json::{Value, json};

use super::empty;
use crate::desk::Desk;
use crate::endpoint::{Endpoint, Param};
use crate::fault::Fault;
use crate::member::{self, Member, members};
use crate::paging::{Paging, listed};
use crate::parts::Parts;
use crate::said::{Asked, Said};
use crate::shape::Shape;
use crate::terms::stamp;
use crate::wire::Wire;

pub(super) fn endpoints(all: &'static str, one: &'static str) -> Vec<Endpoint> {
    let (settable, shown) = (|| Param::settable(&group()), || Param::shown(&group()));
    let resources = || {
        ["assigned_teams", "assigned_keys", "access_mcp_servers", "access_agents"]
            .map(|name| Param::new(name, Shape::List(&Shape::Object), "The same with names: `{id, name}`"))
    };
    vec![
        Endpoint::post(all, "Makes an access group", post(new))
            .takes([NAME.required()])
            .takes(settable())
            .gives(shown())
            .gives_too(resources())
            .status(201),
        Endpoint::get(all, "Lists access groups: all, or a page of them", get(list))
            .asks([Param::new("search", Shape::Text, "What their name holds")])
            .asks(Paging::PARAMS)
            .gives_other(Shape::List(&Shape::Object)),
        Endpoint::get(one, "Shows an access group", get(info)).gives(shown()).gives_too(resources()),
        Endpoint::new("PUT", one, "Changes an access group", put(update))
            .takes([NAME])
            .takes(settable())
            .gives(shown())
            .gives_too(resources()),
        Endpoint::new("DELETE", one, "Deletes an access group", delete(delete_one)).gives_nothing(),
    ]
}

const NAME: Param = Param::new(
    "access_group_name",
    Shape::Text,
    "Its name, which lists of models may hold in the place of a model's",
);

/// The hash of a key, which requests may also name by its text.
struct Key(KeyHash);

impl Wire for Key {
    const SHAPE: Shape = Shape::Text;

    fn read(value: Value) -> Result<Self, ParseError> {
        String::read(value).map(|text| Self(KeyHash::meant_by(&text)))
    }

    fn show(&self) -> Value {
        self.0.show()
    }
}

/// Names are set by hand: a group has one.
fn group() -> Vec<Member<AccessGroup>> {
    let mut all = members!(AccessGroup {
        @get "access_group_id" access_group_id: AccessGroupId, "Its id";
        @get "access_group_name" access_group_name: String, "Its name";
        "description" description: Option<String>, "What it is for";
        "access_model_names" models: Vec<String>, "Names and patterns of models";
        "access_mcp_server_ids" mcp_server_ids: Vec<String>, "Tool servers";
        "access_agent_ids" agent_ids: Vec<String>, "Agents";
        "assigned_team_ids" assigned_team_ids: Vec<TeamId>, "Teams that have it whatever their own lists say";
    });
    all.push(Member {
        name: "assigned_key_ids",
        about: "Keys that have it whatever their own lists say: their hashes",
        shape: Shape::List(&Shape::Text),
        set: Some(|it, value| {
            it.assigned_keys = Vec::<Key>::read(value)?.into_iter().map(|key| key.0).collect();
            Ok(())
        }),
        get: Some(|it| it.assigned_keys.show()),
    });
    all.extend(stamp!(AccessGroup));
    all
}

async fn new(desk: Desk, mut said: Said) -> Result<(StatusCode, Json<Document>), Fault> {
    desk.check_members(Kind::AccessGroup, &said.members, &Place::default())?;
    let mut made = empty(&desk, name(&mut said)?.ok_or_else(|| Fault::missing("access_group_name"))?);
    said.set(&mut made, &group())?;
    said.end();
    let names = Names::of(&desk, [&made]).await?;
    names.check(&made)?;
    desk.store.create(&made, &desk.by).await?;
    Ok((StatusCode::CREATED, Json(names.show(&made))))
}

async fn update(desk: Desk, Parts(id): Parts<String>, mut said: Said) -> Result<Json<Document>, Fault> {
    desk.check_members(Kind::AccessGroup, &said.members, &Place::default())?;
    let name = name(&mut said)?;
    // What the request names must be there; what the group had already may be gone.
    let mut wanted = empty(&desk, String::new());
    member::set(&mut wanted, &group(), &mut said.members.clone())?;
    let names = Names::of(&desk, [&wanted]).await?;
    names.check(&wanted)?;
    let mut left = Document::new();
    let changed = desk
        .store
        .change(&id.into(), &desk.scope, &desk.by, |it: &mut AccessGroup| {
            // May be called again, with the record anew.
            left = said.members.clone();
            it.access_group_name = name.clone().unwrap_or_else(|| it.access_group_name.clone());
            Ok::<_, Fault>(member::set(it, &group(), &mut left)?)
        })
        .await?;
    desk.ignores(left.keys().cloned());
    Ok(Json(Names::of(&desk, [&changed.value]).await?.show(&changed.value)))
}

async fn delete_one(desk: Desk, Parts(id): Parts<String>) -> Result<StatusCode, Fault> {
    desk.store.delete::<AccessGroup>(&[id.into()], &desk.scope, &desk.by).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn info(desk: Desk, Parts(id): Parts<String>, asked: Asked) -> Result<Json<Document>, Fault> {
    asked.end();
    let found = desk.store.get::<AccessGroup>(&id.into(), &desk.scope).await?.value;
    Ok(Json(Names::of(&desk, [&found]).await?.show(&found)))
}

async fn list(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let paging = Paging::if_asked(&mut asked)?;
    let filters: Vec<_> =
        asked.take("search").map(|part| Filter::Holds(Field::Name, part)).into_iter().collect();
    asked.end();
    let found = listed::<AccessGroup>(&desk, paging, filters, Field::Name).await?;
    let names = Names::of(&desk, &found).await?;
    Ok(Json(found.iter().map(|it| Value::Object(names.show(it))).collect()))
}

fn name(said: &mut Said) -> Result<Option<String>, Fault> {
    let name: Option<String> = said.take("access_group_name")?;
    match name {
        Some(name) if name.trim().is_empty() => Err(Fault::missing("access_group_name")),
        name => Ok(name),
    }
}

/// Names of what groups refer to.
struct Names {
    teams: BTreeMap<TeamId, Option<String>>,
    keys: BTreeMap<KeyHash, Option<String>>,
}

impl Names {
    async fn of<'a>(
        desk: &Desk,
        groups: impl IntoIterator<Item = &'a AccessGroup> + Clone,
    ) -> Result<Self, Fault> {
        // Groups are for those who manage everything.
        let all = Scope::everything();
        let teams: Vec<_> = groups.clone().into_iter().flat_map(|it| it.assigned_team_ids.clone()).collect();
        let keys: Vec<_> = groups.into_iter().flat_map(|it| it.assigned_keys.clone()).collect();
        let teams = desk.store.find_all::<Team>(&teams, &all).await?;
        let keys = desk.store.find_all::<VirtualKey>(&keys, &all).await?;
        Ok(Self {
            teams: teams.into_iter().map(|it| (it.value.team_id, it.value.team_alias)).collect(),
            keys: keys.into_iter().map(|it| (it.value.hash, it.value.key_alias)).collect(),
        })
    }

    /// That all that a group refers to is there.
    fn check(&self, group: &AccessGroup) -> Result<(), Fault> {
        if let Some(id) = group.assigned_team_ids.iter().find(|id| !self.teams.contains_key(*id)) {
            return Err(Fault::invalid("assigned_team_ids", format!("there is no team {id}")));
        }
        if group.assigned_keys.iter().any(|hash| !self.keys.contains_key(hash)) {
            return Err(Fault::invalid("assigned_key_ids", "there is no such key"));
        }
        Ok(())
    }

    fn show(&self, it: &AccessGroup) -> Document {
        let mut shown = member::show(it, &group());
        let unnamed =
            |ids: &[String]| ids.iter().map(|id| json!({"id": id, "name": null})).collect::<Value>();
        let teams = it.assigned_team_ids.iter().map(|id| json!({"id": id, "name": self.teams.get(id)}));
        let keys = it.assigned_keys.iter().map(|id| json!({"id": id, "name": self.keys.get(id)}));
        shown.extend([
            ("assigned_teams".to_owned(), teams.collect()),
            ("assigned_keys".to_owned(), keys.collect()),
            ("access_mcp_servers".to_owned(), unnamed(&it.mcp_server_ids)),
            ("access_agents".to_owned(), unnamed(&it.agent_ids)),
        ]);
        shown
    }
}
