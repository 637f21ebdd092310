//! What requests say of keys.

use llm_tenancy::key::expiry;
use llm_tenancy::management::Place;
use llm_tenancy::{Document, KeyType, Kind, Limits, TemporaryBudget, Usd, VirtualKey, check_rule};
use llm_types::UnixMs;
use serde_json::Value;

use super::members::members;
use crate::desk::Desk;
use crate::fault::Fault;
use crate::lift::lift;
use crate::member;
use crate::veil::lifted;
use crate::wire::Wire;

/// Members that are set by hand, and may stand in `metadata` as well.
const BY_HAND: [&str; 2] = ["temp_budget_increase", "temp_budget_expiry"];
/// Members whose empty text says nothing.
const TEXTS: [&str; 13] = [
    "key",
    "new_key",
    "key_alias",
    "user_id",
    "team_id",
    "organization_id",
    "project_id",
    "agent_id",
    "budget_id",
    "end_user_budget_id",
    "max_budget",
    "duration",
    "grace_period",
];
/// A machine's name, which stays.
const SERVICE_ACCOUNT: &str = "service_account_id";

/// Takes a member; `None` if it is not there or `null`.
///
/// # Errors
/// 400, if it cannot be read.
pub(super) fn take<T: Wire>(said: &mut Document, name: &str) -> Result<Option<T>, Fault> {
    match said.shift_remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => Ok(Some(T::read(value).map_err(|error| error.at(name))?)),
    }
}

/// Brings what a request says into one form: what stands for something else, and what says nothing.
pub(super) fn tidy(desk: &Desk, said: &mut Document, is_new: bool) {
    // Forms send these empty where nothing changes.
    for name in ["team_id", "duration"] {
        if !is_new && said.get(name).is_some_and(|text| text == "") {
            said.shift_remove(name);
        }
    }
    for name in TEXTS {
        if let Some(text) = said.get_mut(name).filter(|value| *value == "") {
            *text = Value::Null;
        }
    }
    if said.get("send_invite_email") == Some(&Value::Bool(false)) {
        said.shift_remove("send_invite_email");
    }
    lift(desk, said, &members(), &BY_HAND);
    if is_new {
        said.retain(|_, value| !value.is_null());
    } else if let Some(tools) = said.get_mut("object_permission").filter(|value| value.is_null()) {
        *tools = Value::Object(Document::new());
    }
}

/// Forgets what is said as it is already: whoever sends a key back as it was shown changes nothing, also where that was
/// masked.
///
/// # Errors
/// 400, for a mask that stands for no secret of before.
pub(super) fn forget_unchanged(said: &mut Document, before: &VirtualKey) -> Result<(), Fault> {
    let shown = member::show(before, &members());
    said.retain(|name, value| name.starts_with("temp_budget") || shown.get(name) != Some(value));
    if let Some(metadata) = said.get_mut("metadata") {
        let known = lifted(metadata.take(), &before.metadata).map_err(|error| error.at("metadata"))?;
        *metadata = Value::Object(known);
    }
    Ok(())
}

/// That the caller may set all that is said, at a place, of a key that was so.
///
/// # Errors
/// 403, with the first member that is not.
pub(super) fn check(
    desk: &Desk,
    said: &Document,
    before: Option<&VirtualKey>,
    place: &Place<'_>,
) -> Result<(), Fault> {
    let mut asked = said.clone();
    if let (Some(before), Some(Value::Object(metadata))) = (before, asked.get_mut("metadata")) {
        metadata.retain(|name, value| before.metadata.get(name) != Some(value));
    }
    desk.check_members(Kind::Key, &asked, place)
}

/// Sets what a request says of a key at a place, and takes it out of what is said.
///
/// # Errors
/// 400, with the member that cannot be set so.
pub(super) fn apply(
    desk: &Desk,
    said: &mut Document,
    key: &mut VirtualKey,
    place: &Place<'_>,
) -> Result<(), Fault> {
    let now = desk.now();
    let (period, rotation) = (key.limits.budget_duration, key.rotation.clone());
    let wants_rotation = said.get("auto_rotate").is_some_and(|said| said == &Value::Bool(true));
    set_type(said, key)?;
    set_metadata(desk, said, key, place)?;
    set_temporary_budget(said, &mut key.limits)?;
    if let Some(duration) = said.shift_remove("duration") {
        if said.contains_key("expires") {
            return Err(Fault::invalid("duration", "duration and expires say the same: one is enough"));
        }
        let duration = Option::<String>::read(duration).map_err(|error| error.at("duration"))?;
        let end = expiry(duration.as_deref(), now);
        key.expires_at = end.map_err(|error| Fault::invalid("duration", error.to_string()))?;
    }
    member::set(key, &members(), said)?;
    if key.limits.budget_duration != period {
        key.spending.budget_reset_at = desk.next_reset(&key.limits);
    }
    match (key.rotation.auto_rotate, key.rotation.rotation_interval) {
        (false, _) => key.rotation.next_at = None,
        (true, None) => return Err(Fault::missing("rotation_interval")),
        (true, interval @ Some(every)) => {
            if !rotation.auto_rotate || rotation.rotation_interval != interval {
                key.rotation.next_at = Some(every.after(now));
            }
        }
    }
    // Whoever would have to be given the new text cannot be: the key is listed as due, and keeps its text.
    if wants_rotation && !(desk.host.keeps_keys() && key.key_alias.is_some()) {
        desk.ignores(["auto_rotate".to_owned()]);
    }
    sense(key)
}

