//! Nobody grants what he does not have.

use super::references::refers;
use super::{Manager, Place, Rank};
use crate::{Document, Grants, Limits, Organization, Project, Role, Stamp, Team, User, VirtualKey, glob};

/// Why something may not be granted. Told to whoever tries, who knows all that it names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Forbidden {
    /// A member may not be set, or not so.
    #[error("{field}: {why}")]
    Field {
        /// LiteLLM's name of the member.
        field: String,
        /// What is the matter.
        why: &'static str,
    },
    /// A model is beyond what the owner has.
    #[error("models: {model:?} is beyond what {whose} may call")]
    Model {
        /// The entry.
        model: String,
        /// Whose list it is not in.
        whose: &'static str,
    },
    /// A role that is not one's to give.
    #[error("user_role: {} is not yours to give", role.litellm())]
    Role {
        /// The role.
        role: Role,
    },
}

const REFERS: &str = "must not refer to the gateway's environment or files";

fn field(field: &str, why: &'static str) -> Forbidden {
    Forbidden::Field { field: field.to_owned(), why }
}

/// The records that bound a key: what its owner has to give.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ceiling<'a> {
    /// The team of the key.
    pub team: Option<&'a Team>,
    /// The user of the key.
    pub user: Option<&'a User>,
    /// The organisation of the key.
    pub organization: Option<&'a Organization>,
}

impl Manager {
    /// Whether a key may be made, or changed from what it was `before`, as it is in `key`.
    ///
    /// Its place must be within [`Manager::scope`] already, both before and after, and what was set within
    /// [`Manager::may_set`].
    ///
    /// # Errors
    /// [`Forbidden`]: a model beyond what team, user or organisation have; more than before for whoever may only narrow.
    pub fn check_key(
        &self,
        key: &VirtualKey,
        before: Option<&VirtualKey>,
        ceiling: &Ceiling<'_>,
    ) -> Result<(), Forbidden> {
        let place = Place::of_key(key, ceiling.team);
        let rank = self.rank(&place);
        if rank == Rank::ProxyAdmin {
            return Ok(());
        }
        // Those that were there before a proxy admin has put there.
        let comes_to_refer = |document: fn(&VirtualKey) -> &Document| {
            refers(document(key)) && before.is_none_or(|before| document(before) != document(key))
        };
        if comes_to_refer(|key| &key.metadata)
            || comes_to_refer(|key| &key.conduct.router_settings)
            || comes_to_refer(|key| &key.conduct.config)
        {
            return Err(field("metadata", REFERS));
        }
        if key.team_id.as_ref() != ceiling.team.map(|team| &team.team_id) {
            return Err(field("team_id", "is no team that is known"));
        }
        if let (Some(of_key), Some(of_team)) =
            (&key.organization_id, ceiling.team.map(|team| &team.organization_id))
            && of_team.as_ref() != Some(of_key)
        {
            return Err(field("organization_id", "is not the organization of the team"));
        }
        // A user's models bound the user's own keys, a team's the team's.
        let user = ceiling.user.filter(|_| key.team_id.is_none());
        let lists = [
            (ceiling.team.map(|team| &team.grants), "the team"),
            (user.map(|user| &user.grants), "the user"),
            (ceiling.organization.map(|organization| &organization.grants), "the organization"),
        ];
        // What was given before those above were bounded more does not keep the rest from being changed.
        let is_as_before = before.is_some_and(|before| {
            before.grants.models == key.grants.models
                && before.team_id == key.team_id
                && before.user_id == key.user_id
                && before.organization_id == key.organization_id
        });
        for (grants, whose) in lists {
            let Some(grants) = grants.filter(|_| !is_as_before) else { continue };
            models_within(&key.grants, grants, whose)?;
        }
        if rank > Rank::Own {
            return Ok(());
        }
        match before {
            // What was once given may only become less.
            Some(before) => {
                grants_within(&key.grants, &before.grants)?;
                if before.expires_at.is_some_and(|end| key.expires_at.is_none_or(|new| new > end)) {
                    return Err(field("duration", "may only become shorter"));
                }
                if before.blocked && !key.blocked {
                    return Err(field("blocked", "an admin must let the key in again"));
                }
                limits_within(&key.limits, &before.limits)?;
                left_alone(key, before)
            }
            // What is above bounds a new key without its help.
            None => left_alone(key, &VirtualKey::new(key.hash, String::new(), Stamp::default())),
        }
    }

