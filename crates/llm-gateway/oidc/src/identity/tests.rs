use serde_json::{Value, json};

use super::*;

fn claims(value: Value) -> Claims {
    Claims::from_map(serde_json::from_value(value).unwrap())
}

fn settings(value: Value) -> JwtSettings {
    let settings: JwtSettings = serde_json::from_value(value).unwrap();
    assert_eq!(settings.problems(), []);
    settings
}

fn identity(of: Value, by: Value) -> Result<Identity, TokenError> {
    Identity::of(&claims(of), &settings(by), None, &[])
}

#[test]
fn users_teams_and_the_rest_are_where_the_settings_say() {
    let identity = identity(
        json!({"sub": "anna", "email": "anna@example.com", "ctx": {"team": "red", "teams": ["blue", "red", 7]},
               "org": "acme", "customer": 12, "azp": "app"}),
        json!({"user_id_jwt_field": "sub", "user_email_jwt_field": "email", "team_id_jwt_field": "ctx.team",
               "team_ids_jwt_field": "ctx.teams", "org_id_jwt_field": "org", "end_user_id_jwt_field": "customer",
               "virtual_key_claim_field": "azp", "team_id_default": "rest"}),
    )
    .unwrap();
    assert_eq!(identity.user_id, Some("anna".into()));
    assert_eq!(identity.teams, ["red".into(), "blue".into(), "7".into()]);
    assert_eq!(identity.organization_id, Some("acme".into()));
    assert_eq!(identity.end_user_id, Some("12".into()));
    assert_eq!(identity.client_id.as_deref(), Some("app"));
    assert_eq!(identity.role, Some(Role::InternalUser));
    assert!(identity.routes.is_empty() && identity.models.is_empty());
}

#[test]
fn an_issuers_claims_are_its_own() {
    let settings = settings(json!({"user_id_jwt_field": "sub", "org_id_jwt_field": "org"}));
    let issuer = IssuerSettings { user_id_jwt_field: Some("oid".to_owned()), ..IssuerSettings::default() };
    let claims = claims(json!({"sub": "s", "oid": "o", "org": "acme"}));
    let identity = Identity::of(&claims, &settings, Some(&issuer), &[]).unwrap();
    assert_eq!((identity.user_id, identity.organization_id), (Some("o".into()), Some("acme".into())));
}

#[test]
fn roles() {
    let by_scope = |scope: &str| {
        identity(json!({"scope": scope, "sub": "anna"}), json!({"user_id_jwt_field": "sub"})).unwrap()
    };
    let admin = by_scope("openid litellm_proxy_admin");
    assert_eq!(admin.role, Some(Role::ProxyAdmin));
    assert!(admin.routes[0].contains(&"management_routes".to_owned()));
    assert_eq!(by_scope("litellm_proxy_administrator").role, Some(Role::InternalUser));

    let nobody = identity(json!({"sub": "anna"}), json!({})).unwrap();
    assert_eq!((nobody.role, nobody.routes), (None, vec![vec!["public_routes".to_owned()]]));
    assert!(identity(json!({"sub": "anna"}), json!({"enforce_rbac": true})).is_err());
    let team = identity(json!({"t": "red"}), json!({"team_id_jwt_field": "t"})).unwrap();
    assert_eq!((team.role, team.routes.len()), (Some(Role::Team), 1));

    let allowed = json!({"user_roles_jwt_field": "roles", "user_allowed_roles": ["basic"]});
    assert_eq!(
        identity(json!({"roles": ["x", "basic"]}), allowed.clone()).unwrap().role,
        Some(Role::InternalUser)
    );
    assert_eq!(identity(json!({"roles": "basic"}), allowed.clone()).unwrap().role, Some(Role::InternalUser));
    for roles in [json!(["x"]), json!("basic2"), json!(null), json!({"basic": true})] {
        assert!(identity(json!({"roles": roles}), allowed.clone()).is_err());
    }

    let mapped = json!({"roles_jwt_field": "r", "object_id_jwt_field": "oid",
        "role_mappings": [{"role": "Team", "internal_role": "team"}, {"role": "User", "internal_role": "internal_user"}]});
    let of = |role: &str| identity(json!({"r": [role], "oid": "x"}), mapped.clone()).unwrap();
    assert_eq!((of("Team").role, of("Team").teams), (Some(Role::Team), vec!["x".into()]));
    assert_eq!((of("User").role, of("User").user_id), (Some(Role::InternalUser), Some("x".into())));
    assert_eq!((of("Other").role, of("Other").user_id), (None, None));

    let map = json!({"user_roles_jwt_field": "r", "user_allowed_roles": ["admins-eu", "x"],
        "jwt_litellm_role_map": [{"jwt_role": "admins-*", "litellm_role": "proxy_admin_viewer"}]});
    let user = identity(json!({"r": ["admins-eu"]}), map.clone()).unwrap();
    assert_eq!((user.role, user.user_role), (Some(Role::InternalUser), Some(Role::ProxyAdminViewer)));
    assert_eq!(identity(json!({"r": ["x"]}), map).unwrap().user_role, None);
}

