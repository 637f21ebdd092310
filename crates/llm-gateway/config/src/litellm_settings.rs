//! `litellm_settings` and `general_settings`, as far as this version acts on them.

use std::num::NonZeroUsize;

use indexmap::IndexMap;
use ipnet::IpNet;
use llm_oidc::{JwtSettings, RoleName, RolePermissions};
use llm_pricing::{Discounts, Margins};
use llm_router::Seconds;
use llm_router::settings::{BudgetSettings, FallbackTarget, Fallbacks, RouterSettings};
use llm_secrets::{KeyManagementSettings, System};
use llm_tenancy::{Period, Usd};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::key_params::{DefaultKeyParams, UpperboundKeyParams};
use super::priorities::{PrioritySettings, Reservation};
use super::secret::SecretRef;

/// `litellm_settings`: what holds for all models.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct LitellmSettings {
    /// Whether parameters that a vendor does not have are left out instead of refused. Default: false.
    pub drop_params: bool,
    /// Whether conversations that a vendor would refuse are put right before they are sent. Default: false.
    pub modify_params: bool,
    /// Seconds until a request is given up. Holds where neither the deployment nor the router has a timeout.
    /// Default: `llm_gateway.transport.total_timeout_ms`.
    pub request_timeout: Option<Seconds>,
    /// Further attempts after a failed one. Holds where `router_settings` says nothing. Default: 3.
    pub num_retries: Option<u32>,
    /// As in `router_settings`, where that says nothing. Default: none.
    pub fallbacks: Fallbacks,
    /// As in `router_settings`, where that says nothing. Default: none.
    pub context_window_fallbacks: Fallbacks,
    /// As in `router_settings`, where that says nothing. Default: none.
    pub content_policy_fallbacks: Fallbacks,
    /// As in `router_settings`, where that says nothing. Default: none.
    pub default_fallbacks: Vec<FallbackTarget>,
    /// As in `router_settings`, where that says nothing. Default: 3.
    pub max_fallbacks: Option<u32>,
    /// As in `router_settings`, where that says nothing. Default: none.
    pub allowed_fails: Option<u32>,
    /// As in `router_settings`, where that says nothing. Default: none.
    pub cooldown_time: Option<f64>,
    /// Shares that vendors take off their prices: by vendor, or by `vendor/model` with `*`. `0.05` is five per
    /// cent. Default: none.
    #[cfg_attr(feature = "schemars", schemars(with = "std::collections::BTreeMap<String, f64>"))]
    pub cost_discount_config: Discounts,
    /// Shares, or `{percentage, fixed_amount}`, that are put on prices: by vendor, or `global`. Default: none.
    #[cfg_attr(
        feature = "schemars",
        schemars(with = "std::collections::BTreeMap<String, serde_json::Value>")
    )]
    pub cost_margin_config: Margins,
    /// Budgets of labels: requests with a label whose budget is spent are refused. Default: none.
    pub tag_budget_config: IndexMap<String, BudgetSettings>,
    /// What holds for some model groups. Default: nothing.
    pub model_group_settings: ModelGroupSettings,
    /// Dollars that all requests together may cost. Default: any.
    #[cfg_attr(feature = "schemars", schemars(with = "Option<f64>"))]
    pub max_budget: Option<Usd>,
    /// After which time `max_budget` begins anew, such as `30d`. Default: never.
    #[cfg_attr(feature = "schemars", schemars(with = "Option<String>"))]
    pub budget_duration: Option<Period>,
    /// The status that tells of a spent budget. Default: 429.
    pub budget_exceeded_status_code: Option<u16>,
    /// The time zone in which days, weeks and months of budgets begin. Default: `UTC`.
    pub timezone: Option<String>,
    /// Dollars of each end user, where nothing else is said. Default: any.
    #[cfg_attr(feature = "schemars", schemars(with = "Option<f64>"))]
    pub max_end_user_budget: Option<Usd>,
    /// The shared budget of each end user, where nothing else is said. Default: none.
    pub max_end_user_budget_id: Option<String>,
    /// What of a model group's `rpm` and `tpm` is reserved for keys with a priority, which is `metadata.priority` of their
    /// team, else of the key itself: a share, or `{type, value}` with `percent`, `rpm` or `tpm`. Shares that sum up to more
    /// than 1 are made smaller. Holds for groups with `rpm` or `tpm` while they are saturated. Default: nothing.
    pub priority_reservation: IndexMap<String, Reservation>,
    /// What holds for all priorities.
    pub priority_reservation_settings: PrioritySettings,
    /// What internal users have, where nothing else is said. Default: nothing.
    pub default_internal_user_params: InternalUserParams,
    /// What a new key has of which nothing is said. Default: nothing.
    pub default_key_generate_params: DefaultKeyParams,
    /// What no key has more of. Default: anything.
    pub upperbound_key_generate_params: UpperboundKeyParams,
    /// Whether requests to models without a known price are refused. Default: false.
    pub block_requests_for_models_without_pricing: bool,
    /// Whether logs are JSON. Default: `llm_gateway.access_log.format`.
    pub json_logs: Option<bool>,
    /// Seconds of silence on a stream after which a comment is sent. Default:
    /// `llm_gateway.server.keepalive_comment_ms`.
    pub sse_keepalive_ping_interval_seconds: Option<Seconds>,
}

