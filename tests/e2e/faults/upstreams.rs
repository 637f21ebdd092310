//! Vendors with faults: scripted ones, and those that never get as far as HTTP.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use llm_mock_server::{Handle, MockServer, Options, Record, Script};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ServerConfig, crypto};

/// A vendor that plays this script to everybody.
pub(crate) async fn scripted(script: &Value) -> Handle {
    let script = Script::from_json(script.to_string().as_bytes()).unwrap();
    let options = Options { script: Some(script), max_records: 100_000, ..Options::default() };
    MockServer::start(options).await.unwrap()
}

/// A vendor in good health.
pub(crate) async fn well() -> Handle {
    scripted(&json!({})).await
}

/// How often a vendor was asked for this model.
pub(crate) fn asked(vendor: &Handle, model: &str) -> usize {
    let names = |record: &Record| {
        let body: Value = serde_json::from_slice(&record.body).unwrap();
        body["model"] == model
    };
    vendor.records().iter().filter(|record| names(record)).count()
}

/// A port where nobody listens, for as long as this lives.
pub(crate) struct Closed {
    _bound: TcpSocket,
    address: SocketAddr,
}

impl Closed {
    pub(crate) fn new() -> Self {
        let bound = TcpSocket::new_v4().unwrap();
        bound.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = bound.local_addr().unwrap();
        Self { _bound: bound, address }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// A host whose certificate nobody trusts.
pub(crate) struct Untrusted {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl Untrusted {
    pub(crate) async fn start() -> Self {
        let names = ["localhost".to_owned()];
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = connections.clone();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                count.fetch_add(1, Relaxed);
                let refused = acceptor.accept(socket).await;
                assert!(refused.is_err(), "somebody trusts it");
            }
        });
        Self { address, connections, _tasks: tasks }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Relaxed)
    }
}
