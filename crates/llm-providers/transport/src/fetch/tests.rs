#![expect(clippy::disallowed_methods, reason = "servers of these tests are tasks of their own")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use llm_types::{ApiError, ChatRequest, ErrorKind};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

const PNG: &str = "\u{1}PNG";

/// A server on loopback that answers each path with the text that `answer` gives, and counts requests.
struct Server {
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
}

impl Server {
    async fn start(answer: impl Fn(&str, SocketAddr) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    if stream.read_buf(&mut head).await.unwrap() == 0 {
                        break;
                    }
                }
                let head = String::from_utf8(head).unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
                let text = answer(&head, address);
                if text == "silence" {
                    std::future::pending::<()>().await;
                }
                let _gone = stream.write_all(text.as_bytes()).await;
            }
        });
        Self { address, requests }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

fn answer(media_type: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-type: {media_type}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

fn redirect(to: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n")
}

fn private() -> FetchOptions {
    FetchOptions { allow_private: true, ..FetchOptions::default() }
}

/// A fetcher to which every name means these addresses, at the port that is asked for.
fn named(options: FetchOptions, addresses: &'static [&'static str]) -> Fetcher {
    Fetcher::with_resolver(
        options,
        Arc::new(move |_, port| {
            let all = addresses.iter().map(|address| SocketAddr::new(address.parse().unwrap(), port));
            let all = all.collect();
            Box::pin(async move { Ok(all) })
        }),
    )
}

#[tokio::test]
async fn media_come_with_their_type() {
    let server = Server::start(|head, _| {
        assert!(head.starts_with("GET /a%20b?c=d HTTP/1.1\r\n"), "{head}");
        assert!(head.contains("accept-encoding: identity\r\n") && head.contains("user-agent: llm-gateway/"));
        answer("image/jpg; q=1", "xyz")
    })
    .await;
    let media = Fetcher::new(private()).fetch(&server.url("/a b?c=d#e")).await.unwrap();
    assert_eq!((&*media.bytes, &*media.media_type), (&b"xyz"[..], "image/jpeg"));
}

#[tokio::test]
async fn what_is_not_public_is_never_asked() {
    let fetcher = Fetcher::new(FetchOptions { max_redirects: 0, ..FetchOptions::default() });
    for url in [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://localhost/",
        "http://0/",
        "http://169.254.169.254/latest/meta-data",
        "http://10.1.2.3/",
        "http://100.64.1.1/",
        "http://168.63.129.16/",
        "http://224.0.0.1/",
        "http://[::]/",
        "http://[::1]:8080/",
        "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::10.0.0.1]/",
        "http://[2002:7f00:1::]/",
        "http://[fd00:ec2::254]/",
        "http://[fe80::1]/",
        "https://192.168.0.1/",
        "http://１２７.0.0.1/",
    ] {
        let fault = fetcher.fetch(url).await.unwrap_err();
        assert!(matches!(fault, FetchFault::NotPublic), "{url}: {fault}");
    }
    for url in
        ["ftp://a.example/", "file:///etc/passwd", "data:,x", "nonsense", "http://u:p@1.1.1.1/", "http://"]
    {
        let fault = fetcher.fetch(url).await.unwrap_err();
        assert!(matches!(fault, FetchFault::Address), "{url}: {fault}");
    }
}

#[tokio::test]
async fn a_name_with_one_private_address_is_not_public() {
    let fetcher = named(FetchOptions::default(), &["1.1.1.1", "10.0.0.1"]);
    let fault = fetcher.fetch("http://media.example/").await.unwrap_err();
    assert!(matches!(fault, FetchFault::NotPublic), "{fault}");
    assert!(!fault.to_string().contains("10.0.0.1"));
}

#[tokio::test]
async fn the_connection_goes_to_an_address_that_was_checked() {
    let server = Server::start(|_, _| answer("image/png", PNG)).await;
    let asked = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&asked);
    let options = FetchOptions { private_hosts: vec!["Media.example".to_owned()], ..FetchOptions::default() };
    let fetcher = Fetcher::with_resolver(
        options,
        Arc::new(move |_, port| {
            count.fetch_add(1, Ordering::SeqCst);
            Box::pin(async move { Ok(vec![SocketAddr::new("127.0.0.1".parse().unwrap(), port)]) })
        }),
    );
    fetcher.fetch(&format!("http://media.example:{}/", server.address.port())).await.unwrap();
    assert_eq!((asked.load(Ordering::SeqCst), server.requests()), (1, 1), "resolved once, asked once");
    let other = fetcher.fetch(&format!("http://other.example:{}/", server.address.port())).await;
    assert!(matches!(other, Err(FetchFault::NotPublic)));
}

