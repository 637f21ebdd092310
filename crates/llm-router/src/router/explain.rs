//! [`Explanation`]: what would become of a request.

use llm_providers::core::{Note, Payload};
use llm_types::{ApiError, ChatRequest, UnixMs};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Asker;
use super::group::Seen;
use crate::classify::Class;
use crate::{Entropy as _, Entry, Foresight, Inquiry, SeededEntropy, foresee};

/// What would become of a request, without anybody being asked.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Explanation {
    /// When it was asked for.
    pub at: UnixMs,
    /// What chance had to go by.
    pub seed: u64,
    /// The group where the request goes in.
    pub group: String,
    /// The rule that applies.
    pub rule: Option<String>,
    /// The experiment that the request takes part in, and its variant.
    pub variant: Option<(String, String)>,
    /// The tier of quality that serves.
    pub quality: Option<String>,
    /// What class of prompt it is, where that chooses the model.
    pub class: Option<Class>,
    /// Every choice, and the order in which deployments would be asked.
    #[serde(flatten)]
    pub foresight: Foresight,
    /// What would be sent to the first, with `***` in the place of secrets: `method`, `url`, `headers`, `body`; or
    /// `error`, why nothing would be.
    pub upstream: Value,
    /// What could not be said to it as it is asked.
    pub notes: Vec<String>,
}

impl Explanation {
    pub(super) fn new(
        asker: &Asker<'_>,
        seen: &Seen<'_>,
        request: &ChatRequest,
        entry: &Entry<'_>,
        class: Option<Class>,
        inquiry: &Inquiry<'_>,
    ) -> Result<Self, ApiError> {
        let at = asker.router.now();
        let seed = asker.router.entropy().next_u64();
        let wishes = asker.context.wishes.clone();
        let foresight = foresee(seen, wishes, inquiry, at, &mut SeededEntropy::new(seed))?;
        let (upstream, notes) = upstream(seen, &foresight, request);
        Ok(Self {
            at,
            seed,
            group: entry.group.to_owned(),
            rule: entry.rule.map(str::to_owned),
            variant: entry.variant.map(|(split, variant)| (split.to_owned(), variant.to_owned())),
            quality: entry.quality.map(str::to_owned),
            class,
            foresight,
            upstream,
            notes: notes.iter().map(ToString::to_string).collect(),
        })
    }
}

/// What the first deployment would be sent.
fn upstream(seen: &Seen<'_>, foresight: &Foresight, request: &ChatRequest) -> (Value, Vec<Note>) {
    let none = (Value::Null, Vec::new());
    let Some(first) = foresight.order.first() else { return none };
    let Ok(group) = seen.group(Some(&first.group)) else { return none };
    let Some(deployment) = group.deployments.iter().find(|one| one.id == first.deployment) else {
        return none;
    };
    let encoded = deployment
        .fitted(request, None)
        .and_then(|request| deployment.whole.encode(&request).map_err(ApiError::from));
    let encoded = match encoded {
        Ok(encoded) => encoded,
        Err(error) => return (json!({"error": error.message, "kind": error.kind}), Vec::new()),
    };
    let (parts, payload) = encoded.request.into_parts();
    let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        (name.to_string(), Value::from(value.to_str().unwrap_or("?")))
    };
    let headers: Map<String, Value> = parts.headers.iter().map(header).collect();
    let body = match payload {
        Payload::Bytes(bytes) => serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned())),
        Payload::Segments(_) => Value::Null,
    };
    let shown = json!({
        "method": parts.method.as_str(),
        "url": parts.uri.to_string(),
        "headers": headers,
        "body": body,
    });
    (shown, encoded.notes)
}
