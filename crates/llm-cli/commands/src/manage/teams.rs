//! `teams`: teams and their members.

use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use serde_json::{Number, Value, json};

use crate::Found;
use crate::manage::api::Api;
use crate::manage::fields::{Grants, Limits, More, Object, Set, body, changes, number, object};
use crate::manage::lists::{List, Paging, fetch};
use crate::manage::print::{Out, changed, dollars, first, names, part, words};
use crate::manage::{Gateway, drive, names as find};

/// How the API lists them.
pub(crate) const LIST: List = List {
    path: "/v2/team/list",
    entries: "teams",
    query: ["page_size", "sort_by", "sort_order"],
    total: "total",
};

/// What to do with teams.
#[derive(Debug, Args)]
pub(crate) struct TeamsArgs {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    gateway: Gateway,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a team
    Create(Box<CreateArgs>),
    /// List teams
    List(Box<ListArgs>),
    /// Show a team, its members and its keys
    Show {
        /// Its id or its alias
        team: String,
    },
    /// Change what is said of a team, and nothing else
    Update(Box<UpdateArgs>),
    /// Refuse requests with the keys of a team
    Block {
        /// Its id or its alias
        team: String,
    },
    /// Serve requests with the keys of a team again
    Unblock {
        /// Its id or its alias
        team: String,
    },
    /// Delete teams, and the keys of theirs
    Delete {
        /// Their ids or their aliases
        #[arg(required = true)]
        teams: Vec<String>,
    },
    /// Take a user into a team
    AddMember(AddArgs),
    /// Take a user out of a team
    RemoveMember(RemoveArgs),
}

#[derive(Debug, Args)]
struct CreateArgs {
    /// Its id; a new one if left out
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Users who administer it
    #[arg(long = "admin", value_name = "USER,…", value_delimiter = ',')]
    admins: Vec<String>,
    /// Users who are in it
    #[arg(long = "member", value_name = "USER,…", value_delimiter = ',')]
    members: Vec<String>,
    #[command(flatten)]
    fields: Fields,
    #[command(flatten)]
    set: Set,
}

#[derive(Debug, Args)]
struct UpdateArgs {
    /// Its id or its alias
    team: String,
    #[command(flatten)]
    fields: Fields,
    #[command(flatten)]
    set: Set,
}

/// What a team is.
#[derive(Debug, Args, Serialize)]
struct Fields {
    /// Its name for people
    #[arg(long, value_name = "NAME")]
    #[serde(rename = "team_alias")]
    alias: Option<String>,
    /// The organisation that it belongs to
    #[arg(long, value_name = "ID")]
    #[serde(rename = "organization_id")]
    organization: Option<String>,
    #[command(flatten)]
    #[serde(flatten)]
    limits: Limits,
    /// Dollars that each member may spend
    #[arg(long, value_name = "USD", value_parser = number, help_heading = "Limits")]
    team_member_budget: Option<Number>,
    /// Requests a minute of each member
    #[arg(long = "team-member-rpm", value_name = "N", help_heading = "Limits")]
    team_member_rpm_limit: Option<u64>,
    /// Tokens a minute of each member
    #[arg(long = "team-member-tpm", value_name = "N", help_heading = "Limits")]
    team_member_tpm_limit: Option<u64>,
    #[command(flatten)]
    #[serde(flatten)]
    grants: Grants,
    #[command(flatten)]
    #[serde(flatten)]
    more: More,
    /// Names of the team's for models, such as `{"fast":"gpt-4o-mini"}`
    #[arg(long, value_name = "JSON", value_parser = object, help_heading = "More")]
    model_aliases: Option<Object>,
}

#[derive(Debug, Args)]
struct ListArgs {
    /// Those of a user: the id or the address
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// Those of an organisation
    #[arg(long, value_name = "ID")]
    organization: Option<String>,
    /// Those whose alias has this in it
    #[arg(long, value_name = "TEXT")]
    alias: Option<String>,
    #[command(flatten)]
    paging: Paging,
}

#[derive(Debug, Args)]
struct AddArgs {
    /// The team's id or its alias
    team: String,
    /// The user's id, or an address
    user: String,
    /// What the user may do in it
    #[arg(long, value_enum, default_value = "user")]
    role: Role,
    /// Dollars that the user may spend in it
    #[arg(long, value_name = "USD", value_parser = number)]
    max_budget: Option<Number>,
}

#[derive(Debug, Args)]
struct RemoveArgs {
    /// The team's id or its alias
    team: String,
    /// The user's id, or an address
    user: String,
}

/// What a member may do in a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
enum Role {
    /// Manages the team
    Admin,
    /// Has keys of the team
    User,
}

/// Does it.
pub(crate) fn run(args: &TeamsArgs) -> anyhow::Result<Found> {
    drive(&args.gateway, async |api, out| match &args.command {
        Command::Create(args) => create(api, out, args).await,
        Command::List(args) => list(api, out, args).await,
        Command::Show { team } => show(api, out, team).await,
        Command::Update(args) => update(api, out, args).await,
        Command::Block { team } => block(api, out, team, true).await,
        Command::Unblock { team } => block(api, out, team, false).await,
        Command::Delete { teams } => delete(api, out, teams).await,
        Command::AddMember(args) => add(api, out, args).await,
        Command::RemoveMember(args) => remove(api, out, args).await,
    })
}

