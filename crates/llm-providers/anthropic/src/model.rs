//! What a model takes, told by its name.
//!
//! Source: Anthropic docs, "Thinking", "Effort", "Structured outputs", "Mid-conversation system messages" and
//! "Migration guide" (platform.claude.com/docs), read 2026-11. Names that follow Anthropic's pattern and are
//! newer than these pages are taken to be like the newest known; other names, as other vendors that speak this
//! wire have them, like the oldest that thinks.

/// A line of models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Opus,
    Sonnet,
    Haiku,
    /// Fable and Mythos, which are alike here.
    Fable,
    Other,
}

/// A model, by line and version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Model {
    family: Family,
    version: (u32, u32),
}

/// How a model is told not to think.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Off {
    /// By saying nothing.
    Silence,
    /// By this `type` of `thinking`.
    Kind(&'static str),
    /// It always thinks.
    Never,
}

impl Model {
    /// Reads a name such as `claude-opus-4-6`, `claude-3-7-sonnet-20250219` or `claude-sonnet-4.5`.
    pub(crate) fn of(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let Some((_, rest)) = name.split_once("claude-") else {
            return Self { family: Family::Other, version: (0, 0) };
        };
        let mut family = Family::Other;
        let mut numbers = Vec::with_capacity(2);
        let mut ended = false;
        for word in rest.split(['-', '.', '@', ':', '/', '_']) {
            match word {
                "opus" => family = Family::Opus,
                "sonnet" => family = Family::Sonnet,
                "haiku" => family = Family::Haiku,
                "fable" | "mythos" => family = Family::Fable,
                _ if !ended && word.len() <= 2 && word.parse::<u32>().is_ok() => {
                    numbers.extend(word.parse::<u32>().ok());
                    continue;
                }
                _ => {}
            }
            ended = !numbers.is_empty();
        }
        let version = match numbers.as_slice() {
            [] if family == Family::Fable => (4, 7),
            [] => (0, 0),
            [major] => (*major, 0),
            [major, minor, ..] => (*major, *minor),
        };
        Self { family, version }
    }

    /// An answer whose beginning is given. Names that tell no version are taken to refuse it.
    pub(crate) fn takes_prefill(self) -> bool {
        self.version > (0, 0) && self.version < (4, 6)
    }

    /// `thinking.type: adaptive`.
    pub(crate) fn thinks_adaptively(self) -> bool {
        self.version >= (4, 6)
    }

    /// `thinking.type: enabled` with a budget.
    pub(crate) fn takes_budget(self) -> bool {
        self.version < (4, 7)
    }

    /// How it is told not to think.
    pub(crate) fn off(self) -> Off {
        match self.family {
            Family::Fable => Off::Never,
            Family::Opus if self.version >= (5, 5) => Off::Never,
            Family::Sonnet if self.version >= (5, 5) => Off::Kind("between_tools"),
            _ if self.version >= (5, 0) => Off::Kind("disabled"),
            _ => Off::Silence,
        }
    }

