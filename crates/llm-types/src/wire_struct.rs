//! [`wire_struct!`](crate::wire_struct): one JSON object of a wire format, losslessly.

/// Declares a struct for one JSON object: required members, optional members as
/// [`Nullable`](crate::Nullable), and `extra` for everything it does not name.
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
/// # Ok::<(), serde_json::Error>(())
/// ```
#[macro_export]
macro_rules! wire_struct {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            required { $( $(#[$rmeta:meta])* $rfield:ident : $rty:ty, )* }
            optional { $( $(#[$ometa:meta])* $ofield:ident : $oty:ty, )* }
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, $crate::__private::serde::Serialize, $crate::__private::serde::Deserialize)]
        #[serde(crate = "::llm_types::__private::serde")]
        pub struct $name {
            $( $(#[$rmeta])* pub $rfield: $rty, )*
            $(
                $(#[$ometa])*
                #[serde(default, skip_serializing_if = "::llm_types::Nullable::is_absent")]
                pub $ofield: ::llm_types::Nullable<$oty>,
            )*
            /// Members that this type does not name.
            #[serde(flatten)]
            pub extra: ::llm_types::Extra,
        }
    };
}
