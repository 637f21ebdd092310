//! The headers in which a vendor says what is left of its limits.

use http::{HeaderMap, HeaderName};
use llm_provider_core::{AllowanceHeaders, Allowances};
use llm_provider_openai::{REQUESTS, TOKENS};
use llm_types::UnixMs;
use serde::{Deserialize, Serialize};

use super::{RowError, VendorRow};

/// The headers in which a vendor says what is left of its limits.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct AllowanceNames {
    /// Of requests. Default: not told.
    pub requests: Option<LimitNames>,
    /// Of tokens. Default: not told.
    pub tokens: Option<LimitNames>,
}

/// The headers of one limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LimitNames {
    /// How many are left.
    pub left: String,
    /// How many there are at most. Default: not told.
    #[serde(default)]
    pub limit: Option<String>,
    /// When all of it is there again: a length of time, a date or a time since 1970. Default: not told.
    #[serde(default)]
    pub reset: Option<String>,
    /// Milliseconds until then where the vendor does not say. Default: 60000.
    #[serde(default)]
    pub period_ms: Option<u64>,
}

/// The same, read.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    requests: Option<AllowanceHeaders>,
    tokens: Option<AllowanceHeaders>,
}

impl Told {
    pub(crate) fn read(&self, headers: &HeaderMap, now: UnixMs) -> Allowances {
        let read =
            |names: &Option<AllowanceHeaders>| names.as_ref().and_then(|names| names.read(headers, now));
        Allowances { requests: read(&self.requests), tokens: read(&self.tokens) }
    }
}

impl VendorRow {
    /// How the vendor tells what is left: as OpenAI does, where the row is silent.
    pub(crate) fn told(&self) -> Result<Told, RowError> {
        let Some(AllowanceNames { requests, tokens }) = &self.allowances else {
            return Ok(Told { requests: Some(REQUESTS.clone()), tokens: Some(TOKENS.clone()) });
        };
        let name = |text: &String| {
            HeaderName::try_from(text.as_str()).map_err(|_| RowError {
                id: self.id.clone(),
                field: "allowances",
                reason: format!("`{text}` is no name of a header"),
            })
        };
        let names = |names: &LimitNames| {
            Ok(AllowanceHeaders {
                left: name(&names.left)?,
                limit: names.limit.as_ref().map(name).transpose()?,
                reset: names.reset.as_ref().map(name).transpose()?,
                period_ms: names.period_ms.unwrap_or(AllowanceHeaders::MINUTE_MS),
            })
        };
        Ok(Told {
            requests: requests.as_ref().map(names).transpose()?,
            tokens: tokens.as_ref().map(names).transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use llm_provider_core::Allowance;

    use super::*;

    const NOW: UnixMs = UnixMs(1_763_700_000_000);

    fn told(vendor: &str, pairs: &[(&'static str, &str)]) -> Allowances {
        let headers: HeaderMap = pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        crate::find(vendor).unwrap().told().unwrap().read(&headers, NOW)
    }

    fn left(left: u64, limit: Option<u64>, ms: u64) -> Option<Allowance> {
        Some(Allowance { left, limit, until: NOW.plus(ms) })
    }

    #[test]
    fn vendors_with_names_of_their_own() {
        assert_eq!(
            told(
                "groq",
                &[
                    ("x-ratelimit-limit-requests", "14400"),
                    ("x-ratelimit-remaining-requests", "14370"),
                    ("x-ratelimit-reset-requests", "2m59.56s"),
                    ("x-ratelimit-limit-tokens", "18000"),
                    ("x-ratelimit-remaining-tokens", "17997"),
                    ("x-ratelimit-reset-tokens", "7.66s"),
                ]
            ),
            Allowances {
                requests: left(14_370, Some(14_400), 179_560),
                tokens: left(17_997, Some(18_000), 7_660)
            }
        );
        assert_eq!(
            told(
                "cerebras",
                &[
                    ("x-ratelimit-limit-requests-day", "14400"),
                    ("x-ratelimit-remaining-requests-day", "0"),
                    ("x-ratelimit-reset-requests-day", "33011.382867"),
                    ("x-ratelimit-remaining-tokens-minute", "59000"),
                    ("x-ratelimit-reset-tokens-minute", "11.38"),
                ]
            ),
            Allowances { requests: left(0, Some(14_400), 33_011_383), tokens: left(59_000, None, 11_380) }
        );
        assert_eq!(
            told(
                "fireworks_ai",
                &[("x-ratelimit-remaining-requests", "599"), ("x-ratelimit-remaining-tokens-prompt", "7")]
            ),
            Allowances { requests: left(599, None, 60_000), tokens: left(7, None, 60_000) }
        );
        assert_eq!(
            told("together_ai", &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1")]).requests,
            left(0, None, 1_000)
        );
    }

    #[test]
    fn a_name_that_is_none_is_told() {
        let limit = LimitNames { left: "no name".to_owned(), limit: None, reset: None, period_ms: None };
        let names = AllowanceNames { requests: Some(limit), tokens: None };
        let row = VendorRow { allowances: Some(names), ..VendorRow::new("v", "http://v/v1") };
        assert_eq!(row.told().unwrap_err().field, "allowances");
    }
}
