//! What keeps a request with the deployment that served something before it: an earlier answer, its conversation, its
//! owner, a prompt that the vendor has in its cache.

use std::sync::Arc;

use llm_provider_core::{Dialect, Peek};
use llm_router::affinity::{owner_hash, prompt_prefixes};
use llm_router::{Bond, Bonds, DeploymentId, Needs, Pin};
use llm_types::{ApiError, UnixMs};
use serde::Deserialize;
use serde_json::value::RawValue;
use smallvec::SmallVec;

use super::{Known, Request};
use crate::prepare::States;
use crate::serving::Group;

/// Milliseconds for which an answer can be referred to.
///
/// Source: OpenAI API docs, "Conversation state": answers are kept for 30 days; read 2026-11.
const ANSWER_MS: u64 = 30 * 86_400_000;

/// Milliseconds for which a vendor's cache keeps a prompt that nobody uses.
///
/// Source: Anthropic API docs, "Prompt caching", and OpenAI API docs, "Prompt caching": five minutes, or somewhat more;
/// read 2026-11.
const PROMPT_MS: u64 = 300_000;

/// What binds one request.
#[derive(Debug, Clone)]
pub(crate) struct Ties {
    states: Arc<States>,
    bonds: Bonds,
    /// By what it can be found again, the strongest bond first.
    keys: SmallVec<[(Bond, u64); 2]>,
    /// Where that was served before.
    found: SmallVec<[(Bond, DeploymentId); 1]>,
    /// Whether the answer can be referred to.
    has_name: bool,
}

impl Ties {
    /// What binds a request to deployments of the group.
    ///
    /// # Errors
    /// A member of a wrong type.
    pub(crate) fn find(
        states: &Arc<States>,
        group: &Group,
        request: &Request<'_>,
        known: &Known<'_>,
        now: UnixMs,
    ) -> Result<Self, ApiError> {
        let bonds = *group.policy.selection.bonds();
        let peek = &request.peek;
        let has_name = request.ask.dialect == Dialect::OpenAiResponses;
        let mut ties =
            Self { states: states.clone(), bonds, keys: SmallVec::new(), found: SmallVec::new(), has_name };
        // Where there is one deployment, nothing is to be found out.
        if group.deployments.len() < 2 {
            return Ok(ties);
        }
        if has_name {
            if let Some(earlier) = peek.text("previous_response_id")? {
                ties.look_up(group, Bond::Reference, answer_key(&earlier), None, now);
            }
            if bonds.thinking
                && let Some(key) = thinking_key(&group.name, peek)
            {
                ties.keys.push((Bond::Reference, key));
                ties.look_up(group, Bond::Reference, key, None, now);
            }
        }
        let stays = Some(now.plus(bonds.ttl_ms));
        let whose = known.key().unwrap_or_default();
        if let Some(session) = known.session().filter(|_| bonds.sessions) {
            let key = owner_hash(&["session", &group.name, whose, session]);
            ties.keys.push((Bond::Session, key));
            ties.look_up(group, Bond::Session, key, stays, now);
        }
        if bonds.owners {
            let key = owner_hash(&["owner", &group.name, whose, known.user().unwrap_or_default()]);
            ties.keys.push((Bond::Owner, key));
            ties.look_up(group, Bond::Owner, key, stays, now);
        }
        if group.policy.selection.needs().contains(Needs::PROMPT) {
            let prefixes = prompt_prefixes(&group.name, &segments(peek));
            ties.keys.extend(prefixes.iter().map(|prefix| (Bond::Prompt, *prefix)));
            for prefix in prefixes {
                if ties.look_up(group, Bond::Prompt, prefix, None, now) {
                    break;
                }
            }
        }
        Ok(ties)
    }

    /// Whether somebody of the group is remembered.
    fn look_up(&mut self, group: &Group, bond: Bond, key: u64, stays: Option<UnixMs>, now: UnixMs) -> bool {
        let found = self.states.pins.get(key, stays, now);
        let found = found.filter(|id| group.deployments.iter().any(|own| own.id == *id));
        let any = found.is_some();
        self.found.extend(found.map(|id| (bond, id)));
        any
    }

    /// Where the request had better go.
    pub(crate) fn pins(&self) -> SmallVec<[Pin<'_>; 1]> {
        self.found.iter().map(|(bond, id)| Pin { deployment: id.as_str(), bond: *bond }).collect()
    }

