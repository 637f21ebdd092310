use std::fmt::Write as _;

use super::*;
use crate::{KeyHash, KeyType, Organization, Project, Role, Stamp, Team, TeamRole, User, UserId, VirtualKey};

fn membership(team: &str, role: TeamRole, permissions: Option<&[&str]>) -> Membership {
    let permissions = permissions.map(|list| list.iter().map(|it| (*it).to_owned()).collect());
    Membership { team_id: team.into(), role, permissions }
}

fn somebody(role: Role) -> Manager {
    Manager {
        role: Some(role),
        user_id: Some("me".into()),
        key: Some(KeyHash::of("my key")),
        ..Manager::default()
    }
}

/// Everybody who may ask. The tenant is organisation `own`, with team `own`; `foreign` is somebody else's.
fn everybody() -> Vec<(&'static str, Manager)> {
    let user = || somebody(Role::InternalUser);
    let in_own = |role| vec![("own".into(), role)];
    vec![
        ("proxy_admin", Manager::master()),
        ("proxy_admin_viewer", somebody(Role::ProxyAdminViewer)),
        (
            "org_admin",
            Manager { organizations: in_own(Role::OrgAdmin), role: Some(Role::OrgAdmin), ..user() },
        ),
        ("team_admin", Manager { teams: vec![membership("own", TeamRole::Admin, None)], ..user() }),
        (
            "permitted member",
            Manager {
                teams: vec![membership(
                    "own",
                    TeamRole::User,
                    Some(&["/key/generate", "/key/update", "/key/list"]),
                )],
                ..user()
            },
        ),
        (
            "member",
            Manager {
                teams: vec![membership("own", TeamRole::User, None)],
                organizations: in_own(Role::InternalUser),
                ..user()
            },
        ),
        ("internal_user", user()),
        (
            "viewer, team admin",
            Manager {
                teams: vec![membership("own", TeamRole::Admin, None)],
                organizations: in_own(Role::OrgAdmin),
                ..somebody(Role::InternalUserViewer)
            },
        ),
        ("internal_user_viewer", somebody(Role::InternalUserViewer)),
        (
            "bare team key",
            Manager {
                role: None,
                user_id: None,
                key: Some(KeyHash::of("my key")),
                key_team: Some("own".into()),
                ..Manager::default()
            },
        ),
        (
            "bare key",
            Manager { role: None, user_id: None, key: Some(KeyHash::of("my key")), ..Manager::default() },
        ),
        ("customer", Manager { key: None, ..somebody(Role::Customer) }),
    ]
}

/// What a scope reaches, in a few letters.
fn shown(scope: &Scope) -> String {
    if scope.all {
        return "all".to_owned();
    }
    if scope.is_nothing() {
        return "-".to_owned();
    }
    let mut parts = Vec::new();
    for (is_there, name) in [
        (!scope.organizations.is_empty(), "org"),
        (!scope.teams.is_empty(), "team"),
        (scope.user.is_some(), "me"),
        (scope.user.is_some() && !scope.user_in_teams.is_empty(), "mine-in-team"),
        (scope.key.is_some(), "key"),
        (scope.shared, "shared"),
    ] {
        if is_there {
            parts.push(name);
        }
    }
    parts.join("+")
}

#[test]
fn the_matrix() {
    let mut table = String::new();
    for (name, manager) in everybody() {
        writeln!(table, "## {name}").unwrap();
        for resource in Resource::ALL {
            let cells: Vec<String> = Verb::ALL
                .into_iter()
                .map(|verb| (verb, shown(&manager.scope(resource, verb))))
                .filter(|(_, reach)| reach != "-")
                .map(|(verb, reach)| format!("{verb:?}:{reach}"))
                .collect();
            if !cells.is_empty() {
                writeln!(table, "{resource:?}  {}", cells.join("  ")).unwrap();
            }
        }
    }
    insta::assert_snapshot!(table);
}

const VERBS: [Verb; 9] = Verb::ALL;

/// Places of the own and of a foreign tenant, each with whether it is foreign.
fn places() -> Vec<(&'static str, bool)> {
    vec![("own", false), ("foreign", true)]
}

