//! What `llm-gateway check` has to say about a config.

use llm_pricing::{Item, ModelInfo, Prices, Table};
use llm_types::UnixMs;
use serde::Serialize;

use super::address::shown;
use super::resolve::VendorChoice;
use super::{Config, Diagnostic, Mark};

/// A config, as far as a person wants to look it over.
#[derive(Debug, Clone, Serialize)]
pub struct CheckReport {
    /// Every deployment, group by group.
    pub deployments: Vec<CheckedDeployment>,
    /// Further names, and where they lead.
    pub aliases: Vec<(String, String)>,
    /// Models of which neither `model_info` nor the table says anything.
    pub without_model_info: Vec<String>,
    /// Models whose answers have no price, neither by the configuration nor by the table.
    pub without_price: Vec<String>,
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
    /// Where, if not at the vendor's own address; without a password or a query, in which keys stand.
    pub api_base: Option<String>,
    /// Where its key is; never the key.
    pub api_key: Option<String>,
    /// `weight`, if it has one.
    pub weight: Option<f64>,
    /// `order`, if it has one.
    pub order: Option<i64>,
    /// Tokens that a prompt may have, as far as known.
    pub max_input_tokens: Option<u64>,
    /// Dollars for a million tokens read and written, as far as known.
    pub usd_per_mtok: Option<(String, String)>,
    /// Why it cannot be used, if it cannot.
    pub unusable: Option<String>,
    /// Where the entry stands.
    pub origin: Mark,
}

impl super::ResolvedDeployment {
    /// What the table knows of the model.
    pub fn known(&self) -> Option<ModelInfo<'static>> {
        let VendorChoice::Named(vendor) = &self.vendor else { return None };
        let model = self.model_info.base_model.as_deref().unwrap_or(&self.upstream_model);
        Table::embedded().find_at(vendor, model, self.region.as_deref())
    }

    /// The prices that hold at an instant: the configuration's over those of the table.
    fn known_prices(&self, at: UnixMs) -> Option<Prices> {
        let own = self.prices.at(at);
        match self.known().and_then(|known| known.prices) {
            Some(known) => Some(own.clone().over(&known)),
            None => (!own.is_empty()).then(|| own.clone()),
        }
    }

    /// Whether an answer has a price. A pattern may lead to any model, and the mock costs nothing.
    fn has_price(&self, at: UnixMs) -> bool {
        self.upstream_model.contains('*')
            || self.mock_response.is_some()
            || self.vendor == VendorChoice::Named("mock".to_owned())
            || self.known_prices(at).is_some()
    }

    fn usd_per_mtok(&self, at: UnixMs) -> Option<(String, String)> {
        let prices = self.known_prices(at)?;
        let of =
            |item| prices.rate(item).map_or_else(|| "-".to_owned(), |rate| rate.per_million().to_string());
        Some((of(Item::Input), of(Item::Output)))
    }
}

impl CheckReport {
    /// Looks the config over, with the prices that hold `now`.
    pub fn new(config: &Config, now: UnixMs) -> Self {
        let resolved = &config.resolved;
        let names = |wanted: &dyn Fn(&super::ModelGroup) -> bool| -> Vec<String> {
            resolved.groups().filter(|group| wanted(group)).map(|group| group.name.clone()).collect()
        };
        let row = |deployment: &super::ResolvedDeployment| CheckedDeployment {
            model_name: deployment.model_name.clone(),
            id: deployment.id.to_string(),
            upstream: match &deployment.vendor {
                VendorChoice::Named(vendor) => format!("{vendor}/{}", deployment.upstream_model),
                VendorChoice::ByRequest => deployment.upstream_model.clone(),
            },
            api_base: deployment.api_base.as_deref().map(shown),
            api_key: deployment.api_key.as_ref().map(ToString::to_string),
            weight: deployment.routing.weight,
            order: deployment.routing.order,
            max_input_tokens: deployment
                .model_info
                .max_input_tokens
                .or_else(|| deployment.known()?.max_input_tokens),
            usd_per_mtok: deployment.usd_per_mtok(now),
            unusable: deployment.unusable.clone(),
            origin: deployment.origin.clone(),
        };
        Self {
            deployments: resolved.deployments().map(|deployment| row(deployment)).collect(),
            aliases: resolved.aliases().iter().map(|(name, to)| (name.clone(), to.model.clone())).collect(),
            without_model_info: names(&|group| {
                group.deployments.iter().any(|d| d.model_info.is_empty() && d.known().is_none())
            }),
            without_price: names(&|group| group.deployments.iter().any(|d| !d.has_price(now))),
            without_second_deployment: names(&|group| group.deployments.len() < 2),
            warnings: config.warnings.clone(),
        }
    }
}
