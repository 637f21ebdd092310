//! `upstream.jsonl`: a line of where it is from, then a line for each model, in upstream's own words.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::Context as _;
use llm_pricing::PriceValue;
use serde::{Deserialize, Serialize};

use super::{convert, json, json::Fields};

/// What upstream publishes, without what nobody here reads.
#[derive(Debug, Clone, Default)]
pub(super) struct Snapshot {
    pub(super) header: Header,
    pub(super) models: BTreeMap<String, Fields>,
}

/// Where it is from.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Header {
    /// Name and version: `litellm 1.109.1`.
    pub(super) upstream: String,
    /// The file in there.
    pub(super) file: String,
    /// Its checksum.
    pub(super) sha256: String,
    /// When it was read.
    pub(super) read: String,
    /// Under which licence.
    pub(super) licence: String,
}

/// What the line of a model calls its name.
const NAME: &str = "model";

/// Entries that are no models: a template, and rules for names.
const NO_MODELS: [&str; 2] = ["sample_spec", "fallback_generalizations"];

impl Snapshot {
    /// Takes what is read here from upstream's file.
    pub(super) fn of(text: &str, header: Header) -> anyhow::Result<Self> {
        let mut models = BTreeMap::new();
        for (key, raw) in
            json::members(text)?.into_iter().filter(|(key, _)| !NO_MODELS.contains(&key.as_str()))
        {
            let mut fields = json::fields(raw.get()).with_context(|| key.clone())?;
            fields.retain(|name, value| !convert::is_left_out(name) && *value != PriceValue::Null);
            models.insert(key, fields);
        }
        Ok(Self { header, models })
    }

    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let mut lines = text.lines();
        let header = serde_json::from_str(lines.next().context("the file is empty")?)?;
        let mut models = BTreeMap::new();
        for (index, line) in lines.enumerate() {
            let mut fields = json::fields(line).with_context(|| format!("line {}", index + 2))?;
            let Some(PriceValue::Text(key)) = fields.remove(NAME) else {
                anyhow::bail!("line {} names no model", index + 2);
            };
            models.insert(key, fields);
        }
        Ok(Self { header, models })
    }

    pub(super) fn write(&self, path: &Path) -> anyhow::Result<()> {
        Ok(fs::write(path, self.text()?)?)
    }

    pub(super) fn text(&self) -> anyhow::Result<String> {
        let mut text = serde_json::to_string(&self.header)?;
        text.push('\n');
        for (key, fields) in &self.models {
            let name = PriceValue::Text(key.clone());
            let members = fields.iter().map(|(name, value)| (name.as_str(), value));
            json::write_members([(NAME, &name)].into_iter().chain(members), &mut text)?;
            text.push('\n');
        }
        Ok(text)
    }
}
