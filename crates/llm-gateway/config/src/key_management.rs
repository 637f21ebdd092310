//! What a configuration says of a secret manager, found before the configuration itself is read: its references can only
//! be followed once the secrets are at hand.

use std::path::Path;

use llm_secrets::{KeyManagementSettings, System};
use serde::de::DeserializeOwned;

use super::diagnostic::Diagnostics;
use super::environment::{Part, parts};
use super::include;
use super::tree::{Node, Value};

/// A secret manager, and what is wanted of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyManagement {
    /// Which.
    pub system: System,
    /// What is read from there.
    pub settings: KeyManagementSettings,
    /// The names that the configuration refers to, and those that it says are kept there, each once.
    pub names: Vec<String>,
}

impl KeyManagement {
    /// What a file and all that it includes say of a secret manager. `None` if they name none, and if they are faulty:
    /// whoever reads the configuration then is told. Blocks while it reads.
    pub fn of_file(path: &Path) -> Option<Self> {
        let mut unheard = Diagnostics::default();
        Self::of(&include::load(path, &mut unheard)?.root)
    }

    fn of(root: &Node) -> Option<Self> {
        let system: System = read(root.at_path(&["general_settings", "key_management_system"])?)?;
        let settings: KeyManagementSettings =
            match root.at_path(&["general_settings", "key_management_settings"]) {
                Some(node) => read(node)?,
                None => KeyManagementSettings::default(),
            };
        let mut names = settings.hosted_keys.clone().unwrap_or_default();
        references(root, &mut names);
        names.sort_unstable();
        names.dedup();
        Some(Self { system, settings, names })
    }
}

fn read<T: DeserializeOwned>(node: &Node) -> Option<T> {
    serde_json::from_value(node.to_json()).ok()
}

/// The variables that texts anywhere below a node refer to.
fn references(node: &Node, names: &mut Vec<String>) {
    match &node.value {
        Value::Text(text) => names.extend(parts(text).into_iter().filter_map(|part| match part {
            Part::Variable(name) => Some(name.to_owned()),
            Part::Text(_) => None,
        })),
        Value::List(items) => items.iter().for_each(|item| references(item, names)),
        Value::Map(entries) => entries.iter().for_each(|entry| references(&entry.node, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<KeyManagement> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.yaml");
        std::fs::write(&file, text).unwrap();
        KeyManagement::of_file(&file)
    }

    #[test]
    fn names_are_found_wherever_they_stand() {
        let found = of("\
model_list:
  - model_name: a
    litellm_params: {model: openai/a, api_key: os.environ/A_KEY, extra_headers: {x: \"Bearer os.environ/TOKEN\"}}
general_settings:
  master_key: os.environ/MASTER
  key_management_system: hashicorp_vault
  key_management_settings: {hosted_keys: [EXTRA, MASTER]}
")
        .unwrap();
        assert_eq!(found.system, System::HashicorpVault);
        assert_eq!(found.names, ["A_KEY", "EXTRA", "MASTER", "TOKEN"]);
    }

    #[test]
    fn nobody_is_asked_for_what_no_configuration_names() {
        assert_eq!(of("general_settings: {master_key: os.environ/MASTER}"), None);
        assert_eq!(of("general_settings: {key_management_system: nobodys}"), None);
        assert_eq!(of("general_settings: [key_management_system"), None);
        assert_eq!(KeyManagement::of_file(Path::new("no/such/file.yaml")), None);
    }
}
