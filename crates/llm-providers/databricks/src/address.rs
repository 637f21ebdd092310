//! Where a workspace serves its models.

use llm_provider_core::{Call, EncodeError};

const ENDPOINTS: &str = "/serving-endpoints";

/// An address up to an operation's path, or one endpoint's whole address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The address.
    pub(crate) base: String,
    /// Whether it is asked as it is.
    pub(crate) whole: bool,
}

/// Where a model is asked.
pub(crate) fn place(call: &Call<'_>) -> Result<Place, EncodeError> {
    let base = given(call)?;
    let (path, query) = base.split_once('?').map_or((base, ""), |(path, query)| (path, query));
    let path = path.trim_end_matches('/');
    if path.ends_with("/invocations") {
        return Ok(Place { base: base.to_owned(), whole: true });
    }
    let ends = ["/chat/completions", "/embeddings"];
    let path = ends.iter().find_map(|end| path.strip_suffix(end)).unwrap_or(path);
    let mut base = path.to_owned();
    if !path.contains(ENDPOINTS) && !path.contains("/ai-gateway/") {
        base.push_str(ENDPOINTS);
    }
    if !query.is_empty() {
        base.push('?');
        base.push_str(query);
    }
    Ok(Place { base, whole: false })
}

/// Where Claude is asked in Anthropic's dialect.
pub(crate) fn messages(call: &Call<'_>) -> Result<String, EncodeError> {
    Ok(format!("{}{ENDPOINTS}/anthropic", workspace(given(call)?)))
}

fn given<'a>(call: &Call<'a>) -> Result<&'a str, EncodeError> {
    call.base_url.filter(|base| !base.is_empty()).ok_or_else(|| {
        EncodeError::Setup("the workspace has no address: set `api_base` or DATABRICKS_API_BASE".to_owned())
    })
}

/// The workspace of an address in it; `https:` where none is named.
pub(crate) fn workspace(address: &str) -> String {
    let (scheme, rest) = address.split_once("://").unwrap_or(("https", address));
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    format!("{scheme}://{}", &rest[..end])
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    #[test]
    fn every_form_of_the_address() {
        let headers = HeaderMap::new();
        let place = |base| place(&Call { base_url: Some(base), ..Call::new("m", &headers) }).unwrap();
        const SERVING: &str = "https://w/serving-endpoints";
        for base in ["https://w", "https://w/", SERVING, "https://w/serving-endpoints/chat/completions"] {
            assert_eq!(place(base), Place { base: SERVING.to_owned(), whole: false }, "{base}");
        }
        assert_eq!(place("https://w?o=1").base, "https://w/serving-endpoints?o=1");
        assert_eq!(place("https://w/ai-gateway/mlflow/v1").base, "https://w/ai-gateway/mlflow/v1");
        let one = "https://w/serving-endpoints/mine/invocations";
        assert_eq!(place(one), Place { base: one.to_owned(), whole: true });
    }

    #[test]
    fn a_workspace_is_a_scheme_and_a_host() {
        for address in
            ["https://w", "https://w/", "https://w/serving-endpoints/x?y", "w", "w/serving-endpoints"]
        {
            assert_eq!(workspace(address), "https://w", "{address}");
        }
        assert_eq!(workspace("http://127.0.0.1:9/x"), "http://127.0.0.1:9");
    }
}
