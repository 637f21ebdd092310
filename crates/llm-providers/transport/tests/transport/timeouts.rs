//! Each limit fires, under its own name, and closes what it gave up.

use std::time::Duration;

use llm_transport::{CallOptions, HttpService as _, Protocol, Timeouts, TransportErrorKind};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::support::*;

const LIMIT: Duration = Duration::from_millis(60);

fn limited(protocol: Protocol, limit: impl FnOnce(&mut Timeouts)) -> CallOptions {
    let mut timeouts = Timeouts::NONE;
    limit(&mut timeouts);
    CallOptions { timeouts, protocol }
}

/// A server that reads a request, says `text`, and then nothing until its peer goes away.
async fn mute_after(text: &'static str) -> (Server, mpsc::UnboundedReceiver<()>) {
    let (seen, closes) = mpsc::unbounded_channel();
    let server = serve(move |mut stream| {
        let seen = seen.clone();
        async move {
            read_request(&mut stream).await;
            reply(&mut stream, text).await;
            closed(&mut stream).await;
            seen.send(()).unwrap();
        }
    })
    .await;
    (server, closes)
}

#[tokio::test]
async fn no_head_in_time() {
    let (server, mut closes) = mute_after("").await;
    let begun = Instant::now();
    let options = limited(Protocol::Http1, |limits| limits.first_byte = Some(LIMIT));
    let error = ask(&service(), post(&server.url("/"), ""), options).await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (TransportErrorKind::FirstByteTimeout, true));
    assert!(begun.elapsed() >= LIMIT);
    within(closes.recv()).await.unwrap();
}

const BEGUN: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n";

#[tokio::test]
async fn a_pause_in_the_body() {
    let (server, mut closes) = mute_after(BEGUN).await;
    let options = limited(Protocol::Http1, |limits| limits.idle = Some(LIMIT));
    let response = within(service().call(post(&server.url("/"), ""), options)).await.unwrap();
    let mut body = response.into_body();
    assert_eq!(within(body.next()).await.unwrap().unwrap(), "abc");
    let waited = Instant::now();
    let error = within(body.next()).await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.is_timeout()), (TransportErrorKind::IdleTimeout, true));
    assert!(waited.elapsed() >= LIMIT);
    within(closes.recv()).await.expect("closed while the body is still held");
    assert!(body.next().await.is_none());
}

#[tokio::test]
async fn the_whole_takes_too_long_before_or_after_the_head() {
    for text in ["", BEGUN] {
        let (server, mut closes) = mute_after(text).await;
        let options = limited(Protocol::Http1, |limits| limits.total = Some(LIMIT));
        let error = ask(&service(), post(&server.url("/"), ""), options).await.unwrap_err();
        assert_eq!((error.kind(), error.sent()), (TransportErrorKind::TotalTimeout, true));
        within(closes.recv()).await.unwrap();
    }
}

#[tokio::test]
async fn connecting_ends_with_the_handshakes() {
    // accepts TCP and says nothing: no TLS, no HTTP/2 settings
    let server = serve(|mut stream| async move { closed(&mut stream).await }).await;
    let https = format!("https://{}/", server.address);
    for (url, protocol) in
        [(&https, Protocol::Http1), (&https, Protocol::Http2), (&server.url("/"), Protocol::Http2)]
    {
        let options = limited(protocol, |limits| limits.connect = Some(LIMIT));
        let begun = Instant::now();
        let error = ask(&service(), post(url, ""), options).await.unwrap_err();
        assert_eq!((error.kind(), error.sent()), (TransportErrorKind::ConnectTimeout, false), "{url}");
        assert!(begun.elapsed() >= LIMIT);
    }
}

#[tokio::test]
async fn http2_has_the_same_limits() {
    let server = serve_http2(10, |_| async {
        tokio::time::sleep(PATIENCE).await;
        answer("late")
    })
    .await;
    let service = service();
    for (options, kind) in [
        (
            limited(Protocol::Http2, |limits| limits.first_byte = Some(LIMIT)),
            TransportErrorKind::FirstByteTimeout,
        ),
        (limited(Protocol::Http2, |limits| limits.total = Some(LIMIT)), TransportErrorKind::TotalTimeout),
    ] {
        let error = ask(&service, post(&server.url("/"), "x"), options).await.unwrap_err();
        assert_eq!((error.kind(), error.sent()), (kind, true));
    }
    assert_eq!(server.connections(), 1, "a stream that was given up leaves its connection to others");
}
