//! [`Routed`]: an answer, and how it came about.

use llm_providers::core::Note;

use crate::{DeploymentId, Session};

/// An answer, and how it came about.
#[derive(Debug, Clone)]
pub struct Routed<T> {
    /// The answer.
    pub answer: T,
    /// Who gave it.
    pub deployment: DeploymentId,
    /// What could not be said to the vendor as it was asked.
    pub notes: Vec<Note>,
    /// The record: every decision, attempt and event.
    pub session: Session,
}
