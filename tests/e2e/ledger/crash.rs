//! The crash test in its short form.

use llm_lab::DatabaseKind;
use llm_lab::crash::{Options, run};

use crate::process::binary;

async fn twenty_deaths(database: DatabaseKind) {
    let binary = binary();
    let outcome = run(&Options { binary, rounds: 20, database, seed: 1 }).await.unwrap();
    eprintln!("{outcome}");
    assert!(outcome.is_right(), "{outcome}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs sqlite3 and prlimit, and a minute"]
async fn on_a_file() {
    twenty_deaths(DatabaseKind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a database server and prlimit, and a minute"]
async fn on_a_server_that_goes_away_as_well() {
    twenty_deaths(DatabaseKind::Postgres).await;
}
