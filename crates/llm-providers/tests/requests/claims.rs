//! What vendors and dialects say in other words. Each is a claim that is checked.

use llm_providers::core::Dialect;
use llm_providers::types::ChatRequest;
use llm_testkit::laws::Equivalence;

/// What asks for nothing but what every vendor does.
const NOTHING: &[Equivalence] = &[
    Equivalence::any("stream_options.include_usage", ""),
    Equivalence::of("n", "1", ""),
    Equivalence::of("store", "false", ""),
    Equivalence::of("parallel_tool_calls", "true", ""),
    Equivalence::of("tool_choice", "auto", ""),
    Equivalence::of("function_call", "auto", ""),
    Equivalence::of("messages[*].content[*].image_url.detail", "auto", ""),
    Equivalence::of("tools[*].function.strict", "false", ""),
];

/// What a vendor's wire says in its own words.
pub(crate) fn of_vendor(_id: &str, _request: &ChatRequest) -> Vec<Equivalence> {
    NOTHING.to_vec()
}

/// What the canonical form says in its own words.
pub(crate) fn of_dialect(_dialect: Dialect) -> Vec<Equivalence> {
    Vec::new()
}
