//! [`Verifier`]: from a presented token to who bears it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use llm_transport::HttpService;
use llm_types::UnixMs;

use crate::cache::{TokenCache, name_of};
use crate::keys::{KeySource, KeySourceOptions};
use crate::settings::{JwtSettings, RolePermissions, SettingsError};
use crate::{Checks, Claims, Identity, Token, TokenError};

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> UnixMs + Send + Sync>;

/// A token that was checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified {
    /// Who bears it.
    pub identity: Identity,
    /// What it says.
    pub claims: Claims,
    /// When it ends, the leeway included.
    pub expires_at: UnixMs,
    /// Which of the issuers it is of.
    trust: usize,
}

/// From what a [`Verifier`] is made.
#[derive(Debug, Clone, Default)]
pub struct VerifierOptions {
    /// `general_settings.litellm_jwtauth`.
    pub settings: JwtSettings,
    /// `general_settings.role_permissions`.
    pub role_permissions: Vec<RolePermissions>,
    /// The variable `JWT_PUBLIC_KEY_URL`: addresses of keys with commas between them, for tokens of issuers that the
    /// settings do not name.
    pub public_key_urls: Option<String>,
    /// The variable `JWT_AUDIENCE`: whom those tokens must be for, with commas between several.
    pub audience: Option<String>,
    /// The variable `JWT_ISSUER`: whom those tokens must be of.
    pub issuer: Option<String>,
    /// Tokens that are remembered at most. Default 10,000.
    pub capacity: Option<usize>,
    /// How long an issuer is left alone after it was asked for keys. Default 10 s.
    pub pause: Option<Duration>,
}

