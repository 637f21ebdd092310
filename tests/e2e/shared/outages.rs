//! Redis stopped, started again and paused under load: no request fails or waits for it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::agreement::readiness;
use super::{Two, deployment};
use crate::client::{CHAT, ask, connect, eventually, send};
use crate::faults::upstreams::scripted;
use crate::process::Gateway;

const PHASE: Duration = Duration::from_millis(1_500);
const CLIENTS: usize = 4;

/// How long each request took, and when it began.
type Times = Vec<(Instant, Duration)>;

/// One client, on one connection, until it is told to end. Every request has to be answered.
async fn client(address: SocketAddr, is_over: Arc<AtomicBool>) -> Times {
    let mut socket = connect(address).await;
    let mut times = Vec::new();
    while !is_over.load(Relaxed) {
        let began = Instant::now();
        let mut answer = send(socket, "POST", CHAT, &[], &ask("main")).await;
        let body = answer.body().await;
        assert_eq!(answer.status, 200, "{body}");
        times.push((began, began.elapsed()));
        socket = answer.socket();
        sleep(Duration::from_millis(4)).await;
    }
    times
}

fn p99(times: &Times, from: Instant, until: Instant) -> Duration {
    let mut took: Vec<Duration> =
        times.iter().filter(|(at, _)| (from..until).contains(at)).map(|(_, took)| *took).collect();
    took.sort();
    assert!(took.len() >= 200, "{} requests are too few to tell", took.len());
    took[took.len() * 99 / 100]
}

fn lines(gateway: &Gateway, words: &str) -> usize {
    gateway.log().lines().filter(|line| line.contains(words)).count()
}

async fn status(gateways: &[Gateway; 2], expected: &str) {
    for gateway in gateways {
        eventually(async || readiness(gateway).await["status"] == *expected).await;
    }
}

/// The phase that took longer than it may beside the same run's ends, if any did.
fn slow(measured: &[(&'static str, Duration)]) -> Option<String> {
    // The machine may get busier or less so: the larger of both ends counts.
    let baseline = measured[0].1.max(measured[measured.len() - 1].1);
    let most = baseline.mul_f64(1.5) + Duration::from_millis(5);
    let late = measured.iter().find(|(_, p99)| *p99 > most)?;
    Some(format!("{}: {:?} of at most {most:?}: {measured:?}", late.0, late.1))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn requests_do_not_notice() {
    // What else the machine does may fall into one phase alone: three runs do not all have that bad luck.
    let mut late = Vec::new();
    for _ in 0..3 {
        match slow(&outage().await) {
            None => return,
            Some(why) => late.push(why),
        }
    }
    panic!("{late:#?}");
}

/// Redis goes and comes while requests are sent: how long these took, by phase. None of them may fail.
async fn outage() -> Vec<(&'static str, Duration)> {
    let vendor = scripted(&json!({"usage": {"prompt_tokens": 5, "completion_tokens": 5}})).await;
    // Limits that are shared, and never reached.
    let limits = json!({"rpm": 1_000_000, "tpm": 1_000_000_000, "max_parallel_requests": 100});
    let models = json!([deployment("one", &vendor, &limits), deployment("two", &vendor, &limits)]);
    let checks = json!(["enforce_model_rate_limits"]);
    let mut two = Two::start(&models, &json!({"num_retries": 0, "optional_pre_call_checks": checks}));
    let is_over = Arc::new(AtomicBool::new(false));
    let mut clients = JoinSet::new();
    for gateway in &two.gateways {
        for _ in 0..CLIENTS {
            clients.spawn(client(gateway.address, is_over.clone()));
        }
    }
    sleep(PHASE / 2).await;
    status(&two.gateways, "connected").await;

    let mut phases = vec![("before", Instant::now())];
    sleep(PHASE).await;
    phases.push(("stopped", Instant::now()));
    two.redis.stop();
    sleep(PHASE).await;
    status(&two.gateways, "away").await;
    phases.push(("started again", Instant::now()));
    two.redis.restart();
    status(&two.gateways, "connected").await;
    sleep(PHASE).await;
    phases.push(("paused", Instant::now()));
    two.redis.signal("STOP");
    sleep(PHASE).await;
    status(&two.gateways, "away").await;
    phases.push(("continued", Instant::now()));
    two.redis.signal("CONT");
    status(&two.gateways, "connected").await;
    sleep(PHASE).await;
    phases.push(("after", Instant::now()));
    sleep(PHASE).await;
    phases.push(("end", Instant::now()));

    is_over.store(true, Relaxed);
    let times: Times = clients.join_all().await.into_iter().flatten().collect();
    let measured: Vec<(&'static str, Duration)> =
        phases.windows(2).map(|pair| (pair[0].0, p99(&times, pair[0].1, pair[1].1))).collect();
    eprintln!("{} requests, p99 {measured:?}", times.len());
    for gateway in &two.gateways {
        let told = ("Redis does not answer", "Redis answers again");
        assert_eq!((lines(gateway, told.0), lines(gateway, told.1)), (2, 2), "{}", gateway.log());
    }
    measured
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn gateways_start_without_it_and_keep_to_their_part_of_limits() {
    let vendor = scripted(&json!({})).await;
    let models = json!([deployment("limited", &vendor, &json!({"rpm": 40}))]);
    let checks = json!(["enforce_model_rate_limits"]);
    let mut two = Two::start(&models, &json!({"num_retries": 0, "optional_pre_call_checks": checks}));
    for gateway in &two.gateways {
        eventually(async || readiness(gateway).await["replicas"] == 2).await;
    }
    // The first one lets go what is the other's part, and that one gets it.
    sleep(Duration::from_secs(3)).await;
    super::agreement::within_a_minute(Duration::from_secs(6)).await;
    two.redis.stop();
    status(&two.gateways, "away").await;
    let mut answers = [0; 2];
    for (gateway, well) in two.gateways.iter().zip(&mut answers) {
        for _ in 0..60 {
            let (status, _) = crate::client::call(gateway.address, "POST", CHAT, &ask("main")).await;
            *well += usize::from(status == 200);
        }
    }
    assert_eq!(answers, [20, 20], "each has its half");

    // One that starts now finds nobody.
    let config = std::fs::read_to_string(two.gateways[0].file("config.yaml")).unwrap();
    let began = Instant::now();
    let third = Gateway::start(&serde_json::from_str::<Value>(&config).unwrap());
    assert!(began.elapsed() < Duration::from_secs(4), "it waited for Redis");
    let (status, _) = crate::client::call(third.address, "POST", CHAT, &ask("main")).await;
    assert_eq!(status, 200);
    third.logged(&["Redis does not answer"]);
    assert_eq!(lines(&third, "Redis does not answer"), 1);
}
