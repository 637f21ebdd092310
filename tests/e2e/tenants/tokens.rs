//! JSON web tokens in the place of keys.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::{chats, config, key, manage, refused};
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
    let mut config = config();
    config["general_settings"]["enable_jwt_auth"] = true.into();
    config["general_settings"]["litellm_jwtauth"] = json!({
        "issuers": [{"issuer": "https://id.example", "public_key_url": issuer.url, "audience": "gateway"}],
        "user_id_jwt_field": "sub",
        "team_id_jwt_field": "team",
    });
    Gateway::start(&config)
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
