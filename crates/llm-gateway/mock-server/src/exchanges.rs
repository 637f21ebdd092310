//! Recorded exchanges to be served again.

use std::collections::{BTreeMap, VecDeque};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, StatusCode, Uri};
use llm_provider_mock::{Plan, Step, Steps};
use serde::Deserialize;
use serde_json::value::RawValue;

/// An exchange to replay: which request, and what to answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// Method of the request. Default: `POST`.
    #[serde(default = "post")]
    pub method: String,
    /// Path of the request. With a query, the query must be the same; without, any will do.
    pub path: String,
    /// The answer.
    pub response: ExchangeResponse,
}

/// A recorded answer. At most one of the three bodies.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExchangeResponse {
    /// HTTP status. Default: 200.
    #[serde(default = "ok")]
    pub status: u16,
    /// `content-type`. Default: `application/json`.
    #[serde(default = "json")]
    pub content_type: String,
    /// Other headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// A JSON body, served as it is written here; a string is served as text unless `content_type` is JSON.
    #[serde(default)]
    pub body: Option<Box<RawValue>>,
    /// A text body, such as an event stream.
    #[serde(default)]
    pub body_text: Option<String>,
    /// A body of bytes, in base64.
    #[serde(default)]
    pub body_base64: Option<String>,
    /// Send the body in chunks of so many bytes, at least 1. Default: whole.
    #[serde(default)]
    pub chunk_bytes: Option<usize>,
}

/// An exchange that cannot be replayed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// Not JSON, an unknown field, or a value of the wrong type.
    #[error("exchanges: {0}")]
    Json(#[from] serde_json::Error),
    /// A value that makes no answer.
    #[error("exchanges[{index}]: {problem}")]
    Value {
        /// Position in the list.
        index: usize,
        /// What is wrong.
        problem: String,
    },
}

/// Exchanges not yet served, in order.
#[derive(Debug, Default)]
pub(crate) struct Replay {
    ready: VecDeque<Ready>,
    /// A list was given: from then on requests are answered from it alone.
    on: bool,
}

/// A checked exchange.
#[derive(Debug)]
struct Ready {
    method: String,
    path: String,
    answer: Answer,
}

#[derive(Debug)]
struct Answer {
    status: StatusCode,
    content_type: HeaderValue,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
    chunk_bytes: Option<usize>,
}

impl Replay {
    /// # Errors
    /// [`ExchangeError`] naming the first exchange that makes no answer.
    pub(crate) fn new(exchanges: Vec<Exchange>) -> Result<Self, ExchangeError> {
        let on = !exchanges.is_empty();
        let ready = exchanges.into_iter().enumerate().map(|(index, exchange)| {
            let Exchange { method, path, response } = exchange;
            let answer = Answer::new(response).map_err(|problem| ExchangeError::Value { index, problem })?;
            Ok(Ready { method, path, answer })
        });
        Ok(Self { ready: ready.collect::<Result<_, ExchangeError>>()?, on })
    }

    pub(crate) fn is_on(&self) -> bool {
        self.on
    }

    pub(crate) fn left(&self) -> usize {
        self.ready.len()
    }

    /// Takes the first exchange left for this request.
    pub(crate) fn take(&mut self, method: &Method, uri: &Uri) -> Option<Plan> {
        let at = self.ready.iter().position(|ready| {
            let path = if ready.path.contains('?') {
                uri.path_and_query().map_or("", |full| full.as_str())
            } else {
                uri.path()
            };
            ready.method.eq_ignore_ascii_case(method.as_str()) && ready.path == path
        })?;
        self.ready.remove(at).map(|ready| ready.answer.into_plan())
    }
}

