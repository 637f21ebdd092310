//! A token of GitHub's for one of Copilot's.

use std::path::PathBuf;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use http::{Request, Response};
use llm_provider_core::{Credential, Login, LoginInput, LoginRun, LoginStep, Parameters, Secret};
use llm_types::UnixMs;
use serde::Deserialize;
use serde_json::Value;

use crate::headers::EDITOR;

const EXCHANGE: &str = "https://api.github.com/copilot_internal/v2/token";

/// Between a token and the host that takes it, in the credential that a login gives. No token holds it.
const SEPARATOR: char = '\n';

/// A credential's token, and the host that takes it if the exchange named one.
pub(crate) fn parts(credential: &str) -> (&str, Option<&str>) {
    match credential.split_once(SEPARATOR) {
        Some((token, host)) => (token, Some(host)),
        None => (credential, None),
    }
}

/// Where a token of GitHub's is.
#[derive(Debug, Clone)]
enum Github {
    Token(Secret),
    File(PathBuf),
}

/// The exchange, to be made.
#[derive(Debug, Clone)]
struct Exchange {
    url: String,
    github: Github,
}

/// The login that key and settings ask for; `None` where the key is Copilot's own token, or there is none.
pub(crate) fn login(parameters: &Parameters, key: Option<&Secret>) -> Result<Option<Box<dyn Login>>, String> {
    let github = match key.map(Secret::expose).filter(|key| !key.is_empty()) {
        Some(key) if is_copilots(key) => return Ok(None),
        Some(key) => Github::Token(Secret::new(key)),
        None => match parameters.get("github_copilot_token_file") {
            Some(path) => Github::File(path.into()),
            None => return Ok(None),
        },
    };
    let url = parameters.get("github_copilot_token_url").unwrap_or(EXCHANGE).to_owned();
    Ok(Some(Box::new(Exchange { url, github })))
}

/// Copilot's tokens are lists of fields, of which `tid` is one.
fn is_copilots(key: &str) -> bool {
    key.split(';').any(|field| field.starts_with("tid="))
}

impl Login for Exchange {
    fn begin(&self) -> Box<dyn LoginRun> {
        Box::new(self.clone())
    }
}

impl LoginRun for Exchange {
    fn step(&mut self, input: LoginInput, _: UnixMs) -> LoginStep {
        let next = match (input, &self.github) {
            (LoginInput::Begin, Github::Token(token)) => self.ask(token.expose()),
            (LoginInput::Begin, Github::File(path)) => Ok(LoginStep::Read(path.clone())),
            (LoginInput::File(content), _) => match std::str::from_utf8(&content) {
                Ok(token) => self.ask(token.trim()),
                Err(_) => Err("the token's file holds no text".to_owned()),
            },
            (LoginInput::Answer(answer), _) => read(&answer),
            (LoginInput::Failed(why), _) => Err(why),
            (LoginInput::Credential { .. }, _) => Err("nobody asked for this".to_owned()),
        };
        next.unwrap_or_else(LoginStep::Fail)
    }
}

impl Exchange {
    fn ask(&self, token: &str) -> Result<LoginStep, String> {
        let mut value = HeaderValue::from_str(&format!("token {token}"))
            .map_err(|_| "GitHub's token holds what a header cannot")?;
        value.set_sensitive(true);
        let mut request = Request::get(&self.url)
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .body(Bytes::new())
            .map_err(|_| format!("`{}` is no address", self.url))?;
        for (name, value) in EDITOR {
            request.headers_mut().insert(*name, HeaderValue::from_static(value));
        }
        request.headers_mut().insert(AUTHORIZATION, value);
        Ok(LoginStep::Send(Box::new(request)))
    }
}

#[derive(Deserialize)]
struct Answer {
    token: String,
    /// Seconds since the epoch.
    expires_at: Option<u64>,
    endpoints: Option<Endpoints>,
}

#[derive(Deserialize)]
struct Endpoints {
    api: Option<String>,
}

