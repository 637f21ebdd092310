//! Which wire a call speaks, and where.

use http::Uri;
use llm_provider_core::{Call, EncodeError};
use llm_provider_envelope::address;

/// The usual address.
pub(crate) const BASE_URL: &str = "https://api.perplexity.ai";

const HOST: &str = "api.perplexity.ai";

/// A wire and its address.
#[derive(Debug, PartialEq)]
pub(crate) enum Route {
    /// The Agent API.
    Agent(Uri),
    /// Sonar chat.
    Sonar(Uri),
}

/// Goes by the address, and by the model where only the Agent API has such.
pub(crate) fn route(call: &Call<'_>) -> Result<Route, EncodeError> {
    let base = call.base_url_or(BASE_URL).trim_end_matches('/');
    if base.ends_with("/agent") || base.ends_with("/responses") {
        return address(base, "").map(Route::Agent);
    }
    if base.ends_with("/chat/completions") {
        return address(base, "").map(Route::Sonar);
    }
    let is_own = address(base, "")?.host() == Some(HOST);
    if is_own || call.model.contains('/') {
        let path = if base.ends_with("/v1") { "/agent" } else { "/v1/agent" };
        return address(base, path).map(Route::Agent);
    }
    address(base, "/chat/completions").map(Route::Sonar)
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    #[test]
    fn routes() {
        let headers = HeaderMap::new();
        let went = |base: Option<&'static str>, model: &'static str| match route(&Call {
            base_url: base,
            ..Call::new(model, &headers)
        })
        .unwrap()
        {
            Route::Agent(uri) => format!("agent {uri}"),
            Route::Sonar(uri) => format!("sonar {uri}"),
        };
        assert_eq!(went(None, "sonar"), "agent https://api.perplexity.ai/v1/agent");
        assert_eq!(
            went(Some("https://api.perplexity.ai/v1"), "sonar"),
            "agent https://api.perplexity.ai/v1/agent"
        );
        assert_eq!(went(Some("http://h/v1/responses"), "sonar"), "agent http://h/v1/responses");
        assert_eq!(went(Some("http://h"), "preset/low"), "agent http://h/v1/agent");
        assert_eq!(went(Some("http://h"), "openai/gpt-5.5"), "agent http://h/v1/agent");
        assert_eq!(went(Some("http://h/"), "sonar-pro"), "sonar http://h/chat/completions");
        assert_eq!(went(Some("http://h/chat/completions"), "sonar"), "sonar http://h/chat/completions");
        assert!(route(&Call { base_url: Some("no address"), ..Call::new("sonar", &headers) }).is_err());
    }
}
