//! Teams, organisations and projects: every route, asked by everybody, for what is one's own, what is foreign and what
//! there is not.

use llm_tenancy::management::{ManagementRoute, ROUTES, Resource};
use serde_json::{Value, json};

use crate::office::Place;
use crate::teams::tenants::{ABSENT, EVERYBODY, FOREIGN, Ids, OWN, settled};

/// Who reaches what is foreign here: those of the whole proxy, and the other tenant's own.
const BEYOND: [&str; 4] = ["admin", "viewer", "other-org", "other-lead"];

fn routes() -> Vec<&'static ManagementRoute> {
    let ours = |route: &&ManagementRoute| {
        use Resource::{Organization, OrganizationMember, Project, Team, TeamMember};
        matches!(route.resource, Team | TeamMember | Organization | OrganizationMember | Project)
    };
    ROUTES.iter().filter(ours).collect()
}

/// A request that makes sense for these ids.
fn request(route: &ManagementRoute, ids: Ids) -> (String, Value) {
    let Ids { organization, team, project, user } = ids;
    let path = route.path.replace("{team_id}", team).replace("{user_id}", user);
    let path = path.replace("{organization_id}", organization).replace("{callback_name}", "otel");
    let query = match route.path {
        "/team/info" | "/v2/team/list" | "/team/filter/ui" | "/team/permissions_list" | "/project/list"
            if route.method == "GET" =>
        {
            format!("?team_id={team}")
        }
        "/team/list" => format!("?organization_id={organization}"),
        "/organization/info" if route.method == "GET" => format!("?organization_id={organization}"),
        "/organization/list" => format!("?org_id={organization}"),
        "/project/info" => format!("?project_id={project}"),
        _ => String::new(),
    };
    let member = json!({"user_email": "new@example.org"});
    let body = match route.path {
        _ if route.method == "GET" => Value::Null,
        "/team/new" => json!({"team_alias": "x", "organization_id": organization}),
        "/team/update" => json!({"team_id": team, "team_alias": "y"}),
        "/team/{team_id}" => json!({"team_alias": "z"}),
        "/team/delete" => json!({"team_ids": [team]}),
        "/team/block" | "/team/unblock" => json!({"team_id": team}),
        "/team/model/add" | "/team/model/delete" => json!({"team_id": team, "models": ["m"]}),
        "/team/permissions_update" => json!({"team_id": team, "team_member_permissions": ["/key/info"]}),
        "/team/permissions_bulk_update" => json!({"team_ids": [team], "permissions": ["/key/list"]}),
        "/team/{team_id}/callback" => json!({"callback_name": "otel", "callback_vars": {}}),
        "/team/member_add" => json!({"team_id": team, "member": member}),
        "/team/bulk_member_add" => json!({"team_id": team, "members": [{"user_email": "two@example.org"}]}),
        "/team/member_update" => json!({"team_id": team, "user_id": user, "tpm_limit": 5}),
        "/team/member_delete" => json!({"team_id": team, "user_id": user}),
        "/team/{team_id}/member/{user_id}/reset_spend" => json!({"reset_to": 0}),
        "/management/v1/teams/{team_id}/members/bulk_update" => {
            json!({"members": [{"user_id": user, "rpm_limit": 1}]})
        }
        "/management/v1/teams/{team_id}/members/bulk_delete" => json!({"members": [{"user_id": user}]}),
        "/organization/new" => json!({"organization_alias": "x"}),
        "/organization/update" => json!({"organization_id": organization, "organization_alias": "y"}),
        "/v2/organization/{organization_id}" => json!({"organization_alias": "z"}),
        "/organization/delete" => json!({"organization_ids": [organization]}),
        "/organization/info" => json!({"organizations": [organization]}),
        "/organization/member_add" => {
            json!({"organization_id": organization, "member": {"user_email": "three@example.org"}})
        }
        "/organization/member_update" => {
            json!({"organization_id": organization, "user_id": user, "role": "internal_user"})
        }
        "/organization/member_delete" => json!({"organization_id": organization, "user_id": user}),
        "/project/new" => json!({"team_id": team}),
        "/project/update" => json!({"project_id": project, "description": "d"}),
        "/project/delete" => json!({"project_ids": [project]}),
        _ => Value::Null,
    };
    (format!("{path}{query}"), body)
}

async fn ask(place: &Place, who: &str, route: &ManagementRoute, ids: Ids) -> (u16, String) {
    let (path, body) = request(route, ids);
    let (status, answer) = place.ask(&format!("sk-{who}"), route.method, &path, &body).await;
    (status.as_u16(), answer.to_string())
}

