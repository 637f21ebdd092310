//! What people call keys, teams, users and models, as the ids that the API takes.

use anyhow::bail;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::manage::api::Api;
use crate::manage::{keys, lists, models, teams, users};

/// A key by its alias, its hash or itself, as its hash: the key itself stands in no address and so in no log.
///
/// # Errors
/// No such alias, or what [`Api::get`] says.
pub(crate) async fn key(api: &Api, name: &str) -> anyhow::Result<String> {
    if let Some(hash) = hash(name) {
        return Ok(hash);
    }
    let filters = [("key_alias", Some(name.to_owned())), ("return_full_object", Some("true".to_owned()))];
    match &find(api, keys::LIST, &filters, "key_alias", "token", name).await?[..] {
        [only] => Ok(only.clone()),
        [] => bail!("no key has the alias {name:?}"),
        several => {
            bail!("several keys have the alias {name:?}; name one by its hash: {}", several.join(", "))
        }
    }
}

/// The hash of a key, if the text is a key or its hash.
fn hash(text: &str) -> Option<String> {
    if text.starts_with("sk-") {
        return Some(Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect());
    }
    let is_hash = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then(|| text.to_ascii_lowercase())
}

/// A team by its id or its alias, as its id. What is found as neither is taken for an id.
///
/// # Errors
/// Several teams of that alias, or what [`Api::get`] says.
pub(crate) async fn team(api: &Api, name: &str) -> anyhow::Result<String> {
    let by_id = [("team_id", Some(name.to_owned()))];
    let by_alias = [("team_alias", Some(name.to_owned()))];
    if !find(api, teams::LIST, &by_id, "team_id", "team_id", name).await?.is_empty() {
        return Ok(name.to_owned());
    }
    one(&find(api, teams::LIST, &by_alias, "team_alias", "team_id", name).await?, "teams", name)
}

/// A user by id or address, as the id. What is found as neither is taken for an id.
///
/// # Errors
/// Several users of that address, or what [`Api::get`] says.
pub(crate) async fn user(api: &Api, name: &str) -> anyhow::Result<String> {
    if !name.contains('@') {
        return Ok(name.to_owned());
    }
    let by_id = [("user_ids", Some(name.to_owned()))];
    if !find(api, users::LIST, &by_id, "user_id", "user_id", name).await?.is_empty() {
        return Ok(name.to_owned());
    }
    let by_email = [("user_email", Some(name.to_owned()))];
    one(&find(api, users::LIST, &by_email, "user_email", "user_id", name).await?, "users", name)
}

/// Deployments by their id or the name of their model.
///
/// # Errors
/// None at all, or what [`Api::get`] says.
pub(crate) async fn deployments(api: &Api, name: &str) -> anyhow::Result<Vec<Value>> {
    for filter in ["modelId", "model"] {
        let filters = [(filter, Some(name.to_owned()))];
        let mut found = lists::fetch(api, models::LIST, &filters, &lists::Paging::all()).await?.entries;
        found.retain(|one| one["model_info"]["id"] == name || one["model_name"] == name);
        if !found.is_empty() {
            return Ok(found);
        }
    }
    bail!("no model has the id or the name {name:?}")
}

/// A deployment that was added, by its id, or by the name of its model if that has no other; as its id.
///
/// # Errors
/// None, or several, or one that the file has, or what [`Api::get`] says.
pub(crate) async fn deployment(api: &Api, name: &str) -> anyhow::Result<String> {
    let found = deployments(api, name).await?;
    let id = |one: &Value| one["model_info"]["id"].as_str().unwrap_or_default().to_owned();
    match &found[..] {
        [only] if only["model_info"]["db_model"] == false => {
            bail!("{name:?} stands in the gateway's configuration file: change it there")
        }
        [only] => Ok(id(only)),
        several => {
            let ids: Vec<String> = several.iter().map(id).collect();
            bail!("{name:?} has several deployments; name one by its id: {}", ids.join(", "))
        }
    }
}

/// The ids of the entries whose member is exactly `name`: the API's filters also find parts of names.
async fn find(
    api: &Api,
    list: lists::List,
    filters: &[(&'static str, Option<String>)],
    member: &str,
    id: &str,
    name: &str,
) -> anyhow::Result<Vec<String>> {
    let page = lists::fetch(api, list, filters, &lists::Paging::all()).await?;
    let same = page.entries.iter().filter(|entry| entry[member] == name);
    Ok(same.filter_map(|entry| entry[id].as_str().map(ToOwned::to_owned)).collect())
}

fn one(ids: &[String], what: &str, name: &str) -> anyhow::Result<String> {
    match ids {
        [] => Ok(name.to_owned()),
        [only] => Ok(only.clone()),
        several => bail!("several {what} are called {name:?}; name one by its id: {}", several.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_go_as_their_hashes() {
        // What `sha256sum` says of the text.
        let known = "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b";
        assert_eq!(hash("sk-1234").as_deref(), Some(known));
        assert_eq!(hash(known).as_deref(), Some(known));
        assert_eq!(hash(&known.to_uppercase()).as_deref(), Some(known));
        assert_eq!((hash("ci"), hash(&known[1..])), (None, None));
    }
}
