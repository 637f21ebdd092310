//! [`Prepared`]: a call with Cortex's address, and the headers that tell which kind of token authorises it.

use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use llm_provider_core::{Call, Credential, EncodeError};

const TOKEN_TYPE: HeaderName = HeaderName::from_static("x-snowflake-authorization-token-type");

/// What stands before a programmatic access token, as in LiteLLM.
const PAT: &str = "pat/";

/// Ends of addresses that were copied whole, or up to a version.
const ENDS: &[&str] = &[
    "/chat/completions",
    "/messages",
    "/cortex/v1",
    "/cortex/inference:complete",
    "/cortex/inference:embed",
    "/cortex",
    "/api/v2",
];

/// A call with its own address and headers. The wires below it are told of no credential.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// The address of the account, without a path.
    root: String,
    /// The address that the wires are told.
    pub(crate) base: String,
    pub(crate) headers: HeaderMap,
}

impl Prepared {
    pub(crate) fn new(call: &Call<'_>) -> Result<Self, EncodeError> {
        let root = root(call)?;
        let base = format!("{root}/api/v2/cortex/v1");
        Ok(Self { root, base, headers: headers(call)? })
    }

    /// Where vectors are made.
    pub(crate) fn embed(&self) -> String {
        format!("{}/api/v2/cortex/inference:embed", self.root)
    }

    /// The call for the wire below.
    pub(crate) fn call<'b>(&'b self, call: &Call<'b>) -> Call<'b> {
        Call { base_url: Some(&self.base), headers: &self.headers, credential: None, ..call.clone() }
    }
}

fn root(call: &Call<'_>) -> Result<String, EncodeError> {
    let given = call.base_url.filter(|base| !base.is_empty() && !base.contains('{'));
    if let Some(base) = given {
        let mut root = base.trim_end_matches('/');
        for end in ENDS {
            root = root.strip_suffix(end).unwrap_or(root);
        }
        return Ok(root.to_owned());
    }
    match call.parameter("account_id") {
        Some(account) => Ok(format!("https://{account}.snowflakecomputing.com")),
        None => {
            Err(EncodeError::Setup("the account has no address: set `account_id` or `api_base`".to_owned()))
        }
    }
}

fn headers(call: &Call<'_>) -> Result<HeaderMap, EncodeError> {
    let mut headers = HeaderMap::with_capacity(call.headers.len() + 4);
    if let Some(secret) = call.key() {
        let text = secret.expose();
        let (token, kind) = match (call.credential, text.strip_prefix(PAT)) {
            (_, Some(token)) => (token, "PROGRAMMATIC_ACCESS_TOKEN"),
            (Some(Credential::Token(_)), None) => (text, "KEYPAIR_JWT"),
            _ if is_signed(text) => (text, "KEYPAIR_JWT"),
            _ => (text, "PROGRAMMATIC_ACCESS_TOKEN"),
        };
        let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
            .map_err(|_| EncodeError::Setup("the key holds what a header cannot".to_owned()))?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
        headers.insert(TOKEN_TYPE, HeaderValue::from_static(kind));
    }
    for name in call.headers.keys() {
        headers.remove(name);
    }
    headers.extend(call.headers.iter().map(|(name, value)| (name.clone(), value.clone())));
    Ok(headers)
}

/// Three parts between dots, of which the first is the beginning of a JSON object in base64. Access tokens are so, too,
/// but their issuer is Snowflake itself; those come with `pat/`, or are told by a header of the caller's.
fn is_signed(text: &str) -> bool {
    text.starts_with("eyJ") && text.split('.').count() == 3
}

#[cfg(test)]
mod tests {
    use llm_provider_core::{Parameters, Secret};

    use super::*;

    #[test]
    fn every_form_of_the_address() {
        let headers = HeaderMap::new();
        let account: Parameters = [("account_id", "org-acc")].into_iter().collect();
        let root = |base, parameters| root(&Call { base_url: base, parameters, ..Call::new("m", &headers) });
        const ROOT: &str = "https://org-acc.snowflakecomputing.com";
        for end in [
            "",
            "/",
            "/api/v2",
            "/api/v2/cortex/v1",
            "/api/v2/cortex/v1/chat/completions",
            "/api/v2/cortex/v1/messages",
            "/api/v2/cortex/inference:complete",
        ] {
            let base = format!("{ROOT}{end}");
            let call = Call { base_url: Some(&base), ..Call::new("m", &headers) };
            assert_eq!(super::root(&call).unwrap(), ROOT, "{end}");
        }
        assert_eq!(root(None, &account).unwrap(), ROOT);
        assert!(root(None, Parameters::NONE).is_err());
    }

    #[test]
    fn the_kind_of_token_is_told() {
        for (credential, bearer, kind) in [
            (Credential::Key(Secret::new("pat/abc")), "Bearer abc", "PROGRAMMATIC_ACCESS_TOKEN"),
            (Credential::Key(Secret::new("abc")), "Bearer abc", "PROGRAMMATIC_ACCESS_TOKEN"),
            (Credential::Key(Secret::new("eyJh.b.c")), "Bearer eyJh.b.c", "KEYPAIR_JWT"),
            (Credential::Token(Secret::new("t")), "Bearer t", "KEYPAIR_JWT"),
        ] {
            let mut given = HeaderMap::new();
            let call = Call { credential: Some(&credential), ..Call::new("m", &given) };
            let all = headers(&call).unwrap();
            assert_eq!(
                (&all[AUTHORIZATION], &all[TOKEN_TYPE]),
                (&bearer.parse().unwrap(), &kind.parse().unwrap())
            );
            given.insert(TOKEN_TYPE, HeaderValue::from_static("OAUTH"));
            let call = Call { credential: Some(&credential), ..Call::new("m", &given) };
            assert_eq!(headers(&call).unwrap()[TOKEN_TYPE], "OAUTH", "the caller's headers win");
        }
    }
}
