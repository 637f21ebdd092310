//! Who asks: from the headers, and from what is known of keys.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, header};
use llm_identity::{Assumed, Identities, Identity};
use llm_oidc::{Verifier, looks_like_token};
use llm_provider_core::{Secret, header_text};
use llm_store::StoreError;
use llm_tenancy::key::secret::presented;
use llm_tenancy::management::{ManagementRoute, Manager, Resource, route};
use llm_tenancy::{Access, KeyHash, Route, Stamp, VirtualKey, groups_beside};
use llm_types::{ApiError, ErrorKind, Layer, UnixMs};
use percent_encoding::percent_decode_str;
use subtle::ConstantTimeEq;

use crate::config::InternalUserParams;

mod bearer;

use bearer::Bearer;

/// The header in which a bearer of a token says for which of its teams a request is.
const TEAM: HeaderName = HeaderName::from_static("x-litellm-team-id");

/// Who asks.
#[derive(Debug, Clone)]
pub enum Principal {
    /// The holder of the master key.
    Master,
    /// Anybody: no master key is set, and only this machine can reach the gateway.
    Anonymous,
    /// The holder of a virtual key, or the bearer of a token.
    Key(Arc<Identity>),
}

impl Principal {
    /// What kind of principal it is, for logs.
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Master => "master",
            Self::Anonymous => "anonymous",
            Self::Key(_) => "key",
        }
    }

    /// A name that is no secret: a key's alias, else its hash.
    pub fn name(&self) -> Cow<'_, str> {
        match self {
            Self::Key(identity) => {
                let caller = &identity.access.caller;
                caller.key_alias.as_deref().map_or_else(|| caller.key.to_string().into(), Cow::Borrowed)
            }
            _ => self.label().into(),
        }
    }

    /// Whom its requests are for, whatever they say themselves: a token may tell.
    pub fn end_user(&self) -> Option<&str> {
        match self {
            Self::Key(identity) => identity.end_user.as_deref(),
            Self::Master | Self::Anonymous => None,
        }
    }

    /// The same bearer for other teams.
    pub fn others(&self) -> &[Arc<Identity>] {
        match self {
            Self::Key(identity) => &identity.others,
            Self::Master | Self::Anonymous => &[],
        }
    }

    /// What bounds it; `None` for whoever may everything.
    pub fn access(&self) -> Option<&Access> {
        match self {
            Self::Key(identity) => Some(&identity.access),
            Self::Master | Self::Anonymous => None,
        }
    }
}

/// What is asked for, as far as it matters who may ask.
#[derive(Debug, Clone, Copy)]
pub struct Errand<'a> {
    /// The method.
    pub method: &'a str,
    /// The route, as in the route table.
    pub template: &'a str,
    /// The path as it was sent.
    pub path: &'a str,
    /// Where the client is.
    pub client: Option<IpAddr>,
    /// The time.
    pub now: UnixMs,
}

impl Errand<'_> {
    /// Whether somebody may be asked for this, the model aside.
    ///
    /// # Errors
    /// What the client is told.
    pub fn check(&self, principal: &Principal) -> Result<(), ApiError> {
        let Some(access) = principal.access() else { return Ok(()) };
        access.check_standing(self.now)?;
        access.check_client(self.client)?;
        let right = route(self.method, self.template);
        let groups = right.map_or_else(|| groups_beside(self.method, self.template), ManagementRoute::groups);
        access.check_route(&Route { template: self.template, path: self.path, groups })?;
        let Some(right) = right else { return Ok(()) };
        // What is the gateway's own is nobody's part.
        let is_own = matches!(right.resource, Resource::Health | Resource::Settings);
        let manager = Manager::of_key(access, Vec::new(), Vec::new());
        if is_own && !manager.scope(right.resource, right.verb).all {
            let message = "only admins of the gateway may do this";
            return Err(
                ApiError::new(ErrorKind::PermissionDenied, Layer::Auth, message).with_code("not_allowed")
            );
        }
        Ok(())
    }
}

