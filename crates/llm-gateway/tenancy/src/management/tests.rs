//! Who may manage what.

mod keys;
mod matrix;
mod models;
mod people;

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

fn key(change: impl FnOnce(&mut VirtualKey)) -> VirtualKey {
    let mut key = VirtualKey::new(KeyHash::of("a key"), "sk-...", Stamp::default());
    key.user_id = Some("me".into());
    change(&mut key);
    key
}

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|it| (*it).to_owned()).collect()
}