#[test]
fn every_route_times_everybody_times_own_and_foreign() {
    for route in ROUTES {
        for (name, manager) in everybody() {
            let scope = manager.scope(route.resource, route.verb);
            for (tenant, is_foreign) in places() {
                let (organization, team, user) = (tenant.into(), tenant.into(), UserId::new("they"));
                let key = KeyHash::of(tenant);
                // A record of the team of that tenant, and one of the organisation alone.
                for team in [Some(&team), None] {
                    let place =
                        Place { organization: Some(&organization), team, user: Some(&user), key: Some(&key) };
                    let is_admin = manager.role == Some(Role::ProxyAdmin)
                        || manager.role == Some(Role::ProxyAdminViewer) && !route.verb.acts();
                    if is_foreign {
                        assert_eq!(
                            scope.holds(&place),
                            is_admin,
                            "{name} at a foreign {} {}",
                            route.method,
                            route.path
                        );
                    } else if is_admin {
                        assert!(scope.holds(&place), "{name} {}", route.path);
                    }
                    if manager.role.is_none_or(Role::is_viewer)
                        && route.verb.acts()
                        && route.verb != Verb::Check
                    {
                        assert!(scope.is_nothing(), "{name} {}", route.path);
                    }
                }
            }
        }
    }
}

#[test]
fn who_only_looks_never_acts() {
    for (name, manager) in everybody() {
        if !manager.role.is_some_and(Role::is_viewer) {
            continue;
        }
        for resource in Resource::ALL {
            for verb in VERBS.into_iter().filter(|verb| verb.acts()) {
                assert_eq!(manager.scope(resource, verb), Scope::default(), "{name} {verb:?} {resource:?}");
            }
        }
    }
}

#[test]
fn the_rows_of_the_table_grow_with_the_rank() {
    for resource in Resource::ALL {
        let row = rights(resource);
        assert!(row.viewer.within(Verbs::LOOK), "{resource:?}");
        assert!(row.viewer.within(row.own), "{resource:?}");
        assert!(row.team_admin.within(row.org_admin), "{resource:?}");
    }
}

proptest::proptest! {
    /// Whoever is in less, or less there, reaches no further.
    #[test]
    fn less_is_never_more(
        resource in 0_usize..17,
        verb in 0_usize..9,
        organizations in proptest::collection::vec((0_u8..3, 0_usize..2), 0..3),
        teams in proptest::collection::vec((0_u8..3, proptest::bool::ANY, proptest::bool::ANY), 0..3),
        place in (proptest::option::of(0_u8..3), proptest::option::of(0_u8..3), proptest::bool::ANY),
        dropped in 0_usize..6,
    ) {
        let (resource, verb) = (Resource::ALL[resource], Verb::ALL[verb]);
        let roles = [Role::OrgAdmin, Role::InternalUser];
        let whole = Manager {
            organizations: organizations.iter().map(|(id, role)| (id.to_string().into(), roles[*role])).collect(),
            teams: teams
                .iter()
                .map(|(id, admin, permitted)| membership(
                    &id.to_string(),
                    if *admin { TeamRole::Admin } else { TeamRole::User },
                    permitted.then_some(&["/key/generate", "/key/list"][..]),
                ))
                .collect(),
            ..somebody(Role::InternalUser)
        };
        let mut less = whole.clone();
        match dropped {
            0 => { less.organizations.pop(); }
            1 => { less.teams.pop(); }
            2 => less.teams.iter_mut().for_each(|it| it.role = TeamRole::User),
            3 => less.teams.iter_mut().for_each(|it| it.permissions = None),
            4 => less.organizations.iter_mut().for_each(|it| it.1 = Role::InternalUser),
            _ => less.role = Some(Role::InternalUserViewer),
        }
        let organization = place.0.map(|id| id.to_string().into());
        let team = place.1.map(|id| id.to_string().into());
        let me: UserId = "me".into();
        let at = Place { organization: organization.as_ref(), team: team.as_ref(), user: place.2.then_some(&me), key: None };
        if less.scope(resource, verb).holds(&at) {
            proptest::prop_assert!(whole.scope(resource, verb).holds(&at));
        }
        proptest::prop_assert!(less.rank(&at) <= whole.rank(&at));
        proptest::prop_assert!(Manager::master().scope(resource, verb).holds(&at));
    }
}

