//! `models`: what a configuration serves, or which vendors are built in. What a running gateway has is `manage`'s.

use std::io::Write as _;

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use llm_gateway::boot::{Source, load};
use llm_gateway::runtime::Runtime;
use llm_provider_core::{Capabilities, Provider, VendorInfo};
use serde_json::json;

use crate::Found;
use crate::args::ModelsArgs;

pub(crate) fn run(args: &ModelsArgs) -> anyhow::Result<Found> {
    if let Some(command) = &args.command {
        return crate::manage::models::run(command);
    }
    let mut out = std::io::stdout().lock();
    if args.providers {
        providers(&mut out, args.json)?;
        return Ok(Found::Well);
    }
    let source = args.config.clone().map_or(Source::Embedded, Source::File);
    let runtime = Runtime::system();
    let config = load(&source, &runtime)?;
    let report = config.check(runtime.now());
    if args.json {
        let list: Vec<_> = report
            .deployments
            .iter()
            .map(|one| {
                json!({
                    "model_name": one.model_name,
                    "id": one.id,
                    "upstream": one.upstream,
                    "max_input_tokens": one.max_input_tokens,
                    "usd_per_mtok": one.usd_per_mtok,
                    "unusable": one.unusable,
                })
            })
            .collect();
        writeln!(out, "{}", serde_json::to_string_pretty(&list)?)?;
        return Ok(Found::Well);
    }
    let mut table = table(["MODEL", "UPSTREAM", "WINDOW", "USD/M IN", "USD/M OUT", "DEPLOYMENT"]);
    for one in &report.deployments {
        let window = one.max_input_tokens.map_or_else(|| "-".to_owned(), |tokens| tokens.to_string());
        let (input, output) = one.usd_per_mtok.clone().unwrap_or_else(|| ("-".to_owned(), "-".to_owned()));
        table.add_row([&one.model_name, &one.upstream, &window, &input, &output, &one.id]);
    }
    for (name, target) in &report.aliases {
        table.add_row([name.as_str(), &format!("alias of {target}"), "", "", "", ""]);
    }
    writeln!(out, "{table}")?;
    Ok(Found::Well)
}

/// A table without lines.
pub(crate) fn table<'a>(header: impl IntoIterator<Item = &'a str>) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(header.into_iter().collect::<Vec<_>>());
    table
}

fn infos() -> Vec<(&'static VendorInfo, String)> {
    llm_providers::providers().iter().map(|provider| (provider.info(), operations(&**provider))).collect()
}

/// What a vendor can be asked for.
fn operations(provider: &dyn Provider) -> String {
    let has = [
        (provider.chat().is_some(), "chat"),
        (provider.count_tokens().is_some(), "count_tokens"),
        (provider.embeddings().is_some(), "embeddings"),
        (provider.rerank().is_some(), "rerank"),
    ];
    has.into_iter().filter_map(|(has, name)| has.then_some(name)).collect::<Vec<_>>().join(" ")
}

/// Names of what a vendor can do.
fn abilities(capabilities: &Capabilities) -> Vec<&'static str> {
    let Capabilities { streaming, tools, images, documents, reasoning, json_schema, count_tokens } =
        *capabilities;
    [
        (streaming, "streaming"),
        (tools, "tools"),
        (images, "images"),
        (documents, "documents"),
        (reasoning, "reasoning"),
        (json_schema, "json_schema"),
        (count_tokens, "count_tokens"),
    ]
    .into_iter()
    .filter_map(|(has, name)| has.then_some(name))
    .collect()
}

fn providers(out: &mut impl std::io::Write, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        let list: Vec<_> = infos()
            .iter()
            .map(|(info, operations)| {
                json!({
                    "id": info.id,
                    "aliases": info.aliases,
                    "operations": operations.split(' ').collect::<Vec<_>>(),
                    "parameters": info.parameters.iter().map(|parameter| &parameter.name).collect::<Vec<_>>(),
                    "name": info.name,
                    "key_variables": info.key_variables,
                    "base_url_variables": info.base_url_variables,
                    "base_url": info.base_url,
                    "capabilities": abilities(&info.capabilities),
                    "docs": info.docs,
                })
            })
            .collect();
        writeln!(out, "{}", serde_json::to_string_pretty(&list)?)?;
        return Ok(());
    }
    let mut table = table(["VENDOR", "OPERATIONS", "KEY", "ADDRESS", "CAPABILITIES"]);
    for (info, operations) in infos() {
        let abilities = abilities(&info.capabilities).join(" ");
        table.add_row([
            &*info.id,
            &operations,
            &info.key_variables.join(" or "),
            &*info.base_url,
            &abilities,
        ]);
    }
    writeln!(out, "{table}")?;
    Ok(())
}

/// The page of the vendors.
#[cfg(feature = "schemars")]
pub(crate) fn providers_page() -> anyhow::Result<String> {
    use std::fmt::Write as _;

    let mut text = String::from(
        "# Vendors\n\nA model is named `vendor/model`. What a vendor's wire can carry is listed here; a model may have \
         less.\n\n| vendor | name | operations | key | address | chat | settings | source |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for (info, operations) in infos() {
        let aliases: String = info.aliases.iter().map(|name| format!(", `{name}`")).collect();
        let settings: Vec<String> = info.parameters.iter().map(|one| format!("`{}`", one.name)).collect();
        let keys: Vec<String> = info.key_variables.iter().map(|name| format!("`{name}`")).collect();
        writeln!(
            text,
            "| `{}`{aliases} | {} | {} | {} | {} | {} | {} | {} |",
            info.id,
            info.name,
            operations.replace(' ', ", "),
            if keys.is_empty() { "none".to_owned() } else { keys.join(" or ") },
            if info.base_url.is_empty() { "yours".to_owned() } else { format!("`{}`", info.base_url) },
            abilities(&info.capabilities).join(", "),
            settings.join(", "),
            info.docs,
        )?;
    }
    text.push_str("\n## Left out\n\n| vendor | why |\n| --- | --- |\n");
    for absent in llm_providers::openai_compat::absent() {
        writeln!(text, "| `{}` | {} |", absent.id, absent.reason)?;
    }
    Ok(text)
}
