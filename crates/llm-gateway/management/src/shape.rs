//! What values look like on the wire.

use serde_json::{Value, json};

/// What a value looks like, for whoever reads the documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A text.
    Text,
    /// One of these texts.
    Word(&'static [&'static str]),
    /// A point in time, as RFC 3339 has it.
    Time,
    /// A whole number, 0 or more.
    Integer,
    /// A number.
    Number,
    /// Yes or no.
    Flag,
    /// A list.
    List(&'static Shape),
    /// An object whose members have names of the client's choice.
    Map(&'static Shape),
    /// An object with members of its own.
    Object,
    /// Anything.
    Any,
    /// This, or nothing.
    Maybe(&'static Shape),
}

impl Shape {
    /// The JSON Schema.
    pub(crate) fn schema(self) -> Value {
        match self {
            Self::Text => json!({"type": "string"}),
            Self::Word(words) => json!({"type": "string", "enum": words}),
            Self::Time => json!({"type": "string", "format": "date-time"}),
            Self::Integer => json!({"type": "integer", "minimum": 0}),
            Self::Number => json!({"type": "number"}),
            Self::Flag => json!({"type": "boolean"}),
            Self::List(of) => json!({"type": "array", "items": of.schema()}),
            Self::Map(of) => json!({"type": "object", "additionalProperties": of.schema()}),
            Self::Object => json!({"type": "object"}),
            Self::Any => json!({}),
            Self::Maybe(of) => match of.schema() {
                Value::Object(schema) if schema.is_empty() => json!({}),
                schema => json!({"anyOf": [schema, {"type": "null"}]}),
            },
        }
    }
}
