//! Serde for enums of objects told apart by `type`, the last variant keeping what is unknown.

/// An object written with its `type` first.
#[derive(serde::Serialize)]
pub(super) struct WithTag<'a, T> {
    #[serde(rename = "type")]
    pub(super) tag: &'a str,
    #[serde(flatten)]
    pub(super) inner: &'a T,
}

/// Implements serde for an enum of tagged objects whose last variant, `Unknown`, keeps the whole object.
macro_rules! tagged_enum {
    ($name:ident, $expecting:literal, { $( $tag:literal => $variant:ident, )+ }) => {
        impl $name {
            /// The value of `type`.
            pub fn kind(&self) -> &str {
                match self {
                    $( Self::$variant(_) => $tag, )+
                    Self::Unknown(map) => {
                        map.get("type").and_then(serde_json::Value::as_str).unwrap_or_default()
                    }
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use super::tagged::WithTag;
                match self {
                    $( Self::$variant(inner) => WithTag { tag: $tag, inner }.serialize(serializer), )+
                    Self::Unknown(map) => map.serialize(serializer),
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;
                impl<'de> serde::de::Visitor<'de> for Visitor {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str($expecting)
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<$name, A::Error> {
                        let map = llm_types::tagged(map)?;
                        match map.tag() {
                            $( $tag => map.read().map($name::$variant), )+
                            _ => map.keep().map($name::Unknown),
                        }
                    }
                }
                deserializer.deserialize_map(Visitor)
            }
        }
    };
}
pub(super) use tagged_enum;
