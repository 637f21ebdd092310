//! `keys`, `teams`, `users` and `models` against a server that answers in LiteLLM's shapes: what is asked, what is printed.

use std::process::Output;

use serde_json::{Value, json};
use wiremock::matchers::{body_json, header, method, path, query_param};
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_made_of_all_that_is_said_and_shown_once() {
    let scene = Scene::new().await;
    scene.gets("/v2/team/list", &[("team_id", "platform")], json!({"teams": [], "total": 0})).await;
    let teams = json!({"teams": [
        {"team_id": "t-2", "team_alias": "platform-old"}, {"team_id": "t-1", "team_alias": "platform"},
    ], "total": 2, "total_pages": 1});
    scene.gets("/v2/team/list", &[("team_alias", "platform")], teams).await;
    let body = json!({
        "key_alias": "ci", "team_id": "t-1", "duration": "30d", "key_type": "llm_api", "max_budget": 10.25,
        "budget_duration": "30d", "rpm_limit": 5, "tpm_limit": 1000, "max_parallel_requests": 2,
        "model_rpm_limit": {"gpt-4o": 1}, "models": ["gpt-4o", "claude-*"], "allowed_routes": ["/v1/*"],
        "allowed_ips": ["10.0.0.0/8"], "metadata": {"a": 1}, "tags": ["x", "y"], "soft_budget": null, "note": "as it is",
    });
    let answer = json!({"key": "sk-new-plain-key", "token": HASH, "token_id": HASH, "key_name": "sk-...-key",
        "key_alias": "ci", "models": ["gpt-4o", "claude-*"], "user_id": null, "spend": 0.0});
    scene.posts("/key/generate", &body, answer).await;
    let (out, err) = scene.tells(&[
        "keys",
        "create",
        "--alias",
        "ci",
        "--team",
        "platform",
        "--duration",
        "30d",
        "--key-type",
        "llm_api",
        "--max-budget",
        "10.25",
        "--budget-duration",
        "30d",
        "--rpm",
        "5",
        "--tpm",
        "1000",
        "--max-parallel",
        "2",
        "--model-rpm",
        r#"{"gpt-4o":1}"#,
        "--models",
        "gpt-4o,claude-*",
        "--allowed-routes",
        "/v1/*",
        "--allowed-ips",
        "10.0.0.0/8",
        "--metadata",
        r#"{"a":1}"#,
        "--tags",
        "x,y",
        "--set",
        "soft_budget=null",
        "--set",
        "note=as it is",
    ]);
    assert_eq!(out.matches("sk-new-plain-key").count(), 1, "{out}");
    assert!(out.ends_with("\n\nsk-new-plain-key\n"), "{out}");
    assert!(out.contains("key_alias  ci\n") && out.contains("models     gpt-4o, claude-*\n"), "{out}");
    assert!(!out.contains("user_id"), "what says nothing is left out: {out}");
    assert_eq!(err, "The key is not shown again: keep it now.\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_key_for_scripts() {
    let scene = Scene::new().await;
    let answer = json!({"key": "sk-new-plain-key", "token": HASH});
    scene.posts("/key/generate", &json!({}), answer.clone()).await;
    assert_eq!(scene.tells(&["keys", "create", "-q"]).0, "sk-new-plain-key\n");
    scene.server.reset().await;
    scene.posts("/key/generate", &json!({}), answer.clone()).await;
    let (out, err) = scene.tells(&["keys", "create", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), answer);
    assert!(err.contains("not shown again"), "{err}");
    scene.server.reset().await;
    let body = json!({"key": HASH, "grace_period": "24h"});
    scene.posts("/key/regenerate", &body, answer).await;
    assert_eq!(
        scene.tells(&["keys", "rotate", "sk-1234", "--grace-period", "24h", "-q"]).0,
        "sk-new-plain-key\n"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_listed_by_pages() {
    let scene = Scene::new().await;
    let full = ("return_full_object", "true");
    scene.gets("/key/list", &[full], page(&[key()], 1, 3, 3)).await;
    let (out, err) = scene.tells(&["keys", "list"]);
    let lines: Vec<Vec<&str>> = out.lines().map(|line| line.split_whitespace().collect()).collect();
    let titles = ["KEY", "NAME", "TEAM", "USER", "MODELS", "SPENT", "BUDGET", "EXPIRES", "STATE"];
    assert_eq!(lines[0], titles, "{out}");
    let cells = [
        "ci",
        "sk-...1234",
        "t-1",
        "-",
        "gpt-4o,",
        "a,",
        "b",
        "+1",
        "$0.25",
        "$10.5",
        "2026-12-01",
        "08:15",
        "blocked",
    ];
    assert_eq!(lines[1], cells, "{out}");
    assert_eq!(err, "1 of 3; `--page N` shows others, `--all` all\n");

    scene.server.reset().await;
    for number in 1..=3_u64 {
        let mut one = key();
        one["token"] = json!(format!("hash-{number}"));
        let asked = Both(path("/key/list"), query_param("page", number.to_string()));
        let asked = Both(asked, query_param("size", "100"));
        scene.answers(asked, "GET", 200, page(&[one], number, 3, 3)).await;
    }
    assert_eq!(
        scene.tells(&["keys", "list", "--all", "-q"]),
        ("hash-1\nhash-2\nhash-3\n".into(), String::new())
    );

    scene.server.reset().await;
    let asked = [
        full,
        ("team_id", "t-1"),
        ("key_alias", "a b&c"),
        ("include_team_keys", "true"),
        ("sort_by", "spend"),
        ("sort_order", "desc"),
    ];
    let found = json!({"teams": [{"team_id": "t-1"}]});
    scene.gets("/v2/team/list", &[("team_id", "t-1")], found).await;
    scene.gets("/key/list", &asked, page(&[], 1, 0, 0)).await;
    let (out, _) = scene.tells(&[
        "keys",
        "list",
        "--team",
        "t-1",
        "--alias",
        "a b&c",
        "--team-keys",
        "--sort-by",
        "spend",
        "--sort-order",
        "desc",
        "--json",
    ]);
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), page(&[], 1, 0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_go_by_alias_and_never_as_themselves() {
    let scene = Scene::new().await;
    scene.gets("/key/info", &[("key", HASH)], json!({"key": HASH, "info": key()})).await;
    let (out, _) = scene.tells(&["keys", "show", "sk-1234"]);
    assert!(out.contains("max_budget  10.5\n") && out.contains("blocked     true\n"), "{out}");
    assert!(!out.contains("user_id") && !out.contains("metadata"), "{out}");

    // The filter of the API also finds parts.
    let mut other = key();
    other["key_alias"] = json!("ci-old");
    let by_alias = [("key_alias", "ci"), ("return_full_object", "true")];
    scene.gets("/key/list", &by_alias, page(&[other, key()], 1, 1, 2)).await;
    scene.posts("/key/block", &json!({"key": HASH}), key()).await;
    assert_eq!(scene.tells(&["keys", "block", "ci"]).0, "ci blocked\n");

    scene.server.reset().await;
    scene.posts("/key/delete", &json!({"keys": [HASH]}), json!({"deleted_keys": [HASH]})).await;
    assert_eq!(scene.tells(&["keys", "delete", "sk-1234"]).0, format!("deleted {HASH}\n"));
    scene.posts("/key/update", &json!({"key": HASH, "max_budget": null, "models": ["a"]}), key()).await;
    scene.tells(&["keys", "update", HASH, "--set", "max_budget=null", "--models", "a"]);

    for (keys, word) in [(vec![], "no key"), (vec![key(), key()], "several keys")] {
        scene.server.reset().await;
        scene.gets("/key/list", &by_alias, page(&keys, 1, 1, keys.len() as u64)).await;
        let output = scene.run(&["keys", "unblock", "ci"]);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(told.contains(word) && told.contains("\"ci\""), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn teams_and_their_members() {
    let scene = Scene::new().await;
    let team = json!({"team_id": "t-1", "team_alias": "platform", "members_with_roles": [
        {"role": "admin", "user_id": "anna"}, {"role": "user", "user_id": null, "user_email": "bob@example.com"},
    ], "models": [], "spend": 1.5, "max_budget": null, "blocked": false});
    let body = json!({"team_alias": "platform", "max_budget": 100, "team_member_budget": 5,
        "members_with_roles": [{"role": "admin", "user_id": "anna"}, {"role": "user", "user_email": "bob@example.com"}]});
    scene.posts("/team/new", &body, team.clone()).await;
    let (out, _) = scene.tells(&[
        "teams",
        "create",
        "--alias",
        "platform",
        "--max-budget",
        "100",
        "--team-member-budget",
        "5",
        "--admin",
        "anna",
        "--member",
        "bob@example.com",
    ]);
    let members = "role admin, user_id anna; role user, user_email bob@example.com\n";
    assert!(out.contains("team_alias") && out.contains(members), "{out}");

    scene.gets("/v2/team/list", &[], json!({"teams": [team], "total": 1, "page": 1, "total_pages": 1})).await;
    let (out, err) = scene.tells(&["teams", "list"]);
    let row: Vec<&str> = out.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!((row, &*err), (vec!["platform", "t-1", "-", "2", "-", "$1.5", "-", "-"], ""), "{out}");

    let by_id = json!({"teams": [{"team_id": "t-1"}], "total": 1, "total_pages": 1});
    for (arguments, path, body, told) in [
        (vec!["block", "t-1"], "/team/block", json!({"team_id": "t-1"}), "t-1 blocked\n"),
        (vec!["unblock", "t-1"], "/team/unblock", json!({"team_id": "t-1"}), "t-1 serves again\n"),
        (vec!["delete", "t-1"], "/team/delete", json!({"team_ids": ["t-1"]}), "deleted t-1\n"),
        (
            vec!["add-member", "t-1", "bob@example.com", "--role", "admin", "--max-budget", "3.5"],
            "/team/member_add",
            json!({"team_id": "t-1", "member": {"role": "admin", "user_email": "bob@example.com"},
                "max_budget_in_team": 3.5}),
            "bob@example.com is in t-1\n",
        ),
        (
            vec!["remove-member", "t-1", "anna"],
            "/team/member_delete",
            json!({"team_id": "t-1", "user_id": "anna"}),
            "anna is no longer in t-1\n",
        ),
    ] {
        scene.server.reset().await;
        scene.gets("/v2/team/list", &[("team_id", "t-1")], by_id.clone()).await;
        scene.posts(path, &body, json!({})).await;
        assert_eq!(scene.tells(&[&["teams"], &arguments[..]].concat()).0, told);
    }

    scene.server.reset().await;
    scene.gets("/v2/team/list", &[("team_id", "t-1")], by_id).await;
    let info = json!({"team_id": "t-1", "team_info": {"team_id": "t-1", "team_alias": "platform", "models": []},
        "keys": [{"key_alias": "ci", "key_name": "sk-...1"}, {"key_alias": null, "key_name": "sk-...2"}]});
    scene.gets("/team/info", &[("team_id", "t-1")], info).await;
    assert_eq!(
        scene.tells(&["teams", "show", "t-1"]).0,
        "team_id     t-1\nteam_alias  platform\nkeys        ci, sk-...2\n"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_with_and_without_a_key() {
    let scene = Scene::new().await;
    let user = json!({"user_id": "u-1", "user_email": "anna@example.com", "user_role": "internal_user", "key": "",
        "teams": ["t-1"], "spend": 0});
    let body =
        json!({"user_email": "anna@example.com", "user_role": "internal_user", "auto_create_key": false});
    scene.posts("/user/new", &body, user.clone()).await;
    let create = ["users", "create", "--email", "anna@example.com", "--role", "internal_user"];
    assert_eq!(scene.tells(&[&create[..], &["-q"]].concat()), ("u-1\n".into(), String::new()));

    scene.server.reset().await;
    let mut with_key = user.clone();
    with_key["key"] = json!("sk-of-annas");
    let body = json!({"user_id": "u-1", "auto_create_key": true});
    scene.posts("/user/new", &body, with_key).await;
    let (out, err) = scene.tells(&["users", "create", "--id", "u-1", "--with-key"]);
    assert!(out.ends_with("\n\nsk-of-annas\n") && err.contains("not shown again"), "{out}{err}");

    scene.server.reset().await;
    scene.gets("/user/list", &[("user_ids", "anna@example.com")], json!({"users": [], "total": 0})).await;
    let found = json!({"users": [user], "total": 1, "total_pages": 1});
    scene.gets("/user/list", &[("user_email", "anna@example.com")], found).await;
    let info = json!({"user_id": "u-1", "user_info": {"user_id": "u-1", "teams": ["t-1"]},
        "teams": [{"team_alias": "platform", "team_id": "t-1"}], "keys": [{"key_name": "sk-...1"}]});
    scene.gets("/user/info", &[("user_id", "u-1")], info).await;
    assert_eq!(
        scene.tells(&["users", "show", "anna@example.com"]).0,
        "user_id  u-1\nteams    platform\nkeys     sk-...1\n"
    );
    scene
        .posts(
            "/user/update",
            &json!({"user_id": "u-1", "max_budget": 5}),
            json!({"user_id": "u-1", "data": {}}),
        )
        .await;
    scene.tells(&["users", "update", "u-1", "--max-budget", "5"]);
    scene.posts("/user/delete", &json!({"user_ids": ["u-1"]}), json!(1)).await;
    assert_eq!(scene.tells(&["users", "delete", "u-1"]).0, "deleted u-1\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn models_beside_those_of_the_file() {
    let scene = Scene::new().await;
    let body = json!({"model_name": "fast", "litellm_params": {"model": "openai/gpt-4o-mini", "api_base":
        "https://example.com/v1", "api_key": "os.environ/OPENAI_API_KEY", "temperature": 0, "region_name": "eu"},
        "model_info": {"mode": "chat"}});
    scene.posts("/model/new", &body, json!({"model_id": "m-1", "model_info": {"id": "m-1"}})).await;
    let (out, _) = scene.tells(&[
        "models",
        "add",
        "fast",
        "openai/gpt-4o-mini",
        "--api-base",
        "https://example.com/v1",
        "--api-key",
        "os.environ/OPENAI_API_KEY",
        "-p",
        "temperature=0",
        "-p",
        "region_name=eu",
        "-i",
        "mode=chat",
    ]);
    assert_eq!(out, "fast is served by openai/gpt-4o-mini as m-1\n");

    let one = |id: &str, name: &str, added: bool| {
        json!({"model_name": name, "litellm_params": {"model": "openai/gpt-4o-mini"}, "model_info": {"id": id,
            "db_model": added}})
    };
    let all = json!({"data": [one("m-1", "fast", true), one("m-2", "slow", false)], "total_count": 2});
    scene.gets("/v2/model/info", &[], all).await;
    let (out, _) = scene.tells(&["models", "list"]);
    let rows: Vec<Vec<&str>> = out.lines().skip(1).map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["fast", "openai/gpt-4o-mini", "-", "api", "-", "m-1"], "{out}");
    assert_eq!(rows[1][3], "file", "{out}");

    scene.server.reset().await;
    scene.gets("/v2/model/info", &[("modelId", "fast")], json!({"data": []})).await;
    scene.gets("/v2/model/info", &[("model", "fast")], json!({"data": [one("m-1", "fast", true)]})).await;
    let body = json!({"litellm_params": {"rpm": 5}, "model_name": "faster"});
    let changes = Both(path("/model/m%2D1/update"), body_json(&body));
    scene.answers(changes, "PATCH", 200, json!({})).await;
    let (out, _) = scene.tells(&["models", "update", "fast", "--rpm", "5", "--name", "faster"]);
    assert_eq!(out, "changed fast\n");

    scene.server.reset().await;
    scene.gets("/v2/model/info", &[("modelId", "m-2")], json!({"data": [one("m-2", "slow", false)]})).await;
    let output = scene.run(&["models", "delete", "m-2"]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && told.contains("configuration file"), "{told}");

    scene.server.reset().await;
    scene.gets("/v2/model/info", &[("modelId", "fast")], json!({"data": []})).await;
    let two = json!({"data": [one("m-1", "fast", true), one("m-3", "fast", true)]});
    scene.gets("/v2/model/info", &[("model", "fast")], two).await;
    let output = scene.run(&["models", "delete", "fast"]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && told.contains("m-1, m-3"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_gateway_refuses_is_told() {
    let scene = Scene::new().await;
    let refusal = json!({"error": {"message": "models is not yours to set", "type": "permission_denied",
        "param": "models", "code": "not_allowed"}});
    scene.answers(path("/key/generate"), "POST", 403, refusal.clone()).await;
    let output = scene.run(&["keys", "create", "--json"]);
    assert_eq!(output.status.code(), Some(1), "the answer is no");
    assert_eq!(serde_json::from_slice::<Value>(&output.stdout).unwrap(), refusal);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(told, "error: 403 Forbidden, not_allowed: models is not yours to set\n");

    scene.server.reset().await;
    scene.answers(path("/user/new"), "POST", 503, json!({"error": {"message": "away"}})).await;
    let output = scene.run(&["users", "create"]);
    assert_eq!(output.status.code(), Some(2), "there is no answer");
    assert!(output.stdout.is_empty());

    let ignored = ResponseTemplate::new(200).insert_header("x-llm-gateway-ignored", "colour, size");
    let ignored = ignored.set_body_json(json!({"team_id": "t-1"}));
    Mock::given(path("/team/new")).respond_with(ignored).mount(&scene.server).await;
    let (out, err) = scene.tells(&["teams", "create", "--set", "colour=red", "-q"]);
    assert_eq!((&*out, &*err), ("t-1\n", "warning: the gateway made nothing of colour, size\n"));
}

#[test]
fn nobody_there_and_nothing_meant() {
    for (arguments, word) in [
        (
            &["keys", "list", "--url", "http://127.0.0.1:9"][..],
            "cannot ask the gateway at http://127.0.0.1:9: ",
        ),
        (&["keys", "list", "--url", "nowhere/at all"], "no address"),
        (&["keys", "create", "--key", "a\nb"], "no text for a header"),
        (&["keys", "update", "k", "--url", "http://127.0.0.1:9"], "nothing is said to change"),
        (&["teams", "update", "t", "--url", "http://127.0.0.1:9"], "nothing is said to change"),
        (&["users", "update", "u", "--url", "http://127.0.0.1:9"], "nothing is said to change"),
        (&["models", "update", "m", "--url", "http://127.0.0.1:9"], "nothing is said to change"),
    ] {
        let output = crate::process::run(arguments);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {told}");
        assert!(told.contains(word), "{arguments:?}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_spent_is_told() {
    let scene = Scene::new().await;
    let sums = |spend: Value| {
        json!({
            "spend": spend, "list_cost": 3, "requests": 4, "failed_requests": 1, "estimated_requests": 0,
            "prompt_tokens": 100, "completion_tokens": 10,
        })
    };
    let line = |team: &str, alias: Value, spend: Value| {
        let mut line = json!({"team": team, "team_alias": alias, "month": "2026-11"});
        line.as_object_mut().unwrap().extend(sums(spend).as_object().unwrap().clone());
        line
    };
    let answer = json!({
        "results": [line("t-1", json!("search"), json!(1.25)), line("t-2", Value::Null, json!(0.000000001))],
        "total": sums(json!(1.250000001)),
        "has_more": true,
    });
    let query = [
        ("user", "anna"),
        ("start_date", "2026-11-01"),
        ("end_date", "2026-11-30"),
        ("by", "team,month"),
        ("limit", "2"),
    ];
    scene.gets("/spend/summary", &query, answer.clone()).await;
    let arguments = [
        "spend",
        "--by",
        "team,month",
        "--from",
        "2026-11-01",
        "--to",
        "2026-11-30",
        "--user",
        "anna",
        "--limit",
        "2",
    ];
    let (out, err) = scene.tells(&arguments);
    let lines: Vec<Vec<&str>> = out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0][..3], ["TEAM", "MONTH", "SPEND"]);
    assert_eq!(lines[1][..4], ["search", "2026-11", "$1.25", "4"]);
    assert_eq!(lines[3][..3], ["all", "$1.250000001", "4"]);
    assert!(err.contains("there are more"), "{err}");
    scene.server.reset().await;

    scene.gets("/spend/summary", &query, answer.clone()).await;
    let (out, _) = scene.tells(&[&arguments[..], &["--csv"]].concat());
    assert_eq!(
        out,
        "team,month,spend,list_cost,requests,failed_requests,prompt_tokens,completion_tokens\n\
         t-1,2026-11,1.25,3,4,1,100,10\n\
         t-2,2026-11,1e-9,3,4,1,100,10\n"
    );
    scene.server.reset().await;
    scene.gets("/spend/summary", &query, answer.clone()).await;
    let (out, _) = scene.tells(&[&arguments[..], &["--json"]].concat());
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), answer);
    assert_eq!(scene.run(&["spend", "--last", "never"]).status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_of_the_ledger_are_listed() {
    let scene = Scene::new().await;
    let row = json!({
        "request_id": "r1", "leg": 1, "litellm_call_id": null, "leg_status": "cut", "startTime": "2026-11-22T08:15:30Z",
        "model_group": "gpt-4o", "model_id": "d1", "total_tokens": 12, "spend": 0.5, "user": "a,b",
    });
    let query = [("api_key", HASH), ("leg_status", "cut"), ("sort_by", "spend")];
    let answer = json!({"data": [row], "total": 3, "page": 1, "page_size": 50, "total_pages": 1});
    scene.gets("/spend/logs/v2", &query, answer.clone()).await;
    let arguments = ["spend", "logs", "--of-key", HASH, "--status", "cut", "--sort-by", "spend"];
    let (out, err) = scene.tells(&arguments);
    let last: Vec<&str> = out.lines().last().unwrap().split_whitespace().collect();
    assert_eq!(last, ["2026-11-22", "08:15", "r1", "1", "cut", "gpt-4o", "d1", "12", "$0.5"]);
    assert_eq!(err, "1 of 3\n");
    scene.server.reset().await;
    scene.gets("/spend/logs/v2", &query, answer).await;
    let (out, _) = scene.tells(&[&arguments[..], &["--csv"]].concat());
    assert_eq!(out.lines().last().unwrap(), r#"r1,1,,cut,2026-11-22T08:15:30Z,,,"a,b",,,,gpt-4o,,,,,0.5"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_is_repriced_and_checked() {
    let scene = Scene::new().await;
    let asked = |after: Value| json!({"start_date": "2026-11-01", "end_date": null, "model": "gpt-4o", "dry_run": true, "after": after});
    let told = |entries: u64, before: Value, after: Value| {
        json!({
            "entries": entries, "adjusted": 1, "unpriced": 2, "spend_before": before, "spend_after": 0.2,
            "dry_run": true, "after": after,
        })
    };
    scene.posts("/spend/reprice", &asked(Value::Null), told(5, json!(0.1), json!("r1:0"))).await;
    scene.posts("/spend/reprice", &asked(json!("r1:0")), told(6, json!(0.2), Value::Null)).await;
    let (out, _) =
        scene.tells(&["spend", "reprice", "--from", "2026-11-01", "--model", "gpt-4o", "--dry-run"]);
    assert_eq!(
        out,
        "2 of 11 entries would cost another amount: $0.3 before, $0.4 after; of 4 no price is known\n"
    );

    let from = json!({"start_date": "2026-11-01"});
    scene.posts("/spend/check", &from, json!({"ok": true, "count": 0, "mismatches": []})).await;
    let (out, _) = scene.tells(&["spend", "check", "--from", "2026-11-01"]);
    assert_eq!(out, "All sums are those of the entries\n");
    let mismatch = json!({
        "kind": "day", "dimension": "team", "id": "t-1", "day": "2026-11-01", "model": "gpt-4o",
        "entries": {"spend": 0.5}, "sums": {"spend": 0.25},
    });
    let wrong = json!({"ok": false, "count": 1, "mismatches": [mismatch]});
    scene.posts("/spend/check", &json!({"start_date": null}), wrong).await;
    let output = scene.run(&["spend", "check"]);
    assert_eq!(output.status.code(), Some(1));
    let out = String::from_utf8(output.stdout).unwrap();
    let last: Vec<&str> = out.lines().last().unwrap().split_whitespace().collect();
    assert_eq!(last, ["team", "t-1", "2026-11-01", "gpt-4o", "$0.5", "$0.25"]);
}
