//! [`Context`]: on whose behalf a request is made, and what it wishes.

use serde_json::Value;

use crate::Wishes;

/// On whose behalf a request is made, and what it wishes beside its body.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Context {
    /// Retries, fallbacks, time limits of its own.
    pub wishes: Wishes,
    /// Labels that choose among deployments.
    pub tags: Vec<String>,
    /// Where it may be served; empty stands for anywhere.
    pub regions: Vec<String>,
    /// The client's `User-Agent`, for `tag_regex`.
    pub user_agent: Option<String>,
    /// The conversation, for experiments and what stays where it is.
    pub session: Option<String>,
    /// The key, by an id that is no secret, for the same.
    pub key: Option<String>,
    /// The end user, for the same.
    pub user: Option<String>,
    /// How good the answer is to be: the tier of a virtual model that goes by quality.
    pub quality: Option<String>,
    /// Facts for rules: `key`, `user`, `team`, `request`, each a map.
    pub facts: Option<Value>,
    /// Who goes first where requests wait: lower is sooner. Default: `router_settings.default_priority`, else 128.
    pub priority: Option<u8>,
    /// Whether others go on with a stream that breaks off. Default: as the group has it.
    pub continue_streams: Option<bool>,
}
