//! Credentials as Google's files hold them.

use std::fmt;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use http::{HeaderMap, Request};
use llm_provider_core::Secret;
use llm_provider_oauth::{SigningKey, form_request};
use llm_types::UnixMs;
use serde_json::{Map, Value, json};

use super::SCOPE;

/// Where Google hands out tokens.
const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";

/// How long an assertion, and a token of another account, are good for, in seconds: the most that Google takes.
pub(super) const LIFE_S: u64 = 3600;

/// Credentials of one kind. Members are looked up when they are needed; none is printed.
#[derive(Clone)]
pub(super) struct Credentials {
    pub(super) kind: Kind,
    members: Map<String, Value>,
}

/// Which kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A key signs an assertion.
    ServiceAccount,
    /// A refresh token of a person's.
    AuthorizedUser,
    /// A token of another issuer is exchanged.
    ExternalAccount,
    /// Other credentials act for an account.
    Impersonated,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Where the token of another issuer is.
pub(super) enum Subject {
    File(PathBuf),
    Url(Box<Request<Bytes>>),
}

impl Credentials {
    /// Reads a file's content.
    ///
    /// # Errors
    /// In words, without what stands in the file.
    pub(super) fn read(json: &[u8]) -> Result<Self, String> {
        let Ok(Value::Object(members)) = serde_json::from_slice(json) else {
            return Err("the credentials are no JSON object".to_owned());
        };
        let kind = match members.get("type").and_then(Value::as_str) {
            Some("service_account") => Kind::ServiceAccount,
            Some("authorized_user") => Kind::AuthorizedUser,
            Some("external_account") => Kind::ExternalAccount,
            Some("impersonated_service_account") => Kind::Impersonated,
            Some(other) => return Err(format!("credentials of type `{other}` are not known")),
            None => return Err("the credentials do not say their `type`".to_owned()),
        };
        Ok(Self { kind, members })
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.members.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    fn need(&self, name: &str) -> Result<&str, String> {
        self.text(name).ok_or_else(|| format!("the credentials lack `{name}`"))
    }

    /// The request for a token, where the credentials hold all that it needs.
    pub(super) fn token_request(&self, now: UnixMs) -> Result<Request<Bytes>, String> {
        match self.kind {
            Kind::ServiceAccount => {
                let assertion = self.assertion(now)?;
                form_request(
                    self.text("token_uri").unwrap_or(TOKEN_URI),
                    [
                        ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
                        ("assertion", assertion.as_str()),
                    ],
                )
            }
            _ => form_request(
                self.text("token_uri").unwrap_or(TOKEN_URI),
                [
                    ("grant_type", "refresh_token"),
                    ("client_id", self.need("client_id")?),
                    ("client_secret", self.need("client_secret")?),
                    ("refresh_token", self.need("refresh_token")?),
                ],
            ),
        }
    }

    /// What the account's key signs.
    fn assertion(&self, now: UnixMs) -> Result<String, String> {
        let key = SigningKey::from_pem(self.need("private_key")?.as_bytes())
            .map_err(|why| format!("the service account's `private_key`: {why}"))?;
        let mut header = Map::new();
        if let Some(id) = self.text("private_key_id") {
            header.insert("kid".to_owned(), id.into());
        }
        let issued_at = now.0 / 1000;
        let expires_at = now.plus(LIFE_S * 1000).0 / 1000;
        let mut claims = Map::new();
        claims.insert("iss".to_owned(), self.need("client_email")?.into());
        claims.insert("scope".to_owned(), SCOPE.into());
        claims.insert("aud".to_owned(), self.text("token_uri").unwrap_or(TOKEN_URI).into());
        claims.insert("iat".to_owned(), issued_at.into());
        claims.insert("exp".to_owned(), expires_at.into());
        key.sign(header, claims).map_err(|why| format!("the service account's `private_key`: {why}"))
    }

    /// The credentials that act for the account.
    pub(super) fn source(&self) -> Result<Self, String> {
        let source =
            self.members.get("source_credentials").ok_or("the credentials lack `source_credentials`")?;
        let source = Self::read(source.to_string().as_bytes())?;
        if source.kind == Kind::Impersonated {
            return Err("`source_credentials` act for an account themselves".to_owned());
        }
        Ok(source)
    }

    /// Where the token of another issuer is.
    pub(super) fn subject(&self) -> Result<Subject, String> {
        let source =
            self.members.get("credential_source").ok_or("the credentials lack `credential_source`")?;
        if let Some(file) = source.get("file").and_then(Value::as_str) {
            return Ok(Subject::File(file.into()));
        }
        if source.get("environment_id").is_some() {
            return Err(
                "a workload's identity from Amazon is not known here; use a file or an address".to_owned()
            );
        }
        if source.get("executable").is_some() {
            return Err("programs are not run for credentials; use a file or an address".to_owned());
        }
        let url = source.get("url").and_then(Value::as_str);
        let url = url.ok_or("`credential_source` names neither a `file` nor a `url`")?;
        let mut request = Request::get(url);
        for (name, value) in source.get("headers").and_then(Value::as_object).into_iter().flatten() {
            let header = HeaderName::try_from(name.as_str()).ok().zip(value.as_str());
            let header = header.ok_or_else(|| format!("`credential_source.headers.{name}` is no header"))?;
            request = request.header(header.0, header.1);
        }
        let request = request.body(Bytes::new());
        request
            .map(Box::new)
            .map(Subject::Url)
            .map_err(|_| "`credential_source.url` is no address".to_owned())
    }

    /// The token in what was found there: all of it, or a member of it.
    pub(super) fn subject_token(&self, content: &[u8]) -> Result<String, String> {
        let text = std::str::from_utf8(content).map_err(|_| "the subject's token is no text".to_owned())?;
        let format = &self.members.get("credential_source").map_or(&Value::Null, |source| &source["format"]);
        if format["type"] != "json" {
            return Ok(text.trim().to_owned());
        }
        let field = format["subject_token_field_name"].as_str().unwrap_or("access_token");
        let body: Value = serde_json::from_str(text).unwrap_or_default();
        let token = body.get(field).and_then(Value::as_str);
        token.map(str::to_owned).ok_or_else(|| format!("the subject's token is not in `{field}`"))
    }

    /// The request that exchanges it.
    pub(super) fn exchange(&self, subject_token: &str) -> Result<Request<Bytes>, String> {
        let options = self
            .text("workforce_pool_user_project")
            .map(|project| json!({ "userProject": project }).to_string());
        let mut pairs = vec![
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("audience", self.need("audience")?),
            ("scope", SCOPE),
            ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
            ("subject_token_type", self.need("subject_token_type")?),
            ("subject_token", subject_token),
        ];
        pairs.extend(options.as_deref().map(|options| ("options", options)));
        let url = self.text("token_url").unwrap_or("https://sts.googleapis.com/v1/token");
        let mut request = form_request(url, pairs)?;
        if let (Some(id), Some(secret)) = (self.text("client_id"), self.text("client_secret")) {
            let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
            authorize(request.headers_mut(), &basic)?;
        }
        Ok(request)
    }

    /// Whether the token is only one to ask for another account's.
    pub(super) fn acts_for_another(&self) -> bool {
        self.text("service_account_impersonation_url").is_some()
    }

    /// The request for another account's token.
    pub(super) fn impersonation(&self, token: &Secret) -> Result<Request<Bytes>, String> {
        let life = self
            .members
            .get("service_account_impersonation")
            .and_then(|settings| settings.get("token_lifetime_seconds")?.as_u64())
            .unwrap_or(LIFE_S);
        let mut body = json!({ "scope": [SCOPE], "lifetime": format!("{life}s") });
        if let Some(delegates) = self.members.get("delegates").filter(|delegates| delegates.is_array()) {
            body["delegates"] = delegates.clone();
        }
        let url = self.need("service_account_impersonation_url")?;
        let request =
            Request::post(url).header("content-type", "application/json").body(body.to_string().into());
        let mut request =
            request.map_err(|_| "`service_account_impersonation_url` is no address".to_owned())?;
        authorize(request.headers_mut(), &format!("Bearer {}", token.expose()))?;
        Ok(request)
    }
}

fn authorize(headers: &mut HeaderMap, value: &str) -> Result<(), String> {
    let mut value =
        HeaderValue::from_str(value).map_err(|_| "the credentials hold what a header cannot".to_owned())?;
    value.set_sensitive(true);
    headers.insert(AUTHORIZATION, value);
    Ok(())
}
