//! An issuer on loopback, and keys to sign with.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self as sig, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use llm_oidc::{Clock, Verifier, VerifierOptions};
use llm_transport::{HttpService, TransportOptions};
use llm_types::UnixMs;
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers};

pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

enum Pair {
    Rsa(Box<RsaKeyPair>),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

/// A private key with a name.
pub(crate) struct Signer {
    algorithm: String,
    kid: String,
    pair: Pair,
}

impl Signer {
    pub(crate) fn new(algorithm: &str, kid: &str) -> Self {
        let pair = match algorithm {
            "ES256" => Pair::Ec(EcdsaKeyPair::generate(&sig::ECDSA_P256_SHA256_FIXED_SIGNING).unwrap()),
            "ES384" => Pair::Ec(EcdsaKeyPair::generate(&sig::ECDSA_P384_SHA384_FIXED_SIGNING).unwrap()),
            "ES512" => Pair::Ec(EcdsaKeyPair::generate(&sig::ECDSA_P521_SHA512_FIXED_SIGNING).unwrap()),
            "EdDSA" => Pair::Ed(Ed25519KeyPair::generate().unwrap()),
            _ => Pair::Rsa(Box::new(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())),
        };
        Self { algorithm: algorithm.to_owned(), kid: kid.to_owned(), pair }
    }

    /// The public key as its issuer publishes it.
    pub(crate) fn jwk(&self, names_algorithm: bool) -> Value {
        let mut jwk = match &self.pair {
            Pair::Rsa(pair) => {
                // 30 82 .. .., 02 82 01 01 00 and the modulus of 2048 bits, 02 03 01 00 01.
                let der = pair.public_key().as_ref();
                let (n, e) = (&der[9..265], &der[267..]);
                json!({"kty": "RSA", "n": encode(n), "e": encode(e)})
            }
            Pair::Ec(pair) => {
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                let curve = match self.algorithm.as_str() {
                    "ES384" => "P-384",
                    "ES512" => "P-521",
                    _ => "P-256",
                };
                json!({"kty": "EC", "crv": curve, "x": encode(x), "y": encode(y)})
            }
            Pair::Ed(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key().as_ref())})
            }
        };
        jwk["kid"] = json!(self.kid);
        jwk["use"] = json!("sig");
        if names_algorithm {
            jwk["alg"] = json!(self.algorithm);
        }
        jwk
    }

    pub(crate) fn public_key(&self) -> Vec<u8> {
        match &self.pair {
            Pair::Rsa(pair) => pair.public_key().as_ref().to_vec(),
            Pair::Ec(pair) => pair.public_key().as_ref().to_vec(),
            Pair::Ed(pair) => pair.public_key().as_ref().to_vec(),
        }
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.sign_as(&self.algorithm, &self.kid, claims)
    }

    pub(crate) fn sign_as(&self, algorithm: &str, kid: &str, claims: &Value) -> String {
        self.sign_with(&json!({"alg": algorithm, "kid": kid, "typ": "JWT"}), claims)
    }

    pub(crate) fn sign_with(&self, header: &Value, claims: &Value) -> String {
        let signed =
            format!("{}.{}", encode(header.to_string().as_bytes()), encode(claims.to_string().as_bytes()));
        let random = SystemRandom::new();
        let signature = match &self.pair {
            Pair::Rsa(pair) => {
                let how: &'static dyn sig::RsaEncoding = match header["alg"].as_str().unwrap() {
                    "RS384" => &sig::RSA_PKCS1_SHA384,
                    "RS512" => &sig::RSA_PKCS1_SHA512,
                    "PS256" => &sig::RSA_PSS_SHA256,
                    "PS384" => &sig::RSA_PSS_SHA384,
                    "PS512" => &sig::RSA_PSS_SHA512,
                    _ => &sig::RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(how, &random, signed.as_bytes(), &mut signature).unwrap();
                signature
            }
            Pair::Ec(pair) => pair.sign(&random, signed.as_bytes()).unwrap().as_ref().to_vec(),
            Pair::Ed(pair) => pair.sign(signed.as_bytes()).as_ref().to_vec(),
        };
        format!("{signed}.{}", encode(&signature))
    }
}

