//! What is known of a model.

use serde::ser::{Serialize, SerializeMap as _, Serializer};

use crate::Prices;

/// What is known of a model: windows, capabilities, prices, and where that was read.
///
/// Written as JSON, it has the names of LiteLLM's published table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelInfo<'a> {
    /// Its name in the table, such as `gpt-5`, `groq/llama-3.3-70b-versatile` or `us.anthropic.claude-sonnet-4-6`.
    pub key: &'a str,
    /// The id of the vendor that serves it, such as `bedrock`.
    pub vendor: &'a str,
    /// The vendor's price list, such as `bedrock_converse`; often the vendor's id again.
    pub family: &'a str,
    /// What it does.
    pub mode: Option<Mode>,
    /// How many tokens it reads at most.
    pub max_input_tokens: Option<u64>,
    /// How many tokens it writes at most.
    pub max_output_tokens: Option<u64>,
    /// How many numbers an embedding has.
    pub output_vector_size: Option<u64>,
    /// From how many tokens a prompt is cached.
    pub prompt_cache_min_tokens: Option<u64>,
    /// What it can do, as far as known.
    pub capabilities: Capabilities,
    /// What it costs; `None` when no price is known, which is not the same as free.
    pub prices: Option<Prices>,
    /// When the vendor takes it away: `2026-11-30`.
    pub deprecation_date: Option<&'a str>,
    /// Where the facts are from: the address of a page.
    pub source: Option<&'a str>,
    /// The endpoints that serve it, such as `/v1/chat/completions`.
    pub endpoints: Words<'a>,
    /// What it reads: `text`, `image`, `audio`, `video`.
    pub input_modalities: Words<'a>,
    /// What it writes.
    pub output_modalities: Words<'a>,
    /// Where it is served.
    pub regions: Words<'a>,
    /// The efforts of thinking that it knows.
    pub reasoning_efforts: Words<'a>,
    /// The effort of thinking without a wish.
    pub default_reasoning_effort: Option<&'a str>,
}

/// Words in one text, with commas between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Words<'a>(pub(crate) &'a str);

impl<'a> Words<'a> {
    /// From words with commas between.
    pub const fn new(text: &'a str) -> Self {
        Self(text)
    }

    /// One after the other.
    pub fn iter(self) -> impl Iterator<Item = &'a str> {
        self.0.split(',').filter(|word| !word.is_empty())
    }

    /// Whether there are none: nothing is known.
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Words<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'a> ModelInfo<'a> {
    /// A model of which nothing is known but its name.
    pub fn new(key: &'a str, vendor: &'a str, family: &'a str) -> Self {
        Self {
            key,
            vendor,
            family,
            mode: None,
            max_input_tokens: None,
            max_output_tokens: None,
            output_vector_size: None,
            prompt_cache_min_tokens: None,
            capabilities: Capabilities::default(),
            prices: None,
            deprecation_date: None,
            source: None,
            endpoints: Words::default(),
            input_modalities: Words::default(),
            output_modalities: Words::default(),
            regions: Words::default(),
            reasoning_efforts: Words::default(),
            default_reasoning_effort: None,
        }
    }

    /// Its name without the vendor: `llama-3.3-70b-versatile` of `groq/llama-3.3-70b-versatile`.
    pub fn name(&self) -> &'a str {
        self.key.strip_prefix(self.vendor).and_then(|rest| rest.strip_prefix('/')).unwrap_or(self.key)
    }
}

impl Serialize for ModelInfo<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("key", self.key)?;
        map.serialize_entry("litellm_provider", self.family)?;
        map.serialize_entry("mode", &self.mode.map(Mode::name))?;
        map.serialize_entry("max_input_tokens", &self.max_input_tokens)?;
        map.serialize_entry("max_output_tokens", &self.max_output_tokens)?;
        let optional = [
            ("output_vector_size", self.output_vector_size),
            ("prompt_cache_min_tokens", self.prompt_cache_min_tokens),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                map.serialize_entry(name, &value)?;
            }
        }
        if let Some(prices) = &self.prices {
            prices.write_fields(&mut map)?;
        }
        for (capability, has) in self.capabilities.iter() {
            map.serialize_entry(capability.name(), &has)?;
        }
        let lists = [
            ("supported_endpoints", self.endpoints),
            ("supported_modalities", self.input_modalities),
            ("supported_output_modalities", self.output_modalities),
            ("supported_regions", self.regions),
            ("reasoning_effort_levels", self.reasoning_efforts),
        ];
        for (name, words) in lists.into_iter().filter(|(_, words)| !words.is_empty()) {
            map.serialize_entry(name, &words)?;
        }
        let texts = [
            ("default_reasoning_effort", self.default_reasoning_effort),
            ("deprecation_date", self.deprecation_date),
            ("source", self.source),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                map.serialize_entry(name, text)?;
            }
        }
        map.end()
    }
}

macro_rules! named {
    ($(#[$meta:meta])* $type:ident { $( $(#[$doc:meta])* $name:ident = $text:literal, )* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum $type { $( $(#[$doc])* $name, )* }

        impl $type {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its name in LiteLLM's published table.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The one with this name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|it| it.name() == name)
            }
        }
    };
}

mod capability;
mod mode;

pub use capability::{Capabilities, Capability};
pub use mode::Mode;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_again() {
        for capability in Capability::ALL {
            assert_eq!(Capability::from_name(capability.name()), Some(*capability));
        }
        for mode in Mode::ALL {
            assert_eq!(Mode::from_name(mode.name()), Some(*mode));
        }
        assert!(Capability::ALL.len() <= 64);
    }

    #[test]
    fn unknown_is_not_no() {
        let mut known = Capabilities::default();
        known.set(Capability::Vision, true);
        known.set(Capability::WebSearch, false);
        assert_eq!(known.get(Capability::Vision), Some(true));
        assert_eq!(known.get(Capability::WebSearch), Some(false));
        assert_eq!(known.get(Capability::Reasoning), None);
        assert_eq!(known.iter().count(), 2);
    }

    #[test]
    fn json_has_the_names_of_the_table() {
        let mut info = ModelInfo::new("groq/llama", "groq", "groq");
        info.mode = Some(Mode::Chat);
        info.capabilities.set(Capability::Vision, true);
        info.input_modalities = Words::new("text,image");
        let fields = [("input_cost_per_token".to_owned(), crate::PriceValue::Number("5.9e-07".to_owned()))];
        info.prices = Prices::from_fields(fields.iter().map(|(name, value)| (name.as_str(), value))).ok();
        assert_eq!(info.name(), "llama");
        assert_eq!(
            serde_json::to_value(&info).unwrap(),
            serde_json::json!({
                "key": "groq/llama", "litellm_provider": "groq", "mode": "chat",
                "max_input_tokens": null, "max_output_tokens": null, "input_cost_per_token": 5.9e-7,
                "supports_vision": true, "supported_modalities": ["text", "image"]
            })
        );
    }
}
