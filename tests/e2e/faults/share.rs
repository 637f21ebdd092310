//! A vendor that fails one request in ten: how many clients notice, and how late the others are.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::asked::{Ask, Dialect, Told, named};
use super::upstreams::{scripted, well};
use crate::process::Gateway;

const REQUESTS: usize = 1_000;

fn flaky(seed: u64) -> Value {
    json!({"fail_share": 0.1, "seed": seed})
}

/// So many requests, as many at a time as `at_a_time`.
async fn ask_often(gateway: &Gateway, at_a_time: usize) -> Vec<Told> {
    let room = Arc::new(Semaphore::new(at_a_time));
    let mut asking = JoinSet::new();
    for _ in 0..REQUESTS {
        let (room, address) = (room.clone(), gateway.address);
        asking.spawn(async move {
            let _place = room.acquire().await.unwrap();
            Ask::chat("main").of(address).await
        });
    }
    asking.join_all().await
}

fn start(bases: &[String]) -> Gateway {
    let at = |(place, base): (usize, &String)| {
        named(Dialect::OpenAi.deployment("main", "main", base, &json!({})), &format!("main-{place}"))
    };
    let models: Vec<Value> = bases.iter().enumerate().map(at).collect();
    Gateway::start(&json!({"model_list": models}))
}

fn failures(answers: &[Told]) -> usize {
    answers.iter().filter(|told| told.status != 200).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_most_one_client_in_five_hundred_notices() {
    let vendor = scripted(&flaky(4)).await;
    let gateway = start(&[vendor.url()]);
    let answers = ask_often(&gateway, 100).await;
    assert!(failures(&answers) <= REQUESTS / 500, "{} failed", failures(&answers));
    let asked = vendor.records().len();
    assert!(
        (REQUESTS + 60..REQUESTS + 180).contains(&asked),
        "{asked}: the vendor did not fail as it should"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_second_deployment_nobody_waits_for_it() {
    let healthy = [scripted(&flaky(1)).await, well().await];
    let both_flaky = [scripted(&flaky(2)).await, scripted(&flaky(3)).await];
    for vendors in [healthy, both_flaky] {
        let gateway = start(&vendors.each_ref().map(llm_mock_server::Handle::url));
        let answers = ask_often(&gateway, 8).await;
        assert!(failures(&answers) <= REQUESTS / 500, "{} failed", failures(&answers));
        let mut took: Vec<Duration> = answers.iter().map(|told| told.took).collect();
        took.sort();
        let p99 = took[REQUESTS * 99 / 100];
        assert!(p99 < Duration::from_millis(300), "{p99:?}");
        let asked: Vec<usize> = vendors.iter().map(|vendor| vendor.records().len()).collect();
        assert!(asked.iter().all(|asked| (400..750).contains(asked)), "{asked:?}");
    }
}
