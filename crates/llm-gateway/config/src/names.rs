//! Which names a config may use: ours, those of LiteLLM that we lack, and the nearest right one for others.

use std::sync::LazyLock;

use indexmap::IndexMap;

use super::wildcard::Pattern;

/// The map that a key stands in, as far as other rules hold for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// The file itself.
    Top,
    /// `model_list[].litellm_params`: unknown keys are the vendor's parameters.
    LitellmParams,
    /// `model_list[].model_info`: unknown keys are kept.
    ModelInfo,
    RouterSettings,
    LitellmSettings,
    GeneralSettings,
    /// Whatever LiteLLM has no names for.
    Ours,
}

impl Level {
    fn section(self) -> Option<&'static str> {
        match self {
            Self::Top => Some("top"),
            Self::LitellmParams => Some("litellm_params"),
            Self::ModelInfo => Some("model_info"),
            Self::RouterSettings => Some("router_settings"),
            Self::LitellmSettings => Some("litellm_settings"),
            Self::GeneralSettings => Some("general_settings"),
            Self::Ours => None,
        }
    }

    fn litellm_names(self) -> &'static [&'static str] {
        self.section().and_then(|section| SECTIONS.get(section)).map_or(&[], Vec::as_slice)
    }

    /// Whether LiteLLM has `key` here. Ask only about keys that we do not own.
    pub(super) fn is_lacking(self, key: &str) -> bool {
        self.litellm_names().iter().any(|name| Pattern::new(*name).matches(key).is_some())
    }

    /// The name that was probably meant: one of `ours` or one of LiteLLM's.
    pub(super) fn nearest(self, key: &str, ours: &[&'static str]) -> Option<&'static str> {
        let litellm = self.litellm_names().iter().copied().filter(|name| !name.contains('*'));
        nearest(key, ours.iter().copied().chain(litellm))
    }

    /// The section where LiteLLM has `key`, if it does not have it here but elsewhere.
    pub(super) fn home_of(self, key: &str) -> Option<&'static str> {
        [Self::GeneralSettings, Self::LitellmSettings, Self::RouterSettings]
            .into_iter()
            .filter(|level| *level != self)
            .find(|level| level.litellm_names().contains(&key))
            .and_then(Self::section)
    }
}

/// Whether a vendor of this name exists that this version may lack.
pub(super) fn is_known_vendor(name: &str) -> bool {
    SECTIONS.get("vendors").is_some_and(|vendors| vendors.contains(&name))
}

/// The candidate that `name` is a slip of, if one is near enough.
pub(super) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_ascii_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&lower, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= (name.len().max(candidate.len()) / 3).clamp(1, 3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `, did you mean "…"?`, or nothing.
pub(super) fn suggestion(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!(", did you mean \"{name}\"?"))
}

/// The list of names, by section.
static SECTIONS: LazyLock<IndexMap<&'static str, Vec<&'static str>>> = LazyLock::new(|| {
    let mut sections: IndexMap<&str, Vec<&str>> = IndexMap::new();
    for line in include_str!("litellm_names.txt").lines().filter(|line| !line.starts_with('#')) {
        if let Some(section) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            sections.insert(section, Vec::new());
        } else if let Some((_, names)) = sections.last_mut() {
            names.extend(line.split_whitespace());
        }
    }
    sections
});

/// Parameters of chat requests: never a slip of one of ours.
pub(super) const REQUEST_PARAMETERS: &[&str] = &[
    "audio",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "metadata",
    "min_p",
    "modalities",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "reasoning",
    "reasoning_effort",
    "repetition_penalty",
    "response_format",
    "safety_identifier",
    "seed",
    "service_tier",
    "stop",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_k",
    "top_logprobs",
    "top_p",
    "user",
    "verbosity",
    "web_search_options",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_has_its_names() {
        for level in [
            Level::Top,
            Level::LitellmParams,
            Level::ModelInfo,
            Level::RouterSettings,
            Level::LitellmSettings,
            Level::GeneralSettings,
        ] {
            assert!(level.litellm_names().len() > 15, "{level:?}");
        }
        assert!(Level::Ours.litellm_names().is_empty());
        assert!(is_known_vendor("bedrock") && !is_known_vendor("bedrok"));
    }

    #[test]
    fn names_may_be_patterns() {
        assert!(Level::LitellmParams.is_lacking("aws_region_name"));
        assert!(!Level::LitellmParams.is_lacking("aws"));
    }

    #[test]
    fn only_slips_have_a_nearest_name() {
        let names = ["model_list", "router_settings", "rpm", "tpm"];
        for (name, expected) in [
            ("modle_list", Some("model_list")),
            ("Model_List", Some("model_list")),
            ("rmp", Some("rpm")),
            ("router_setting", Some("router_settings")),
            ("cache", None),
            ("n", None),
        ] {
            assert_eq!(nearest(name, names), expected, "{name}");
        }
    }
}
