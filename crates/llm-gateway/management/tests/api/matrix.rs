//! The whole table of rights at the routes themselves: every route, asked by everybody, for what is one's own, for what is
//! foreign and for what there is not. A route that has no request here fails.

use std::fmt::Write as _;

use llm_store::By;
use llm_tenancy::management::{ManagementRoute, ROUTES, Resource, Verb, route};
use llm_tenancy::{
    AccessGroup, KeyHash, OrganizationMember, Project, Role, Stamp, TeamMember, TeamRole, User, VirtualKey,
};
use llm_types::UnixMs;
use serde_json::{Value, json};

use crate::office::Place;
use crate::people::{key_of, populated};
use crate::spend::ledger::{entries, request as spent};

/// Routes that the gateway itself serves, and not this API: its own tests ask them.
const ELSEWHERE: [(&str, &str); 9] = [
    ("GET", "/health"),
    ("GET", "/health/latest"),
    ("GET", "/metrics"),
    ("GET", "/model/info"),
    ("GET", "/v1/model/info"),
    ("GET", "/v2/model/info"),
    ("GET", "/model_group/info"),
    ("GET", "/provider/budgets"),
    ("POST", "/config/reload"),
];

/// Who asks: of the proxy, then of the north.
const EVERYBODY: [&str; 7] = ["paula", "peter", "olga", "tess", "ines", "vera", "nobody"];
/// Those of them who reach nothing of the south.
const NORTHERN: [&str; 5] = ["olga", "tess", "ines", "vera", "nobody"];
/// What only the south has, and what nobody of the north may read.
const SOUTHERN: [&str; 8] = ["south", "igor", "theo", "otto", "viktor", "sara", "sven", "d-south"];

/// Whose things a request names.
#[derive(Debug, Clone, Copy)]
struct Tenant {
    /// The organisation, and its project; with `-team` behind it the team, model and credential.
    name: &'static str,
    /// Two users who have no part in the rest, the second for what takes them away again.
    users: [&'static str; 2],
    /// What is everybody's: budgets, tags, end users, access groups.
    shared: &'static str,
    /// The entry of the ledger: of how many days ago, and its number.
    entry: (i64, u8),
}

const OWN: Tenant = Tenant { name: "north", users: ["nora", "nick"], shared: "there", entry: (0, 0) };
const FOREIGN: Tenant = Tenant { name: "south", users: ["sara", "sven"], shared: "there", entry: (1, 3) };
const ABSENT: Tenant = Tenant { name: "absnt", users: ["q-one", "q-two"], shared: "absnt", entry: (9, 9) };

impl Tenant {
    fn team(self) -> String {
        format!("{}-team", self.name)
    }

    /// The key for a route: what makes one anew or takes it away has one for itself.
    fn key(self, route: &ManagementRoute) -> String {
        let which = match route.path {
            "/key/regenerate" => "anew",
            "/key/{key}/regenerate" => "again",
            "/key/delete" => "gone",
            _ => "kept",
        };
        format!("sk-{}-{which}-0123456789", self.name)
    }
}

/// Everybody's place, with something of every kind in both organisations.
async fn furnished() -> Place {
    let place = populated().await;
    let (stamp, by) = (Stamp::new(UnixMs(0), None), By::gateway(UnixMs(0)));
    for tenant in [OWN, FOREIGN] {
        for name in tenant.users {
            let mut user = User::new(name.into(), Role::InternalUser, stamp.clone());
            user.user_email = Some(format!("{name}@example.com"));
            place.store.create(&user, &by).await.unwrap();
            let member =
                json!({"organization_id": tenant.name, "user_id": name, "user_role": Role::InternalUser});
            let member: OrganizationMember = serde_json::from_value(member).unwrap();
            place.store.create(&member, &by).await.unwrap();
            let member = TeamMember::new(tenant.team().into(), name.into(), TeamRole::User, stamp.clone());
            place.store.create(&member, &by).await.unwrap();
        }
        for path in ["/key/regenerate", "/key/{key}/regenerate", "/key/delete", "/key/info"] {
            let route = ROUTES.iter().find(|route| route.path == path).unwrap();
            let mut key = VirtualKey::new(KeyHash::of(&tenant.key(route)), "sk-...", stamp.clone());
            key.key_alias = Some(tenant.key(route));
            key.team_id = Some(tenant.team().into());
            place.store.create(&key, &by).await.unwrap();
        }
        let project = json!({"project_id": tenant.name, "team_id": tenant.team()});
        let project: Project = serde_json::from_value(project).unwrap();
        place.store.create(&project, &by).await.unwrap();
        let model = json!({
            "model_name": tenant.team(), "model_id": tenant.team(), "team_id": tenant.team(),
            "litellm_params": {"model": "openai/x", "api_key": "sk-1"},
        });
        place.master("POST", "/model/new", &model).await;
        let credential = json!({
            "credential_name": tenant.team(), "team_id": tenant.team(), "credential_values": {"api_key": "sk-1"},
        });
        place.master("POST", "/credentials", &credential).await;
    }
    place.master("POST", "/budget/new", &json!({"budget_id": "there", "max_budget": 1})).await;
    place.master("POST", "/tag/new", &json!({"name": "there"})).await;
    place.master("POST", "/customer/new", &json!({"user_id": "there"})).await;
    place.master("POST", "/access_group/new", &json!({"access_group": "there", "model_names": ["x"]})).await;
    for group in ["v1-there", "unified-there"] {
        let group = json!({"access_group_id": group, "access_group_name": group});
        let group: AccessGroup = serde_json::from_value(group).unwrap();
        place.store.create(&group, &by).await.unwrap();
    }
    place.store.book(&entries(), None, place.now()).await.unwrap();
    place
}

/// The routes that this API serves.
fn served() -> impl Iterator<Item = &'static ManagementRoute> {
    ROUTES.iter().filter(|route| !ELSEWHERE.contains(&(route.method, route.path)))
}

