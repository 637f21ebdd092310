//! Two tenants, and somebody of every kind in the first.

use llm_store::By;
use llm_tenancy::{
    KeyHash, Organization, OrganizationMember, Project, Role, Stamp, Team, TeamMember, TeamRole, Usd, User,
    VirtualKey,
};
use llm_types::UnixMs;
use serde_json::json;

use crate::office::Place;

/// Everybody who has a key, with what each is. The key of `anna` is `sk-anna`.
pub(crate) const EVERYBODY: [&str; 10] =
    ["admin", "viewer", "org", "lead", "member", "watcher", "outsider", "bare", "other-org", "other-lead"];

/// The ids that a request names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ids {
    pub(crate) organization: &'static str,
    pub(crate) team: &'static str,
    pub(crate) project: &'static str,
    /// Somebody in organisation and team who has no key.
    pub(crate) user: &'static str,
}

pub(crate) const OWN: Ids = Ids { organization: "own-o", team: "own-t", project: "own-p", user: "own-u" };
pub(crate) const FOREIGN: Ids =
    Ids { organization: "foreign-o", team: "foreign-t", project: "foreign-p", user: "foreign-u" };
pub(crate) const ABSENT: Ids =
    Ids { organization: "absent-o", team: "absent-t", project: "absent-p", user: "absent-u" };

fn stamp() -> Stamp {
    Stamp::new(UnixMs(1_795_000_000_000), None)
}

/// A key of somebody's: `sk-` and the name.
pub(crate) async fn give_key(place: &Place, name: &str, change: impl FnOnce(&mut VirtualKey)) {
    let mut key = VirtualKey::new(KeyHash::of(&format!("sk-{name}")), "sk-...", stamp());
    key.user_id = Some(name.into());
    change(&mut key);
    place.store.create(&key, &By::gateway(UnixMs(1))).await.unwrap();
}

/// A place with both tenants.
pub(crate) async fn settled() -> Place {
    let place = Place::new().await;
    let by = By::gateway(UnixMs(1));
    let store = &place.store;
    for ids in [OWN, FOREIGN] {
        let organization: Organization = serde_json::from_value(
            json!({"organization_id": ids.organization, "organization_alias": ids.organization}),
        )
        .unwrap();
        store.create(&organization, &by).await.unwrap();
        let mut team = Team::new(ids.team.into(), stamp());
        team.organization_id = Some(ids.organization.into());
        team.team_alias = Some(ids.team.to_owned());
        store.create(&team, &by).await.unwrap();
        let project: Project =
            serde_json::from_value(json!({"project_id": ids.project, "team_id": ids.team})).unwrap();
        store.create(&project, &by).await.unwrap();
    }
    for (name, role) in [
        ("admin", Role::ProxyAdmin),
        ("viewer", Role::ProxyAdminViewer),
        ("org", Role::InternalUser),
        ("lead", Role::InternalUser),
        ("member", Role::InternalUser),
        ("watcher", Role::InternalUserViewer),
        ("outsider", Role::InternalUser),
        ("other-org", Role::InternalUser),
        ("other-lead", Role::InternalUser),
        (OWN.user, Role::InternalUser),
        (FOREIGN.user, Role::InternalUser),
    ] {
        let mut user = User::new(name.into(), role, stamp());
        user.user_email = Some(format!("{name}@example.org"));
        store.create(&user, &by).await.unwrap();
        if EVERYBODY.contains(&name) {
            give_key(&place, name, |_| {}).await;
        }
    }
    give_key(&place, "bare", |key| {
        key.user_id = None;
        key.team_id = Some(OWN.team.into());
    })
    .await;
    for (ids, name, role) in [
        (OWN, "org", Role::OrgAdmin),
        (OWN, OWN.user, Role::InternalUser),
        (FOREIGN, "other-org", Role::OrgAdmin),
        (FOREIGN, FOREIGN.user, Role::InternalUser),
    ] {
        let place: OrganizationMember = serde_json::from_value(
            json!({"organization_id": ids.organization, "user_id": name, "user_role": role}),
        )
        .unwrap();
        store.create(&place, &by).await.unwrap();
    }
    for (ids, name, role) in [
        (OWN, "lead", TeamRole::Admin),
        (OWN, "member", TeamRole::User),
        (OWN, "watcher", TeamRole::User),
        (OWN, OWN.user, TeamRole::User),
        (FOREIGN, "other-lead", TeamRole::Admin),
        (FOREIGN, FOREIGN.user, TeamRole::User),
    ] {
        let mut member = TeamMember::new(ids.team.into(), name.into(), role, stamp());
        member.spending.spend = Usd::from_nanos(2_500_000_000);
        store.create(&member, &by).await.unwrap();
    }
    place
}
