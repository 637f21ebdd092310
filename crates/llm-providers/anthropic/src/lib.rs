#![doc = include_str!("../README.md")]

mod allowances;
mod chat;
mod count;
mod error;
mod head;
mod ingress;
mod model;
mod relay;
mod usage;
pub mod wire;

pub use ingress::MessagesIngress;

use std::sync::LazyLock;

use http::HeaderMap;
use llm_provider_core::{
    Allowances, Capabilities, Chat, CountTokens, Demands, Dialect, Prefill, Provider, Relay, Translator,
    VendorInfo,
};
use llm_types::UnixMs;

/// Anthropic, by its own API.
///
/// Keys that begin with `sk-ant-oat` go as bearer tokens, others as `x-api-key`. The address may end before
/// `/v1`, after it, or in the whole path.
#[derive(Debug, Clone, Copy, Default)]
pub struct Anthropic;

static INFO: LazyLock<VendorInfo> = LazyLock::new(|| VendorInfo {
    id: "anthropic".into(),
    name: "Anthropic".into(),
    key_variables: vec!["ANTHROPIC_API_KEY".into(), "ANTHROPIC_AUTH_TOKEN".into()],
    base_url_variables: vec!["ANTHROPIC_BASE_URL".into(), "ANTHROPIC_API_BASE".into()],
    base_url: head::BASE_URL.into(),
    client_headers: vec!["anthropic-version".into(), "anthropic-beta".into()],
    docs: "https://platform.claude.com/docs/en/api/messages".into(),
    capabilities: Capabilities {
        streaming: true,
        tools: true,
        images: true,
        documents: true,
        reasoning: true,
        json_schema: true,
        count_tokens: true,
    },
    ..VendorInfo::default()
});

/// What Messages refuses conversations for, wherever Claude is served by them.
///
/// Source: Anthropic API docs, "Messages", "Handle tool calls" and "Extended thinking", read 2026-11.
pub const DEMANDS: Demands = Demands {
    a_message: true,
    user_first: false,
    user_last: false,
    turns: false,
    paired_calls: true,
    instead_of_blank: Some("[System: Empty message content sanitised to satisfy protocol]"),
    thinking_before_calls: true,
    cache_brings_all: false,
};

/// How this model takes the beginning of an answer, wherever Claude is served by Messages: as the last message up to
/// version 4.5, and not at all since then.
///
/// Source: Anthropic docs, "Migration guide" (Claude 4.6: prefill removal), read 2026-11.
pub fn prefill(model: &str) -> Option<Prefill> {
    model::Model::of(model).takes_prefill().then_some(Prefill::LastMessage)
}

impl Provider for Anthropic {
    fn info(&self) -> &VendorInfo {
        &INFO
    }

    fn chat(&self) -> Option<&dyn Translator<Chat>> {
        Some(self)
    }

    fn count_tokens(&self) -> Option<&dyn Translator<CountTokens>> {
        Some(self)
    }

    fn demands(&self, _model: &str) -> Demands {
        DEMANDS
    }

    fn prefill(&self, model: &str, _base_url: Option<&str>) -> Option<Prefill> {
        prefill(model)
    }

    fn allowances(&self, headers: &HeaderMap, now: UnixMs) -> Allowances {
        allowances::read(headers, now)
    }

    fn relay(&self, dialect: Dialect) -> Option<&dyn Relay> {
        (dialect == Dialect::AnthropicMessages).then_some(self as &dyn Relay)
    }
}
