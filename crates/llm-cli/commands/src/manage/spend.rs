//! `spend`: what a running gateway's ledger says.

mod csv;
mod days;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use crate::Found;
use crate::manage::api::Api;
use crate::manage::print::{Column, Out, dollars, when, words};
use crate::manage::{Gateway, drive, names};
use days::Days;

/// What to say of what was spent.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct SpendArgs {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    sums: SumsArgs,
    #[command(flatten)]
    gateway: Gateway,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List entries of the ledger, the last first
    Logs(Box<LogsArgs>),
    /// Append to entries what they cost more or less by today's configuration, at the prices of their time
    Reprice(RepriceArgs),
    /// Compare the sums with the entries; exit with 1 if they differ
    Check {
        /// From this day on, such as 2026-11-01: for a ledger of which the beginning was deleted
        #[arg(long, value_name = "DATE")]
        from: Option<String>,
    },
}

#[derive(Debug, Args)]
struct SumsArgs {
    /// By what: a line for each
    #[arg(long, value_enum, value_delimiter = ',', default_value = "model")]
    by: Vec<By>,
    #[command(flatten)]
    days: Days,
    #[command(flatten)]
    filters: Filters,
    /// How many lines at most
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    limit: u64,
    /// Print comma-separated values
    #[arg(long, conflicts_with_all = ["json", "quiet"])]
    csv: bool,
}

/// By what lines differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    Key,
    User,
    Team,
    Organization,
    Project,
    Customer,
    Tag,
    Model,
    Provider,
    Deployment,
    Status,
    Day,
    Month,
}

impl By {
    const fn name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::User => "user",
            Self::Team => "team",
            Self::Organization => "organization",
            Self::Project => "project",
            Self::Customer => "customer",
            Self::Tag => "tag",
            Self::Model => "model",
            Self::Provider => "provider",
            Self::Deployment => "deployment",
            Self::Status => "status",
            Self::Day => "day",
            Self::Month => "month",
        }
    }
}

/// Which entries are meant.
#[derive(Debug, Args)]
#[command(next_help_heading = "Filters")]
struct Filters {
    /// Of a key: itself, its hash or its alias
    #[arg(long = "of-key", value_name = "KEY")]
    key: Option<String>,
    /// Of a user: the id or the address
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// Of a team: its id or its alias
    #[arg(long, value_name = "TEAM")]
    team: Option<String>,
    /// Of an organisation
    #[arg(long, value_name = "ID")]
    organization: Option<String>,
    /// For a customer
    #[arg(long, value_name = "ID")]
    customer: Option<String>,
    /// With a label
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// For a model, as clients name it
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// Of a vendor
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// Of a deployment
    #[arg(long, value_name = "ID")]
    deployment: Option<String>,
}

#[derive(Debug, Args)]
struct LogsArgs {
    /// Of a request: by its own name, or its client's
    #[arg(value_name = "REQUEST")]
    request: Option<String>,
    #[command(flatten)]
    days: Days,
    #[command(flatten)]
    filters: Filters,
    /// Of a conversation
    #[arg(long, value_name = "ID", help_heading = "Filters")]
    session: Option<String>,
    /// What became of them, such as `interrupted`
    #[arg(long, value_name = "STATUS", help_heading = "Filters")]
    status: Option<String>,
    /// What they are sorted by, the greatest first
    #[arg(long, value_enum, default_value = "time", value_name = "MEMBER")]
    sort_by: Sort,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    limit: u64,
    /// Which page of so many
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    page: u64,
    /// Print comma-separated values
    #[arg(long, conflicts_with_all = ["json", "quiet"])]
    csv: bool,
}

/// What entries are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Sort {
    Time,
    Spend,
    Tokens,
    Duration,
}

#[derive(Debug, Args)]
struct RepriceArgs {
    /// The first day, such as 2026-11-01
    #[arg(long, value_name = "DATE")]
    from: String,
    /// The last day; today if left out
    #[arg(long, value_name = "DATE")]
    to: Option<String>,
    /// Of this model alone
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// Append nothing, and say what would be
    #[arg(long)]
    dry_run: bool,
}

/// Does it.
pub(crate) fn run(args: &SpendArgs) -> anyhow::Result<Found> {
    let mut found = Found::Well;
    let done = drive(&args.gateway, async |api, out| {
        match &args.command {
            None => sums(api, out, &args.sums).await?,
            Some(Command::Logs(args)) => logs(api, out, args).await?,
            Some(Command::Reprice(args)) => reprice(api, out, args).await?,
            Some(Command::Check { from }) => found = check(api, out, from.as_deref()).await?,
        }
        Ok(())
    })?;
    Ok(if done == Found::Well { found } else { done })
}

