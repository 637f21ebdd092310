//! Tools: what the model may call, what it must call, and what it called.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::open_enum::{any_of_schema, string_schema};
use crate::tagged::{WithTag, tagged_enum};
use crate::{Extra, Nullable, open_enum, tagged, wire_struct};

/// A tool that the model may call.
#[derive(Debug, Clone, PartialEq)]
pub enum Tool {
    /// `function`: arguments as JSON.
    Function(FunctionTool),
    /// `custom`: free text, possibly under a grammar.
    Custom(CustomTool),
    /// A tool this version does not know, such as a vendor's own server-side tool, whole.
    Unknown(Extra),
}

tagged_enum!(Tool, "a tool (an object with a `type`)", {
    "function" => Function,
    "custom" => Custom,
}, untagged: "function" => Function);
any_of_schema!(Tool: FunctionTool, CustomTool, Extra);

impl Tool {
    /// A function tool.
    pub fn function(name: impl Into<String>, description: impl Into<String>, parameters: Value) -> Self {
        Self::Function(FunctionTool {
            function: FunctionDefinition {
                name: name.into(),
                description: Nullable::Value(description.into()),
                parameters: Nullable::Value(parameters),
                strict: Nullable::Absent,
                extra: Extra::new(),
            },
            extra: Extra::new(),
        })
    }

    /// The tool's name, where it has one.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Function(tool) => Some(&tool.function.name),
            Self::Custom(tool) => Some(&tool.custom.name),
            Self::Unknown(map) => map.get("name").and_then(Value::as_str),
        }
    }
}

wire_struct! {
    /// A function tool.
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    pub struct FunctionTool {
        required {
            /// What can be called.
            function: FunctionDefinition,
        }
        optional {}
    }
}

wire_struct! {
    /// A function.
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    pub struct FunctionDefinition {
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
    /// A custom tool.
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    pub struct CustomTool {
        required {
            /// What can be called.
            custom: CustomDefinition,
        }
        optional {}
    }
}

wire_struct! {
    /// A tool that takes free text.
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    pub struct CustomDefinition {
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

open_enum! {
    /// Whether the model calls tools.
    pub enum ToolChoiceMode {
        /// Never.
        None = "none",
        /// As it sees fit.
        Auto = "auto",
        /// At least one.
        Required = "required",
    }
}
string_schema!(ToolChoiceMode);

/// Whether and which tools the model calls.
#[derive(Debug, Clone, PartialEq)]
pub enum ToolChoice {
    /// A mode.
    Mode(ToolChoiceMode),
    /// This function.
    Function(NamedFunction),
    /// This custom tool.
    Custom(NamedCustom),
    /// One of these tools.
    AllowedTools(AllowedTools),
    /// A form this version does not know, whole.
    Unknown(Extra),
}

impl ToolChoice {
    /// The choice of one function.
    pub fn function(name: impl Into<String>) -> Self {
        Self::Function(NamedFunction {
            function: NamedTool { name: name.into(), extra: Extra::new() },
            extra: Extra::new(),
        })
    }
}

impl Serialize for ToolChoice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Mode(mode) => mode.serialize(serializer),
            Self::Function(inner) => WithTag { tag: "function", inner }.serialize(serializer),
            Self::Custom(inner) => WithTag { tag: "custom", inner }.serialize(serializer),
            Self::AllowedTools(inner) => WithTag { tag: "allowed_tools", inner }.serialize(serializer),
            Self::Unknown(map) => map.serialize(serializer),
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
                    "allowed_tools" => map.read().map(ToolChoice::AllowedTools),
                    _ => map.keep().map(ToolChoice::Unknown),
                }
            }
        }
        deserializer.deserialize_any(ModeOrObject)
    }
}

any_of_schema!(ToolChoice: ToolChoiceMode, NamedFunction, NamedCustom, AllowedTools, Extra);

wire_struct! {
    /// The choice of one function.
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    pub struct NamedFunction {
        required {
            /// Which one.
            function: NamedTool,
        }
        optional {}
    }
}

wire_struct! {
    /// The choice of one custom tool.
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    pub struct NamedCustom {
        required {
            /// Which one.
            custom: NamedTool,
        }
        optional {}
    }
}

wire_struct! {
    /// A tool's name.
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    pub struct NamedTool {
        required {
            /// The name.
            name: String,
        }
        optional {}
    }
}

wire_struct! {
    /// A choice among some of the tools.
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    pub struct AllowedTools {
        required {
            /// `{"mode": "auto" | "required", "tools": […]}`
            allowed_tools: Value,
        }
        optional {}
    }
}

wire_struct! {
    /// A tool that the model called, whole or, in a stream, a piece of it.
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    pub struct ToolCall {
        required {}
        optional {
            /// In a stream: which call this is a piece of, counted from 0.
            index: u32,
            /// Name by which the result refers to it.
            id: String,
            /// `function` or `custom`.
            r#type: String,
            /// The function and its arguments.
            function: FunctionCall,
            /// The custom tool and its input.
            custom: CustomCall,
        }
    }
}

impl ToolCall {
    /// A whole function call.
    pub fn function(id: impl Into<String>, name: impl Into<String>, arguments: impl Into<String>) -> Self {
        Self {
            index: Nullable::Absent,
            id: Nullable::Value(id.into()),
            r#type: Nullable::Value("function".to_owned()),
            function: Nullable::Value(FunctionCall {
                name: Nullable::Value(name.into()),
                arguments: Nullable::Value(arguments.into()),
                extra: Extra::new(),
            }),
            custom: Nullable::Absent,
            extra: Extra::new(),
        }
    }
}

wire_struct! {
    /// A function and its arguments.
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    pub struct FunctionCall {
        required {}
        optional {
            /// The function's name.
            name: String,
            /// JSON text, which the model may get wrong.
            arguments: String,
        }
    }
}

wire_struct! {
    /// A custom tool and its input.
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    pub struct CustomCall {
        required {}
        optional {
            /// The tool's name.
            name: String,
            /// Free text.
            input: String,
        }
    }
}
