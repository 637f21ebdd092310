//! What opens the data plane, and what does not.

use llm_gateway::routes::{ROUTES, RouteDoc};
use serde_json::{Value, json};

use super::{MASTER, ask, chats, config, key, manage, refused};
use crate::client::{connect, send};
use crate::process::Gateway;

/// Routes that nobody needs a key for: what says that the process is there, and what it can do.
const OPEN: [&str; 10] = [
    "/",
    "/api/version",
    "/health/liveliness",
    "/health/liveness",
    "/health/readiness",
    "/openapi.json",
    "/docs",
    "/docs/",
    "/docs/docs.css",
    "/docs/docs.js",
];

/// Routes of the gateway's own: method, path, and what they answer to an admin and to an admin who only looks.
const OWN: [(&str, &str, u16, u16); 5] = [
    ("GET", "/health", 200, 403),
    ("GET", "/health/latest", 200, 200),
    ("GET", "/metrics", 200, 200),
    ("GET", "/provider/budgets", 200, 200),
    ("POST", "/config/reload", 200, 403),
];

/// Every other route, with an address for `main`: whatever is added to the table is asked.
fn requests(method: &str) -> Vec<(&'static str, String)> {
    let is_other = |doc: &&RouteDoc| {
        doc.method == method && !OPEN.contains(&doc.path) && OWN.iter().all(|(_, path, ..)| doc.path != *path)
    };
    let filled = |path: &str| {
        let at =
            |open: &str, filling: &str| path.find(open).map(|place| format!("{}{filling}", &path[..place]));
        match path {
            "/openai/deployments/{*call}" | "/engines/{*call}" => at("{*", "main/chat/completions"),
            "/v1beta1/{*call}" | "/v1/projects/{*call}" => {
                at("{*", "p/locations/l/publishers/google/models/main:generateContent")
            }
            path if path.contains("{*") && method == "GET" => at("{*", "main"),
            path if path.contains("{*") => at("{*", "main:generateContent"),
            path => Some(path.replace("{model}", "main")),
        }
    };
    ROUTES.iter().filter(is_other).map(|doc| (doc.path, filled(doc.path).unwrap())).collect()
}

