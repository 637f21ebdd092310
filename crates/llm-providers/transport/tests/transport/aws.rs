//! Amazon's default chain over our transport. The chain reads the process's environment, so each case runs in a
//! process of its own, which is this test again with another environment.

use std::process::Stdio;
use std::sync::Arc;

use llm_provider_core::{Credential, Login, LoginInput, LoginRun, LoginStep};
use llm_transport::login_source;
use llm_types::UnixMs;

use crate::support::{answer, serve_http1, service, within};

/// Asks for the chain and takes what it gives.
#[derive(Debug)]
struct Chain;

impl Login for Chain {
    fn begin(&self) -> Box<dyn LoginRun> {
        Box::new(Chain)
    }
}

impl LoginRun for Chain {
    fn step(&mut self, input: LoginInput, _: UnixMs) -> LoginStep {
        match input {
            LoginInput::Begin => LoginStep::AwsChain { profile: None, region: Some("eu-west-1".to_owned()) },
            LoginInput::Credential { credential, expires_at } => LoginStep::Done { credential, expires_at },
            other => LoginStep::Fail(format!("{other:?}")),
        }
    }
}

/// Not a test of its own: the other process of those below.
#[tokio::test]
#[ignore = "run by the other tests"]
async fn child() {
    let clock = Arc::new(|| UnixMs(0));
    let source = login_source(Box::new(Chain), Arc::new(service()), clock);
    match within(source.credential()).await {
        Ok(credential) => {
            let Credential::Aws(keys) = &*credential else { panic!("{credential:?}") };
            let secret = keys.secret_access_key.expose();
            let token = keys.session_token.as_ref().map_or("-", |token| token.expose());
            println!("found {} {secret} {token}.", keys.access_key_id);
        }
        Err(error) => println!("none: {error}."),
    }
}

/// What the chain finds in this environment.
async fn found(variables: &[(&str, &str)]) -> String {
    let directory = tempfile::tempdir().unwrap();
    let child = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "aws::child", "--ignored", "--nocapture"])
        .env_clear()
        .env("HOME", directory.path())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = within(child).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn keys_of_the_environment() {
    let said = found(&[("AWS_ACCESS_KEY_ID", "AKIA1"), ("AWS_SECRET_ACCESS_KEY", "s1")]).await;
    assert!(said.contains("found AKIA1 s1 -."), "{said}");
}

#[tokio::test]
async fn keys_of_a_profile() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("credentials");
    std::fs::write(&file, "[work]\naws_access_key_id = AKIA2\naws_secret_access_key = s2\n").unwrap();
    let file = file.to_str().unwrap();
    let said = found(&[("AWS_SHARED_CREDENTIALS_FILE", file), ("AWS_PROFILE", "work")]).await;
    assert!(said.contains("found AKIA2 s2 -."), "{said}");
}

#[tokio::test]
async fn keys_of_a_container_come_over_our_transport() {
    let server = serve_http1(|request| async move {
        assert_eq!((request.uri().path(), &request.headers()["authorization"]), ("/keys", &"secret".parse().unwrap()));
        answer(r#"{"AccessKeyId":"ASIA3","SecretAccessKey":"s3","Token":"t3","Expiration":"2036-01-01T00:00:00Z"}"#)
    })
    .await;
    let said = found(&[
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &server.url("/keys")),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "secret"),
    ])
    .await;
    assert!(said.contains("found ASIA3 s3 t3."), "{said}");
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn no_keys_anywhere() {
    let said = found(&[]).await;
    assert!(said.contains("none: no credential: "), "{said}");
}
