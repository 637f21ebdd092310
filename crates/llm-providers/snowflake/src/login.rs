//! Tokens that are signed here with the private half of a key pair.
//!
//! Source: Snowflake documentation, "Authenticating Snowflake REST APIs with Snowflake", "Using key-pair authentication",
//! read 2026-11.

use std::path::PathBuf;

use llm_provider_core::{Credential, Login, LoginInput, LoginRun, LoginStep, Parameters, Secret};
use llm_provider_oauth::SigningKey;
use llm_types::UnixMs;
use serde_json::{Map, Value, json};

/// How long a token lives, in seconds: no longer is allowed.
const LIFE_S: i64 = 3600;

/// Where the private key is.
#[derive(Debug, Clone)]
enum Key {
    Pem(Secret),
    File(PathBuf),
}

/// A user with a key pair.
#[derive(Debug, Clone)]
struct KeyPair {
    /// `ACCOUNT.USER`
    subject: String,
    key: Key,
}

/// The login that the settings ask for; `None` where a key is the credential, or there is no key pair.
pub(crate) fn login(parameters: &Parameters, key: Option<&Secret>) -> Result<Option<Box<dyn Login>>, String> {
    if key.is_some_and(|key| !key.expose().is_empty()) {
        return Ok(None);
    }
    let pem = parameters.get("snowflake_private_key").map(|pem| Key::Pem(Secret::new(pem)));
    let file = || parameters.get("snowflake_private_key_path").map(|path| Key::File(path.into()));
    let Some(key) = pem.or_else(file) else { return Ok(None) };
    let need =
        |name: &str| parameters.get(name).ok_or_else(|| format!("a login with a key pair needs `{name}`"));
    let subject = format!("{}.{}", account(need("account_id")?), need("snowflake_user")?.to_uppercase());
    Ok(Some(Box::new(KeyPair { subject, key })))
}

/// An account as tokens name it: in capitals, without a region.
fn account(name: &str) -> String {
    name.split('.').next().unwrap_or(name).to_uppercase()
}

impl Login for KeyPair {
    fn begin(&self) -> Box<dyn LoginRun> {
        Box::new(self.clone())
    }
}

impl LoginRun for KeyPair {
    fn step(&mut self, input: LoginInput, now: UnixMs) -> LoginStep {
        let pem = match (input, &self.key) {
            (LoginInput::Begin, Key::File(path)) => return LoginStep::Read(path.clone()),
            (LoginInput::Begin, Key::Pem(pem)) => pem.expose().as_bytes().to_vec(),
            (LoginInput::File(content), _) => content.to_vec(),
            (LoginInput::Failed(why), _) => return LoginStep::Fail(why),
            (LoginInput::Answer(_) | LoginInput::Credential { .. }, _) => {
                return LoginStep::Fail("nobody asked for this".to_owned());
            }
        };
        match self.sign(&pem, now) {
            Ok(token) => LoginStep::Done {
                credential: Credential::Token(Secret::new(token)),
                expires_at: Some(UnixMs((now.seconds() + LIFE_S) * 1000)),
            },
            Err(why) => LoginStep::Fail(why),
        }
    }
}

impl KeyPair {
    fn sign(&self, pem: &[u8], now: UnixMs) -> Result<String, String> {
        let told = |error| format!("the key pair: {error}");
        let key = SigningKey::from_pem(pem).map_err(told)?;
        let issued = now.seconds();
        let claims = json!({
            "iss": format!("{}.SHA256:{}", self.subject, key.fingerprint().map_err(told)?),
            "sub": self.subject,
            "iat": issued,
            "exp": issued + LIFE_S,
        });
        let Value::Object(claims) = claims else { return Err("no claims".to_owned()) };
        key.sign(Map::new(), claims).map_err(told)
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
    use aws_lc_rs::rsa::KeySize;
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

    use super::*;

    fn begun(settings: &[(&str, &str)]) -> Box<dyn LoginRun> {
        login(&settings.iter().copied().collect(), None).unwrap().unwrap().begin()
    }

    const WHO: [(&str, &str); 2] = [("account_id", "org-acc.eu-west-1"), ("snowflake_user", "ada")];

    #[test]
    fn a_token_is_signed_for_an_hour() {
        let key: Pkcs8V1Der<'_> =
            aws_lc_rs::rsa::KeyPair::generate(KeySize::Rsa2048).unwrap().as_der().unwrap();
        let pem = STANDARD.encode(key.as_ref());
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{pem}\n-----END PRIVATE KEY-----\n");
        let now = UnixMs(1_700_000_000_000);
        let given: Vec<_> = WHO.into_iter().chain([("snowflake_private_key", &*pem)]).collect();
        let LoginStep::Done { credential, expires_at } = begun(&given).step(LoginInput::Begin, now) else {
            panic!("no token")
        };
        assert_eq!(expires_at, Some(UnixMs(1_700_003_600_000)));
        let token = credential.secret().unwrap().expose();
        let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!((&claims["sub"], &claims["iat"]), (&json!("ORG-ACC.ADA"), &json!(1_700_000_000)));
        let issuer = claims["iss"].as_str().unwrap();
        assert!(issuer.starts_with("ORG-ACC.ADA.SHA256:"), "{issuer}");
        assert_eq!(STANDARD.decode(issuer.rsplit_once(':').unwrap().1).unwrap().len(), 32);

        let filed: Vec<_> = WHO.into_iter().chain([("snowflake_private_key_path", "/k.p8")]).collect();
        let mut run = begun(&filed);
        let LoginStep::Read(path) = run.step(LoginInput::Begin, now) else { panic!("no file") };
        assert_eq!(path, *"/k.p8");
        let LoginStep::Done { credential: same, .. } = run.step(LoginInput::File(pem.into()), now) else {
            panic!("no token")
        };
        assert_eq!(same, credential, "the same key and time, the same token");
    }

    #[test]
    fn settings_choose() {
        let none = |settings: &[(&str, &str)], key: Option<&Secret>| {
            login(&settings.iter().copied().collect(), key).unwrap().is_none()
        };
        assert!(none(&WHO, None));
        assert!(none(&[("snowflake_private_key", "x")], Some(&Secret::new("pat/a"))));
        let lacks = login(&[("snowflake_private_key", "x")].into_iter().collect(), None).unwrap_err();
        assert!(lacks.contains("`account_id`"), "{lacks}");
        let wrong: Vec<_> = WHO.into_iter().chain([("snowflake_private_key", "x")]).collect();
        let LoginStep::Fail(why) = begun(&wrong).step(LoginInput::Begin, UnixMs(0)) else {
            panic!("a token")
        };
        assert!(why.contains("no unencrypted private key"), "{why}");
    }
}
