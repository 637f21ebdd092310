//! Options that are members of what is made or changed. Each struct says, as serde has it, what the API calls them.

use anyhow::ensure;
use clap::Args;
use serde::Serialize;
use serde_json::{Map, Number, Value};

/// An object of JSON.
pub(crate) type Object = Map<String, Value>;

/// What may be spent, and how fast.
#[derive(Debug, Args, Serialize)]
#[command(next_help_heading = "Limits")]
pub(crate) struct Limits {
    /// Dollars that may be spent in each `--budget-duration`, or ever without one
    #[arg(long, value_name = "USD", value_parser = number)]
    max_budget: Option<Number>,
    /// Dollars after which somebody is told, and nothing refused
    #[arg(long, value_name = "USD", value_parser = number)]
    soft_budget: Option<Number>,
    /// After which time the budget begins anew, such as `30d`
    #[arg(long, value_name = "TIME")]
    budget_duration: Option<String>,
    /// Budgets that hold all at once, such as `[{"budget_duration":"1d","max_budget":5}]`
    #[arg(long, value_name = "JSON", value_parser = json)]
    budget_limits: Option<Value>,
    /// Budgets by model, such as `{"gpt-4o":{"budget_limit":5,"time_period":"1d"}}`
    #[arg(long, value_name = "JSON", value_parser = object)]
    model_max_budget: Option<Object>,
    /// Requests a minute
    #[arg(long = "rpm", visible_alias = "rpm-limit", value_name = "N")]
    rpm_limit: Option<u64>,
    /// Tokens a minute
    #[arg(long = "tpm", visible_alias = "tpm-limit", value_name = "N")]
    tpm_limit: Option<u64>,
    /// Tokens a day
    #[arg(long = "tpd", visible_alias = "tpd-limit", value_name = "N")]
    tpd_limit: Option<u64>,
    /// Requests and tokens over other times, such as `[{"window":"1h","requests":500}]`
    #[arg(long, value_name = "JSON", value_parser = json)]
    rate_limits: Option<Value>,
    /// Requests at a time
    #[arg(long = "max-parallel", visible_alias = "max-parallel-requests", value_name = "N")]
    max_parallel_requests: Option<u64>,
    /// Requests a minute by model, such as `{"gpt-4o":10}`
    #[arg(long = "model-rpm", value_name = "JSON", value_parser = object)]
    model_rpm_limit: Option<Object>,
    /// Tokens a minute by model
    #[arg(long = "model-tpm", value_name = "JSON", value_parser = object)]
    model_tpm_limit: Option<Object>,
}

/// What may be called, and from where.
#[derive(Debug, Args, Serialize)]
#[command(next_help_heading = "Grants")]
pub(crate) struct Grants {
    /// Models: names, patterns, access groups; all if left out
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    models: Vec<String>,
    /// Access groups whose models are allowed beside `--models`
    #[arg(long = "access-groups", value_name = "ID,…", value_delimiter = ',')]
    access_group_ids: Vec<String>,
    /// Routes, such as `/v1/*`, and groups of them, such as `llm_api_routes`
    #[arg(long, value_name = "ROUTE,…", value_delimiter = ',')]
    allowed_routes: Vec<String>,
    /// Addresses and networks that requests may come from
    #[arg(long, value_name = "ADDRESS,…", value_delimiter = ',')]
    allowed_ips: Vec<String>,
    /// Vendors whose deployments may be asked
    #[arg(long, value_name = "VENDOR,…", value_delimiter = ',')]
    allowed_vendors: Vec<String>,
    /// Tools, stores and agents that may be used
    #[arg(long, value_name = "JSON", value_parser = object)]
    object_permission: Option<Object>,
}

/// How requests are treated, and what is noted.
#[derive(Debug, Args, Serialize)]
#[command(next_help_heading = "More")]
pub(crate) struct More {
    /// Names of yours for models, such as `{"fast":"gpt-4o-mini"}`
    #[arg(long, value_name = "JSON", value_parser = object)]
    aliases: Option<Object>,
    /// Notes of yours
    #[arg(long, value_name = "JSON", value_parser = object)]
    metadata: Option<Object>,
    /// Tags that requests have beside their own
    #[arg(long, value_name = "TAG,…", value_delimiter = ',')]
    tags: Vec<String>,
    /// Guardrails beside those of everybody
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    guardrails: Vec<String>,
    /// Features that are switched, such as `{"pii":false}`
    #[arg(long, value_name = "JSON", value_parser = object)]
    permissions: Option<Object>,
    /// Settings of the router: fallbacks, retries, strategy
    #[arg(long, value_name = "JSON", value_parser = object)]
    router_settings: Option<Object>,
}