    /// Whether a user may be made, or changed from what the user was `before`.
    ///
    /// # Errors
    /// [`Forbidden`]: a role that is not one's to give; anything but a name for whoever changes himself.
    pub fn check_user(&self, user: &User, before: Option<&User>) -> Result<(), Forbidden> {
        if self.role == Some(Role::ProxyAdmin) {
            return if self.may_give_role(user.user_role) {
                Ok(())
            } else {
                Err(Forbidden::Role { role: user.user_role })
            };
        }
        match before {
            None if self.may_give_role(user.user_role) => Ok(()),
            None => Err(Forbidden::Role { role: user.user_role }),
            Some(before) if before.user_role != user.user_role => {
                Err(Forbidden::Role { role: user.user_role })
            }
            Some(before) => {
                let renamed =
                    User { user_alias: user.user_alias.clone(), stamp: user.stamp.clone(), ..before.clone() };
                if *user == renamed { Ok(()) } else { Err(field("user", "only the name is yours to change")) }
            }
        }
    }

    /// Whether a team may be made, or changed from what it was `before`: an admin of the team changes none of what bounds
    /// it, an admin of its organisation gives no more than the organisation has.
    ///
    /// # Errors
    /// [`Forbidden`]
    pub fn check_team(
        &self,
        team: &Team,
        before: Option<&Team>,
        organization: Option<&Organization>,
    ) -> Result<(), Forbidden> {
        let place = Place::of_team(before.unwrap_or(team));
        let rank = self.rank(&place);
        if rank < Rank::ProxyAdmin && (refers(&team.metadata) || refers(&team.conduct.router_settings)) {
            return Err(field("metadata", REFERS));
        }
        match (rank, before) {
            (Rank::ProxyAdmin, _) => Ok(()),
            (Rank::OrgAdmin, _) => {
                let is_there_too = team
                    .organization_id
                    .as_ref()
                    .is_some_and(|id| self.admin_organizations().any(|it| it == id));
                if !is_there_too {
                    return Err(field("organization_id", "is not an organization of yours"));
                }
                organization.map_or(Ok(()), |it| models_within(&team.grants, &it.grants, "the organization"))
            }
            (Rank::TeamAdmin, Some(before)) => {
                let is_bound_as_before = team.grants
                    == Grants { aliases: team.grants.aliases.clone(), ..before.grants.clone() }
                    && team.limits
                        == Limits { soft_budget: team.limits.soft_budget, ..before.limits.clone() }
                    && team.spending == before.spending
                    && team.blocked == before.blocked
                    && team.budget_id == before.budget_id
                    && team.organization_id == before.organization_id;
                if is_bound_as_before {
                    Ok(())
                } else {
                    Err(field("team", "what bounds the team is not yours to change"))
                }
            }
            _ => Err(field("team", "is not yours to make or change")),
        }
    }

    /// Whether a project of a team's may be made or changed: it gives no more models than the team has.
    ///
    /// # Errors
    /// [`Forbidden`]
    pub fn check_project(&self, project: &Project, team: &Team) -> Result<(), Forbidden> {
        match self.rank(&Place::of_team(team)) {
            Rank::ProxyAdmin => Ok(()),
            Rank::OrgAdmin | Rank::TeamAdmin if refers(&project.metadata) => Err(field("metadata", REFERS)),
            Rank::OrgAdmin | Rank::TeamAdmin => models_within(&project.grants, &team.grants, "the team"),
            Rank::Own | Rank::Stranger => Err(field("team_id", "is not a team of yours to manage")),
        }
    }

    /// Whether an organisation may be changed: its admins make the gateway read nothing of its own.
    ///
    /// # Errors
    /// [`Forbidden`]
    pub fn check_organization(&self, organization: &Organization) -> Result<(), Forbidden> {
        let place = Place { organization: Some(&organization.organization_id), ..Place::default() };
        if self.rank(&place) < Rank::ProxyAdmin && refers(&organization.metadata) {
            return Err(field("metadata", REFERS));
        }
        Ok(())
    }
}

