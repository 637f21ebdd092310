//! Who bears a token.

use llm_tenancy::{EndUserId, Grants, OrganizationId, Role, TeamId, UserId, name_matches};

use crate::settings::{IssuerSettings, JwtSettings, RolePermissions};
use crate::{Claims, TokenError};

/// A name of no group of routes, which therefore allows none.
const NO_ROUTES: &str = "no_routes";
/// LiteLLM's word for none.
const NO_MODELS: &str = "no-default-models";

/// Who bears a token, as its claims say and the settings read them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// The user.
    pub user_id: Option<UserId>,
    /// The user's address.
    pub user_email: Option<String>,
    /// The teams that the token names: the one of `team_id_jwt_field` first, then those of the list. The default team, if
    /// there is one and the token names none.
    pub teams: Vec<TeamId>,
    /// Whether the token says which teams there are, if only that there are none.
    pub names_teams: bool,
    /// The team by its name for people.
    pub team_alias: Option<String>,
    /// The organisation.
    pub organization_id: Option<OrganizationId>,
    /// The organisation by its name for people.
    pub organization_alias: Option<String>,
    /// The end user.
    pub end_user_id: Option<EndUserId>,
    /// What its virtual key is found by: the value of `virtual_key_claim_field`.
    pub client_id: Option<String>,
    /// What the bearer may be. `None` for nothing: only `public_allowed_routes` are left.
    pub role: Option<Role>,
    /// The role that the user shall have by `jwt_litellm_role_map`, where users are made or synchronised.
    pub user_role: Option<Role>,
    /// Routes that the role and the scopes allow, one list after the other: each must. Empty allows all.
    pub routes: Vec<Vec<String>>,
    /// Models that the role and the scopes allow, one list after the other: each must. Empty allows all.
    pub models: Vec<Vec<String>>,
}

impl Identity {
    /// Reads claims that were checked.
    ///
    /// # Errors
    /// [`TokenError::Claim`] for a claim of a type that cannot be read, [`TokenError::Forbidden`] for whoever may not come in:
    /// an address of another domain, none of the roles or scopes that are needed.
    pub fn of(
        claims: &Claims,
        settings: &JwtSettings,
        issuer: Option<&IssuerSettings>,
        permissions: &[RolePermissions],
    ) -> Result<Self, TokenError> {
        let fields = Fields::new(settings, issuer);
        let id = |path: Option<&str>| path.map_or(Ok(None), |path| one(claims, path));
        let mut user_id = id(fields.user_id)?;
        let mut teams: Vec<String> = Vec::new();
        for path in [fields.team_id, fields.team_ids].into_iter().flatten() {
            for team in claims.list(path) {
                if !teams.contains(&team) {
                    teams.push(team);
                }
            }
        }
        let team_alias = id(settings.team_alias_jwt_field.as_deref())?;
        let user_email = id(fields.user_email)?;
        check_email(user_email.as_deref(), settings)?;

        let is_admin =
            !settings.admin_jwt_scope.is_empty() && claims.scopes().contains(&settings.admin_jwt_scope);
        let roles = |path: &Option<String>| path.as_deref().map(|path| claims.list(path)).unwrap_or_default();
        let user_roles = roles(&settings.user_roles_jwt_field);
        let is_allowed_user = settings
            .user_allowed_roles
            .as_ref()
            .map(|allowed| user_roles.iter().any(|role| allowed.contains(role)));
        let mapped_roles = roles(&settings.roles_jwt_field);
        let mapping = settings.role_mappings.iter().find(|mapping| mapped_roles.contains(&mapping.role));
        let mapped = mapping.map(|mapping| mapping.internal_role.0);
        if let Some(path) = &settings.object_id_jwt_field
            && let Some(object) = one(claims, path)?
        {
            match mapped {
                Some(Role::Team) if !teams.contains(&object) => teams.push(object),
                Some(Role::InternalUser) if user_id.is_none() => user_id = Some(object),
                _ => {}
            }
        }
        if is_allowed_user == Some(false) && !is_admin && mapped.is_none() {
            return Err(TokenError::Forbidden { reason: "the token has none of the roles that are let in" });
        }
        let role = if is_admin {
            Some(Role::ProxyAdmin)
        } else if let Some(mapped) = mapped {
            Some(mapped)
        } else if user_id.is_some() || is_allowed_user == Some(true) {
            Some(Role::InternalUser)
        } else if !teams.is_empty() || team_alias.is_some() || settings.team_id_default.is_some() {
            Some(Role::Team)
        } else {
            None
        };
        if role.is_none() && settings.enforce_rbac {
            return Err(TokenError::Forbidden { reason: "the token has no role here" });
        }
        if teams.is_empty() && team_alias.is_none() {
            teams.extend(settings.team_id_default.clone());
        }
        let all_roles: Vec<&String> = user_roles.iter().chain(&mapped_roles).collect();
        let user_role = settings
            .jwt_litellm_role_map
            .iter()
            .find(|entry| all_roles.iter().any(|role| name_matches(&entry.jwt_role, role)))
            .map(|entry| entry.litellm_role.0);
        let mut identity = Self {
            user_id: user_id.map(UserId::from),
            user_email,
            teams: teams.into_iter().map(TeamId::from).collect(),
            names_teams: team_alias.is_some()
                || [fields.team_id, fields.team_ids]
                    .into_iter()
                    .flatten()
                    .any(|path| claims.get(path).is_some()),
            team_alias,
            organization_id: id(fields.org_id)?.map(OrganizationId::from),
            organization_alias: id(settings.org_alias_jwt_field.as_deref())?,
            end_user_id: id(fields.end_user_id)?.map(EndUserId::from),
            client_id: id(settings.virtual_key_claim_field.as_deref())?,
            role,
            user_role,
            routes: Vec::new(),
            models: Vec::new(),
        };
        identity.bound_by_role(settings, permissions);
        if settings.enforce_scope_based_access && !is_admin {
            identity.bound_by_scopes(settings, &claims.scopes())?;
        }
        Ok(identity)
    }

