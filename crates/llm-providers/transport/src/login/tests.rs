use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use llm_provider_core::{Credential, LoginRun, Secret};

use super::*;
use crate::body::Body;
use crate::error::TransportErrorKind;

/// A login whose steps a function gives.
struct Scripted(Arc<dyn Fn(usize, LoginInput, UnixMs) -> LoginStep + Send + Sync>);

struct ScriptedRun {
    script: Arc<dyn Fn(usize, LoginInput, UnixMs) -> LoginStep + Send + Sync>,
    at: usize,
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scripted")
    }
}

impl Login for Scripted {
    fn begin(&self) -> Box<dyn LoginRun> {
        Box::new(ScriptedRun { script: Arc::clone(&self.0), at: 0 })
    }
}

impl LoginRun for ScriptedRun {
    fn step(&mut self, input: LoginInput, now: UnixMs) -> LoginStep {
        self.at += 1;
        (self.script)(self.at - 1, input, now)
    }
}

fn scripted(
    script: impl Fn(usize, LoginInput, UnixMs) -> LoginStep + Send + Sync + 'static,
) -> Box<dyn Login> {
    Box::new(Scripted(Arc::new(script)))
}

/// Answers every request with `answer`, and keeps what was asked.
#[derive(Default)]
struct Peer {
    asked: Mutex<Vec<Request<Bytes>>>,
    answer: Option<Vec<u8>>,
}

impl HttpService for Peer {
    fn call(
        &self,
        request: Request<Bytes>,
        options: CallOptions,
    ) -> BoxFuture<'_, Result<Response<Body>, TransportError>> {
        assert_eq!(options.timeouts, TIMEOUTS);
        self.asked.lock().unwrap().push(request);
        Box::pin(async move {
            tokio::task::yield_now().await;
            match &self.answer {
                Some(answer) => {
                    Ok(Response::builder().status(201).body(Body::from(Bytes::from(answer.clone()))).unwrap())
                }
                None => Err(TransportError::unsent(TransportErrorKind::Connect)
                    .with_source("10.0.0.1 refused key-of-somebody")),
            }
        })
    }
}

fn post() -> LoginStep {
    LoginStep::Send(Box::new(
        Request::post("http://169.254.169.254/token").body(Bytes::from_static(b"q")).unwrap(),
    ))
}

fn done(token: &str, expires_at: i64) -> LoginStep {
    LoginStep::Done {
        credential: Credential::Token(Secret::new(token)),
        expires_at: Some(UnixMs(expires_at)),
    }
}

fn still() -> Clock {
    Arc::new(|| UnixMs(1000))
}

#[tokio::test]
async fn answers_and_files_come_back_to_the_login() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("assertion");
    std::fs::write(&file, "signed").unwrap();
    let login = scripted(move |at, input, now| match (at, input) {
        (0, LoginInput::Begin) => LoginStep::Read(file.clone()),
        (1, LoginInput::File(content)) => {
            assert_eq!((&*content, now), (&b"signed"[..], UnixMs(1000)));
            post()
        }
        (2, LoginInput::Answer(answer)) => {
            assert_eq!(answer.status(), 201);
            done(std::str::from_utf8(answer.body()).unwrap(), 5000)
        }
        (at, input) => panic!("{at}: {input:?}"),
    });
    let peer = Arc::new(Peer { answer: Some(b"token-1".to_vec()), ..Peer::default() });
    let issued = LoginIssuer::new(login, Arc::clone(&peer) as _, still()).issue().await.unwrap();
    assert_eq!(issued.credential.secret().unwrap().expose(), "token-1");
    assert_eq!(issued.expires_at, Some(UnixMs(5000)));
    assert_eq!(peer.asked.lock().unwrap()[0].uri(), "http://169.254.169.254/token");
}

#[tokio::test]
async fn failures_come_back_without_secrets() {
    let fail = |step: fn() -> LoginStep, peer: Peer| async move {
        let login = scripted(move |at, input, _| match (at, input) {
            (0, _) => step(),
            (_, LoginInput::Failed(why)) => LoginStep::Fail(why),
            (at, input) => panic!("{at}: {input:?}"),
        });
        LoginIssuer::new(login, Arc::new(peer), still()).issue().await.unwrap_err().to_string()
    };
    let refused = fail(post, Peer::default()).await;
    assert_eq!(refused, "no credential: no connection to the upstream");
    let large = fail(post, Peer { answer: Some(vec![0; MAX_BYTES + 1]), ..Peer::default() }).await;
    assert!(large.contains("larger than allowed"), "{large}");
    let missing = fail(|| LoginStep::Read("/nowhere/at-all".into()), Peer::default()).await;
    assert!(missing.contains("cannot read `/nowhere/at-all`"), "{missing}");
    if !cfg!(feature = "aws") {
        let chain = fail(|| LoginStep::AwsChain { profile: None, region: None }, Peer::default()).await;
        assert!(chain.contains("without the feature `aws`"), "{chain}");
    }
}

