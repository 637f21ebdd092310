//! [`object!`]: one JSON object of Google's, every member optional.

/// Declares a struct whose members are [`Nullable`](llm_types::Nullable) and named in camel case, with `extra` for
/// those that it does not name.
macro_rules! object {
    (
        $(#[$meta:meta])*
        pub struct $name:ident { $( $(#[$field_meta:meta])* $field:ident: $type:ty, )* }
    ) => {
        #[derive(Debug, Clone, PartialEq, Default, serde::Serialize)]
        #[serde(rename_all = "camelCase")]
        $(#[$meta])*
        pub struct $name {
            $(
                $(#[$field_meta])*
                #[serde(default, skip_serializing_if = "llm_types::Nullable::is_absent")]
                pub $field: llm_types::Nullable<$type>,
            )*
            /// Members that this type does not name.
            #[serde(flatten)]
            pub extra: llm_types::Extra,
        }

        llm_types::read_members! {
            $name
            required {}
            optional { $( $field: $type = {
                const NAME: llm_types::members::CamelCase = llm_types::members::CamelCase::of(stringify!($field));
                NAME.as_str()
            }, )* }
        }
    };
}
pub(super) use object;
