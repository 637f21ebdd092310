//! Ways to a token: a key exchanged at IBM Cloud's IAM, or a user's login at an installation of one's own.
//!
//! Source: IBM Cloud API docs, "IAM Identity Services", "Create an IAM access token for a user or service ID using an
//! API key"; IBM Cloud Pak for Data docs, "Generating an API authorization token"; both read 2026-11.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, Request, Response};
use llm_provider_core::{Credential, Login, LoginInput, LoginRun, LoginStep, Parameters, Secret};
use llm_provider_oauth::{TokenAnswer, form_request};
use llm_types::UnixMs;
use serde_json::{Value, json};

/// Where IBM Cloud exchanges keys for tokens.
const IAM_URL: &str = "https://iam.cloud.ibm.com/identity/token";

/// How long a token of an installation is trusted if it does not say its own end: it lives for hours.
const CAUTIOUS_LIFE_MS: u64 = 20 * 60 * 1000;

/// The way that the settings ask for; `None` if the credential is in hand.
pub(crate) fn login(parameters: &Parameters, key: Option<&Secret>) -> Result<Option<Box<dyn Login>>, String> {
    if parameters.get("token").is_some() || parameters.get("zen_api_key").is_some() {
        return Ok(None);
    }
    if let Some(user) = parameters.get("watsonx_username") {
        let secret = match (parameters.get("watsonx_password"), key) {
            (Some(password), _) => ("password", Secret::new(password)),
            (None, Some(key)) => ("api_key", key.clone()),
            (None, None) => return Err("`watsonx_username` needs `watsonx_password` or a key".to_owned()),
        };
        let url = parameters
            .get("watsonx_auth_url")
            .or_else(|| parameters.get("api_base"))
            .ok_or("`watsonx_username` needs `api_base`, the installation's own address")?;
        let url = format!("{}/icp4d-api/v1/authorize", url.trim_end_matches('/'));
        return Ok(Some(Box::new(UserLogin { url, user: user.to_owned(), secret })));
    }
    Ok(key.map(|key| {
        let url = parameters.get("watsonx_iam_url").unwrap_or(IAM_URL).to_owned();
        Box::new(IamLogin { url, key: key.clone() }) as Box<dyn Login>
    }))
}

/// An IAM key for a token.
#[derive(Debug, Clone)]
struct IamLogin {
    url: String,
    key: Secret,
}

