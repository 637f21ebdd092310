//! Secrets from a secret manager, and others in their place.

use std::sync::Arc;

use http::HeaderMap;
use llm_gateway::auth::{Principal, Recognised};
use llm_gateway::boot::{Overrides, Source, boot, offline};
use llm_gateway::runtime::Runtime;
use llm_types::UnixMs;
use serde_json::json;
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const CONFIG: &str = "\
model_list:
  - model_name: mock
    litellm_params: {model: mock/echo, api_key: os.environ/MOCK_KEY}
general_settings:
  master_key: os.environ/MASTER
  key_management_system: hashicorp_vault
llm_gateway:
  server: {port: 0}
";

async fn tell(server: &MockServer, name: &str, value: &str) {
    server.reset().await;
    Mock::given(method("GET"))
        .and(path(format!("/v1/secret/data/{name}")))
        .and(header("x-vault-token", "hvs.token"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"data": {"data": {"key": value}}})))
        .mount(server)
        .await;
}

fn runtime(server: &MockServer) -> Runtime {
    let address = server.uri();
    Runtime::system().with_environment(Arc::new(move |name| match name {
        "HCP_VAULT_ADDR" => Some(address.clone()),
        "HCP_VAULT_TOKEN" => Some("hvs.token".to_owned()),
        "MOCK_KEY" => Some("of the environment".to_owned()),
        _ => None,
    }))
}

fn with_key(key: &str) -> HeaderMap {
    HeaderMap::from_iter([(http::header::AUTHORIZATION, format!("Bearer {key}").parse().unwrap())])
}

#[tokio::test]
async fn secrets_are_read_from_a_vault_and_again_on_reload() {
    let server = MockServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.yaml");
    std::fs::write(&file, CONFIG).unwrap();

    let source = Source::File(file.clone());
    let unset = boot(source.clone(), &Overrides::default(), runtime(&server)).await.unwrap_err().to_string();
    assert!(unset.contains("MASTER"), "{unset}");

    tell(&server, "MASTER", "sk-first").await;
    let gateway = boot(source.clone(), &Overrides::default(), runtime(&server)).await.unwrap();
    let is_let_in = |key: &str| {
        let opened = gateway.app.serving().authenticator.recognise(&with_key(key), None, UnixMs(0));
        matches!(opened, Ok(Recognised::As(Principal::Master)))
    };
    assert!(is_let_in("sk-first") && !is_let_in("sk-second"));
    assert!(offline(source, runtime(&server), false).await.is_ok());

    tell(&server, "MASTER", "sk-second").await;
    gateway.reloader.reload().await.unwrap();
    assert!(is_let_in("sk-second") && !is_let_in("sk-first"));

    // A secret manager that is away changes nothing.
    server.reset().await;
    Mock::given(method("GET")).respond_with(ResponseTemplate::new(503)).mount(&server).await;
    gateway.reloader.reload().await.unwrap();
    assert!(is_let_in("sk-second"));
}

#[tokio::test]
async fn a_secret_manager_that_cannot_be_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.yaml");
    std::fs::write(&file, CONFIG.replace("hashicorp_vault", "azure_key_vault")).unwrap();
    let runtime = Runtime::system().with_environment(Arc::new(|_| None));
    let error = boot(Source::File(file), &Overrides::default(), runtime).await.unwrap_err().to_string();
    assert_eq!(
        error,
        "general_settings.key_management_system: the environment variable AZURE_KEY_VAULT_URI is not set"
    );
}