#[tokio::test]
async fn what_is_foreign_is_not_there() {
    let place = settled().await;
    for who in EVERYBODY.into_iter().filter(|who| !BEYOND.contains(who)) {
        for route in routes() {
            let foreign = ask(&place, who, route, FOREIGN).await;
            let absent = ask(&place, who, route, ABSENT).await;
            let names_no_record = route.path == "/organization/new";
            assert!(names_no_record || foreign == absent, "{who} {route:?}\n{foreign:?}\n{absent:?}");
            assert!(!foreign.1.contains("foreign-"), "{who} {route:?}: {}", foreign.1);
        }
        for path in ["/team/list", "/v2/team/list", "/team/filter/ui", "/organization/list", "/project/list"]
        {
            let (_, list) = place.ask(&format!("sk-{who}"), "GET", path, &Value::Null).await;
            assert!(!list.to_string().contains("foreign-"), "{who} {path}: {list}");
        }
    }
    let after = place.master("GET", "/team/info?team_id=foreign-t", &Value::Null).await;
    assert_eq!(after["team_info"]["team_alias"], "foreign-t", "and nothing of it changed");
    assert_eq!(after["team_info"]["members_with_roles"].as_array().unwrap().len(), 2);
}

/// What everybody is answered for what is the first tenant's: a row for each route, a column for each in [`EVERYBODY`].
#[tokio::test]
async fn everybody_does_what_he_may() {
    let mut lines: Vec<String> =
        routes().iter().map(|route| format!("{:6} {:52}", route.method, route.path)).collect();
    for who in EVERYBODY {
        let place = settled().await;
        // What takes away comes last.
        let mut order: Vec<_> = routes().into_iter().enumerate().collect();
        let last = ["/project/delete", "/organization/member_delete", "/team/delete", "/organization/delete"];
        order.sort_by_key(|(_, route)| {
            last.iter().position(|path| *path == route.path).map_or(0, |at| at + 1)
        });
        for (line, route) in order {
            // Somebody is taken out of the team by each of two routes, and stays for the others.
            let mut ids = OWN;
            if route.path.ends_with("/bulk_delete") {
                ids.user = "watcher";
            } else if route.path.starts_with("/team/{team_id}/member/") {
                ids.user = "member";
            }
            let (status, _) = ask(&place, who, route, ids).await;
            let mark = match status {
                200 => "+",
                403 => "-",
                404 => "?",
                other => panic!("{who} {route:?}: {other}"),
            };
            lines[line].push_str(mark);
        }
    }
    let grid = lines.join("\n");
    assert_eq!(grid, GRID.trim(), "\n{grid}");
}

/// `+` is done, `-` is refused, `?` is not there.
#[rustfmt::skip]
const GRID: &str = "
POST   /team/new                                           +-+-------
POST   /team/update                                        +-++----??
PATCH  /team/{team_id}                                     +-++----??
POST   /team/delete                                        +-+-----?-
GET    /team/info                                          ++++++-+??
GET    /team/list                                          ++++++--++
GET    /v2/team/list                                       ++++++--++
GET    /team/available                                     ++++++--++
GET    /team/filter/ui                                     ++++++--++
POST   /team/block                                         +-+-----?-
POST   /team/unblock                                       +-+-----?-
POST   /team/model/add                                     +-+-----??
POST   /team/model/delete                                  +-+-----??
GET    /team/permissions_list                              ++++++-+??
POST   /team/permissions_update                            +-++----??
POST   /team/permissions_bulk_update                       +-++----??
GET    /team/metadata_schema                               ++++++-+++
POST   /team/{team_id}/callback                            +-++----??
GET    /team/{team_id}/callback                            ++++----??
DELETE /team/{team_id}/callback/{callback_name}            +-++----??
POST   /team/{team_id}/disable_logging                     +-++----??
POST   /team/member_add                                    +-++----??
POST   /team/bulk_member_add                               +-++----??
POST   /team/member_update                                 +-++----??
POST   /team/member_delete                                 +-++----??
GET    /team/{team_id}/members/me                          ???+++?-??
POST   /team/{team_id}/member/{user_id}/reset_spend        +-++----??
POST   /team/{team_id}/member/{user_id}/reset_budget       +-++----??
POST   /management/v1/teams/{team_id}/members/bulk_update  +-++----??
POST   /management/v1/teams/{team_id}/members/bulk_delete  +-++----??
POST   /organization/new                                   +---------
PATCH  /organization/update                                +-+-----?-
PATCH  /v2/organization/{organization_id}                  +-+-----?-
DELETE /organization/delete                                +---------
GET    /organization/info                                  +++-----?-
POST   /organization/info                                  +++-----+-
GET    /organization/list                                  +++-----+-
POST   /organization/member_add                            +-+-----?-
PATCH  /organization/member_update                         +-+-----?-
DELETE /organization/member_delete                         +-+-----?-
POST   /project/new                                        +-++----??
POST   /project/update                                     +-++----??
DELETE /project/delete                                     +-++----??
GET    /project/info                                       ++++++-+??
GET    /project/list                                       ++++++--++
";