/// A request that makes sense, of whose things it says.
///
/// # Panics
/// If nobody has said what this route is asked.
fn request(route: &ManagementRoute, of: Tenant) -> (String, Value) {
    let Tenant { name, users: [user, leaving], shared, entry } = of;
    let (team, key) = (of.team(), of.key(route));
    let group =
        if route.path.contains("unified") { format!("unified-{shared}") } else { format!("v1-{shared}") };
    let path = route.path.replace("{team_id}", &team).replace("{organization_id}", name);
    let path = path.replace("{user_id}", user).replace("{key}", &key).replace("{callback_name}", "otel");
    let path = path.replace("{model_id}", &team).replace("{credential_name}", &team);
    let path = path.replace("{access_group_id}", &group).replace("{access_group}", shared);
    let (days_ago, number) = entry;
    let path = path.replace("{request_id}", &spent(days_ago, number).to_string());
    let dates = "start_date=2026-11-01&end_date=2026-11-18";
    let whose = format!("api_key={}&user_id={user}&team_id={team}&organization_id={name}", KeyHash::of(&key));
    let query = match (route.method, route.path) {
        ("GET", "/key/info") => format!("key={key}"),
        ("GET", "/jwt/key/mapping/info") => format!("id={key}"),
        ("GET", "/key/list" | "/key/aliases") => format!("team_id={team}&user_id={user}"),
        ("GET", "/team/info" | "/v2/team/list" | "/team/filter/ui" | "/team/permissions_list") => {
            format!("team_id={team}")
        }
        ("GET", "/team/list") => format!("organization_id={name}"),
        ("GET", "/user/info" | "/v2/user/info" | "/user/filter/ui") => format!("user_id={user}"),
        ("GET", "/user/list") => format!("user_ids={user}&team={team}"),
        ("GET", "/organization/info") => format!("organization_id={name}"),
        ("GET", "/organization/list") => format!("org_id={name}"),
        ("GET", "/project/info") => format!("project_id={name}"),
        ("GET", "/project/list") => format!("team_id={team}"),
        ("GET", "/customer/info" | "/end_user/info") => format!("end_user_id={shared}"),
        ("GET", "/budget/settings") => format!("budget_id={shared}"),
        ("GET", _) if route.resource == Resource::Spend => {
            format!("{dates}&{whose}&model_group=m&session_id=s&by=key")
        }
        _ => String::new(),
    };
    let address = if query.is_empty() { path } else { format!("{path}?{query}") };
    (address, if route.method == "GET" { Value::Null } else { body(route, of, &key, &team, leaving) })
}

