//! Many keys are changed with one request, each for itself.

use axum::Json;
use axum::routing::post;
use llm_store::{Field, Filter, Query, StoreError};
use llm_tenancy::{Document, KeyHash, Kind, TeamId, VirtualKey};
use llm_types::ErrorKind;
use serde_json::{Value, json};

use super::change::change;
use super::members::Gallery;
use super::read;
use crate::desk::Desk;
use crate::endpoint::{Endpoint, Param};
use crate::fault::Fault;
use crate::said::Said;
use crate::shape::Shape;
use crate::wire::Wire as _;

/// Keys of one request at most.
const MOST: usize = 500;
/// What may be said of all keys of a team at once: bounds and notes, and not whose they are or what they open.
///
/// Source: LiteLLM's OpenAPI document, read 2026-11.
const FIELDS: [&str; 17] = [
    "max_budget",
    "budget_id",
    "budget_duration",
    "budget_limits",
    "model_max_budget",
    "tpm_limit",
    "rpm_limit",
    "model_tpm_limit",
    "model_rpm_limit",
    "max_parallel_requests",
    "rpm_limit_type",
    "tpm_limit_type",
    "temp_budget_increase",
    "temp_budget_expiry",
    "duration",
    "tags",
    "metadata",
];

pub(super) fn endpoints() -> Vec<Endpoint> {
    const DONE: [Param; 3] = [
        Param::new("total_requested", Shape::Integer, "How many keys were to be changed"),
        Param::new(
            "successful_updates",
            Shape::List(&Shape::Object),
            "Those that were: `{key, key_info}`, with the hash of the key",
        ),
        Param::new(
            "failed_updates",
            Shape::List(&Shape::Object),
            "Those that were not: `{key, key_info, failed_reason}`",
        ),
    ];
    vec![
        Endpoint::post("/key/bulk_update", "Changes keys, each for itself", post(bulk_update))
            .takes([Param::new(
                "keys",
                Shape::List(&Shape::Object),
                "Keys, each as /key/update has it; at most 500",
            )
            .required()])
            .gives(DONE),
        Endpoint::post("/team/key/bulk_update", "Changes keys of a team", post(bulk_update_of_team))
            .takes([
                Param::new("team_id", Shape::Text, "The team").required(),
                Param::new("key_ids", Shape::Maybe(&Shape::List(&Shape::Text)), "Which keys, at most 500"),
                Param::new(
                    "all_keys_in_team",
                    Shape::Flag,
                    "Whether all keys of the team are meant that are neither blocked nor expired",
                ),
                Param::new("update_fields", Shape::Object, "What of the members of /key/update changes")
                    .required(),
            ])
            .gives(DONE),
    ]
}

/// What became of many keys.
#[derive(Default)]
struct Done {
    changed: Vec<VirtualKey>,
    failed: Vec<(KeyHash, Fault)>,
}

impl Done {
    fn add(&mut self, hash: KeyHash, done: Result<VirtualKey, Fault>) -> Result<(), Fault> {
        match done {
            Ok(key) => self.changed.push(key),
            // What comes after it would go the same way.
            Err(fault) if matches!(fault.0.kind, ErrorKind::Unavailable | ErrorKind::Internal) => {
                return Err(fault);
            }
            Err(fault) => self.failed.push((hash, fault)),
        }
        Ok(())
    }

    async fn show(self, desk: &Desk) -> Result<Json<Value>, Fault> {
        let failed: Vec<_> = self.failed.iter().map(|(hash, _)| *hash).collect();
        let kept = desk.store.named_keys(&failed, &desk.scope).await?;
        let shown = kept.iter().map(|(_, found)| &found.value);
        let gallery = Gallery::of(desk, self.changed.iter().chain(shown)).await?;
        let successful =
            self.changed.iter().map(|key| json!({"key": key.hash, "key_info": gallery.show(key)}));
        let failed = self.failed.iter().map(|(hash, fault)| {
            let info = kept.iter().find(|(named, _)| named == hash);
            let info = info.map(|(_, found)| gallery.show(&found.value));
            json!({"key": hash, "key_info": info, "failed_reason": fault.0.message})
        });
        Ok(Json(json!({
            "total_requested": self.changed.len() + self.failed.len(),
            "successful_updates": successful.collect::<Vec<_>>(),
            "failed_updates": failed.collect::<Vec<_>>(),
        })))
    }
}

