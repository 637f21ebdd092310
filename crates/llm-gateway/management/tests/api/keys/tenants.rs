//! Two organisations with teams, users of every role, and keys.

use llm_store::{By, Record};
use llm_tenancy::{
    KeyHash, Organization, OrganizationMember, Project, Stamp, Team, TeamMember, User, VirtualKey,
};
use llm_types::UnixMs;
use serde_json::{Value, json};

use crate::office::Place;

/// Everybody that asks. Each has a key of his own, which is in no team unless he has no user.
pub(super) const EVERYBODY: [&str; 10] = [
    "admin",
    "viewer",
    "org_admin",
    "team_admin",
    "permitted",
    "member",
    "user",
    "watcher",
    "foreign_admin",
    "bare",
];

/// A key: name, user, team, organisation.
type Key = (&'static str, Option<&'static str>, Option<&'static str>, Option<&'static str>);

/// Keys that are asked for.
pub(super) const KEYS: [Key; 7] = [
    ("member-in-t1", Some("member"), Some("t1"), None),
    ("permitted-in-t1", Some("permitted"), Some("t1"), None),
    ("permitted-in-t3", Some("permitted"), Some("t3"), None),
    ("nobody-in-t1", None, Some("t1"), None),
    ("nobody-in-o1", None, None, Some("o1")),
    ("user-alone", Some("user"), None, None),
    ("foreign-in-t2", Some("stranger"), Some("t2"), None),
];

/// The text of a key of this name.
pub(super) fn text(name: &str) -> String {
    format!("sk-{name}-0123456789")
}

/// What a member may do whom a team lets.
const PERMITTED: [&str; 6] =
    ["/key/generate", "/key/update", "/key/delete", "/key/regenerate", "/key/block", "/key/list"];

pub(super) async fn settle() -> Place {
    let place = Place::new().await;
    for id in ["o1", "o2"] {
        put::<Organization>(&place, &json!({"organization_id": id, "grants": {"models": ["gpt-*"]}})).await;
    }
    let permissions = json!(PERMITTED);
    for (team, organization, permissions) in
        [("t1", "o1", json!(null)), ("t2", "o2", json!(null)), ("t3", "o1", permissions)]
    {
        let team = json!({
            "team_id": team, "organization_id": organization, "member_permissions": permissions,
            "member_defaults": {"key_duration": "7d"},
        });
        put::<Team>(&place, &team).await;
    }
    for (user, role) in [
        ("admin", "proxy_admin"),
        ("viewer", "proxy_admin_viewer"),
        ("org_admin", "internal_user"),
        ("team_admin", "internal_user"),
        ("permitted", "internal_user"),
        ("member", "internal_user"),
        ("user", "internal_user"),
        ("watcher", "internal_user_viewer"),
        ("foreign_admin", "org_admin"),
        ("stranger", "internal_user"),
    ] {
        put::<User>(&place, &json!({"user_id": user, "user_role": role})).await;
    }
    for (organization, user) in [("o1", "org_admin"), ("o2", "foreign_admin")] {
        let member = json!({"organization_id": organization, "user_id": user, "user_role": "org_admin"});
        put::<OrganizationMember>(&place, &member).await;
    }
    for (team, user, role) in [
        ("t1", "team_admin", "admin"),
        ("t2", "foreign_admin", "admin"),
        ("t1", "member", "user"),
        ("t3", "permitted", "user"),
        ("t1", "permitted", "user"),
        ("t1", "admin", "user"),
        ("t1", "watcher", "admin"),
        ("t2", "stranger", "user"),
    ] {
        put::<TeamMember>(&place, &json!({"team_id": team, "user_id": user, "role": role})).await;
    }
    for (project, team) in [("p1", "t1"), ("p2", "t2")] {
        put::<Project>(&place, &json!({"project_id": project, "team_id": team})).await;
    }
    for name in EVERYBODY {
        let user = (name != "bare").then_some(name);
        put_key(&place, name, user, user.is_none().then_some("t1"), None).await;
    }
    for (name, user, team, organization) in KEYS {
        put_key(&place, name, user, team, organization).await;
    }
    place
}

async fn put_key(
    place: &Place,
    name: &str,
    user: Option<&str>,
    team: Option<&str>,
    organization: Option<&str>,
) {
    let text = text(name);
    let mut key = VirtualKey::new(KeyHash::of(&text), "sk-...6789", Stamp::new(UnixMs(1), user));
    key.key_alias = Some(name.to_owned());
    key.user_id = user.map(Into::into);
    key.team_id = team.map(Into::into);
    key.organization_id = organization.map(Into::into);
    place.store.create(&key, &By::gateway(UnixMs(1))).await.unwrap();
}

pub(super) async fn put<R: Record>(place: &Place, value: &Value) {
    let mut value = value.clone();
    value.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    let record: R = serde_json::from_value(value).unwrap();
    place.store.create(&record, &By::gateway(UnixMs(1))).await.unwrap();
}
