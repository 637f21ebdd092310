//! Whose records a caller reaches. What is out of reach is not found, by the same queries as what is not there.

use std::borrow::Cow;

use llm_tenancy::{OrganizationId, TeamId, UserId};
use sea_orm::Condition;
use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, Query, SelectStatement};

/// Whose records a caller reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Everybody's.
    All,
    /// Those of some.
    Of(Reach),
}

/// Organisations, teams and users whose records are reached.
///
/// An organisation is itself, its members and their users, its teams and all that is theirs. A team is itself, its
/// members, keys, projects, models and credentials; a user is itself, its keys and memberships. Budgets, tags, access
/// groups and end users belong to nobody, so that only [`Scope::All`] reaches them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reach {
    /// Organisations.
    pub organizations: Vec<OrganizationId>,
    /// Teams.
    pub teams: Vec<TeamId>,
    /// Users.
    pub users: Vec<UserId>,
    /// Whether models and credentials that are everybody's are reached too, to be seen and not to be changed.
    pub shared: bool,
}

impl Scope {
    /// What of it may be changed: what is everybody's is not a tenant's to change.
    pub(crate) fn own(&self) -> Cow<'_, Self> {
        match self {
            Self::Of(reach) if reach.shared => Cow::Owned(Self::Of(Reach { shared: false, ..reach.clone() })),
            _ => Cow::Borrowed(self),
        }
    }
}

impl Reach {
    fn organizations(&self) -> Vec<String> {
        self.organizations.iter().map(ToString::to_string).collect()
    }

    fn teams(&self) -> Vec<String> {
        self.teams.iter().map(ToString::to_string).collect()
    }

    fn users(&self) -> Vec<String> {
        self.users.iter().map(ToString::to_string).collect()
    }

    fn in_organizations(&self, column: &str) -> Expr {
        Expr::col(Alias::new(column)).is_in(self.organizations())
    }

    fn in_users(&self, column: &str) -> Expr {
        Expr::col(Alias::new(column)).is_in(self.users())
    }

    /// A column that names a team: one of these, or one of the organisations'.
    fn in_teams(&self, column: &str) -> Condition {
        let any = Condition::any().add(Expr::col(Alias::new(column)).is_in(self.teams()));
        if self.organizations.is_empty() {
            return any;
        }
        any.add(Expr::col(Alias::new(column)).in_subquery(self.of_organizations("id", "teams")))
    }

    /// A column of a table whose rows belong to the organisations.
    fn of_organizations(&self, column: &str, table: &str) -> SelectStatement {
        Query::select()
            .column(Alias::new(column))
            .from(Alias::new(table))
            .and_where(self.in_organizations("organization_id"))
            .to_owned()
    }
}

fn within(scope: &Scope, of: impl FnOnce(&Reach) -> Condition) -> Option<Condition> {
    match scope {
        Scope::All => None,
        Scope::Of(reach) => Some(of(reach)),
    }
}

pub(crate) fn of_keys(scope: &Scope) -> Option<Condition> {
    within(scope, |reach| {
        reach
            .in_teams("team_id")
            .add(reach.in_organizations("organization_id"))
            .add(reach.in_users("user_id"))
    })
}

pub(crate) fn of_teams(scope: &Scope) -> Option<Condition> {
    within(scope, |reach| {
        Condition::any()
            .add(Expr::col(Alias::new("id")).is_in(reach.teams()))
            .add(reach.in_organizations("organization_id"))
    })
}

pub(crate) fn of_team_members(scope: &Scope) -> Option<Condition> {
    within(scope, |reach| reach.in_teams("team_id").add(reach.in_users("user_id")))
}

pub(crate) fn of_users(scope: &Scope) -> Option<Condition> {
    within(scope, |reach| {
        let any = Condition::any().add(reach.in_users("id"));
        if reach.organizations.is_empty() {
            return any;
        }
        let members = reach.of_organizations("user_id", "organization_members");
        any.add(Expr::col(Alias::new("id")).in_subquery(members))
    })
}

pub(crate) fn of_organizations(scope: &Scope) -> Option<Condition> {
    within(scope, |reach| Condition::any().add(reach.in_organizations("id")))
}

pub(crate) fn of_organization_members(scope: &Scope) -> Option<Condition> {
    within(scope, |reach| {
        Condition::any().add(reach.in_organizations("organization_id")).add(reach.in_users("user_id"))
    })
}

pub(crate) fn of_projects(scope: &Scope) -> Option<Condition> {
    within(scope, |reach| reach.in_teams("team_id"))
}

pub(crate) fn of_owned(scope: &Scope) -> Option<Condition> {
    within(scope, |reach| {
        let any = reach.in_teams("team_id").add(reach.in_organizations("organization_id"));
        if !reach.shared {
            return any;
        }
        let nobodys = Condition::all()
            .add(Expr::col(Alias::new("team_id")).is_null())
            .add(Expr::col(Alias::new("organization_id")).is_null());
        any.add(nobodys)
    })
}

/// Records that belong to nobody in particular.
pub(crate) fn of_nobody(scope: &Scope) -> Option<Condition> {
    within(scope, |_| Condition::any().add(Expr::val(1).eq(2)))
}
