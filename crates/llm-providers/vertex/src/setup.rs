//! The settings of a deployment, by LiteLLM's names.

use llm_provider_core::{ParameterInfo, Parameters};
use serde_json::Value;

/// What a deployment may say beside model, key and address.
///
/// Source: LiteLLM docs, "VertexAI" (docs.litellm.ai/docs/providers/vertex), Google Cloud docs, "How Application Default
/// Credentials works", and the google-genai and Vercel SDKs' variables, read 2026-11.
pub(crate) fn parameters() -> Vec<ParameterInfo> {
    let info = ParameterInfo::new;
    vec![
        info(
            "vertex_project",
            &["VERTEXAI_PROJECT", "VERTEX_PROJECT", "GOOGLE_CLOUD_PROJECT", "GOOGLE_VERTEX_PROJECT"],
            "project of Google Cloud; a service account's own, if it is not set",
        ),
        info(
            "vertex_location",
            &["VERTEXAI_LOCATION", "VERTEX_LOCATION", "GOOGLE_CLOUD_LOCATION", "GOOGLE_VERTEX_LOCATION"],
            "region, `us` or `eu`, or `global`",
        ),
        info(
            "vertex_credentials",
            &["VERTEXAI_CREDENTIALS", "VERTEX_CREDENTIALS", "GOOGLE_APPLICATION_CREDENTIALS"],
            "credentials of Google Cloud as JSON text, or the path of a file with them",
        ),
        info("vertex_ai_project", &[], "the same as `vertex_project`"),
        info("vertex_ai_location", &[], "the same as `vertex_location`"),
        info("vertex_ai_credentials", &[], "the same as `vertex_credentials`"),
        info("gcloud_config", &["CLOUDSDK_CONFIG"], "folder of the gcloud tool's settings"),
        info("gcloud_home", &["HOME", "APPDATA"], "folder in which the gcloud tool keeps its settings"),
        info(
            "gce_metadata_host",
            &["GCE_METADATA_HOST", "GCE_METADATA_ROOT"],
            "host of the machine's metadata server",
        ),
    ]
}

/// A setting by either of its names.
pub(crate) fn get<'a>(parameters: &'a Parameters, name: &str) -> Option<&'a str> {
    let short = name.strip_prefix("vertex_").unwrap_or(name);
    parameters.get(name).or_else(|| parameters.get(&format!("vertex_ai_{short}"))).map(str::trim)
}

/// The project: as it is set, or a service account's own.
pub(crate) fn project(parameters: &Parameters) -> Option<String> {
    if let Some(project) = get(parameters, "vertex_project") {
        return Some(project.to_owned());
    }
    let credentials = get(parameters, "vertex_credentials").filter(|text| text.starts_with('{'))?;
    let credentials: Value = serde_json::from_str(credentials).ok()?;
    let project = credentials.get("project_id").or_else(|| credentials.get("quota_project_id"))?;
    project.as_str().map(str::to_owned)
}
