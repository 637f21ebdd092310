//! `corrections.toml`: what upstream has wrong or lacks, each with a source.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use llm_pricing::PriceValue;
use serde::Deserialize;

use super::json::Fields;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Corrections {
    #[serde(default)]
    correction: Vec<Correction>,
    #[serde(default)]
    addition: Vec<Addition>,
    #[serde(default)]
    removal: Vec<Removal>,
}

/// Fields of models that upstream has wrong.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Correction {
    models: Vec<String>,
    #[serde(flatten)]
    grounds: Grounds,
    /// What upstream says: a correction of something else is no longer one.
    #[serde(default)]
    was: BTreeMap<String, PriceValue>,
    #[serde(default)]
    set: BTreeMap<String, PriceValue>,
    #[serde(default)]
    remove: Vec<String>,
}

/// A model that upstream lacks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Addition {
    model: String,
    #[serde(flatten)]
    grounds: Grounds,
    fields: BTreeMap<String, PriceValue>,
}

/// Entries that are no models.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Removal {
    models: Vec<String>,
    #[serde(flatten)]
    grounds: Grounds,
}

/// Why, and who says so.
#[derive(Debug, Deserialize)]
struct Grounds {
    why: String,
    source: String,
    /// The day on which the source was read.
    read: String,
}

impl Corrections {
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let all: Self = toml::from_str(text).context("corrections.toml")?;
        let corrections = all.correction.iter().map(|it| &it.grounds);
        let additions = all.addition.iter().map(|it| &it.grounds);
        let removals = all.removal.iter().map(|it| &it.grounds);
        if let Some(grounds) =
            corrections.chain(additions).chain(removals).find(|grounds| !grounds.are_complete())
        {
            bail!("{grounds:?}: a correction needs a reason, the address of a source and a day");
        }
        Ok(all)
    }

    /// The models as they should be.
    ///
    /// Fails when a correction finds something else than it corrects: then upstream has changed, and somebody has to
    /// look whether the correction is still one.
    pub(super) fn apply(
        &self,
        mut models: BTreeMap<String, Fields>,
    ) -> anyhow::Result<BTreeMap<String, Fields>> {
        for correction in &self.correction {
            for model in &correction.models {
                let Some(fields) = models.get_mut(model) else {
                    bail!("{model} is to be corrected and is not there");
                };
                correction.apply(fields).with_context(|| format!("the correction of {model}"))?;
            }
        }
        for addition in &self.addition {
            let fields: Fields = addition.fields.clone().into_iter().collect();
            if models.insert(addition.model.clone(), fields).is_some() {
                bail!("{} is to be added and is there already", addition.model);
            }
        }
        for model in self.removal.iter().flat_map(|removal| &removal.models) {
            if models.remove(model).is_none() {
                bail!("{model} is to be removed and is not there");
            }
        }
        Ok(models)
    }
}

impl Grounds {
    fn are_complete(&self) -> bool {
        let day = self.read.split('-').map(str::len).eq([4, 2, 2]);
        !self.why.is_empty() && self.source.starts_with("https://") && day
    }
}

impl Correction {
    fn apply(&self, fields: &mut Fields) -> anyhow::Result<()> {
        for name in self.set.keys().chain(&self.remove) {
            match (fields.get(name), self.was.get(name)) {
                (Some(found), Some(was)) if same(found, was) => {}
                (None, None) => {}
                (found, was) => bail!("{name} is {found:?} and was {was:?}"),
            }
        }
        if let Some(idle) =
            self.was.keys().find(|name| !self.set.contains_key(*name) && !self.remove.contains(name))
        {
            bail!("{idle} has a value before and none after");
        }
        fields.extend(self.set.clone());
        fields.retain(|name, _| !self.remove.contains(name));
        Ok(())
    }
}

/// Whether two values are the same; numbers by what they mean, not by how they are written.
fn same(a: &PriceValue, b: &PriceValue) -> bool {
    let number = |value: &PriceValue| match value {
        PriceValue::Number(text) => llm_pricing::Rate::nearest(text).ok(),
        _ => None,
    };
    a == b || number(a).zip(number(b)).is_some_and(|(a, b)| a == b)
}
