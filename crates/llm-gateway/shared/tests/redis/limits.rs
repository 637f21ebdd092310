//! Pieces of limits and places: never more than there are, and all of them are of use.

use std::time::{Duration, Instant};

use deadpool_redis::redis::{Client, Script};
use llm_gateway_shared::{Address, Store};

use crate::server::Server;
use crate::{lease, places, replica};

async fn two(server: &Server) -> (Store, Store) {
    let address = Address::single(server.url());
    (replica(address.clone(), "a").await, replica(address, "b").await)
}

/// What was here is not lost, but has never been: nobody holds anything.
fn begin(server: &Server) {
    assert_eq!(server.ask("SET {test}:since 1"), "+OK");
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn pieces_get_smaller_and_add_up_to_the_limit() {
    let server = Server::start();
    begin(&server);
    let stores = two(&server).await;
    let (mut stores, mut held) = ([stores.0, stores.1], [0; 2]);
    let mut pieces = Vec::new();
    for round in 0..200 {
        let store = round % 2;
        // Everything is used up at once.
        let answer = stores[store].round(&lease(held[store], 0, 0)).await.unwrap().leases[0];
        held[store] += answer.granted;
        assert_eq!(held.iter().sum::<u64>() + answer.left, 100);
        if answer.granted > 0 {
            pieces.push(answer.granted);
        }
        if answer.left == 0 {
            break;
        }
    }
    assert_eq!(held.iter().sum::<u64>(), 100);
    assert!(pieces.is_sorted_by(|a, b| a >= b), "{pieces:?}");
    assert!((20..30).contains(&pieces[0]) && pieces.last() == Some(&1), "{pieces:?}");
    let kept: i64 = server
        .ask(&format!("PTTL \"{{test}}:requests:{}:a deployment: {{with}} any name\"", crate::MINUTE))
        .trim_start_matches(':')
        .parse()
        .unwrap();
    assert!((1..=150_000).contains(&kept), "{kept}");
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_request_that_waits_gets_what_it_needs_and_what_is_not_used_goes_back() {
    let server = Server::start();
    begin(&server);
    let (mut a, mut b) = two(&server).await;
    assert_eq!(a.round(&lease(0, 0, 80)).await.unwrap().leases[0].granted, 80);
    assert_eq!(b.round(&lease(0, 0, 30)).await.unwrap().leases[0].granted, 20, "what there is");
    // It says that it holds less: the rest is free again.
    let back = a.round(&lease(10, 10, 0)).await.unwrap().leases[0];
    assert_eq!(back.granted + back.left, 70);
    assert_eq!(b.round(&lease(20, 0, 30)).await.unwrap().leases[0].granted, 30);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn after_a_loss_nothing_is_given_away_that_somebody_holds() {
    let server = Server::start();
    begin(&server);
    let (mut a, mut b) = two(&server).await;
    let held = a.round(&lease(0, 0, 70)).await.unwrap().leases[0].granted;
    assert_eq!((held, b.round(&lease(0, 0, 0)).await.unwrap().lost), (70, false));
    assert_eq!(server.ask("FLUSHALL"), "+OK");
    // The other one asks first, and for everything.
    let answers = b.round(&lease(15, 0, 100)).await.unwrap();
    assert_eq!(answers.leases[0].granted, 35, "an even share");
    assert!(answers.lost || b.round(&lease(50, 0, 0)).await.unwrap().lost, "it has to be told");
    let told = a.round(&lease(held, 0, 0)).await.unwrap();
    assert_eq!((told.leases[0].granted, told.leases[0].left), (0, 0), "120 of 100 would be the worst");
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn what_comes_late_is_ignored() {
    let server = Server::start();
    begin(&server);
    let mut link = Client::open(server.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let script = Script::new(include_str!("../../src/lua/leases.lua"));
    let mut call = async |seq: u64, granted: u64| -> Vec<u64> {
        let mut call = script.prepare_invoke();
        call.key("{test}:since").key("{test}:reserves").key("{test}:k");
        call.arg("a").arg(seq).arg(2).arg(0).arg(60_000).arg(60_000);
        call.arg(100)
            .arg(granted)
            .arg(0)
            .arg(0)
            .arg(0)
            .arg(crate::MINUTE)
            .invoke_async(&mut link)
            .await
            .unwrap()
    };
    let (second, first) = (call(2, 40).await, call(1, 0).await);
    assert!(second[1] > 0);
    assert_eq!(first[1], 0, "it was under way for longer than its successor");
    let third = call(3, 40 + second[1]).await;
    assert_eq!(third[1] + third[2] + 40 + second[1], 100);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn places_are_never_held_twice_and_are_divided_evenly() {
    let server = Server::start();
    begin(&server);
    let (mut a, mut b) = two(&server).await;
    assert_eq!(a.round(&places(0, 3)).await.unwrap().places, [3]);
    assert_eq!(a.round(&places(3, 50)).await.unwrap().places, [10], "nobody else wants any");
    assert_eq!(b.round(&places(0, 4)).await.unwrap().places, [0], "they are taken");
    // Now the first one hears that another needs some, and gives them up as its requests end.
    assert_eq!(a.round(&places(10, 50)).await.unwrap().places, [6]);
    assert_eq!(b.round(&places(0, 4)).await.unwrap().places, [0], "they are still in use");
    assert_eq!(a.round(&places(8, 50)).await.unwrap().places, [6]);
    assert_eq!(b.round(&places(0, 4)).await.unwrap().places, [2]);
    assert_eq!(a.round(&places(6, 50)).await.unwrap().places, [6]);
    assert_eq!(b.round(&places(2, 40)).await.unwrap().places, [4]);
    assert_eq!(a.round(&places(6, 50)).await.unwrap().places, [5], "both want more: halves");
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_lone_place_goes_round_and_the_places_of_the_dead_are_free() {
    let server = Server::start();
    begin(&server);
    let mut link = Client::open(server.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let script = Script::new(include_str!("../../src/lua/places.lua"));
    let mut seq = 0;
    let mut call = async |replica: &str, held: u64| -> u64 {
        seq += 1;
        let mut call = script.prepare_invoke();
        call.key("{test}:since").key("{test}:p").arg(replica).arg(seq).arg(2).arg(0).arg(1_500);
        let answer: Vec<u64> = call.arg(1).arg(held).arg(1).invoke_async(&mut link).await.unwrap();
        answer[1]
    };
    // Each uses the place for a moment as soon as it may.
    let (mut turns, began) = ([0; 2], Instant::now());
    while began.elapsed() < Duration::from_millis(2_500) {
        for (place, name) in ["a", "b"].into_iter().enumerate() {
            if call(name, 0).await == 1 {
                turns[place] += 1;
                assert_eq!(call(["b", "a"][place], 0).await, 0, "it was held twice");
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(turns.iter().all(|turns| *turns > 0), "{turns:?}");
    // One takes it and says nothing more.
    while call("a", 0).await == 0 {}
    assert_eq!(call("b", 0).await, 0);
    tokio::time::sleep(Duration::from_millis(1_600)).await;
    assert_eq!(call("b", 0).await, 1);
}