/// `litellm_settings.model_group_settings`: what holds for some model groups.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct ModelGroupSettings {
    /// The model groups whose vendors get the clients' own headers: those that begin with `x-`, but for keys and those
    /// that are meant for the gateway, for proxies or for official clients' statistics. Default: none.
    pub forward_client_headers_to_llm_api: Vec<String>,
}

/// `litellm_settings.default_internal_user_params`: what internal users have, where nothing else is said.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct InternalUserParams {
    /// The ids of teams that any internal user may join, as a member like others. Default: none.
    pub available_teams: Vec<String>,
    /// The role of new users of whom none is said. Default: `internal_user`.
    pub user_role: Option<RoleName>,
    /// Dollars that new users may spend. Default: any.
    #[cfg_attr(feature = "schemars", schemars(with = "Option<f64>"))]
    pub max_budget: Option<Usd>,
    /// After which time that begins anew, such as `30d`. Default: never.
    #[cfg_attr(feature = "schemars", schemars(with = "Option<String>"))]
    pub budget_duration: Option<Period>,
    /// Models that new users may ask; all if it is empty. Default: all.
    pub models: Vec<String>,
    /// What else is said, of which nothing is made.
    #[serde(flatten)]
    #[cfg_attr(feature = "schemars", schemars(skip))]
    pub others: Map<String, Value>,
}

impl LitellmSettings {
    /// Hands on to the router what this section says and `router_settings` does not.
    pub(super) fn hand_on(&self, router: &mut RouterSettings) {
        let lists = [
            (&mut router.fallbacks, &self.fallbacks),
            (&mut router.context_window_fallbacks, &self.context_window_fallbacks),
            (&mut router.content_policy_fallbacks, &self.content_policy_fallbacks),
        ];
        for (own, inherited) in lists {
            if own.is_empty() {
                own.clone_from(inherited);
            }
        }
        if router.default_fallbacks.is_empty() {
            router.default_fallbacks.clone_from(&self.default_fallbacks);
        }
        if router.tag_budget_config.is_empty() {
            router.tag_budget_config.clone_from(&self.tag_budget_config);
        }
        router.num_retries = router.num_retries.or(self.num_retries);
        router.max_fallbacks = router.max_fallbacks.or(self.max_fallbacks);
        router.allowed_fails = router.allowed_fails.or(self.allowed_fails);
        router.cooldown_time = router.cooldown_time.or(self.cooldown_time);
    }
}

