//! `explain`: what would become of a request, and why. Nobody is asked.

use std::io::{Read as _, Write};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, header};
use http_body_util::Full;
use llm_gateway::boot::{Source, offline};
use llm_gateway::http::front;
use llm_gateway::routes::model_route;
use llm_gateway::runtime::Runtime;
use llm_gateway::services::explain::Terms;
use llm_types::UnixMs;
use owo_colors::{OwoColorize as _, Stream};
use serde_json::Value;

use super::models::table;
use crate::Found;
use crate::args::ExplainArgs;

pub(crate) fn run(args: &ExplainArgs) -> anyhow::Result<Found> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let explained = runtime.block_on(explain(args))?;
    let mut out = std::io::stdout().lock();
    let told = match explained {
        Ok(told) => told,
        Err(error) if args.json => {
            writeln!(out, "{}", serde_json::to_string_pretty(&serde_json::json!({"error": error}))?)?;
            return Ok(Found::Unwell);
        }
        Err(error) => {
            writeln!(out, "refused: {}", error.if_supports_color(Stream::Stdout, |text| text.red()))?;
            return Ok(Found::Unwell);
        }
    };
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&told)?)?;
    } else {
        print(&mut out, &told)?;
    }
    let somebody = list(&told["order"]).next().is_some() && told["upstream"]["error"].is_null();
    Ok(if somebody { Found::Well } else { Found::Unwell })
}

/// The explanation, or why the request is refused before anybody is chosen.
async fn explain(args: &ExplainArgs) -> anyhow::Result<Result<Value, String>> {
    let source = args.config.clone().map_or(Source::Embedded, Source::File);
    let runtime = Runtime::system();
    let runtime = match args.now {
        Some(ms) => runtime.stopped_at(UnixMs(ms)),
        None => runtime,
    };
    let mut app = offline(source.clone(), runtime.clone(), false).await?;
    let route = model_route(&args.route).with_context(|| {
        format!("{:?} is no route that asks a model; `/v1/chat/completions` is one", args.route)
    })?;
    let mut request = Request::post(&args.route).body(Full::new(body(&args.request)?))?;
    let headers = request.headers_mut();
    for line in &args.header {
        let Some((name, value)) = line.split_once(':') else {
            bail!("--header {line:?}: expected `name: value`")
        };
        let name = HeaderName::try_from(name.trim()).with_context(|| format!("--header {line:?}"))?;
        headers
            .append(name, HeaderValue::from_str(value.trim()).with_context(|| format!("--header {line:?}"))?);
    }
    let mut who = app.serving().authenticator.owner();
    if let Some(key) = &args.key {
        let value = HeaderValue::try_from(format!("Bearer {key}")).context("--key")?;
        headers.insert(header::AUTHORIZATION, value);
        let mut known = app.serving().authenticator.authenticate(headers, None, app.runtime.now()).await;
        if known.is_err() {
            // The configuration does not know it; the database may.
            app = offline(source, runtime, true).await?;
            known = app.serving().authenticator.authenticate(headers, None, app.runtime.now()).await;
        }
        match known {
            Ok(principal) => who = principal,
            Err(error) => return Ok(Err(error.message)),
        }
    }
    let terms = Terms { seed: args.seed, may_embed: false };
    let explained = front::explain(&app, route, request, who, terms).await;
    Ok(explained.map_err(|error| error.message))
}

/// The request: JSON as it is, or what a file or standard input holds.
fn body(request: &str) -> anyhow::Result<Bytes> {
    if request.trim_start().starts_with('{') {
        return Ok(request.to_owned().into());
    }
    if request == "-" {
        let mut all = Vec::new();
        std::io::stdin().read_to_end(&mut all).context("cannot read standard input")?;
        return Ok(all.into());
    }
    Ok(std::fs::read(request).with_context(|| format!("cannot read {request}"))?.into())
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A text as it is, anything else as JSON.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    }
}

