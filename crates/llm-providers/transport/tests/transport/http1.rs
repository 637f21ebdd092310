//! HTTP/1.1: reuse, heads, cuts, and going away.

use std::convert::Infallible;
use std::time::Duration;

use http::{HeaderValue, Request, StatusCode};
use http_body_util::BodyExt as _;
use http_body_util::combinators::BoxBody;
use llm_transport::{HttpService as _, HyperService, TransportErrorKind, TransportOptions};
use tokio::io::AsyncReadExt as _;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::support::*;

#[tokio::test]
async fn one_connection_serves_one_request_after_another() {
    let server =
        serve_http1(|request| async move { answer(request.collect().await.unwrap().to_bytes()) }).await;
    let service = service();
    for text in ["a", "b", "c", "d"] {
        assert_eq!(ask(&service, post(&server.url("/"), text), HTTP1).await.unwrap(), text);
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_body_dropped_after_its_last_byte_frees_its_connection() {
    let server = serve_http1(|_| async { answer("all of it") }).await;
    let service = service();
    for _ in 0..4 {
        let mut body = within(service.call(post(&server.url("/"), ""), HTTP1)).await.unwrap().into_body();
        assert_eq!(within(body.next()).await.unwrap().unwrap(), "all of it");
        drop(body);
        tokio::task::yield_now().await;
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn an_idle_connection_closes_in_time() {
    let (seen, mut closes) = mpsc::unbounded_channel();
    let server = serve(move |mut stream| {
        let seen = seen.clone();
        async move {
            read_request(&mut stream).await.unwrap();
            reply(&mut stream, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
            closed(&mut stream).await;
            seen.send(()).unwrap();
        }
    })
    .await;
    let options = TransportOptions { idle_timeout: Duration::from_millis(40), ..TransportOptions::default() };
    let service = HyperService::new(options).unwrap();
    ask(&service, post(&server.url("/"), ""), HTTP1).await.unwrap();
    within(closes.recv()).await.unwrap();
}

#[tokio::test]
async fn no_more_than_the_given_number_of_connections_is_kept() {
    let server = serve_http1(|_| async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        answer("")
    })
    .await;
    let options = TransportOptions { max_idle_per_origin: 2, ..TransportOptions::default() };
    let service = HyperService::new(options).unwrap();
    for round in [8, 14] {
        futures_util::future::join_all((0..8).map(|_| ask(&service, post(&server.url("/"), ""), HTTP1)))
            .await;
        assert_eq!(server.connections(), round, "8 new ones, then 6 beside the 2 that were kept");
    }
}

#[tokio::test]
async fn the_head_says_what_it_must_and_keeps_what_it_was_given() {
    let server = serve(|mut stream| async move {
        while let Some(request) = read_request(&mut stream).await {
            let reply_text = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{request}", request.len());
            reply(&mut stream, &reply_text).await;
        }
    })
    .await;
    let service = service();
    let plain = ask(&service, post(&server.url("/v1/chat?x=1"), "hi"), HTTP1).await.unwrap();
    let plain = String::from_utf8(plain.to_vec()).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    assert!(plain.starts_with("POST /v1/chat?x=1 HTTP/1.1\r\n"), "{plain}");
    for line in [
        format!("\r\nhost: {}\r\n", server.address),
        format!("\r\nuser-agent: llm-gateway/{version}\r\n"),
        "\r\naccept-encoding: identity\r\n".to_owned(),
        "\r\ncontent-length: 2\r\n".to_owned(),
    ] {
        assert!(plain.contains(&line), "{line:?} in {plain}");
    }
    assert!(plain.ends_with("\r\n\r\nhi"), "{plain}");

    let own = Request::post(server.url("/"))
        .header("host", "other.example")
        .header("user-agent", "mine/1")
        .header("accept-encoding", "gzip")
        .body("".into())
        .unwrap();
    let own = String::from_utf8(ask(&service, own, HTTP1).await.unwrap().to_vec()).unwrap();
    for line in ["\r\nhost: other.example\r\n", "\r\nuser-agent: mine/1\r\n", "\r\naccept-encoding: gzip\r\n"]
    {
        assert!(own.contains(line), "{line:?} in {own}");
    }
    assert!(!own.contains("identity") && !own.contains("llm-gateway"), "{own}");
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let server = serve_http1(|_| async {
        let mut answer = answer("there");
        *answer.status_mut() = StatusCode::TEMPORARY_REDIRECT;
        answer.headers_mut().insert("location", HeaderValue::from_static("/elsewhere"));
        answer
    })
    .await;
    let response = within(service().call(post(&server.url("/"), ""), HTTP1)).await.unwrap();
    assert_eq!(response.status(), StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(response.headers()["location"], "/elsewhere");
}

#[tokio::test]
async fn a_cut_is_an_error_and_not_an_end() {
    for (cut, read_before) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345", "12345"),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n", "abc"),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n9\r\nde", "abcde"),
    ] {
        let server = serve(move |mut stream| async move {
            read_request(&mut stream).await;
            reply(&mut stream, cut).await;
        })
        .await;
        let response = within(service().call(post(&server.url("/"), ""), HTTP1)).await.unwrap();
        let (read, error) = drain(response.into_body()).await;
        assert_eq!(String::from_utf8(read).unwrap(), read_before, "{cut:?}");
        let error = error.expect(cut);
        assert_eq!(
            (error.kind(), error.sent()),
            (TransportErrorKind::Closed, true),
            "{cut:?}: {}",
            source_text(&error)
        );
    }
}

#[tokio::test]
async fn what_is_not_http_is_named_so() {
    let long = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(200_000));
    for wrong in ["SSH-2.0-OpenSSH_9.6\r\n\r\n".to_owned(), "HTTP/1.1 abc OK\r\n\r\n".to_owned(), long] {
        let text = wrong.clone();
        let server = serve(move |mut stream| {
            let text = text.clone();
            async move {
                read_request(&mut stream).await;
                reply(&mut stream, &text).await;
                closed(&mut stream).await;
            }
        })
        .await;
        let error = ask(&service(), post(&server.url("/"), ""), HTTP1).await.unwrap_err();
        let shown = &wrong[..20.min(wrong.len())];
        assert_eq!(
            (error.kind(), error.sent()),
            (TransportErrorKind::Protocol, true),
            "{shown:?}: {}",
            source_text(&error)
        );
    }
}

#[tokio::test]
async fn no_connection_is_told_from_no_name() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let no_name = "a".repeat(64); // longer than a label may be: fails without asking anyone
    for (url, kind) in [
        (format!("http://{nobody}/"), TransportErrorKind::Connect),
        (format!("http://{no_name}/"), TransportErrorKind::Dns),
        ("http:///path".to_owned(), TransportErrorKind::InvalidRequest),
        ("/path".to_owned(), TransportErrorKind::InvalidRequest),
    ] {
        let Ok(request) = Request::post(&url).body("".into()) else { continue };
        for options in [HTTP1, HTTP2] {
            let error = ask(&service(), request.clone(), options).await.unwrap_err();
            assert_eq!((error.kind(), error.sent()), (kind, false), "{url}: {}", source_text(&error));
        }
    }
}

#[tokio::test]
async fn going_away_closes_the_upstream_at_once() {
    for head in ["", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n"] {
        let (seen, mut events) = mpsc::unbounded_channel();
        let server = serve(move |mut stream| {
            let seen = seen.clone();
            async move {
                read_request(&mut stream).await.unwrap();
                reply(&mut stream, head).await;
                seen.send(Instant::now()).unwrap();
                closed(&mut stream).await;
                seen.send(Instant::now()).unwrap();
            }
        })
        .await;
        let service = service();
        let mut call = service.call(post(&server.url("/"), "hello"), HTTP1);
        let left = if head.is_empty() {
            // before the head: the future is dropped once the request is there
            tokio::select! {
                _ = &mut call => panic!("nothing was answered"),
                _ = events.recv() => {}
            }
            drop(call);
            Instant::now()
        } else {
            let mut body = within(call).await.unwrap().into_body();
            assert_eq!(within(body.next()).await.unwrap().unwrap(), "abc");
            events.recv().await.unwrap();
            drop(body);
            Instant::now()
        };
        let noticed = within(events.recv()).await.unwrap();
        assert!(noticed - left < Duration::from_millis(100), "{:?}", noticed - left);
    }
}

#[tokio::test]
async fn an_answer_before_the_upload_is_complete_is_whole_and_ends_its_connection() {
    let server = serve(|mut stream| async move {
        // The head alone is read; the upload fills the socket and stands.
        let mut some = [0; 64];
        stream.read_exact(&mut some).await.unwrap();
        reply(&mut stream, "HTTP/1.1 413 Too Large\r\ncontent-length: 8\r\n\r\ntoo much").await;
        tokio::time::sleep(Duration::from_secs(60)).await;
    })
    .await;
    let service = service();
    for _ in 0..2 {
        let upload = vec![b'x'; 32 << 20];
        let response = within(service.call(post(&server.url("/"), upload), HTTP1)).await.unwrap();
        assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(within(response.into_body().collect(100)).await.unwrap(), "too much");
    }
    assert_eq!(server.connections(), 2, "half a request stands on the first");
}

#[tokio::test]
async fn an_upload_goes_on_while_its_answer_is_read() {
    // Everything comes back as it goes up; neither side could hold all of it.
    let server = serve_http1(|request| async move { http::Response::new(echo(request)) }).await;
    let service = service();
    let upload = bytes::Bytes::from(vec![b'x'; 32 << 20]);
    for _ in 0..2 {
        assert_eq!(ask(&service, post(&server.url("/"), upload.clone()), HTTP1).await.unwrap(), upload);
    }
    assert_eq!(server.connections(), 1);
}

fn echo(request: Request<hyper::body::Incoming>) -> BoxBody<bytes::Bytes, Infallible> {
    request.into_body().map_err(|error| -> Infallible { panic!("{error}") }).boxed()
}
