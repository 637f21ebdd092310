//! The Responses API's JSON, in OpenAI's names.
//!
//! Every object keeps members that it does not name, and every set of tagged objects ends in `Unknown`, which keeps
//! the whole object, so that reading and writing gives the same JSON.
//!
//! Source: OpenAI API reference, "Responses" and "Streaming events" (platform.openai.com/docs/api-reference/responses),
//! and the types of the official Python package 3.52, read 2026-11.

mod content;
mod event;
mod item;
mod request;
mod response;
mod tagged;
mod tools;

pub use content::{
    Annotation, Content, FileCitation, FilePath, InputAudioPart, InputFilePart, InputImagePart,
    InputTextPart, OutputTextPart, Part, RefusalPart, TextPart, UrlCitation,
};
pub use event::{
    AnnotationEvent, DeltaEvent, DoneEvent, ErrorEvent, ImageEvent, ItemEvent, PartEvent, ProgressEvent,
    ResponseEvent, ShellEvent, StreamEvent,
};
pub use item::{
    ApplyPatchCall, ApprovalRequest, ApprovalResponse, CallOutput, CodeInterpreterCall, CompactionItem,
    ComputerCall, CustomToolCall, FileSearchCall, FunctionCall, ImageGenerationCall, Item, McpCall,
    McpListTools, MessageItem, OutputItem, Program, ReasoningItem, Reference, ShellCall, ToolSearchItem,
    WebSearchCall,
};
pub use request::{Conversation, Input, Reasoning, ResponsesRequest, SchemaFormat, TextConfig, TextFormat};
pub use response::{IncompleteDetails, Response, ResponseError, Status, Usage};
pub use tools::{
    AllowedTools, CustomTool, FunctionTool, HostedTool, NamedTool, NamespaceTool, Tool, ToolChoice,
    WebSearchTool,
};

#[cfg(test)]
mod tests;