#[test]
fn routes_are_found_by_their_templates() {
    assert_eq!(route("POST", "/key/{id}/regenerate").map(|it| it.verb), Some(Verb::Rotate));
    assert_eq!(route("GET", "/key/generate"), None);
    assert_eq!(route("POST", "/key/{id}/regenerate/x"), None);
    for (place, one) in ROUTES.iter().enumerate() {
        let first = ROUTES.iter().position(|it| (it.method, it.path) == (one.method, one.path));
        assert_eq!(first, Some(place), "{} {} stands twice", one.method, one.path);
        assert!(one.verb.acts() || one.method != "DELETE", "{}", one.path);
        assert!(!one.verb.acts() || one.method != "GET" || one.path == "/health", "{} acts on GET", one.path);
    }
}

fn key(change: impl FnOnce(&mut VirtualKey)) -> VirtualKey {
    let mut key = VirtualKey::new(KeyHash::of("a key"), "sk-...", Stamp::default());
    key.user_id = Some("me".into());
    change(&mut key);
    key
}

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|it| (*it).to_owned()).collect()
}

#[test]
fn nobody_makes_a_key_for_a_foreign_team() {
    let member = Manager {
        teams: vec![membership("own", TeamRole::User, Some(&["/key/generate"]))],
        ..somebody(Role::InternalUser)
    };
    let scope = member.scope(Resource::Key, Verb::Create);
    let (own, foreign, me, they) = ("own".into(), "foreign".into(), "me".into(), "they".into());
    for (team, organization, user, expected) in [
        (None, None, &me, true),
        (Some(&own), None, &me, true),
        (Some(&own), None, &they, false),
        (None, None, &they, false),
        (Some(&foreign), None, &me, false),
    ] {
        assert_eq!(scope.holds(&Place { team, organization, user: Some(user), key: None }), expected);
    }
    let organization = "foreign".into();
    let place = Place { organization: Some(&organization), user: Some(&me), ..Place::default() };
    assert!(!scope.holds(&place), "nor one that a foreign organisation pays for");
    let unpermitted = Manager { teams: vec![membership("own", TeamRole::User, None)], ..member };
    let place = Place { team: Some(&own), user: Some(&me), ..Place::default() };
    assert!(!unpermitted.scope(Resource::Key, Verb::Create).holds(&place));
}

#[test]
fn a_key_is_where_its_team_is_whatever_it_claims() {
    let mut foreign = Team::new("foreign".into(), Stamp::default());
    foreign.organization_id = Some("foreign".into());
    let org_admin =
        Manager { organizations: vec![("own".into(), Role::OrgAdmin)], ..somebody(Role::OrgAdmin) };
    let scope = org_admin.scope(Resource::Key, Verb::Create);
    let claimed = key(|key| {
        key.user_id = None;
        key.team_id = Some("foreign".into());
        key.organization_id = Some("own".into());
    });
    for team in [None, Some(&foreign), Some(&Team { team_id: "other".into(), ..foreign.clone() })] {
        let place = Place::of_key(&claimed, team);
        assert!(!scope.holds(&place));
        assert_eq!(org_admin.rank(&place), Rank::Stranger);
        assert!(org_admin.check_key(&claimed, None, &Ceiling { team, ..Ceiling::default() }).is_err());
    }
    let moved = Team { organization_id: Some("own".into()), ..foreign };
    assert!(scope.holds(&Place::of_key(&claimed, Some(&moved))));
    assert!(scope.holds(&Place::of_team(&moved)));
}

