//! Items: what a conversation is made of, on both sides.

mod hosted;

use std::fmt;

use llm_types::{Extra, Nullable, TaggedMap, tagged_or_not, wire_struct};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::content::{Content, Part};
use super::tagged::WithTag;
pub use hosted::{
    ApplyPatchCall, ApprovalRequest, ApprovalResponse, CodeInterpreterCall, CompactionItem, ComputerCall,
    FileSearchCall, ImageGenerationCall, McpCall, McpListTools, Program, ShellCall, ToolSearchItem,
    WebSearchCall,
};

macro_rules! items {
    ($( $(#[$meta:meta])* $variant:ident($inner:ty) = $tag:literal, )+) => {
        /// One item of a request's input or of an answer's output.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Item {
            $( $(#[$meta])* #[doc = concat!("\n\n`", $tag, "`")] $variant($inner), )+
            /// A message in its short form, without `type`.
            EasyMessage(MessageItem),
            /// A reference in its short form: nothing but an `id`.
            EasyReference(Reference),
            /// A type this version does not know, whole.
            Unknown(Extra),
        }

        impl Item {
            /// The value of `type`, also where it goes unsaid.
            pub fn kind(&self) -> &str {
                match self {
                    $( Self::$variant(_) => $tag, )+
                    Self::EasyMessage(_) => "message",
                    Self::EasyReference(_) => "item_reference",
                    Self::Unknown(map) => map.get("type").and_then(Value::as_str).unwrap_or_default(),
                }
            }
        }

        impl Serialize for Item {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $( Self::$variant(inner) => WithTag { tag: $tag, inner }.serialize(serializer), )+
                    Self::EasyMessage(inner) => inner.serialize(serializer),
                    Self::EasyReference(inner) => inner.serialize(serializer),
                    Self::Unknown(map) => map.serialize(serializer),
                }
            }
        }

        /// Reads an item whose `type` has been met.
        fn typed<'de, A: MapAccess<'de>>(map: TaggedMap<A>) -> Result<Item, A::Error> {
            match map.tag() {
                $( $tag => map.read().map(Item::$variant), )+
                _ => map.keep().map(Item::Unknown),
            }
        }
    };
}

items! {
    /// Something said.
    Message(MessageItem) = "message",
    /// Thinking.
    Reasoning(ReasoningItem) = "reasoning",
    /// A call of a function.
    FunctionCall(FunctionCall) = "function_call",
    /// Its result.
    FunctionCallOutput(OutputItem) = "function_call_output",
    /// A call of a tool that takes free text.
    CustomToolCall(CustomToolCall) = "custom_tool_call",
    /// Its result.
    CustomToolCallOutput(OutputItem) = "custom_tool_call_output",
    /// Something that is stored at the vendor.
    ItemReference(Reference) = "item_reference",
    /// A search of the web.
    WebSearchCall(WebSearchCall) = "web_search_call",
    /// A search of files.
    FileSearchCall(FileSearchCall) = "file_search_call",
    /// An act at a screen.
    ComputerCall(ComputerCall) = "computer_call",
    /// What the screen showed then.
    ComputerCallOutput(OutputItem) = "computer_call_output",
    /// Code that ran at the vendor.
    CodeInterpreterCall(CodeInterpreterCall) = "code_interpreter_call",
    /// An image that was made.
    ImageGenerationCall(ImageGenerationCall) = "image_generation_call",
    /// A command for the client's shell, older form.
    LocalShellCall(ShellCall) = "local_shell_call",
    /// Its result.
    LocalShellCallOutput(OutputItem) = "local_shell_call_output",
    /// Commands for a shell.
    ShellCall(ShellCall) = "shell_call",
    /// Their results.
    ShellCallOutput(OutputItem) = "shell_call_output",
    /// A change to a file.
    ApplyPatchCall(ApplyPatchCall) = "apply_patch_call",
    /// Whether it worked.
    ApplyPatchCallOutput(OutputItem) = "apply_patch_call_output",
    /// The tools of an MCP server.
    McpListTools(McpListTools) = "mcp_list_tools",
    /// A call at an MCP server.
    McpCall(McpCall) = "mcp_call",
    /// Whether a call at an MCP server is allowed.
    McpApprovalRequest(ApprovalRequest) = "mcp_approval_request",
    /// The answer to that.
    McpApprovalResponse(ApprovalResponse) = "mcp_approval_response",
    /// A search for tools.
    ToolSearchCall(ToolSearchItem) = "tool_search_call",
    /// The tools that were found.
    ToolSearchOutput(ToolSearchItem) = "tool_search_output",
    /// More tools from here on.
    AdditionalTools(ToolSearchItem) = "additional_tools",
    /// A program that calls tools.
    Program(Program) = "program",
    /// What came of it.
    ProgramOutput(Program) = "program_output",
    /// A long conversation made short.
    Compaction(CompactionItem) = "compaction",
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Item;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an item (an object with a `type` or a `role`)")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Item, A::Error> {
                let map = tagged_or_not(map)?;
                match () {
                    () if !map.is_untagged() => typed(map),
                    () if map.has_before("role") => map.read().map(Item::EasyMessage),
                    () if map.has_before("id") => map.read().map(Item::EasyReference),
                    () => Err(A::Error::missing_field("type")),
                }
            }
        }
        deserializer.deserialize_map(Read)
    }
}

