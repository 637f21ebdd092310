//! Secret managers on loopback.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use llm_provider_core::{AwsKeys, Credential, Secret};
use llm_secrets::{
    Clock, FetchError, KeyManagementSettings, Place, SecretManager, System, SystemError, VaultLogin,
};
use llm_transport::{CredentialSource, HttpService, StaticCredential, TransportOptions, login_source};
use llm_types::UnixMs;
use serde_json::json;
use wiremock::matchers::{body_json, body_partial_json, header, header_regex, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

fn service() -> Arc<dyn HttpService> {
    llm_transport::connect(TransportOptions::default()).unwrap()
}

fn clock(ms: &Arc<AtomicI64>) -> Clock {
    let ms = Arc::clone(ms);
    Arc::new(move || UnixMs(ms.load(Ordering::Relaxed)))
}

fn place(
    system: System,
    settings: &KeyManagementSettings,
    variables: &[(&str, &str)],
) -> Result<Place, SystemError> {
    Place::new(system, settings, &|name| {
        variables.iter().find(|(it, _)| *it == name).map(|(_, value)| (*value).to_owned())
    })
}

fn manager(
    place: Place,
    settings: KeyManagementSettings,
    credentials: Arc<dyn CredentialSource>,
) -> Arc<SecretManager> {
    let clock = clock(&Arc::new(AtomicI64::new(1_763_700_000_000)));
    Arc::new(SecretManager::new(place, settings, credentials, service(), clock))
}

fn token() -> Arc<dyn CredentialSource> {
    Arc::new(StaticCredential::new(Credential::Token(Secret::new("the-token"))))
}

fn keys() -> Arc<dyn CredentialSource> {
    Arc::new(StaticCredential::new(Credential::Aws(AwsKeys {
        access_key_id: "AKIAEXAMPLE".to_owned(),
        secret_access_key: Secret::new("secret"),
        session_token: Some(Secret::new("session")),
    })))
}

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

fn told(manager: &SecretManager, name: &str) -> Option<String> {
    manager.get(name).map(|secret| secret.expose().to_owned())
}

#[tokio::test]
async fn aws() {
    let server = MockServer::start().await;
    let asked = |name: &str| {
        Mock::given(method("POST"))
            .and(path("/"))
            .and(header("x-amz-target", "secretsmanager.GetSecretValue"))
            .and(header("content-type", "application/x-amz-json-1.1"))
            .and(header("x-amz-security-token", "session"))
            .and(header_regex(
                "authorization",
                "^AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20251121/eu-west-1/secretsmanager/aws4_request, ",
            ))
            .and(body_json(json!({ "SecretId": name })))
    };
    asked("OPENAI_API_KEY")
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"SecretString": "sk-1"})))
        .mount(&server)
        .await;
    asked("BINARY")
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"SecretBinary": "c2stMg=="})))
        .mount(&server)
        .await;
    asked("GONE")
        .respond_with(
            ResponseTemplate::new(400)
                .set_body_json(json!({"__type": "com.amazonaws#ResourceNotFoundException"})),
        )
        .mount(&server)
        .await;
    asked("DENIED")
        .respond_with(
            ResponseTemplate::new(400)
                .set_body_json(json!({"__type": "AccessDeniedException", "Message": "no"})),
        )
        .mount(&server)
        .await;
    asked("BROKEN").respond_with(ResponseTemplate::new(500)).mount(&server).await;
    let variables = [("AWS_REGION", "eu-west-1"), ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &server.uri())];
    let settings = KeyManagementSettings::default();
    let place = place(System::AwsSecretManager, &settings, &variables).unwrap();
    let manager = manager(place, settings, keys());
    let refreshed =
        manager.refresh(&names(&["OPENAI_API_KEY", "GONE", "BINARY", "DENIED", "BROKEN", "GONE"])).await;
    assert!(refreshed.changed);
    assert_eq!(refreshed.missing, ["GONE"]);
    let failed =
        [("BROKEN".to_owned(), FetchError::Status(500)), ("DENIED".to_owned(), FetchError::Denied(400))];
    assert_eq!(refreshed.failed, failed);
    assert_eq!(told(&manager, "OPENAI_API_KEY").as_deref(), Some("sk-1"));
    assert_eq!(told(&manager, "BINARY").as_deref(), Some("sk-2"));
    assert!(!manager.refresh(&names(&["OPENAI_API_KEY", "BINARY"])).await.changed);
}