#[test]
fn nobody_grants_models_beyond_the_own() {
    let mut team = Team::new("own".into(), Stamp::default());
    team.grants.models = words(&["gpt-*", "claude-opus"]);
    let user: User = serde_json::from_str(r#"{"user_id": "me", "grants": {"models": ["o3"]}}"#).unwrap();
    let organization: Organization =
        serde_json::from_str(r#"{"organization_id": "own", "grants": {"models": ["gpt-*"]}}"#).unwrap();
    let me = somebody(Role::InternalUser);
    let admin = Manager { teams: vec![membership("own", TeamRole::Admin, None)], ..me.clone() };
    let of_team = |models: &[&str]| {
        key(|key| {
            key.team_id = Some("own".into());
            key.grants.models = words(models);
        })
    };
    let in_team = Ceiling { team: Some(&team), user: Some(&user), ..Ceiling::default() };
    for (models, expected) in [
        (&[][..], true),
        (&["gpt-4o"], true),
        (&["gpt-4*"], true),
        (&["all-team-models"], true),
        (&["o3"], false),
        (&["*"], false),
        (&["all-proxy-models"], false),
        (&["claude-*"], false),
    ] {
        for manager in [&me, &admin] {
            assert_eq!(manager.check_key(&of_team(models), None, &in_team).is_ok(), expected, "{models:?}");
        }
        assert!(Manager::master().check_key(&of_team(models), None, &in_team).is_ok());
    }
    let personal = key(|key| key.grants.models = words(&["o3"]));
    let ceiling = Ceiling { user: Some(&user), ..Ceiling::default() };
    assert!(me.check_key(&personal, None, &ceiling).is_ok());
    let personal = key(|key| key.grants.models = words(&["gpt-4o"]));
    assert!(me.check_key(&personal, None, &ceiling).is_err());
    let wide = of_team(&["o3"]);
    let renamed = VirtualKey { key_alias: Some("ci".to_owned()), ..wide.clone() };
    assert_eq!(admin.check_key(&renamed, Some(&wide), &in_team), Ok(()), "it was given before");
    let moved = VirtualKey { team_id: None, ..wide.clone() };
    assert!(admin.check_key(&wide, Some(&moved), &in_team).is_err(), "but not in this team");
    let above = Ceiling { organization: Some(&organization), ..in_team };
    assert!(me.check_key(&of_team(&["claude-opus"]), None, &above).is_err());
    let claimed = key(|key| {
        key.team_id = Some("own".into());
        key.organization_id = Some("rich".into());
    });
    assert!(admin.check_key(&claimed, None, &in_team).is_err(), "the team's organisation is not another one");
}

#[test]
fn owners_only_narrow() {
    let me = somebody(Role::InternalUser);
    let before = key(|key| {
        key.grants.models = words(&["gpt-*"]);
        key.grants.allowed_routes = words(&["/v1/*"]);
        key.grants.allowed_ips = vec!["10.0.0.0/8".parse().unwrap()];
        key.limits.max_budget = "10".parse().ok();
        key.limits.budget_duration = "30d".parse().ok();
        key.limits.rpm_limit = Some(10);
        key.limits.model_rpm_limit.insert("gpt-4o".to_owned(), 5);
        key.expires_at = Some(llm_types::UnixMs(1_000));
        key.conduct.guardrails = words(&["pii"]);
    });
    type Change = fn(&mut VirtualKey);
    let changes: [(&str, Change, bool); 24] = [
        ("nothing", |_| {}, true),
        ("a name", |key| key.key_alias = Some("x".to_owned()), true),
        ("fewer models", |key| key.grants.models = words(&["gpt-4o"]), true),
        ("more models", |key| key.grants.models = words(&["*"]), false),
        ("all models", |key| key.grants.models.clear(), false),
        ("a group more", |key| key.grants.access_group_ids.push("g".into()), false),
        ("fewer routes", |key| key.grants.allowed_routes = words(&["/v1/models"]), true),
        ("more routes", |key| key.grants.allowed_routes.push("/key/*".to_owned()), false),
        ("all routes", |key| key.grants.allowed_routes.clear(), false),
        ("fewer addresses", |key| key.grants.allowed_ips = vec!["10.1.0.0/16".parse().unwrap()], true),
        ("more addresses", |key| key.grants.allowed_ips = vec!["0.0.0.0/0".parse().unwrap()], false),
        ("a smaller budget", |key| key.limits.max_budget = "9.99".parse().ok(), true),
        ("a larger budget", |key| key.limits.max_budget = "10.01".parse().ok(), false),
        ("no budget", |key| key.limits.max_budget = None, false),
        ("a budget sooner anew", |key| key.limits.budget_duration = "1d".parse().ok(), false),
        (
            "a temporary increase",
            |key| {
                key.limits.temp_budget = Some(crate::TemporaryBudget {
                    increase: "1".parse().unwrap(),
                    expires_at: llm_types::UnixMs(9),
                });
            },
            false,
        ),
        ("fewer requests", |key| key.limits.rpm_limit = Some(1), true),
        ("no bound of requests", |key| key.limits.rpm_limit = None, false),
        ("no bound for a model", |key| key.limits.model_rpm_limit.clear(), false),
        ("a longer life", |key| key.expires_at = None, false),
        ("no guardrail", |key| key.conduct.guardrails.clear(), false),
        ("another guardrail", |key| key.conduct.guardrails.push("toxicity".to_owned()), true),
        (
            "another permission",
            |key| {
                key.conduct.permissions.insert("get_spend_routes".to_owned(), true.into());
            },
            false,
        ),
        ("nothing spent", |key| key.spending.spend = "-1".parse().unwrap(), false),
    ];
    for (name, change, expected) in changes {
        let mut after = before.clone();
        change(&mut after);
        let checked = me.check_key(&after, Some(&before), &Ceiling::default());
        assert_eq!(checked.is_ok(), expected, "{name}: {checked:?}");
        assert!(Manager::master().check_key(&after, Some(&before), &Ceiling::default()).is_ok(), "{name}");
    }
    let blocked = key(|key| key.blocked = true);
    assert!(
        me.check_key(&key(|_| {}), Some(&blocked), &Ceiling::default()).is_err(),
        "who was blocked stays so"
    );
}

#[test]
fn nobody_gives_a_role_that_is_not_his_to_give() {
    let org_admin =
        Manager { organizations: vec![("own".into(), Role::OrgAdmin)], ..somebody(Role::OrgAdmin) };
    for role in Role::ALL {
        let is_user = matches!(role, Role::InternalUser | Role::InternalUserViewer);
        assert_eq!(org_admin.may_give_role(role), is_user, "{role:?}");
        assert!(!somebody(Role::InternalUser).may_give_role(role));
        assert!(!somebody(Role::OrgAdmin).may_give_role(role), "an admin of no organisation");
        assert!(!somebody(Role::ProxyAdminViewer).may_give_role(role));
        let in_org = is_user || role == Role::OrgAdmin;
        assert_eq!(org_admin.may_give_role_in(role, &"own".into()), in_org);
        assert!(!org_admin.may_give_role_in(role, &"foreign".into()));
    }
    let me = User::new("me".into(), Role::InternalUser, Stamp::default());
    let manager = somebody(Role::InternalUser);
    let renamed = User { user_alias: Some("I".to_owned()), ..me.clone() };
    assert_eq!(manager.check_user(&renamed, Some(&me)), Ok(()));
    let risen = User { user_role: Role::ProxyAdmin, ..me.clone() };
    assert_eq!(manager.check_user(&risen, Some(&me)), Err(Forbidden::Role { role: Role::ProxyAdmin }));
    let mut rich = me.clone();
    rich.limits.max_budget = "1000".parse().ok();
    assert!(manager.check_user(&rich, Some(&me)).is_err());
    let mut unbounded = User { limits: rich.limits.clone(), ..me.clone() };
    unbounded.limits.max_budget = None;
    assert!(manager.check_user(&unbounded, Some(&rich)).is_err());
    assert_eq!(Manager::master().check_user(&risen, Some(&me)), Ok(()));
}

#[test]
fn what_bounds_a_team_is_for_those_above_it() {
    let mut team = Team::new("own".into(), Stamp::default());
    team.organization_id = Some("own".into());
    team.limits.max_budget = "10".parse().ok();
    let team_admin =
        Manager { teams: vec![membership("own", TeamRole::Admin, None)], ..somebody(Role::InternalUser) };
    let org_admin =
        Manager { organizations: vec![("own".into(), Role::OrgAdmin)], ..somebody(Role::OrgAdmin) };
    let mut richer = team.clone();
    richer.limits.max_budget = "11".parse().ok();
    assert!(team_admin.check_team(&richer, Some(&team), None).is_err());
    assert_eq!(org_admin.check_team(&richer, Some(&team), None), Ok(()));
    let renamed = Team { team_alias: Some("x".to_owned()), ..team.clone() };
    assert_eq!(team_admin.check_team(&renamed, Some(&team), None), Ok(()));
    let moved = Team { organization_id: Some("foreign".into()), ..team.clone() };
    assert!(org_admin.check_team(&moved, Some(&team), None).is_err());
    assert!(team_admin.check_team(&moved, Some(&team), None).is_err());
    let stolen = Team { organization_id: Some("foreign".into()), ..team.clone() };
    assert!(org_admin.check_team(&team, Some(&stolen), None).is_err(), "nor brought in from elsewhere");
    let organization: Organization =
        serde_json::from_str(r#"{"organization_id": "own", "grants": {"models": ["gpt-*"]}}"#).unwrap();
    let mut wide = team.clone();
    wide.grants.models = words(&["o3"]);
    assert!(org_admin.check_team(&wide, None, Some(&organization)).is_err());
    assert!(somebody(Role::InternalUser).check_team(&team, None, None).is_err());
}

#[test]
fn members_of_records_have_a_least_rank() {
    let own: UserId = "me".into();
    let team = "own".into();
    let mine = Place { user: Some(&own), ..Place::default() };
    let ours = Place { team: Some(&team), ..Place::default() };
    let me = somebody(Role::InternalUser);
    let admin = Manager { teams: vec![membership("own", TeamRole::Admin, None)], ..me.clone() };
    use crate::Kind::{Key, Team as TeamKind, User as UserKind};
    for (kind, field, by_owner, by_team_admin) in [
        (Key, "key_alias", true, true),
        (Key, "max_budget", true, true),
        (Key, "spend", false, false),
        (Key, "temp_budget_increase", false, true),
        (Key, "permissions", false, false),
        (Key, "throttle_on_budget_exceeded", false, false),
        (Key, "no_such_member", false, false),
        (TeamKind, "team_alias", false, true),
        (TeamKind, "max_budget", false, false),
        (TeamKind, "models", false, false),
        (UserKind, "user_alias", true, true),
        (UserKind, "max_budget", false, false),
        (UserKind, "user_role", false, false),
        (UserKind, "models", false, false),
    ] {
        assert_eq!(me.may_set(kind, field, &mine), by_owner, "{kind:?} {field}");
        assert_eq!(admin.may_set(kind, field, &ours), by_team_admin, "{kind:?} {field}");
        assert!(Manager::master().may_set(kind, field, &mine));
        assert!(!somebody(Role::ProxyAdminViewer).may_set(kind, field, &mine));
        assert!(!me.may_set(kind, field, &ours));
    }
    assert!(me.may_set_metadata("colour", &mine));
    assert!(!me.may_set_metadata("logging", &mine));
    assert!(admin.may_set_metadata("logging", &ours));
    assert_eq!(KeyType::ReadOnly.allowed_routes(), ["info_routes"]);
}

#[test]
fn tenants_make_the_gateway_read_nothing_of_its_own() {
    let admin =
        Manager { teams: vec![membership("own", TeamRole::Admin, None)], ..somebody(Role::InternalUser) };
    let model = |params: serde_json::Value, secrets: &[&str], team: Option<&str>| -> crate::StoredModel {
        let secrets: serde_json::Map<String, serde_json::Value> = secrets
            .iter()
            .map(|name| ((*name).to_owned(), serde_json::json!({"key_id": "1", "text": "x"})))
            .collect();
        let mut model = serde_json::json!({"model_id": "m", "model_name": "own/gpt", "params": params, "secrets": secrets});
        if let Some(team) = team {
            model["owner"] = serde_json::json!({ "team": team });
        }
        serde_json::from_value(model).unwrap()
    };
    let good = serde_json::json!({"model": "openai/gpt-4o", "api_base": "https://example.com"});
    let check = |manager: &Manager, model: &crate::StoredModel| {
        let team = match &model.owner {
            Some(crate::Owner::Team(team)) => Some(team),
            _ => None,
        };
        manager.check_model(model, &Place { team, ..Place::default() })
    };
    assert_eq!(check(&admin, &model(good.clone(), &["api_key"], Some("own"))), Ok(()));
    let mut by_credential = model(good.clone(), &[], Some("own"));
    by_credential.credential_id = Some("c1".into());
    assert_eq!(check(&admin, &by_credential), Ok(()));
    let elsewhere = Place { team: Some(&"other".into()), ..Place::default() };
    assert!(Manager::master().check_model(&by_credential, &elsewhere).is_err());
    for (params, secrets, team) in [
        (good.clone(), &["api_key"][..], Some("foreign")),
        (good.clone(), &["api_key"], None),
        (good.clone(), &[], Some("own")),
        (
            serde_json::json!({"model": "openai/x", "api_base": "https://x/os.environ/OPENAI_API_KEY"}),
            &["api_key"],
            Some("own"),
        ),
        (
            serde_json::json!({"model": "x", "extra_headers": {"a": "Bearer os.environ/X"}}),
            &["api_key"],
            Some("own"),
        ),
        (serde_json::json!({"model": "x", "organization": "file:/etc/passwd"}), &["api_key"], Some("own")),
        (
            serde_json::json!({"model": "vertex_ai/x", "vertex_credentials": "/etc/key.json"}),
            &["api_key"],
            Some("own"),
        ),
        (serde_json::json!({"model": "bedrock/x", "aws_profile_name": "admin"}), &["api_key"], Some("own")),
        (good.clone(), &["api_key", "aws_web_identity_token"], Some("own")),
    ] {
        let refused = check(&admin, &model(params.clone(), secrets, team));
        assert!(refused.is_err(), "{params} {secrets:?} {team:?}");
        assert_eq!(check(&Manager::master(), &model(params, secrets, team)), Ok(()));
    }
    let logging = key(|key| {
        key.team_id = Some("own".into());
        let vars =
            serde_json::json!([{"callback_vars": {"langfuse_secret": "os.environ/LLM_GATEWAY_MASTER_KEY"}}]);
        key.metadata.insert("logging".to_owned(), vars);
    });
    let team = Team::new("own".into(), Stamp::default());
    let ceiling = Ceiling { team: Some(&team), ..Ceiling::default() };
    assert!(admin.check_key(&logging, None, &ceiling).is_err());
    let renamed = VirtualKey { key_alias: Some("ci".to_owned()), ..logging.clone() };
    assert_eq!(admin.check_key(&renamed, Some(&logging), &ceiling), Ok(()), "a proxy admin has put it there");
    let quiet = key(|key| key.team_id = Some("own".into()));
    assert_eq!(admin.check_key(&quiet, None, &ceiling), Ok(()));
    assert!(Manager::master().check_key(&logging, None, &Ceiling::default()).is_ok());
}

#[test]
fn a_project_is_within_its_team() {
    let mut team = Team::new("own".into(), Stamp::default());
    team.grants.models = words(&["gpt-*"]);
    let project = |models: &[&str], metadata: serde_json::Value| {
        let json = serde_json::json!({
            "project_id": "p", "team_id": "own", "grants": {"models": models}, "metadata": metadata,
        });
        serde_json::from_value::<Project>(json).unwrap()
    };
    let mut lead = somebody(Role::InternalUser);
    lead.teams = vec![membership("own", TeamRole::Admin, None)];
    let mut member = somebody(Role::InternalUser);
    member.teams = vec![membership("own", TeamRole::User, None)];
    let none = serde_json::json!({});
    let fits = project(&["gpt-4o"], none.clone());
    assert_eq!(lead.check_project(&fits, &team), Ok(()));
    assert!(matches!(member.check_project(&fits, &team), Err(Forbidden::Field { .. })));
    let beyond = project(&["o3"], none);
    assert!(matches!(lead.check_project(&beyond, &team), Err(Forbidden::Model { .. })));
    assert_eq!(Manager::master().check_project(&beyond, &team), Ok(()));
    let refers = project(&["gpt-4o"], serde_json::json!({"a": ["os.environ/HOME"]}));
    assert!(matches!(lead.check_project(&refers, &team), Err(Forbidden::Field { .. })));
}

#[test]
fn admins_of_organizations_make_the_gateway_read_nothing() {
    let json = serde_json::json!({"organization_id": "own", "metadata": {"a": "file:/etc/passwd"}});
    let organization: Organization = serde_json::from_value(json).unwrap();
    let mut admin = somebody(Role::InternalUser);
    admin.organizations = vec![("own".into(), Role::OrgAdmin)];
    assert!(matches!(admin.check_organization(&organization), Err(Forbidden::Field { .. })));
    assert_eq!(Manager::master().check_organization(&organization), Ok(()));
    let clean = Organization { metadata: crate::Document::new(), ..organization };
    assert_eq!(admin.check_organization(&clean), Ok(()));
}
