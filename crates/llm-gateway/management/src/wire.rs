//! How members of records are read from requests and shown in answers.

use std::collections::BTreeMap;

use llm_pricing::Usd;
use llm_tenancy::{
    AccessGroupId, AgentId, BudgetId, BudgetWindow, CredentialId, Document, EndUserId, KeyHash, KeyType,
    LimitKind, ModelBudget, ModelId, Network, ObjectPermission, OrganizationId, Period, ProjectId,
    RateWindow, Role, TagName, TeamId, TeamRole, UserId,
};
use llm_types::{ParseError, UnixMs};
use serde_json::{Value, json};

use crate::shape::Shape;

/// A value as requests have it and answers show it. `null` stands for what says nothing, wherever there is such a value.
pub(crate) trait Wire: Sized {
    /// What it looks like.
    const SHAPE: Shape;

    /// Reads it.
    ///
    /// # Errors
    /// The place within the value, and what is wrong there.
    fn read(value: Value) -> Result<Self, ParseError>;

    /// Shows it.
    fn show(&self) -> Value;
}

/// Something is wrong at the root of a value.
pub(crate) fn wrong(message: impl Into<String>) -> ParseError {
    ParseError { path: String::new(), message: message.into() }
}

/// Something is wrong below a value.
fn below(place: &str, error: ParseError) -> ParseError {
    error.at(place)
}

impl<T: Wire> Wire for Option<T> {
    const SHAPE: Shape = Shape::Maybe(&T::SHAPE);

    fn read(value: Value) -> Result<Self, ParseError> {
        if value.is_null() { Ok(None) } else { T::read(value).map(Some) }
    }

    fn show(&self) -> Value {
        self.as_ref().map_or(Value::Null, Wire::show)
    }
}

impl<T: Wire> Wire for Vec<T> {
    const SHAPE: Shape = Shape::List(&T::SHAPE);

    fn read(value: Value) -> Result<Self, ParseError> {
        match value {
            Value::Null => Ok(Self::new()),
            Value::Array(items) => {
                let read = |(place, item)| T::read(item).map_err(|error| below(&format!("[{place}]"), error));
                items.into_iter().enumerate().map(read).collect()
            }
            other => Err(wrong(format!("expected a list, found {}", found(&other)))),
        }
    }

    fn show(&self) -> Value {
        self.iter().map(Wire::show).collect()
    }
}

impl<T: Wire> Wire for BTreeMap<String, T> {
    const SHAPE: Shape = Shape::Map(&T::SHAPE);

    fn read(value: Value) -> Result<Self, ParseError> {
        match value {
            Value::Null => Ok(Self::new()),
            Value::Object(members) => members
                .into_iter()
                .map(|(name, value)| match T::read(value) {
                    Ok(value) => Ok((name, value)),
                    Err(error) => Err(below(&name, error)),
                })
                .collect(),
            other => Err(wrong(format!("expected an object, found {}", found(&other)))),
        }
    }

    fn show(&self) -> Value {
        Value::Object(self.iter().map(|(name, value)| (name.clone(), value.show())).collect())
    }
}

impl Wire for Document {
    const SHAPE: Shape = Shape::Object;

    fn read(value: Value) -> Result<Self, ParseError> {
        match value {
            Value::Null => Ok(Self::new()),
            Value::Object(members) => Ok(members),
            other => Err(wrong(format!("expected an object, found {}", found(&other)))),
        }
    }

    fn show(&self) -> Value {
        Value::Object(self.clone())
    }
}

impl Wire for Value {
    const SHAPE: Shape = Shape::Any;

    fn read(value: Value) -> Result<Self, ParseError> {
        Ok(value)
    }

    fn show(&self) -> Value {
        self.clone()
    }
}

impl Wire for String {
    const SHAPE: Shape = Shape::Text;

    fn read(value: Value) -> Result<Self, ParseError> {
        match value {
            Value::String(text) => Ok(text),
            other => Err(wrong(format!("expected a text, found {}", found(&other)))),
        }
    }

    fn show(&self) -> Value {
        self.as_str().into()
    }
}

impl Wire for bool {
    const SHAPE: Shape = Shape::Flag;

    fn read(value: Value) -> Result<Self, ParseError> {
        match value {
            Value::Null => Ok(false),
            Value::Bool(flag) => Ok(flag),
            other => Err(wrong(format!("expected true or false, found {}", found(&other)))),
        }
    }

    fn show(&self) -> Value {
        (*self).into()
    }
}

impl Wire for u64 {
    const SHAPE: Shape = Shape::Integer;

