//! JSON web tokens in the place of keys.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::{MASTER, ask, chat, chats, config, key, manage, refused};
use crate::client::{connect, send};
use crate::process::Gateway;

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn seconds() -> u64 {
    std::time::UNIX_EPOCH.elapsed().unwrap().as_secs()
}

/// An issuer that publishes its keys on loopback.
struct Issuer {
    pair: Ed25519KeyPair,
    url: String,
    _serving: JoinSet<()>,
}

impl Issuer {
    async fn start() -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "kid": "k1", "alg": "EdDSA", "use": "sig", "x": encode(pair.public_key().as_ref())});
        let keys = json!({"keys": [jwk]}).to_string();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                let mut head = [0; 4096];
                let _head = socket.read(&mut head).await;
                let answer = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{keys}",
                    keys.len()
                );
                let _sent = socket.write_all(answer.as_bytes()).await;
            }
        });
        Self { pair, url, _serving: serving }
    }

    fn sign(&self, claims: &Value) -> String {
        let head = encode(json!({"alg": "EdDSA", "kid": "k1", "typ": "JWT"}).to_string().as_bytes());
        let body = format!("{head}.{}", encode(claims.to_string().as_bytes()));
        format!("{body}.{}", encode(self.pair.sign(body.as_bytes()).as_ref()))
    }
}

