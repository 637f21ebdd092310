//! What `llm-gateway check` has to say about a config.

use serde::Serialize;

use super::resolve::VendorChoice;
use super::{Config, Diagnostic, Mark};

/// A config, as far as a person wants to look it over.
#[derive(Debug, Clone, Serialize)]
pub struct CheckReport {
    /// Every deployment, group by group.
    pub deployments: Vec<CheckedDeployment>,
    /// Further names, and where they lead.
    pub aliases: Vec<(String, String)>,
    /// Models of which `model_info` says nothing.
    pub without_model_info: Vec<String>,
    /// Models without a price; `None` where no prices are known at all.
    pub without_price: Option<Vec<String>>,
    /// Models that one failing deployment takes away.
    pub without_second_deployment: Vec<String>,
    /// What the config says and does not get.
    pub warnings: Vec<Diagnostic>,
}

/// One row of the table of deployments.
#[derive(Debug, Clone, Serialize)]
pub struct CheckedDeployment {
    /// The name that clients ask for.
    pub model_name: String,
    /// The deployment's id.
    pub id: String,
    /// `vendor/model`, as it is asked.
    pub upstream: String,
    /// Where, if not at the vendor's own address.
    pub api_base: Option<String>,
    /// Where its key is; never the key.
    pub api_key: Option<String>,
    /// `weight`, if it has one.
    pub weight: Option<f64>,
    /// `order`, if it has one.
    pub order: Option<i64>,
    /// Why it cannot be used, if it cannot.
    pub unusable: Option<String>,
    /// Where the entry stands.
    pub origin: Mark,
}

impl CheckReport {
    /// Looks the config over.
    pub fn new(config: &Config) -> Self {
        let resolved = &config.resolved;
        let names = |wanted: fn(&super::ModelGroup) -> bool| -> Vec<String> {
            resolved.groups().filter(|group| wanted(group)).map(|group| group.name.clone()).collect()
        };
        let row = |deployment: &super::ResolvedDeployment| CheckedDeployment {
            model_name: deployment.model_name.clone(),
            id: deployment.id.to_string(),
            upstream: match &deployment.vendor {
                VendorChoice::Named(vendor) => format!("{vendor}/{}", deployment.upstream_model),
                VendorChoice::ByRequest => deployment.upstream_model.clone(),
            },
            api_base: deployment.api_base.clone(),
            api_key: deployment.api_key.as_ref().map(ToString::to_string),
            weight: deployment.routing.weight,
            order: deployment.routing.order,
            unusable: deployment.unusable.clone(),
            origin: deployment.origin.clone(),
        };
        Self {
            deployments: resolved.deployments().map(|deployment| row(deployment)).collect(),
            aliases: resolved.aliases().iter().map(|(name, to)| (name.clone(), to.model.clone())).collect(),
            without_model_info: names(|group| group.deployments.iter().any(|d| d.model_info.is_empty())),
            without_price: None,
            without_second_deployment: names(|group| group.deployments.len() < 2),
            warnings: config.warnings.clone(),
        }
    }
}