    fn read(value: Value) -> Result<Self, ParseError> {
        /// The greatest number that every database and every client's JSON keeps as it is.
        const GREATEST: u64 = 1 << 53;
        // Some clients have no whole numbers: 10.0 is 10.
        let whole = |number: f64| {
            (number.fract() == 0.0 && (0.0..=GREATEST as f64).contains(&number)).then_some(number as Self)
        };
        // Forms send what was typed.
        let typed = || value.as_str()?.trim().parse().ok();
        let read = value.as_u64().or_else(typed).filter(|number| *number <= GREATEST);
        read.or_else(|| value.as_f64().and_then(whole))
            .ok_or_else(|| wrong(format!("expected a whole number, 0 or more, found {}", found(&value))))
    }

    fn show(&self) -> Value {
        (*self).into()
    }
}

/// Dollars: numbers on the wire, exact as they are written.
impl Wire for Usd {
    const SHAPE: Shape = Shape::Number;

    fn read(value: Value) -> Result<Self, ParseError> {
        if !(value.is_number() || value.is_string()) {
            return Err(wrong(format!("expected dollars, found {}", found(&value))));
        }
        llm_types::from_value(value)
    }

    fn show(&self) -> Value {
        // The text of an amount is a JSON number.
        serde_json::from_str(&self.to_string()).unwrap_or(Value::Null)
    }
}

impl Wire for UnixMs {
    const SHAPE: Shape = Shape::Time;

    fn read(value: Value) -> Result<Self, ParseError> {
        let text = String::read(value)?;
        // Python's times often say no zone, and its dates no time.
        let read = Self::from_rfc3339(&text)
            .or_else(|| Self::from_rfc3339(&format!("{text}Z")))
            .or_else(|| Self::from_rfc3339(&format!("{text}T00:00:00Z")));
        read.ok_or_else(|| wrong(format!("expected a time such as 2026-11-21T08:00:00Z, found {text:?}")))
    }

    fn show(&self) -> Value {
        self.rfc3339().into()
    }
}

/// What a value is, for errors. Shows no text: it may be a secret.
pub(crate) fn found(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(_) => "a text".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

/// Types that are on the wire as serde has them.
macro_rules! as_serde {
    ($($type:ty: $shape:expr;)+) => {$(
        impl Wire for $type {
            const SHAPE: Shape = $shape;

            fn read(value: Value) -> Result<Self, ParseError> {
                llm_types::from_value(value)
            }

            fn show(&self) -> Value {
                json!(self)
            }
        }
    )+};
}

as_serde! {
    AccessGroupId: Shape::Text;
    AgentId: Shape::Text;
    BudgetId: Shape::Text;
    CredentialId: Shape::Text;
    EndUserId: Shape::Text;
    ModelId: Shape::Text;
    OrganizationId: Shape::Text;
    ProjectId: Shape::Text;
    TagName: Shape::Text;
    TeamId: Shape::Text;
    UserId: Shape::Text;
    KeyHash: Shape::Text;
    Period: Shape::Text;
    Network: Shape::Text;
    KeyType: Shape::Word(&["default", "llm_api", "management", "read_only"]);
    LimitKind: Shape::Word(&["best_effort", "best_effort_throughput", "guaranteed", "guaranteed_throughput", "dynamic"]);
    TeamRole: Shape::Word(&["admin", "user"]);
    Role: Shape::Text;
    RateWindow: Shape::Object;
}

/// `null` is none, which bounds nothing.
impl Wire for ObjectPermission {
    const SHAPE: Shape = Shape::Object;

    fn read(value: Value) -> Result<Self, ParseError> {
        if value.is_null() { Ok(Self::default()) } else { llm_types::from_value(value) }
    }

    fn show(&self) -> Value {
        json!(self)
    }
}

/// That an object has none but these members: a budget under a name that nobody reads would bound nothing.
fn has_only(value: &Value, known: &[&str]) -> Result<(), ParseError> {
    let mut names = value.as_object().into_iter().flat_map(Document::keys);
    match names.find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(wrong(format!("is none of {}", known.join(", "))).at(name)),
        None => Ok(()),
    }
}

/// Types whose documents write dollars as texts: on the wire they are numbers. With all names that requests have.
macro_rules! with_dollars {
    ($($type:ty: $($member:literal),+; $known:expr;)+) => {$(
        impl Wire for $type {
            const SHAPE: Shape = Shape::Object;

            fn read(value: Value) -> Result<Self, ParseError> {
                has_only(&value, &$known)?;
                llm_types::from_value(value)
            }

            fn show(&self) -> Value {
                let mut shown = json!(self);
                for member in [$($member),+] {
                    if let Some(text) = shown.get(member).and_then(Value::as_str)
                        && let Ok(number) = serde_json::from_str::<Value>(text)
                    {
                        shown[member] = number;
                    }
                }
                shown
            }
        }
    )+};
}

with_dollars! {
    // LiteLLM shows when a window ends, and clients send that back: it follows from how long the window is.
    BudgetWindow: "max_budget"; ["budget_duration", "time_period", "max_budget", "budget_limit", "reset_at"];
    ModelBudget: "budget_limit";
        ["budget_limit", "max_budget", "time_period", "budget_duration", "tpm_limit", "rpm_limit"];
}
