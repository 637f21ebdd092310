//! Claude's tools that Anthropic runs: none of them is at Bedrock.
//!
//! Source: Amazon Bedrock User Guide, "Anthropic Claude Messages API", names the tools that the caller runs (`bash_…`,
//! `text_editor_…`, `computer_…`, `memory_…`) and none that Anthropic runs. That it refuses those is taken from there, and
//! was not tried: `allowed_openai_params: [tools, web_search_options]` sends them all the same. Anthropic docs, "MCP
//! connector", section on limitations: there is none at Bedrock, read 2026-11.

use llm_provider_core::{Call, EncodeError, LeftOut, ServerTool, ToolPurpose};
use llm_types::{ChatRequest, Nullable};

/// A member of Messages requests: servers of tools that the vendor talks to.
pub(crate) const SERVERS: &str = "mcp_servers";

/// Leaves out what Anthropic's servers do.
///
/// # Errors
/// [`EncodeError::Unsupported`] if something is left out and the caller is strict.
pub(crate) fn claudes<'a>(request: &'a ChatRequest, call: &Call<'_>) -> Result<LeftOut<'a>, EncodeError> {
    let mut made = LeftOut::new(request, call, is_hosted)?;
    made.without(SERVERS, call, "Claude talks to servers of tools at Anthropic only")?;
    let forwards = |name: &str| call.forward.iter().any(|forward| forward == name);
    if request.web_search_options.is_value() && !forwards("web_search_options") {
        made.lose("web_search_options".to_owned(), "Claude searches the web at Anthropic only".to_owned())?;
        made.request.to_mut().web_search_options = Nullable::Absent;
    }
    Ok(made)
}

const fn is_hosted(tool: &ServerTool) -> bool {
    matches!(
        tool.purpose,
        ToolPurpose::WebSearch | ToolPurpose::WebFetch | ToolPurpose::CodeExecution | ToolPurpose::Mcp
    )
}