impl VerifierOptions {
    /// Options with LiteLLM's variables: `JWT_PUBLIC_KEY_URL`, `JWT_AUDIENCE`, `JWT_ISSUER`.
    pub fn new(
        settings: JwtSettings,
        role_permissions: Vec<RolePermissions>,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Self {
        let variable = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        Self {
            settings,
            role_permissions,
            public_key_urls: variable("JWT_PUBLIC_KEY_URL"),
            audience: variable("JWT_AUDIENCE"),
            issuer: variable("JWT_ISSUER"),
            ..Self::default()
        }
    }
}

/// Checks tokens. A token that was checked is remembered, by the whole of it, until it ends.
pub struct Verifier {
    settings: JwtSettings,
    role_permissions: Vec<RolePermissions>,
    trusts: Vec<Trust>,
    cache: TokenCache,
    clock: Clock,
    leeway_ms: u64,
}

/// An issuer that is trusted.
struct Trust {
    /// Letter by letter. `None`: whoever has the keys.
    issuer: Option<String>,
    audiences: Option<Vec<String>>,
    /// Its place in the settings.
    settings: Option<usize>,
    keys: KeySource,
}

impl Verifier {
    /// A verifier that has asked nobody for keys yet.
    ///
    /// # Errors
    /// The first thing that makes no sense in the settings; also if there is no issuer at all.
    pub fn new(
        options: VerifierOptions,
        service: &Arc<dyn HttpService>,
        clock: &Clock,
    ) -> Result<Self, SettingsError> {
        let VerifierOptions { settings, role_permissions, .. } = options;
        if let Some(problem) = settings.problems().into_iter().next() {
            return Err(problem);
        }
        let source = |urls: Vec<String>, issuer: Option<String>| {
            let defaults = KeySourceOptions::default();
            let options = KeySourceOptions {
                urls,
                issuer,
                ttl: Duration::from_secs_f64(settings.public_key_ttl),
                stale_ttl: Duration::from_secs_f64(settings.public_key_stale_ttl),
                pause: options.pause.unwrap_or(defaults.pause),
                timeout: defaults.timeout,
            };
            KeySource::new(options, Arc::clone(service), Arc::clone(clock))
        };
        let mut trusts: Vec<Trust> = settings
            .issuers
            .iter()
            .enumerate()
            .map(|(place, issuer)| {
                let url = issuer.jwks_url.clone().unwrap_or_else(|| KeySource::discovery_url(&issuer.issuer));
                Trust {
                    issuer: Some(issuer.issuer.clone()),
                    audiences: (!issuer.disable_audience_validation).then(|| issuer.audience.0.clone()),
                    settings: Some(place),
                    keys: source(vec![url], Some(issuer.issuer.clone())),
                }
            })
            .collect();
        let list = |text: &str| -> Vec<String> {
            text.split(',').map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned).collect()
        };
        let urls = options.public_key_urls.as_deref().map(list).unwrap_or_default();
        if !urls.is_empty() {
            trusts.push(Trust {
                issuer: options.issuer.clone(),
                audiences: options.audience.as_deref().map(list).filter(|list| !list.is_empty()),
                settings: None,
                keys: source(urls, options.issuer),
            });
        }
        if trusts.is_empty() {
            let why = "is needed, or the variable JWT_PUBLIC_KEY_URL: else nobody's tokens are trusted";
            return Err(SettingsError { place: "issuers".to_owned(), why });
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked above to be in range"
        )]
        let leeway_ms = (settings.leeway * 1000.0) as u64;
        let cache = TokenCache::new(options.capacity.unwrap_or(10_000));
        Ok(Self { settings, role_permissions, trusts, cache, clock: Arc::clone(clock), leeway_ms })
    }

    /// The settings that it goes by.
    pub const fn settings(&self) -> &JwtSettings {
        &self.settings
    }

    /// A token that is remembered; never waits.
    pub fn remembered(&self, token: &str) -> Option<Arc<Verified>> {
        self.recall(&name_of(token), (self.clock)())
    }

    fn recall(&self, name: &[u8; 32], now: UnixMs) -> Option<Arc<Verified>> {
        let generation = |verified: &Verified| Some(self.trusts.get(verified.trust)?.keys.state().generation);
        self.cache.get(name, now, generation)
    }

    /// Checks a token: by what is remembered, or by the keys of its issuer, which are asked for if they are not known.
    ///
    /// # Errors
    /// [`TokenError`]; [`TokenError::Unavailable`] if the keys are not known and the issuer cannot be reached.
    pub async fn verify(&self, token: &str) -> Result<Arc<Verified>, TokenError> {
        let now = (self.clock)();
        let name = name_of(token);
        if let Some(verified) = self.recall(&name, now) {
            return Ok(verified);
        }
        let read = Token::read(token)?;
        let claimed = read.claimed_issuer();
        let is_named = |trust: &&Trust| trust.settings.is_some() && trust.issuer.as_deref() == claimed;
        let place = self
            .trusts
            .iter()
            .position(|trust| is_named(&trust))
            // Tokens of an issuer with keys of its own are never taken by the keys of others.
            .or_else(|| self.trusts.iter().position(|trust| trust.settings.is_none()))
            .ok_or(TokenError::Issuer)?;
        let trust = &self.trusts[place];
        let state = trust.keys.keys_for(read.kid()).await?;
        let claims = read.verify(&state.keys)?;
        let checks = Checks {
            issuer: trust.issuer.as_deref(),
            audiences: trust.audiences.as_deref(),
            leeway_ms: self.leeway_ms,
        };
        let now = (self.clock)();
        let expires_at = claims.check(&checks, now)?;
        let issuer = trust.settings.and_then(|place| self.settings.issuers.get(place));
        let identity = Identity::of(&claims, &self.settings, issuer, &self.role_permissions)?;
        let verified = Arc::new(Verified { identity, claims, expires_at, trust: place });
        self.cache.put(name, Arc::clone(&verified), state.generation, now);
        Ok(verified)
    }

    /// Fetches keys before they are needed, and again before they are too old. Ends never; dropped to end it.
    pub async fn keep_fresh(&self) {
        futures_util::future::join_all(self.trusts.iter().map(|trust| trust.keys.keep_fresh())).await;
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let issuers: Vec<_> = self.trusts.iter().map(|trust| trust.issuer.as_deref()).collect();
        f.debug_struct("Verifier").field("issuers", &issuers).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verified(end: i64) -> Arc<Verified> {
        let claims = Claims::from_map(serde_json::Map::new());
        Arc::new(Verified { identity: Identity::default(), claims, expires_at: UnixMs(end), trust: 0 })
    }

    #[test]
    fn tokens_are_remembered_whole_and_not_for_ever() {
        let cache = TokenCache::new(4);
        let (a, b) = (name_of("header.claims.signature"), name_of("header.claims.signaturf"));
        cache.put(a, verified(100), 1, UnixMs(0));
        let get = |name, now, generation| cache.get(name, UnixMs(now), |_| Some(generation)).is_some();
        assert!(get(&a, 99, 1));
        assert!(!get(&b, 99, 1), "the last letter counts");
        assert!(!get(&a, 100, 1), "it has ended");
        assert!(!get(&a, 99, 1), "and is gone");
        cache.put(a, verified(100), 1, UnixMs(0));
        assert!(!get(&a, 99, 2), "the issuer's keys have changed");
    }

    #[test]
    fn the_cache_is_bounded() {
        let cache = TokenCache::new(16);
        for number in 0..1_000 {
            cache.put(name_of(&number.to_string()), verified(i64::MAX), 1, UnixMs(0));
            assert!(cache.len() <= 16);
        }
        assert!(cache.get(&name_of("999"), UnixMs(0), |_| Some(1)).is_some(), "the newest is there");
    }
}