async fn bulk_update(desk: Desk, mut said: Said) -> Result<Json<Value>, Fault> {
    let items: Vec<Document> = said.need("keys")?;
    said.end();
    if items.is_empty() || items.len() > MOST {
        return Err(Fault::invalid("keys", format!("keys must name 1 to {MOST} keys")));
    }
    let mut wanted = Vec::with_capacity(items.len());
    for (place, mut item) in items.into_iter().enumerate() {
        let name = format!("keys[{place}].key");
        let key = item.shift_remove("key").ok_or_else(|| Fault::missing(&name))?;
        let text = String::read(key).map_err(|error| error.at(&name))?;
        read::tidy(&desk, &mut item, false);
        wanted.push((KeyHash::meant_by(&text), item));
    }
    let mut done = Done::default();
    for (place, (hash, item)) in wanted.into_iter().enumerate() {
        let changed = change(&desk, &hash, item).await.map(|(key, left)| {
            desk.ignores(left.into_iter().map(|name| format!("keys[{place}].{name}")));
            key
        });
        done.add(hash, changed)?;
    }
    done.show(&desk).await
}

async fn bulk_update_of_team(desk: Desk, mut said: Said) -> Result<Json<Value>, Fault> {
    let team: TeamId = said.need("team_id")?;
    let ids: Vec<String> = said.take("key_ids")?.unwrap_or_default();
    let all: bool = said.take("all_keys_in_team")?.unwrap_or_default();
    let mut fields: Document = said.need("update_fields")?;
    said.end();
    if all != ids.is_empty() {
        return Err(Fault::invalid(
            "key_ids",
            "either key_ids or all_keys_in_team says which keys are meant",
        ));
    }
    read::tidy(&desk, &mut fields, false);
    if let Some(name) = fields.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        let message = format!("{name} is not changed for many keys at once");
        return Err(Fault::invalid(&format!("update_fields.{name}"), message));
    }
    if fields.is_empty() {
        return Err(Fault::missing("update_fields"));
    }
    let (wanted, found) = if all {
        let found = of_team(&desk, &team).await?;
        (found.clone(), found)
    } else {
        named_of_team(&desk, &team, &ids).await?
    };
    if found.is_empty() {
        return Err(StoreError::NotFound(Kind::Key).into());
    }
    let mut done = Done::default();
    for hash in wanted {
        let changed = if found.contains(&hash) {
            change(&desk, &hash, fields.clone()).await.map(|(key, left)| {
                desk.ignores(left.into_iter().map(|name| format!("update_fields.{name}")));
                key
            })
        } else {
            Err(StoreError::NotFound(Kind::Key).into())
        };
        done.add(hash, changed)?;
    }
    done.show(&desk).await
}

/// The keys of a team that are neither blocked nor expired.
async fn of_team(desk: &Desk, team: &TeamId) -> Result<Vec<KeyHash>, Fault> {
    let later = Filter::AtLeast(Field::Expires, desk.now().0.saturating_add(1));
    let query = Query {
        filters: vec![
            Filter::Is(Field::Team, team.as_str().to_owned()),
            Filter::Flag(Field::Blocked, false),
            Filter::Any(vec![Filter::Empty(Field::Expires), later]),
        ],
        sort: Field::Id,
        size: MOST as u64 + 1,
        ..Query::default()
    };
    let found = desk.store.list::<VirtualKey>(&query, &desk.scope).await?.records;
    if found.len() > MOST {
        let message = format!("the team has more than {MOST} keys: name them by key_ids, {MOST} at a time");
        return Err(Fault::invalid("all_keys_in_team", message));
    }
    Ok(found.into_iter().map(|found| found.value.hash).collect())
}

/// The keys that are named, each once, and those of them that are the team's.
async fn named_of_team(
    desk: &Desk,
    team: &TeamId,
    ids: &[String],
) -> Result<(Vec<KeyHash>, Vec<KeyHash>), Fault> {
    if ids.len() > MOST {
        return Err(Fault::invalid("key_ids", format!("at most {MOST} keys at a time")));
    }
    let mut wanted: Vec<_> = ids.iter().map(|text| KeyHash::meant_by(text)).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let found = desk.store.named_keys(&wanted, &desk.scope).await?;
    let of_team = found.into_iter().filter(|(_, found)| found.value.team_id.as_ref() == Some(team));
    let of_team = of_team.map(|(named, _)| named).collect();
    Ok((wanted, of_team))
}
