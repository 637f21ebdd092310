//! What clients are told of limits.

use std::fmt;

use http::{HeaderMap, HeaderValue};
use llm_limits::{Cycle, Measure, Outlook, Refusal, RefusalKind, Remaining, Standing};
use llm_pricing::Usd;
use llm_tenancy::VirtualKey;
use llm_types::{ApiError, ErrorKind, Extra, Layer, UnixMs};
use serde_json::{Value, json};

use crate::headers::{self, Values};

/// Milliseconds after which it is worth trying again where too many requests are under way.
const SOON_MS: u64 = 1_000;

/// A refusal as an error: 429, or what the configuration wants for budgets; 503 if nobody knows.
pub(crate) fn refused(refusal: &Refusal, budget_status: Option<u16>, now: UnixMs) -> ApiError {
    let (kind, layer, code) = match refusal.kind {
        RefusalKind::Budget => (ErrorKind::QuotaExceeded, Layer::Budget, "insufficient_quota"),
        RefusalKind::Unavailable => (ErrorKind::Unavailable, Layer::Limit, "limits_unavailable"),
        RefusalKind::Rate | RefusalKind::Tokens | RefusalKind::Parallel => {
            (ErrorKind::RateLimit, Layer::Limit, "rate_limit_exceeded")
        }
    };
    let mut error = ApiError::new(kind, layer, refusal.to_string()).with_code(code);
    error.retry_after_ms = match refusal.kind {
        RefusalKind::Parallel | RefusalKind::Unavailable => Some(SOON_MS),
        // However long one waits, it stays too large.
        _ if refusal.is_too_large() => None,
        _ => refusal.resets_at.map(|at| at.since(now)),
    };
    if refusal.kind == RefusalKind::Budget {
        error.configured_status = budget_status;
    }
    let amount = |amount: i64| match refusal.measure {
        Measure::Spend => Value::String(Usd::from_nanos(amount).to_string()),
        _ => Value::from(amount),
    };
    let mut details = Extra::new();
    details.insert("level".to_owned(), refusal.level.label().into());
    if !refusal.subject.is_empty() {
        details.insert("subject".to_owned(), refusal.subject.clone().into());
    }
    details.insert("rate_limit_type".to_owned(), refusal.kind.label().into());
    if let Some(part) = &refusal.part {
        details.insert("of".to_owned(), part.clone().into());
    }
    details.insert("limit".to_owned(), amount(refusal.limit));
    details.insert("current".to_owned(), amount(refusal.current));
    details.insert("requested".to_owned(), amount(refusal.wanted));
    if let Some(at) = refusal.resets_at {
        details.insert("reset_at".to_owned(), at.rfc3339().into());
    }
    error.details = Some(Box::new(details));
    error
}

/// Whether an error says that a model's own budget is in the way.
pub(crate) fn is_of_a_models_budget(error: &ApiError) -> bool {
    error.layer == Layer::Budget && error.details.as_ref().is_some_and(|details| details.contains_key("of"))
}

/// How a limit stands, for whoever asks without making a request.
pub(crate) fn outlook(outlook: &Outlook) -> Value {
    let Outlook { standing, subject, part, cycle, wanted, refuses } = outlook;
    let amount = |amount: i64| match standing.measure {
        Measure::Spend => Value::String(Usd::from_nanos(amount).to_string()),
        _ => Value::from(amount),
    };
    let kind = match standing.measure {
        Measure::Requests => RefusalKind::Rate,
        Measure::Tokens => RefusalKind::Tokens,
        Measure::Parallel => RefusalKind::Parallel,
        Measure::Spend => RefusalKind::Budget,
    };
    // What is only watched refuses nothing.
    let limit = (standing.limit < i64::MAX).then(|| amount(standing.limit));
    json!({
        "level": standing.level.label(),
        "subject": **subject,
        "of": part,
        "type": kind.label(),
        "period": if *cycle == Cycle::Ever { Value::Null } else { cycle.to_string().into() },
        "limit": limit,
        "current": amount(standing.used),
        "reserved": amount(standing.used.saturating_sub(standing.spent).max(0)),
        "requested": amount(*wanted),
        "reset_at": standing.resets_at.map(UnixMs::rfc3339),
        "refuses": refuses,
    })
}

/// What is left, on an answer: as OpenAI tells it, and in LiteLLM's words what bounds the key.
pub(crate) fn tell(
    remaining: &Remaining,
    key: &VirtualKey,
    now: UnixMs,
    values: &mut Values,
    map: &mut HeaderMap,
) {
    let sides = [(&remaining.requests, &headers::RATE_REQUESTS), (&remaining.tokens, &headers::RATE_TOKENS)];
    for (standing, names) in sides {
        let Some(standing) = standing else { continue };
        let [limit, left, reset] = names;
        map.insert(limit.clone(), values.whole(standing.limit));
        map.insert(left.clone(), values.whole(standing.remaining()));
        if let Some(value) = reset_in(standing, now, values) {
            map.insert(reset.clone(), value);
        }
    }
    let limits =
        [(&headers::KEY_RPM_LIMIT, key.limits.rpm_limit), (&headers::KEY_TPM_LIMIT, key.limits.tpm_limit)];
    for (name, limit) in limits {
        if let Some(limit) = limit {
            map.insert(name.clone(), values.whole(limit));
        }
    }
    let spent = remaining.key_budget.map(|standing| Usd::from_nanos(standing.spent));
    for (name, amount) in [(&headers::KEY_MAX_BUDGET, key.limits.max_budget), (&headers::KEY_SPEND, spent)] {
        if let Some(amount) = amount {
            map.insert(name.clone(), values.shown(amount));
        }
    }
}

/// How long until a limit begins anew.
fn reset_in(standing: &Standing, now: UnixMs, values: &mut Values) -> Option<HeaderValue> {
    Some(values.shown(ResetIn(standing.resets_at?.since(now))))
}

/// Milliseconds in OpenAI's form: `6s`, `250ms`.
pub(crate) struct ResetIn(pub(crate) u64);

impl fmt::Display for ResetIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ms @ 0..1_000 => write!(f, "{ms}ms"),
            ms => write!(f, "{}s", ms.div_ceil(1_000)),
        }
    }
}
