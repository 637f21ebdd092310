//! A model's name: which door leads to it, in which region, and of which family it is.
//!
//! Source: Amazon Bedrock User Guide, "Supported foundation models", "Inference profiles", "Prompt caching", "Get
//! validated JSON results from models", and API Reference "ToolChoice", read 2026-11. A name that is in none of these
//! pages is taken as it is: nothing is refused for it.

/// How a model is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// In Bedrock's own words, the same for all models.
    Converse,
    /// In the model's words.
    Invoke,
}

/// Whose model it is: this decides in which words the model is told what Converse has no words for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Claude,
    Nova,
    Nova2,
    TitanText,
    Llama,
    /// Mistral's models of the first years.
    MistralPrompt,
    Mistral,
    Cohere,
    Jamba,
    DeepSeekR1,
    DeepSeek,
    GptOss,
    /// OpenAI's own models.
    Gpt,
    /// Models of others that speak OpenAI's words: Qwen, Kimi, MiniMax, GLM, Gemma, Nemotron, Grok.
    Open,
    /// Nobody knows: a profile, a model of one's own, a prompt.
    Unknown,
}

/// A model's name, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Model<'a> {
    pub(crate) door: Door,
    /// The region that the name tells.
    pub(crate) region: Option<&'a str>,
    /// The name that stands in the address.
    pub(crate) id: &'a str,
    pub(crate) family: Family,
}

/// What may stand before a name to say whose model it is, where the name itself does not: imported models.
const HINTS: &[(&str, Family)] = &[
    ("anthropic", Family::Claude),
    ("nova", Family::Nova),
    ("llama", Family::Llama),
    ("deepseek_r1", Family::DeepSeekR1),
    ("deepseek", Family::DeepSeek),
    ("mistral", Family::Mistral),
    ("cohere", Family::Cohere),
    ("qwen2", Family::Open),
    ("qwen3", Family::Open),
    ("openai", Family::GptOss),
    ("moonshot", Family::Open),
];

/// Where in the world a profile spreads its requests: what stands before a model's name in a profile's.
const GEOGRAPHIES: &[&str] = &["us-gov", "us", "eu", "apac", "jp", "au", "ca", "sa", "me", "af", "global"];

impl<'a> Model<'a> {
    /// Reads a name such as `anthropic.claude-sonnet-4-20250514-v1:0`, `us.amazon.nova-pro-v1:0`, an ARN, or
    /// `invoke/us-west-2/meta.llama3-1-8b-instruct-v1:0`.
    pub(crate) fn of(name: &'a str) -> Self {
        let mut model = Self { door: Door::Converse, region: None, id: name, family: Family::Unknown };
        let mut hint = None;
        while let Some((first, rest)) = model.id.split_once('/') {
            if first.starts_with("arn:") {
                break;
            }
            match first {
                "bedrock" | "converse" | "converse_like" => {}
                "invoke" => model.door = Door::Invoke,
                region if is_region(region) => model.region = Some(region),
                other => match HINTS.iter().find(|(name, _)| *name == other) {
                    // An imported model that has no word for itself in Converse: it is asked in its own.
                    Some((_, family)) => {
                        hint = Some(*family);
                        if rest.contains(":imported-model/") {
                            model.door = Door::Invoke;
                        }
                    }
                    None => break,
                },
            }
            model.id = rest;
        }
        if model.id.starts_with("arn:") {
            model.region = model.id.split(':').nth(3).filter(|region| is_region(region)).or(model.region);
        }
        model.family = hint.unwrap_or_else(|| Family::of(model.id));
        model
    }

    /// The foundation model behind a profile of Bedrock's own.
    pub(crate) fn foundation(&self) -> &'a str {
        let id = match self.id.rsplit_once("inference-profile/") {
            Some((before, profile)) if !before.ends_with("application-") => profile,
            _ => self.id,
        };
        let stripped = GEOGRAPHIES.iter().find_map(|geography| id.strip_prefix(geography)?.strip_prefix('.'));
        stripped.unwrap_or(id)
    }

    /// Whether the model keeps to a schema by itself, for answers and for tools.
    pub(crate) fn keeps_to_schemas(&self) -> bool {
        let names = |parts: &[&str]| parts.iter().any(|part| self.id.contains(part));
        match self.family {
            Family::GptOss | Family::Gpt => true,
            Family::DeepSeek => !names(&["deepseek.v2"]),
            Family::Mistral => names(&["mistral-large-3", "magistral", "ministral", "voxtral"]),
            Family::Open => names(&["qwen3", "gemma-3", "minimax", "kimi", "nemotron"]),
            _ => false,
        }
    }

    /// Whether the model takes the choice of a tool.
    pub(crate) fn takes_tool_choice(&self) -> bool {
        !matches!(
            self.family,
            Family::Llama | Family::Cohere | Family::Jamba | Family::TitanText | Family::DeepSeekR1
        )
    }

    /// Whether the model calls tools at all.
    pub(crate) fn takes_tools(&self) -> bool {
        !matches!(self.family, Family::TitanText | Family::DeepSeekR1 | Family::MistralPrompt)
    }

    /// Whether prompts are kept for it.
    pub(crate) fn keeps_prompts(&self) -> bool {
        matches!(self.family, Family::Claude | Family::Nova | Family::Nova2 | Family::Unknown)
    }

    /// Whether it takes its own thinking back, and whether that is signed.
    pub(crate) fn takes_thinking(&self, is_signed: bool) -> bool {
        match self.family {
            Family::Claude | Family::Unknown => is_signed,
            Family::Nova2 | Family::GptOss | Family::Gpt | Family::DeepSeek | Family::Open => !is_signed,
            _ => false,
        }
    }
}

