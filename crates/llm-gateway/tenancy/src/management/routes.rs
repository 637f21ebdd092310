//! Every route of the management API, and what it does with what.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::rights::{Resource, Verb};
use crate::RouteGroups;

/// A route of the management API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ManagementRoute {
    /// The method.
    pub method: &'static str,
    /// The path, `{x}` for a part.
    pub path: &'static str,
    /// With what.
    pub resource: Resource,
    /// What it does.
    pub verb: Verb,
}

impl ManagementRoute {
    /// The groups that it is in.
    pub const fn groups(&self) -> RouteGroups {
        let is_look = !self.verb.acts();
        let groups = match self.resource {
            Resource::Key => RouteGroups::MANAGEMENT.or(RouteGroups::KEY_MANAGEMENT),
            Resource::Spend => {
                let is_global =
                    self.path.len() > 7 && matches!(self.path.as_bytes(), [b'/', b'g', b'l', b'o', b'b', ..]);
                return if is_global { RouteGroups::GLOBAL_SPEND } else { RouteGroups::SPEND };
            }
            Resource::Health if is_look => return RouteGroups::INFO,
            Resource::Health | Resource::Settings | Resource::Audit => return RouteGroups::NONE,
            _ => RouteGroups::MANAGEMENT,
        };
        let is_info = matches!(
            self.resource,
            Resource::Key
                | Resource::Team
                | Resource::TeamMember
                | Resource::User
                | Resource::Organization
                | Resource::Model
        );
        let is_check = matches!((self.resource, self.verb), (Resource::Key, Verb::Check));
        if is_info && (is_look || is_check) { groups.or(RouteGroups::INFO) } else { groups }
    }
}

/// The management route that serves a method and a template, whatever the parts of the template are called.
pub fn route(method: &str, template: &str) -> Option<&'static ManagementRoute> {
    // Asked for each request with a key: those that are not managed with, which nearly all are, are told at once.
    static WITHOUT_PARTS: LazyLock<HashSet<&'static str>> =
        LazyLock::new(|| ROUTES.iter().map(|route| route.path).filter(|path| !path.contains('{')).collect());
    if !template.contains('{') && !WITHOUT_PARTS.contains(template) {
        return None;
    }
    ROUTES.iter().find(|route| route.method == method && is_same(route.path, template))
}

/// Whether two templates are the same but for the names of their parts.
fn is_same(ours: &str, theirs: &str) -> bool {
    let is_part = |part: &str| part.starts_with('{') && part.ends_with('}');
    let (mut ours, mut theirs) = (ours.split('/'), theirs.split('/'));
    loop {
        match (ours.next(), theirs.next()) {
            (None, None) => return true,
            (Some(a), Some(b)) if a == b || is_part(a) && is_part(b) => {}
            _ => return false,
        }
    }
}

macro_rules! table {
    ($($method:ident $path:literal $resource:ident $verb:ident;)+) => {
        &[$(ManagementRoute {
            method: stringify!($method),
            path: $path,
            resource: Resource::$resource,
            verb: Verb::$verb,
        }),+]
    };
}

