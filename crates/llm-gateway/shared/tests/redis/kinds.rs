//! A cluster, sentinels, TLS.

use std::path::Path;

use llm_gateway_shared::{Address, Kind, Sentinels, Tls};
use rcgen::{CertifiedKey, generate_simple_self_signed};

use crate::server::{Server, free_port};
use crate::{lease, places, replica};

/// A round of everything there is, as the first of two.
async fn works(address: Address) {
    let mut store = replica(address.clone(), "a").await;
    let mut asks = lease(0, 0, 0);
    asks.places = places(0, 3).places;
    asks.news = Some(llm_gateway_shared::News::default());
    let answers = store.round(&asks).await.unwrap();
    assert!(answers.leases[0].granted > 0);
    assert_eq!(answers.places, [3]);
    let mut other = replica(address, "b").await;
    assert_eq!(other.round(&asks).await.unwrap().news.len(), 1);
}

fn strings(options: &[&str]) -> Vec<String> {
    options.iter().map(|option| (*option).to_owned()).collect()
}

/// Makes a cluster of one of it.
pub(crate) async fn form(server: &Server) {
    assert_eq!(server.ask("CLUSTER ADDSLOTSRANGE 0 16383"), "+OK");
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while server.ask("GET x") != "$-1" {
        assert!(std::time::Instant::now() < deadline, "the cluster does not come up");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_cluster() {
    let server = Server::start_with(|_, _| strings(&["--cluster-enabled", "yes"]));
    form(&server).await;
    works(Address { kind: Kind::Cluster, ..Address::single(format!("redis://127.0.0.1:{}", server.port)) })
        .await;
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn sentinels_tell_where_it_is() {
    let server = Server::start_with(|_, _| strings(&["--requirepass", "pass"]));
    let known = format!("sentinel monitor main 127.0.0.1 {} 1\nsentinel auth-pass main pass\n", server.port);
    let sentinel = Server::start_with(|_, folder: &Path| {
        std::fs::write(folder.join("s.conf"), &known).unwrap();
        strings(&["s.conf", "--sentinel"])
    });
    let there =
        Sentinels { service: "main".into(), password: Some("pass".into()), db: 2, ..Sentinels::default() };
    // One that is down comes first.
    let urls =
        vec![format!("redis://127.0.0.1:{}", free_port()), format!("redis://127.0.0.1:{}", sentinel.port)];
    works(Address { urls, kind: Kind::Sentinels(Box::new(there)), tls: Tls::default() }).await;
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn tls() {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    let server = Server::start_with(|port, folder| {
        std::fs::write(folder.join("cert.pem"), cert.pem()).unwrap();
        std::fs::write(folder.join("key.pem"), signing_key.serialize_pem()).unwrap();
        let port = port.to_string();
        // Given last, it takes the port over from the plain one.
        let files = ["--tls-cert-file", "cert.pem", "--tls-key-file", "key.pem"];
        let mut options = strings(&["--port", "0", "--tls-port", &port, "--tls-auth-clients", "no"]);
        options.extend(strings(&files));
        options
    });
    let url = format!("rediss://127.0.0.1:{}/0", server.port);
    let trusting = Address { tls: Tls { ca_pem: Some(cert.pem().into_bytes()) }, ..Address::single(&url) };
    works(trusting).await;
    let mut wary = llm_gateway_shared::Store::new(crate::options(Address::single(url), "c")).unwrap();
    assert!(wary.connect().await.is_err(), "a certificate that nobody knows was trusted");
}
