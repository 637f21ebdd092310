//! Callbacks of teams: where their requests are told. They stand in `metadata.logging`, as LiteLLM has them.

use axum::Json;
use llm_tenancy::management::Place;
use llm_tenancy::{Document, Team, TeamId};
use serde_json::{Value, json};

use super::change::change_one;
use super::{Roster, row};
use crate::desk::Desk;
use crate::endpoint::Param;
use crate::fault::Fault;
use crate::parts::Parts;
use crate::said::{Asked, Said};
use crate::shape::Shape;
use crate::veil;

/// When a callback is called.
pub(super) const TYPES: &[&str] = &["success", "failure", "success_and_failure"];
pub(super) const STATUS: Param = Param::new("status", Shape::Word(&["success"]), "That it is done");
pub(super) const MESSAGE: Param = Param::new("message", Shape::Text, "For people");
pub(super) const DATA: Param = Param::new("data", Shape::Object, "The callbacks of the team, secrets masked");

/// Where LiteLLM keeps callbacks, and where it did before.
const LOGGING: &str = "logging";
const FORMER: &str = "callback_settings";

pub(super) async fn add(desk: Desk, Parts(id): Parts<TeamId>, mut said: Said) -> Result<Json<Value>, Fault> {
    let name: String = said.need("callback_name")?;
    let kind: String = said.take("callback_type")?.unwrap_or_else(|| "success_and_failure".to_owned());
    let vars: std::collections::BTreeMap<String, String> = said.need("callback_vars")?;
    said.end();
    if !TYPES.contains(&kind.as_str()) {
        return Err(Fault::invalid(
            "callback_type",
            format!("callback_type must be one of {}", TYPES.join(", ")),
        ));
    }
    let change = |team: &mut Team| {
        check_right(&desk, team)?;
        let mut entries = entries(&team.metadata).to_vec();
        if entries.iter().any(|entry| entry["callback_name"] == *name && entry["callback_type"] == *kind) {
            let message = format!("the team has the callback {name} for {kind} already");
            return Err(Fault::invalid("callback_name", message));
        }
        entries.push(json!({ "callback_name": name, "callback_type": kind, "callback_vars": vars }));
        team.metadata.insert(LOGGING.to_owned(), Value::Array(entries));
        Ok(())
    };
    let changed = change_one(&desk, &id, change).await?;
    let roster = Roster::of(&desk, [&id]).await?;
    Ok(Json(json!({ "status": "success", "data": row(&changed, &roster) })))
}

pub(super) async fn show(desk: Desk, Parts(id): Parts<TeamId>, asked: Asked) -> Result<Json<Value>, Fault> {
    asked.end();
    let team = desk.store.get::<Team>(&id, &desk.scope).await?.value;
    check_right(&desk, &team)?;
    let Callbacks { success, failure, vars } = Callbacks::of(&team.metadata);
    Ok(Json(json!({
        "status": "success",
        "data": {
            "team_id": id,
            "success_callbacks": success,
            "failure_callbacks": failure,
            "callback_vars": veil::veiled(&vars),
        },
    })))
}

pub(super) async fn remove(
    desk: Desk,
    Parts((id, name)): Parts<(TeamId, String)>,
    asked: Asked,
) -> Result<Json<Value>, Fault> {
    asked.end();
    let change = |team: &mut Team| {
        check_right(&desk, team)?;
        let mut entries = entries(&team.metadata).to_vec();
        let before = entries.len();
        entries.retain(|entry| entry["callback_name"] != *name);
        if entries.len() == before {
            let mut fault = Fault::invalid("callback_name", format!("the team has no callback {name}"));
            fault.0.kind = llm_types::ErrorKind::NotFound;
            return Err(fault);
        }
        team.metadata.insert(LOGGING.to_owned(), Value::Array(entries));
        Ok(())
    };
    let changed = change_one(&desk, &id, change).await?;
    Ok(Json(told(&changed, &format!("the callback {name} is taken from the team"))))
}