    /// A deployment of the group has begun to answer: the next ones go there too.
    pub(crate) fn served_by(&self, deployment: &DeploymentId, now: UnixMs) {
        for (bond, key) in &self.keys {
            let ms = match bond {
                Bond::Session | Bond::Owner => {
                    let kept = self.found.iter().any(|(found, _)| found == bond);
                    if kept && !(self.bonds.repin && *bond == Bond::Session) {
                        continue;
                    }
                    self.bonds.ttl_ms
                }
                Bond::Reference => ANSWER_MS,
                Bond::Prompt => PROMPT_MS,
            };
            self.states.pins.put(*key, deployment.clone(), now.plus(ms));
        }
    }

    /// The answer is whole: what refers to it goes where it was made.
    pub(crate) fn answered(&self, name: Option<&str>, deployment: &DeploymentId, now: UnixMs) {
        if let Some(name) = name.filter(|_| self.has_name) {
            self.states.pins.put(answer_key(name), deployment.clone(), now.plus(ANSWER_MS));
        }
    }
}

fn answer_key(name: &str) -> u64 {
    owner_hash(&["answer", name])
}

/// An item of the Responses API's input, as far as it is looked at.
#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow, default)]
    role: Option<&'a str>,
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
    #[serde(borrow, default)]
    encrypted_content: Option<&'a RawValue>,
}

/// A name for what a conversation began with, before any of its thinking: it stays the same when the conversation goes
/// on and brings the thinking back.
fn thinking_key(group: &str, peek: &Peek<'_>) -> Option<u64> {
    let input = peek.raw("input")?;
    let mut parts = vec!["thinking", group];
    if input.starts_with('"') {
        parts.extend(["user", input]);
        return Some(owner_hash(&parts));
    }
    let items: Vec<&RawValue> = serde_json::from_str(input).ok()?;
    for raw in items {
        match serde_json::from_str::<Item<'_>>(raw.get()) {
            Ok(item) if item.encrypted_content.is_some_and(|content| content.get() != "null") => break,
            Ok(Item { role: Some(role), content: Some(content), .. }) => parts.extend([role, content.get()]),
            _ => parts.push(raw.get()),
        }
    }
    Some(owner_hash(&parts))
}

/// What stays as it is when a conversation goes on, in the order in which caches see it.
fn segments<'a>(peek: &Peek<'a>) -> Vec<&'a str> {
    let whole = ["tools", "system", "systemInstruction", "instructions"];
    let mut segments: Vec<&str> = whole.iter().filter_map(|name| peek.raw(name)).collect();
    let listed = ["messages", "input", "contents"].iter().find_map(|name| peek.raw(name));
    match listed.map(|raw| (raw, serde_json::from_str::<Vec<&RawValue>>(raw))) {
        Some((_, Ok(messages))) => segments.extend(messages.into_iter().map(RawValue::get)),
        Some((raw, Err(_))) => segments.push(raw),
        None => {}
    }
    segments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(body: &str) -> Option<u64> {
        thinking_key("g", &Peek::new(body.as_bytes()).unwrap())
    }

    #[test]
    fn a_conversation_is_known_by_what_came_before_its_thinking() {
        let first = key(r#"{"input":"What is a monad?"}"#);
        let spelled = key(r#"{"input":[{"role":"user","content":"What is a monad?"}]}"#);
        let next = key(r#"{"input":[{"type":"message","role":"user","content":"What is a monad?"},
            {"type":"reasoning","id":"rs_1","encrypted_content":"gAAA"},
            {"type":"message","role":"assistant","content":"A monoid."},{"role":"user","content":"Simply?"}]}"#);
        assert!(first.is_some());
        assert_eq!((first, first), (spelled, next));
        assert_ne!(first, key(r#"{"input":"What is a monoid?"}"#));
        assert_eq!(key("{}"), None);
        let unencrypted =
            r#"{"input":[{"role":"user","content":"a"},{"type":"reasoning","encrypted_content":null}]}"#;
        assert_ne!(key(unencrypted), key(r#"{"input":"a"}"#), "plain thinking is part of what came before");
    }

    #[test]
    fn segments_are_those_of_every_dialect() {
        let of = |body: &'static str| segments(&Peek::new(body.as_bytes()).unwrap());
        assert_eq!(
            of(r#"{"messages":[{"a":1},{"b":2}],"tools":[{}],"system":"s"}"#),
            [r#"[{}]"#, r#""s""#, r#"{"a":1}"#, r#"{"b":2}"#]
        );
        assert_eq!(of(r#"{"instructions":"i","input":"text"}"#), [r#""i""#, r#""text""#]);
        assert_eq!(of(r#"{"contents":[{"parts":[]}]}"#), [r#"{"parts":[]}"#]);
    }
}
