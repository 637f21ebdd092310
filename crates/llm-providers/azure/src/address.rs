//! Where Azure OpenAI is asked: an address for each deployment with a dated version, or the form `/openai/v1` without.
//!
//! Source: Microsoft Learn, "Azure OpenAI in Microsoft Foundry Models REST API reference" and "API version lifecycle"
//! (learn.microsoft.com/azure/foundry/openai/api-version-lifecycle), read 2026-11.

use llm_provider_core::{Call, EncodeError};

/// The version that is asked for where nobody names one: LiteLLM's, so that deployments moved from there behave alike.
const DEFAULT_VERSION: &str = "2025-02-01-preview";

/// The first version that knows `stream_options`, `parallel_tool_calls` and `max_completion_tokens`.
///
/// Source: "Azure OpenAI API preview lifecycle", changes of 2024-09-01-preview, read 2026-11.
const NEWER: &str = "2024-09-01";

/// What stands at the end of addresses that were copied whole.
const OPERATIONS: &[&str] = &["/chat/completions", "/completions", "/embeddings", "/responses"];

const DEPLOYMENTS: &str = "/openai/deployments/";
const V1: &str = "/openai/v1";

/// An address up to an operation's path, with its query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The address.
    pub(crate) base: String,
    /// Whether the version is older than [`NEWER`].
    pub(crate) older: bool,
}

/// An address, taken apart: what precedes the query, and the query without the version.
pub(crate) struct Parts<'a> {
    pub(crate) path: &'a str,
    query: Vec<&'a str>,
    version: Option<&'a str>,
}

impl<'a> Parts<'a> {
    pub(crate) fn of(base: &'a str) -> Self {
        let (path, query) = base.split_once('?').unwrap_or((base, ""));
        let version = query.split('&').find_map(|pair| pair.strip_prefix("api-version="));
        let query =
            query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("api-version=")).collect();
        Self { path: path.trim_end_matches('/'), query, version }
    }

    /// The version that the address itself names, or else the settings do.
    pub(crate) fn version<'b>(&self, call: &Call<'b>) -> Option<&'b str>
    where
        'a: 'b,
    {
        self.version.or_else(|| call.parameter("api_version"))
    }

    /// The address of `path`, with a version if there is one.
    pub(crate) fn join(&self, path: &str, version: Option<&str>) -> String {
        let mut address = path.to_owned();
        let version = version.map(|version| format!("api-version={version}"));
        let pairs = self.query.iter().copied().chain(version.as_deref());
        for (index, pair) in pairs.enumerate() {
            address.push(if index == 0 { '?' } else { '&' });
            address.push_str(pair);
        }
        address
    }
}

/// The address that the caller gave.
pub(crate) fn given<'a>(call: &Call<'a>, variable: &str) -> Result<&'a str, EncodeError> {
    let base = call.base_url.unwrap_or_default();
    if base.is_empty() || base.contains('{') {
        return Err(EncodeError::Setup(format!("the resource has no address: set `api_base` or {variable}")));
    }
    Ok(base)
}

/// Where a deployment is asked.
pub(crate) fn place(call: &Call<'_>, base: &str, deployment: &str) -> Place {
    let parts = Parts::of(base);
    let version = parts.version.or_else(|| call.parameter("api_version"));
    let path = OPERATIONS.iter().find_map(|end| parts.path.strip_suffix(end)).unwrap_or(parts.path);
    if path.contains(DEPLOYMENTS) {
        return dated(&parts, path, version);
    }
    if path.ends_with(V1) || matches!(version, Some("v1" | "latest" | "preview")) {
        return undated(&parts, path, version);
    }
    let root = path.strip_suffix("/openai").unwrap_or(path);
    dated(&parts, &format!("{root}{DEPLOYMENTS}{}", encoded(deployment)), version)
}