#[tokio::test]
async fn the_next_address_is_tried() {
    let server = Server::start(|_, _| answer("image/png", PNG)).await;
    // Nobody listens on the second of loopback's addresses at this port.
    let fetcher = named(private(), &["127.0.0.2", "127.0.0.1"]);
    fetcher.fetch(&format!("http://media.example:{}/", server.address.port())).await.unwrap();
    let fetcher = named(private(), &[]);
    let fault = fetcher.fetch("http://media.example/").await.unwrap_err();
    assert!(matches!(fault, FetchFault::Transport(error) if error.kind() == crate::TransportErrorKind::Dns));
}

#[tokio::test]
async fn redirects_are_followed_and_each_is_checked() {
    let server = Server::start(|head, address| match head.split(' ').nth(1).unwrap() {
        "/once" => redirect("/there"),
        "/there" => answer("image/png", PNG),
        "/inside" => redirect(&format!("http://127.0.0.1:{}/there", address.port())),
        "/scheme" => redirect("file:///etc/passwd"),
        "/nowhere" => "HTTP/1.1 304 Not Modified\r\n\r\n".to_owned(),
        _ => redirect("/again"),
    })
    .await;
    let options = FetchOptions { private_hosts: vec!["media.example".to_owned()], ..FetchOptions::default() };
    let fetcher = named(options, &["127.0.0.1"]);
    let url = |path: &str| format!("http://media.example:{}{path}", server.address.port());
    fetcher.fetch(&url("/once")).await.unwrap();
    assert_eq!(server.requests(), 2);
    let inside = fetcher.fetch(&url("/inside")).await.unwrap_err();
    assert!(matches!(inside, FetchFault::NotPublic), "{inside}");
    assert_eq!(server.requests(), 3, "the private address was not asked");
    let scheme = fetcher.fetch(&url("/scheme")).await.unwrap_err();
    assert!(matches!(scheme, FetchFault::Address), "{scheme}");
    let nowhere = fetcher.fetch(&url("/nowhere")).await.unwrap_err();
    assert!(matches!(nowhere, FetchFault::Status(304)), "{nowhere}");
    let before = server.requests();
    let endless = fetcher.fetch(&url("/endless")).await.unwrap_err();
    assert!(matches!(endless, FetchFault::TooManyRedirects), "{endless}");
    assert_eq!(server.requests() - before, 4, "the first and three more");
}

#[tokio::test]
async fn limits_hold() {
    let server = Server::start(|head, _| match head.split(' ').nth(1).unwrap() {
        "/announced" => "HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: 9\r\n\r\n".to_owned(),
        "/unannounced" => "HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ntransfer-encoding: chunked\r\n\r\n5\r\n12345\r\n4\r\n6789\r\n".to_owned(),
        "/just" => answer("image/png", "12345678"),
        "/packed" => "HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-encoding: gzip\r\ncontent-length: 1\r\n\r\nx".to_owned(),
        "/cut" => "HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: 8\r\n\r\nx".to_owned(),
        "/page" => answer("application/json", "{}"),
        "/missing" => "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned(),
        _ => "silence".to_owned(),
    })
    .await;
    let options = FetchOptions { max_bytes: 8, timeout: Duration::from_millis(500), ..private() };
    let fetcher = Fetcher::new(options);
    let fault = async |path: &str| fetcher.fetch(&server.url(path)).await.unwrap_err();
    assert!(matches!(fault("/announced").await, FetchFault::TooLarge { limit: 8 }));
    assert!(matches!(fault("/unannounced").await, FetchFault::TooLarge { limit: 8 }));
    assert_eq!(fetcher.fetch(&server.url("/just")).await.unwrap().bytes.len(), 8);
    assert!(matches!(fault("/packed").await, FetchFault::MediaType(coding) if coding == "gzip"));
    assert!(matches!(fault("/cut").await, FetchFault::Transport(error) if error.sent()));
    assert!(matches!(fault("/page").await, FetchFault::MediaType(kind) if kind == "application/json"));
    assert!(matches!(fault("/missing").await, FetchFault::Status(404)));
    assert!(matches!(fault("/silence").await, FetchFault::Timeout));
}

#[tokio::test]
async fn hosts_can_be_named() {
    let fetcher = named(
        FetchOptions {
            hosts: vec!["a.example".to_owned(), "*.b.example".to_owned()],
            ..FetchOptions::default()
        },
        &["10.0.0.1"],
    );
    for (host, allowed) in [
        ("a.example", true),
        ("A.EXAMPLE", true),
        ("x.a.example", false),
        ("x.b.example", true),
        ("b.example", false),
        ("xb.example", false),
        ("127.0.0.1", false),
    ] {
        let fault = fetcher.fetch(&format!("https://{host}/")).await.unwrap_err();
        // An allowed host comes to the next check, which fails here.
        assert_eq!(matches!(fault, FetchFault::NotPublic), allowed, "{host}: {fault}");
        assert_eq!(matches!(fault, FetchFault::HostNotAllowed), !allowed, "{host}: {fault}");
    }
}

