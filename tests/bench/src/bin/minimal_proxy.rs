//! The least a gateway can do, as the yardstick: hyper on both sides, the body read into a struct with
//! raw members, the model renamed, the answer streamed through.
//!
//! Same build profile, allocator and socket options as the gateway, two worker threads.
#![expect(clippy::print_stdout, reason = "the address on standard output is the interface")]

use std::{borrow::Cow, collections::HashMap, io::Write as _, net::Ipv4Addr, sync::Arc};

use anyhow::Context as _;
use bytes::Bytes;
use clap::Parser;
use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Uri,
    header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING},
    uri::{Authority, Scheme},
};
use http_body_util::{BodyExt, Either, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::net::{TcpListener, TcpStream};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Renames the model of a chat request and passes it on.
#[derive(Parser)]
struct Args {
    /// The port; 0 takes a free one, which is printed.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Host and port that requests are sent to.
    #[arg(long)]
    upstream: Authority,
    /// A model's name before and after, as `FROM=TO`.
    #[arg(long = "rename", value_parser = rename)]
    renames: Vec<(String, String)>,
    /// The key that the upstream sees.
    #[arg(long, default_value = "sk-x")]
    key: String,
}

fn rename(text: &str) -> Result<(String, String), String> {
    let (from, to) = text.split_once('=').ok_or("not of the form FROM=TO")?;
    Ok((from.to_owned(), to.to_owned()))
}

/// A chat request of either dialect: one member read, the rest kept as it is.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Chat<'a> {
    #[serde(borrow)]
    model: Cow<'a, str>,
    #[serde(borrow)]
    messages: &'a RawValue,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    system: Option<&'a RawValue>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    stream: Option<&'a RawValue>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    stream_options: Option<&'a RawValue>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    max_tokens: Option<&'a RawValue>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    temperature: Option<&'a RawValue>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    tools: Option<&'a RawValue>,
}

struct Proxy {
    client: Client<HttpConnector, Full<Bytes>>,
    upstream: Authority,
    authorization: HeaderValue,
    renames: HashMap<String, String>,
}

type Answer = Response<Either<Incoming, Full<Bytes>>>;

#[tokio::main(worker_threads = 2)]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let proxy = Arc::new(Proxy {
        client: Client::builder(TokioExecutor::new()).build(connector),
        upstream: args.upstream,
        authorization: HeaderValue::from_str(&format!("Bearer {}", args.key))?,
        renames: args.renames.into_iter().collect(),
    });
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, args.port)).await?;
    println!("listening on {}", listener.local_addr()?);
    std::io::stdout().flush()?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        spawn(serve(Arc::clone(&proxy), stream));
    }
}

#[expect(clippy::disallowed_methods, reason = "connections end with the process; there is no shutdown")]
fn spawn(connection: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(connection);
}

async fn serve(proxy: Arc<Proxy>, stream: TcpStream) {
    let service = service_fn(move |request| {
        let proxy = Arc::clone(&proxy);
        async move { Ok::<_, std::convert::Infallible>(proxy.answer(request).await.unwrap_or_else(refusal)) }
    });
    // A client that hangs up is no event for a benchmark; it counts its own failures.
    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that unwrap_or_else asks for")]
fn refusal(error: anyhow::Error) -> Answer {
    let mut response = Response::new(Either::Right(Full::from(format!("{error:#}"))));
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response
}

impl Proxy {
    async fn answer(&self, request: Request<Incoming>) -> anyhow::Result<Answer> {
        let (mut head, body) = request.into_parts();
        let body = body.collect().await.context("reading the request")?.to_bytes();
        let body = self.renamed(&body)?;
        let mut uri = head.uri.into_parts();
        uri.scheme = Some(Scheme::HTTP);
        uri.authority = Some(self.upstream.clone());
        let mut outgoing = Request::new(Full::from(body));
        *outgoing.method_mut() = head.method;
        *outgoing.uri_mut() = Uri::from_parts(uri)?;
        end_to_end(&mut head.headers, &[HOST, CONTENT_LENGTH]);
        head.headers.insert(AUTHORIZATION, self.authorization.clone());
        *outgoing.headers_mut() = head.headers;
        let mut response = self.client.request(outgoing).await.context("asking the upstream")?;
        end_to_end(response.headers_mut(), &[]);
        Ok(response.map(Either::Left))
    }

    fn renamed(&self, body: &[u8]) -> anyhow::Result<Vec<u8>> {
        let mut chat: Chat<'_> = serde_json::from_slice(body).context("reading the body")?;
        if let Some(name) = self.renames.get(chat.model.as_ref()) {
            chat.model = Cow::Borrowed(name);
        }
        let mut renamed = Vec::with_capacity(body.len() + 64);
        serde_json::to_writer(&mut renamed, &chat)?;
        Ok(renamed)
    }
}

/// Removes what belongs to one connection, and what the next one sets anew.
fn end_to_end(headers: &mut HeaderMap, anew: &[HeaderName]) {
    for name in [CONNECTION, TRANSFER_ENCODING].iter().chain(anew) {
        headers.remove(name);
    }
}
