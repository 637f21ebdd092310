//! Users.

mod change;
mod look;
mod make;
mod remove;

use std::collections::BTreeMap;

use axum::routing::{get, post};
use llm_store::{Field, Filter};
use llm_tenancy::management::{Resource, Verb};
use llm_tenancy::{Document, Role, TeamId, TeamMember, User, UserId};
use llm_types::ParseError;
use serde_json::{Value, json};

use crate::desk::Desk;
use crate::endpoint::{Endpoint, Param};
use crate::fault::Fault;
use crate::member::{self, Member, members};
use crate::paging::{Paging, every};
use crate::shape::Shape;
use crate::terms::{conduct, grants, limits, spending, stamp};
use crate::veil::metadata;
use crate::wire::{Wire, found, wrong};

/// The most users of one request.
const MOST: usize = 500;

pub(crate) fn endpoints() -> Vec<Endpoint> {
    let (settable, shown) = (|| Param::settable(&user()), || Param::shown(&user()));
    let id = || Param::new("user_id", Shape::Text, "Its id; the caller's own user if left out");
    let one = || {
        [
            Param::new("user_id", Shape::Text, "Which; or the one with `user_email`"),
            Param::new("user_role", Shape::Text, "What the user may manage"),
            Param::new("spend", Shape::Number, "Dollars that the user has spent from now on"),
        ]
    };
    let many = || Param::new("users", Shape::List(&Shape::Object), "The users, 500 at most").required();
    vec![
        Endpoint::post("/user/new", "Makes a user, and a key for the user", post(make::new))
            .takes(make::PARAMS)
            .takes([make::KEY])
            .takes(settable())
            .gives(shown())
            .gives_too([TEAMS, Param::new("key", Shape::Text, "The key, shown this once")]),
        Endpoint::post("/management/v1/users/bulk", "Makes users, each for itself", post(make::bulk))
            .takes([many()])
            .gives([Param::new("data", Shape::List(&Shape::Object), "What became of each, in their order")]),
        Endpoint::post("/user/update", "Changes a user", post(change::update))
            .takes(one())
            .takes(settable())
            .gives([
                Param::new("user_id", Shape::Text, "Its id"),
                Param::new("data", Shape::Object, "The user as it is now"),
            ]),
        Endpoint::post("/user/bulk_update", "Changes users, each for itself", post(change::bulk))
            .takes([
                Param::new(
                    "users",
                    Shape::List(&Shape::Object),
                    "The changes, 500 at most, as for `/user/update`",
                ),
                Param::new("all_users", Shape::Flag, "Whether all users are changed, by `user_updates`"),
                Param::new("user_updates", Shape::Object, "What of all users is changed"),
            ])
            .gives([
                Param::new("results", Shape::List(&Shape::Object), "What became of each"),
                Param::new("total_requested", Shape::Integer, "How many"),
                Param::new("successful_updates", Shape::Integer, "How many were changed"),
                Param::new("failed_updates", Shape::Integer, "How many were not"),
            ]),
        Endpoint::post("/user/delete", "Deletes users with their keys", post(remove::delete))
            .takes([Param::new("user_ids", Shape::List(&Shape::Text), "Their ids").required()])
            .gives_other(Shape::Integer),
        Endpoint::post(
            "/management/v1/users/bulk_delete",
            "Deletes those of these users that there are",
            post(remove::bulk),
        )
        .takes([Param::new("user_ids", Shape::List(&Shape::Text), "Their ids, 500 at most").required()])
        .gives([Param::new(
            "data",
            Shape::List(&Shape::Object),
            "What became of each, in their order",
        )]),
        Endpoint::get("/user/info", "Shows a user with keys and teams", get(look::info)).asks([id()]).gives(
            [
                Param::new("user_id", Shape::Text, "Its id"),
                Param::new("user_info", Shape::Object, "The user"),
                Param::new("keys", Shape::List(&Shape::Object), "The newest 1,000 keys of the user"),
                Param::new("teams", Shape::List(&Shape::Object), "Teams of the user"),
            ],
        ),
        Endpoint::get("/v2/user/info", "Shows a user", get(look::info_v2))
            .asks([id()])
            .gives(shown())
            .gives_too([TEAMS]),
        Endpoint::get("/management/v1/users/me", "Shows whose key this is", get(look::me)).gives([
            Param::new("user_id", Shape::Text, "The user's id"),
            Param::new("user_role", Shape::Text, "What the user may manage"),
            Param::new("user_email", Shape::Maybe(&Shape::Text), "The user's address"),
        ]),
        Endpoint::get("/user/list", "Lists users", get(look::list))
            .asks(look::FILTERS)
            .asks(Paging::PARAMS)
            .gives([
                Param::new(
                    "users",
                    Shape::List(&Shape::Object),
                    "The users of this page, with `teams` and `key_count`",
                ),
                Param::new("total", Shape::Integer, "How many there are on all pages"),
                Param::new("total_pages", Shape::Integer, "How many pages there are"),
            ]),
        Endpoint::get("/user/filter/ui", "Looks for users by parts of ids and addresses", get(look::filter))
            .asks([
                Param::new("user_id", Shape::Text, "What the id holds"),
                Param::new("user_email", Shape::Text, "What the address holds"),
                Param::new("search", Shape::Text, "What either holds"),
            ])
            .asks(Paging::PARAMS)
            .gives_other(Shape::List(&Shape::Object)),
        Endpoint::get("/user/available_roles", "Lists the roles that users may have", get(look::roles))
            .gives_other(Shape::Map(&Shape::Object)),
    ]
}

