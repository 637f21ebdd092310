//! One request without any client library: for the time from start to first answer.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// Whether a chat request is answered with 200.
pub(super) fn is_answered(address: SocketAddr, model: &str, key: &str) -> bool {
    ask(address, model, key).is_ok_and(|answer| answer.starts_with(b"HTTP/1.1 200 "))
}

fn ask(address: SocketAddr, model: &str, key: &str) -> std::io::Result<Vec<u8>> {
    let body = format!(r#"{{"model":"{model}","messages":[{{"role":"user","content":"hello"}}]}}"#);
    let mut stream = TcpStream::connect_timeout(&address, ANSWER_WITHIN)?;
    stream.set_read_timeout(Some(ANSWER_WITHIN))?;
    write!(
        stream,
        "POST /v1/chat/completions HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\n\
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
