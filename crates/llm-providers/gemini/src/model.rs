//! What a model takes, told by its name.
//!
//! Source: Gemini API docs, "Gemini thinking", "Gemini 3 developer guide", "Structured outputs", "Function calling"
//! (ai.google.dev/gemini-api/docs), read 2026-11. Names that begin with `gemini` and tell no version, such as
//! `gemini-flash-latest`, are taken to be the newest; other names are taken to know what all thinking models know.

use llm_types::ReasoningEffort;

/// A model, by version and line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Model {
    /// `None` if the name tells none.
    version: Option<(u32, u32)>,
    is_gemini: bool,
    is_flash: bool,
    is_lite: bool,
}

impl Model {
    /// Reads a name such as `gemini-2.5-flash-lite`, `models/gemini-3-pro-preview` or `gemini-1.5-pro-002`.
    pub(crate) fn of(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let after = name.split_once("gemini-").map(|(_, rest)| rest);
        let version = after.and_then(|rest| {
            let mut numbers = rest.split('-').next()?.split('.');
            let major = numbers.next()?.parse().ok()?;
            Some((major, numbers.next().and_then(|minor| minor.parse().ok()).unwrap_or(0)))
        });
        Self {
            version,
            is_gemini: after.is_some(),
            is_flash: name.contains("flash"),
            is_lite: name.contains("lite"),
        }
    }

    /// Whether it is Gemini 3 or newer.
    pub(crate) fn is_third(self) -> bool {
        self.is_gemini && self.version.is_none_or(|version| version >= (3, 0))
    }

    /// Whether it reads JSON Schema, for arguments and answers. Gemini 1 knows the subset of OpenAPI's schemas only.
    pub(crate) fn reads_json_schema(self) -> bool {
        self.version.is_none_or(|version| version >= (2, 0))
    }

    /// The level of thinking nearest to an effort: `minimal` is Flash's alone.
    pub(crate) fn level(self, effort: &ReasoningEffort) -> Option<&'static str> {
        Some(match effort {
            ReasoningEffort::None | ReasoningEffort::Minimal if self.is_flash => "minimal",
            ReasoningEffort::None | ReasoningEffort::Minimal | ReasoningEffort::Low => "low",
            ReasoningEffort::Medium => "medium",
            ReasoningEffort::High | ReasoningEffort::Xhigh | ReasoningEffort::Max => "high",
            ReasoningEffort::Other(_) => return None,
        })
    }

    /// The least and the most tokens of thinking, besides none at all.
    pub(crate) fn budgets(self) -> (u64, u64) {
        match (self.version, self.is_flash, self.is_lite) {
            (Some((2, 5)), _, true) => (512, 24_576),
            (Some((2, 5)), true, false) => (1, 24_576),
            (Some((2, 5)), false, false) => (128, 32_768),
            _ => (1, u64::MAX),
        }
    }

    /// Whether it can be told not to think at all.
    pub(crate) fn can_be_silent(self) -> bool {
        !matches!((self.version, self.is_flash), (Some((2, 5)), false)) && !self.is_third()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_all_times() {
        for (name, third, schema, budgets, silent) in [
            ("gemini-1.5-pro-002", false, false, (1, u64::MAX), true),
            ("gemini-2.0-flash", false, true, (1, u64::MAX), true),
            ("gemini-2.5-pro", false, true, (128, 32_768), false),
            ("models/gemini-2.5-flash", false, true, (1, 24_576), true),
            ("gemini-2.5-flash-lite-preview-06-17", false, true, (512, 24_576), true),
            ("gemini-3-pro-preview", true, true, (1, u64::MAX), false),
            ("gemini-3.6-flash", true, true, (1, u64::MAX), false),
            ("gemini-flash-latest", true, true, (1, u64::MAX), false),
            ("gemini-11-ultra", true, true, (1, u64::MAX), false),
            ("gemma-3-27b-it", false, true, (1, u64::MAX), true),
            ("invented", false, true, (1, u64::MAX), true),
        ] {
            let model = Model::of(name);
            assert_eq!(
                (model.is_third(), model.reads_json_schema(), model.budgets(), model.can_be_silent()),
                (third, schema, budgets, silent),
                "{name}"
            );
        }
    }

    #[test]
    fn levels() {
        let level = |name: &str, effort: &str| Model::of(name).level(&effort.into());
        assert_eq!(level("gemini-3-pro-preview", "minimal"), Some("low"));
        assert_eq!(level("gemini-3-flash-preview", "minimal"), Some("minimal"));
        assert_eq!(level("gemini-3-pro-preview", "max"), Some("high"));
        assert_eq!(level("gemini-3-pro-preview", "galactic"), None);
    }
}