/// Any other member.
#[derive(Debug, Args)]
#[command(next_help_heading = "More")]
pub(crate) struct Set {
    /// Any member as the API has it: `NAME=JSON`, or a text. `null` takes away what was set, as in
    /// `--set max_budget=null`
    #[arg(long, value_name = "NAME=JSON", value_parser = pair)]
    set: Vec<(String, Value)>,
}

/// What options say, as the body of a request: without those that say nothing, and with those of `--set`.
pub(crate) fn body(said: &impl Serialize, set: &Set) -> anyhow::Result<Value> {
    let mut body = serde_json::to_value(said)?;
    if let Some(members) = body.as_object_mut() {
        members.retain(|_, value| !value.is_null() && !value.as_array().is_some_and(Vec::is_empty));
        members.extend(set.set.iter().cloned());
    }
    Ok(body)
}

/// What options say of something that is there already.
///
/// # Errors
/// If they say nothing.
pub(crate) fn changes(said: &impl Serialize, set: &Set) -> anyhow::Result<Value> {
    let body = body(said, set)?;
    ensure!(body.as_object().is_some_and(|members| !members.is_empty()), "nothing is said to change");
    Ok(body)
}

/// A number, kept as it is written.
pub(crate) fn number(text: &str) -> Result<Number, String> {
    serde_json::from_str(text).map_err(|_| "expected a number such as 10 or 0.25".to_owned())
}

/// Any JSON.
fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("expected JSON: {error}"))
}

/// An object of JSON.
pub(crate) fn object(text: &str) -> Result<Object, String> {
    serde_json::from_str(text).map_err(|error| format!("expected an object of JSON: {error}"))
}

/// `NAME=JSON`. What is plainly no JSON is a text.
pub(crate) fn pair(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=JSON")?;
    if name.is_empty() {
        return Err("expected a name before =".to_owned());
    }
    let value = match serde_json::from_str(value) {
        Ok(value) => value,
        // A list or an object that is mistyped is not meant as a text.
        Err(error) if value.starts_with(['{', '[', '"']) => return Err(format!("{name}: {error}")),
        Err(_) => value.into(),
    };
    Ok((name.to_owned(), value))
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Parser, Serialize)]
    struct All {
        #[command(flatten)]
        #[serde(flatten)]
        limits: Limits,
        #[command(flatten)]
        #[serde(flatten)]
        grants: Grants,
        #[command(flatten)]
        #[serde(skip)]
        set: Set,
    }

    fn said(arguments: &[&str]) -> Result<Value, String> {
        let all = All::try_parse_from([&["test"], arguments].concat()).map_err(|error| error.to_string())?;
        body(&all, &all.set).map_err(|error| error.to_string())
    }

    #[test]
    fn options_are_members() {
        assert_eq!(said(&[]), Ok(json!({})));
        let given = ["--max-budget", "10.25", "--rpm", "5", "--models", "a,b", "--models", "c"];
        let body = json!({"max_budget": 10.25, "rpm_limit": 5, "models": ["a", "b", "c"]});
        assert_eq!(said(&given), Ok(body));
    }

    #[test]
    fn any_member_can_be_set_and_taken_away() {
        let given = ["--rpm=5", "--set=rpm_limit=null", "--set=models=[]", "--set=note=a=b", "--set=on=true"];
        let body = json!({"rpm_limit": null, "models": [], "note": "a=b", "on": true});
        assert_eq!(said(&given), Ok(body));
    }

    #[test]
    fn what_is_mistyped_is_told() {
        for (given, word) in [
            ("--set=models=[a", "models"),
            ("--set=models", "NAME=JSON"),
            ("--set==1", "before ="),
            ("--max-budget=lots", "a number"),
            ("--model-rpm=[]", "an object"),
            ("--rpm=-1", "rpm"),
        ] {
            let told = said(&[given]).unwrap_err();
            assert!(told.contains(word), "{given}: {told}");
        }
    }
}