fn claims(more: &Value) -> Value {
    let mut claims =
        json!({"iss": "https://id.example", "aud": "gateway", "sub": "anna", "exp": seconds() + 600});
    for (name, value) in more.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

async fn gateway(issuer: &Issuer) -> Gateway {
    gateway_with(issuer, &json!({"team_id_jwt_field": "team"})).await
}

async fn gateway_with(issuer: &Issuer, more: &Value) -> Gateway {
    let mut config = config();
    config["general_settings"]["enable_jwt_auth"] = true.into();
    let mut settings = json!({
        "issuers": [{"issuer": "https://id.example", "public_key_url": issuer.url, "audience": "gateway"}],
        "user_id_jwt_field": "sub",
    });
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    config["general_settings"]["litellm_jwtauth"] = settings;
    Gateway::start(&config)
}

async fn look(gateway: &Gateway, key: &str, path: &str) -> (u16, Value) {
    ask(gateway, key, "GET", path, &Value::Null).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_open_what_their_team_may() {
    let issuer = Issuer::start().await;
    let gateway = gateway(&issuer).await;
    manage(&gateway, "/team/new", &json!({"team_id": "red", "models": ["main"]})).await;
    let token = issuer.sign(&claims(&json!({"team": "red"})));
    assert_eq!(chats(&gateway, &token, "main").await, (200, None));
    assert_eq!(chats(&gateway, &token, "other").await, refused(403, "team_model_access_denied"));
    manage(&gateway, "/team/update", &json!({"team_id": "red", "models": ["other"]})).await;
    assert_eq!(chats(&gateway, &token, "main").await.0, 403, "a change holds for tokens too");
    manage(&gateway, "/team/block", &json!({"team_id": "red"})).await;
    assert_eq!(chats(&gateway, &token, "other").await.0, 401);
    // Keys go on beside tokens.
    let made = key(&gateway, &json!({})).await;
    assert_eq!(chats(&gateway, &made, "main").await, (200, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_that_are_not_right_open_nothing() {
    let issuer = Issuer::start().await;
    let gateway = gateway(&issuer).await;
    manage(&gateway, "/team/new", &json!({"team_id": "red"})).await;
    let good = claims(&json!({"team": "red"}));
    let token = issuer.sign(&good);
    assert_eq!(chats(&gateway, &token, "main").await, (200, None));
    let stranger =
        Issuer { pair: Ed25519KeyPair::generate().unwrap(), url: String::new(), _serving: JoinSet::new() };
    let (head, rest) = token.split_once('.').unwrap();
    let (body, signature) = rest.split_once('.').unwrap();
    let none = encode(json!({"alg": "none", "typ": "JWT"}).to_string().as_bytes());
    let hmac = encode(json!({"alg": "HS256", "kid": "k1", "typ": "JWT"}).to_string().as_bytes());
    let boss = encode(claims(&json!({"team": "red", "scope": "litellm_proxy_admin"})).to_string().as_bytes());
    for (what, token) in [
        ("of another's key", stranger.sign(&good)),
        ("without a signature", format!("{none}.{body}.")),
        ("of another algorithm", format!("{hmac}.{body}.{signature}")),
        // The same beginning as one that was let in: nothing is remembered by a part of it.
        ("with other claims under the same signature", format!("{head}.{boss}.{signature}")),
        ("with a longer signature", format!("{token}AAAA")),
        ("over", issuer.sign(&claims(&json!({"team": "red", "exp": seconds() - 120})))),
        ("of another issuer", issuer.sign(&claims(&json!({"team": "red", "iss": "https://evil.example"})))),
        ("for somebody else", issuer.sign(&claims(&json!({"team": "red", "aud": "other"})))),
        ("of a team that there is not", issuer.sign(&claims(&json!({"team": "green"})))),
    ] {
        assert_eq!(chats(&gateway, &token, "main").await.0, 401, "{what}");
    }
    assert_eq!(chats(&gateway, &token, "main").await, (200, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_and_teams_become_what_their_tokens_say() {
    let issuer = Issuer::start().await;
    let settings = json!({
        "user_id_upsert": true,
        "user_email_jwt_field": "email",
        "team_ids_jwt_field": "groups",
        "roles_jwt_field": "roles",
        "sync_user_role_and_teams": true,
        "jwt_litellm_role_map": [
            {"jwt_role": "boss-*", "litellm_role": "proxy_admin"},
            {"jwt_role": "staff", "litellm_role": "internal_user"},
        ],
    });
    let gateway = gateway_with(&issuer, &settings).await;
    for (team, model) in [("red", "main"), ("blue", "other")] {
        manage(&gateway, "/team/new", &json!({"team_id": team, "models": [model]})).await;
    }
    manage(&gateway, "/user/new", &json!({"user_id": "bert", "user_email": "bert@example.com"})).await;
    let token = |more: Value| issuer.sign(&claims(&more));
    let anna = async || {
        let (status, info) = look(&gateway, MASTER, "/v2/user/info?user_id=anna").await;
        assert_eq!(status, 200, "{info}");
        let (_, teams) = look(&gateway, MASTER, "/team/list?user_id=anna").await;
        let teams = teams.as_array().unwrap().iter().map(|team| team["team_id"].as_str().unwrap().to_owned());
        (info, teams.collect::<Vec<_>>())
    };

    // Of groups that are no teams here nothing comes, and the first that is one counts.
    let first =
        token(json!({"groups": ["elsewhere", "red"], "roles": ["staff"], "email": "Anna@Example.com"}));
    assert_eq!(chats(&gateway, &first, "main").await, (200, None));
    assert_eq!(chats(&gateway, &first, "other").await, refused(403, "team_model_access_denied"));
    let (info, teams) = anna().await;
    assert_eq!(
        (&info["user_email"], &info["user_role"]),
        (&json!("anna@example.com"), &json!("internal_user"))
    );
    assert_eq!(teams, ["red"]);
    assert_eq!(look(&gateway, &first, "/user/list").await.0, 403);

    // The request chooses among the teams of the token, and not among others.
    let both = token(json!({"groups": ["red", "blue"], "roles": ["staff"]}));
    let of_team = async |team: &str, model: &str| {
        let bearer = format!("Bearer {both}");
        let headers = [("authorization", bearer.as_str()), ("x-litellm-team-id", team)];
        send(connect(gateway.address).await, "POST", "/v1/chat/completions", &headers, &chat(model))
            .await
            .status
    };
    assert_eq!(
        (of_team("blue", "other").await, of_team("red", "other").await, of_team("green", "other").await),
        (200, 403, 403)
    );
    assert_eq!(anna().await.1.len(), 2);
    // Without a word of the request it is for the first that may call the model, and is booked to it.
    assert_eq!(chats(&gateway, &both, "main").await, (200, None));
    assert_eq!(chats(&gateway, &both, "other").await, (200, None));
    assert_eq!(chats(&gateway, &both, "nothing").await, refused(403, "team_model_access_denied"));
    manage(&gateway, "/team/update", &json!({"team_id": "blue", "models": ["nothing"]})).await;
    assert_eq!(chats(&gateway, &both, "other").await.0, 403, "a change of the other team holds too");
    manage(&gateway, "/team/update", &json!({"team_id": "blue", "models": ["other"]})).await;

    // With the role and the groups of the next token the others are gone, and so is a key in a team that was left.
    let made = json!({"user_id": "anna", "team_id": "red"});
    let made = key(&gateway, &made).await;
    assert_eq!(chats(&gateway, &made, "main").await, (200, None));
    let boss = token(json!({"groups": ["blue"], "roles": ["boss-of-all"]}));
    assert_eq!(look(&gateway, &boss, "/user/list").await.0, 200);
    let (info, teams) = anna().await;
    assert_eq!((&info["user_role"], teams), (&json!("proxy_admin"), vec!["blue".to_owned()]));
    assert_eq!(chats(&gateway, &made, "main").await.0, 401);

    // An address that is another user's stays that user's; a role that nothing maps to changes nothing.
    let carl =
        token(json!({"sub": "carl", "groups": ["red"], "roles": ["other"], "email": "bert@example.com"}));
    assert_eq!(chats(&gateway, &carl, "main").await, (200, None));
    let (_, info) = look(&gateway, MASTER, "/v2/user/info?user_id=carl").await;
    assert_eq!((&info["user_email"], &info["user_role"]), (&Value::Null, &json!("internal_user")));
    // An id that no database keeps is nobody's.
    let long = "x".repeat(300);
    assert_eq!(chats(&gateway, &token(json!({"sub": long, "groups": ["red"]})), "main").await.0, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_for_people_lead_to_teams_and_organizations() {
    let issuer = Issuer::start().await;
    let settings = json!({
        "team_alias_jwt_field": "team_name", "org_alias_jwt_field": "org_name", "team_id_default": "everybodys",
        "end_user_id_jwt_field": "client", "upsert_sso_user_to_team": true,
    });
    let gateway = gateway_with(&issuer, &settings).await;
    manage(&gateway, "/team/new", &json!({"team_id": "t1", "team_alias": "Red", "models": ["main"]})).await;
    manage(&gateway, "/team/new", &json!({"team_id": "t2", "team_alias": "Twice"})).await;
    manage(&gateway, "/team/new", &json!({"team_id": "t3", "team_alias": "Twice"})).await;
    manage(&gateway, "/team/new", &json!({"team_id": "everybodys", "models": ["other"]})).await;
    let narrow = json!({"organization_id": "o1", "organization_alias": "North", "models": ["other"]});
    manage(&gateway, "/organization/new", &narrow).await;
    manage(&gateway, "/user/new", &json!({"user_id": "anna", "auto_create_key": false})).await;
    let token = |more: Value| issuer.sign(&claims(&more));
    let red = token(json!({"team_name": "Red"}));
    assert_eq!(chats(&gateway, &red, "main").await, (200, None));
    assert_eq!(chats(&gateway, &red, "other").await.0, 403);
    let (_, team) = look(&gateway, MASTER, "/team/info?team_id=t1").await;
    assert_eq!(team["team_info"]["members_with_roles"][0]["user_id"], "anna");
    for (what, claims) in [
        ("a name that nobody has", json!({"team_name": "Green"})),
        ("a name that two have", json!({"team_name": "Twice"})),
        ("an organisation that there is not", json!({"team_name": "Red", "org_name": "South"})),
    ] {
        assert_eq!(chats(&gateway, &token(claims), "main").await.0, 401, "{what}");
    }
    let plain = token(json!({"sub": "zoe"}));
    assert_eq!(chats(&gateway, &plain, "other").await, (200, None));
    assert_eq!(chats(&gateway, &plain, "main").await.0, 403);
    let both = token(json!({"sub": "zoe", "team_name": "Red", "org_name": "North"}));
    assert_eq!(chats(&gateway, &both, "main").await.0, 403, "the organisation bounds it as well");
    assert_eq!(look(&gateway, MASTER, "/v2/user/info?user_id=zoe").await.0, 404, "nobody is made");

    // Whom it is for is told by the token and not by the request.
    manage(&gateway, "/customer/new", &json!({"user_id": "shut", "blocked": true})).await;
    let shut = token(json!({"team_name": "Red", "client": "shut"}));
    let mut asked = chat("main");
    asked["user"] = "open".into();
    let (status, answer) = ask(&gateway, &shut, "POST", "/v1/chat/completions", &asked).await;
    assert!((400..500).contains(&status), "{status} {answer}");
    let open = token(json!({"team_name": "Red", "client": "open"}));
    assert_eq!(chats(&gateway, &open, "main").await, (200, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn teams_are_made_and_needed() {
    let issuer = Issuer::start().await;
    let settings = json!({
        "team_id_jwt_field": "team", "team_id_upsert": true, "enforce_team_based_model_access": true,
    });
    let gateway = gateway_with(&issuer, &settings).await;
    let token = |more: Value| issuer.sign(&claims(&more));
    assert_eq!(chats(&gateway, &token(json!({})), "main").await, refused(403, "auth_error"));
    assert_eq!(chats(&gateway, &token(json!({"team": "new"})), "main").await, (200, None));
    assert_eq!(look(&gateway, MASTER, "/team/info?team_id=new").await.0, 200);
    // Admins need none, and are admins although the user of that name is not.
    manage(&gateway, "/user/new", &json!({"user_id": "anna", "auto_create_key": false})).await;
    let admin = token(json!({"scope": "openid litellm_proxy_admin"}));
    assert_eq!(look(&gateway, &admin, "/user/list").await.0, 200);
    assert_eq!(look(&gateway, &token(json!({"team": "new"})), "/user/list").await.0, 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_stands_for_tokens() {
    let issuer = Issuer::start().await;
    let settings = json!({"virtual_key_claim_field": "azp", "admin_jwt_scope": ""});
    let gateway = gateway_with(&issuer, &settings).await;
    let token = issuer.sign(&claims(&json!({"azp": "app"})));
    assert_eq!(chats(&gateway, &token, "other").await, (200, None), "taken as it is");
    let made = key(&gateway, &json!({"models": ["main"]})).await;
    let mapping = json!({"jwt_claim_name": "azp", "jwt_claim_value": "app", "key": made});
    let id = manage(&gateway, "/jwt/key/mapping/new", &mapping).await["id"].clone();
    // It holds at once, also for a token that was let in before.
    assert_eq!(chats(&gateway, &token, "other").await, refused(403, "key_model_access_denied"));
    assert_eq!(chats(&gateway, &token, "main").await, (200, None));
    let (_, own) = look(&gateway, &token, "/key/info").await;
    assert_eq!(own["key"], id, "it is that key");
    assert_eq!(chats(&gateway, &issuer.sign(&claims(&json!({"azp": "app2"}))), "other").await, (200, None));
    let over = issuer.sign(&claims(&json!({"azp": "app", "exp": seconds() - 120})));
    assert_eq!(chats(&gateway, &over, "main").await.0, 401);
    manage(&gateway, "/key/block", &json!({"key": made})).await;
    assert_eq!(chats(&gateway, &token, "main").await.0, 401);
    manage(&gateway, "/jwt/key/mapping/update", &json!({"id": id, "is_active": false})).await;
    assert_eq!(chats(&gateway, &token, "other").await, (200, None), "as if there were none");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_made_by_a_token_begins_with_what_all_begin_with() {
    let issuer = Issuer::start().await;
    let mut config = config();
    config["general_settings"]["enable_jwt_auth"] = true.into();
    config["general_settings"]["litellm_jwtauth"] = json!({
        "issuers": [{"issuer": "https://id.example", "public_key_url": issuer.url, "audience": "gateway"}],
        "user_id_jwt_field": "sub", "user_id_upsert": true,
    });
    config["litellm_settings"]["default_internal_user_params"] = json!({
        "user_role": "internal_user_viewer", "max_budget": 2.5, "budget_duration": "30d", "models": ["main"],
    });
    let gateway = Gateway::start(&config);
    let bert = json!({"user_id": "bert", "max_budget": 9, "models": ["main", "other"]});
    manage(&gateway, "/user/new", &bert).await;
    for (who, other) in [("anna", 403), ("bert", 200)] {
        let token = issuer.sign(&claims(&json!({"sub": who})));
        assert_eq!(chats(&gateway, &token, "main").await, (200, None), "{who}");
        assert_eq!(chats(&gateway, &token, "other").await.0, other, "{who}");
    }
    let (_, anna) = look(&gateway, MASTER, "/v2/user/info?user_id=anna").await;
    assert_eq!(
        (&anna["user_role"], &anna["models"]),
        (&json!("internal_user_viewer"), &json!(["main"])),
        "{anna}"
    );
    assert_eq!((&anna["max_budget"], &anna["budget_duration"]), (&json!(2.5), &json!("30d")), "{anna}");
    assert!(anna["budget_reset_at"].is_string(), "{anna}");
    let (_, bert) = look(&gateway, MASTER, "/v2/user/info?user_id=bert").await;
    assert_eq!(
        (&bert["max_budget"], &bert["models"]),
        (&json!(9), &json!(["main", "other"])),
        "who was there stays so: {bert}"
    );
}
