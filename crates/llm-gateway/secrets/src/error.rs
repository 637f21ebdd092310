//! Why a secret could not be fetched.

/// Why a secret could not be fetched. Nothing of a secret is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// There is no credential to ask with.
    #[error("no credential: {0}")]
    Credential(String),
    /// The credential may not read it.
    #[error("the secret manager refuses to tell it (status {0})")]
    Denied(u16),
    /// Something else is the matter over there.
    #[error("the secret manager answered with status {0}")]
    Status(u16),
    /// The answer is not one of this secret manager's, or the secret is no text.
    #[error("the secret manager's answer holds no text")]
    Unreadable,
    /// Secrets are not written there.
    #[error("secrets are not written to this secret manager")]
    Unwritable,
    /// The name cannot be asked for.
    #[error("the name cannot be asked for")]
    Address,
    /// The secret manager cannot be reached.
    #[error("the secret manager cannot be reached: {0}")]
    Transport(String),
}
