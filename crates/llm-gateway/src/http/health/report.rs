//! How deployments and budgets are doing, in LiteLLM's shapes.
//!
//! Source: LiteLLM proxy documentation, "Health checks" and "Budget routing", read 2026-11.

use bytes::Bytes;
use http::Response;
use llm_types::{ErrorKind, UnixMs};
use serde_json::{Map, Value, json};

use crate::app::App;
use crate::headers;
use crate::http::models::answer;
use crate::http::visit::Visit;
use crate::services::health::{self, Subject, Verdict};
use crate::serving::Serving;

/// The deployments: those that are well, and the others, with what is wrong. Where nothing is checked in the background,
/// they are checked now.
pub async fn health(visit: &Visit) -> Response<Bytes> {
    let Visit { app, serving, query, .. } = visit;
    let settings = &serving.config.settings.health;
    let mut subjects = asked_for(health::subjects(serving), query.as_deref());
    if settings.skips_disabled {
        subjects.retain(|subject| !subject.resolved.model_info.health.is_left_out());
    }
    if !settings.in_background {
        health::check_all(app, serving, &subjects).await;
    }
    let now = app.runtime.now();
    let (mut healthy, mut unhealthy) = (Vec::new(), Vec::new());
    for subject in &subjects {
        let verdict = health::verdict(app, serving, subject, now);
        let endpoint = endpoint(app, serving, subject, verdict, now);
        if verdict == Verdict::Well { healthy.push(endpoint) } else { unhealthy.push(endpoint) }
    }
    answer(&json!({
        "healthy_count": healthy.len(),
        "unhealthy_count": unhealthy.len(),
        "healthy_endpoints": healthy,
        "unhealthy_endpoints": unhealthy,
    }))
}

/// The deployments that the query names by model group, by model or by id; all, if it names none.
fn asked_for(mut subjects: Vec<Subject>, query: Option<&str>) -> Vec<Subject> {
    let named = |name: &str| {
        let mut pairs = query.into_iter().flat_map(|query| query.split('&'));
        let value = pairs.find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
        percent_encoding::percent_decode_str(value).decode_utf8().ok()
    };
    if let Some(id) = named("model_id") {
        subjects.retain(|subject| *subject.resolved.id.as_str() == *id);
    }
    if let Some(model) = named("model") {
        let by_group = |subject: &Subject| *subject.resolved.model_name == *model;
        let any = subjects.iter().any(by_group);
        subjects.retain(|subject| if any { by_group(subject) } else { upstream(subject) == *model });
    }
    subjects
}

/// Vendor and model, as `litellm_params.model` has them.
fn upstream(subject: &Subject) -> String {
    match &subject.deployment {
        Ok(deployment) => format!("{}/{}", deployment.provider_name, deployment.model),
        Err(_) => subject.resolved.upstream_model.clone(),
    }
}

