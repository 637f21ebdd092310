//! `routing_strategy` and what it goes by.

use serde::{Deserialize, Serialize};

/// `routing_strategy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum RoutingStrategy {
    /// A draw by `weight`, else `rpm`, else `tpm`, else uniform.
    #[default]
    SimpleShuffle,
    /// Turns in proportion to the weights, evenly spread.
    RoundRobin,
    /// The fewest requests in flight.
    LeastBusy,
    /// The fewest tokens this minute; the same as `usage-based-routing-v2`.
    UsageBasedRouting,
    /// The fewest tokens this minute, among those within their limits.
    #[serde(rename = "usage-based-routing-v2")]
    UsageBasedRoutingV2,
    /// The fastest, by time to first token for streams and time per token otherwise.
    LatencyBasedRouting,
    /// The better of two drawn at random, by a latency that jumps up with each slow answer, times the load.
    PowerOfTwo,
    /// The cheapest for this request.
    CostBasedRouting,
    /// A draw in which the share of failures lowers the weight.
    SuccessRate,
    /// The lowest `order` or number first, the next only when that fails.
    Priority,
    /// A draw by weights that a CEL expression gives.
    Expression,
}

/// `routing_strategy_args`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct StrategyArgs {
    /// Latency: LiteLLM's seconds for which a sample counts; here that is an hour, whatever stands here.
    pub ttl: Option<f64>,
    /// Latency: deployments within this share of the fastest are as good. Default: 0.
    pub lowest_latency_buffer: Option<f64>,
    /// Latency: LiteLLM's number of samples; here averages are over about the last ten, whatever stands here.
    pub max_latency_list_size: Option<u32>,
    /// Latency: for streams the 95th percentile counts, whatever number stands here. Default: the average.
    pub ttft_percentile: Option<f64>,
    /// Expression: a CEL expression over `weight`, `latency_ms`, `cost`, `success`, `region`, `tags`, `in_flight`,
    /// `provider`, `model`, which gives a number. Default: `weight`.
    pub expression: Option<String>,
}
