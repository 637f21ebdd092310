//! Whose entries a caller reaches, as a condition of the query. An entry knows whose it was when it was made.

use llm_tenancy::management::Scope;
use sea_orm::Condition;
use sea_orm::sea_query::{Alias, Expr, ExprTrait as _};

/// The condition under which a scope reaches an entry. `None`: it reaches all.
pub(super) fn within(scope: &Scope) -> Option<Condition> {
    if scope.all {
        return None;
    }
    // Nothing is within reach that nothing below names.
    let mut any = Condition::any();
    any = among(any, "organization_id", &scope.organizations);
    any = among(any, "team_id", &scope.teams);
    if let Some(user) = &scope.user {
        let theirs = Expr::col(Alias::new("user_id")).eq(user.as_str());
        let outside = Condition::all().add(is_nobodys("team_id")).add(among(
            Condition::any().add(is_nobodys("organization_id")),
            "organization_id",
            &scope.user_in_organizations,
        ));
        let own = among(Condition::any(), "team_id", &scope.user_in_teams).add(outside);
        any = any.add(Condition::all().add(theirs).add(own));
    }
    if let Some(key) = &scope.key {
        any = any.add(Expr::col(Alias::new("key_id")).eq(key.to_string()));
    }
    if any.is_empty() {
        any = any.add(Expr::val(1).eq(2));
    }
    Some(any)
}

fn is_nobodys(column: &str) -> Expr {
    Expr::col(Alias::new(column)).eq("")
}

fn among<T: AsRef<str>>(any: Condition, column: &str, ids: &[T]) -> Condition {
    if ids.is_empty() {
        return any;
    }
    // What is empty names nobody.
    let ids = ids.iter().map(AsRef::as_ref).filter(|id| !id.is_empty());
    any.add(Expr::col(Alias::new(column)).is_in(ids))
}
