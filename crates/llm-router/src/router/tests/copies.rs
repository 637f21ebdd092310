//! Copies of requests for others.

use std::sync::{Arc, Mutex};

use super::*;

type Heard = Arc<Mutex<Vec<Copied>>>;

/// A router, and what it tells of copies.
fn mirroring(config: Value) -> (Router, Heard) {
    let config: RouterConfig = serde_json::from_value(config).unwrap();
    let heard = Heard::default();
    let hears = heard.clone();
    let router = Router::builder(config).seed(7).on_copy(move |copied| hears.lock().unwrap().push(copied));
    (router.build().unwrap(), heard)
}

/// Lets copies come to their end.
async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(std::time::Duration::from_secs(1_000)).await;
}

#[tokio::test(start_paused = true)]
async fn a_request_is_copied_once_and_the_caller_notices_nothing() {
    let main = with(saying("main", "a", "yes"), json!({"silent_model": "candidate"}));
    let (router, heard) = mirroring(json!({"model_list": [
        main, playing("candidate", "b", json!({"text": "no", "first_chunk_ms": 60_000, "delay_ms": 60_000}))]}));
    assert!(router.warnings().is_empty(), "{:?}", router.warnings());
    let start = tokio::time::Instant::now();
    let routed = router.chat(ask("main")).await.unwrap();
    assert_eq!((text(&routed).as_str(), asked(&routed.session)), ("yes", vec!["a"]));
    let mut stream = router.stream(ask("main")).await.unwrap();
    while let Some(chunk) = stream.next().await {
        chunk.unwrap();
    }
    assert!(start.elapsed().as_secs() < 1, "a copy is not waited for");
    settle().await;
    let heard = heard.lock().unwrap();
    assert_eq!(heard.len(), 2);
    for copied in heard.iter() {
        assert_eq!((copied.of.as_str(), copied.to.as_str()), ("a", "candidate"));
        assert_eq!(asked(&copied.session), ["b"]);
        assert!(copied.error.is_none() && copied.usage.is_some(), "{copied:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_copy_is_sent_once_and_is_never_copied_itself() {
    let main = with(saying("main", "a", "yes"), json!({"silent_model": "candidate"}));
    let candidate = with(failing("candidate", "b"), json!({"silent_model": "main"}));
    let (router, heard) = mirroring(json!({
        "model_list": [main, candidate, failing("candidate", "c")],
        "router_settings": {"fallbacks": [{"candidate": ["main"]}], "num_retries": 3},
    }));
    router.chat(ask("main")).await.unwrap();
    settle().await;
    let heard = heard.lock().unwrap();
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0].session.attempts().len(), 1);
    assert!(heard[0].error.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_groups_share_is_copied_also_to_one_deployment() {
    let (router, heard) = mirroring(json!({
        "model_list": [saying("main", "a", "yes"), saying("candidate", "b", "no"), saying("candidate", "c", "no")],
        "router_settings": {"mirrors": {"main": {"to": "c", "share": 0.3}}},
    }));
    assert!(router.warnings().is_empty(), "{:?}", router.warnings());
    for _ in 0..200 {
        router.chat(ask("main")).await.unwrap();
        settle().await;
    }
    let heard = heard.lock().unwrap();
    assert!((40..=80).contains(&heard.len()), "{}", heard.len());
    assert!(heard.iter().all(|copied| asked(&copied.session) == ["c"]));
}

#[tokio::test(start_paused = true)]
async fn copies_without_room_are_dropped_and_counted() {
    let main = with(saying("main", "a", "yes"), json!({"silent_model": "candidate"}));
    let slow = playing("candidate", "b", json!({"text": "no", "delay_ms": 60_000, "first_chunk_ms": 60_000}));
    let (router, heard) = mirroring(json!({"model_list": [main, slow]}));
    for _ in 0..300 {
        router.chat(ask("main")).await.unwrap();
    }
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
    let room = (crate::router::copies::MAX_PARALLEL + crate::router::copies::MAX_WAITING) as u64;
    assert_eq!(router.dropped_copies(), 300 - room);
    for _ in 0..20 {
        settle().await;
    }
    assert_eq!(heard.lock().unwrap().len() as u64, room);
}
