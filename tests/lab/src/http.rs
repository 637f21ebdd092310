//! A client that can hang up: one request on a connection of its own.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Far longer than anything takes here.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Ask<'a> {
    pub(crate) method: &'static str,
    pub(crate) path: &'a str,
    pub(crate) key: &'a str,
    /// What the client calls it; no name if it is empty.
    pub(crate) name: &'a str,
    pub(crate) tag: Option<&'a str>,
    pub(crate) body: Value,
    pub(crate) hang_up: Option<HangUp>,
}

/// When the client goes away.
#[derive(Debug, Clone, Copy)]
pub(crate) enum HangUp {
    /// After so many events of a stream.
    Events(usize),
    /// After so many milliseconds.
    Millis(u64),
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told {
    /// 0 if there was no answer.
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// The last byte was there.
    pub(crate) is_whole: bool,
}

impl Told {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl<'a> Ask<'a> {
    pub(crate) fn get(path: &'a str, key: &'a str) -> Self {
        Self { method: "GET", path, key, name: "", tag: None, body: Value::Null, hang_up: None }
    }

    pub(crate) fn post(path: &'a str, key: &'a str, body: Value) -> Self {
        Self { method: "POST", body, ..Self::get(path, key) }
    }

    /// Asks. A connection that breaks is an answer that is not whole.
    pub(crate) async fn of(&self, address: SocketAddr) -> Told {
        let asking = async {
            match self.hang_up {
                Some(HangUp::Millis(ms)) => {
                    let patience = Duration::from_millis(ms);
                    tokio::time::timeout(patience, self.exchange(address)).await.unwrap_or_default()
                }
                _ => self.exchange(address).await,
            }
        };
        tokio::time::timeout(PATIENCE, asking).await.unwrap_or_default()
    }

    /// Asks for what must succeed.
    pub(crate) async fn must(&self, address: SocketAddr) -> anyhow::Result<Value> {
        let told = self.of(address).await;
        let text = String::from_utf8_lossy(&told.body);
        ensure!(told.status == 200, "{} {}: {} {text}", self.method, self.path, told.status);
        Ok(told.json())
    }

    fn text(&self) -> String {
        let body = if self.body.is_null() { String::new() } else { self.body.to_string() };
        let mut text = format!(
            "{} {} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
            self.method,
            self.path,
            body.len()
        );
        let mut header = |name: &str, value: &str| {
            if !value.is_empty() {
                text.push_str(&format!("{name}: {value}\r\n"));
            }
        };
        if !self.key.is_empty() {
            header("authorization", &format!("Bearer {}", self.key));
        }
        header("x-request-id", self.name);
        header("x-litellm-call-id", self.name);
        header("x-litellm-tags", self.tag.unwrap_or_default());
        text + "\r\n" + &body
    }

    async fn exchange(&self, address: SocketAddr) -> Told {
        self.read(address).await.unwrap_or_default()
    }

    async fn read(&self, address: SocketAddr) -> anyhow::Result<Told> {
        let mut socket = TcpStream::connect(address).await?;
        socket.write_all(self.text().as_bytes()).await?;
        let mut raw = Vec::new();
        loop {
            // A reset says the same as an end: nothing more comes.
            let more = socket.read_buf(&mut raw).await.unwrap_or(0);
            let is_enough = match self.hang_up {
                Some(HangUp::Events(events)) => count(&raw, b"data: ") >= events,
                _ => false,
            };
            if more == 0 || is_enough {
                return told(&raw).context("no answer");
            }
        }
    }
}

fn count(text: &[u8], word: &[u8]) -> usize {
    text.windows(word.len()).filter(|found| *found == word).count()
}

/// Head and body apart, and whether the body got to its end.
fn told(raw: &[u8]) -> Option<Told> {
    let end = raw.windows(4).position(|found| found == b"\r\n\r\n")?;
    let head = std::str::from_utf8(raw.get(..end)?).ok()?.to_ascii_lowercase();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let rest = raw.get(end + 4..)?;
    let length =
        head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    let (body, is_whole) = match length {
        Some(length) => (rest.to_vec(), rest.len() >= length),
        None => chunks(rest),
    };
    Some(Told { status, body, is_whole })
}

/// A chunked body put together, and whether its last chunk has come.
fn chunks(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|found| found == b"\r\n") {
        let size =
            std::str::from_utf8(&rest[..end]).ok().and_then(|size| usize::from_str_radix(size, 16).ok());
        let Some(size) = size else { return (body, false) };
        if size == 0 {
            return (body, true);
        }
        let begin = end + 2;
        body.extend_from_slice(&rest[begin.min(rest.len())..(begin + size).min(rest.len())]);
        rest = rest.get(begin + size + 2..).unwrap_or_default();
    }
    (body, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_or_it_is_not() {
        let whole = told(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").unwrap();
        assert_eq!((whole.status, whole.is_whole, whole.body.as_slice()), (200, true, b"{}".as_slice()));
        assert!(!told(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}").unwrap().is_whole);
        let chunked =
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n";
        let told_whole = told(chunked).unwrap();
        assert_eq!((told_whole.is_whole, told_whole.body.as_slice()), (true, b"abc0123456789".as_slice()));
        for cut in 50..chunked.len() - 4 {
            assert!(!told(&chunked[..cut]).unwrap().is_whole, "{cut}");
        }
        assert!(told(b"HTTP/1.1 200 OK\r\n").is_none());
    }
}
