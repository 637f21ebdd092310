//! A kept connection that died: nothing is ever sent twice.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use llm_transport::TransportErrorKind;

use crate::support::*;

#[tokio::test]
async fn a_request_that_was_written_is_not_written_again() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&seen);
    let server = serve(move |mut stream| {
        let record = Arc::clone(&record);
        async move {
            // one answer, then a second request that is read whole and never answered
            for answered in [true, false] {
                let Some(request) = read_request(&mut stream).await else { return };
                record.lock().unwrap().push(request.rsplit("\r\n").next().unwrap().to_owned());
                if answered {
                    reply(&mut stream, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
                }
            }
        }
    })
    .await;
    let service = service();
    ask(&service, post(&server.url("/"), "one"), HTTP1).await.unwrap();
    let error = ask(&service, post(&server.url("/"), "two"), HTTP1).await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (TransportErrorKind::Closed, true), "{}", source_text(&error));
    assert_eq!(server.connections(), 1, "and no second connection was tried");
    assert_eq!(*seen.lock().unwrap(), ["one", "two"]);
}

/// A server that answers and hangs up without a word, so that every request races with the close of its connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn hang_ups_lose_no_request_that_was_not_written() {
    let seen: Arc<Mutex<HashMap<String, u32>>> = Arc::default();
    let record = Arc::clone(&seen);
    let server = serve(move |mut stream| {
        let record = Arc::clone(&record);
        async move {
            let Some(request) = read_request(&mut stream).await else { return };
            *record.lock().unwrap().entry(request.rsplit("\r\n").next().unwrap().to_owned()).or_default() +=
                1;
            reply(&mut stream, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        }
    })
    .await;
    let service = Arc::new(service());
    let mut lost = 0;
    for number in 0..500 {
        match ask(&*service, post(&server.url("/"), number.to_string()), HTTP1).await {
            Ok(_) => {}
            Err(error) => {
                assert_eq!(
                    (error.kind(), error.sent()),
                    (TransportErrorKind::Closed, true),
                    "{}",
                    source_text(&error)
                );
                lost += 1;
            }
        }
    }
    let seen = seen.lock().unwrap();
    assert!(seen.values().all(|times| *times == 1), "{seen:?}");
    assert_eq!(
        seen.len() + lost,
        500,
        "each was answered, or is known to have been written into a closing connection"
    );
    assert!(lost < 250, "{lost} lost: kept connections are not checked");
}
