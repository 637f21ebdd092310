//! Started without a file, with one model, or not at all.

use std::net::TcpListener;
use std::process::Command;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::client::{ALIVE, CHAT, MESSAGES, ask, call, connect, soon};
use crate::process::{Gateway, command, refusal, write_text};

#[tokio::test]
async fn without_arguments_the_printed_line_works() {
    let mut command = command();
    command.env("PORT", "0");
    let gateway = Gateway::spawn(command);
    assert!(gateway.printed[0].starts_with("llm-gateway "), "{:?}", gateway.printed);
    assert_eq!(gateway.printed[1], "models: mock, mock/*");
    let line = gateway.printed.last().unwrap().trim();
    let url = format!("http://{}{CHAT}", gateway.address);
    assert!(line.starts_with(&format!("curl {url} ")), "{line}");

    // What the line posts, posted.
    let body = line.split_once("-d '").unwrap().1.trim_end_matches('\'');
    let (status, answer) = call(gateway.address, "POST", CHAT, &serde_json::from_str(body).unwrap()).await;
    assert_eq!(status, 200, "{answer}");
    assert!(answer["choices"][0]["message"]["content"].as_str().unwrap().contains("Hello"));

    // And the line itself, where there is curl to run it.
    if Command::new("curl").arg("--version").output().is_ok() {
        let output = Command::new("sh").args(["-c", line]).env("NO_PROXY", "*").output().unwrap();
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(answer["object"], "chat.completion");
    }
    assert_eq!(call(gateway.address, "GET", ALIVE, &Value::Null).await.0, 200);
}

#[tokio::test]
async fn vendors_whose_key_is_set_are_there() {
    let mut command = command();
    command.args(["--port", "0"]).env("ANTHROPIC_API_KEY", "a-key-that-nobody-sees");
    let gateway = Gateway::spawn(command);
    let (_, models) = call(gateway.address, "GET", "/v1/models", &Value::Null).await;
    let ids: Vec<_> =
        models["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"anthropic/*") && ids.contains(&"mock"), "{ids:?}");
    assert!(!ids.iter().any(|id| id.starts_with("openai")), "{ids:?}");
    let (status, model) = call(gateway.address, "GET", "/v1/models/claude-sonnet-4-5", &Value::Null).await;
    assert_eq!((status, &model["owned_by"]), (200, &"anthropic".into()));
    assert!(!gateway.log().contains("nobody-sees") && !gateway.printed.concat().contains("nobody-sees"));
}

#[tokio::test]
async fn one_model_without_a_file() {
    let mut command = command();
    command.args(["serve", "--model", "mock/echo", "--port", "0"]);
    let gateway = Gateway::spawn(command);
    for path in [CHAT, MESSAGES] {
        let (status, answer) = call(gateway.address, "POST", path, &ask("mock/echo")).await;
        assert_eq!(status, 200);
        assert!(answer.to_string().contains("Hello there"), "{answer}");
    }
    let (status, answer) = call(gateway.address, "POST", CHAT, &ask("mock/other")).await;
    assert_eq!((status, &answer["error"]["code"]), (404, &"model_not_found".into()));
}

#[test]
fn a_taken_port_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let mut command = command();
    command.args(["--port", &port]);
    let (code, said) = refusal(command);
    assert_eq!(code, 2);
    assert!(
        said.contains(&format!("cannot listen on 127.0.0.1:{port}")) && said.contains("in use"),
        "{said}"
    );
}

#[test]
fn a_wrong_file_is_told_with_its_places() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.yaml");
    for (text, words) in [
        (
            "model_list:\n  - model_name: a\n    litellm_param: {}\n",
            &["config.yaml:3:5", "litellm_params"][..],
        ),
        ("llm_gateway:\n  server:\n    prot: 1\n", &["config.yaml:3:5", "port"]),
        ("model_list: [", &["config.yaml"]),
        ("general_settings:\n  master_key: os.environ/NOT_SET_ANYWHERE\n", &["NOT_SET_ANYWHERE"]),
    ] {
        write_text(&file, text);
        let mut command = command();
        command.arg("--config").arg(&file).args(["--port", "0"]);
        let (code, said) = refusal(command);
        assert_eq!(code, 2, "{said}");
        for word in words {
            assert!(said.contains(word), "no {word:?} in {said}");
        }
    }
    let mut command = command();
    command.args(["--config", "/nowhere/config.yaml"]);
    let (code, said) = refusal(command);
    assert!(code == 2 && said.contains("/nowhere/config.yaml"), "{said}");
}

#[test]
fn nobody_listens_to_the_world_without_a_key() {
    let mut open = command();
    open.args(["--host", "0.0.0.0", "--port", "0"]);
    let (code, said) = refusal(open);
    assert_eq!(code, 2);
    assert!(said.contains("master_key") && said.contains("0.0.0.0"), "{said}");
    let mut open = command();
    open.args(["--host", "0.0.0.0", "--port", "0", "--allow-public-without-key"]);
    assert!(Gateway::spawn(open).address.ip().is_unspecified());
}

#[test]
fn arguments_that_contradict_each_other_are_refused() {
    for arguments in [
        &["--model", "mock", "--config", "x.yaml"][..],
        &["--api-base", "http://h"],
        &["--port", "70000"],
        &["nonsense"],
    ] {
        let mut command = command();
        command.args(arguments);
        let (code, said) = refusal(command);
        assert_eq!(code, 2, "{arguments:?}: {said}");
    }
}

#[tokio::test]
async fn without_a_key_other_names_of_this_machine_are_refused() {
    let ask = ask("mock");
    let named = async |gateway: &Gateway, host: &str| {
        let body = ask.to_string();
        let mut socket = connect(gateway.address).await;
        let head = format!(
            "POST {CHAT} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        soon(socket.write_all((head + &body).as_bytes())).await.unwrap();
        let mut answer = String::new();
        soon(socket.read_to_string(&mut answer)).await.unwrap();
        answer
    };
    let mut command = command();
    command.env("PORT", "0");
    let gateway = Gateway::spawn(command);
    let port = gateway.address.port();
    for host in ["localhost", "127.0.0.1", "app.localhost"] {
        assert!(named(&gateway, &format!("{host}:{port}")).await.starts_with("HTTP/1.1 200 "), "{host}");
    }
    let refused = named(&gateway, &format!("rebound.example:{port}")).await;
    assert!(refused.starts_with("HTTP/1.1 403 ") && refused.contains("unknown_host"), "{refused}");
    let allowed = json!({"server": {"allowed_hosts": ["rebound.example"]}});
    let gateway = Gateway::start(&json!({"llm_gateway": allowed, "model_list": [
        {"model_name": "mock", "litellm_params": {"model": "mock/m"}}]}));
    assert!(named(&gateway, "rebound.example").await.starts_with("HTTP/1.1 200 "));
}
