//! Tokens signed with real keys, issuers on loopback, and those who try to get past.

#![allow(clippy::unwrap_used, reason = "tests")]
mod issuer;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use issuer::{Issuer, Signer, encode, now, settings};
use llm_oidc::{TokenError, Verifier, VerifierOptions};
use llm_tenancy::Role;
use serde_json::{Value, json};

/// What an honest issuer says of Anna.
fn anna(issuer: &str) -> Value {
    json!({"iss": issuer, "aud": "gateway", "sub": "anna", "exp": 2_000, "iat": 1_000, "groups": ["red", "blue"]})
}

#[tokio::test]
async fn every_algorithm_of_public_keys() {
    for algorithm in
        ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
    {
        for names_algorithm in [true, false] {
            let signer = Signer::new(algorithm, "k1");
            let issuer = Issuer::start().await;
            issuer.publish(json!([signer.jwk(names_algorithm)]));
            let verifier = issuer.verifier();
            let token = signer.sign(&anna(&issuer.url()));
            let verified = verifier.verify(&token).await.unwrap();
            assert_eq!(verified.identity.user_id, Some("anna".into()), "{algorithm}");
            assert_eq!(verified.identity.teams, ["red".into(), "blue".into()]);
            assert_eq!(verified.identity.role, Some(Role::InternalUser));
            assert!(Arc::ptr_eq(&verified, &verifier.remembered(&token).unwrap()));
            // Whatever is changed, it is another token.
            for at in [token.len() - 10, token.find('.').unwrap() + 5] {
                let mut other = token.clone().into_bytes();
                other[at] = if other[at] == b'A' { b'B' } else { b'A' };
                let other = String::from_utf8(other).unwrap();
                assert!(verifier.remembered(&other).is_none());
                assert!(verifier.verify(&other).await.is_err(), "{algorithm}");
            }
        }
    }
}

#[tokio::test]
async fn algorithms_are_not_the_tokens_to_choose() {
    let (rsa, ec) = (Signer::new("RS256", "rsa"), Signer::new("ES256", "ec"));
    let issuer = Issuer::start().await;
    issuer.publish(json!([rsa.jwk(true), ec.jwk(false), {"kty": "oct", "kid": "secret", "k": encode(b"secret"), "alg": "HS256"}]));
    let verifier = issuer.verifier();
    let claims = anna(&issuer.url());
    assert!(verifier.verify(&rsa.sign(&claims)).await.is_ok());

    // No signature at all, in any spelling.
    for none in ["none", "None", "NONE", "", "nOnE"] {
        let token = format!(
            "{}.{}.",
            encode(json!({"alg": none, "kid": "rsa"}).to_string().as_bytes()),
            encode(claims.to_string().as_bytes())
        );
        assert_eq!(verifier.verify(&token).await, Err(TokenError::Algorithm), "{none:?}");
    }
    // The public key taken for a shared secret, in the forms in which somebody has it.
    let jwk = rsa.jwk(true);
    for secret in
        [jwk.to_string().into_bytes(), jwk["n"].as_str().unwrap().as_bytes().to_vec(), rsa.public_key()]
    {
        for (name, kid) in [("HS256", "rsa"), ("HS384", "rsa"), ("HS512", "ec"), ("HS256", "secret")] {
            let token = issuer::sign_shared(name, kid, &secret, &claims);
            assert_eq!(verifier.verify(&token).await, Err(TokenError::Algorithm));
        }
    }
    let token = issuer::sign_shared("HS256", "secret", b"secret", &claims);
    assert_eq!(verifier.verify(&token).await, Err(TokenError::Algorithm), "a published secret is none");
    // A key for one algorithm is not one for others of its kind, nor one of another kind.
    assert_eq!(verifier.verify(&rsa.sign_as("PS256", "rsa", &claims)).await, Err(TokenError::Algorithm));
    assert_eq!(verifier.verify(&rsa.sign_as("RS256", "ec", &claims)).await, Err(TokenError::Algorithm));
    assert_eq!(verifier.verify(&ec.sign_as("ES256", "rsa", &claims)).await, Err(TokenError::Algorithm));
    // Another's key under the issuer's name.
    let thief = Signer::new("RS256", "rsa");
    assert_eq!(verifier.verify(&thief.sign(&claims)).await, Err(TokenError::Signature));
    // A key that the token brings along, or says where to get.
    let header = json!({"alg": "RS256", "kid": "rsa", "jwk": thief.jwk(true), "jku": "http://127.0.0.1:1/", "x5u": "http://127.0.0.1:1/"});
    assert_eq!(verifier.verify(&thief.sign_with(&header, &claims)).await, Err(TokenError::Signature));
    let header = json!({"alg": "RS256", "kid": "rsa", "crit": ["b64"], "b64": false});
    assert_eq!(verifier.verify(&rsa.sign_with(&header, &claims)).await, Err(TokenError::Critical));
}

