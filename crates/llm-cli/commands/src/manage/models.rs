//! `models list|show|add|update|delete`: what a running gateway serves.

use anyhow::ensure;
use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::{Value, json};

use crate::Found;
use crate::manage::api::{Api, escape};
use crate::manage::fields::{Object, object, pair};
use crate::manage::lists::{List, Paging, fetch};
use crate::manage::print::{Out, first, part, words};
use crate::manage::{Gateway, drive, names as find};

/// How the API lists them.
pub(crate) const LIST: List = List {
    path: "/v2/model/info",
    entries: "data",
    query: ["size", "sortBy", "sortOrder"],
    total: "total_count",
};

/// What to do with the models of a running gateway.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List what a running gateway serves, and where it is from
    List {
        #[command(flatten)]
        args: Box<ListArgs>,
        #[command(flatten)]
        gateway: Gateway,
    },
    /// Show a model of a running gateway
    Show {
        /// Its name, or the id of one of its deployments
        model: String,
        #[command(flatten)]
        gateway: Gateway,
    },
    /// Have a running gateway serve another model
    Add {
        #[command(flatten)]
        args: Box<AddArgs>,
        #[command(flatten)]
        gateway: Gateway,
    },
    /// Change what is said of a model, and nothing else
    Update {
        #[command(flatten)]
        args: Box<UpdateArgs>,
        #[command(flatten)]
        gateway: Gateway,
    },
    /// Delete models that were added so
    Delete {
        /// Their ids, or names that have one deployment
        #[arg(required = true)]
        models: Vec<String>,
        #[command(flatten)]
        gateway: Gateway,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Those of a name
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// Those whose name has this in it
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Those of a team: its id or its alias
    #[arg(long, value_name = "TEAM")]
    team: Option<String>,
    #[command(flatten)]
    paging: Paging,
}

#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// What clients call it
    name: String,
    /// What stands behind it, such as `openai/gpt-4o`
    model: String,
    /// The team that alone may ask it: its id or its alias
    #[arg(long, value_name = "TEAM")]
    team: Option<String>,
    #[command(flatten)]
    params: Params,
    #[command(flatten)]
    more: More,
}

#[derive(Debug, Args)]
pub(crate) struct UpdateArgs {
    /// Its id, or its name if that has one deployment
    model: String,
    /// What clients call it from now on
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// What stands behind it from now on
    #[arg(long = "model", value_name = "VENDOR/MODEL")]
    upstream: Option<String>,
    #[command(flatten)]
    params: Params,
    #[command(flatten)]
    more: More,
}

/// How the vendor is asked.
#[derive(Debug, Args, Serialize)]
struct Params {
    /// The vendor's address
    #[arg(long, visible_alias = "api_base", value_name = "URL")]
    api_base: Option<String>,
    /// The vendor's key, or where it is: `os.environ/NAME`
    #[arg(long, visible_alias = "api_key", value_name = "KEY")]
    api_key: Option<String>,
    /// The version of the vendor's interface
    #[arg(long, value_name = "VERSION")]
    api_version: Option<String>,
    /// The credential of that name, instead of a key
    #[arg(long, value_name = "NAME")]
    #[serde(rename = "litellm_credential_name")]
    credential: Option<String>,
    /// Requests a minute
    #[arg(long, value_name = "N")]
    rpm: Option<u64>,
    /// Tokens a minute
    #[arg(long, value_name = "N")]
    tpm: Option<u64>,
}

/// What else a deployment can have.
#[derive(Debug, Args)]
struct More {
    /// Any other parameter: `NAME=JSON`, or a text
    #[arg(short, long, value_name = "NAME=JSON", value_parser = pair)]
    param: Vec<(String, Value)>,
    /// What is known of the model: `NAME=JSON`, or a text
    #[arg(short, long, value_name = "NAME=JSON", value_parser = pair)]
    info: Vec<(String, Value)>,
    /// All parameters as one object, before `--param`
    #[arg(long, value_name = "JSON", value_parser = object)]
    params: Option<Object>,
}

