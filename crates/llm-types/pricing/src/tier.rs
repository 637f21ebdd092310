//! Service tiers: the same answer sooner, later, or in a batch, at another price.

use std::fmt;

/// How urgently a vendor has answered.
///
/// Take it from the answer: what was asked for may have been downgraded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[non_exhaustive]
pub enum Tier {
    /// The usual one.
    #[default]
    Standard,
    /// Cheaper and slower.
    Flex,
    /// Dearer and faster; `fast` is billed as this.
    Priority,
    /// In a batch: where a batch has no price of its own, tokens cost half.
    Batch,
    /// Between flex and standard.
    Balanced,
    /// Faster than priority.
    Ultrafast,
    /// For decisions of agents.
    Decisions,
}

impl Tier {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Standard,
        Self::Flex,
        Self::Priority,
        Self::Batch,
        Self::Balanced,
        Self::Ultrafast,
        Self::Decisions,
    ];

    /// What the names of its prices end in.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Standard => "",
            Self::Flex => "_flex",
            Self::Priority => "_priority",
            Self::Batch => "_batches",
            Self::Balanced => "_balanced",
            Self::Ultrafast => "_ultrafast",
            Self::Decisions => "_decisions",
        }
    }

    /// The tier that a vendor says it served: `service_tier` of OpenAI, Anthropic and Groq, `serviceTier.type` of
    /// Bedrock, `trafficType` of Gemini. `None` for `auto` and for words that are not known.
    ///
    /// Source: OpenAI API reference, chat completion object; Anthropic API docs, service tiers; Gemini API
    /// reference, UsageMetadata; Amazon Bedrock API reference, ServiceTier; read 2026-11.
    pub fn served(word: &str) -> Option<Self> {
        let known = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(word));
        Some(match () {
            // Capacity that is paid for by the hour has no price of its own here.
            () if known(&["default", "standard", "on_demand", "scale", "reserved", "performance"])
                || known(&["provisioned_throughput"]) =>
            {
                Self::Standard
            }
            () if known(&["flex", "on_demand_flex"]) => Self::Flex,
            () if known(&["priority", "fast", "on_demand_priority"]) => Self::Priority,
            () if known(&["batch", "batches"]) => Self::Batch,
            () if known(&["balanced"]) => Self::Balanced,
            () if known(&["ultrafast"]) => Self::Ultrafast,
            () if known(&["decisions"]) => Self::Decisions,
            () => return None,
        })
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Standard => "standard",
            Self::Batch => "batch",
            _ => self.suffix().trim_start_matches('_'),
        })
    }
}

impl serde::Serialize for Tier {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vendors_words_are_known() {
        assert_eq!(Tier::served("default"), Some(Tier::Standard));
        assert_eq!(Tier::served("ON_DEMAND_FLEX"), Some(Tier::Flex));
        assert_eq!(Tier::served("fast"), Some(Tier::Priority));
        assert_eq!(Tier::served("batch"), Some(Tier::Batch));
        assert_eq!(Tier::served("auto"), None);
        for tier in Tier::ALL {
            assert_eq!(Tier::served(&tier.to_string()), Some(tier));
        }
    }
}
