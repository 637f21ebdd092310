//! Tools, and the choice among them.

use std::fmt;

use llm_types::{Extra, Nullable, ToolChoiceMode, tagged, wire_struct};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::tagged::{WithTag, tagged_enum};

tagged_enum! {
    /// A tool.
    pub enum Tool: "a tool (an object with a `type`)" {
        /// A function of the client's.
        Function(FunctionTool) = "function",
        /// A tool of the client's that takes free text.
        Custom(CustomTool) = "custom",
        /// Functions under a common name.
        Namespace(NamespaceTool) = "namespace",
        /// A search of the web.
        WebSearch(WebSearchTool) = "web_search",
        /// The same, dated.
        WebSearch20250826(WebSearchTool) = "web_search_2025_08_26",
        /// The same, older form.
        WebSearchPreview(WebSearchTool) = "web_search_preview",
        /// The same, older form, dated.
        WebSearchPreview20250311(WebSearchTool) = "web_search_preview_2025_03_11",
        /// A search of files.
        FileSearch(HostedTool) = "file_search",
        /// Code that runs at the vendor.
        CodeInterpreter(HostedTool) = "code_interpreter",
        /// Images.
        ImageGeneration(HostedTool) = "image_generation",
        /// A screen.
        Computer(HostedTool) = "computer",
        /// A screen, older form.
        ComputerUsePreview(HostedTool) = "computer_use_preview",
        /// A server of tools.
        Mcp(HostedTool) = "mcp",
        /// The client's shell, older form.
        LocalShell(HostedTool) = "local_shell",
        /// A shell.
        Shell(HostedTool) = "shell",
        /// Changes to files.
        ApplyPatch(HostedTool) = "apply_patch",
        /// A search for tools.
        ToolSearch(HostedTool) = "tool_search",
        /// Programs that call tools.
        ProgrammaticToolCalling(HostedTool) = "programmatic_tool_calling",
    }
}

impl Tool {
    /// The search of the web, under whichever name.
    pub const fn web_search(&self) -> Option<&WebSearchTool> {
        match self {
            Self::WebSearch(tool)
            | Self::WebSearch20250826(tool)
            | Self::WebSearchPreview(tool)
            | Self::WebSearchPreview20250311(tool) => Some(tool),
            _ => None,
        }
    }
}

wire_struct! {
    /// A function of the client's.
    pub struct FunctionTool {
        required {
            /// Letters, digits, `_` and `-`, at most 64.
            name: String,
        }
        optional {
            /// What it does, for the model.
            description: String,
            /// JSON Schema of the arguments.
            parameters: Value,
            /// Whether arguments must follow the schema exactly.
            strict: bool,
        }
    }
}

wire_struct! {
    /// A tool of the client's that takes free text.
    pub struct CustomTool {
        required {
            /// Its name.
            name: String,
        }
        optional {
            /// What it does, for the model.
            description: String,
            /// The form of its input: text, or a grammar.
            format: Value,
        }
    }
}

wire_struct! {
    /// Functions under a common name.
    pub struct NamespaceTool {
        required {
            /// The common name.
            name: String,
        }
        optional {
            /// What they are for.
            description: String,
            /// The functions.
            tools: Vec<Tool>,
        }
    }
}

wire_struct! {
    /// A search of the web.
    #[derive(Default)]
    pub struct WebSearchTool {
        required {}
        optional {
            /// `low`, `medium` or `high`.
            search_context_size: String,
            /// Where the user is, roughly.
            user_location: Extra,
            /// Which pages.
            filters: Extra,
        }
    }
}

wire_struct! {
    /// A tool of the vendor's own; its settings are in `extra`.
    pub struct HostedTool {
        required {}
        optional {}
    }
}

/// Whether and which tools the model calls.
#[derive(Debug, Clone, PartialEq)]
pub enum ToolChoice {
    /// A mode.
    Mode(ToolChoiceMode),
    /// This function.
    Function(NamedTool),
    /// This custom tool.
    Custom(NamedTool),
    /// One of these tools.
    Allowed(AllowedTools),
    /// A tool of the vendor's, or a form this version does not know, whole.
    Other(Extra),
}

impl Serialize for ToolChoice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Mode(mode) => mode.serialize(serializer),
            Self::Function(inner) => WithTag { tag: "function", inner }.serialize(serializer),
            Self::Custom(inner) => WithTag { tag: "custom", inner }.serialize(serializer),
            Self::Allowed(inner) => WithTag { tag: "allowed_tools", inner }.serialize(serializer),
            Self::Other(map) => map.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for ToolChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ModeOrObject;
        impl<'de> Visitor<'de> for ModeOrObject {
            type Value = ToolChoice;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`none`, `auto`, `required` or an object with a `type`")
            }

            fn visit_str<E>(self, mode: &str) -> Result<ToolChoice, E> {
                Ok(ToolChoice::Mode(mode.into()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ToolChoice, A::Error> {
                let map = tagged(map)?;
                match map.tag() {
                    "function" => map.read().map(ToolChoice::Function),
                    "custom" => map.read().map(ToolChoice::Custom),
                    "allowed_tools" => map.read().map(ToolChoice::Allowed),
                    _ => map.keep().map(ToolChoice::Other),
                }
            }
        }
        deserializer.deserialize_any(ModeOrObject)
    }
}

wire_struct! {
    /// A tool by its name.
    pub struct NamedTool {
        required {
            /// The name.
            name: String,
        }
        optional {
            /// The namespace that it belongs to.
            namespace: String,
        }
    }
}

impl NamedTool {
    /// The tool of this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), namespace: Nullable::Absent, extra: Extra::new() }
    }
}

wire_struct! {
    /// A choice among some of the tools.
    pub struct AllowedTools {
        required {}
        optional {
            /// `auto` or `required`.
            mode: String,
            /// The tools, each by type and name.
            tools: Vec<Extra>,
        }
    }
}