impl Family {
    fn of(id: &str) -> Self {
        let has = |part: &str| id.contains(part);
        // In an ARN the resource tells; region and account may hold anything.
        if has("anthropic.") || has("claude") {
            Self::Claude
        } else if has("amazon.nova-2") {
            Self::Nova2
        } else if has("amazon.nova") {
            Self::Nova
        } else if has("amazon.titan-t") || has("amazon.titan-tg") {
            Self::TitanText
        } else if has("meta.llama") {
            Self::Llama
        } else if has("mistral.mistral-7b")
            || has("mistral.mixtral")
            || has("mistral-large-2402")
            || has("mistral-small-2402")
        {
            Self::MistralPrompt
        } else if has("mistral.") {
            Self::Mistral
        } else if has("cohere.") {
            Self::Cohere
        } else if has("ai21.") {
            Self::Jamba
        } else if has("deepseek.r1") {
            Self::DeepSeekR1
        } else if has("deepseek.") {
            Self::DeepSeek
        } else if has("openai.gpt-oss") {
            Self::GptOss
        } else if has("openai.") {
            Self::Gpt
        } else if ["qwen.", "moonshot", "minimax.", "zai.", "google.gemma", "nvidia.", "xai.", "writer."]
            .iter()
            .any(|vendor| has(vendor))
        {
            Self::Open
        } else {
            Self::Unknown
        }
    }
}

/// Whether a text is the name of a region, such as `us-east-1` or `us-gov-west-1`.
pub(crate) fn is_region(text: &str) -> bool {
    let mut steps = text.split('-');
    let is_word = |step: &str| step.len() >= 2 && step.bytes().all(|byte| byte.is_ascii_lowercase());
    steps.next_back().is_some_and(|last| {
        last.len() <= 2 && last.bytes().all(|byte| byte.is_ascii_digit()) && !last.is_empty()
    }) && steps.clone().count() >= 2
        && steps.all(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_all_forms() {
        let of = |name| {
            let Model { door, region, id, family } = Model::of(name);
            (door, region, id, family)
        };
        use Door::{Converse, Invoke};
        for (name, wanted) in [
            ("amazon.nova-pro-v1:0", (Converse, None, "amazon.nova-pro-v1:0", Family::Nova)),
            (
                "converse/us.amazon.nova-2-lite-v1:0",
                (Converse, None, "us.amazon.nova-2-lite-v1:0", Family::Nova2),
            ),
            (
                "invoke/us-west-2/meta.llama3-1-8b-instruct-v1:0",
                (Invoke, Some("us-west-2"), "meta.llama3-1-8b-instruct-v1:0", Family::Llama),
            ),
            (
                "arn:aws:bedrock:eu-west-3:123456789012:inference-profile/eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
                (
                    Converse,
                    Some("eu-west-3"),
                    "arn:aws:bedrock:eu-west-3:123456789012:inference-profile/eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
                    Family::Claude,
                ),
            ),
            (
                "us-east-1/arn:aws-us-gov:bedrock:us-gov-west-1:123456789012:application-inference-profile/abc123",
                (
                    Converse,
                    Some("us-gov-west-1"),
                    "arn:aws-us-gov:bedrock:us-gov-west-1:123456789012:application-inference-profile/abc123",
                    Family::Unknown,
                ),
            ),
            (
                "deepseek_r1/arn:aws:bedrock:us-east-1:1:imported-model/x",
                (
                    Invoke,
                    Some("us-east-1"),
                    "arn:aws:bedrock:us-east-1:1:imported-model/x",
                    Family::DeepSeekR1,
                ),
            ),
            ("openai.gpt-oss-120b-1:0", (Converse, None, "openai.gpt-oss-120b-1:0", Family::GptOss)),
            ("openai.gpt-5.4", (Converse, None, "openai.gpt-5.4", Family::Gpt)),
            (
                "mistral.mistral-7b-instruct-v0:2",
                (Converse, None, "mistral.mistral-7b-instruct-v0:2", Family::MistralPrompt),
            ),
            ("somebody/model", (Converse, None, "somebody/model", Family::Unknown)),
            ("", (Converse, None, "", Family::Unknown)),
        ] {
            assert_eq!(of(name), wanted, "{name}");
        }
    }

    #[test]
    fn foundations() {
        for (name, wanted) in [
            ("us.anthropic.claude-sonnet-4-6", "anthropic.claude-sonnet-4-6"),
            ("global.amazon.nova-2-lite-v1:0", "amazon.nova-2-lite-v1:0"),
            ("us-gov.anthropic.claude-x", "anthropic.claude-x"),
            ("amazon.nova-pro-v1:0", "amazon.nova-pro-v1:0"),
            ("arn:aws:bedrock:us-east-1:1:inference-profile/us.meta.llama4-v1:0", "meta.llama4-v1:0"),
            (
                "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc",
                "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc",
            ),
        ] {
            assert_eq!(Model::of(name).foundation(), wanted);
        }
    }

    #[test]
    fn regions() {
        for region in ["us-east-1", "us-gov-west-1", "ap-northeast-12", "eusc-de-east-1", "us-isob-east-1"] {
            assert!(is_region(region), "{region}");
        }
        for other in
            ["us", "us-east", "us-east-1.evil.example", "US-EAST-1", "", "1-month-commitment", "a-b-1"]
        {
            assert!(!is_region(other), "{other}");
        }
    }
}
