//! Clients that speak Anthropic Messages: what they ask, and what they are told.
//!
//! The fixtures in `tests/fixtures/ingress` follow Anthropic's documentation of version 2023-06-01, read
//! 2026-11; none is a recording.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::needless_pass_by_value, reason = "`json!` makes values")]

mod answers;
mod errors;
mod event_order;
mod requests;
mod round_trip;
mod streams;
mod streams_at_random;

use llm_provider_anthropic::{Anthropic, MessagesIngress};
use llm_provider_core::{Chat, Ingress, Provider, Reply, Translator};

fn ingress() -> &'static dyn Ingress {
    &MessagesIngress
}

fn anthropic() -> &'static dyn Translator<Chat> {
    static ANTHROPIC: Anthropic = Anthropic;
    ANTHROPIC.chat().unwrap()
}

fn reply() -> Reply {
    Reply { request_id: "req-1".to_owned(), model: "asked".to_owned(), created_s: 1, include_usage: true }
}
