//! Limits hold for all gateways together, and all of a limit is of use.

use std::time::Duration;

use llm_mock_server::{Handle, Outcome};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::agreement::within_a_minute;
use super::{Two, deployment};
use crate::faults::asked::Ask;
use crate::faults::upstreams::scripted;
use crate::process::Gateway;

/// Asks both gateways with so many clients each, until each client has had so many answers or so much time has passed.
async fn ask_both(gateways: &[Gateway; 2], clients: usize, times: usize) -> Answers {
    const LONG: Duration = Duration::from_millis(5_000);
    let began = Instant::now();
    let mut asking = JoinSet::new();
    for address in gateways.each_ref().map(|gateway| gateway.address) {
        for _ in 0..clients {
            asking.spawn(async move {
                let mut answers = Answers::default();
                while answers.well < times && began.elapsed() < LONG {
                    match Ask::chat("main").of(address).await.status {
                        200 => answers.well += 1,
                        429 => {
                            answers.limited += 1;
                            sleep(Duration::from_millis(20)).await;
                        }
                        other => panic!("{other}"),
                    }
                }
                answers
            });
        }
    }
    asking.join_all().await.into_iter().fold(Answers::default(), |all, one| Answers {
        well: all.well + one.well,
        limited: all.limited + one.limited,
    })
}

#[derive(Debug, Default)]
struct Answers {
    well: usize,
    limited: usize,
}

fn minute() -> u64 {
    std::time::UNIX_EPOCH.elapsed().unwrap().as_secs() / 60
}

async fn limited(vendor: &Handle, limits: &Value) -> Two {
    let models = json!([deployment("limited", vendor, limits)]);
    let router = json!({"num_retries": 0, "optional_pre_call_checks": ["enforce_model_rate_limits"]});
    let two = Two::start(&models, &router);
    within_a_minute(Duration::from_secs(8)).await;
    two
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn requests_per_minute() {
    const LIMIT: usize = 100;
    let vendor = scripted(&json!({})).await;
    let two = limited(&vendor, &json!({"rpm": LIMIT})).await;
    let began = minute();
    let answers = ask_both(&two.gateways, 10, 15).await;
    let minutes = (minute() - began + 1) as usize;
    let asked = vendor.records().len();
    assert_eq!(answers.well, asked, "{answers:?}");
    assert!(asked <= LIMIT * minutes, "{asked} in {minutes} minutes");
    // All is of use, but for what one still holds while the other could use it.
    assert!(asked >= LIMIT * 95 / 100, "{asked}: {answers:?}");
    assert!(answers.limited > 0 || minutes > 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn a_burst_at_one_gateway_may_use_up_the_limit() {
    const LIMIT: usize = 60;
    let vendor = scripted(&json!({})).await;
    let two = limited(&vendor, &json!({"rpm": LIMIT})).await;
    let began = minute();
    let address = two.gateways[0].address;
    let mut well = 0;
    // In the first seconds of a Redis only even parts are handed out, and what a slow moment of it
    // leaves to this gateway's even part is refused: what was asked for is there for the next.
    let until = Instant::now() + Duration::from_secs(15);
    while well < LIMIT * 3 / 4 && Instant::now() < until {
        let mut asking = JoinSet::new();
        for _ in 0..LIMIT {
            asking.spawn(async move { Ask::chat("main").of(address).await.status });
        }
        well += asking.join_all().await.into_iter().filter(|status| *status == 200).count();
        sleep(Duration::from_millis(200)).await;
    }
    let minutes = (minute() - began + 1) as usize;
    // Far more than its even part.
    assert!((LIMIT * 3 / 4..=LIMIT * minutes).contains(&well), "{well} in {minutes} minutes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn tokens_per_minute() {
    const LIMIT: usize = 4_000;
    const EACH: usize = 50;
    let usage = json!({"usage": {"prompt_tokens": 10, "completion_tokens": EACH - 10}, "delay_ms": 20});
    let vendor = scripted(&usage).await;
    let two = limited(&vendor, &json!({"tpm": LIMIT})).await;
    let began = minute();
    let answers = ask_both(&two.gateways, 8, 12).await;
    let minutes = (minute() - began + 1) as usize;
    let tokens = vendor.records().len() * EACH;
    assert!(tokens <= LIMIT * minutes, "{tokens} in {minutes} minutes");
    // What is set aside for answers under way cannot be used by others.
    assert!(tokens >= LIMIT * 80 / 100, "{tokens}: {answers:?}");
    assert!(answers.limited > 0 || minutes > 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn requests_at_a_time() {
    const LIMIT: usize = 4;
    let vendor = scripted(&json!({"delay_ms": 60})).await;
    let two = limited(&vendor, &json!({"max_parallel_requests": LIMIT})).await;
    let watching = async {
        let mut most = 0;
        loop {
            let open = vendor.records().iter().filter(|record| record.outcome == Outcome::Open).count();
            most = most.max(open);
            assert!(open <= LIMIT, "{open} at a time");
            sleep(Duration::from_millis(5)).await;
            if vendor.total() == 96 && open == 0 {
                return most;
            }
        }
    };
    let asking = ask_both(&two.gateways, 12, 4);
    let (most, answers) =
        tokio::time::timeout(Duration::from_secs(20), async { tokio::join!(watching, asking) })
            .await
            .expect("somebody waits for ever");
    assert_eq!((answers.well, most), (96, LIMIT), "{answers:?}");
}