/// What is known of keys and tokens beside the master key.
#[derive(Clone)]
pub struct Keyring {
    /// Keys of the store.
    pub identities: Arc<Identities>,
    /// Checks tokens, where they are taken.
    pub tokens: Option<Arc<Verifier>>,
    /// What users begin with who are made by their tokens.
    pub newcomers: Arc<InternalUserParams>,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("takes_tokens", &self.tokens.is_some()).finish_non_exhaustive()
    }
}

/// What the headers alone say.
#[derive(Debug)]
pub enum Recognised {
    /// Somebody who is known.
    As(Principal),
    /// Somebody of whom the store or an issuer has to be asked.
    Unread(Unread),
}

/// Somebody of whom the store or an issuer has to be asked.
#[derive(Debug)]
pub struct Unread {
    keyring: Keyring,
    hash: KeyHash,
    token: Option<Secret>,
    team: Option<String>,
}

/// Checks keys.
#[derive(Clone)]
pub struct Authenticator {
    master: Option<Secret>,
    /// Names by which this machine may be called beside its own, where that is looked at.
    hosts: Option<Vec<String>>,
    keyring: Option<Keyring>,
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator").field("needs_key", &self.needs_key()).finish_non_exhaustive()
    }
}

impl Authenticator {
    /// Checks against a master key; without one, everybody is let in.
    pub fn new(master: Option<&Secret>) -> Self {
        Self { master: master.cloned(), hosts: None, keyring: None }
    }

    /// The same with virtual keys beside the master key.
    #[must_use]
    pub fn with_keyring(self, keyring: Option<Keyring>) -> Self {
        Self { keyring, ..self }
    }

    /// The same for a socket that only this machine can reach. Without a master key, requests to names that are not this
    /// machine's are refused then, but for these.
    ///
    /// A page of anybody's may bind its own name to a loopback address and so become of the same site as the gateway. Its
    /// requests still name that name. Nobody is let in for a name: it is only a reason to refuse.
    #[must_use]
    pub fn on_loopback(self, hosts: &[String]) -> Self {
        let hosts = self.master.is_none().then(|| hosts.to_vec());
        Self { hosts, ..self }
    }

    /// Whether a key is needed.
    pub const fn needs_key(&self) -> bool {
        self.master.is_some()
    }

    /// Who owns the gateway: the holder of the master key, where there is one.
    pub const fn owner(&self) -> Principal {
        if self.needs_key() { Principal::Master } else { Principal::Anonymous }
    }

    /// Who sent these headers, and this query, as far as that is known without asking anybody.
    ///
    /// # Errors
    /// An authentication error if a key is needed and the one given is missing or known to be wrong.
    pub fn recognise(
        &self,
        headers: &HeaderMap,
        query: Option<&str>,
        now: UnixMs,
    ) -> Result<Recognised, ApiError> {
        let Some(master) = &self.master else {
            // Whoever needs no key must at least not be a web page of somebody else's.
            self.refuse_pages(headers)?;
            return Ok(Recognised::As(Principal::Anonymous));
        };
        let key =
            presented_key(headers).map(Cow::Borrowed).or_else(|| query_key(query?)).ok_or_else(|| {
                refused(
                    "no key: send `Authorization: Bearer <key>`, or the key in `x-api-key`, `api-key`, \
                     `x-goog-api-key`, `ocp-apim-subscription-key` or `x-litellm-api-key`",
                    "missing_api_key",
                )
            })?;
        if is_same(&key, master.expose()) {
            return Ok(Recognised::As(Principal::Master));
        }
        let keyring = self.keyring.as_ref().ok_or_else(unknown)?;
        if keyring.tokens.is_some() && looks_like_token(&key) {
            let team = header_text(headers, &TEAM).map(ToOwned::to_owned);
            let hash = match &team {
                None => KeyHash::of(&key),
                Some(team) => KeyHash::of(&format!("{key} {team}")),
            };
            let (keyring, token) = (keyring.clone(), Some(Secret::new(key.into_owned())));
            return Ok(Recognised::Unread(Unread { keyring, hash, token, team }));
        }
        let hash = KeyHash::of(&key);
        match keyring.identities.cached(&hash, now) {
            Some(Some(identity)) => Ok(Recognised::As(Principal::Key(identity))),
            Some(None) => Err(unknown()),
            None => {
                Ok(Recognised::Unread(Unread { keyring: keyring.clone(), hash, token: None, team: None }))
            }
        }
    }