/// What a key is for says which routes it opens.
fn set_type(said: &mut Document, key: &mut VirtualKey) -> Result<(), Fault> {
    if let Some(key_type) = take::<KeyType>(said, "key_type")? {
        key.key_type = key_type;
        let routes = key_type.allowed_routes();
        if !routes.is_empty() {
            let routes: Vec<_> = routes.iter().map(|route| (*route).to_owned()).collect();
            if take::<Vec<String>>(said, "allowed_routes")?
                .is_some_and(|said| !said.is_empty() && said != routes)
            {
                let message = "allowed_routes are those of the key_type, or the key_type is default";
                return Err(Fault::invalid("allowed_routes", message));
            }
            key.grants.allowed_routes = routes;
        }
    }
    Ok(())
}

/// Puts new metadata in the place of the old. What the caller may not set stays as it was.
fn set_metadata(
    desk: &Desk,
    said: &mut Document,
    key: &mut VirtualKey,
    place: &Place<'_>,
) -> Result<(), Fault> {
    let Some(metadata) = said.shift_remove("metadata") else { return Ok(()) };
    let mut metadata = Document::read(metadata).map_err(|error| error.at("metadata"))?;
    for (name, value) in &key.metadata {
        let is_fixed = name == SERVICE_ACCOUNT;
        match metadata.get(name) {
            Some(new) if is_fixed && new != value => {
                let message = "a service account keeps its name: make a key for the other one";
                return Err(Fault::invalid("metadata.service_account_id", message));
            }
            None if is_fixed || !desk.manager.may_set_metadata(name, place) => {
                metadata.insert(name.clone(), value.clone());
            }
            _ => {}
        }
    }
    key.metadata = metadata;
    Ok(())
}

/// What may be spent for a while is an amount and an end.
fn set_temporary_budget(said: &mut Document, limits: &mut Limits) -> Result<(), Fault> {
    if !BY_HAND.iter().any(|name| said.contains_key(*name)) {
        return Ok(());
    }
    let increase: Option<Usd> = take(said, BY_HAND[0])?;
    let expires_at: Option<UnixMs> = take(said, BY_HAND[1])?;
    limits.temp_budget = match (increase, expires_at) {
        (Some(increase), Some(expires_at)) => Some(TemporaryBudget { increase, expires_at }),
        (None, None) => None,
        (Some(_), None) => return Err(Fault::missing(BY_HAND[1])),
        (None, Some(_)) => return Err(Fault::missing(BY_HAND[0])),
    };
    Ok(())
}

/// That what is set makes sense.
fn sense(key: &VirtualKey) -> Result<(), Fault> {
    let limits = &key.limits;
    let increase = limits.temp_budget.map(|more| more.increase);
    for (name, dollars) in [
        ("max_budget", limits.max_budget),
        ("soft_budget", limits.soft_budget),
        ("temp_budget_increase", increase),
        ("budget_limits", limits.budget_limits.iter().map(|window| window.max_budget).min()),
        ("model_max_budget", limits.model_max_budget.values().filter_map(|model| model.budget_limit).min()),
        ("spend", Some(key.spending.spend)),
    ] {
        if dollars.is_some_and(|dollars| dollars < Usd::ZERO) {
            return Err(Fault::invalid(name, format!("{name} must be 0 or more")));
        }
    }
    for (place, rule) in key.grants.allowed_routes.iter().enumerate() {
        check_rule(rule)
            .map_err(|error| Fault::invalid(&format!("allowed_routes[{place}]"), error.to_string()))?;
    }
    if key.service_account_id().is_some() && key.team_id.is_none() {
        return Err(Fault::invalid("team_id", "team_id is missing: a service account belongs to a team"));
    }
    Ok(())
}
