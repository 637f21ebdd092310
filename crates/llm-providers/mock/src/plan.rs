//! [`Plan`]: an answer as a driver plays it, byte for byte and pause for pause.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;

/// One thing to do while the body is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Wait so many milliseconds.
    Wait(u64),
    /// Send these bytes at once.
    Bytes(Bytes),
    /// Send nothing more and keep the connection open. The last step.
    Stall,
    /// Break the connection without ending the body. The last step.
    Cut,
    /// The body is complete. The last step.
    End,
}

/// An answer: its head, and the steps of its body.
#[derive(Debug)]
pub struct Plan {
    /// HTTP status.
    pub status: StatusCode,
    /// Headers, without `content-type` and `content-length`.
    pub headers: HeaderMap,
    /// `content-type` of the body.
    pub content_type: HeaderValue,
    /// Time to wait before the head is sent, in milliseconds.
    pub delay_ms: u64,
    /// Length of the whole body in bytes, where it is known beforehand; a body that will be cut announces it too.
    pub content_length: Option<u64>,
    /// The body.
    pub steps: Steps,
    /// What a chat's answer costs, as far as it is played: what is reported where it is whole.
    pub usage: Option<Reported>,
}

/// Tokens that an answer reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reported {
    /// All tokens of the prompt, those read from and written to the cache included.
    pub prompt_tokens: u64,
    /// All tokens of the answer, reasoning included.
    pub completion_tokens: u64,
    /// Prompt tokens read from the cache.
    pub cached_tokens: u64,
    /// Prompt tokens written to the cache.
    pub cache_write_tokens: u64,
    /// Answer tokens spent on reasoning.
    pub reasoning_tokens: u64,
}

impl Plan {
    /// A plan that sends `body` at once.
    pub fn whole(status: StatusCode, content_type: HeaderValue, body: Bytes) -> Self {
        let content_length = Some(body.len() as u64);
        let steps = Steps(Inner::List(vec![Step::Bytes(body), Step::End].into_iter()));
        Self { content_length, ..Self::stepwise(status, content_type, steps) }
    }

    /// A plan that plays `steps`, and whose length nobody knows beforehand.
    pub fn stepwise(status: StatusCode, content_type: HeaderValue, steps: Steps) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            content_type,
            delay_ms: 0,
            content_length: None,
            steps,
            usage: None,
        }
    }
}

/// The steps of a body. The iterator ends after [`Step::Stall`], [`Step::Cut`] or [`Step::End`], and always yields one
/// of them.
///
/// Frames are rendered as they are asked for, so an endless stream costs no memory.
pub struct Steps(Inner);

enum Inner {
    List(std::vec::IntoIter<Step>),
    Lazy(Box<dyn Iterator<Item = Step> + Send + Sync>),
    Done,
}

impl Steps {
    /// Steps of your own making. Where they run out without a last step, the body is complete.
    pub fn new(steps: impl IntoIterator<Item = Step, IntoIter: Send + Sync + 'static>) -> Self {
        Self(Inner::Lazy(Box::new(steps.into_iter())))
    }
}

impl From<Vec<Step>> for Steps {
    fn from(steps: Vec<Step>) -> Self {
        Self(Inner::List(steps.into_iter()))
    }
}

impl Iterator for Steps {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        let step = match &mut self.0 {
            Inner::List(steps) => steps.next(),
            Inner::Lazy(steps) => steps.next(),
            Inner::Done => return None,
        };
        let step = step.unwrap_or(Step::End);
        if matches!(step, Step::Stall | Step::Cut | Step::End) {
            self.0 = Inner::Done;
        }
        Some(step)
    }
}

impl fmt::Debug for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Inner::List(steps) => f.debug_list().entries(steps.as_slice()).finish(),
            Inner::Lazy(_) => f.write_str("[lazy]"),
            Inner::Done => f.write_str("[]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_end_once_and_always() {
        let cut = Steps::from(vec![Step::Wait(1), Step::Cut, Step::Wait(2)]);
        assert_eq!(cut.collect::<Vec<_>>(), [Step::Wait(1), Step::Cut]);
        let unfinished = Steps::new([Step::Wait(1)]);
        assert_eq!(unfinished.collect::<Vec<_>>(), [Step::Wait(1), Step::End]);
    }
}
