//! Names of things, each of a type of its own.

use std::borrow::Borrow;
use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The id with this text.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// Its text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Its text, for keeps.
            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    )+};
}

ids! {
    /// A person or a machine that owns keys.
    UserId,
    /// A team.
    TeamId,
    /// An organisation.
    OrganizationId,
    /// A project within a team.
    ProjectId,
    /// Whom an application's request is for: LiteLLM's customer.
    EndUserId,
    /// A budget that several may refer to.
    BudgetId,
    /// A group of models and tools under one name.
    AccessGroupId,
    /// A model that was added by way of the API.
    ModelId,
    /// A vendor credential that was added by way of the API.
    CredentialId,
    /// A label of requests.
    TagName,
    /// An agent that a key speaks for.
    AgentId,
    /// A record of a change.
    AuditId,
}
