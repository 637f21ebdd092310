//! Every role, with every verb and every route, in its own place and a foreign one.

use std::fmt::Write as _;

use super::*;

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
