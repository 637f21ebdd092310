//! [`Login`]: how a vendor's credential is got where it is no plain key, as a machine without IO.
//!
//! A login says what it wants done (send this, read that file), is given what came of it, and says what it wants next,
//! until it has a credential. Who drives it keeps the credential, and begins anew before it expires.

use std::fmt;
use std::path::PathBuf;

use bytes::Bytes;
use llm_types::UnixMs;

use crate::Secret;

/// What a request is authorised with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// A key, as the vendor hands it out.
    Key(Secret),
    /// A token that was fetched for a while: `Authorization: Bearer`.
    Token(Secret),
    /// Keys that sign requests to Amazon.
    Aws(AwsKeys),
}

impl Credential {
    /// The key or token; `None` for keys that sign.
    pub const fn secret(&self) -> Option<&Secret> {
        match self {
            Self::Key(secret) | Self::Token(secret) => Some(secret),
            Self::Aws(_) => None,
        }
    }
}

impl From<Secret> for Credential {
    fn from(secret: Secret) -> Self {
        Self::Key(secret)
    }
}

/// Keys that sign requests to Amazon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsKeys {
    /// Which key; no secret by itself.
    pub access_key_id: String,
    /// The secret that signs.
    pub secret_access_key: Secret,
    /// The token that belongs to temporary keys.
    pub session_token: Option<Secret>,
}

/// A way to a credential. Begun anew whenever one is needed.
pub trait Login: Send + Sync + fmt::Debug {
    /// Begins.
    fn begin(&self) -> Box<dyn LoginRun>;
}

/// One way to a credential, under way.
pub trait LoginRun: Send {
    /// Takes what came of the last step, and says what to do next. The first input is [`LoginInput::Begin`].
    fn step(&mut self, input: LoginInput, now: UnixMs) -> LoginStep;
}

/// What a login wants done.
#[derive(Debug)]
pub enum LoginStep {
    /// Send this; answered by [`LoginInput::Answer`], of any status, or [`LoginInput::Failed`].
    Send(Box<http::Request<Bytes>>),
    /// Read this file; answered by [`LoginInput::File`] or [`LoginInput::Failed`].
    Read(PathBuf),
    /// Find keys as Amazon's tools do: environment, files of the profile, single sign-on, web identity, container,
    /// machine. Answered by [`LoginInput::Credential`] or [`LoginInput::Failed`].
    AwsChain {
        /// The profile in the files; `None` for the usual one.
        profile: Option<String>,
        /// The region whose services are asked; `None` for the usual one.
        region: Option<String>,
    },
    /// Here it is.
    Done {
        /// The credential.
        credential: Credential,
        /// When it stops working; `None` for never.
        expires_at: Option<UnixMs>,
    },
    /// There is none, and why, in words without a secret.
    Fail(String),
}

/// What came of a login's step.
#[derive(Debug)]
pub enum LoginInput {
    /// Nothing yet: the first step.
    Begin,
    /// An answer.
    Answer(http::Response<Bytes>),
    /// A file's content.
    File(Bytes),
    /// A credential found by the driver.
    Credential {
        /// The credential.
        credential: Credential,
        /// When it stops working; `None` for never.
        expires_at: Option<UnixMs>,
    },
    /// The step failed, and why.
    Failed(String),
}
