//! Who is in teams, and what each may spend there.

mod add;
mod change;
mod remove;
mod show;

use axum::routing::{get, post};
use llm_store::StoreError;
use llm_tenancy::Kind;

use crate::endpoint::{Endpoint, Param};
use crate::fault::Fault;
use crate::people::Named;
use crate::said::Said;
use crate::shape::Shape;
use crate::teams::ID;

pub(crate) fn endpoints() -> Vec<Endpoint> {
    let bulk =
        Param::new("data", Shape::List(&Shape::Object), "What became of each, in the order of the request");
    vec![
        Endpoint::post("/team/member_add", "Adds members to a team", post(add::add))
            .takes([
                ID.required(),
                Param::new("member", Shape::Any, "`{user_id or user_email, role}`, or a list of these").required(),
            ])
            .takes(BOUNDS)
            .gives([
                ID,
                Param::new("members_with_roles", Shape::List(&Shape::Object), "The members of the team"),
                Param::new("updated_users", Shape::List(&Shape::Object), "The users who were added"),
                Param::new("updated_team_memberships", Shape::List(&Shape::Object), "What they may spend"),
            ]),
        Endpoint::post("/team/bulk_member_add", "Adds many members to a team", post(add::bulk))
            .takes([
                ID.required(),
                Param::new("members", Shape::List(&Shape::Object), "`{user_id or user_email, role}`, 500 at most"),
                Param::new("all_users", Shape::Flag, "Whether all users are added"),
            ])
            .takes(BOUNDS)
            .gives([
                ID,
                Param::new("results", Shape::List(&Shape::Object), "What became of each"),
                Param::new("total_requested", Shape::Integer, "How many were named"),
                Param::new("successful_additions", Shape::Integer, "How many were added"),
                Param::new("failed_additions", Shape::Integer, "How many were not"),
                Param::new("updated_team", Shape::Object, "The team"),
            ]),
        Endpoint::post("/team/member_update", "Changes a member of a team", post(change::update))
            .takes([ID.required(), USER, EMAIL, ROLE])
            .takes(BOUNDS)
            .takes(MORE)
            .gives([ID, USER, EMAIL, ROLE])
            .gives_too(BOUNDS)
            .gives_too(MORE),
        Endpoint::post("/team/member_delete", "Takes a member out of a team, and the keys with it", post(remove::one))
            .takes([ID.required(), USER, EMAIL])
            .gives([ID, Param::new("members_with_roles", Shape::List(&Shape::Object), "The members that stay")]),
        Endpoint::get("/team/{team_id}/members/me", "Shows the caller's own place in a team", get(show::me)).gives([
            USER,
            ID,
            Param::new("team_alias", Shape::Maybe(&Shape::Text), "The team's name for people"),
            ROLE,
            EMAIL,
            Param::new("spend", Shape::Number, "Dollars spent since the budget began"),
            Param::new("litellm_budget_table", Shape::Maybe(&Shape::Object), "What may be spent"),
        ]),
        Endpoint::post(
            "/team/{team_id}/member/{user_id}/reset_spend",
            "Sets what a member has spent",
            post(change::reset_spend),
        )
        .takes([Param::new("reset_to", Shape::Number, "Dollars, no more than are spent").required()])
        .gives([
            ID,
            USER,
            Param::new("spend", Shape::Number, "Dollars spent"),
            Param::new("previous_spend", Shape::Number, "Dollars spent before"),
            Param::new("max_budget", Shape::Maybe(&Shape::Number), "Dollars that may be spent"),
        ]),
        Endpoint::post(
            "/team/{team_id}/member/{user_id}/reset_budget",
            "Puts a member under the bounds that the team has for its members",
            post(change::reset_budget),
        )
        .gives([
            ID,
            USER,
            Param::new("budget_id", Shape::Maybe(&Shape::Text), "The budget of the member"),
            Param::new("previous_budget_id", Shape::Maybe(&Shape::Text), "The one before"),
            Param::new("budget_source", Shape::Word(&["team_default", "none"]), "Whose bounds hold"),
        ]),
        Endpoint::post(
            "/management/v1/teams/{team_id}/members/bulk_update",
            "Changes the bounds of many members",
            post(change::bulk),
        )
        .takes([Param::new(
            "members",
            Shape::List(&Shape::Object),
            "1 to 500 of `{user_id or user_email, max_budget_in_team, budget_duration, tpm_limit, rpm_limit, allowed_models}`",
        )
        .required()])
        .gives([bulk]),
        Endpoint::post(
            "/management/v1/teams/{team_id}/members/bulk_delete",
            "Takes many members out of a team",
            post(remove::bulk),
        )
        .takes([Param::new("members", Shape::List(&Shape::Object), "1 to 500 of `{user_id or user_email}`").required()])
        .gives([bulk]),
    ]
}

const USER: Param = Param::new("user_id", Shape::Text, "The user");
const EMAIL: Param = Param::new("user_email", Shape::Maybe(&Shape::Text), "The user's address");
const ROLE: Param = Param::new("role", Shape::Word(&["admin", "user"]), "What the user is in the team");
const BOUNDS: [Param; 3] = [
    Param::new("max_budget_in_team", Shape::Maybe(&Shape::Number), "Dollars that may be spent in the team"),
    Param::new("budget_duration", Shape::Maybe(&Shape::Text), "After which time that begins anew"),
    Param::new(
        "allowed_models",
        Shape::List(&Shape::Text),
        "Models that may be called; all of the team's if empty",
    ),
];
const MORE: [Param; 5] = [
    Param::new("tpm_limit", Shape::Maybe(&Shape::Integer), "Tokens a minute"),
    Param::new("rpm_limit", Shape::Maybe(&Shape::Integer), "Requests a minute"),
    Param::new("model_max_budget", Shape::Map(&Shape::Object), "Budgets by model"),
    Param::new("temp_budget_increase", Shape::Maybe(&Shape::Number), "Dollars more for a while"),
    Param::new("temp_budget_expiry", Shape::Maybe(&Shape::Time), "Until when"),
];

/// The most members of one request.
const MOST: usize = 500;

/// Whom a request means, in its body.
fn named(said: &mut Said) -> Result<Named, Fault> {
    Ok(Named::take(&mut said.members)?)
}

/// Nobody like this is in the team.
fn nobody() -> Fault {
    StoreError::NotFound(Kind::TeamMember).into()
}
