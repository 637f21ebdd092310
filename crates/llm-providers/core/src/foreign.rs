//! [`foreign_member`]: members of requests that one dialect alone has.

use serde_json::Value;

use crate::Dialect;

/// Anthropic's Messages.
///
/// Source: Anthropic API reference, "Messages", read 2026-11.
const MESSAGES: &[&str] =
    &["container", "context_management", "inference_geo", "mcp_servers", "output_config", "speed"];

/// Gemini's, in the spelling of its own API; the other one is how clients of OpenAI's dialect ask for them on purpose.
///
/// Source: Gemini API reference, "generateContent", read 2026-11.
const GEMINI: &[&str] = &["cachedContent", "mediaResolution", "safetySettings"];

/// Bedrock's Converse.
///
/// Source: Amazon Bedrock API reference, "Converse", read 2026-11.
const CONVERSE: &[&str] =
    &["additionalModelResponseFieldPaths", "guardrailConfig", "performanceConfig", "promptVariables"];

/// Why a member at the top of a request means nothing to a vendor that speaks `spoken`: its name is that of another
/// dialect's own, and vendors refuse it as unknown. `None` for all other members, those that nobody here knows too.
pub fn foreign_member(name: &str, spoken: Dialect) -> Option<&'static str> {
    let is_spoken = |dialect: Dialect| match dialect {
        Dialect::Gemini => matches!(spoken, Dialect::Gemini | Dialect::GeminiArray),
        dialect => dialect == spoken,
    };
    [
        (MESSAGES, Dialect::AnthropicMessages, "only Anthropic's API has it"),
        (GEMINI, Dialect::Gemini, "only Gemini's API has it"),
        (CONVERSE, Dialect::BedrockConverse, "only Bedrock's Converse has it"),
    ]
    .into_iter()
    .find_map(|(names, dialect, reason)| (names.contains(&name) && !is_spoken(dialect)).then_some(reason))
}

/// Whether a member is Anthropic's `output_config` and says nothing but how hard to think.
pub fn says_effort(name: &str, value: &Value) -> bool {
    let members = value.as_object().filter(|_| name == "output_config");
    members.is_some_and(|members| members.contains_key("effort") && members.len() == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_foreign_to_all_but_its_own_dialect() {
        assert_eq!(foreign_member("output_config", Dialect::Gemini), Some("only Anthropic's API has it"));
        assert_eq!(foreign_member("output_config", Dialect::AnthropicMessages), None);
        assert_eq!(foreign_member("safetySettings", Dialect::CohereChat), Some("only Gemini's API has it"));
        assert_eq!(foreign_member("safetySettings", Dialect::GeminiArray), None);
        assert_eq!(foreign_member("safety_settings", Dialect::OpenAiChat), None, "asked for on purpose");
        assert!(foreign_member("guardrailConfig", Dialect::OllamaChat).is_some());
        assert_eq!(foreign_member("guardrailConfig", Dialect::BedrockConverse), None);
        assert_eq!(foreign_member("x_later", Dialect::OpenAiChat), None);
    }
}
