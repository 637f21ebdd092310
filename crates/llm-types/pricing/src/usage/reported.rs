//! What a vendor says itself that an answer cost.

use llm_types::Usage;

use crate::Usd;
use crate::decimal::Decimal;

/// Who reports, where in the usage, and how many decimals the unit there stands for: xAI's tick is 10⁻¹⁰ USD.
///
/// Source: OpenRouter docs, usage accounting; xAI API reference, chat completions; Perplexity API reference, cost
/// object; DeepInfra docs, usage; read 2026-11.
const REPORTS: [(&str, &[&str], u8); 5] = [
    ("openrouter", &["cost"], 0),
    ("xai", &["cost_in_usd_ticks"], 10),
    ("perplexity", &["cost", "total_cost"], 0),
    ("deepinfra", &["estimated_cost"], 0),
    ("edenai", &["cost"], 0),
];

/// The cost that a vendor reports with the usage, to the nearest nano-dollar. It beats the table: the vendor knows
/// which upstream it chose.
///
/// Only vendors are believed that document such a field; `vendor` is the provider's id, such as `openrouter`.
pub fn reported_cost(vendor: &str, usage: &Usage) -> Option<Usd> {
    let (_, path, unit) = REPORTS.iter().find(|(name, _, _)| *name == vendor)?;
    let (first, rest) = path.split_first()?;
    let value = rest.iter().try_fold(usage.extra.get(*first)?, |value, name| value.get(*name))?;
    if !value.is_number() {
        return None;
    }
    let decimal = Decimal::parse(&value.to_string()).ok()?.times_ten_to(-i32::from(*unit));
    let nanos = decimal.nearest(9).ok().filter(|nanos| *nanos >= 0)?;
    Some(Usd::from_nanos(nanos))
}
