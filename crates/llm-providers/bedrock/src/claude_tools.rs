//! Claude's tools that Anthropic runs: none of them is at Bedrock.
//!
//! Source: Amazon Bedrock User Guide, "Anthropic Claude Messages API", names the tools that the caller runs (`bash_…`,
//! `text_editor_…`, `computer_…`, `memory_…`) and none that Anthropic runs. That it refuses those is taken from there, and
//! was not tried: `allowed_openai_params: [tools, web_search_options]` sends them all the same.

use std::borrow::Cow;

use llm_provider_core::{Call, EncodeError, Note, OnUnsupported, ServerTool, ToolPurpose};
use llm_types::{ChatRequest, Nullable, Tool};

/// A request without the tools that Bedrock lacks, and what was told of it.
pub(crate) struct Claudes<'a> {
    /// The request.
    pub(crate) request: Cow<'a, ChatRequest>,
    /// What was left out.
    pub(crate) notes: Vec<Note>,
    /// The places in the client's request of the tools that are left.
    kept: Vec<usize>,
}

impl Claudes<'_> {
    /// Places as the client counts them.
    pub(crate) fn as_asked(&self, mut note: Note) -> Note {
        if let Some((index, rest)) = note.path.strip_prefix("tools[").and_then(|rest| rest.split_once(']'))
            && let Some(place) = index.parse::<usize>().ok().and_then(|index| self.kept.get(index))
        {
            note.path = format!("tools[{place}]{rest}");
        }
        note
    }
}

/// Leaves out what Anthropic's servers do.
///
/// # Errors
/// [`EncodeError::Unsupported`] if something is left out and the caller is strict.
pub(crate) fn claudes<'a>(request: &'a ChatRequest, call: &Call<'_>) -> Result<Claudes<'a>, EncodeError> {
    let mut made = Claudes { request: Cow::Borrowed(request), notes: Vec::new(), kept: Vec::new() };
    let forwards = |name: &str| call.forward.iter().any(|forward| forward == name);
    let mut lose = |path: String, reason: String| match call.unsupported {
        OnUnsupported::Reject => Err(EncodeError::unsupported(path, reason)),
        OnUnsupported::Drop => {
            made.notes.push(Note::dropped(path, reason));
            Ok(())
        }
    };
    for (index, tool) in request.tools.get().into_iter().flatten().enumerate() {
        match run_at_the_vendor(tool).filter(|_| !forwards("tools")) {
            Some(reason) => lose(format!("tools[{index}]"), reason)?,
            None => made.kept.push(index),
        }
    }
    if request.web_search_options.is_value() && !forwards("web_search_options") {
        lose("web_search_options".to_owned(), "Claude searches the web at Anthropic only".to_owned())?;
        made.request.to_mut().web_search_options = Nullable::Absent;
    }
    if made.kept.len() < request.tools.get().map_or(0, Vec::len) {
        let forced = ServerTool::chosen(request);
        let changed = made.request.to_mut();
        if let Some(tools) = changed.tools.get_mut() {
            tools.retain(|tool| run_at_the_vendor(tool).is_none());
            if tools.is_empty() {
                changed.tools = Nullable::Absent;
            }
        }
        if forced.is_some_and(|tool| is_hosted(&tool)) {
            changed.tool_choice = Nullable::Absent;
            made.notes.push(Note::dropped("tool_choice", "the tool is left out"));
        }
    }
    Ok(made)
}

/// Why a tool is left out, if it is.
fn run_at_the_vendor(tool: &Tool) -> Option<String> {
    let Tool::Unknown(map) = tool else { return None };
    let known = ServerTool::all(map);
    let hosted: Vec<String> = known.iter().filter(|tool| is_hosted(tool)).map(ServerTool::reason).collect();
    (!hosted.is_empty()).then(|| hosted.join("; "))
}

const fn is_hosted(tool: &ServerTool) -> bool {
    matches!(tool.purpose, ToolPurpose::WebSearch | ToolPurpose::WebFetch | ToolPurpose::CodeExecution)
}
