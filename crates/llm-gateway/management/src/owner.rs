//! Whose a model or a credential is to be.

use llm_store::{Field, Filter};
use llm_tenancy::management::{Place, Rank};
use llm_tenancy::{OrganizationId, Owner, Team, TeamId};

use crate::desk::Desk;
use crate::fault::Fault;
use crate::said::Asked;

/// Whose something is, with the place that this is.
#[derive(Debug, Clone)]
pub(crate) struct Owned {
    pub(crate) owner: Option<Owner>,
    team: Option<Team>,
}

impl Owned {
    /// The owner that a request names, if that is within reach.
    ///
    /// # Errors
    /// 404 for a team that is not there or out of reach, alike; 403 for what else is; 400 for two owners.
    pub(crate) async fn of(
        desk: &Desk,
        team: Option<TeamId>,
        organization: Option<OrganizationId>,
    ) -> Result<Self, Fault> {
        let team = match team {
            Some(id) => Some(desk.store.get::<Team>(&id, &desk.scope).await?.value),
            None => None,
        };
        // The organisation of a team says nothing that the team does not.
        let is_teams = |team: &Team| organization.is_none() || organization == team.organization_id;
        if team.as_ref().is_some_and(|team| !is_teams(team)) {
            return Err(Fault::invalid("organization_id", "the team is not of this organization"));
        }
        let owner = match &team {
            Some(team) => Some(Owner::Team(team.team_id.clone())),
            None => organization.map(Owner::Organization),
        };
        let owned = Self { owner, team };
        desk.check_place(&owned.place())?;
        Ok(owned)
    }

    /// The owner of what is there already.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) async fn stored(desk: &Desk, owner: Option<&Owner>) -> Result<Self, Fault> {
        let team = match owner {
            Some(Owner::Team(id)) => Some(desk.store.get::<Team>(id, &desk.scope).await?.value),
            _ => None,
        };
        Ok(Self { owner: owner.cloned(), team })
    }

    /// Where that is.
    pub(crate) fn place(&self) -> Place<'_> {
        match (&self.team, &self.owner) {
            (Some(team), _) => Place::of_team(team),
            (None, Some(Owner::Organization(id))) => Place { organization: Some(id), ..Place::default() },
            (None, _) => Place::default(),
        }
    }

    /// Whose credentials may be used: its own, then those of its team's organisation, then everybody's.
    pub(crate) fn chain(&self) -> Vec<Option<Owner>> {
        let above = self.team.as_ref().and_then(|team| team.organization_id.clone());
        let above = above.map(|id| Some(Owner::Organization(id)));
        let own = self.owner.clone();
        let everybodys = own.is_some().then_some(None);
        [Some(own), above, everybodys].into_iter().flatten().collect()
    }

    /// Whether it is a tenant who asks, who must not make the gateway read anything of its own.
    pub(crate) fn is_tenants(&self, desk: &Desk) -> bool {
        desk.manager.rank(&self.place()) < Rank::ProxyAdmin
    }
}

/// The filters by which lists are narrowed to one owner's.
pub(crate) fn filters(asked: &mut Asked) -> Vec<Filter> {
    let team = asked.take("team_id").map(|id| Filter::Is(Field::Team, id));
    let organization = asked.take("organization_id").map(|id| Filter::Is(Field::Organization, id));
    team.into_iter().chain(organization).collect()
}

/// The filters for what has this owner, or none.
pub(crate) fn filters_of(owner: Option<&Owner>) -> Vec<Filter> {
    match owner {
        Some(Owner::Team(id)) => vec![Filter::Is(Field::Team, id.as_str().to_owned())],
        Some(Owner::Organization(id)) => vec![Filter::Is(Field::Organization, id.as_str().to_owned())],
        None => vec![Filter::Empty(Field::Team), Filter::Empty(Field::Organization)],
    }
}

/// Whose something is as answers show it: `team_id` and `organization_id`.
pub(crate) fn shown(owner: Option<&Owner>) -> [(String, serde_json::Value); 2] {
    let (team, organization) = match owner {
        Some(Owner::Team(id)) => (Some(id.as_str()), None),
        Some(Owner::Organization(id)) => (None, Some(id.as_str())),
        None => (None, None),
    };
    [("team_id".to_owned(), team.into()), ("organization_id".to_owned(), organization.into())]
}
