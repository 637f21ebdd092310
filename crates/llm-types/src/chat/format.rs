//! The form that an answer must have.

use serde_json::Value;

use crate::open_enum::any_of_schema;
use crate::tagged::tagged_enum;
use crate::{Extra, wire_struct};

/// The form that an answer must have.
#[derive(Debug, Clone, PartialEq)]
pub enum ResponseFormat {
    /// `text`: any.
    Text(Extra),
    /// `json_object`: some JSON object.
    JsonObject(Extra),
    /// `json_schema`: JSON that follows a schema.
    JsonSchema(JsonSchemaPart),
    /// A form this version does not know, whole.
    Unknown(Extra),
}

tagged_enum!(ResponseFormat, "a response format (an object with a `type`)", {
    "text" => Text,
    "json_object" => JsonObject,
    "json_schema" => JsonSchema,
});
any_of_schema!(ResponseFormat: JsonSchemaPart, Extra);

wire_struct! {
    /// JSON that follows a schema.
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    pub struct JsonSchemaPart {
        required {
            /// The schema and its name.
            json_schema: JsonSchemaFormat,
        }
        optional {}
    }
}

wire_struct! {
    /// A named schema.
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    pub struct JsonSchemaFormat {
        required {
            /// Letters, digits, `_` and `-`, at most 64.
            name: String,
        }
        optional {
            /// What it is for, for the model.
            description: String,
            /// The JSON Schema.
            schema: Value,
            /// Whether the answer must follow it exactly.
            strict: bool,
        }
    }
}
