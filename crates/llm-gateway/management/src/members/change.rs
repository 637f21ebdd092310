//! What members of teams may spend, and how it changes.

use std::collections::BTreeMap;

use axum::Json;
use llm_pricing::Usd;
use llm_tenancy::management::Place;
use llm_tenancy::{
    Document, Kind, Limits, ModelBudget, Period, Role, Team, TeamId, TeamMember, TeamRole, TemporaryBudget,
    UserId,
};
use llm_types::{ParseError, UnixMs};
use serde_json::{Value, json};

use super::{MOST, named, nobody};
use crate::bounds;
use crate::desk::Desk;
use crate::fault::Fault;
use crate::parts::Parts;
use crate::people::{self, Named};
use crate::said::Said;
use crate::teams::membership;
use crate::wire::{Wire, wrong};

/// What a request says of a member's bounds. What it does not say stays; `null` takes away.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Patch {
    role: Option<TeamRole>,
    max_budget: Option<Option<Usd>>,
    budget_duration: Option<Option<Period>>,
    tpm_limit: Option<Option<u64>>,
    rpm_limit: Option<Option<u64>>,
    models: Option<Vec<String>>,
    model_max_budget: Option<BTreeMap<String, ModelBudget>>,
    temp_budget: Option<Option<TemporaryBudget>>,
}

impl Patch {
    /// Takes it out of a document.
    ///
    /// # Errors
    /// The member that makes no sense.
    pub(super) fn take(document: &mut Document) -> Result<Self, ParseError> {
        fn taken<T: Wire>(document: &mut Document, name: &str) -> Result<Option<T>, ParseError> {
            let value = document.shift_remove(name);
            value.map(|value| T::read(value).map_err(|error| error.at(name))).transpose()
        }
        let increase: Option<Option<Usd>> = taken(document, "temp_budget_increase")?;
        let expiry: Option<Option<UnixMs>> = taken(document, "temp_budget_expiry")?;
        let temp_budget = match (increase, expiry) {
            (None, None) => None,
            (Some(Some(increase)), Some(Some(expires_at))) => {
                Some(Some(TemporaryBudget { increase, expires_at }))
            }
            (Some(None) | None, Some(None) | None) => Some(None),
            _ => {
                let error = wrong("temp_budget_increase and temp_budget_expiry go together");
                return Err(error.at("temp_budget_increase"));
            }
        };
        if temp_budget.flatten().is_some_and(|more| more.increase < Usd::ZERO) {
            return Err(wrong("must not be less than nothing").at("temp_budget_increase"));
        }
        Ok(Self {
            role: taken(document, "role")?,
            max_budget: taken(document, "max_budget_in_team")?,
            budget_duration: taken(document, "budget_duration")?,
            tpm_limit: taken(document, "tpm_limit")?,
            rpm_limit: taken(document, "rpm_limit")?,
            models: taken(document, "allowed_models")?,
            model_max_budget: taken(document, "model_max_budget")?,
            temp_budget,
        })
    }

    /// Changes a member of a team. Who has had no bounds of his own so far begins with those that the team has for its
    /// members, and who comes to them again has none.
    ///
    /// # Errors
    /// 400 for bounds that make no sense.
    pub(super) fn apply(&self, desk: &Desk, team: &Team, member: &mut TeamMember) -> Result<(), Fault> {
        let before = member.limits_in(team).clone();
        let mut limits = before.clone();
        let set = |place: &mut Option<u64>, said: Option<Option<u64>>| *place = said.unwrap_or(*place);
        set(&mut limits.tpm_limit, self.tpm_limit);
        set(&mut limits.rpm_limit, self.rpm_limit);
        limits.max_budget = self.max_budget.unwrap_or(limits.max_budget);
        limits.budget_duration = self.budget_duration.unwrap_or(limits.budget_duration);
        limits.temp_budget = self.temp_budget.unwrap_or(limits.temp_budget);
        if let Some(budgets) = &self.model_max_budget {
            limits.model_max_budget.clone_from(budgets);
        }
        if limits.max_budget.is_some_and(|budget| budget < Usd::ZERO) {
            return Err(Fault::invalid(
                "max_budget_in_team",
                "max_budget_in_team must not be less than nothing",
            ));
        }
        let at = member.spending.budget_reset_at;
        member.spending.budget_reset_at = bounds::reset_at(&limits, Some(&before), at, desk);
        member.limits = if limits == team.member_defaults.limits { Limits::default() } else { limits };
        member.role = self.role.unwrap_or(member.role);
        if let Some(models) = &self.models {
            member.models.clone_from(models);
        }
        Ok(())
    }
}

