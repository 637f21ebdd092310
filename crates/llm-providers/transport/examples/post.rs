//! Sends one request to a server of its own and prints the answer as it arrives: `cargo run --example post`.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use bytes::Bytes;
use http::Request;
use llm_transport::{CallOptions, HttpService as _, HyperService, TransportOptions};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/v1/chat/completions", listener.local_addr()?);
    let vendor = async {
        let (mut stream, _) = listener.accept().await?;
        let mut request = [0; 4096];
        let _length = stream.read(&mut request).await?;
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
            .await?;
        for word in ["Hello", ", ", "world"] {
            stream.write_all(format!("data: {word}\n\n").as_bytes()).await?;
        }
        stream.shutdown().await
    };
    let caller = async {
        let service = HyperService::new(TransportOptions::default())?;
        let request = Request::post(url).body(Bytes::from_static(b"{}"))?;
        let response = service.call(request, CallOptions::default()).await?;
        println!("{}", response.status());
        let mut body = response.into_body();
        while let Some(piece) = body.next().await {
            print!("{}", String::from_utf8_lossy(&piece?));
        }
        Ok::<_, Box<dyn std::error::Error>>(())
    };
    let (served, called) = tokio::join!(vendor, caller);
    served?;
    called
}