    /// The level of effort nearest to `wanted`; `None` if the model takes none.
    pub(crate) fn effort(self, wanted: &str) -> Option<&'static str> {
        if self.version < (4, 6) && !(self.family == Family::Opus && self.version == (4, 5)) {
            return None;
        }
        Some(match wanted {
            "minimal" | "low" => "low",
            "medium" => "medium",
            "xhigh" if self.version >= (4, 7) => "xhigh",
            "max" if self.version >= (4, 6) => "max",
            _ => "high",
        })
    }

    /// `temperature`, `top_p` and `top_k`.
    pub(crate) fn takes_sampling(self) -> bool {
        self.version < (4, 7)
    }

    /// `temperature` and `top_p` in one request.
    pub(crate) fn takes_both_samplings(self) -> bool {
        self.version < (4, 1)
    }

    /// `tool_choice` of type `any` or `tool`.
    pub(crate) fn takes_forced_tools(self) -> bool {
        match self.family {
            Family::Fable => self.version < (5, 1),
            Family::Opus | Family::Sonnet => self.version < (5, 5),
            Family::Haiku | Family::Other => true,
        }
    }

    /// `output_config.format`, and `strict` on tools.
    pub(crate) fn has_structured_output(self) -> bool {
        self.version >= (4, 5)
    }

    /// Messages with the role `system`.
    pub(crate) fn takes_system_messages(self) -> bool {
        self.version >= (4, 8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_of_answers() {
        for (name, takes) in [
            ("claude-3-haiku-20240307", true),
            ("claude-opus-4-5-20251101", true),
            ("eu.anthropic.claude-sonnet-4-20250514-v1:0", true),
            ("claude-sonnet-4-6", false),
            ("claude-fable-5", false),
            ("claude-mythos-preview", false),
            ("something-else", false),
        ] {
            assert_eq!(Model::of(name).takes_prefill(), takes, "{name}");
        }
    }

    #[test]
    fn names_of_all_times() {
        for (name, family, version) in [
            ("claude-3-7-sonnet-20250219", Family::Sonnet, (3, 7)),
            ("claude-3-opus-latest", Family::Opus, (3, 0)),
            ("claude-sonnet-4-20250514", Family::Sonnet, (4, 0)),
            ("claude-opus-4-5-20251101", Family::Opus, (4, 5)),
            ("us.anthropic.claude-opus-4-6-v1", Family::Opus, (4, 6)),
            ("anthropic/claude-sonnet-4.6", Family::Sonnet, (4, 6)),
            ("claude-opus-4-1@20250805", Family::Opus, (4, 1)),
            ("claude-mythos-preview", Family::Fable, (4, 7)),
            ("claude-fable-5-1", Family::Fable, (5, 1)),
            ("claude-haiku-5-5", Family::Haiku, (5, 5)),
            ("claude-instant-1.2", Family::Other, (1, 2)),
            ("kimi-k2-thinking", Family::Other, (0, 0)),
        ] {
            assert_eq!(Model::of(name), Model { family, version }, "{name}");
        }
    }

    #[test]
    fn what_each_takes() {
        let facts = |name: &str| {
            let model = Model::of(name);
            (
                model.thinks_adaptively(),
                model.takes_budget(),
                model.off(),
                model.effort("max"),
                model.takes_sampling(),
                model.takes_forced_tools(),
                model.has_structured_output(),
                model.takes_system_messages(),
            )
        };
        let silence = Off::Silence;
        assert_eq!(facts("claude-3-haiku-20240307"), (false, true, silence, None, true, true, false, false));
        assert_eq!(facts("claude-haiku-4-5"), (false, true, silence, None, true, true, true, false));
        assert_eq!(facts("claude-opus-4-5"), (false, true, silence, Some("high"), true, true, true, false));
        assert_eq!(facts("claude-sonnet-4-6"), (true, true, silence, Some("max"), true, true, true, false));
        assert_eq!(facts("claude-opus-4-7"), (true, false, silence, Some("max"), false, true, true, false));
        assert_eq!(facts("claude-opus-4-8"), (true, false, silence, Some("max"), false, true, true, true));
        let disabled = Off::Kind("disabled");
        assert_eq!(facts("claude-haiku-5-5"), (true, false, disabled, Some("max"), false, true, true, true));
        let between = Off::Kind("between_tools");
        assert_eq!(facts("claude-sonnet-5-5"), (true, false, between, Some("max"), false, false, true, true));
        assert_eq!(facts("claude-fable-5"), (true, false, Off::Never, Some("max"), false, true, true, true));
        assert_eq!(facts("other"), (false, true, silence, None, true, true, false, false));
        assert_eq!(Model::of("claude-opus-4-6").effort("xhigh"), Some("high"));
        assert_eq!(Model::of("claude-opus-4-6").effort("minimal"), Some("low"));
    }
}
