//! Is it alive, is it ready, what is behind it, what has it counted.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use llm_types::ApiError;
use serde_json::json;

use super::models::answer;
use crate::app::App;
use crate::headers;

/// The process answers.
pub fn liveliness() -> Response<Bytes> {
    answer(&json!("I'm alive!"))
}

/// New requests are welcome: 503 once the gateway has begun to stop.
pub fn readiness(app: &App) -> Response<Bytes> {
    let stopping = app.is_stopping();
    let serving = app.serving();
    let mut response = answer(&json!({
        "status": if stopping { "stopping" } else { "healthy" },
        "litellm_version": env!("CARGO_PKG_VERSION"),
        "version": env!("CARGO_PKG_VERSION"),
        "config_version": serving.version,
        "models": serving.listed.len(),
        "db": "Not connected",
        "cache": null,
    }));
    if stopping {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    response
}

/// The deployments: those that have failed since their last success, and the others. Nothing is sent to a vendor.
///
/// # Errors
/// An authentication error.
pub fn health(app: &App, headers: &HeaderMap) -> Result<Response<Bytes>, ApiError> {
    let serving = app.serving();
    serving.authenticator.authenticate(headers, None)?;
    let now = app.runtime.now();
    let mut healthy = Vec::new();
    let mut unhealthy = Vec::new();
    let mut groups: Vec<_> = serving.made.pin().values().cloned().collect();
    groups.sort_by(|a, b| a.name.cmp(&b.name));
    groups.dedup_by(|a, b| a.name == b.name);
    for deployment in groups.iter().flat_map(|group| &group.deployments) {
        let candidate = deployment.candidate(now);
        let failures = candidate.vitals.health.failures_in_a_row;
        let mut entry = json!({
            "model_name": *deployment.group,
            "model": format!("{}/{}", deployment.provider_name, deployment.model),
            "model_id": deployment.id.as_str(),
            "api_base": deployment.head.get(headers::MODEL_API_BASE).and_then(|base| base.to_str().ok()),
            "in_flight": candidate.vitals.load.in_flight,
            "failures_in_a_row": failures,
        });
        if let Err(why) = &deployment.credential {
            entry["error"] = json!(why);
            unhealthy.push(entry);
        } else if failures > 0 {
            unhealthy.push(entry);
        } else {
            healthy.push(entry);
        }
    }
    Ok(answer(&json!({
        "healthy_count": healthy.len(),
        "unhealthy_count": unhealthy.len(),
        "healthy_endpoints": healthy,
        "unhealthy_endpoints": unhealthy,
    })))
}

/// Everything counted, in Prometheus' text format.
///
/// # Errors
/// An authentication error.
pub fn metrics(app: &App, headers: &HeaderMap) -> Result<Response<Bytes>, ApiError> {
    let serving = app.serving();
    serving.authenticator.authenticate(headers, None)?;
    let text = app.metrics.encode(&[
        ("in_flight", "Requests in flight", app.in_flight.get()),
        ("held_bytes", "Bytes of bodies held", app.held_bytes.get()),
        ("config_version", "The configuration that requests are served under", serving.version),
    ]);
    let mut response = Response::new(Bytes::from(text));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8"),
    );
    Ok(response)
}
