//! A gateway as its management API shows it.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::io::Write as _;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use bytes::Bytes;
use clap::Args;
use http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use llm_providers::transport::{CallOptions, HttpService, Proxies, Timeouts, TransportOptions, connect};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// Where a gateway listens when nothing is said.
const USUAL: &str = "http://127.0.0.1:4000";
/// Answers are read up to this size.
const MOST: usize = 64 << 20;
/// What the gateway made nothing of.
const IGNORED: &str = "x-llm-gateway-ignored";

/// Which gateway, on whose behalf, and how the answer is printed.
#[derive(Debug, Args)]
#[command(next_help_heading = "Gateway")]
pub(crate) struct Gateway {
    /// The gateway's address; else `LITELLM_PROXY_URL`, else <http://127.0.0.1:4000>
    #[arg(id = "gateway_url", long = "url", global = true, value_name = "URL", env = "LLM_GATEWAY_URL")]
    pub(crate) url: Option<String>,
    /// Your key; else `LLM_GATEWAY_MASTER_KEY` or `LITELLM_PROXY_API_KEY`. Other users of the machine can read arguments,
    /// but not variables
    #[arg(id = "gateway_key", long = "key", global = true, value_name = "KEY", env = "LLM_GATEWAY_KEY")]
    #[arg(hide_env_values = true)]
    pub(crate) key: Option<String>,
    /// Print the gateway's answer as JSON
    #[arg(long, global = true, conflicts_with = "quiet")]
    pub(crate) json: bool,
    /// Print names alone, one a line; of a new key, the key alone
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
}

/// A gateway that can be asked.
pub(crate) struct Api {
    service: Arc<dyn HttpService>,
    base: String,
    authorization: Option<HeaderValue>,
    /// Members that the gateway made nothing of.
    ignored: RefCell<BTreeSet<String>>,
}

/// The gateway said no.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) code: Option<String>,
    pub(crate) param: Option<String>,
    pub(crate) message: String,
    /// The whole answer, if it is JSON.
    pub(crate) answer: Value,
}

impl Api {
    /// # Errors
    /// An address or a key that cannot be sent to, or with.
    pub(crate) fn new(gateway: &Gateway) -> anyhow::Result<Self> {
        let given = |value: &Option<String>, names: &[&str]| {
            let said = value.clone().filter(|text| !text.is_empty());
            said.or_else(|| names.iter().find_map(|name| variable(name)))
        };
        let base = given(&gateway.url, &["LITELLM_PROXY_URL"]).unwrap_or_else(|| USUAL.to_owned());
        let base = base.trim_end_matches('/').to_owned();
        let uri: Uri = base.parse().with_context(|| format!("{base} is no address"))?;
        let host = uri.host().with_context(|| format!("{base} is no address such as {USUAL}"))?;
        let key = given(&gateway.key, &["LLM_GATEWAY_MASTER_KEY", "LITELLM_PROXY_API_KEY"]);
        let authorization = key.map(|key| {
            let mut value = HeaderValue::try_from(format!("Bearer {}", key.trim()))?;
            value.set_sensitive(true);
            Ok::<_, http::Error>(value)
        });
        // No proxy leads to this machine.
        let proxies = if is_here(host) { Proxies::default() } else { Proxies::from_env(variable) };
        let service = connect(TransportOptions { proxies, ..TransportOptions::default() })?;
        let authorization =
            authorization.transpose().map_err(|_| anyhow!("the key is no text for a header"))?;
        Ok(Self { service, base, authorization, ignored: RefCell::default() })
    }

    /// Reads something.
    ///
    /// # Errors
    /// [`Refusal`], or why there is no answer.
    pub(crate) async fn get(&self, path: &str, query: &[(&str, String)]) -> anyhow::Result<Value> {
        let pairs = query.iter().map(|(name, value)| format!("{name}={}", escape(value)));
        let pairs = pairs.collect::<Vec<_>>().join("&");
        let mark = if pairs.is_empty() { "" } else { "?" };
        self.ask(Method::GET, &format!("{path}{mark}{pairs}"), None).await
    }

