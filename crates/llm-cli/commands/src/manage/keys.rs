//! `keys`: virtual keys.

use anyhow::ensure;
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use serde_json::{Value, json};

use crate::Found;
use crate::manage::api::Api;
use crate::manage::fields::{Grants, Limits, More, Set, body};
use crate::manage::lists::{List, Paging, fetch};
use crate::manage::print::{Out, changed, dollars, first, names, part, when, words};
use crate::manage::{Gateway, drive, names as find};

/// How the API lists them.
pub(crate) const LIST: List = List {
    path: "/key/list",
    entries: "keys",
    query: ["size", "sort_by", "sort_order"],
    total: "total_count",
};

/// What to do with keys.
#[derive(Debug, Args)]
pub(crate) struct KeysArgs {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    gateway: Gateway,
}

/// What to do with keys. KEY is an alias, a hash, or a key itself.
#[derive(Debug, Subcommand)]
enum Command {
    /// Make a key, and print it: once
    Create(Box<CreateArgs>),
    /// List keys
    List(Box<ListArgs>),
    /// Show a key
    Show {
        /// Its alias, its hash, or itself
        key: String,
    },
    /// Change what is said of a key, and nothing else
    Update(Box<UpdateArgs>),
    /// Refuse requests with a key
    Block {
        /// Its alias, its hash, or itself
        key: String,
    },
    /// Serve requests with a key again
    Unblock {
        /// Its alias, its hash, or itself
        key: String,
    },
    /// Put a new key in the place of one, and print it: once
    Rotate(Box<RotateArgs>),
    /// Delete keys
    Delete {
        /// Their aliases, their hashes, or themselves
        #[arg(required = true)]
        keys: Vec<String>,
    },
}

#[derive(Debug, Args)]
struct CreateArgs {
    /// The key itself, instead of one made by chance; at least 16 characters after `sk-`
    #[arg(long, value_name = "KEY")]
    plain_key: Option<String>,
    /// Belongs to nobody but the team
    #[arg(long, requires = "team")]
    service_account: bool,
    #[command(flatten)]
    fields: Fields,
    #[command(flatten)]
    set: Set,
}

#[derive(Debug, Args)]
struct UpdateArgs {
    /// Its alias, its hash, or itself
    key: String,
    /// Dollars that may be spent beside the budget, until `--temp-budget-expiry`
    #[arg(long, value_name = "USD", requires = "temp_budget_expiry", help_heading = "Limits")]
    temp_budget_increase: Option<f64>,
    /// Until when, such as `2026-12-31T00:00:00Z`
    #[arg(long, value_name = "TIME", requires = "temp_budget_increase", help_heading = "Limits")]
    temp_budget_expiry: Option<String>,
    #[command(flatten)]
    fields: Fields,
    #[command(flatten)]
    set: Set,
}

#[derive(Debug, Args)]
struct RotateArgs {
    /// Its alias, its hash, or itself
    key: String,
    /// The new key, instead of one made by chance
    #[arg(long, value_name = "KEY")]
    plain_key: Option<String>,
    /// For how long the old key goes on, such as `24h`; not at all if left out
    #[arg(long, value_name = "TIME")]
    grace_period: Option<String>,
    #[command(flatten)]
    fields: Fields,
    #[command(flatten)]
    set: Set,
}

