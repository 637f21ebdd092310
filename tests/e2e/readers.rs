//! Readers that never read: streams without end towards sockets that nobody empties.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::client::{ALIVE, CHAT, MESSAGES, ask_stream, call, eventually, request, soon};
use crate::process::{Gateway, config};

/// Readers, where the system allows so many files; and the bound on the memory of the whole gateway, which an
/// unoptimised build comes nearer to. It takes 60 MiB at rest and 85 KiB for each stream that is open and silent. To these
/// come what is held for a reader, 32 KiB and one piece more, what is held of its vendor, 16 KiB, and of an answer of
/// Anthropic for clients of OpenAI the words so far.
const READERS: usize = 2_000;
const MAX_RESIDENT_BYTES: u64 = 400 << 20;
/// Once all buffers are full, nothing grows any more.
const MAX_GROWTH_BYTES: u64 = 16 << 20;
/// All buffers are full when for so long the vendor could say next to nothing.
const SILENCE: Duration = Duration::from_secs(3);
const NEXT_TO_NOTHING_BYTES: u64 = 1 << 20;
/// What is done for all readers together takes as long as the machine needs.
const ALL_OF_THEM: Duration = Duration::from_mins(3);

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
    heard: Arc<Heard>,
    _work: JoinSet<()>,
}

#[derive(Default)]
struct Heard {
    bytes: AtomicU64,
    /// Streams that somebody still listens to.
    open: AtomicUsize,
}

impl Firehose {
    fn start() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_send_buffer_size(32 << 10).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(4096).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heard = Arc::<Heard>::default();
        let mut work = JoinSet::new();
        let told = heard.clone();
        work.spawn(async move {
            let mut streams = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                let heard = told.clone();
                heard.open.fetch_add(1, Ordering::Relaxed);
                streams.spawn(async move {
                    talk(socket, &heard.bytes).await;
                    heard.open.fetch_sub(1, Ordering::Relaxed);
                });
            }
        });
        Self { url, heard, _work: work }
    }

    /// Bytes that were taken from it.
    fn said(&self) -> u64 {
        self.heard.bytes.load(Ordering::Relaxed)
    }

    /// Returns when next to nothing has been taken for a while: a system asks now and then whether there is room again.
    async fn fall_silent(&self) {
        loop {
            let said = self.said();
            tokio::time::sleep(SILENCE).await;
            if self.said() - said < NEXT_TO_NOTHING_BYTES {
                return;
            }
        }
    }

    /// Returns when nobody listens any more.
    async fn let_go(&self) {
        while self.heard.open.load(Ordering::Relaxed) > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Answers one request, until nobody is there to be answered.
async fn talk(mut socket: TcpStream, said: &AtomicU64) {
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
    if socket.write_all((head.to_owned() + &opening).as_bytes()).await.is_err() {
        return;
    }
    let mut rest = event.as_bytes();
    while let Ok(taken) = socket.write(rest).await {
        said.fetch_add(taken as u64, Ordering::Relaxed);
        rest = if taken == rest.len() { event.as_bytes() } else { &rest[taken..] };
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
    timeout(ALL_OF_THEM, vendor.fall_silent()).await.expect("bytes are still taken from the vendor");
    let last = gateway.resident_bytes();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let after = gateway.resident_bytes();
    let mib = |bytes: u64| bytes >> 20;
    let taken = mib(vendor.said());
    eprintln!(
        "{readers} stalled readers: {} MiB before, {} MiB now; {taken} MiB were taken",
        mib(before),
        mib(after)
    );
    assert!(after < last + MAX_GROWTH_BYTES, "from {} to {} MiB", mib(last), mib(after));
    assert!(after < MAX_RESIDENT_BYTES, "{} MiB", mib(after));

    assert_eq!(call(gateway.address, "GET", ALIVE, &Value::Null).await.0, 200);
    let (_, metrics) = call(gateway.address, "GET", "/metrics", &Value::Null).await;
    assert!(metrics.as_str().unwrap().contains(&format!("llm_gateway_in_flight {readers}\n")));
    drop(sockets);
    timeout(ALL_OF_THEM, vendor.let_go()).await.expect("the vendor is still listened to");
    eventually(async || {
        let (_, metrics) = call(gateway.address, "GET", "/metrics", &Value::Null).await;
        metrics.as_str().unwrap().contains("llm_gateway_in_flight 0\n")
    })
    .await;
}