const TEAMS: Param = Param::new("teams", Shape::List(&Shape::Text), "Ids of the user's teams");

/// What of a user is set and shown; roles are set by hand.
fn user() -> Vec<Member<User>> {
    let mut all = members!(User {
        @get "user_id" user_id: UserId, "Its id";
        "user_alias" user_alias: Option<String>, "A name for people";
        "user_email" user_email: Option<String>, "The address, unlike every other user's";
        "sso_user_id" sso_user_id: Option<String>, "The subject by which the identity provider knows the user";
        @get "user_role" user_role: Role, "What the user may manage";
        "budget_id" budget_id: Option<llm_tenancy::BudgetId>, "The budget that the user shares with others";
        "blocked" blocked: bool, "Whether all keys of the user are refused for now";
        "aliases" grants.aliases: BTreeMap<String, String>, "Which model is meant by a name";
    });
    all.extend(grants!(User));
    all.extend(limits!(User));
    all.extend(conduct!(User));
    all.extend(spending!(User));
    all.extend(metadata!(User));
    all.extend(stamp!(User));
    all
}

/// A user as it is shown, with ids of teams.
pub(crate) fn show(it: &User, teams: &[TeamId]) -> Document {
    let mut shown = member::show(it, &user());
    shown.insert("teams".to_owned(), json!(teams));
    shown
}

/// The teams that users are in, as far as the caller may look.
pub(crate) async fn teams_of(desk: &Desk, users: &[UserId]) -> Result<BTreeMap<UserId, Vec<TeamId>>, Fault> {
    let users = users.iter().map(|id| id.as_str().to_owned()).collect();
    let scope = desk.scope_of(Resource::TeamMember, Verb::List);
    let of_users = vec![Filter::Among(Field::User, users)];
    let mut teams: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for member in every::<TeamMember>(&desk.store, of_users, &scope).await? {
        teams.entry(member.user_id).or_default().push(member.team_id);
    }
    teams.values_mut().for_each(|teams| teams.sort_unstable());
    Ok(teams)
}

/// The objects of a list, of which there are so many at most.
fn rows(said: &mut crate::said::Said, name: &str) -> Result<Vec<Document>, Fault> {
    let rows: Vec<Document> = said.need(name)?;
    if rows.is_empty() || rows.len() > MOST {
        return Err(Fault::invalid(name, format!("{name} must be 1 to {MOST}")));
    }
    Ok(rows)
}

/// A team that a user comes into, as requests name it: by its id, or with what the user is to be there.
#[derive(Debug, Clone)]
struct Joining {
    team_id: TeamId,
    role: llm_tenancy::TeamRole,
    max_budget: Option<llm_tenancy::Usd>,
    /// What nothing is made of.
    left: Document,
}

impl Joining {
    fn plain(team_id: TeamId) -> Self {
        Self { team_id, role: Default::default(), max_budget: None, left: Document::new() }
    }
}

impl Wire for Joining {
    const SHAPE: Shape = Shape::Any;

    fn read(value: Value) -> Result<Self, ParseError> {
        match value {
            Value::String(id) => Ok(Self::plain(id.into())),
            Value::Object(mut members) => {
                let mut take = |name: &str| members.shift_remove(name).filter(|value| !value.is_null());
                let id = take("team_id").ok_or_else(|| wrong("team_id is missing"))?;
                Ok(Self {
                    team_id: Wire::read(id).map_err(|error: ParseError| error.at("team_id"))?,
                    role: match take("user_role") {
                        Some(role) => Wire::read(role).map_err(|error: ParseError| error.at("user_role"))?,
                        None => Default::default(),
                    },
                    max_budget: match take("max_budget_in_team") {
                        Some(budget) => Some(
                            Wire::read(budget).map_err(|error: ParseError| error.at("max_budget_in_team"))?,
                        ),
                        None => None,
                    },
                    left: members,
                })
            }
            other => Err(wrong(format!("expected a team's id or an object, found {}", found(&other)))),
        }
    }

    fn show(&self) -> Value {
        json!(self.team_id)
    }
}
