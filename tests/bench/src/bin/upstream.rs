//! An upstream with fixed answers on OpenAI's and Anthropic's wire. What it does is in the model's name.
//!
//! It runs on one thread and parses nothing, so that what is measured is the process before it.
#![expect(clippy::print_stdout, reason = "the address on standard output is the interface")]

use std::{convert::Infallible, io::Write as _, net::Ipv4Addr, sync::Arc, time::Duration};

use bytes::Bytes;
use clap::Parser;
use http::{HeaderValue, Method, Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Either, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use llm_bench::{Answers, Ask, Dialect, Events};
use tokio::net::TcpListener;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Answers chat completions and messages with fixed bytes, on loopback.
#[derive(Parser)]
struct Args {
    /// The port; 0 takes a free one, which is printed.
    #[arg(long, default_value_t = 0)]
    port: u16,
}

type Answer = Response<Either<Full<Bytes>, Events>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, args.port)).await?;
    println!("listening on {}", listener.local_addr()?);
    std::io::stdout().flush()?;
    let answers = Arc::new(Answers::default());
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let answers = Arc::clone(&answers);
        let service = service_fn(move |request| answer(Arc::clone(&answers), request));
        spawn(async move {
            // A client that hangs up is no event for a benchmark; it counts its own failures.
            drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
        });
    }
}

#[expect(clippy::disallowed_methods, reason = "connections end with the process; there is no shutdown")]
fn spawn(connection: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(connection);
}

async fn answer(answers: Arc<Answers>, request: Request<Incoming>) -> Result<Answer, Infallible> {
    let dialect = match (request.method(), request.uri().path()) {
        (&Method::POST, "/v1/chat/completions") => Dialect::Openai,
        (&Method::POST, "/v1/messages") => Dialect::Anthropic,
        _ => return Ok(refusal(StatusCode::NOT_FOUND)),
    };
    let Ok(body) = request.into_body().collect().await else { return Ok(refusal(StatusCode::BAD_REQUEST)) };
    let ask = Ask::from_body(&body.to_bytes());
    if ask.script.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(ask.script.delay_ms)).await;
    }
    let (content_type, body) = if ask.stream {
        ("text/event-stream; charset=utf-8", Either::Right(answers.stream(dialect, ask)))
    } else {
        ("application/json", Either::Left(Full::new(answers.whole(dialect))))
    };
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    Ok(response)
}

fn refusal(status: StatusCode) -> Answer {
    let mut response = Response::new(Either::Left(Full::default()));
    *response.status_mut() = status;
    response
}