/// Whether a list of models is within another.
fn models_within(inner: &Grants, outer: &Grants, whose: &'static str) -> Result<(), Forbidden> {
    if outer.models.is_empty()
        || outer.models.iter().any(|it| matches!(it.as_str(), "*" | "all-proxy-models"))
    {
        return Ok(());
    }
    // Words that leave the choice to those above add nothing to it. Groups are found by name, and are asked for by name.
    let leaves = |entry: &str| matches!(entry, "all-team-models" | "no-default-models");
    let is_covered = |entry: &str| outer.models.iter().any(|pattern| glob::covers(pattern, entry));
    match inner.models.iter().find(|entry| !leaves(entry) && !is_covered(entry)) {
        Some(model) => Err(Forbidden::Model { model: model.clone(), whose }),
        None => Ok(()),
    }
}

/// Whether what may be called has only become less.
fn grants_within(inner: &Grants, outer: &Grants) -> Result<(), Forbidden> {
    /// An empty list bounds nothing.
    fn is_less<T>(inner: &[T], outer: &[T], covers: impl Fn(&T, &T) -> bool) -> bool {
        let is_covered = |entry: &T| outer.iter().any(|it| covers(it, entry));
        outer.is_empty() || !inner.is_empty() && inner.iter().all(is_covered)
    }
    let is_same = |outer: &String, inner: &String| outer == inner;
    let route = |outer: &String, inner: &String| {
        outer == inner
            || outer
                .strip_suffix('*')
                .is_some_and(|folder| folder.ends_with('/') && inner.starts_with(folder))
    };
    if !is_less(&inner.models, &outer.models, |outer, inner| {
        glob::covers(outer, inner) || inner == "no-default-models"
    }) {
        return Err(field("models", "may only become fewer"));
    }
    for (name, is_within) in [
        (
            "access_group_ids",
            inner.access_group_ids.iter().all(|id| outer.access_group_ids.contains(id))
                || outer.models.is_empty() && outer.access_group_ids.is_empty(),
        ),
        ("allowed_routes", is_less(&inner.allowed_routes, &outer.allowed_routes, route)),
        (
            "allowed_passthrough_routes",
            inner.allowed_passthrough_routes.iter().all(|it| outer.allowed_passthrough_routes.contains(it)),
        ),
        (
            "denied_passthrough_routes",
            outer.denied_passthrough_routes.iter().all(|it| inner.denied_passthrough_routes.contains(it)),
        ),
        ("allowed_ips", is_less(&inner.allowed_ips, &outer.allowed_ips, crate::Network::holds)),
        ("allowed_vendors", is_less(&inner.allowed_vendors, &outer.allowed_vendors, is_same)),
        (
            "allowed_vector_store_indexes",
            is_less(&inner.allowed_vector_store_indexes, &outer.allowed_vector_store_indexes, |a, b| a == b),
        ),
    ] {
        if !is_within {
            return Err(field(name, "may only become less"));
        }
    }
    // Tools have too many kinds of lists to compare: they change only by an admin's hand.
    if inner.object_permission == outer.object_permission
        || outer.object_permission == crate::ObjectPermission::default()
    {
        Ok(())
    } else {
        Err(field("object_permission", "is for an admin to change"))
    }
}

