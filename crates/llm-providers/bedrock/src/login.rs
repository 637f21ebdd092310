//! How keys are got: those of the settings, a role's, a web identity's, or what Amazon's own tools would find.
//!
//! Source: AWS STS API Reference, "AssumeRole" and "AssumeRoleWithWebIdentity"
//! (docs.aws.amazon.com/STS/latest/APIReference), and IAM User Guide, "IAM identifiers", read 2026-11.

mod sts;

use std::path::PathBuf;

use llm_provider_core::{AwsKeys, Credential, Login, LoginInput, LoginRun, LoginStep, Parameters, Secret};
use llm_types::UnixMs;

use sts::{Assume, Sts};

/// How temporary keys begin. A session token belongs to such keys only: one that the environment holds beside keys that
/// last is somebody else's.
const TEMPORARY: &str = "ASIA";

/// What a session is called where nobody names it; it stands in Amazon's logs.
const SESSION: &str = "llm-gateway";

/// A way to keys.
#[derive(Debug, Clone)]
struct BedrockLogin {
    base: Base,
    role: Option<Role>,
    sts: Sts,
}

/// Where the first keys come from.
#[derive(Debug, Clone)]
enum Base {
    Keys(AwsKeys),
    Chain { profile: Option<String>, region: Option<String> },
    WebIdentity(Token),
}

/// A token of another identity.
#[derive(Debug, Clone)]
enum Token {
    Value(Secret),
    File(PathBuf),
}

/// The role whose keys are wanted.
#[derive(Debug, Clone)]
struct Role {
    arn: String,
    session: String,
    external_id: Option<String>,
}

/// The way that the settings describe.
pub(crate) fn login(parameters: &Parameters) -> Result<Box<dyn Login>, String> {
    let get = |name: &str| parameters.get(name).map(str::to_owned);
    let keys = match (get("aws_access_key_id"), get("aws_secret_access_key")) {
        (Some(access_key_id), Some(secret)) => {
            let is_temporary = access_key_id.starts_with(TEMPORARY);
            let token =
                get("aws_session_token").filter(|_| is_temporary || !access_key_id.starts_with("AKIA"));
            Some(AwsKeys {
                access_key_id,
                secret_access_key: Secret::new(secret),
                session_token: token.map(Secret::new),
            })
        }
        (None, None) => None,
        (Some(_), None) => return Err("`aws_access_key_id` comes without `aws_secret_access_key`".to_owned()),
        (None, Some(_)) => return Err("`aws_secret_access_key` comes without `aws_access_key_id`".to_owned()),
    };
    let profile = get("aws_profile_name");
    let region = get("aws_region_name");
    let sts = Sts::new(get("aws_sts_endpoint"), region.as_deref())?;
    let role = get("aws_role_name").map(|arn| Role {
        arn,
        session: get("aws_session_name").unwrap_or_else(|| SESSION.to_owned()),
        external_id: get("aws_external_id"),
    });
    let base = match (get("aws_web_identity_token"), keys, &profile) {
        (Some(_), _, _) if role.is_none() => {
            return Err("`aws_web_identity_token` comes without `aws_role_name`".to_owned());
        }
        (Some(token), _, _) => Base::WebIdentity(token_of(&token)?),
        // Keys of the settings are more deliberate than a profile only where no profile is named.
        (None, Some(keys), None) => Base::Keys(keys),
        (None, _, _) => Base::Chain { profile, region },
    };
    Ok(Box::new(BedrockLogin { base, role, sts }))
}

/// A token as LiteLLM's settings name it: `oidc/file/…`, a path, or the token itself.
fn token_of(named: &str) -> Result<Token, String> {
    if let Some(path) = named.strip_prefix("oidc/file/") {
        return Ok(Token::File(PathBuf::from(if path.starts_with('/') {
            path.to_owned()
        } else {
            format!("/{path}")
        })));
    }
    if let Some(other) = named.strip_prefix("oidc/") {
        let kind = other.split('/').next().unwrap_or_default();
        return Err(format!(
            "`aws_web_identity_token` names a source `oidc/{kind}`; `oidc/file/` and plain tokens are known"
        ));
    }
    Ok(if named.starts_with('/') {
        Token::File(PathBuf::from(named))
    } else {
        Token::Value(Secret::new(named))
    })
}

impl Login for BedrockLogin {
    fn begin(&self) -> Box<dyn LoginRun> {
        Box::new(Run { login: self.clone(), awaited: Awaited::Begin })
    }
}

/// One way to keys, under way.
struct Run {
    login: BedrockLogin,
    awaited: Awaited,
}

/// What the next input is the outcome of.
#[derive(Debug, Clone, Copy)]
enum Awaited {
    Begin,
    Chain,
    File,
    Sts,
}

impl LoginRun for Run {
    fn step(&mut self, input: LoginInput, now: UnixMs) -> LoginStep {
        match (self.awaited, input) {
            (_, LoginInput::Failed(why)) => LoginStep::Fail(why),
            (Awaited::Begin, _) => match self.login.base.clone() {
                Base::Keys(keys) => self.with_keys(keys, None, now),
                Base::Chain { profile, region } => {
                    self.awaited = Awaited::Chain;
                    LoginStep::AwsChain { profile, region }
                }
                Base::WebIdentity(Token::File(path)) => {
                    self.awaited = Awaited::File;
                    LoginStep::Read(path)
                }
                Base::WebIdentity(Token::Value(token)) => self.with_token(token.expose()),
            },
            (Awaited::Chain, LoginInput::Credential { credential: Credential::Aws(keys), expires_at }) => {
                self.with_keys(keys, expires_at, now)
            }
            (Awaited::File, LoginInput::File(content)) => match std::str::from_utf8(&content) {
                Ok(token) => self.with_token(token.trim()),
                Err(_) => LoginStep::Fail("the file of the web identity's token is no text".to_owned()),
            },
            (Awaited::Sts, LoginInput::Answer(answer)) => sts::read(&answer),
            _ => LoginStep::Fail("the login was given something that it did not ask for".to_owned()),
        }
    }
}

impl Run {
    fn with_keys(&mut self, keys: AwsKeys, expires_at: Option<UnixMs>, now: UnixMs) -> LoginStep {
        let Some(role) = &self.login.role else {
            return LoginStep::Done { credential: Credential::Aws(keys), expires_at };
        };
        let assume = Assume {
            role: &role.arn,
            session: &role.session,
            external_id: role.external_id.as_deref(),
            token: None,
        };
        self.awaited = Awaited::Sts;
        send(self.login.sts.request(&assume, Some(&keys), now))
    }

    fn with_token(&mut self, token: &str) -> LoginStep {
        let Some(role) = &self.login.role else {
            return LoginStep::Fail("a web identity needs a role".to_owned());
        };
        let assume =
            Assume { role: &role.arn, session: &role.session, external_id: None, token: Some(token) };
        self.awaited = Awaited::Sts;
        send(self.login.sts.request(&assume, None, UnixMs(0)))
    }
}

fn send(request: Result<http::Request<bytes::Bytes>, String>) -> LoginStep {
    match request {
        Ok(request) => LoginStep::Send(Box::new(request)),
        Err(why) => LoginStep::Fail(why),
    }
}

#[cfg(test)]
mod tests;