    /// Who sent these headers, and this query.
    ///
    /// # Errors
    /// As [`recognise`](Self::recognise) and [`Unread::read`].
    pub async fn authenticate(
        &self,
        headers: &HeaderMap,
        query: Option<&str>,
        now: UnixMs,
    ) -> Result<Principal, ApiError> {
        match self.recognise(headers, query, now)? {
            Recognised::As(principal) => Ok(principal),
            Recognised::Unread(unread) => Box::pin(unread.read(now)).await,
        }
    }

    /// Refuses web pages of other sites, also those that pretend to be of this one.
    fn refuse_pages(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        let refuse = |message: String, code: &str| {
            Err(ApiError::new(ErrorKind::PermissionDenied, Layer::Auth, message).with_code(code))
        };
        if headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site") {
            return refuse(
                "without a master key, pages of other sites are not let in".to_owned(),
                "cross_site",
            );
        }
        let Some(allowed) = &self.hosts else { return Ok(()) };
        for host in headers.get_all(header::HOST) {
            let host = host.to_str().unwrap_or_default();
            if !is_of_this_machine(host, allowed) {
                let shown: String = host.chars().take(100).collect();
                let message = format!(
                    "without a master key, only requests to `localhost` or an IP address are let in, not to {shown:?}; \
                     set general_settings.master_key, or list the name in llm_gateway.server.allowed_hosts"
                );
                return refuse(message, "unknown_host");
            }
        }
        Ok(())
    }
}

impl Unread {
    /// Asks whose it is.
    ///
    /// # Errors
    /// 401 if nobody's; 503 if that cannot be found out now.
    pub async fn read(self, now: UnixMs) -> Result<Principal, ApiError> {
        let Self { keyring, hash, token, team } = self;
        let identities = &keyring.identities;
        let (Some(token), Some(tokens)) = (token, &keyring.tokens) else {
            let found = identities.find(&hash, now).await.map_err(|error| away(&error))?;
            return found.map(Principal::Key).ok_or_else(unknown);
        };
        let verified = tokens.verify(token.expose()).await?;
        if let Some(Some(identity)) = identities.cached(&hash, now) {
            return Ok(Principal::Key(identity));
        }
        let (claimed, settings) = (&verified.identity, tokens.settings());
        let mapped = settings.virtual_key_claim_field.as_deref().zip(claimed.client_id.as_deref());
        if let Some((claim, value)) = mapped {
            let found = identities.of_claim(&hash, claim, value, now).await.map_err(bearer::told)?;
            if let Some(identity) = found {
                return Ok(Principal::Key(identity));
            }
        }
        let bearer =
            Bearer { store: identities.store(), settings, newcomers: &keyring.newcomers, claimed, now };
        let placed = bearer.place(team.as_deref()).await?;
        let name = claimed.user_email.as_deref().or(claimed.user_id.as_ref().map(AsRef::as_ref));
        let mut key = VirtualKey::new(hash, name.unwrap_or("token"), Stamp::default());
        (key.user_id, key.team_id, key.organization_id) = (placed.user, placed.team, placed.organization);
        key.expires_at = Some(verified.expires_at);
        let assumed = Assumed {
            key,
            other_teams: placed.others,
            bounds: claimed.bounds().collect(),
            role: claimed.role,
            end_user: claimed.end_user_id.clone(),
            awaits_key: mapped.is_some(),
        };
        let identity = identities.assume(assumed, now).await.map_err(|error| away(&error))?;
        Ok(Principal::Key(identity))
    }
}

