//! What the canonical form says in other words than the vendor that answered. Each is a claim that is checked.

use llm_testkit::laws::Equivalence;

const ANTHROPIC_STREAM: &[Equivalence] = &[
    // What a block begins with is told anew by its pieces.
    //
    // Source: Anthropic API reference, "Streaming messages", input JSON delta, read 2026-11.
    Equivalence::any("content_block.input", ""),
];

const GEMINI_STREAM: &[Equivalence] = &[
    // What was used is told anew with every event, and the last word counts.
    Equivalence::any("usageMetadata.promptTokensDetails", ""),
    Equivalence::any("usageMetadata.candidatesTokensDetails", ""),
];

const BEDROCK_STREAM: &[Equivalence] = &[
    // Padding, of another name.
    Equivalence::any("px", ""),
    Equivalence::any("pxx", ""),
];

/// The conversation is told back as it was asked.
///
/// Source: Oracle Cloud Infrastructure API, "CohereChatResponse", version 20231130, read 2026-11.
const OCI: &[Equivalence] = &[Equivalence::any("chatResponse.chatHistory", "")];

const OCI_STREAM: &[Equivalence] = &[Equivalence::any("chatHistory", "")];

/// The input is told back as it was asked.
///
/// Source: Replicate docs, "HTTP API", "Create a prediction" (replicate.com/docs/reference/http), read 2026-11.
const REPLICATE: &[Equivalence] = &[Equivalence::any("input", "")];

/// What the request asked is told back, its labels too: the wire has these members "as in the request".
const RESPONSES: &[Equivalence] =
    &[Equivalence::any("metadata", ""), Equivalence::any("reasoning", ""), Equivalence::any("text", "")];

const RESPONSES_STREAM: &[Equivalence] = &[
    Equivalence::any("response.metadata", ""),
    Equivalence::any("response.reasoning", ""),
    Equivalence::any("response.text", ""),
    // An item that begins is told anew when it is whole, and the last word counts; of a call of the client's, what came in
    // pieces.
    Equivalence::any("item.action", ""),
    Equivalence::any("response.output[*].arguments", "\"arguments\":"),
    // What a shell wrote comes again with its item.
    Equivalence::any("delta.novelty", ""),
];

/// What a vendor's translator says in other words.
pub(crate) fn of_vendor(id: &str) -> Vec<Equivalence> {
    match id {
        "oci" => OCI.to_vec(),
        "responses" => RESPONSES.to_vec(),
        "replicate" => REPLICATE.to_vec(),
        _ => Vec::new(),
    }
}

/// What it says in other words of streams.
pub(crate) fn of_stream(id: &str) -> Vec<Equivalence> {
    let own: &[&[Equivalence]] = match id {
        "anthropic" | "azure_ai" | "github_copilot" | "databricks" | "snowflake" => &[ANTHROPIC_STREAM],
        "gemini" => &[GEMINI_STREAM],
        "vertex_ai" => &[GEMINI_STREAM, ANTHROPIC_STREAM],
        "bedrock" => &[BEDROCK_STREAM],
        "oci" => &[OCI_STREAM],
        "responses" => &[RESPONSES_STREAM],
        _ => &[],
    };
    own.concat()
}