/// `general_settings`: what holds for the gateway itself.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct GeneralSettings {
    /// The key that clients present. Without one, any key is accepted, and the gateway listens on loopback
    /// only. Default: none.
    pub master_key: Option<SecretRef>,
    /// Where keys and tenants are kept: see `llm_gateway.database`. Needs a restart. Default: the variable
    /// `DATABASE_URL`.
    pub database_url: Option<SecretRef>,
    /// Requests of all keys at a time. Default: any number.
    pub global_max_parallel_requests: Option<u64>,
    /// Requests at a time of a key that has no bound of its own. Default: any number.
    pub max_parallel_requests: Option<u64>,
    /// Whether nothing more than the usual cost is set aside of a budget. Default: false.
    pub disable_budget_reservation: Option<bool>,
    /// Whether requests are refused when budgets cannot be looked up. Default: `llm_gateway.limits.when_away`.
    pub fail_closed_budget_enforcement: Option<bool>,
    /// Whether requests are refused when rates cannot be looked up. Default: `llm_gateway.limits.when_away`.
    pub fail_closed_rate_limit_enforcement: Option<bool>,
    /// Whether entries of requests are kept for a day only; what they cost is counted all the same. Default: false.
    pub disable_spend_logs: bool,
    /// How long entries of requests are kept, such as `30d`. Default: for ever.
    #[cfg_attr(feature = "schemars", schemars(with = "Option<String>"))]
    pub maximum_spend_logs_retention_period: Option<Period>,
    /// Whether models may be added over the API. They may in any case; LiteLLM's key is taken for its files' sake.
    /// Default: true.
    pub store_model_in_db: Option<bool>,
    /// Whether to listen beyond loopback without a master key. Default: false.
    pub dangerously_permit_weak_or_unset_master_key: bool,
    /// Largest body of a request, in units of 1,048,576 bytes. Default: `llm_gateway.server.max_body_bytes`.
    pub max_request_size_mb: Option<f64>,
    /// Whether the vendor is told when a client hangs up. Default: `llm_gateway.on_disconnect`.
    pub cancel_on_disconnect: Option<bool>,
    /// As in `litellm_settings`, which it overrides. Default: none.
    pub sse_keepalive_ping_interval_seconds: Option<Seconds>,
    /// Whether to believe the `X-Forwarded-For` header of the peers in `trusted_proxy_ranges`. Default: false.
    pub use_x_forwarded_for: bool,
    /// The addresses of proxies in front of this gateway, as `10.0.0.0/8`. Default:
    /// `llm_gateway.server.trusted_proxies`.
    #[cfg_attr(feature = "schemars", schemars(with = "Vec<String>"))]
    pub trusted_proxy_ranges: Vec<IpNet>,
    /// The same as `litellm_settings.model_group_settings.forward_client_headers_to_llm_api`, for all groups. Default:
    /// false.
    pub forward_client_headers_to_llm_api: bool,
    /// Whether small requests find out in the background which deployments are well. They cost money: see
    /// `llm_gateway.health_checks`. Default: false.
    pub background_health_checks: bool,
    /// Seconds between two checks of a deployment. Default: 300.
    pub health_check_interval: Option<Seconds>,
    /// Checks at a time. Default: 8.
    pub health_check_concurrency: Option<NonZeroUsize>,
    /// Whether what one gateway finds counts for all that share its Redis, so that each deployment is checked by one of
    /// them. Default: false.
    pub use_shared_health_check: bool,
    /// Whether `GET /health` tells more than which model is well. Default: true.
    pub health_check_details: Option<bool>,
    /// Whether `GET /health` leaves out what `model_info.disable_background_health_check` leaves out. Default: false.
    pub health_check_skip_disabled_background_models: bool,
    /// As in `router_settings`, where that says nothing. Default: true, where there are background checks.
    pub enable_health_check_routing: Option<bool>,
    /// As in `router_settings`, where that says nothing. Default: twice the time between two checks.
    pub health_check_staleness_threshold: Option<Seconds>,
    /// As in `router_settings`; either is enough. Default: false.
    pub health_check_ignore_transient_errors: bool,
    /// As in `router_settings`, where that says nothing. Default: all.
    pub background_health_check_model_groups: Option<Vec<String>>,
    /// Whether lists of models leave out those of which no deployment is well. Default: false.
    pub model_list_healthy_only: bool,
    /// Whether requests to any deployment may bring along `api_key`, and `api_base` with it. Default: false.
    pub allow_client_side_credentials: bool,
    /// Whether JSON web tokens are taken where keys are. Default: false.
    pub enable_jwt_auth: bool,
    /// Whose tokens, and what they say. Default: those of whoever has the keys at `JWT_PUBLIC_KEY_URL`.
    pub litellm_jwtauth: JwtSettings,
    /// What roles of tokens allow. Default: everything that the role may.
    pub role_permissions: Vec<RolePermissions>,
    /// The secret manager in which the variables are that this file refers to by `os.environ/NAME`; what is not there is
    /// looked for in the environment. Needs a restart. Default: none.
    pub key_management_system: Option<System>,
    /// What is read from there, and how often. Needs a restart.
    pub key_management_settings: KeyManagementSettings,
}
