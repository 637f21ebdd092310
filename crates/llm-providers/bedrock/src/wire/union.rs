//! Unions: objects with exactly one member, whose name says what it is.

/// Implements serde for an enum over a union whose last variant, `Unknown`, keeps what it does not know. Members that
/// are `null` beside the one that is meant say nothing.
macro_rules! union_enum {
    ($name:ident, $expecting:literal, { $( $key:literal => $variant:ident, )+ }) => {
        impl $name {
            /// Tells the one member that is known from those beside it that are not.
            #[allow(dead_code, reason = "not every union comes in answers")]
            pub(crate) fn without_company(self) -> (Self, llm_types::Extra) {
                let Self::Unknown(mut members) = self else { return (self, llm_types::Extra::new()) };
                let mut known = [$( $key ),+].into_iter().filter(|name| members.contains_key(*name));
                let meant = match (known.next(), known.next()) {
                    $( (Some($key), None) => {
                        let read = members.get($key).cloned().and_then(|value| llm_types::from_value(value).ok());
                        read.map(|inner| ($key, Self::$variant(inner)))
                    } )+
                    _ => None,
                };
                match meant {
                    Some((name, meant)) => {
                        members.shift_remove(name);
                        (meant, members)
                    }
                    None => (Self::Unknown(members), llm_types::Extra::new()),
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap as _;
                match self {
                    $( Self::$variant(inner) => {
                        let mut map = serializer.serialize_map(Some(1))?;
                        map.serialize_entry($key, inner)?;
                        map.end()
                    } )+
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

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<$name, A::Error> {
                        let mut members = llm_types::Extra::new();
                        while let Some((name, value)) = map.next_entry::<String, serde_json::Value>()? {
                            if !value.is_null() {
                                members.insert(name, value);
                            }
                        }
                        let mut names = members.keys();
                        match (names.next().map(String::as_str), names.next()) {
                            $( (Some($key), None) => {
                                let value = members.remove($key).unwrap_or_default();
                                let inner = llm_types::from_value(value)
                                    .map_err(|error| error.at($key).within::<A::Error>())?;
                                Ok($name::$variant(inner))
                            } )+
                            _ => Ok($name::Unknown(members)),
                        }
                    }
                }
                deserializer.deserialize_map(Visitor)
            }
        }
    };
}
pub(crate) use union_enum;
