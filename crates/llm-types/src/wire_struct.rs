//! [`wire_struct!`](crate::wire_struct): one JSON object of a wire format, losslessly.

/// Declares a struct for one JSON object: required members, optional members as
/// [`Nullable`](crate::Nullable), and `extra` for everything it does not name. A member is called on the wire
/// as its field is, or as `#[serde(rename = "…")]` says.
///
/// Optional members tell absent from `null`, and unknown members survive a round trip, so reading and
/// writing gives the same JSON.
///
/// ```
/// llm_types::wire_struct! {
///     /// A point.
///     pub struct Point {
///         required {
///             /// Across.
///             x: i64,
///         }
///         optional {
///             /// A name for it.
///             label: String,
///         }
///     }
/// }
/// let point: Point = serde_json::from_str(r#"{"x":1,"label":null,"z":3}"#)?;
/// assert_eq!(serde_json::to_string(&point)?, r#"{"x":1,"label":null,"z":3}"#);
/// assert!(Point::has_member("label") && !Point::has_member("z"));
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// It is read by code of its own, not by serde's derive: with `flatten` that would copy every unknown member
/// once more, and in an object of forty members each would bring its own cleanup for every other.
#[macro_export]
macro_rules! wire_struct {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            required { $( $(#[$($rmeta:tt)*])* $rfield:ident : $rty:ty, )* }
            optional { $( $(#[$($ometa:tt)*])* $ofield:ident : $oty:ty, )* }
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, PartialEq, $crate::__private::serde::Serialize)]
        #[serde(crate = "::llm_types::__private::serde")]
        pub struct $name {
            $( $(#[$($rmeta)*])* pub $rfield: $rty, )*
            $(
                $(#[$($ometa)*])*
                #[serde(default, skip_serializing_if = "::llm_types::Nullable::is_absent")]
                pub $ofield: ::llm_types::Nullable<$oty>,
            )*
            /// Members that this type does not name.
            #[serde(flatten)]
            pub extra: ::llm_types::Extra,
        }

        // By hand, as the derived one is marked for inlining: every crate would get a copy of the code.
        impl Clone for $name {
            fn clone(&self) -> Self {
                Self {
                    $( $rfield: self.$rfield.clone(), )*
                    $( $ofield: self.$ofield.clone(), )*
                    extra: self.extra.clone(),
                }
            }
        }

        $crate::read_members! {
            $name
            required { $( $rfield: $rty = $crate::__wire_name!([ $(#[$($rmeta)*])* ] $rfield), )* }
            optional { $( $ofield: $oty = $crate::__wire_name!([ $(#[$($ometa)*])* ] $ofield), )* }
        }
    };
}

/// What a field is called on the wire.
#[doc(hidden)]
#[macro_export]
macro_rules! __wire_name {
    ([ #[serde(rename = $name:literal)] $($rest:tt)* ] $field:ident) => { $name };
    ([ #[$($other:tt)*] $($rest:tt)* ] $field:ident) => { $crate::__wire_name!([ $($rest)* ] $field) };
    ([] r#type) => { "type" };
    ([] $field:ident) => { stringify!($field) };
}

/// The reading half of [`wire_struct!`](crate::wire_struct), for a struct whose fields are as that one makes them.
#[doc(hidden)]
#[macro_export]
macro_rules! read_members {
    (
        $name:ident
        required { $( $rfield:ident: $rty:ty = $rname:expr, )* }
        optional { $( $ofield:ident: $oty:ty = $oname:expr, )* }
    ) => {
        #[allow(
            dead_code,
            non_camel_case_types,
            non_upper_case_globals,
            reason = "items are named as the fields are, and there may be none"
        )]
        const _: () = {
            use $crate::{__private::serde::de, members};

            enum Place { $( $rfield, )* $( $ofield, )* }

            struct At;

            impl At {
                $( const $rfield: u16 = Place::$rfield as u16; )*
                $( const $ofield: u16 = Place::$ofield as u16; )*
            }

            struct Name;

            impl Name {
                $( const $rfield: &'static str = $rname; )*
                $( const $ofield: &'static str = $oname; )*
            }

            fn place(member: &str) -> Option<u16> {
                match member {
                    $( Name::$rfield => Some(At::$rfield), )*
                    $( Name::$ofield => Some(At::$ofield), )*
                    _ => None,
                }
            }

            impl $name {
                /// Whether the type names this member of the object, so that it does not end in `extra`.
                pub fn has_member(name: &str) -> bool {
                    place(name).is_some()
                }
            }

            // One value with one cleanup, whichever member fails.
            struct Read {
                $( $rfield: Option<$rty>, )*
                $( $ofield: $crate::Nullable<$oty>, )*
                extra: $crate::Extra,
            }

            struct Visitor;

            impl<'de> de::Visitor<'de> for Visitor {
                type Value = $name;

                fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                    f.write_str(concat!("struct ", stringify!($name)))
                }

                fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<$name, A::Error> {
                    let mut read = Read {
                        $( $rfield: None, )*
                        $( $ofield: $crate::Nullable::Absent, )*
                        extra: $crate::Extra::new(),
                    };
                    while let Some(name) = map.next_key_seed(members::Names(place))? {
                        match name {
                            members::MemberName::Other(name) => members::other(&mut read.extra, name, &mut map)?,
                            members::MemberName::At(place) => match place {
                                $( At::$rfield => members::required(&mut read.$rfield, Name::$rfield, &mut map)?, )*
                                $( At::$ofield => members::optional(&mut read.$ofield, Name::$ofield, &mut map)?, )*
                                _ => {}
                            },
                        }
                    }
                    Ok($name {
                        $( $rfield: read.$rfield.ok_or_else(|| de::Error::missing_field(Name::$rfield))?, )*
                        $( $ofield: read.$ofield, )*
                        extra: read.extra,
                    })
                }
            }

            impl<'de> de::Deserialize<'de> for $name {
                fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    deserializer.deserialize_map(Visitor)
                }
            }
        };
    };
}