fn print(out: &mut impl Write, told: &Value) -> anyhow::Result<()> {
    write!(out, "{} -> {}", plain(&told["model"]), plain(&told["group"]))?;
    for (name, value) in [("rule", &told["rule"]), ("tier", &told["quality_tier"]), ("key", &told["key"])] {
        if !value.is_null() {
            write!(out, ", {name} {}", plain(value))?;
        }
    }
    if let (Some(split), Some(variant)) = (told["variant"][0].as_str(), told["variant"][1].as_str()) {
        write!(out, ", {split}={variant}")?;
    }
    writeln!(out, "\nat {}, seed {}", told["at"], told["seed"])?;
    class(out, &told["class"])?;
    for decision in list(&told["decisions"]) {
        writeln!(out, "\n{} by {}", plain(&decision["group"]), plain(&decision["strategy"]))?;
        let mut candidates = table(["DEPLOYMENT", "UPSTREAM", "VERDICT", "WHY"]);
        for one in list(&decision["candidates"]) {
            let upstream = format!("{}/{}", plain(&one["provider"]), plain(&one["model"]));
            candidates.add_row([
                plain(&one["deployment"]),
                upstream,
                plain(&one["verdict"]),
                plain(&one["because"]),
            ]);
        }
        writeln!(out, "{candidates}")?;
    }
    let mut order = table(["#", "DEPLOYMENT", "WHY", "AFTER MS"]);
    for (place, one) in list(&told["order"]).enumerate() {
        let after = plain(&one["after_ms"]);
        order.add_row([(place + 1).to_string(), plain(&one["deployment"]), plain(&one["reason"]), after]);
    }
    writeln!(out, "\norder, if each failed\n{order}")?;
    upstream(out, &told["upstream"])?;
    for note in list(&told["notes"]) {
        writeln!(out, "note: {} {}: {}", plain(&note["kind"]), plain(&note["path"]), plain(&note["detail"]))?;
    }
    let cost = &told["estimated_cost"];
    if !cost.is_null() {
        let (least, most) = (plain(&cost["usd_at_least"]), plain(&cost["usd_at_most"]));
        writeln!(out, "cost: {} tokens to read; {least} to {most} USD", cost["input_tokens"])?;
    }
    limits(out, told)
}

/// Which limits the request would be under, and how they stand.
fn limits(out: &mut impl Write, told: &Value) -> anyhow::Result<()> {
    let mut limits =
        table(["LIMIT", "OF", "WHAT", "PERIOD", "LIMIT IS", "TAKEN", "ASKED FOR", "ANEW AT", ""]);
    for one in list(&told["limits"]) {
        let whose = match one["subject"].as_str() {
            None | Some("") => plain(&one["level"]),
            Some(subject) => format!("{} {subject}", plain(&one["level"])),
        };
        let refuses = if one["refuses"] == true { "refuses" } else { "" };
        limits.add_row([
            whose,
            plain(&one["of"]),
            plain(&one["type"]),
            plain(&one["period"]),
            plain(&one["limit"]),
            plain(&one["current"]),
            plain(&one["requested"]),
            plain(&one["reset_at"]),
            refuses.to_owned(),
        ]);
    }
    if list(&told["limits"]).next().is_some() {
        writeln!(out, "\nlimits\n{limits}")?;
    }
    if let Some(most) = told["max_output_tokens"].as_u64() {
        writeln!(out, "no more is left than for {most} tokens of an answer")?;
    }
    Ok(())
}

/// How a virtual model came by its choice.
fn class(out: &mut impl Write, class: &Value) -> anyhow::Result<()> {
    if let Some(complexity) = class.get("complexity") {
        writeln!(out, "the prompt is {}, by a score of {}", plain(&complexity["tier"]), complexity["score"])?;
    }
    for one in list(&class["meaning"]["scores"]) {
        writeln!(out, "as near to {} as {}, of {}", plain(&one["model"]), one["score"], one["threshold"])?;
    }
    if let Some(why) = class.get("unknown") {
        writeln!(out, "the default serves: {}", plain(why))?;
    }
    Ok(())
}

/// What would be sent.
fn upstream(out: &mut impl Write, upstream: &Value) -> anyhow::Result<()> {
    if upstream.is_null() {
        writeln!(out, "nobody would be asked")?;
        return Ok(());
    }
    if let Some(error) = upstream.get("error") {
        writeln!(out, "not sent: {}", plain(error).if_supports_color(Stream::Stdout, |text| text.red()))?;
        return Ok(());
    }
    writeln!(out, "{} {}", plain(&upstream["method"]), plain(&upstream["url"]))?;
    for header in list(&upstream["headers"]) {
        writeln!(out, "{}: {}", plain(&header[0]), plain(&header[1]))?;
    }
    writeln!(out, "\n{}", plain(&upstream["body"]))?;
    Ok(())
}