#[tokio::test]
async fn what_is_no_token() {
    let signer = Signer::new("ES256", "k1");
    let issuer = Issuer::start().await;
    issuer.publish(json!([signer.jwk(true)]));
    let verifier = issuer.verifier();
    let token = signer.sign(&anna(&issuer.url()));
    let long = format!("{token}{}", "A".repeat(20_000));
    let twice = format!(
        "{}.{}.{}",
        encode(br#"{"alg":"ES256","alg":"none","kid":"k1"}"#),
        encode(b"{}"),
        encode(b"x")
    );
    for text in [
        "",
        ".",
        "..",
        "a.b.c",
        "ey",
        "sk-1234",
        &token[1..],
        &format!("{token}."),
        &format!("{token}="),
        &format!(" {token}"),
        &long,
        &twice,
    ] {
        assert_eq!(verifier.verify(text).await, Err(TokenError::Malformed), "{text}");
    }
    assert_eq!(issuer.asked(), 0, "nobody is asked for nonsense");
}

#[tokio::test]
async fn whom_it_is_of_and_for_and_when() {
    let signer = Signer::new("EdDSA", "k1");
    let issuer = Issuer::start().await;
    issuer.publish(json!([signer.jwk(true)]));
    let verifier = issuer.verifier();
    let with = |name: &str, value: Value| {
        let mut claims = anna(&issuer.url());
        claims[name] = value;
        signer.sign(&claims)
    };
    let verify = |token: String| {
        let verifier = &verifier;
        async move { verifier.verify(&token).await.map(|_| ()) }
    };
    assert_eq!(verify(with("aud", json!(["x", "gateway"]))).await, Ok(()));
    assert_eq!(verify(with("aud", json!("gateway2"))).await, Err(TokenError::Audience));
    assert_eq!(verify(with("iss", json!("https://elsewhere"))).await, Err(TokenError::Issuer));
    assert_eq!(verify(with("iss", json!(format!("{}/", issuer.url())))).await, Err(TokenError::Issuer));
    assert_eq!(verify(with("iss", json!(null))).await, Err(TokenError::Issuer));
    assert_eq!(verify(with("exp", json!(1_500))).await, Err(TokenError::Expired));
    assert_eq!(verify(with("exp", json!(1_501))).await, Ok(()));
    assert_eq!(verify(with("exp", json!(null))).await, Err(TokenError::Claim { claim: "exp".to_owned() }));
    assert_eq!(verify(with("nbf", json!(1_501))).await, Err(TokenError::NotYet));
    // What is remembered ends with the token.
    let token = with("jti", json!(1));
    assert!(verifier.verify(&token).await.is_ok());
    issuer.clock.store(2_000_000, Ordering::Relaxed);
    assert!(verifier.remembered(&token).is_none());
    assert_eq!(verifier.verify(&token).await, Err(TokenError::Expired));
}

#[tokio::test]
async fn keys_are_rotated() {
    let (old, new) = (Signer::new("ES256", "old"), Signer::new("ES256", "new"));
    let issuer = Issuer::start().await;
    issuer.publish(json!([old.jwk(true)]));
    let verifier = issuer.verifier();
    let claims = anna(&issuer.url());
    let token = old.sign(&claims);
    assert!(verifier.verify(&token).await.is_ok());
    assert_eq!(issuer.asked(), 1);
    // A new key is found as soon as a token names it, unless the issuer was asked a moment ago.
    issuer.publish(json!([new.jwk(true)]));
    assert_eq!(verifier.verify(&new.sign(&claims)).await, Err(TokenError::UnknownKey));
    assert_eq!(issuer.asked(), 1);
    issuer.pass(10_000);
    assert!(verifier.verify(&new.sign(&claims)).await.is_ok());
    assert_eq!(issuer.asked(), 2);
    // What was signed with the old one is good no longer, remembered or not.
    assert!(verifier.remembered(&token).is_none());
    assert_eq!(verifier.verify(&token).await, Err(TokenError::UnknownKey));
    // Nobody makes the gateway ask by inventing names.
    for number in 0..50 {
        let token = old.sign_as("ES256", &format!("invented-{number}"), &claims);
        assert_eq!(verifier.verify(&token).await, Err(TokenError::UnknownKey));
    }
    assert_eq!(issuer.asked(), 2);
    issuer.pass(10_000);
    for number in 0..50 {
        let token = old.sign_as("ES256", &format!("again-{number}"), &claims);
        assert_eq!(verifier.verify(&token).await, Err(TokenError::UnknownKey));
    }
    assert_eq!(issuer.asked(), 3);
}

#[tokio::test]
async fn many_at_once_ask_once() {
    let signer = Signer::new("ES256", "k1");
    let issuer = Issuer::start().await;
    issuer.publish(json!([signer.jwk(true)]));
    let verifier = issuer.verifier();
    let claims = anna(&issuer.url());
    let tokens: Vec<String> = (0..20)
        .map(|number| {
            let mut claims = claims.clone();
            claims["jti"] = json!(number);
            signer.sign(&claims)
        })
        .collect();
    let checked = futures_util::future::join_all(tokens.iter().map(|token| verifier.verify(token))).await;
    assert!(checked.iter().all(Result::is_ok));
    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn who_goes_away_does_not_take_the_answer_along() {
    let signer = Signer::new("ES256", "k1");
    let issuer = Issuer::start().await;
    issuer.publish(json!([signer.jwk(true)]));
    let verifier = issuer.verifier();
    let token = signer.sign(&anna(&issuer.url()));
    // The request is polled until it has asked, and is dropped then.
    while issuer.asked() == 0 {
        let asking = tokio::time::timeout(Duration::from_millis(1), verifier.verify(&token)).await;
        assert!(asking.is_err(), "it has not asked yet");
    }
    assert!(verifier.verify(&token).await.is_ok());
    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn while_the_issuer_is_away() {
    let signer = Signer::new("ES256", "k1");
    let issuer = Issuer::start().await;
    issuer.publish(json!([signer.jwk(true)]));
    let verifier = issuer.verifier();
    let mut claims = anna(&issuer.url());
    claims["exp"] = json!(1_000_000_000);
    let token = |number: u32| {
        let mut claims = claims.clone();
        claims["jti"] = json!(number);
        signer.sign(&claims)
    };
    issuer.fail(true);
    assert_eq!(verifier.verify(&token(0)).await, Err(TokenError::Unavailable));
    assert_eq!(verifier.verify(&token(0)).await, Err(TokenError::Unavailable));
    assert_eq!(issuer.asked(), 1, "who is away is not asked by every request");
    issuer.fail(false);
    issuer.pass(10_000);
    assert!(verifier.verify(&token(0)).await.is_ok());
    issuer.fail(true);
    issuer.pass(600_000);
    assert!(verifier.verify(&token(1)).await.is_ok(), "the last keys count on");
    assert_eq!(issuer.asked(), 3);
    issuer.pass(86_400_000);
    assert_eq!(verifier.verify(&token(2)).await, Err(TokenError::Unavailable), "but not for ever");
    assert_eq!(verifier.verify(&token(2)).await.unwrap_err().kind().status(), 503);
    issuer.fail(false);
    issuer.pass(10_000);
    assert!(verifier.verify(&token(2)).await.is_ok());
}

#[tokio::test]
async fn issuers_are_found_by_discovery_and_kept_apart() {
    let (ours, theirs) = (Signer::new("RS256", "k"), Signer::new("ES256", "k"));
    let (a, b) = (Issuer::start().await, Issuer::start().await);
    a.publish(json!([ours.jwk(false)]));
    b.publish(json!([theirs.jwk(false)]));
    let mut both = settings(&a.url());
    both["issuers"] = json!([
        {"issuer": a.url(), "audience": "gateway"},
        {"issuer": b.url(), "audience": ["other", "gateway"], "user_id_jwt_field": "oid"},
    ]);
    let verifier = a.verifier_with(&both, None);
    let mut of_b = anna(&b.url());
    of_b["oid"] = json!("bert");
    let user = |verified: Arc<llm_oidc::Verified>| verified.identity.user_id.clone();
    assert_eq!(user(verifier.verify(&ours.sign(&anna(&a.url()))).await.unwrap()), Some("anna".into()));
    assert_eq!(user(verifier.verify(&theirs.sign(&of_b)).await.unwrap()), Some("bert".into()));
    // One issuer's key does not make tokens of another's.
    assert!(verifier.verify(&theirs.sign(&anna(&a.url()))).await.is_err());
    assert!(verifier.verify(&ours.sign(&of_b)).await.is_err());
    // A discovery document of somebody else's is none.
    b.claim_to_be("https://elsewhere");
    let verifier = a.verifier_with(&both, None);
    assert_eq!(verifier.verify(&theirs.sign(&of_b)).await, Err(TokenError::Unavailable));
}

#[tokio::test]
async fn keys_by_address_alone() {
    let (first, second) = (Signer::new("ES256", "1"), Signer::new("EdDSA", "2"));
    let (a, b) = (Issuer::start().await, Issuer::start().await);
    a.publish(json!([first.jwk(true)]));
    b.publish(json!([second.jwk(true)]));
    let mut without = settings(&a.url());
    without.as_object_mut().unwrap().remove("issuers");
    let urls = format!("{}, {}", a.jwks_url(), b.jwks_url());
    let verifier = a.verifier_with(&without, Some(&urls));
    for (signer, issuer) in [(&first, "https://whoever"), (&second, "https://else")] {
        assert!(verifier.verify(&signer.sign(&anna(issuer))).await.is_ok());
        let mut claims = anna(issuer);
        claims["aud"] = json!("another");
        assert_eq!(verifier.verify(&signer.sign(&claims)).await, Err(TokenError::Audience));
    }
    // Tokens without the name of a key are tried with all that fit.
    let header = json!({"alg": "EdDSA"});
    assert!(verifier.verify(&second.sign_with(&header, &anna("x"))).await.is_ok());
}

#[tokio::test]
async fn keys_are_fetched_before_they_are_too_old() {
    let signer = Signer::new("ES256", "k1");
    let issuer = Issuer::start().await;
    issuer.publish(json!([signer.jwk(true)]));
    let verifier = issuer.verifier();
    let mut claims = anna(&issuer.url());
    claims["exp"] = json!(1_000_000);
    for round in 1..4 {
        // It goes on for ever; here only until it has asked, and what it asked for is there.
        while issuer.asked() < round {
            let _ended = tokio::time::timeout(Duration::from_millis(100), verifier.keep_fresh()).await;
        }
        assert!(verifier.verify(&signer.sign(&claims)).await.is_ok());
        assert_eq!(issuer.asked(), round, "no token has to wait for keys");
        issuer.pass(480_000 / 3);
        let quiet = tokio::time::timeout(Duration::from_millis(20), verifier.keep_fresh()).await;
        assert!(quiet.is_err());
        assert_eq!(issuer.asked(), round, "not before it is time");
        issuer.pass(480_000 / 3 * 2);
    }
}

/// Handlers and background work are moved between threads.
#[test]
fn futures_are_sent() {
    fn sent<T: Send>(_: T) {}
    let verifier: Option<Verifier> = None;
    if let Some(verifier) = &verifier {
        sent(verifier.verify(""));
        sent(verifier.keep_fresh());
    }
}

#[test]
fn settings_without_an_issuer_trust_nobody() {
    let service = issuer::service();
    let none = Verifier::new(VerifierOptions::default(), &service, &now(&Arc::default()));
    assert_eq!(none.unwrap_err().place, "issuers");
}
