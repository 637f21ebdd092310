//! The way to a token: an authorisation key for half an hour.
//!
//! Source: GigaChat API reference, "Get an access token" (POST /api/v2/oauth), read 2026-11.

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Response};
use llm_provider_core::{Credential, Login, LoginInput, LoginRun, LoginStep, Parameters, Secret};
use llm_provider_oauth::form_request;
use llm_types::UnixMs;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// Where tokens are handed out.
const AUTH_URL: &str = "https://ngw.devices.sberbank.ru:9443/api/v2/oauth";

/// For whom, unless the settings say so: persons.
const SCOPE: &str = "GIGACHAT_API_PERS";

/// The way that the settings ask for; `None` if there is a token in hand, or no key.
pub(crate) fn login(parameters: &Parameters, key: Option<&Secret>) -> Option<Box<dyn Login>> {
    if parameters.get("gigachat_access_token").is_some() {
        return None;
    }
    let setting = |name: &str, usual: &str| parameters.get(name).unwrap_or(usual).to_owned();
    key.map(|key| {
        Box::new(KeyLogin {
            url: setting("gigachat_auth_url", AUTH_URL),
            scope: setting("gigachat_scope", SCOPE),
            key: key.clone(),
        }) as Box<dyn Login>
    })
}

#[derive(Debug, Clone)]
struct KeyLogin {
    url: String,
    scope: String,
    key: Secret,
}

impl Login for KeyLogin {
    fn begin(&self) -> Box<dyn LoginRun> {
        Box::new(self.clone())
    }
}

impl KeyLogin {
    fn request(&self, now: UnixMs) -> Result<LoginStep, String> {
        let mut request = form_request(&self.url, [("scope", &*self.scope)])?;
        let text = |text: &str| HeaderValue::from_str(text).map_err(|_| "the key is no header".to_owned());
        let mut basic = text(&format!("Basic {}", self.key.expose()))?;
        basic.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, basic);
        request.headers_mut().insert("rquid", text(&request_name(&self.key, now))?);
        Ok(LoginStep::Send(Box::new(request)))
    }
}

impl LoginRun for KeyLogin {
    fn step(&mut self, input: LoginInput, now: UnixMs) -> LoginStep {
        let next = match input {
            LoginInput::Begin => self.request(now),
            LoginInput::Answer(answer) => token(&answer),
            LoginInput::Failed(why) => Err(why),
            _ => Err("an answer was expected".to_owned()),
        };
        next.unwrap_or_else(LoginStep::Fail)
    }
}

/// The vendor wants a name for each request in the form of a random UUID. It is no secret and needs no chance: what
/// makes it is hashed, and differs with the instant.
fn request_name(key: &Secret, now: UnixMs) -> String {
    let digest = Sha256::new().chain_update(key.expose()).chain_update(now.0.to_le_bytes()).finalize();
    let mut hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    hex.replace_range(12..13, "4");
    hex.replace_range(16..17, "8");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// `{"access_token": …, "expires_at": …}` with milliseconds since the epoch; `tok` and `exp` at older addresses.
fn token(answer: &Response<Bytes>) -> Result<LoginStep, String> {
    let status = answer.status();
    let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    let token = body["access_token"].as_str().or_else(|| body["tok"].as_str());
    let Some(token) = token.filter(|token| status.is_success() && !token.is_empty()) else {
        let words = body["message"].as_str().unwrap_or("no reason given");
        return Err(format!("the request for a token was refused with status {}: {words}", status.as_u16()));
    };
    let expires_at = body["expires_at"].as_i64().or_else(|| body["exp"].as_i64()).map(UnixMs);
    Ok(LoginStep::Done { credential: Credential::Token(Secret::new(token)), expires_at })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_for_a_token() {
        let settings = [("gigachat_scope", "GIGACHAT_API_CORP")].into_iter().collect();
        let mut run = login(&settings, Some(&Secret::new("aWQ6c2VjcmV0"))).unwrap().begin();
        let LoginStep::Send(request) = run.step(LoginInput::Begin, UnixMs(7)) else { panic!("no request") };
        assert_eq!(request.uri(), AUTH_URL);
        assert_eq!(request.body(), "scope=GIGACHAT_API_CORP");
        assert_eq!(request.headers()["authorization"], "Basic aWQ6c2VjcmV0");
        assert!(request.headers()["authorization"].is_sensitive());
        let name = request.headers()["rquid"].to_str().unwrap();
        let lengths: Vec<_> = name.split('-').map(str::len).collect();
        assert_eq!((lengths, &name[14..15], &name[19..20]), (vec![8, 4, 4, 4, 12], "4", "8"));
        assert_ne!(name, request_name(&Secret::new("aWQ6c2VjcmV0"), UnixMs(8)));
        let answer = |status: u16, body: &'static str| {
            LoginInput::Answer(
                Response::builder().status(status).body(Bytes::from_static(body.as_bytes())).unwrap(),
            )
        };
        let done = run.step(answer(200, r#"{"access_token":"t","expires_at":1790000000000}"#), UnixMs(7));
        let LoginStep::Done { credential, expires_at } = done else { panic!("{done:?}") };
        assert_eq!(
            (credential.secret().unwrap().expose(), expires_at),
            ("t", Some(UnixMs(1_790_000_000_000)))
        );
        let refused =
            run.step(answer(401, r#"{"code":6,"message":"credentials doesn't match db data"}"#), UnixMs(7));
        assert!(matches!(refused, LoginStep::Fail(why) if why.contains("401: credentials")));
    }

    #[test]
    fn a_token_in_hand_needs_no_login() {
        let settings = [("gigachat_access_token", "t")].into_iter().collect();
        assert!(login(&settings, Some(&Secret::new("k"))).is_none());
        assert!(login(Parameters::NONE, None).is_none());
    }
}
