//! Failures that a request asks for, so that its fallbacks can be tried out: LiteLLM's `mock_testing_*` members.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use llm_provider_core::Peek;
use llm_router::Asking;
use llm_types::{ApiError, ErrorKind, Layer};

/// A failure that is only pretended: nobody is asked, and no deployment's health suffers.
#[derive(Debug)]
pub(super) struct Rehearsal {
    kind: ErrorKind,
    member: &'static str,
    /// Whether the first choice alone fails, and not every deployment of the group.
    once: bool,
    played: AtomicBool,
}

/// Members and what they stand for.
///
/// Source: LiteLLM documentation, "Fallbacks", read 2026-11.
const MEMBERS: [(&str, ErrorKind, bool); 4] = [
    ("mock_testing_fallbacks", ErrorKind::Internal, false),
    ("mock_testing_context_fallbacks", ErrorKind::ContextWindow, false),
    ("mock_testing_content_policy_fallbacks", ErrorKind::ContentPolicy, false),
    ("mock_testing_rate_limit_error", ErrorKind::RateLimit, true),
];

impl Rehearsal {
    /// What the request asks for.
    ///
    /// # Errors
    /// 400 if a member is no boolean.
    pub(super) fn of(peek: &Peek<'_>) -> Result<Option<Self>, ApiError> {
        for (member, kind, once) in MEMBERS {
            if peek.get::<bool>(member)? == Some(true) {
                return Ok(Some(Self { kind, member, once, played: AtomicBool::new(false) }));
            }
        }
        Ok(None)
    }

    /// The failure, if it is this attempt's turn: only the group that was asked for fails.
    pub(super) fn failure(&self, asking: &Asking) -> Option<ApiError> {
        let over = asking.group.is_some() || self.once && self.played.swap(true, Relaxed);
        (!over).then(|| {
            let message = format!("a rehearsal, as {} asks for; no vendor was asked", self.member);
            ApiError::new(self.kind, Layer::Router, message).with_code(self.member)
        })
    }
}
