//! `llm_gateway.price_changes`: discounts, margins and prices of teams that hold from some day on.

use indexmap::IndexMap;
use llm_pricing::{Adjustment, Dated, Discounts, Margin, Margins, Share, Since};
use serde::Deserialize;

#[cfg(feature = "schemars")]
use super::health::with_keys;
use super::team_prices::TeamPrices;

/// What is taken off prices and put on them from some day on. What it does not name stays as it was.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PriceChange {
    /// The day, `2026-12-01`, which begins at midnight in UTC, or the time, `2026-12-01T08:00:00+01:00`, from which this
    /// holds.
    #[cfg_attr(feature = "schemars", schemars(with = "String"))]
    pub from: Since,
    /// As under `litellm_settings`: takes the place of the shares under the same keys. Default: nothing changes.
    #[serde(default)]
    #[cfg_attr(feature = "schemars", schemars(with = "std::collections::BTreeMap<String, f64>"))]
    pub cost_discount_config: Discounts,
    /// As under `litellm_settings`: takes the place of the margins under the same keys. Default: nothing changes.
    #[serde(default)]
    #[cfg_attr(
        feature = "schemars",
        schemars(with = "std::collections::BTreeMap<String, serde_json::Value>")
    )]
    pub cost_margin_config: Margins,
    /// As `llm_gateway.team_prices`: takes the place of what is said of the same teams. Default: nothing changes.
    #[serde(default)]
    pub team_prices: IndexMap<String, TeamPrices>,
}

/// What is taken off prices and put on them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PriceTerms {
    /// Shares that vendors take off their prices.
    pub discounts: Discounts,
    /// What is put on prices.
    pub margins: Margins,
    /// What teams pay less or more than their requests cost, by their ids.
    pub team_prices: IndexMap<String, TeamPrices>,
}

/// What an entry of `model_list` takes off its prices and puts on them, in the place of what is said of its vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OwnTerms {
    /// The share that is taken off; `None` leaves it to the vendor's.
    pub discount: Option<Share>,
    /// What is put on; `None` leaves it to the vendor's.
    pub margin: Option<Margin>,
}

impl OwnTerms {
    /// These, and where they are silent those before.
    pub(super) fn over(self, before: Self) -> Self {
        Self { discount: self.discount.or(before.discount), margin: self.margin.or(before.margin) }
    }
}

impl PriceTerms {
    /// What is taken off the prices of a deployment and put on them: each by its own word, else its vendor's.
    pub fn adjustment(&self, vendor: &str, model: &str, own: OwnTerms) -> Adjustment {
        Adjustment {
            discount: own.discount.map_or_else(|| self.discounts.find(vendor, model), |share| share.0),
            margin: own.margin.unwrap_or_else(|| self.margins.find(vendor)),
        }
    }

    /// These, and what becomes of them.
    pub(super) fn dated(self, mut changes: Vec<PriceChange>) -> Dated<Self> {
        changes.sort_by_key(|change| change.from);
        let mut dated = Dated::new(self);
        for change in changes {
            let mut terms = dated.at(change.from.0).clone();
            terms.discounts.0.extend(change.cost_discount_config.0);
            terms.margins.0.extend(change.cost_margin_config.0);
            terms.team_prices.extend(change.team_prices);
            dated.change(change.from.0, terms);
        }
        dated
    }
}

/// When prices of a deployment change stands in `model_info`.
#[cfg(feature = "schemars")]
pub(super) fn with_price_keys(schema: &mut schemars::Schema) {
    with_keys::<PriceKeys>(schema);
}

/// `model_info.price_changes`, as its JSON Schema has it.
#[cfg(feature = "schemars")]
#[derive(schemars::JsonSchema)]
#[expect(dead_code, reason = "stands for its JSON Schema; the loader reads its parts one by one")]
struct PriceKeys {
    /// The share that is taken off this deployment's prices, in the place of its vendor's: `0.05` is five per cent.
    /// Default: as `litellm_settings.cost_discount_config` says.
    #[schemars(default)]
    cost_discount: Option<f64>,
    /// What is put on after that, in the place of the vendor's: a share, or `{percentage, fixed_amount}`, a share as well
    /// and dollars an answer. Default: as `litellm_settings.cost_margin_config` says.
    #[schemars(default)]
    cost_margin: Option<serde_json::Value>,
    /// Prices that hold from some day on. Default: none.
    #[schemars(default)]
    price_changes: Vec<ModelPriceChange>,
}

/// Prices of a deployment from some day on: `from`, and prices under LiteLLM's names, `cost_discount` or `cost_margin`. What
/// it does not name stays as it was.
#[cfg(feature = "schemars")]
#[derive(schemars::JsonSchema)]
#[schemars(inline)]
#[expect(dead_code, reason = "stands for its JSON Schema; the loader reads its parts one by one")]
struct ModelPriceChange {
    /// The day, `2026-12-01`, which begins at midnight in UTC, or the time, `2026-12-01T08:00:00+01:00`, from which this
    /// holds.
    #[schemars(with = "String")]
    from: Since,
    #[schemars(flatten)]
    prices: serde_json::Map<String, serde_json::Value>,
}
