//! Through proxies: forwarding, tunnels, SOCKS, and the ways around.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use llm_transport::{
    CallOptions, HttpService, Proxies, Timeouts, TransportError, TransportErrorKind, TransportOptions,
    connect,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::TcpStream;

use crate::support::*;
use crate::tls::serve_tls;

type Log = Arc<Mutex<Vec<String>>>;

/// A proxy that forwards absolute-form requests and opens tunnels, one request per connection.
async fn http_proxy() -> (Server, Log) {
    let log = Log::default();
    let record = Arc::clone(&log);
    let server = serve(move |mut client| {
        let record = Arc::clone(&record);
        async move {
            let Some(request) = read_request(&mut client).await else { return };
            let line = request.lines().next().unwrap().to_owned();
            record.lock().unwrap().push(line.clone());
            let mut words = line.split(' ');
            let (method, target) = (words.next().unwrap(), words.next().unwrap());
            let address = target.trim_start_matches("http://").split('/').next().unwrap();
            let Ok(mut upstream) = TcpStream::connect(address).await else {
                return reply(&mut client, "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n").await;
            };
            if method == "CONNECT" {
                reply(&mut client, "HTTP/1.1 200 OK\r\n\r\n").await;
            } else {
                let path = target.trim_start_matches("http://").trim_start_matches(address);
                upstream.write_all(request.replacen(target, path, 1).as_bytes()).await.unwrap();
            }
            let _ended = copy_bidirectional(&mut client, &mut upstream).await;
        }
    })
    .await;
    (server, log)
}

/// A SOCKS5 proxy without authentication that logs the address it was asked for.
async fn socks_proxy() -> (Server, Log) {
    let log = Log::default();
    let record = Arc::clone(&log);
    let server = serve(move |mut client| {
        let record = Arc::clone(&record);
        async move {
            let mut greeting = [0; 2];
            client.read_exact(&mut greeting).await.unwrap();
            let mut methods = vec![0; usize::from(greeting[1])];
            client.read_exact(&mut methods).await.unwrap();
            client.write_all(&[5, 0]).await.unwrap();
            let mut request = [0; 10]; // version, connect, reserved, IPv4, address, port
            client.read_exact(&mut request).await.unwrap();
            let [5, 1, 0, 1, a, b, c, d, high, low] = request else { panic!("{request:?}") };
            let address = format!("{a}.{b}.{c}.{d}:{}", u16::from_be_bytes([high, low]));
            record.lock().unwrap().push(address.clone());
            let mut upstream = TcpStream::connect(address).await.unwrap();
            client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
            let _ended = copy_bidirectional(&mut client, &mut upstream).await;
        }
    })
    .await;
    (server, log)
}

fn through(proxies: Proxies) -> Arc<dyn HttpService> {
    connect(TransportOptions { proxies, ..TransportOptions::default() }).unwrap()
}

async fn echo() -> Server {
    serve(|mut stream| async move {
        while let Some(request) = read_request(&mut stream).await {
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", request.len());
            reply(&mut stream, &(head + &request)).await;
        }
    })
    .await
}

#[tokio::test]
async fn plain_requests_are_forwarded() {
    let (proxy, log) = http_proxy().await;
    let upstream = echo().await;
    let service = through(Proxies { http: Some(proxy.url("")), ..Proxies::default() });
    let seen = ask(&*service, post(&upstream.url("/v1/chat"), "hi"), HTTP1).await.unwrap();
    let seen = String::from_utf8(seen.to_vec()).unwrap();
    assert!(seen.starts_with("POST /v1/chat HTTP/1.1\r\n") && seen.ends_with("\r\n\r\nhi"), "{seen}");
    assert!(seen.contains("\r\naccept-encoding: identity\r\n"), "{seen}");
    assert!(seen.contains("\r\nuser-agent: llm-gateway/"), "{seen}");
    assert_eq!(*log.lock().unwrap(), [format!("POST {} HTTP/1.1", upstream.url("/v1/chat"))]);
}