/// A user's password or key for a token, at an installation of one's own.
#[derive(Debug, Clone)]
struct UserLogin {
    url: String,
    user: String,
    /// The member that it goes in, and itself.
    secret: (&'static str, Secret),
}

impl Login for IamLogin {
    fn begin(&self) -> Box<dyn LoginRun> {
        Box::new(self.clone())
    }
}

impl LoginRun for IamLogin {
    fn step(&mut self, input: LoginInput, now: UnixMs) -> LoginStep {
        let pairs = [("grant_type", "urn:ibm:params:oauth:grant-type:apikey"), ("apikey", self.key.expose())];
        let next = match input {
            LoginInput::Begin => {
                form_request(&self.url, pairs).map(|request| LoginStep::Send(Box::new(request)))
            }
            LoginInput::Answer(answer) => {
                told(&answer).unwrap_or_else(|| TokenAnswer::read(&answer, now).map(TokenAnswer::done))
            }
            LoginInput::Failed(why) => Err(why),
            _ => Err("an answer was expected".to_owned()),
        };
        next.unwrap_or_else(LoginStep::Fail)
    }
}

/// IAM's own form of a refusal, in which the key is not repeated.
fn told(answer: &Response<Bytes>) -> Option<Result<LoginStep, String>> {
    let body: Value = serde_json::from_slice(answer.body()).ok()?;
    let words = body["errorMessage"].as_str()?;
    let code = body["errorCode"].as_str().unwrap_or("no code");
    Some(Err(format!("IBM Cloud refused the key with status {}: {code}: {words}", answer.status().as_u16())))
}

impl Login for UserLogin {
    fn begin(&self) -> Box<dyn LoginRun> {
        Box::new(self.clone())
    }
}

impl UserLogin {
    fn request(&self) -> Result<LoginStep, String> {
        let (member, secret) = &self.secret;
        let body = json!({ "username": self.user, *member: secret.expose() }).to_string();
        let json = HeaderValue::from_static("application/json");
        let request = Request::post(&self.url)
            .header(CONTENT_TYPE, json.clone())
            .header(ACCEPT, json)
            .body(Bytes::from(body))
            .map_err(|_| format!("`{}` is no address", self.url))?;
        Ok(LoginStep::Send(Box::new(request)))
    }
}

impl LoginRun for UserLogin {
    fn step(&mut self, input: LoginInput, now: UnixMs) -> LoginStep {
        let next = match input {
            LoginInput::Begin => self.request(),
            LoginInput::Answer(answer) => user_token(&answer, now),
            LoginInput::Failed(why) => Err(why),
            _ => Err("an answer was expected".to_owned()),
        };
        next.unwrap_or_else(LoginStep::Fail)
    }
}

/// `{"token": …}`; the token says its own end.
fn user_token(answer: &Response<Bytes>, now: UnixMs) -> Result<LoginStep, String> {
    let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    let token = body["token"].as_str().or_else(|| body["accessToken"].as_str());
    let Some(token) = token.filter(|token| answer.status().is_success() && !token.is_empty()) else {
        let words = body["message"].as_str().or_else(|| body["error"].as_str()).unwrap_or("no reason given");
        return Err(format!("the login was refused with status {}: {words}", answer.status().as_u16()));
    };
    let expires_at = Some(end_of(token).unwrap_or_else(|| now.plus(CAUTIOUS_LIFE_MS)));
    Ok(LoginStep::Done { credential: Credential::Token(Secret::new(token)), expires_at })
}

/// When a JSON Web Token ends, by its own word.
fn end_of(token: &str) -> Option<UnixMs> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?.trim_end_matches('=')).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    Some(UnixMs(0).plus(claims["exp"].as_u64()?.saturating_mul(1000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(settings: &[(&str, &str)], key: Option<&str>) -> Result<Option<Box<dyn Login>>, String> {
        login(&settings.iter().copied().collect(), key.map(Secret::new).as_ref())
    }

    fn sent(run: &mut dyn LoginRun) -> Request<Bytes> {
        match run.step(LoginInput::Begin, UnixMs(0)) {
            LoginStep::Send(request) => *request,
            other => panic!("{other:?}"),
        }
    }

    fn answered(run: &mut dyn LoginRun, status: u16, body: &str) -> LoginStep {
        let answer = Response::builder().status(status).body(Bytes::from(body.to_owned())).unwrap();
        run.step(LoginInput::Answer(answer), UnixMs(1000))
    }

    #[test]
    fn a_key_is_exchanged_at_iam() {
        let mut run = way(&[], Some("k/1")).unwrap().unwrap().begin();
        let request = sent(&mut *run);
        assert_eq!(request.uri(), IAM_URL);
        let form = "grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey&apikey=k%2F1";
        assert_eq!(request.body(), form);
        let LoginStep::Done { credential, expires_at } = answered(
            &mut *run,
            200,
            r#"{"access_token":"t","refresh_token":"not_supported","token_type":"Bearer","expires_in":3600,"expiration":1473188353}"#,
        ) else {
            panic!("no token")
        };
        assert_eq!((credential.secret().unwrap().expose(), expires_at), ("t", Some(UnixMs(3_601_000))));
        let mut run = way(&[("watsonx_iam_url", "http://h/token")], Some("k")).unwrap().unwrap().begin();
        assert_eq!(sent(&mut *run).uri(), "http://h/token");
        let refused = r#"{"errorCode":"BXNIM0415E","errorMessage":"Provided API key could not be found.","context":{}}"#;
        let LoginStep::Fail(why) = answered(&mut *run, 400, refused) else { panic!("no refusal") };
        assert!(why.contains("BXNIM0415E: Provided API key could not be found."), "{why}");
    }

    #[test]
    fn a_user_logs_in_at_an_installation() {
        let settings = [("watsonx_username", "ann"), ("watsonx_auth_url", "https://cpd.example/")];
        let mut run = way(&settings, Some("k")).unwrap().unwrap().begin();
        let request = sent(&mut *run);
        assert_eq!(request.uri(), "https://cpd.example/icp4d-api/v1/authorize");
        assert_eq!(request.body(), r#"{"username":"ann","api_key":"k"}"#);
        let token = format!("h.{}.s", URL_SAFE_NO_PAD.encode(r#"{"exp":7}"#));
        let answer = format!(r#"{{"_messageCode_":"200","message":"Success","token":"{token}"}}"#);
        let LoginStep::Done { expires_at, .. } = answered(&mut *run, 200, &answer) else {
            panic!("no token")
        };
        assert_eq!(expires_at, Some(UnixMs(7000)));
        let LoginStep::Done { expires_at, .. } = answered(&mut *run, 200, r#"{"token":"opaque"}"#) else {
            panic!("no token")
        };
        assert_eq!(expires_at, Some(UnixMs(1000).plus(CAUTIOUS_LIFE_MS)));
        let LoginStep::Fail(why) = answered(&mut *run, 401, r#"{"message":"no such user"}"#) else {
            panic!()
        };
        assert!(why.ends_with("401: no such user"), "{why}");
        let with_password = [settings[0], settings[1], ("watsonx_password", "p")];
        let mut run = way(&with_password, Some("k")).unwrap().unwrap().begin();
        assert_eq!(sent(&mut *run).body(), r#"{"username":"ann","password":"p"}"#);
    }

    #[test]
    fn what_is_in_hand_needs_no_login() {
        assert!(way(&[], None).unwrap().is_none());
        assert!(way(&[("token", "t")], Some("k")).unwrap().is_none());
        assert!(way(&[("zen_api_key", "z")], None).unwrap().is_none());
        assert!(way(&[("watsonx_username", "ann")], None).is_err());
        assert!(way(&[("watsonx_username", "ann")], Some("k")).unwrap_err().contains("api_base"));
        let own = [("watsonx_username", "ann"), ("api_base", "https://cpd.example")];
        let mut run = way(&own, Some("k")).unwrap().unwrap().begin();
        assert_eq!(sent(&mut *run).uri(), "https://cpd.example/icp4d-api/v1/authorize");
    }
}
