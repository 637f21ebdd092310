//! Many requests at once for one new key whose budget has room for all of them: all are served, whoever hands out shares
//! and however new that is.

use std::collections::BTreeMap;

use llm_lab::DatabaseKind;
use llm_lab::burst::{Options, Report, run};

use crate::process::binary;

const REQUESTS: usize = 200;
/// Room for a quarter more: what one gateway holds ahead of need is not there for the other at once.
const AMPLE: usize = REQUESTS * 5 / 4;

async fn burst(database: DatabaseKind, after_a_loss: bool, room: usize) -> Report {
    let binary = binary();
    let options = Options { binary, requests: REQUESTS, processes: 2, database, after_a_loss, room };
    let report = run(&options).await.unwrap();
    eprintln!("{report}");
    assert!(report.is_within(), "{report}");
    report
}

fn all_well() -> BTreeMap<u16, usize> {
    BTreeMap::from([(200, REQUESTS)])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a database server and redis-server"]
async fn with_a_new_redis() {
    let report = burst(DatabaseKind::PostgresRedis, false, AMPLE).await;
    assert_eq!(report.statuses, all_well(), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a database server and redis-server"]
async fn with_a_redis_that_has_lost_everything() {
    let report = burst(DatabaseKind::PostgresRedis, true, AMPLE).await;
    assert_eq!(report.statuses, all_well(), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a database server"]
async fn with_a_database_alone() {
    let report = burst(DatabaseKind::Postgres, false, AMPLE).await;
    assert_eq!(report.statuses, all_well(), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a database server and redis-server"]
async fn what_has_no_room_is_called_spent() {
    let report = burst(DatabaseKind::PostgresRedis, false, REQUESTS / 4).await;
    let of = |status: u16| report.statuses.get(&status).copied().unwrap_or_default();
    assert_eq!(of(200) + of(429), REQUESTS, "{report}");
    assert!(of(200) >= REQUESTS / 8 && of(429) > 0, "{report}");
}
