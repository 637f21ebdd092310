//! A client that shows what is on the wire: a bare socket, a request, and the answer's bytes as they come.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::process::PATIENCE;

pub(crate) const CHAT: &str = "/v1/chat/completions";
pub(crate) const MESSAGES: &str = "/v1/messages";
pub(crate) const ALIVE: &str = "/health/liveliness";

/// An answer whose head has come.
pub(crate) struct Answer<S = TcpStream> {
    pub(crate) status: u16,
    head: String,
    /// What of the body has been read, as it is on the wire, chunks and all.
    raw: Vec<u8>,
    socket: S,
}

/// A request as text.
pub(crate) fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> String {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let mut text =
        format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text + "\r\n" + &body
}

/// A chat request that any model takes on either path.
pub(crate) fn ask(model: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": "Hello there"}], "max_tokens": 50})
}

/// The same, streamed.
pub(crate) fn ask_stream(model: &str) -> Value {
    let mut body = ask(model);
    body["stream"] = true.into();
    body
}

/// Does it within the patience that all tests share.
pub(crate) async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.expect("it took too long")
}

pub(crate) async fn connect(address: SocketAddr) -> TcpStream {
    soon(TcpStream::connect(address)).await.unwrap()
}

/// Sends a request on a connection of its own and reads the head of the answer.
pub(crate) async fn open(address: SocketAddr, method: &str, path: &str, body: &Value) -> Answer {
    send(connect(address).await, method, path, &[], body).await
}

/// Posts a streamed request.
pub(crate) async fn stream(address: SocketAddr, path: &str, model: &str) -> Answer {
    let answer = open(address, "POST", path, &ask_stream(model)).await;
    assert_eq!(answer.status, 200, "{}", answer.head);
    answer
}

/// Sends a request on this connection and reads the head of the answer.
pub(crate) async fn send<S: AsyncRead + AsyncWrite + Unpin>(
    mut socket: S,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> Answer<S> {
    soon(socket.write_all(request(method, path, headers, body).as_bytes())).await.unwrap();
    let mut raw = Vec::new();
    let end = loop {
        if let Some(end) = raw.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        assert!(read_more(&mut socket, &mut raw).await, "no answer: {:?}", String::from_utf8_lossy(&raw));
    };
    let head = String::from_utf8(raw[..end].to_vec()).unwrap();
    raw.drain(..end + 4);
    Answer { status: head[9..12].parse().unwrap(), head, raw, socket }
}

/// A whole exchange on a connection of its own: status, and the body as JSON or text.
pub(crate) async fn call(address: SocketAddr, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let mut answer = open(address, method, path, body).await;
    let text = answer.body().await;
    (answer.status, serde_json::from_str(&text).unwrap_or_else(|_| text.into()))
}

async fn read_more<S: AsyncRead + Unpin>(socket: &mut S, raw: &mut Vec<u8>) -> bool {
    // A reset says the same as an end: nothing more comes.
    soon(socket.read_buf(raw)).await.unwrap_or(0) > 0
}

impl<S: AsyncRead + Unpin> Answer<S> {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    /// The body by its announced length; the connection can then be used again.
    pub(crate) async fn body(&mut self) -> String {
        let length = self.header("content-length").expect("a length").parse().unwrap();
        while self.raw.len() < length {
            assert!(read_more(&mut self.socket, &mut self.raw).await, "the body was cut off");
        }
        String::from_utf8(self.raw.drain(..length).collect()).unwrap()
    }

    /// Reads until `text` has come so many times.
    pub(crate) async fn until(&mut self, text: &str, times: usize) {
        while self.text().matches(text).count() < times {
            assert!(
                read_more(&mut self.socket, &mut self.raw).await,
                "ended without {text:?}: {}",
                self.text()
            );
        }
    }

    /// Reads to the end of the connection or of the chunked body; says whether the body was whole.
    pub(crate) async fn end(&mut self) -> bool {
        loop {
            if self.raw.ends_with(b"0\r\n\r\n") {
                return true;
            }
            if !read_more(&mut self.socket, &mut self.raw).await {
                return false;
            }
        }
    }

    /// What has come of the body.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.raw).into_owned()
    }

    /// The connection, for the next request.
    pub(crate) fn socket(self) -> S {
        self.socket
    }
}

/// Asks again and again until the answer is as wanted.
pub(crate) async fn eventually(mut wanted: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !wanted().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    soon(waiting).await;
}
