//! `virtual_models`: one name for several models.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// One name for several models, of which one is chosen for each request. One of the keys must be set.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct VirtualModel {
    /// The one that costs least for this request.
    pub cheapest: Vec<String>,
    /// The one that is fastest now.
    pub fastest: Vec<String>,
    /// The first; each next one when those before it fail.
    pub first_of: Vec<String>,
    /// By how hard the prompt is: `simple`, `medium`, `complex`, `reasoning`, each with a model.
    pub by_complexity: IndexMap<String, String>,
    /// By what the prompt is about.
    pub by_meaning: Option<MeaningSettings>,
    /// By how good the answer is to be, as the request says: tiers such as `draft` and `final`, from the least to the best,
    /// each with a model, or with several of which the one that costs least for this request serves. `NAME:TIER` is a
    /// model as well.
    pub by_quality: IndexMap<String, QualityTier>,
    /// The model when nothing fits, for `by_complexity` and `by_meaning`; for `by_quality` the tier, or the model, of
    /// requests that name no tier: the best one if nothing is said.
    pub default: Option<String>,
}

/// The models of a tier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub enum QualityTier {
    /// One.
    One(String),
    /// Several, of which the cheapest serves.
    Cheapest(Vec<String>),
}

impl QualityTier {
    /// The models.
    pub fn models(&self) -> &[String] {
        match self {
            Self::One(model) => std::slice::from_ref(model),
            Self::Cheapest(models) => models,
        }
    }
}

/// Routes by the nearness of the prompt to examples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct MeaningSettings {
    /// The `model_name` that makes the vectors.
    pub embedding_model: String,
    /// The routes.
    pub routes: Vec<MeaningRoute>,
    /// Characters of the prompt that are looked at, at most. Default: 2000.
    #[serde(default)]
    pub max_input_chars: Option<u32>,
}

/// One route.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct MeaningRoute {
    /// The model.
    pub model: String,
    /// Prompts that belong there.
    pub utterances: Vec<String>,
    /// Nearness that is enough, `0.0..=1.0`. Default: 0.5.
    #[serde(default)]
    pub score_threshold: Option<f64>,
}

impl VirtualModel {
    /// Whether it chooses among the deployments of all its models; otherwise the request's class or tier chooses the model.
    pub fn chooses(&self) -> bool {
        self.by_complexity.is_empty() && self.by_meaning.is_none() && self.by_quality.is_empty()
    }

    /// The models whose deployments it chooses among.
    pub fn members(&self) -> &[String] {
        [&self.cheapest, &self.fastest, &self.first_of]
            .into_iter()
            .find(|models| !models.is_empty())
            .map_or(&[], |m| m)
    }

    /// Every model that it names, with the place where it does.
    pub(crate) fn targets(&self) -> Vec<(String, &str)> {
        let lists = [("cheapest", &self.cheapest), ("fastest", &self.fastest), ("first_of", &self.first_of)];
        let listed = lists.into_iter().flat_map(|(key, models)| {
            models.iter().enumerate().map(move |(place, model)| (format!("{key}[{place}]"), model.as_str()))
        });
        let tiers =
            self.by_complexity.iter().map(|(tier, model)| (format!("by_complexity.{tier}"), model.as_str()));
        let routes = self.by_meaning.iter().flat_map(|meaning| meaning.routes.iter().enumerate());
        let routes =
            routes.map(|(place, route)| (format!("by_meaning.routes[{place}].model"), route.model.as_str()));
        let qualities = self.by_quality.iter().flat_map(|(tier, models)| {
            let place = move |place| format!("by_quality.{tier}[{place}]");
            models.models().iter().enumerate().map(move |(at, model)| (place(at), model.as_str()))
        });
        let default = self.default.as_deref().filter(|default| !self.by_quality.contains_key(*default));
        let default = default.map(|model| ("default".to_owned(), model));
        listed.chain(tiers).chain(routes).chain(qualities).chain(default).collect()
    }
}