fn body(route: &ManagementRoute, of: Tenant, key: &str, team: &str, leaving: &str) -> Value {
    let Tenant { name, users: [user, _], shared, .. } = of;
    let params = json!({"model": "openai/x", "api_key": "sk-1"});
    match route.path {
        "/key/generate" => json!({"team_id": team, "key_type": "llm_api"}),
        "/key/service-account/generate" => json!({"team_id": team, "key_alias": format!("account-{name}")}),
        "/key/update" => json!({"key": key, "tags": ["x"]}),
        "/key/bulk_update" => json!({"keys": [{"key": key, "tags": ["y"]}]}),
        "/team/key/bulk_update" => {
            json!({"team_id": team, "key_ids": [key], "update_fields": {"tags": ["z"]}})
        }
        "/key/delete" | "/v2/key/info" => json!({"keys": [key]}),
        "/key/block" | "/key/unblock" => json!({"key": key}),
        "/key/regenerate" => json!({"key": key, "key_type": "llm_api"}),
        "/key/{key}/regenerate" => json!({"key_type": "llm_api"}),
        "/key/{key}/reset_spend" | "/team/{team_id}/member/{user_id}/reset_spend" => json!({"reset_to": 0}),
        "/key/health" | "/team/{team_id}/disable_logging" => Value::Null,
        "/team/{team_id}/member/{user_id}/reset_budget" | "/spend/check" => Value::Null,

        "/jwt/key/mapping/new" => json!({"jwt_claim_name": "azp", "jwt_claim_value": "app", "key": key}),
        "/jwt/key/mapping/update" => json!({"id": key, "is_active": false}),
        "/jwt/key/mapping/delete" => json!({"id": key}),

        "/team/new" => json!({"organization_id": name}),
        "/team/update" => json!({"team_id": team, "metadata": {"a": 1}}),
        "/team/{team_id}" => json!({"metadata": {"a": 2}}),
        "/team/delete" => json!({"team_ids": [team]}),
        "/team/block" | "/team/unblock" => json!({"team_id": team}),
        "/team/model/add" | "/team/model/delete" => json!({"team_id": team, "models": ["m"]}),
        "/team/permissions_update" => json!({"team_id": team, "team_member_permissions": ["/key/info"]}),
        "/team/permissions_bulk_update" => json!({"team_ids": [team], "permissions": ["/key/info"]}),
        "/team/{team_id}/callback" => json!({"callback_name": "otel", "callback_vars": {}}),
        "/team/{team_id}/callback/{callback_name}" => Value::Null,
        "/team/member_add" => json!({"team_id": team, "member": {"user_email": "new@example.com"}}),
        "/team/bulk_member_add" => json!({"team_id": team, "members": [{"user_email": "two@example.com"}]}),
        "/team/member_update" => json!({"team_id": team, "user_id": user, "tpm_limit": 5}),
        "/team/member_delete" => json!({"team_id": team, "user_id": user}),
        "/management/v1/teams/{team_id}/members/bulk_update" => {
            json!({"members": [{"user_id": user, "rpm_limit": 1}]})
        }
        "/management/v1/teams/{team_id}/members/bulk_delete" => json!({"members": [{"user_id": leaving}]}),

        "/user/new" => json!({"organizations": [name], "auto_create_key": false}),
        "/management/v1/users/bulk" => {
            json!({"users": [{"organizations": [name], "auto_create_key": false}]})
        }
        "/user/update" => json!({"user_id": user, "user_alias": "x"}),
        "/user/bulk_update" => json!({"users": [{"user_id": user, "user_alias": "y"}]}),
        "/user/delete" => json!({"user_ids": [user]}),
        "/management/v1/users/bulk_delete" => json!({"user_ids": [leaving]}),

        "/organization/new" => json!({"organization_alias": "new"}),
        "/organization/update" => json!({"organization_id": name, "metadata": {"a": 1}}),
        "/v2/organization/{organization_id}" => json!({"metadata": {"a": 2}}),
        "/organization/delete" => json!({"organization_ids": [name]}),
        "/organization/info" => json!({"organizations": [name]}),
        "/organization/member_add" => {
            json!({"organization_id": name, "member": {"user_email": "three@example.com"}})
        }
        "/organization/member_update" => {
            json!({"organization_id": name, "user_id": user, "role": "internal_user"})
        }
        "/organization/member_delete" => json!({"organization_id": name, "user_id": leaving}),

        "/project/new" => json!({"team_id": team}),
        "/project/update" => json!({"project_id": name, "description": "d"}),
        "/project/delete" => json!({"project_ids": [name]}),

        "/customer/new" | "/end_user/new" => json!({"user_id": format!("new-{}", &route.path[1..4])}),
        "/customer/update" | "/end_user/update" => json!({"user_id": shared, "alias": "x"}),
        "/customer/block" | "/end_user/block" | "/customer/unblock" | "/end_user/unblock" => {
            json!({"user_ids": [shared]})
        }
        "/customer/delete" => json!({"user_ids": [shared]}),
        "/end_user/delete" => json!({"user_ids": ["new-end"]}),
        "/budget/new" => json!({"max_budget": 1}),
        "/budget/update" => json!({"budget_id": shared, "max_budget": 2}),
        "/budget/delete" => json!({"id": shared}),
        "/budget/info" => json!({"budgets": [shared]}),
        "/tag/new" => json!({"name": "new"}),
        "/tag/update" => json!({"name": shared, "description": "d"}),
        "/tag/delete" => json!({"name": shared}),
        "/tag/info" => json!({"names": [shared]}),

        "/v1/access_group" => json!({"access_group_name": "first"}),
        "/v1/unified_access_group" => json!({"access_group_name": "second"}),
        "/v1/access_group/{access_group_id}" | "/v1/unified_access_group/{access_group_id}" => {
            json!({"description": "d"})
        }
        "/access_group/new" => json!({"access_group": "third", "model_names": ["x"]}),
        "/access_group/{access_group}/update" => json!({"model_names": ["y"]}),
        "/access_group/{access_group}/budget" => json!({"max_budget": 1}),
        "/access_group/{access_group}/delete" => Value::Null,

        "/model/new" => json!({"model_name": "new", "team_id": team, "litellm_params": params}),
        "/model/update" => json!({"model_id": team, "model_info": {"mode": "chat"}}),
        "/model/{model_id}/update" => json!({"litellm_params": {"rpm": 1}}),
        "/model/delete" => json!({"id": team}),
        "/model/block" | "/model/unblock" => json!({"model_id": team}),
        "/credentials" => {
            json!({"credential_name": format!("new-{name}"), "credential_values": {"api_key": "sk-1"}, "team_id": team})
        }
        "/credentials/{credential_name}" => json!({"display_name": "x"}),

        "/spend/reprice" => json!({"start_date": "2026-11-01", "end_date": "2026-11-18"}),
        "/spend/calculate" => json!({"model": "gpt-4o", "messages": []}),
        "/cost/estimate" => json!({"model": "gpt-4o", "input_tokens": 1, "output_tokens": 1}),
        "/global/spend/end_users" => json!({"api_key": KeyHash::of(key)}),
        "/global/spend/reset" => Value::Null,
        path => panic!("nobody has said what {} {path} is asked", route.method),
    }
}