#[tokio::test]
async fn all_in_one_secret_of_aws() {
    let server = MockServer::start().await;
    let whole = json!({"A": "1", "B": 2, "C": null}).to_string();
    Mock::given(body_json(json!({"SecretId": "all"})))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "SecretString": whole })))
        .expect(1)
        .mount(&server)
        .await;
    let variables = [("AWS_REGION_NAME", "eu-west-1"), ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &server.uri())];
    let settings: KeyManagementSettings =
        serde_json::from_value(json!({"primary_secret_name": "all", "hosted_keys": ["A", "B", "C", "D"]}))
            .unwrap();
    let place = place(System::AwsSecretManager, &settings, &variables).unwrap();
    let manager = manager(place, settings, keys());
    let refreshed = manager.refresh(&names(&["A", "B", "C", "D", "ELSEWHERE"])).await;
    assert_eq!(refreshed.missing, ["C", "D"]);
    assert_eq!((told(&manager, "A").as_deref(), told(&manager, "B").as_deref()), (Some("1"), Some("2")));
    let outer: llm_secrets::Lookup = Arc::new(|name| Some(format!("{name} of the environment")));
    let lookup = manager.lookup(outer);
    assert_eq!(lookup("A").as_deref(), Some("1"));
    assert_eq!(lookup("D").as_deref(), Some("D of the environment"));
}

#[tokio::test]
async fn google() {
    let server = MockServer::start().await;
    let asked = |name: &str| {
        Mock::given(method("GET"))
            .and(path(format!("/v1/projects/my-project/secrets/{name}/versions/latest:access")))
            .and(header("authorization", "Bearer the-token"))
    };
    let data = json!({"name": "projects/1/secrets/A/versions/3", "payload": {"data": "c2stMQ==", "dataCrc32c": "1"}});
    asked("A").respond_with(ResponseTemplate::new(200).set_body_json(data)).mount(&server).await;
    asked("B").respond_with(ResponseTemplate::new(403)).mount(&server).await;
    asked("C")
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"payload": {"data": "gICA"}})))
        .mount(&server)
        .await;
    let variables = [
        ("GOOGLE_SECRET_MANAGER_PROJECT_ID", "my-project"),
        ("CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER", &server.uri()),
    ];
    let settings = KeyManagementSettings::default();
    let manager =
        manager(place(System::GoogleSecretManager, &settings, &variables).unwrap(), settings, token());
    let refreshed = manager.refresh(&names(&["A", "B", "C", "D"])).await;
    assert_eq!(told(&manager, "A").as_deref(), Some("sk-1"));
    assert_eq!(refreshed.missing, ["D"]);
    assert_eq!(
        refreshed.failed,
        [("B".to_owned(), FetchError::Denied(403)), ("C".to_owned(), FetchError::Unreadable)]
    );
}

#[tokio::test]
async fn azure() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/secrets/OPENAI-API-KEY"))
        .and(query_param("api-version", "7.4"))
        .and(header("authorization", "Bearer the-token"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"value": "sk-1", "id": "x"})))
        .mount(&server)
        .await;
    let vault = format!("{}/", server.uri());
    let settings = KeyManagementSettings::default();
    let place = place(System::AzureKeyVault, &settings, &[("AZURE_KEY_VAULT_URI", &vault)]).unwrap();
    assert_eq!(place.azure_scope(), Some("https://vault.azure.net/.default"));
    let manager = manager(place, settings, token());
    assert_eq!(manager.refresh(&names(&["OPENAI_API_KEY", "GONE"])).await.missing, ["GONE"]);
    assert_eq!(told(&manager, "OPENAI_API_KEY").as_deref(), Some("sk-1"));
}