/// One deployment, without anything secret.
fn endpoint(app: &App, serving: &Serving, subject: &Subject, verdict: Verdict, now: UnixMs) -> Value {
    let mut told = json!({"model": upstream(subject), "model_id": subject.resolved.id.as_str()});
    if !serving.config.settings.health.tells_details {
        return told;
    }
    told["model_name"] = subject.resolved.model_name.as_str().into();
    if let Err(why) = subject.probe() {
        told["unchecked"] = why.into();
    }
    let deployment = match &subject.deployment {
        Ok(deployment) => deployment,
        Err(why) => {
            if verdict != Verdict::Well {
                told["error"] = why.as_str().into();
            }
            return told;
        }
    };
    let report = deployment.live.report(now);
    let vitals = deployment.candidate(now).vitals;
    let cooling = vitals.health.cooling_until.filter(|until| *until > now);
    let breaker = match cooling {
        Some(_) => "open",
        None if vitals.health.half_open => "half_open",
        None => "closed",
    };
    let base = deployment.head.get(headers::MODEL_API_BASE).and_then(|base| base.to_str().ok());
    let found = app.checks.found(&deployment.id);
    let failed_check = found.as_ref().and_then(|found| found.check.failure.map(|kind| (found, kind)));
    let error = match (&deployment.credential, &failed_check) {
        (Err(why), _) => Some(why.clone()),
        (Ok(_), Some((found, kind))) => {
            Some(found.message.clone().unwrap_or_else(|| kind.label().to_owned()))
        }
        (Ok(_), None) => {
            let cause = report.last_failure.map(|failure| failure.kind.label());
            cause.map(|cause| format!("the last request that failed here: {cause}"))
        }
    };
    let instant = |at: UnixMs| at.rfc3339();
    let more = [
        ("api_base", base.map(Value::from)),
        ("custom_llm_provider", Some((*deployment.provider_name).into())),
        ("mode", Some(health::mode(&subject.resolved, deployment).into())),
        ("base_model", subject.resolved.model_info.base_model.clone().map(Value::from)),
        ("region_name", deployment.facts.first().region.as_deref().map(Value::from)),
        ("rpm", deployment.settings.rpm.map(Value::from)),
        ("tpm", deployment.settings.tpm.map(Value::from)),
        ("error", error.filter(|_| verdict != Verdict::Well).map(Value::from)),
        ("exception_status", failed_check.map(|(_, kind)| kind.status().into())),
        ("breaker", Some(breaker.into())),
        ("cooling_until", cooling.map(|until| instant(until).into())),
        ("cause", cooling.and(vitals.health.cause).map(|cause| cause.label().into())),
        ("failures_in_a_row", Some(vitals.health.failures_in_a_row.into())),
        ("success_rate", vitals.health.success_rate.map(Value::from)),
        ("in_flight", Some(vitals.load.in_flight.into())),
        ("queued", Some(vitals.load.queued.into())),
        ("budget_used", vitals.budget_used.filter(|used| used.is_finite()).map(Value::from)),
        ("x-ratelimit-remaining-requests", vitals.quota.requests.map(Value::from)),
        ("x-ratelimit-remaining-tokens", vitals.quota.tokens.map(Value::from)),
        ("last_failure", report.last_failure.map(|failure| happened(failure.at, Some(failure.kind)))),
        (
            "last_check",
            found.as_ref().map(|found| {
                let mut check = happened(found.check.at, found.check.failure);
                check["elapsed_ms"] = found.check.elapsed_ms.into();
                check
            }),
        ),
    ];
    for (name, value) in more {
        if let Some(value) = value {
            told[name] = value;
        }
    }
    told
}

fn happened(at: UnixMs, kind: Option<ErrorKind>) -> Value {
    json!({"at": at.rfc3339(), "kind": kind.map(ErrorKind::label)})
}

/// What the last checks have found, by deployment. Nobody is asked.
pub fn latest(visit: &Visit) -> Response<Bytes> {
    let Visit { app, serving, .. } = visit;
    let details = serving.config.settings.health.tells_details;
    let mut checks = Map::new();
    for subject in health::subjects(serving) {
        let id = &subject.resolved.id;
        let Some(found) = app.checks.found(id) else { continue };
        let well = found.check.failure.is_none();
        let check = json!({
            "model_name": subject.resolved.model_name,
            "model_id": id.as_str(),
            "status": if well { "healthy" } else { "unhealthy" },
            "healthy_count": u8::from(well),
            "unhealthy_count": u8::from(!well),
            "error_message": found.message.as_deref().filter(|_| details),
            "response_time_ms": found.check.elapsed_ms,
            "checked_at": found.check.at.rfc3339(),
        });
        checks.insert(id.to_string(), check);
    }
    let total = checks.len();
    let spent = app.checks.spent(app.runtime.now());
    answer(&json!({
        "latest_health_checks": checks,
        "total_models": total,
        "spent_today_usd": spent.to_string(),
    }))
}

/// The budgets of vendors, and what is spent of them.
pub fn budgets(visit: &Visit) -> Response<Bytes> {
    let Visit { app, serving, .. } = visit;
    let now = app.runtime.now();
    let mut providers = Map::new();
    for (name, budget) in &serving.prepare.budgets.providers {
        let running = budget.live.export(now);
        let told = json!({
            "budget_limit": budget.settings.budget_limit,
            "time_period": String::from(budget.settings.time_period),
            "spend": running.map_or(0.0, |(spent, _)| spent),
            "budget_reset_at": running.map(|(_, until)| until.rfc3339()),
        });
        providers.insert(name.clone(), told);
    }
    answer(&json!({"providers": providers}))
}
