//! `users`: people, and what they may do.

use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use serde_json::json;

use crate::Found;
use crate::manage::api::Api;
use crate::manage::fields::{Limits, Object, Set, body, changes, object};
use crate::manage::lists::{List, Paging, fetch};
use crate::manage::print::{Out, changed, dollars, first, names, part, words};
use crate::manage::{Gateway, drive, names as find};

/// How the API lists them.
pub(crate) const LIST: List = List {
    path: "/user/list",
    entries: "users",
    query: ["page_size", "sort_by", "sort_order"],
    total: "total",
};

/// What to do with users.
#[derive(Debug, Args)]
pub(crate) struct UsersArgs {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    gateway: Gateway,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a user
    Create(Box<CreateArgs>),
    /// List users
    List(Box<ListArgs>),
    /// Show a user, with teams and keys
    Show {
        /// The id or the address
        user: String,
    },
    /// Change what is said of a user, and nothing else
    Update(Box<UpdateArgs>),
    /// Delete users, and the keys of theirs
    Delete {
        /// Their ids or addresses
        #[arg(required = true)]
        users: Vec<String>,
    },
}

#[derive(Debug, Args)]
struct CreateArgs {
    /// The id; a new one if left out
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Teams that the user is in: ids or aliases
    #[arg(long, value_name = "TEAM,…", value_delimiter = ',')]
    teams: Vec<String>,
    /// Also make a key, and print it: once
    #[arg(long)]
    with_key: bool,
    #[command(flatten)]
    fields: Fields,
    #[command(flatten)]
    set: Set,
}

#[derive(Debug, Args)]
struct UpdateArgs {
    /// The id or the address
    user: String,
    #[command(flatten)]
    fields: Fields,
    #[command(flatten)]
    set: Set,
}

/// What a user is.
#[derive(Debug, Args, Serialize)]
struct Fields {
    /// The address of the user's mail
    #[arg(long, value_name = "ADDRESS")]
    #[serde(rename = "user_email")]
    email: Option<String>,
    /// The name for people
    #[arg(long, value_name = "NAME")]
    #[serde(rename = "user_alias")]
    alias: Option<String>,
    /// What the user may do
    #[arg(long, value_enum)]
    #[serde(rename = "user_role")]
    role: Option<Role>,
    /// Models that the user's own keys may ask; all if left out
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', help_heading = "Grants")]
    models: Vec<String>,
    #[command(flatten)]
    #[serde(flatten)]
    limits: Limits,
    /// Notes of yours
    #[arg(long, value_name = "JSON", value_parser = object, help_heading = "More")]
    metadata: Option<Object>,
}

/// What a user may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[value(rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
enum Role {
    /// Manages everything
    ProxyAdmin,
    /// Sees everything
    ProxyAdminViewer,
    /// Manages an organisation
    OrgAdmin,
    /// Has keys, and manages them
    InternalUser,
    /// Has keys, and sees them
    InternalUserViewer,
}

#[derive(Debug, Args)]
struct ListArgs {
    /// Those of a role
    #[arg(long, value_enum)]
    role: Option<Role>,
    /// Those whose address has this in it
    #[arg(long, value_name = "TEXT")]
    email: Option<String>,
    /// Those in a team: its id or its alias
    #[arg(long, value_name = "TEAM")]
    team: Option<String>,
    #[command(flatten)]
    paging: Paging,
}

/// Does it.
pub(crate) fn run(args: &UsersArgs) -> anyhow::Result<Found> {
    drive(&args.gateway, async |api, out| match &args.command {
        Command::Create(args) => create(api, out, args).await,
        Command::List(args) => list(api, out, args).await,
        Command::Show { user } => show(api, out, user).await,
        Command::Update(args) => update(api, out, args).await,
        Command::Delete { users } => delete(api, out, users).await,
    })
}

async fn create(api: &Api, out: &mut Out, args: &CreateArgs) -> anyhow::Result<()> {
    let mut said = body(&args.fields, &args.set)?;
    said["auto_create_key"] = json!(args.with_key);
    if let Some(id) = &args.id {
        said["user_id"] = json!(id);
    }
    if !args.teams.is_empty() {
        let mut teams = Vec::new();
        for team in &args.teams {
            teams.push(find::team(api, team).await?);
        }
        said["teams"] = json!(teams);
    }
    let answer = api.post("/user/new", &said).await?;
    let mut record = changed(&answer);
    record.retain(|name, _| !["key", "token", "token_id"].contains(&name.as_str()));
    match answer["key"].as_str().filter(|key| !key.is_empty()) {
        Some(key) => out.new_key(&answer, &record, key),
        None => out.record(&answer, &record, &words(&answer["user_id"])),
    }
}

async fn list(api: &Api, out: &mut Out, args: &ListArgs) -> anyhow::Result<()> {
    let team = match &args.team {
        Some(team) => Some(find::team(api, team).await?),
        None => None,
    };
    let role = args.role.map(|role| words(&json!(role)));
    let filters = [("role", role), ("user_email", args.email.clone()), ("team", team)];
    let page = fetch(api, LIST, &filters, &args.paging).await?;
    out.list(
        page,
        [
            ("USER", |user| words(&user["user_id"])),
            ("ADDRESS", |user| words(&user["user_email"])),
            ("NAME", |user| words(&user["user_alias"])),
            ("ROLE", |user| words(&user["user_role"])),
            ("TEAMS", |user| names(&user["teams"])),
            ("KEYS", |user| words(&user["key_count"])),
            ("SPENT", |user| dollars(&user["spend"])),
            ("BUDGET", |user| dollars(&user["max_budget"])),
        ],
        |user| words(&user["user_id"]),
    )
}

async fn show(api: &Api, out: &mut Out, user: &str) -> anyhow::Result<()> {
    let user = find::user(api, user).await?;
    let answer = api.get("/user/info", &[("user_id", user.clone())]).await?;
    let mut record = part(&answer, "user_info");
    // Keys and teams by what people call them.
    let called = |list: &str, [name, id]: [&str; 2]| {
        let entries = answer[list].as_array().into_iter().flatten();
        entries.map(|one| json!(first(&[&one[name], &one[id]]))).collect()
    };
    record.insert("teams".to_owned(), called("teams", ["team_alias", "team_id"]));
    record.insert("keys".to_owned(), called("keys", ["key_alias", "key_name"]));
    out.record(&answer, &record, &user)
}

async fn update(api: &Api, out: &mut Out, args: &UpdateArgs) -> anyhow::Result<()> {
    let mut said = changes(&args.fields, &args.set)?;
    let user = find::user(api, &args.user).await?;
    said["user_id"] = json!(user);
    let answer = api.post("/user/update", &said).await?;
    out.record(&answer, &changed(&answer), &user)
}

async fn delete(api: &Api, out: &mut Out, users: &[String]) -> anyhow::Result<()> {
    let mut ids = Vec::new();
    for user in users {
        ids.push(find::user(api, user).await?);
    }
    let answer = api.post("/user/delete", &json!({ "user_ids": ids })).await?;
    out.done(&answer, &format!("deleted {}", users.join(", ")), &ids.join("\n"))
}
