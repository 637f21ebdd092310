//! Roles, teams, members and projects.

use super::*;

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