/// A body that any of them takes so far that its model is known.
fn body() -> Value {
    json!({
        "model": "main",
        "messages": [{"role": "user", "content": "Hello"}],
        "input": "Hello",
        "prompt": "Hello",
        "query": "Hello",
        "documents": ["a", "b"],
        "max_tokens": 10,
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_refuses_every_key_that_does_not_open_it() {
    let gateway = Gateway::start(&config());
    let blocked = key(&gateway, &json!({})).await;
    manage(&gateway, "/key/block", &json!({"key": blocked})).await;
    let expired = key(&gateway, &json!({"duration": "1s"})).await;
    let of_blocked_team = {
        let team = manage(&gateway, "/team/new", &json!({"team_alias": "t"})).await["team_id"].clone();
        let made = key(&gateway, &json!({"team_id": team})).await;
        manage(&gateway, "/team/block", &json!({"team_id": team})).await;
        made
    };
    let deleted = key(&gateway, &json!({})).await;
    manage(&gateway, "/key/delete", &json!({"keys": [deleted]})).await;
    let foreign = key(&gateway, &json!({"models": ["other"]})).await;
    let elsewhere = key(&gateway, &json!({"allowed_ips": ["203.0.113.7"]})).await;
    let looks = key(&gateway, &json!({"allowed_routes": ["info_routes"]})).await;
    let manages = key(&gateway, &json!({"allowed_routes": ["/key/list"]})).await;
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let (asking, looking) = (requests("POST"), requests("GET"));
    assert_eq!(asking.len() + looking.len() + OPEN.len() + OWN.len(), ROUTES.len());
    let closed = [
        ("blocked", blocked.as_str(), 401),
        ("of a blocked team", &of_blocked_team, 401),
        ("expired", &expired, 401),
        ("deleted", &deleted, 401),
        ("unknown", "sk-never-made", 401),
        ("from elsewhere", &elsewhere, 403),
    ];
    for (template, path) in looking {
        for (what, key, status) in closed.into_iter().chain([("for another route", manages.as_str(), 403)]) {
            let (told, answer) = ask(&gateway, key, "GET", &path, &Value::Null).await;
            assert_eq!(told, status, "{template}, a key that is {what}: {answer}");
        }
        let (_, seen) = ask(&gateway, &foreign, "GET", &path, &Value::Null).await;
        assert!(!seen.to_string().contains("I am main"), "{template}: {seen}");
        let listed = seen.to_string().contains("\"main\"") && !template.contains('{');
        assert!(!listed, "{template} tells of models that the key may not call: {seen}");
    }
    for (template, path) in asking {
        let others = [("of another model", foreign.as_str(), 403), ("for another route", &looks, 403)];
        for (what, key, status) in closed.into_iter().chain(others) {
            // Amazon's clients are told of keys that are not known by 403.
            let status = if template.contains("/converse") { 403 } else { status };
            let (told, answer) = ask(&gateway, key, "POST", &path, &body()).await;
            assert_eq!(told, status, "{template}, a key that is {what}: {answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_open_what_they_may() {
    let gateway = Gateway::start(&config());
    let bounded = key(
        &gateway,
        &json!({"models": ["main"], "allowed_ips": ["127.0.0.0/8"], "allowed_routes": ["llm_api_routes"]}),
    )
    .await;
    assert_eq!(chats(&gateway, &bounded, "main").await, (200, None));
    assert_eq!(chats(&gateway, &bounded, "other").await, refused(403, "key_model_access_denied"));
    // A name that nothing stands behind is not in the list either.
    assert_eq!(chats(&gateway, &bounded, "nothing").await, refused(403, "key_model_access_denied"));
    let all = key(&gateway, &json!({})).await;
    assert_eq!(chats(&gateway, &all, "nothing").await, refused(404, "model_not_found"));
    let (_, listed) = ask(&gateway, &bounded, "GET", "/v1/models", &Value::Null).await;
    let names: Vec<&str> =
        listed["data"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!(names, ["main"]);
    assert_eq!(ask(&gateway, &bounded, "GET", "/v1/models/other", &Value::Null).await.0, 403);

    let aliased = key(&gateway, &json!({"models": ["main"], "aliases": {"quick": "main"}})).await;
    let (status, answer) =
        ask(&gateway, &aliased, "POST", "/v1/chat/completions", &super::chat("quick")).await;
    assert_eq!((status, &answer["choices"][0]["message"]["content"]), (200, &json!("I am main")));

    let by_vendor = key(&gateway, &json!({"allowed_vendors": ["openai"]})).await;
    assert_eq!(chats(&gateway, &by_vendor, "main").await, refused(403, "key_model_access_denied"));
    let of_mock = key(&gateway, &json!({"allowed_vendors": ["mock"]})).await;
    assert_eq!(chats(&gateway, &of_mock, "main").await, (200, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_hold_when_they_are_answered() {
    let gateway = Gateway::start(&config());
    let made = key(&gateway, &json!({})).await;
    for _ in 0..5 {
        assert_eq!(chats(&gateway, &made, "main").await, (200, None));
        manage(&gateway, "/key/block", &json!({"key": made})).await;
        assert_eq!(chats(&gateway, &made, "main").await.0, 401);
        manage(&gateway, "/key/unblock", &json!({"key": made})).await;
    }
    manage(&gateway, "/key/update", &json!({"key": made, "models": ["other"]})).await;
    assert_eq!(chats(&gateway, &made, "main").await.0, 403);
    // A new text, and a while in which the old one works too.
    let rotated = manage(&gateway, &format!("/key/{made}/regenerate"), &json!({"grace_period": "1s"})).await;
    let rotated = rotated["key"].as_str().unwrap();
    assert_eq!(chats(&gateway, rotated, "other").await, (200, None));
    assert_eq!(chats(&gateway, &made, "other").await, (200, None));
    tokio::time::sleep(std::time::Duration::from_millis(1_200)).await;
    assert_eq!(chats(&gateway, &made, "other").await.0, 401);
    assert_eq!(chats(&gateway, rotated, "other").await, (200, None));
    // A text that was tried before it was a key.
    let chosen = "sk-chosen-by-its-owner-0123";
    assert_eq!(chats(&gateway, chosen, "main").await.0, 401);
    key(&gateway, &json!({"key": chosen})).await;
    assert_eq!(chats(&gateway, chosen, "main").await, (200, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_gateways_own_is_for_its_admins() {
    let gateway = Gateway::start(&config());
    let plain = key(&gateway, &json!({})).await;
    manage(
        &gateway,
        "/user/new",
        &json!({"user_id": "boss", "user_role": "proxy_admin", "auto_create_key": false}),
    )
    .await;
    manage(
        &gateway,
        "/user/new",
        &json!({"user_id": "looks", "user_role": "proxy_admin_viewer", "auto_create_key": false}),
    )
    .await;
    let boss = key(&gateway, &json!({"user_id": "boss"})).await;
    let looks = key(&gateway, &json!({"user_id": "looks"})).await;
    for (method, path, of_boss, of_looks) in OWN {
        let asked = async |key: &str| ask(&gateway, key, method, path, &Value::Null).await.0;
        assert_eq!(
            (
                asked(MASTER).await,
                asked(&boss).await,
                asked(&looks).await,
                asked(&plain).await,
                asked("sk-none").await
            ),
            (200, of_boss, of_looks, 403, 401),
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_opened_others_opens_nothing_here() {
    let gateway = Gateway::start(&config());
    // A key that is a piece of SQL, as it stands and as a hash.
    for text in ["' OR '1'='1", "sk-' OR 1=1 --", "sk-\\' UNION SELECT * FROM keys --", "%27%20OR%201%3D1"] {
        assert_eq!(chats(&gateway, text, "main").await.0, 401, "{text}");
        let path = format!("/key/info?key={}", text.replace(' ', "%20").replace('\'', "%27"));
        assert_eq!(ask(&gateway, MASTER, "GET", &path, &Value::Null).await.0, 404, "{text}");
    }
    // A name of a host as a reason to let in.
    for host in ["localhost", "127.0.0.1:4000", "localhost/?/v1/models", "admin.internal"] {
        let text = format!(
            "GET /v1/models HTTP/1.1\r\nhost: {host}\r\nx-forwarded-for: 127.0.0.1\r\nx-forwarded-host: localhost\r\ncontent-length: 0\r\n\r\n"
        );
        let mut socket = connect(gateway.address).await;
        tokio::io::AsyncWriteExt::write_all(&mut socket, text.as_bytes()).await.unwrap();
        let mut answer = vec![0; 64];
        let read = tokio::io::AsyncReadExt::read(&mut socket, &mut answer).await.unwrap();
        let head = String::from_utf8_lossy(&answer[..read]).into_owned();
        assert!(head.starts_with("HTTP/1.1 401") || head.starts_with("HTTP/1.1 400"), "{host}: {head}");
    }
    // Paths that one reader takes for an allowed one and another does not.
    let looks = key(&gateway, &json!({"allowed_routes": ["/v1/models"]})).await;
    for path in [
        "/v1/models/../chat/completions",
        "/v1/models/%2e%2e/chat/completions",
        "/v1/models/..%2fchat%2fcompletions",
        "/v1/models;/../chat/completions",
        "/v1//models/../chat/completions",
        "/v1/models/..;/chat/completions",
        "//v1/chat/completions",
        "/v1/chat/completions?/v1/models",
        "/v1/chat/completions#/v1/models",
    ] {
        let (status, answer) = ask(&gateway, &looks, "POST", path, &super::chat("main")).await;
        assert!(status >= 400 && answer["choices"].is_null(), "{path}: {status} {answer}");
    }
    // Templates and references are texts like all others.
    let odd = json!({"key_alias": "{{7*7}}${7*7}#{7*7}", "metadata": {"note": "os.environ/HOME {{config}}"}});
    let made = key(&gateway, &odd).await;
    let (_, told) = ask(&gateway, MASTER, "GET", &format!("/key/info?key={made}"), &Value::Null).await;
    assert_eq!(told["info"]["key_alias"], odd["key_alias"]);
    assert_eq!(told["info"]["metadata"]["note"], odd["metadata"]["note"]);
    // Commands that a tenant names are run by nobody, wherever they are put.
    let folder = tempfile::tempdir().unwrap();
    let marker = folder.path().join("was-here");
    let server =
        json!({"server_name": "s", "transport": "stdio", "command": "touch", "args": [marker], "env": {}});
    let tenant = key(&gateway, &json!({})).await;
    for path in ["/v1/mcp/server", "/mcp-rest/test/connection", "/mcp-rest/test/tools/list", "/mcp"] {
        for key in [tenant.as_str(), MASTER] {
            let (status, answer) = ask(&gateway, key, "POST", path, &server).await;
            assert!(status >= 400, "{path}: {answer}");
        }
    }
    let mut asked = super::chat("main");
    asked["tools"] = json!([{"type": "mcp", "server_label": "s", "server_url": "stdio://touch", "command": "touch", "args": [marker]}]);
    ask(&gateway, &tenant, "POST", "/v1/chat/completions", &asked).await;
    assert!(!marker.exists());
    // The address that proxies tell is believed from trusted ones alone.
    let elsewhere = key(&gateway, &json!({"allowed_ips": ["203.0.113.7"]})).await;
    let bearer = format!("Bearer {elsewhere}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("x-forwarded-for", "203.0.113.7"),
        ("x-real-ip", "203.0.113.7"),
    ];
    let answer =
        send(connect(gateway.address).await, "POST", "/v1/chat/completions", &headers, &super::chat("main"))
            .await;
    assert_eq!(answer.status, 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxys_word_counts_where_it_is_trusted() {
    let mut config = config();
    config["llm_gateway"]["server"] = json!({"trusted_proxies": ["127.0.0.0/8"]});
    let gateway = Gateway::start(&config);
    let elsewhere = key(&gateway, &json!({"allowed_ips": ["203.0.113.7"]})).await;
    let bearer = format!("Bearer {elsewhere}");
    for (told, status) in [("203.0.113.7", 200), ("203.0.113.8", 403), ("203.0.113.7, 203.0.113.8", 403)] {
        let headers = [("authorization", bearer.as_str()), ("x-forwarded-for", told)];
        let answer = send(
            connect(gateway.address).await,
            "POST",
            "/v1/chat/completions",
            &headers,
            &super::chat("main"),
        )
        .await;
        assert_eq!(answer.status, status, "{told}");
    }
}

/// Errors of the management routes are told as all others are.
#[tokio::test]
async fn what_managing_refuses_is_told_as_all_else_is() {
    let gateway = Gateway::start(&config());
    let master = format!("Bearer {MASTER}");
    let other = "Bearer sk-nobody".to_owned();
    for (bearer, path, body, status, kind, code, layer) in [
        (&master, "/key/generate", json!({"max_budget": "x"}), 400, "invalid_request_error", "400", "client"),
        (&master, "/key/block", json!({"key": "sk-none"}), 404, "not_found_error", "not_found", "gateway"),
        (&other, "/key/generate", json!({}), 401, "authentication_error", "invalid_api_key", "auth"),
    ] {
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
            ("x-request-id", "mine-1"),
        ];
        let mut answer = send(connect(gateway.address).await, "POST", path, &headers, &body).await;
        let told: Value = serde_json::from_str(&answer.body().await).unwrap();
        assert_eq!(answer.status, status, "{told}");
        assert_eq!((&told["error"]["type"], &told["error"]["code"]), (&json!(kind), &json!(code)), "{told}");
        assert_eq!(answer.header("x-llm-gateway-layer"), Some(layer), "{told}");
        assert_eq!(answer.header("x-request-id"), Some("mine-1"), "{told}");
    }
}
