//! Members of `metadata` that stand for members of the record.

use llm_tenancy::Document;
use serde_json::Value;

use crate::desk::Desk;
use crate::member::Member;

/// What LiteLLM keeps in `metadata` and acts upon. Of these a record has some.
///
/// Source: LiteLLM docs, "Virtual Keys" and "Team budgets", read 2026-11.
const LIFTED: [&str; 22] = [
    "model_rpm_limit",
    "model_tpm_limit",
    "default_estimated_output_tokens",
    "default_estimated_output_tokens_per_model",
    "mcp_rpm_limit",
    "tag_rpm_limit",
    "rpm_limit_type",
    "tpm_limit_type",
    "enforced_params",
    "temp_budget_increase",
    "temp_budget_expiry",
    "allowed_vector_store_indexes",
    "throttle_on_budget_exceeded",
    "enable_prompt_caching",
    "end_user_budget_id",
    "disable_global_guardrails",
    "guardrails",
    "policies",
    "prompts",
    "tags",
    "allowed_passthrough_routes",
    "denied_passthrough_routes",
];

/// Takes out of `metadata` what stands for members of a record that has these, and others of this name. What the request
/// says outside counts more.
pub(crate) fn lift<R>(desk: &Desk, said: &mut Document, members: &[Member<R>], others: &[&str]) {
    let Some(Value::Object(metadata)) = said.get_mut("metadata") else { return };
    let is_member = |name: &&&str| {
        others.contains(*name) || members.iter().any(|member| member.name == **name && member.set.is_some())
    };
    let lifted: Vec<_> = LIFTED
        .iter()
        .filter(is_member)
        .filter_map(|name| Some((*name, metadata.shift_remove(*name)?)))
        .collect();
    for (name, value) in lifted {
        match said.get(name) {
            None => {
                said.insert(name.to_owned(), value);
            }
            Some(other) if *other == value => {}
            Some(_) => desk.ignores([format!("metadata.{name}")]),
        }
    }
}