/// A token with a shared secret.
pub(crate) fn sign_shared(algorithm: &str, kid: &str, secret: &[u8], claims: &Value) -> String {
    let header = json!({"alg": algorithm, "kid": kid});
    let signed =
        format!("{}.{}", encode(header.to_string().as_bytes()), encode(claims.to_string().as_bytes()));
    let how = match algorithm {
        "HS384" => hmac::HMAC_SHA384,
        "HS512" => hmac::HMAC_SHA512,
        _ => hmac::HMAC_SHA256,
    };
    let tag = hmac::sign(&hmac::Key::new(how, secret), signed.as_bytes());
    format!("{signed}.{}", encode(tag.as_ref()))
}

/// What a test says of an issuer.
#[derive(Default)]
struct Script {
    keys: Mutex<Value>,
    claims_to_be: Mutex<Option<String>>,
    fails: AtomicBool,
    asked: AtomicUsize,
}

/// An issuer on loopback, with a clock of its own.
pub(crate) struct Issuer {
    server: MockServer,
    script: Arc<Script>,
    /// Milliseconds.
    pub(crate) clock: Arc<AtomicI64>,
}

impl Issuer {
    pub(crate) async fn start() -> Self {
        let server = MockServer::start().await;
        let script = Arc::new(Script::default());
        let url = server.uri();
        let told = Arc::clone(&script);
        let discovery = move |_: &Request| {
            let issuer = told.claims_to_be.lock().unwrap().clone().unwrap_or_else(|| url.clone());
            ResponseTemplate::new(200)
                .set_body_json(json!({"issuer": issuer, "jwks_uri": format!("{url}/keys")}))
        };
        let told = Arc::clone(&script);
        let keys = move |_: &Request| {
            told.asked.fetch_add(1, Ordering::Relaxed);
            if told.fails.load(Ordering::Relaxed) {
                return ResponseTemplate::new(503);
            }
            let keys = json!({"keys": *told.keys.lock().unwrap()});
            // So that there is a while between question and answer.
            ResponseTemplate::new(200).set_body_json(keys).set_delay(Duration::from_millis(50))
        };
        let get = matchers::method("GET");
        Mock::given(matchers::path("/.well-known/openid-configuration"))
            .and(get)
            .respond_with(discovery)
            .mount(&server)
            .await;
        Mock::given(matchers::path("/keys")).respond_with(keys).mount(&server).await;
        Self { server, script, clock: Arc::new(AtomicI64::new(1_500_000)) }
    }

    pub(crate) fn url(&self) -> String {
        self.server.uri()
    }

    pub(crate) fn jwks_url(&self) -> String {
        format!("{}/keys", self.server.uri())
    }

    pub(crate) fn publish(&self, keys: Value) {
        *self.script.keys.lock().unwrap() = keys;
    }

    pub(crate) fn claim_to_be(&self, issuer: &str) {
        *self.script.claims_to_be.lock().unwrap() = Some(issuer.to_owned());
    }

    pub(crate) fn fail(&self, fails: bool) {
        self.script.fails.store(fails, Ordering::Relaxed);
    }

    /// How often the keys were asked for.
    pub(crate) fn asked(&self) -> usize {
        self.script.asked.load(Ordering::Relaxed)
    }

    pub(crate) fn pass(&self, ms: i64) {
        self.clock.fetch_add(ms, Ordering::Relaxed);
    }

    pub(crate) fn verifier(&self) -> Verifier {
        self.verifier_with(&settings(&self.url()), None)
    }

    pub(crate) fn verifier_with(&self, settings: &Value, urls: Option<&str>) -> Verifier {
        let settings = serde_json::from_value(settings.clone()).unwrap();
        let options = VerifierOptions::new(settings, Vec::new(), &|name| match name {
            "JWT_PUBLIC_KEY_URL" => urls.map(str::to_owned),
            "JWT_AUDIENCE" => Some("gateway".to_owned()),
            _ => None,
        });
        Verifier::new(options, &service(), &now(&self.clock)).unwrap()
    }
}

pub(crate) fn service() -> Arc<dyn HttpService> {
    llm_transport::connect(TransportOptions::default()).unwrap()
}

pub(crate) fn now(clock: &Arc<AtomicI64>) -> Clock {
    let clock = Arc::clone(clock);
    Arc::new(move || UnixMs(clock.load(Ordering::Relaxed)))
}

/// Settings that trust one issuer.
pub(crate) fn settings(issuer: &str) -> Value {
    json!({
        "user_id_jwt_field": "sub",
        "team_ids_jwt_field": "groups",
        "issuers": [{"issuer": issuer, "audience": "gateway"}],
    })
}
