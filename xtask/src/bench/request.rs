//! Single requests without any client library: for the time from start to first answer, and for what is set up and
//! looked up around a measurement.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use serde_json::Value;

const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// Whether a chat request is answered with 200.
pub(super) fn is_answered(address: SocketAddr, model: &str, key: &str) -> bool {
    let body = format!(r#"{{"model":"{model}","messages":[{{"role":"user","content":"hello"}}]}}"#);
    ask(address, "POST /v1/chat/completions", key, &body).is_ok_and(|answer| is_well(&answer))
}

/// What a route of the management API answers.
pub(super) fn managed(address: SocketAddr, route: &str, key: &str, body: &Value) -> anyhow::Result<Value> {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    serde_json::from_str(&text(address, route, key, &body)?).with_context(|| route.to_owned())
}

/// The sample of a metric without labels.
pub(super) fn metric(address: SocketAddr, key: &str, name: &str) -> anyhow::Result<u64> {
    let page = text(address, "GET /metrics", key, "")?;
    let sample = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let sample = sample.with_context(|| format!("/metrics has no {name}"))?;
    sample.parse().with_context(|| format!("{name} {sample}"))
}

fn text(address: SocketAddr, route: &str, key: &str, body: &str) -> anyhow::Result<String> {
    let answer = ask(address, route, key, body).with_context(|| route.to_owned())?;
    let text = String::from_utf8_lossy(&answer);
    ensure!(is_well(&answer), "{route}: {text}");
    Ok(text.split_once("\r\n\r\n").map_or("", |(_, body)| body).to_owned())
}

fn is_well(answer: &[u8]) -> bool {
    answer.starts_with(b"HTTP/1.1 200 ")
}

fn ask(address: SocketAddr, route: &str, key: &str, body: &str) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&address, ANSWER_WITHIN)?;
    stream.set_read_timeout(Some(ANSWER_WITHIN))?;
    write!(
        stream,
        "{route} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead as _, BufReader},
        net::TcpListener,
    };

    use super::*;

    fn answered_by(answer: &'static str) -> bool {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let server = std::thread::spawn(move || {
            let (stream, _) = listener.accept().expect("a client");
            let mut reader = BufReader::new(stream);
            let (mut line, mut length) = (String::new(), 0);
            while reader.read_line(&mut line).expect("a head") > 2 {
                length =
                    line.strip_prefix("content-length: ").map_or(length, |n| n.trim().parse().expect("n"));
                line.clear();
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).expect("a body");
            reader.into_inner().write_all(answer.as_bytes()).expect("an answer");
            body
        });
        let verdict = is_answered(address, "m", "k");
        assert!(server.join().expect("the server").starts_with(b"{\"model\":\"m\""));
        verdict
    }

    #[test]
    fn only_200_counts() {
        assert!(answered_by("HTTP/1.1 200 OK\r\n\r\n"));
        assert!(!answered_by("HTTP/1.1 503 Service Unavailable\r\n\r\n"));
        assert!(!answered_by(""));
    }
}
