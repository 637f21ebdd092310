//! HTTP/2: sharing connections, and opening more before their streams run out.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use http_body_util::BodyExt as _;
use llm_transport::{Http2Options, HttpService as _, HyperService, TransportOptions};
use tokio::sync::{Barrier, Semaphore};

use crate::support::*;

/// A server whose every request waits until `count` of them are there at once.
async fn all_at_once(streams: u32, count: usize) -> Server {
    let barrier = Arc::new(Barrier::new(count));
    serve_http2(streams, move |_| {
        let barrier = Arc::clone(&barrier);
        async move {
            barrier.wait().await;
            answer("done")
        }
    })
    .await
}

async fn ask_many(service: &HyperService, url: &str, count: usize) {
    let answers = join_all((0..count).map(|_| ask(service, post(url, "x"), HTTP2))).await;
    for answer in answers {
        assert_eq!(answer.unwrap(), "done");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_at_once_where_a_hundred_are_allowed() {
    let server = all_at_once(100, 1000).await;
    // Nobody is answered before all thousand have arrived: one that waited for a free stream would hold up the rest.
    ask_many(&service(), &server.url("/"), 1000).await;
    assert!((10..=11).contains(&server.connections()), "{}", server.connections());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_low_limit_is_learned() {
    let server = all_at_once(7, 50).await;
    ask_many(&service(), &server.url("/"), 50).await;
    assert!((8..=12).contains(&server.connections()), "{}", server.connections());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_own_limit_holds_where_it_is_lower() {
    let server = all_at_once(1000, 20).await;
    let http2 = Http2Options { max_streams: 5, ..Http2Options::default() };
    let service = HyperService::new(TransportOptions { http2, ..TransportOptions::default() }).unwrap();
    ask_many(&service, &server.url("/"), 20).await;
    assert_eq!(server.connections(), 4);
}

#[tokio::test]
async fn a_connection_is_opened_in_advance() {
    let arrived = Arc::new(AtomicUsize::new(0));
    let gate = Arc::new(Semaphore::new(0));
    let (count, open) = (Arc::clone(&arrived), Arc::clone(&gate));
    let server = serve_http2(20, move |_| {
        let (count, open) = (Arc::clone(&count), Arc::clone(&open));
        async move {
            count.fetch_add(1, Ordering::SeqCst);
            open.acquire().await.unwrap().forget();
            answer("done")
        }
    })
    .await;
    let service = Arc::new(service());
    let mut calls = Vec::new();
    for number in 1..=19 {
        let (service, url) = (Arc::clone(&service), server.url("/"));
        calls.push(tokio::spawn(async move { ask(&*service, post(&url, "x"), HTTP2).await }));
        within(async {
            while arrived.load(Ordering::SeqCst) < number {
                tokio::task::yield_now().await;
            }
        })
        .await;
        if number <= 18 {
            assert_eq!(server.connections(), 1, "{number} of 20");
        }
    }
    within(async {
        while server.connections() < 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    gate.add_permits(19);
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap(), "done");
    }
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn one_after_another_shares_one_connection() {
    let server =
        serve_http2(1, |request| async move { answer(request.collect().await.unwrap().to_bytes()) }).await;
    let service = service();
    for number in 0..20 {
        let text = number.to_string();
        assert_eq!(ask(&service, post(&server.url("/"), text.clone()), HTTP2).await.unwrap(), text);
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_large_body_goes_up_and_comes_down() {
    let server = serve_http2(10, |request| async move {
        assert_eq!(request.headers()["content-length"], (3 << 20).to_string());
        assert_eq!(request.headers()["accept-encoding"], "identity");
        assert_eq!(request.uri().path_and_query().unwrap(), "/v1?x=1");
        answer(request.collect().await.unwrap().to_bytes())
    })
    .await;
    let body: Vec<u8> = (0..3 << 20).map(|at: u32| (at % 251) as u8).collect();
    let request = http::Request::post(server.url("/v1?x=1"))
        .header("connection", "keep-alive")
        .header("te", "gzip")
        .body(body.clone().into())
        .unwrap();
    assert!(ask(&service(), request, HTTP2).await.unwrap() == body);
}

#[tokio::test]
async fn an_unused_connection_closes_in_time_and_with_its_service() {
    for idle_ms in [40, 60_000] {
        let (seen, mut closes) = tokio::sync::mpsc::unbounded_channel();
        let server = serve(move |stream| {
            let seen = seen.clone();
            async move {
                let mut connection = h2::server::handshake(stream).await.unwrap();
                while let Some(Ok((_, mut respond))) = connection.accept().await {
                    respond.send_response(http::Response::new(()), true).unwrap();
                }
                seen.send(()).unwrap();
            }
        })
        .await;
        let idle_timeout = Duration::from_millis(idle_ms);
        let service =
            HyperService::new(TransportOptions { idle_timeout, ..TransportOptions::default() }).unwrap();
        ask(&service, post(&server.url("/"), "x"), HTTP2).await.unwrap();
        if idle_ms > 1000 {
            drop(service);
            within(closes.recv()).await.unwrap();
        } else {
            within(closes.recv()).await.unwrap();
            ask(&service, post(&server.url("/"), "x"), HTTP2).await.unwrap();
            assert_eq!(server.connections(), 2);
        }
    }
}

#[tokio::test]
async fn dropping_a_body_resets_its_stream_alone() {
    let (seen, mut resets) = tokio::sync::mpsc::unbounded_channel();
    let server = serve(move |stream| {
        let seen = seen.clone();
        async move {
            let mut connection = h2::server::handshake(stream).await.unwrap();
            while let Some(Ok((_, mut respond))) = connection.accept().await {
                let mut body = respond.send_response(http::Response::new(()), false).unwrap();
                body.send_data("abc".into(), false).unwrap();
                let seen = seen.clone();
                tokio::spawn(async move {
                    let reason = std::future::poll_fn(|cx| body.poll_reset(cx)).await.unwrap();
                    seen.send(reason).unwrap();
                });
            }
        }
    })
    .await;
    let service = service();
    for _ in 0..3 {
        let mut body = within(service.call(post(&server.url("/"), ""), HTTP2)).await.unwrap().into_body();
        assert_eq!(within(body.next()).await.unwrap().unwrap(), "abc");
        let left = tokio::time::Instant::now();
        drop(body);
        assert_eq!(within(resets.recv()).await.unwrap(), h2::Reason::CANCEL);
        assert!(left.elapsed() < Duration::from_millis(100), "{:?}", left.elapsed());
    }
    assert_eq!(server.connections(), 1);
}
