//! The client against vendors that a test makes: logins, settings, aliases, media, vectors, rankings, notes.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use llm_providers::core::{
    Chat, Credential, Embeddings, Login, LoginInput, LoginRun, LoginStep, Parameters, Provider, Secret,
    Translator, VendorInfo,
};
use llm_providers::openai::{ChatWire, EmbeddingOptions, EmbeddingWire, WireOptions};
use llm_providers::transport::{
    Body, BoxFuture, CallOptions, FetchOptions, HttpService, TransportError, TransportErrorKind,
};
use llm_providers::types::{
    ApiError, ChatRequest, EmbeddingInput, EmbeddingVector, ErrorKind, Message, MessageContent, UnixMs,
};
use llm_providers::{Account, Client, ClientError};
use serde_json::{Value, json};

/// A vendor on OpenAI's wire that logs in and wants media as bytes.
struct Vendor {
    info: VendorInfo,
    chat: ChatWire,
    embeddings: EmbeddingWire,
}

impl Vendor {
    fn new() -> Arc<Self> {
        let wire = WireOptions { base_url: "http://vendor.test/v1".to_owned(), ..WireOptions::default() };
        let info = VendorInfo {
            id: "vendor".into(),
            aliases: vec!["alias".into(), "taken".into()],
            key_variables: vec!["VENDOR_KEY".into()],
            key_optional: true,
            ..VendorInfo::default()
        };
        Arc::new(Self {
            info,
            chat: ChatWire::new(wire.clone()),
            embeddings: EmbeddingWire::new(wire, EmbeddingOptions::default()),
        })
    }
}

impl Provider for Vendor {
    fn info(&self) -> &VendorInfo {
        &self.info
    }

    fn chat(&self) -> Option<&dyn Translator<Chat>> {
        Some(&self.chat)
    }

    fn embeddings(&self) -> Option<&dyn Translator<Embeddings>> {
        Some(&self.embeddings)
    }

    fn max_embedding_inputs(&self, _: &str) -> usize {
        2
    }

    fn wants_fetched(&self, url: &str) -> bool {
        !url.contains("kept")
    }

    fn login(&self, parameters: &Parameters, key: Option<&Secret>) -> Result<Option<Box<dyn Login>>, String> {
        match parameters.get("user") {
            Some("nobody") => Err("`user` is nobody".to_owned()),
            Some(user) => {
                let (key, at) = (key.map_or("", Secret::expose), parameters.get("api_base").unwrap_or("-"));
                Ok(Some(Box::new(ByUser(format!("{user}:{key} at {at}")))))
            }
            None => Ok(None),
        }
    }
}

/// Sends a user and a key, and takes the answer for a token that works for a second.
#[derive(Debug, Clone)]
struct ByUser(String);

impl Login for ByUser {
    fn begin(&self) -> Box<dyn LoginRun> {
        Box::new(self.clone())
    }
}

impl LoginRun for ByUser {
    fn step(&mut self, input: LoginInput, now: UnixMs) -> LoginStep {
        match input {
            LoginInput::Begin => {
                let body = Bytes::from(self.0.clone());
                LoginStep::Send(Box::new(Request::post("http://login.test/").body(body).unwrap()))
            }
            LoginInput::Answer(answer) => LoginStep::Done {
                credential: Credential::Token(Secret::new(std::str::from_utf8(answer.body()).unwrap())),
                expires_at: Some(now.plus(1000)),
            },
            other => LoginStep::Fail(format!("{other:?}")),
        }
    }
}

/// Answers for everybody, and keeps what was asked.
#[derive(Default)]
struct World(Mutex<Vec<Request<Bytes>>>);

impl World {
    fn asked(&self) -> Vec<(String, String, Value)> {
        let asked = self.0.lock().unwrap();
        let text = |request: &Request<Bytes>| {
            let key = request.headers().get("authorization").map_or("-", |key| key.to_str().unwrap());
            let body = serde_json::from_slice(request.body())
                .unwrap_or_else(|_| Value::String(String::from_utf8(request.body().to_vec()).unwrap()));
            (request.uri().to_string(), key.to_owned(), body)
        };
        asked.iter().map(text).collect()
    }
}

