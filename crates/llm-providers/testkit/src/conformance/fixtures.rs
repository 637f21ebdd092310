//! The fixtures of a vendor: the files of one folder.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::Scenario;

/// All files of the folder.
#[derive(Debug)]
pub(super) struct Fixtures(BTreeMap<String, Vec<u8>>);

/// A failure as a fixture tells it.
#[derive(Debug)]
pub(super) struct ErrorFixture {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Fixtures {
    pub(super) fn read(folder: &Path) -> Self {
        let entries =
            std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let files = entries.map(|entry| {
            let entry = entry.unwrap();
            (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap())
        });
        Self(files.collect())
    }

    /// Whether there is a fixture for the scenario.
    pub(super) fn has(&self, scenario: Scenario) -> bool {
        self.find(scenario).is_some()
    }

    /// The fixture of a scenario.
    pub(super) fn get(&self, scenario: Scenario) -> &[u8] {
        self.find(scenario)
            .unwrap_or_else(|| panic!("there is no fixture `{}`", stem(scenario).unwrap_or_default()))
    }

    /// The fixture of a scenario that is a failure.
    pub(super) fn error(&self, scenario: Scenario) -> ErrorFixture {
        let fixture: Value = serde_json::from_slice(self.get(scenario)).expect("an error fixture is JSON");
        let status = fixture["status"].as_u64().and_then(|status| u16::try_from(status).ok());
        let headers = fixture["headers"].as_object().into_iter().flatten();
        let body = &fixture["body"];
        ErrorFixture {
            status: status.expect("an error fixture has a `status`"),
            headers: headers
                .map(|(name, value)| (name.clone(), value.as_str().expect("a header is a string").to_owned()))
                .collect(),
            body: body.as_str().map_or_else(|| body.to_string(), str::to_owned).into_bytes(),
        }
    }

    /// Every stream that ends well.
    pub(super) fn streams(&self) -> impl Iterator<Item = (Scenario, &[u8])> {
        Scenario::ALL
            .into_iter()
            .filter(|&scenario| scenario.name().ends_with("_stream") && scenario.form().is_some())
            .filter_map(|scenario| Some((scenario, self.find(scenario)?)))
    }

    /// Files that no scenario reads.
    pub(super) fn orphans(&self) -> Vec<&str> {
        let stems: Vec<_> = Scenario::ALL.into_iter().filter_map(stem).collect();
        let names = self.0.keys().map(String::as_str);
        names.filter(|name| !stems.iter().any(|stem| name.starts_with(stem))).collect()
    }

    fn find(&self, scenario: Scenario) -> Option<&[u8]> {
        let stem = stem(scenario)?;
        self.0.iter().find(|(name, _)| name.starts_with(&stem)).map(|(_, bytes)| bytes.as_slice())
    }
}

/// `<scenario>.<form>.`; the ending is free.
fn stem(scenario: Scenario) -> Option<String> {
    Some(format!("{}.{}.", scenario.name(), scenario.form()?.name()))
}
