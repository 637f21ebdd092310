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
