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
    number(&expression.run(value).ok()?)
}

/// The number that something is.
#[cfg(feature = "cel")]
fn number(value: &cel::objects::Value) -> Option<f64> {
    use cel::objects::Value;

    match *value {
        Value::Float(number) => Some(number),
        Value::Int(number) => Some(number as f64),
        Value::UInt(number) => Some(number as f64),
        Value::Bool(number) => Some(f64::from(u8::from(number))),
        _ => None,
    }
}

/// What is wrong with an expression that can be compiled, by what it comes to for a usual deployment.
#[cfg(feature = "cel")]
pub(crate) fn rehearse(source: &str) -> Option<String> {
    use cel::objects::Value;

    let value = |name: &str| match name {
        "weight" | "success" => Value::Float(1.0),
        "latency_ms" => Value::Float(500.0),
        "cost" => Value::Float(0.001),
        "region" => Value::from("eu-west-1"),
        "area" => Value::from("eu"),
        "tags" => Value::from(vec!["blue".to_owned()]),
        "in_flight" => Value::Int(1),
        "provider" => Value::from("openai"),
        _ => Value::from("gpt-4o"),
    };
    match Program::new(source, &VARIABLES).ok()?.run(value) {
        Ok(value) => number(&value).is_none().then(|| "for a usual deployment this is no number".to_owned()),
        Err(error) => Some(format!("fails for a usual deployment ({error})")),
    }
}
