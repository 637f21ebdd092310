//! Which family a model is of, and under which address it stands.
//!
//! Source: Vertex AI docs, "Claude", "Mistral AI", "AI21", "MaaS APIs" (Llama, DeepSeek, Qwen, gpt-oss and others),
//! "Tuned models" (docs.cloud.google.com/vertex-ai), and LiteLLM's names for them, read 2026-11.

/// What a model speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// `generateContent`.
    Gemini,
    /// Anthropic's Messages, by `rawPredict`.
    Claude,
    /// Mistral's chat, by `rawPredict`.
    Mistral,
    /// AI21's chat, by `rawPredict`.
    Ai21,
    /// OpenAI's chat, at an address for all publishers.
    Open,
    /// OpenAI's chat, at an endpoint of one's own.
    OpenEndpoint,
}

/// A model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Model<'a> {
    pub(crate) family: Family,
    /// Its name, without what only tells the family.
    pub(crate) name: &'a str,
    /// Whether the name is the number of an endpoint.
    pub(crate) is_endpoint: bool,
}

/// Publishers whose models have words of their own, and what they speak.
const PUBLISHERS: &[(&str, Family)] = &[
    ("google", Family::Gemini),
    ("anthropic", Family::Claude),
    ("mistralai", Family::Mistral),
    ("ai21", Family::Ai21),
];

/// How models begin that are named without a publisher.
const BEGINNINGS: &[(&str, Family)] = &[
    ("claude", Family::Claude),
    ("mistral", Family::Mistral),
    ("codestral", Family::Mistral),
    ("mixtral", Family::Mistral),
    ("ministral", Family::Mistral),
    ("jamba", Family::Ai21),
];

impl<'a> Model<'a> {
    /// Reads a name such as `gemini-2.5-pro`, `claude-sonnet-4@20250514`, `meta/llama-4-maverick-17b-128e-instruct-maas`,
    /// `5464397967697903616`, `openai/5464397967697903616` or `publishers/google/models/gemini-2.5-pro`.
    pub(crate) fn of(name: &'a str) -> Self {
        let model = |family, name, is_endpoint| Self { family, name, is_endpoint };
        let is_number = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
        if let Some((_, id)) = name.rsplit_once("endpoints/") {
            return model(Family::Gemini, id, true);
        }
        let name = name.rsplit_once("publishers/").map_or(name, |(_, rest)| rest);
        if is_number(name) {
            return model(Family::Gemini, name, true);
        }
        let Some((publisher, rest)) = name.split_once('/') else {
            let lower = name.to_ascii_lowercase();
            let family = BEGINNINGS.iter().find(|(beginning, _)| lower.starts_with(beginning));
            return model(family.map_or(Family::Gemini, |(_, family)| *family), name, false);
        };
        let rest = rest.strip_prefix("models/").unwrap_or(rest);
        match publisher {
            "gemini" | "models" => model(Family::Gemini, rest, is_number(rest)),
            "openai" if is_number(rest) => model(Family::OpenEndpoint, rest, true),
            _ => match PUBLISHERS.iter().find(|(known, _)| *known == publisher) {
                Some((_, family)) if !rest.starts_with("gemma") => model(*family, rest, false),
                _ => model(Family::Open, name, false),
            },
        }
    }

    /// The publisher in the address.
    pub(crate) fn publisher(self) -> &'static str {
        PUBLISHERS
            .iter()
            .find(|(_, family)| *family == self.family)
            .map_or("google", |(publisher, _)| publisher)
    }

    /// Where it is asked, if nobody says: the newest of Google's are to be had without a region only.
    pub(crate) fn usual_location(self) -> &'static str {
        let version = self.name.strip_prefix("gemini-").and_then(|rest| {
            let digits = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
            rest[..digits].parse::<u32>().ok()
        });
        match self.family {
            Family::Gemini if version.is_some_and(|version| version >= 3) => "global",
            Family::Claude => "us-east5",
            _ => "us-central1",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_all_kinds() {
        use Family::{Ai21, Claude, Gemini, Mistral, Open, OpenEndpoint};
        for (name, family, rest, is_endpoint, location) in [
            ("gemini-2.5-pro", Gemini, "gemini-2.5-pro", false, "us-central1"),
            ("gemini-3-pro-preview", Gemini, "gemini-3-pro-preview", false, "global"),
            ("publishers/google/models/gemini-2.5-pro", Gemini, "gemini-2.5-pro", false, "us-central1"),
            ("google/gemini-2.5-pro", Gemini, "gemini-2.5-pro", false, "us-central1"),
            ("5464397967697903616", Gemini, "5464397967697903616", true, "us-central1"),
            ("gemini/123", Gemini, "123", true, "us-central1"),
            ("projects/p/locations/l/endpoints/77", Gemini, "77", true, "us-central1"),
            ("openai/123", OpenEndpoint, "123", true, "us-central1"),
            ("openai/gpt-oss-120b-maas", Open, "openai/gpt-oss-120b-maas", false, "us-central1"),
            (
                "meta/llama-4-scout-17b-16e-instruct-maas",
                Open,
                "meta/llama-4-scout-17b-16e-instruct-maas",
                false,
                "us-central1",
            ),
            ("google/gemma-3-27b-it-maas", Open, "google/gemma-3-27b-it-maas", false, "us-central1"),
            ("claude-sonnet-4@20250514", Claude, "claude-sonnet-4@20250514", false, "us-east5"),
            ("anthropic/claude-opus-4-1", Claude, "claude-opus-4-1", false, "us-east5"),
            ("mistral-medium-3", Mistral, "mistral-medium-3", false, "us-central1"),
            ("mistralai/codestral-2", Mistral, "codestral-2", false, "us-central1"),
            ("jamba-1.5-large@001", Ai21, "jamba-1.5-large@001", false, "us-central1"),
            ("invented", Gemini, "invented", false, "us-central1"),
        ] {
            let model = Model::of(name);
            assert_eq!(
                (model.family, model.name, model.is_endpoint, model.usual_location()),
                (family, rest, is_endpoint, location),
                "{name}"
            );
        }
    }
}
