//! Rounds with a real Redis, which each test starts for itself.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "helpers of tests, and what they measure"
)]

mod kinds;
mod limits;
mod news;
mod outages;
mod quota;
mod server;
mod splits;

use std::time::Duration;

use llm_gateway_shared::{Address, Asks, LeaseAsk, Options, PlaceAsk, Store};
use llm_router::Rate;

const MINUTE: i64 = 29_395_000;

/// A replica that is connected.
async fn replica(address: Address, name: &str) -> Store {
    let mut store = Store::new(options(address, name)).unwrap();
    store.connect().await.unwrap();
    store
}

fn options(address: Address, name: &str) -> Options {
    Options {
        address,
        namespace: "test".to_owned(),
        replica: name.to_owned(),
        timeout: Duration::from_millis(500),
    }
}

/// Asks for a piece of a limit of 100.
fn lease(granted: u64, unused: u64, needed: u64) -> Asks {
    let deployment = "a deployment: {with} any name".to_owned();
    let rate = Rate::Requests;
    let ask = LeaseAsk { deployment, rate, minute: MINUTE, limit: 100, granted, unused, needed, firm: false };
    Asks { leases: vec![ask], replicas: 2, ..Asks::default() }
}

/// Asks for some of ten places.
fn places(held: u64, wanted: u64) -> Asks {
    let ask = PlaceAsk { deployment: "d".to_owned(), limit: 10, held, wanted };
    Asks { places: vec![ask], replicas: 2, ..Asks::default() }
}
