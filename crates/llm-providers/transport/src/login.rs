//! [`LoginIssuer`]: drives a vendor's login over a transport.

#[cfg(feature = "aws")]
mod aws;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_core::future::BoxFuture;
use http::{Request, Response};
use llm_provider_core::{Login, LoginInput, LoginStep};
use llm_types::UnixMs;
use tokio::io::AsyncReadExt as _;

use crate::credential::{
    CachedCredential, CredentialError, CredentialIssuer, CredentialSource, IssuedCredential,
};
use crate::error::TransportError;
use crate::options::{CallOptions, Timeouts};
use crate::service::HttpService;

/// Steps of one login at most. The longest known takes five: a file, a token, an exchange, a role and its region.
const MAX_STEPS: usize = 16;

/// Bytes of an answer or a file that are read at most.
const MAX_BYTES: usize = 1024 * 1024;

/// How long one login may take in all.
const LIMIT: Duration = Duration::from_secs(60);

/// A peer that is not there, such as a metadata server outside of its cloud, is found out soon.
const TIMEOUTS: Timeouts = Timeouts {
    connect: Some(Duration::from_secs(5)),
    first_byte: Some(Duration::from_secs(20)),
    idle: Some(Duration::from_secs(10)),
    total: Some(Duration::from_secs(30)),
};

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> UnixMs + Send + Sync>;

/// The credentials of a login: fetched when first asked for, kept, and renewed at 80 % of their life.
pub fn login_source(
    login: Box<dyn Login>,
    service: Arc<dyn HttpService>,
    clock: Clock,
) -> Arc<dyn CredentialSource> {
    let issuer = LoginIssuer::new(login, service, Arc::clone(&clock));
    Arc::new(CachedCredential::new(issuer, move || clock()))
}

/// Takes the steps of a [`Login`]: sends its requests, reads its files, and gives what came of it.
///
/// One login takes 16 steps and a minute at most, and reads 1 MiB of each answer or file. Addresses are asked as the
/// login names them, plain `http:` of metadata servers on the own link included.
pub struct LoginIssuer {
    login: Box<dyn Login>,
    service: Arc<dyn HttpService>,
    clock: Clock,
    is_strangers: bool,
}

impl LoginIssuer {
    /// Logs in over `service`. `clock` tells the login the time.
    pub fn new(login: Box<dyn Login>, service: Arc<dyn HttpService>, clock: Clock) -> Self {
        Self { login, service, clock, is_strangers: false }
    }

    /// The same for a login that somebody has set up who must not make this machine read its files or say who it is.
    #[must_use]
    pub fn of_a_stranger(self) -> Self {
        Self { is_strangers: true, ..self }
    }

    async fn run(&self) -> Result<IssuedCredential, CredentialError> {
        let mut run = self.login.begin();
        let mut input = LoginInput::Begin;
        for _ in 0..MAX_STEPS {
            input = match run.step(input, (self.clock)()) {
                LoginStep::Send(request) => match self.send(*request).await {
                    Ok(answer) => LoginInput::Answer(answer),
                    Err(error) => LoginInput::Failed(error.to_string()),
                },
                LoginStep::Read(_) | LoginStep::AwsChain { .. } if self.is_strangers => LoginInput::Failed(
                    "files and identities of this machine are not for this login".to_owned(),
                ),
                LoginStep::Read(path) => match read(&path).await {
                    Ok(content) => LoginInput::File(content),
                    Err(error) => LoginInput::Failed(cannot_read(&path, &error)),
                },
                LoginStep::AwsChain { profile, region } => self.aws_chain(profile, region).await,
                LoginStep::Done { credential, expires_at } => {
                    return Ok(IssuedCredential { credential, expires_at });
                }
                LoginStep::Fail(why) => return Err(CredentialError::new(why)),
            };
        }
        Err(CredentialError::new(format!("the login did not come to an end within {MAX_STEPS} steps")))
    }

    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let options = CallOptions { timeouts: TIMEOUTS, ..CallOptions::default() };
        let (head, body) = self.service.call(request, options).await?.into_parts();
        Ok(Response::from_parts(head, body.collect(MAX_BYTES).await?))
    }

    #[cfg(feature = "aws")]
    async fn aws_chain(&self, profile: Option<String>, region: Option<String>) -> LoginInput {
        match aws::chain(Arc::clone(&self.service), profile, region).await {
            Ok(IssuedCredential { credential, expires_at }) => {
                LoginInput::Credential { credential, expires_at }
            }
            Err(why) => LoginInput::Failed(why),
        }
    }

    #[cfg(not(feature = "aws"))]
    #[expect(clippy::unused_async, reason = "the same form as with the feature")]
    async fn aws_chain(&self, _profile: Option<String>, _region: Option<String>) -> LoginInput {
        LoginInput::Failed(
            "built without the feature `aws`, which finds keys as Amazon's tools do".to_owned(),
        )
    }
}

impl CredentialIssuer for LoginIssuer {
    fn issue(&self) -> BoxFuture<'_, Result<IssuedCredential, CredentialError>> {
        Box::pin(async move {
            tokio::time::timeout(LIMIT, self.run())
                .await
                .unwrap_or_else(|_| Err(CredentialError::new("the login took more than a minute")))
        })
    }
}

impl fmt::Debug for LoginIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginIssuer").field("login", &self.login).finish_non_exhaustive()
    }
}

async fn read(path: &PathBuf) -> io::Result<Bytes> {
    let file = tokio::fs::File::open(path).await?;
    let mut content = Vec::new();
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut content).await?;
    if content.len() > MAX_BYTES {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    Ok(content.into())
}

fn cannot_read(path: &Path, error: &io::Error) -> String {
    format!("cannot read `{}`: {error}", path.display())
}

#[cfg(test)]
mod tests;