pub(super) async fn clear(desk: Desk, Parts(id): Parts<TeamId>, said: Said) -> Result<Json<Value>, Fault> {
    said.end();
    let change = |team: &mut Team| {
        check_right(&desk, team)?;
        team.metadata.insert(LOGGING.to_owned(), json!([]));
        team.metadata.shift_remove(FORMER);
        Ok(())
    };
    let changed = change_one(&desk, &id, change).await?;
    Ok(Json(told(&changed, "all callbacks are taken from the team")))
}

/// Callbacks say where requests are told: for whoever manages the team.
fn check_right(desk: &Desk, team: &Team) -> Result<(), Fault> {
    let place = Place::of_team(team);
    let may_look = !desk.route.verb.acts() && desk.scope.all;
    if may_look || desk.manager.may_set_metadata(LOGGING, &place) {
        Ok(())
    } else {
        Err(Fault::forbidden("the callbacks of the team are for its admins"))
    }
}

fn told(team: &Team, message: &str) -> Value {
    let Callbacks { success, failure, .. } = Callbacks::of(&team.metadata);
    json!({
        "status": "success",
        "message": message,
        "data": {
            "team_id": team.team_id,
            "success_callbacks": success,
            "failure_callbacks": failure,
        },
    })
}

fn entries(metadata: &Document) -> &[Value] {
    metadata.get(LOGGING).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The callbacks of a team, with all of their settings.
#[derive(Debug, Default, PartialEq)]
struct Callbacks {
    success: Vec<String>,
    failure: Vec<String>,
    vars: Document,
}

impl Callbacks {
    fn of(metadata: &Document) -> Self {
        match metadata.get(LOGGING) {
            None | Some(Value::Null) => Self::former(metadata.get(FORMER).unwrap_or(&Value::Null)),
            Some(_) => {
                let mut all = Self::default();
                for entry in entries(metadata) {
                    all.add(entry);
                }
                all
            }
        }
    }

    fn add(&mut self, entry: &Value) {
        let Some(name) = entry["callback_name"].as_str() else { return };
        let kind = entry["callback_type"].as_str().unwrap_or("success_and_failure");
        for (list, word) in [(&mut self.success, "success"), (&mut self.failure, "failure")] {
            if kind.split("_and_").any(|part| part == word) && !list.iter().any(|it| it == name) {
                list.push(name.to_owned());
            }
        }
        self.vars.extend(entry["callback_vars"].as_object().cloned().unwrap_or_default());
    }

    fn former(settings: &Value) -> Self {
        let list = |name: &str| {
            let names = settings[name].as_array().into_iter().flatten();
            names.filter_map(Value::as_str).map(ToOwned::to_owned).collect()
        };
        let vars = settings["callback_vars"].as_object().cloned().unwrap_or_default();
        Self { success: list("success_callback"), failure: list("failure_callback"), vars }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callbacks_are_found_where_litellm_keeps_them() {
        let document = |value: Value| value.as_object().cloned().unwrap();
        let all = Callbacks::of(&document(json!({
            "logging": [
                {"callback_name": "langfuse", "callback_type": "success", "callback_vars": {"a": "1"}},
                {"callback_name": "otel", "callback_type": "success_and_failure", "callback_vars": {"b": "2"}},
                {"callback_name": "otel", "callback_type": "failure"},
            ],
            "callback_settings": {"success_callback": ["not asked"]},
        })));
        assert_eq!(all.success, ["langfuse", "otel"]);
        assert_eq!(all.failure, ["otel"]);
        assert_eq!(all.vars, document(json!({"a": "1", "b": "2"})));
        let former = json!({"callback_settings": {"failure_callback": ["s3"], "callback_vars": {"c": "3"}}});
        assert_eq!(Callbacks::of(&document(former)).failure, ["s3"]);
        assert_eq!(Callbacks::of(&Document::new()), Callbacks::default());
    }
}
