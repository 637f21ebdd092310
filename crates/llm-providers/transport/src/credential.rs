//! Where credentials come from, and how those that expire are kept fresh.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use futures_core::future::BoxFuture;
use llm_provider_core::Credential;
use llm_types::UnixMs;

/// Gives the credential for the next request.
pub trait CredentialSource: Send + Sync + 'static {
    /// The credential to use now. Cheap when it is at hand.
    ///
    /// # Errors
    /// [`CredentialError`] when there is none: nothing was sent to the vendor.
    fn credential(&self) -> BoxFuture<'_, Result<Arc<Credential>, CredentialError>>;

    /// The vendor refused this credential. Whether the next one will be another, so that asking again makes sense.
    fn refused(&self, _credential: &Arc<Credential>) -> bool {
        false
    }
}

/// A credential that never changes.
#[derive(Debug, Clone)]
pub struct StaticCredential(Arc<Credential>);

impl StaticCredential {
    /// Always gives `credential`.
    pub fn new(credential: Credential) -> Self {
        Self(Arc::new(credential))
    }
}

impl CredentialSource for StaticCredential {
    fn credential(&self) -> BoxFuture<'_, Result<Arc<Credential>, CredentialError>> {
        Box::pin(std::future::ready(Ok(Arc::clone(&self.0))))
    }
}

/// Fetches credentials that expire, such as OAuth tokens.
pub trait CredentialIssuer: Send + Sync + 'static {
    /// Asks for a new credential.
    ///
    /// # Errors
    /// [`CredentialError`] when none was given.
    fn issue(&self) -> BoxFuture<'_, Result<IssuedCredential, CredentialError>>;
}

/// A credential fresh from its issuer.
#[derive(Debug, Clone)]
pub struct IssuedCredential {
    /// The credential.
    pub credential: Credential,
    /// When it stops working; `None` for never.
    pub expires_at: Option<UnixMs>,
}

/// There is no credential.
#[derive(Debug, Clone)]
pub struct CredentialError {
    message: Arc<str>,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl CredentialError {
    /// An error in these words, which must not hold a secret.
    pub fn new(message: impl Into<Arc<str>>) -> Self {
        Self { message: message.into(), source: None }
    }

    /// The same error with its cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }
}

impl fmt::Display for CredentialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no credential: {}", self.message)
    }
}

impl Error for CredentialError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

/// Keeps an issuer's credential and renews it at 80 % of its life.
///
/// However many requests want a new credential at once, the issuer is asked once. While the old one still works,
/// one caller renews it and the others go on with it; if the renewal fails, so does that one. One that the vendor refuses
/// is forgotten, but not twice within ten seconds: whoever is refused with a fresh one too is not let in at all, and the
/// issuer is not to suffer for it.
pub struct CachedCredential<I> {
    issuer: I,
    clock: Box<dyn Fn() -> UnixMs + Send + Sync>,
    kept: Mutex<Kept>,
    /// Held by the one who asks the issuer.
    flight: tokio::sync::Mutex<()>,
}

/// Milliseconds after a refusal in which another one counts as final.
const FINAL_MS: u64 = 10_000;

/// The last thing that the issuer said.
#[derive(Default)]
struct Kept {
    current: Option<Current>,
    /// How often the issuer has answered.
    answers: u64,
    /// Its last answer, if that was an error.
    error: Option<CredentialError>,
    /// When a credential was last forgotten because the vendor refused it.
    refused_at: Option<UnixMs>,
}

#[derive(Clone)]
struct Current {
    credential: Arc<Credential>,
    renew_at: Option<UnixMs>,
    expires_at: Option<UnixMs>,
}

impl<I: CredentialIssuer> CachedCredential<I> {
    /// A cache that is empty until it is first asked. `clock` tells the time.
    pub fn new(issuer: I, clock: impl Fn() -> UnixMs + Send + Sync + 'static) -> Self {
        Self { issuer, clock: Box::new(clock), kept: Mutex::default(), flight: tokio::sync::Mutex::default() }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn get(&self) -> Result<Arc<Credential>, CredentialError> {
        let (current, answers) = {
            let kept = self.kept();
            (kept.current.clone(), kept.answers)
        };
        let now = (self.clock)();
        let usable = current.filter(|current| !passed(current.expires_at, now));
        if let Some(current) = usable {
            if !passed(current.renew_at, now) {
                return Ok(current.credential);
            }
            return Ok(match self.flight.try_lock() {
                Ok(_flight) if self.kept().answers == answers => {
                    self.renew().await.unwrap_or(current.credential)
                }
                _another_is_at_it => current.credential,
            });
        }
        let _flight = self.flight.lock().await;
        {
            // Whoever had the flight before us asked on our behalf, for good or ill.
            let kept = self.kept();
            if kept.answers != answers {
                return match (&kept.error, &kept.current) {
                    (None, Some(current)) => Ok(Arc::clone(&current.credential)),
                    (Some(error), _) => Err(error.clone()),
                    (None, None) => Err(CredentialError::new("the issuer gave none")),
                };
            }
        }
        self.renew().await
    }

    /// Forgets a credential that the vendor refused; whether the next one will be another.
    fn forget(&self, credential: &Arc<Credential>) -> bool {
        let now = (self.clock)();
        let mut kept = self.kept();
        match &kept.current {
            // Somebody else has been refused with it before, or it has expired.
            None => true,
            Some(current) if !Arc::ptr_eq(&current.credential, credential) => true,
            // It lasts for ever, as keys in the settings do: asking again gives the same.
            Some(current) if current.expires_at.is_none() => false,
            Some(_) if kept.refused_at.is_some_and(|at| now.since(at) < FINAL_MS) => false,
            Some(_) => {
                kept.current = None;
                kept.refused_at = Some(now);
                true
            }
        }
    }

    async fn renew(&self) -> Result<Arc<Credential>, CredentialError> {
        let asked_at = (self.clock)();
        let issued = self.issuer.issue().await;
        let mut kept = self.kept();
        kept.answers += 1;
        match issued {
            Ok(IssuedCredential { credential, expires_at }) => {
                let credential = Arc::new(credential);
                let renew_at = expires_at.map(|expires_at| renew_at(asked_at, expires_at));
                kept.current = Some(Current { credential: Arc::clone(&credential), renew_at, expires_at });
                kept.error = None;
                Ok(credential)
            }
            Err(error) => {
                kept.error = Some(error.clone());
                Err(error)
            }
        }
    }
}

impl<I: CredentialIssuer> CredentialSource for CachedCredential<I> {
    fn credential(&self) -> BoxFuture<'_, Result<Arc<Credential>, CredentialError>> {
        Box::pin(self.get())
    }

    fn refused(&self, credential: &Arc<Credential>) -> bool {
        self.forget(credential)
    }
}

impl<I: fmt::Debug> fmt::Debug for CachedCredential<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedCredential").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

fn passed(limit: Option<UnixMs>, now: UnixMs) -> bool {
    limit.is_some_and(|limit| now >= limit)
}

/// 80 % of the way from `from` to `expires_at`.
fn renew_at(from: UnixMs, expires_at: UnixMs) -> UnixMs {
    from.plus(expires_at.since(from) / 5 * 4)
}

#[cfg(test)]
mod tests;
