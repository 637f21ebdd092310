//! `check`: what a configuration comes down to, and what is wrong with it.

use std::io::Write as _;

use anyhow::Context as _;
use llm_gateway::boot::{Source, load};
use llm_gateway::config::{CheckReport, Diagnostic, Severity};
use llm_gateway::runtime::Runtime;
use owo_colors::{OwoColorize as _, Stream};
use serde_json::json;

use super::models::table;
use crate::Found;
use crate::args::CheckArgs;

pub(crate) fn run(args: &CheckArgs) -> anyhow::Result<Found> {
    // What cannot be read can be neither well nor unwell.
    let _read = std::fs::read(&args.file).with_context(|| format!("cannot read {}", args.file.display()))?;
    let mut out = std::io::stdout().lock();
    let runtime = Runtime::system();
    let config = match load(&Source::File(args.file.clone()), &runtime) {
        Ok(config) => config,
        Err(errors) => {
            if args.json {
                let list: Vec<String> = errors.diagnostics.iter().map(ToString::to_string).collect();
                writeln!(out, "{}", serde_json::to_string_pretty(&json!({"errors": list}))?)?;
            } else {
                for diagnostic in &errors.diagnostics {
                    tell(&mut out, diagnostic)?;
                }
            }
            return Ok(Found::Unwell);
        }
    };
    let report = config.check(runtime.now());
    if args.json {
        print_json(&mut out, &report)?;
    } else {
        print(&mut out, &report)?;
    }
    let unwell = args.strict && !report.warnings.is_empty();
    Ok(if unwell { Found::Unwell } else { Found::Well })
}

fn tell(out: &mut impl std::io::Write, diagnostic: &Diagnostic) -> anyhow::Result<()> {
    let line = diagnostic.to_string();
    match diagnostic.severity {
        Severity::Error => {
            writeln!(out, "{}", line.if_supports_color(Stream::Stdout, |text| text.red()))?;
        }
        Severity::Warning => {
            writeln!(out, "{}", line.if_supports_color(Stream::Stdout, |text| text.yellow()))?;
        }
    }
    Ok(())
}

fn print(out: &mut impl std::io::Write, report: &CheckReport) -> anyhow::Result<()> {
    let mut deployments = table(["MODEL", "UPSTREAM", "ADDRESS", "KEY", "WEIGHT", "ORDER", "AT"]);
    for one in &report.deployments {
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        deployments.add_row([
            one.model_name.clone(),
            one.upstream.clone(),
            or_dash(one.api_base.clone()),
            or_dash(one.api_key.clone()),
            or_dash(one.weight.map(|weight| weight.to_string())),
            or_dash(one.order.map(|order| order.to_string())),
            one.origin.to_string(),
        ]);
    }
    writeln!(out, "{deployments}\n")?;
    for (name, target) in &report.aliases {
        writeln!(out, "alias {name} of {target}")?;
    }
    for one in report.deployments.iter().filter(|one| one.unusable.is_some()) {
        writeln!(out, "{} cannot be used: {}", one.model_name, one.unusable.as_deref().unwrap_or_default())?;
    }
    let mut list = |what: &str, names: &[String]| -> std::io::Result<()> {
        if names.is_empty() { Ok(()) } else { writeln!(out, "{what}: {}", names.join(", ")) }
    };
    list("without model_info", &report.without_model_info)?;
    list("without a price", &report.without_price)?;
    list("without a second deployment", &report.without_second_deployment)?;
    for warning in &report.warnings {
        tell(out, warning)?;
    }
    writeln!(out, "{} deployments, {} warnings", report.deployments.len(), report.warnings.len())?;
    Ok(())
}

fn print_json(out: &mut impl std::io::Write, report: &CheckReport) -> anyhow::Result<()> {
    let deployments: Vec<_> = report
        .deployments
        .iter()
        .map(|one| {
            json!({
                "model_name": one.model_name,
                "id": one.id,
                "upstream": one.upstream,
                "api_base": one.api_base,
                "api_key": one.api_key,
                "weight": one.weight,
                "order": one.order,
                "unusable": one.unusable,
                "origin": one.origin.to_string(),
            })
        })
        .collect();
    let warnings: Vec<String> = report.warnings.iter().map(ToString::to_string).collect();
    let value = json!({
        "deployments": deployments,
        "aliases": report.aliases,
        "without_model_info": report.without_model_info,
        "without_price": report.without_price,
        "without_second_deployment": report.without_second_deployment,
        "warnings": warnings,
    });
    writeln!(out, "{}", serde_json::to_string_pretty(&value)?)?;
    Ok(())
}
