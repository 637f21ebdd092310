//! `llm_gateway.team_prices`: what teams pay less or more than their requests cost.

use llm_pricing::{Adjustment, Margin, Share};
use serde::Deserialize;

/// What a team pays less or more than what its requests cost, after the discounts and margins of vendors: first the
/// discount, and then the margin on what is left. It holds also where the vendor itself says what an answer cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct TeamPrices {
    /// The share that is taken off: `0.05` is five per cent. Default: 0.
    #[cfg_attr(feature = "schemars", schemars(with = "f64"))]
    pub discount: Share,
    /// The share that is put on, or `{percentage, fixed_amount}`: a share as well, and dollars an answer. Default: 0.
    #[cfg_attr(feature = "schemars", schemars(with = "serde_json::Value"))]
    pub margin: Margin,
}

impl TeamPrices {
    /// The same as prices go by it.
    pub const fn adjustment(&self) -> Adjustment {
        Adjustment { discount: self.discount.0, margin: self.margin }
    }
}
