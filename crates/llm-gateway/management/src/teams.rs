//! Teams.

mod callbacks;
mod change;
mod look;
mod permissions;
mod roster;

use axum::routing::{get, patch, post};
use llm_tenancy::{Document, OrganizationId, Team, TeamId};
use serde_json::{Value, json};

use crate::endpoint::{Endpoint, Param};
use crate::member::{self, Member, members};
use crate::paging::Paging;
use crate::shape::Shape;
use crate::terms::{conduct, grants, limits, spending, stamp};
use crate::veil::metadata;

pub(crate) use change::{begin, join, role};
pub(crate) use roster::{Roster, membership};

pub(crate) fn endpoints() -> Vec<Endpoint> {
    let settable = || Param::settable(&team());
    let shown = || {
        let mut shown = Param::shown(&team());
        shown.push(Param::new("members_with_roles", Shape::List(&Shape::Object), "Its members"));
        shown
    };
    vec![
        Endpoint::post("/team/new", "Makes a team, and its members with it", post(change::new))
            .takes([
                Param::new("team_id", Shape::Text, "Its id; a new one if left out"),
                ORGANIZATION,
                Param::new(
                    "members_with_roles",
                    Shape::List(&Shape::Object),
                    "Members: `{user_id or user_email, role}`; users that there are not yet are made",
                ),
                Param::new("admins", Shape::List(&Shape::Text), "Ids of members that are admins"),
                Param::new("members", Shape::List(&Shape::Text), "Ids of other members"),
            ])
            .takes(settable())
            .gives(shown()),
        Endpoint::post("/team/update", "Changes a team", post(change::update))
            .takes([ID.required(), ORGANIZATION])
            .takes(settable())
            .gives([ID, Param::new("data", Shape::Object, "The team")]),
        Endpoint::new("PATCH", "/team/{team_id}", "Changes a team", patch(change::amend))
            .takes([ORGANIZATION])
            .takes(settable())
            .gives(shown()),
        Endpoint::post("/team/delete", "Deletes teams, and all that is theirs", post(change::delete))
            .takes([Param::new("team_ids", Shape::List(&Shape::Text), "Their ids").required()])
            .gives([Param::new("deleted_teams", Shape::List(&Shape::Text), "Their ids")]),
        Endpoint::post("/team/block", "Refuses all that a team asks", post(change::block))
            .takes([ID.required()])
            .gives(shown()),
        Endpoint::post("/team/unblock", "Lets a team in again", post(change::unblock))
            .takes([ID.required()])
            .gives(shown()),
        Endpoint::post("/team/model/add", "Adds to the models of a team", post(change::add_models))
            .takes([ID.required(), MODELS.required()])
            .gives(shown()),
        Endpoint::post("/team/model/delete", "Takes from the models of a team", post(change::remove_models))
            .takes([ID.required(), MODELS.required()])
            .gives(shown()),
        Endpoint::get("/team/info", "Shows a team with its members and keys", get(look::info))
            .asks([
                ID.required(),
                Param::new(
                    "key_limit",
                    Shape::Integer,
                    "The most keys to show, 1 to 1,000; 1,000 if left out",
                ),
            ])
            .gives([
                ID,
                Param::new("team_info", Shape::Object, "The team"),
                Param::new(
                    "keys",
                    Shape::List(&Shape::Object),
                    "Its keys that the caller may see, newest first",
                ),
                Param::new("keys_count", Shape::Integer, "How many there are of them"),
                Param::new(
                    "team_memberships",
                    Shape::List(&Shape::Object),
                    "What its members may spend, and spent",
                ),
            ]),
        Endpoint::get("/team/list", "Lists teams, with their members and keys", get(look::list))
            .asks([USER, OF_ORGANIZATION])
            .asks(Paging::PARAMS)
            .gives_other(Shape::List(&Shape::Object)),
        Endpoint::get("/v2/team/list", "Lists teams, page by page", get(look::pages))
            .asks([
                USER,
                OF_ORGANIZATION,
                Param::new("team_id", Shape::Text, "This team alone"),
                Param::new("team_alias", Shape::Text, "Teams whose alias holds this"),
                Param::new("search", Shape::Text, "The team of this id, and teams whose alias holds it"),
                Param::new("sort_by", Shape::Word(look::SORTS), "What they are sorted by"),
                Param::new("sort_order", Shape::Word(&["asc", "desc"]), "`asc` if left out"),
                Param::new("status", Shape::Word(&["deleted"]), "Teams that were deleted"),
            ])
            .asks(Paging::PARAMS)
            .gives([
                Param::new("teams", Shape::List(&Shape::Object), "The page"),
                Param::new("total", Shape::Integer, "How many there are on all pages"),
                Param::new("page", Shape::Integer, "Which page"),
                Param::new("page_size", Shape::Integer, "Teams of a page"),
                Param::new("total_pages", Shape::Integer, "How many pages there are"),
            ]),
        Endpoint::get("/team/available", "Teams that may be joined without an admin", get(look::available))
            .gives_other(Shape::List(&Shape::Object)),
        Endpoint::get("/team/filter/ui", "Finds teams by parts of ids and aliases", get(look::filter))
            .asks([
                Param::new("team_id", Shape::Text, "A part of the id"),
                Param::new("team_alias", Shape::Text, "A part of the alias"),
            ])
            .asks(Paging::PARAMS)
            .gives_other(Shape::List(&Shape::Object)),
        Endpoint::get("/team/metadata_schema", "What teams should write down", get(look::metadata_schema))
            .gives([Param::new("fields", Shape::List(&Shape::Object), "Members of `metadata`")]),
        Endpoint::get("/team/permissions_list", "What members may do with keys", get(permissions::list))
            .asks([ID.required()])
            .gives([
                ID,
                PERMISSIONS,
                Param::new("all_available_permissions", Shape::List(&Shape::Text), "What could be permitted"),
            ]),
        Endpoint::post(
            "/team/permissions_update",
            "Sets what members may do with keys",
            post(permissions::update),
        )
        .takes([ID.required(), PERMISSIONS.required()])
        .gives(shown()),
        Endpoint::post(
            "/team/permissions_bulk_update",
            "Permits more to the members of teams",
            post(permissions::bulk_update),
        )
        .takes([
            Param::new("permissions", Shape::List(&Shape::Text), "What is permitted as well").required(),
            Param::new("team_ids", Shape::List(&Shape::Text), "To the members of which teams"),
            Param::new("apply_to_all_teams", Shape::Flag, "To the members of all teams"),
        ])
        .gives([
            Param::new("message", Shape::Text, "For people"),
            Param::new("teams_updated", Shape::Integer, "How many teams changed"),
            Param::new("permissions_appended", Shape::List(&Shape::Text), "What is permitted as well"),
        ]),
        Endpoint::post("/team/{team_id}/callback", "Adds a callback to a team", post(callbacks::add))
            .takes([
                Param::new("callback_name", Shape::Text, "Which integration, such as `langfuse`").required(),
                Param::new(
                    "callback_type",
                    Shape::Word(callbacks::TYPES),
                    "When it is called; always if left out",
                ),
                Param::new("callback_vars", Shape::Map(&Shape::Text), "Its settings").required(),
            ])
            .gives([callbacks::STATUS, Param::new("data", Shape::Object, "The team")]),
        Endpoint::get("/team/{team_id}/callback", "Shows the callbacks of a team", get(callbacks::show))
            .gives([callbacks::STATUS, callbacks::DATA]),
        Endpoint::new(
            "DELETE",
            "/team/{team_id}/callback/{callback_name}",
            "Takes a callback from a team",
            axum::routing::delete(callbacks::remove),
        )
        .gives([callbacks::STATUS, callbacks::MESSAGE, callbacks::DATA]),
        Endpoint::post(
            "/team/{team_id}/disable_logging",
            "Takes all callbacks from a team",
            post(callbacks::clear),
        )
        .gives([callbacks::STATUS, callbacks::MESSAGE, callbacks::DATA]),
    ]
}

