//! Redis away, and a gateway killed: what two of them that share limits make of it.

use llm_lab::{DatabaseKind, lease, outage};

use crate::process::binary;

async fn nobody_notices(allows: bool) {
    // What else the machine does may fall into one phase alone: three runs do not all have that bad luck.
    let mut wrong = Vec::new();
    for _ in 0..3 {
        let report = outage::run(&binary(), allows).await.unwrap();
        eprintln!("{report}");
        if report.is_right() {
            return;
        }
        wrong.push(report.to_string());
    }
    panic!("{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a database server and redis-server"]
async fn redis_away_lets_everybody_in() {
    nobody_notices(true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a database server and redis-server"]
async fn redis_away_leaves_what_is_held() {
    nobody_notices(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a database server"]
async fn what_a_killed_gateway_held_comes_back() {
    let report = lease::run(&binary(), DatabaseKind::Postgres).await.unwrap();
    assert!(report.is_right(), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a database server and redis-server"]
async fn what_a_killed_gateway_held_comes_back_with_redis() {
    let report = lease::run(&binary(), DatabaseKind::PostgresRedis).await.unwrap();
    assert!(report.is_right(), "{report}");
}
