//! From one group to the next.

use std::sync::Arc;

use llm_types::{ErrorKind, UnixMs};
use smallvec::SmallVec;

use super::{Event, Happening, Left, Session, Step};
use crate::settings::FallbackTarget;
use crate::{Attempt, Snapshot, Target};

/// The groups that are still ahead of a request.
#[derive(Debug, Clone, Default)]
pub(super) struct Onward {
    /// Lists, the innermost last, each with the place of what comes next in it.
    lists: SmallVec<[(Arc<[Target]>, usize); 1]>,
    /// Where the request began; `None` while it is there.
    origin: Option<Arc<str>>,
    /// Where the request has been since.
    visited: Vec<Target>,
    /// Groups of `visited` that could not be had, or of which nobody was asked.
    passed_over: u32,
    /// Whether a [`Step::Turn`] is out and the new group has not been seen.
    turning: bool,
    /// Whether the list of the group where the request stands is in `lists`.
    listed: bool,
}

impl Onward {
    pub(super) fn hops(&self) -> u32 {
        (self.visited.len() as u32).saturating_sub(self.passed_over)
    }

    /// Whether a new group has been reached.
    pub(super) fn arrive(&mut self) -> bool {
        let turned = std::mem::take(&mut self.turning);
        self.listed &= !turned;
        turned
    }

    /// The request leaves a group of which nobody was asked.
    fn leave_unasked(&mut self) {
        let has_turned = !self.visited.is_empty();
        self.passed_over += u32::from(has_turned);
    }

    /// The group that was to be next cannot be had; gives its name.
    pub(super) fn pass_over(&mut self) -> Option<Arc<str>> {
        std::mem::take(&mut self.turning).then_some(())?;
        self.passed_over += 1;
        self.visited.last().map(|target| target.group.clone())
    }

    /// The next target that has not had its turn.
    fn pop(&mut self, here: &str) -> Option<Target> {
        let origin = self.origin.clone();
        let origin = origin.as_deref().unwrap_or(here);
        while let Some((list, place)) = self.lists.last_mut() {
            let Some(target) = list.get(*place) else {
                self.lists.pop();
                continue;
            };
            *place += 1;
            let is_origin = target.changes.is_none() && *target.group == *origin;
            if !is_origin && !self.visited.contains(target) {
                return Some(target.clone());
            }
        }
        None
    }
}

impl Session {
    /// On to another group, if one is left for this sort of failure.
    pub(super) fn leave(&mut self, view: &Snapshot<'_>, left: Left, now: UnixMs) -> Step {
        let leaves_now = self.visit.left.replace(left).is_none();
        if leaves_now && !self.attempts[self.visit.since..].iter().any(Attempt::was_sent) {
            self.onward.leave_unasked();
        }
        if self.may_turn(view, left) {
            if !std::mem::replace(&mut self.onward.listed, true) {
                self.onward.lists.extend(self.list(view, left).map(|list| (list, 0)));
            }
            let from = self.group.clone().unwrap_or_default();
            if let Some(Target { group, changes }) = self.onward.pop(&from) {
                self.onward.origin.get_or_insert_with(|| from.clone());
                self.onward.visited.push(Target { group: group.clone(), changes: changes.clone() });
                self.onward.turning = true;
                let what = Happening::Turned { from, to: group.clone(), why: left.kind };
                self.events.push(Event { at: now, what });
                return Step::Turn { group, changes };
            }
        }
        self.give_up(left)
    }

    /// Whether [`leave`](Self::leave) would find another group.
    pub(super) fn has_onward(&self, view: &Snapshot<'_>, left: Left) -> bool {
        let mut onward = self.onward.clone();
        if !onward.listed {
            onward.lists.extend(self.list(view, left).map(|list| (list, 0)));
        }
        self.may_turn(view, left) && onward.pop(self.group.as_deref().unwrap_or_default()).is_some()
    }

    fn may_turn(&self, view: &Snapshot<'_>, left: Left) -> bool {
        let resilience = &view.policy.resilience;
        let refused_parameters = left.kind == Some(ErrorKind::Unsupported);
        !self.wishes.disable_fallbacks
            && self.onward.hops() < resilience.max_fallbacks
            && (!self.wishes.embedding || resilience.allow_embedding_fallbacks)
            && (!refused_parameters || resilience.fallback_on_unsupported_params)
    }

    /// Where this group's requests go on after such a failure: the request's own list first, then the
    /// deployment's, then the group's.
    fn list(&self, view: &Snapshot<'_>, left: Left) -> Option<Arc<[Target]>> {
        let lists = &view.policy.resilience.fallbacks;
        let (wished, own) = match left.kind {
            _ if left.late => (None, lists.latency.as_ref()),
            Some(ErrorKind::ContextWindow) => {
                (self.wishes.context_window_fallbacks.as_ref(), lists.context_window.as_ref())
            }
            Some(ErrorKind::ContentPolicy) => {
                (self.wishes.content_policy_fallbacks.as_ref(), lists.content_policy.as_ref())
            }
            _ => (None, None),
        };
        let wished = wished.or(self.wishes.fallbacks.as_ref());
        if let Some(wished) = wished {
            // What the request asks for holds for where it began; the rest follows from there.
            return (self.onward.visited.is_empty()).then(|| targets(wished));
        }
        if let Some(own) = own {
            return Some(own.clone());
        }
        let last = self.attempts[self.visit.since..].last();
        let of_deployment = last.and_then(|last| {
            let candidate = view.candidates.iter().find(|candidate| *candidate.id == last.deployment)?;
            (!candidate.settings.fallbacks.is_empty()).then(|| targets(&candidate.settings.fallbacks))
        });
        of_deployment.or_else(|| lists.general.clone())
    }
}

fn targets(list: &[FallbackTarget]) -> Arc<[Target]> {
    list.iter().map(Target::from).collect()
}
