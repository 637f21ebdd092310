use std::net::SocketAddr;
use std::sync::atomic::AtomicUsize;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::error::TransportErrorKind;
use crate::reach::Reach;

/// A server that counts who connects to it, and answers each request with 204.
async fn server() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let met = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&met);
    TokioExecutor::new().execute(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let _asked = stream.read(&mut [0; 1024]).await;
            let _answered = stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await;
        }
    });
    (address, met)
}

/// A service for which every name has these addresses, one after the other each time it is asked.
fn named(private_hosts: &[&str], answers: &'static [&'static [&'static str]]) -> HyperService {
    let private_hosts = private_hosts.iter().map(|&host| host.to_owned()).collect();
    let options = TransportOptions { reach: Reach::Public { private_hosts }, ..TransportOptions::default() };
    let asked = AtomicUsize::new(0);
    let resolve: Resolve = Arc::new(move |_, port| {
        let answer = answers[asked.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1)];
        let addresses = answer.iter().map(|it| SocketAddr::new(it.parse().unwrap(), port)).collect();
        Box::pin(async move { Ok(addresses) })
    });
    HyperService::with_resolver(options, resolve).unwrap()
}

const NOT_PUBLIC: Result<u16, (TransportErrorKind, bool)> = Err((TransportErrorKind::NotPublic, false));

async fn ask(
    service: &HyperService,
    protocol: Protocol,
    url: &str,
) -> Result<u16, (TransportErrorKind, bool)> {
    let request = Request::get(url).body(Bytes::new()).unwrap();
    let result = service.call(request, CallOptions { protocol, ..CallOptions::default() }).await;
    result.map(|answer| answer.status().as_u16()).map_err(|error| (error.kind(), error.sent()))
}

#[tokio::test]
async fn what_is_not_public_is_not_connected_to() {
    let (address, met) = server().await;
    let port = address.port();
    let service = named(&[], &[&["127.0.0.1"]]);
    for host in ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "name.example", "127.1", "2130706433"] {
        for protocol in [Protocol::Http1, Protocol::Http2] {
            let refused = ask(&service, protocol, &format!("http://{host}:{port}/")).await;
            assert_eq!(refused, NOT_PUBLIC, "{host} {protocol:?}");
        }
    }
    let both = named(&[], &[&["1.1.1.1", "10.0.0.1"]]);
    assert_eq!(ask(&both, Protocol::Http1, "http://name.example/").await, NOT_PUBLIC);
    assert_eq!(met.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn hosts_may_be_named_that_are_not_public() {
    let (address, met) = server().await;
    let port = address.port();
    let service = named(&["own.example", "127.0.0.1"], &[&["127.0.0.1"]]);
    for host in ["own.example", "127.0.0.1"] {
        let answer = ask(&service, Protocol::Http1, &format!("http://{host}:{port}/")).await;
        assert_eq!(answer, Ok(204), "{host}");
    }
    let other = ask(&service, Protocol::Http1, &format!("http://other.example:{port}/")).await;
    assert_eq!((other, met.load(Ordering::SeqCst)), (NOT_PUBLIC, 2));
}

#[tokio::test]
async fn a_name_is_looked_at_each_time_it_is_connected_to() {
    let (address, met) = server().await;
    // At first it has no address, and then one that it must not have.
    let service = named(&[], &[&[], &["127.0.0.1"]]);
    let url = format!("http://rebound.example:{}/", address.port());
    let first = ask(&service, Protocol::Http1, &url).await;
    assert_eq!(first, Err((TransportErrorKind::Connect, false)));
    assert_eq!(ask(&service, Protocol::Http1, &url).await, NOT_PUBLIC);
    assert_eq!(met.load(Ordering::SeqCst), 0);
}
