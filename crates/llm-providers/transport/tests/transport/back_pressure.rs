//! A reader that stops reading stops the writer, and nobody else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use llm_transport::{Body, HttpService as _};
use tokio::io::AsyncWriteExt as _;

use crate::support::*;

/// Waits until `counter` stands still, and says where.
async fn standstill(counter: &AtomicUsize) -> usize {
    within(async {
        let mut last = usize::MAX;
        loop {
            let now = counter.load(Ordering::SeqCst);
            if now == last && now > 0 {
                return now;
            }
            last = now;
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
    })
    .await
}

#[tokio::test]
async fn an_endless_http1_answer_stalls_with_its_reader() {
    const OFFERED: usize = 256 << 20;
    let written = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&written);
    let server = serve(move |mut stream| {
        let count = Arc::clone(&count);
        async move {
            read_request(&mut stream).await;
            reply(&mut stream, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
            let mut chunk = b"1000\r\n".to_vec();
            chunk.extend([b'x'; 0x1000]);
            chunk.extend(b"\r\n");
            while count.load(Ordering::SeqCst) < OFFERED && stream.write_all(&chunk).await.is_ok() {
                count.fetch_add(chunk.len(), Ordering::SeqCst);
            }
        }
    })
    .await;
    let mut body = within(service().call(post(&server.url("/"), ""), HTTP1)).await.unwrap().into_body();
    within(body.next()).await.unwrap().unwrap();
    let accepted = standstill(&written).await;
    // Our buffer is 64 KiB; the rest is the kernel's, which may grow its two to several MiB.
    assert!(accepted < 16 << 20, "{accepted} bytes were taken from the server");

    // and it goes on when the reader does
    let mut read = 0;
    while read < accepted + (1 << 20) {
        read += within(body.next()).await.unwrap().unwrap().len();
    }
}

/// A server over h2 that sends `event` again and again on every stream, as fast as it may, and counts the bytes.
async fn endless_events(event: &'static [u8]) -> (Server, Arc<AtomicUsize>) {
    let written = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&written);
    let server = serve(move |stream| {
        let count = Arc::clone(&count);
        async move {
            let mut connection = h2::server::Builder::new()
                .max_concurrent_streams(100)
                .handshake::<_, Bytes>(stream)
                .await
                .unwrap();
            while let Some(Ok((request, mut respond))) = connection.accept().await {
                let mut body = respond.send_response(http::Response::new(()), false).unwrap();
                if request.uri().path() == "/short" {
                    body.send_data("done".into(), true).unwrap();
                    continue;
                }
                let count = Arc::clone(&count);
                tokio::spawn(async move {
                    loop {
                        body.reserve_capacity(event.len());
                        while body.capacity() < event.len() {
                            if !matches!(std::future::poll_fn(|cx| body.poll_capacity(cx)).await, Some(Ok(_)))
                            {
                                return;
                            }
                        }
                        if body.send_data(Bytes::from_static(event), false).is_err() {
                            return;
                        }
                        count.fetch_add(event.len(), Ordering::SeqCst);
                        tokio::task::yield_now().await;
                    }
                });
            }
        }
    })
    .await;
    (server, written)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stalled_http2_readers_stop_neither_their_connection_nor_each_other() {
    let (server, written) = endless_events(b"data: {\"x\":\"abcdefghijklmn\"}\n\n").await;
    let service = service();
    let mut stalled: Vec<Body> = Vec::new();
    for _ in 0..24 {
        let mut body = within(service.call(post(&server.url("/"), ""), HTTP2)).await.unwrap().into_body();
        within(body.next()).await.unwrap().unwrap();
        stalled.push(body);
    }
    let accepted = standstill(&written).await;
    let per_stream = accepted / stalled.len();
    assert!((30_000..=70_000).contains(&per_stream), "{per_stream} bytes on each stream, window 65,536");

    assert_eq!(ask(&service, post(&server.url("/short"), ""), HTTP2).await.unwrap(), "done");
    for body in &mut stalled[..4] {
        let mut read = 0;
        while read < 80_000 {
            read += within(body.next()).await.unwrap().unwrap().len();
        }
    }
    assert_eq!(server.connections(), 1);
}
