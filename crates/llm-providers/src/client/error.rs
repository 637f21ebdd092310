//! [`ClientError`]: why there is no answer.

use llm_transport::{CallError, CredentialError, FetchError, TransportError};
use llm_types::{ApiError, ErrorKind, Layer};

/// Why there is no answer.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The model's name leads to no vendor.
    #[error("no vendor for the model {0:?}: name it `vendor/model`")]
    UnknownModel(String),
    /// The vendor needs a key and has none.
    #[error("{vendor} has no key: set {}", variables.join(" or "))]
    NoKey {
        /// Which vendor.
        vendor: String,
        /// Where a key is looked for.
        variables: Vec<String>,
    },
    /// The account's settings do not make a login.
    #[error("{vendor}: {why}")]
    Login {
        /// Which vendor.
        vendor: String,
        /// What is wrong with them.
        why: String,
    },
    /// The login gave no credential.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// The vendor lacks what was asked for.
    #[error("{vendor} has no {operation}")]
    Lacks {
        /// Which vendor.
        vendor: String,
        /// What it lacks.
        operation: &'static str,
    },
    /// The vendor wants media as bytes, and one of them could not be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The transport could not be set up.
    #[error(transparent)]
    Transport(#[from] TransportError),
}

impl From<ClientError> for ApiError {
    fn from(error: ClientError) -> Self {
        let message = error.to_string();
        match error {
            ClientError::Call(error) => error.into(),
            ClientError::Fetch(error) => error.into(),
            ClientError::Transport(error) => error.into(),
            ClientError::UnknownModel(_) => Self::new(ErrorKind::NotFound, Layer::Router, message),
            ClientError::NoKey { .. } | ClientError::Login { .. } | ClientError::Credential(_) => {
                Self::new(ErrorKind::Authentication, Layer::Client, message)
            }
            ClientError::Lacks { .. } => Self::new(ErrorKind::Unsupported, Layer::Translation, message),
        }
    }
}
