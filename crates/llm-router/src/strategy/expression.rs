//! `expression`: a draw by weights that a CEL expression gives.

use super::draw::{draw, weigh};
use super::{Ballot, Numbers};
use crate::Entropy;
use crate::cel::Program;

/// What an expression may speak of.
pub(crate) const VARIABLES: [&str; 10] =
    ["weight", "latency_ms", "cost", "success", "region", "area", "tags", "in_flight", "provider", "model"];

/// A draw by the number that the expression gives for each candidate. What is no positive number counts as zero; where
/// all are zero, all are as likely.
pub(super) fn choose(ballot: Ballot<'_>, numbers: &mut Numbers, rng: &mut dyn Entropy) -> Option<usize> {
    weigh(ballot, numbers);
    if let Some(expression) = ballot.field.selection.expression() {
        for (weight, candidate) in numbers.iter_mut().zip(ballot.candidates()) {
            let number =
                evaluate(expression, ballot, candidate, *weight).filter(|n| n.is_finite() && *n > 0.0);
            *weight = number.unwrap_or(0.0);
        }
    }
    draw(numbers, rng)
}

#[cfg(not(feature = "cel"))]
fn evaluate(_: &Program, _: Ballot<'_>, _: &crate::Candidate<'_>, _: f64) -> Option<f64> {
    None
}

#[cfg(feature = "cel")]
fn evaluate(
    expression: &Program,
    ballot: Ballot<'_>,
    candidate: &crate::Candidate<'_>,
    weight: f64,
) -> Option<f64> {
    use cel::objects::Value;

    let text = |text: Option<&str>| Value::from(text.unwrap_or_default());
    let value = |name: &str| match name {
        "weight" => Value::Float(weight),
        "latency_ms" => Value::Float(
            super::latency::time_ms(candidate, ballot.field.inquiry.stream, false).unwrap_or(0.0),
        ),
        "cost" => Value::Float(super::cost::usd(candidate, ballot.field.inquiry).unwrap_or(f64::INFINITY)),
        "success" => Value::Float(candidate.vitals.health.success_rate.unwrap_or(1.0)),
        "region" => text(candidate.region()),
        "area" => text(candidate.region().and_then(crate::area)),
        "tags" => Value::from(candidate.settings.tags.clone()),
        "in_flight" => Value::Int(i64::from(candidate.vitals.load.in_flight)),
        "provider" => text(Some(&candidate.facts.provider)),
        _ => text(Some(&candidate.facts.model)),
    };
    match expression.run(value).ok()? {
        Value::Float(number) => Some(number),
        Value::Int(number) => Some(number as f64),
        Value::UInt(number) => Some(number as f64),
        Value::Bool(number) => Some(f64::from(u8::from(number))),
        _ => None,
    }
}
