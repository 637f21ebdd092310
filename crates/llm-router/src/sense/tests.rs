use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use serde_json::json;

use super::*;

/// Makes vectors of what texts begin with, after a while, and counts how often.
#[derive(Default)]
struct Embedder {
    asked: AtomicUsize,
    delay_ms: u64,
    fails: bool,
}

impl Embed for Embedder {
    async fn embed(&self, model: &str, texts: Vec<String>) -> Result<Vec<Vec<f32>>, String> {
        assert_eq!(model, "e");
        self.asked.fetch_add(1, Relaxed);
        tokio::time::sleep(Duration::from_millis(self.delay_ms)).await;
        if self.fails {
            return Err("it is away".to_owned());
        }
        Ok(texts.iter().map(|text| vec![f32::from(text.as_bytes()[0]), 100.0]).collect())
    }
}

fn sense() -> Arc<Sense> {
    let settings = json!({"embedding_model": "e", "routes": [
        {"model": "m", "utterances": ["aaa"], "score_threshold": 0.999},
    ]});
    Sense::new(serde_json::from_value(settings).unwrap())
}

#[tokio::test(start_paused = true)]
async fn examples_are_learned_once_and_prompts_remembered() {
    let (sense, by) = (sense(), Embedder::default());
    assert_eq!(sense.judge(&by, "a").await, Err(Senseless::Unlearned));
    let (one, two) = futures_util::join!(sense.learn(&by), sense.learn(&by));
    assert_eq!((one, two, by.asked.load(Relaxed)), (Ok(()), Ok(()), 1));
    for _ in 0..3 {
        assert_eq!(sense.judge(&by, "abc").await.unwrap().model.as_deref(), Some("m"));
        assert_eq!(sense.judge(&by, "zbc").await.unwrap().model, None);
    }
    assert_eq!(by.asked.load(Relaxed), 3);
    for number in 0..Sense::REMEMBERED {
        sense.judge(&by, &format!("b{number}")).await.unwrap();
    }
    let before = by.asked.load(Relaxed);
    sense.judge(&by, "abc").await.unwrap();
    assert_eq!(by.asked.load(Relaxed), before + 1, "the oldest is forgotten");
}

#[tokio::test(start_paused = true)]
async fn failures_are_told_and_not_kept() {
    let sense = sense();
    let broken = Embedder { fails: true, ..Embedder::default() };
    assert_eq!(sense.learn(&broken).await, Err(Senseless::Failed("it is away".to_owned())));
    assert!(!sense.has_learned());
    sense.learn(&Embedder::default()).await.unwrap();
    assert_eq!(sense.judge(&broken, "a").await, Err(Senseless::Failed("it is away".to_owned())));
    assert!(sense.judge(&Embedder::default(), "a").await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_request_waits_only_so_long() {
    let sense = sense();
    sense.learn(&Embedder::default()).await.unwrap();
    let slow = Embedder { delay_ms: 60_000, ..Embedder::default() };
    let start = tokio::time::Instant::now();
    assert_eq!(sense.judge(&slow, "a").await, Err(Senseless::Late { after_ms: 2_000 }));
    assert_eq!(start.elapsed(), Sense::PATIENCE);
}
