//! The way to a token: a service key's client id and secret (RFC 6749, 4.4).
//!
//! Source: SAP AI Core docs, "Use a service key" and "Get an access token" (help.sap.com/docs/sap-ai-core), read 2026-11.

use llm_provider_core::{Login, LoginInput, LoginRun, LoginStep, Parameters, Secret};
use llm_provider_oauth::{TokenAnswer, form_request};
use llm_types::UnixMs;
use serde_json::Value;

/// What the address of tokens ends in.
const SUFFIX: &str = "/oauth/token";

/// The way that the settings, or a service key, ask for.
pub(crate) fn login(parameters: &Parameters, key: Option<&Secret>) -> Result<Option<Box<dyn Login>>, String> {
    let set = |name: &str| parameters.get(name).map(str::to_owned);
    let own = (set("aicore_auth_url"), set("aicore_client_id"), set("aicore_client_secret"));
    let client = match (own, key) {
        ((Some(url), Some(id), Some(secret)), _) => Client::new(&url, id, &secret),
        (_, Some(key)) if key.expose().trim_start().starts_with('{') => from_service_key(key.expose())?,
        // Anything else is a token in hand.
        ((None, None, None), _) => return Ok(None),
        _ => {
            let why = "`aicore_auth_url`, `aicore_client_id` and `aicore_client_secret` go together";
            return Err(why.to_owned());
        }
    };
    Ok(Some(Box::new(client)))
}

#[derive(Debug, Clone)]
struct Client {
    url: String,
    id: String,
    secret: Secret,
}

impl Client {
    fn new(url: &str, id: String, secret: &str) -> Self {
        let url = url.trim_end_matches('/');
        let url = format!("{}{SUFFIX}", url.strip_suffix(SUFFIX).unwrap_or(url));
        Self { url, id, secret: Secret::new(secret) }
    }
}

/// `{"clientid", "clientsecret", "url", "serviceurls"}`, also inside `credentials`.
fn from_service_key(json: &str) -> Result<Client, String> {
    // What cannot be read is not repeated: it holds a secret.
    let key: Value = serde_json::from_str(json).map_err(|_| "the service key is no JSON".to_owned())?;
    let key = key.get("credentials").unwrap_or(&key);
    let text = |name: &str| key[name].as_str().filter(|text| !text.is_empty());
    match (text("url"), text("clientid"), text("clientsecret")) {
        (Some(url), Some(id), Some(secret)) => Ok(Client::new(url, id.to_owned(), secret)),
        _ if text("certificate").is_some() => {
            Err("the service key has a certificate and no secret; make one with a client secret".to_owned())
        }
        _ => Err("the service key has no `url`, `clientid` and `clientsecret`".to_owned()),
    }
}

impl Login for Client {
    fn begin(&self) -> Box<dyn LoginRun> {
        Box::new(self.clone())
    }
}

impl LoginRun for Client {
    fn step(&mut self, input: LoginInput, now: UnixMs) -> LoginStep {
        let pairs = [
            ("grant_type", "client_credentials"),
            ("client_id", &*self.id),
            ("client_secret", self.secret.expose()),
        ];
        let next = match input {
            LoginInput::Begin => {
                form_request(&self.url, pairs).map(|request| LoginStep::Send(Box::new(request)))
            }
            LoginInput::Answer(answer) => TokenAnswer::read(&answer, now).map(TokenAnswer::done),
            LoginInput::Failed(why) => Err(why),
            _ => Err("an answer was expected".to_owned()),
        };
        next.unwrap_or_else(LoginStep::Fail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(settings: &[(&str, &str)], key: Option<&str>) -> Result<Option<Box<dyn Login>>, String> {
        login(&settings.iter().copied().collect(), key.map(Secret::new).as_ref())
    }

    #[test]
    fn a_service_key_for_a_token() {
        let plain = r#"{"clientid":"sb-1","clientsecret":"s/1","url":"https://a.authentication.example","serviceurls":{"AI_API_URL":"https://api"}}"#;
        let nested = format!(r#"{{"credentials":{plain}}}"#);
        for key in [plain, &nested] {
            let mut run = way(&[], Some(key)).unwrap().unwrap().begin();
            let LoginStep::Send(request) = run.step(LoginInput::Begin, UnixMs(0)) else {
                panic!("no request")
            };
            assert_eq!(request.uri(), "https://a.authentication.example/oauth/token");
            assert_eq!(request.body(), "grant_type=client_credentials&client_id=sb-1&client_secret=s%2F1");
            let answer = http::Response::new(r#"{"access_token":"t","expires_in":43199}"#.into());
            let done = run.step(LoginInput::Answer(answer), UnixMs(1000));
            assert!(matches!(done, LoginStep::Done { expires_at: Some(UnixMs(43_200_000)), .. }), "{done:?}");
        }
    }

    #[test]
    fn settings_and_what_is_wrong_with_them() {
        let three = [
            ("aicore_auth_url", "https://a/oauth/token/"),
            ("aicore_client_id", "i"),
            ("aicore_client_secret", "s"),
        ];
        let mut run = way(&three, None).unwrap().unwrap().begin();
        let LoginStep::Send(request) = run.step(LoginInput::Begin, UnixMs(0)) else { panic!("no request") };
        assert_eq!(request.uri(), "https://a/oauth/token");
        assert!(way(&three[..2], None).is_err());
        assert!(way(&[], Some("a token in hand")).unwrap().is_none());
        assert!(way(&[], Some(r#"{"certificate":"-----BEGIN"}"#)).unwrap_err().contains("certificate"));
        assert!(!way(&[], Some(r#"{"clientsecret":"hidden""#)).unwrap_err().contains("hidden"));
    }
}
