//! Why a key is refused, and how a client is told.

use std::net::IpAddr;

use llm_types::{ApiError, ErrorKind, Layer, UnixMs};

/// Whose rules. In the order in which one bounds the other: an alias of a level's may be allowed by that level and those
/// before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// A JSON web token's.
    Token,
    /// The key's own.
    Key,
    /// Its project's.
    Project,
    /// Its user's place in the team.
    Member,
    /// Its team's.
    Team,
    /// Its user's.
    User,
    /// Its organisation's.
    Organization,
}

impl Level {
    /// As a client is told.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Token => "this token",
            Self::Key => "this key",
            Self::Project => "the project of this key",
            Self::Member => "the membership that this key is used by",
            Self::Team => "the team of this key",
            Self::User => "the user of this key",
            Self::Organization => "the organization of this key",
        }
    }
}

/// Why a key is refused. Nothing in it tells of what belongs to others.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// There is no such key, or not any more.
    #[error("the key is not known here")]
    Unknown,
    /// Its time is over.
    #[error("the key expired at {}", expired_at.rfc3339())]
    Expired {
        /// When.
        expired_at: UnixMs,
    },
    /// It is blocked, or what it belongs to.
    #[error("{} is blocked", level.words())]
    Blocked {
        /// Which.
        level: Level,
    },
    /// What it belongs to is gone.
    #[error("{} is not there any more", level.words())]
    Gone {
        /// Which.
        level: Level,
    },
    /// It may not be used from there.
    #[error("{} may not be used from {}", level.words(), address(*client))]
    Client {
        /// Who says so.
        level: Level,
        /// From where.
        client: Option<IpAddr>,
    },
    /// The route is not among those that are allowed.
    #[error("{} may not call this route", level.words())]
    Route {
        /// Who says so.
        level: Level,
    },
    /// The model is not among those that are allowed.
    #[error("{} may not call the model {model:?}", level.words())]
    Model {
        /// Who says so.
        level: Level,
        /// As the request named it.
        model: String,
    },
    /// The model would be allowed, and there is none of this name, or it is another tenant's. Whoever answers must answer
    /// as to any name that nothing stands behind.
    #[error("no model {model:?} here")]
    NoSuchModel {
        /// As the request named it.
        model: String,
    },
    /// None of the vendors that have the model is allowed.
    #[error("this key may not call any of the vendors that have the model {model:?}")]
    Vendor {
        /// As the request named it.
        model: String,
    },
}

fn address(client: Option<IpAddr>) -> String {
    client.map_or_else(|| "an unknown address".to_owned(), |client| client.to_string())
}

impl Refusal {
    /// The kind, and by it the HTTP status.
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Unknown | Self::Expired { .. } | Self::Blocked { .. } | Self::Gone { .. } => {
                ErrorKind::Authentication
            }
            Self::Client { .. } | Self::Route { .. } | Self::Model { .. } | Self::Vendor { .. } => {
                ErrorKind::PermissionDenied
            }
            Self::NoSuchModel { .. } => ErrorKind::NotFound,
        }
    }

    /// LiteLLM's word for it.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "token_not_found_in_db",
            Self::Expired { .. } => "expired_key",
            Self::Blocked { .. } | Self::Gone { .. } | Self::Client { .. } | Self::Route { .. } => {
                "auth_error"
            }
            Self::Model { level, .. } => match level {
                Level::Token | Level::Key => "key_model_access_denied",
                Level::Project => "project_model_access_denied",
                Level::Member | Level::Team => "team_model_access_denied",
                Level::User => "user_model_access_denied",
                Level::Organization => "org_model_access_denied",
            },
            Self::NoSuchModel { .. } => "model_not_found",
            Self::Vendor { .. } => "key_model_access_denied",
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let error = Self::new(refusal.kind(), Layer::Auth, refusal.to_string()).with_code(refusal.code());
        match refusal {
            Refusal::Model { .. } | Refusal::NoSuchModel { .. } | Refusal::Vendor { .. } => {
                error.with_param("model")
            }
            _ => error,
        }
    }
}