    /// Changes something.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub(crate) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.ask(Method::POST, path, Some(body)).await
    }

    /// Changes a part of something.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub(crate) async fn patch(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.ask(Method::PATCH, path, Some(body)).await
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        if let Some(value) = &self.authorization {
            request = request.header(header::AUTHORIZATION, value);
        }
        let bytes = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Bytes::from(body.to_string())
            }
            None => Bytes::new(),
        };
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        let timeouts = Timeouts {
            connect: seconds(10),
            first_byte: seconds(60),
            idle: seconds(60),
            total: seconds(300),
        };
        let options = CallOptions { timeouts, ..CallOptions::default() };
        let unreachable = |error: &dyn std::error::Error| {
            let mut cause = error;
            while let Some(deeper) = cause.source() {
                cause = deeper;
            }
            anyhow!("cannot ask the gateway at {}: {cause}", self.base)
        };
        let response =
            self.service.call(request.body(bytes)?, options).await.map_err(|error| unreachable(&error))?;
        let (head, body) = response.into_parts();
        let bytes = body.collect(MOST).await.map_err(|error| unreachable(&error))?;
        let ignored = head.headers.get(IGNORED).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let names = ignored.split(',').map(str::trim).filter(|name| !name.is_empty());
        self.ignored.borrow_mut().extend(names.map(ToOwned::to_owned));
        let answer = serde_json::from_slice(&bytes);
        if head.status.is_success() {
            return answer.with_context(|| format!("{} does not answer as a gateway does", self.base));
        }
        Err(Refusal::read(head.status, answer.unwrap_or_default(), &bytes).into())
    }

    /// Tells what the gateway made nothing of.
    pub(crate) fn warn(&self) -> std::io::Result<()> {
        let ignored = self.ignored.borrow();
        if ignored.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = ignored.iter().map(String::as_str).collect();
        writeln!(std::io::stderr(), "warning: the gateway made nothing of {}", names.join(", "))
    }
}

impl Refusal {
    /// Reads the forms that errors have here and with LiteLLM: `{"error": {…}}`, `{"detail": …}`.
    fn read(status: StatusCode, answer: Value, bytes: &[u8]) -> Self {
        let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
        let (error, detail) = (&answer["error"], &answer["detail"]);
        let told = [&error["message"], &detail["error"]["message"], &detail["error"], detail, error];
        let message = told.into_iter().find_map(text).unwrap_or_else(|| {
            let raw = if detail.is_null() {
                String::from_utf8_lossy(bytes).into_owned()
            } else {
                detail.to_string()
            };
            raw.trim().chars().take(300).collect()
        });
        // LiteLLM says the status once more.
        let code = text(&error["code"]).filter(|code| code != status.as_str());
        Self { status, code, param: text(&error["param"]), message, answer }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        if let Some(code) = &self.code {
            write!(f, ", {code}")?;
        }
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        match &self.param {
            Some(param) if !self.message.contains(param.as_str()) => write!(f, " ({param})"),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for Refusal {}

/// A text as a part of an address.
pub(crate) fn escape(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Whether a host is this machine.
fn is_here(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// A variable of the environment; `None` if it is empty.
fn variable(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "a command of its own, outside of the gateway")]
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_of_either_kind_are_read() {
        let said = |status: u16, text: &str| {
            let answer = serde_json::from_str(text).unwrap_or_default();
            Refusal::read(StatusCode::from_u16(status).unwrap(), answer, text.as_bytes()).to_string()
        };
        let ours = r#"{"error":{"message":"not yours to set","type":"permission","param":"models","code":"not_allowed"}}"#;
        assert_eq!(said(403, ours), "403 Forbidden, not_allowed: not yours to set (models)");
        let theirs =
            r#"{"error":{"message":"Authentication Error","type":"auth_error","param":"None","code":"401"}}"#;
        assert_eq!(said(401, theirs), "401 Unauthorized: Authentication Error (None)");
        assert_eq!(said(404, r#"{"detail":"Not Found"}"#), "404 Not Found: Not Found");
        assert_eq!(said(400, r#"{"detail":{"error":"no such team"}}"#), "400 Bad Request: no such team");
        assert_eq!(
            said(422, r#"{"detail":[{"loc":["key"]}]}"#),
            r#"422 Unprocessable Entity: [{"loc":["key"]}]"#
        );
        assert_eq!(said(502, "<html>"), "502 Bad Gateway: <html>");
    }

    #[test]
    fn this_machine_is_known() {
        for host in ["localhost", "127.0.0.1", "127.9.9.9", "[::1]"] {
            assert!(is_here(host), "{host}");
        }
        for host in ["localhost.example.com", "10.0.0.1", "[::2]", "gateway"] {
            assert!(!is_here(host), "{host}");
        }
    }
}
