//! On what terms a deployment is asked: what may be lost, which headers go along, and how long it may take.

use std::borrow::Cow;

use http::HeaderMap;
use llm_provider_core::{Note, OnUnsupported};
use llm_transport::CallOptions;
use llm_types::{ApiError, ErrorKind, Layer};

use super::super::Request;
use super::super::book::Book;
use crate::deployment::Deployment;
use crate::serving::Serving;

/// Whether the request may be sent with what is lost of it.
pub(in super::super) fn weigh_losses(
    serving: &Serving,
    deployment: &Deployment,
    request: &Request<'_>,
    book: &Book<'_>,
    notes: &[Note],
    unsupported: OnUnsupported,
) -> Result<(), ApiError> {
    refuse_losses(notes, unsupported)?;
    let allowed = serving.config.settings.router.allow_lossy_fallbacks
        || deployment.unsupported == Some(OnUnsupported::Drop)
        || request.peek.get("drop_params")? == Some(true);
    if allowed { Ok(()) } else { book.weigh(notes) }
}

/// In strict mode, what would be lost is refused.
fn refuse_losses(notes: &[Note], unsupported: OnUnsupported) -> Result<(), ApiError> {
    if unsupported == OnUnsupported::Drop {
        return Ok(());
    }
    let mut lost = notes.iter().filter(|note| note.kind.is_lossy()).peekable();
    let Some(first) = lost.peek() else { return Ok(()) };
    let param = first.path.clone();
    let list: Vec<String> = lost.map(ToString::to_string).collect();
    let message = format!("this model's vendor cannot take the request as it is: {}", list.join("; "));
    Err(ApiError::new(ErrorKind::Unsupported, Layer::Translation, message)
        .with_param(param)
        .with_code("unsupported_parameter"))
}

/// The client's own word on what the vendor lacks: LiteLLM's `drop_params`.
pub(super) fn client_unsupported(request: &Request<'_>) -> Result<OnUnsupported, ApiError> {
    Ok(match request.peek.get::<bool>("drop_params")? {
        Some(true) => OnUnsupported::Drop,
        Some(false) => OnUnsupported::Reject,
        None => request.unsupported,
    })
}

/// Headers for the vendor: the configuration's, and those of the client's that speak to this vendor.
pub(super) fn forwarded_headers<'a>(deployment: &'a Deployment, client: &HeaderMap) -> Cow<'a, HeaderMap> {
    let mut all = Cow::Borrowed(&deployment.headers);
    for name in &deployment.client_headers {
        if client.contains_key(name) && !deployment.headers.contains_key(name) {
            for value in client.get_all(name) {
                all.to_mut().append(name.clone(), value.clone());
            }
        }
    }
    if deployment.forwards_headers {
        for (name, value) in client {
            if is_for_vendors(name.as_str()) && !deployment.headers.contains_key(name) {
                all.to_mut().append(name.clone(), value.clone());
            }
        }
    }
    all
}

/// Whether a client's header may be handed on: one that nobody has named, and that is no key and not meant for the
/// gateway, for proxies or for an official client's statistics.
///
/// Source: LiteLLM documentation, "Forward client headers to LLM API": headers that begin with `x-`, without
/// `x-stainless-`; read 2026-11. Keys and what is the gateway's own never leave it here.
fn is_for_vendors(name: &str) -> bool {
    const NOT: [&str; 10] = [
        "x-stainless-",
        "x-litellm-",
        "x-llm-gateway-",
        "x-forwarded-",
        "x-amz-",
        "x-api-key",
        "x-goog-api-key",
        "x-real-ip",
        "x-request-id",
        "x-ratelimit-",
    ];
    name.starts_with("x-") && NOT.iter().all(|begin| !name.starts_with(begin))
}

/// Timeouts for this request: the deployment's, shortened by the client's own.
pub(super) fn call_options(deployment: &Deployment, request: &Request<'_>) -> CallOptions {
    let mut options = if request.stream { deployment.stream_options } else { deployment.options };
    if let Some(own) = request.own_timeout {
        options.timeouts.total = Some(options.timeouts.total.map_or(own, |total| total.min(own)));
    }
    options
}
