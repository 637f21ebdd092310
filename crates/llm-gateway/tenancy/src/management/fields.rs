//! Which members of a record one may set.

use super::{Manager, Place, Rank};
use crate::Kind;

/// Who may set a member, at the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Least {
    /// Its owner.
    Own,
    /// Its owner when it is made; afterwards only to bound it more.
    OwnNarrowing,
    /// An admin of its team.
    TeamAdmin,
    /// An admin of its organisation.
    OrgAdmin,
    /// A proxy admin.
    ProxyAdmin,
}

impl Least {
    /// The rank that it takes.
    pub const fn rank(self) -> Rank {
        match self {
            Self::Own | Self::OwnNarrowing => Rank::Own,
            Self::TeamAdmin => Rank::TeamAdmin,
            Self::OrgAdmin => Rank::OrgAdmin,
            Self::ProxyAdmin => Rank::ProxyAdmin,
        }
    }
}

/// Who may set a member, under the name that LiteLLM's requests have for it. What stands in no list only a proxy admin may
/// set. This is the table.
pub fn least(kind: Kind, field: &str) -> Least {
    let lists: &[(Least, &[&str])] = match kind {
        Kind::Key => &[
            (
                Least::Own,
                &[
                    "key",
                    "key_alias",
                    "key_type",
                    "user_id",
                    "team_id",
                    "organization_id",
                    "project_id",
                    "agent_id",
                    "aliases",
                    "tags",
                    "metadata",
                    "guardrails",
                    "policies",
                    "prompts",
                    "enforced_params",
                    "auto_rotate",
                    "rotation_interval",
                    "grace_period",
                    "enable_prompt_caching",
                    "soft_budget",
                    "send_invite_email",
                ],
            ),
            (
                Least::OwnNarrowing,
                &[
                    "duration",
                    "expires",
                    "models",
                    "access_group_ids",
                    "object_permission",
                    "allowed_routes",
                    "allowed_passthrough_routes",
                    "denied_passthrough_routes",
                    "allowed_ips",
                    "allowed_vendors",
                    "allowed_vector_store_indexes",
                    "allowed_cache_controls",
                    "max_budget",
                    "budget_duration",
                    "budget_limits",
                    "model_max_budget",
                    "tpm_limit",
                    "rpm_limit",
                    "tpd_limit",
                    "rate_limits",
                    "max_parallel_requests",
                    "model_tpm_limit",
                    "model_rpm_limit",
                    "mcp_rpm_limit",
                    "tag_rpm_limit",
                    "blocked",
                ],
            ),
            (
                Least::TeamAdmin,
                &[
                    "temp_budget_increase",
                    "temp_budget_expiry",
                    "tpm_limit_type",
                    "rpm_limit_type",
                    "budget_fallbacks",
                    "router_settings",
                    "service_account_id",
                ],
            ),
        ],
        Kind::Team => &[
            (
                Least::TeamAdmin,
                &[
                    "team_alias",
                    "metadata",
                    "tags",
                    "team_member_permissions",
                    "team_member_budget",
                    "team_member_budget_duration",
                    "team_member_rpm_limit",
                    "team_member_tpm_limit",
                    "team_member_key_duration",
                    "team_member_model_max_budget",
                    "default_team_member_models",
                    "model_aliases",
                    "guardrails",
                    "policies",
                    "prompts",
                    "soft_budget",
                ],
            ),
            (
                Least::OrgAdmin,
                &[
                    "team_id",
                    "organization_id",
                    "models",
                    "access_group_ids",
                    "object_permission",
                    "allowed_routes",
                    "allowed_ips",
                    "allowed_vendors",
                    "allowed_passthrough_routes",
                    "denied_passthrough_routes",
                    "max_budget",
                    "budget_duration",
                    "budget_limits",
                    "model_max_budget",
                    "tpm_limit",
                    "rpm_limit",
                    "tpd_limit",
                    "rate_limits",
                    "max_parallel_requests",
                    "model_tpm_limit",
                    "model_rpm_limit",
                    "members_with_roles",
                    "members",
                    "admins",
                    "blocked",
                    "router_settings",
                ],
            ),
        ],
        Kind::TeamMember => &[(
            Least::TeamAdmin,
            &[
                "team_id",
                "user_id",
                "user_email",
                "member",
                "members",
                "role",
                "models",
                "allowed_models",
                "max_budget_in_team",
                "temp_budget_increase",
                "temp_budget_expiry",
                "budget_duration",
                "tpm_limit",
                "rpm_limit",
                "model_max_budget",
            ],
        )],
        Kind::User => &[
            (Least::Own, &["user_alias"]),
            (
                Least::OrgAdmin,
                &[
                    "user_id",
                    "user_email",
                    "user_role",
                    "organizations",
                    "teams",
                    "models",
                    "max_budget",
                    "budget_duration",
                    "tpm_limit",
                    "rpm_limit",
                    "max_parallel_requests",
                    "metadata",
                    "auto_create_key",
                    "send_invite_email",
                    "key_alias",
                    "duration",
                ],
            ),
        ],
        Kind::Organization => &[(Least::OrgAdmin, &["organization_alias", "metadata"])],
        Kind::OrganizationMember => &[(
            Least::OrgAdmin,
            &["organization_id", "user_id", "user_email", "member", "role", "max_budget_in_organization"],
        )],
        Kind::Project => &[(
            Least::TeamAdmin,
            &[
                "project_id",
                "project_alias",
                "description",
                "team_id",
                "models",
                "metadata",
                "max_budget",
                "soft_budget",
                "budget_duration",
                "tpm_limit",
                "rpm_limit",
                "max_parallel_requests",
                "model_max_budget",
                "model_tpm_limit",
                "model_rpm_limit",
                "blocked",
                "tags",
                "object_permission",
            ],
        )],
        Kind::Model => &[(
            Least::TeamAdmin,
            &[
                "model_id",
                "model_name",
                "litellm_params",
                "litellm_params_to_remove",
                "model_info",
                "team_id",
                "organization_id",
                "blocked",
            ],
        )],
        Kind::Credential => &[(
            Least::TeamAdmin,
            &[
                "credential_name",
                "display_name",
                "credential_values",
                "credential_values_to_delete",
                "credential_info",
                "model_id",
                "team_id",
                "organization_id",
            ],
        )],
        Kind::EndUser | Kind::Budget | Kind::Tag | Kind::AccessGroup => &[],
    };
    let list = lists.iter().find(|(_, fields)| fields.contains(&field));
    list.map_or(Least::ProxyAdmin, |(least, _)| *least)
}

/// Members of `metadata` by which the gateway is steered: they are set by whoever may set what they stand for.
const RESERVED: &[&str] = &[
    "logging",
    "callback_settings",
    "priority",
    "service_account_id",
    "model_tpm_limit",
    "model_rpm_limit",
    "model_max_budget",
    "temp_budget_increase",
    "temp_budget_expiry",
    "guardrails",
    "disable_global_guardrails",
    "throttle_on_budget_exceeded",
    "default_estimated_output_tokens",
    "secret_manager_settings",
    "team_id",
    "allowed_cache_controls",
    "router_settings",
    "scim_active",
];

impl Manager {
    /// Whether a member of a record at a place may be set. Whether the value may be is for
    /// [`Manager::check_key`] and its like.
    pub fn may_set(&self, kind: Kind, field: &str, place: &Place<'_>) -> bool {
        self.rank(place) >= least(kind, field).rank()
    }

    /// Whether a member of `metadata` may be set: some steer the gateway, and are for admins of the team at the least.
    pub fn may_set_metadata(&self, member: &str, place: &Place<'_>) -> bool {
        !RESERVED.contains(&member) || self.rank(place) >= Rank::TeamAdmin
    }
}
