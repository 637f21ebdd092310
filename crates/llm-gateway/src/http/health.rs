//! Is it alive, is it ready, what has it counted; how what is behind it is doing.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::json;

use super::models::answer;
use super::visit::Visit;
use crate::app::App;
use crate::telemetry::gauges;

mod report;

pub use report::{budgets, health, latest};

/// The process answers.
pub fn liveliness() -> Response<Bytes> {
    answer(&json!("I'm alive!"))
}

/// New requests are welcome: 503 once the gateway has begun to stop.
pub fn readiness(app: &App) -> Response<Bytes> {
    let stopping = app.is_stopping();
    let serving = app.serving();
    let shared_state = app.sharing().map(|sharing| {
        json!({
            "status": if sharing.is_there() { "connected" } else { "away" },
            "replicas": sharing.replicas(),
        })
    });
    let db = match app.tenants().map(|tenants| tenants.identities.is_away()) {
        None => "Not connected",
        Some(true) => "away",
        Some(false) => "connected",
    };
    let mut response = answer(&json!({
        "status": if stopping { "stopping" } else { "healthy" },
        "litellm_version": env!("CARGO_PKG_VERSION"),
        "version": env!("CARGO_PKG_VERSION"),
        "config_version": serving.version,
        "models": serving.listed.len(),
        "db": db,
        "cache": null,
        "shared_state": shared_state,
    }));
    if stopping {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    response
}

/// Everything counted, in Prometheus' text format.
pub fn metrics(visit: &Visit) -> Response<Bytes> {
    let Visit { app, serving, .. } = visit;
    let mut numbers = vec![
        ("in_flight", "Requests in flight", app.in_flight.get()),
        ("held_bytes", "Bytes of bodies held", app.held_bytes.get()),
        ("config_version", "The configuration that requests are served under", serving.version),
    ];
    if let Some(sharing) = app.sharing() {
        let replicas = sharing.replicas() as u64;
        numbers.push((
            "shared_state_up",
            "Whether the Redis of shared state answers",
            sharing.is_there().into(),
        ));
        numbers.push(("shared_state_replicas", "Gateways that share state, this one included", replicas));
    }
    let text = app.metrics.encode(&numbers, |registry| gauges::register(registry, app, serving));
    let mut response = Response::new(Bytes::from(text));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8"),
    );
    response
}
