//! `cache_control_injection_points`: where marks of the prompt cache are put into requests.

use llm_types::CacheControl;
use serde::{Deserialize, Deserializer, de};

/// Where one mark of the prompt cache is put. Whatever is marked already is left as it is, and so is everything once
/// there are four marks.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CachePoint {
    /// In the messages, or after the tools.
    pub location: CacheLocation,
    /// For `message`: the speaker whose messages are marked, each of them. Default: none.
    #[serde(default)]
    pub role: Option<String>,
    /// For `message`: which message, counted from 0, or from -1 backwards. It wins over `role`. Default: none.
    #[serde(default, deserialize_with = "number")]
    #[cfg_attr(feature = "schemars", schemars(with = "Option<i64>"))]
    pub index: Option<i64>,
    /// The mark. Default: `{type: ephemeral}`.
    #[serde(default)]
    #[cfg_attr(feature = "schemars", schemars(with = "Option<serde_json::Map<String, serde_json::Value>>"))]
    pub control: Option<CacheControl>,
}

/// What a mark is put on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CacheLocation {
    /// Messages.
    Message,
    /// The last tool.
    ToolConfig,
}

/// A number, or a text that is one.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let wrong = || de::Error::custom("expected a whole number");
    match Option::<serde_json::Value>::deserialize(deserializer)? {
        None => Ok(None),
        Some(serde_json::Value::String(text)) => text.trim().parse().map(Some).map_err(|_| wrong()),
        Some(value) => value.as_i64().map(Some).ok_or_else(wrong),
    }
}
