//! [`foreign_member`]: members of requests that one dialect alone has.

use llm_types::ChatRequest;
use serde_json::Value;

use crate::Dialect;

/// Anthropic's Messages.
///
/// Source: Anthropic API reference, "Messages", read 2026-11.
const MESSAGES: &[&str] = &[
    "container",
    "context_management",
    "diagnostics",
    "inference_geo",
    "mcp_servers",
    "output_config",
    "speed",
    "user_profile_id",
    "workspace_id",
];

/// Gemini's, in the spelling of its own API; the other one is how clients of OpenAI's dialect ask for them on purpose.
///
/// Source: Gemini API reference, "generateContent", read 2026-11.
const GEMINI: &[&str] = &[
    "cachedContent",
    "generationConfig",
    "imageConfig",
    "mediaResolution",
    "modelArmorConfig",
    "responseJsonSchema",
    "responseMimeType",
    "safetySettings",
    "speechConfig",
    "thinkingConfig",
    "toolConfig",
];

/// Bedrock's Converse.
///
/// Source: Amazon Bedrock API reference, "Converse", read 2026-11.
const CONVERSE: &[&str] =
    &["additionalModelResponseFieldPaths", "guardrailConfig", "performanceConfig", "promptVariables"];

/// OpenRouter's, in OpenAI's chat, whose wire many gateways share: vendors of other wires refuse them.
///
/// Source: OpenRouter docs, "API Reference: Parameters", "Provider Routing", "Model Fallbacks", "Message Transforms",
/// "Web Search" and "Usage Accounting", read 2026-11.
const OPENROUTER: &[&str] =
    &["include_reasoning", "models", "plugins", "provider", "route", "transforms", "usage"];

/// Why a member at the top of a request means nothing to a vendor that speaks `spoken`: its name is that of another
/// dialect's own, and vendors refuse it as unknown. `None` for all other members, those that nobody here knows too.
pub fn foreign_member(name: &str, spoken: Dialect) -> Option<&'static str> {
    let is_spoken = |dialect: Dialect| match dialect {
        Dialect::Gemini => matches!(spoken, Dialect::Gemini | Dialect::GeminiArray),
        Dialect::OpenAiChat => matches!(spoken, Dialect::OpenAiChat | Dialect::OpenAiResponses),
        dialect => dialect == spoken,
    };
    [
        (MESSAGES, Dialect::AnthropicMessages, "only Anthropic's API has it"),
        (GEMINI, Dialect::Gemini, "only Gemini's API has it"),
        (CONVERSE, Dialect::BedrockConverse, "only Bedrock's Converse has it"),
        (OPENROUTER, Dialect::OpenAiChat, "only OpenRouter has it"),
    ]
    .into_iter()
    .find_map(|(names, dialect, reason)| (names.contains(&name) && !is_spoken(dialect)).then_some(reason))
}

/// What says the same as a member that stands in one dialect's own words: a request's `reasoning_effort` or `thinking`,
/// for Anthropic's `output_config` with an effort alone and Gemini's `thinkingConfig` with a level or a budget. So
/// nothing is lost without the member; thoughts are shown as the vendor shows them. `None` for all others.
pub fn said_already(request: &ChatRequest, name: &str, value: &Value) -> Option<&'static str> {
    let members = value.as_object()?;
    let is_effort = |name: &String| matches!(name.as_str(), "thinkingLevel" | "thinkingBudget");
    let by_effort = request.reasoning_effort.is_value().then_some("said by `reasoning_effort`");
    let by_thinking = request.thinking.is_value().then_some("said by `thinking`");
    match name {
        "output_config" if members.contains_key("effort") && members.len() == 1 => by_effort,
        "thinkingConfig"
            if members.keys().any(is_effort)
                && members.keys().all(|name| is_effort(name) || name == "includeThoughts") =>
        {
            by_effort.or(by_thinking)
        }
        _ => None,
    }
}

/// Members of a function's definition that one dialect alone has.
///
/// Source: Anthropic API reference, "Messages": `tools`; Gemini API reference, "FunctionDeclaration"; read 2026-11.
const FUNCTIONS: &[(&str, Dialect)] = &[
    ("allowed_callers", Dialect::AnthropicMessages),
    ("behavior", Dialect::Gemini),
    ("defer_loading", Dialect::AnthropicMessages),
    ("eager_input_streaming", Dialect::AnthropicMessages),
    ("input_examples", Dialect::AnthropicMessages),
    ("response", Dialect::Gemini),
    ("responseJsonSchema", Dialect::Gemini),
];

/// Why a member of a function's definition means nothing to a vendor that speaks `spoken`, as [`foreign_member`] says
/// it of requests.
pub fn foreign_to_function(name: &str, spoken: Dialect) -> Option<&'static str> {
    let (_, dialect) = FUNCTIONS.iter().find(|(own, _)| *own == name)?;
    match dialect {
        dialect if *dialect == spoken => None,
        Dialect::Gemini if spoken == Dialect::GeminiArray => None,
        Dialect::Gemini => Some("only Gemini's functions have it"),
        _ => Some("only Anthropic's functions have it"),
    }
}

#[cfg(test)]
mod tests {
    use llm_types::{Nullable, ReasoningEffort};
    use serde_json::json;

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
        assert_eq!(foreign_member("transforms", Dialect::AnthropicMessages), Some("only OpenRouter has it"));
        assert_eq!(foreign_member("transforms", Dialect::OpenAiChat), None, "gateways speak it");
        assert_eq!(foreign_member("x_later", Dialect::OpenAiChat), None);
        assert!(foreign_to_function("behavior", Dialect::AnthropicMessages).is_some());
        assert_eq!(foreign_to_function("input_examples", Dialect::AnthropicMessages), None);
        assert_eq!(foreign_to_function("x_later", Dialect::OpenAiChat), None);
    }

    #[test]
    fn what_is_said_already() {
        let mut asked = ChatRequest::new("m", Vec::new());
        asked.reasoning_effort = Nullable::Value(ReasoningEffort::Low);
        for (name, value, is_said) in [
            ("output_config", json!({ "effort": "low" }), true),
            ("output_config", json!({ "effort": "low", "format": {} }), false),
            ("thinkingConfig", json!({ "thinkingLevel": "LOW", "includeThoughts": true }), true),
            ("thinkingConfig", json!({ "thinkingBudget": 0 }), true),
            ("thinkingConfig", json!({ "includeThoughts": true }), false),
            ("thinkingConfig", json!({ "thinkingLevel": "LOW", "later": 1 }), false),
            ("other", json!({ "effort": "low" }), false),
        ] {
            assert_eq!(said_already(&asked, name, &value).is_some(), is_said, "{name}: {value}");
            assert_eq!(
                said_already(&ChatRequest::new("m", Vec::new()), name, &value),
                None,
                "{name}: {value}"
            );
        }
    }
}
