//! Whole configs, from text to what they come down to.

use std::collections::HashMap;
use std::sync::Arc;

use super::*;

mod auto_routers;
mod deployments;
mod examples;
mod files;
mod implicit;
mod messages;
mod priorities;
mod settings;
mod store;
mod stored;

/// The vendors of these tests.
const VENDORS: &[Vendor<'_>] = &[
    Vendor::new("openai", Some("OPENAI_API_KEY")),
    Vendor::new("anthropic", Some("ANTHROPIC_API_KEY")),
    Vendor::new("groq", Some("GROQ_API_KEY")),
    Vendor::new("hosted_vllm", None),
    Vendor::new("mock", None),
];

/// An environment that holds these variables and nothing else.
fn with_env(variables: &[(&str, &str)]) -> ConfigContext<'static> {
    let variables: HashMap<String, String> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    ConfigContext::new(VENDORS, Arc::new(move |name| variables.get(name).cloned()))
}

/// The keys of the two great vendors are set.
fn context() -> ConfigContext<'static> {
    with_env(&[("OPENAI_API_KEY", "sk-openai"), ("ANTHROPIC_API_KEY", "sk-anthropic")])
}

fn read(text: &str) -> Config {
    read_with(text, &context())
}

fn read_with(text: &str, context: &ConfigContext<'_>) -> Config {
    Config::parse("config.yaml", text, context).unwrap_or_else(|errors| panic!("{errors}"))
}

/// Everything that there is to say about a text, whether it can be used or not.
fn said(text: &str) -> String {
    said_with(text, &context())
}

fn said_with(text: &str, context: &ConfigContext<'_>) -> String {
    let diagnostics = match Config::parse("config.yaml", text, context) {
        Ok(config) => config.warnings,
        Err(errors) => errors.diagnostics,
    };
    diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn only(config: &Config) -> &ResolvedDeployment {
    let mut deployments = config.resolved.deployments();
    let deployment = deployments.next().expect("one deployment");
    assert!(deployments.next().is_none(), "more than one deployment");
    deployment
}
