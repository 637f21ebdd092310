//! `/v1/models` in both vendors' shapes: the short forms.

use bytes::Bytes;
use serde::Serialize;

use crate::forms::SHORT_FORMS;
use crate::respond::Wire;

/// The first second of 2026; models of a vendor that does not exist need some birthday.
const CREATED_S: i64 = 1_767_225_600;
const CREATED_AT: &str = "2026-01-01T00:00:00Z";

#[derive(Serialize)]
struct OpenAiList {
    object: &'static str,
    data: Vec<OpenAiModel>,
}

#[derive(Serialize)]
struct OpenAiModel {
    id: &'static str,
    object: &'static str,
    created: i64,
    owned_by: &'static str,
}

#[derive(Serialize)]
struct AnthropicList {
    data: Vec<AnthropicModel>,
    has_more: bool,
    first_id: Option<&'static str>,
    last_id: Option<&'static str>,
}

#[derive(Serialize)]
struct AnthropicModel {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'static str,
    display_name: &'static str,
    created_at: &'static str,
}

pub(crate) fn list(wire: Wire) -> Bytes {
    let ids = SHORT_FORMS.iter().map(|form| form.example);
    let json = match wire {
        Wire::OpenAi => serde_json::to_vec(&OpenAiList {
            object: "list",
            data: ids
                .map(|id| OpenAiModel { id, object: "model", created: CREATED_S, owned_by: "mock" })
                .collect(),
        }),
        Wire::Anthropic => serde_json::to_vec(&AnthropicList {
            first_id: ids.clone().next(),
            last_id: ids.clone().next_back(),
            data: ids
                .map(|id| AnthropicModel { kind: "model", id, display_name: id, created_at: CREATED_AT })
                .collect(),
            has_more: false,
        }),
    };
    // Strings and numbers always serialise.
    json.map(Bytes::from).unwrap_or_default()
}
