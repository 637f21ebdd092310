//! Whose records a caller reaches, as a condition of the query: what is out of reach is not found, by the same queries
//! as what is not there.

use std::borrow::Cow;

use llm_tenancy::management::Scope;
use sea_orm::Condition;
use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, Query, SelectStatement};

use crate::record::Sheet;

/// In which columns a table says whose its records are.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Whose {
    pub(crate) organization: Option<&'static str>,
    pub(crate) team: Option<&'static str>,
    pub(crate) user: Option<&'static str>,
    pub(crate) key: Option<&'static str>,
    /// Whether those of nobody are there for everybody to see.
    pub(crate) shared: bool,
}

impl Whose {
    /// Records of nobody in particular: those who reach everything reach them.
    pub(crate) const NOBODYS: Self =
        Self { organization: None, team: None, user: None, key: None, shared: false };
}

/// The condition under which a scope reaches a row. `None`: it reaches all.
pub(crate) fn within(sheet: &Sheet, scope: &Scope) -> Option<Condition> {
    if scope.all {
        return None;
    }
    let whose = &sheet.whose;
    // Nothing is within reach that nothing below names.
    let mut any = Condition::any().add(Expr::val(1).eq(2));
    if !scope.organizations.is_empty() {
        any = any.add(of_organizations(sheet, &scope.organizations));
    }
    if let Some(team) = whose.team {
        any = any.add(among(team, &scope.teams));
    }
    if let (Some(column), Some(user)) = (whose.user, &scope.user) {
        let theirs = Expr::col(Alias::new(column)).eq(user.as_str());
        any = any.add(Condition::all().add(theirs).add(users_own(whose, scope)));
    }
    if let (Some(column), Some(key)) = (whose.key, &scope.key) {
        any = any.add(Expr::col(Alias::new(column)).eq(key.to_string()));
    }
    if whose.shared && scope.shared {
        any = any.add(whose.nobodys());
    }
    Some(any)
}

/// What of a scope may be changed: what is everybody's is not a tenant's to change.
pub(crate) fn own(scope: &Scope) -> Cow<'_, Scope> {
    if scope.shared && !scope.all {
        Cow::Owned(Scope { shared: false, ..scope.clone() })
    } else {
        Cow::Borrowed(scope)
    }
}

/// What belongs to organisations: by way of a team, or where there is none by itself. Of a record with a team, its team
/// knows whose it is.
pub(crate) fn of_organizations<T: AsRef<str>>(sheet: &Sheet, organizations: &[T]) -> Condition {
    let whose = &sheet.whose;
    let mut any = Condition::any();
    if let Some(members) = sheet.members {
        let members = in_organizations(members, "user_id", organizations);
        return any.add(Expr::col(Alias::new("id")).in_subquery(members));
    }
    let by_team = whose.team.filter(|column| *column != "id");
    if let Some(team) = by_team {
        any =
            any.add(Expr::col(Alias::new(team)).in_subquery(in_organizations("teams", "id", organizations)));
    }
    if let Some(organization) = whose.organization {
        let mut its = Condition::all().add(among(organization, organizations));
        if let Some(team) = by_team {
            its = its.add(Expr::col(Alias::new(team)).is_null());
        }
        any = any.add(its);
    }
    any
}

/// What of a user's is within reach: what is in no team and no organisation, and what is in those that are named.
fn users_own(whose: &Whose, scope: &Scope) -> Condition {
    let outside = match whose.organization {
        None => Condition::all(),
        Some(organization) => Condition::any()
            .add(Expr::col(Alias::new(organization)).is_null())
            .add(among(organization, &scope.user_in_organizations)),
    };
    let Some(team) = whose.team else { return Condition::all().add(outside) };
    let teamless = Condition::all().add(Expr::col(Alias::new(team)).is_null()).add(outside);
    Condition::any().add(among(team, &scope.user_in_teams)).add(teamless)
}

impl Whose {
    fn nobodys(&self) -> Condition {
        let columns = [self.organization, self.team, self.user];
        columns
            .into_iter()
            .flatten()
            .fold(Condition::all(), |all, column| all.add(Expr::col(Alias::new(column)).is_null()))
    }
}

fn among<T: AsRef<str>>(column: &str, ids: &[T]) -> Expr {
    Expr::col(Alias::new(column)).is_in(ids.iter().map(AsRef::as_ref))
}

/// A column of a table whose rows belong to these organisations.
fn in_organizations<T: AsRef<str>>(table: &str, column: &str, organizations: &[T]) -> SelectStatement {
    Query::select()
        .column(Alias::new(column))
        .from(Alias::new(table))
        .and_where(among("organization_id", organizations))
        .to_owned()
}