#[tokio::test]
async fn secure_requests_go_through_a_tunnel_in_either_protocol() {
    let (proxy, log) = http_proxy().await;
    let (upstream, pem) = serve_tls(&["h2", "http/1.1"]).await;
    let proxies = Proxies { https: Some(proxy.url("")), ..Proxies::default() };
    let service =
        connect(TransportOptions { proxies, ca_pem: Some(pem), ..TransportOptions::default() }).unwrap();
    let url = format!("https://{}/", upstream.address);
    assert_eq!(ask(&*service, post(&url, "x"), HTTP1).await.unwrap(), "HTTP/1.1");
    assert_eq!(ask(&*service, post(&url, "x"), HTTP2).await.unwrap(), "HTTP/2.0");
    let line = format!("CONNECT {} HTTP/1.1", upstream.address);
    assert_eq!(*log.lock().unwrap(), [line.clone(), line]);

    let distrusting = through(Proxies { https: Some(proxy.url("")), ..Proxies::default() });
    let error = ask(&*distrusting, post(&url, "x"), HTTP1).await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (TransportErrorKind::Tls, false), "{}", source_text(&error));
}

#[tokio::test]
async fn socks_carries_requests_too() {
    let (proxy, log) = socks_proxy().await;
    let upstream = echo().await;
    let service = through(Proxies::all(format!("socks5://{}", proxy.address)));
    ask(&*service, post(&upstream.url("/"), "hi"), HTTP1).await.unwrap();
    assert_eq!(*log.lock().unwrap(), [upstream.address.to_string()]);
}

#[tokio::test]
async fn hosts_without_proxy_are_reached_directly() {
    let (proxy, log) = http_proxy().await;
    let upstream = echo().await;
    let proxies = Proxies { no_proxy: Some("127.0.0.0/8".into()), ..Proxies::all(proxy.url("")) };
    ask(&*through(proxies), post(&upstream.url("/"), "hi"), HTTP1).await.unwrap();
    assert_eq!(*log.lock().unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn metadata_servers_are_never_asked_through_a_proxy() {
    let (proxy, log) = http_proxy().await;
    let timeouts = Timeouts { total: Some(Duration::from_millis(200)), ..Timeouts::NONE };
    let options = CallOptions { timeouts, ..HTTP1 };
    let service = through(Proxies { no_proxy: Some("own.example".into()), ..Proxies::all(proxy.url("")) });
    // Whether somebody answers there depends on the machine; the proxy must not be the one who asks.
    let _whatever = ask(&*service, post("http://169.254.169.254/", ""), options).await;
    assert_eq!(*log.lock().unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_no_connection() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let service = through(Proxies::all(format!("http://{nobody}")));
    let error = ask(&*service, post("http://127.0.0.1:9/", ""), HTTP1).await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (TransportErrorKind::Connect, false), "{}", source_text(&error));
    assert!(!source_text(&error).contains("127.0.0.1:9"), "URLs may hold keys: {}", source_text(&error));
}

#[test]
fn a_malformed_proxy_is_refused_at_once() {
    let proxies = Proxies::all("http://[");
    let error = connect(TransportOptions { proxies, ..TransportOptions::default() }).err().unwrap();
    assert_eq!(error.kind(), TransportErrorKind::Config);
}

/// The laws of the seam hold on this side too.
#[tokio::test]
async fn redirects_cuts_and_limits_are_as_without_proxy() {
    async fn answered(text: &'static str, timeouts: Timeouts) -> Result<http::StatusCode, TransportError> {
        let (proxy, _) = http_proxy().await;
        let upstream = serve(move |mut stream| async move {
            read_request(&mut stream).await;
            reply(&mut stream, text).await;
            if !text.contains("content-length: 10") {
                closed(&mut stream).await;
            }
        })
        .await;
        let service = through(Proxies::all(proxy.url("")));
        let options = CallOptions { timeouts, ..HTTP1 };
        let response = within(service.call(post(&upstream.url("/"), ""), options)).await?;
        let status = response.status();
        within(response.into_body().collect(1000)).await.map(|_| status)
    }
    let soon = Some(Duration::from_millis(60));
    let begun = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n";

    let redirect = "HTTP/1.1 302 Found\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(answered(redirect, Timeouts::NONE).await.unwrap(), http::StatusCode::FOUND);
    for (text, timeouts, kind) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345", Timeouts::NONE, TransportErrorKind::Closed),
        ("garbage\r\n\r\n", Timeouts::NONE, TransportErrorKind::Protocol),
        ("", Timeouts { first_byte: soon, ..Timeouts::NONE }, TransportErrorKind::FirstByteTimeout),
        (begun, Timeouts { idle: soon, ..Timeouts::NONE }, TransportErrorKind::IdleTimeout),
        (begun, Timeouts { total: soon, ..Timeouts::NONE }, TransportErrorKind::TotalTimeout),
    ] {
        let error = answered(text, timeouts).await.unwrap_err();
        assert_eq!((error.kind(), error.sent()), (kind, true), "{text:?}: {}", source_text(&error));
    }
}