impl HttpService for World {
    fn call(
        &self,
        request: Request<Bytes>,
        _: CallOptions,
    ) -> BoxFuture<'_, Result<Response<Body>, TransportError>> {
        let path = request.uri().path().to_owned();
        let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        self.0.lock().unwrap().push(request);
        let answer = match path.as_str() {
            "/" => "token".to_owned(),
            "/t-1/oauth2/v2.0/token" => json!({"access_token": "entra", "expires_in": 3599}).to_string(),
            "/v1/chat/completions" if body["stream"] == true => [
                r#"data: {"id":"1","choices":[{"index":0,"delta":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}"#,
                "data: [DONE]",
                "",
            ]
            .join("\n\n"),
            "/v1/chat/completions" | "/openai/v1/chat/completions" => {
                json!({"id": "1", "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}]}).to_string()
            }
            "/v1/embeddings" => {
                let data: Vec<_> = (0..body["input"].as_array().map_or(1, Vec::len))
                    .map(|at| json!({"index": at, "embedding": if at == 0 { json!([1.0]) } else { json!("AACAPw==") }}))
                    .collect();
                json!({"data": data, "usage": {"prompt_tokens": 3, "total_tokens": 3}}).to_string()
            }
            path => panic!("{path}"),
        };
        let status = if body["model"] == "locked" { 401 } else { 200 };
        Box::pin(async move {
            let mut response = Response::new(Body::from(Bytes::from(answer)));
            *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
            Ok(response)
        })
    }
}

fn account(world: &Arc<World>, user: Option<&str>) -> Account {
    let mut account = Account::new(Vendor::new());
    account.service = Some(Arc::clone(world) as _);
    account.credential = Some(Credential::Key(Secret::new("key-1")));
    if let Some(user) = user {
        account.parameters.set("user", user);
    }
    account
}

fn client(account: Account) -> Client {
    Client::builder().account("vendor", account).clock(|| UnixMs(5)).build().unwrap()
}

fn hello() -> Vec<Message> {
    vec![Message::user("hello")]
}

#[tokio::test]
async fn a_key_is_sent_where_nobody_logs_in() {
    let world = Arc::<World>::default();
    let client = client(account(&world, None));
    let answer = client.chat("vendor/m-1", hello()).await.unwrap();
    assert_eq!(answer.choices[0].message.content.get().unwrap().text(), "hi");
    let asked = world.asked();
    assert_eq!((&*asked[0].0, &*asked[0].1), ("http://vendor.test/v1/chat/completions", "Bearer key-1"));
    assert_eq!(asked[0].2["model"], "m-1");
}

#[tokio::test]
async fn a_token_that_is_refused_is_not_used_again() {
    let world = Arc::<World>::default();
    let client = client(account(&world, Some("ada")));
    let logins = || world.asked().iter().filter(|(url, ..)| url == "http://login.test/").count();
    assert!(client.chat("vendor/locked", hello()).await.is_err());
    assert!(client.chat("vendor/m-1", hello()).await.is_ok());
    assert_eq!(logins(), 2);
    assert!(client.chat("vendor/m-1", hello()).await.is_ok());
    assert_eq!(logins(), 2);
}

#[tokio::test]
async fn a_login_is_made_once_and_gets_settings_and_key() {
    let world = Arc::<World>::default();
    let client = client(account(&world, Some("ada")));
    assert_eq!(world.asked().len(), 0, "nobody logs in before the first call");
    client.chat("vendor/m-1", hello()).await.unwrap();
    client.chat("alias/m-2", hello()).await.unwrap();
    let asked = world.asked();
    let order: Vec<_> = asked.iter().map(|(address, key, _)| (&**address, &**key)).collect();
    const CHAT: &str = "http://vendor.test/v1/chat/completions";
    assert_eq!(order, [("http://login.test/", "-"), (CHAT, "Bearer token"), (CHAT, "Bearer token")]);
    assert_eq!(asked[0].2, "ada:key-1 at -");
}

#[tokio::test]
async fn a_login_knows_the_address_of_its_account() {
    let world = Arc::<World>::default();
    let base_url = Some("http://own.test/v1".to_owned());
    let client = client(Account { base_url, ..account(&world, Some("ada")) });
    client.chat("vendor/m-1", hello()).await.unwrap();
    let asked = world.asked();
    assert_eq!(asked[0].2, "ada:key-1 at http://own.test/v1");
    assert_eq!(asked[1].0, "http://own.test/v1/chat/completions");
}

#[tokio::test]
async fn a_token_that_is_given_needs_no_login() {
    let world = Arc::<World>::default();
    let token = Some(Credential::Token(Secret::new("given")));
    let client = client(Account { credential: token, ..account(&world, Some("ada")) });
    client.chat("vendor/m-1", hello()).await.unwrap();
    assert_eq!(world.asked()[0].1, "Bearer given");
}

#[tokio::test]
async fn settings_that_make_no_login_are_told_to_who_asks() {
    let world = Arc::<World>::default();
    let client = Client::builder()
        .account("vendor", account(&world, Some("nobody")))
        .account("taken", account(&world, None))
        .build()
        .unwrap();
    let error = client.chat("alias/m-1", hello()).await.unwrap_err();
    assert!(matches!(&error, ClientError::Login { why, .. } if why.contains("nobody")), "{error}");
    assert_eq!(ApiError::from(error).kind, ErrorKind::Authentication);
    client.chat("taken/m-1", hello()).await.unwrap();
    let error = client.chat("elsewhere/m-1", hello()).await.unwrap_err();
    assert!(matches!(error, ClientError::UnknownModel(_)), "{error}");
}

#[tokio::test]
async fn a_login_that_fails_is_told() {
    struct Nobody;
    impl HttpService for Nobody {
        fn call(
            &self,
            _: Request<Bytes>,
            _: CallOptions,
        ) -> BoxFuture<'_, Result<Response<Body>, TransportError>> {
            Box::pin(async { Err(TransportError::new(TransportErrorKind::Connect, false)) })
        }
    }
    let world = Arc::default();
    let account = Account { service: Some(Arc::new(Nobody)), ..account(&world, Some("ada")) };
    let error = client(account).chat("vendor/m", hello()).await.unwrap_err();
    assert!(matches!(error, ClientError::Credential(_)), "{error}");
}

