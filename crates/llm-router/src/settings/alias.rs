//! `model_group_alias`.

use std::fmt;

use serde::{Deserialize, Serialize, de};

/// Where a further name leads: a model's name, or `{model, hidden}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelAlias {
    /// The model group.
    pub model: String,
    /// Whether lists of models leave this name out. Default: false.
    pub hidden: bool,
}

impl<'de> Deserialize<'de> for ModelAlias {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// The long form.
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Long {
            model: String,
            #[serde(default)]
            hidden: bool,
        }

        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = ModelAlias;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a model's name, or {model, hidden}")
            }

            fn visit_str<E: de::Error>(self, model: &str) -> Result<ModelAlias, E> {
                Ok(ModelAlias { model: model.to_owned(), hidden: false })
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<ModelAlias, A::Error> {
                let Long { model, hidden } = Long::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(ModelAlias { model, hidden })
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for ModelAlias {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ModelAlias".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "Where a further name leads: a model's name, or {model, hidden}.",
            "oneOf": [
                { "type": "string" },
                {
                    "type": "object",
                    "properties": {
                        "model": { "type": "string" },
                        "hidden": { "type": "boolean", "default": false }
                    },
                    "required": ["model"],
                    "additionalProperties": false
                }
            ]
        })
    }
}
