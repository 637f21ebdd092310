//! Cuts, stalls, delays and hang-ups, as the other side sees them.

use std::time::Duration;

use http::Method;
use http_body_util::BodyExt;
use llm_mock_server::{MockServer, Options, Outcome, Script};
use serde_json::json;
use tokio::time::Instant;

use crate::client::{CHAT, Client, chat, ended, raw, read_events, read_to_end, soon, start, streamed};

#[tokio::test]
async fn a_cut_stream_lacks_its_end_but_no_byte_before() {
    let server = start().await;
    let answer = read_to_end(raw(&server, &streamed("cut-7")).await).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("transfer-encoding: chunked"), "{head}");
    // The frame of the role, then seven chunks.
    assert_eq!(body.matches("\n\n").count(), 8);
    assert!(!body.contains("[DONE]") && !body.contains("\r\n0\r\n"), "{body}");
    assert_eq!(ended(&server).await.outcome, Outcome::Cut);
}

#[tokio::test]
async fn a_cut_after_no_chunk_leaves_the_head() {
    let server = start().await;
    let answer = read_to_end(raw(&server, &streamed("cut-0")).await).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
    assert_eq!(body, "");
}

#[tokio::test]
async fn a_cut_answer_is_shorter_than_it_announced() {
    let server = start().await;
    let answer = read_to_end(raw(&server, &chat("cut")).await).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let announced = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    assert_eq!(announced.parse::<usize>().unwrap() / 2, body.len());
}

#[tokio::test]
async fn a_cut_h2_stream_is_reset_and_its_neighbours_live() {
    let server = start().await;
    let mut client = Client::h2(&server).await;
    let cut = client.post(CHAT, &streamed("cut")).await;
    assert!(soon(cut.into_body().collect()).await.is_err());
    assert_eq!(client.call(Method::POST, CHAT, &chat("echo")).await.0, 200);
}

#[tokio::test]
async fn a_stalled_stream_stays_open_and_a_hang_up_is_noted() {
    let server = start().await;
    let mut stream = raw(&server, &streamed("stall")).await;
    let seen = read_events(&mut stream, 4).await;
    assert_eq!(seen.matches("\n\n").count(), 4);
    let mut byte = [0];
    let more = tokio::time::timeout(
        Duration::from_millis(50),
        tokio::io::AsyncReadExt::read(&mut stream, &mut byte),
    );
    assert!(more.await.is_err(), "it went on");
    assert_eq!(server.records()[0].outcome, Outcome::Open);
    let hung_up = Instant::now();
    drop(stream);
    let record = ended(&server).await;
    assert_eq!((record.status, record.outcome), (Some(200), Outcome::ClientClosed));
    assert!(hung_up.elapsed() < Duration::from_secs(2), "{:?}", hung_up.elapsed());
}

#[tokio::test]
async fn a_hang_up_before_the_head_is_noted() {
    for h2 in [false, true] {
        let server = start().await;
        let mut client = if h2 { Client::h2(&server).await } else { Client::h1(&server).await };
        let body = json!({"model": "m", "messages": [], "mock": {"delay_ms": 3_600_000}});
        tokio::select! {
            _ = client.post(CHAT, &body) => panic!("answered an hour early"),
            _ = server.records_when(|records| !records.is_empty()) => {}
        }
        drop(client);
        let record = ended(&server).await;
        assert_eq!((record.status, record.outcome), (None, Outcome::ClientClosed));
    }
}

#[tokio::test]
async fn a_hang_up_in_an_endless_stream_is_noted() {
    let server = start().await;
    let mut stream = raw(&server, &streamed("endless")).await;
    read_events(&mut stream, 1_000).await;
    drop(stream);
    assert_eq!(ended(&server).await.outcome, Outcome::ClientClosed);
}

#[tokio::test]
async fn delays_are_not_shorter_than_asked_for() {
    let server = start().await;
    let mut client = Client::h1(&server).await;
    let mut body = streamed("m");
    body["mock"] = json!({"delay_ms": 30, "first_chunk_ms": 20, "chunk_ms": 5, "chunks": 4});
    let asked = Instant::now();
    let response = client.post(CHAT, &body).await;
    assert!(asked.elapsed() >= Duration::from_millis(30));
    let mut body = response.into_body();
    soon(body.frame()).await.unwrap().unwrap();
    assert!(asked.elapsed() >= Duration::from_millis(50));
    soon(body.collect()).await.unwrap();
    assert!(asked.elapsed() >= Duration::from_millis(65));
}

#[tokio::test]
async fn first_requests_fail_and_later_ones_do_not() {
    let server = start().await;
    let mut client = Client::h1(&server).await;
    let mut statuses = Vec::new();
    for model in ["flaky-2", "flaky-2", "flaky-2", "mock/flaky-1"] {
        statuses.push(client.call(Method::POST, CHAT, &chat(model)).await.0.as_u16());
    }
    assert_eq!(statuses, [500, 500, 200, 500]);
    for _ in 0..2 {
        server.set_script(Some(Script { fail_first: Some(1), ..Script::refusing(529) }));
        assert_eq!(client.call(Method::POST, CHAT, &chat("m1")).await.0, 529);
        assert_eq!(client.call(Method::POST, CHAT, &chat("m2")).await.0, 200);
    }
}

#[tokio::test]
async fn stopping_lets_open_answers_end() {
    let server = MockServer::start(Options { drain_ms: 20_000, ..Options::default() }).await.unwrap();
    let addr = server.addr();
    let mut body = streamed("m");
    body["mock"] = json!({"chunk_ms": 10, "chunks": 8});
    let mut slow = raw(&server, &body).await;
    read_events(&mut slow, 1).await;
    let (records, rest) = tokio::join!(soon(server.stop()), read_to_end(slow));
    assert!(rest.contains("data: [DONE]\n\n") && rest.ends_with("\r\n0\r\n\r\n"), "{rest}");
    assert_eq!(records[0].outcome, Outcome::Complete);
    assert!(tokio::net::TcpStream::connect(addr).await.is_err());
}

#[tokio::test]
async fn stopping_breaks_answers_that_would_never_end() {
    let server = MockServer::start(Options { drain_ms: 20, ..Options::default() }).await.unwrap();
    let mut stalled = raw(&server, &streamed("stall")).await;
    read_events(&mut stalled, 4).await;
    let records = soon(server.stop()).await;
    assert_eq!(records[0].outcome, Outcome::ClientClosed);
    assert_eq!(read_to_end(stalled).await, "");
}
