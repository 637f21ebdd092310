//! Clients that go away: the vendor is told at once, or heard to the end, as configured.

use std::time::Duration;

use llm_mock_server::{Handle, MockServer, Options, Outcome, Script};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

use crate::client::{CHAT, MESSAGES, ask, connect, request, soon, stream};
use crate::process::{Gateway, config};

/// How long the vendor may go on working for nobody.
const AT_ONCE: Duration = Duration::from_millis(100);

async fn start(script: Script, on_disconnect: &str) -> (Handle, Gateway) {
    let mock = MockServer::start(Options { script: Some(script), ..Options::default() }).await.unwrap();
    let gateway = Gateway::start(&config(&mock.url(), &json!({"on_disconnect": on_disconnect})));
    (mock, gateway)
}

/// Waits until the vendor's only request has ended.
async fn outcome(mock: &Handle) -> Outcome {
    let records = soon(mock.records_when(|all| all.len() == 1 && all[0].outcome != Outcome::Open)).await;
    records[0].outcome
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_vendor_is_told_within_a_tenth_of_a_second() {
    let script = Script { endless: true, chunk_ms: 5, ..Script::default() };
    let (mock, gateway) = start(script, "cancel").await;
    for (path, model) in
        [(CHAT, "openai/any"), (CHAT, "anthropic/any"), (MESSAGES, "openai/any"), (MESSAGES, "anthropic/any")]
    {
        let mut took = Vec::new();
        for _ in 0..5 {
            mock.clear_records();
            let mut answer = stream(gateway.address, path, model).await;
            answer.until("data:", 3).await;
            let gone = Instant::now();
            drop(answer);
            assert_eq!(outcome(&mock).await, Outcome::ClientClosed);
            took.push(gone.elapsed());
        }
        took.sort();
        // The median, as another process may have had the processor just then.
        assert!(took[2] < AT_ONCE, "{path} {model}: {took:?}");
    }
    assert_eq!(gateway.logged(&["client hung up"])["outcome"], "hung_up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_it_is_where_nothing_has_come_yet() {
    for script in [
        Script { delay_ms: 60_000, ..Script::default() },
        Script { stall_after_chunks: Some(0), ..Script::default() },
    ] {
        let (mock, gateway) = start(script, "cancel").await;
        let mut took = Vec::new();
        for body in [ask("openai/any"), crate::client::ask_stream("openai/any"), ask("anthropic/any")] {
            mock.clear_records();
            let mut socket = connect(gateway.address).await;
            soon(socket.write_all(request("POST", CHAT, &[], &body).as_bytes())).await.unwrap();
            soon(mock.records_when(|all| all.len() == 1)).await;
            let gone = Instant::now();
            drop(socket);
            assert_eq!(outcome(&mock).await, Outcome::ClientClosed);
            took.push(gone.elapsed());
        }
        took.sort();
        assert!(took[1] < AT_ONCE, "{took:?}");
    }
}

#[tokio::test]
async fn the_answer_is_heard_to_its_end_where_so_configured() {
    for how in ["drain", "finish"] {
        let script = Script { chunks: Some(10), chunk_ms: 30, ..Script::default() };
        let (mock, gateway) = start(script, how).await;
        let mut answer = stream(gateway.address, CHAT, "openai/any").await;
        answer.until("data:", 2).await;
        drop(answer);
        assert_eq!(outcome(&mock).await, Outcome::Complete, "{how}");
        // Whoever keeps books learns what it took.
        let line = gateway.logged(&["client hung up"]);
        assert_eq!(line["tokens.output"], 10, "{how}: {line}");
        assert_eq!(line["finish_reason"], "stop", "{how}");
    }
}

#[tokio::test]
async fn so_is_an_answer_that_is_not_streamed() {
    for how in ["drain", "finish"] {
        let (mock, gateway) = start(Script { delay_ms: 300, ..Script::saying("one two") }, how).await;
        let mut socket = connect(gateway.address).await;
        let text = request("POST", CHAT, &[], &ask("openai/any"));
        soon(socket.write_all(text.as_bytes())).await.unwrap();
        soon(mock.records_when(|all| all.len() == 1)).await;
        drop(socket);
        assert_eq!(outcome(&mock).await, Outcome::Complete, "{how}");
        let line = gateway.logged(&["client hung up"]);
        assert_eq!(line["tokens.output"], 2, "{how}: {line}");
    }
}