    fn bound_by_role(&mut self, settings: &JwtSettings, permissions: &[RolePermissions]) {
        match self.role {
            Some(Role::ProxyAdmin) => self.routes.push(settings.admin_allowed_routes.clone()),
            Some(Role::Team) => self.routes.push(settings.team_allowed_routes.clone()),
            Some(_) => {}
            None => self.routes.push(settings.public_allowed_routes.clone()),
        }
        let Some(own) = permissions.iter().find(|permission| Some(permission.role.0) == self.role) else {
            return;
        };
        self.routes.extend(own.routes.clone());
        self.models.extend(own.models.clone());
    }

    /// All that one of the scopes allows. A scope that names nothing of a kind allows all of it.
    fn bound_by_scopes(&mut self, settings: &JwtSettings, scopes: &[String]) -> Result<(), TokenError> {
        let held: Vec<_> =
            settings.scope_mappings.iter().filter(|mapping| scopes.contains(&mapping.scope)).collect();
        if held.is_empty() {
            return Err(TokenError::Forbidden { reason: "the token has none of the scopes that are let in" });
        }
        let sum = |list: fn(&crate::ScopeMapping) -> &Option<Vec<String>>| {
            let all: Option<Vec<_>> = held.iter().map(|mapping| list(mapping).clone()).collect();
            all.map(|lists| lists.concat())
        };
        self.routes.extend(sum(|mapping| &mapping.routes));
        self.models.extend(sum(|mapping| &mapping.models));
        Ok(())
    }

    /// What role and scopes allow, as bounds for [`Access::narrow`](llm_tenancy::Access::narrow). A list that is there and
    /// empty allows nothing, other than in records of keys.
    pub fn bounds(&self) -> impl Iterator<Item = Grants> {
        let or = |list: &Vec<String>, nothing: &str| {
            if list.is_empty() { vec![nothing.to_owned()] } else { list.clone() }
        };
        let routes = self
            .routes
            .iter()
            .map(move |routes| Grants { allowed_routes: or(routes, NO_ROUTES), ..Grants::default() });
        let models = self
            .models
            .iter()
            .map(move |models| Grants { models: or(models, NO_MODELS), ..Grants::default() });
        routes.chain(models)
    }
}

/// Where claims are: the issuer's own names before those for all.
struct Fields<'a> {
    user_id: Option<&'a str>,
    user_email: Option<&'a str>,
    team_id: Option<&'a str>,
    team_ids: Option<&'a str>,
    org_id: Option<&'a str>,
    end_user_id: Option<&'a str>,
}

impl<'a> Fields<'a> {
    fn new(settings: &'a JwtSettings, issuer: Option<&'a IssuerSettings>) -> Self {
        macro_rules! field {
            ($name:ident) => {
                issuer.and_then(|issuer| issuer.$name.as_deref()).or(settings.$name.as_deref())
            };
        }
        Self {
            user_id: field!(user_id_jwt_field),
            user_email: field!(user_email_jwt_field),
            team_id: field!(team_id_jwt_field),
            team_ids: field!(team_ids_jwt_field),
            org_id: field!(org_id_jwt_field),
            end_user_id: field!(end_user_id_jwt_field),
        }
    }
}

/// A claim as an id. One that is there and cannot be one must not be taken for one that is missing.
fn one(claims: &Claims, path: &str) -> Result<Option<String>, TokenError> {
    match claims.get(path) {
        None | Some(serde_json::Value::Null) => Ok(None),
        Some(_) => claims.id(path).map(Some).ok_or_else(|| TokenError::Claim { claim: path.to_owned() }),
    }
}

fn check_email(email: Option<&str>, settings: &JwtSettings) -> Result<(), TokenError> {
    let domains = &settings.user_allowed_email_domain.0;
    if domains.is_empty() {
        return Ok(());
    }
    // What stands after the last @, whole: neither a part of it nor what is below it.
    let domain = email.and_then(|email| email.rsplit_once('@')).map(|(_, domain)| domain);
    let is_allowed =
        domain.is_some_and(|domain| domains.iter().any(|allowed| allowed.eq_ignore_ascii_case(domain)));
    if is_allowed {
        Ok(())
    } else {
        Err(TokenError::Forbidden { reason: "the user's address is of another domain" })
    }
}

#[cfg(test)]
mod tests;
