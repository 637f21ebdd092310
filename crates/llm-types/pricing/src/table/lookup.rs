//! Finding the row of a model by the names that it goes by.
//!
//! A name is looked up as `vendor/name`, and as `name` where that row is the vendor's. A dated name is not looked up
//! without its date, nor an unknown version under a known one: vendors have changed prices between them, and a price
//! that is not known is `None`.

use crate::ModelInfo;

use super::Table;

/// The model that `vendor` calls `model`, in the table that this crate carries: see [`Table::find`].
pub fn find(vendor: &str, model: &str) -> Option<ModelInfo<'static>> {
    Table::embedded().find(vendor, model)
}

/// The vendor that a price list belongs to: `bedrock` for `bedrock_converse`, `vertex_ai` for
/// `vertex_ai-anthropic_models`. Most lists have the name of their vendor.
pub fn vendor_of(family: &str) -> &str {
    match family {
        "azure_text" => "azure",
        "bedrock_converse" => "bedrock",
        "cohere_chat" => "cohere",
        "fireworks_ai-embedding-models" => "fireworks_ai",
        "text-completion-codestral" => "codestral",
        "text-completion-inception" => "inception",
        "text-completion-openai" => "openai",
        "vertex_ai_beta" => "vertex_ai",
        family if family.starts_with("vertex_ai-") => "vertex_ai",
        family => family,
    }
}

impl<'a> Table<'a> {
    /// The model that `vendor` calls `model`.
    ///
    /// `model` may begin with `vendor/`. Known beyond that are
    /// - Bedrock: routes (`converse/`, `invoke/`), ARNs and paths with a region; a name with a region prefix (`us.`,
    ///   `eu.`, `global.`) has its own row or that of the name without the prefix.
    /// - Vertex AI: `publishers/<p>/models/<m>` paths; a name with `@version` has its own row or that of the name.
    /// - Gemini: `models/<m>`.
    /// - Fine-tuned models `ft:<base>:...`: the row of `ft:<base>`.
    ///
    /// For Azure, ask for the deployment's base model: a deployment's name says nothing.
    pub fn find(&self, vendor: &str, model: &str) -> Option<ModelInfo<'a>> {
        let vendor = vendor_of(vendor);
        names(vendor, model).iter().find_map(|name| self.named(vendor, name))
    }

    /// The same for a region, where regions have prices of their own: `us-east-1` at Bedrock, `eu` at Azure.
    pub fn find_in(&self, vendor: &str, model: &str, region: &str) -> Option<ModelInfo<'a>> {
        let vendor = vendor_of(vendor);
        let regional = |name: &&str| self.get(&format!("{vendor}/{region}/{name}"));
        names(vendor, model).iter().find_map(regional).or_else(|| self.find(vendor, model))
    }

    /// Either of both: for the region, if there is one.
    pub fn find_at(&self, vendor: &str, model: &str, region: Option<&str>) -> Option<ModelInfo<'a>> {
        match region {
            Some(region) => self.find_in(vendor, model, region),
            None => self.find(vendor, model),
        }
    }

    /// A model by one name: a key of the table, or `vendor/model`.
    pub fn find_name(&self, name: &str) -> Option<ModelInfo<'a>> {
        self.get(name).or_else(|| name.split_once('/').and_then(|(vendor, model)| self.find(vendor, model)))
    }

    /// An image model, where size and quality have prices of their own: `1024x1024`, `high`. Without such a row it is
    /// the model's own.
    pub fn find_image(
        &self,
        vendor: &str,
        model: &str,
        size: Option<&str>,
        quality: Option<&str>,
    ) -> Option<ModelInfo<'a>> {
        let id = vendor_of(vendor);
        let name = own_name(id, model);
        let sized = size.and_then(|size| {
            let size = if size.contains("-x-") { size.to_owned() } else { size.replacen('x', "-x-", 1) };
            let mut places = Vec::new();
            if let Some(quality) = quality {
                places.extend([format!("{id}/{quality}/{size}/{name}"), format!("{quality}/{size}/{name}")]);
            }
            places.extend([format!("{id}/{size}/{name}"), format!("{size}/{name}")]);
            places.iter().find_map(|key| self.get(key).filter(|info| info.vendor == id))
        });
        sized.or_else(|| self.find(vendor, model))
    }

    fn named(&self, vendor: &str, name: &str) -> Option<ModelInfo<'a>> {
        let own = self.get(&format!("{vendor}/{name}"));
        own.or_else(|| self.get(name).filter(|info| info.vendor == vendor))
    }
}

fn own_name<'n>(vendor: &str, model: &'n str) -> &'n str {
    model.strip_prefix(vendor).and_then(|rest| rest.strip_prefix('/')).unwrap_or(model)
}

/// The names that a model goes by, the most exact one first.
fn names<'n>(vendor: &str, model: &'n str) -> Vec<&'n str> {
    let name = own_name(vendor, model);
    // Some vendors have models whose own names begin with the vendor's.
    let mut names = vec![model];
    if name != model {
        names.push(name);
    }
    match vendor {
        "bedrock" => bedrock_names(name, &mut names),
        "vertex_ai" => {
            let short = name.rsplit_once("/models/").map_or(name, |(_, short)| short);
            names.push(short);
            names.extend(short.split_once('@').map(|(base, _)| base));
        }
        "gemini" => names.extend(name.strip_prefix("models/")),
        _ => {}
    }
    if let Some((base, _)) = name.strip_prefix("ft:").and_then(|rest| rest.split_once(':')) {
        names.extend(name.get(..3 + base.len()));
    }
    names
}

/// Regions that Bedrock sets before a name, for profiles that serve from several of its places.
///
/// Source: Amazon Bedrock user guide, supported regions and models for inference profiles, read 2026-11.
const PREFIXES: [&str; 11] =
    ["us.", "eu.", "apac.", "global.", "us-gov.", "jp.", "au.", "ca.", "sa.", "me.", "af."];

fn bedrock_names<'n>(name: &'n str, names: &mut Vec<&'n str>) {
    // An ARN ends in `foundation-model/<name>` or `inference-profile/<name>`.
    let mut name = if name.starts_with("arn:") { name.rsplit('/').next().unwrap_or(name) } else { name };
    for route in ["converse/", "converse_like/", "invoke/", "bedrock/"] {
        name = name.strip_prefix(route).unwrap_or(name);
    }
    names.push(name);
    // `us-east-1/<name>`: the row of that region, if there is one, has been found by the whole.
    if let Some((_, last)) = name.rsplit_once('/') {
        names.push(last);
        name = last;
    }
    names.extend(PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix)));
}