/// Where Responses are asked, which no deployment has an address of its own for.
pub(crate) fn responses(call: &Call<'_>, base: &str) -> Place {
    let parts = Parts::of(base);
    let path = OPERATIONS.iter().find_map(|end| parts.path.strip_suffix(end)).unwrap_or(parts.path);
    let root = path.split_once(DEPLOYMENTS).map_or(path, |(root, _)| root);
    undated(&parts, root, parts.version(call))
}

fn undated(parts: &Parts<'_>, path: &str, version: Option<&str>) -> Place {
    let root = path.strip_suffix(V1).unwrap_or(path);
    let root = root.strip_suffix("/openai").unwrap_or(root);
    // A dated version is refused here.
    let preview = version.filter(|version| *version == "preview");
    Place { base: parts.join(&format!("{root}{V1}"), preview), older: false }
}

fn dated(parts: &Parts<'_>, path: &str, version: Option<&str>) -> Place {
    let version = version.unwrap_or(DEFAULT_VERSION);
    let date = version.get(..NEWER.len()).unwrap_or_default();
    let older = date.starts_with(|c: char| c.is_ascii_digit()) && date < NEWER;
    Place { base: parts.join(path, Some(version)), older }
}

/// A deployment's name as one part of a path.
fn encoded(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use llm_provider_core::Parameters;

    use super::*;

    fn asked(base: &str, version: Option<&str>) -> Place {
        let headers = HeaderMap::new();
        let parameters: Parameters = version.map(|version| ("api_version", version)).into_iter().collect();
        let call = Call { parameters: &parameters, ..Call::new("my gpt", &headers) };
        place(&call, base, "my gpt")
    }

    #[test]
    fn every_form_of_the_address() {
        const DATED: &str = "https://r.openai.azure.com/openai/deployments/my%20gpt?api-version=2024-10-21";
        const V1: &str = "https://r.openai.azure.com/openai/v1";
        let dated = Some("2024-10-21");
        for (base, version, expected) in [
            ("https://r.openai.azure.com", dated, DATED),
            ("https://r.openai.azure.com/", dated, DATED),
            ("https://r.openai.azure.com/openai", dated, DATED),
            ("https://r.openai.azure.com?api-version=2024-10-21", Some("2023-05-15"), DATED),
            ("https://r.openai.azure.com/openai/deployments/my%20gpt", dated, DATED),
            ("https://r.openai.azure.com/openai/deployments/my%20gpt/chat/completions", dated, DATED),
            (
                "https://r.openai.azure.com/openai/deployments/my%20gpt/chat/completions?api-version=2024-10-21",
                None,
                DATED,
            ),
            ("https://r.openai.azure.com/openai/v1", None, V1),
            ("https://r.openai.azure.com/openai/v1/", dated, V1),
            ("https://r.openai.azure.com/openai/v1/responses", None, V1),
            ("https://r.openai.azure.com", Some("v1"), V1),
            ("https://r.openai.azure.com/openai", Some("latest"), V1),
            (
                "https://r.openai.azure.com",
                Some("preview"),
                "https://r.openai.azure.com/openai/v1?api-version=preview",
            ),
            (
                "http://127.0.0.1:9/x?a=b",
                None,
                "http://127.0.0.1:9/x/openai/deployments/my%20gpt?a=b&api-version=2025-02-01-preview",
            ),
        ] {
            assert_eq!(asked(base, version).base, expected, "{base} {version:?}");
        }
    }

    #[test]
    fn responses_have_one_form() {
        for base in ["https://h", "https://h/openai/deployments/m/chat/completions?api-version=2024-10-21"] {
            let headers = HeaderMap::new();
            assert_eq!(responses(&Call::new("m", &headers), base).base, "https://h/openai/v1");
        }
    }

    #[test]
    fn older_versions_are_told_by_their_date() {
        for (version, older) in [
            ("2023-05-15", true),
            ("2024-06-01", true),
            ("2024-08-01-preview", true),
            ("2024-09-01-preview", false),
            ("2024-10-21", false),
            ("2025-04-01-preview", false),
            ("v1", false),
            ("latest", false),
            ("", false),
        ] {
            assert_eq!(asked("https://h", Some(version)).older, older, "{version}");
        }
    }
}
