//! `general_settings.litellm_jwtauth`, with LiteLLM's names.

use std::fmt;

use llm_tenancy::Role;
use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};

/// `general_settings.litellm_jwtauth`: whose JSON web tokens are taken, and what their claims mean.
///
/// A claim is named by its name, or by a path with dots: `resource_access.gateway.roles`.
///
/// Source: LiteLLM docs, "OIDC - JWT-based Auth" and "JWT configuration reference", read 2026-11.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct JwtSettings {
    /// The issuers whose tokens are taken, each with its own keys and claims. Default: one, whose keys are at the address
    /// in the variable `JWT_PUBLIC_KEY_URL`.
    pub issuers: Vec<IssuerSettings>,
    /// Seconds for which keys of issuers are used before they are fetched again. Default: 600.
    pub public_key_ttl: f64,
    /// Seconds for which they are used beyond that while the issuer cannot be reached. Default: 86400.
    pub public_key_stale_ttl: f64,
    /// Seconds by which an issuer's clock may be off. Default: 0.
    pub leeway: f64,

    /// The claim that names the user. Default: none.
    pub user_id_jwt_field: Option<String>,
    /// The claim with the user's address. Default: none.
    pub user_email_jwt_field: Option<String>,
    /// The only domains that users' addresses may have. Default: any.
    #[serde(alias = "user_allowed_email_subdomain")]
    pub user_allowed_email_domain: EmailDomains,
    /// Whether users that are not known are made. Default: false.
    pub user_id_upsert: bool,
    /// The claim with the user's roles. Default: none.
    pub user_roles_jwt_field: Option<String>,
    /// Roles of which a user must have one. Needs `user_roles_jwt_field`. Default: none.
    pub user_allowed_roles: Option<Vec<String>>,

    /// The claim that names the team. Default: none.
    pub team_id_jwt_field: Option<String>,
    /// The claim that lists teams. The request chooses one by the header `x-litellm-team-id`; else it is for the first that
    /// there is, that is not blocked and that may call the model. Default: none.
    pub team_ids_jwt_field: Option<String>,
    /// The claim that has the team's name for people, which must be one team's; looked at where no team's id is told.
    /// Default: none.
    pub team_alias_jwt_field: Option<String>,
    /// The team of tokens that name none. Default: none.
    pub team_id_default: Option<String>,
    /// Whether teams that are not known are made. Default: false.
    pub team_id_upsert: bool,
    /// Whether users that are known become members of those teams of their tokens that there are. Default: false.
    pub upsert_sso_user_to_team: bool,
    /// Routes that a team may call that speaks for itself. Default: `openai_routes`, `info_routes`.
    pub team_allowed_routes: Vec<String>,
    /// Whether tokens that name no team that there is are refused, but for those of admins: then all models are some
    /// team's. Default: false.
    pub enforce_team_based_model_access: bool,

    /// The claim that names the organisation. Default: none.
    pub org_id_jwt_field: Option<String>,
    /// The claim that has the organisation's name for people, which must be one organisation's. Default: none.
    pub org_alias_jwt_field: Option<String>,
    /// The claim that names the end user, whatever requests say. Default: none.
    pub end_user_id_jwt_field: Option<String>,

    /// The scope of proxy admins. Default: `litellm_proxy_admin`.
    pub admin_jwt_scope: String,
    /// Routes that they may call. Default: `management_routes`, `spend_tracking_routes`, `global_spend_tracking_routes`,
    /// `info_routes`.
    pub admin_allowed_routes: Vec<String>,
    /// Routes that tokens without any role may call. Default: `public_routes`.
    pub public_allowed_routes: Vec<String>,

    /// The claim with roles, for `role_mappings`. Default: none.
    pub roles_jwt_field: Option<String>,
    /// What roles of tokens mean. The first that fits counts. Default: none.
    pub role_mappings: Vec<RoleMapping>,
    /// The claim that names user or team, whichever the role says. Needs `role_mappings`. Default: none.
    pub object_id_jwt_field: Option<String>,
    /// Roles of users by patterns of roles of tokens, for users that are made or synchronised. Default: none.
    pub jwt_litellm_role_map: Vec<RoleMapEntry>,
    /// Whether a user's role and teams become those of each token: the role by `jwt_litellm_role_map`, the teams where the
    /// token lists any. With a team that is left go the keys in it. Default: false.
    pub sync_user_role_and_teams: bool,
    /// Whether tokens without a role are refused. Default: false.
    pub enforce_rbac: bool,
    /// Models and routes by scope. Needs `enforce_scope_based_access`. Default: none.
    pub scope_mappings: Vec<ScopeMapping>,
    /// Whether a token may only what its scopes allow. Default: false.
    pub enforce_scope_based_access: bool,

    /// The claim by whose value a virtual key is found that the token stands for: see `/jwt/key/mapping/new`. A token that
    /// no key stands for is taken as it is. Default: none.
    #[serde(alias = "jwt_client_id_field")]
    pub virtual_key_claim_field: Option<String>,
    /// Not supported: a function of Python's.
    pub custom_validate: Option<String>,
}

