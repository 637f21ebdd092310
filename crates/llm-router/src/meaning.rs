//! Routes by what a prompt is about: how near its vector is to those of examples.

use std::fmt;

use serde::Serialize;

use crate::settings::MeaningSettings;

#[cfg(test)]
mod tests;

/// The routes of one virtual model, with the vectors of their examples.
#[derive(Debug, Clone, PartialEq)]
pub struct Meanings {
    routes: Vec<Route>,
    dimensions: usize,
}

#[derive(Debug, Clone, PartialEq)]
struct Route {
    model: String,
    threshold: f64,
    /// Of length one.
    examples: Vec<Vec<f32>>,
}

/// How near a prompt is to every route.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judged {
    /// Every route, in the order of the configuration.
    pub scores: Vec<Score>,
    /// The model of the nearest route that is near enough.
    pub model: Option<String>,
}

/// How near a prompt is to one route.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    /// The model of the route.
    pub model: String,
    /// The cosine of the angle to the nearest of its examples, `-1.0..=1.0`.
    pub score: f64,
    /// From which on it is near enough.
    pub threshold: f64,
}

/// Vectors that do not go together.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MeaningFault {
    /// Another number of vectors than of examples.
    Count {
        /// Examples.
        expected: usize,
        /// Vectors.
        found: usize,
    },
    /// A vector with another number of dimensions than the others.
    Dimensions {
        /// The others'.
        expected: usize,
        /// Its own.
        found: usize,
    },
    /// A vector without a direction: nothing but zeros, or something that is no number.
    Empty,
}

impl fmt::Display for MeaningFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count { expected, found } => write!(f, "{found} vectors for {expected} texts"),
            Self::Dimensions { expected, found } => {
                write!(f, "a vector has {found} dimensions, the others have {expected}")
            }
            Self::Empty => f.write_str("a vector without a direction"),
        }
    }
}

impl std::error::Error for MeaningFault {}

impl MeaningSettings {
    /// Nearness that is enough where a route does not say.
    pub const THRESHOLD: f64 = 0.5;
    /// Characters of a prompt that are looked at where the settings do not say.
    ///
    /// Source: LiteLLM docs, Auto routing, `auto_router_max_input_chars`, read 2026-11.
    pub const MAX_INPUT_CHARS: u32 = 2_000;

    /// Every example, in the order in which [`Meanings::new`] takes their vectors.
    pub fn examples(&self) -> impl Iterator<Item = &str> {
        self.routes.iter().flat_map(|route| &route.utterances).map(String::as_str)
    }

    /// The part of a prompt that is looked at: its beginning.
    pub fn part<'a>(&self, prompt: &'a str) -> &'a str {
        let most = self.max_input_chars.unwrap_or(Self::MAX_INPUT_CHARS) as usize;
        prompt.char_indices().nth(most).map_or(prompt, |(end, _)| &prompt[..end])
    }
}

impl Meanings {
    /// The routes with the vectors of [all their examples](MeaningSettings::examples).
    ///
    /// # Errors
    /// Vectors that do not go together.
    pub fn new(settings: &MeaningSettings, vectors: Vec<Vec<f32>>) -> Result<Self, MeaningFault> {
        let (expected, found) = (settings.examples().count(), vectors.len());
        if expected != found {
            return Err(MeaningFault::Count { expected, found });
        }
        let dimensions = vectors.first().map_or(0, Vec::len);
        let mut vectors = vectors.into_iter();
        let mut routes = Vec::with_capacity(settings.routes.len());
        for route in &settings.routes {
            let own = vectors.by_ref().take(route.utterances.len());
            routes.push(Route {
                model: route.model.clone(),
                threshold: route.score_threshold.unwrap_or(MeaningSettings::THRESHOLD),
                examples: own.map(|vector| unit(vector, dimensions)).collect::<Result<_, _>>()?,
            });
        }
        Ok(Self { routes, dimensions })
    }

    /// How near a prompt is to every route, by its vector.
    ///
    /// A route is as near as the nearest of its examples. Of two that are as near, the first is taken.
    ///
    /// # Errors
    /// A vector that does not go with those of the examples.
    pub fn judge(&self, prompt: Vec<f32>) -> Result<Judged, MeaningFault> {
        let prompt = unit(prompt, self.dimensions)?;
        let mut best: Option<(f64, &str)> = None;
        let mut scores = Vec::with_capacity(self.routes.len());
        for Route { model, threshold, examples } in &self.routes {
            let near = examples.iter().map(|example| dot(example, &prompt));
            let score = near.fold(-1.0, f64::max);
            if score >= *threshold && best.is_none_or(|(so_far, _)| score > so_far) {
                best = Some((score, model));
            }
            scores.push(Score { model: model.clone(), score, threshold: *threshold });
        }
        Ok(Judged { scores, model: best.map(|(_, model)| model.to_owned()) })
    }
}

/// The same direction, of length one.
fn unit(mut vector: Vec<f32>, dimensions: usize) -> Result<Vec<f32>, MeaningFault> {
    if vector.len() != dimensions {
        return Err(MeaningFault::Dimensions { expected: dimensions, found: vector.len() });
    }
    let length = dot(&vector, &vector).sqrt();
    if !(length.is_finite() && length > 0.0) {
        return Err(MeaningFault::Empty);
    }
    for number in &mut vector {
        *number = (f64::from(*number) / length) as f32;
    }
    Ok(vector)
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}
