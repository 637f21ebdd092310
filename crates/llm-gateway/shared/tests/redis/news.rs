//! What one replica tells, the others hear.

use llm_gateway_shared::{Address, Asks, News, Pin};
use llm_router::SharedState;
use llm_types::UnixMs;

use crate::replica;
use crate::server::Server;

fn told(count: usize) -> Asks {
    let state = SharedState { requests: 7, ..SharedState::default() };
    let deployments = (0..count).map(|number| (format!("d{number}"), state)).collect();
    Asks { news: Some(News { deployments, ..News::default() }), ..Asks::default() }
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn every_replica_hears_every_other_once() {
    let server = Server::start();
    let address = Address::single(server.url());
    let (mut a, mut b) = (replica(address.clone(), "a").await, replica(address.clone(), "b").await);
    assert!(a.round(&told(1)).await.unwrap().news.is_empty(), "it heard itself");
    let heard = b.round(&told(450)).await.unwrap().news;
    assert_eq!(heard.len(), 1);
    assert_eq!((heard[0].0.as_str(), heard[0].1.deployments["d0"].requests), ("a", 7));
    assert!(b.round(&Asks::default()).await.unwrap().news.is_empty(), "it heard it twice");
    // In pieces that are bounded.
    let pieces: Vec<usize> =
        a.round(&Asks::default()).await.unwrap().news.iter().map(|(_, news)| news.len()).collect();
    assert_eq!(pieces, [200, 200, 50]);

    // Whoever comes later hears what was told lately.
    let mut late = replica(address, "late").await;
    let from: Vec<String> =
        late.round(&Asks::default()).await.unwrap().news.into_iter().map(|(from, _)| from).collect();
    assert_eq!(from, ["a", "b", "b", "b"]);
    let kept: i64 = server.ask("PTTL {test}:news").trim_start_matches(':').parse().unwrap();
    assert!((1..=60_000).contains(&kept), "{kept}");
}

fn pins(range: std::ops::Range<usize>, deployment: &str, until: i64) -> Vec<(String, Pin)> {
    let pin = Pin { deployment: deployment.to_owned(), until: UnixMs(until) };
    range.map(|number| (format!("{number:016x}"), pin.clone())).collect()
}

/// All that a replica reads that has just come, and in how many rounds.
async fn read(address: &Address, now: i64) -> (std::collections::HashMap<String, Pin>, usize) {
    let mut late = replica(address.clone(), "late").await;
    let (mut known, mut rounds) = (std::collections::HashMap::<String, Pin>::new(), 0);
    loop {
        let asks = Asks { now: UnixMs(now), ..Asks::default() };
        let part = late.round(&asks).await.unwrap().pins;
        if part.is_empty() {
            return (known, rounds);
        }
        rounds += 1;
        for (key, pin) in part {
            let kept = known.entry(key).or_insert_with(|| pin.clone());
            if kept.until < pin.until {
                *kept = pin;
            }
        }
    }
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn who_was_served_where_is_kept_for_those_that_come_later() {
    let server = Server::start();
    let address = Address::single(server.url());
    let mut a = replica(address.clone(), "a").await;
    let news = |pins| Some(News { pins, ..News::default() });
    let first = pins(0..4_500, "x", 1_000).into_iter().collect();
    a.round(&Asks { news: news(first), now: UnixMs(10), ..Asks::default() }).await.unwrap();
    let later = pins(0..1, "y", 2_000).into_iter().collect();
    a.round(&Asks { news: news(later), now: UnixMs(10), ..Asks::default() }).await.unwrap();
    let (known, rounds) = read(&address, 20).await;
    assert_eq!((known.len(), rounds), (4_500, 3));
    assert_eq!(
        (
            known[&format!("{:016x}", 0)].deployment.as_str(),
            known[&format!("{:016x}", 1)].deployment.as_str()
        ),
        ("y", "x")
    );
    assert_eq!(read(&address, 1_500).await.0.len(), 1, "what is over is not told");

    // Lost, and told again without being news.
    assert_eq!(server.ask("FLUSHALL"), "+OK");
    a.round(&Asks { pins: pins(0..7, "z", 1_000), now: UnixMs(10), ..Asks::default() }).await.unwrap();
    let (known, rounds) = read(&address, 20).await;
    assert_eq!((known.len(), rounds), (7, 1));
    a.round(&Asks { pins: pins(7..8, "z", 3_000), now: UnixMs(2_000), ..Asks::default() }).await.unwrap();
    assert_eq!(server.ask("ZCARD {test}:pins"), ":1", "what is over goes");
    let kept: i64 = server.ask("PTTL {test}:pins").trim_start_matches(':').parse().unwrap();
    assert!((1..=86_400_000).contains(&kept), "{kept}");
}
