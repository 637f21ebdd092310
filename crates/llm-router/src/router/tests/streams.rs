//! Streams: what fails before they say something, what breaks off, what is dropped.

use super::*;

async fn collect(mut stream: RouterStream) -> (String, bool) {
    let mut text = String::new();
    while let Some(chunk) = stream.next().await {
        let Ok(chunk) = chunk else { return (text, false) };
        for choice in chunk.choices() {
            let delta = choice.delta.get();
            text.push_str(delta.and_then(|delta| delta.content.get()).map_or("", String::as_str));
        }
    }
    (text, true)
}

/// A router whose first deployment plays this, and whose second one is well.
fn first_plays(script: Value) -> Router {
    let first = with(playing("m", "a", script), json!({"order": 1}));
    router(json!({"model_list": [first, saying("m", "b", "one two three")]}))
}

#[tokio::test(start_paused = true)]
async fn a_stream_comes_whole() {
    let router = first_plays(json!({"text": "four five six"}));
    let stream = router.stream(ask("m")).await.unwrap();
    assert_eq!(stream.deployment().as_str(), "a");
    assert_eq!(collect(stream).await, ("four five six".to_owned(), true));
}

#[tokio::test(start_paused = true)]
async fn what_fails_before_the_first_word_is_tried_elsewhere() {
    for script in [
        json!({"error": {"status": 503}}),
        json!({"text": "never seen", "error_in_stream_after_chunks": 0}),
        json!({"text": "never seen", "cut_after_chunks": 0}),
    ] {
        let stream = first_plays(script.clone()).stream(ask("m")).await.unwrap();
        assert_eq!(asked(stream.session()), ["a", "b"], "{script}");
        assert_eq!(collect(stream).await, ("one two three".to_owned(), true), "{script}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_first_word_that_does_not_come_in_time_is_not_waited_for() {
    let first =
        with(playing("m", "a", json!({"first_chunk_ms": 60_000})), json!({"order": 1, "ttft_timeout": 3}));
    let router = router(json!({"model_list": [first, saying("m", "b", "one two three")]}));
    let start = tokio::time::Instant::now();
    let stream = router.stream(ask("m")).await.unwrap();
    assert_eq!((stream.deployment().as_str(), start.elapsed().as_secs()), ("b", 3));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_breaks_off_says_so_and_counts_against_the_deployment() {
    let router = first_plays(json!({"text": "one two three four", "cut_after_chunks": 2}));
    for _ in 0..5 {
        let stream = router.stream(ask("m")).await.unwrap();
        assert_eq!(stream.deployment().as_str(), "a");
        let (text, whole) = collect(stream).await;
        assert!(!whole && text.starts_with("one"), "{text}");
    }
    assert_eq!(router.stream(ask("m")).await.unwrap().deployment().as_str(), "b");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_dropped_says_nothing_about_the_deployment() {
    let router = first_plays(json!({"text": "one two three four"}));
    for _ in 0..20 {
        let mut stream = router.stream(ask("m")).await.unwrap();
        assert!(stream.next().await.unwrap().is_ok());
    }
    let health = router.shared.groups.find("m").unwrap().deployments[0].candidate(router.now()).vitals;
    assert_eq!((health.health.failures_in_a_row, health.load.in_flight), (0, 0));
    assert_eq!(router.stream(ask("m")).await.unwrap().deployment().as_str(), "a");
}