impl Filters {
    /// As the API names them.
    async fn query(
        &self,
        api: &Api,
        names: [&'static str; 9],
    ) -> anyhow::Result<Vec<(&'static str, String)>> {
        let key = match &self.key {
            Some(key) => Some(names::key(api, key).await?),
            None => None,
        };
        let user = match &self.user {
            Some(user) => Some(names::user(api, user).await?),
            None => None,
        };
        let team = match &self.team {
            Some(team) => Some(names::team(api, team).await?),
            None => None,
        };
        let plain = |text: &Option<String>| text.clone();
        let said = [
            key,
            user,
            team,
            plain(&self.organization),
            plain(&self.customer),
            plain(&self.tag),
            plain(&self.model),
            plain(&self.provider),
            plain(&self.deployment),
        ];
        Ok(names.into_iter().zip(said).filter_map(|(name, text)| Some((name, text?))).collect())
    }
}

async fn sums(api: &Api, out: &mut Out, args: &SumsArgs) -> anyhow::Result<()> {
    let by: Vec<&str> = args.by.iter().map(|by| by.name()).collect();
    let names = ["key", "user", "team", "organization", "customer", "tag", "model", "provider", "deployment"];
    let mut query = args.filters.query(api, names).await?;
    query.extend(args.days.query()?);
    query.extend([("by", by.join(",")), ("limit", args.limit.to_string())]);
    let answer = api.get("/spend/summary", &query).await?;
    let lines = answer["results"].as_array().cloned().unwrap_or_default();
    if args.csv {
        let members = by.iter().copied().chain([
            "spend",
            "list_cost",
            "requests",
            "failed_requests",
            "prompt_tokens",
            "completion_tokens",
        ]);
        return csv::write(members, &lines);
    }
    out.sums(&answer, &lines, &by)
}

async fn logs(api: &Api, out: &mut Out, args: &LogsArgs) -> anyhow::Result<()> {
    let names = [
        "api_key",
        "user_id",
        "team_id",
        "organization_id",
        "end_user",
        "tag",
        "model",
        "custom_llm_provider",
        "model_id",
    ];
    let mut query = args.filters.query(api, names).await?;
    query.extend(args.days.query()?);
    let said = [("request_id", &args.request), ("session_id", &args.session), ("leg_status", &args.status)];
    query.extend(said.into_iter().filter_map(|(name, text)| Some((name, text.clone()?))));
    let sort = match args.sort_by {
        Sort::Time => "startTime",
        Sort::Spend => "spend",
        Sort::Tokens => "total_tokens",
        Sort::Duration => "request_duration_ms",
    };
    query.extend([
        ("sort_by", sort.to_owned()),
        ("page_size", args.limit.to_string()),
        ("page", args.page.to_string()),
    ]);
    let answer = api.get("/spend/logs/v2", &query).await?;
    let rows = answer["data"].as_array().cloned().unwrap_or_default();
    if args.csv {
        const MEMBERS: [&str; 17] = [
            "request_id",
            "leg",
            "litellm_call_id",
            "leg_status",
            "startTime",
            "endTime",
            "api_key",
            "user",
            "team_id",
            "organization_id",
            "end_user",
            "model_group",
            "custom_llm_provider",
            "model",
            "prompt_tokens",
            "completion_tokens",
            "spend",
        ];
        return csv::write(MEMBERS, &rows);
    }
    const COLUMNS: [Column; 8] = [
        ("TIME", |row| when(&row["startTime"])),
        ("REQUEST", |row| words(&row["request_id"])),
        ("LEG", |row| words(&row["leg"])),
        ("STATUS", |row| words(&row["leg_status"])),
        ("MODEL", |row| words(&row["model_group"])),
        ("DEPLOYMENT", |row| words(&row["model_id"])),
        ("TOKENS", |row| words(&row["total_tokens"])),
        ("SPEND", |row| dollars(&row["spend"])),
    ];
    let total = answer["total"].as_u64().unwrap_or_default();
    out.entries(&answer, &rows, COLUMNS, |row| words(&row["request_id"]), total)
}

async fn reprice(api: &Api, out: &mut Out, args: &RepriceArgs) -> anyhow::Result<()> {
    let (mut after, mut rounds) = (Value::Null, Vec::new());
    loop {
        let body = json!({
            "start_date": args.from,
            "end_date": args.to,
            "model": args.model,
            "dry_run": args.dry_run,
            "after": after,
        });
        let answer = api.post("/spend/reprice", &body).await?;
        after = answer["after"].clone();
        rounds.push(answer);
        if after.is_null() {
            break;
        }
    }
    let count = |name: &str| rounds.iter().filter_map(|round| round[name].as_u64()).sum::<u64>();
    let amount = |name: &str| days::sum(rounds.iter().map(|round| &round[name]));
    let (entries, adjusted, unpriced) = (count("entries"), count("adjusted"), count("unpriced"));
    let (before, now) = (amount("spend_before"), amount("spend_after"));
    let answer = json!({
        "entries": entries,
        "adjusted": adjusted,
        "unpriced": unpriced,
        "spend_before": before,
        "spend_after": now,
        "dry_run": args.dry_run,
    });
    let would = if args.dry_run { "would cost" } else { "now cost" };
    let told = format!(
        "{adjusted} of {entries} entries {would} another amount: {} before, {} after; of {unpriced} no price is known",
        dollars(&before),
        dollars(&now),
    );
    out.done(&answer, &told, &adjusted.to_string())
}

async fn check(api: &Api, out: &mut Out, from: Option<&str>) -> anyhow::Result<Found> {
    let answer = api.post("/spend/check", &json!({"start_date": from})).await?;
    let count = answer["count"].as_u64().unwrap_or_default();
    if answer["ok"] == true {
        out.done(&answer, "All sums are those of the entries", "ok")?;
        return Ok(Found::Well);
    }
    const COLUMNS: [Column; 6] = [
        ("WHAT", |it| words(if it["kind"] == "account" { &it["account"] } else { &it["dimension"] })),
        ("WHOSE", |it| words(&it["id"])),
        ("DAY", |it| words(&it["day"])),
        ("MODEL", |it| words(&it["model"])),
        ("ENTRIES", |it| dollars(&it["entries"]["spend"])),
        ("SUM", |it| dollars(&it["sums"]["spend"])),
    ];
    let rows = answer["mismatches"].as_array().cloned().unwrap_or_default();
    out.entries(&answer, &rows, COLUMNS, |it| words(&it["kind"]), count)?;
    Ok(Found::Unwell)
}
