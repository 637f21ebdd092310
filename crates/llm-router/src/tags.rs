//! Labels that requests ask for.

use serde::Serialize;

/// The labels of one request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Tags<'a>(pub &'a [&'a str]);

impl Tags<'_> {
    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}
