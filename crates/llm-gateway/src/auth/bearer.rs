//! Who bears a token: the user, the team and the organisation that its claims name, as the store has them; made and changed
//! there where the settings say so.
//!
//! Source: LiteLLM docs, "OIDC - JWT-based Auth", read 2026-11.

use llm_oidc::{Identity as Claimed, JwtSettings, TokenError};
use llm_store::{Batch, By, Field, Filter, Query, Record, Store, StoreError};
use llm_tenancy::management::Scope;
use llm_tenancy::{
    Organization, OrganizationId, Role, Stamp, Team, TeamId, TeamMember, TeamRole, User, UserId, VirtualKey,
};
use llm_types::{ApiError, UnixMs};

use super::away;
use crate::config::InternalUserParams;

/// Records of one user that are looked at.
const MOST: u64 = 1_000;

/// Teams of a token, beside the first, that are looked at for a model.
const OTHERS: usize = 15;

/// A token that was checked, and where its bearer is looked for.
pub(super) struct Bearer<'a> {
    pub(super) store: &'a Store,
    pub(super) settings: &'a JwtSettings,
    /// What users begin with who are made.
    pub(super) newcomers: &'a InternalUserParams,
    pub(super) claimed: &'a Claimed,
    pub(super) now: UnixMs,
}

/// Whose the requests of a token are.
#[derive(Debug, Default)]
pub(super) struct Placed {
    pub(super) user: Option<UserId>,
    pub(super) team: Option<TeamId>,
    /// Other teams that they may be for, in order.
    pub(super) others: Vec<TeamId>,
    pub(super) organization: Option<OrganizationId>,
}

