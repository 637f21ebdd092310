//! Keys: where they are, and what they are granted.

use super::*;

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