/// What takes away comes last, and of it the least first.
fn in_order() -> Vec<&'static ManagementRoute> {
    const LAST: [Resource; 12] = [
        Resource::Key,
        Resource::Model,
        Resource::Credential,
        Resource::TeamMember,
        Resource::OrganizationMember,
        Resource::EndUser,
        Resource::Budget,
        Resource::Tag,
        Resource::Project,
        Resource::User,
        Resource::Team,
        Resource::Organization,
    ];
    let mut routes: Vec<_> = served().collect();
    routes.sort_by_key(|route| match route.verb {
        Verb::Delete => 1 + LAST.iter().position(|it| *it == route.resource).unwrap_or_default(),
        _ => 0,
    });
    routes
}

async fn ask(place: &Place, key: &str, route: &ManagementRoute, of: Tenant) -> (u16, String) {
    let (mut path, body) = request(route, of);
    if route.path == "/audit/{id}" {
        let change = place.master("GET", "/audit", &Value::Null).await["audit_logs"][0]["id"].clone();
        let there = change.as_str().filter(|_| of.shared == OWN.shared);
        path = path.replace("{id}", there.unwrap_or("0"));
    }
    let (status, answer) = place.ask(key, route.method, &path, &body).await;
    (status.as_u16(), answer.to_string())
}

/// Whatever is served has a right in the table and a line in the document, and the other way round.
#[test]
fn nothing_is_served_without_a_right() {
    let paths = llm_management::paths();
    for (path, operations) in &paths {
        for method in operations.as_object().unwrap().keys() {
            let method = method.to_ascii_uppercase();
            assert!(route(&method, path).is_some(), "{method} {path} has no right");
        }
    }
    for route in ROUTES {
        let is_here = paths
            .get(route.path)
            .is_some_and(|operations| operations.get(route.method.to_ascii_lowercase()).is_some());
        let is_elsewhere = ELSEWHERE.contains(&(route.method, route.path));
        assert!(is_here != is_elsewhere, "{} {}", route.method, route.path);
    }
}

