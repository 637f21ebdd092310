//! Paths with a slash at their end, and what stands at the root.

use llm_mock_server::{MockServer, Options, Script};
use serde_json::{Value, json};

use crate::client::{ALIVE, CHAT, MESSAGES, ask, call, connect, open, send, stream};
use crate::process::{Gateway, config};

async fn start() -> (llm_mock_server::Handle, Gateway) {
    let script = Some(Script::saying("hi there"));
    let mock = MockServer::start(Options { script, ..Options::default() }).await.unwrap();
    let gateway = Gateway::start(&config(&mock.url(), &json!({})));
    (mock, gateway)
}

#[tokio::test]
async fn a_slash_at_the_end_makes_no_difference() {
    let (mock, gateway) = start().await;
    let at = gateway.address;
    let in_paths =
        ["/openai/deployments", "/engines"].map(|at| format!("{at}/openai%2Fany/chat/completions"));
    for path in [CHAT, "/chat/completions"].into_iter().chain(in_paths.iter().map(String::as_str)) {
        let body = ask("openai/any");
        let plain = call(at, "POST", path, &body).await;
        let slashed = call(at, "POST", &format!("{path}/"), &body).await;
        assert_eq!((plain.0, slashed.0), (200, 200), "{path}: {} {}", plain.1, slashed.1);
    }
    let mut answer = stream(at, &format!("{MESSAGES}/?beta=true"), "anthropic/any").await;
    assert!(answer.end().await);
    assert!(answer.text().contains("message_stop"), "{}", answer.text());
    assert_eq!(mock.total(), 9);
    for path in ["/v1/models/", "/v1/models/openai/any/", "/health/readiness/", "/openapi.json/"] {
        assert_eq!(call(at, "GET", path, &Value::Null).await.0, 200, "{path}");
    }
    assert_eq!(
        call(at, "GET", &format!("{ALIVE}/"), &Value::Null).await,
        call(at, "GET", ALIVE, &Value::Null).await
    );
    let docs = open(at, "GET", "/docs/", &Value::Null).await;
    assert_eq!(
        (docs.status, docs.header("location")),
        (308, Some("../docs")),
        "the page's parts are relative"
    );
    for path in ["/v1/models//", "/nowhere/", "//"] {
        assert_eq!(call(at, "GET", path, &Value::Null).await.0, 404, "{path}");
    }
    assert_eq!(call(at, "GET", &format!("{CHAT}/"), &Value::Null).await.0, 405);
}

#[tokio::test]
async fn the_root_says_what_this_is() {
    let config = json!({"model_list": [], "general_settings": {"master_key": "sk-master"}});
    let gateway = Gateway::start(&config);
    let mut text = open(gateway.address, "GET", "/", &Value::Null).await;
    assert_eq!((text.status, text.header("content-type")), (200, Some("text/plain; charset=utf-8")));
    let said = text.body().await;
    assert!(said.starts_with(&format!("llm-gateway {} is running", env!("CARGO_PKG_VERSION"))), "{said}");
    let headers = [("accept", "text/html,application/xhtml+xml")];
    let mut page = send(connect(gateway.address).await, "GET", "/", &headers, &Value::Null).await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let page = page.body().await;
    for place in ["/v1/models", "/docs", "/openapi.json", "/health/readiness", "/health", "/metrics"] {
        assert!(said.contains(place), "{place}: {said}");
        let link = format!("href=\"{}\"", place.trim_start_matches('/'));
        assert!(page.contains(&link), "{place}: {page}");
        // It is there, and asks for its key where it needs one.
        let status = call(gateway.address, "GET", place, &Value::Null).await.0;
        assert!([200, 401].contains(&status), "{place}: {status}");
    }
    assert_eq!(open(gateway.address, "HEAD", "/", &Value::Null).await.status, 200);
    assert_eq!(open(gateway.address, "POST", "/", &Value::Null).await.status, 405);
}

#[tokio::test]
async fn a_models_parameters_are_those_that_its_vendors_take() {
    let deployment = |name: &str, params: Value| json!({"model_name": name, "litellm_params": params});
    let openai = json!({"model": "openai/gpt-4o", "api_key": "sk-o", "additional_drop_params": ["seed"]});
    let anthropic = json!({"model": "anthropic/claude-sonnet-4-5", "api_key": "sk-a"});
    let config = json!({"model_list": [
        deployment("one", openai.clone()), deployment("both", openai), deployment("both", anthropic),
        deployment("vectors", json!({"model": "voyage/voyage-3", "api_key": "sk-v"})),
    ]});
    let gateway = Gateway::start(&config);
    let taken = async |model: &str| {
        let path = format!("/utils/supported_openai_params?model={model}");
        let (status, answer) = call(gateway.address, "GET", &path, &Value::Null).await;
        let names = answer["supported_openai_params"].as_array().cloned().unwrap_or_default();
        (status, names.iter().map(|name| name.as_str().unwrap().to_owned()).collect::<Vec<_>>())
    };
    let has = |names: &[String], name: &str| names.iter().any(|own| own == name);
    let (status, one) = taken("one").await;
    assert_eq!(status, 200);
    assert!(has(&one, "tools") && has(&one, "logit_bias") && has(&one, "n") && !has(&one, "seed"), "{one:?}");
    let (_, both) = taken("both").await;
    assert!(has(&both, "tools") && !has(&both, "logit_bias") && !has(&both, "n"), "{both:?}");
    let (_, unconfigured) = taken("anthropic%2Fclaude-opus-4-1").await;
    assert!(has(&unconfigured, "thinking") && !has(&unconfigured, "n"), "{unconfigured:?}");
    assert_eq!(taken("vectors").await, (200, vec![]));
    assert_eq!(taken("nothing-of-the-kind").await.0, 404);
    assert_eq!(call(gateway.address, "GET", "/utils/supported_openai_params", &Value::Null).await.0, 400);
}