async fn create(api: &Api, out: &mut Out, args: &CreateArgs) -> anyhow::Result<()> {
    let mut body = body(&args.fields, &args.set)?;
    if let Some(id) = &args.id {
        body["team_id"] = json!(id);
    }
    let admins = args.admins.iter().map(|user| member(user, Role::Admin));
    let members: Vec<Value> =
        admins.chain(args.members.iter().map(|user| member(user, Role::User))).collect();
    if !members.is_empty() {
        body["members_with_roles"] = members.into();
    }
    let answer = api.post("/team/new", &body).await?;
    out.record(&answer, &changed(&answer), &words(&answer["team_id"]))
}

async fn list(api: &Api, out: &mut Out, args: &ListArgs) -> anyhow::Result<()> {
    let user = match &args.user {
        Some(user) => Some(find::user(api, user).await?),
        None => None,
    };
    let filters = [
        ("user_id", user),
        ("organization_id", args.organization.clone()),
        ("team_alias", args.alias.clone()),
    ];
    let page = fetch(api, LIST, &filters, &args.paging).await?;
    out.list(
        page,
        [
            ("TEAM", |team| first(&[&team["team_alias"], &team["team_id"]])),
            ("ID", |team| words(&team["team_id"])),
            ("ORGANISATION", |team| words(&team["organization_id"])),
            ("MEMBERS", |team| team["members_with_roles"].as_array().map_or(0, Vec::len).to_string()),
            ("MODELS", |team| names(&team["models"])),
            ("SPENT", |team| dollars(&team["spend"])),
            ("BUDGET", |team| dollars(&team["max_budget"])),
            ("BLOCKED", |team| if team["blocked"] == true { "yes" } else { "-" }.to_owned()),
        ],
        |team| words(&team["team_id"]),
    )
}

async fn show(api: &Api, out: &mut Out, team: &str) -> anyhow::Result<()> {
    let team = find::team(api, team).await?;
    let answer = api.get("/team/info", &[("team_id", team.clone())]).await?;
    let mut record = part(&answer, "team_info");
    // Keys by what people call them.
    let keys = answer["keys"].as_array().into_iter().flatten();
    let keys = keys.map(|key| json!(first(&[&key["key_alias"], &key["key_name"]])));
    record.insert("keys".to_owned(), keys.collect());
    out.record(&answer, &record, &team)
}

async fn update(api: &Api, out: &mut Out, args: &UpdateArgs) -> anyhow::Result<()> {
    let mut body = changes(&args.fields, &args.set)?;
    let team = find::team(api, &args.team).await?;
    body["team_id"] = json!(team);
    let answer = api.post("/team/update", &body).await?;
    out.record(&answer, &changed(&answer), &team)
}

async fn block(api: &Api, out: &mut Out, name: &str, blocked: bool) -> anyhow::Result<()> {
    let team = find::team(api, name).await?;
    let path = if blocked { "/team/block" } else { "/team/unblock" };
    let answer = api.post(path, &json!({ "team_id": team })).await?;
    out.done(&answer, &format!("{name} {}", if blocked { "blocked" } else { "serves again" }), &team)
}

async fn delete(api: &Api, out: &mut Out, teams: &[String]) -> anyhow::Result<()> {
    let mut ids = Vec::new();
    for team in teams {
        ids.push(find::team(api, team).await?);
    }
    let answer = api.post("/team/delete", &json!({ "team_ids": ids })).await?;
    out.done(&answer, &format!("deleted {}", teams.join(", ")), &ids.join("\n"))
}

async fn add(api: &Api, out: &mut Out, args: &AddArgs) -> anyhow::Result<()> {
    let team = find::team(api, &args.team).await?;
    let mut body = json!({"team_id": team, "member": member(&args.user, args.role)});
    if let Some(dollars) = &args.max_budget {
        body["max_budget_in_team"] = json!(dollars);
    }
    let answer = api.post("/team/member_add", &body).await?;
    out.done(&answer, &format!("{} is in {}", args.user, args.team), &args.user)
}

async fn remove(api: &Api, out: &mut Out, args: &RemoveArgs) -> anyhow::Result<()> {
    let team = find::team(api, &args.team).await?;
    let mut body = json!({ "team_id": team });
    body[called(&args.user)] = json!(args.user);
    let answer = api.post("/team/member_delete", &body).await?;
    out.done(&answer, &format!("{} is no longer in {}", args.user, args.team), &args.user)
}

/// A member as the API has it.
fn member(user: &str, role: Role) -> Value {
    let mut member = json!({ "role": role });
    member[called(user)] = json!(user);
    member
}

/// What a text names a user by.
fn called(user: &str) -> &'static str {
    if user.contains('@') { "user_email" } else { "user_id" }
}
