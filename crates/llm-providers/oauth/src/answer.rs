//! [`TokenAnswer`]: what an address of tokens answers.

use bytes::Bytes;
use http::Response;
use llm_provider_core::{Credential, LoginStep, Secret};
use llm_types::UnixMs;
use serde::Deserialize;
use serde_json::Value;

/// Characters of a refusal that are told on.
const MAX_WORDS: usize = 400;

/// A token that was handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenAnswer {
    /// The token.
    pub access_token: Secret,
    /// When it stops working, if the answer says so.
    pub expires_at: Option<UnixMs>,
}

/// Numbers come as numbers or as strings; unknown members are passed over.
#[derive(Deserialize)]
struct Body {
    access_token: Option<String>,
    /// Seconds from now.
    expires_in: Option<Value>,
    /// Seconds since the epoch.
    expires_on: Option<Value>,
}

impl TokenAnswer {
    /// Reads an answer of any status (RFC 6749, 5.1 and 5.2; `expires_on` is Microsoft's).
    ///
    /// # Errors
    /// What the answer says, in its own words and without a secret.
    pub fn read(answer: &Response<Bytes>, now: UnixMs) -> Result<Self, String> {
        let status = answer.status();
        if !status.is_success() {
            return Err(refusal(status.as_u16(), answer.body()));
        }
        // What cannot be read is not repeated: it may hold a token.
        let body: Body = serde_json::from_slice(answer.body())
            .map_err(|_| "the answer to the request for a token cannot be read".to_owned())?;
        let Some(token) = body.access_token.filter(|token| !token.is_empty()) else {
            return Err("the answer to the request for a token has none".to_owned());
        };
        let after = seconds(body.expires_in.as_ref()).map(|after| now.plus(after.saturating_mul(1000)));
        let on = || seconds(body.expires_on.as_ref()).map(|on| UnixMs(0).plus(on.saturating_mul(1000)));
        Ok(Self { access_token: Secret::new(token), expires_at: after.or_else(on) })
    }

    /// The last step of a login.
    pub fn done(self) -> LoginStep {
        LoginStep::Done { credential: Credential::Token(self.access_token), expires_at: self.expires_at }
    }
}

fn seconds(value: Option<&Value>) -> Option<u64> {
    match value? {
        Value::String(text) => text.trim().parse().ok(),
        number => number.as_u64(),
    }
}

fn refusal(status: u16, body: &[u8]) -> String {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let error = text("error").or_else(|| value["error"]["message"].as_str());
    let words = [error, text("error_description").or_else(|| text("message"))];
    let words: Vec<&str> = words.into_iter().flatten().collect();
    let words = if words.is_empty() { "no reason given".to_owned() } else { words.join(": ") };
    let words: String = words.chars().take(MAX_WORDS).collect();
    format!("the request for a token was refused with status {status}: {words}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &'static str) -> Result<TokenAnswer, String> {
        let answer = Response::builder().status(status).body(Bytes::from_static(body.as_bytes())).unwrap();
        TokenAnswer::read(&answer, UnixMs(5000))
    }

    #[test]
    fn tokens_and_their_end_in_every_form() {
        for (body, expires_at) in [
            (r#"{"access_token":"t","expires_in":60,"token_type":"Bearer"}"#, Some(65_000)),
            (r#"{"access_token":"t","expires_in":"60","expires_on":"9"}"#, Some(65_000)),
            (r#"{"access_token":"t","expires_on":"1586984735"}"#, Some(1_586_984_735_000)),
            (r#"{"access_token":"t","expires_on":1586984735}"#, Some(1_586_984_735_000)),
            (r#"{"access_token":"t","expires_on":"4/11/2036 1:00:00 PM"}"#, None),
            (r#"{"access_token":"t"}"#, None),
        ] {
            let answer = read(200, body).unwrap();
            assert_eq!(
                (answer.access_token.expose(), answer.expires_at),
                ("t", expires_at.map(UnixMs)),
                "{body}"
            );
        }
    }

    #[test]
    fn refusals_are_told_and_secrets_are_not() {
        let entra = r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided."}"#;
        let said = read(401, entra).unwrap_err();
        assert!(
            said.ends_with("401: invalid_client: AADSTS7000215: Invalid client secret provided."),
            "{said}"
        );
        assert!(read(403, r#"{"error":{"message":"no"}}"#).unwrap_err().ends_with("403: no"));
        assert!(read(500, "<html>").unwrap_err().ends_with("500: no reason given"));
        assert!(read(200, r#"{"access_token":""}"#).unwrap_err().contains("has none"));
        let unreadable = read(200, r#"{"access_token":"key-of-somebody""#).unwrap_err();
        assert!(!unreadable.contains("somebody"), "{unreadable}");
    }
}