impl Bearer<'_> {
    /// Where the bearer stands, for requests of the team that is asked for, or of the first that there is.
    ///
    /// # Errors
    /// 401 for a name that nothing here has, 403 for a team that the token does not name or lacks, 503 if the database does
    /// not answer.
    pub(super) async fn place(&self, asked: Option<&str>) -> Result<Placed, ApiError> {
        let claimed = self.claimed;
        let organization = match (&claimed.organization_id, &claimed.organization_alias) {
            (Some(id), _) => Some(id.clone()),
            (None, Some(alias)) => {
                let found: Organization = self.by_alias(alias, &self.settings.org_alias_jwt_field).await?;
                Some(found.organization_id)
            }
            (None, None) => None,
        };
        let mut teams = self.teams().await?;
        let team = self.team(asked, &teams)?;
        let is_known = |id: &TeamId| teams.iter().any(|team| team.team_id == *id);
        if let Some(id) = team.as_ref().filter(|id| self.settings.team_id_upsert && !is_known(id)) {
            teams.push(self.make(Team::new(id.clone(), self.stamp()), id).await?);
        }
        let is_bound = team.as_ref().is_some_and(|id| teams.iter().any(|team| team.team_id == *id));
        if self.settings.enforce_team_based_model_access
            && !is_bound
            && claimed.role != Some(Role::ProxyAdmin)
        {
            return Err(TokenError::Forbidden { reason: "the token names no team that is known here" }.into());
        }
        let user = self.user().await?;
        if let Some(user) = &user {
            self.join(user, &teams).await?;
        }
        let user = user.map(|user| user.user_id).or_else(|| claimed.user_id.clone());
        let others = match asked {
            Some(_) => Vec::new(),
            None => {
                let others = teams.iter().filter(|it| !it.blocked && team.as_ref() != Some(&it.team_id));
                others.take(OTHERS).map(|team| team.team_id.clone()).collect()
            }
        };
        Ok(Placed { user, team, others, organization })
    }

    /// The teams of the token that are there, in its order.
    async fn teams(&self) -> Result<Vec<Team>, ApiError> {
        let Claimed { teams: ids, team_alias, .. } = self.claimed;
        if let Some(alias) = team_alias.as_ref().filter(|_| ids.is_empty()) {
            return Ok(vec![self.by_alias(alias, &self.settings.team_alias_jwt_field).await?]);
        }
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.store.find_all::<Team>(ids, &Scope::everything()).await.map_err(told)?;
        let mut teams: Vec<_> = found.into_iter().map(|found| found.value).collect();
        teams.sort_by_key(|team| ids.iter().position(|id| *id == team.team_id));
        Ok(teams)
    }

    /// The team that requests are for: tokens often list groups that are no teams here.
    fn team(&self, asked: Option<&str>, teams: &[Team]) -> Result<Option<TeamId>, TokenError> {
        let named = teams.iter().map(|team| &team.team_id).chain(&self.claimed.teams);
        match asked {
            Some(asked) => {
                let mut named = named;
                let found = named.find(|team| team.as_str() == asked).cloned();
                found.map(Some).ok_or(TokenError::Forbidden { reason: "the token does not name this team" })
            }
            None => {
                let open = teams.iter().find(|team| !team.blocked).map(|team| team.team_id.clone());
                Ok(open.or_else(|| named.into_iter().next().cloned()))
            }
        }
    }

    /// The user, by its id or by that of the identity provider.
    async fn user(&self) -> Result<Option<User>, ApiError> {
        let Some(id) = &self.claimed.user_id else { return Ok(None) };
        let mut found = self.store.find::<User>(id, &Scope::everything()).await.map_err(told)?;
        if found.is_none() {
            let query = query(vec![Filter::Is(Field::Sso, id.as_str().to_owned())], 1);
            let page = self.store.list::<User>(&query, &Scope::everything()).await.map_err(told)?;
            found = page.records.into_iter().next();
        }
        let role = self.claimed.user_role;
        let Some(found) = found else {
            if !self.settings.user_id_upsert {
                return Ok(None);
            }
            return self.make_user(self.newcomer(id.clone(), role)).await.map(Some);
        };
        let user = found.value;
        match role.filter(|role| self.settings.sync_user_role_and_teams && *role != user.user_role) {
            None => Ok(Some(user)),
            Some(role) => {
                let change = |user: &mut User| {
                    user.user_role = role;
                    Ok::<_, StoreError>(())
                };
                let id = &user.user_id;
                let changed = self.store.change(id, &Scope::everything(), &self.by(), change).await;
                Ok(Some(changed.map_err(told)?.value))
            }
        }
    }

    /// A user who is not there yet, with what is said of all of them where the token says nothing.
    fn newcomer(&self, id: UserId, role: Option<Role>) -> User {
        let usual = self.newcomers;
        let role = role.or(usual.user_role.map(|name| name.0)).unwrap_or_default();
        let mut user = User::new(id, role, self.stamp());
        user.user_email = self.claimed.user_email.as_ref().map(|email| email.to_lowercase());
        user.grants.models.clone_from(&usual.models);
        (user.limits.max_budget, user.limits.budget_duration) = (usual.max_budget, usual.budget_duration);
        user.spending.budget_reset_at = user.limits.next_reset(self.now, self.store.calendar());
        user
    }

    /// Makes a user; without the address if that is another's.
    async fn make_user(&self, mut user: User) -> Result<User, ApiError> {
        let id = user.user_id.clone();
        if user.user_email.is_some() {
            match self.store.create(&user, &self.by()).await {
                Ok(made) => return Ok(made.value),
                Err(StoreError::Taken { .. }) => user.user_email = None,
                Err(error) => return Err(told(error)),
            }
        }
        self.make(user, &id).await
    }

    /// Makes a record, unless somebody was faster.
    async fn make<R: Record>(&self, record: R, id: &R::Id) -> Result<R, ApiError> {
        match self.store.create(&record, &self.by()).await {
            Ok(made) => Ok(made.value),
            Err(StoreError::Taken { .. }) => {
                Ok(self.store.get::<R>(id, &Scope::everything()).await.map_err(told)?.value)
            }
            Err(error) => Err(told(error)),
        }
    }

    /// Makes the user a member of the token's teams, and where teams are synchronised of no others. The keys that the user
    /// has in a team go with the membership.
    async fn join(&self, user: &User, teams: &[Team]) -> Result<(), ApiError> {
        let JwtSettings { sync_user_role_and_teams: syncs, upsert_sso_user_to_team: joins, .. } =
            *self.settings;
        if !syncs && !joins {
            return Ok(());
        }
        let of_user = Filter::Is(Field::User, user.user_id.as_str().to_owned());
        let everywhere = Scope::everything();
        let there = self.store.list::<TeamMember>(&query(vec![of_user.clone()], MOST), &everywhere).await;
        let there: Vec<_> = there.map_err(told)?.records.into_iter().map(|found| found.value).collect();
        for team in teams.iter().filter(|team| there.iter().all(|member| member.team_id != team.team_id)) {
            let (team, user) = (team.team_id.clone(), user.user_id.clone());
            let member = TeamMember::new(team.clone(), user.clone(), TeamRole::User, self.stamp());
            self.make(member, &(team, user)).await?;
        }
        if !syncs || !self.claimed.names_teams {
            return Ok(());
        }
        for left in there.iter().filter(|member| teams.iter().all(|team| team.team_id != member.team_id)) {
            let in_team = Filter::Is(Field::Team, left.team_id.as_str().to_owned());
            let query = query(vec![of_user.clone(), in_team], MOST);
            let keys = self.store.list::<VirtualKey>(&query, &everywhere).await.map_err(told)?;
            let mut batch = Batch::default();
            for key in keys.records {
                batch.delete::<VirtualKey>(&key.value.hash, &everywhere);
            }
            batch.delete::<TeamMember>(&(left.team_id.clone(), left.user_id.clone()), &everywhere);
            match self.store.apply(&batch, &self.by()).await {
                // Another request of the same user's was faster.
                Err(StoreError::NotFound(_)) => {}
                done => done.map_err(told)?,
            }
        }
        Ok(())
    }

    /// The only record with this name for people.
    async fn by_alias<R: Record>(&self, alias: &str, claim: &Option<String>) -> Result<R, ApiError> {
        let query = query(vec![Filter::Is(Field::Alias, alias.to_owned())], 2);
        let found = self.store.list::<R>(&query, &Scope::everything()).await.map_err(told)?.records;
        let [only] = <[_; 1]>::try_from(found)
            .map_err(|_| ApiError::from(TokenError::Claim { claim: claim.clone().unwrap_or_default() }))?;
        Ok(only.value)
    }

    fn stamp(&self) -> Stamp {
        Stamp::new(self.now, None)
    }

    fn by(&self) -> By {
        By::gateway(self.now)
    }
}

fn query(filters: Vec<Filter>, size: u64) -> Query {
    Query { filters, size, sort: Field::Id, ..Query::default() }
}

/// A name that cannot be kept is nobody's; all else is that the database does not answer.
pub(super) fn told(error: StoreError) -> ApiError {
    match error {
        StoreError::Invalid(_) => TokenError::Claim { claim: "of a name".to_owned() }.into(),
        other => away(&other),
    }
}