/// Whether everything is as it was that owners of keys do not set.
fn left_alone(key: &VirtualKey, before: &VirtualKey) -> Result<(), Forbidden> {
    let ((limits, old_limits), (conduct, old_conduct)) =
        ((&key.limits, &before.limits), (&key.conduct, &before.conduct));
    for (name, is_same) in [
        ("budget_id", key.budget_id == before.budget_id),
        ("end_user_budget_id", key.end_user_budget_id == before.end_user_budget_id),
        // When a budget begins anew follows from its period.
        (
            "spend",
            key.spending.spend == before.spending.spend
                && key.spending.model_spend == before.spending.model_spend,
        ),
        (
            "temp_budget_increase",
            limits.temp_budget.is_none() || limits.temp_budget == old_limits.temp_budget,
        ),
        (
            "throttle_on_budget_exceeded",
            limits.throttle_on_budget_exceeded == old_limits.throttle_on_budget_exceeded,
        ),
        ("budget_fallbacks", limits.budget_fallbacks == old_limits.budget_fallbacks),
        (
            "default_estimated_output_tokens",
            limits.default_estimated_output_tokens == old_limits.default_estimated_output_tokens
                && limits.default_estimated_output_tokens_per_model
                    == old_limits.default_estimated_output_tokens_per_model,
        ),
        (
            "disable_global_guardrails",
            conduct.disable_global_guardrails == old_conduct.disable_global_guardrails,
        ),
        ("guardrails", old_conduct.guardrails.iter().all(|it| conduct.guardrails.contains(it))),
        (
            "enforced_params",
            old_conduct.enforced_params.iter().all(|it| conduct.enforced_params.contains(it)),
        ),
        ("permissions", conduct.permissions == old_conduct.permissions),
        ("router_settings", conduct.router_settings == old_conduct.router_settings),
        ("config", conduct.config == old_conduct.config),
    ] {
        if !is_same {
            return Err(field(name, "is for an admin to set"));
        }
    }
    Ok(())
}

/// Whether no bound is higher than another's. What bounds nothing is the highest.
fn limits_within(inner: &Limits, outer: &Limits) -> Result<(), Forbidden> {
    fn is_less<T: PartialOrd + Copy>(inner: Option<T>, outer: Option<T>) -> bool {
        outer.is_none_or(|outer| inner.is_some_and(|inner| inner <= outer))
    }
    type Map = std::collections::BTreeMap<String, u64>;
    let maps = |inner: &Map, outer: &Map| {
        outer.iter().all(|(name, bound)| inner.get(name).is_some_and(|it| it <= bound))
    };
    let window = outer.max_budget.is_none() || inner.budget_duration == outer.budget_duration;
    let windows = outer.budget_limits.iter().all(|bound| {
        let as_low = |it: &crate::BudgetWindow| {
            it.budget_duration == bound.budget_duration && it.max_budget <= bound.max_budget
        };
        inner.budget_limits.iter().any(as_low)
    });
    let rates = outer.rate_limits.iter().all(|bound| {
        let as_low = |it: &crate::RateWindow| {
            it.window == bound.window
                && is_less(it.requests, bound.requests)
                && is_less(it.tokens, bound.tokens)
        };
        inner.rate_limits.iter().any(as_low)
    });
    let models = outer.model_max_budget.iter().all(|(name, bound)| {
        inner.model_max_budget.get(name).is_some_and(|it| {
            is_less(it.budget_limit, bound.budget_limit)
                && (bound.budget_limit.is_none() || it.time_period == bound.time_period)
                && is_less(it.tpm_limit, bound.tpm_limit)
                && is_less(it.rpm_limit, bound.rpm_limit)
        })
    });
    for (name, is_within) in [
        ("max_budget", is_less(inner.max_budget, outer.max_budget)),
        ("budget_duration", window),
        ("budget_limits", windows),
        ("model_max_budget", models),
        ("tpm_limit", is_less(inner.tpm_limit, outer.tpm_limit)),
        ("rpm_limit", is_less(inner.rpm_limit, outer.rpm_limit)),
        ("tpd_limit", is_less(inner.tpd_limit, outer.tpd_limit)),
        ("rate_limits", rates),
        ("max_parallel_requests", is_less(inner.max_parallel_requests, outer.max_parallel_requests)),
        ("model_tpm_limit", maps(&inner.model_tpm_limit, &outer.model_tpm_limit)),
        ("model_rpm_limit", maps(&inner.model_rpm_limit, &outer.model_rpm_limit)),
        ("mcp_rpm_limit", maps(&inner.mcp_rpm_limit, &outer.mcp_rpm_limit)),
        ("tag_rpm_limit", maps(&inner.tag_rpm_limit, &outer.tag_rpm_limit)),
    ] {
        if !is_within {
            return Err(field(name, "may only become less"));
        }
    }
    Ok(())
}
