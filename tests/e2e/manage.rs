//! `keys`, `teams`, `users` and `models` against a server that answers in LiteLLM's shapes: what is asked, what is printed.

mod keys;
mod refusals;
mod spend;
mod tenants;

use std::process::Output;

use serde_json::{Value, json};
use wiremock::matchers::{body_json, header, method, path};
use wiremock::{Match, Mock, MockServer, Request, ResponseTemplate};

use crate::process::command;

const HASH: &str = "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b";

/// A server, and a command that is asked to manage it.
struct Scene {
    server: MockServer,
}

impl Scene {
    async fn new() -> Self {
        Self { server: MockServer::start().await }
    }

    /// Answers a request once. What is never asked for fails the test.
    async fn answers(&self, matches: impl Match + 'static, verb: &str, status: u16, answer: Value) {
        let response = ResponseTemplate::new(status).set_body_json(answer);
        let mock = Mock::given(method(verb)).and(matches).and(header("authorization", "Bearer sk-boss"));
        mock.respond_with(response).expect(1).mount(&self.server).await;
    }

    async fn gets(&self, at: &str, query: &[(&str, &str)], answer: Value) {
        self.answers(Asked::new(at, query), "GET", 200, answer).await;
    }

    async fn posts(&self, at: &str, body: &Value, answer: Value) {
        self.answers(Both(path(at), body_json(body)), "POST", 200, answer).await;
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let environment = [("LLM_GATEWAY_URL", self.server.uri()), ("LLM_GATEWAY_KEY", "sk-boss".to_owned())];
        command().envs(environment).args(arguments).output().unwrap()
    }

    /// What a command that succeeds prints, on standard output and standard error.
    fn tells(&self, arguments: &[&str]) -> (String, String) {
        let Output { status, stdout, stderr } = self.run(arguments);
        let (out, err) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
        assert!(status.success(), "{arguments:?}: {err}");
        (out, err)
    }
}

/// An address with exactly these pairs beside those of the page.
struct Asked {
    path: String,
    query: Vec<(String, String)>,
}

impl Asked {
    fn new(path: &str, query: &[(&str, &str)]) -> Self {
        let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self { path: path.to_owned(), query: query.collect() }
    }
}

impl Match for Asked {
    fn matches(&self, request: &Request) -> bool {
        let usual =
            [("page", "1"), ("size", "50"), ("size", "100"), ("page_size", "50"), ("page_size", "100")];
        let mut pairs: Vec<_> = request.url.query_pairs().into_owned().collect();
        pairs.retain(|(name, value)| !usual.contains(&(name.as_str(), value.as_str())));
        request.url.path() == self.path && pairs == self.query
    }
}

struct Both<A, B>(A, B);

impl<A: Match, B: Match> Match for Both<A, B> {
    fn matches(&self, request: &Request) -> bool {
        self.0.matches(request) && self.1.matches(request)
    }
}

fn key() -> Value {
    json!({
        "token": HASH, "key_name": "sk-...1234", "key_alias": "ci", "team_id": "t-1", "user_id": null,
        "models": ["gpt-4o", "a", "b", "c"], "spend": 0.25, "max_budget": 10.5, "expires": "2026-12-01T08:15:30.123Z",
        "blocked": true, "metadata": {},
    })
}

fn page(keys: &[Value], page: u64, pages: u64, total: u64) -> Value {
    json!({"keys": keys, "total_count": total, "current_page": page, "total_pages": pages})
}
