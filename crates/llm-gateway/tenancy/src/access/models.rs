//! Which models a level allows.

use std::collections::BTreeSet;

use crate::{AccessGroup, Grants, Owner, Team, VirtualKey, glob};

/// What the gateway has under a model's name.
#[derive(Debug, Clone, Copy, Default)]
pub struct ModelView<'a> {
    /// Whose it is; everybody's if nobody's.
    pub owner: Option<&'a Owner>,
    /// The access groups that its deployments name: LiteLLM's `model_info.access_groups`.
    pub access_groups: &'a [String],
    /// The vendors of its deployments, each once. Empty where that is not known beforehand.
    pub vendors: &'a [&'a str],
}

/// Which models one level allows.
#[derive(Debug, Clone)]
pub(crate) enum ModelRules {
    /// All.
    All,
    /// Those of the list alone.
    Listed {
        /// Names of models and of access groups, sorted.
        names: Box<[Box<str>]>,
        /// Names with stars.
        patterns: Box<[Box<str>]>,
    },
}

const NONE: &str = "no-default-models";
const OF_TEAM: &str = "all-team-models";
const OF_PROXY: &str = "all-proxy-models";

impl ModelRules {
    fn new(entries: &BTreeSet<&str>) -> Self {
        if entries.iter().any(|entry| matches!(*entry, "*" | OF_PROXY)) {
            return Self::All;
        }
        let words = [NONE, OF_TEAM];
        let (patterns, names): (Vec<&str>, Vec<&str>) =
            entries.iter().filter(|entry| !words.contains(entry)).partition(|entry| entry.contains('*'));
        let boxed = |list: Vec<&str>| list.into_iter().map(Into::into).collect();
        Self::Listed { names: boxed(names), patterns: boxed(patterns) }
    }

    /// Whether a name is in the list: itself, by a pattern, by a pattern with the vendor that all of its deployments
    /// have, or by one of its access groups.
    pub(crate) fn allow(&self, name: &str, view: Option<&ModelView<'_>>) -> bool {
        let Self::Listed { names, patterns } = self else { return true };
        let is_named = |name: &str| names.binary_search_by(|it| (**it).cmp(name)).is_ok();
        if is_named(name) || patterns.iter().any(|pattern| glob::matches(pattern, name)) {
            return true;
        }
        let Some(view) = view else { return false };
        if view.access_groups.iter().any(|group| is_named(group)) {
            return true;
        }
        let [vendor] = view.vendors else { return false };
        patterns.iter().any(|pattern| {
            let of_vendor = pattern.strip_prefix(vendor).and_then(|rest| rest.strip_prefix('/'));
            of_vendor.is_some_and(|rest| glob::matches(rest, name))
        })
    }
}

/// Makes lists of models from records, access groups put in.
pub(crate) struct ModelList<'a> {
    groups: &'a [AccessGroup],
}

impl<'a> ModelList<'a> {
    pub(crate) const fn new(groups: &'a [AccessGroup]) -> Self {
        Self { groups }
    }

    /// The list of a project, user or organisation.
    pub(crate) fn of(&mut self, grants: &Grants) -> ModelRules {
        self.rules(grants, |_| false)
    }

    /// The list of a member.
    pub(crate) fn of_names(&mut self, names: &[String]) -> ModelRules {
        self.rules(&Grants { models: names.to_vec(), ..Grants::default() }, |_| false)
    }

    /// The list of a team, with the groups that are assigned to it.
    pub(crate) fn of_team(&mut self, team: &Team) -> ModelRules {
        self.rules(&team.grants, |group| group.assigned_team_ids.contains(&team.team_id))
    }

    /// The list of a key, with the groups that are assigned to it. `all-team-models` leaves it to the team, whose list
    /// counts anyway; where there is no team, there are none of its models.
    pub(crate) fn of_key(&mut self, key: &VirtualKey) -> ModelRules {
        if key.team_id.is_some() && key.grants.models.iter().any(|entry| entry == OF_TEAM) {
            return ModelRules::All;
        }
        self.rules(&key.grants, |group| group.assigned_keys.contains(&key.hash))
    }

    fn rules(&mut self, grants: &Grants, is_assigned: impl Fn(&AccessGroup) -> bool) -> ModelRules {
        let of_objects = grants.object_permission.models.as_deref().unwrap_or_default();
        let is_bounded = !grants.models.is_empty()
            || !grants.access_group_ids.is_empty()
            || grants.object_permission.models.is_some();
        if !is_bounded {
            return ModelRules::All;
        }
        let mut entries: BTreeSet<&str> =
            grants.models.iter().chain(of_objects).map(String::as_str).collect();
        for group in self.groups {
            let is_named = grants.access_group_ids.contains(&group.access_group_id)
                || entries.contains(group.access_group_name.as_str());
            if is_named || is_assigned(group) {
                // What a group holds are models: none of the words for all of them, and no groups again.
                let holds = group.models.iter().map(String::as_str);
                entries.extend(holds.filter(|model| ![OF_PROXY, OF_TEAM, NONE].contains(model)));
            }
        }
        ModelRules::new(&entries)
    }
}
