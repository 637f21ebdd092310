//! Members of records, under the names that requests and answers have for them.

use llm_tenancy::Document;
use llm_types::ParseError;
use serde_json::Value;

use crate::shape::Shape;

/// Sets a member of a record.
pub(crate) type Set<R> = fn(&mut R, Value) -> Result<(), ParseError>;

/// A member of a record: how requests set it and answers show it. One list of them says all that a request may set, and
/// is what the documentation is made of.
pub(crate) struct Member<R: 'static> {
    /// Its name on the wire.
    pub name: &'static str,
    /// What it means.
    pub about: &'static str,
    /// What it looks like.
    pub shape: Shape,
    /// Sets it; `None` for what is only shown.
    pub set: Option<Set<R>>,
    /// Shows it; `None` for what is only set.
    pub get: Option<fn(&R) -> Value>,
}

/// Lists members: the name on the wire, the place in the record, its type, what it means.
///
/// `@get` before the name makes a member that is only shown.
macro_rules! members {
    ($record:ty { $($(@$only:ident)? $name:literal $($place:ident).+ : $type:ty, $about:literal;)* }) => {
        vec![$(crate::member::member!($($only)? $record, $name, $($place).+, $type, $about)),*]
    };
}

macro_rules! member {
    (get $record:ty, $name:literal, $($place:ident).+, $type:ty, $about:literal) => {
        crate::member::Member::<$record> {
            name: $name,
            about: $about,
            shape: <$type as crate::wire::Wire>::SHAPE,
            set: None,
            get: Some(|record| crate::wire::Wire::show(&record.$($place).+)),
        }
    };
    ($record:ty, $name:literal, $($place:ident).+, $type:ty, $about:literal) => {
        crate::member::Member::<$record> {
            name: $name,
            about: $about,
            shape: <$type as crate::wire::Wire>::SHAPE,
            set: Some(|record, value| {
                record.$($place).+ = <$type as crate::wire::Wire>::read(value)?;
                Ok(())
            }),
            get: Some(|record| crate::wire::Wire::show(&record.$($place).+)),
        }
    };
}

pub(crate) use {member, members};

/// Sets what a document says, and takes it out of the document. What is left stands in no list.
///
/// # Errors
/// The first member that cannot be set so, by its place.
pub(crate) fn set<R>(record: &mut R, members: &[Member<R>], said: &mut Document) -> Result<(), ParseError> {
    for member in members {
        let Some(set) = member.set else { continue };
        // Not `swap_remove`: what is left keeps its order.
        if let Some(value) = said.shift_remove(member.name) {
            set(record, value).map_err(|error| error.at(member.name))?;
        }
    }
    Ok(())
}

/// Shows a record.
pub(crate) fn show<R>(record: &R, members: &[Member<R>]) -> Document {
    let shown = |member: &Member<R>| Some((member.name.to_owned(), member.get?(record)));
    members.iter().filter_map(shown).collect()
}

/// The names of the members that may be set.
pub(crate) fn settable_names<R>(members: &[Member<R>]) -> Vec<&'static str> {
    members.iter().filter(|member| member.set.is_some()).map(|member| member.name).collect()
}