impl Default for JwtSettings {
    fn default() -> Self {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            issuers: Vec::new(),
            public_key_ttl: 600.0,
            public_key_stale_ttl: 86_400.0,
            leeway: 0.0,
            user_id_jwt_field: None,
            user_email_jwt_field: None,
            user_allowed_email_domain: EmailDomains::default(),
            user_id_upsert: false,
            user_roles_jwt_field: None,
            user_allowed_roles: None,
            team_id_jwt_field: None,
            team_ids_jwt_field: None,
            team_alias_jwt_field: None,
            team_id_default: None,
            team_id_upsert: false,
            upsert_sso_user_to_team: false,
            team_allowed_routes: list(&["openai_routes", "info_routes"]),
            enforce_team_based_model_access: false,
            org_id_jwt_field: None,
            org_alias_jwt_field: None,
            end_user_id_jwt_field: None,
            admin_jwt_scope: "litellm_proxy_admin".to_owned(),
            admin_allowed_routes: list(&[
                "management_routes",
                "spend_tracking_routes",
                "global_spend_tracking_routes",
                "info_routes",
            ]),
            public_allowed_routes: list(&["public_routes"]),
            roles_jwt_field: None,
            role_mappings: Vec::new(),
            object_id_jwt_field: None,
            jwt_litellm_role_map: Vec::new(),
            sync_user_role_and_teams: false,
            enforce_rbac: false,
            scope_mappings: Vec::new(),
            enforce_scope_based_access: false,
            virtual_key_claim_field: None,
            custom_validate: None,
        }
    }
}

/// One of `litellm_jwtauth.issuers`. Claims that it does not name are those that `litellm_jwtauth` names.
#[derive(Debug, Clone, PartialEq, Default, serde::Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct IssuerSettings {
    /// The issuer, letter by letter as its tokens have it in `iss`.
    pub issuer: String,
    /// The address of its keys. Default: what `{issuer}/.well-known/openid-configuration` says.
    #[serde(alias = "jwks_uri", alias = "public_key_url")]
    pub jwks_url: Option<String>,
    /// Whom its tokens must be for: one name or several of which one is enough.
    pub audience: Names,
    /// Whether tokens for anybody are taken. Default: false.
    pub disable_audience_validation: bool,
    /// The claim that names the user.
    pub user_id_jwt_field: Option<String>,
    /// The claim with the user's address.
    pub user_email_jwt_field: Option<String>,
    /// The claim that names the team.
    pub team_id_jwt_field: Option<String>,
    /// The claim that lists teams.
    pub team_ids_jwt_field: Option<String>,
    /// The claim that names the organisation.
    pub org_id_jwt_field: Option<String>,
    /// The claim that names the end user.
    pub end_user_id_jwt_field: Option<String>,
}

/// What a role of a token's means.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RoleMapping {
    /// The role in the token.
    pub role: String,
    /// What it is here: `proxy_admin`, `team` or `internal_user`.
    pub internal_role: RoleName,
}