/// Does it.
pub(crate) fn run(command: &Command) -> anyhow::Result<Found> {
    match command {
        Command::List { args, gateway } => drive(gateway, async |api, out| list(api, out, args).await),
        Command::Show { model, gateway } => drive(gateway, async |api, out| show(api, out, model).await),
        Command::Add { args, gateway } => drive(gateway, async |api, out| add(api, out, args).await),
        Command::Update { args, gateway } => drive(gateway, async |api, out| update(api, out, args).await),
        Command::Delete { models, gateway } => {
            drive(gateway, async |api, out| delete(api, out, models).await)
        }
    }
}

async fn list(api: &Api, out: &mut Out, args: &ListArgs) -> anyhow::Result<()> {
    let team = match &args.team {
        Some(team) => Some(find::team(api, team).await?),
        None => None,
    };
    let filters = [("model", args.model.clone()), ("search", args.search.clone()), ("teamId", team)];
    let page = fetch(api, LIST, &filters, &args.paging).await?;
    out.list(
        page,
        [
            ("MODEL", |model| words(&model["model_name"])),
            ("UPSTREAM", |model| words(&model["litellm_params"]["model"])),
            ("ADDRESS", |model| words(&model["litellm_params"]["api_base"])),
            ("FROM", source),
            ("TEAM", |model| words(&model["model_info"]["team_id"])),
            ("ID", id),
        ],
        id,
    )
}

async fn show(api: &Api, out: &mut Out, name: &str) -> anyhow::Result<()> {
    for one in find::deployments(api, name).await? {
        // The parts of a deployment, side by side.
        let mut record = Object::from_iter([
            ("model_name".to_owned(), one["model_name"].clone()),
            ("from".to_owned(), source(&one).into()),
        ]);
        record.extend(part(&one, "litellm_params"));
        record.extend(part(&one, "model_info"));
        out.record(&one, &record, &id(&one))?;
    }
    Ok(())
}

async fn add(api: &Api, out: &mut Out, args: &AddArgs) -> anyhow::Result<()> {
    let mut body = said(&args.params, &args.more)?;
    body["model_name"] = json!(args.name);
    body["litellm_params"]["model"] = json!(args.model);
    if let Some(team) = &args.team {
        body["model_info"]["team_id"] = json!(find::team(api, team).await?);
    }
    let answer = api.post("/model/new", &body).await?;
    let name = first(&[&answer["model_info"]["id"], &answer["model_id"]]);
    out.done(&answer, &format!("{} is served by {} as {name}", args.name, args.model), &name)
}

async fn update(api: &Api, out: &mut Out, args: &UpdateArgs) -> anyhow::Result<()> {
    let mut body = said(&args.params, &args.more)?;
    if let Some(name) = &args.name {
        body["model_name"] = json!(name);
    }
    if let Some(upstream) = &args.upstream {
        body["litellm_params"]["model"] = json!(upstream);
    }
    ensure!(body.as_object().is_some_and(|body| !body.is_empty()), "nothing is said to change");
    let id = find::deployment(api, &args.model).await?;
    let answer = api.patch(&format!("/model/{}/update", escape(&id)), &body).await?;
    out.done(&answer, &format!("changed {}", args.model), &id)
}

async fn delete(api: &Api, out: &mut Out, models: &[String]) -> anyhow::Result<()> {
    for model in models {
        let id = find::deployment(api, model).await?;
        let answer = api.post("/model/delete", &json!({ "id": id })).await?;
        out.done(&answer, &format!("deleted {model}"), &id)?;
    }
    Ok(())
}

/// The parts of a deployment that options say.
fn said(params: &Params, more: &More) -> anyhow::Result<Value> {
    let mut all = more.params.clone().unwrap_or_default();
    if let Value::Object(said) = serde_json::to_value(params)? {
        all.extend(said.into_iter().filter(|(_, value)| !value.is_null()));
    }
    all.extend(more.param.iter().cloned());
    let mut body = json!({});
    if !all.is_empty() {
        body["litellm_params"] = all.into();
    }
    if !more.info.is_empty() {
        body["model_info"] = more.info.iter().cloned().collect::<Object>().into();
    }
    Ok(body)
}

fn id(model: &Value) -> String {
    words(&model["model_info"]["id"])
}

/// Whether a model stands in the file or was added.
fn source(model: &Value) -> String {
    if model["model_info"]["db_model"] == true { "api" } else { "file" }.to_owned()
}