fn read(answer: &Response<Bytes>) -> Result<LoginStep, String> {
    if !answer.status().is_success() {
        let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        let words = body["error_details"]["message"].as_str().or_else(|| body["message"].as_str());
        let words = words.unwrap_or("no reason given");
        return Err(format!(
            "GitHub gives no token for Copilot, status {}: {words}",
            answer.status().as_u16()
        ));
    }
    let answer: Answer = serde_json::from_slice(answer.body())
        .map_err(|_| "the answer to the exchange of tokens cannot be read".to_owned())?;
    let host = answer.endpoints.and_then(|endpoints| endpoints.api);
    let token = match host.as_deref().filter(|host| !host.is_empty()) {
        Some(host) => format!("{}{SEPARATOR}{host}", answer.token),
        None => answer.token,
    };
    Ok(LoginStep::Done {
        credential: Credential::Token(Secret::new(token)),
        expires_at: answer.expires_at.map(|at| UnixMs(0).plus(at.saturating_mul(1000))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(settings: &[(&str, &str)], key: Option<&str>) -> Option<Box<dyn LoginRun>> {
        let key = key.map(Secret::new);
        login(&settings.iter().copied().collect(), key.as_ref()).unwrap().map(|login| login.begin())
    }

    #[test]
    fn a_token_is_exchanged_and_tells_its_host() {
        let mut run = begun(&[], Some("gho_1")).unwrap();
        let LoginStep::Send(request) = run.step(LoginInput::Begin, UnixMs(0)) else { panic!("no request") };
        assert_eq!((request.method().as_str(), request.uri().to_string().as_str()), ("GET", EXCHANGE));
        assert_eq!(request.headers()["authorization"], "token gho_1");
        assert_eq!(request.headers()["copilot-integration-id"], "vscode-chat");
        let body = r#"{"token":"tid=1;exp=1700001500","expires_at":1700001500,"refresh_in":1500,"endpoints":{"api":"https://api.individual.githubcopilot.com","proxy":"p"}}"#;
        let LoginStep::Done { credential, expires_at } =
            run.step(LoginInput::Answer(Response::new(body.into())), UnixMs(0))
        else {
            panic!("no token")
        };
        assert_eq!(expires_at, Some(UnixMs(1_700_001_500_000)));
        let secret = credential.secret().unwrap().expose();
        assert_eq!(parts(secret), ("tid=1;exp=1700001500", Some("https://api.individual.githubcopilot.com")));
    }

    #[test]
    fn a_token_may_stand_in_a_file() {
        let settings =
            [("github_copilot_token_file", "/t"), ("github_copilot_token_url", "http://127.0.0.1:9/token")];
        let mut run = begun(&settings, None).unwrap();
        let LoginStep::Read(path) = run.step(LoginInput::Begin, UnixMs(0)) else { panic!("no file") };
        assert_eq!(path, *"/t");
        let LoginStep::Send(request) = run.step(LoginInput::File("ghu_1\n".into()), UnixMs(0)) else {
            panic!("no request")
        };
        assert_eq!(request.uri(), "http://127.0.0.1:9/token");
        assert_eq!(request.headers()["authorization"], "token ghu_1");
        let LoginStep::Done { credential, expires_at: None } =
            run.step(LoginInput::Answer(Response::new(r#"{"token":"t"}"#.into())), UnixMs(0))
        else {
            panic!("no token")
        };
        assert_eq!(parts(credential.secret().unwrap().expose()), ("t", None));
    }

    #[test]
    fn what_needs_no_exchange_and_what_gets_none() {
        assert!(begun(&[], None).is_none());
        assert!(begun(&[], Some("tid=1;exp=2;sku=x")).is_none());
        let mut run = begun(&[], Some("ghp_1")).unwrap();
        let refused = Response::builder().status(403).body(
            r#"{"error_details":{"message":"No access to GitHub Copilot found."},"message":"x"}"#.into(),
        );
        let LoginStep::Fail(why) = run.step(LoginInput::Answer(refused.unwrap()), UnixMs(0)) else {
            panic!("a token")
        };
        assert!(why.ends_with("status 403: No access to GitHub Copilot found."), "{why}");
    }
}