wire_struct! {
    /// Something said.
    pub struct MessageItem {
        required {
            /// `user`, `assistant`, `system` or `developer`.
            role: String,
            /// What is said.
            content: Content,
        }
        optional {
            /// Its name.
            id: String,
            /// `in_progress`, `completed` or `incomplete`.
            status: String,
            /// `commentary` or `final_answer`.
            phase: String,
        }
    }
}

wire_struct! {
    /// Thinking.
    #[derive(Default)]
    pub struct ReasoningItem {
        required {}
        optional {
            /// Its name.
            id: String,
            /// What it was about.
            summary: Vec<Part>,
            /// The thinking itself.
            content: Vec<Part>,
            /// The thinking itself, for the vendor's eyes only.
            encrypted_content: String,
            /// `in_progress`, `completed` or `incomplete`.
            status: String,
        }
    }
}

wire_struct! {
    /// A call of a function.
    pub struct FunctionCall {
        required {
            /// Name by which the result refers to it.
            call_id: String,
            /// The function.
            name: String,
            /// JSON text, which the model may get wrong.
            arguments: String,
        }
        optional {
            /// Its name as an item.
            id: String,
            /// The namespace that the function belongs to.
            namespace: String,
            /// `in_progress`, `completed` or `incomplete`.
            status: String,
            /// Who calls: the model, or a program of its own.
            caller: Value,
        }
    }
}

wire_struct! {
    /// A call of a tool that takes free text.
    pub struct CustomToolCall {
        required {
            /// Name by which the result refers to it.
            call_id: String,
            /// The tool.
            name: String,
            /// The text.
            input: String,
        }
        optional {
            /// Its name as an item.
            id: String,
            /// The namespace that the tool belongs to.
            namespace: String,
            /// `in_progress`, `completed` or `incomplete`.
            status: String,
            /// Who calls.
            caller: Value,
        }
    }
}

wire_struct! {
    /// The result of a call.
    pub struct OutputItem {
        required {}
        optional {
            /// The call that this is the result of.
            call_id: String,
            /// What came of it.
            output: CallOutput,
            /// Its name as an item.
            id: String,
            /// `in_progress`, `completed`, `incomplete` or `failed`.
            status: String,
        }
    }
}

/// What came of a call: a text, a list of parts, or an object such as a screenshot.
#[derive(Debug, Clone, PartialEq)]
pub enum CallOutput {
    /// Text.
    Text(String),
    /// Typed parts.
    Parts(Vec<Part>),
    /// Anything else, such as a screenshot or what commands wrote.
    Other(Value),
}

impl Serialize for CallOutput {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Parts(parts) => parts.serialize(serializer),
            Self::Other(value) => value.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for CallOutput {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = CallOutput;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, a list of content parts or an object")
            }

            fn visit_str<E>(self, text: &str) -> Result<CallOutput, E> {
                Ok(CallOutput::Text(text.to_owned()))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<CallOutput, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = seq.next_element::<Value>()? {
                    values.push(value);
                }
                // Objects with a `type` are parts; what commands wrote has none.
                if !values.iter().all(|value| value.get("type").is_some()) {
                    return Ok(CallOutput::Other(Value::Array(values)));
                }
                let read = |(index, value)| {
                    llm_types::from_value(value).map_err(|error| error.at(&format!("[{index}]")).within())
                };
                values.into_iter().enumerate().map(read).collect::<Result<_, _>>().map(CallOutput::Parts)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<CallOutput, A::Error> {
                Value::deserialize(MapAccessDeserializer::new(map)).map(CallOutput::Other)
            }
        }
        deserializer.deserialize_any(Read)
    }
}

wire_struct! {
    /// Something that is stored at the vendor.
    pub struct Reference {
        required {
            /// Its name.
            id: String,
        }
        optional {}
    }
}

impl MessageItem {
    /// A message with this content.
    pub fn new(role: impl Into<String>, content: Content) -> Self {
        Self {
            role: role.into(),
            content,
            id: Nullable::Absent,
            status: Nullable::Absent,
            phase: Nullable::Absent,
            extra: Extra::new(),
        }
    }
}
