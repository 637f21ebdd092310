//! Chat, at an address that names tenant and deployment; the model in the body is an adapter, or none.
//!
//! Source: Predibase API reference, "Create chat completion" (docs.predibase.com/api-reference) and "Querying models"
//! (docs.predibase.com/inference/querying), read 2026-11.

use http::Uri;
use llm_provider_core::{Call, EncodeError, NoteKind};
use llm_provider_envelope::{Envelope, address};
use llm_provider_openai::{AnswerOptions, Changes, OutputLimit, RequestOptions, WireOptions};
use llm_types::{ChatRequest, Extra};
use serde_json::json;

/// What precedes tenant and deployment.
pub(crate) const BASE_URL: &str = "https://serving.app.predibase.com";

/// What stands between tenant and deployment.
const DEPLOYMENTS: &str = "/deployments/v2/llms";

/// OpenAI's chat otherwise.
pub(crate) fn wire() -> WireOptions {
    WireOptions {
        base_url: BASE_URL.to_owned(),
        request: RequestOptions {
            limit: OutputLimit::MaxTokens,
            developer_role: false,
            top_k: true,
            ..RequestOptions::default()
        },
        answer: AnswerOptions { think_tags: true, ..AnswerOptions::default() },
        ..WireOptions::default()
    }
}

/// A deployment.
#[derive(Debug)]
pub(crate) struct Deployment;

impl Envelope for Deployment {
    fn prepare(
        &self,
        request: &mut ChatRequest,
        _call: &Call<'_>,
        changes: &mut Changes<'_>,
    ) -> Result<(), EncodeError> {
        if request.extra.get("adapter_id").is_some_and(serde_json::Value::is_string) {
            changes.note(NoteKind::Moved, "adapter_id", "model");
        }
        Ok(())
    }

    fn address(&self, _request: &ChatRequest, call: &Call<'_>) -> Result<Uri, EncodeError> {
        let base = call.base_url_or(BASE_URL);
        if base.ends_with("/v1") && base.contains(DEPLOYMENTS) {
            return address(base, "/chat/completions");
        }
        let is_safe = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
        let safe = |name: &str| !name.is_empty() && name.chars().all(is_safe) && name != "..";
        if !safe(call.model) {
            let reason = format!("`{}` is no name of a deployment", call.model);
            return Err(EncodeError::invalid("model", reason));
        }
        if base.contains(DEPLOYMENTS) {
            let deployments = base.strip_suffix(call.model).unwrap_or(base).trim_end_matches('/');
            return address(deployments, &format!("/{}/v1/chat/completions", call.model));
        }
        let tenant = call.parameter("tenant_id").or_else(|| call.parameter("predibase_tenant_id"));
        let tenant = tenant.filter(|tenant| safe(tenant)).ok_or_else(|| {
            EncodeError::Setup(
                "Predibase needs a tenant: set `tenant_id` or `PREDIBASE_TENANT_ID`".to_owned(),
            )
        })?;
        address(base, &format!("/{tenant}{DEPLOYMENTS}/{}/v1/chat/completions", call.model))
    }

    /// The adapter stands where others have the model; without one it is empty.
    fn wrap(&self, mut body: Extra, _request: &ChatRequest, _call: &Call<'_>) -> Result<Extra, EncodeError> {
        let adapter = body.shift_remove("adapter_id").unwrap_or_else(|| json!(""));
        body.insert("model".to_owned(), adapter);
        Ok(body)
    }
}
