//! What a decision may know of the request.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Capabilities, Narrowed, Tags};

/// What is known of one request when a deployment is chosen for it.
///
/// [`Selection::needs`](crate::Selection::needs) and [`Entrance::needs`](crate::Entrance::needs) say what decisions look
/// at; whoever asks may leave the rest out.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Inquiry<'a> {
    /// The model as the client named it.
    pub model: &'a str,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// Tokens of the prompt, counted rather too high than too low.
    pub input_tokens: u64,
    /// Tokens of the prompt that a prompt cache is likely to have.
    pub cached_tokens: u64,
    /// The answer's limit in tokens, if the request sets one.
    pub output_tokens: Option<u64>,
    /// What the request needs of a model.
    pub needs: Capabilities,
    /// Names of the request's members, as OpenAI names them.
    pub parameters: &'a [&'a str],
    /// Labels that the request asks for.
    pub tags: Tags<'a>,
    /// Whether the request wants its labels to choose, whatever the configuration says.
    pub filter_by_tags: bool,
    /// The client's `User-Agent`, for `tag_regex`.
    pub user_agent: Option<&'a str>,
    /// Where the request may be served; empty stands for anywhere.
    pub regions: &'a [&'a str],
    /// To whom the request belongs, for choices that stay with somebody.
    pub affinity: Affinity<'a>,
    /// Facts for rules: `key`, `user`, `team`, `request`, each a map.
    pub facts: Option<&'a Value>,
    /// What class of prompt this is, found by meaning or by complexity.
    pub class: Option<&'a str>,
    /// How good the answer is to be: the tier that the request names.
    pub quality: Option<&'a str>,
    /// What a rule leaves in question; see [`Entry::narrowed`](crate::Entry::narrowed).
    pub narrowed: Option<Narrowed<'a>>,
    /// Who goes first where requests wait: lower is sooner.
    pub priority: Option<u8>,
}

/// To whom a request belongs.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Affinity<'a> {
    /// The conversation.
    pub session: Option<&'a str>,
    /// The key, by an id that is no secret.
    pub key: Option<&'a str>,
    /// The end user.
    pub user: Option<&'a str>,
    /// Deployments that served the same before, the strongest bond first.
    pub pins: &'a [Pin<'a>],
}

/// A deployment that a request had better go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Pin<'a> {
    /// Which deployment.
    pub deployment: &'a str,
    /// Why.
    pub bond: Bond,
}

/// What binds a request to a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bond {
    /// It refers to what only that deployment has: an earlier answer, encrypted thinking. Nobody else can serve it.
    Reference,
    /// Its conversation is there.
    Session,
    /// Its key or user is there.
    Owner,
    /// The vendor's prompt cache there has its beginning.
    Prompt,
}