#[tokio::test]
async fn a_strangers_login_gets_nothing_of_this_machine() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_owned();
    for begin in [LoginStep::Read(path), LoginStep::AwsChain { profile: None, region: None }] {
        let begin = Mutex::new(Some(begin));
        let login = scripted(move |_, input, _| match input {
            LoginInput::Begin => begin.lock().unwrap().take().unwrap(),
            LoginInput::Failed(why) => LoginStep::Fail(why),
            _ => panic!("something was given"),
        });
        let issuer = LoginIssuer::new(login, Arc::new(Peer::default()), still()).of_a_stranger();
        let error = issuer.issue().await.unwrap_err().to_string();
        assert!(error.contains("not for this login"), "{error}");
    }
}

#[tokio::test]
async fn a_large_file_is_not_read() {
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(MAX_BYTES as u64 + 1).unwrap();
    let path = file.path().to_owned();
    let login = scripted(move |at, input, _| match (at, input) {
        (0, _) => LoginStep::Read(path.clone()),
        (_, LoginInput::Failed(why)) => LoginStep::Fail(why),
        (at, _) => panic!("{at}"),
    });
    let error = LoginIssuer::new(login, Arc::<Peer>::default(), still()).issue().await.unwrap_err();
    assert!(error.to_string().contains("larger than 1 MiB"), "{error}");
}

#[tokio::test]
async fn an_endless_login_ends() {
    let steps = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&steps);
    let login = scripted(move |_, _, _| {
        counted.fetch_add(1, Ordering::SeqCst);
        post()
    });
    let error = LoginIssuer::new(login, Arc::<Peer>::default(), still()).issue().await.unwrap_err();
    assert!(error.to_string().contains("within 16 steps"), "{error}");
    assert_eq!(steps.load(Ordering::SeqCst), MAX_STEPS);
}

#[tokio::test(start_paused = true)]
async fn a_silent_login_ends() {
    struct Silent;
    impl HttpService for Silent {
        fn call(
            &self,
            _: Request<Bytes>,
            _: CallOptions,
        ) -> BoxFuture<'_, Result<Response<Body>, TransportError>> {
            Box::pin(std::future::pending())
        }
    }
    let error =
        LoginIssuer::new(scripted(|_, _, _| post()), Arc::new(Silent), still()).issue().await.unwrap_err();
    assert!(error.to_string().contains("more than a minute"), "{error}");
}

#[tokio::test]
async fn a_source_logs_in_once_and_again_before_the_end() {
    let now = Arc::new(AtomicI64::new(0));
    let told = Arc::clone(&now);
    let clock: Clock = Arc::new(move || UnixMs(told.load(Ordering::SeqCst)));
    let login = scripted(|at, input, now| match (at, input) {
        (0, _) => post(),
        (_, LoginInput::Answer(_)) => done(&format!("token at {}", now.0), now.0 + 1000),
        (at, _) => panic!("{at}"),
    });
    let peer = Arc::new(Peer { answer: Some(Vec::new()), ..Peer::default() });
    let source = login_source(login, Arc::clone(&peer) as _, clock);
    assert_eq!(peer.asked.lock().unwrap().len(), 0, "nothing before it is needed");
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let source = Arc::clone(&source);
        callers
            .spawn(async move { source.credential().await.unwrap().secret().unwrap().expose().to_owned() });
    }
    assert!(callers.join_all().await.iter().all(|token| token == "token at 0"));
    assert_eq!(peer.asked.lock().unwrap().len(), 1, "one flight for all");
    now.store(799, Ordering::SeqCst);
    assert_eq!(source.credential().await.unwrap().secret().unwrap().expose(), "token at 0");
    now.store(800, Ordering::SeqCst);
    assert_eq!(source.credential().await.unwrap().secret().unwrap().expose(), "token at 800");
}