fn refused(message: &str, code: &str) -> ApiError {
    ApiError::new(ErrorKind::Authentication, Layer::Auth, message).with_code(code)
}

fn unknown() -> ApiError {
    refused("the key is not known here", "invalid_api_key")
}

/// Nobody knows now whether the key is any.
pub(crate) fn away(error: &StoreError) -> ApiError {
    tracing::debug!(%error, "a key cannot be looked up");
    let message = "keys cannot be looked up now: the database does not answer";
    ApiError::new(ErrorKind::Unavailable, Layer::Auth, message)
        .with_code("database_unavailable")
        .with_retry_after_ms(AWAY.as_millis() as u64)
}

/// After which a client may try again whose key could not be looked up.
const AWAY: Duration = Duration::from_secs(1);

/// Whether a `Host` means this machine: an IP address, `localhost`, a name below it, or one that is allowed.
fn is_of_this_machine(host: &str, allowed: &[String]) -> bool {
    let (name, port) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) => return address.parse::<Ipv6Addr>().is_ok() && is_port(port),
        None => host.find(':').map_or((host, ""), |colon| host.split_at(colon)),
    };
    let name = name.strip_suffix('.').unwrap_or(name);
    let below = name.len().checked_sub(".localhost".len()).and_then(|at| name.get(at..));
    is_port(port)
        && (name.parse::<Ipv4Addr>().is_ok()
            || name.eq_ignore_ascii_case("localhost")
            || below.is_some_and(|end| end.eq_ignore_ascii_case(".localhost"))
            || allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(name)))
}

/// Whether a text is nothing, or a colon and a port.
fn is_port(text: &str) -> bool {
    text.is_empty()
        || text.strip_prefix(':').is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The key in a request's headers, wherever clients of the supported dialects put it.
pub fn presented_key(headers: &HeaderMap) -> Option<&str> {
    static NAMES: [HeaderName; 6] = [
        HeaderName::from_static("x-litellm-api-key"),
        header::AUTHORIZATION,
        HeaderName::from_static("x-api-key"),
        HeaderName::from_static("api-key"),
        HeaderName::from_static("x-goog-api-key"),
        HeaderName::from_static("ocp-apim-subscription-key"),
    ];
    NAMES.iter().find_map(|name| presented(header_text(headers, name)?))
}

/// The key in a query, where Gemini's clients may put it.
fn query_key(query: &str) -> Option<Cow<'_, str>> {
    let key = query.split('&').find_map(|pair| pair.strip_prefix("key=")).filter(|key| !key.is_empty())?;
    percent_decode_str(key).decode_utf8().ok()
}

