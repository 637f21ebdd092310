//! Readers that never read: streams without end towards sockets that nobody empties.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use crate::client::{ALIVE, CHAT, MESSAGES, ask_stream, call, eventually, request, soon};
use crate::process::{Gateway, config};

/// Readers, where the system allows so many files; and the bound on the memory of the whole gateway, which an
/// unoptimised build comes nearer to.
const READERS: usize = 2_000;
const MAX_RESIDENT_BYTES: u64 = 360 << 20;
/// Once all buffers are full, nothing grows any more.
const MAX_GROWTH_BYTES: u64 = 16 << 20;

/// The files that a process may have open, as it was started.
fn open_files() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    line.split_whitespace().nth(3).unwrap().parse().unwrap_or(usize::MAX)
}

/// Each reader costs two sockets: here its own and the vendor's, at the gateway those that face them.
fn readers() -> usize {
    let readers = READERS.min((open_files() - 100) / 2);
    if readers < READERS {
        eprintln!("{readers} readers instead of {READERS}: the limit of open files is {}", open_files());
    }
    readers
}

/// A vendor that never stops talking, as fast as it is read: both wires, rendered once.
///
/// The mock vendor would do as well, but would cost more than what is measured. Its buffers are small, so that the
/// gateway's are what fills.
struct Firehose {
    url: String,
    _work: JoinSet<()>,
}

impl Firehose {
    fn start() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_send_buffer_size(32 << 10).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(4096).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut work = JoinSet::new();
        work.spawn(async move {
            let mut streams = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                streams.spawn(talk(socket));
            }
        });
        Self { url, _work: work }
    }
}

/// Answers one request, until nobody is there to be answered.
async fn talk(mut socket: TcpStream) {
    let mut request = Vec::new();
    while !request.windows(4).any(|window| window == b"\r\n\r\n") {
        if socket.read_buf(&mut request).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let text = "endless ".repeat(500);
    let (opening, event) = if request.starts_with(b"POST /v1/messages") {
        let message = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [],
            "stop_reason": null, "stop_sequence": null, "usage": {"input_tokens": 1, "output_tokens": 1}});
        let start = json!({"type": "message_start", "message": message});
        let block =
            json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}});
        let delta = json!({"type": "text_delta", "text": text});
        let delta = json!({"type": "content_block_delta", "index": 0, "delta": delta});
        let opening =
            format!("event: message_start\ndata: {start}\n\nevent: content_block_start\ndata: {block}\n\n");
        (opening, format!("event: content_block_delta\ndata: {delta}\n\n"))
    } else {
        let choice = json!({"index": 0, "delta": {"content": text}, "finish_reason": null});
        let chunk = json!({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]});
        (String::new(), format!("data: {chunk}\n\n"))
    };
    // Without a length and without chunks the body ends with the connection.
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    let mut next = head.to_owned() + &opening;
    while socket.write_all(next.as_bytes()).await.is_ok() {
        next.clone_from(&event);
    }
}

/// A connection that the system buffers little for.
async fn narrow(address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 << 10).unwrap();
    soon(socket.connect(address)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stalled_readers_cost_a_bounded_memory() {
    let vendor = Firehose::start();
    let gateway = Gateway::start(&config(&vendor.url, &json!({"access_log": {"enabled": false}})));
    let before = gateway.resident_bytes();
    let readers = readers();
    let mut sockets: Vec<TcpStream> = Vec::with_capacity(readers);
    for number in 0..readers {
        // Bytes that pass through, and some that are translated.
        let (path, model) = match number % 8 {
            0 => (MESSAGES, "openai/any"),
            1 => (CHAT, "anthropic/any"),
            2..5 => (MESSAGES, "anthropic/any"),
            _ => (CHAT, "openai/any"),
        };
        let mut socket = narrow(gateway.address).await;
        soon(socket.write_all(request("POST", path, &[], &ask_stream(model)).as_bytes())).await.unwrap();
        sockets.push(socket);
    }
    // All streams have begun, and nobody reads them.
    for socket in &sockets {
        soon(socket.readable()).await.unwrap();
    }
    // Memory settles once every buffer between the vendor and the readers is full.
    let mut last = gateway.resident_bytes();
    eventually(async || {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let now = gateway.resident_bytes();
        let settled = now < last + (1 << 20);
        last = now;
        settled
    })
    .await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let after = gateway.resident_bytes();
    let mib = |bytes: u64| bytes >> 20;
    eprintln!("{readers} stalled readers: {} MiB before, {} MiB now", mib(before), mib(after));
    assert!(after < last + MAX_GROWTH_BYTES, "from {} to {} MiB", mib(last), mib(after));
    assert!(after < MAX_RESIDENT_BYTES, "{} MiB", mib(after));

    assert_eq!(call(gateway.address, "GET", ALIVE, &Value::Null).await.0, 200);
    let (_, metrics) = call(gateway.address, "GET", "/metrics", &Value::Null).await;
    assert!(metrics.as_str().unwrap().contains(&format!("llm_gateway_in_flight {readers}\n")));
    drop(sockets);
    eventually(async || {
        let (_, metrics) = call(gateway.address, "GET", "/metrics", &Value::Null).await;
        metrics.as_str().unwrap().contains("llm_gateway_in_flight 0\n")
    })
    .await;
}