#[tokio::test]
async fn vault_as_an_application() {
    let server = MockServer::start().await;
    let login = |token: &str| {
        ResponseTemplate::new(200)
            .set_body_json(json!({"auth": {"client_token": token, "lease_duration": 3600}}))
    };
    let asked = || {
        Mock::given(method("POST"))
            .and(path("/v1/auth/apps/login"))
            .and(header("x-vault-namespace", "admin"))
            .and(body_partial_json(json!({"role_id": "role", "secret_id": "hush"})))
    };
    asked().respond_with(login("hvs.1")).up_to_n_times(1).mount(&server).await;
    asked().respond_with(login("hvs.2")).mount(&server).await;
    let secret = |name: &str, token: &str| {
        Mock::given(method("GET"))
            .and(path(format!("/v1/kv/data/litellm/{name}")))
            .and(header("x-vault-token", token))
            .and(header("x-vault-namespace", "admin"))
    };
    let data =
        |data: serde_json::Value| ResponseTemplate::new(200).set_body_json(json!({"data": {"data": data}}));
    // The first token is revoked before it is used: the second is asked for at once.
    secret("A", "hvs.1").respond_with(ResponseTemplate::new(403)).mount(&server).await;
    secret("A", "hvs.2").respond_with(data(json!({"key": "sk-1", "other": "x"}))).mount(&server).await;
    secret("B", "hvs.2").respond_with(data(json!({"B": "sk-2", "other": "x"}))).mount(&server).await;
    secret("C", "hvs.2").respond_with(data(json!({"value": "sk-3"}))).mount(&server).await;
    secret("D", "hvs.2").respond_with(data(json!({"x": "1", "y": "2"}))).mount(&server).await;
    let variables = [
        ("HCP_VAULT_ADDR", &*server.uri()),
        ("HCP_VAULT_NAMESPACE", "admin"),
        ("HCP_VAULT_MOUNT_NAME", "kv"),
        ("HCP_VAULT_PATH_PREFIX", "litellm/"),
        ("HCP_VAULT_APPROLE_ROLE_ID", "role"),
        ("HCP_VAULT_APPROLE_SECRET_ID", "hush"),
        ("HCP_VAULT_APPROLE_MOUNT_PATH", "apps"),
    ];
    let settings = KeyManagementSettings::default();
    let place = place(System::HashicorpVault, &settings, &variables).unwrap();
    assert!(!format!("{place:?}").contains("hush"));
    let time = Arc::new(AtomicI64::new(1_000));
    let credentials = login_source(Box::new(VaultLogin::with(&place).unwrap()), service(), clock(&time));
    let manager = manager(place, settings, credentials);
    assert_eq!(manager.refresh(&names(&["A"])).await.failed, []);
    assert_eq!(told(&manager, "A").as_deref(), Some("sk-1"));
    let refreshed = manager.refresh(&names(&["A", "B", "C", "D", "E"])).await;
    assert_eq!(
        (told(&manager, "B").as_deref(), told(&manager, "C").as_deref()),
        (Some("sk-2"), Some("sk-3"))
    );
    assert_eq!(
        refreshed.failed,
        [("D".to_owned(), FetchError::Unreadable)],
        "which of two is not to be guessed"
    );
    assert_eq!(refreshed.missing, ["E"]);
}

#[tokio::test]
async fn what_cannot_be_fetched_stays_as_it_was() {
    let server = MockServer::start().await;
    let answer = |value: &str| ResponseTemplate::new(200).set_body_json(json!({ "value": value }));
    let asked = || Mock::given(path("/secrets/A"));
    asked().respond_with(answer("old")).up_to_n_times(1).mount(&server).await;
    asked().respond_with(ResponseTemplate::new(503)).up_to_n_times(1).mount(&server).await;
    asked().respond_with(answer("new")).up_to_n_times(1).mount(&server).await;
    asked().respond_with(ResponseTemplate::new(404)).mount(&server).await;
    let settings = KeyManagementSettings::default();
    let place = place(System::AzureKeyVault, &settings, &[("AZURE_KEY_VAULT_URI", &server.uri())]).unwrap();
    let manager = manager(place, settings, token());
    assert!(manager.refresh(&names(&["A"])).await.changed);
    let refreshed = manager.refresh(&names(&["A"])).await;
    assert_eq!((refreshed.changed, refreshed.failed.len()), (false, 1));
    assert_eq!(told(&manager, "A").as_deref(), Some("old"));
    assert!(manager.refresh(&names(&["A"])).await.changed);
    assert_eq!(told(&manager, "A").as_deref(), Some("new"));
    assert!(manager.refresh(&names(&["A"])).await.changed, "a secret that is deleted is gone");
    assert_eq!(told(&manager, "A"), None);
}