fn request(content: &Value) -> ChatRequest {
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "?"}, {"role": "user", "content": content}]});
    llm_types::from_value(body).unwrap()
}

#[tokio::test]
async fn media_of_a_request_are_put_into_it() {
    let server = Server::start(|head, _| match head.split(' ').nth(1).unwrap() {
        "/image" => answer("image/png", "i"),
        "/film" => answer("video/mp4", "f"),
        _ => answer("application/pdf", "p"),
    })
    .await;
    let url = |path: &str| server.url(path);
    let mut request = request(&json!([
        {"type": "text", "text": url("/image")},
        {"type": "image_url", "image_url": {"url": url("/image"), "detail": "low"}},
        {"type": "image_url", "image_url": url("/image")},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
        {"type": "image_url", "image_url": {"url": "http://kept.example/"}},
        {"type": "file", "file": {"file_url": url("/file"), "filename": "a.pdf"}},
        {"type": "file", "file": {"file_id": url("/file")}},
        {"type": "file", "file": {"file_id": "file-1"}},
        {"type": "video_url", "video_url": {"url": url("/film")}, "fps": 1},
        {"type": "audio_url", "audio_url": url("/film")},
    ]));
    let wants = |url: &str| !url.contains("kept");
    let notes = inline_media(&mut request, wants, &Fetcher::new(private()), &|_| true).await.unwrap();
    let image = "data:image/png;base64,aQ==";
    let file = "data:application/pdf;base64,cA==";
    let film = "data:video/mp4;base64,Zg==";
    let content = serde_json::to_value(&request.messages[1].content).unwrap();
    assert_eq!(
        content,
        json!([
            {"type": "text", "text": url("/image")},
            {"type": "image_url", "image_url": {"url": image, "detail": "low"}},
            {"type": "image_url", "image_url": image},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
            {"type": "image_url", "image_url": {"url": "http://kept.example/"}},
            {"type": "file", "file": {"file_data": file, "filename": "a.pdf"}},
            {"type": "file", "file": {"file_data": file}},
            {"type": "file", "file": {"file_id": "file-1"}},
            {"type": "video_url", "video_url": {"url": film}, "fps": 1},
            {"type": "audio_url", "audio_url": film},
        ])
    );
    assert_eq!(server.requests(), 3, "each address once");
    let paths: Vec<_> = notes.iter().map(|note| note.path.as_str()).collect();
    assert_eq!(paths, [1, 2, 5, 6, 8, 9].map(|at| format!("messages[1].content[{at}]")));
    assert!(notes.iter().all(|note| !note.kind.is_lossy()));
}

#[tokio::test]
async fn a_failure_names_its_place_and_changes_nothing() {
    let server = Server::start(|head, _| match head.split(' ').nth(1).unwrap() {
        "/image" => answer("image/png", "i"),
        _ => "HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n".to_owned(),
    })
    .await;
    let mut asked = request(&json!([
        {"type": "image_url", "image_url": server.url("/image")},
        {"type": "image_url", "image_url": server.url("/gone")},
    ]));
    let before = asked.clone();
    let error = inline_media(&mut asked, |_| true, &Fetcher::new(private()), &|_| true).await.unwrap_err();
    assert_eq!(asked, before);
    let error = ApiError::from(error);
    assert_eq!(
        (error.kind, error.param.as_deref()),
        (ErrorKind::InvalidRequest, Some("messages[1].content[1]"))
    );
    assert!(error.message.contains("status 500"), "{}", error.message);

    // A vendor that reads addresses itself gets those that we cannot.
    let reads = |url: &str| url.ends_with("/gone");
    let notes =
        inline_or_hand_on(&mut asked, |_| true, reads, &Fetcher::new(private()), &|_| true).await.unwrap();
    let told: Vec<String> = notes.iter().map(ToString::to_string).collect();
    assert!(told[1].starts_with("converted messages[1].content[1]: not fetched"), "{told:?}");
    let sent = serde_json::to_string(&asked).unwrap();
    assert!(sent.contains("data:image/png") && sent.contains("/gone"), "{sent}");

    let server = Server::start(|_, _| answer("image/png", "i")).await;
    let mut large = request(&json!([
        {"type": "image_url", "image_url": server.url("/a")},
        {"type": "image_url", "image_url": server.url("/b")},
    ]));
    let options = FetchOptions { max_request_bytes: 1, ..private() };
    let error = inline_media(&mut large, |_| true, &Fetcher::new(options), &|_| true).await.unwrap_err();
    assert_eq!(error.path, "messages[1].content[1]");
    assert_eq!(ApiError::from(error).kind, ErrorKind::PayloadTooLarge);
}