#[tokio::test]
async fn what_is_foreign_is_answered_as_what_is_absent_at_every_route() {
    let place = furnished().await;
    for name in NORTHERN {
        for route in served() {
            let foreign = ask(&place, &key_of(name), route, FOREIGN).await;
            let absent = ask(&place, &key_of(name), route, ABSENT).await;
            // What was asked for may be told again.
            let hash = |of: Tenant| KeyHash::of(&of.key(route)).to_string();
            let told = |answer: &str, of: Tenant| {
                let answer = answer.replace(&hash(of), "*");
                [of.name, of.users[0], of.users[1]].iter().fold(answer, |text, word| text.replace(word, "*"))
            };
            let names_nobody = matches!(
                route.path,
                "/team/available" | "/management/v1/users/me" | "/key/health" | "/team/metadata_schema"
            );
            assert_eq!(foreign.0, absent.0, "{name} {route:?}: {foreign:?} {absent:?}");
            if !names_nobody && !route.verb.acts() || foreign.0 != 200 {
                assert_eq!(told(&foreign.1, FOREIGN), told(&absent.1, ABSENT), "{name} {route:?}");
            }
            if foreign.0 == 200 {
                let echoed = told(&foreign.1, FOREIGN);
                let leaks = SOUTHERN.iter().find(|word| echoed.contains(**word));
                assert!(leaks.is_none(), "{name} {route:?}: {leaks:?} in {}", foreign.1);
            }
        }
    }
    // Nothing of it has changed.
    let route = |path: &str| ROUTES.iter().find(|it| it.path == path).unwrap();
    for path in ["/team/info", "/organization/info", "/project/info", "/user/info", "/key/info"] {
        assert_eq!(ask(&place, &key_of("peter"), route(path), FOREIGN).await.0, 200, "{path}");
    }
    let (_, told) = ask(&place, &key_of("peter"), route("/team/info"), FOREIGN).await;
    for trace in ["new@example.com", "two@example.com", "\"a\":1", "\"a\":2", "\"x\"", "\"m\"", "/key/info"] {
        assert!(!told.contains(trace), "{trace} in {told}");
    }
}

/// A row for each route, a column for each in [`EVERYBODY`]: `+` is done, `-` is refused, `?` is not there.
#[tokio::test]
async fn everybody_does_what_he_may_at_every_route() {
    let mut lines: Vec<String> =
        in_order().iter().map(|route| format!("{:6} {:52}", route.method, route.path)).collect();
    let mut odd = String::new();
    for name in EVERYBODY {
        let place = furnished().await;
        for (line, route) in in_order().into_iter().enumerate() {
            let (status, answer) = ask(&place, &key_of(name), route, OWN).await;
            lines[line].push(match status {
                200..=204 => '+',
                403 => '-',
                404 => '?',
                _ => {
                    writeln!(odd, "{name} {} {}: {status} {answer}", route.method, route.path).unwrap();
                    '!'
                }
            });
        }
    }
    assert!(odd.is_empty(), "{odd}");
    insta::assert_snapshot!(lines.join("\n"));
}

#[tokio::test]
async fn no_route_is_open() {
    let place = furnished().await;
    let blocked = json!({"key": "sk-blocked-0123456789", "user_id": "paula", "blocked": true});
    place.master("POST", "/key/generate", &blocked).await;
    let ended = json!({"key": "sk-ended-0123456789", "user_id": "paula", "duration": "1s"});
    place.master("POST", "/key/generate", &ended).await;
    let elsewhere =
        json!({"key": "sk-chats-0123456789", "user_id": "paula", "allowed_routes": ["llm_api_routes"]});
    place.master("POST", "/key/generate", &elsewhere).await;
    place.pass(1_001);
    for route in served() {
        for (key, status) in [
            ("", 401),
            ("sk-unknown-0123456789", 401),
            ("sk-blocked-0123456789", 401),
            ("sk-ended-0123456789", 401),
            ("sk-chats-0123456789", 403),
        ] {
            let (told, answer) = ask(&place, key, route, OWN).await;
            assert_eq!(told, status, "{key:?} {route:?}: {answer}");
        }
    }
}