#[test]
fn settings_that_make_no_sense_are_told() {
    let none = KeyManagementSettings::default();
    let not_set = |name| Err(SystemError::NotSet(name));
    assert_eq!(place(System::AwsSecretManager, &none, &[]), not_set("AWS_REGION_NAME"));
    assert_eq!(place(System::AzureKeyVault, &none, &[]), not_set("AZURE_KEY_VAULT_URI"));
    assert_eq!(place(System::HashicorpVault, &none, &[]), not_set("HCP_VAULT_TOKEN"));
    assert_eq!(
        place(System::HashicorpVault, &none, &[("HCP_VAULT_APPROLE_ROLE_ID", "x")]),
        not_set("HCP_VAULT_APPROLE_SECRET_ID")
    );
    for (system, name, value) in [
        (System::AzureKeyVault, "AZURE_KEY_VAULT_URI", "vault.azure.net"),
        (System::GoogleSecretManager, "GOOGLE_SECRET_MANAGER_PROJECT_ID", "../x"),
        (System::HashicorpVault, "HCP_VAULT_PATH_PREFIX", "a/../../sys"),
        (System::HashicorpVault, "HCP_VAULT_CLIENT_CERT", "cert.pem"),
        (System::AwsSecretManager, "AWS_REGION_NAME", "evil.example/"),
    ] {
        let error = place(system, &none, &[(name, value)]).unwrap_err();
        assert!(matches!(error, SystemError::Setting { .. }), "{name}: {error}");
    }
    for settings in [
        json!({"store_virtual_keys": true, "access_mode": "write_only"}),
        json!({"primary_secret_name": "x"}),
        json!({"refresh_interval": 1}),
    ] {
        let settings: KeyManagementSettings = serde_json::from_value(settings).unwrap();
        assert!(settings.check(System::AzureKeyVault).is_err());
    }
    for settings in [
        json!({"store_virtual_keys": true}),
        json!({"store_virtual_keys": true, "access_mode": "write_only", "prefix_for_stored_virtual_keys": "/"}),
    ] {
        let settings: KeyManagementSettings = serde_json::from_value(settings).unwrap();
        assert!(settings.check(System::HashicorpVault).is_err());
    }
    assert!(serde_json::from_str::<System>("\"cyberark\"").is_err());
    let write_only: KeyManagementSettings =
        serde_json::from_value(json!({"access_mode": "write_only"})).unwrap();
    assert!(!write_only.hosts("A"));
}

fn writing(prefix: Option<&str>) -> KeyManagementSettings {
    let settings = json!({
        "store_virtual_keys": true, "access_mode": "read_and_write", "prefix_for_stored_virtual_keys": prefix,
    });
    serde_json::from_value(settings).unwrap()
}

