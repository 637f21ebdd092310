//! The config that holds now, swapped whole.

use std::ops::Deref;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use serde::Serialize;

use super::diagnostic::ConfigErrors;
use super::settings::Settings;
use super::{Config, ConfigContext};

/// A config that no longer changes. A request keeps the one that it began with.
#[derive(Debug)]
pub struct ConfigSnapshot {
    /// Counts from 1, one more with each reload.
    pub version: u64,
    config: Config,
}

impl Deref for ConfigSnapshot {
    type Target = Config;

    fn deref(&self) -> &Config {
        &self.config
    }
}

/// What a reload has done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReloadReport {
    /// The version that holds now.
    pub version: u64,
    /// What differs from the version before: sections, and models as `model gpt-4o`.
    pub changed: Vec<String>,
    /// Settings that differ from those that the process was started with, and that only a restart changes.
    pub needs_restart: Vec<String>,
}

/// Holds the config of a running gateway.
#[derive(Debug)]
pub struct ConfigStore {
    now: ArcSwap<ConfigSnapshot>,
    /// The settings that the process was started with.
    started_with: Settings,
    /// One reload at a time.
    reloading: Mutex<()>,
}

impl ConfigStore {
    /// Starts with version 1.
    pub fn new(config: Config) -> Self {
        let started_with = config.settings.clone();
        let now = ArcSwap::from_pointee(ConfigSnapshot { version: 1, config });
        Self { now, started_with, reloading: Mutex::new(()) }
    }

    /// The config that holds now.
    pub fn load(&self) -> Arc<ConfigSnapshot> {
        self.now.load_full()
    }

    /// The snapshot that a config would become, to be tried before it is swapped in.
    pub fn preview(&self, new: Config) -> Arc<ConfigSnapshot> {
        Arc::new(ConfigSnapshot { version: self.now.load().version + 1, config: new })
    }

    /// Swaps in a new config.
    pub fn reload(&self, new: Config) -> ReloadReport {
        let _one_at_a_time = self.reloading.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.now.load_full();
        let changed = changes(&old, &new);
        let needs_restart = self.started_with.restart_needed(&new.settings);
        let version = old.version + 1;
        self.now.store(Arc::new(ConfigSnapshot { version, config: new }));
        ReloadReport {
            version,
            changed,
            needs_restart: needs_restart.into_iter().map(str::to_owned).collect(),
        }
    }

    /// Reads the file again and swaps it in. Blocks while it reads.
    ///
    /// # Errors
    /// The file's faults; nothing has changed then.
    pub fn reload_from(
        &self,
        path: &Path,
        context: &ConfigContext<'_>,
    ) -> Result<ReloadReport, ConfigErrors> {
        Ok(self.reload(Config::load(path, context)?))
    }
}

fn changes(old: &Config, new: &Config) -> Vec<String> {
    let mut changed: Vec<String> =
        old.settings.differences(&new.settings).into_iter().map(str::to_owned).collect();
    if !old.environment.same_overlay(&new.environment) {
        changed.push("environment_variables".to_owned());
    }
    let fingerprints = |config: &Config| {
        let mut groups: Vec<(String, Vec<String>)> = Vec::new();
        for group in config.resolved.groups().chain(config.resolved.wildcards()) {
            groups.push((
                group.name.clone(),
                group.deployments.iter().map(|d| d.fingerprint.clone()).collect(),
            ));
        }
        groups
    };
    let (before, after) = (fingerprints(old), fingerprints(new));
    let gone = before.iter().filter(|(name, _)| !after.iter().any(|(other, _)| other == name));
    let fresh = after.iter().filter(|group| !before.contains(group));
    changed.extend(fresh.chain(gone).map(|(name, _)| format!("model {name}")));
    changed
}
