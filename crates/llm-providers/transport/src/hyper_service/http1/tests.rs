//! Kept connections that have closed when a request is handed to them, and how pieces of a body come.
//!
//! Nobody looks at a kept connection, so that the request and the close are met together. Over a socket it takes a
//! moment until a close shows; over an in-memory stream it shows at once.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::super::origin::OriginKey;
use super::*;
use crate::reach::{Reach, system_resolver};

/// An origin on loopback whose listener answers one request on each connection, and counts them.
async fn origin() -> (Arc<Origin>, Connector, tokio::task::JoinHandle<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri: Uri = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    #[expect(clippy::disallowed_methods, reason = "the upstream of this test")]
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut read = Vec::new();
        while !read.ends_with(b"hello") {
            assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
        read.windows(5).filter(|window| window == b"hello").count()
    });
    let options = TransportOptions::default();
    let origin = Arc::new(Origin::new(OriginKey::of(&uri).unwrap(), &options).unwrap());
    (origin, Connector::new(Vec::new(), Reach::Anywhere, system_resolver()), served)
}

async fn send_hello(origin: &Arc<Origin>, connector: &Connector) -> Result<Bytes, TransportError> {
    let (parts, ()) = Request::post(origin.target.uri.clone()).body(()).unwrap().into_parts();
    let mut timer = Timer::start(None);
    let body = Bytes::from_static(b"hello");
    send(origin, connector, parts, body, &mut timer, &Timeouts::NONE).await?.into_body().collect(10).await
}

/// A connection over memory, settled and kept, and its other end.
async fn kept(origin: &Origin) -> tokio::io::DuplexStream {
    let (near, far) = tokio::io::duplex(1024);
    origin.http1.put(Link::start(near, 8192).await.unwrap());
    assert!(!origin.http1.is_empty(), "a new connection is as good as a used one");
    far
}

#[tokio::test]
async fn an_unwritten_request_goes_out_once_more_on_a_new_connection() {
    let (origin, connector, served) = origin().await;
    let far = kept(&origin).await;
    drop(far);
    // The dead connection looks alive, and is chosen.
    assert_eq!(send_hello(&origin, &connector).await.unwrap(), "ok");
    assert_eq!(served.await.unwrap(), 1);
}

#[tokio::test]
async fn a_written_request_does_not() {
    let (origin, connector, served) = origin().await;
    let mut far = kept(&origin).await;
    let take_and_hang_up = async {
        let mut read = Vec::new();
        while !read.ends_with(b"hello") {
            far.read_buf(&mut read).await.unwrap();
        }
        drop(far);
    };
    let (answer, ()) = tokio::join!(send_hello(&origin, &connector), take_and_hang_up);
    let error = answer.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (TransportErrorKind::Closed, true));
    assert!(!served.is_finished(), "nobody came to the listener");
}

#[tokio::test]
async fn all_that_have_closed_are_passed_over() {
    let (origin, connector, served) = origin().await;
    for _ in 0..3 {
        drop(kept(&origin).await);
    }
    assert_eq!(send_hello(&origin, &connector).await.unwrap(), "ok");
    assert_eq!(served.await.unwrap(), 1);
}

#[tokio::test]
async fn a_connection_that_has_closed_goes_with_the_next_sweep() {
    let (origin, _, served) = origin().await;
    let far = kept(&origin).await;
    origin.http1.sweep(Instant::now());
    assert!(!origin.http1.is_empty(), "it is open and young");
    drop(far);
    origin.http1.sweep(Instant::now());
    assert!(origin.http1.is_empty());
    served.abort();
}

/// The pieces of an answer that is written in these parts, each once the one before was taken.
async fn pieces(parts: &[&str]) -> Vec<Bytes> {
    let (origin, connector, served) = origin().await;
    served.abort();
    let mut far = kept(&origin).await;
    let (parts_head, ()) = Request::post(origin.target.uri.clone()).body(()).unwrap().into_parts();
    let mut timer = Timer::start(None);
    let asked = send(&origin, &connector, parts_head, Bytes::new(), &mut timer, &Timeouts::NONE);
    let head = async {
        far.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await.unwrap();
    };
    let (answer, ()) = tokio::join!(asked, head);
    let mut body = answer.unwrap().into_body();
    let mut pieces = Vec::new();
    for part in parts {
        far.write_all(part.as_bytes()).await.unwrap();
        pieces.extend(body.next().await.transpose().unwrap());
    }
    assert!(body.next().await.is_none());
    assert!(!origin.http1.is_empty(), "it was read to its end");
    pieces
}

#[tokio::test]
async fn small_pieces_that_arrive_together_come_together() {
    let two = "2\r\nab\r\n3\r\ncde\r\n";
    assert_eq!(pieces(&[two, "1\r\nf\r\n", "0\r\n\r\n"]).await, ["abcde", "f"]);
    assert_eq!(pieces(&[&format!("{two}0\r\n\r\n")]).await, ["abcde"]);
}

#[test]
fn a_connection_is_used_again_in_its_own_runtime_alone() {
    let runtime = || runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (one, other) = (runtime(), runtime());
    let (origin, connector, served) = one.block_on(origin());
    let _far = one.block_on(kept(&origin));
    assert!(other.block_on(async { origin.http1.take(Instant::now()).is_none() }));
    let link = one.block_on(async { origin.http1.take(Instant::now()) }).unwrap();
    other.block_on(async { origin.http1.put(link) });
    assert!(one.block_on(async { origin.http1.take(Instant::now()).is_some() }), "whoever put it back");
    drop((connector, served));
}
