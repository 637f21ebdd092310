//! The race for budgets in its short form.

use llm_lab::DatabaseKind;
use llm_lab::race::{Options, run};

use crate::process::binary;

async fn budgets_hold(database: DatabaseKind, processes: usize) {
    let binary = binary();
    let report = run(&Options { binary, requests: 1_000, processes, database, seed: 1 }).await.unwrap();
    eprintln!("{report}");
    assert!(report.is_right(), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs sqlite3, and a minute"]
async fn on_a_file() {
    budgets_hold(DatabaseKind::Sqlite, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a database server, and a minute"]
async fn three_on_a_server() {
    budgets_hold(DatabaseKind::Postgres, 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a database server and redis-server, and a minute"]
async fn three_on_a_server_with_redis() {
    budgets_hold(DatabaseKind::PostgresRedis, 3).await;
}