impl Answer {
    fn new(response: ExchangeResponse) -> Result<Self, String> {
        let content_type = HeaderValue::try_from(&response.content_type)
            .map_err(|_| "`content_type` is not a header value".to_owned())?;
        let headers = response.headers.iter().map(|(name, value)| {
            match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                (Ok(name), Ok(value)) => Ok((name, value)),
                _ => Err(format!("`{name}` is not a header")),
            }
        });
        if response.chunk_bytes == Some(0) {
            return Err("`chunk_bytes` must be at least 1".to_owned());
        }
        Ok(Self {
            status: StatusCode::from_u16(response.status)
                .ok()
                .filter(|status| !status.is_informational())
                .ok_or_else(|| format!("`status` must be 200 to 999, not {}", response.status))?,
            headers: headers.collect::<Result<_, _>>()?,
            chunk_bytes: response.chunk_bytes,
            body: body(response)?,
            content_type,
        })
    }

    fn into_plan(self) -> Plan {
        let mut plan = match self.chunk_bytes {
            None => Plan::whole(self.status, self.content_type, self.body),
            Some(size) => {
                let mut body = self.body;
                let chunks = std::iter::from_fn(move || {
                    (!body.is_empty()).then(|| Step::Bytes(body.split_to(size.min(body.len()))))
                });
                Plan::stepwise(self.status, self.content_type, Steps::new(chunks))
            }
        };
        plan.headers.extend(self.headers);
        plan
    }
}

fn body(response: ExchangeResponse) -> Result<Bytes, String> {
    let is_json = response.content_type.contains("json");
    match (response.body, response.body_text, response.body_base64) {
        (None, None, None) => Ok(Bytes::new()),
        (Some(json), None, None) => {
            let text = if is_json { None } else { serde_json::from_str::<String>(json.get()).ok() };
            Ok(text.unwrap_or_else(|| json.get().to_owned()).into())
        }
        (None, Some(text), None) => Ok(text.into()),
        (None, None, Some(base64)) => {
            STANDARD.decode(base64).map(Bytes::from).map_err(|error| format!("`body_base64`: {error}"))
        }
        _ => Err("only one of `body`, `body_text` and `body_base64` can be given".to_owned()),
    }
}

fn post() -> String {
    Method::POST.to_string()
}

fn ok() -> u16 {
    200
}

fn json() -> String {
    "application/json".to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn replay(exchanges: &Value) -> Result<Replay, ExchangeError> {
        Replay::new(serde_json::from_str(&exchanges.to_string())?)
    }

    fn text(plan: Option<Plan>) -> Option<String> {
        let bytes =
            plan?.steps.filter_map(|step| if let Step::Bytes(bytes) = step { Some(bytes) } else { None });
        Some(bytes.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap()).collect::<Vec<_>>().join("|"))
    }

    #[test]
    fn exchanges_are_served_in_order_by_path() {
        let mut replay = replay(&json!([
            {"path": "/a", "response": {"body": {"n": 1}}},
            {"path": "/b?x=1", "response": {"content_type": "text/event-stream", "body": "data: x\n\n"}},
            {"method": "get", "path": "/a", "response": {"body_base64": "aGkgdGhlcmU=", "chunk_bytes": 3}},
            {"path": "/a", "response": {"body_text": "two"}},
        ]))
        .unwrap();
        let mut take =
            |method: &str, uri: &str| text(replay.take(&method.parse().unwrap(), &uri.parse().unwrap()));
        assert_eq!(take("POST", "/b?x=2"), None);
        assert_eq!(take("POST", "/b?x=1").as_deref(), Some("data: x\n\n"));
        assert_eq!(take("POST", "/a?any=thing").as_deref(), Some(r#"{"n":1}"#));
        assert_eq!(take("GET", "/a").as_deref(), Some("hi |the|re"));
        assert_eq!(take("POST", "/a").as_deref(), Some("two"));
        assert_eq!(take("POST", "/a"), None);
        assert!(replay.is_on() && replay.left() == 0);
    }

    #[test]
    fn what_makes_no_answer_is_refused_by_position() {
        let error = |response: Value| {
            replay(&json!([{"path": "/", "response": {}}, {"path": "/", "response": response}]))
                .unwrap_err()
                .to_string()
        };
        assert!(error(json!({"body": 1, "body_text": ""})).starts_with("exchanges[1]: only one of"));
        assert!(error(json!({"status": 100})).starts_with("exchanges[1]: `status`"));
        assert!(error(json!({"body_base64": "?"})).starts_with("exchanges[1]: `body_base64`"));
        assert!(error(json!({"chunk_bytes": 0})).contains("chunk_bytes"));
        assert!(error(json!({"bodi": 0})).contains("unknown field"));
        assert!(!replay(&json!([])).unwrap().is_on());
    }
}
