//! Models and credentials that were added over the API, beside those of the file.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};
use sha2::Sha256;

use super::diagnostic::{ConfigErrors, Diagnostics, Mark};
use super::tree::{Entry, Node, Value};
use super::{Config, ConfigContext, load};

/// A model that was added over the API, with its secrets.
#[derive(Clone)]
pub struct StoredModel {
    /// Its id.
    pub id: String,
    /// As an entry of `model_list`.
    pub entry: Json,
    /// Whether a tenant says where it leads: it gets nothing of the environment's then.
    pub is_tenants: bool,
}

impl std::fmt::Debug for StoredModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredModel").field("id", &self.id).finish_non_exhaustive()
    }
}

impl StoredModel {
    /// What stands for the file in places of it.
    pub(super) fn source(&self) -> String {
        format!("{SOURCE}{}", self.id)
    }
}

/// A credential that was added over the API, with its secrets.
#[derive(Clone)]
pub struct StoredCredential {
    /// The name by which models refer to it.
    pub name: String,
    /// Its values.
    pub values: Map<String, Json>,
}

impl std::fmt::Debug for StoredCredential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredCredential").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What places of stored models begin with.
const SOURCE: &str = "database, model ";

/// Reads a whole tree, with what was added over the API. What is wrong with that makes no difference to the file: such
/// models are left out, with a warning.
pub(super) fn load(
    mut root: Node,
    files: &[PathBuf],
    hash: &Sha256,
    context: &ConfigContext<'_>,
    diagnostics: Diagnostics,
) -> Result<Config, ConfigErrors> {
    if context.models.is_empty() && context.credentials.is_empty() {
        return load::load(&root, files.to_vec(), hash.clone(), context, diagnostics);
    }
    let of_file = |root: &Node, key| root.get(key).map_or(0, |node| items(node).len());
    let own = of_file(&root, "model_list");
    for credential in context.credentials {
        let source: Arc<str> = format!("database, credential {}", credential.name).into();
        let entry = json!({"credential_name": credential.name, "credential_values": credential.values});
        push(&mut root, "credential_list", Node::from_json(entry, &source));
    }
    for model in context.models {
        let source: Arc<str> = model.source().into();
        push(&mut root, "model_list", Node::from_json(model.entry.clone(), &source));
    }
    let mut left_out = Vec::new();
    loop {
        let errors = match load::load(&root, files.to_vec(), hash.clone(), context, diagnostics.clone()) {
            Ok(mut config) => {
                config.warnings.append(&mut left_out);
                return Ok(config);
            }
            Err(errors) => errors,
        };
        let faulty = |file: &str| errors.errors().any(|error| *error.at.file == *file);
        let mut dropped = Vec::new();
        if let Some(models) = root.get_mut("model_list")
            && let Value::List(entries) = &mut models.value
        {
            let stored = entries.split_off(own.min(entries.len()));
            let (bad, good): (Vec<_>, Vec<_>) = stored.into_iter().partition(|node| faulty(&node.at.file));
            entries.extend(good);
            dropped = bad;
        }
        // The file itself is at fault.
        if dropped.is_empty() {
            return Err(errors);
        }
        let mut found = Diagnostics::default();
        for error in errors.errors().filter(|error| error.at.file.starts_with(SOURCE)) {
            let message = format!("is left out: {}", without_place(&error.message));
            found.warning(&Mark { line: 0, column: 0, ..error.at.clone() }, message);
        }
        left_out.extend(found.finish()?);
    }
}

/// A message without the place in a list that the file's entries stand in as well.
fn without_place(message: &str) -> &str {
    let rest = message.strip_prefix("model_list[").and_then(|rest| rest.split_once("]"));
    rest.map_or(message, |(_, rest)| rest.trim_start_matches(['.', ':', ' ']))
}

fn items(node: &Node) -> &[Node] {
    match &node.value {
        Value::List(items) => items,
        _ => &[],
    }
}

/// Puts a node at the end of a list, which is made if it is not there.
fn push(root: &mut Node, key: &str, node: Node) {
    let at = node.at.clone();
    let Value::Map(entries) = &mut root.value else { return };
    if let Some(entry) = entries.iter_mut().find(|entry| entry.key == key) {
        match &mut entry.node.value {
            Value::List(items) => items.push(node),
            Value::Null => entry.node.value = Value::List(vec![node]),
            // What is wrong with the file is told by whoever reads it.
            _ => {}
        }
    } else {
        let list = Node { value: Value::List(vec![node]), at: at.clone() };
        entries.push(Entry { key: key.to_owned(), at, node: list });
    }
}