/// Which role a user has here by a role of the token's.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RoleMapEntry {
    /// The role in the token; `*` stands for any text.
    pub jwt_role: String,
    /// The role here.
    pub litellm_role: RoleName,
}

/// What a scope allows.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ScopeMapping {
    /// The scope.
    pub scope: String,
    /// Models. Default: all.
    #[serde(default)]
    pub models: Option<Vec<String>>,
    /// Routes. Default: all.
    #[serde(default)]
    pub routes: Option<Vec<String>>,
}

/// `general_settings.role_permissions[]`: what a role allows.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RolePermissions {
    /// The role: `proxy_admin`, `team` or `internal_user`.
    pub role: RoleName,
    /// Models. Default: all.
    #[serde(default)]
    pub models: Option<Vec<String>>,
    /// Routes. Default: all.
    #[serde(default)]
    pub routes: Option<Vec<String>>,
}

/// A role by LiteLLM's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoleName(pub Role);

impl<'de> Deserialize<'de> for RoleName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Role::from_litellm(&name)
            .map(Self)
            .ok_or_else(|| de::Error::custom(format_args!("{name:?} is no role")))
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for RoleName {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RoleName".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let names = Role::ALL.map(Role::litellm);
        schemars::json_schema!({ "type": "string", "enum": names })
    }
}

/// One name or several.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names(pub Vec<String>);

/// Domains of addresses, one or several.
pub type EmailDomains = Names;

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;

        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Names;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Names, E> {
                Ok(Names(vec![text.to_owned()]))
            }

            fn visit_unit<E: de::Error>(self) -> Result<Names, E> {
                Ok(Names::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Names, A::Error> {
                let mut names = Vec::new();
                while let Some(name) = list.next_element()? {
                    names.push(name);
                }
                Ok(Names(names))
            }
        }
        deserializer.deserialize_any(OneOrMany)
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for Names {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Names".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]
        })
    }
}

/// Why settings make no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("litellm_jwtauth.{place}: {why}")]
pub struct SettingsError {
    /// Where.
    pub place: String,
    /// What is the matter.
    pub why: &'static str,
}

impl JwtSettings {
    /// Everything that makes no sense in these settings.
    pub fn problems(&self) -> Vec<SettingsError> {
        let mut problems = Vec::new();
        let mut wrong = |place: &str, is_wrong: bool, why| {
            if is_wrong {
                problems.push(SettingsError { place: place.to_owned(), why });
            }
        };
        wrong("custom_validate", self.custom_validate.is_some(), "functions of Python's are not called");
        wrong(
            "user_allowed_roles",
            self.user_allowed_roles.is_some() != self.user_roles_jwt_field.is_some(),
            "goes with user_roles_jwt_field, and only with it",
        );
        wrong(
            "object_id_jwt_field",
            self.object_id_jwt_field.is_some() && self.role_mappings.is_empty(),
            "needs role_mappings, which say whether it names a user or a team",
        );
        wrong(
            "scope_mappings",
            self.scope_mappings.is_empty() == self.enforce_scope_based_access,
            "goes with enforce_scope_based_access, and only with it",
        );
        wrong(
            "role_mappings",
            !self.role_mappings.is_empty() && self.roles_jwt_field.is_none(),
            "needs roles_jwt_field",
        );
        for (name, seconds) in [
            ("public_key_ttl", self.public_key_ttl),
            ("public_key_stale_ttl", self.public_key_stale_ttl),
            ("leeway", self.leeway),
        ] {
            wrong(name, !(0.0..=1e9).contains(&seconds), "is no number of seconds");
        }
        for (place, issuer) in self.issuers.iter().enumerate() {
            let at = |name: &str| format!("issuers[{place}].{name}");
            wrong(&at("issuer"), issuer.issuer.is_empty(), "is needed");
            wrong(
                &at("audience"),
                issuer.audience.0.is_empty() != issuer.disable_audience_validation,
                "is needed, unless disable_audience_validation is true; not both",
            );
            let twice = self.issuers.iter().filter(|other| other.issuer == issuer.issuer).count() > 1;
            wrong(&at("issuer"), twice, "stands twice");
        }
        problems
    }
}
