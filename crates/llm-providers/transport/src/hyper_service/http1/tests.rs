//! A kept connection that closes in the same moment in which a request is handed to it.
//!
//! Over a socket this moment cannot be hit at will. An in-memory stream shows its close at once, and on a runtime of
//! one thread the connection's task meets the close and the request together.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::super::origin::OriginKey;
use super::*;

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
    (origin, Connector::new(Vec::new()), served)
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
    let mut sender = start(near, 8192).await.unwrap();
    sender.ready().await.unwrap();
    tokio::task::yield_now().await;
    assert!(sender.is_ready());
    origin.http1.put(sender);
    far
}

#[tokio::test]
async fn an_unwritten_request_goes_out_once_more_on_a_new_connection() {
    let (origin, connector, served) = origin().await;
    let far = kept(&origin).await;
    drop(far);
    // The connection's task has not run since: the dead connection looks alive, and is chosen.
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
async fn a_connection_that_its_task_has_seen_close_is_not_chosen() {
    let (origin, _, served) = origin().await;
    drop(kept(&origin).await);
    tokio::task::yield_now().await;
    assert!(origin.http1.take().is_none());
    assert!(origin.http1.is_empty());
    served.abort();
}
