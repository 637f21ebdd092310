//! [`Run`]: ways to a token, tried in turn.

use std::collections::VecDeque;

use llm_provider_core::{LoginInput, LoginRun, LoginStep};
use llm_provider_oauth::TokenAnswer;
use llm_types::UnixMs;

use super::method::Method;

/// A login under way. The first way is the one that is tried.
pub(super) struct Run {
    methods: VecDeque<Method>,
    /// Why the ways before did not lead to a token.
    failures: Vec<String>,
}

impl Run {
    pub(super) fn new(methods: Vec<Method>) -> Self {
        Self { methods: methods.into(), failures: Vec::new() }
    }

    /// Begins with the first way.
    fn next(&mut self, now: UnixMs) -> LoginStep {
        let Some(method) = self.methods.front() else {
            return LoginStep::Fail(self.failures.join("; "));
        };
        match method {
            Method::Given(credential) => LoginStep::Done { credential: credential.clone(), expires_at: None },
            method => match method.file() {
                Some(file) => LoginStep::Read(file),
                None => self.ask(&[], now),
            },
        }
    }

    fn ask(&mut self, file: &[u8], now: UnixMs) -> LoginStep {
        let Some(method) = self.methods.front() else {
            return LoginStep::Fail("the login is over".to_owned());
        };
        match method.request(file, now) {
            Ok(request) => LoginStep::Send(Box::new(request)),
            Err(why) => self.give_up(&why, now),
        }
    }

    /// Goes on to the next way.
    fn give_up(&mut self, why: &str, now: UnixMs) -> LoginStep {
        if let Some(method) = self.methods.pop_front() {
            self.failures.push(format!("{}: {why}", method.name()));
        }
        self.next(now)
    }
}

impl LoginRun for Run {
    fn step(&mut self, input: LoginInput, now: UnixMs) -> LoginStep {
        match input {
            LoginInput::Begin => self.next(now),
            LoginInput::File(content) => self.ask(&content, now),
            LoginInput::Answer(answer) => match TokenAnswer::read(&answer, now) {
                Ok(token) => token.done(),
                Err(why) => self.give_up(&why, now),
            },
            LoginInput::Failed(why) => self.give_up(&why, now),
            LoginInput::Credential { .. } => LoginStep::Fail("nobody asked for this".to_owned()),
        }
    }
}
