//! Why there is no router, and why there is no answer.

use std::fmt;

use llm_types::ApiError;

use crate::{PlanFault, Session};

/// A configuration that makes no router.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum RouterFault {
    /// What is wrong with it, each with its place.
    Config(Vec<PlanFault>),
    /// The transport could not be set up.
    Transport(String),
}

impl fmt::Display for RouterFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(faults) => {
                let mut lines = faults.iter();
                if let Some(first) = lines.next() {
                    write!(f, "{first}")?;
                }
                lines.try_for_each(|fault| write!(f, "\n{fault}"))
            }
            Self::Transport(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for RouterFault {}

/// Nobody answered.
#[derive(Debug, Clone)]
pub struct RouterError(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    error: ApiError,
    session: Session,
}

impl RouterError {
    pub(super) fn new(error: ApiError, session: Session) -> Self {
        Self(Box::new(Inner { error, session }))
    }

    /// What the last one who was asked said, or why nobody could be asked.
    pub fn error(&self) -> &ApiError {
        &self.0.error
    }

    /// Who was asked, and why.
    pub fn session(&self) -> &Session {
        &self.0.session
    }
}

impl fmt::Display for RouterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.error.message, f)
    }
}

impl std::error::Error for RouterError {}

impl From<RouterError> for ApiError {
    fn from(error: RouterError) -> Self {
        error.0.error
    }
}
