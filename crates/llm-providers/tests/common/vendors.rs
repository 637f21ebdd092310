//! Vendors, without those that would be tried twice.

use std::collections::HashSet;

use llm_providers::core::Provider;

/// Vendors, of which those that share OpenAI's wire stand for each other where their rows say the same.
pub(crate) fn vendors() -> Vec<&'static dyn Provider> {
    let mut seen = HashSet::new();
    let all = llm_providers::providers().iter().map(|provider| &**provider);
    all.filter(|provider| {
        let Some(row) = llm_providers::openai_compat::find(&provider.info().id) else { return true };
        let mut row = serde_json::to_value(row).unwrap();
        for name in [
            "id",
            "name",
            "base_url",
            "keys",
            "base_urls",
            "docs",
            "notes",
            "aliases",
            "read",
            "capabilities",
        ] {
            row.as_object_mut().unwrap().remove(name);
        }
        seen.insert(row.to_string())
    })
    .collect()
}
