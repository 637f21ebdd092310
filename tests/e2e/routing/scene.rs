//! Deployments of one group at vendors of their own.

use llm_mock_server::{Handle, Record};
use serde_json::{Value, json};

use crate::client::call;
use crate::faults::asked::{Ask, Dialect, Told, named};
use crate::process::Gateway;

/// A deployment of the group `main` at this vendor, with more of `litellm_params`.
pub(crate) fn at(vendor: &Handle, id: &str, more: &Value) -> Value {
    named(Dialect::OpenAi.deployment("main", id, &vendor.url(), more), id)
}

/// The same deployment with more of `model_info`.
pub(crate) fn with_info(mut deployment: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        deployment["model_info"][name] = value.clone();
    }
    deployment
}

/// Asks the group `main`.
pub(crate) async fn main(gateway: &Gateway) -> Told {
    Ask::chat("main").of(gateway.address).await
}

/// Who answers for the group `main`.
pub(crate) async fn answerer(gateway: &Gateway) -> String {
    let told = main(gateway).await;
    assert_eq!(told.status, 200, "{told:?}");
    told.deployment().unwrap().to_owned()
}

/// What a path tells.
pub(crate) async fn get(gateway: &Gateway, path: &str) -> Value {
    let (status, body) = call(gateway.address, "GET", path, &Value::Null).await;
    assert_eq!(status, 200, "{path}: {body}");
    body
}

/// Whether a request that has reached a vendor is a check.
pub(crate) fn is_check(record: &Record) -> bool {
    String::from_utf8_lossy(&record.body).contains("Reply with OK.")
}

/// Requests of clients' that have reached a vendor.
pub(crate) fn asked_by_clients(vendor: &Handle) -> usize {
    vendor.records().iter().filter(|record| !is_check(record)).count()
}

/// A price at which every answer costs a few dollars.
pub(crate) fn dear() -> Value {
    json!({"input_cost_per_token": 0.1, "output_cost_per_token": 0.1})
}