/// What a key is.
#[derive(Debug, Args, Serialize)]
struct Fields {
    /// Its name for people
    #[arg(long, value_name = "NAME")]
    #[serde(rename = "key_alias")]
    alias: Option<String>,
    /// The team that it belongs to: its id or its alias
    #[arg(long, value_name = "TEAM")]
    #[serde(rename = "team_id")]
    team: Option<String>,
    /// The user that it belongs to: the id or the address
    #[arg(long, value_name = "USER")]
    #[serde(rename = "user_id")]
    user: Option<String>,
    /// The organisation that it belongs to
    #[arg(long, value_name = "ID")]
    #[serde(rename = "organization_id")]
    organization: Option<String>,
    /// The project that it belongs to
    #[arg(long, value_name = "ID")]
    #[serde(rename = "project_id")]
    project: Option<String>,
    /// For how long it is good, such as `90d`; for ever if left out
    #[arg(long, value_name = "TIME")]
    duration: Option<String>,
    /// What it is for
    #[arg(long, value_enum, value_name = "TYPE")]
    key_type: Option<KeyType>,
    /// The budget of that name, instead of limits of its own
    #[arg(long, value_name = "ID", help_heading = "Limits")]
    budget_id: Option<String>,
    #[command(flatten)]
    #[serde(flatten)]
    limits: Limits,
    #[command(flatten)]
    #[serde(flatten)]
    grants: Grants,
    #[command(flatten)]
    #[serde(flatten)]
    more: More,
    /// Members that a request must have
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', help_heading = "More")]
    enforced_params: Vec<String>,
    /// Whether a new key takes its place each `--rotation-interval`
    #[arg(long, value_name = "BOOL", help_heading = "More")]
    auto_rotate: Option<bool>,
    /// After which time a new key takes its place, such as `30d`
    #[arg(long, value_name = "TIME", help_heading = "More")]
    rotation_interval: Option<String>,
}

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[value(rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
enum KeyType {
    /// Everything that its holder may do
    Default,
    /// Models alone
    LlmApi,
    /// Management alone
    Management,
    /// Looking alone
    ReadOnly,
}

#[derive(Debug, Args)]
struct ListArgs {
    /// Those of a team: its id or its alias
    #[arg(long, value_name = "TEAM")]
    team: Option<String>,
    /// Those of a user: the id or the address
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// Those of an organisation
    #[arg(long, value_name = "ID")]
    organization: Option<String>,
    /// Those of a project
    #[arg(long, value_name = "ID")]
    project: Option<String>,
    /// Those of an alias
    #[arg(long, value_name = "NAME")]
    alias: Option<String>,
    /// The one of a hash
    #[arg(long, value_name = "HASH")]
    hash: Option<String>,
    /// Those in a state, such as `deleted`
    #[arg(long, value_name = "STATE")]
    status: Option<String>,
    /// Also those of the teams that a user administers
    #[arg(long)]
    team_keys: bool,
    #[command(flatten)]
    paging: Paging,
}

/// Does it.
pub(crate) fn run(args: &KeysArgs) -> anyhow::Result<Found> {
    drive(&args.gateway, async |api, out| match &args.command {
        Command::Create(args) => create(api, out, args).await,
        Command::List(args) => list(api, out, args).await,
        Command::Show { key } => show(api, out, key).await,
        Command::Update(args) => update(api, out, args).await,
        Command::Block { key } => block(api, out, key, true).await,
        Command::Unblock { key } => block(api, out, key, false).await,
        Command::Rotate(args) => rotate(api, out, args).await,
        Command::Delete { keys } => delete(api, out, keys).await,
    })
}

async fn create(api: &Api, out: &mut Out, args: &CreateArgs) -> anyhow::Result<()> {
    let mut body = args.fields.body(api, &args.set).await?;
    if let Some(key) = &args.plain_key {
        body["key"] = json!(key);
    }
    let path = if args.service_account { "/key/service-account/generate" } else { "/key/generate" };
    made(out, &api.post(path, &body).await?)
}

async fn list(api: &Api, out: &mut Out, args: &ListArgs) -> anyhow::Result<()> {
    let team = match &args.team {
        Some(team) => Some(find::team(api, team).await?),
        None => None,
    };
    let user = match &args.user {
        Some(user) => Some(find::user(api, user).await?),
        None => None,
    };
    let filters = [
        ("return_full_object", Some("true".to_owned())),
        ("team_id", team),
        ("user_id", user),
        ("organization_id", args.organization.clone()),
        ("project_id", args.project.clone()),
        ("key_alias", args.alias.clone()),
        ("key_hash", args.hash.clone()),
        ("status", args.status.clone()),
        ("include_team_keys", args.team_keys.then(|| "true".to_owned())),
    ];
    let page = fetch(api, LIST, &filters, &args.paging).await?;
    out.list(
        page,
        [
            ("KEY", |key| first(&[&key["key_alias"], &key["token"]])),
            ("NAME", |key| words(&key["key_name"])),
            ("TEAM", |key| first(&[&key["team_alias"], &key["team_id"]])),
            ("USER", |key| words(&key["user_id"])),
            ("MODELS", |key| names(&key["models"])),
            ("SPENT", |key| dollars(&key["spend"])),
            ("BUDGET", |key| dollars(&key["max_budget"])),
            ("EXPIRES", |key| when(&key["expires"])),
            ("STATE", |key| {
                // LiteLLM tells only of blocked ones.
                let blocked = if key["blocked"] == true { json!("blocked") } else { Value::Null };
                first(&[&blocked, &key["status"]])
            }),
        ],
        |key| words(&key["token"]),
    )
}

async fn show(api: &Api, out: &mut Out, key: &str) -> anyhow::Result<()> {
    let key = find::key(api, key).await?;
    let answer = api.get("/key/info", &[("key", key.clone())]).await?;
    out.record(&answer, &part(&answer, "info"), &key)
}

async fn update(api: &Api, out: &mut Out, args: &UpdateArgs) -> anyhow::Result<()> {
    let mut body = args.fields.body(api, &args.set).await?;
    if let (Some(dollars), Some(until)) = (args.temp_budget_increase, &args.temp_budget_expiry) {
        body["temp_budget_increase"] = json!(dollars);
        body["temp_budget_expiry"] = json!(until);
    }
    ensure!(body.as_object().is_some_and(|members| !members.is_empty()), "nothing is said to change");
    let key = find::key(api, &args.key).await?;
    body["key"] = json!(key);
    let answer = api.post("/key/update", &body).await?;
    let mut record = changed(&answer);
    // The hash once more, which the record calls `token`.
    record.shift_remove("key");
    out.record(&answer, &record, &key)
}

async fn block(api: &Api, out: &mut Out, name: &str, blocked: bool) -> anyhow::Result<()> {
    let key = find::key(api, name).await?;
    let path = if blocked { "/key/block" } else { "/key/unblock" };
    let answer = api.post(path, &json!({ "key": key })).await?;
    let done = if blocked { "blocked" } else { "serves again" };
    out.done(&answer, &format!("{} {done}", shown(name, &key)), &key)
}

async fn rotate(api: &Api, out: &mut Out, args: &RotateArgs) -> anyhow::Result<()> {
    let key = find::key(api, &args.key).await?;
    let mut body = args.fields.body(api, &args.set).await?;
    body["key"] = json!(key);
    for (name, value) in [("new_key", &args.plain_key), ("grace_period", &args.grace_period)] {
        if let Some(value) = value {
            body[name] = json!(value);
        }
    }
    made(out, &api.post("/key/regenerate", &body).await?)
}

async fn delete(api: &Api, out: &mut Out, keys: &[String]) -> anyhow::Result<()> {
    let mut hashes = Vec::new();
    for key in keys {
        hashes.push(find::key(api, key).await?);
    }
    let answer = api.post("/key/delete", &json!({ "keys": hashes })).await?;
    let shown: Vec<String> = keys.iter().zip(&hashes).map(|(name, hash)| shown(name, hash)).collect();
    out.done(&answer, &format!("deleted {}", shown.join(", ")), &hashes.join("\n"))
}

/// What a key is called when it is spoken of: never itself.
fn shown(name: &str, hash: &str) -> String {
    if name.starts_with("sk-") { hash.to_owned() } else { name.to_owned() }
}

/// Prints a new key.
fn made(out: &mut Out, answer: &Value) -> anyhow::Result<()> {
    let mut record = answer.as_object().cloned().unwrap_or_default();
    // The key itself comes last, and `token_id` is the hash once more.
    record.retain(|name, _| !["key", "token_id"].contains(&name.as_str()));
    out.new_key(answer, &record, answer["key"].as_str().unwrap_or_default())
}

impl Fields {
    /// The body of a request, with ids where people say names.
    async fn body(&self, api: &Api, set: &Set) -> anyhow::Result<Value> {
        let mut body = body(self, set)?;
        if let Some(team) = &self.team {
            body["team_id"] = json!(find::team(api, team).await?);
        }
        if let Some(user) = &self.user {
            body["user_id"] = json!(find::user(api, user).await?);
        }
        Ok(body)
    }
}
