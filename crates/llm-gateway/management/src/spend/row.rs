//! An entry of the ledger as LiteLLM's logs show a request.

use llm_ledger::{Entry, Flag, Status};
use serde_json::{Map, Value, json};

use crate::endpoint::Param;
use crate::shape::Shape;
use crate::wire::Wire as _;

/// Flags of an entry, with their names.
const FLAGS: [(Flag, &str); 8] = [
    (Flag::Estimated, "estimated"),
    (Flag::Unpriced, "unpriced"),
    (Flag::Reported, "reported"),
    (Flag::Clamped, "clamped"),
    (Flag::Mirrored, "mirrored"),
    (Flag::Exceeded, "exceeded"),
    (Flag::Streamed, "streamed"),
    (Flag::BeyondTokens, "beyond_tokens"),
];

const MAYBE: Shape = Shape::Maybe(&Shape::Text);

/// What the documentation says of a row.
///
/// Source: LiteLLM docs, "Spend tracking", read 2026-11.
pub(super) const MEMBERS: [Param; 31] = [
    Param::new("request_id", Shape::Text, "The request; its legs have the same"),
    Param::new(
        "leg",
        Shape::Integer,
        "Which request to a vendor it was for this request, from 0 on; adjustments follow from 65536 on",
    ),
    Param::new("litellm_call_id", MAYBE, "What the client calls the request"),
    Param::new("call_type", Shape::Text, "The route"),
    Param::new("status", Shape::Word(&["success", "failure"]), "Whether it was answered"),
    Param::new("leg_status", Shape::Word(&STATUSES), "What became of it"),
    Param::new("spend", Shape::Number, "Dollars"),
    Param::new("total_tokens", Shape::Integer, "Tokens read and written"),
    Param::new("prompt_tokens", Shape::Integer, "Tokens read"),
    Param::new("completion_tokens", Shape::Integer, "Tokens written"),
    Param::new("startTime", Shape::Time, "When the vendor was asked"),
    Param::new("endTime", Shape::Time, "When it was over"),
    Param::new("completionStartTime", Shape::Maybe(&Shape::Time), "When the answer's head came"),
    Param::new("request_duration_ms", Shape::Integer, "How long it took, in milliseconds"),
    Param::new("model", Shape::Text, "The model's name at the vendor"),
    Param::new("model_group", Shape::Text, "The model as the client named it"),
    Param::new("model_id", Shape::Text, "The deployment"),
    Param::new("custom_llm_provider", Shape::Text, "The vendor"),
    Param::new("api_key", Shape::Text, "The key's hash; empty for the master key"),
    Param::new("user", Shape::Text, "The key's user"),
    Param::new("team_id", MAYBE, "The team"),
    Param::new("organization_id", MAYBE, "The organisation"),
    Param::new("project_id", MAYBE, "The project"),
    Param::new("end_user", MAYBE, "Whom the request was for"),
    Param::new("request_tags", Shape::List(&Shape::Text), "Labels"),
    Param::new("session_id", MAYBE, "The conversation"),
    Param::new("requester_ip_address", MAYBE, "The client's address"),
    Param::new("cache_hit", Shape::Word(&["True", "False"]), "Whether the answer was known"),
    Param::new("messages", Shape::Object, "Empty: what was said is not kept"),
    Param::new("response", Shape::Object, "Empty: what was answered is not kept"),
    Param::new("metadata", Shape::Object, "Names, flags, parts of the tokens, what was reserved, the error"),
];

/// What becomes of legs.
pub(super) const STATUSES: [&str; 8] = {
    let (mut labels, mut at) = ([""; 8], 0);
    while at < labels.len() {
        labels[at] = Status::ALL[at].label();
        at += 1;
    }
    labels
};

pub(super) fn show(entry: &Entry) -> Value {
    let maybe = |text: &str| if text.is_empty() { Value::Null } else { text.into() };
    let is_failure = !(entry.status.is_success() || entry.status == Status::Adjustment);
    json!({
        "request_id": entry.id.request.to_string(),
        "leg": entry.id.leg,
        "litellm_call_id": maybe(&entry.call_id),
        "call_type": entry.route,
        "status": if is_failure { "failure" } else { "success" },
        "leg_status": entry.status.label(),
        "spend": entry.cost.show(),
        "total_tokens": entry.tokens.total(),
        "prompt_tokens": entry.tokens.prompt,
        "completion_tokens": entry.tokens.completion,
        "startTime": entry.started.show(),
        "endTime": entry.ended.show(),
        "completionStartTime": entry.head.show(),
        "request_duration_ms": entry.ended.since(entry.started),
        "model": entry.vendor_model,
        "model_group": entry.model,
        "model_id": entry.deployment,
        "custom_llm_provider": entry.vendor,
        "api_key": entry.key,
        "user": entry.user,
        "team_id": maybe(&entry.team),
        "organization_id": maybe(&entry.organization),
        "project_id": maybe(&entry.project),
        "end_user": maybe(&entry.end_user),
        "request_tags": entry.tags,
        "session_id": maybe(&entry.session_id),
        "requester_ip_address": maybe(&entry.client),
        "cache_hit": if entry.status == Status::CacheHit { "True" } else { "False" },
        "messages": {},
        "response": {},
        "metadata": metadata(entry, is_failure),
    })
}

fn metadata(entry: &Entry, is_failure: bool) -> Value {
    let flags: Vec<&str> =
        FLAGS.iter().filter(|(flag, _)| entry.flags.has(*flag)).map(|(_, name)| *name).collect();
    let mut metadata = json!({
        "status": if is_failure { "failure" } else { "success" },
        "reason": entry.reason,
        "flags": flags,
        "reserved": entry.reserved.show(),
        "list_cost": entry.list_cost.show(),
        "user_api_key": entry.key,
        "user_api_key_alias": entry.key_alias,
        "user_api_key_user_id": entry.user,
        "user_api_key_team_id": entry.team,
        "user_api_key_org_id": entry.organization,
        "http_status": entry.http_status,
        "usage_object": {
            "prompt_tokens": entry.tokens.prompt,
            "completion_tokens": entry.tokens.completion,
            "total_tokens": entry.tokens.total(),
            "prompt_tokens_details": {
                "cached_tokens": entry.tokens.cache_read,
                "cache_creation_tokens": entry.tokens.cache_write,
            },
            "completion_tokens_details": {"reasoning_tokens": entry.tokens.reasoning},
        },
        "charges": entry.charges.iter().map(|charge| charge.account.as_ref()).collect::<Vec<_>>(),
    });
    if is_failure {
        let code = if entry.http_status == 0 { String::new() } else { entry.http_status.to_string() };
        metadata["error_information"] = json!({
            "error_code": code,
            "error_class": entry.error,
            "llm_provider": entry.vendor,
        });
    }
    if let Ok(details) = serde_json::from_str::<Map<String, Value>>(&entry.details) {
        metadata["details"] = Value::Object(details);
    }
    metadata
}