#[tokio::test]
async fn notes_come_with_answers_and_streams() {
    let world = Arc::<World>::default();
    let client = client(account(&world, None));
    let mut request = ChatRequest::new("vendor/m-1", hello());
    request.extra.insert("top_k".to_owned(), json!(3));
    let answer = client.send(request.clone()).await.unwrap();
    assert_eq!(answer.notes.len(), 1);
    assert_eq!((&*answer.notes[0].path, answer.head.status.as_u16()), ("top_k", 200));
    let mut stream = client.stream(request).await.unwrap();
    assert_eq!(stream.notes()[0].path, "top_k");
    let chunk = stream.next().await.unwrap().unwrap();
    assert_eq!(chunk.choices()[0].delta.get().unwrap().content.as_deref(), Some("hi"));
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn media_are_fetched_for_a_vendor_that_wants_them() {
    let world = Arc::<World>::default();
    let parts = |url: &str| {
        let parts = json!([{"type": "image_url", "image_url": {"url": url}}]);
        let content: MessageContent = serde_json::from_value(parts).unwrap();
        ChatRequest::new("vendor/m-1", vec![Message::user(content)])
    };
    let client = client(account(&world, None));
    let error = client.send(parts("http://127.0.0.1:9/a.png")).await.unwrap_err();
    let ClientError::Fetch(error) = error else { panic!("{error}") };
    assert_eq!(error.path, "messages[0].content[0]");
    assert_eq!(world.asked().len(), 0);
    client.send(parts("https://kept.example/a.png")).await.unwrap();

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/a.png", listener.local_addr().unwrap());
    let server = async {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let (mut stream, _) = listener.accept().await.unwrap();
        let _head = stream.read(&mut [0; 1024]).await.unwrap();
        let answer = b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: 1\r\n\r\ni";
        stream.write_all(answer).await.unwrap();
    };
    let open = Client::builder()
        .account("vendor", account(&world, None))
        .fetch_options(FetchOptions { allow_private: true, ..FetchOptions::default() })
        .build()
        .unwrap();
    let (answer, ()) = tokio::join!(open.send(parts(&url)), server);
    assert_eq!(answer.unwrap().notes[0].path, "messages[0].content[0]");
    let sent = &world.asked()[1].2["messages"][0]["content"][0]["image_url"]["url"];
    assert_eq!(sent, "data:image/png;base64,aQ==");
}

#[tokio::test]
async fn vectors_are_asked_for_in_pieces_and_come_in_order() {
    let world = Arc::<World>::default();
    let client = client(account(&world, None));
    let texts = EmbeddingInput::Texts(["a", "b", "c", "d", "e"].map(str::to_owned).to_vec());
    let answer = client.embeddings("vendor/e-1", texts).await.unwrap();
    let sizes: Vec<_> =
        world.asked().iter().map(|(_, _, body)| body["input"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [2, 2, 1]);
    let indices: Vec<_> = answer.data.iter().map(|vector| *vector.index.get().unwrap()).collect();
    assert_eq!(indices, [0, 1, 2, 3, 4]);
    assert!(answer.data.iter().all(|vector| matches!(vector.embedding, EmbeddingVector::Numbers(_))));
    let usage = answer.usage.get().unwrap();
    assert_eq!(usage.prompt_tokens.get().unwrap().as_u64(), Some(9));
    assert_eq!(usage.total_tokens.get().unwrap().as_u64(), Some(9));
}

#[tokio::test]
async fn what_a_vendor_lacks_is_told() {
    let world = Arc::<World>::default();
    let error = client(account(&world, None)).rerank("vendor/r", "q", ["a"]).await.unwrap_err();
    assert_eq!(error.to_string(), "vendor has no rankings");
    assert_eq!(ApiError::from(error).kind, ErrorKind::Unsupported);
}

#[cfg(feature = "azure")]
#[tokio::test]
async fn azure_logs_in_with_a_clients_secret() {
    let world = Arc::<World>::default();
    let provider = llm_providers::find("azure").unwrap();
    let variables = |name: &str| {
        let value = match name {
            "AZURE_API_BASE" => "http://azure.test",
            "AZURE_API_VERSION" => "v1",
            "AZURE_TENANT_ID" => "t-1",
            "AZURE_CLIENT_ID" => "c-1",
            "AZURE_CLIENT_SECRET" => "s-1",
            "AZURE_AUTHORITY_HOST" => "http://entra.test",
            _ => return None,
        };
        Some(value.to_owned())
    };
    let account =
        Account { service: Some(Arc::clone(&world) as _), ..Account::from_variables(provider, &variables) };
    let client = Client::builder().account("azure", account).clock(|| UnixMs(0)).build().unwrap();
    client.chat("azure/my-gpt", hello()).await.unwrap();
    client.chat("azure/my-gpt", hello()).await.unwrap();
    let asked = world.asked();
    assert_eq!(asked.len(), 3, "one login for both");
    assert_eq!((&*asked[0].0, &*asked[0].1), ("http://entra.test/t-1/oauth2/v2.0/token", "-"));
    assert_eq!(
        (&*asked[1].0, &*asked[1].1),
        ("http://azure.test/openai/v1/chat/completions", "Bearer entra")
    );
    assert_eq!(asked[1].2["model"], "my-gpt");
}