/// Whether a key is the right one, in a time that only the length of the one presented decides.
fn is_same(presented: &str, right: &str) -> bool {
    let is_as_long = presented.len() == right.len();
    // A key of another length is compared with itself, which takes as long.
    let other = if is_as_long { right } else { presented };
    bool::from(presented.as_bytes().ct_eq(other.as_bytes())) && is_as_long
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who is let in, without a store.
    fn asks(
        auth: &Authenticator,
        headers: &HeaderMap,
        query: Option<&str>,
    ) -> Result<&'static str, ApiError> {
        match auth.recognise(headers, query, UnixMs(0))? {
            Recognised::As(principal) => Ok(principal.label()),
            Recognised::Unread(_) => panic!("there is no store"),
        }
    }

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(HeaderName::from_static(name), value.parse().unwrap())])
    }

    #[test]
    fn every_place_for_a_key() {
        let auth = Authenticator::new(Some(&Secret::new("sk-master")));
        for (name, value) in [
            ("authorization", "Bearer sk-master"),
            ("authorization", "bearer sk-master"),
            ("authorization", "sk-master"),
            ("x-api-key", "sk-master"),
            ("api-key", "sk-master"),
            ("x-litellm-api-key", "Bearer sk-master"),
            ("x-goog-api-key", "sk-master"),
            ("ocp-apim-subscription-key", "sk-master"),
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=sk-master/20261121/us-east-1/bedrock/aws4_request, SignedHeaders=host, Signature=0",
            ),
        ] {
            assert_eq!(asks(&auth, &headers(name, value), None), Ok("master"), "{name}: {value}");
        }
    }

    #[test]
    fn a_key_in_the_query() {
        let auth = Authenticator::new(Some(&Secret::new("sk-master")));
        let none = HeaderMap::new();
        assert_eq!(asks(&auth, &none, Some("alt=sse&key=sk-master")), Ok("master"));
        assert!(asks(&auth, &none, Some("alt=sse&key=")).is_err());
        let odd = Authenticator::new(Some(&Secret::new("sk-a+b/c=")));
        for query in ["key=sk-a%2Bb%2Fc%3D", "key=sk-a+b/c="] {
            assert_eq!(asks(&odd, &none, Some(query)), Ok("master"), "{query}");
        }
        assert!(asks(&odd, &none, Some("key=%ff")).is_err());
        let wrong = headers("x-goog-api-key", "other");
        assert!(asks(&auth, &wrong, Some("key=sk-master")).is_err(), "the header is what counts");
    }

    #[test]
    fn wrong_and_missing_keys_are_told_apart() {
        let auth = Authenticator::new(Some(&Secret::new("sk-master")));
        for (given, code) in [
            (headers("authorization", "Bearer sk-maste"), "invalid_api_key"),
            (headers("authorization", "Bearer sk-master2"), "invalid_api_key"),
            (headers("authorization", "Bearer "), "missing_api_key"),
            (HeaderMap::new(), "missing_api_key"),
        ] {
            let error = asks(&auth, &given, None).unwrap_err();
            assert_eq!((error.kind, error.code.as_deref()), (ErrorKind::Authentication, Some(code)));
        }
    }

    #[test]
    fn without_a_master_key_all_are_let_in() {
        let auth = Authenticator::new(None);
        assert_eq!(asks(&auth, &HeaderMap::new(), None), Ok("anonymous"));
        assert_eq!(asks(&auth, &headers("authorization", "Bearer x"), None), Ok("anonymous"));
        assert!(asks(&auth, &headers("sec-fetch-site", "same-origin"), None).is_ok());
        let error = asks(&auth, &headers("sec-fetch-site", "cross-site"), None).unwrap_err();
        assert_eq!(error.code.as_deref(), Some("cross_site"));
    }

    #[test]
    fn only_this_machines_names_are_let_in_on_loopback() {
        let open = Authenticator::new(None).on_loopback(&["gateway.internal".to_owned()]);
        for host in [
            "localhost",
            "LocalHost:4000",
            "localhost.",
            "127.0.0.1",
            "127.0.0.1:4000",
            "[::1]:4000",
            "[::1]",
            "192.168.1.7:80",
            "app.localhost:4000",
            "gateway.internal:4000",
            "Gateway.Internal",
        ] {
            assert!(asks(&open, &headers("host", host), None).is_ok(), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "evillocalhost",
            "gateway.internal.evil",
            "[evil]",
            "[::1]evil",
            "localhost:4000:x",
            "",
            "user@localhost",
            "::1",
        ] {
            let error = asks(&open, &headers("host", host), None).unwrap_err();
            assert_eq!(
                (error.kind, error.code.as_deref()),
                (ErrorKind::PermissionDenied, Some("unknown_host")),
                "{host}"
            );
        }
        assert!(asks(&open, &HeaderMap::new(), None).is_ok(), "no browser leaves it out");
        // With a key the name is not looked at, nor where others can reach the socket anyway.
        let keyed = Authenticator::new(Some(&Secret::new("sk-master"))).on_loopback(&[]);
        let mut map = headers("host", "evil.example");
        map.insert("x-api-key", "sk-master".parse().unwrap());
        assert_eq!(asks(&keyed, &map, None), Ok("master"));
        assert!(asks(&Authenticator::new(None), &headers("host", "evil.example"), None).is_ok());
    }
}
