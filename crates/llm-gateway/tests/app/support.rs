//! [`TestApp`]: a gateway without a socket.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use llm_gateway::app::App;
use llm_gateway::catalog::Owners;
use llm_gateway::config::{Config, ConfigContext, ConfigStore, Vendor};
use llm_gateway::exchange::{Finaliser, Record, Sink};
use llm_gateway::prepare::{self, States};
use llm_gateway::routes::router;
use llm_gateway::runtime::{Clock, Runtime};
use llm_gateway::telemetry::metrics::Metrics;
use llm_types::UnixMs;
use serde_json::{Value, json};
use tower::ServiceExt as _;

pub(crate) const CHAT: &str = "/v1/chat/completions";
pub(crate) const MESSAGES: &str = "/v1/messages";

/// A clock that is set and does not run.
#[derive(Debug, Default)]
pub(crate) struct SetClock(Mutex<Duration>);

impl SetClock {
    pub(crate) fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for SetClock {
    fn now(&self) -> UnixMs {
        UnixMs(1_767_225_600_000 + i64::try_from(self.elapsed().as_millis()).unwrap())
    }

    fn elapsed(&self) -> Duration {
        *self.0.lock().unwrap()
    }
}

/// What a test wants to know of an ended request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) outcome: &'static str,
    pub(crate) status: Option<u16>,
    pub(crate) model: Option<String>,
    pub(crate) output_tokens: Option<u64>,
    pub(crate) cost: Option<String>,
    pub(crate) is_estimate: bool,
    pub(crate) response_bytes: u64,
    pub(crate) attempts: usize,
    pub(crate) duration: Duration,
}

struct Keep(Arc<Mutex<Vec<Ended>>>);

impl Sink for Keep {
    fn record(&self, record: &Record) {
        self.0.lock().unwrap().push(Ended {
            outcome: record.outcome.label(),
            status: record.status,
            model: record.model.as_deref().map(ToOwned::to_owned),
            output_tokens: record.seen.usage.as_ref().map(|usage| usage.counts().output_total()),
            is_estimate: record.bill.as_ref().is_some_and(|bill| bill.is_estimate),
            cost: record.bill.as_ref().map(|bill| bill.cost.total.to_string()),
            response_bytes: record.response_bytes,
            attempts: record.legs.len(),
            duration: record.duration,
        });
    }
}

/// A gateway without a socket.
pub(crate) struct TestApp {
    pub(crate) app: Arc<App>,
    pub(crate) clock: Arc<SetClock>,
    ended: Arc<Mutex<Vec<Ended>>>,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

impl TestApp {
    /// A gateway from a configuration file's content and an environment. Failures are told at once, unless the
    /// configuration speaks of the router.
    pub(crate) async fn with_env(config: &Value, environment: &[(&str, &str)]) -> Self {
        let mut config = config.clone();
        if config.get("router_settings").is_none() {
            config["router_settings"] = json!({"num_retries": 0});
        }
        let environment: HashMap<String, String> =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let lookup: llm_gateway::runtime::Environment = Arc::new(move |name| environment.get(name).cloned());
        let vendors: Vec<Vendor<'_>> = llm_providers::providers()
            .iter()
            .map(|vendor| vendor.info())
            .map(|info| Vendor {
                aliases: &info.aliases,
                key_optional: info.key_optional,
                parameters: &info.parameters,
                ..Vendor::new(&info.id, info.key_variables.first().map(|name| &**name))
            })
            .collect();
        let context = ConfigContext::new(&vendors, lookup.clone());
        let config = Config::parse("config.yaml", &config.to_string(), &context)
            .unwrap_or_else(|errors| panic!("{errors}"));
        let clock = Arc::new(SetClock::default());
        let runtime = Runtime::new(clock.clone(), lookup, 7);
        let serving = prepare::serving(
            ConfigStore::new(config).load(),
            &runtime,
            &Arc::new(States::default()),
            &Owners::default(),
        )
        .await
        .unwrap();
        let ended = Arc::default();
        let finaliser = Finaliser::new(runtime.clone(), vec![Box::new(Keep(Arc::clone(&ended)))], None);
        let app = App::new(runtime, serving, finaliser, Arc::new(Metrics::new()));
        Self { app, clock, ended }
    }

    pub(crate) async fn new(config: &Value) -> Self {
        Self::with_env(config, &[]).await
    }

    /// One model `m`, which the mock answers by a script.
    pub(crate) async fn scripted(script: &Value) -> Self {
        Self::new(
            &json!({"model_list": [deployment("m", &json!({"model": "mock/m", "mock_response": script}))]}),
        )
        .await
    }

    pub(crate) async fn begin(&self, request: Request<Body>) -> Response<Body> {
        router(self.app.clone()).oneshot(request).await.unwrap()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.begin(request).await.into_parts();
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(post(path, body)).await
    }

    /// The only request that has ended, taken out of the books.
    #[track_caller]
    pub(crate) fn ended(&self) -> Ended {
        let mut ended = std::mem::take(&mut *self.ended.lock().unwrap());
        assert_eq!(ended.len(), 1, "{ended:?}");
        ended.remove(0)
    }

    pub(crate) fn has_ended(&self) -> bool {
        !self.ended.lock().unwrap().is_empty()
    }
}

pub(crate) fn deployment(name: &str, params: &Value) -> Value {
    json!({"model_name": name, "litellm_params": params})
}

pub(crate) fn post(path: &str, body: &Value) -> Request<Body> {
    Request::post(path).header("content-type", "application/json").body(Body::from(body.to_string())).unwrap()
}

/// A question to the model `m`.
pub(crate) fn ask(more: &Value) -> Value {
    let mut body = json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

/// A script that answers with these events.
pub(crate) fn events(body: &str) -> Value {
    json!({"raw": {"content_type": "text/event-stream", "body": body}})
}

/// A script that answers with this JSON.
pub(crate) fn body(body: &Value) -> Value {
    json!({"raw": {"body": body.to_string()}})
}

/// Pieces of a stream, up to the first that holds `text`.
pub(crate) async fn until(body: &mut Body, text: &str) -> String {
    let mut all = String::new();
    while !all.contains(text) {
        let frame = body.frame().await.unwrap_or_else(|| panic!("no {text:?} in {all}")).unwrap();
        all.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
    }
    all
}
