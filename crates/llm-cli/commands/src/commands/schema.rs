//! `schema`: the JSON Schema of the configuration.

use std::io::Write as _;

use crate::Found;

/// Prints it.
pub(crate) fn run() -> anyhow::Result<Found> {
    std::io::stdout().lock().write_all(text()?.as_bytes())?;
    Ok(Found::Well)
}

/// It, made from the types.
#[cfg(feature = "schemars")]
pub(crate) fn text() -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(&llm_gateway::config::json_schema())? + "\n")
}

/// It, as it was made from the types: what makes it would be a thirtieth of the binary.
#[cfg(not(feature = "schemars"))]
#[expect(clippy::unnecessary_wraps, reason = "as the one that is made")]
pub(crate) fn text() -> anyhow::Result<String> {
    Ok(include_str!("../../../../../docs/generated/config.schema.json").to_owned())
}