/// The team and the member that a request names, both within the caller's reach.
async fn find(desk: &Desk, team: &TeamId, name: &Named) -> Result<(Team, UserId), Fault> {
    let team = desk.store.get::<Team>(team, &desk.scope).await?.value;
    let id = people::ids(desk, std::slice::from_ref(name)).await?.into_iter().next().flatten();
    Ok((team, id.ok_or_else(nobody)?))
}

pub(super) async fn update(desk: Desk, mut said: Said) -> Result<Json<Value>, Fault> {
    let id: TeamId = said.need("team_id")?;
    let name = named(&mut said)?;
    let (team, user) = find(&desk, &id, &name).await?;
    desk.check_members(Kind::TeamMember, &said.members, &Place::of_team(&team))?;
    let patch = Patch::take(&mut said.members)?;
    said.end();
    let key = (id, user);
    let change = |member: &mut TeamMember| patch.apply(&desk, &team, member);
    let changed = desk.store.change(&key, &desk.scope, &desk.by, change).await?.value;
    let limits = changed.limits_in(&team);
    let emails = people::emails(&desk, [&changed.user_id]).await?;
    Ok(Json(json!({
        "team_id": changed.team_id,
        "user_id": changed.user_id,
        "user_email": emails.get(&changed.user_id),
        "role": changed.role.litellm(),
        "max_budget_in_team": limits.max_budget.show(),
        "budget_duration": limits.budget_duration.show(),
        "tpm_limit": limits.tpm_limit,
        "rpm_limit": limits.rpm_limit,
        "allowed_models": changed.models,
        "model_max_budget": limits.model_max_budget.show(),
        "temp_budget_increase": limits.temp_budget.map(|more| more.increase).show(),
        "temp_budget_expiry": limits.temp_budget.map(|more| more.expires_at).show(),
    })))
}

pub(super) async fn reset_spend(
    desk: Desk,
    Parts(key): Parts<(TeamId, UserId)>,
    mut said: Said,
) -> Result<Json<Value>, Fault> {
    let spend: Usd = said.need("reset_to")?;
    said.end();
    let team = desk.store.get::<Team>(&key.0, &desk.scope).await?.value;
    let before = desk.store.get::<TeamMember>(&key, &desk.scope).await?.value;
    // An admin of the team would have no bounds else.
    if desk.manager.user_id.as_ref() == Some(&key.1) && desk.manager.role != Some(Role::ProxyAdmin) {
        return Err(Fault::forbidden("what you have spent yourself is for a proxy admin to set"));
    }
    if spend < Usd::ZERO || spend > before.spending.spend {
        return Err(Fault::invalid("reset_to", "reset_to must be from 0 to what is spent"));
    }
    let after = desk.store.set_spend::<TeamMember>(&key, spend, &desk.scope, &desk.by).await?.value;
    Ok(Json(json!({
        "team_id": key.0,
        "user_id": key.1,
        "spend": after.spending.spend.show(),
        "previous_spend": before.spending.spend.show(),
        "max_budget": after.limits_in(&team).max_budget.show(),
    })))
}

pub(super) async fn reset_budget(
    desk: Desk,
    Parts(key): Parts<(TeamId, UserId)>,
    said: Said,
) -> Result<Json<Value>, Fault> {
    said.end();
    let team = desk.store.get::<Team>(&key.0, &desk.scope).await?.value;
    let mut previous = None;
    let change = |member: &mut TeamMember| {
        let before = member.limits_in(&team).clone();
        previous = member.budget_id.take();
        member.limits = Limits::default();
        let at = member.spending.budget_reset_at;
        member.spending.budget_reset_at = bounds::reset_at(member.limits_in(&team), Some(&before), at, &desk);
        Ok::<_, Fault>(())
    };
    let changed = desk.store.change(&key, &desk.scope, &desk.by, change).await?.value;
    let source = membership(&changed, &team)["budget_source"].clone();
    Ok(Json(json!({
        "team_id": key.0,
        "user_id": key.1,
        "budget_id": changed.budget_id,
        "previous_budget_id": previous,
        "budget_source": source,
    })))
}

