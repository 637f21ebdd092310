//! The audit: who changed what.

use axum::Json;
use axum::routing::get;
use llm_store::AuditQuery;
use llm_tenancy::{AuditAction, AuditRecord, KeyHash, Kind};
use llm_types::{ApiError, ErrorKind, Layer, UnixMs};
use serde_json::{Value, json};

use crate::desk::Desk;
use crate::endpoint::{Endpoint, Param};
use crate::fault::Fault;
use crate::paging::{LARGEST, Paging};
use crate::parts::Parts;
use crate::said::Asked;
use crate::shape::Shape;
use crate::wire::Wire as _;

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

pub(crate) fn endpoints() -> Vec<Endpoint> {
    let shown = || {
        [
            Param::new("id", Shape::Text, "The id of the record"),
            Param::new("updated_at", Shape::Time, "When"),
            Param::new("changed_by", Shape::Maybe(&Shape::Text), "Who"),
            Param::new("changed_by_api_key", Shape::Maybe(&Shape::Text), "With which key: its hash"),
            Param::new("action", Shape::Word(&ACTIONS), "What was done"),
            Param::new(
                "table_name",
                Shape::Text,
                "With which kind of record, under LiteLLM's name for its table",
            ),
            Param::new("object_id", Shape::Text, "With which record"),
            Param::new(
                "before_value",
                Shape::Maybe(&Shape::Object),
                "How it was, of what changed; secrets masked",
            ),
            Param::new(
                "updated_values",
                Shape::Maybe(&Shape::Object),
                "How it is, of what changed; secrets masked",
            ),
        ]
    };
    vec![
        Endpoint::get("/audit", "Lists changes, the last first", get(list))
            .asks([
                Param::new("changed_by", Shape::Text, "Whose changes"),
                Param::new("changed_by_api_key", Shape::Text, "Changes with this key: itself, or its hash"),
                Param::new("action", Shape::Word(&ACTIONS), "What was done"),
                Param::new("table_name", Shape::Text, "With which kind of record"),
                Param::new("object_id", Shape::Text, "With which record"),
                Param::new("start_date", Shape::Text, "From when on: a day, or a time"),
                Param::new("end_date", Shape::Text, "Until when: a day, or a time"),
                Param::new("sort_by", Shape::Word(&["updated_at"]), "What they are sorted by"),
                Param::new("sort_order", Shape::Word(&["asc", "desc"]), "Whether the last is first"),
            ])
            .asks(Paging::PARAMS)
            .gives([
                Param::new("audit_logs", Shape::List(&Shape::Object), "The changes of this page"),
                Param::new("total", Shape::Integer, "How many there are on all pages"),
                Param::new("total_pages", Shape::Integer, "How many pages there are"),
            ]),
        Endpoint::get("/audit/{id}", "Shows a change", get(info)).gives(shown()),
    ]
}

const ACTIONS: [&str; 6] = ["created", "updated", "deleted", "blocked", "unblocked", "rotated"];

async fn list(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let paging = Paging::of(&mut asked, 10, LARGEST)?;
    let action = asked.take("action").map(|action| {
        AuditAction::from_label(&action).ok_or_else(|| Fault::invalid("action", "there is no such action"))
    });
    let kind = asked.take("table_name").map(|name| {
        let kind = Kind::ALL.into_iter().find(|kind| table(*kind) == name || kind.label() == name);
        kind.ok_or_else(|| Fault::invalid("table_name", "there is no such kind of record"))
    });
    if asked.take("sort_by").is_some_and(|by| by != "updated_at") {
        return Err(Fault::invalid("sort_by", "changes are sorted by updated_at"));
    }
    let ascending = match asked.take("sort_order").as_deref() {
        None | Some("desc") => false,
        Some("asc") => true,
        Some(_) => return Err(Fault::invalid("sort_order", "sort_order must be asc or desc")),
    };
    let query = AuditQuery {
        kind: kind.transpose()?,
        action: action.transpose()?,
        object_id: asked.take("object_id"),
        changed_by: asked.take("changed_by").map(Into::into),
        changed_by_key: asked.take("changed_by_api_key").map(|key| KeyHash::meant_by(&key)),
        since: date(&mut asked, "start_date")?.map(|(at, _)| at),
        before: date(&mut asked, "end_date")?.map(|(_, end)| end),
        ascending,
        skip: (paging.page - 1) * paging.size,
        most: paging.size,
    };
    asked.end();
    let (records, total) = desk.store.list_audit(&query).await?;
    Ok(Json(paging.tell("audit_logs", records.iter().map(show).collect(), total)))
}

async fn info(desk: Desk, Parts(id): Parts<String>, asked: Asked) -> Result<Json<Value>, Fault> {
    asked.end();
    let found = desk.store.find_audit(&id).await?;
    let absent = || {
        let error =
            ApiError::new(ErrorKind::NotFound, Layer::Gateway, "there is no such record of the audit");
        Fault(error.with_code("not_found"))
    };
    found.as_ref().map(|record| Json(show(record))).ok_or_else(absent)
}

/// A day or a time: when it begins, and when it is over.
fn date(asked: &mut Asked, name: &str) -> Result<Option<(UnixMs, UnixMs)>, Fault> {
    let Some(text) = asked.take(name) else { return Ok(None) };
    let (at, lasts) = match text.len() {
        10 => (UnixMs::from_rfc3339(&format!("{text}T00:00:00Z")), DAY_MS),
        _ => (UnixMs::from_rfc3339(&text), 1),
    };
    let at = at.ok_or_else(|| {
        Fault::invalid(name, "expected a day such as 2026-11-21, or a time such as 2026-11-21T08:00:00Z")
    })?;
    Ok(Some((at, UnixMs(at.0.saturating_add(lasts)))))
}

fn show(it: &AuditRecord) -> Value {
    json!({
        "id": it.id,
        "updated_at": it.at.show(),
        "changed_by": it.actor.user_id,
        "changed_by_api_key": it.actor.key,
        "action": it.action.label(),
        "table_name": table(it.kind),
        "object_id": it.object_id,
        "before_value": it.before,
        "updated_values": it.after,
        "user_role": it.actor.role.map(llm_tenancy::Role::litellm),
        "on_behalf_of": it.actor.on_behalf_of,
        "client_ip": it.actor.client_ip,
        "request_id": it.actor.request_id,
    })
}

/// LiteLLM's name for the table of a kind.
fn table(kind: Kind) -> &'static str {
    match kind {
        Kind::Key => "LiteLLM_VerificationToken",
        Kind::Team => "LiteLLM_TeamTable",
        Kind::TeamMember => "LiteLLM_TeamMembership",
        Kind::User => "LiteLLM_UserTable",
        Kind::Organization => "LiteLLM_OrganizationTable",
        Kind::OrganizationMember => "LiteLLM_OrganizationMembership",
        Kind::Project => "LiteLLM_ProjectTable",
        Kind::EndUser => "LiteLLM_EndUserTable",
        Kind::Budget => "LiteLLM_BudgetTable",
        Kind::Tag => "LiteLLM_TagTable",
        Kind::AccessGroup => "LiteLLM_AccessGroupTable",
        Kind::Model => "LiteLLM_ProxyModelTable",
        Kind::Credential => "LiteLLM_CredentialsTable",
        other => other.label(),
    }
}