#[test]
fn scopes_bound_models_and_routes() {
    let by = json!({"user_id_jwt_field": "sub", "enforce_scope_based_access": true, "scope_mappings": [
        {"scope": "chat", "models": ["gpt-4o"], "routes": ["/v1/chat/completions"]},
        {"scope": "embed", "models": ["ada"], "routes": ["/v1/embeddings"]},
        {"scope": "models", "routes": ["/v1/models"]},
    ]});
    let of = |scope: &str| identity(json!({"sub": "anna", "scope": scope}), by.clone());
    assert!(of("openid").is_err());
    let both = of("chat embed").unwrap();
    assert_eq!(both.models, [["gpt-4o", "ada"]]);
    assert_eq!(both.routes, [["/v1/chat/completions", "/v1/embeddings"]]);
    assert!(of("chat models").unwrap().models.is_empty(), "one scope says nothing of models");
    let permissions: Vec<RolePermissions> =
        serde_json::from_value(json!([{"role": "internal_user", "models": ["claude"]}])).unwrap();
    let bounded =
        Identity::of(&claims(json!({"sub": "anna", "scope": "chat"})), &settings(by), None, &permissions);
    assert_eq!(bounded.unwrap().models, [["claude"], ["gpt-4o"]]);
}

#[test]
fn addresses_of_other_domains_stay_out() {
    let by = json!({"user_email_jwt_field": "email", "user_allowed_email_domain": "example.com"});
    for (email, expected) in [
        (json!("anna@example.com"), true),
        (json!("anna@EXAMPLE.com"), true),
        (json!("anna@evil.example.com"), false),
        (json!("anna@example.com.evil"), false),
        (json!("anna@evilexample.com"), false),
        (json!("anna@example.com@evil"), false),
        (json!("example.com"), false),
        (json!(null), false),
        (json!(["anna@example.com"]), false),
    ] {
        assert_eq!(identity(json!({"email": email}), by.clone()).is_ok(), expected, "{email}");
    }
}

#[test]
fn claims_of_other_types_are_not_taken_for_missing_ones() {
    let by = json!({"user_id_jwt_field": "sub", "team_id_jwt_field": "t"});
    for sub in [json!(["anna"]), json!({"id": "anna"}), json!(true), json!(1.5), json!("")] {
        assert_eq!(
            identity(json!({"sub": sub, "t": "red"}), by.clone()),
            Err(TokenError::Claim { claim: "sub".to_owned() }),
            "else a user would be a team"
        );
    }
}

#[test]
fn settings_that_make_no_sense_are_told() {
    for (by, place) in [
        (json!({"custom_validate": "a.b"}), "custom_validate"),
        (json!({"user_allowed_roles": ["x"]}), "user_allowed_roles"),
        (json!({"object_id_jwt_field": "x"}), "object_id_jwt_field"),
        (json!({"enforce_scope_based_access": true}), "scope_mappings"),
        (json!({"scope_mappings": [{"scope": "x"}]}), "scope_mappings"),
        (json!({"leeway": -1}), "leeway"),
        (json!({"issuers": [{"issuer": "x"}]}), "issuers[0].audience"),
        (json!({"issuers": [{"audience": ["x"]}]}), "issuers[0].issuer"),
        (
            json!({"issuers": [{"issuer": "x", "audience": "y", "disable_audience_validation": true}]}),
            "issuers[0].audience",
        ),
    ] {
        let settings: JwtSettings = serde_json::from_value(by).unwrap();
        let places: Vec<_> = settings.problems().into_iter().map(|problem| problem.place).collect();
        assert_eq!(places, [place]);
    }
    assert!(serde_json::from_value::<JwtSettings>(json!({"user_id_jwt_feild": "x"})).is_err());
    assert_eq!(JwtSettings::default().problems(), []);
}

#[test]
fn bounds_are_for_keys_as_well() {
    use llm_tenancy::{Access, KeyHash, ModelView, Records, Route, Stamp, VirtualKey, Wanted, groups_of};

    let key = VirtualKey::new(KeyHash::of("a token"), "token", Stamp::default());
    let access = |identity: &Identity| {
        let mut access = Access::compile(&Records::of(&key));
        identity.bounds().for_each(|grants| access.narrow(&grants, &[]));
        access
    };
    let asks = |access: &Access, name| {
        access.check_model(&Wanted { name, view: Some(ModelView::default()) }).is_ok()
    };
    let route =
        |template: &'static str| Route { template, path: template, groups: groups_of("POST", template) };
    let all = access(&Identity::default());
    assert!(asks(&all, "gpt-4o") && all.check_route(&route("/v1/embeddings")).is_ok());
    let some = Identity {
        models: vec![vec!["gpt-4o".to_owned(), "o3".to_owned()], vec!["o3".to_owned()]],
        routes: vec![vec!["/v1/embeddings".to_owned()]],
        ..Identity::default()
    };
    let some = access(&some);
    assert!(asks(&some, "o3") && !asks(&some, "gpt-4o"), "each list must allow it");
    assert!(some.check_route(&route("/v1/embeddings")).is_ok());
    assert!(some.check_route(&route("/v1/chat/completions")).is_err());
    let none = access(&Identity { models: vec![vec![]], routes: vec![vec![]], ..Identity::default() });
    assert!(!asks(&none, "gpt-4o") && none.check_route(&route("/v1/embeddings")).is_err());
}
