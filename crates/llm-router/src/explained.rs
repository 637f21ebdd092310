//! A decision for a reader: every candidate by its name, what became of it, and the numbers that were compared.

use std::sync::Arc;

use llm_types::UnixMs;
use serde::Serialize;

use crate::{
    Bond, Candidate, Decision, DeploymentId, Inquiry, Refusal, RoutingStrategy, Snapshot, Verdict, Vitals,
};

#[cfg(test)]
mod tests;

/// A decision for a reader. Made while the snapshot is at hand.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explained {
    /// When.
    pub at: UnixMs,
    /// What chance had to go by: with it the decision can be made again.
    pub seed: u64,
    /// The model group.
    pub group: Arc<str>,
    /// How the last choice was made.
    pub strategy: RoutingStrategy,
    /// What bound the request to the one that was chosen, if anything did.
    pub bond: Option<Bond>,
    /// Who was chosen; `None` if nobody was left.
    pub chosen: Option<DeploymentId>,
    /// Every candidate.
    pub candidates: Vec<Weighed>,
}

/// One candidate of a decision.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Weighed {
    /// Who.
    pub deployment: DeploymentId,
    /// The vendor.
    pub provider: Arc<str>,
    /// The model's name at the vendor.
    pub model: Arc<str>,
    /// What became of it: `chosen`, `outranked` or `refused`.
    pub verdict: &'static str,
    /// Why, in words.
    pub because: String,
    /// The number that the strategy compared; `None` if it was not in question.
    pub score: Option<f64>,
    /// Why it was not in question, if it was not.
    pub refusal: Option<Refusal>,
    /// Its `order`.
    pub order: Option<i64>,
    /// Its `weight`.
    pub weight: Option<f64>,
    /// How it was doing.
    pub vitals: Vitals,
}

impl Explained {
    /// Puts names and numbers to a decision.
    pub fn new(decision: &Decision, view: &Snapshot<'_>, inquiry: &Inquiry<'_>) -> Self {
        let weighed = view.candidates.iter().zip(&decision.verdicts);
        Self {
            at: decision.at,
            seed: decision.seed,
            group: decision.group.clone(),
            strategy: decision.strategy,
            bond: decision.bond,
            chosen: decision.chosen.and_then(|place| view.candidates.get(place)).map(|one| one.id.clone()),
            candidates: weighed
                .map(|(candidate, verdict)| Weighed::new(candidate, *verdict, decision, inquiry))
                .collect(),
        }
    }
}

impl Weighed {
    fn new(candidate: &Candidate<'_>, verdict: Verdict, decision: &Decision, inquiry: &Inquiry<'_>) -> Self {
        let measure = measure(decision.strategy);
        let (name, because, score) = match verdict {
            Verdict::Chosen(score) => ("chosen", format!("{measure} {score}"), Some(score)),
            Verdict::Outranked(score) => {
                ("outranked", format!("{measure} {score}; another was chosen"), Some(score))
            }
            Verdict::Refused(refusal) => ("refused", words(refusal, decision.at, inquiry), None),
        };
        Self {
            deployment: candidate.id.clone(),
            provider: candidate.facts.provider.clone(),
            model: candidate.facts.model.clone(),
            verdict: name,
            because,
            score: score.filter(|score| score.is_finite()),
            refusal: verdict.refusal(),
            order: candidate.settings.order,
            weight: candidate.settings.weight,
            vitals: candidate.vitals,
        }
    }
}

/// What a strategy's number is.
const fn measure(strategy: RoutingStrategy) -> &'static str {
    match strategy {
        RoutingStrategy::SimpleShuffle => "drawn by its part of the largest weight:",
        RoutingStrategy::RoundRobin => "in turn by its part of the largest weight:",
        RoutingStrategy::LeastBusy => "requests in flight",
        RoutingStrategy::UsageBasedRouting | RoutingStrategy::UsageBasedRoutingV2 => "tokens this minute",
        RoutingStrategy::LatencyBasedRouting => "milliseconds",
        RoutingStrategy::PowerOfTwo => "latency times load",
        RoutingStrategy::CostBasedRouting => "cost in USD",
        RoutingStrategy::SuccessRate => "drawn by weight and success",
        RoutingStrategy::Priority => "order",
        RoutingStrategy::Expression => "drawn by the expression's weight",
    }
}

/// A refusal in words.
fn words(refusal: Refusal, now: UnixMs, inquiry: &Inquiry<'_>) -> String {
    match refusal {
        Refusal::CoolingDown { until, cause } => {
            let cause = cause.map_or_else(String::new, |kind| format!(" after {}", kind.label()));
            format!("cooling down for {} ms more{cause}", until.since(now))
        }
        Refusal::Probed => "another request finds out whether it is well again".to_owned(),
        Refusal::Unwell => "the background check failed".to_owned(),
        Refusal::Tried => "it has had its turn in this request".to_owned(),
        Refusal::Unsuited => "out of the question for this attempt".to_owned(),
        Refusal::Order => "others go before it by their order".to_owned(),
        Refusal::ContextWindow { most } => {
            format!("the prompt has some {} tokens, it takes {most}", inquiry.input_tokens)
        }
        Refusal::Lacks(lacks) => {
            format!("the model lacks {}", lacks.names().collect::<Vec<_>>().join(", "))
        }
        Refusal::Parameter(place) => {
            format!("the vendor refuses `{}`", inquiry.parameters.get(place).copied().unwrap_or("a member"))
        }
        Refusal::Region => format!("it is not in {}", inquiry.regions.join(" or ")),
        Refusal::Tags => "its labels do not fit".to_owned(),
        Refusal::Rule => "a rule sends the request elsewhere".to_owned(),
        Refusal::Requests { limit } => format!("its {limit} requests of this minute are used up"),
        Refusal::Tokens { limit } => format!("its {limit} tokens of this minute do not suffice"),
        Refusal::Quota => "the vendor said that nothing is left for now".to_owned(),
        Refusal::Budget => "its budget is spent".to_owned(),
        Refusal::Bound(bond) => match bond {
            Bond::Reference => "the request refers to what only another has".to_owned(),
            Bond::Session => "its conversation is at another".to_owned(),
            Bond::Owner => "its key or user stays with another".to_owned(),
            Bond::Prompt => "the prompt cache of another has its beginning".to_owned(),
        },
    }
}
