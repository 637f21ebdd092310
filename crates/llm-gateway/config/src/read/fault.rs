//! What is wrong with a node, in words for the user.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

use super::super::diagnostic::Mark;
use super::super::names::{self, suggestion};
use super::super::tree::Node;

/// The way from the section to a node.
pub(super) struct Path<'a> {
    pub(super) parent: Option<&'a Path<'a>>,
    pub(super) step: Step<'a>,
}

pub(super) enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            write!(f, "{parent}")?;
        }
        match self.step {
            Step::Key(key) if self.parent.is_none() => f.write_str(key),
            Step::Key(key) => write!(f, ".{key}"),
            Step::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// What is wrong with a node.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) message: String,
    pub(super) missing: Option<&'static str>,
    /// Already told, or to be told by somebody else.
    pub(super) silent: bool,
    shows_value: bool,
    pub(super) place: Option<Place>,
}

#[derive(Debug)]
pub(super) struct Place {
    pub(super) at: Mark,
    pub(super) path: String,
    pub(super) node: *const Node,
}

impl Place {
    pub(super) fn of(node: &Node, path: &Path<'_>) -> Self {
        Self { at: node.at.clone(), path: path.to_string(), node }
    }
}

impl Fault {
    /// A fault that somebody else tells.
    pub(super) fn silent(why: &str) -> Self {
        Self { silent: true, ..de::Error::custom(why) }
    }

    /// Adds the text that is at fault, where the message does not show it already.
    pub(super) fn about(mut self, text: &str) -> Self {
        if self.place.is_none() && !self.shows_value {
            self.message = format!("{}: \"{text}\"", self.message);
            self.shows_value = true;
        }
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { message: message.to_string(), missing: None, silent: false, shows_value: false, place: None }
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let message = format!("expected {}, found {}", plain(&expected.to_string()), describe(found));
        Self { shows_value: true, ..Self::custom(message) }
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_variant(found: &str, expected: &'static [&'static str]) -> Self {
        let all = expected.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
        let hint = suggestion(names::nearest(found, expected.iter().copied()));
        Self::custom(format_args!("unknown value \"{found}\"{hint} (one of {all})"))
    }

    fn unknown_field(found: &str, expected: &'static [&'static str]) -> Self {
        let hint = suggestion(names::nearest(found, expected.iter().copied()));
        Self { shows_value: true, ..Self::custom(format_args!("unknown key \"{found}\"{hint}")) }
    }

    fn missing_field(field: &'static str) -> Self {
        Self { missing: Some(field), ..Self::custom(format_args!("\"{field}\" is missing")) }
    }
}

/// What a Rust type is called in a config.
fn plain(expected: &str) -> &str {
    match expected {
        "a string" | "string" | "str" => "text",
        "a boolean" | "bool" => "true or false",
        "a sequence" => "a list",
        "a map" => "a map of keys",
        "f64" => "a number",
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "i32" | "i64" => "a whole number",
        "a nonzero u32" | "a nonzero u64" | "a nonzero usize" => "a whole number, 1 or more",
        other if other.starts_with("struct ") => "a map of keys",
        other => other,
    }
}

fn describe(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(flag) => format!("{flag}"),
        Unexpected::Unsigned(number) => format!("{number}"),
        Unexpected::Signed(number) => format!("{number}"),
        Unexpected::Float(number) => format!("{number}"),
        Unexpected::Str(text) => format!("the text \"{text}\""),
        Unexpected::Unit | Unexpected::Option => "nothing".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a map of keys".to_owned(),
        other => other.to_string(),
    }
}