pub(crate) const ID: Param = Param::new("team_id", Shape::Text, "The team");
const ORGANIZATION: Param =
    Param::new("organization_id", Shape::Maybe(&Shape::Text), "The organisation that it belongs to");
const MODELS: Param = Param::new("models", Shape::List(&Shape::Text), "Models, as in the team's `models`");
const USER: Param = Param::new("user_id", Shape::Text, "Teams that this user is in");
const OF_ORGANIZATION: Param = Param::new(
    "organization_id",
    Shape::Text,
    "Teams of this organisation; `default_organization` for those of none",
);
const PERMISSIONS: Param = Param::new(
    "team_member_permissions",
    Shape::List(&Shape::Text),
    "Routes that members may use with keys of the team",
);

/// The members of a team's record. Where it belongs and who is in it is set by hand.
pub(crate) fn team() -> Vec<Member<Team>> {
    let mut all = members!(Team {
        @get "team_id" team_id: TeamId, "Its id";
        "team_alias" team_alias: Option<String>, "A name for people";
        @get "organization_id" organization_id: Option<OrganizationId>, "The organisation that it belongs to";
        "budget_id" budget_id: Option<llm_tenancy::BudgetId>, "The budget that it shares with others";
        "blocked" blocked: bool, "Whether all that it asks is refused";
        "model_aliases" grants.aliases: std::collections::BTreeMap<String, String>, "Which model is meant by a name";
        "tags" tags: Vec<String>, "Labels that its requests have";
        "team_member_permissions" member_permissions: Option<Vec<String>>, "Routes that members that are no admins may use with keys of the team";
        "team_member_budget" member_defaults.limits.max_budget: Option<llm_pricing::Usd>, "Dollars that each member may spend, unless the member has bounds of its own";
        "team_member_budget_duration" member_defaults.limits.budget_duration: Option<llm_tenancy::Period>, "After which time `team_member_budget` begins anew";
        "team_member_rpm_limit" member_defaults.limits.rpm_limit: Option<u64>, "Requests a minute of each member";
        "team_member_tpm_limit" member_defaults.limits.tpm_limit: Option<u64>, "Tokens a minute of each member";
        "team_member_model_max_budget" member_defaults.limits.model_max_budget: std::collections::BTreeMap<String, llm_tenancy::ModelBudget>, "Budgets of each member by model";
        "team_member_key_duration" member_defaults.key_duration: Option<llm_tenancy::Period>, "How long keys live that members make";
        "default_team_member_models" member_defaults.models: Vec<String>, "Models that new members begin with; all of the team's if empty";
    });
    all.extend(grants!(Team));
    all.extend(limits!(Team));
    all.extend(conduct!(Team));
    all.extend(spending!(Team));
    all.extend(metadata!(Team));
    all.extend(stamp!(Team));
    all
}

/// A team as it is shown everywhere, with its members.
pub(crate) fn row(team: &Team, roster: &Roster) -> Document {
    let mut row = member::show(team, &self::team());
    row.insert("members_with_roles".to_owned(), roster.lines(&team.team_id));
    // LiteLLM keeps aliases in a record of their own, and its clients look for them there.
    let aliases = &team.grants.aliases;
    let table = if aliases.is_empty() { Value::Null } else { json!({ "model_aliases": aliases }) };
    row.insert("litellm_model_table".to_owned(), table);
    row
}
