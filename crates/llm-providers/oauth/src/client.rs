//! [`ClientCredentials`]: a login with a client's id and secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use http::header::AUTHORIZATION;
use llm_provider_core::{Login, LoginInput, LoginRun, LoginStep, Secret};
use llm_types::UnixMs;

use crate::{TokenAnswer, form_request};

/// A client's id and secret for a token (RFC 6749, 4.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCredentials {
    /// Where tokens are handed out.
    pub token_url: String,
    /// The client's id.
    pub client_id: String,
    /// The client's secret.
    pub client_secret: Secret,
    /// What the token is for.
    pub scope: String,
    /// How id and secret travel.
    pub secret_in: ClientSecretIn,
}

/// How a client's id and secret travel (RFC 6749, 2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientSecretIn {
    /// As members of the form.
    Form,
    /// In the header `Authorization: Basic`.
    Header,
}

impl ClientCredentials {
    fn request(&self) -> Result<LoginStep, String> {
        let secret = self.client_secret.expose();
        let common = [("grant_type", "client_credentials"), ("scope", &*self.scope)];
        let request = match self.secret_in {
            ClientSecretIn::Form => {
                let own = [("client_id", &*self.client_id), ("client_secret", secret)];
                form_request(&self.token_url, common.into_iter().chain(own))?
            }
            ClientSecretIn::Header => {
                let mut request = form_request(&self.token_url, common)?;
                let basic = format!("Basic {}", STANDARD.encode(format!("{}:{secret}", self.client_id)));
                let mut value = HeaderValue::from_str(&basic).map_err(|error| error.to_string())?;
                value.set_sensitive(true);
                request.headers_mut().insert(AUTHORIZATION, value);
                request
            }
        };
        Ok(LoginStep::Send(Box::new(request)))
    }
}

impl Login for ClientCredentials {
    fn begin(&self) -> Box<dyn LoginRun> {
        Box::new(Run(self.clone()))
    }
}

struct Run(ClientCredentials);

impl LoginRun for Run {
    fn step(&mut self, input: LoginInput, now: UnixMs) -> LoginStep {
        let next = match input {
            LoginInput::Begin => self.0.request(),
            LoginInput::Answer(answer) => TokenAnswer::read(&answer, now).map(TokenAnswer::done),
            LoginInput::Failed(why) => Err(why),
            LoginInput::File(_) | LoginInput::Credential { .. } => Err("nobody asked for this".to_owned()),
        };
        next.unwrap_or_else(LoginStep::Fail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(secret_in: ClientSecretIn) -> ClientCredentials {
        ClientCredentials {
            token_url: "https://h/token".to_owned(),
            client_id: "id".to_owned(),
            client_secret: Secret::new("s/1"),
            scope: "all".to_owned(),
            secret_in,
        }
    }

    #[test]
    fn the_secret_travels_as_it_is_told_to() {
        let request = |secret_in| {
            let LoginStep::Send(request) = login(secret_in).begin().step(LoginInput::Begin, UnixMs(0)) else {
                panic!("no request")
            };
            request
        };
        let form = request(ClientSecretIn::Form);
        assert_eq!(form.body(), "grant_type=client_credentials&scope=all&client_id=id&client_secret=s%2F1");
        assert!(!form.headers().contains_key("authorization"));
        let header = request(ClientSecretIn::Header);
        assert_eq!(header.body(), "grant_type=client_credentials&scope=all");
        assert_eq!(header.headers()["authorization"], "Basic aWQ6cy8x");
        assert!(header.headers()["authorization"].is_sensitive());
        assert!(!format!("{:?}", login(ClientSecretIn::Form)).contains("s/1"));
    }

    #[test]
    fn what_fails_ends_the_login() {
        let mut run = login(ClientSecretIn::Form).begin();
        let step = run.step(LoginInput::Failed("gone".to_owned()), UnixMs(0));
        assert!(matches!(step, LoginStep::Fail(why) if why == "gone"));
        let wrong = ClientCredentials { token_url: "?".to_owned(), ..login(ClientSecretIn::Form) };
        let step = wrong.begin().step(LoginInput::Begin, UnixMs(0));
        assert!(matches!(step, LoginStep::Fail(why) if why.contains("no address")));
    }
}
