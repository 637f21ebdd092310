//! HTTPS, and a certificate that is replaced while the gateway runs.

use std::path::Path;
use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use crate::client::{ALIVE, CHAT, ask, connect, eventually, send, soon};
use crate::process::{Gateway, write, write_text};

/// Writes a fresh certificate for `localhost` and its key.
fn certify(folder: &Path) -> CertificateDer<'static> {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    write_text(&folder.join("key.pem"), &signing_key.serialize_pem());
    write_text(&folder.join("cert.pem"), &cert.pem());
    cert.der().clone()
}

/// A connection that trusts these certificates only; `None` if the gateway shows another.
async fn secure(
    gateway: &Gateway,
    trusted: &[&CertificateDer<'static>],
    protocols: &[&[u8]],
) -> Option<TlsStream<tokio::net::TcpStream>> {
    let mut roots = RootCertStore::empty();
    for certificate in trusted {
        roots.add((*certificate).clone()).unwrap();
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    let name = ServerName::try_from("localhost").unwrap();
    let socket = connect(gateway.address).await;
    soon(TlsConnector::from(Arc::new(config)).connect(name, socket)).await.ok()
}

fn start() -> (Gateway, CertificateDer<'static>) {
    let folder = tempfile::tempdir().unwrap();
    let certificate = certify(folder.path());
    let tls = json!({"cert": folder.path().join("cert.pem"), "key": folder.path().join("key.pem")});
    let model = json!({"model_name": "mock", "litellm_params": {"model": "mock/mock"}});
    let config = json!({"model_list": [model], "llm_gateway": {"server": {"tls": tls}}});
    write(&folder.path().join("config.yaml"), &config);
    (Gateway::start_in(folder), certificate)
}

#[tokio::test]
async fn https_is_served() {
    let (gateway, certificate) = start();
    assert!(gateway.printed[0].contains("https://"), "{:?}", gateway.printed);
    let socket = secure(&gateway, &[&certificate], &[b"http/1.1"]).await.unwrap();
    let mut answer = send(socket, "POST", CHAT, &[], &ask("mock")).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body().await.contains("Hello there"));
    let socket = secure(&gateway, &[&certificate], &[b"h2", b"http/1.1"]).await.unwrap();
    assert_eq!(socket.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));

    // Plain HTTP gets no answer, and harms nobody.
    let mut plain = connect(gateway.address).await;
    soon(plain.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")).await.unwrap();
    let mut told = Vec::new();
    let _ = soon(plain.read_to_end(&mut told)).await;
    assert!(!told.starts_with(b"HTTP/"), "{told:?}");
}

#[tokio::test]
async fn a_new_certificate_is_taken_over() {
    let (gateway, first) = start();
    let before = secure(&gateway, &[&first], &[b"http/1.1"]).await.unwrap();
    let second = certify(gateway.file("cert.pem").parent().unwrap());
    eventually(async || secure(&gateway, &[&second], &[]).await.is_some()).await;
    assert!(secure(&gateway, &[&first], &[]).await.is_none());
    // A connection from before goes on.
    assert_eq!(send(before, "GET", ALIVE, &[], &Value::Null).await.status, 200);
}

#[tokio::test]
async fn a_broken_certificate_changes_nothing() {
    let (gateway, certificate) = start();
    write_text(&gateway.file("cert.pem"), "no certificate\n");
    let why = gateway.logged(&["configuration refused"])["why"].as_str().unwrap().to_owned();
    assert!(why.contains("cert.pem"), "{why}");
    assert!(secure(&gateway, &[&certificate], &[]).await.is_some());
}