/// Every route of the management API. This is the table.
///
/// Source: LiteLLM's OpenAPI document, read 2026-11.
pub const ROUTES: &[ManagementRoute] = table! {
    POST "/key/generate" Key Create;
    POST "/key/service-account/generate" Key Create;
    POST "/key/update" Key Update;
    POST "/key/bulk_update" Key Update;
    POST "/team/key/bulk_update" Key Update;
    POST "/key/delete" Key Delete;
    GET "/key/info" Key Read;
    POST "/v2/key/info" Key Read;
    GET "/key/list" Key List;
    GET "/key/aliases" Key List;
    POST "/key/block" Key Block;
    POST "/key/unblock" Key Block;
    POST "/key/regenerate" Key Rotate;
    POST "/key/{key}/regenerate" Key Rotate;
    POST "/key/{key}/reset_spend" Key ResetSpend;
    POST "/key/health" Key Check;
    POST "/jwt/key/mapping/new" Settings Create;
    POST "/jwt/key/mapping/update" Settings Update;
    POST "/jwt/key/mapping/delete" Settings Delete;
    GET "/jwt/key/mapping/list" Settings List;
    GET "/jwt/key/mapping/info" Settings Read;

    POST "/team/new" Team Create;
    POST "/team/update" Team Update;
    PATCH "/team/{team_id}" Team Update;
    POST "/team/delete" Team Delete;
    GET "/team/info" Team Read;
    GET "/team/list" Team List;
    GET "/v2/team/list" Team List;
    GET "/team/available" Team List;
    GET "/team/filter/ui" Team List;
    POST "/team/block" Team Block;
    POST "/team/unblock" Team Block;
    POST "/team/model/add" Team Update;
    POST "/team/model/delete" Team Update;
    GET "/team/permissions_list" Team Read;
    POST "/team/permissions_update" Team Update;
    POST "/team/permissions_bulk_update" Team Update;
    GET "/team/metadata_schema" Team Read;
    POST "/team/{team_id}/callback" Team Update;
    GET "/team/{team_id}/callback" Team Read;
    DELETE "/team/{team_id}/callback/{callback_name}" Team Update;
    POST "/team/{team_id}/disable_logging" Team Update;
    POST "/team/member_add" TeamMember Create;
    POST "/team/bulk_member_add" TeamMember Create;
    POST "/team/member_update" TeamMember Update;
    POST "/team/member_delete" TeamMember Delete;
    GET "/team/{team_id}/members/me" TeamMember Read;
    POST "/team/{team_id}/member/{user_id}/reset_spend" TeamMember ResetSpend;
    POST "/team/{team_id}/member/{user_id}/reset_budget" TeamMember ResetSpend;
    POST "/management/v1/teams/{team_id}/members/bulk_update" TeamMember Update;
    POST "/management/v1/teams/{team_id}/members/bulk_delete" TeamMember Delete;

    POST "/user/new" User Create;
    POST "/user/update" User Update;
    POST "/user/bulk_update" User Update;
    POST "/user/delete" User Delete;
    GET "/user/info" User Read;
    GET "/v2/user/info" User Read;
    GET "/management/v1/users/me" User Read;
    GET "/user/list" User List;
    GET "/user/filter/ui" User List;
    POST "/management/v1/users/bulk" User Create;
    POST "/management/v1/users/bulk_delete" User Delete;

    POST "/organization/new" Organization Create;
    PATCH "/organization/update" Organization Update;
    PATCH "/v2/organization/{organization_id}" Organization Update;
    DELETE "/organization/delete" Organization Delete;
    GET "/organization/info" Organization Read;
    POST "/organization/info" Organization Read;
    GET "/organization/list" Organization List;
    POST "/organization/member_add" OrganizationMember Create;
    PATCH "/organization/member_update" OrganizationMember Update;
    DELETE "/organization/member_delete" OrganizationMember Delete;

    POST "/project/new" Project Create;
    POST "/project/update" Project Update;
    DELETE "/project/delete" Project Delete;
    GET "/project/info" Project Read;
    GET "/project/list" Project List;

    POST "/customer/new" EndUser Create;
    POST "/customer/update" EndUser Update;
    POST "/customer/delete" EndUser Delete;
    GET "/customer/info" EndUser Read;
    GET "/customer/list" EndUser List;
    POST "/customer/block" EndUser Block;
    POST "/customer/unblock" EndUser Block;
    POST "/end_user/new" EndUser Create;
    POST "/end_user/update" EndUser Update;
    POST "/end_user/delete" EndUser Delete;
    GET "/end_user/info" EndUser Read;
    GET "/end_user/list" EndUser List;
    POST "/end_user/block" EndUser Block;
    POST "/end_user/unblock" EndUser Block;

    POST "/budget/new" Budget Create;
    POST "/budget/update" Budget Update;
    POST "/budget/delete" Budget Delete;
    POST "/budget/info" Budget Read;
    GET "/budget/settings" Budget Read;
    GET "/budget/list" Budget List;
    GET "/management/v1/budgets" Budget List;

    POST "/tag/new" Tag Create;
    POST "/tag/update" Tag Update;
    POST "/tag/delete" Tag Delete;
    POST "/tag/info" Tag Read;
    GET "/tag/list" Tag List;
    GET "/tag/distinct" Tag List;

    POST "/v1/access_group" AccessGroup Create;
    GET "/v1/access_group" AccessGroup List;
    GET "/v1/access_group/{access_group_id}" AccessGroup Read;
    PUT "/v1/access_group/{access_group_id}" AccessGroup Update;
    DELETE "/v1/access_group/{access_group_id}" AccessGroup Delete;
    POST "/v1/unified_access_group" AccessGroup Create;
    GET "/v1/unified_access_group" AccessGroup List;
    GET "/v1/unified_access_group/{access_group_id}" AccessGroup Read;
    PUT "/v1/unified_access_group/{access_group_id}" AccessGroup Update;
    DELETE "/v1/unified_access_group/{access_group_id}" AccessGroup Delete;
    POST "/access_group/new" AccessGroup Create;
    GET "/access_group/list" AccessGroup List;
    GET "/access_group/{access_group}/info" AccessGroup Read;
    PUT "/access_group/{access_group}/update" AccessGroup Update;
    DELETE "/access_group/{access_group}/delete" AccessGroup Delete;
    GET "/access_group/{access_group}/budget" AccessGroup Read;
    PUT "/access_group/{access_group}/budget" AccessGroup Update;
    DELETE "/access_group/{access_group}/budget" AccessGroup Update;

    POST "/model/new" Model Create;
    POST "/model/update" Model Update;
    PATCH "/model/{model_id}/update" Model Update;
    POST "/model/delete" Model Delete;
    POST "/model/block" Model Update;
    POST "/model/unblock" Model Update;
    GET "/model/info" Model List;
    GET "/v1/model/info" Model List;
    GET "/v2/model/info" Model List;
    GET "/model_group/info" Model List;

    POST "/credentials" Credential Create;
    GET "/credentials" Credential List;
    GET "/credentials/by_name/{credential_name}" Credential Read;
    GET "/credentials/by_model/{model_id}" Credential Read;
    PATCH "/credentials/{credential_name}" Credential Update;
    DELETE "/credentials/{credential_name}" Credential Delete;

    GET "/audit" Audit List;
    GET "/audit/{id}" Audit Read;

    GET "/spend/keys" Spend List;
    GET "/spend/users" Spend List;
    GET "/spend/tags" Spend List;
    GET "/spend/logs" Spend List;
    GET "/spend/logs/v2" Spend List;
    GET "/spend/logs/ui" Spend List;
    GET "/spend/logs/ui/{request_id}" Spend Read;
    GET "/spend/logs/session/ui" Spend List;
    GET "/spend/summary" Spend List;
    POST "/spend/check" Spend Check;
    POST "/spend/reprice" Spend Update;
    POST "/spend/calculate" Spend Read;
    POST "/cost/estimate" Spend Read;
    GET "/user/daily/activity" Spend List;
    GET "/user/daily/activity/aggregated" Spend List;
    GET "/team/daily/activity" Spend List;
    GET "/team/daily/activity/aggregated" Spend List;
    GET "/organization/daily/activity" Spend List;
    GET "/organization/daily/activity/aggregated" Spend List;
    GET "/customer/daily/activity" Spend List;
    GET "/customer/daily/activity/aggregated" Spend List;
    GET "/end_user/daily/activity" Spend List;
    GET "/end_user/daily/activity/aggregated" Spend List;
    GET "/tag/daily/activity" Spend List;
    GET "/tag/daily/activity/aggregated" Spend List;
    GET "/key/spend/report" Spend Read;
    GET "/user/spend/report" Spend List;
    GET "/team/spend/report" Spend List;
    GET "/organization/spend/report" Spend List;
    GET "/global/spend" Spend List;
    GET "/global/spend/logs" Spend List;
    GET "/global/spend/keys" Spend List;
    GET "/global/spend/teams" Spend List;
    GET "/global/spend/models" Spend List;
    GET "/global/spend/provider" Spend List;
    GET "/global/spend/report" Spend List;
    GET "/global/spend/tags" Spend List;
    GET "/global/spend/all_tag_names" Spend List;
    GET "/global/all_end_users" Spend List;
    POST "/global/spend/end_users" Spend List;
    POST "/global/spend/reset" Spend ResetSpend;
    GET "/global/activity" Spend List;
    GET "/global/activity/model" Spend List;
    GET "/global/activity/cache_hits" Spend List;
    GET "/global/activity/exceptions" Spend List;
    GET "/global/activity/exceptions/deployment" Spend List;
    GET "/provider/budgets" Settings Read;

    GET "/health" Health Check;
    GET "/health/latest" Health List;
    GET "/metrics" Health Read;
    GET "/user/available_roles" User Read;

    POST "/config/reload" Settings Update;
};
