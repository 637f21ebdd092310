//! Two organisations with a team each, and somebody of every role in each.

use llm_store::By;
use llm_tenancy::key::secret::KeyHash;
use llm_tenancy::{
    Organization, OrganizationMember, Role, Stamp, Team, TeamMember, TeamRole, User, VirtualKey,
};
use llm_types::UnixMs;
use serde_json::json;

use crate::office::Place;

/// Everybody who is not a proxy admin, and may act.
pub(crate) const TENANTS: [&str; 6] = ["olga", "otto", "tess", "theo", "ines", "igor"];
/// Everybody who only looks, and a key of nobody's.
pub(crate) const LOOKERS: [&str; 3] = ["vera", "viktor", "nobody"];

/// A user, the role, the organisation, and what the user is there and in its team.
type Somebody = (&'static str, Role, &'static str, Option<Role>, Option<TeamRole>);

/// Who is what where: of the organisations `north` and `south`, with the teams `north-team` and `south-team`.
const EVERYBODY: [Somebody; 10] = [
    ("paula", Role::ProxyAdmin, "", None, None),
    ("peter", Role::ProxyAdminViewer, "", None, None),
    ("olga", Role::InternalUser, "north", Some(Role::OrgAdmin), None),
    ("otto", Role::InternalUser, "south", Some(Role::OrgAdmin), None),
    ("tess", Role::InternalUser, "north", Some(Role::InternalUser), Some(TeamRole::Admin)),
    ("theo", Role::InternalUser, "south", Some(Role::InternalUser), Some(TeamRole::Admin)),
    ("ines", Role::InternalUser, "north", Some(Role::InternalUser), Some(TeamRole::User)),
    ("igor", Role::InternalUser, "south", Some(Role::InternalUser), Some(TeamRole::User)),
    ("vera", Role::InternalUserViewer, "north", Some(Role::InternalUserViewer), Some(TeamRole::User)),
    ("viktor", Role::InternalUserViewer, "south", Some(Role::InternalUserViewer), Some(TeamRole::User)),
];

/// Somebody's key; `nobody` has one too.
pub(crate) fn key_of(name: &str) -> String {
    format!("sk-{name}-0123456789abcdef")
}

/// A place with everybody in it.
pub(crate) async fn populated() -> Place {
    let place = Place::new().await;
    let (store, stamp) = (&place.store, Stamp::new(UnixMs(0), None));
    let by = By::gateway(UnixMs(0));
    for name in ["north", "south"] {
        let organization = json!({"organization_id": name, "organization_alias": name});
        let organization: Organization = serde_json::from_value(organization).unwrap();
        store.create(&organization, &by).await.unwrap();
        let mut team = Team::new(format!("{name}-team").into(), stamp.clone());
        team.organization_id = Some(name.into());
        store.create(&team, &by).await.unwrap();
    }
    for (name, role, organization, in_organization, in_team) in EVERYBODY {
        let mut user = User::new(name.into(), role, stamp.clone());
        user.user_email = Some(format!("{name}@example.com"));
        store.create(&user, &by).await.unwrap();
        let mut key = VirtualKey::new(KeyHash::of(&key_of(name)), "sk-...", stamp.clone());
        key.user_id = Some(name.into());
        store.create(&key, &by).await.unwrap();
        if let Some(role) = in_organization {
            let member = json!({"organization_id": organization, "user_id": name, "user_role": role});
            let member: OrganizationMember = serde_json::from_value(member).unwrap();
            store.create(&member, &by).await.unwrap();
        }
        if let Some(role) = in_team {
            let member = json!({"team_id": format!("{organization}-team"), "user_id": name, "role": role});
            let member: TeamMember = serde_json::from_value(member).unwrap();
            store.create(&member, &by).await.unwrap();
        }
    }
    let mut nobodys = VirtualKey::new(KeyHash::of(&key_of("nobody")), "sk-...", stamp);
    nobodys.team_id = Some("north-team".into());
    store.create(&nobodys, &by).await.unwrap();
    place
}
