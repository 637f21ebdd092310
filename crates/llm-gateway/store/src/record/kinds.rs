//! Each kind's table: what its columns hold of it.

mod groups;
mod keys;
mod models;
mod organizations;
mod teams;
mod users;

use sea_orm::Value;

pub(crate) use groups::{ACCESS_GROUPS, BUDGETS, TAGS};
pub(crate) use keys::KEYS;
pub(crate) use models::{CREDENTIALS, MODELS, SEAL};
pub(crate) use organizations::{ORGANIZATION_MEMBERS, ORGANIZATIONS, PROJECTS};
pub(crate) use teams::{TEAM_MEMBERS, TEAMS};
pub(crate) use users::{END_USERS, USERS};

/// A column that may be empty. An empty text says nothing, as in LiteLLM's requests.
fn maybe<T: AsRef<str>>(text: Option<&T>) -> Value {
    text.map(AsRef::as_ref).filter(|text| !text.is_empty()).map(str::to_owned).into()
}

/// A column that holds an id.
fn text(text: &(impl AsRef<str> + ?Sized)) -> Value {
    text.as_ref().to_owned().into()
}
