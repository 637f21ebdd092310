//! One login under way.

use bytes::Bytes;
use http::{Request, Response};
use llm_provider_core::{LoginInput, LoginRun, LoginStep, Secret};
use llm_provider_oauth::TokenAnswer;
use llm_types::UnixMs;
use serde::Deserialize;

use super::credentials::{Credentials, Kind, LIFE_S, Subject};
use super::{Source, token};

/// A login under way.
pub(super) struct Run {
    source: Source,
    state: State,
    /// Credentials whose token is only one to ask for another account's.
    acting: Option<Credentials>,
}

/// What was asked for last.
enum State {
    Start,
    /// A file that must be there.
    File,
    /// A file that may be there.
    UsualFile,
    /// The machine's token.
    Machine,
    /// The token of another issuer.
    Subject(Credentials),
    /// A token.
    Token,
    /// Another account's token.
    Acting,
}

impl Run {
    pub(super) fn new(source: Source) -> Self {
        Self { source, state: State::Start, acting: None }
    }

    fn begin(&mut self, now: UnixMs) -> LoginStep {
        match self.source.clone() {
            Source::Given(secret) => LoginStep::Done { credential: token(secret), expires_at: None },
            Source::Text(credentials) => self.with(*credentials, now),
            Source::File(file) => self.wait(State::File, LoginStep::Read(file)),
            Source::Usual { file: Some(file), .. } => self.wait(State::UsualFile, LoginStep::Read(file)),
            Source::Usual { file: None, .. } => self.machine(),
        }
    }

    fn wait(&mut self, state: State, step: LoginStep) -> LoginStep {
        self.state = state;
        step
    }

    fn send(&mut self, state: State, request: Result<Request<Bytes>, String>) -> LoginStep {
        match request {
            Ok(request) => self.wait(state, LoginStep::Send(Box::new(request))),
            Err(why) => LoginStep::Fail(why),
        }
    }

    /// The metadata server knows who the machine is.
    fn machine(&mut self) -> LoginStep {
        let Source::Usual { metadata_host, .. } = &self.source else {
            return LoginStep::Fail("there is no metadata server to ask".to_owned());
        };
        let path = "computeMetadata/v1/instance/service-accounts/default/token";
        let request = Request::get(format!("http://{metadata_host}/{path}"))
            .header("metadata-flavor", "Google")
            .body(Bytes::new())
            .map_err(|_| format!("`{metadata_host}` is no host"));
        self.send(State::Machine, request)
    }

    fn with(&mut self, credentials: Credentials, now: UnixMs) -> LoginStep {
        match credentials.kind {
            Kind::ServiceAccount | Kind::AuthorizedUser => {
                let request = credentials.token_request(now);
                self.send(State::Token, request)
            }
            Kind::ExternalAccount => {
                if credentials.acts_for_another() {
                    self.acting = Some(credentials.clone());
                }
                match credentials.subject() {
                    Ok(Subject::File(file)) => self.wait(State::Subject(credentials), LoginStep::Read(file)),
                    Ok(Subject::Url(request)) => {
                        self.wait(State::Subject(credentials), LoginStep::Send(request))
                    }
                    Err(why) => LoginStep::Fail(why),
                }
            }
            Kind::Impersonated => match credentials.source() {
                Ok(source) => {
                    self.acting = Some(credentials);
                    self.with(source, now)
                }
                Err(why) => LoginStep::Fail(why),
            },
        }
    }

    fn file(&mut self, content: &[u8], now: UnixMs) -> LoginStep {
        match std::mem::replace(&mut self.state, State::Start) {
            State::Subject(credentials) => self.exchange(&credentials, content),
            _ => match Credentials::read(content) {
                Ok(credentials) => self.with(credentials, now),
                Err(why) => LoginStep::Fail(why),
            },
        }
    }

    fn exchange(&mut self, credentials: &Credentials, content: &[u8]) -> LoginStep {
        let request = credentials.subject_token(content).and_then(|token| credentials.exchange(&token));
        self.send(State::Token, request)
    }

    fn answer(&mut self, answer: &Response<Bytes>, now: UnixMs) -> LoginStep {
        match std::mem::replace(&mut self.state, State::Start) {
            State::Subject(credentials) if answer.status().is_success() => {
                self.exchange(&credentials, answer.body())
            }
            State::Subject(_) => LoginStep::Fail(format!(
                "the subject's token was refused with status {}",
                answer.status().as_u16()
            )),
            State::Acting => acting(answer, now),
            state => match (TokenAnswer::read(answer, now), self.acting.take()) {
                (Ok(told), Some(acting)) => {
                    let request = acting.impersonation(&told.access_token);
                    self.send(State::Acting, request)
                }
                (Ok(told), None) => told.done(),
                (Err(why), _) if matches!(state, State::Machine) => LoginStep::Fail(nowhere(&why)),
                (Err(why), _) => LoginStep::Fail(why),
            },
        }
    }

    fn failed(&mut self, why: String) -> LoginStep {
        match std::mem::replace(&mut self.state, State::Start) {
            State::UsualFile => self.machine(),
            State::Machine => LoginStep::Fail(nowhere(&why)),
            State::File => LoginStep::Fail(format!("the file of credentials: {why}")),
            _ => LoginStep::Fail(why),
        }
    }
}

fn nowhere(why: &str) -> String {
    format!(
        "no credentials of Google Cloud: set `vertex_credentials` or `GOOGLE_APPLICATION_CREDENTIALS`, or log in with \
         `gcloud auth application-default login`; the machine itself has none: {why}"
    )
}

/// Another account's token, in words of its own.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Acting {
    access_token: String,
}

fn acting(answer: &Response<Bytes>, now: UnixMs) -> LoginStep {
    if !answer.status().is_success() {
        return match TokenAnswer::read(answer, now) {
            Err(why) => LoginStep::Fail(why),
            Ok(_) => LoginStep::Fail("the account's token was refused".to_owned()),
        };
    }
    match serde_json::from_slice::<Acting>(answer.body()) {
        Ok(told) if !told.access_token.is_empty() => LoginStep::Done {
            credential: token(Secret::new(told.access_token)),
            // What was asked for; the answer says the same as a date.
            expires_at: Some(now.plus(LIFE_S * 1000)),
        },
        _ => LoginStep::Fail("the answer to the request for the account's token has none".to_owned()),
    }
}

impl LoginRun for Run {
    fn step(&mut self, input: LoginInput, now: UnixMs) -> LoginStep {
        match input {
            LoginInput::Begin => self.begin(now),
            LoginInput::File(content) => self.file(&content, now),
            LoginInput::Answer(answer) => self.answer(&answer, now),
            LoginInput::Failed(why) => self.failed(why),
            LoginInput::Credential { .. } => {
                LoginStep::Fail("nobody asked for Amazon's credentials".to_owned())
            }
        }
    }
}
