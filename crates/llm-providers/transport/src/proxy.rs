//! Which proxies to go through, read from values that the caller looked up.

/// Proxy URLs by the scheme of the request.
///
/// URLs may be `http://`, `https://`, `socks5://` (names resolved here) or `socks5h://` (names resolved by the
/// proxy), with credentials. A URL without scheme means `http://`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    /// For `http://` requests.
    pub http: Option<String>,
    /// For `https://` requests.
    pub https: Option<String>,
    /// For requests of either scheme that has no proxy of its own.
    pub all: Option<String>,
    /// Hosts that are reached without proxy: names with their subdomains, addresses, networks, or `*`, by comma.
    pub no_proxy: Option<String>,
}

impl Proxies {
    /// One proxy for everything.
    #[must_use]
    pub fn all(url: impl Into<String>) -> Self {
        Self { all: Some(url.into()), ..Self::default() }
    }

    /// Reads the customary variables: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`, each in lower case
    /// first. Empty values count as unset. In a CGI process (`REQUEST_METHOD` is set) `HTTP_PROXY` is ignored,
    /// because there a client's `Proxy` header would become that variable.
    ///
    /// ```
    /// # use llm_transport::Proxies;
    /// let lookup = |name: &str| (name == "https_proxy").then(|| "http://proxy:3128".to_owned());
    /// assert_eq!(Proxies::from_env(lookup).https.as_deref(), Some("http://proxy:3128"));
    /// ```
    #[must_use]
    pub fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
        let either = |name: &str| set(&name.to_ascii_lowercase()).or_else(|| set(name));
        let http =
            set("http_proxy").or_else(|| set("HTTP_PROXY").filter(|_| lookup("REQUEST_METHOD").is_none()));
        Self { http, https: either("HTTPS_PROXY"), all: either("ALL_PROXY"), no_proxy: either("NO_PROXY") }
    }

    /// Whether no request goes through a proxy.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.http.is_none() && self.https.is_none() && self.all.is_none()
    }
}

/// Proxy URLs may hold a password, so only their presence is shown.
impl std::fmt::Debug for Proxies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proxies")
            .field("http", &self.http.is_some())
            .field("https", &self.https.is_some())
            .field("all", &self.all.is_some())
            .field("no_proxy", &self.no_proxy)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::Proxies;

    fn read(pairs: &'static [(&str, &str)]) -> Proxies {
        Proxies::from_env(|name| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn lower_case_wins_and_empty_is_unset() {
        let proxies =
            read(&[("HTTPS_PROXY", "http://upper"), ("https_proxy", "http://lower"), ("all_proxy", " ")]);
        assert_eq!(proxies.https.as_deref(), Some("http://lower"));
        assert_eq!(proxies.all, None);
        assert!(!proxies.is_empty());
    }

    #[test]
    fn no_proxy_alone_is_no_proxy() {
        assert!(read(&[("NO_PROXY", "localhost")]).is_empty());
    }

    #[test]
    fn a_cgi_process_ignores_upper_case_http_proxy() {
        assert!(read(&[("HTTP_PROXY", "http://evil"), ("REQUEST_METHOD", "GET")]).is_empty());
        assert_eq!(read(&[("HTTP_PROXY", "http://fine")]).http.as_deref(), Some("http://fine"));
    }

    #[test]
    fn debug_hides_credentials() {
        let shown = format!("{:?}", Proxies::all("http://user:pass@proxy"));
        assert!(!shown.contains("pass"), "{shown}");
    }
}
