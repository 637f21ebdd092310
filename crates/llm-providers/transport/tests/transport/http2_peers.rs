//! HTTP/2 peers that refuse, go away, stop early, or die.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{Response, StatusCode};
use llm_transport::{Http2Options, HttpService as _, HyperService, TransportErrorKind, TransportOptions};

use crate::support::*;

#[tokio::test]
async fn a_refused_stream_was_not_worked_on() {
    let server = serve(|stream| async move {
        let mut connection = h2::server::handshake(stream).await.unwrap();
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            respond.send_reset(h2::Reason::REFUSED_STREAM);
        }
    })
    .await;
    let error = ask(&service(), post(&server.url("/"), "x"), HTTP2).await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (TransportErrorKind::Reset, false), "{}", source_text(&error));
}

#[tokio::test]
async fn a_reset_or_a_lost_connection_in_the_body_is_an_error() {
    for (reset, kind) in [
        (Some(h2::Reason::INTERNAL_ERROR), TransportErrorKind::Reset),
        (Some(h2::Reason::CANCEL), TransportErrorKind::Reset),
        (Some(h2::Reason::NO_ERROR), TransportErrorKind::Reset),
        (None, TransportErrorKind::Closed),
    ] {
        let server = serve(move |stream| async move {
            let mut connection = h2::server::handshake(stream).await.unwrap();
            let (_, mut respond) = connection.accept().await.unwrap().unwrap();
            let mut body = respond.send_response(Response::new(()), false).unwrap();
            body.send_data("abc".into(), false).unwrap();
            // Let head and data go out before the fault.
            let sent = tokio::time::timeout(Duration::from_millis(30), connection.accept()).await;
            assert!(sent.is_err());
            if let Some(reason) = reset {
                body.send_reset(reason);
                while connection.accept().await.is_some() {}
            }
        })
        .await;
        let response = within(service().call(post(&server.url("/"), ""), HTTP2)).await.unwrap();
        let (read, error) = drain(response.into_body()).await;
        assert_eq!(read, b"abc", "{reset:?}");
        let error = error.unwrap_or_else(|| panic!("{reset:?} passed for an end"));
        assert_eq!((error.kind(), error.sent()), (kind, true), "{reset:?}: {}", source_text(&error));
    }
}

#[tokio::test]
async fn an_answer_before_the_upload_is_complete_is_whole() {
    let server = serve(|stream| async move {
        let mut connection = h2::server::handshake(stream).await.unwrap();
        while let Some(Ok((request, mut respond))) = connection.accept().await {
            let head = Response::builder().status(StatusCode::PAYLOAD_TOO_LARGE).body(()).unwrap();
            let mut body = respond.send_response(head, false).unwrap();
            body.send_data("too much".into(), true).unwrap();
            drop(request); // unread: h2 stops the upload with NO_ERROR
        }
    })
    .await;
    let upload = vec![b'x'; 4 << 20];
    let response = within(service().call(post(&server.url("/"), upload), HTTP2)).await.unwrap();
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    // Time for the reset to overtake the reader; without it the test would pass too, and show less.
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(within(response.into_body().collect(100)).await.unwrap(), "too much");
}

#[tokio::test]
async fn after_goodbye_a_new_connection_is_used() {
    let served = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&served);
    let server = serve(move |stream| {
        let count = Arc::clone(&count);
        async move {
            let mut connection = h2::server::handshake(stream).await.unwrap();
            let mut open = Vec::new();
            while let Some(Ok((_, mut respond))) = connection.accept().await {
                // The goodbye comes while the first answer is still open: the connection lives on, for it alone.
                let mut body = respond.send_response(Response::new(()), false).unwrap();
                body.send_data("abc".into(), false).unwrap();
                open.push(body);
                count.fetch_add(1, Ordering::SeqCst);
                connection.graceful_shutdown();
            }
        }
    })
    .await;
    let service = service();
    let mut bodies = Vec::new();
    for number in 1..=5 {
        let response = within(service.call(post(&server.url("/"), ""), HTTP2)).await.unwrap();
        let mut body = response.into_body();
        assert_eq!(within(body.next()).await.unwrap().unwrap(), "abc");
        bodies.push(body);
        assert_eq!(served.load(Ordering::SeqCst), number);
    }
    assert!(server.connections() > 1);
}

#[tokio::test]
async fn a_dead_connection_is_found_by_its_silence() {
    let server = serve(|stream| async move {
        let mut connection = h2::server::handshake(stream).await.unwrap();
        let _request = connection.accept().await.unwrap().unwrap();
        // From here on nobody reads or writes, but the socket stays open.
        std::future::pending::<()>().await;
    })
    .await;
    let http2 = Http2Options {
        ping_interval: Some(Duration::from_millis(30)),
        ping_timeout: Duration::from_millis(60),
        ..Http2Options::default()
    };
    let service = HyperService::new(TransportOptions { http2, ..TransportOptions::default() }).unwrap();
    let error = ask(&service, post(&server.url("/"), ""), HTTP2).await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (TransportErrorKind::Closed, true), "{}", source_text(&error));
}

#[tokio::test]
async fn answered_pings_keep_a_slow_request_alive() {
    let server = serve_http2(10, |_| async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        answer("slow")
    })
    .await;
    let http2 = Http2Options {
        ping_interval: Some(Duration::from_millis(20)),
        ping_timeout: Duration::from_millis(200),
        ..Http2Options::default()
    };
    let service = HyperService::new(TransportOptions { http2, ..TransportOptions::default() }).unwrap();
    assert_eq!(ask(&service, post(&server.url("/"), ""), HTTP2).await.unwrap(), "slow");
}