#[tokio::test]
async fn keys_are_written_to_a_vault() {
    let server = MockServer::start().await;
    let write = |place: &str, value: &str| {
        Mock::given(method("POST"))
            .and(path(place))
            .and(header("x-vault-token", "the-token"))
            .and(header("x-vault-namespace", "team"))
            .and(header("content-type", "application/json"))
            .and(body_json(json!({"data": {"key": value}})))
    };
    let done = ResponseTemplate::new(200).set_body_json(json!({"data": {"version": 2}}));
    write("/v1/kv/data/litellm/ci", "sk-1").respond_with(done.clone()).expect(1).mount(&server).await;
    write("/v1/kv/data/litellm/a%20b%3F/c", "sk-2").respond_with(done).expect(1).mount(&server).await;
    write("/v1/kv/data/litellm/denied", "sk-3").respond_with(ResponseTemplate::new(403)).mount(&server).await;
    let variables = [
        ("HCP_VAULT_ADDR", server.uri()),
        ("HCP_VAULT_MOUNT_NAME", "kv".to_owned()),
        ("HCP_VAULT_SECRET_NAMESPACE", "team".to_owned()),
        ("HCP_VAULT_TOKEN", "the-token".to_owned()),
    ];
    let variables: Vec<(&str, &str)> =
        variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let settings = writing(None);
    let place = place(System::HashicorpVault, &settings, &variables).unwrap();
    let manager = manager(place, settings, token());
    assert!(manager.writes_keys());
    let write = async |alias: &str, text: &str| manager.write_key(alias, &Secret::new(text)).await;
    assert_eq!(write("ci", "sk-1").await, Ok(()));
    assert_eq!(write("a b?/c", "sk-2").await, Ok(()));
    assert_eq!(write("denied", "sk-3").await, Err(FetchError::Denied(403)));
    for alias in ["../openai", "a/../../b", "", "a//b", "."] {
        assert_eq!(write(alias, "sk-4").await, Err(FetchError::Address), "{alias}");
    }
}

#[tokio::test]
async fn keys_are_written_to_amazon() {
    let server = MockServer::start().await;
    let action = |action: &str, names: &str, name: &str| {
        Mock::given(method("POST"))
            .and(header("x-amz-target", format!("secretsmanager.{action}").as_str()))
            .and(header_regex("authorization", "/eu-west-1/secretsmanager/aws4_request, "))
            .and(body_partial_json(json!({names: name, "SecretString": "sk-1"})))
    };
    let done = ResponseTemplate::new(200).set_body_json(json!({"VersionId": "v"}));
    let gone = ResponseTemplate::new(400).set_body_json(json!({"__type": "ResourceNotFoundException"}));
    let denied = ResponseTemplate::new(400).set_body_json(json!({"__type": "AccessDeniedException"}));
    action("PutSecretValue", "SecretId", "keys/old")
        .respond_with(done.clone())
        .expect(1)
        .mount(&server)
        .await;
    action("PutSecretValue", "SecretId", "keys/new")
        .respond_with(gone.clone())
        .expect(1)
        .mount(&server)
        .await;
    action("CreateSecret", "Name", "keys/new").respond_with(done).expect(1).mount(&server).await;
    action("PutSecretValue", "SecretId", "keys/odd").respond_with(gone.clone()).mount(&server).await;
    action("CreateSecret", "Name", "keys/odd").respond_with(gone).mount(&server).await;
    action("PutSecretValue", "SecretId", "keys/no").respond_with(denied).mount(&server).await;
    let variables = [("AWS_REGION", "eu-west-1"), ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &server.uri())];
    let settings = writing(Some("keys/"));
    let place = place(System::AwsSecretManager, &settings, &variables).unwrap();
    let manager = manager(place, settings, keys());
    let write = async |alias: &str| manager.write_key(alias, &Secret::new("sk-1")).await;
    assert_eq!(write("old").await, Ok(()));
    assert_eq!(write("new").await, Ok(()), "what is not there is made");
    assert_eq!(write("odd").await, Err(FetchError::Status(400)), "and not for ever");
    assert_eq!(write("no").await, Err(FetchError::Denied(400)));
    let tokens: std::collections::BTreeSet<String> = server
        .received_requests()
        .await
        .unwrap()
        .iter()
        .map(|request| {
            request.body_json::<serde_json::Value>().unwrap()["ClientRequestToken"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert!(
        tokens.len() == 4 && tokens.iter().all(|token| token.len() == 32),
        "one for each secret: {tokens:?}"
    );
}

#[tokio::test]
async fn nothing_is_written_where_nobody_wants_it() {
    let variables = [("HCP_VAULT_ADDR", "http://127.0.0.1:1"), ("HCP_VAULT_TOKEN", "t")];
    let settings = KeyManagementSettings::default();
    let place = place(System::HashicorpVault, &settings, &variables).unwrap();
    let manager = manager(place, settings, token());
    assert!(!manager.writes_keys());
    assert_eq!(manager.write_key("ci", &Secret::new("sk-1")).await, Err(FetchError::Unwritable));
}
