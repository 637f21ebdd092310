//! Settings that requests to all vendors need.

use llm_providers::core::{Parameters, Provider};

/// Settings without which some vendors have no address.
pub(crate) fn parameters(provider: &dyn Provider) -> Parameters {
    let known = [
        ("api_version", "2024-10-21"),
        ("aws_region_name", "eu-central-1"),
        ("project_id", "project"),
        ("tenant_id", "tenant"),
        ("vertex_location", "europe-west4"),
        ("vertex_project", "project"),
    ];
    let has = |name: &str| provider.info().parameters.iter().any(|parameter| parameter.name == name);
    known.into_iter().filter(|(name, _)| has(name)).collect()
}
