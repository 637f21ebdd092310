//! Single flight, renewal at 80 %, and failures, against a scripted issuer and a clock set by hand.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use futures_util::future::join_all;
use llm_provider_core::Secret;

use super::*;

/// Issues `token-1`, `token-2`, ..., each valid for 1,000 ms from its issue.
#[derive(Default)]
struct Shop {
    now: AtomicI64,
    issued: AtomicU64,
    closed: AtomicBool,
    /// Permits: each issue waits for one.
    gate: Option<tokio::sync::Semaphore>,
}

struct At(Arc<Shop>);

impl CredentialIssuer for At {
    fn issue(&self) -> BoxFuture<'_, Result<IssuedCredential, CredentialError>> {
        Box::pin(async move {
            let number = self.0.issued.fetch_add(1, Ordering::SeqCst) + 1;
            if let Some(gate) = &self.0.gate {
                gate.acquire().await.unwrap().forget();
            }
            if self.0.closed.load(Ordering::SeqCst) {
                return Err(CredentialError::new("closed"));
            }
            let expires_at = Some(UnixMs(self.0.now.load(Ordering::SeqCst) + 1000));
            Ok(IssuedCredential {
                credential: Credential::Token(Secret::new(format!("token-{number}"))),
                expires_at,
            })
        })
    }
}

fn cached(shop: Shop) -> (CachedCredential<At>, Arc<Shop>) {
    let shop = Arc::new(shop);
    let clock = Arc::clone(&shop);
    (CachedCredential::new(At(Arc::clone(&shop)), move || UnixMs(clock.now.load(Ordering::SeqCst))), shop)
}

async fn token(source: &impl CredentialSource) -> Result<String, String> {
    source
        .credential()
        .await
        .map(|credential| credential.secret().unwrap().expose().to_owned())
        .map_err(|error| error.to_string())
}

#[tokio::test]
async fn renewed_at_four_fifths_and_not_before() {
    let (cached, shop) = cached(Shop::default());
    for (now, expected) in
        [(0, "token-1"), (799, "token-1"), (800, "token-2"), (1599, "token-2"), (9000, "token-3")]
    {
        shop.now.store(now, Ordering::SeqCst);
        assert_eq!(token(&cached).await.unwrap(), expected, "at {now}");
    }
}

#[tokio::test]
async fn what_was_refused_is_forgotten_once() {
    let (cached, shop) = cached(Shop::default());
    let first = cached.credential().await.unwrap();
    assert!(cached.refused(&first));
    assert!(cached.refused(&first), "whoever else had it gets the next one too");
    let second = cached.credential().await.unwrap();
    assert_eq!(second.secret().unwrap().expose(), "token-2");
    assert!(cached.refused(&first), "it is not the one that is kept");
    assert!(!cached.refused(&second), "a fresh one that is refused as well is kept");
    assert_eq!(token(&cached).await.unwrap(), "token-2");
    shop.now.store(10_000, Ordering::SeqCst);
    let third = cached.credential().await.unwrap();
    assert!(cached.refused(&third));
    assert_eq!(token(&cached).await.unwrap(), "token-4");
    assert!(!StaticCredential::new(Secret::new("sk-1").into()).refused(&third));
}

#[tokio::test]
async fn many_callers_share_one_flight() {
    let (cached, shop) = cached(Shop { gate: Some(tokio::sync::Semaphore::new(0)), ..Shop::default() });
    let all = join_all((0..50).map(|_| token(&cached)));
    let open = async { shop.gate.as_ref().unwrap().add_permits(1) };
    let (tokens, ()) = tokio::join!(all, open);
    assert!(tokens.iter().all(|token| token.as_ref().is_ok_and(|token| token == "token-1")));
    assert_eq!(shop.issued.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn many_callers_share_one_failure_and_the_next_asks_again() {
    let (cached, shop) = cached(Shop { gate: Some(tokio::sync::Semaphore::new(0)), ..Shop::default() });
    shop.closed.store(true, Ordering::SeqCst);
    let all = join_all((0..50).map(|_| token(&cached)));
    let open = async { shop.gate.as_ref().unwrap().add_permits(1) };
    let (tokens, ()) = tokio::join!(all, open);
    assert!(tokens.iter().all(|token| token.as_ref().is_err_and(|error| error == "no credential: closed")));
    assert_eq!(shop.issued.load(Ordering::SeqCst), 1);

    shop.closed.store(false, Ordering::SeqCst);
    shop.gate.as_ref().unwrap().add_permits(1);
    assert_eq!(token(&cached).await.unwrap(), "token-2");
}

#[tokio::test]
async fn the_old_one_serves_during_and_after_a_failed_renewal() {
    let (cached, shop) = cached(Shop { gate: Some(tokio::sync::Semaphore::new(1)), ..Shop::default() });
    assert_eq!(token(&cached).await.unwrap(), "token-1");
    shop.now.store(900, Ordering::SeqCst);
    shop.closed.store(true, Ordering::SeqCst);
    // The first renews and waits at the gate; the second goes on at once and only then opens it.
    let second = async {
        let token = token(&cached).await;
        shop.gate.as_ref().unwrap().add_permits(1);
        token
    };
    let (first, second) = tokio::join!(token(&cached), second);
    assert_eq!((first.unwrap().as_str(), second.unwrap().as_str()), ("token-1", "token-1"));
    assert_eq!(shop.issued.load(Ordering::SeqCst), 2);

    shop.now.store(1000, Ordering::SeqCst);
    shop.gate.as_ref().unwrap().add_permits(1);
    assert_eq!(token(&cached).await.unwrap_err(), "no credential: closed", "expired is expired");
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_the_flight_to_the_next() {
    let (cached, shop) = cached(Shop { gate: Some(tokio::sync::Semaphore::new(0)), ..Shop::default() });
    {
        let abandoned = std::pin::pin!(token(&cached));
        assert!(futures_util::poll!(abandoned).is_pending());
    }
    shop.gate.as_ref().unwrap().add_permits(1);
    assert_eq!(token(&cached).await.unwrap(), "token-2");
}

#[tokio::test]
async fn a_static_credential_is_itself_and_hidden() {
    let source = StaticCredential::new(Secret::new("sk-1").into());
    assert_eq!(token(&source).await.unwrap(), "sk-1");
    assert!(!format!("{source:?}").contains("sk-1"));
}
