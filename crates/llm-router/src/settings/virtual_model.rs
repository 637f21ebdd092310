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
    /// The model when nothing fits, for `by_complexity` and `by_meaning`.
    pub default: Option<String>,
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
    /// Whether it chooses among the deployments of all its models; otherwise the request's class chooses the model.
    pub fn chooses(&self) -> bool {
        self.by_complexity.is_empty() && self.by_meaning.is_none()
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
        let default = self.default.as_deref().map(|model| ("default".to_owned(), model));
        listed.chain(tiers).chain(routes).chain(default).collect()
    }
}
