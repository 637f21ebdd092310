//! What keeps a request with the deployment that served something before it: its conversation, its owner, a prompt that
//! the vendor has in its cache.

use llm_types::UnixMs;
use smallvec::SmallVec;

use super::group::Group;
use crate::affinity::{owner_hash, prompt_prefixes};
use crate::{Affinity, Bond, Bonds, DeploymentId, Pin, Pins};

/// Conversations, owners and beginnings of prompts that are remembered.
pub(super) const REMEMBERED: usize = 100_000;

/// Milliseconds for which a vendor's cache keeps a prompt that nobody uses.
///
/// Source: Anthropic API docs, "Prompt caching", and OpenAI API docs, "Prompt caching": five minutes, or somewhat more;
/// read 2026-11.
const PROMPT_MS: u64 = 300_000;

/// What binds one request.
pub(super) struct Ties<'a> {
    pins: &'a Pins,
    bonds: Bonds,
    /// By what it can be found again, the strongest bond first.
    keys: SmallVec<[(Bond, u64); 2]>,
    /// Where that was served before.
    found: SmallVec<[(Bond, DeploymentId); 1]>,
}

impl<'a> Ties<'a> {
    /// What binds a request to deployments of the group. `segments` are its parts in the order in which caches see them.
    pub(super) fn find(
        pins: &'a Pins,
        group: &Group,
        whose: &Affinity<'_>,
        segments: impl FnOnce() -> Vec<String>,
        now: UnixMs,
    ) -> Self {
        let bonds = *group.policy.selection.bonds();
        let mut ties = Self { pins, bonds, keys: SmallVec::new(), found: SmallVec::new() };
        // Where there is one deployment, nothing is to be found out.
        if group.deployments.len() < 2 {
            return ties;
        }
        let stays = Some(now.plus(bonds.ttl_ms));
        let key = whose.key.unwrap_or_default();
        if let Some(session) = whose.session.filter(|_| bonds.sessions) {
            let name = owner_hash(&["session", &group.name, key, session]);
            ties.keys.push((Bond::Session, name));
            ties.look_up(group, Bond::Session, name, stays, now);
        }
        if bonds.owners && (whose.key.is_some() || whose.user.is_some()) {
            let name = owner_hash(&["owner", &group.name, key, whose.user.unwrap_or_default()]);
            ties.keys.push((Bond::Owner, name));
            ties.look_up(group, Bond::Owner, name, stays, now);
        }
        if bonds.prompts {
            let segments = segments();
            let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
            let prefixes = prompt_prefixes(&group.name, &segments);
            ties.keys.extend(prefixes.iter().map(|prefix| (Bond::Prompt, *prefix)));
            // The longest beginning that somebody has.
            let _found =
                prefixes.into_iter().find(|prefix| ties.look_up(group, Bond::Prompt, *prefix, None, now));
        }
        ties
    }

    /// Whether somebody of the group is remembered.
    fn look_up(&mut self, group: &Group, bond: Bond, key: u64, stays: Option<UnixMs>, now: UnixMs) -> bool {
        let found = self.pins.get(key, stays, now);
        let found = found.filter(|id| group.deployments.iter().any(|own| own.id == *id));
        let any = found.is_some();
        self.found.extend(found.map(|id| (bond, id)));
        any
    }

    /// Where the request had better go.
    pub(super) fn pins(&self) -> SmallVec<[Pin<'_>; 1]> {
        self.found.iter().map(|(bond, id)| Pin { deployment: id.as_str(), bond: *bond }).collect()
    }

    /// A deployment has begun to answer: the next ones go there too.
    pub(super) fn served_by(&self, deployment: &DeploymentId, now: UnixMs) {
        for (bond, key) in &self.keys {
            let kept = self.found.iter().any(|(found, _)| found == bond);
            let ms = match bond {
                Bond::Prompt => PROMPT_MS,
                Bond::Session if kept && !self.bonds.repin => continue,
                Bond::Owner if kept => continue,
                _ => self.bonds.ttl_ms,
            };
            self.pins.put(*key, deployment.clone(), now.plus(ms));
        }
    }
}
