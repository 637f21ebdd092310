//! Converse: one request and one answer for all of Bedrock's models.

pub(crate) mod decode;
pub(crate) mod encode;
pub(crate) mod names;
pub(crate) mod stream;

/// The tool by which an answer in a given form is got from models that have no other way.
pub(crate) const FORM_TOOL: &str = "json_tool_call";

/// Where the model's own blocks are kept, in `provider_specific_fields` of a message, if they must come back exactly.
pub(crate) const KEPT: &str = "converse_content";

/// Where a delta says that its text begins a block of its own, in `provider_specific_fields`.
pub(crate) const BLOCK_START: &str = "content_block_start";
