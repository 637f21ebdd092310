//! What records of several kinds have alike: what may be called, what may be spent, how requests are treated. Each macro
//! lists members of the part of that name of a record of any kind.

/// Members that are kept and shown, and that this version does not act upon: whoever says something in them is told so.
pub(crate) const KEPT: [&str; 13] = [
    "guardrails",
    "disable_global_guardrails",
    "policies",
    "prompts",
    "allowed_cache_controls",
    "enable_prompt_caching",
    "permissions",
    "router_settings",
    "config",
    "mcp_rpm_limit",
    "allowed_vector_store_indexes",
    "default_model",
    "allowed_model_region",
];
/// The one whose members, but for these, are the same.
pub(crate) const OBJECTS: (&str, &[&str]) = ("object_permission", &["models"]);

/// What may be spent, and how fast.
macro_rules! limits {
    ($record:ty) => {
        crate::member::members!($record {
            "max_budget" limits.max_budget: Option<llm_pricing::Usd>, "Dollars that may be spent in each `budget_duration`, or ever if there is none";
            "soft_budget" limits.soft_budget: Option<llm_pricing::Usd>, "Dollars after which somebody is told, and nothing refused";
            "budget_duration" limits.budget_duration: Option<llm_tenancy::Period>, "After which time `max_budget` begins anew: `30s`, `30m`, `24h`, `7d`, `1mo`";
            "budget_limits" limits.budget_limits: Vec<llm_tenancy::BudgetWindow>, "Budgets that hold beside `max_budget`, all at once: `{budget_duration, max_budget}`";
            "model_max_budget" limits.model_max_budget: std::collections::BTreeMap<String, llm_tenancy::ModelBudget>, "Budgets by model name, pattern or access group: `{budget_limit, time_period, tpm_limit, rpm_limit}`";
            "budget_fallbacks" limits.budget_fallbacks: std::collections::BTreeMap<String, Vec<String>>, "Which models to ask instead when a model's own budget is spent";
            "throttle_on_budget_exceeded" limits.throttle_on_budget_exceeded: bool, "Whether a spent budget slows requests down instead of refusing them";
            "tpm_limit" limits.tpm_limit: Option<u64>, "Tokens a minute";
            "rpm_limit" limits.rpm_limit: Option<u64>, "Requests a minute";
            "tpd_limit" limits.tpd_limit: Option<u64>, "Tokens a day";
            "rate_limits" limits.rate_limits: Vec<llm_tenancy::RateWindow>, "Requests and tokens over other times, all at once: `{window, requests, tokens}`, `window` being `10s`, `1h`, `30d`";
            "max_parallel_requests" limits.max_parallel_requests: Option<u64>, "Requests at a time";
            "model_tpm_limit" limits.model_tpm_limit: std::collections::BTreeMap<String, u64>, "Tokens a minute by model";
            "model_rpm_limit" limits.model_rpm_limit: std::collections::BTreeMap<String, u64>, "Requests a minute by model";
            "mcp_rpm_limit" limits.mcp_rpm_limit: std::collections::BTreeMap<String, u64>, "Requests a minute by tool server";
            "tag_rpm_limit" limits.tag_rpm_limit: std::collections::BTreeMap<String, u64>, "Requests a minute by tag";
            "tpm_limit_type" limits.tpm_limit_type: Option<llm_tenancy::LimitKind>, "How `tpm_limit` holds against that of the team";
            "rpm_limit_type" limits.rpm_limit_type: Option<llm_tenancy::LimitKind>, "How `rpm_limit` holds against that of the team";
            "default_estimated_output_tokens" limits.default_estimated_output_tokens: Option<u64>, "Tokens that an answer is taken to have when the request does not bound it";
            "default_estimated_output_tokens_per_model" limits.default_estimated_output_tokens_per_model: std::collections::BTreeMap<String, u64>, "The same by model";
        })
    };
}

/// What may be called, and with what.
macro_rules! grants {
    ($record:ty) => {
        crate::member::members!($record {
            "models" grants.models: Vec<String>, "Models: names, patterns, access groups, `all-proxy-models`, `all-team-models`, `no-default-models`; all if empty";
            "access_group_ids" grants.access_group_ids: Vec<llm_tenancy::AccessGroupId>, "Access groups whose models are allowed beside `models`";
            "allowed_routes" grants.allowed_routes: Vec<String>, "Routes, patterns such as `/v1/*`, and groups such as `llm_api_routes`; all if empty";
            "allowed_passthrough_routes" grants.allowed_passthrough_routes: Vec<String>, "Further pass-through routes that are allowed";
            "denied_passthrough_routes" grants.denied_passthrough_routes: Vec<String>, "Pass-through routes that are not, whatever allows them";
            "allowed_ips" grants.allowed_ips: Vec<llm_tenancy::Network>, "Addresses and networks that requests may come from; all if empty";
            "allowed_vendors" grants.allowed_vendors: Vec<String>, "Vendors whose deployments may be asked, such as `azure`; all if empty";
            "object_permission" grants.object_permission: llm_tenancy::ObjectPermission, "Tools, stores and agents that may be used";
            "allowed_vector_store_indexes" grants.allowed_vector_store_indexes: Vec<serde_json::Value>, "Indexes of vector stores, each with what may be done with it";
        })
    };
}

/// How requests are treated.
macro_rules! conduct {
    ($record:ty) => {
        crate::member::members!($record {
            "guardrails" conduct.guardrails: Vec<String>, "Guardrails beside those of everybody";
            "disable_global_guardrails" conduct.disable_global_guardrails: bool, "Whether the guardrails of everybody are left out";
            "policies" conduct.policies: Vec<String>, "Policies that choose guardrails";
            "prompts" conduct.prompts: Vec<String>, "Prompts that may be named";
            "enforced_params" conduct.enforced_params: Vec<String>, "Members that a request must have";
            "allowed_cache_controls" conduct.allowed_cache_controls: Vec<String>, "Which members of `cache` a request may send";
            "enable_prompt_caching" conduct.enable_prompt_caching: Option<bool>, "Whether points for the vendors' prompt caches are set";
            "permissions" conduct.permissions: llm_tenancy::Document, "Features that are switched, such as `pii: false`";
            "router_settings" conduct.router_settings: llm_tenancy::Document, "Settings of the router: fallbacks, retries, strategy";
        })
    };
}

/// What was spent.
macro_rules! spending {
    ($record:ty) => {
        crate::member::members!($record {
            @get "spend" spending.spend: llm_pricing::Usd, "Dollars spent since the budget began";
            @get "model_spend" spending.model_spend: std::collections::BTreeMap<String, llm_pricing::Usd>, "The same by model";
            @get "budget_reset_at" spending.budget_reset_at: Option<llm_types::UnixMs>, "When the budget begins anew";
        })
    };
}

/// Who made and changed it.
macro_rules! stamp {
    ($record:ty) => {
        crate::member::members!($record {
            @get "created_at" stamp.created_at: llm_types::UnixMs, "When it was made";
            @get "created_by" stamp.created_by: Option<String>, "Who made it";
            @get "updated_at" stamp.updated_at: llm_types::UnixMs, "When it changed last";
            @get "updated_by" stamp.updated_by: Option<String>, "Who changed it last";
        })
    };
}

pub(crate) use {conduct, grants, limits, spending, stamp};
