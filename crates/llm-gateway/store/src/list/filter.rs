//! What records are looked for by.

use sea_orm::Condition;
use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, Func, LikeExpr, Query, SelectStatement};

use super::Mark;
use crate::error::{Result, StoreError};
use crate::record::{ORGANIZATION_MEMBERS, Sheet, TEAM_MEMBERS};
use crate::scope::of_organizations;

/// What records are filtered and sorted by. No kind has all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Field {
    /// The id: of a key its hash.
    Id,
    /// A name for people.
    Alias,
    /// The name of a tag, access group, model or credential.
    Name,
    /// The user, or the user's own id.
    User,
    /// The team, or its own id.
    Team,
    /// The organisation, or its own id.
    Organization,
    /// The project, or its own id.
    Project,
    /// The agent.
    Agent,
    /// The budget, or its own id.
    Budget,
    /// Who made it.
    Creator,
    /// The claim of tokens that a key stands for, as [`TokenClaim::text`](llm_tenancy::TokenClaim::text) has it.
    TokenClaim,
    /// A user's address, in lower case.
    Email,
    /// The subject by which the identity provider knows a user.
    Sso,
    /// A user's or member's role, under LiteLLM's name.
    Role,
    /// Whether it is blocked.
    Blocked,
    /// When it expires, in Unix milliseconds.
    Expires,
    /// When a key is due for another text, in Unix milliseconds.
    Rotates,
    /// What was spent, in nano-dollars.
    Spend,
    /// When it was made, in Unix milliseconds.
    Created,
    /// When it changed last, in Unix milliseconds.
    Updated,
}

/// What holds of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Filter {
    /// The field is this text.
    Is(Field, String),
    /// The field is one of these texts.
    Among(Field, Vec<String>),
    /// The field holds this text, whatever the case of its letters.
    Holds(Field, String),
    /// The field is empty.
    Empty(Field),
    /// The field is not empty.
    Filled(Field),
    /// The field is yes, or no.
    Flag(Field, bool),
    /// The number is less. An empty field is not.
    Below(Field, i64),
    /// The number is this or more. An empty field is not.
    AtLeast(Field, i64),
    /// It belongs to this organisation, also by way of a team.
    OfOrganization(String),
    /// Its user is in one of these teams.
    InTeams(Vec<String>),
    /// Its user is in one of these organisations.
    InOrganizations(Vec<String>),
    /// One of these holds.
    Any(Vec<Filter>),
}

impl Field {
    pub(super) const fn is_text(self) -> bool {
        !matches!(
            self,
            Self::Blocked | Self::Expires | Self::Rotates | Self::Spend | Self::Created | Self::Updated
        )
    }

    /// What a field that may be empty is sorted as then.
    pub(super) const fn empty(self) -> Option<Mark> {
        match self {
            Self::Id | Self::Spend | Self::Created | Self::Updated => None,
            // What never happens does so last.
            Self::Expires | Self::Rotates => Some(Mark::Number(i64::MAX)),
            _ => Some(Mark::Text(String::new())),
        }
    }
}

impl Filter {
    pub(super) fn condition(&self, sheet: &Sheet) -> Result<Condition> {
        let at = |field: &Field| column(sheet, *field).map(|column| Expr::col(Alias::new(column)));
        let expression = match self {
            Self::Is(field, text) => at(field)?.eq(clean(text)?),
            Self::Among(field, texts) => {
                at(field)?.is_in(texts.iter().map(|text| clean(text)).collect::<Result<Vec<_>>>()?)
            }
            Self::Holds(field, text) => {
                let pattern = LikeExpr::new(format!("%{}%", escaped(clean(text)?))).escape('!');
                Expr::from(Func::lower(at(field)?)).like(pattern)
            }
            Self::Empty(field) => at(field)?.is_null(),
            Self::Filled(field) => at(field)?.is_not_null(),
            Self::Flag(field, flag) => at(field)?.eq(*flag),
            Self::Below(field, number) => at(field)?.lt(*number),
            Self::AtLeast(field, number) => at(field)?.gte(*number),
            Self::OfOrganization(organization) => {
                let ids = [clean(organization)?];
                return Ok(of_organizations(sheet, &ids));
            }
            Self::InTeams(teams) => at(&Field::User)?.in_subquery(members(&TEAM_MEMBERS, "team_id", teams)?),
            Self::InOrganizations(organizations) => at(&Field::User)?.in_subquery(members(
                &ORGANIZATION_MEMBERS,
                "organization_id",
                organizations,
            )?),
            Self::Any(filters) => {
                let mut any = Condition::any();
                for filter in filters {
                    any = any.add(filter.condition(sheet)?);
                }
                return Ok(any);
            }
        };
        Ok(Condition::all().add(expression))
    }
}

/// The column of a field, if the kind has it.
pub(super) fn column(sheet: &Sheet, field: Field) -> Result<&'static str> {
    let kind = sheet.kind.label();
    sheet.column(field).ok_or_else(|| StoreError::Invalid(format!("a {kind} has no field {field:?}")))
}

/// The users of memberships whose column is one of these ids.
fn members(sheet: &Sheet, column: &str, ids: &[String]) -> Result<SelectStatement> {
    let ids = ids.iter().map(|id| clean(id)).collect::<Result<Vec<_>>>()?;
    let mut select = Query::select();
    select
        .column(Alias::new("user_id"))
        .from(Alias::new(sheet.table))
        .and_where(Expr::col(Alias::new(column)).is_in(ids));
    Ok(select)
}

/// PostgreSQL takes no NUL in a text, and no record has one.
fn clean(text: &str) -> Result<&str> {
    if text.contains('\0') {
        return Err(StoreError::Invalid("a filter holds a NUL character".to_owned()));
    }
    Ok(text)
}

/// Lower case, and no wildcards.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.to_lowercase().chars() {
        if matches!(character, '!' | '%' | '_') {
            escaped.push('!');
        }
        escaped.push(character);
    }
    escaped
}
