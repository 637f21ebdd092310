//! What every record has: free documents, and who changed it when.

use llm_types::UnixMs;
use serde::{Deserialize, Serialize};

/// A JSON object of the user's own.
pub type Document = serde_json::Map<String, serde_json::Value>;

/// When a record came to be and changed last, and by whom: a user's id, or the id under which the holder of the master
/// key goes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Stamp {
    /// When it was made.
    pub created_at: UnixMs,
    /// Who made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// When it changed last.
    pub updated_at: UnixMs,
    /// Who changed it last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_by: Option<String>,
}

impl Stamp {
    /// Of a record that is made now.
    pub fn new(now: UnixMs, by: Option<&str>) -> Self {
        let by = by.map(str::to_owned);
        Self { created_at: now, created_by: by.clone(), updated_at: now, updated_by: by }
    }

    /// Of a record that changes now.
    pub fn touch(&mut self, now: UnixMs, by: Option<&str>) {
        self.updated_at = now;
        self.updated_by = by.map(str::to_owned);
    }
}

/// Whether a value is what a record has that says nothing of it: such members are not written.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