/// The members that a request of many names, each with what else is said of it.
pub(super) fn many(said: &mut Said) -> Result<Vec<(Named, Document)>, Fault> {
    let documents: Vec<Document> = said.need("members")?;
    if documents.is_empty() || documents.len() > MOST {
        return Err(Fault::invalid("members", format!("members must be 1 to {MOST}")));
    }
    let read = |(place, mut document): (usize, Document)| match Named::take(&mut document) {
        Ok(name) => Ok((name, document)),
        Err(error) => Err(error.at(&format!("[{place}]")).at("members").into()),
    };
    documents.into_iter().enumerate().map(read).collect()
}

/// Finds the members that names mean; for each why it is left out, if it is.
pub(super) async fn sort_out(
    desk: &Desk,
    team: &TeamId,
    names: &[Named],
) -> Result<Vec<Result<UserId, &'static str>>, Fault> {
    let ids = people::ids(desk, names).await?;
    let keys: Vec<_> = ids.iter().flatten().map(|id| (team.clone(), id.clone())).collect();
    let there = desk.store.find_all::<TeamMember>(&keys, &desk.scope).await?;
    let mut there: std::collections::BTreeSet<UserId> =
        there.into_iter().map(|found| found.value.user_id).collect();
    let mut taken = std::collections::BTreeSet::new();
    let sorted = ids.into_iter().map(|id| match id {
        Some(id) if there.remove(&id) => {
            taken.insert(id.clone());
            Ok(id)
        }
        Some(id) if taken.contains(&id) => Err("is named twice"),
        _ => Err("is not in the team"),
    });
    Ok(sorted.collect())
}

pub(super) async fn bulk(desk: Desk, Parts(id): Parts<TeamId>, mut said: Said) -> Result<Json<Value>, Fault> {
    let team = desk.store.get::<Team>(&id, &desk.scope).await?.value;
    let many = many(&mut said)?;
    said.end();
    let (names, documents): (Vec<Named>, Vec<Document>) = many.into_iter().unzip();
    let mut patches = Vec::with_capacity(documents.len());
    for (place, mut document) in documents.into_iter().enumerate() {
        desk.check_members(Kind::TeamMember, &document, &Place::of_team(&team))?;
        let patch = Patch::take(&mut document);
        patches.push(patch.map_err(|error| error.at(&format!("[{place}]")).at("members"))?);
        desk.ignores_of("members", place, &document);
    }
    let sorted = sort_out(&desk, &id, &names).await?;
    let by_user: BTreeMap<&UserId, &Patch> =
        sorted.iter().zip(&patches).filter_map(|(id, patch)| Some((id.as_ref().ok()?, patch))).collect();
    let keys: Vec<_> = by_user.keys().map(|user| (id.clone(), (*user).clone())).collect();
    let changed = desk
        .store
        .change_all(&keys, &desk.scope, &desk.by, |member: &mut TeamMember| {
            match by_user.get(&member.user_id) {
                Some(patch) => patch.apply(&desk, &team, member),
                None => Ok(()),
            }
        })
        .await?;
    let changed: BTreeMap<UserId, TeamMember> =
        changed.into_iter().map(|it| (it.value.user_id.clone(), it.value)).collect();
    let emails = people::emails(&desk, changed.keys()).await?;
    let results = names.iter().zip(&sorted).map(|(name, sorted)| {
        let member = sorted.as_ref().ok().and_then(|id| changed.get(id));
        let Some(member) = member else {
            return json!({
                "user_id": name.user_id,
                "user_email": name.user_email,
                "success": false,
                "error": sorted.as_ref().err(),
            });
        };
        let limits = member.limits_in(&team);
        let is_default = member.limits == Limits::default();
        json!({
            "user_id": member.user_id,
            "user_email": emails.get(&member.user_id),
            "success": true,
            "error": null,
            "budget_id": member.budget_id,
            "max_budget": limits.max_budget.show(),
            "max_budget_source": limits.max_budget.map(|_| if is_default { "team_default" } else { "member" }),
            "tpm_limit": limits.tpm_limit,
            "rpm_limit": limits.rpm_limit,
            "budget_duration": limits.budget_duration.show(),
            "allowed_models": member.models,
        })
    });
    Ok(Json(json!({ "data": results.collect::<Vec<_>>() })))
}
