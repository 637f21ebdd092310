//! Serde for enums of objects told apart by `type`, the last variant keeping what is unknown.

/// An object written with its `type` first.
#[derive(serde::Serialize)]
pub(super) struct WithTag<'a, T> {
    #[serde(rename = "type")]
    pub(super) tag: &'a str,
    #[serde(flatten)]
    pub(super) inner: &'a T,
}

/// Declares an enum of objects told apart by `type`, and implements serde for it.
///
/// A variant may have several tags; then it holds the tag beside the object.
macro_rules! tagged_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident: $expecting:literal {
            $( $(#[$vmeta:meta])* $variant:ident($inner:ty) = $tag:literal, )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        pub enum $name {
            $( $(#[$vmeta])* #[doc = concat!("\n\n`", $tag, "`")] $variant($inner), )+
            /// A type this version does not know, whole.
            Unknown(llm_types::Extra),
        }

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
                use $crate::responses::wire::tagged::WithTag;
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

/// Implements serde for an enum of a text and something else.
macro_rules! text_or {
    ($name:ident: $expecting:literal, Text, $other:ident from seq) => {
        text_or!(@serialize $name, $other);

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;
                impl<'de> serde::de::Visitor<'de> for Visitor {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str($expecting)
                    }

                    fn visit_str<E>(self, text: &str) -> Result<$name, E> {
                        Ok($name::Text(text.to_owned()))
                    }

                    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<$name, A::Error> {
                        let mut items = Vec::new();
                        while let Some(item) = seq.next_element()? {
                            items.push(item);
                        }
                        Ok($name::$other(items))
                    }
                }
                deserializer.deserialize_any(Visitor)
            }
        }
    };
    (@serialize $name:ident, $other:ident) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    Self::Text(text) => serializer.serialize_str(text),
                    Self::$other(inner) => inner.serialize(serializer),
                }
            }
        }
    };
}
pub(super) use text_or;
